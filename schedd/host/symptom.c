#include "schedd/host/symptom.h"

#include <strings.h>

#include "shared/clock.h"
#include "shared/table.h"

#define BIT(symptom) (1u << (symptom))

static const struct host_symptom_facts facts[] = {
	[HOST_SYMPTOM_GONE] = { "gone", false, FAILURE_GONE,
		"账号已被人从主机上删除。",
		"Somebody deleted the account from the host." },
	[HOST_SYMPTOM_OFF] = { "account_off", false, FAILURE_ACCOUNT_OFF,
		"有人在主机上关闭了该账号；CRM 不会替人打开。",
		"Somebody switched the account off on the host; CRM does not"
		" switch it on against a person." },
	[HOST_SYMPTOM_EXPIRED] = { "expired", false, FAILURE_ACCOUNT_OFF,
		"账号在主机上已到期，主机不再使用它。",
		"The account's time on the host is over, and the host does not"
		" use it any more." },
	[HOST_SYMPTOM_GROUPS] = { "group_emptied", true, FAILURE_GROUP_EMPTY,
		"账号已不在它所属的分组中。",
		"The account is no longer in a group that it belongs to." },
	[HOST_SYMPTOM_CONVERTS] = { "converts", true, FAILURE_RESPONSES_FORCED,
		"主机把该账号的对话转到 /responses。",
		"The host sends this account's chats to /responses." },
	[HOST_SYMPTOM_BASE_URL] = { "base_url_changed", false,
		FAILURE_NOT_AS_WRITTEN,
		"有人改了账号的基础地址；请确认哪一个是对的。",
		"Somebody changed the account's base URL; a person has to say"
		" which one is right." },
	[HOST_SYMPTOM_KEY] = { "key_replaced", false, FAILURE_KEY_REPLACED,
		"账号里的密钥不是我们写入的那一个。",
		"The key in the account is not the one that was put there." },
	[HOST_SYMPTOM_KIND] = { "kind_changed", false, FAILURE_NOT_AS_WRITTEN,
		"账号的平台或类型被改动。",
		"The account's platform or type was changed." },
	[HOST_SYMPTOM_ERROR_CODES] = { "error_codes", true,
		FAILURE_ERROR_CODES_HIDE,
		"账号启用了自定义错误码，普通错误都变成"
		"“500 Upstream gateway error”。",
		"Custom error codes are on: ordinary errors become 500"
		" \"Upstream gateway error\"." },
	[HOST_SYMPTOM_MAPPING] = { "mapping_lost", true,
		FAILURE_MODEL_NOT_LISTED,
		"账号缺少应有的模型映射。",
		"The account lacks models that it should map." },
	[HOST_SYMPTOM_TARGETS] = { "mapping_changed", false,
		FAILURE_NOT_AS_WRITTEN,
		"账号把模型名映射到了别的模型；请确认。",
		"The account maps a name to another model; a person has to"
		" confirm that." },
	[HOST_SYMPTOM_ERROR] = { "account_error", true, FAILURE_ACCOUNT_ERROR,
		"主机因供应商的错误停用了该账号。",
		"The host took the account out after an error of the"
		" provider." },
	[HOST_SYMPTOM_BENCHED] = { "account_benched", true,
		FAILURE_ACCOUNT_BENCHED,
		"主机暂时停用了该账号。",
		"The host benched the account for a while." },
	[HOST_SYMPTOM_COOLING] = { "model_cooling", true,
		FAILURE_ACCOUNT_BENCHED,
		"主机暂时停用了该账号的一个模型。",
		"The host benched a model of the account for a while." },
	[HOST_SYMPTOM_PROXY] = { "proxy_differs", true,
		FAILURE_NOT_AS_WRITTEN,
		"账号没有使用导入时指定的代理。",
		"The account does not go by the proxy that the import asks"
		" for." },
	[HOST_SYMPTOM_MODE] = { "mode_removed", true, FAILURE_NOT_AS_WRITTEN,
		"有人去掉了账号的对话模式。",
		"Somebody removed the account's chat mode." },
	[HOST_SYMPTOM_POOL] = { "unarmoured", true, FAILURE_NONE,
		"账号缺少保护：一个用户的请求可能让它对所有人停用。",
		"The account lacks its armour: one user's request could take"
		" it out for everybody." },
	[HOST_SYMPTOM_STALE] = { "stale_copy", true, FAILURE_NO_ACCOUNT,
		"账号看起来正常，但主机的调度副本没有更新。",
		"The account looks well, but the host's scheduler works with"
		" an older copy of it." },
};
_Static_assert(COUNT(facts) == HOST_SYMPTOM__MAX, "a row for each");

