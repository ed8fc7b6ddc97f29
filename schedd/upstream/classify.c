#include "schedd/upstream/classify.h"

#include <strings.h>

#include "schedd/judge.h"
#include "schedd/redact.h"
#include "schedd/upstream/signal.h"
#include "shared/table.h"

/* Where a row looks for its words, which stand between '|'. */
enum look {
	LOOK_STATUS,	/* the status is enough */
	LOOK_CODE,	/* code or type equals one, case and all */
	LOOK_ENDING,	/* code or type ends with one */
	LOOK_START,	/* code or type starts with one */
	LOOK_TEXT,	/* the message has one in it, in any case */
	LOOK_MODEL,	/* the same, and speaks of a model */
	LOOK_INNER,	/* base_resp.status_code equals one */
};

struct row {
	int from, to;		/* statuses */
	enum look look;
	enum failure class;
	const char *words;
};

#define ANY 100, 599
#define ONLY(status) status, status

/*
 * The first row that matches decides.  Rows by code hold for a success too:
 * some providers send their errors with 200.
 */
static const struct row rows[] = {
	/* Numbers of MiniMax's native answers, mostly with 200. */
	{ ANY, LOOK_INNER, FAILURE_QUOTA_EXHAUSTED,
	  "1008|2056" },
	{ ANY, LOOK_INNER, FAILURE_RATE_LIMITED,
	  "1002|1039|2045" },
	{ ANY, LOOK_INNER, FAILURE_KEY_INVALID,
	  "1004|2049" },
	{ ANY, LOOK_INNER, FAILURE_CONTENT_BLOCKED,
	  "1026|1027" },
	{ ANY, LOOK_INNER, FAILURE_ENTITLEMENT,
	  "2061" },
	{ ANY, LOOK_INNER, FAILURE_TRANSIENT,
	  "1000|1001|1013|1024|1033" },
	/* Who asks, and from where. */
	{ ANY, LOOK_CODE, FAILURE_REGION_FORBIDDEN,
	  "unsupported_country_region_territory" },
	{ ONLY(403), LOOK_TEXT, FAILURE_REGION_FORBIDDEN,
	  "ip 不在|not in the allow|ip not allowed|ip is not allowed|"
	  "allow-list|allowlist|whitelist|白名单|country|region|"
	  "地区|error code: 1009|error code: 1020|error 1009|"
	  "error 1020" },
	{ ONLY(403), LOOK_TEXT, FAILURE_CLIENT_NOT_ALLOWED,
	  "only available for coding agents" },
	{ ONLY(403), LOOK_TEXT, FAILURE_QUOTA_EXHAUSTED,
	  "usage limit" },
	/* No money. */
	{ ONLY(402), LOOK_TEXT, FAILURE_ENTITLEMENT,
	  "membership benefits" },
	{ ONLY(402), LOOK_STATUS, FAILURE_QUOTA_EXHAUSTED, NULL },
	{ ANY, LOOK_CODE, FAILURE_QUOTA_EXHAUSTED,
	  "Arrearage|AccountOverdueError|"
	  "OperationDenied.ServiceOverdue|AllocationQuota.FreeTierOnly|"
	  "30001|NOT_ENOUGH_BALANCE|insufficient_user_quota|"
	  "pre_consume_token_quota_failed|11201|insufficient_balance|"
	  "insufficient_balance_error" },
	{ 400, 500, LOOK_TEXT, FAILURE_QUOTA_EXHAUSTED,
	  "account is in good standing|account balance is insufficient|"
	  "用户额度不足|insufficient balance|"
	  "insufficient account balance|余额不足" },
	{ 400, 500, LOOK_TEXT, FAILURE_QUOTA_EXHAUSTED,
	  "(1008)" },
	{ ONLY(500), LOOK_CODE, FAILURE_QUOTA_EXHAUSTED,
	  "1008" },
	{ ONLY(403), LOOK_TEXT, FAILURE_QUOTA_EXHAUSTED,
	  "free tier" },
	/* Too much: for now, for this window, for the server. */
	{ ONLY(429), LOOK_CODE, FAILURE_ENTITLEMENT,
	  "1309|1311|1313" },
	{ ONLY(429), LOOK_CODE, FAILURE_QUOTA_EXHAUSTED,
	  "1113|1304|1308|1310|1316|1317|1318|1319|1320|1321|2056|"
	  "exceeded_current_quota_error|AccountQuotaExceeded|"
	  "SetLimitExceeded" },
	{ ONLY(429), LOOK_CODE, FAILURE_OVERLOADED,
	  "1305|1312|engine_overloaded_error|ServerOverloaded" },
	{ ONLY(429), LOOK_TEXT, FAILURE_OVERLOADED,
	  "engine is currently overloaded" },
	{ ONLY(429), LOOK_CODE, FAILURE_RATE_LIMITED,
	  "1002|1302|1303|2045|rate_limit_error|"
	  "rate_limit_reached_error|rpm_rate_limit_exceeded|"
	  "tpm_rate_limit_exceeded" },
	{ ONLY(429), LOOK_START, FAILURE_RATE_LIMITED,
	  "Throttling" },
	{ ONLY(429), LOOK_ENDING, FAILURE_QUOTA_EXHAUSTED,
	  "_quota_exceeded" },
	{ ONLY(429), LOOK_TEXT, FAILURE_QUOTA_EXHAUSTED,
	  "hour allocated quota exceeded|week allocated quota exceeded|"
	  "month allocated quota exceeded" },
	{ ONLY(429), LOOK_TEXT, FAILURE_RATE_LIMITED,
	  "allocated quota exceeded|per minute|per second|rpm|tpm|qps|"
	  "concurren" },
	{ ONLY(429), LOOK_TEXT, FAILURE_QUOTA_EXHAUSTED,
	  "usage limit|usage quota|exceeded today|"
	  "exceeded your current quota|quota" },
	{ ONLY(429), LOOK_STATUS, FAILURE_RATE_LIMITED, NULL },
	{ ANY, LOOK_CODE, FAILURE_OVERLOADED,
	  "overloaded_error" },
	/* A key in the wrong place, a right that is missing, a wrong key. */
	{ ONLY(401), LOOK_ENDING, FAILURE_PLAN_ENDPOINT_MISMATCH,
	  "_api_key_not_allowed|_api_key_required" },
	{ ONLY(401), LOOK_CODE, FAILURE_ENTITLEMENT,
	  "invalid_model" },
	{ ONLY(401), LOOK_TEXT, FAILURE_ENTITLEMENT,
	  "bind your alibaba cloud account" },
	{ ONLY(401), LOOK_STATUS, FAILURE_KEY_INVALID, NULL },
	{ ANY, LOOK_CODE, FAILURE_KEY_INVALID,
	  "11200|INVALID_API_KEY|invalid_api_key|InvalidApiKey|"
	  "incorrect_api_key_error" },
	/* ZenMux says so of a wrong key, firewalls and relays of a path. */
	{ ONLY(403), LOOK_TEXT, FAILURE_FORBIDDEN,
	  "this endpoint|this path|this url|this resource" },
	{ ONLY(403), LOOK_CODE, FAILURE_KEY_INVALID,
	  "access_denied" },
	{ ANY, LOOK_START, FAILURE_ENTITLEMENT,
	  "AccessDenied" },
	{ ANY, LOOK_CODE, FAILURE_ENTITLEMENT,
	  "permission_denied_error|ServiceNotOpen|ModelNotOpen|1220|"
	  "InvalidEndpointOrModel.ModelIDAccessDisabled" },
	{ ONLY(403), LOOK_TEXT, FAILURE_ENTITLEMENT,
	  "无权访问|not purchased|not activated" },
	/* What they will not speak about. */
	{ ANY, LOOK_CODE, FAILURE_CONTENT_BLOCKED,
	  "1301|data_inspection_failed|DataInspectionFailed|"
	  "content_filter" },
	{ ONLY(422), LOOK_CODE, FAILURE_CONTENT_BLOCKED,
	  "1026|1027" },
	{ ONLY(451), LOOK_STATUS, FAILURE_CONTENT_BLOCKED, NULL },
	/* The model, then the path. */
	{ ANY, LOOK_CODE, FAILURE_MODEL_NOT_FOUND,
	  "model_not_found|MODEL_NOT_FOUND|20012|"
	  "InvalidEndpointOrModel.NotFound|"
	  "coding_plan_model_not_supported|model_not_supported|"
	  "model_not_found_error" },
	{ 400, 404, LOOK_CODE, FAILURE_MODEL_NOT_FOUND,
	  "1211|invalid_model" },
	{ 400, 503, LOOK_TEXT, FAILURE_MODEL_NOT_FOUND,
	  "not found the model|supported api model names are|"
	  "model not exist|model does not exist|模型不存在|"
	  "unknown model|no provider|no endpoints found|"
	  "无可用渠道|no available channel" },
	{ 400, 404, LOOK_MODEL, FAILURE_MODEL_NOT_FOUND,
	  "is not supported|not found|not exist|not available|"
	  "invalid model" },
	{ ANY, LOOK_CODE, FAILURE_ENDPOINT_UNSUPPORTED,
	  "1221|1222" },
	{ 404, 405, LOOK_STATUS, FAILURE_ENDPOINT_UNSUPPORTED, NULL },
	{ ONLY(501), LOOK_STATUS, FAILURE_ENDPOINT_UNSUPPORTED, NULL },
	{ ANY, LOOK_CODE, FAILURE_INSPECT_BODY,
	  "500001|INVOKE_MODEL_ERROR" },
	/* The rest, by status. */
	{ ONLY(403), LOOK_STATUS, FAILURE_FORBIDDEN, NULL },
	{ ONLY(408), LOOK_STATUS, FAILURE_TRANSIENT, NULL },
	{ 400, 499, LOOK_STATUS, FAILURE_BAD_REQUEST, NULL },
	{ ONLY(503), LOOK_STATUS, FAILURE_OVERLOADED, NULL },
	{ ONLY(529), LOOK_STATUS, FAILURE_OVERLOADED, NULL },
	{ 500, 599, LOOK_STATUS, FAILURE_TRANSIENT, NULL },
};

