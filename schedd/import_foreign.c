/*
 * Accounts of others with the same base URL: looked for by one task, shown on
 * every item, never taken by themselves.
 *
 * It costs a read of all accounts of the host, so it is done once for an
 * endpoint, and what was found holds for some minutes (shared/foreign.h).  A
 * list that fails, or moves while it is read, leaves "unknown"; no import
 * fails of it.  0.1.126 shows keys in clear: the engine makes fingerprints of
 * them before they get here.
 */
#include "schedd/host/account_view.h"
#include "schedd/host/base_url.h"
#include "schedd/import_steps.h"
#include "schedd/redact.h"

#include <string.h>

#define LOOKS_MAX 3		/* of a list that moves */
#define PAGES_MAX 100		/* of HOST_LIST_PAGE accounts */
#define NAME_MAX_SHOWN 100
#define URL_MAX_SHOWN 200

bool import_wants_look(const struct import *im)
{
	return !im->memo.looked && im->item.chat_url &&
	       foreign_wants_look(&im->foreign, im->now);
}

/* Whose the look is, the transaction of this step decides. */
struct verdict got_claim_look(void *subject, const struct answer *answer)
{
	struct import *im = subject;

	(void)answer;
	im->memo.looked = true;
	im->memo.page = im->memo.look_seen = im->memo.look_total = 0;
	im->foreign_claim = true;
	return go_on();
}

static bool is_looker(const struct import *im)
{
	return im->foreign.looker &&
	       strcmp(im->foreign.looker, im->task_id) == 0;
}

bool ask_look(const void *subject, struct request *request)
{
	const struct import *im = subject;

	if (!is_looker(im))
		return false;
	host_ask_api_accounts(request, &im->peer, im->memo.page + 1);
	return true;
}

/* Somebody else's, for the same chats? */
static bool is_alike(const struct import *im, const struct host_account *it)
{
	AUTO_FREE char *url = it->base_url
		? host_chat_url_from(&im->features, it->base_url) : NULL;
	const char *platform = host_member_text(it->live, "platform");
	const char *type = host_member_text(it->live, "type");

	return url && !it->mark && platform && type &&
	       strcmp(platform, "openai") == 0 && strcmp(type, "apikey") == 0 &&
	       strcmp(url, im->item.chat_url) == 0;
}

static void keep(struct import *im, const struct host_account *it)
{
	json_t *seen = json_loads(im->foreign.seen ? im->foreign.seen : "[]",
				  0, NULL);
	AUTO_FREE char *name = redact_text(it->name, NAME_MAX_SHOWN);
	AUTO_FREE char *url = redact_text(it->base_url, URL_MAX_SHOWN);

	if (json_array_size(seen) < FOREIGN_MAX) {
		json_array_append_new(seen, json_pack("{sI ss ss ss ss*}",
			"id", (json_int_t)it->id, "name", name, "status",
			it->status, "base_url", url, "key", it->key));
		free(im->foreign.seen);
		im->foreign.seen = json_dumps(seen, JSON_COMPACT);
	}
	json_decref(seen);
}

static struct verdict look_ended(struct import *im, bool well)
{
	own_set(&im->foreign.looker, NULL);
	if (well)
		own_set(&im->foreign.accounts, im->foreign.seen
			? im->foreign.seen : "[]");
	else
		own_set(&im->foreign.accounts, NULL);
	own_set(&im->foreign.seen, NULL);
	im->foreign.looked_at = im->now;
	im->foreign_changed = true;
	im->memo.page = 0;
	return go_to("provision.parking");
}

/* It got longer or shorter under our eyes: what was read is worth nothing. */
static struct verdict look_anew(struct import *im)
{
	if (++im->memo.looks >= LOOKS_MAX)
		return look_ended(im, false);
	own_set(&im->foreign.seen, NULL);
	im->foreign_changed = true;
	im->memo.page = im->memo.look_seen = im->memo.look_total = 0;
	return poll_after(0, FAILURE_NONE);
}

