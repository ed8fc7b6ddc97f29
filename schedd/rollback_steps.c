/*
 * The frame of a rollback: which part is next, and how one is settled.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schedd/host/channel.h"
#include "schedd/host/group.h"
#include "schedd/host/mark.h"
#include "schedd/host/user.h"
#include "schedd/judge.h"
#include "schedd/rollback.h"

#define MISSES_MAX 3
#define LOOK_LASTS_MS 2000
#define LOOKS_MAX 3
#define QUIET_MS 200	/* until the checks of an access have ended */

int64_t rollback_id_of(const struct resource *row)
{
	return row->host_resource_id ? strtoll(row->host_resource_id, NULL, 10)
				     : 0;
}

bool rollback_holds(const struct rollback_work *w)
{
	return w->row.state == RESOURCE_MAKING && w->row.made_by &&
	       strcmp(w->row.made_by, w->task_id) == 0;
}

/* What the steps of one part told each other. */
static void forget_part(struct rollback_memo *memo)
{
	memo->ended = memo->kept = memo->nowhere = false;
	memo->moved = memo->revokes = memo->group_used = false;
	memo->key = memo->key_group = memo->page = 0;
	memo->logins = memo->misses = memo->looks = 0;
}

struct verdict rollback_settle(struct rollback_work *w,
			       enum rollback_part_state state,
			       const char *class, const char *detail)
{
	if (rollback_holds(w)) {
		w->row.state = w->row.host_resource_id ? RESOURCE_PRESENT
						       : RESOURCE_WANTED;
		w->row_changed = true;
	}
	w->part.state = state;
	own_set(&w->part.failure_class, class);
	own_set(&w->part.failure_detail, detail);
	w->part_changed = true;
	forget_part(&w->memo);
	return go_to("rollback.next");
}

struct verdict rollback_gone(struct rollback_work *w,
			     enum rollback_part_state state)
{
	bool held = rollback_holds(w);
	struct verdict v = rollback_settle(w, state, NULL, NULL);

	if (held)
		w->row.state = RESOURCE_GONE;
	return v;
}

struct verdict rollback_left(struct rollback_work *w, const char *class,
			     const char *detail)
{
	return rollback_settle(w, ROLLBACK_LEFT, class, detail);
}

static bool tries_again(const struct rollback_work *w,
			const struct answer *answer, enum failure why)
{
	return (failure_facts(why)->passes || answer->status >= 500) &&
	       w->attempt + 1 < w->settings->attempts_max;
}

bool rollback_is_of_the_host(const struct answer *answer, enum failure why)
{
	return why == FAILURE_HOST_AUTH || why == FAILURE_COMPLIANCE_REQUIRED ||
	       answer->transport != TRANSPORT_OK;
}

struct verdict rollback_host_trouble(struct rollback_work *w,
				     const struct answer *answer,
				     enum failure why)
{
	AUTO_FREE char *words = host_detail(answer);

	if (tries_again(w, answer, why))
		return retry(why, host_retry_after_ms(answer));
	snprintf(w->memo.detail, sizeof(w->memo.detail), "%s",
		 words ? words : "");
	return failed(why);
}

struct verdict rollback_trouble(struct rollback_work *w,
				const struct answer *answer,
				enum failure why)
{
	AUTO_FREE char *words = host_detail(answer);

	if (!tries_again(w, answer, why) && w->part.kind &&
	    !rollback_is_of_the_host(answer, why))
		return rollback_left(w, failure_name(why), words);
	return rollback_host_trouble(w, answer, why);
}

bool rollback_looked_long_ago(const struct rollback_work *w)
{
	return w->memo.looks < LOOKS_MAX && (w->attempt > 0 ||
	       w->now - w->step_since > LOOK_LASTS_MS);
}

struct verdict rollback_look_again(struct rollback_work *w, const char *step)
{
	w->memo.looks++;
	return go_to(step);
}

struct verdict rollback_deleted(struct rollback_work *w,
				const struct answer *answer)
{
	enum failure why = host_judge_delete(answer);

	if (why != FAILURE_NONE)
		return rollback_trouble(w, answer, why);
	return rollback_gone(w, ROLLBACK_PART_DONE);
}

