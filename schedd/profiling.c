#include "schedd/profiling.h"

#include <string.h>

#include "shared/profiles.h"
#include "shared/tasks.h"

#define HOUR_MS INT64_C(3600000)
#define BATCH_MAX 32		/* begun in one transaction */
#define BEHIND_MS 1000		/* a task that waits so long for a worker */

static bool is_fresh(const struct profile_row *row, enum profile_level level,
		     const struct settings *settings, int64_t now)
{
	return row->profile && row->level >= level && row->taken_at > 0 &&
	       row->taken_at <= now &&
	       now - row->taken_at < settings->capability_hours * HOUR_MS;
}

static int take_over(const struct store *store, const struct import *im,
		     const struct profile_row *row, int64_t now,
		     struct err *err)
{
	CLEANUP(event_done) struct event event = { .at = now };
	struct jout out = { .text.max = 256 };

	jout_object(&out, NULL);
	jout_str(&out, "level", profile_level_name(row->level));
	jout_time(&out, "at", row->taken_at);
	jout_object_end(&out);
	event.step = xstrdup(PROFILE_FIRST_STEP);
	event.kind = xstrdup(PROFILE_KEPT);
	event.detail = buf_take(&out.text);
	if (events_add(store->db, im->item.item_id, &event, err))
		return -1;
	return items_profile(store->db, im->item.item_id, row->profile, err);
}

int profiling_after_import(const struct store *store, const struct import *im,
			   int64_t now, struct err *err)
{
	CLEANUP(profile_row_done) struct profile_row row = { 0 };
	const struct item *item = &im->item;
	struct profile_wish wish = {
		.endpoint_key = item->endpoint_key,
		.key_name = item->api_key_fingerprint
			? item->api_key_fingerprint : item->api_key_secret_id,
		.item_id = item->item_id,
		.host_id = im->host.host_id,
	};
	char profile_id[ID_MAX];

	if (!profile_level_parse(store->settings->capabilities, &wish.level) ||
	    wish.level == PROFILE_OFF)
		return 0;
	if (profiles_find(store->db, wish.endpoint_key, wish.key_name, &row,
			  err))
		return -1;
	if (is_fresh(&row, wish.level, store->settings, now))
		return take_over(store, im, &row, now, err);
	return profiles_want(store->db, &wish, now,
			     store->random(store->random_arg), profile_id,
			     err);
}

static int read_wanted(const struct store *store, int64_t limit,
		       char ids[BATCH_MAX][ID_MAX], size_t *ret_count,
		       struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(profile_row_done) struct profile_row row = { 0 };
	size_t n = 0;
	int more;

	if (profiles_wanted(&rows, store->db, limit, err))
		return -1;
	while ((more = profiles_next(&rows, &row, err)) > 0)
		snprintf(ids[n++], ID_MAX, "%s", row.profile_id);
	*ret_count = n;
	return more;
}

/* Is there more to do than is being done?  Then imports go first. */
static int is_behind(const struct store *store, int64_t now, bool *ret,
		     struct err *err)
{
	int64_t due;

	if (tasks_next_due(store->db, &due, err))
		return -1;
	*ret = due < now - BEHIND_MS;
	return 0;
}

int profiling_turn(const struct store *store, int64_t now, struct err *err)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	char ids[BATCH_MAX][ID_MAX];
	int64_t running, room;
	bool waiting, behind;
	size_t n = 0;

	if (profiles_is_waiting(store->db, &waiting, err))
		return -1;
	if (!waiting)
		return 0;
	if (is_behind(store, now, &behind, err))
		return -1;
	if (behind)
		return 0;
	if (db_tx_begin(&tx, store->db, err) ||
	    profiles_running(store->db, &running, err))
		return -1;
	room = store->settings->capability_at_once - running;
	if (room <= 0)
		return 0;
	if (read_wanted(store, room < BATCH_MAX ? room : BATCH_MAX, ids, &n,
			err))
		return -1;
	for (size_t i = 0; i < n; i++)
		if (profiles_start(store->db, ids[i], now,
				   store->random(store->random_arg), err))
			return -1;
	return db_tx_commit(&tx, err);
}
