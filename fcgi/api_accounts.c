/* api_accounts: our accounts on hosts, and other keys for them. */
#include <string.h>

#include "fcgi/api.h"
#include "fcgi/change_plan.h"
#include "fcgi/cursor.h"
#include "fcgi/problem.h"
#include "fcgi/query.h"
#include "shared/account_list.h"

#define PAGE 50
#define PAGE_MAX 200
#define TEXT_MAX 64
#define KEY_MIN 20		/* shorter ones have no fingerprint (D22) */
#define OVERLAP_MIN_S 2		/* a host uses the old one so long */
#define OVERLAP_MAX_S (24 * 3600)

struct accounts_query {
	struct account_filter filter;
	int64_t limit;
	const char *cursor;
};

static bool is_state(const char *text)
{
	enum resource_state state;

	return resource_state_parse(text, &state);
}

#define AT(member) offsetof(struct accounts_query, member)

static const struct query_field accounts_fields[] = {
	{ "host_id", QUERY_TEXT, AT(filter.host_id), 0, HTTP_ID_MAX,
	  http_is_id },
	{ "provider_id", QUERY_TEXT, AT(filter.endpoint_key), 0,
	  ENDPOINT_KEY_MAX, http_is_key },
	{ "state", QUERY_TEXT, AT(filter.state), 0, TEXT_MAX, is_state },
	{ "api_key_fingerprint", QUERY_TEXT, AT(filter.key_fingerprint), 0,
	  SEAL_FINGERPRINT_TEXT - 1, http_is_key },
	{ "limit", QUERY_INT, AT(limit), 1, PAGE_MAX, NULL },
	{ "cursor", QUERY_TEXT, AT(cursor), 0, CURSOR_MAX, NULL },
};

/* "endpoint~plan|mode|key" of what an account is looked up by. */
static void write_place(struct jout *out, const char *lookup)
{
	size_t name = strcspn(lookup, "~|");
	const char *mode = strchr(lookup, '|');
	const char *key = mode ? strchr(mode + 1, '|') : NULL;
	AUTO_FREE char *endpoint = NULL;
	AUTO_FREE char *word = NULL;

	if (key) {
		endpoint = xstrndup(lookup, name);
		word = xstrndup(mode + 1, (size_t)(key - mode - 1));
	}
	jout_str(out, "endpoint_key", endpoint);
	jout_str(out, "access_mode", word);
}

static void account_write(struct jout *out, const struct account_row *row)
{
	jout_object(out, NULL);
	jout_str(out, "resource_id", row->resource_id);
	jout_str(out, "host_id", row->host_id);
	jout_str(out, "account_id", row->account_id);
	write_place(out, row->lookup);
	jout_str(out, "base_url", row->base_url);
	jout_str(out, "mark", row->mark);
	jout_str(out, "state", row->state);
	jout_str(out, "origin", row->origin);
	jout_str(out, "api_key_fingerprint", row->key_fingerprint);
	jout_str(out, "api_key_last4", row->key_last4);
	jout_time(out, "paused_at", row->paused_at);
	jout_bool(out, "off_by_crm", row->off_by_us);
	jout_i64(out, "uses", row->uses);
	jout_str(out, "newest_run_id", row->run_id);
	jout_str(out, "newest_item_id", row->item_id);
	jout_str(out, "label", row->label);
	jout_time(out, "created_at", row->created_at);
	jout_time(out, "updated_at", row->updated_at);
	jout_object_end(out);
}

/* A page may be short and have a cursor all the same, see walk.h. */
static int write_accounts(const struct request *req,
			  const struct accounts_query *query,
			  struct jout *out, struct err *err)
{
	CLEANUP(walk_done) struct walk walk = { 0 };
	struct account_row row = { 0 };
	char last[WALK_ID_MAX] = "";
	int64_t n = 0;
	int more;

	if (account_list(&walk, req->db, &query->filter, err))
		return -1;
	jout_array(out, "accounts");
	while ((more = account_list_next(&walk, &row, err)) > 0 &&
	       n++ < query->limit) {
		account_write(out, &row);
		snprintf(last, sizeof(last), "%s", row.resource_id);
	}
	jout_array_end(out);
	if (more < 0)
		return -1;
	cursor_write(out, "accounts", &walk, more > 0, last);
	return 0;
}

