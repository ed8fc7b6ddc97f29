/*
 * Users and their subscriptions, and the keys of others that imports moved to
 * our groups.  A managed user goes with its keys, so users come before keys.
 */
#include <string.h>
#include <strings.h>

#include "schedd/host/key.h"
#include "schedd/host/mark.h"
#include "schedd/host/owner.h"
#include "schedd/host/subscription.h"
#include "schedd/host/user.h"
#include "schedd/rollback.h"
#include "shared/clock.h"

#define DAY_MS INT64_C(86400000)	/* an hour off when clocks change */

/* ---- somebody's key goes back where it was ---- */

bool ask_rb_move_look(const void *subject, struct request *request)
{
	const struct rollback_work *w = subject;

	host_ask_user_keys_page(request, &w->peer, w->move.user_id,
				w->memo.page + 1);
	return true;
}

/*
 * Somebody who moved it since wants it where it is.  One that is bound to
 * nothing lost our group, which somebody deleted.
 */
static bool is_where_it_was_put(const struct rollback_work *w)
{
	return w->memo.key && (w->memo.key_group == w->move.to_group ||
			       w->memo.key_group == 0);
}

/* What a page shows is added to what those before it showed. */
static void look_at_keys(struct rollback_work *w, const struct answer *answer)
{
	struct host_key_look look = {
		.key_id = w->move.key_id, .group_id = w->move.to_group,
	};

	host_look_at_user_keys(answer, &look);
	if (look.found) {
		w->memo.key = look.key_id;
		w->memo.key_group = look.bound_to;
	}
	w->memo.group_used |= look.used;
}

/* Is there something that only another page can tell? */
static bool is_to_look_on(const struct rollback_work *w,
			  const struct answer *answer)
{
	bool known = w->memo.key &&
		     (!w->way_back.revokes || w->memo.group_used);

	return !known && host_more_user_keys(answer);
}

/* The move is over; the right to our group may have to end with it. */
static struct verdict move_over(struct rollback_work *w)
{
	const char *detail = w->memo.nowhere
		? "the group that it came from is gone: it is unbound" : NULL;

	if (w->memo.revokes)
		return go_to("move.user");
	return rollback_settle(w, w->memo.moved ? ROLLBACK_PART_DONE
			       : ROLLBACK_GONE, NULL, detail);
}

struct verdict got_rb_move_look(void *subject, const struct answer *answer)
{
	struct rollback_work *w = subject;
	struct host_page page;
	enum failure why = host_judge_page(answer, &page);

	if (why == FAILURE_GONE)
		return rollback_settle(w, ROLLBACK_GONE, NULL, NULL);
	if (why != FAILURE_NONE)
		return rollback_trouble(w, answer, why);
	look_at_keys(w, answer);
	if (is_to_look_on(w, answer)) {
		w->memo.page++;
		return poll_after(0, FAILURE_NONE);
	}
	w->memo.page = 0;
	if (!w->memo.key && !host_page_is_last(&page))
		return rollback_left(w, failure_name(FAILURE_TOO_LARGE),
				     "its owner has too many keys to look"
				     " through");
	w->memo.revokes = w->way_back.revokes && !w->memo.group_used;
	if (!is_where_it_was_put(w))
		return move_over(w);
	if (!w->way_back.stays)
		return go_on();
	w->part.action = ROLLBACK_KEEP;
	w->part.why = ROLLBACK_SHARED;
	return rollback_settle(w, ROLLBACK_PART_DONE, NULL, NULL);
}

static int64_t way_back(const struct rollback_work *w)
{
	return w->memo.nowhere ? 0 : w->way_back.group;
}

bool ask_rb_move_back(const void *subject, struct request *request)
{
	const struct rollback_work *w = subject;

	host_ask_key_bind(request, &w->peer, w->move.key_id, way_back(w));
	return true;
}

struct verdict got_rb_move_back(void *subject, const struct answer *answer)
{
	struct rollback_work *w = subject;
	enum failure why = host_judge_key_bind(answer, way_back(w));

	if (host_reason_is(answer, "GROUP_NOT_FOUND") && !w->memo.nowhere) {
		w->memo.nowhere = true;
		return go_to("move.back");
	}
	if (why != FAILURE_NONE && why != FAILURE_GONE)
		return rollback_trouble(w, answer, why);
	w->memo.moved = why == FAILURE_NONE;
	return move_over(w);
}

bool ask_rb_move_user(const void *subject, struct request *request)
{
	const struct rollback_work *w = subject;

	host_ask_user(request, &w->peer, w->move.user_id);
	return true;
}

/* What it keeps is written down as the plan of the part. */
struct verdict got_rb_move_user(void *subject, const struct answer *answer)
{
	struct rollback_work *w = subject;
	enum failure why = host_judge(answer);

	if (why != FAILURE_NONE && why != FAILURE_GONE)
		return rollback_trouble(w, answer, why);
	free(w->part.plan);
	w->part.plan = why == FAILURE_NONE
		? host_user_groups_but(host_data(answer), w->move.to_group,
				       w->rights)
		: NULL;
	w->part_changed = true;
	if (w->part.plan)
		return go_on();
	w->memo.revokes = false;
	return move_over(w);
}

bool ask_rb_move_right(const void *subject, struct request *request)
{
	const struct rollback_work *w = subject;

	if (!w->part.plan)
		return false;
	host_ask_user_groups(request, &w->peer, w->move.user_id,
			     w->part.plan);
	return true;
}

struct verdict got_rb_move_right(void *subject, const struct answer *answer)
{
	struct rollback_work *w = subject;
	enum failure why = answer ? host_judge(answer) : FAILURE_NONE;

	if (why != FAILURE_NONE && why != FAILURE_GONE)
		return rollback_trouble(w, answer, why);
	w->memo.revokes = false;
	return move_over(w);
}

