#include "schedd/host/owned_reads.h"

#define READ(name) SLICES_MEMBER(name, NULL)

const struct slices_member host_group_reads[] = {
	READ("id"), READ("name"), READ("description"), READ("platform"),
	READ("rate_multiplier"), READ("is_exclusive"), READ("status"),
	READ("subscription_type"), READ("daily_limit_usd"),
	READ("weekly_limit_usd"), READ("monthly_limit_usd"),
	READ("rpm_limit"), READ("allow_messages_dispatch"),
	{ 0 }
};

const struct slices_member host_account_reads[] = {
	READ("id"), READ("name"), READ("notes"), READ("platform"),
	READ("type"), READ("credentials"), READ("extra"), READ("proxy_id"),
	READ("proxy_fallback_origin_id"), READ("concurrency"),
	READ("priority"), READ("load_factor"), READ("rate_multiplier"),
	READ("status"), READ("schedulable"), READ("error_message"),
	READ("expires_at"), READ("group_ids"),
	SLICES_MEMBER("account_groups", "group_ids"),
	{ 0 }
};
