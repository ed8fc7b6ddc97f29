#include "shared/rollback_ends.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "shared/events.h"
#include "shared/jout.h"
#include "shared/rollbacks.h"
#include "shared/secrets.h"

#define ITEMS_MAX 500		/* of one call */

/* ---- parts that are no resources ---- */

static int add_parts(struct db *db, const struct db_query *query,
		     const char *rollback_id, const char *after,
		     const char *last, struct rollback_part part,
		     struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, db, query, DB_ARGS(DB_TEXT(rollback_id),
		     DB_TEXT(after), DB_TEXT(last)), err))
		return -1;
	while ((more = db_next(&rows, err)) > 0) {
		AUTO_FREE char *id = db_strdup(&rows, 0);
		AUTO_FREE char *mark = db_strdup(&rows, 1);
		AUTO_FREE char *host_id = db_strdup(&rows, 2);

		part.subject_id = id;
		part.mark = mark;
		part.host_resource_id = host_id;
		if (rollback_parts_add(db, rollback_id, &part, err))
			return -1;
	}
	return more;
}

#define BATCH \
	"(SELECT item_id FROM import_run_items WHERE rollback_id = $1" \
	" AND item_id > $2 AND item_id <= $3)"

static const struct db_query q_accesses = { "rollback_ends.accesses",
	"SELECT access_id, selector, NULL FROM accesses WHERE item_id IN "
	BATCH
	" UNION ALL SELECT a.access_id, a.selector, NULL FROM " BATCH " AS i"
	" CROSS JOIN resource_uses u ON u.item_id = i.item_id"
	" CROSS JOIN accesses a ON a.key_resource_id = u.resource_id" };

int rollback_add_accesses(struct db *db, const char *rollback_id,
			  const char *after, const char *last,
			  struct err *err)
{
	char kind[] = ROLLBACK_KIND_ACCESS;
	const struct rollback_part part = {
		.kind = kind,
		.action = ROLLBACK_DELETE,
		.why = ROLLBACK_NOBODY_IN,
	};

	return add_parts(db, &q_accesses, rollback_id, after, last, part,
			 err);
}

static const struct db_query q_moves = { "rollback_ends.moves",
	"SELECT m.move_id, NULL, CAST(m.key_id AS TEXT) FROM " BATCH " AS i"
	" CROSS JOIN moved_keys m ON m.item_id = i.item_id"
	" AND m.ended_at IS NULL" };

int rollback_add_moves(struct db *db, const char *rollback_id,
		       const char *after, const char *last, struct err *err)
{
	char kind[] = ROLLBACK_KIND_KEY;
	const struct rollback_part part = {
		.kind = kind,
		.action = ROLLBACK_RESTORE,
		.why = ROLLBACK_MOVED,
	};

	return add_parts(db, &q_moves, rollback_id, after, last, part, err);
}

/* ---- accesses ---- */

#define RESTS \
	"(i.rollback_id IS NULL AND (i.finished_at IS NULL" \
	" OR i.confirmation_status = 'confirmed'))"

static const struct db_query q_heir = { "rollback_ends.heir",
	"SELECT max(i.item_id) FROM accesses a"
	" CROSS JOIN resource_uses u ON u.resource_id = a.key_resource_id"
	" CROSS JOIN import_run_items i ON i.item_id = u.item_id"
	" WHERE a.access_id = $1 AND " RESTS };

/* Of an access by a key that was given: whoever else gave that. */
static const struct db_query q_given_heir = { "rollback_ends.given_heir",
	"SELECT max(i.item_id) FROM accesses a"
	" CROSS JOIN import_run_items i ON i.provider_id = a.endpoint_key"
	" CROSS JOIN import_runs q ON q.run_id = i.run_id"
	" CROSS JOIN secrets s ON s.secret_id = q.given_key_secret_id"
	" WHERE a.access_id = $1 AND a.key_resource_id IS NULL"
	" AND q.host_id = a.host_id AND q.access_mode = a.access_mode"
	" AND i.plan = a.plan"
	" AND a.selector = 'key:' || s.fingerprint AND " RESTS };

