/*
 * The channel: a manifest's prices, over the group of its endpoint.
 *
 * Looked for by its mark before it is made, read back after it was written,
 * and written again when the manifest says something else.  It decides what is
 * billed and not whether anybody gets an answer, so a host that refuses it is
 * warned of and ends no import; nobody else's channel is touched.
 *
 * Its row is settled as soon as it is there: nobody waits for anything while
 * holding it.  It goes with a group that was never proven; over one that
 * others use it stays.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "schedd/host/channel.h"
#include "schedd/import_steps.h"

#define AFTER "provision.parking"

const char *import_after_group(const struct import *im)
{
	return im->plan.channel ? "provision.channel" : AFTER;
}

/* Does the row ask for something else than the manifest does now? */
static bool is_outdated(const struct import *im)
{
	const struct resource *row = &im->resources[IMPORT_CHANNEL];
	AUTO_FREE char *wanted = NULL;

	if (!row->wanted_json)
		return true;
	wanted = import_channel_wanted(im);
	return strcmp(row->wanted_json, wanted) != 0;
}

static void keep(struct import *im)
{
	own_set(&im->item.channel_id,
		im->resources[IMPORT_CHANNEL].host_resource_id);
}

struct verdict got_want_channel(void *subject, const struct answer *answer)
{
	struct import *im = subject;

	(void)answer;
	im->memo.live = im->resources[IMPORT_GROUP].state == RESOURCE_PRESENT;
	im->memo.repricing = im->resources[IMPORT_CHANNEL].state ==
				RESOURCE_PRESENT && is_outdated(im);
	im->memo.repriced = false;
	im->memo.page = 0;
	return take_resource(IMPORT_CHANNEL, "provision.channel_there");
}

struct verdict got_channel_there(void *subject, const struct answer *answer)
{
	struct import *im = subject;

	(void)answer;
	/* While we waited for it, another version of the manifest made it. */
	if (is_outdated(im))
		return go_to("provision.channel");
	keep(im);
	return go_to(AFTER);
}

bool ask_find_channel(const void *subject, struct request *request)
{
	const struct import *im = subject;

	if (import_id(im, IMPORT_CHANNEL) != 0)
		return false;	/* it is held to be changed */
	host_ask_channel_find(request, &im->peer,
			      im->resources[IMPORT_CHANNEL].mark,
			      im->memo.page + 1);
	return true;
}

/* None is made: others may try, and so does the next import. */
static struct verdict go_without(struct import *im, const char *code,
				 const char *words)
{
	struct resource *row = &im->resources[IMPORT_CHANNEL];

	item_warn(&im->item, code, words);
	row->state = row->host_resource_id ? RESOURCE_PRESENT
					   : RESOURCE_WANTED;
	im->changed[IMPORT_CHANNEL] = true;
	im->memo.repricing = false;
	im->memo.page = 0;
	own_set(&im->item.failure_detail, NULL);
	return go_to(AFTER);
}

/* What is not over with a moment's wait is no reason to fail an import. */
static struct verdict refused(struct import *im, const struct answer *answer,
			      enum failure why)
{
	struct verdict v = import_host_failed(im, answer, why);
	AUTO_FREE char *words = NULL;

	if (v.kind != VERDICT_FAILED || (why != FAILURE_HOST_REFUSED &&
					 why != FAILURE_HOST_UNSUPPORTED))
		return v;
	words = host_detail(answer);
	return go_without(im, "channel_unsupported",
			  words ? words : failure_name(why));
}

struct verdict got_find_channel(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	struct verdict v;

	if (!answer)
		return go_to("provision.write_channel");
	v = import_found(im, IMPORT_CHANNEL, answer,
			 "provision.read_channel");
	if (v.kind == VERDICT_GO_TO)
		im->memo.created_channel = true;
	if (v.kind == VERDICT_FAILED)
		return refused(im, answer, v.failure);
	return v;
}

bool ask_create_channel(const void *subject, struct request *request)
{
	const struct import *im = subject;

	host_ask_channel_create(request, &im->peer,
				im->resources[IMPORT_CHANNEL].wanted_json);
	return true;
}

struct verdict got_create_channel(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	struct verdict v;

	if (host_channel_is_barred(answer)) {
		import_saw(im, answer);
		return go_without(im, "channel_exists", "the group is in "
				  "somebody's channel already; its prices "
				  "hold, and nothing of it was changed");
	}
	v = import_made(im, IMPORT_CHANNEL, answer,
			"provision.find_channel");
	if (v.kind == VERDICT_GO_ON) {
		im->memo.created_channel = true;
		return go_to("provision.read_channel");
	}
	if (v.kind == VERDICT_FAILED)
		return refused(im, answer, v.failure);
	return v;
}

bool ask_write_channel(const void *subject, struct request *request)
{
	const struct import *im = subject;
	AUTO_FREE char *wanted = import_channel_wanted(im);

	host_ask_channel_put(request, &im->peer,
			     import_id(im, IMPORT_CHANNEL), wanted);
	return true;
}

/* Somebody deleted it: it is made anew. */
static struct verdict lost(struct import *im, enum failure why)
{
	import_gone(im, IMPORT_CHANNEL);
	return import_doubt(im, "provision.channel", why);
}