bool rollback_has_mark(const struct rollback_work *w, const json_t *live,
		       const char *member)
{
	const char *text = host_member_text(live, member);

	return text && w->row.mark && strstr(text, w->row.mark);
}

bool rollback_is_as_accepted(const struct rollback_work *w,
			     const json_t *live)
{
	json_auto_t *written = json_loads(w->row.written_json
				? w->row.written_json : "{}", 0, NULL);
	const char *name = host_member_text(written, "name");
	const char *seen = host_member_text(live, "name");

	return name && seen && strcmp(name, seen) == 0;
}

/* ---- what hangs on it ---- */

bool rollback_turn_page(struct rollback_work *w, const struct host_page *page)
{
	bool more = !host_page_is_last(page);

	w->memo.page = more ? w->memo.page + 1 : 0;
	return more;
}

struct verdict rollback_unless(struct rollback_work *w,
			       const struct answer *answer,
			       bool (*stands)(const struct rollback_work *w,
					      const json_t *it),
			       const char *words)
{
	struct host_page page;
	enum failure why = host_judge_page(answer, &page);
	size_t i;
	const json_t *it;

	if (why != FAILURE_NONE)
		return rollback_trouble(w, answer, why);
	json_array_foreach(page.items, i, it)
		if (stands(w, it))
			return rollback_left(w, ROLLBACK_IN_USE, words);
	return rollback_turn_page(w, &page) ? poll_after(0, FAILURE_NONE)
					    : go_on();
}

bool rollback_key_is_theirs(const struct rollback_work *w, const json_t *key)
{
	return !host_mark_of(host_member_text(key, "name"), w->inst);
}

/* ---- before the first part ---- */

bool ask_rb_begin(const void *subject, struct request *request)
{
	const struct rollback_work *w = subject;

	host_ask_group_find(request, &w->peer, w->inst);
	return true;
}

struct verdict got_rb_begin(void *subject, const struct answer *answer)
{
	struct rollback_work *w = subject;
	enum failure why = host_judge(answer);

	return why == FAILURE_NONE ? go_on() : rollback_trouble(w, answer, why);
}

/* A batch of each is written by rollback_save(), and then it is looked at. */
struct verdict got_rb_mark(void *subject, const struct answer *answer)
{
	const struct rollback_work *w = subject;

	(void)answer;
	return w->memo.marked ? go_on() : poll_after(0, FAILURE_NONE);
}

struct verdict got_rb_plan(void *subject, const struct answer *answer)
{
	const struct rollback_work *w = subject;

	(void)answer;
	return w->memo.planned ? go_on() : poll_after(0, FAILURE_NONE);
}

/* ---- one part after the other ---- */

struct verdict got_rb_next(void *subject, const struct answer *answer)
{
	struct rollback_work *w = subject;
	const char *kind = w->part.kind;

	(void)answer;
	if (!kind)
		return go_to("rollback.items");
	if (strcmp(kind, ROLLBACK_KIND_ACCESS) == 0)
		return go_to("access.end");
	if (strcmp(kind, ROLLBACK_KIND_KEY) == 0)
		return go_to("move.look");
	if (!w->row.resource_id || w->row.state == RESOURCE_GONE)
		return rollback_settle(w, ROLLBACK_GONE, NULL, NULL);
	return take_resource(ROLLBACK_PART, "part.taken");
}

/* How the things of a type are looked at. */
static const char *first_look(const struct rollback_work *w)
{
	static const struct {
		const char *look;
		bool by_id;
	} looks[] = {
		[RESOURCE_GROUP]	= { "group.read", true },
		[RESOURCE_ACCOUNT]	= { "account.read", true },
		[RESOURCE_USER]		= { "user.read", true },
		[RESOURCE_USER_KEY]	= { "key.look", false },
		[RESOURCE_SUBSCRIPTION]	= { "subscription.look", false },
		[RESOURCE_CHANNEL]	= { "channel.read", true },
		[RESOURCE_USER_TOKEN]	= { NULL, false },
	};
	_Static_assert(COUNT(looks) == RESOURCE_TYPE__MAX, "look at each");

	return looks[w->row.type].by_id && !w->row.host_resource_id
		? "part.find" : looks[w->row.type].look;
}

