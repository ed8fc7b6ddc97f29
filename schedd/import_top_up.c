/*
 * Money of our own users of self service: how much is left, as a check asks
 * the host, and topping up within the host's budget.
 *
 * The step before "access.top_up" wants one (import_want_top_up()); it is
 * allowed or not in that step's own transaction, which writes the ledger
 * (shared/top_ups.h), and the memo says how much.  What was not allowed is not
 * asked for, and a notice says that the budget is used up.
 */
#include <inttypes.h>
#include <stdio.h>

#include "schedd/check.h"
#include "schedd/host/gateway.h"
#include "schedd/host/owner.h"
#include "schedd/host/user.h"
#include "schedd/import_steps.h"
#include "shared/notices.h"
#include "shared/top_ups.h"

#define SOON_DAYS 7		/* a budget that is gone by then is news */

bool import_has_purse(const struct import *im)
{
	return im->run.access_mode == ACCESS_SELF_SERVICE &&
	       !import_is_given(im) && !im->memo.proving;
}

bool import_want_top_up(struct import *im)
{
	if (!import_has_purse(im) || im->memo.topped_up ||
	    im->settings->top_up_amount == 0)
		return false;
	im->memo.topped_up = true;
	im->wants_top_up = true;
	return true;
}

bool ask_top_up(const void *subject, struct request *request)
{
	const struct import *im = subject;

	if (im->memo.top_up == 0)
		return false;
	host_ask_user_balance(request, &im->peer, import_id(im, IMPORT_USER),
			      im->memo.top_up,
			      im->resources[IMPORT_USER].mark);
	return true;
}

static void note_top_up(struct import *im)
{
	CLEANUP(jout_done) struct jout out = { .text.max = 512 };

	jout_object(&out, NULL);
	jout_str(&out, "repair", "top_up");
	jout_str(&out, "resource", "user");
	jout_str(&out, "id", im->resources[IMPORT_USER].host_resource_id);
	jout_str(&out, "selector", import_selector(im));
	jout_i64(&out, "balance", im->memo.top_up);
	jout_object_end(&out);
	import_note(im, im->checking ? "repaired" : "top_up",
		    buf_str(&out.text));
}

/* A proof that was good is not made again for a purse that was nearly empty. */
static struct verdict go_back(const struct import *im)
{
	return go_to(im->memo.purse_low ? "check.money" : "validate.models");
}

struct verdict got_top_up(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	enum failure why;

	if (!answer) {		/* the gateway says again what that means */
		if (!im->memo.purse_low)
			import_blame(im, "the user's balance is used up, and "
				     "so is the budget for top-ups of this "
				     "host");
		return go_back(im);
	}
	why = host_judge(answer);
	import_saw(im, answer);
	if (why == FAILURE_NONE) {
		im->top_up_ended = TOP_UP_DONE;
		note_top_up(im);
		return go_back(im);
	}
	if (answer->status >= 400 && answer->status < 500)
		im->top_up_ended = TOP_UP_FAILED;
	if (im->memo.purse_low)
		return go_back(im);
	return import_host_failed(im, answer, why);
}

bool ask_check_balance(const void *subject, struct request *request)
{
	const struct import *im = subject;

	if (!import_has_purse(im))
		return false;
	host_ask_purse(request, &im->peer, im->item.item_id);
	return true;
}

struct verdict got_check_balance(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	int64_t amount = im->settings->top_up_amount;

	if (!answer)
		return go_to("check.money");
	if (!host_judge_purse(answer, &im->purse))
		return go_to("check.money");
	im->purse_seen = true;
	if (amount == 0)
		amount = HOST_SELF_BALANCE;
	im->purse_is_low = im->purse * 5 < (double)amount;
	if (!im->purse_is_low)
		return go_to("check.money");
	im->memo.purse_low = true;
	return go_to(import_want_top_up(im) ? "access.top_up"
					    : "check.money");
}

/* Raise a notice of the host's, or end it where there is no detail. */
static int tell(const struct store *store, const struct import *im,
		enum notice_kind kind, const char *subject,
		const char *detail, struct err *err)
{
	const struct notice_spec spec = {
		.kind = kind, .subject = subject,
		.host_id = im->host.host_id, .detail = detail,
	};

	if (!detail)
		return notices_end(store->db, kind, subject, im->now, err);
	return notices_raise(store->db, &spec, im->now,
			     store->random(store->random_arg), err);
}

static int tell_of_budget(const struct store *store, const struct import *im,
			  const struct top_up_budget *budget, bool allowed,
			  struct err *err)
{
	CLEANUP(jout_done) struct jout out = { .text.max = 512 };
	const char *host_id = im->host.host_id;
	struct top_up_state state;
	bool low;

	if (top_ups_state(store->db, host_id, budget, im->now, &state, err))
		return -1;
	low = allowed && state.days_left >= 0 &&
	      state.days_left < SOON_DAYS;
	jout_object(&out, NULL);
	jout_str(&out, "selector", import_selector(im));
	jout_i64(&out, "day", state.day);
	jout_i64(&out, "month", state.month);
	jout_i64(&out, "left", state.left);
	jout_i64(&out, "days", state.days_left);
	jout_object_end(&out);
	if (tell(store, im, NOTICE_TOP_UPS_SPENT, host_id,
		 allowed ? NULL : buf_str(&out.text), err))
		return -1;
	return tell(store, im, NOTICE_TOP_UPS_LOW, host_id,
		    low ? buf_str(&out.text) : NULL, err);
}

static int allow(const struct store *store, struct import *im,
		 struct err *err)
{
	const struct top_up_budget budget = {
		.amount = store->settings->top_up_amount,
		.per_day = store->settings->top_up_per_day,
		.per_month = store->settings->top_up_per_month,
	};
	const struct top_up_spec spec = {
		.host_id = im->host.host_id,
		.resource_id = im->resources[IMPORT_USER].resource_id,
		.selector = import_selector(im),
		.task_id = im->task_id,
	};
	bool allowed;

	if (top_ups_allow(store->db, &spec, &budget, im->now,
			  store->random(store->random_arg), &allowed, err))
		return -1;
	im->memo.top_up = allowed ? budget.amount : 0;
	return tell_of_budget(store, im, &budget, allowed, err);
}

/* Who runs dry, and is not topped up, is somebody's to see to. */
static int tell_of_purse(const struct store *store, const struct import *im,
			 struct err *err)
{
	CLEANUP(jout_done) struct jout out = { .text.max = 512 };
	const char *user = im->resources[IMPORT_USER].resource_id;
	bool poor = im->purse_is_low && im->memo.top_up == 0;
	char left[32];

	if (!user)
		return 0;
	snprintf(left, sizeof(left), "%.2f", im->purse);
	jout_object(&out, NULL);
	jout_str(&out, "selector", import_selector(im));
	jout_str(&out, "balance", left);
	jout_object_end(&out);
	return tell(store, im, NOTICE_USER_BALANCE_LOW, user,
		    poor ? buf_str(&out.text) : NULL, err);
}

int import_save_top_up(const struct store *store, struct import *im,
		       struct err *err)
{
	if (im->wants_top_up && allow(store, im, err))
		return -1;
	if (im->top_up_ended != TOP_UP_OPEN &&
	    top_ups_settle(store->db, im->task_id,
			   im->top_up_ended == TOP_UP_DONE, err))
		return -1;
	return im->purse_seen ? tell_of_purse(store, im, err) : 0;
}