static int find_heir(struct db *db, const struct db_query *query,
		     const char *access_id, char ret[ID_MAX], struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, db, query, DB_ARGS(DB_TEXT(access_id)), err))
		return -1;
	more = db_next(&rows, err);
	if (more > 0)
		snprintf(ret, ID_MAX, "%s", db_must(&rows, 0));
	return more < 0 ? -1 : 0;
}

static const struct db_query q_inherit = { "rollback_ends.inherit",
	"UPDATE accesses SET item_id = $2, updated_at = $3"
	" WHERE access_id = $1" };

/* Nobody plans another check; what goes on ends at its next step. */
static const struct db_query q_unplan = { "rollback_ends.unplan",
	"UPDATE accesses SET next_check_at = NULL, updated_at = $2"
	" WHERE access_id = $1" };
static const struct db_query q_cancel = { "rollback_ends.cancel",
	"UPDATE tasks SET cancel = 1,"
	" state = CASE WHEN state IN ('parked', 'held') THEN 'due'"
	"  ELSE state END,"
	" parked_on = NULL, held_for = NULL, held_on = NULL,"
	" not_before = CASE state WHEN 'leased' THEN not_before ELSE $2 END,"
	" updated_at = $2"
	" WHERE state <> 'done' AND cancel = 0 AND subject_id IN (SELECT"
	"  check_id FROM access_checks WHERE access_id = $1)" };
static const struct db_query q_checked = { "rollback_ends.checked",
	"SELECT count(*) FROM access_checks c JOIN tasks t"
	" ON t.subject_id = c.check_id WHERE c.access_id = $1"
	" AND t.state <> 'done'" };
static const struct db_query q_unprove = { "rollback_ends.unprove",
	"UPDATE proofs SET access_id = NULL WHERE access_id = $1" };
static const struct db_query q_close = { "rollback_ends.close",
	"DELETE FROM accesses WHERE access_id = $1" };

static int close_access(struct db *db, const char *access_id, int64_t now,
			bool *ret_quiet, struct err *err)
{
	int64_t checks;

	if (db_run(db, &q_unplan, DB_ARGS(DB_TEXT(access_id), DB_I64(now)),
		   err) ||
	    db_run(db, &q_cancel, DB_ARGS(DB_TEXT(access_id), DB_I64(now)),
		   err) ||
	    db_number(db, &q_checked, DB_ARGS(DB_TEXT(access_id)), &checks,
		      err))
		return -1;
	*ret_quiet = checks == 0;
	if (checks > 0)
		return 0;
	if (db_run(db, &q_unprove, DB_ARGS(DB_TEXT(access_id)), err))
		return -1;
	return db_run(db, &q_close, DB_ARGS(DB_TEXT(access_id)), err);
}

int rollback_end_access(struct db *db, const char *access_id, int64_t now,
			bool *ret_kept, bool *ret_quiet, struct err *err)
{
	char heir[ID_MAX] = "";

	if (find_heir(db, &q_heir, access_id, heir, err) ||
	    (!*heir && find_heir(db, &q_given_heir, access_id, heir, err)))
		return -1;
	*ret_kept = *heir != '\0';
	*ret_quiet = true;
	if (!*ret_kept)
		return close_access(db, access_id, now, ret_quiet, err);
	return db_run(db, &q_inherit, DB_ARGS(DB_TEXT(access_id),
		      DB_TEXT(heir), DB_I64(now)), err);
}

/* ---- the imports ---- */

struct ended {
	char item_id[ID_MAX];
	char secret_id[ID_MAX];
	char given_id[ID_MAX];		/* of its run; "" if there is none */
};

static const struct db_query q_to_end = { "rollback_ends.to_end",
	"SELECT i.item_id, i.api_key_secret_id, q.given_key_secret_id"
	" FROM import_run_items i JOIN import_runs q ON q.run_id = i.run_id"
	" WHERE i.rollback_id = $1 AND i.rolled_back_at IS NULL"
	" ORDER BY i.item_id LIMIT $2" };