static void keep_page(struct import *im, const struct host_page *page)
{
	const json_t *account;
	size_t i;

	json_array_foreach(page->items, i, account) {
		struct host_account it = host_account_read(account, im->inst,
							   im->now);

		if (is_alike(im, &it))
			keep(im, &it);
	}
	im->memo.look_seen += (int64_t)json_array_size(page->items);
}

struct verdict got_look(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	struct host_page page = { 0 };
	enum failure why;

	if (!answer)	/* somebody else looks */
		return go_to("provision.parking");
	why = host_judge_page(answer, &page);
	import_saw(im, answer);
	if (why != FAILURE_NONE)
		return failure_facts(why)->passes && im->attempt == 0
			? retry(why, host_retry_after_ms(answer))
			: look_ended(im, false);
	/* New ones come at the end; one that went moves those behind it. */
	if (page.total < im->memo.look_total)
		return look_anew(im);
	im->memo.look_total = page.total;
	im->foreign_changed = true;
	keep_page(im, &page);
	if (host_page_is_last(&page))
		return im->memo.look_seen == page.total
			? look_ended(im, true) : look_anew(im);
	if (++im->memo.page >= PAGES_MAX)
		return look_ended(im, false);
	return poll_after(0, FAILURE_NONE);
}

int import_save_foreign(const struct store *store, const struct import *im,
			int64_t now, struct err *err)
{
	if (im->foreign_claim &&
	    foreign_claim(store->db, im->host.host_id, im->item.endpoint_key,
			  im->task_id, now, err))
		return -1;
	if (!im->foreign_changed)
		return 0;
	return foreign_save(store->db, im->host.host_id,
			    im->item.endpoint_key, im->task_id, &im->foreign,
			    now, err);
}

static const char *same_key(const struct import *im, const json_t *account)
{
	const char *key = host_member_text(account, "key");

	if (!key || !im->item.api_key_fingerprint)
		return "unknown";
	return strcmp(key, im->item.api_key_fingerprint) == 0 ? "yes" : "no";
}

/* 1: nobody of us has it; 0: it is ours by now. */
static int is_still_foreign(const struct store *store,
			    const struct import *im, const char *id,
			    struct err *err)
{
	CLEANUP(resource_done) struct resource row = { 0 };

	if (resources_of_host_id(store->db, im->host.host_id,
				 RESOURCE_ACCOUNT, id, &row, err) == 0)
		return 0;
	return err->kind == ERR_NOT_FOUND ? 1 : -1;
}

static int show(const struct store *store, const struct import *im,
		const json_t *account, json_t *shown, struct err *err)
{
	AUTO_FREE char *id = xasprintf("%lld", (long long)
				       host_object_id(account));
	int foreign = is_still_foreign(store, im, id, err);

	if (foreign <= 0)
		return foreign;
	json_array_append_new(shown, json_pack("{ss sO sO sO ss}", "id", id,
		"name", json_object_get(account, "name"),
		"status", json_object_get(account, "status"),
		"base_url", json_object_get(account, "base_url"),
		"same_key", same_key(im, account)));
	return 0;
}

/* What is known at the item's end; it may have been found by another. */
int import_show_foreign(const struct store *store, struct import *im,
			struct err *err)
{
	json_auto_t *found = im->foreign.accounts
		? json_loads(im->foreign.accounts, 0, NULL) : NULL;
	json_auto_t *shown = json_array();
	const json_t *account;
	size_t i;

	if (!found)
		return 0;
	json_array_foreach(found, i, account)
		if (show(store, im, account, shown, err))
			return -1;
	free(im->item.foreign_accounts);
	im->item.foreign_accounts = json_dumps(shown, JSON_COMPACT);
	if (json_array_size(shown) > 0)
		item_warn(&im->item, "foreign_account", "the host has accounts"
			  " of others with this base URL; they are left alone");
	return 0;
}
