#include "shared/item_list.h"

#include <string.h>

#include "shared/item_row.h"

#define ID_END "~"	/* behind every id */

/* What is looked at row by row, whatever leads. */
#define RESIDUE \
	" LEFT JOIN import_run_items i ON i.item_id = page.id" \
	"  AND ($1 IS NULL OR i.run_id = $1)" \
	"  AND ($2 IS NULL OR i.current_stage = $2)" \
	"  AND ($3 IS NULL OR i.confirmation_status = $3)" \
	"  AND ($4 IS NULL OR i.access_status = $4)" \
	"  AND ($5 IS NULL OR i.failure_class = $5)" \
	"  AND ($6 IS NULL OR i.provider_id = $6)" \
	"  AND ($7 = 0 OR i.warnings <> '[]')" \
	"  AND ($8 IS NULL OR (i.label >= $8 AND i.label < $9))" \
	"  AND ($10 IS NULL OR $10 = (SELECT h.host_id FROM import_runs h" \
	"   WHERE h.run_id = i.run_id))"

#define KEY " LEFT JOIN secrets s ON s.secret_id = i.api_key_secret_id"

/* Of the newest proof, in one look at an index: two words, a line each. */
#define PROOF \
	"(SELECT n.key_source || char(10) || coalesce(n.key_fingerprint, '')" \
	" FROM proofs n WHERE n.item_id = i.item_id" \
	" ORDER BY n.proof_id DESC LIMIT 1)"

/* What a run says is known where all items are of one. */
#define RUN_KNOWN "NULL, NULL"
#define RUN_JOINED "r.host_id, g.fingerprint"
#define JOIN_RUN \
	" LEFT JOIN import_runs r ON r.run_id = i.run_id" \
	" LEFT JOIN secrets g ON g.secret_id = r.given_key_secret_id"

/* What a list shows of an item. */
#define FULL(run) ITEM_COLUMNS ", " PROOF ", " run
#define FULL_COUNT (ITEM_COLUMNS_COUNT + 3)
/* What item_list_next_brief() reads, in its order. */
#define BRIEF \
	"i.item_id, i.run_id, i.seq, i.provider_id, i.base_url, i.label," \
	" s.last4, i.current_stage, i.confirmation_status, i.access_status," \
	" i.account_resolution, i.resolved_smoke_model, i.failure_class," \
	" i.warnings, i.updated_at, i.finished_at, " ITEM_PAUSED_AT
#define BRIEF_COUNT 17

#define LIST(name, columns, joins, lead, order) { name, \
	"SELECT " columns ", page.id" \
	" FROM (SELECT item_id AS id FROM import_run_items WHERE " lead \
	" ORDER BY " order " LIMIT $13) AS page" RESIDUE KEY joins }

/* The items of one run come in the order of its rows, else the newest first. */
enum { OF_RUN, OF_ALL, BRIEF_OF_RUN, BRIEF_OF_ALL, LIST__MAX };
#define UP "item_id"
#define DOWN "item_id DESC"
#define RANGE "item_id > $11 AND item_id < $12"
#define LISTS(name, lead) { \
	[OF_RUN] = LIST(name, FULL(RUN_KNOWN), "", lead RANGE, UP), \
	[OF_ALL] = LIST(name "_all", FULL(RUN_JOINED), JOIN_RUN, \
			lead RANGE, DOWN), \
	[BRIEF_OF_RUN] = LIST(name "_brief", BRIEF, "", lead RANGE, UP), \
	[BRIEF_OF_ALL] = LIST(name "_brief_all", BRIEF, "", lead RANGE, \
			      DOWN) }

static const struct db_query q_stage[LIST__MAX] =
	LISTS("items.list_stage", "current_stage = $2 AND ");
static const struct db_query q_confirmation[LIST__MAX] =
	LISTS("items.list_confirmation", "confirmation_status = $3 AND ");
static const struct db_query q_access[LIST__MAX] =
	LISTS("items.list_access", "access_status = $4 AND ");
static const struct db_query q_class[LIST__MAX] =
	LISTS("items.list_class", "failure_class = $5 AND ");
static const struct db_query q_provider[LIST__MAX] =
	LISTS("items.list_provider", "provider_id = $6 AND ");
static const struct db_query q_warned[LIST__MAX] =
	LISTS("items.list_warned", "warnings <> '[]' AND ");

/*
 * In the order of the labels: behind the item $11, or from the beginning of
 * what the text is a beginning of.
 */
