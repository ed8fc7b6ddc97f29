#include "schedd/host/key.h"

#include <inttypes.h>

void host_key_wanted(struct jout *out, const char *mark, int64_t group_id)
{
	jout_object(out, NULL);
	jout_str(out, "name", mark);
	jout_i64(out, "group_id", group_id);
	jout_object_end(out);
}

void host_ask_key_create(struct request *request,
			 const struct host_peer *peer,
			 const struct host_key_making *making)
{
	host_start(request, peer, METHOD_POST, HOST_ROLE_USER,
		   "/api/v1/keys");
	host_idempotency(request, making->mark, making->generation);
	host_body(request);
	jout_str(&request->body, "name", making->mark);
	if (making->group_id)
		jout_i64(&request->body, "group_id", making->group_id);
	request_secret(request, "custom_key", SLOT_USER_KEY);
	host_body_end(request);
}

enum failure host_judge_key_create(const struct answer *answer,
				   int64_t *ret_id)
{
	if (host_is_taken(answer)) {
		*ret_id = 0;
		return FAILURE_NONE;
	}
	return host_judge_created(answer, ret_id);
}

void host_ask_key_find(struct request *request, const struct host_peer *peer,
		       const char *mark)
{
	AUTO_FREE char *escaped = request_escape(mark);

	host_start(request, peer, METHOD_GET, HOST_ROLE_USER,
		   "/api/v1/keys?search=%s&page=1&page_size=100", escaped);
}

enum failure host_judge_key_find(const struct answer *answer,
				 const char *mark,
				 struct host_key_found *ret)
{
	struct host_page page;
	enum failure why = host_judge_page(answer, &page);
	size_t i;
	const json_t *key;

	if (why != FAILURE_NONE)
		return why;
	*ret = (struct host_key_found){ 0 };
	json_array_foreach(page.items, i, key) {
		const char *name = host_member_text(key, "name");
		const char *status = host_member_text(key, "status");

		if (!name || strcmp(name, mark) != 0)
			continue;
		ret->id = host_object_id(key);
		ret->group_id = host_member_i64(key, "group_id");
		ret->active = status && strcmp(status, "active") == 0;
	}
	return FAILURE_NONE;
}

void host_ask_key_delete(struct request *request,
			 const struct host_peer *peer, int64_t id)
{
	host_start(request, peer, METHOD_DELETE, HOST_ROLE_USER,
		   "/api/v1/keys/%" PRId64, id);
}

void host_ask_key_bind(struct request *request, const struct host_peer *peer,
		       int64_t id, int64_t group_id)
{
	host_start(request, peer, METHOD_PUT, HOST_ROLE_ADMIN,
		   "/api/v1/admin/api-keys/%" PRId64, id);
	host_body(request);
	jout_i64(&request->body, "group_id", group_id);
	host_body_end(request);
}

enum failure host_judge_key_bind(const struct answer *answer,
				 int64_t group_id)
{
	enum failure why = host_judge(answer);
	const json_t *key = json_object_get(host_data(answer), "api_key");

	if (why != FAILURE_NONE)
		return why;
	return host_member_i64(key, "group_id") == group_id
		? FAILURE_NONE : FAILURE_NOT_AS_WRITTEN;
}