struct verdict got_write_channel(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	enum failure why = host_judge(answer);

	import_saw(im, answer);
	if (host_channel_is_barred(answer))
		return go_without(im, "channel_exists", "the group is in "
				  "somebody's channel by now; its prices "
				  "hold, and nothing of it was changed");
	if (why == FAILURE_GONE)
		return lost(im, why);
	if (why != FAILURE_NONE)
		return refused(im, answer, why);
	im->memo.repriced = true;
	return go_on();
}

bool ask_read_channel(const void *subject, struct request *request)
{
	const struct import *im = subject;

	host_ask_channel(request, &im->peer, import_id(im, IMPORT_CHANNEL));
	return true;
}

/* It is there, and as it should be. */
static struct verdict settled(struct import *im)
{
	struct resource *row = &im->resources[IMPORT_CHANNEL];

	free(row->wanted_json);
	row->wanted_json = import_channel_wanted(im);
	if (im->memo.repriced)	/* all of it, its name as well */
		own_set(&row->written_json, NULL);
	if (im->memo.repricing) {
		import_give_back(im, IMPORT_CHANNEL);
		import_note(im, "channel_repriced", NULL);
	} else {
		import_settle(im, IMPORT_CHANNEL, "created", NULL);
	}
	im->memo.repricing = false;
	keep(im);
	return go_to(AFTER);
}

struct verdict got_read_channel(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	enum failure why = host_judge(answer);
	AUTO_FREE char *text = NULL;
	json_auto_t *wanted = NULL;

	import_saw(im, answer);
	if (why == FAILURE_GONE)
		return lost(im, why);
	if (why != FAILURE_NONE)
		return refused(im, answer, why);
	text = import_channel_wanted(im);
	wanted = json_loads(text, 0, NULL);
	if (!host_channel_differs(wanted, host_data(answer)))
		return settled(im);
	if (!im->memo.repriced)
		return go_to("provision.write_channel");
	item_warn(&im->item, "channel_not_as_written", "the channel does not "
		  "hold the prices that were sent");
	return settled(im);
}

/* ---- taking it back ---- */

static bool may_be_lost(const struct import *im)
{
	return import_holds(im, IMPORT_CHANNEL) &&
	       import_id(im, IMPORT_CHANNEL) == 0;
}

bool ask_lost_channel(const void *subject, struct request *request)
{
	const struct import *im = subject;

	if (!may_be_lost(im))
		return false;
	host_ask_channel_find(request, &im->peer,
			      im->resources[IMPORT_CHANNEL].mark,
			      im->memo.page + 1);
	return true;
}

struct verdict got_lost_channel(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	struct verdict v;

	if (!answer)
		return go_on();
	v = import_leave(im, import_found(im, IMPORT_CHANNEL, answer,
				   "undo.look_channel"));
	if (v.kind == VERDICT_GO_TO)
		im->memo.created_channel = true;
	return v;
}

/*
 * While our group was not live nobody could pass it, and while we hold the
 * channel nobody could rest on it.
 */
static bool is_ours_alone(const struct import *im)
{
	return im->memo.created_channel &&
	       import_id(im, IMPORT_CHANNEL) != 0 &&
	       (!im->memo.live || import_holds(im, IMPORT_CHANNEL));
}

bool ask_undo_look_channel(const void *subject, struct request *request)
{
	return is_ours_alone(subject) && ask_read_channel(subject, request);
}

static bool has_others(const struct import *im, const json_t *live)
{
	size_t i;
	const json_t *id;

	json_array_foreach(json_object_get(live, "group_ids"), i, id)
		if (json_integer_value(id) != import_id(im, IMPORT_GROUP))
			return true;
	return false;
}

/* People may have laid its prices over groups of theirs. */
struct verdict got_undo_look_channel(void *subject,
				     const struct answer *answer)
{
	struct import *im = subject;
	enum failure why;

	if (!answer)
		return go_on();
	why = host_judge(answer);
	import_saw(im, answer);
	if (why != FAILURE_NONE && why != FAILURE_GONE)
		return import_leave_to(im, import_host_failed(im, answer, why),
				       "undo.find_group");
	if (why == FAILURE_GONE || !has_others(im, host_data(answer)))
		return go_on();
	item_warn(&im->item, "left_on_host", "somebody laid the channel that "
		  "was made over other groups: it stays");
	import_note(im, "left", NULL);
	return go_to("undo.find_group");
}

bool ask_undo_channel(const void *subject, struct request *request)
{
	const struct import *im = subject;

	if (!is_ours_alone(im))
		return false;
	host_ask_channel_delete(request, &im->peer,
				import_id(im, IMPORT_CHANNEL));
	return true;
}

struct verdict got_undo_channel(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	enum failure why;

	if (!answer)
		return go_on();
	why = host_judge_delete(answer);
	import_saw(im, answer);
	if (why != FAILURE_NONE)
		return import_leave(im, import_host_failed(im, answer, why));
	import_gone(im, IMPORT_CHANNEL);
	own_set(&im->item.channel_id, NULL);
	import_note(im, "removed", NULL);
	return go_on();
}
