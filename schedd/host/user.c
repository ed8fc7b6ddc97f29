#include "schedd/host/user.h"

#include <inttypes.h>
#include <strings.h>

/* What a token is good for if the answer does not say. */
#define TOKEN_SECONDS 3600

char *host_user_email(const char *selector, const char *inst)
{
	return xasprintf("relay-sub-%s.%s@crm.invalid", selector, inst);
}

void host_user_wanted(struct jout *out, const char *email, const char *mark)
{
	jout_object(out, NULL);
	jout_str(out, "email", email);
	jout_str(out, "notes", mark);
	jout_object_end(out);
}

char *host_self_user_email(const char *selector, const char *inst)
{
	return xasprintf("relay-self-%s.%s@crm.invalid", selector, inst);
}

void host_self_user_wanted(struct jout *out, const char *email,
			   const char *mark)
{
	jout_object(out, NULL);
	jout_str(out, "email", email);
	jout_str(out, "notes", mark);
	jout_i64(out, "balance", HOST_SELF_BALANCE);
	jout_object_end(out);
}

int host_ask_user_create(struct request *request,
			 const struct host_peer *peer,
			 const char *wanted_json, struct err *err)
{
	host_start(request, peer, METHOD_POST, HOST_ROLE_ADMIN,
		   "/api/v1/admin/users");
	return host_body_secret(request, wanted_json, "password",
				SLOT_USER_PASSWORD, err);
}

void host_ask_user_find(struct request *request,
			const struct host_peer *peer, const char *email)
{
	AUTO_FREE char *escaped = request_escape(email);

	host_start(request, peer, METHOD_GET, HOST_ROLE_ADMIN,
		   "/api/v1/admin/users?search=%s&page=1&page_size=100"
		   "&include_subscriptions=false", escaped);
}

enum failure host_judge_user_find(const struct answer *answer,
				  const char *email, int64_t *ret_id)
{
	struct host_page page;
	enum failure why = host_judge_page(answer, &page);
	size_t i;
	const json_t *user;

	if (why != FAILURE_NONE)
		return why;
	*ret_id = 0;
	json_array_foreach(page.items, i, user) {
		const char *has = host_member_text(user, "email");

		if (has && strcasecmp(has, email) == 0)
			*ret_id = host_object_id(user);
	}
	return FAILURE_NONE;
}

void host_ask_user(struct request *request, const struct host_peer *peer,
		   int64_t id)
{
	host_start(request, peer, METHOD_GET, HOST_ROLE_ADMIN,
		   "/api/v1/admin/users/%" PRId64, id);
}

void host_ask_user_activate(struct request *request,
			    const struct host_peer *peer, int64_t id)
{
	host_start(request, peer, METHOD_PUT, HOST_ROLE_ADMIN,
		   "/api/v1/admin/users/%" PRId64, id);
	host_body(request);
	jout_str(&request->body, "status", "active");
	host_body_end(request);
}

static bool holds(const json_t *ids, int64_t wanted)
{
	size_t i;
	const json_t *id;

	json_array_foreach(ids, i, id)
		if (json_integer_value(id) == wanted)
			return true;
	return false;
}

bool host_user_may(const json_t *user, int64_t group_id)
{
	return holds(json_object_get(user, "allowed_groups"), group_id);
}

/* Those of `from` that are not there yet. */
static void add_ids(json_t *to, const json_t *from, int64_t but)
{
	size_t i;
	const json_t *id;

	json_array_foreach(from, i, id) {
		int64_t value = json_integer_value(id);

		if (value != but && !holds(to, value))
			json_array_append_new(to, json_integer(value));
	}
}

char *host_user_groups_but(const json_t *user, int64_t group_id,
			   const json_t *needed)
{
	json_auto_t *rest = json_array();

	if (!host_user_may(user, group_id) || holds(needed, group_id))
		return NULL;
	add_ids(rest, json_object_get(user, "allowed_groups"), group_id);
	add_ids(rest, needed, group_id);
	return json_dumps(rest, JSON_COMPACT);
}

