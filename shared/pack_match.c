#include "shared/pack_match.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "shared/resources.h"

#define CANDIDATES_MAX 50	/* that are looked at for one endpoint */
#define PLACES_MAX 10000	/* on one host */

static const struct db_query q_candidates = { "pack_match.candidates",
	"SELECT p.pack_id, p.version, p.provider_id, p.plan, p.status,"
	" json_extract(m.manifest, '$.kind'),"
	" json_extract(m.manifest, '$.key_prefixes')"
	" FROM pack_providers p JOIN pack_manifests m"
	" ON m.pack_id = p.pack_id AND m.version = p.version"
	" AND m.provider_id = p.provider_id"
	" WHERE p.active = 1 AND p.endpoint_key = $1"
	" ORDER BY p.provider_id LIMIT $2" };

static void candidate_done(struct pack_candidate *one)
{
	free(one->pack_id);
	free(one->version);
	free(one->provider_id);
	json_decref(one->prefixes);
	*one = (struct pack_candidate){ 0 };
}

void pack_candidates_done(struct pack_candidates *candidates)
{
	for (size_t i = 0; i < candidates->count; i++)
		candidate_done(&candidates->list[i]);
	free(candidates->list);
	*candidates = (struct pack_candidates){ 0 };
}

static bool is_text(const char *text, const char *other)
{
	return text && strcmp(text, other) == 0;
}

static void candidate_read(const struct db_rows *rows,
			   struct pack_candidate *ret)
{
	const char *prefixes = db_text(rows, 6);

	*ret = (struct pack_candidate){
		.pack_id = db_strdup(rows, 0),
		.version = db_strdup(rows, 1),
		.provider_id = db_strdup(rows, 2),
		.is_current = is_text(db_text(rows, 4), "current"),
		.is_first_party = is_text(db_text(rows, 5), "first_party"),
		.prefixes = json_loads(prefixes ? prefixes : "[]", 0, NULL),
	};
	pack_match_plan(db_must(rows, 3), ret->plan);
}

int pack_candidates_read(struct db *db, const char *endpoint_key,
			 struct pack_candidates *ret, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	*ret = (struct pack_candidates){ 0 };
	if (db_query(&rows, db, &q_candidates, DB_ARGS(DB_TEXT(endpoint_key),
		     DB_I64(CANDIDATES_MAX)), err))
		return -1;
	while ((more = db_next(&rows, err)) > 0) {
		if (!ret->list)
			ret->list = xcalloc(CANDIDATES_MAX,
					    sizeof(*ret->list));
		candidate_read(&rows, &ret->list[ret->count++]);
	}
	if (more < 0)
		pack_candidates_done(ret);
	return more;
}

/* ---- which one ---- */

/* How much of the key its own beginning is. */
static size_t begins_as(const struct pack_candidate *one, const char *key)
{
	size_t best = 0, i;
	const json_t *value;

	json_array_foreach(one->prefixes, i, value) {
		const char *prefix = json_string_value(value);
		size_t len = prefix ? strlen(prefix) : 0;

		if (len > best && strncmp(key, prefix, len) == 0)
			best = len;
	}
	return best;
}

/* Above zero: `one` is the better guess; zero: nothing tells them apart. */
static int compare(const struct pack_candidate *one,
		   const struct pack_candidate *other, const char *key)
{
	size_t a = begins_as(one, key), b = begins_as(other, key);

	if (a != b)
		return a > b ? 1 : -1;
	if (!*one->plan != !*other->plan)
		return !*one->plan ? 1 : -1;
	if (one->is_current != other->is_current)
		return one->is_current ? 1 : -1;
	if (strcmp(one->plan, other->plan) != 0)
		return 0;
	return (int)one->is_first_party - (int)other->is_first_party;
}

const struct pack_candidate *pack_match_key(
	const struct pack_candidates *candidates, const char *key)
{
	const struct pack_candidate *best = NULL;
	bool doubtful = false;

	for (size_t i = 0; i < candidates->count; i++) {
		const struct pack_candidate *one = &candidates->list[i];
		int better = best ? compare(one, best, key) : 1;

		if (better > 0) {
			best = one;
			doubtful = false;
		} else if (better == 0 && strcmp(one->plan, best->plan) != 0) {
			doubtful = true;
		}
	}
	return doubtful ? NULL : best;
}

