/* api_host_write: POST /api/hosts and PATCH /api/hosts/{host_id}. */
#include <string.h>

#include "fcgi/api.h"
#include "fcgi/problem.h"
#include "fcgi/way_out.h"
#include "shared/address.h"
#include "shared/endpoint.h"
#include "shared/hosts.h"
#include "shared/jdec.h"
#include "shared/secrets.h"

#define NAME_MAX_BYTES 100
#define TOKEN_MIN 8
#define TOKEN_MAX 8192
#define PASSWORD_MIN 6		/* what hosts take, by their own rule */
#define PASSWORD_MAX 72
#define EMAIL_MAX 254

struct host_body {
	const char *name;
	const char *base_url;
	const char *public_base_url;
	const char *auth_type;
	const char *admin_email;
	const char *auth_token;
	const char *proxy;
	const char *ca_pem;
};

static const struct jdec_field new_fields[] = {
	JDEC_STR(struct host_body, name, false, 1, NAME_MAX_BYTES),
	JDEC_STR(struct host_body, base_url, true, 1, ENDPOINT_URL_MAX),
	JDEC_STR(struct host_body, public_base_url, false, 1,
		 ENDPOINT_URL_MAX),
	JDEC_STR(struct host_body, auth_type, true, 1, 32),
	JDEC_STR(struct host_body, admin_email, false, 3, EMAIL_MAX),
	JDEC_STR(struct host_body, auth_token, true, 1, TOKEN_MAX),
	JDEC_STR(struct host_body, proxy, false, 1, ENDPOINT_URL_MAX),
	JDEC_STR(struct host_body, ca_pem, false, 1, WAY_OUT_CA_MAX),
};

/* "" clears what can be cleared, and so does null. */
static const struct jdec_field change_fields[] = {
	JDEC_STR(struct host_body, name, false, 1, NAME_MAX_BYTES),
	JDEC_STR(struct host_body, public_base_url, false, 0,
		 ENDPOINT_URL_MAX),
	JDEC_STR(struct host_body, auth_token, false, 1, TOKEN_MAX),
	JDEC_STR(struct host_body, proxy, false, 0, ENDPOINT_URL_MAX),
	JDEC_STR(struct host_body, ca_pem, false, 0, WAY_OUT_CA_MAX),
};

/* What may be stored.  Release with good_host_done(). */
struct good_host {
	struct host_body body;		/* borrowed from the request */
	char *name;			/* or NULL */
	char *base_url;			/* or NULL */
	char *public_base_url;		/* or NULL */
	enum host_auth auth_type;
	struct way_out way;
	struct secret_sealed token;	/* .sealed NULL: none was given */
};

static void good_host_done(struct good_host *host)
{
	free(host->name);
	free(host->base_url);
	free(host->public_base_url);
	way_out_done(&host->way);
	secret_sealed_done(&host->token);
	*host = (struct good_host){ 0 };
}

static void check_url(const char *field, const char *url, char **ret,
		      struct jdec_problems *problems)
{
	struct err err;

	if (url && *url && (endpoint_normalise(url, ret, &err) ||
			    address_check_url(*ret, true, &err)))
		jdec_problem(problems, "", field, "%.120s", err.msg);
}

static bool is_visible(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text <= 32 || *text >= 127)
			return false;
	return true;
}

/* Files end in a line break, and copied text in a blank: say so. */
static void check_token(const char *token, struct jdec_problems *problems)
{
	size_t len = strlen(token);

	if (strchr(" \t\r\n", token[0]) || strchr(" \t\r\n", token[len - 1]))
		jdec_problem(problems, "", "auth_token", "has a blank or line "
			     "break at its beginning or end: leave it out");
	else if (!is_visible(token))
		jdec_problem(problems, "", "auth_token",
			     "must be visible ASCII without blanks");
	else if (len < TOKEN_MIN)
		jdec_problem(problems, "", "auth_token",
			     "must be %d to %d bytes long", TOKEN_MIN,
			     TOKEN_MAX);
}