/* How a word is held against a value; `len` is the word's. */
typedef bool compare(const char *value, const char *word, size_t len);

static bool equals(const char *value, const char *word, size_t len)
{
	return strlen(value) == len && memcmp(value, word, len) == 0;
}

static bool starts(const char *value, const char *word, size_t len)
{
	return strncmp(value, word, len) == 0;
}

static bool ends(const char *value, const char *word, size_t len)
{
	size_t has = strlen(value);

	return has >= len && memcmp(value + has - len, word, len) == 0;
}

static bool contains(const char *value, const char *word, size_t len)
{
	for (; *value; value++)
		if (strncasecmp(value, word, len) == 0)
			return true;
	return false;
}

static bool any(compare *matches, const char *value, const char *words)
{
	if (*value == '\0')
		return false;
	while (*words) {
		size_t len = strcspn(words, "|");

		if (matches(value, words, len))
			return true;
		words += len;
		words += *words == '|';
	}
	return false;
}

static bool code_or_type(compare *matches, const struct signal *signal,
			 const char *words)
{
	return any(matches, signal->code, words) ||
	       any(matches, signal->type, words);
}

static bool words_match(const struct row *row, const struct signal *signal)
{
	switch (row->look) {
	case LOOK_STATUS:
		return true;
	case LOOK_CODE:
		return code_or_type(equals, signal, row->words);
	case LOOK_ENDING:
		return code_or_type(ends, signal, row->words);
	case LOOK_START:
		return code_or_type(starts, signal, row->words);
	case LOOK_TEXT:
		return any(contains, signal->text, row->words);
	case LOOK_MODEL:
		return any(contains, signal->text, row->words) &&
		       any(contains, signal->text, "model|模型");
	case LOOK_INNER:
		return any(equals, signal->inner, row->words);
	}
	return false;
}

