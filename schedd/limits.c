#include "schedd/limits.h"

#include <search.h>
#include <string.h>

#define MINUTE_MS 60000
#define KINDS 3		/* host, provider, key */

/* What is under way under one name, and the calls of the last minute. */
struct counter {
	char *name;		/* "h", "p" or "k", then the name itself */
	int64_t under_way;
	int64_t window_start[BUDGET__MAX];
	int64_t in_window[BUDGET__MAX];
};

struct limits {
	const struct settings *settings;
	void *counters;		/* tsearch(3) tree of struct counter */
	int64_t under_way;
};

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct counter *)a)->name,
		      ((const struct counter *)b)->name);
}

/* gcc's analyzer does not know that tsearch(3) keeps what it is given. */
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif

struct limits *limits_new(const struct settings *settings)
{
	struct limits *limits = xcalloc(1, sizeof(*limits));

	limits->settings = settings;
	return limits;
}

static void free_counter(void *node)
{
	struct counter *counter = node;

	free(counter->name);
	free(counter);
}

void limits_free(struct limits **limits)
{
	if (!*limits)
		return;
	tdestroy((*limits)->counters, free_counter);
	free(*limits);
	*limits = NULL;
}

static struct counter *counter_of(struct limits *limits, char kind,
				  const char *name)
{
	struct counter wanted = { .name = xasprintf("%c%s", kind, name) };
	struct counter **node = tfind(&wanted, &limits->counters, compare);
	struct counter *counter;

	if (node) {
		free(wanted.name);
		return *node;
	}
	counter = xcalloc(1, sizeof(*counter));
	counter->name = wanted.name;
	if (!tsearch(counter, &limits->counters, compare))
		abort();
	return counter;
}

/* Names come and go with keys: what counts nothing any more is dropped. */
static void drop_if_idle(struct limits *limits, struct counter *counter)
{
	if (counter->under_way > 0 || counter->in_window[BUDGET_LOGIN] > 0 ||
	    counter->in_window[BUDGET_USER_CALL] > 0)
		return;
	tdelete(counter, &limits->counters, compare);
	free_counter(counter);
}

static int64_t per_minute(const struct limits *limits, enum budget budget)
{
	return budget == BUDGET_LOGIN
		? limits->settings->logins_per_minute
		: limits->settings->user_calls_per_minute;
}

static bool has_budget(const struct limits *limits, struct counter *host,
		       enum budget budget, int64_t now, int64_t *ret_at)
{
	if (budget == BUDGET_NONE)
		return true;
	if (now - host->window_start[budget] >= MINUTE_MS) {
		host->window_start[budget] = now;
		host->in_window[budget] = 0;
	}
	if (host->in_window[budget] < per_minute(limits, budget))
		return true;
	*ret_at = host->window_start[budget] + MINUTE_MS;
	return false;
}

/* The three names, their counters and their ceilings, in one order. */
struct chain {
	struct counter *counter[KINDS];
	int64_t ceiling[KINDS];
};

static void chain_of(struct limits *limits, const struct limit_names *names,
		     struct chain *ret)
{
	const struct settings *s = limits->settings;
	const char *const by_kind[KINDS] = { names->host, names->provider,
					     names->key };
	const int64_t ceilings[KINDS] = { s->host_concurrency,
					  s->provider_concurrency,
					  s->key_concurrency };

	for (size_t i = 0; i < KINDS; i++) {
		ret->ceiling[i] = ceilings[i];
		ret->counter[i] = by_kind[i]
			? counter_of(limits, "hpk"[i], by_kind[i]) : NULL;
	}
}

bool limits_enter(struct limits *limits, const struct limit_names *names,
		  enum budget budget, int64_t now, int64_t *ret_at)
{
	struct chain chain;

	*ret_at = 0;
	if (limits->under_way >= limits->settings->concurrency)
		return false;
	chain_of(limits, names, &chain);
	for (size_t i = 0; i < KINDS; i++)
		if (chain.counter[i] &&
		    chain.counter[i]->under_way >= chain.ceiling[i])
			return false;
	if (chain.counter[0] &&
	    !has_budget(limits, chain.counter[0], budget, now, ret_at))
		return false;
	for (size_t i = 0; i < KINDS; i++)
		if (chain.counter[i])
			chain.counter[i]->under_way++;
	if (chain.counter[0] && budget != BUDGET_NONE)
		chain.counter[0]->in_window[budget]++;
	limits->under_way++;
	return true;
}

void limits_leave(struct limits *limits, const struct limit_names *names)
{
	struct chain chain;

	chain_of(limits, names, &chain);
	limits->under_way--;
	for (size_t i = 0; i < KINDS; i++) {
		if (!chain.counter[i])
			continue;
		chain.counter[i]->under_way--;
		drop_if_idle(limits, chain.counter[i]);
	}
}