const struct host_symptom_facts *host_symptom_facts(enum host_symptom which)
{
	return &facts[which];
}

static bool same(const char *one, const char *other)
{
	return one && other && strcmp(one, other) == 0;
}

static json_t *wanted_credential(const struct host_mend_case *the,
				 const char *name)
{
	return json_object_get(json_object_get(the->wanted, "credentials"),
			       name);
}

const char *host_wanted_base_url(const struct host_mend_case *the)
{
	return json_string_value(wanted_credential(the, "base_url"));
}

json_t *host_missing_models(const struct host_mend_case *the,
			    const struct host_account *account)
{
	json_t *missing = json_object();
	const char *name;
	json_t *target;

	json_object_foreach(wanted_credential(the, "model_mapping"), name,
			    target)
		if (!json_object_get(account->mapping, name))
			json_object_set(missing, name, target);
	return missing;
}

static bool lacks_models(const struct host_mend_case *the,
			 const struct host_account *account)
{
	json_auto_t *missing = host_missing_models(the, account);

	return json_object_size(missing) > 0;
}

static bool has_other_targets(const struct host_mend_case *the,
			      const struct host_account *account)
{
	const char *name;
	json_t *target;

	json_object_foreach(wanted_credential(the, "model_mapping"), name,
			    target) {
		const json_t *live = json_object_get(account->mapping, name);

		if (live && !json_equal(live, target))
			return true;
	}
	return false;
}

static bool is_outside(const struct host_mend_case *the,
		       const struct host_account *account)
{
	size_t i;
	const json_t *value;

	json_array_foreach(json_object_get(the->wanted, "group_ids"), i, value)
		if (!host_account_in_group(account->live,
					   json_integer_value(value)))
			return true;
	return false;
}

static bool is_other_kind(const struct host_mend_case *the,
			  const struct host_account *account)
{
	(void)the;
	return !same(host_member_text(account->live, "platform"), "openai") ||
	       !same(host_member_text(account->live, "type"), "apikey");
}

static bool has_other_base(const struct host_mend_case *the,
			   const struct host_account *account)
{
	const char *wanted = host_wanted_base_url(the);

	return wanted && !same(wanted, account->base_url);
}

static bool converts(const struct host_mend_case *the,
		     const struct host_account *account)
{
	return host_account_converts(the->features, account->live);
}

/* By its words: the account went to "error" over the key. */
static bool blames_key(const struct host_account *account)
{
	const char *words = host_member_text(account->live, "error_message");

	return words && strcasestr(words, "authentication failed (401)");
}

/*
 * Seen where the host shows it.  Elsewhere by what it does: the provider takes
 * our key from us and refuses the account's, at the same address and path.
 * An old error alone proves nothing, so a recovery comes first.
 */
static bool has_other_key(const struct host_mend_case *the,
			  const struct host_account *account)
{
	bool refused = the->upstream_status == 401 ||
		       (the->done & 1u << HOST_REPAIR_RECOVER &&
			blames_key(account));

	if (the->key && account->key && !account->redacts)
		return strcmp(the->key, account->key) != 0;
	return refused && the->direct_known &&
	       the->direct == FAILURE_NONE && !converts(the, account) &&
	       !has_other_base(the, account);
}

static bool was(const struct host_mend_case *the, const char *status)
{
	return same(host_member_text(the->last, "status"), status);
}

static bool had_been_off(const struct host_mend_case *the)
{
	return was(the, "active") &&
	       json_is_false(json_object_get(the->last, "schedulable"));
}

/* Somebody recovered it and did not know that it is off as well. */
static bool has_traces_of_error(const struct host_mend_case *the,
				const struct host_account *account)
{
	const char *words = host_member_text(account->live, "error_message");

	return was(the, "error") || (words && *words);
}

bool host_may_switch_on(const struct host_mend_case *the,
			const struct host_account *account)
{
	if (account->schedulable || same(account->status, "inactive") ||
	    (the->paused && !the->wish))
		return false;
	if (the->off_by_us || the->wish)
		return true;
	if (!the->features->errors_unschedule)
		return false;
	if (same(account->status, "error"))
		return !had_been_off(the);
	return has_traces_of_error(the, account);
}

static bool is_off(const struct host_mend_case *the,
		   const struct host_account *account)
{
	if (same(account->status, "inactive"))
		return true;
	return !account->schedulable && !host_may_switch_on(the, account);
}

static bool is_expired(const struct host_mend_case *the,
		       const struct host_account *account)
{
	return host_account_expired(account->live, the->now);
}

/* The host's affair, until an import asks for one. */
static bool has_other_proxy(const struct host_mend_case *the,
			    const struct host_account *account)
{
	const json_t *proxy = json_object_get(the->wanted, "proxy_id");

	return the->wish && proxy &&
	       !json_equal(proxy, json_object_get(account->live, "proxy_id"));
}

