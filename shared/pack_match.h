/*
 * pack_match: which provider of a pack a base URL and a key are of, and where
 * on a host an account of it belongs.
 *
 * An endpoint may be that of several providers: plans of a vendor, which keys
 * tell apart by how they begin, or names that one service goes by.  A key
 * that is on a host already stays where it is, whatever it is called by now:
 * the same key, brought by URL or by provider, makes one account.
 */
#ifndef SHARED_PACK_MATCH_H
#define SHARED_PACK_MATCH_H

#include <jansson.h>

#include "shared/db.h"
#include "shared/lookup.h"

/* A provider that has the endpoint, in a version that counts. */
struct pack_candidate {
	char *pack_id;
	char *version;
	char *provider_id;
	char plan[LOOKUP_PLAN_MAX];	/* as pack_match_plan() writes it */
	bool is_current;
	bool is_first_party;
	json_t *prefixes;		/* of its keys; owned */
};

/* Release with pack_candidates_done(). */
struct pack_candidates {
	struct pack_candidate *list;
	size_t count;
};

/* Is a pack installed at all?  Without one nothing need be looked for. */
int pack_match_any(struct db *db, bool *ret, struct err *err) MUST_CHECK;

/* None is no error. */
int pack_candidates_read(struct db *db, const char *endpoint_key,
			 struct pack_candidates *ret, struct err *err)
	MUST_CHECK;
void pack_candidates_done(struct pack_candidates *candidates);

/*
 * The one that the key is of: it begins as that one's do, the longest
 * beginning first; then the plan that is paid as it is used, what is current,
 * and the vendor itself.  NULL: none, or plans that nothing tells apart.
 */
const struct pack_candidate *pack_match_key(
	const struct pack_candidates *candidates, const char *key);

/* A manifest's plan as part of a place: a-z, 0-9 and '-'; payg is "". */
void pack_match_plan(const char *plan, char ret[LOOKUP_PLAN_MAX]);

/*
 * The place of a plan among those that share an endpoint: "" if it is paid as
 * it is used, or the only plan there.  Behind a mirror nobody knows who else
 * is: `mirrored`, every plan but payg has a place of its own.
 */
void pack_match_place(const struct pack_candidates *candidates,
		      const char *plan, bool mirrored,
		      char ret[LOOKUP_PLAN_MAX]);

/* Which places besides "" there are on a host: {endpoint_key: [plan]}. */
int pack_places_read(struct db *db, const char *host_id, json_t **ret,
		     struct err *err) MUST_CHECK;

/* An account to be, and where it would go.  Members are borrowed. */
struct pack_place {
	const char *host_id;
	const char *endpoint_key;
	enum access_mode mode;
	const char *print;	/* of its key; NULL, "": it cannot be known */
	const char *plan;	/* where it would go */
};

/* Where it goes: to the account of its key that is there, else `plan`. */
int pack_place_find(struct db *db, const struct pack_place *account,
		    const json_t *places, char ret[LOOKUP_PLAN_MAX],
		    struct err *err) MUST_CHECK;

extern const struct db_query *const pack_match_queries[];

#endif