static int read_ended(struct db *db, const char *rollback_id, int64_t limit,
		      struct ended *ret, size_t *ret_count, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	size_t n = 0;
	int more;

	if (db_query(&rows, db, &q_to_end, DB_ARGS(DB_TEXT(rollback_id),
		     DB_I64(limit)), err))
		return -1;
	while ((more = db_next(&rows, err)) > 0) {
		snprintf(ret[n].item_id, ID_MAX, "%s", db_must(&rows, 0));
		snprintf(ret[n].secret_id, ID_MAX, "%s", db_must(&rows, 1));
		snprintf(ret[n].given_id, ID_MAX, "%s", db_must(&rows, 2));
		n++;
	}
	*ret_count = n;
	return more;
}

static const struct db_query q_end = { "rollback_ends.end_item",
	"UPDATE import_run_items SET rolled_back_at = $2, updated_at = $2"
	" WHERE item_id = $1" };
/* SQLite writes the index of a column that is SET, the same value too. */
static const struct db_query q_unknown = { "rollback_ends.unknown",
	"UPDATE import_run_items SET access_status = 'unknown'"
	" WHERE item_id = $1 AND access_status <> 'unknown'" };

static int note_event(struct db *db, const char *item_id,
		      const char *rollback_id, int64_t now, struct err *err)
{
	CLEANUP(jout_done) struct jout out = { .text.max = 256 };
	CLEANUP(event_done) struct event event = { .at = now };

	jout_object(&out, NULL);
	jout_str(&out, "rollback_id", rollback_id);
	jout_object_end(&out);
	event.step = xstrdup("rollback.end");
	event.kind = xstrdup("rolled_back");
	event.detail = buf_take(&out.text);
	return events_add(db, item_id, &event, err);
}

static int end_item(struct db *db, const struct ended *ended,
		    const char *rollback_id, int64_t now, struct err *err)
{
	if (db_run(db, &q_end, DB_ARGS(DB_TEXT(ended->item_id), DB_I64(now)),
		   err) ||
	    db_run(db, &q_unknown, DB_ARGS(DB_TEXT(ended->item_id)), err) ||
	    note_event(db, ended->item_id, rollback_id, now, err))
		return -1;
	return secrets_purge(db, ended->secret_id, now, err);
}

/*
 * The keys that their runs were given: each once, as whether it is needed is
 * asked of every item of the run.
 */
static int purge_given(struct db *db, const struct ended *ended, size_t n,
		       int64_t now, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		const char *id = ended[i].given_id;

		if (*id && (i + 1 == n ||
			    strcmp(id, ended[i + 1].given_id) != 0) &&
		    secrets_purge(db, id, now, err))
			return -1;
	}
	return 0;
}

int rollback_end_items(struct db *db, const char *rollback_id, int64_t limit,
		       int64_t now, bool *ret_more, struct err *err)
{
	AUTO_FREE struct ended *ended = xcalloc(ITEMS_MAX, sizeof(*ended));
	size_t n;

	assert(db_in_tx(db));
	if (limit > ITEMS_MAX)
		limit = ITEMS_MAX;
	if (read_ended(db, rollback_id, limit, ended, &n, err))
		return -1;
	for (size_t i = 0; i < n; i++)
		if (end_item(db, &ended[i], rollback_id, now, err))
			return -1;
	*ret_more = n == (size_t)limit;
	return purge_given(db, ended, n, now, err);
}

static const struct db_query q_unmark = { "rollback_ends.unmark",
	"UPDATE import_run_items SET rollback_id = NULL"
	" WHERE rollback_id = $1 AND rolled_back_at IS NULL" };

int rollback_unmark_items(struct db *db, const char *rollback_id,
			  struct err *err)
{
	return db_run(db, &q_unmark, DB_ARGS(DB_TEXT(rollback_id)), err);
}

const struct db_query *const rollback_ends_queries[] = {
	&q_accesses, &q_moves, &q_heir, &q_given_heir, &q_inherit,
	&q_unplan, &q_cancel, &q_checked, &q_unprove, &q_close, &q_to_end,
	&q_end, &q_unknown, &q_unmark, NULL
};