void host_ask_user_groups(struct request *request,
			  const struct host_peer *peer, int64_t id,
			  const char *groups_json)
{
	host_start(request, peer, METHOD_PUT, HOST_ROLE_ADMIN,
		   "/api/v1/admin/users/%" PRId64, id);
	host_body(request);
	jout_raw(&request->body, "allowed_groups", groups_json);
	host_body_end(request);
}

void host_ask_user_password(struct request *request,
			    const struct host_peer *peer, int64_t id)
{
	host_start(request, peer, METHOD_PUT, HOST_ROLE_ADMIN,
		   "/api/v1/admin/users/%" PRId64, id);
	host_body(request);
	request_secret(request, "password", SLOT_USER_PASSWORD);
	host_body_end(request);
}

void host_ask_user_delete(struct request *request,
			  const struct host_peer *peer, int64_t id)
{
	host_start(request, peer, METHOD_DELETE, HOST_ROLE_ADMIN,
		   "/api/v1/admin/users/%" PRId64, id);
}

void host_ask_whoami(struct request *request, const struct host_peer *peer)
{
	host_start(request, peer, METHOD_GET, HOST_ROLE_USER,
		   "/api/v1/auth/me");
}

static void log_in(struct request *request, const struct host_peer *peer,
		   const char *email, enum slot password)
{
	host_start(request, peer, METHOD_POST, HOST_ROLE_NOBODY,
		   "/api/v1/auth/login");
	request->budget = BUDGET_LOGIN;
	host_body(request);
	jout_str(&request->body, "email", email);
	request_secret(request, "password", password);
	host_body_end(request);
}

void host_ask_login(struct request *request, const struct host_peer *peer,
		    const char *email)
{
	log_in(request, peer, email, SLOT_USER_PASSWORD);
}

void host_ask_admin_login(struct request *request,
			  const struct host_peer *peer)
{
	log_in(request, peer, peer->admin_email ? peer->admin_email : "",
	       SLOT_HOST_TOKEN);
}

enum failure host_judge_login(const struct answer *answer,
			      struct host_login *ret)
{
	enum failure why = host_judge(answer);
	const json_t *data = host_data(answer);
	int64_t seconds = host_member_i64(data, "expires_in");

	/* Nobody's token was refused: this was a password. */
	if (why == FAILURE_HOST_AUTH)
		return FAILURE_HOST_REFUSED;
	if (why != FAILURE_NONE)
		return why;
	if (json_is_true(json_object_get(data, "requires_2fa")))
		return FAILURE_LOGIN_BLOCKED;
	if (!json_object_get(data, "access_token"))
		return FAILURE_HOST_UNSUPPORTED;
	ret->user_id = host_object_id(json_object_get(data, "user"));
	ret->expires_in_ms = (seconds > 0 ? seconds : TOKEN_SECONDS) * 1000;
	return FAILURE_NONE;
}

enum failure host_judge_admin_login(const struct answer *answer,
				    struct host_login *ret)
{
	enum failure why = host_judge_login(answer, ret);
	const char *role = answer_text(answer, "/data/user/role");

	/* 400 is an e-mail address that is none, 403 a user switched off. */
	if (why == FAILURE_HOST_REFUSED && answer->status >= 400 &&
	    answer->status <= 403)
		return FAILURE_HOST_AUTH;
	if (why == FAILURE_NONE && role && strcmp(role, "admin") != 0)
		return FAILURE_HOST_AUTH;
	return why;
}

#define MARGIN_MS (5 * 60 * 1000)

int64_t host_login_ends(const struct host_login *login, int64_t now)
{
	int64_t quarter = login->expires_in_ms / 4;

	return now + login->expires_in_ms -
	       (quarter < MARGIN_MS ? quarter : MARGIN_MS);
}
