/*
 * new_run: a batch of keys on its way into the database: read, checked,
 * sealed, added.
 *
 * Every way of asking for an import makes one body of what came, and goes
 * through here.  All that costs time (checking, sealing) is done before the
 * transaction: while it lasts, nobody else can write.
 */
#ifndef FCGI_NEW_RUN_H
#define FCGI_NEW_RUN_H

#include "fcgi/import_rows.h"
#include "fcgi/run_terms.h"
#include "shared/pack_match.h"
#include "shared/secrets.h"

/* What a batch is and whence it comes.  Members are borrowed. */
struct new_run_spec {
	const json_t *body;	/* the terms, and the list of rows */
	const char *list;	/* name of the member that has the rows */
	const int64_t *lines;	/* where each began; NULL: no file of lines */
	bool unreadable;	/* it is known that there are no rows to read */
	bool of_provider;	/* the provider is known: nothing to look for */
};

/* The provider of a pack that an import names.  Members are borrowed. */
struct new_run_pack {
	const char *pack_id;
	const char *version;
	const char *provider_id;
	const char *plan;	/* where its accounts go: see pack_match.h */
	const char *wave_id;	/* NULL: on one host only */
	int64_t wave_place;
	/* A warning for a key, or NULL; the caller of it frees. */
	char *(*hint)(const void *arg, const char *key);
	const void *arg;
};

/* What is to be stored.  Release with new_run_done(). */
struct new_run {
	json_t *body;			/* the terms; owned */
	struct run_terms terms;
	char *users;			/* JSON array of selectors */
	struct import_rows rows;
	char *rejected;			/* JSON array */
	struct secret_sealed *keys;	/* by number in rows.keys */
	struct secret_sealed given_key;	/* unless GIVEN_KEY_NONE */
	struct pack_candidates *matches;	/* by endpoint; NULL: none */
	size_t nmatches;
};

/*
 * Find all that is wrong at once: with the run as a whole in `problems`, with
 * rows in `of_rows`.  What `spec` points to must outlive the run.
 */
int new_run_read(const struct request *req, const struct new_run_spec *spec,
		 struct new_run *ret, struct jdec_problems *problems,
		 struct jdec_problems *of_rows, struct err *err) MUST_CHECK;
void new_run_done(struct new_run *run);

/* "no such host" for `field`, unless `host_id` (NULL: never mind) is one. */
int new_run_check_host(const struct request *req, const char *field,
		       const char *host_id, struct jdec_problems *problems,
		       struct err *err) MUST_CHECK;

/*
 * What packs know of a row's URL and key, and the place where it goes by that;
 * NULL and "": nothing.
 */
const struct pack_candidate *new_run_match(const struct new_run *run,
					   const struct import_row *row,
					   char ret_plan[LOOKUP_PLAN_MAX]);

/*
 * Rows that are wrong sink a run that has no others, or is to be strict.  What
 * is wrong with the run sinks it in any case.
 */
bool new_run_is_sunk(const struct new_run *run,
		     const struct jdec_problems *problems);

/* 422 with everything; the rows also as they would be in the run. */
int new_run_refuse(struct reply *reply, const struct new_run *run,
		   struct jdec_problems *problems,
		   const struct jdec_problems *of_rows);

/* Before the transaction. */
void new_run_seal(const struct request *req, struct new_run *run);

/* Inside it: the secrets, once; then a run for each host that it is for. */
int new_run_store(const struct request *req, const struct new_run *run,
		  struct err *err) MUST_CHECK;
int new_run_add(const struct request *req, const struct new_run *run,
		const char *host_id, const struct new_run_pack *pack,
		char ret_id[ID_MAX], struct err *err) MUST_CHECK;

#endif
