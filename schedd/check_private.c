/*
 * The calls that could take an account out for everybody, tried where nobody
 * else is: on a copy of the account, in a group of its own, by the proof
 * user's key.
 *
 * What is made for it (check_clone.c) is taken away again, at the end and when
 * anything goes wrong; the access is not called any worse for that, as its own
 * proof stands.
 */
#include "schedd/check.h"
#include "schedd/host/account.h"
#include "schedd/host/account_view.h"
#include "schedd/import_steps.h"

#define WARM_FIRST_MS	60
#define WARM_POLL_MS	250
#define GAP_MS		1600	/* between bench and recovery, on old hosts */

/* The next one that may only be tried here. */
static int next_unsafe(const struct import *im)
{
	struct host_surface_case the = check_surface_case(im);
	int i = (int)im->memo.surface;

	while (i < HOST_SURFACE__MAX &&
	       host_surface_is_safe((enum host_surface)i, &the))
		i++;
	return i;
}

/*
 * In simple mode no group is private.  A host that ignores the mode wants a
 * place for the copy to wait in: the import has made it.
 */
static bool can_be_alone(const struct import *im)
{
	const struct resource *account = &im->resources[IMPORT_ACCOUNT];

	return !im->simple && account->state == RESOURCE_PRESENT &&
	       account->wanted_json && im->item.api_key_secret_id &&
	       (!import_needs_parking(im) ||
		im->resources[IMPORT_PARKING].state == RESOURCE_PRESENT);
}

struct verdict got_private_begin(void *subject, const struct answer *answer)
{
	struct import *im = subject;

	(void)answer;
	im->memo.surface = 0;
	if (next_unsafe(im) >= HOST_SURFACE__MAX)
		return go_to("surface.end");
	if (!can_be_alone(im)) {
		im->memo.private_state = CHECK_PRIVATE_NOT_HERE;
		return go_to("surface.end");
	}
	if (im->memo.private_state != CHECK_PRIVATE_BEGUN) {
		im->memo.private_state = CHECK_PRIVATE_BEGUN;
		im->memo.doubts = im->memo.page = 0;
		im->memo.suspect = 0;	/* the key is the item's own */
		im->memo.live = true;
		im->memo.proven = false;
	}
	return take_resource(IMPORT_PROOF_GROUP, "private.old_group");
}

/* ---- what is tried ---- */

/* From here on user, login and key are those of the proof. */
struct verdict got_private_user(void *subject, const struct answer *answer)
{
	struct import *im = subject;

	(void)answer;
	im->memo.proving = true;
	return go_to("access.user");
}

/* Nothing dangerous before it is known that groups part accounts here. */
bool ask_private_whoami(const void *subject, struct request *request)
{
	const struct import *im = subject;

	if (im->host.run_mode ||
	    !im->resources[IMPORT_PROOF_TOKEN].secret_id)
		return false;
	host_ask_whoami(request, &im->peer);
	return true;
}

struct verdict got_private_whoami(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	const char *mode = im->host.run_mode;

	if (answer && host_judge(answer) == FAILURE_NONE)
		mode = host_member_text(host_data(answer), "run_mode");
	/* That it is simple is the import's to learn: it names the account. */
	if (!mode || strcmp(mode, "simple") == 0)
		return failed(FAILURE_HOST_UNSUPPORTED);
	if (answer)
		own_set(&im->run_mode, mode);
	return go_on();
}

static void ask_alone(const struct import *im, struct request *request,
		      int surface)
{
	AUTO_FREE char *id = import_request_id(im);
	const struct host_chat chat = {
		.model = import_asked_model(im),
		.nonce = im->memo.nonce,
		.request_id = id,
		.max_tokens = im->memo.bare && surface < 0 ? COMPLETION_BARE : 0,
	};

	if (surface < 0)
		host_ask_chat(request, &im->peer, &chat);
	else
		host_ask_surface(request, &im->peer,
				 (enum host_surface)surface, &chat);
	import_background(im, request);
}

bool ask_private_warm(const void *subject, struct request *request)
{
	ask_alone(subject, request, -1);
	return true;
}

/* What is asked of a copy that is not in service yet would tell nothing. */
struct verdict got_private_warm(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	CLEANUP(completion_done) struct completion completion = { 0 };
	AUTO_FREE char *words = host_gateway_detail(answer);
	enum failure why = host_judge_chat(answer, &completion);

	import_saw(im, answer);
	if (why == FAILURE_NONE || why == FAILURE_EMPTY_COMPLETION)
		return go_on();
	if ((why == FAILURE_WARMING_UP || why == FAILURE_MODEL_NOT_FOUND) &&
	    im->now - im->step_since < im->settings->warm_up_ms)
		return poll_after(im->memo.polls ? WARM_POLL_MS
						 : WARM_FIRST_MS,
				  FAILURE_WARMING_UP);
	return import_again(im, answer, why, words);
}

bool ask_private_try(const void *subject, struct request *request)
{
	const struct import *im = subject;
	int i = next_unsafe(im);

	if (i >= HOST_SURFACE__MAX)
		return false;
	ask_alone(im, request, i);
	return true;
}

