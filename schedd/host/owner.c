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
				    size_t candidate, int64_t *ret_id)
{
	struct host_page page;
	enum failure why = host_judge_page(answer, &page);

	if (why != FAILURE_NONE)
		return why;
	*ret_id = host_object_id(json_array_get(page.items, candidate));
	return FAILURE_NONE;
}

void host_ask_user_keys(struct request *request, const struct host_peer *peer,
			int64_t user_id)
{
	/* More than 1000 a page would silently become 20. */
	host_start(request, peer, METHOD_GET, HOST_ROLE_ADMIN,
		   "/api/v1/admin/users/%" PRId64 "/api-keys?page=1"
		   "&page_size=1000", user_id);
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

void host_ask_user(struct request *request, const struct host_peer *peer,
		   int64_t id)
{
	host_start(request, peer, METHOD_GET, HOST_ROLE_ADMIN,
		   "/api/v1/admin/users/%" PRId64, id);
}

enum failure host_judge_user(const struct answer *answer,
			     struct host_owner *ret)
{
	enum failure why = host_judge(answer);
	const json_t *data = host_data(answer);
	const char *status = host_member_text(data, "status");
	size_t i;
	const json_t *group;

	if (why != FAILURE_NONE)
		return why;
	*ret = (struct host_owner){
		.id = host_object_id(data),
		.active = status && strcmp(status, "active") == 0,
		.balance = json_number_value(json_object_get(data,
							     "balance")),
	};
	json_array_foreach(json_object_get(data, "allowed_groups"), i, group) {
		if (ret->nallowed == HOST_ALLOWED_MAX) {
			ret->more = true;
			break;
		}
		ret->allowed[ret->nallowed++] = json_integer_value(group);
	}
	return ret->id ? FAILURE_NONE : FAILURE_HOST_UNSUPPORTED;
}

bool host_owner_may_use(const struct host_owner *owner, int64_t group_id)
{
	for (size_t i = 0; i < owner->nallowed; i++)
		if (owner->allowed[i] == group_id)
			return true;
	return false;
}

void host_ask_user_groups_set(struct request *request,
			      const struct host_peer *peer,
			      const struct host_owner *owner,
			      int64_t group_id)
{
	host_start(request, peer, METHOD_PUT, HOST_ROLE_ADMIN,
		   "/api/v1/admin/users/%" PRId64, owner->id);
	host_body(request);
	jout_array(&request->body, "allowed_groups");
	for (size_t i = 0; i < owner->nallowed; i++)
		jout_i64(&request->body, NULL, owner->allowed[i]);
	if (!host_owner_may_use(owner, group_id))
		jout_i64(&request->body, NULL, group_id);
	jout_array_end(&request->body);
	host_body_end(request);
}

void host_ask_user_balance(struct request *request,
			   const struct host_peer *peer, int64_t id,
			   const char *mark)
{
	AUTO_FREE char *notes = xasprintf("crm-%s %s", peer->inst, mark);

	/*
	 * No Idempotency-Key: a host would answer a later top-up with what
	 * it did the first time.
	 */
	host_start(request, peer, METHOD_POST, HOST_ROLE_ADMIN,
		   "/api/v1/admin/users/%" PRId64 "/balance", id);
	host_body(request);
	jout_i64(&request->body, "balance", HOST_SELF_BALANCE);
	jout_str(&request->body, "operation", "set");
	jout_str(&request->body, "notes", notes);
	host_body_end(request);
}
