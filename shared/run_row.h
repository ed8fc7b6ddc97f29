/*
 * run_row: a row of import_runs as queries name its columns and as it is read:
 * for runs.c and run_list.c.
 */
#ifndef SHARED_RUN_ROW_H
#define SHARED_RUN_ROW_H

#include "shared/runs.h"

/* What run_read() reads, in its order, of the table as `r`. */
#define RUN_COLUMNS \
	"r.run_id, r.host_id, r.origin, r.pack_id, r.pack_version," \
	" r.access_mode, r.subscription_users, r.subscription_days, r.state," \
	" r.items_total, r.items_done, r.items_active, r.items_broken," \
	" r.items_cancelled, r.items_warned, r.created_by, r.created_at," \
	" r.updated_at, r.finished_at, r.given_key_source," \
	" r.given_key_secret_id," \
	" (SELECT s.fingerprint FROM secrets s" \
	"  WHERE s.secret_id = r.given_key_secret_id), r.rebind," \
	" r.items_rejected, r.rejected, r.canary_items," \
	" r.canary_stop_after, r.canary_state, r.canary_class," \
	" r.pack_provider_id, r.endpoint_key, r.wave_id, r.wave_place"
#define RUN_COLUMNS_COUNT 33

int run_read(const struct db_rows *rows, struct run *ret, struct err *err)
	MUST_CHECK;

#endif