/* Blanks are as good as other characters in a password. */
static void check_password(const char *password,
			   struct jdec_problems *problems)
{
	size_t len = strlen(password);

	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)password[i] >= 32 && password[i] != 127)
			continue;
		jdec_problem(problems, "", "auth_token", "is a password with "
			     "a line break or another control character");
		return;
	}
	if (len < PASSWORD_MIN || len > PASSWORD_MAX)
		jdec_problem(problems, "", "auth_token", "must be %d to %d "
			     "bytes long: a host takes no other password",
			     PASSWORD_MIN, PASSWORD_MAX);
}

static bool is_email(const char *text)
{
	const char *at = strchr(text, '@');

	for (const char *c = text; *c != '\0'; c++)
		if ((unsigned char)*c <= 32 || *c == 127)
			return false;
	return at && at != text && at[1] != '\0' && !strchr(at + 1, '@');
}

static void check_email(const char *email, enum host_auth auth,
			struct jdec_problems *problems)
{
	if (auth != HOST_AUTH_PASSWORD && email)
		jdec_problem(problems, "", "admin_email",
			     "goes with auth_type password only");
	else if (auth == HOST_AUTH_PASSWORD && !email)
		jdec_problem(problems, "", "admin_email", "is missing: "
			     "auth_type password needs an administrator's");
	else if (email && !is_email(email))
		jdec_problem(problems, "", "admin_email",
			     "must be an e-mail address");
}

static void check_secret(const char *secret, enum host_auth auth,
			 struct jdec_problems *problems)
{
	if (secret && auth == HOST_AUTH_PASSWORD)
		check_password(secret, problems);
	else if (secret)
		check_token(secret, problems);
}

static void check_auth(const json_t *object, struct good_host *host,
		       struct jdec_problems *problems)
{
	const struct host_body *body = &host->body;
	const json_t *email = json_object_get(object, "admin_email");
	bool email_is_wrong = !body->admin_email && email &&
			      !json_is_null(email);

	if (!body->auth_type)
		return;
	if (!host_auth_parse(body->auth_type, &host->auth_type)) {
		jdec_problem(problems, "", "auth_type",
			     "must be one of: api_key, bearer, password");
		return;
	}
	check_secret(body->auth_token, host->auth_type, problems);
	/* One that is there and wrong is a problem already. */
	if (!email_is_wrong)
		check_email(body->admin_email, host->auth_type,
			    problems);
}

/* The host and port of a URL: what it is called unless somebody says. */
static char *host_of(const char *url)
{
	const char *from = strstr(url, "://");

	from = from ? from + 3 : url;
	return xstrndup(from, strcspn(from, "/"));
}

/* What both ways of writing look at, once all members are decoded. */
static void check_rest(struct good_host *host, struct jdec_problems *problems)
{
	check_url("base_url", host->body.base_url, &host->base_url, problems);
	check_url("public_base_url", host->body.public_base_url,
		  &host->public_base_url, problems);
	way_out_check(&host->way, host->body.proxy, host->body.ca_pem,
		      problems);
}

static void seal_all(const struct request *req, struct good_host *host)
{
	way_out_seal(&host->way, req);
	if (host->body.auth_token)
		secrets_seal(req->worker->key, SECRET_HOST_TOKEN,
			     host->body.auth_token, req->now, seal_random(),
			     &host->token);
}

static int store_secrets(const struct request *req,
			 const struct good_host *host, struct err *err)
{
	if (host->token.sealed &&
	    secrets_store(req->db, &host->token, req->now, err))
		return -1;
	return way_out_store(&host->way, req, err);
}

