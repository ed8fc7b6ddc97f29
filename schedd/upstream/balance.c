#include "schedd/upstream/balance.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "schedd/judge.h"
#include "schedd/upstream/amount.h"
#include "schedd/upstream/classify.h"
#include "schedd/upstream/vendor.h"
#include "shared/clock.h"
#include "shared/table.h"

#define VIEWS_MAX 3

/* A share of a plan, in percent, from which on it is low. */
#define LOW_SHARE 10

/* Epochs above this are milliseconds, below it seconds. */
#define SECONDS_MAX INT64_C(100000000000)

/*
 * Where an amount stands: JSON pointers from the body, or from a row of the
 * list.  One whose `free_at` holds `free_is` knows no limit.
 */
struct view {
	const char *amount;
	const char *used;	/* for who tells this and the limit only */
	const char *limit;
	const char *free_at;
	const char *free_is;
};

struct offer {
	const char *name;
	const char *family;	/* of its models, or NULL */
	const char *host;	/* its name, or what it ends with */
	const char *under;	/* what the base URL's path begins with */
	const char *path;	/* from the top of the host */
	const char *shape;	/* no such answer is without this */
	bool rows;		/* `shape` is a list of rows */
	bool tightest;		/* of the views, not the first that tells */
	const char *currency;	/* a code, or where it stands */
	const char *expires;	/* or NULL */
	const char *usable;	/* false: no call gets through; or NULL */
	struct view views[VIEWS_MAX];
};

#define MINIMAX(hostname) \
	{ "minimax", "minimax", hostname, NULL, "/v1/token_plan/remains", \
	  "/model_remains", true, false, "%", NULL, NULL, { \
		{ .amount = "/current_weekly_remaining_percent", \
		  .free_at = "/current_weekly_status", .free_is = "3" }, \
		{ .amount = "/current_interval_remaining_percent", \
		  .free_at = "/current_interval_status", .free_is = "3" } } }
#define MOONSHOT(hostname, code) \
	{ "moonshot", "kimi", hostname, NULL, "/v1/users/me/balance", \
	  "/data/available_balance", false, false, code, NULL, NULL, \
	  { { .amount = "/data/available_balance" } } }
#define KIMI_CODING(hostname) \
	{ "kimi-coding", NULL, hostname, "/coding", "/coding/v1/usages", \
	  "/usage", false, false, "", NULL, NULL, \
	  { { .amount = "/usage/remaining", .used = "/usage/used", \
	      .limit = "/usage/limit" } } }
#define SILICONFLOW(hostname, code) \
	{ "siliconflow", NULL, hostname, NULL, "/v1/user/info", \
	  "/data/totalBalance", false, false, code, NULL, NULL, \
	  { { .amount = "/data/totalBalance" } } }
#define STEPFUN(hostname, code) \
	{ "stepfun", "step", hostname, NULL, "/v1/accounts", \
	  "/balance", false, false, code, NULL, NULL, \
	  { { .amount = "/balance", \
	      .free_at = "/type", .free_is = "postpaid" } } }

/* From the vendors' own references, or as their answers were seen. */
static const struct offer offers[] = {
	{ "deepseek", "deepseek", "api.deepseek.com", NULL, "/user/balance",
	  "/balance_infos", true, false, "/currency", NULL, "/is_available",
	  { { .amount = "/total_balance" } } },
	MOONSHOT("api.moonshot.cn", "CNY"),
	MOONSHOT("api.moonshot.ai", "USD"),
	KIMI_CODING("api.kimi.com"),
	KIMI_CODING("api.kimi.ai"),
	MINIMAX("api.minimax.cn"),
	MINIMAX("api.minimaxi.com"),
	MINIMAX("api.minimax.io"),
	SILICONFLOW("api.siliconflow.cn", "CNY"),
	SILICONFLOW("api.siliconflow.com", "USD"),
	STEPFUN("api.stepfun.com", "CNY"),
	STEPFUN("api.stepfun.ai", "USD"),
	{ "infini", NULL, "cloud.infini-ai.com", "/maas/coding",
	  "/maas/coding/usage", "/30_day", false, true, "", NULL, NULL, {
		{ .amount = "/7_day/remain", .limit = "/7_day/quota" },
		{ .amount = "/30_day/remain", .limit = "/30_day/quota" } } },
	{ "openrouter", NULL, "openrouter.ai", NULL, "/api/v1/key", "/data",
	  false, false, "USD", "/data/expires_at", NULL,
	  { { .amount = "/data/limit_remaining", .limit = "/data/limit" } } },
};