static bool is_in_error(const struct host_mend_case *the,
			const struct host_account *account)
{
	return same(account->status, "error") ||
	       (same(account->status, "active") &&
		host_may_switch_on(the, account));
}

static bool is_benched(const struct host_mend_case *the,
		       const struct host_account *account)
{
	(void)the;
	return account->bench_until > 0;
}

static bool is_cooling(const struct host_mend_case *the,
		       const struct host_account *account)
{
	const char *name;
	json_t *limit;

	json_object_foreach(json_object_get(json_object_get(account->live,
				"extra"), "model_rate_limits"), name, limit) {
		const char *text = host_member_text(limit,
						    "rate_limit_reset_at");
		int64_t at;

		if (text && clock_parse(text, &at) && at > the->now)
			return true;
	}
	return false;
}

static bool hides_errors(const struct host_mend_case *the,
			 const struct host_account *account)
{
	(void)the;
	return account->hides_errors;
}

/* On hosts that ignore the mode it is kept for the day of their upgrade. */
static bool lacks_mode(const struct host_mend_case *the,
		       const struct host_account *account)
{
	const char *mode = json_string_value(json_object_get(json_object_get(
		the->wanted, "extra"), "openai_responses_mode"));

	return mode && !same(mode, account->mode) && !converts(the, account);
}

static bool lacks_pool(const struct host_mend_case *the,
		       const struct host_account *account)
{
	bool wanted = the->pool_mode ||
		      json_is_true(wanted_credential(the, "pool_mode"));

	return wanted && (!account->pool_mode || account->pool_retries != 0);
}

static const struct {
	enum host_symptom symptom;
	bool (*there)(const struct host_mend_case *the,
		      const struct host_account *account);
} looks[] = {
	{ HOST_SYMPTOM_OFF,	    is_off },
	{ HOST_SYMPTOM_EXPIRED,	    is_expired },
	{ HOST_SYMPTOM_GROUPS,	    is_outside },
	{ HOST_SYMPTOM_CONVERTS,    converts },
	{ HOST_SYMPTOM_BASE_URL,    has_other_base },
	{ HOST_SYMPTOM_KEY,	    has_other_key },
	{ HOST_SYMPTOM_KIND,	    is_other_kind },
	{ HOST_SYMPTOM_ERROR_CODES, hides_errors },
	{ HOST_SYMPTOM_MAPPING,	    lacks_models },
	{ HOST_SYMPTOM_TARGETS,	    has_other_targets },
	{ HOST_SYMPTOM_ERROR,	    is_in_error },
	{ HOST_SYMPTOM_BENCHED,	    is_benched },
	{ HOST_SYMPTOM_COOLING,	    is_cooling },
	{ HOST_SYMPTOM_PROXY,	    has_other_proxy },
	{ HOST_SYMPTOM_MODE,	    lacks_mode },
	{ HOST_SYMPTOM_POOL,	    lacks_pool },
};

/* The gateway found no account, and nothing explains it. */
static bool is_stale(const struct host_mend_case *the, unsigned symptoms)
{
	static const enum failure signs[] = {
		FAILURE_WARMING_UP, FAILURE_NO_ACCOUNT,
		FAILURE_MODEL_NOT_LISTED, FAILURE_RESPONSES_FORCED,
	};

	if (symptoms & ~BIT(HOST_SYMPTOM_POOL))
		return false;
	for (size_t i = 0; i < COUNT(signs); i++)
		if (the->gateway == signs[i])
			return true;
	return false;
}

unsigned host_symptoms(const struct host_mend_case *the,
		       const struct host_account *account)
{
	unsigned symptoms = 0;

	if (!the->live)
		return BIT(HOST_SYMPTOM_GONE);
	for (size_t i = 0; i < COUNT(looks); i++)
		if (looks[i].there(the, account))
			symptoms |= BIT(looks[i].symptom);
	if (is_stale(the, symptoms))
		symptoms |= BIT(HOST_SYMPTOM_STALE);
	return symptoms;
}

void host_symptoms_write(struct jout *out, unsigned symptoms)
{
	jout_array(out, "symptoms");
	for (size_t i = 0; i < COUNT(facts); i++) {
		if (!(symptoms & BIT(i)))
			continue;
		jout_object(out, NULL);
		jout_str(out, "name", facts[i].name);
		jout_bool(out, "ours", facts[i].ours);
		jout_str(out, "zh", facts[i].zh);
		jout_str(out, "en", facts[i].en);
		jout_object_end(out);
	}
	jout_array_end(out);
}
