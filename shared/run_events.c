#include "shared/run_events.h"

void run_event_done(struct run_event *event)
{
	event_done(&event->event);
	free(event->item_id);
	free(event->label);
	free(event->provider_id);
	free(event->model);
	free(event->failure_class);
	*event = (struct run_event){ 0 };
}

static const struct db_query q_list = { "run_events.list",
	"SELECT r.seq, e.seq, e.at, e.step, e.kind, e.class, e.detail,"
	" i.item_id, i.seq, i.label, i.provider_id, i.current_stage,"
	" i.access_status, i.resolved_smoke_model, i.failure_class"
	" FROM run_events r"
	" JOIN import_run_item_events e"
	"  ON e.item_id = r.item_id AND e.seq = r.item_seq"
	" JOIN import_run_items i ON i.item_id = r.item_id"
	" WHERE r.run_id = $1 AND r.seq > $2 ORDER BY r.seq LIMIT $3" };

int run_events_list(struct db_rows *rows, struct db *db, const char *run_id,
		    int64_t after, int64_t limit, struct err *err)
{
	return db_query(rows, db, &q_list, DB_ARGS(DB_TEXT(run_id),
			DB_I64(after), DB_I64(limit)), err);
}

int run_events_next(struct db_rows *rows, struct run_event *event,
		    struct err *err)
{
	int more = db_next(rows, err);

	if (more <= 0)
		return more;
	run_event_done(event);
	if (!item_stage_parse(db_text(rows, 11), &event->stage) ||
	    !access_status_parse(db_text(rows, 12), &event->access))
		return err_set(err, ERR_INTERNAL, "item %s: unknown state",
			       db_must(rows, 7));
	event->seq = db_i64(rows, 0);
	event->event = (struct event){
		.seq = db_i64(rows, 1),
		.at = db_i64(rows, 2),
		.step = db_strdup(rows, 3),
		.kind = db_strdup(rows, 4),
		.class = db_strdup(rows, 5),
		.detail = db_strdup(rows, 6),
	};
	event->item_id = db_strdup(rows, 7);
	event->row = db_i64(rows, 8);
	event->label = db_strdup(rows, 9);
	event->provider_id = db_strdup(rows, 10);
	event->model = db_strdup(rows, 13);
	event->failure_class = db_strdup(rows, 14);
	return 1;
}

static const struct db_query q_last = { "run_events.last",
	"SELECT coalesce(max(seq), 0) FROM run_events WHERE run_id = $1" };

int run_events_last(struct db *db, const char *run_id, int64_t *ret,
		    struct err *err)
{
	return db_number(db, &q_last, DB_ARGS(DB_TEXT(run_id)), ret, err);
}

const struct db_query *const run_events_queries[] = {
	&q_list, &q_last, NULL
};