/* From when on an amount is low that is no share of a limit. */
static const struct {
	const char *currency;
	double mark;
} low_marks[] = {
	{ "CNY", 10 },
	{ "USD", 2 },
	{ "%",	 LOW_SHARE },
};

/* ---- who tells ---- */

static bool host_matches(const struct offer *offer, const char *base_url)
{
	return upstream_is_at(base_url, offer->host) &&
	       (!offer->under ||
		strncmp(upstream_path_of(base_url), offer->under,
			strlen(offer->under)) == 0);
}

static bool name_matches(const struct offer *offer, const char *family)
{
	return strcmp(offer->name, family) == 0 ||
	       (offer->family && strcmp(offer->family, family) == 0);
}

/* The host says it for certain, a family only where the host says nothing. */
static const struct offer *offer_of(const char *base_url, const char *family)
{
	for (size_t i = 0; i < COUNT(offers); i++)
		if (host_matches(&offers[i], base_url))
			return &offers[i];
	for (size_t i = 0; family && i < COUNT(offers); i++)
		if (name_matches(&offers[i], family))
			return &offers[i];
	return NULL;
}

char *upstream_balance_url(const char *base_url, const char *family)
{
	const struct offer *offer = offer_of(base_url, family);
	size_t origin = (size_t)(upstream_path_of(base_url) - base_url);

	if (!offer)
		return NULL;
	return xasprintf("%.*s%s", (int)origin, base_url, offer->path);
}

void upstream_ask_balance(struct request *request, const char *balance_url)
{
	request_start(request, METHOD_GET, PEER_PROVIDER, balance_url, "%s",
		      "");
	request_header(request, "Authorization", "Bearer ",
		       SLOT_PROVIDER_KEY);
	request_header(request, "Accept", "application/json", SLOT_NONE);
}

/* ---- amounts ---- */

/* Where the pointers of a view begin: "" or a row's own pointer. */
struct place {
	const struct answer *answer;
	char row[48];
};

static const json_t *value_at(const struct place *place, const char *pointer)
{
	char whole[128];

	snprintf(whole, sizeof(whole), "%s%s", place->row, pointer);
	return answer_at(place->answer, whole);
}

static bool number_at(const struct place *place, const char *pointer,
		      char ret[AMOUNT_MAX])
{
	return pointer && amount_take(place->answer, value_at(place, pointer),
				      strrchr(pointer, '/') + 1, ret);
}

/* A word or a number at a pointer, as a text to be compared. */
static bool holds(const struct place *place, const char *pointer,
		  const char *wanted)
{
	const char *text;
	char number[AMOUNT_MAX];

	if (!pointer)
		return false;
	text = json_string_value(value_at(place, pointer));
	if (text)
		return strcmp(text, wanted) == 0;
	return number_at(place, pointer, number) &&
	       strcmp(number, wanted) == 0;
}

/* What was found in one view. */
struct reading {
	char amount[AMOUNT_MAX];
	double value;
	double share;		/* percent of the limit; -1: there is none */
};

/* Of calls, some tell how many are used and not how many are left. */
static bool find_amount(const struct place *place, const struct view *view,
			double limit, char ret[AMOUNT_MAX])
{
	char used[AMOUNT_MAX];
	double value;

	if (number_at(place, view->amount, ret))
		return true;
	if (!number_at(place, view->used, used) ||
	    !amount_read(used, &value) || limit < value)
		return false;
	snprintf(ret, AMOUNT_MAX, "%.15g", limit - value);
	return true;
}

static bool read_view(const struct place *place, const struct view *view,
		      struct reading *ret)
{
	struct reading found = { .share = -1 };
	char limit[AMOUNT_MAX];
	double whole = 0;

	if (!view->amount || holds(place, view->free_at, view->free_is))
		return false;
	if (number_at(place, view->limit, limit) &&
	    !amount_read(limit, &whole))
		whole = 0;
	if (!find_amount(place, view, whole, found.amount) ||
	    !amount_read(found.amount, &found.value))
		return false;
	if (whole > 0)
		found.share = found.value * 100 / whole;
	*ret = found;
	return true;
}