static int accounts_show(const struct request *req, struct reply *reply,
			 struct err *err)
{
	AUTO_FREE char *storage = NULL;
	struct accounts_query query = { .limit = PAGE };
	char after[CURSOR_ID_MAX];

	if (query_read(req->query, accounts_fields, COUNT(accounts_fields),
		       &query, &storage, err) ||
	    cursor_read("accounts", query.cursor, after, err))
		return -1;
	query.filter.cursor = after;
	reply->status = 200;
	jout_object(&reply->out, NULL);
	if (write_accounts(req, &query, &reply->out, err))
		return -1;
	jout_object_end(&reply->out);
	return 0;
}

static int account_show(const struct request *req, struct reply *reply,
			struct err *err)
{
	CLEANUP(walk_done) struct walk walk = { 0 };
	const struct account_filter one = { .resource_id = req->ids[0] };
	struct account_row row = { 0 };
	int more;

	if (account_list(&walk, req->db, &one, err))
		return -1;
	more = account_list_next(&walk, &row, err);
	if (more == 0)
		return err_set(err, ERR_NOT_FOUND, "no account %s",
			       req->ids[0]);
	if (more < 0)
		return -1;
	reply->status = 200;
	account_write(&reply->out, &row);
	return 0;
}

/* ---- another key ---- */

struct key_body {
	const char *api_key;
	int64_t overlap_s;
	bool old_key_revoked;
	bool apply;
	const char *plan;
};

static const struct jdec_field key_fields[] = {
	JDEC_STR(struct key_body, api_key, true, KEY_MIN, SEAL_SECRET_MAX),
	JDEC_I64(struct key_body, overlap_s, false, OVERLAP_MIN_S,
		 OVERLAP_MAX_S),
	JDEC_FLAG(struct key_body, old_key_revoked, false),
	JDEC_FLAG(struct key_body, apply, false),
	JDEC_STR(struct key_body, plan, false, 1, SEAL_HASH_TEXT - 1),
};

static void read_key(const struct request *req, struct key_body *ret,
		     struct jdec_problems *problems)
{
	if (!jdec(req->body, "", key_fields, COUNT(key_fields), ret, problems))
		return;
	if (strpbrk(ret->api_key, " \t\r\n"))
		jdec_problem(problems, "", "api_key", "must not have blanks");
}

static int rotate_post(const struct request *req, struct reply *reply,
		       struct err *err)
{
	CLEANUP(change_target_done) struct change_target target = { 0 };
	CLEANUP(change_plan_done) struct change_plan plan = { 0 };
	struct key_body body = {
		.overlap_s = req->worker->settings->key_overlap_s,
	};
	struct jdec_problems problems = { 0 };

	read_key(req, &body, &problems);
	if (problems.count)
		return problem_refuse(reply, &problems);
	plan.overlap_s = body.overlap_s;
	plan.old_key_revoked = body.old_key_revoked;
	secrets_seal(req->worker->key, SECRET_API_KEY, body.api_key, req->now,
		     seal_random(), &plan.key);
	if ((body.apply && request_begin(req, err)) ||
	    change_target_of(req, req->ids[0], &target, err) ||
	    change_plan_key(req, &target, &plan, err))
		return -1;
	if (body.apply)
		return change_begin(req, &target, &plan, body.plan, reply,
				    err);
	reply->status = 200;
	return change_plan_write(req, &target, &plan, &reply->out, err);
}

const struct route api_accounts_routes[] = {
	{ HTTP_GET, "/api/accounts", SCOPE_READ,
	  .handle = accounts_show, .takes_query = true },
	{ HTTP_GET, "/api/accounts/{resource_id}", SCOPE_READ,
	  .handle = account_show },
	{ HTTP_POST, "/api/accounts/{resource_id}/rotate-key", SCOPE_OPERATE,
	  .handle = rotate_post, .body = BODY_REQUIRED,
	  .waiting = &change_waiting },
	{ 0 }
};
