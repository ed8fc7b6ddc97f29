#include "shared/run_list.h"

#include <string.h>

#include "shared/run_row.h"

#define ID_PREFIX "run_"
/*
 * A text that means no more endpoints than these is looked up by them; what
 * means more is found soon by walking the runs.
 */
#define ENDPOINTS_MAX 64
#define ENDPOINTS_MAX_TEXT "64"
/* Each row of such a page looks at each of those endpoints. */
#define ENDPOINT_ROWS 300

/* From the text `q` to below `end`: what q is the beginning of. */
#define IS_NAMED(column, q, end) \
	"(" column " >= " q " AND " column " < " end ")"
#define IS_NAMED_URL(scheme, q, end) \
	"(m.base_url >= '" scheme "' || " q \
	" AND m.base_url < '" scheme "' || " end ")"

/* What is looked at row by row, whatever leads. */
#define RESIDUE \
	" AND ($1 IS NULL OR r.host_id = $1)" \
	" AND ($2 IS NULL OR r.state = $2)" \
	" AND ($3 IS NULL OR r.access_mode = $3)" \
	" AND ($9 IS NULL OR r.pack_provider_id = $9)" \
	" AND ($10 IS NULL OR r.pack_id = $10)"
#define RESIDUE_NAMED \
	" AND ($7 IS NULL OR EXISTS (SELECT 1 FROM run_endpoints e" \
	"  JOIN imported_endpoints m ON m.provider_id = e.provider_id" \
	"  WHERE e.run_id = r.run_id AND (" \
	IS_NAMED("m.provider_id", "$7", "$8") " OR " \
	IS_NAMED("m.base_url", "$7", "$8") " OR " \
	IS_NAMED_URL("https://", "$7", "$8") " OR " \
	IS_NAMED_URL("http://", "$7", "$8") ")))"

#define LIST(name, lead) { name, \
	"SELECT " RUN_COLUMNS ", page.id FROM (SELECT run_id AS id" \
	"  FROM import_runs WHERE " lead " run_id >= $4 AND run_id < $5" \
	"  ORDER BY run_id DESC LIMIT $6) AS page" \
	" LEFT JOIN import_runs r ON r.run_id = page.id" RESIDUE \
	RESIDUE_NAMED }

static const struct db_query q_list_host =
	LIST("runs.list_host", "host_id = $1 AND");
static const struct db_query q_list_state =
	LIST("runs.list_state", "state = $2 AND");
static const struct db_query q_list_mode =
	LIST("runs.list_mode", "access_mode = $3 AND");
static const struct db_query q_list_provider =
	LIST("runs.list_provider", "pack_provider_id = $9 AND");
static const struct db_query q_list = LIST("runs.list", "");

#define NAMED(condition) \
	"SELECT m.provider_id AS name FROM imported_endpoints m" \
	" WHERE " condition
#define ALL_NAMED(q, end) \
	NAMED(IS_NAMED("m.provider_id", q, end)) \
	" UNION ALL " NAMED(IS_NAMED("m.base_url", q, end)) \
	" UNION ALL " NAMED(IS_NAMED_URL("https://", q, end)) \
	" UNION ALL " NAMED(IS_NAMED_URL("http://", q, end))

/*
 * The newest run of any of these endpoints, then the newest before that one,
 * and so on: each step is one look at an index for each endpoint, and none of
 * them sorts what there is.
 */
#define NEWEST_BELOW(id) \
	"(SELECT max((SELECT e.run_id FROM run_endpoints e" \
	"  WHERE e.provider_id = matching.name AND e.run_id >= $4" \
	"  AND e.run_id < " id " ORDER BY e.run_id DESC LIMIT 1))" \
	"  FROM matching)"
static const struct db_query q_list_endpoint = { "runs.list_endpoint",
	"WITH RECURSIVE matching AS MATERIALIZED (" ALL_NAMED("$7", "$8")
	"  LIMIT " ENDPOINTS_MAX_TEXT "),"
	" page (id, n) AS (SELECT " NEWEST_BELOW("$5") ", 1"
	"  UNION ALL SELECT " NEWEST_BELOW("page.id") ", page.n + 1"
	"  FROM page WHERE page.id IS NOT NULL AND page.n < $6)"
	" SELECT " RUN_COLUMNS ", page.id FROM page"
	" LEFT JOIN import_runs r ON r.run_id = page.id" RESIDUE
	" WHERE page.id IS NOT NULL" };

