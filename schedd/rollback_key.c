/*
 * The key of a managed user that stays: it is deleted by its user's own login,
 * as no administrator can.
 */
#include <string.h>

#include "schedd/host/key.h"
#include "schedd/host/owner.h"
#include "schedd/host/user.h"
#include "schedd/rollback.h"

#define LOGINS_MAX 2
#define LOGIN_PAUSE_MS 15000

bool ask_rb_key_look(const void *subject, struct request *request)
{
	const struct rollback_work *w = subject;

	if (rollback_id_of(&w->owner) == 0)
		return false;
	host_ask_user_keys_page(request, &w->peer, rollback_id_of(&w->owner),
				w->memo.page + 1);
	return true;
}

/* By what it is, where the host shows that; else by its name. */
static int64_t find_key(const struct rollback_work *w,
			const struct host_page *page)
{
	int64_t id = 0;
	size_t i;
	const json_t *key;

	json_array_foreach(page->items, i, key) {
		const char *text = host_member_text(key, "key");
		const char *name = host_member_text(key, "name");

		if (text && *w->fingerprint && strcmp(text, w->fingerprint) == 0)
			return host_object_id(key);
		if (name && strcmp(name, w->row.mark) == 0)
			id = host_object_id(key);
	}
	return id;
}

struct verdict got_rb_key_look(void *subject, const struct answer *answer)
{
	struct rollback_work *w = subject;
	struct host_page page;
	enum failure why;

	if (!answer)		/* it went with its user */
		return rollback_gone(w, ROLLBACK_PART_DONE);
	why = host_judge_page(answer, &page);
	if (why == FAILURE_GONE)
		return rollback_gone(w, ROLLBACK_GONE);
	if (why != FAILURE_NONE)
		return rollback_trouble(w, answer, why);
	w->memo.key = find_key(w, &page);
	if (!w->memo.key)
		return rollback_turn_page(w, &page)
			? poll_after(0, FAILURE_NONE)
			: rollback_gone(w, ROLLBACK_GONE);
	w->memo.page = 0;
	return go_on();
}

struct verdict got_rb_key_token(void *subject, const struct answer *answer)
{
	(void)subject;
	(void)answer;
	return take_resource(ROLLBACK_TOKEN, "key.delete");
}

bool ask_rb_key_login(const void *subject, struct request *request)
{
	const struct rollback_work *w = subject;
	json_auto_t *wanted = json_loads(w->owner.wanted_json
				? w->owner.wanted_json : "{}", 0, NULL);
	const char *email = host_member_text(wanted, "email");

	if (!email || !w->owner.secret_id)
		return false;
	host_ask_login(request, &w->peer, email);
	return true;
}

struct verdict got_rb_key_login(void *subject, const struct answer *answer)
{
	struct rollback_work *w = subject;
	struct host_login login = { 0 };
	enum failure why;

	if (!answer)
		return rollback_left(w, failure_name(FAILURE_LOGIN_BLOCKED),
				     "its owner's password is not known");
	why = host_judge_login(answer, &login);
	/* A stock host counts logins by the minute and does not say so. */
	if (why == FAILURE_RATE_LIMITED &&
	    w->attempt + 1 < w->settings->attempts_max)
		return retry(why, answer->retry_after_ms >= 0
			     ? answer->retry_after_ms : LOGIN_PAUSE_MS);
	if (why == FAILURE_HOST_REFUSED && answer->status == 401)
		return go_to("key.owner");
	if (why != FAILURE_NONE)
		return rollback_trouble(w, answer, why);
	w->token.expires_at = host_login_ends(&login, w->now);
	w->token.state = RESOURCE_PRESENT;
	own_set(&w->token.origin, "created");
	w->token_changed = true;
	return go_on();
}

bool ask_rb_key_delete(const void *subject, struct request *request)
{
	const struct rollback_work *w = subject;

	if (!w->token.secret_id || w->token.state != RESOURCE_PRESENT)
		return false;
	host_ask_key_delete(request, &w->peer, w->memo.key);
	return true;
}

struct verdict got_rb_key_delete(void *subject, const struct answer *answer)
{
	struct rollback_work *w = subject;

	if (answer && host_judge(answer) != FAILURE_HOST_AUTH)
		return rollback_deleted(w, answer);
	/* The login has ended, or the host forgot it. */
	if (w->memo.logins++ >= LOGINS_MAX)
		return rollback_left(w, failure_name(FAILURE_HOST_AUTH),
				     "its owner's login is not accepted");
	if (w->token.state == RESOURCE_PRESENT) {
		w->token.state = RESOURCE_WANTED;
		w->token_changed = true;
	}
	return go_to("key.token");
}

/*
 * It cannot log in: somebody deleted it, or gave it another password.  Hosts
 * up to 0.1.129 keep the keys of who is gone, and refuse them.
 */
bool ask_rb_key_owner(const void *subject, struct request *request)
{
	const struct rollback_work *w = subject;

	host_ask_user(request, &w->peer, rollback_id_of(&w->owner));
	return true;
}

struct verdict got_rb_key_owner(void *subject, const struct answer *answer)
{
	struct rollback_work *w = subject;
	enum failure why = host_judge(answer);

	if (why == FAILURE_GONE)
		return rollback_gone(w, ROLLBACK_GONE);
	if (why != FAILURE_NONE)
		return rollback_trouble(w, answer, why);
	return rollback_left(w, failure_name(FAILURE_HOST_REFUSED),
			     "its owner's password is not accepted");
}