/* ---- where ---- */

void pack_match_plan(const char *plan, char ret[LOOKUP_PLAN_MAX])
{
	size_t n = 0;

	if (strcmp(plan, "payg") == 0)
		plan = "";
	for (; *plan && n < LOOKUP_PLAN_MAX - 1; plan++) {
		if (isalnum((unsigned char)*plan))
			ret[n++] = (char)tolower((unsigned char)*plan);
		else if (n > 0 && ret[n - 1] != '-')
			ret[n++] = '-';
	}
	if (n > 0 && ret[n - 1] == '-')
		n--;
	ret[n] = '\0';
}

void pack_match_place(const struct pack_candidates *candidates,
		      const char *plan, bool mirrored,
		      char ret[LOOKUP_PLAN_MAX])
{
	bool shared = mirrored;

	pack_match_plan(plan, ret);
	for (size_t i = 0; i < candidates->count; i++)
		if (strcmp(candidates->list[i].plan, ret) != 0)
			shared = true;
	if (!shared)
		*ret = '\0';
}

static const struct db_query q_places = { "pack_match.places",
	"SELECT DISTINCT endpoint_key, plan FROM accesses"
	" WHERE host_id = $1 AND plan <> '' LIMIT $2" };

int pack_places_read(struct db *db, const char *host_id, json_t **ret,
		     struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	json_auto_t *places = json_object();
	int more;

	if (db_query(&rows, db, &q_places, DB_ARGS(DB_TEXT(host_id),
		     DB_I64(PLACES_MAX)), err))
		return -1;
	while ((more = db_next(&rows, err)) > 0) {
		json_t *plans = json_object_get(places, db_must(&rows, 0));

		if (!plans) {
			plans = json_array();
			json_object_set_new(places, db_must(&rows, 0), plans);
		}
		json_array_append_new(plans, json_string(db_must(&rows, 1)));
	}
	if (more == 0)
		*ret = json_incref(places);
	return more;
}

static int is_there(struct db *db, const struct pack_place *account,
		    const char *plan, bool *ret, struct err *err)
{
	CLEANUP(resource_done) struct resource row = { 0 };
	AUTO_FREE char *place = lookup_place(account->endpoint_key, plan);
	AUTO_FREE char *lookup = lookup_account(place, account->mode,
						account->print);

	if (resources_find(db, account->host_id, RESOURCE_ACCOUNT, lookup,
			   &row, err) && err->kind != ERR_NOT_FOUND)
		return -1;
	*ret = row.resource_id && row.host_resource_id;
	return 0;
}

/* Where it would go, where every endpoint has a place, and the others. */
static json_t *places_of(const struct pack_place *account,
			 const json_t *others)
{
	json_t *tries = json_array();

	json_array_append_new(tries, json_string(account->plan));
	if (*account->plan)
		json_array_append_new(tries, json_string(""));
	json_array_extend(tries, (json_t *)(uintptr_t)others);
	return tries;
}

int pack_place_find(struct db *db, const struct pack_place *account,
		    const json_t *places, char ret[LOOKUP_PLAN_MAX],
		    struct err *err)
{
	json_auto_t *tries = places_of(account,
		json_object_get(places, account->endpoint_key));
	bool there = false;
	size_t i;
	const json_t *plan;

	snprintf(ret, LOOKUP_PLAN_MAX, "%s", account->plan);
	if (!account->print || !*account->print || json_array_size(tries) < 2)
		return 0;
	json_array_foreach(tries, i, plan) {
		if (is_there(db, account, json_string_value(plan), &there,
			     err))
			return -1;
		if (!there)
			continue;
		snprintf(ret, LOOKUP_PLAN_MAX, "%s", json_string_value(plan));
		break;
	}
	return 0;
}

static const struct db_query q_any = { "pack_match.any",
	"SELECT EXISTS (SELECT 1 FROM pack_active)" };

int pack_match_any(struct db *db, bool *ret, struct err *err)
{
	int64_t count;

	if (db_number(db, &q_any, NULL, 0, &count, err))
		return -1;
	*ret = count > 0;
	return 0;
}

const struct db_query *const pack_match_queries[] = {
	&q_candidates, &q_places, &q_any, NULL
};