static bool check_new(const struct request *req, struct good_host *host,
		      struct jdec_problems *problems)
{
	if (!jdec(req->body, "", new_fields, COUNT(new_fields), &host->body,
		  problems) && !json_is_object(req->body))
		return false;
	check_rest(host, problems);
	check_auth(req->body, host, problems);
	if (problems->count || !host->base_url)
		return false;
	host->name = host->body.name ? xstrdup(host->body.name)
				     : host_of(host->base_url);
	seal_all(req, host);
	return true;
}

int api_host_post(const struct request *req, struct reply *reply,
		  struct err *err)
{
	CLEANUP(good_host_done) struct good_host host = { 0 };
	struct jdec_problems problems = { 0 };
	char host_id[ID_MAX];

	if (!check_new(req, &host, &problems))
		return problem_refuse(reply, &problems);
	const struct host_spec spec = {
		.name = host.name,
		.base_url = host.base_url,
		.public_base_url = host.public_base_url,
		.auth_type = host.auth_type,
		.auth_secret_id = host.token.face.secret_id,
		.admin_email = host.body.admin_email,
		.proxy_secret_id = way_out_secret(&host.way),
		.proxy = host.way.proxy,
		.ca_pem = host.way.ca_pem,
	};
	if (request_begin(req, err) || store_secrets(req, &host, err) ||
	    hosts_add(req->db, &spec, req->now, seal_random(), host_id, err) ||
	    api_host_probe(req, host_id, err))
		return -1;
	return api_host_later(req, host_id, reply, err);
}

/* Was this member given, to be cleared? */
static bool clears(const json_t *body, const char *name)
{
	const json_t *value = json_object_get(body, name);

	return json_is_null(value) ||
	       (json_is_string(value) && json_string_length(value) == 0);
}

static void check_not_cleared(const json_t *body, const char *name,
			      struct jdec_problems *problems)
{
	if (json_is_null(json_object_get(body, name)))
		jdec_problem(problems, "", name, "cannot be taken away");
}

static bool check_change(const struct request *req, enum host_auth auth,
			 struct good_host *host,
			 struct jdec_problems *problems)
{
	const json_t *body = req->body;

	if (!jdec(body, "", change_fields, COUNT(change_fields), &host->body,
		  problems) && !json_is_object(body))
		return false;
	if (json_object_size(body) == 0)
		jdec_problem(problems, "", "", "names nothing to change");
	check_not_cleared(body, "name", problems);
	check_not_cleared(body, "auth_token", problems);
	check_rest(host, problems);
	check_secret(host->body.auth_token, auth, problems);
	if (problems->count)
		return false;
	seal_all(req, host);
	return true;
}

/* NULL keeps, "" clears. */
static const char *changed(const json_t *body, const char *name,
			   const char *value)
{
	return clears(body, name) ? "" : value;
}

int api_host_patch(const struct request *req, struct reply *reply,
		   struct err *err)
{
	CLEANUP(good_host_done) struct good_host good = { 0 };
	CLEANUP(host_done) struct host host = { 0 };
	struct jdec_problems problems = { 0 };
	const char *host_id = req->ids[0];
	const json_t *body = req->body;

	if (hosts_get(req->db, host_id, &host, err))
		return -1;
	if (!check_change(req, host.auth_type, &good, &problems))
		return problem_refuse(reply, &problems);
	const struct host_change change = {
		.name = good.body.name,
		.public_base_url = changed(body, "public_base_url",
					   good.public_base_url),
		.auth_secret_id = good.token.sealed
			? good.token.face.secret_id : NULL,
		.proxy_secret_id = changed(body, "proxy",
					   way_out_secret(&good.way)),
		.proxy = changed(body, "proxy", good.way.proxy),
		.ca_pem = changed(body, "ca_pem", good.way.ca_pem),
	};
	if (request_begin(req, err) || store_secrets(req, &good, err) ||
	    hosts_change(req->db, host_id, &change, req->now, err) ||
	    api_host_probe(req, host_id, err))
		return -1;
	return api_host_later(req, host_id, reply, err);
}
