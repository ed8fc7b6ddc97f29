/* What a repair is called, and what it changes, in words for people. */
#include "schedd/host/mend.h"

#include "schedd/host/symptom.h"
#include "shared/clock.h"
#include "shared/table.h"

#define BIT(repair) (1u << (repair))
#define TEXT_MAX 300

static void say_mode(const struct host_mend_case *the,
		     const struct host_account *account, struct buf *before,
		     struct buf *after)
{
	static const char *const flags[] = {
		[HOST_FLAG_UNSET] = "unset",
		[HOST_FLAG_FALSE] = "false",
		[HOST_FLAG_TRUE] = "true",
	};

	(void)the;
	buf_addf(before, "mode %s, supported %s",
		 account->mode ? account->mode : "unset",
		 flags[account->flag]);
	buf_adds(after, "mode force_chat_completions, supported false");
}

static void list_ids(struct buf *out, json_t *take_ids)
{
	size_t i;
	const json_t *id;

	json_array_foreach(take_ids, i, id)
		buf_addf(out, "%s%lld", i ? ", " : "",
			 (long long)json_integer_value(id));
	if (json_array_size(take_ids) == 0)
		buf_adds(out, "-");
	json_decref(take_ids);
}

static void say_groups(const struct host_mend_case *the,
		       const struct host_account *account, struct buf *before,
		       struct buf *after)
{
	(void)account;
	list_ids(before, host_account_groups(the->live));
	list_ids(after, host_mend_groups(the));
}

static void say_mapping(const struct host_mend_case *the,
			const struct host_account *account,
			struct buf *before, struct buf *after)
{
	json_auto_t *missing = host_missing_models(the, account);
	const char *name;
	json_t *target;

	buf_addf(before, "%zu", json_object_size(account->mapping));
	buf_addf(after, "%zu", json_object_size(account->mapping) +
			       json_object_size(missing));
	json_object_foreach(missing, name, target)
		buf_addf(after, " +%s", name);
}

static void say_error_codes(const struct host_mend_case *the,
			    const struct host_account *account,
			    struct buf *before, struct buf *after)
{
	AUTO_FREE char *codes = account->error_codes
		? json_dumps(account->error_codes, JSON_COMPACT) : NULL;

	(void)the;
	buf_addf(before, "on %s", codes ? codes : "[]");
	buf_adds(after, "off");
}

static void say_pool(const struct host_mend_case *the,
		     const struct host_account *account, struct buf *before,
		     struct buf *after)
{
	(void)the;
	buf_addf(before, "%s, %lld repeats", account->pool_mode ? "on" : "off",
		 (long long)account->pool_retries);
	buf_adds(after, "on, 0 repeats");
}

static void say_until(struct buf *out, int64_t until)
{
	char text[CLOCK_TEXT_MAX];

	if (until)
		buf_addf(out, " until %s", clock_format(until, text));
}

static void say_recover(const struct host_mend_case *the,
			const struct host_account *account,
			struct buf *before, struct buf *after)
{
	AUTO_FREE char *words = host_account_complaint(account->live);

	(void)the;
	buf_adds(before, account->status);
	say_until(before, account->bench_until);
	if (words)
		buf_addf(before, ": %s", words);
	buf_adds(after, "active");
}

static void say_switch_on(const struct host_mend_case *the,
			  const struct host_account *account,
			  struct buf *before, struct buf *after)
{
	(void)account;
	buf_addf(before, "schedulable false (%s)",
		 the->off_by_us ? "by CRM" :
		 the->wish ? "switched off" : "by the host's error");
	buf_adds(after, "schedulable true");
}

static void say_base_url(const struct host_mend_case *the,
			 const struct host_account *account,
			 struct buf *before, struct buf *after)
{
	const char *wanted = host_wanted_base_url(the);

	buf_adds(before, account->base_url ? account->base_url : "-");
	buf_adds(after, wanted ? wanted : "-");
}

static void say_proxy(const struct host_mend_case *the,
		      const struct host_account *account, struct buf *before,
		      struct buf *after)
{
	buf_addf(before, "%lld", (long long)host_member_i64(account->live,
							    "proxy_id"));
	buf_addf(after, "%lld", (long long)host_member_i64(the->wanted,
							   "proxy_id"));
}

