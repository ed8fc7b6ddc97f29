#include "fcgi/refusals.h"

#include <stdio.h>
#include <string.h>

#include "fcgi/trail.h"
#include "shared/log.h"

#define MINUTE_MS 60000
#define WRITE_EVERY_MS 1000

/* The row to count in; if there is no room, the one of nobody's token. */
static struct audit_refusal *row_of(struct refusals *refusals,
				    const char *token_id, int64_t minute)
{
	for (size_t i = 0; i < refusals->n; i++)
		if (refusals->list[i].minute == minute &&
		    strcmp(refusals->list[i].token_id, token_id) == 0)
			return &refusals->list[i];
	if (refusals->n == REFUSALS_MAX)
		return &refusals->list[0];
	refusals->list[refusals->n] = (struct audit_refusal){
		.minute = minute,
	};
	return &refusals->list[refusals->n++];
}

void refusals_note(const struct worker *worker, const struct route *route,
		   const struct token *token, const char *request_id,
		   int64_t now)
{
	struct audit_refusal *row;

	if (!worker->refusals)
		return;
	row = row_of(worker->refusals, token->token_id,
		     now - now % MINUTE_MS);
	snprintf(row->token_id, sizeof(row->token_id), "%s",
		 token->token_id);
	snprintf(row->request_id, sizeof(row->request_id), "%s", request_id);
	trail_action(route, row->action);
	row->status = *token->token_id ? 403 : 401;
	row->count++;
	refusals_flush(worker, now, false);
}

static int write_all(struct db *db, const struct refusals *refusals,
		     struct err *err)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };

	if (db_tx_begin(&tx, db, err))
		return -1;
	for (size_t i = 0; i < refusals->n; i++)
		if (audit_refused(db, &refusals->list[i], err))
			return -1;
	return db_tx_commit(&tx, err);
}

void refusals_flush(const struct worker *worker, int64_t now, bool always)
{
	struct refusals *refusals = worker->refusals;
	struct err err;

	if (!refusals || refusals->n == 0 ||
	    (!always && now >= refusals->written_at &&
	     now - refusals->written_at < WRITE_EVERY_MS))
		return;
	refusals->written_at = now;
	if (write_all(worker->db, refusals, &err))
		log_warn("refusals.lost", "msg=%s", err.msg);
	else
		refusals->n = 0;
}
