#include "schedd/watch.h"

#include "shared/accesses.h"
#include "shared/account_use.h"
#include "shared/checks.h"
#include "shared/endpoint.h"
#include "shared/hosts.h"
#include "shared/lookup.h"
#include "shared/pauses.h"

#define HOUR_MS		3600000
#define PROBE_AGAIN_MS	900000
#define BATCH_MAX	32	/* tasks in one transaction */
#define HOSTS_MAX	8
#define PUT_OFF_MS	60000	/* a check put off for longer is not under way */
#define BUSY_MS		1000	/* when as many run as may */
#define DOUBLINGS_MAX	6	/* of the pause after failures */

/* Up to a tenth sooner or later: what began together drifts apart. */
static int64_t spread(int64_t pause_ms, uint64_t random)
{
	int64_t tenth = pause_ms / 10;

	return tenth ? pause_ms - tenth +
		       (int64_t)(random % (uint64_t)(2 * tenth + 1))
		     : pause_ms;
}

int64_t watch_next(const struct settings *settings, int64_t now,
		   uint64_t random)
{
	if (settings->watch_every_s == 0)
		return 0;
	return now + spread(settings->watch_every_s * 1000, random);
}

int64_t watch_recheck(const struct settings *settings, int64_t failures,
		      int64_t now, uint64_t random)
{
	int64_t pause = settings->watch_recheck_s * 1000;
	int64_t most = settings->watch_every_s * 1000;

	if (settings->watch_every_s == 0)
		return 0;
	/* Until the quorum is full at a steady pace, then less and less. */
	for (int64_t i = settings->watch_quorum; i < failures &&
	     i < settings->watch_quorum + DOUBLINGS_MAX; i++)
		pause *= 2;
	return now + spread(pause < most ? pause : most, random);
}

int watch_begin(struct db *db, const struct settings *settings, int64_t now,
		struct err *err)
{
	if (settings->watch_every_s == 0)
		return 0;
	return accesses_plan_forgotten(db, now, now, err);
}

struct due {
	char access_id[ID_MAX];
	char host_id[ID_MAX];
	char endpoint_key[ENDPOINT_KEY_MAX];
	char plan[LOOKUP_PLAN_MAX];
	enum access_mode mode;
};

static int read_due(const struct store *store, int64_t now, int64_t limit,
		    struct due due[], size_t *ret_count, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(access_done) struct access access = { 0 };
	size_t n = 0;
	int more;

	if (accesses_due(&rows, store->db, now, limit, err))
		return -1;
	while ((more = accesses_next(&rows, &access, err)) > 0) {
		snprintf(due[n].access_id, ID_MAX, "%s", access.access_id);
		snprintf(due[n].host_id, ID_MAX, "%s", access.host_id);
		snprintf(due[n].endpoint_key, ENDPOINT_KEY_MAX, "%s",
			 access.endpoint_key);
		snprintf(due[n].plan, LOOKUP_PLAN_MAX, "%s", access.plan);
		due[n++].mode = access.mode;
	}
	*ret_count = n;
	return more;
}

/*
 * What belongs to somebody who is paused, or rests on accounts that are, is
 * planned when that ends: nobody looks at it before.
 */
static int add_check(const struct store *store, const struct due *due,
		     int64_t now, struct err *err)
{
	const struct check_spec spec = {
		.access_id = due->access_id,
		.host_id = due->host_id,
		.requested_by = CHECK_BY_WATCH,
		.not_before = now,
	};
	const struct account_place place = { due->host_id, due->endpoint_key,
					     due->plan, due->mode };
	char check_id[ID_MAX];
	enum hold held;
	bool paused;

	if (pauses_find(store->db, due->host_id, due->endpoint_key, &held,
			err) ||
	    account_use_paused(store->db, &place, &paused, err))
		return -1;
	paused = paused || held != HOLD_NONE;
	if (!paused && checks_add(store->db, &spec, now,
				  store->random(store->random_arg), check_id,
				  err))
		return -1;
	return accesses_planned(store->db, due->access_id, 0, now, err);
}

static int add_checks(const struct store *store, int64_t now, struct err *err)
{
	struct due due[BATCH_MAX];
	int64_t running, room;
	size_t n = 0;

	if (checks_running(store->db, now + PUT_OFF_MS, &running, err))
		return -1;
	room = store->settings->watch_at_once - running;
	if (room <= 0)
		return 0;
	if (read_due(store, now, room < BATCH_MAX ? room : BATCH_MAX, due, &n,
		     err))
		return -1;
	for (size_t i = 0; i < n; i++)
		if (add_check(store, &due[i], now, err))
			return -1;
	return 0;
}

static int probe(const struct store *store, const char *host_id, int64_t now,
		 struct err *err)
{
	const struct task_spec spec = {
		.flow = "host_probe",
		.subject_id = host_id,
		.host_id = host_id,
		.step = "probe.public",
		.not_before = now,
	};
	char task_id[ID_MAX];

	if (tasks_of_subject(store->db, host_id, task_id, err))
		return -1;
	if (task_id[0] != '\0')
		return 0;
	return tasks_add(store->db, &spec, now,
			 store->random(store->random_arg), task_id, err);
}

static int add_probes(const struct store *store, int64_t now, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(host_done) struct host host = { 0 };
	char ids[HOSTS_MAX][ID_MAX];
	size_t n = 0;
	int more;

	if (store->settings->watch_host_hours == 0)
		return 0;
	if (hosts_unprobed(&rows, store->db,
			   now - store->settings->watch_host_hours * HOUR_MS,
			   HOSTS_MAX, err))
		return -1;
	while ((more = hosts_next(&rows, &host, err)) > 0)
		snprintf(ids[n++], ID_MAX, "%s", host.host_id);
	for (size_t i = 0; i < n && more == 0; i++)
		more = probe(store, ids[i], now, err);
	return more;
}

int watch_probe(const struct store *store, const char *host_id,
		int64_t probed_at, int64_t now, struct err *err)
{
	if (store->settings->watch_host_hours == 0 ||
	    probed_at > now - PROBE_AGAIN_MS)
		return 0;
	return probe(store, host_id, now, err);
}

int watch_turn(const struct store *store, int64_t now, struct err *err)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	int64_t due;

	if (watch_next_due(store, now, &due, err))
		return -1;
	if (due > now)
		return 0;
	if (db_tx_begin(&tx, store->db, err) || add_checks(store, now, err) ||
	    add_probes(store, now, err))
		return -1;
	return db_tx_commit(&tx, err);
}

int watch_next_due(const struct store *store, int64_t now, int64_t *ret,
		   struct err *err)
{
	int64_t running, probed;

	*ret = INT64_MAX;
	if (store->settings->watch_every_s == 0)
		return 0;
	if (hosts_oldest_probe(store->db, &probed, err) ||
	    accesses_next_due(store->db, ret, err) ||
	    checks_running(store->db, now + PUT_OFF_MS, &running, err))
		return -1;
	if (*ret <= now && running >= store->settings->watch_at_once)
		*ret = now + BUSY_MS;
	if (store->settings->watch_host_hours == 0 || probed == INT64_MAX)
		return 0;
	probed += store->settings->watch_host_hours * HOUR_MS;
	if (probed < *ret)
		*ret = probed;
	return 0;
}