static void say_activate(const struct host_mend_case *the,
			 const struct host_account *account,
			 struct buf *before, struct buf *after)
{
	(void)the;
	buf_addf(before, "%s, schedulable %s", account->status,
		 account->schedulable ? "true" : "false");
	buf_adds(after, "active, schedulable true");
}

static void say_extend(const struct host_mend_case *the,
		       const struct host_account *account,
		       struct buf *before, struct buf *after)
{
	(void)the;
	buf_adds(before, "ended");
	say_until(before, 1000 * host_member_i64(account->live,
						 "expires_at"));
	buf_adds(after, "without an end");
}

static void say_nudge(const struct host_mend_case *the,
		      const struct host_account *account, struct buf *before,
		      struct buf *after)
{
	(void)the;
	(void)account;
	buf_adds(before, "scheduler's copy perhaps old");
	buf_adds(after, "read again");
}

static void say_wait(const struct host_mend_case *the,
		     const struct host_account *account, struct buf *before,
		     struct buf *after)
{
	(void)the;
	buf_adds(before, "limited");
	say_until(before, account->bench_until);
	buf_adds(after, "active");
}

static const struct {
	const char *name;
	const char *zh, *en;
	void (*say)(const struct host_mend_case *the,
		    const struct host_account *account, struct buf *before,
		    struct buf *after);
} repairs_table[] = {
	[HOST_REPAIR_MODE] = { "raw_chat", "对话模式", "chat mode", say_mode },
	[HOST_REPAIR_GROUPS] = { "regroup", "所属分组", "groups", say_groups },
	[HOST_REPAIR_MAPPING] = { "models", "模型映射", "mapped models",
				  say_mapping },
	[HOST_REPAIR_ERROR_CODES] = { "error_codes", "自定义错误码",
				      "custom error codes", say_error_codes },
	[HOST_REPAIR_POOL] = { "armour", "池模式", "pool mode", say_pool },
	[HOST_REPAIR_BASE_URL] = { "base_url", "基础地址", "base URL",
				   say_base_url },
	[HOST_REPAIR_PROXY] = { "proxy", "代理", "proxy", say_proxy },
	[HOST_REPAIR_ACTIVATE] = { "activate", "启用", "status",
				   say_activate },
	[HOST_REPAIR_EXTEND] = { "extend", "有效期", "validity", say_extend },
	[HOST_REPAIR_RECOVER] = { "recover", "账号状态", "account state",
				  say_recover },
	[HOST_REPAIR_SWITCH_ON] = { "enable", "调度开关", "switch",
				    say_switch_on },
	[HOST_REPAIR_NUDGE] = { "nudge", "调度副本", "scheduler", say_nudge },
	[HOST_REPAIR_WAIT] = { "wait", "限流", "limit", say_wait },
};
_Static_assert(COUNT(repairs_table) == HOST_REPAIR__MAX, "a row for each");

const char *host_repair_name(enum host_repair repair)
{
	return repairs_table[repair].name;
}

static void write_repair(struct jout *out, const struct host_mend_case *the,
			 const struct host_account *account, size_t i)
{
	CLEANUP(buf_done) struct buf before = { .max = TEXT_MAX };
	CLEANUP(buf_done) struct buf after = { .max = TEXT_MAX };
	AUTO_FREE char *zh = NULL, *en = NULL;

	repairs_table[i].say(the, account, &before, &after);
	zh = xasprintf("%s：%s → %s", repairs_table[i].zh, buf_str(&before),
		       buf_str(&after));
	en = xasprintf("%s: %s → %s", repairs_table[i].en, buf_str(&before),
		       buf_str(&after));
	jout_object(out, NULL);
	jout_str(out, "name", repairs_table[i].name);
	jout_str(out, "before", buf_str(&before));
	jout_str(out, "after", buf_str(&after));
	jout_str(out, "zh", zh);
	jout_str(out, "en", en);
	jout_object_end(out);
}

void host_mend_write(struct jout *out, const struct host_mend_case *the,
		     const struct host_mend *mend)
{
	struct host_account account = host_account_read(the->live, the->inst,
							the->now);

	jout_array(out, "repairs");
	for (size_t i = 0; i < COUNT(repairs_table); i++)
		if (mend->repairs & BIT(i))
			write_repair(out, the, &account, i);
	jout_array_end(out);
}
