#include <inttypes.h>
#include <string.h>

#include "shared/own.h"
#include "shared/table.h"
#include "tests/model/host_accounts.h"
#include "tests/model/host_sched.h"
#include "tests/model/host_view.h"

static bool is_limited(const struct host_serving *now, int64_t at)
{
	return now->limited_until > at || now->overload_until > at ||
	       now->temp_until > at;
}

static bool is_plainly_active(const struct host_serving *now, int64_t at)
{
	return now->is_active && now->schedulable && !is_limited(now, at);
}

static bool is_in_error(const struct host_serving *now, int64_t at)
{
	(void)at;
	return now->is_error;
}

static bool is_inactive(const struct host_serving *now, int64_t at)
{
	(void)at;
	return !now->is_active && !now->is_error;
}

static bool is_rate_limited(const struct host_serving *now, int64_t at)
{
	return now->limited_until > at;
}

static bool is_benched(const struct host_serving *now, int64_t at)
{
	return now->temp_until > at;
}

static bool is_switched_off(const struct host_serving *now, int64_t at)
{
	(void)at;
	return !now->schedulable;
}

struct status_filter {
	const char *name;
	bool (*matches)(const struct host_serving *now, int64_t at);
};

static const struct status_filter status_filters[] = {
	{ "active", is_plainly_active },
	{ "inactive", is_inactive },
	{ "error", is_in_error },
	{ "rate_limited", is_rate_limited },
	{ "temp_unschedulable", is_benched },
	{ "unschedulable", is_switched_off },
};

/* What the query asks for; read once, for it is compared with every row. */
struct filter {
	char search[128];
	char platform[32];
	char type[32];
	const struct status_filter *status;
	int64_t group_id;
	bool ungrouped;
};

static bool read_group(struct host_call *call, struct filter *filter)
{
	char value[32];
	char *end;

	if (!query_get(call, "group", value, sizeof(value)) || !*value)
		return true;
	filter->ungrouped = strcmp(value, "ungrouped") == 0;
	if (filter->ungrouped)
		return true;
	filter->group_id = strtoll(value, &end, 10);
	if (!*end && filter->group_id > 0)
		return true;
	reply_refuse(call, 400, "invalid group filter",
		     "INVALID_GROUP_FILTER");
	return false;
}

static bool read_filter(struct host_call *call, struct filter *filter)
{
	char status[32] = "";

	query_get(call, "search", filter->search, sizeof(filter->search));
	query_get(call, "platform", filter->platform,
		  sizeof(filter->platform));
	query_get(call, "type", filter->type, sizeof(filter->type));
	query_get(call, "status", status, sizeof(status));
	for (size_t i = 0; i < COUNT(status_filters); i++) {
		if (strcmp(status_filters[i].name, status) == 0)
			filter->status = &status_filters[i];
	}
	return read_group(call, filter);
}

static bool passes(const struct filter *filter,
		   const struct host_account *account, int64_t now)
{
	if (*filter->search && !text_contains(account->name, filter->search))
		return false;
	if (*filter->platform &&
	    strcmp(account->platform, filter->platform) != 0)
		return false;
	if (*filter->type && strcmp(account->type, filter->type) != 0)
		return false;
	if (filter->status && !filter->status->matches(&account->now, now))
		return false;
	if (filter->ungrouped && account->groups.count)
		return false;
	return !filter->group_id ||
	       host_ids_has(&account->groups, filter->group_id);
}

static int sign(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

static int by_id(const void *a, const void *b)
{
	return sign((*(const struct host_account *const *)a)->id,
		    (*(const struct host_account *const *)b)->id);
}

static int by_name(const void *a, const void *b)
{
	int order = strcmp((*(const struct host_account *const *)a)->name,
			   (*(const struct host_account *const *)b)->name);

	return order ? order : by_id(a, b);
}

static int by_created(const void *a, const void *b)
{
	int order = sign((*(const struct host_account *const *)a)->created_at,
			 (*(const struct host_account *const *)b)->created_at);

	return order ? order : by_id(a, b);
}

static int by_priority(const void *a, const void *b)
{
	int order = sign(
		(*(const struct host_account *const *)a)->now.priority,
		(*(const struct host_account *const *)b)->now.priority);

	return order ? order : by_id(a, b);
}

struct order {
	const char *name;
	int (*compare)(const void *a, const void *b);
};

static const struct order orders[] = {
	{ "name", by_name },		/* also for names not listed here */
	{ "id", by_id },
	{ "created_at", by_created },
	{ "priority", by_priority },
};

struct listing {
	const struct host_model *model;
	const struct host_account **accounts;
	size_t count;
	bool descending;
};

static void sort_listing(const struct host_call *call,
			 struct listing *listing)
{
	const struct order *order = &orders[0];
	char value[32] = "";

	query_get(call, "sort_by", value, sizeof(value));
	for (size_t i = 0; i < COUNT(orders); i++) {
		if (strcmp(orders[i].name, value) == 0)
			order = &orders[i];
	}
	listing->descending = query_is(call, "sort_order", "desc");
	qsort(listing->accounts, listing->count,
	      sizeof(listing->accounts[0]), order->compare);
}

static json_t *view_listed(void *context, size_t i)
{
	const struct listing *listing = context;
	size_t at = listing->descending ? listing->count - 1 - i : i;

	return view_account(listing->model, listing->accounts[at]);
}

/* Any text that changes with the body will do. */
static void add_etag(struct host_call *call)
{
	uint64_t hash = 0xcbf29ce484222325u;
	AUTO_FREE char *etag = NULL;
	const char *known = model_request_header(call->request,
						 "If-None-Match");

	for (size_t i = 0; i < call->answer.body_len; i++)
		hash = (hash ^ (unsigned char)call->answer.body[i]) *
		       0x100000001b3u;
	etag = xasprintf("\"%016" PRIx64 "%016" PRIx64 "%016" PRIx64 "%016"
			 PRIx64 "\"", hash, hash * 3, hash * 5, hash * 7);
	if (known && strcmp(known, etag) == 0)
		model_answer_set(&call->answer, 304, NULL, "");
	model_answer_add_header(&call->answer, "ETag", etag);
}

void host_account_list(struct host_call *call)
{
	const struct host_rows *rows = &call->model->accounts;
	struct listing listing = { .model = call->model };
	struct filter filter = { .search = "" };

	if (!read_filter(call, &filter))
		return;
	listing.accounts = xcalloc(rows->count + 1,
				   sizeof(listing.accounts[0]));
	for (size_t i = 0; i < rows->count; i++) {
		if (rows->rows[i] &&
		    passes(&filter, rows->rows[i], call->model->now))
			listing.accounts[listing.count++] = rows->rows[i];
	}
	sort_listing(call, &listing);
	reply_slice(call, listing.count, view_listed, &listing);
	free(listing.accounts);
	add_etag(call);
}
