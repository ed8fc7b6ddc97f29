#include "schedd/host/owner.h"

#include <inttypes.h>
#include <stdio.h>

#include "schedd/host/user.h"

void host_ask_user_by_key(struct request *request,
			  const struct host_peer *peer)
{
	host_start(request, peer, METHOD_GET, HOST_ROLE_ADMIN,
		   "/api/v1/admin/users?include_subscriptions=false&page=1"
		   "&page_size=100&search=");
	request_url_tail(request, SLOT_GIVEN_KEY, HOST_KEY_TAIL);
}

enum failure host_judge_user_by_key(const struct answer *answer,
				    size_t candidate, int64_t group_id,
				    int64_t *ret_id, bool *ret_may)
{
	struct host_page page;
	enum failure why = host_judge_page(answer, &page);
	const json_t *user;

	if (why != FAILURE_NONE)
		return why;
	user = json_array_get(page.items, candidate);
	*ret_id = host_object_id(user);
	*ret_may = host_user_may(user, group_id);
	return FAILURE_NONE;
}

void host_ask_user_keys_page(struct request *request,
			     const struct host_peer *peer, int64_t user_id,
			     int64_t page)
{
	/* More than 1000 a page would silently become 20. */
	host_start(request, peer, METHOD_GET, HOST_ROLE_ADMIN,
		   "/api/v1/admin/users/%" PRId64 "/api-keys?page=%" PRId64
		   "&page_size=1000", user_id, page);
}

void host_ask_user_keys(struct request *request, const struct host_peer *peer,
			int64_t user_id)
{
	host_ask_user_keys_page(request, peer, user_id, 1);
}

static void read_key(const json_t *key, struct host_owned_key *ret)
{
	const char *group = host_member_text(json_object_get(key, "group"),
					     "name");
	const char *status = host_member_text(key, "status");

	ret->id = host_object_id(key);
	ret->group_id = host_member_i64(key, "group_id");
	snprintf(ret->group_name, sizeof(ret->group_name), "%s",
		 group ? group : "");
	snprintf(ret->status, sizeof(ret->status), "%s",
		 status ? status : "");
}

enum failure host_judge_user_keys(const struct answer *answer,
				  const char *fingerprint,
				  struct host_owned_key *ret)
{
	struct host_page page;
	enum failure why = host_judge_page(answer, &page);
	size_t i;
	const json_t *key;

	if (why != FAILURE_NONE)
		return why;
	*ret = (struct host_owned_key){ 0 };
	json_array_foreach(page.items, i, key) {
		const char *has = host_member_text(key, "key");

		if (has && strcmp(has, fingerprint) == 0)
			read_key(key, ret);
	}
	return FAILURE_NONE;
}

bool host_more_user_keys(const struct answer *answer)
{
	struct host_page page;

	return host_judge_page(answer, &page) == FAILURE_NONE &&
	       !host_page_is_last(&page) && page.page < HOST_KEY_PAGES_MAX;
}

void host_look_at_user_keys(const struct answer *answer,
			    struct host_key_look *look)
{
	struct host_page page;
	size_t i;
	const json_t *key;

	if (host_judge_page(answer, &page) != FAILURE_NONE)
		return;
	json_array_foreach(page.items, i, key) {
		const int64_t group = host_member_i64(key, "group_id");

		if (host_object_id(key) == look->key_id) {
			look->found = true;
			look->bound_to = group;
		} else if (group == look->group_id) {
			look->used = true;
		}
	}
	/* Nobody knows what is behind the last page that is read. */
	if (!host_page_is_last(&page) && page.page >= HOST_KEY_PAGES_MAX)
		look->used = true;
}

void host_ask_user_balance(struct request *request,
			   const struct host_peer *peer, int64_t id,
			   int64_t amount, const char *mark)
{
	AUTO_FREE char *notes = xasprintf("crm-%s %s", peer->inst, mark);

	/*
	 * No Idempotency-Key: a host would answer a later top-up with what
	 * it did the first time.
	 */
	host_start(request, peer, METHOD_POST, HOST_ROLE_ADMIN,
		   "/api/v1/admin/users/%" PRId64 "/balance", id);
	host_body(request);
	jout_i64(&request->body, "balance", amount);
	jout_str(&request->body, "operation", "set");
	jout_str(&request->body, "notes", notes);
	host_body_end(request);
}
