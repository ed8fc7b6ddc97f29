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

/*
 * And what goes with an item that is shown: its key, and in one look at an
 * index the two words of its newest proof, a line each.
 */
#define BESIDE \
	" LEFT JOIN secrets s ON s.secret_id = i.api_key_secret_id"
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

#define LIST(name, run, join, lead, order) { name, \
	"SELECT " ITEM_COLUMNS ", " run ", " PROOF ", page.id" \
	" FROM (SELECT item_id AS id FROM import_run_items WHERE " lead \
	" ORDER BY " order " LIMIT $13) AS page" RESIDUE BESIDE join }

/* Those of one run, in the order of its rows; those of all, newest first. */
#define RANGE " item_id > $11 AND item_id < $12"
#define OF_RUN(name, lead) \
	LIST(name, RUN_KNOWN, "", lead RANGE, "item_id")
#define OF_ALL(name, lead) \
	LIST(name "_all", RUN_JOINED, JOIN_RUN, lead RANGE, "item_id DESC")

static const struct db_query q_stage =
	OF_RUN("items.list_stage", "current_stage = $2 AND");
static const struct db_query q_stage_all =
	OF_ALL("items.list_stage", "current_stage = $2 AND");
static const struct db_query q_confirmation =
	OF_RUN("items.list_confirmation", "confirmation_status = $3 AND");
static const struct db_query q_confirmation_all =
	OF_ALL("items.list_confirmation", "confirmation_status = $3 AND");
static const struct db_query q_access =
	OF_RUN("items.list_access", "access_status = $4 AND");
static const struct db_query q_access_all =
	OF_ALL("items.list_access", "access_status = $4 AND");
static const struct db_query q_class =
	OF_RUN("items.list_class", "failure_class = $5 AND");
static const struct db_query q_class_all =
	OF_ALL("items.list_class", "failure_class = $5 AND");
static const struct db_query q_provider =
	OF_RUN("items.list_provider", "provider_id = $6 AND");
static const struct db_query q_provider_all =
	OF_ALL("items.list_provider", "provider_id = $6 AND");
static const struct db_query q_warned =
	OF_RUN("items.list_warned", "warnings <> '[]' AND");
static const struct db_query q_warned_all =
	OF_ALL("items.list_warned", "warnings <> '[]' AND");
static const struct db_query q_run =
	OF_RUN("items.list_run", "run_id = $1 AND");
static const struct db_query q_all = OF_ALL("items.list", "");

/*
 * In the order of the labels: behind the item $11, or from the beginning of
 * what the text is a beginning of.
 */
#define LABEL_FROM \
	"coalesce((SELECT c.label FROM import_run_items c" \
	" WHERE c.item_id = $11), $8)"
static const struct db_query q_label = LIST("items.list_label",
	RUN_JOINED, JOIN_RUN,
	"label <> '' AND label >= " LABEL_FROM " AND label < $9"
	" AND (label > " LABEL_FROM " OR item_id > $11) AND item_id < $12",
	"label, item_id");

/* From where to where the ids of a run's items go. */
static const struct db_query q_range = { "items.range",
	"SELECT (SELECT min(item_id) FROM import_run_items WHERE run_id = $1),"
	" (SELECT max(item_id) FROM import_run_items WHERE run_id = $1)" };

/* The first filter given leads, the one that is met least often first. */
static const struct db_query *lead(const struct item_filter *filter)
{
	bool one = walk_given(filter->run_id) != NULL;
	const struct {
		bool is_given;
		const struct db_query *run, *all;
	} leads[] = {
		{ !one && walk_given(filter->label), NULL, &q_label },
		{ walk_given(filter->class), &q_class, &q_class_all },
		{ filter->warning, &q_warned, &q_warned_all },
		{ walk_given(filter->provider_id), &q_provider,
		  &q_provider_all },
		{ walk_given(filter->access_status), &q_access,
		  &q_access_all },
		{ walk_given(filter->confirmation_status), &q_confirmation,
		  &q_confirmation_all },
		{ walk_given(filter->current_stage), &q_stage, &q_stage_all },
	};

	for (size_t i = 0; i < COUNT(leads); i++)
		if (leads[i].is_given)
			return one ? leads[i].run : leads[i].all;
	return one ? &q_run : &q_all;
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
	bool down = !run_id && query != &q_label;
	struct range range = {
		.from = cursor && !down ? cursor : "",
		.to = cursor && down ? cursor : ID_END,
	};

	walk_done(walk);
	walk->id_column = ITEM_COLUMNS_COUNT + 3;
	walk->max = WALK_ROWS;
	walk->held[2] = label ? xasprintf("%s" WALK_END, label) : NULL;
	if (run_id && query != &q_run &&
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
	row->host_id = db_strdup(rows, ITEM_COLUMNS_COUNT);
	row->given_key_fingerprint = db_strdup(rows, ITEM_COLUMNS_COUNT + 1);
	read_proof(row, db_text(rows, ITEM_COLUMNS_COUNT + 2));
	return 1;
}

/* The numbers are those of ITEM_COLUMNS. */
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
		.base_url = db_must(rows, 5),
		.api_key_last4 = db_text(rows, 8),
		.stage = db_must(rows, 10),
		.confirmation = db_must(rows, 11),
		.access = db_must(rows, 12),
		.resolution = db_text(rows, 14),
		.resolved_smoke_model = db_text(rows, 23),
		.failure_class = db_text(rows, 30),
		.warnings = db_must(rows, 32),
		.updated_at = db_i64(rows, 34),
		.finished_at = db_i64(rows, 35),
		.label = db_must(rows, 40),
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

const struct db_query *const item_list_queries[] = {
	&q_stage, &q_stage_all, &q_confirmation, &q_confirmation_all,
	&q_access, &q_access_all, &q_class, &q_class_all, &q_provider,
	&q_provider_all, &q_warned, &q_warned_all, &q_run, &q_all, &q_label,
	&q_range, &q_counts, NULL
};
