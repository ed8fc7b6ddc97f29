#include "schedd/host/account_view.h"

#include <inttypes.h>

#include "schedd/redact.h"
#include "shared/clock.h"
#include "shared/table.h"

#define COMPLAINT_MAX 300

/* Of a fingerprint, in hex: see shared/seal.h, which is not for us. */
#define FINGERPRINT_CHARS 32

/* How often a host repeats in pool mode unless it is told. */
#define POOL_RETRIES 3

/* The names of all that can differ. */
#define NAMES_MAX 400

static const json_t *extra(const json_t *live, const char *name)
{
	return json_object_get(json_object_get(live, "extra"), name);
}

static bool text_is(const json_t *object, const char *name, const char *text)
{
	const char *value = host_member_text(object, name);

	return value && strcmp(value, text) == 0;
}

/* Every member of `wanted` stands in `live` with the same value. */
static bool holds(const json_t *live, json_t *wanted)
{
	const char *name;
	json_t *value;

	json_object_foreach(wanted, name, value)
		if (!json_equal(value, json_object_get(live, name)))
			return false;
	return true;
}

static bool mapping_differs(const json_t *wanted, const json_t *live)
{
	return !holds(json_object_get(json_object_get(live, "credentials"),
				      "model_mapping"),
		      json_object_get(json_object_get(wanted, "credentials"),
				      "model_mapping"));
}

static bool base_url_differs(const json_t *wanted, const json_t *live)
{
	return !json_equal(
		json_object_get(json_object_get(wanted, "credentials"),
				"base_url"),
		json_object_get(json_object_get(live, "credentials"),
				"base_url"));
}

bool host_account_in_group(const json_t *live, int64_t group_id)
{
	size_t i;
	const json_t *value;

	json_array_foreach(json_object_get(live, "group_ids"), i, value)
		if (json_integer_value(value) == group_id)
			return true;
	/* Some answers have only the long form. */
	json_array_foreach(json_object_get(live, "account_groups"), i, value)
		if (host_member_i64(value, "group_id") == group_id)
			return true;
	return false;
}

json_t *host_account_groups(const json_t *live)
{
	const json_t *list = json_object_get(live, "group_ids");
	json_t *ids = json_array();
	size_t i;
	const json_t *value;

	json_array_foreach(list, i, value)
		json_array_append_new(ids, json_integer(
				      json_integer_value(value)));
	if (list && !json_is_null(list))
		return ids;
	/* Some answers have only the long form. */
	json_array_foreach(json_object_get(live, "account_groups"), i, value)
		json_array_append_new(ids, json_integer(
				      host_member_i64(value, "group_id")));
	return ids;
}

bool host_account_expired(const json_t *live, int64_t now)
{
	int64_t at = host_member_i64(live, "expires_at");	/* seconds */

	return at > 0 && at <= now / 1000 &&
	       !json_is_false(json_object_get(live, "auto_pause_on_expired"));
}

/* Only where a proxy is wanted: another one may be the host's own affair. */
static bool proxy_differs(const json_t *wanted, const json_t *live)
{
	const json_t *proxy = json_object_get(wanted, "proxy_id");

	return proxy && !json_equal(proxy, json_object_get(live, "proxy_id"));
}

static bool groups_differ(const struct host_account_check *check,
			  const json_t *live)
{
	size_t i;
	const json_t *value;

	if (check->only_group)
		return !host_account_in_group(live, check->only_group);
	json_array_foreach(json_object_get(check->wanted, "group_ids"), i,
			   value)
		if (!host_account_in_group(live, json_integer_value(value)))
			return true;
	return false;
}

static void note(struct buf *names, bool differs, const char *name)
{
	if (differs)
		buf_addf(names, "%s%s", names->len ? ", " : "", name);
}

bool host_account_differs(const struct host_account_check *check,
			  const json_t *live, char *why, size_t size)
{
	const json_t *wanted = check->wanted;
	struct buf names = { .max = NAMES_MAX };
	bool differs;

	note(&names, base_url_differs(wanted, live), "credentials.base_url");
	note(&names, mapping_differs(wanted, live),
	     "credentials.model_mapping");
	note(&names, !json_equal(extra(wanted, "openai_responses_mode"),
				 extra(live, "openai_responses_mode")),
	     "extra.openai_responses_mode");
	note(&names, !check->features->responses_mode &&
		     host_account_converts(check->features, live),
	     "extra.openai_responses_supported");
	note(&names, groups_differ(check, live), "group_ids");
	note(&names, proxy_differs(wanted, live), "proxy_id");
	note(&names, !text_is(live, "platform", "openai"), "platform");
	note(&names, !text_is(live, "type", "apikey"), "type");
	note(&names, !text_is(live, "status", "active"), "status");
	note(&names, !json_is_true(json_object_get(live, "schedulable")),
	     "schedulable");
	differs = names.len > 0;
	snprintf(why, size, "%s", buf_str(&names));
	buf_done(&names);
	return differs;
}

bool host_account_flag_seen(const json_t *live)
{
	return json_is_boolean(extra(live, "openai_responses_supported"));
}