struct verdict got_rb_taken(void *subject, const struct answer *answer)
{
	struct rollback_work *w = subject;
	const char *look = first_look(w);

	(void)answer;
	/* It was settled when it was taken, and this is the next already. */
	if (!rollback_holds(w))
		return w->memo.misses++ < MISSES_MAX
			? go_to("rollback.next")
			: rollback_left(w, ROLLBACK_IN_USE, NULL);
	if (w->part.action == ROLLBACK_KEEP)
		return rollback_settle(w, ROLLBACK_PART_DONE, NULL, NULL);
	/* A login is no thing on the host. */
	return look ? go_to(look) : rollback_gone(w, ROLLBACK_PART_DONE);
}

/* Nobody wrote down what it is called there: by its mark, or its address. */
bool ask_rb_find(const void *subject, struct request *request)
{
	const struct rollback_work *w = subject;
	json_auto_t *wanted = json_loads(w->row.wanted_json
					 ? w->row.wanted_json : "{}", 0, NULL);
	const char *email = host_member_text(wanted, "email");

	if (!w->row.wanted_json)
		return false;	/* it was never asked for */
	switch (w->row.type) {
	case RESOURCE_GROUP:
		host_ask_group_find(request, &w->peer, w->row.mark);
		return true;
	case RESOURCE_ACCOUNT:
		host_ask_account_find(request, &w->peer, w->row.mark, 1);
		return true;
	case RESOURCE_CHANNEL:
		host_ask_channel_find(request, &w->peer, w->row.mark, 1);
		return true;
	default:
		host_ask_user_find(request, &w->peer, email ? email
							    : w->row.mark);
		return true;
	}
}

static enum failure find_id(const struct rollback_work *w,
			    const struct answer *answer, int64_t *ret)
{
	json_auto_t *wanted = json_loads(w->row.wanted_json, 0, NULL);
	const char *email = host_member_text(wanted, "email");
	struct host_found found = { 0 };
	enum failure why;

	if (w->row.type == RESOURCE_USER)
		return host_judge_user_find(answer, email ? email : "", ret);
	why = host_judge_found(answer, w->row.mark, &found);
	*ret = found.count ? found.ids[0] : 0;
	return why;
}

struct verdict got_rb_find(void *subject, const struct answer *answer)
{
	struct rollback_work *w = subject;
	int64_t id = 0;
	enum failure why;
	char text[24];

	if (!answer)
		return rollback_gone(w, ROLLBACK_GONE);
	why = find_id(w, answer, &id);
	if (why != FAILURE_NONE)
		return rollback_trouble(w, answer, why);
	if (id == 0)
		return rollback_gone(w, ROLLBACK_GONE);
	snprintf(text, sizeof(text), "%lld", (long long)id);
	own_set(&w->row.host_resource_id, text);
	own_set(&w->part.host_resource_id, text);
	w->row_changed = w->part_changed = true;
	return go_to(first_look(w));
}

struct verdict got_rb_access(void *subject, const struct answer *answer)
{
	struct rollback_work *w = subject;

	(void)answer;
	if (!w->memo.ended)
		return poll_after(QUIET_MS, FAILURE_NONE);
	if (w->memo.kept) {
		w->part.action = ROLLBACK_KEEP;
		w->part.why = ROLLBACK_SHARED;
	}
	return rollback_settle(w, ROLLBACK_PART_DONE, NULL, NULL);
}

/* ---- and behind the last ---- */

struct verdict got_rb_items(void *subject, const struct answer *answer)
{
	const struct rollback_work *w = subject;

	(void)answer;
	return w->memo.ended ? go_on() : poll_after(0, FAILURE_NONE);
}

struct verdict got_rb_end(void *subject, const struct answer *answer)
{
	(void)subject;
	(void)answer;
	return done();
}

struct verdict got_rb_broken(void *subject, const struct answer *answer)
{
	const struct rollback_work *w = subject;

	(void)answer;
	return failed((enum failure)w->memo.failure);
}
