#include "schedd/reconciling.h"

#include "shared/reconciles.h"

#define MINUTE_MS 60000
#define AT_ONCE 4		/* begun in one turn */

/* Up to a tenth sooner or later: hosts that began together drift apart. */
static int64_t next_at(const struct store *store, int64_t now)
{
	int64_t pause = store->settings->reconcile_every_min * MINUTE_MS;
	uint64_t random = store->random(store->random_arg);

	return now + pause - pause / 10 +
	       (int64_t)(random % (uint64_t)(pause / 5 + 1));
}

/* A new host waits for some part of the pause. */
static int64_t first_at(const struct store *store, int64_t now)
{
	int64_t pause = store->settings->reconcile_every_min * MINUTE_MS;
	uint64_t random = store->random(store->random_arg);

	return now + 1 + (int64_t)(random % (uint64_t)pause);
}

static int begin(const struct store *store, const char *host_id, bool planned,
		 int64_t now, struct err *err)
{
	const struct reconcile_spec spec = {
		.host_id = host_id, .scope = RECONCILE_HOST, .repair = true,
		.requested_by = RECONCILE_BY_WATCH,
	};
	char id[ID_MAX];

	if (!planned)
		return reconciles_plan(store->db, host_id,
				       first_at(store, now), err);
	/* One that runs and only looks has the turn of this one. */
	if (reconciles_add(store->db, &spec, now,
			   store->random(store->random_arg), id, err) &&
	    err->kind != ERR_CONFLICT)
		return -1;
	return reconciles_plan(store->db, host_id, next_at(store, now), err);
}

static int turn(const struct store *store, int64_t now, struct err *err)
{
	char host_id[ID_MAX];
	bool planned;

	for (int i = 0; i < AT_ONCE; i++) {
		if (reconciles_due(store->db, now, host_id, &planned, err))
			return -1;
		if (!*host_id)
			break;
		if (begin(store, host_id, planned, now, err))
			return -1;
	}
	return 0;
}

int reconciling_turn(const struct store *store, int64_t now, struct err *err)
{
	int64_t pause = store->settings->reconcile_every_min * MINUTE_MS;
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	int64_t due;

	if (pause == 0)
		return 0;
	/* Asked in between, without a transaction: mostly nothing is. */
	if (reconciles_next_due(store->db, &due, err))
		return -1;
	if (due > now)
		return 0;
	if (db_tx_begin(&tx, store->db, err) || turn(store, now, err))
		return -1;
	return db_tx_commit(&tx, err);
}
