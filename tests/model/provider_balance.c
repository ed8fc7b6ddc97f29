#include "tests/model/provider_balance.h"

#include <string.h>

#include "shared/clock.h"

#define HOUR_MS (60 * 60 * 1000LL)

/* What an account had in all, whatever is left of it. */
#define GRANTED 10.0

static const char *const vendor_names[] = {
	[PROVIDER_DEEPSEEK]	= "deepseek",
	[PROVIDER_MOONSHOT]	= "moonshot",
	[PROVIDER_SILICONFLOW]	= "siliconflow",
	[PROVIDER_OPENROUTER]	= "openrouter",
	[PROVIDER_MINIMAX]	= "minimax",
	[PROVIDER_STEPFUN]	= "stepfun",
};

TABLE_ENUM_DEFINE(provider_vendor, vendor_names, PROVIDER_VENDOR__MAX);

/* The longer one first where one ends in the other. */
static const struct {
	const char *tail;
	enum provider_vendor vendor;
} tails[] = {
	{ "/users/me/balance",	 PROVIDER_MOONSHOT },
	{ "/user/balance",	 PROVIDER_DEEPSEEK },
	{ "/user/info",		 PROVIDER_SILICONFLOW },
	{ "/token_plan/remains", PROVIDER_MINIMAX },
	{ "/accounts",		 PROVIDER_STEPFUN },
	{ "/key",		 PROVIDER_OPENROUTER },
};

bool provider_balance_path(const char *path, size_t len,
			   enum provider_vendor *ret, size_t *ret_tail)
{
	for (size_t i = 0; i < COUNT(tails); i++) {
		size_t tail = strlen(tails[i].tail);

		if (len < tail ||
		    memcmp(path + len - tail, tails[i].tail, tail) != 0)
			continue;
		*ret = tails[i].vendor;
		*ret_tail = tail;
		return true;
	}
	return false;
}

/* Money as text, as some write it. */
static json_t *money(double amount)
{
	AUTO_FREE char *text = xasprintf("%.2f", amount);

	return json_string(text);
}

static json_t *deepseek(double amount)
{
	return json_pack("{s:b, s:[{s:s, s:o, s:o, s:o}]}",
		"is_available", amount > 0, "balance_infos",
		"currency", "CNY", "total_balance", money(amount),
		"granted_balance", money(0), "topped_up_balance",
		money(amount));
}

static json_t *moonshot(double amount)
{
	return json_pack("{s:i, s:{s:f, s:f, s:f}, s:s, s:b}", "code", 0,
		"data", "available_balance", amount, "voucher_balance", 0.0,
		"cash_balance", amount, "scode", "0x0", "status", 1);
}

static json_t *siliconflow(double amount)
{
	return json_pack("{s:i, s:s, s:b, s:{s:s, s:s, s:s, s:b, s:o, s:s,"
			 " s:o, s:o}}", "code", 20000, "message", "OK",
		"status", 1, "data", "id", "user-1", "name", "user",
		"email", "", "isAdmin", 0, "balance", money(0),
		"status", "normal", "chargeBalance", money(amount),
		"totalBalance", money(amount));
}

static json_t *time_or_null(int64_t at)
{
	char text[CLOCK_TEXT_MAX];

	if (!at)
		return json_null();
	clock_format(at, text);
	return json_string(text);
}

static json_t *openrouter(double amount, int64_t expires_at)
{
	double limit = amount > GRANTED ? amount : GRANTED;

	return json_pack("{s:{s:s, s:f, s:f, s:f, s:n, s:b, s:b, s:o}}",
		"data", "label", "sk-or-v1-0000", "limit", limit,
		"limit_remaining", amount, "usage", limit - amount,
		"limit_reset", "is_free_tier", 0, "is_provisioning_key", 0,
		"expires_at", time_or_null(expires_at));
}

/* Of a plan it tells what is left of the hours and of the week. */
static json_t *minimax(double percent, int64_t expires_at, int64_t now)
{
	int64_t end = now / (5 * HOUR_MS) * (5 * HOUR_MS) + 5 * HOUR_MS;

	if (!expires_at)
		expires_at = now + 7 * 24 * HOUR_MS;
	return json_pack("{s:[{s:s, s:I, s:I, s:I, s:i, s:i, s:f, s:I, s:i,"
			 " s:i, s:f}], s:{s:i, s:s}}", "model_remains",
		"model_name", "MiniMax-M*",
		"start_time", (json_int_t)(end - 5 * HOUR_MS),
		"end_time", (json_int_t)end,
		"remains_time", (json_int_t)(end - now),
		"current_interval_total_count", 0,
		"current_interval_usage_count", 0,
		"current_interval_remaining_percent", percent,
		"weekly_end_time", (json_int_t)expires_at,
		"current_weekly_total_count", 0,
		"current_weekly_usage_count", 0,
		"current_weekly_remaining_percent", percent,
		"base_resp", "status_code", 0, "status_msg", "success");
}

static json_t *stepfun(double amount)
{
	return json_pack("{s:s, s:s, s:f, s:f, s:f}", "object", "account",
		"type", "prepaid", "balance", amount,
		"total_cash_balance", amount, "total_voucher_balance", 0.0);
}

json_t *provider_balance_body(enum provider_vendor vendor, double amount,
			      int64_t expires_at, int64_t now)
{
	switch (vendor) {
	case PROVIDER_DEEPSEEK:
		return deepseek(amount);
	case PROVIDER_MOONSHOT:
		return moonshot(amount);
	case PROVIDER_SILICONFLOW:
		return siliconflow(amount);
	case PROVIDER_OPENROUTER:
		return openrouter(amount, expires_at);
	case PROVIDER_MINIMAX:
		return minimax(amount, expires_at, now);
	case PROVIDER_STEPFUN:
		return stepfun(amount);
	case PROVIDER_VENDOR__MAX:
		break;
	}
	return json_object();
}