static const struct db_query q_count_named = { "runs.count_named",
	"SELECT count(*) FROM (" ALL_NAMED("$1", "$2") " LIMIT $3) AS page" };

/* The query that the first filter given leads. */
static const struct db_query *lead(const struct run_filter *filter)
{
	const struct {
		const char *value;
		const struct db_query *query;
	} leads[] = {
		{ walk_given(filter->pack_provider_id), &q_list_provider },
		{ walk_given(filter->host_id), &q_list_host },
		{ walk_given(filter->state), &q_list_state },
		{ walk_given(filter->access_mode), &q_list_mode },
	};

	for (size_t i = 0; i < COUNT(leads); i++)
		if (leads[i].value)
			return leads[i].query;
	return &q_list;
}

/* What a search is for: no id of a provider or URL begins like a run's id. */
static bool means_run(const char *q)
{
	size_t len = strlen(q), prefix = strlen(ID_PREFIX);

	return strncmp(q, ID_PREFIX, len < prefix ? len : prefix) == 0;
}

static int choose(struct db *db, const struct run_filter *filter,
		  const char *name, const char *name_end, struct walk *walk,
		  const struct db_query **ret, struct err *err)
{
	int64_t n;

	*ret = lead(filter);
	walk->max = WALK_ROWS;
	if (!name)
		return 0;
	if (db_number(db, &q_count_named, DB_ARGS(DB_TEXT(name),
		      DB_TEXT(name_end), DB_I64(ENDPOINTS_MAX + 1)), &n, err))
		return -1;
	if (n <= ENDPOINTS_MAX) {
		*ret = &q_list_endpoint;
		walk->max = ENDPOINT_ROWS;
	}
	return 0;
}

int run_list(struct walk *walk, struct db *db, const struct run_filter *filter,
	     struct err *err)
{
	const char *q = walk_given(filter->q);
	const char *before = walk_given(filter->before);
	const char *name = q && !means_run(q) ? q : NULL;
	const char *from = q && !name ? q : "";
	const char *end, *name_end;
	const struct db_query *query;

	walk_done(walk);
	end = walk->held[0] = xasprintf("%s" WALK_END, from);
	name_end = walk->held[1] = name ? xasprintf("%s" WALK_END, name)
					: NULL;
	walk->id_column = RUN_COLUMNS_COUNT;
	if (choose(db, filter, name, name_end, walk, &query, err))
		return -1;
	return db_query(&walk->rows, db, query, DB_ARGS(
			DB_TEXT(walk_given(filter->host_id)),
			DB_TEXT(walk_given(filter->state)),
			DB_TEXT(walk_given(filter->access_mode)),
			DB_TEXT(from), DB_TEXT(before && strcmp(before, end) < 0
					       ? before : end),
			DB_I64(walk->max), DB_TEXT(name), DB_TEXT(name_end),
			DB_TEXT(walk_given(filter->pack_provider_id)),
			DB_TEXT(walk_given(filter->pack_id))), err);
}

int run_list_next(struct walk *walk, struct run *run, struct err *err)
{
	int more = walk_next(walk, err);

	if (more > 0 && run_read(&walk->rows, run, err))
		return -1;
	return more;
}

/* As many rows as there are hosts, modes and states. */
static const struct db_query q_counts = { "runs.counts",
	"SELECT state, n FROM run_counts WHERE ($1 IS NULL OR host_id = $1)"
	" AND ($2 IS NULL OR access_mode = $2)" };

int run_list_counts(struct db *db, const struct run_filter *filter,
		    int64_t ret[RUN_STATE__MAX], struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	enum run_state state;
	int more;

	memset(ret, 0, RUN_STATE__MAX * sizeof(*ret));
	if (db_query(&rows, db, &q_counts, DB_ARGS(
		     DB_TEXT(walk_given(filter->host_id)),
		     DB_TEXT(walk_given(filter->access_mode))), err))
		return -1;
	while ((more = db_next(&rows, err)) > 0)
		if (run_state_parse(db_text(&rows, 0), &state))
			ret[state] += db_i64(&rows, 1);
	return more;
}

const struct db_query *const run_list_queries[] = {
	&q_list_host, &q_list_state, &q_list_mode, &q_list_provider, &q_list,
	&q_list_endpoint, &q_count_named, &q_counts, NULL
};