struct verdict got_private_try(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	CLEANUP(host_tried_done) struct host_tried tried = { 0 };
	int i = next_unsafe(im);

	if (!answer)
		return go_to("private.lost_clone");
	host_judge_surface(answer, (enum host_surface)i, &tried);
	check_note_surface(im, (enum host_surface)i, answer, &tried);
	im->memo.surface = i;
	return go_on();
}

bool ask_private_look(const void *subject, struct request *request)
{
	return ask_clone_read(subject, request);
}

/* Was it taken out of service by that call?  Then so would the live one be. */
struct verdict got_private_look(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	struct verdict next = go_to("private.recover");
	enum failure why = host_judge(answer);
	int64_t until;

	import_saw(im, answer);
	if (why != FAILURE_NONE)
		return import_host_failed(im, answer, why);
	if (host_account_bench(host_data(answer), im->now, &until) ==
	    HOST_BENCH_NONE) {
		im->memo.surface++;
		return go_to("private.try");
	}
	check_note_benched(im, (int)im->memo.surface);
	im->memo.surface++;
	if (next_unsafe(im) >= HOST_SURFACE__MAX)
		return go_to("private.lost_clone");
	next.delay_ms = im->features.loses_events ? GAP_MS : 0;
	return next;
}

bool ask_clone_recover(const void *subject, struct request *request)
{
	const struct import *im = subject;

	host_ask_account_recover(request, &im->peer,
				 import_id(im, IMPORT_CLONE));
	return true;
}

struct verdict got_clone_recover(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	enum failure why = host_judge(answer);

	import_saw(im, answer);
	if (why != FAILURE_NONE)
		return import_host_failed(im, answer, why);
	return json_is_false(json_object_get(host_data(answer),
					     "schedulable"))
		? go_on() : go_to("private.warm");
}

bool ask_clone_switch(const void *subject, struct request *request)
{
	const struct import *im = subject;

	host_ask_account_schedulable(request, &im->peer,
				     import_id(im, IMPORT_CLONE), true);
	return true;
}

struct verdict got_clone_switch(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	enum failure why = host_judge(answer);

	import_saw(im, answer);
	if (why != FAILURE_NONE)
		return import_host_failed(im, answer, why);
	return go_to("private.warm");
}

/* ---- how it ends ---- */

/* The key is bound to nothing now; the next one moves it. */
static void let_go(struct import *im)
{
	if (import_holds(im, IMPORT_PROOF_KEY) &&
	    import_id(im, IMPORT_PROOF_KEY) != 0)
		import_settle(im, IMPORT_PROOF_KEY, "created", NULL);
	im->memo.proving = im->memo.live = false;
}

struct verdict got_private_end(void *subject, const struct answer *answer)
{
	struct import *im = subject;

	(void)answer;
	im->memo.private_state = CHECK_PRIVATE_DONE;
	let_go(im);
	return go_to("surface.end");
}

/*
 * That this could not be tried is no failure of the access: with what is
 * known its surfaces are written all the same.
 */
struct verdict got_check_undone(void *subject, const struct answer *answer)
{
	struct import *im = subject;

	let_go(im);
	if (im->memo.private_state == CHECK_PRIVATE_FAILED &&
	    im->memo.failure == FAILURE_NONE)
		return got_surface_end(im, answer);
	return failed((enum failure)im->memo.failure);
}

void check_fail(void *subject, enum failure why)
{
	struct import *im = subject;

	im->memo.page = 0;
	if (im->memo.private_state != CHECK_PRIVATE_BEGUN ||
	    why == FAILURE_CANCELLED) {
		im->memo.failure = (int)why;
		return;
	}
	im->memo.private_state = CHECK_PRIVATE_FAILED;
	im->memo.private_failure = (int)why;
}

/* Tried, but nobody saw what became of the copy. */
bool check_is_unseen(const struct import *im, int surface)
{
	struct host_surface_case the = check_surface_case(im);

	return im->memo.private_state == CHECK_PRIVATE_FAILED &&
	       surface == im->memo.surface &&
	       !host_surface_is_safe((enum host_surface)surface, &the);
}

static const struct {
	const char *name, *zh, *en;
} states[] = {
	[CHECK_PRIVATE_BEGUN] = { "begun", "", "" },
	[CHECK_PRIVATE_DONE] = { "done",
		"有风险的调用已在独立分组里用账号副本试过，副本已删除。",
		"Calls that can do harm were tried on a copy of the account in"
		" a group of its own, which is gone again." },
	[CHECK_PRIVATE_FAILED] = { "failed",
		"未能用账号副本试完有风险的调用：未试的按版本表判断。",
		"Calls that can do harm could not all be tried on a copy of"
		" the account; the others are judged by the version." },
	[CHECK_PRIVATE_NOT_HERE] = { "not_here",
		"此主机上没有独立分组可用：有风险的调用按版本表判断。",
		"This host has no group that would be private: calls that can"
		" do harm are judged by the version." },
};

void check_write_private(const struct import *im, struct jout *out)
{
	int state = im->memo.private_state;

	if (state == CHECK_PRIVATE_NONE)
		return;
	jout_str(out, "private", states[state].name);
	jout_str(out, "private_class", im->memo.private_failure
		 ? failure_name((enum failure)im->memo.private_failure)
		 : NULL);
	jout_str(out, "private_zh", states[state].zh);
	jout_str(out, "private_en", states[state].en);
}
