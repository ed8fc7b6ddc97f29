/* api_items: one item with what belongs to it, and proofs. */
#include "fcgi/api.h"
#include "fcgi/view.h"
#include "shared/resources.h"

#define PROOFS_MAX 50		/* shown with an item */
#define CHANGES_MAX 20		/* the same */

/* Leaves the item open. */
static int begin_item(const struct request *req, const struct item *item,
		      const struct run *run, struct jout *out,
		      struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(proof_done) struct proof newest = { 0 };

	if (proofs_list(&rows, req->db, item->item_id, 1, err) ||
	    proofs_next(&rows, &newest, err) < 0)
		return -1;
	item_begin(out, NULL, item, &(struct item_view){
		   .run = run, .proof = &newest, .now = req->now });
	return 0;
}

static int write_events(const struct request *req, const char *item_id,
			struct jout *out, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(event_done) struct event event = { 0 };
	int more;

	if (events_list(&rows, req->db, item_id, -1, EVENTS_MAX, err))
		return -1;
	jout_array(out, "events");
	while ((more = events_next(&rows, &event, err)) > 0)
		event_write(out, NULL, &event);
	jout_array_end(out);
	return more;
}

static int write_proofs(const struct request *req, const char *item_id,
			struct jout *out, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(proof_done) struct proof proof = { 0 };
	int more;

	if (proofs_list(&rows, req->db, item_id, PROOFS_MAX, err))
		return -1;
	jout_array(out, "proofs");
	while ((more = proofs_next(&rows, &proof, err)) > 0)
		proof_write(out, NULL, &proof);
	jout_array_end(out);
	return more;
}

/* The money behind the key; a key too short for a fingerprint has none. */
static int write_balance(const struct request *req, const struct item *item,
			 struct jout *out, struct err *err)
{
	CLEANUP(balance_done) struct balance balance = { 0 };

	if (item->api_key_fingerprint &&
	    balances_get(req->db, item->endpoint_key,
			 item->api_key_fingerprint, &balance, err))
		return -1;
	balance_write(out, "balance", &balance);
	return 0;
}

/* What operators changed of its account, whoever of its users they asked by. */
static int write_changes(const struct request *req, const struct item *item,
			 const struct run *run, struct jout *out,
			 struct err *err)
{
	CLEANUP(resource_done) struct resource account = { 0 };
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(change_done) struct change change = { 0 };
	int more = 0;

	jout_array(out, "changes");
	if (item->account_id &&
	    resources_of_host_id(req->db, run->host_id, RESOURCE_ACCOUNT,
				 item->account_id, &account, err) &&
	    err->kind != ERR_NOT_FOUND)
		return -1;
	if (account.resource_id &&
	    changes_list(&rows, req->db, account.resource_id, CHANGES_MAX,
			 err))
		return -1;
	while (account.resource_id &&
	       (more = changes_next(&rows, &change, err)) > 0)
		change_write(out, NULL, &change);
	jout_array_end(out);
	return more;
}

int api_item_show(const struct request *req, struct reply *reply,
		  struct err *err)
{
	CLEANUP(item_done) struct item item = { 0 };
	CLEANUP(run_done) struct run run = { 0 };
	struct jout *out = &reply->out;

	if (items_get(req->db, req->ids[0], req->ids[1], &item, err) ||
	    runs_get(req->db, req->ids[0], &run, err))
		return -1;
	reply->status = 200;
	if (begin_item(req, &item, &run, out, err) ||
	    write_balance(req, &item, out, err) ||
	    write_changes(req, &item, &run, out, err) ||
	    write_events(req, item.item_id, out, err) ||
	    write_proofs(req, item.item_id, out, err))
		return -1;
	item_end(out);
	return 0;
}

static int proof_show(const struct request *req, struct reply *reply,
		      struct err *err)
{
	CLEANUP(proof_done) struct proof proof = { 0 };

	if (proofs_get(req->db, req->ids[0], &proof, err))
		return -1;
	reply->status = 200;
	proof_write(&reply->out, NULL, &proof);
	return 0;
}

const struct route api_items_routes[] = {
	{ HTTP_GET, "/api/batch-import/runs/{run_id}/items/{item_id}",
	  SCOPE_READ, .handle = api_item_show },
	{ HTTP_GET, "/api/proofs/{proof_id}", SCOPE_READ,
	  .handle = proof_show },
	{ 0 }
};