/* The first view that tells, or the one with the smallest share left. */
static bool read_place(const struct offer *offer, const struct place *place,
		       struct reading *ret)
{
	bool any = false;

	for (size_t i = 0; i < VIEWS_MAX; i++) {
		struct reading found;

		if ((any && !offer->tightest) ||
		    !read_view(place, &offer->views[i], &found))
			continue;
		if (!any || (found.share >= 0 && found.share < ret->share))
			*ret = found;
		any = true;
	}
	return any;
}

/* ---- the answer ---- */

static void read_currency(const struct offer *offer,
			  const struct place *place, char ret[8])
{
	const char *code = offer->currency;

	if (*code == '/')
		code = json_string_value(value_at(place, code));
	if (!code || strlen(code) > 7)
		return;
	for (const char *c = code; *c; c++)
		if (!isalpha((unsigned char)*c) && *c != '%')
			return;
	snprintf(ret, 8, "%s", code);
}

static bool is_low(const struct reading *found, const char *currency)
{
	if (found->share >= 0)
		return found->share <= LOW_SHARE;
	for (size_t i = 0; i < COUNT(low_marks); i++)
		if (strcmp(low_marks[i].currency, currency) == 0)
			return found->value <= low_marks[i].mark;
	return found->value <= 0;
}

static void note(const struct offer *offer, const struct place *place,
		 const struct reading *found, struct upstream_balance *ret)
{
	memcpy(ret->amount, found->amount, sizeof(ret->amount));
	read_currency(offer, place, ret->currency);
	ret->low = is_low(found, ret->currency);
}

/*
 * Of several currencies the one that holds most; of several kinds of models
 * the first, which is the one for text.
 */
static void read_rows(const struct offer *offer, const struct answer *answer,
		      struct upstream_balance *ret)
{
	size_t n = json_array_size(answer_at(answer, offer->shape));
	double most = 0;

	for (size_t i = 0; i < n; i++) {
		struct place place = { .answer = answer };
		struct reading found;

		snprintf(place.row, sizeof(place.row), "%s/%zu",
			 offer->shape, i);
		if (!read_place(offer, &place, &found))
			continue;
		if (*ret->amount && (*offer->currency != '/' ||
				     found.value <= most))
			continue;
		most = found.value;
		note(offer, &place, &found, ret);
	}
}

static int64_t read_moment(const json_t *value)
{
	const char *text = json_string_value(value);
	int64_t at = 0;

	if (text)
		return clock_parse(text, &at) ? at : 0;
	at = json_integer_value(value);
	if (at <= 0)
		return 0;
	return at < SECONDS_MAX ? at * 1000 : at;
}

static void read_answer(const struct offer *offer,
			const struct answer *answer,
			struct upstream_balance *ret)
{
	struct place place = { .answer = answer };
	struct reading found;

	if (offer->rows)
		read_rows(offer, answer, ret);
	else if (read_place(offer, &place, &found))
		note(offer, &place, &found, ret);
	if (offer->expires)
		ret->expires_at = read_moment(answer_at(answer,
							offer->expires));
	if (offer->usable && json_is_false(answer_at(answer, offer->usable)))
		ret->low = true;
}

/* Is it the answer that the table describes? */
static bool has_shape(const struct offer *offer, const struct answer *answer)
{
	const json_t *shape = answer_at(answer, offer->shape);

	return offer->rows ? json_is_array(shape)
			   : shape && !json_is_null(shape);
}

enum failure upstream_judge_balance(const struct answer *answer,
				    const char *base_url, const char *family,
				    struct upstream_balance *ret)
{
	const struct offer *offer = offer_of(base_url, family);
	enum failure why;

	*ret = (struct upstream_balance){ 0 };
	if (!offer)
		return FAILURE_ENDPOINT_UNSUPPORTED;
	why = upstream_classify(answer, NULL);
	/* A success may hold an error all the same. */
	if (judge_is_success(answer) && why == FAILURE_INSPECT_BODY &&
	    has_shape(offer, answer)) {
		read_answer(offer, answer, ret);
		return FAILURE_NONE;
	}
	/* Another shape, or the page of a console: not what we know. */
	if (why == FAILURE_INSPECT_BODY || why == FAILURE_BAD_REQUEST)
		return FAILURE_ENDPOINT_UNSUPPORTED;
	return why;
}