#define LABEL_FROM \
	"coalesce((SELECT c.label FROM import_run_items c" \
	" WHERE c.item_id = $11), $8)"
#define LABELLED \
	"label <> '' AND label >= " LABEL_FROM " AND label < $9" \
	" AND (label > " LABEL_FROM " OR item_id > $11) AND item_id < $12"
#define BY_LABEL "label, item_id"

/* A label leads where items of all runs are looked for. */
static const struct db_query q_label[LIST__MAX] = {
	[OF_ALL] = LIST("items.list_label", FULL(RUN_JOINED), JOIN_RUN,
			LABELLED, BY_LABEL),
	[BRIEF_OF_ALL] = LIST("items.list_label_brief", BRIEF, "", LABELLED,
			      BY_LABEL),
};

#define BY_RUN "run_id = $1 AND " RANGE
static const struct db_query q_any[LIST__MAX] = {
	[OF_RUN] = LIST("items.list_run", FULL(RUN_KNOWN), "", BY_RUN, UP),
	[OF_ALL] = LIST("items.list_all", FULL(RUN_JOINED), JOIN_RUN, RANGE,
			DOWN),
	[BRIEF_OF_RUN] = LIST("items.list_run_brief", BRIEF, "", BY_RUN, UP),
	[BRIEF_OF_ALL] = LIST("items.list_brief_all", BRIEF, "", RANGE, DOWN),
};

/* From where to where the ids of a run's items go. */
static const struct db_query q_range = { "items.range",
	"SELECT (SELECT min(item_id) FROM import_run_items WHERE run_id = $1),"
	" (SELECT max(item_id) FROM import_run_items WHERE run_id = $1)" };

/* The first filter given leads, the one that is met least often first. */
static const struct db_query *lead(const struct item_filter *filter)
{
	bool all = !walk_given(filter->run_id);
	const struct {
		bool is_given;
		const struct db_query *lists;
	} leads[] = {
		{ all && walk_given(filter->label), q_label },
		{ walk_given(filter->class), q_class },
		{ filter->warning, q_warned },
		{ walk_given(filter->provider_id), q_provider },
		{ walk_given(filter->access_status), q_access },
		{ walk_given(filter->confirmation_status), q_confirmation },
		{ walk_given(filter->current_stage), q_stage },
		{ true, q_any },
	};
	size_t i = 0;

	while (!leads[i].is_given)
		i++;
	return &leads[i].lists[filter->brief
		? (all ? BRIEF_OF_ALL : BRIEF_OF_RUN)
		: (all ? OF_ALL : OF_RUN)];
}

/* Is it a query of these? */
static bool is_of(const struct db_query *query, const struct db_query *lists)
{
	return query >= lists && query < lists + LIST__MAX;
}

/* The ids between which a page lies, both excluded. */
struct range {
	const char *from, *to;
};

/*
 * An index that knows nothing of runs is kept to the ids of this one.  Without
 * its last character the first id stands before itself.
 */
static int range_of_run(struct walk *walk, struct db *db, const char *run_id,
			struct range *range, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	size_t len;

	if (db_query(&rows, db, &q_range, DB_ARGS(DB_TEXT(run_id)), err) ||
	    db_next(&rows, err) < 0)
		return -1;
	walk->held[0] = xstrdup(db_must(&rows, 0));
	walk->held[1] = xasprintf("%s" ID_END, db_must(&rows, 1));
	len = strlen(walk->held[0]);
	if (len > 0)
		walk->held[0][len - 1] = '\0';
	if (!*range->from)
		range->from = walk->held[0];
	range->to = walk->held[1];
	return 0;
}

int item_list(struct walk *walk, struct db *db,
	      const struct item_filter *filter, struct err *err)
{
	const struct db_query *query = lead(filter);
	const char *run_id = walk_given(filter->run_id);
	const char *label = walk_given(filter->label);
	const char *cursor = walk_given(filter->cursor);
	bool down = !run_id && !is_of(query, q_label);
	struct range range = {
		.from = cursor && !down ? cursor : "",
		.to = cursor && down ? cursor : ID_END,
	};

	walk_done(walk);
	walk->id_column = filter->brief ? BRIEF_COUNT : FULL_COUNT;
	walk->max = WALK_ROWS;
	walk->held[2] = label ? xasprintf("%s" WALK_END, label) : NULL;
	if (run_id && !is_of(query, q_any) &&
	    range_of_run(walk, db, run_id, &range, err))
		return -1;
	return db_query(&walk->rows, db, query, DB_ARGS(DB_TEXT(run_id),
			DB_TEXT(walk_given(filter->current_stage)),
			DB_TEXT(walk_given(filter->confirmation_status)),
			DB_TEXT(walk_given(filter->access_status)),
			DB_TEXT(walk_given(filter->class)),
			DB_TEXT(walk_given(filter->provider_id)),
			DB_I64(filter->warning), DB_TEXT(label),
			DB_TEXT(walk->held[2]),
			DB_TEXT(walk_given(filter->host_id)),
			DB_TEXT(range.from), DB_TEXT(range.to),
			DB_I64(walk->max)), err);
}