bool host_account_converts(const struct host_features *features,
			   const json_t *live)
{
	const char *mode = json_string_value(extra(live,
						   "openai_responses_mode"));

	if (features->responses_mode && mode) {
		if (strcmp(mode, "force_chat_completions") == 0)
			return false;
		if (strcmp(mode, "force_responses") == 0)
			return true;
	}
	return !json_is_false(extra(live, "openai_responses_supported"));
}

enum host_bench host_account_bench(const json_t *live, int64_t now,
				   int64_t *ret_until)
{
	static const char *const moments[] = {
		"temp_unschedulable_until", "rate_limit_reset_at",
		"overload_until",
	};
	int64_t until = 0;

	for (size_t i = 0; i < COUNT(moments); i++) {
		const char *text = host_member_text(live, moments[i]);
		int64_t at;

		if (text && clock_parse(text, &at) && at > now && at > until)
			until = at;
	}
	*ret_until = until;
	if (text_is(live, "status", "error"))
		return HOST_BENCH_ERROR;
	if (!text_is(live, "status", "active") ||
	    !json_is_true(json_object_get(live, "schedulable")))
		return HOST_BENCH_OFF;
	return until ? HOST_BENCH_TIMED : HOST_BENCH_NONE;
}

char *host_account_complaint(const json_t *live)
{
	const char *text = host_member_text(live, "error_message");

	if (!text || *text == '\0')
		text = host_member_text(live, "temp_unschedulable_reason");
	return text && *text ? redact_text(text, COMPLAINT_MAX) : NULL;
}

static bool is_later(const json_t *live, const char *name, int64_t now)
{
	const char *text = host_member_text(live, name);
	int64_t at;

	return text && clock_parse(text, &at) && at > now;
}

static enum host_flag flag_of(const json_t *live)
{
	const json_t *flag = extra(live, "openai_responses_supported");

	if (!json_is_boolean(flag))
		return HOST_FLAG_UNSET;
	return json_is_true(flag) ? HOST_FLAG_TRUE : HOST_FLAG_FALSE;
}

static const char *text_or_empty(const json_t *live, const char *name)
{
	const char *text = host_member_text(live, name);

	return text ? text : "";
}

/*
 * A key in clear is not looked at: only steps that say `fingerprints` may
 * compare.
 */
static const char *fingerprint_of(const char *key)
{
	return key && strlen(key) == FINGERPRINT_CHARS &&
	       strspn(key, "0123456789abcdef") == FINGERPRINT_CHARS
		? key : NULL;
}

static void read_credentials(const json_t *live, struct host_account *ret)
{
	const json_t *it = json_object_get(live, "credentials");
	const json_t *retries = json_object_get(it, "pool_mode_retry_count");
	const json_t *mapping = json_object_get(it, "model_mapping");

	ret->base_url = host_member_text(it, "base_url");
	ret->key = fingerprint_of(host_member_text(it, "api_key"));
	ret->redacts = json_is_object(json_object_get(live,
						      "credentials_status"));
	ret->pool_mode = json_is_true(json_object_get(it, "pool_mode"));
	ret->pool_retries = json_is_integer(retries)
		? json_integer_value(retries) : POOL_RETRIES;
	ret->hides_errors = json_is_true(json_object_get(it,
					"custom_error_codes_enabled"));
	ret->error_codes = json_object_get(it, "custom_error_codes");
	ret->mapping = json_object_size(mapping) > 0 ? mapping : NULL;
}

struct host_account host_account_read(const json_t *live, const char *inst,
				      int64_t now)
{
	struct host_account account = {
		.id = host_object_id(live),
		.name = text_or_empty(live, "name"),
		.status = text_or_empty(live, "status"),
		.schedulable = json_is_true(json_object_get(live,
							    "schedulable")),
		.limited = is_later(live, "rate_limit_reset_at", now),
		.mode = json_string_value(extra(live,
						"openai_responses_mode")),
		.flag = flag_of(live),
		.concurrency = host_member_i64(live, "concurrency"),
		.priority = host_member_i64(live, "priority"),
		.live = live,
	};

	account.mark = host_mark_of(account.name, inst);
	account.bench = host_account_bench(live, now, &account.bench_until);
	read_credentials(live, &account);
	return account;
}

void host_ask_accounts_by(struct request *request,
			  const struct host_peer *peer, int64_t page,
			  int64_t page_size)
{
	host_start(request, peer, METHOD_GET, HOST_ROLE_ADMIN,
		   "/api/v1/admin/accounts?platform=openai&type=apikey"
		   "&page=%" PRId64 "&page_size=%" PRId64
		   "&sort_by=id&sort_order=asc", page, page_size);
	request->bulky = true;
}

void host_ask_api_accounts(struct request *request,
			   const struct host_peer *peer, int64_t page)
{
	host_ask_accounts_by(request, peer, page, HOST_LIST_PAGE);
}

void host_ask_group_accounts(struct request *request,
			     const struct host_peer *peer, int64_t group_id,
			     int64_t page)
{
	host_start(request, peer, METHOD_GET, HOST_ROLE_ADMIN,
		   "/api/v1/admin/accounts?group=%" PRId64 "&page=%" PRId64
		   "&page_size=1000&sort_by=id&sort_order=asc",
		   group_id, page);
	request->bulky = true;
}
