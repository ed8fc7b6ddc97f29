/*
 * Groups, and the channels over them.  A host deletes a group whatever is in
 * it: what others put there must not lose its group by our doing.
 */
#include <inttypes.h>

#include "schedd/host/channel.h"
#include "schedd/host/group.h"
#include "schedd/host/subscription.h"
#include "schedd/rollback.h"

/* ---- the channel ---- */

bool ask_rb_channel_read(const void *subject, struct request *request)
{
	const struct rollback_work *w = subject;

	host_ask_channel(request, &w->peer, rollback_id_of(&w->row));
	return true;
}

bool rollback_is_our_channel(const struct rollback_work *w, const json_t *live)
{
	json_auto_t *wanted = json_loads(w->row.wanted_json
					 ? w->row.wanted_json : "{}", 0, NULL);

	return rollback_has_mark(w, live, "name") ||
	       !host_channel_differs(wanted, live);
}

static bool has_id(const json_t *ids, const json_t *id)
{
	for (size_t i = 0; i < json_array_size(ids); i++)
		if (json_equal(json_array_get(ids, i), id))
			return true;
	return false;
}

/*
 * Somebody laid its prices over other groups as well.  Ours may be gone, and
 * its row be closed, while the channel is not.
 */
static bool has_others(const struct rollback_work *w, const json_t *live)
{
	json_auto_t *wanted = json_loads(w->row.wanted_json
					 ? w->row.wanted_json : "{}", 0, NULL);
	const json_t *ours = json_object_get(wanted, "group_ids");
	size_t i;
	const json_t *id;

	json_array_foreach(json_object_get(live, "group_ids"), i, id)
		if (json_integer_value(id) != rollback_id_of(&w->owner) &&
		    !has_id(ours, id))
			return true;
	return false;
}

struct verdict got_rb_channel_read(void *subject, const struct answer *answer)
{
	struct rollback_work *w = subject;
	enum failure why = host_judge(answer);

	if (why == FAILURE_GONE)
		return rollback_gone(w, ROLLBACK_GONE);
	if (why != FAILURE_NONE)
		return rollback_trouble(w, answer, why);
	if (!rollback_is_our_channel(w, host_data(answer)))
		return rollback_left(w, ROLLBACK_NOT_OURS, NULL);
	if (has_others(w, host_data(answer)))
		return rollback_left(w, ROLLBACK_IN_USE,
				     "other groups are in it");
	return go_on();
}

bool ask_rb_channel_delete(const void *subject, struct request *request)
{
	const struct rollback_work *w = subject;

	if (rollback_looked_long_ago(w))
		return false;
	host_ask_channel_delete(request, &w->peer, rollback_id_of(&w->row));
	return true;
}

struct verdict got_rb_channel_delete(void *subject,
				     const struct answer *answer)
{
	return answer ? rollback_deleted(subject, answer)
		      : rollback_look_again(subject, "channel.read");
}

/* ---- the group ---- */

bool ask_rb_group_read(const void *subject, struct request *request)
{
	const struct rollback_work *w = subject;

	host_ask_group(request, &w->peer, rollback_id_of(&w->row));
	return true;
}

bool rollback_is_our_group(const struct rollback_work *w, const json_t *live)
{
	return rollback_has_mark(w, live, "name") ||
	       rollback_has_mark(w, live, "description") ||
	       rollback_is_as_accepted(w, live);
}

struct verdict got_rb_group_read(void *subject, const struct answer *answer)
{
	struct rollback_work *w = subject;
	enum failure why = host_judge(answer);

	if (why == FAILURE_GONE)
		return rollback_gone(w, ROLLBACK_GONE);
	if (why != FAILURE_NONE)
		return rollback_trouble(w, answer, why);
	if (!rollback_is_our_group(w, host_data(answer)))
		return rollback_left(w, ROLLBACK_NOT_OURS, NULL);
	return go_on();
}

bool ask_rb_group_accounts(const void *subject, struct request *request)
{
	const struct rollback_work *w = subject;

	host_ask_group_accounts(request, &w->peer, rollback_id_of(&w->row),
				w->memo.page + 1);
	return true;
}

static bool is_any(const struct rollback_work *w, const json_t *account)
{
	(void)w;
	(void)account;
	return true;
}

/* Accounts go before groups: one that is in it still is not to lose it. */
struct verdict got_rb_group_accounts(void *subject,
				     const struct answer *answer)
{
	return rollback_unless(subject, answer, is_any, "accounts are in it");
}

bool ask_rb_group_keys(const void *subject, struct request *request)
{
	const struct rollback_work *w = subject;

	host_ask_group_keys(request, &w->peer, rollback_id_of(&w->row),
			    w->memo.page + 1);
	return true;
}

struct verdict got_rb_group_keys(void *subject, const struct answer *answer)
{
	return rollback_unless(subject, answer, rollback_key_is_theirs,
			       "a key that is not ours is bound to it");
}

bool ask_rb_group_subs(const void *subject, struct request *request)
{
	const struct rollback_work *w = subject;

	host_ask_group_subscriptions(request, &w->peer,
				     rollback_id_of(&w->row),
				     w->memo.page + 1);
	return true;
}

static bool is_their_subscription(const struct rollback_work *w,
				  const json_t *object)
{
	return host_group_subscription_is_theirs(object, &w->peer);
}

/* A host revokes them together with the group. */
struct verdict got_rb_group_subs(void *subject, const struct answer *answer)
{
	return rollback_unless(subject, answer, is_their_subscription,
			       "a subscription that is not ours lets somebody"
			       " into it");
}

bool ask_rb_group_delete(const void *subject, struct request *request)
{
	const struct rollback_work *w = subject;

	if (rollback_looked_long_ago(w))
		return false;
	host_ask_group_delete(request, &w->peer, rollback_id_of(&w->row));
	return true;
}

struct verdict got_rb_group_delete(void *subject, const struct answer *answer)
{
	return answer ? rollback_deleted(subject, answer)
		      : rollback_look_again(subject, "group.read");
}
