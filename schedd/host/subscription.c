#include "schedd/host/subscription.h"

#include <inttypes.h>

#include "shared/clock.h"

void host_ask_subscriptions(struct request *request,
			    const struct host_peer *peer, int64_t user_id)
{
	host_start(request, peer, METHOD_GET, HOST_ROLE_ADMIN,
		   "/api/v1/admin/users/%" PRId64 "/subscriptions", user_id);
}

static int64_t moment(const json_t *object, const char *name)
{
	const char *text = host_member_text(object, name);
	int64_t at;

	return text && clock_parse(text, &at) ? at : 0;
}

static struct host_subscription_seen read_one(const json_t *object)
{
	const char *status = host_member_text(object, "status");

	return (struct host_subscription_seen){
		.id = host_object_id(object),
		.group_id = host_member_i64(object, "group_id"),
		.starts_at = moment(object, "starts_at"),
		.expires_at = moment(object, "expires_at"),
		.active = status && strcmp(status, "active") == 0,
		.notes = host_member_text(object, "notes"),
	};
}

static char *our_notes(const struct host_peer *peer)
{
	return xasprintf("crm-%s", peer->inst);
}

bool host_subscription_is_ours(const struct host_subscription_seen *seen,
			       const struct host_peer *peer)
{
	AUTO_FREE char *ours = our_notes(peer);

	return seen->notes && strcmp(seen->notes, ours) == 0;
}

/* Revoked ones are listed by newer hosts; nothing can be done with them. */
static bool is_revoked(const json_t *object)
{
	const char *status = host_member_text(object, "status");

	return status && strcmp(status, "revoked") == 0;
}

enum failure host_judge_subscriptions(const struct answer *answer,
				      int64_t group_id,
				      struct host_subscription_seen *ret)
{
	struct host_page page;
	enum failure why = host_judge_page(answer, &page);
	size_t i;
	const json_t *object;

	if (why != FAILURE_NONE)
		return why;
	*ret = (struct host_subscription_seen){ 0 };
	json_array_foreach(page.items, i, object) {
		struct host_subscription_seen one = read_one(object);

		if (one.group_id == group_id && one.id && !ret->active &&
		    !is_revoked(object))
			*ret = one;
	}
	return FAILURE_NONE;
}

void host_ask_group_subscriptions(struct request *request,
				  const struct host_peer *peer,
				  int64_t group_id, int64_t page)
{
	host_start(request, peer, METHOD_GET, HOST_ROLE_ADMIN,
		   "/api/v1/admin/groups/%" PRId64 "/subscriptions?page=%"
		   PRId64 "&page_size=1000", group_id, page);
}

/* A host keeps those of a deleted user, and says no user with them. */
static bool has_a_user(const json_t *object)
{
	return json_is_object(json_object_get(object, "user"));
}

bool host_group_subscription_is_theirs(const json_t *object,
				       const struct host_peer *peer)
{
	const struct host_subscription_seen one = read_one(object);

	return has_a_user(object) && !is_revoked(object) &&
	       !host_subscription_is_ours(&one, peer);
}

void host_subscription_wanted(struct jout *out, const struct host_peer *peer,
			      const struct host_subscription_wish *wish)
{
	AUTO_FREE char *notes = our_notes(peer);

	jout_object(out, NULL);
	jout_i64(out, "user_id", wish->user_id);
	jout_i64(out, "group_id", wish->group_id);
	jout_i64(out, "validity_days", wish->days);
	/* Constant: a host refuses a repeat with other notes. */
	jout_str(out, "notes", notes);
	jout_object_end(out);
}

void host_ask_subscription_assign(struct request *request,
				  const struct host_peer *peer,
				  const char *wanted_json)
{
	host_start(request, peer, METHOD_POST, HOST_ROLE_ADMIN,
		   "/api/v1/admin/subscriptions/assign");
	host_body_raw(request, wanted_json);
}

void host_ask_subscription_extend(struct request *request,
				  const struct host_peer *peer, int64_t id,
				  int64_t days, const char *mark,
				  int64_t generation)
{
	host_start(request, peer, METHOD_POST, HOST_ROLE_ADMIN,
		   "/api/v1/admin/subscriptions/%" PRId64 "/extend", id);
	host_idempotency(request, mark, generation);
	host_body(request);
	jout_i64(&request->body, "days", days);
	host_body_end(request);
}

enum failure host_judge_subscription(const struct answer *answer,
				     struct host_subscription_seen *ret)
{
	enum failure why = host_judge(answer);

	if (why != FAILURE_NONE)
		return why;
	*ret = read_one(host_data(answer));
	return ret->id ? FAILURE_NONE : FAILURE_HOST_UNSUPPORTED;
}

bool host_subscription_conflicts(const struct answer *answer)
{
	return answer->transport == TRANSPORT_OK && answer->status == 409 &&
	       host_reason_is(answer, "SUBSCRIPTION_ASSIGN_CONFLICT");
}

void host_ask_subscription(struct request *request,
			   const struct host_peer *peer, int64_t id)
{
	host_start(request, peer, METHOD_GET, HOST_ROLE_ADMIN,
		   "/api/v1/admin/subscriptions/%" PRId64, id);
}

void host_ask_subscription_revoke(struct request *request,
				  const struct host_peer *peer, int64_t id)
{
	host_start(request, peer, METHOD_DELETE, HOST_ROLE_ADMIN,
		   "/api/v1/admin/subscriptions/%" PRId64, id);
}