static bool row_matches(const struct row *row, const struct signal *signal)
{
	bool success = signal->status >= 200 && signal->status < 300;

	/* A success says nothing by its status or in passing. */
	if (success)
		return (row->look == LOOK_CODE || row->look == LOOK_INNER) &&
		       words_match(row, signal);
	return signal->status >= row->from && signal->status <= row->to &&
	       words_match(row, signal);
}

static enum failure class_of(const struct signal *signal)
{
	bool success = signal->status >= 200 && signal->status < 300;

	if (success && signal->html)
		return FAILURE_INSPECT_BODY;
	/* A page with 503 is a proxy's, and says nothing of the load. */
	if (signal->html && signal->status >= 500 && signal->status != 501)
		return FAILURE_TRANSIENT;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (row_matches(&rows[i], signal))
			return rows[i].class;
	return FAILURE_INSPECT_BODY;
}

static void describe(const struct signal *signal,
		     struct upstream_error *detail)
{
	AUTO_FREE char *text = redact_text(signal->text, UPSTREAM_DETAIL_MAX);
	AUTO_FREE char *code = redact_text(
		*signal->code ? signal->code
			      : *signal->inner ? signal->inner : signal->type,
		sizeof(detail->code) - 1);

	detail->status = signal->status;
	snprintf(detail->code, sizeof(detail->code), "%s", code);
	snprintf(detail->text, sizeof(detail->text), "%s", text);
}

enum failure upstream_classify(const struct answer *answer,
			       struct upstream_error *detail)
{
	enum failure why = judge_delivery(answer);
	struct signal signal;

	if (why != FAILURE_NONE) {
		if (detail)
			*detail = (struct upstream_error){
				.status = answer->status };
		return why;
	}
	signal = signal_of(answer);
	if (detail)
		describe(&signal, detail);
	return class_of(&signal);
}

char *upstream_detail(const struct answer *answer)
{
	struct upstream_error detail;

	if (answer->transport != TRANSPORT_OK)
		return xstrdup("");
	upstream_classify(answer, &detail);
	return xasprintf("HTTP %d%s%s%s%s", detail.status,
			 *detail.code ? " " : "", detail.code,
			 *detail.text ? ": " : "", detail.text);
}