/* ---- a managed user ---- */

bool ask_rb_user_read(const void *subject, struct request *request)
{
	const struct rollback_work *w = subject;

	host_ask_user(request, &w->peer, rollback_id_of(&w->row));
	return true;
}

bool rollback_is_our_user(const struct rollback_work *w, const json_t *live)
{
	json_auto_t *wanted = json_loads(w->row.wanted_json
					 ? w->row.wanted_json : "{}", 0, NULL);
	const char *ours = host_member_text(wanted, "email");
	const char *email = host_member_text(live, "email");

	return rollback_has_mark(w, live, "notes") ||
	       (ours && email && strcasecmp(ours, email) == 0);
}

struct verdict got_rb_user_read(void *subject, const struct answer *answer)
{
	struct rollback_work *w = subject;
	enum failure why = host_judge(answer);

	if (why == FAILURE_GONE)
		return rollback_gone(w, ROLLBACK_GONE);
	if (why != FAILURE_NONE)
		return rollback_trouble(w, answer, why);
	if (!rollback_is_our_user(w, host_data(answer)))
		return rollback_left(w, ROLLBACK_NOT_OURS, NULL);
	return go_on();
}

bool ask_rb_user_keys(const void *subject, struct request *request)
{
	const struct rollback_work *w = subject;

	host_ask_user_keys_page(request, &w->peer, rollback_id_of(&w->row),
				w->memo.page + 1);
	return true;
}

/* All that goes with it has to be ours. */
struct verdict got_rb_user_keys(void *subject, const struct answer *answer)
{
	return rollback_unless(subject, answer, rollback_key_is_theirs,
			       "it has a key that is not ours");
}

bool ask_rb_user_delete(const void *subject, struct request *request)
{
	const struct rollback_work *w = subject;

	if (rollback_looked_long_ago(w))
		return false;
	host_ask_user_delete(request, &w->peer, rollback_id_of(&w->row));
	return true;
}

struct verdict got_rb_user_delete(void *subject, const struct answer *answer)
{
	return answer ? rollback_deleted(subject, answer)
		      : rollback_look_again(subject, "user.read");
}

/* ---- its subscription ---- */

static int64_t number_in(const char *text, const char *name)
{
	json_auto_t *object = json_loads(text ? text : "{}", 0, NULL);

	return host_member_i64(object, name);
}

bool ask_rb_sub_look(const void *subject, struct request *request)
{
	const struct rollback_work *w = subject;
	int64_t user = number_in(w->row.wanted_json, "user_id");

	if (user == 0)
		return false;
	host_ask_subscriptions(request, &w->peer, user);
	return true;
}

/*
 * Without our days it must not end before it did without us: then it never
 * got them, or somebody took some away since.  If it had ended, it began anew.
 */
static bool has_our_days(const struct rollback_work *w,
			 const struct host_subscription_seen *seen)
{
	json_auto_t *prior = json_loads(w->row.prior_json
					? w->row.prior_json : "{}", 0, NULL);
	const char *text = host_member_text(prior, "expires_at");
	int64_t before, days = host_member_i64(prior, "extended_days");

	if (!text || !clock_parse(text, &before) || seen->expires_at == 0)
		return true;	/* nobody knows */
	return seen->expires_at - days * DAY_MS >= before - DAY_MS / 2;
}

struct verdict got_rb_sub_look(void *subject, const struct answer *answer)
{
	struct rollback_work *w = subject;
	struct host_subscription_seen seen = { 0 };
	enum failure why;

	if (!answer)
		return rollback_gone(w, ROLLBACK_GONE);
	why = host_judge_subscriptions(answer, number_in(w->row.wanted_json,
						       "group_id"), &seen);
	if (why == FAILURE_GONE || (why == FAILURE_NONE && seen.id == 0))
		return rollback_gone(w, ROLLBACK_GONE);
	if (why != FAILURE_NONE)
		return rollback_trouble(w, answer, why);
	w->memo.key = seen.id;
	if (w->part.action == ROLLBACK_RESTORE)
		return has_our_days(w, &seen) ? go_to("subscription.shorten")
					      : rollback_gone(w, ROLLBACK_GONE);
	/* Somebody's own took the place of ours. */
	if (!host_subscription_is_ours(&seen, &w->peer))
		return rollback_left(w, ROLLBACK_NOT_OURS, NULL);
	return go_on();
}

bool ask_rb_sub_revoke(const void *subject, struct request *request)
{
	const struct rollback_work *w = subject;

	if (rollback_looked_long_ago(w))
		return false;
	host_ask_subscription_revoke(request, &w->peer, w->memo.key);
	return true;
}

struct verdict got_rb_sub_revoke(void *subject, const struct answer *answer)
{
	return answer ? rollback_deleted(subject, answer)
		      : rollback_look_again(subject, "subscription.look");
}

/* It was there before, and we made it longer: by so many days less. */
bool ask_rb_sub_shorten(const void *subject, struct request *request)
{
	const struct rollback_work *w = subject;

	host_ask_subscription_extend(request, &w->peer, w->memo.key,
		-number_in(w->row.prior_json, "extended_days"),
		w->row.mark, w->row.generation + 1);
	return true;
}

struct verdict got_rb_sub_shorten(void *subject, const struct answer *answer)
{
	struct rollback_work *w = subject;
	struct host_subscription_seen seen = { 0 };
	enum failure why = host_judge_subscription(answer, &seen);

	if (why == FAILURE_GONE)
		return rollback_gone(w, ROLLBACK_GONE);
	if (why != FAILURE_NONE)
		return rollback_trouble(w, answer, why);
	return rollback_gone(w, ROLLBACK_PART_DONE);
}
