/*
 * settings: what crm.conf can say, for all three programs.
 *
 * One table row each: path, default, range, environment variable, help.  The
 * example in conf/ is compared with the table by a test.
 */
#ifndef SHARED_SETTINGS_H
#define SHARED_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/buf.h"
#include "shared/err.h"

struct settings {
	char *database;		/* path, or DSN as the original took it */
	char *runtime_dir;	/* wake.sock, wait-N.lock, schedd.lock */
	char *seal_public;	/* key files: see seal.h */
	char *seal_private;
	char *fingerprint_key;

	int64_t body_max;	/* bytes of a request */
	int64_t items_max;	/* of a run */
	int64_t wait_max_s;	/* ceiling of Prefer: wait */
	int64_t wait_slots;	/* workers that may hold a reply at once */
	int64_t idempotency_hours;

	int64_t bundle_max;	/* bytes of a pack's bundle */
	char *trusted_keys;	/* of who signs packs, between blanks; "": none */
	bool require_signature;
	bool match_urls;
	char *usd_rate_cny;	/* CNY that one USD is; "": not said */

	int64_t connect_timeout_ms;
	int64_t exchange_timeout_ms;	/* of calls to a host's admin API */
	int64_t chat_timeout_ms;	/* of completions */
	int64_t answer_max;		/* bytes of an answer */
	char *proxy;			/* URL, "" for none */
	char *ca_file;			/* beside the system's; "": none */
	bool private_hosts;	/* hosts may have loopback, private addresses */
	bool private_providers;

	int64_t concurrency;		/* exchanges under way, in all */
	int64_t host_concurrency;
	int64_t provider_concurrency;
	int64_t key_concurrency;
	int64_t logins_per_minute;	/* on one host */
	int64_t user_calls_per_minute;	/* on one host, with a user's token */
	int64_t host_per_minute;	/* requests; 0: no limit */
	int64_t provider_per_minute;	/* to one endpoint; 0: no limit */
	int64_t background_tokens_per_day; /* of one endpoint; 0: no limit */

	int64_t poll_ms;		/* what a lost wake-up costs */
	int64_t lease_ms;
	int64_t warm_up_ms;		/* window for a fresh account */
	int64_t flag_wait_ms;		/* for the host's own probe, 0.1.126 */
	int64_t attempts_max;		/* of a step that fails in passing */
	int64_t retry_first_ms;
	int64_t retry_max_ms;
	int64_t proof_hours;		/* until a proof is stale */
	char *probe_from;		/* auto, crm, host */
	char *capabilities;		/* off, basic, full */
	int64_t capability_hours;
	int64_t capability_models;
	int64_t capability_probes;	/* a day, with one key */
	int64_t capability_tokens;	/* a day, with one key */
	int64_t capability_at_once;

	int64_t key_overlap_s;		/* an old key is kept after a rotation */

	int64_t watch_every_s;		/* between proofs of an access; 0: off */
	int64_t watch_recheck_s;	/* after a failure */
	int64_t watch_at_once;		/* checks of the watch under way */
	int64_t watch_quorum;		/* failures of a class until broken */
	int64_t watch_window_min;	/* in which they count */
	int64_t watch_repairs;		/* of one thing that do not last */
	int64_t watch_repairs_hours;	/* in which they count */
	int64_t watch_host_hours;	/* between probes of a host; 0: none */

	int64_t top_up_amount;		/* of our users; 0: never */
	int64_t top_up_per_day;		/* on one host; 0: no limit */
	int64_t top_up_per_month;

	int64_t audit_keep_days;	/* rows of the audit log; 0: for ever */
	bool reconcile_export_keys;	/* where hosts do not list them */
	int64_t reconcile_every_min;	/* of a host; 0: never unasked */
};

/* Read `file`, or the defaults if it is NULL.  Release: settings_done(). */
int settings_read(struct settings *ret, const char *file, struct err *err)
	MUST_CHECK;
void settings_done(struct settings *settings);

/* Write what is in force, in the form of the file. */
void settings_print(const struct settings *settings, struct buf *out);

/*
 * The file that a program reads: `option` if given, else $CRM_CONF, else
 * /etc/crm/crm.conf if it is there, else NULL.
 */
const char *settings_file(const char *option);

#endif
