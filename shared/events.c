#include "shared/events.h"

void event_done(struct event *event)
{
	free(event->step);
	free(event->kind);
	free(event->class);
	free(event->detail);
	*event = (struct event){ 0 };
}

static const struct db_query q_add = { "events.add",
	"INSERT INTO import_run_item_events"
	" (item_id, seq, at, step, kind, class, detail)"
	" SELECT $1, seq, $2, $3, $4, $5, $6"
	" FROM (SELECT coalesce(max(seq), 0) + 1 AS seq"
	"  FROM import_run_item_events WHERE item_id = $1) AS following"
	" WHERE seq <= $7" };

int events_add(struct db *db, const char *item_id, const struct event *event,
	       struct err *err)
{
	if (db_run(db, &q_add, DB_ARGS(DB_TEXT(item_id), DB_I64(event->at),
		   DB_TEXT(event->step), DB_TEXT(event->kind),
		   DB_TEXT(event->class), DB_TEXT(event->detail),
		   DB_I64(EVENTS_MAX)), err))
		return err_wrap(err, "add event of item %s", item_id);
	return 0;
}

static const struct db_query q_list = { "events.list",
	"SELECT seq, at, step, kind, class, detail"
	" FROM import_run_item_events"
	" WHERE item_id = $1 AND seq > $2 ORDER BY seq LIMIT $3" };

int events_list(struct db_rows *rows, struct db *db, const char *item_id,
		int64_t after, int64_t limit, struct err *err)
{
	return db_query(rows, db, &q_list, DB_ARGS(DB_TEXT(item_id),
			DB_I64(after), DB_I64(limit)), err);
}

int events_next(struct db_rows *rows, struct event *event, struct err *err)
{
	int more = db_next(rows, err);

	if (more <= 0)
		return more;
	event_done(event);
	*event = (struct event){
		.seq = db_i64(rows, 0),
		.at = db_i64(rows, 1),
		.step = db_strdup(rows, 2),
		.kind = db_strdup(rows, 3),
		.class = db_strdup(rows, 4),
		.detail = db_strdup(rows, 5),
	};
	return 1;
}

const struct db_query *const events_queries[] = { &q_add, &q_list, NULL };
