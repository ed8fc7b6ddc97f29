/*
 * site_entry: a provider of a host in the file, and the keys that are there:
 * what the parts of site_diff share.
 */
#ifndef CLI_SITE_ENTRY_H
#define CLI_SITE_ENTRY_H

#include "cli/site_diff.h"
#include "shared/strmap.h"

/* A provider's entry in the file, compared with what is on the host. */
struct site_entry {
	struct site_diff *diff;
	const json_t *want;
	const json_t *live;	/* the host; NULL: it is new */
	const char *path;
	const char *host_url;	/* by which a new host is known */
	const char *host_name;
	const char *endpoint_key;
	const char *mode;
	char *what;		/* "gateway one / deepseek (subscription)" */
	json_t *rows;		/* of the host: those of the entry */
	struct strmap by_key;	/* to rows, by fingerprint or secret's id */
	struct strmap open;	/* to live.importing, by fingerprint */
	bool *said;		/* the row is in the file */
};

/* Sets, as arrays. */
bool site_set_has(const json_t *array, const json_t *value);
bool site_set_holds(const json_t *array, const json_t *of);
bool site_set_same(const json_t *one, const json_t *other);

/* What people call a key: by the file, else by CRM. */
const char *site_key_name(const json_t *want, const json_t *row);

/* Those of the key, else those of its provider; or NULL. */
const json_t *site_models(const struct site_entry *entry,
			  const json_t *want);

/* A key whose account is there, compared. */
void site_diff_account(const struct site_entry *entry, const json_t *want,
		       const json_t *row, const char *path);

#endif