void item_row_done(struct item_row *row)
{
	item_done(&row->item);
	free(row->host_id);
	free(row->given_key_fingerprint);
	free(row->key_source);
	free(row->key_fingerprint);
	*row = (struct item_row){ 0 };
}

/* "managed_subscription", a line's end, and a fingerprint or nothing. */
static void read_proof(struct item_row *row, const char *text)
{
	const char *end = text ? strchr(text, '\n') : NULL;

	if (!end)
		return;
	row->key_source = xstrndup(text, (size_t)(end - text));
	row->key_fingerprint = end[1] ? xstrdup(end + 1) : NULL;
}

int item_list_next(struct walk *walk, struct item_row *row, struct err *err)
{
	const struct db_rows *rows = &walk->rows;
	int more = walk_next(walk, err);

	if (more <= 0)
		return more;
	item_row_done(row);
	if (item_read(rows, &row->item, err))
		return -1;
	read_proof(row, db_text(rows, ITEM_COLUMNS_COUNT));
	row->host_id = db_strdup(rows, ITEM_COLUMNS_COUNT + 1);
	row->given_key_fingerprint = db_strdup(rows, ITEM_COLUMNS_COUNT + 2);
	return 1;
}

int item_list_next_brief(struct walk *walk, struct item_brief *brief,
			 struct err *err)
{
	const struct db_rows *rows = &walk->rows;
	int more = walk_next(walk, err);

	if (more <= 0)
		return more;
	*brief = (struct item_brief){
		.item_id = db_must(rows, 0),
		.run_id = db_must(rows, 1),
		.seq = db_i64(rows, 2),
		.provider_id = db_must(rows, 3),
		.base_url = db_must(rows, 4),
		.label = db_must(rows, 5),
		.api_key_last4 = db_text(rows, 6),
		.stage = db_must(rows, 7),
		.confirmation = db_must(rows, 8),
		.access = db_must(rows, 9),
		.resolution = db_text(rows, 10),
		.resolved_smoke_model = db_text(rows, 11),
		.failure_class = db_text(rows, 12),
		.warnings = db_must(rows, 13),
		.updated_at = db_i64(rows, 14),
		.finished_at = db_i64(rows, 15),
		.paused_at = db_i64(rows, 16),
	};
	return 1;
}

/* A row for each pair of states: at most as many as there are of those. */
static const struct db_query q_counts = { "items.counts",
	"SELECT current_stage, access_status, n FROM item_counts"
	" WHERE run_id = $1" };

int item_list_counts(struct db *db, const char *run_id,
		     struct item_counts *ret, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	enum access_status access;
	enum item_stage stage;
	int more;

	*ret = (struct item_counts){ 0 };
	if (db_query(&rows, db, &q_counts, DB_ARGS(DB_TEXT(run_id)), err))
		return -1;
	while ((more = db_next(&rows, err)) > 0) {
		if (!item_stage_parse(db_text(&rows, 0), &stage) ||
		    !access_status_parse(db_text(&rows, 1), &access))
			continue;
		ret->by_stage[stage] += db_i64(&rows, 2);
		ret->by_access[access] += db_i64(&rows, 2);
	}
	return more;
}

#define ALL(lists) \
	&(lists)[OF_RUN], &(lists)[OF_ALL], &(lists)[BRIEF_OF_RUN], \
	&(lists)[BRIEF_OF_ALL]

const struct db_query *const item_list_queries[] = {
	ALL(q_stage), ALL(q_confirmation), ALL(q_access), ALL(q_class),
	ALL(q_provider), ALL(q_warned), ALL(q_any), &q_label[OF_ALL],
	&q_label[BRIEF_OF_ALL], &q_range, &q_counts, NULL
};
