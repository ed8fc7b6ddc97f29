#include "schedd/limits.h"

#include <search.h>
#include <string.h>

#include "schedd/window.h"

#define PAUSE_MAX_MS INT64_C(3600000)

enum kind { KIND_HOST, KIND_PROVIDER, KIND_KEY, KIND__MAX };

/*
 * What is under way under one name, and what was.  A host counts logins and
 * users' calls by themselves; in the place of BUDGET_NONE is all that is sent.
 */
struct counter {
	char *name;		/* "h", "p" or "k", then the name itself */
	int64_t under_way;
	struct window minute[BUDGET__MAX];
	int64_t paused_until[BUDGET__MAX];
	struct day tokens;
};

struct limits {
	const struct settings *settings;
	void *counters;		/* tsearch(3) tree of struct counter */
	int64_t under_way;
	int64_t now;		/* as told last */
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

	for (size_t i = 0; i < BUDGET__MAX; i++)
		window_done(&counter->minute[i]);
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
	if (counter->under_way > 0 ||
	    !day_is_empty(&counter->tokens, limits->now))
		return;
	for (size_t i = 0; i < BUDGET__MAX; i++)
		if (counter->paused_until[i] > limits->now ||
		    !window_is_empty(&counter->minute[i], limits->now))
			return;
	tdelete(counter, &limits->counters, compare);
	free_counter(counter);
}

/* The names, their counters and their ceilings, in one order. */
struct chain {
	struct counter *counter[KIND__MAX];
	int64_t ceiling[KIND__MAX];
	int64_t per_minute[KIND__MAX];	/* 0: as many as you like */
};

static int64_t own_or(int64_t own, int64_t setting)
{
	return own > 0 ? own : setting;
}

static void chain_of(struct limits *limits, const struct limit_names *names,
		     struct chain *ret)
{
	const struct settings *s = limits->settings;
	const char *const by_kind[KIND__MAX] = { names->host, names->provider,
						 names->key };

	*ret = (struct chain){
		.ceiling = {
			own_or(names->host_concurrency, s->host_concurrency),
			own_or(names->provider_concurrency,
			       s->provider_concurrency),
			s->key_concurrency,
		},
		.per_minute = {
			own_or(names->host_per_minute, s->host_per_minute),
			own_or(names->provider_per_minute,
			       s->provider_per_minute),
		},
	};
	for (size_t i = 0; i < KIND__MAX; i++)
		if (by_kind[i])
			ret->counter[i] = counter_of(limits, "hpk"[i],
						     by_kind[i]);
}

static bool is_paused(struct counter *counter, enum budget budget,
		      int64_t now, int64_t *ret_at)
{
	int64_t *until = &counter->paused_until[budget];

	if (*until <= now)
		return false;
	/* Nobody was ever told to wait for so long: the clock was set back. */
	if (*until - now > PAUSE_MAX_MS)
		*until = now + PAUSE_MAX_MS;
	*ret_at = *until;
	return true;
}

/* Is it only the time that is against it? */
static bool may_by_time(const struct limits *limits, const struct chain *chain,
			const struct request *request, int64_t now,
			int64_t *ret_at)
{
	const struct settings *s = limits->settings;
	struct counter *host = chain->counter[KIND_HOST];
	struct counter *provider = chain->counter[KIND_PROVIDER];
	const int64_t of_budget[BUDGET__MAX] = {
		[BUDGET_LOGIN] = s->logins_per_minute,
		[BUDGET_USER_CALL] = s->user_calls_per_minute,
	};

	for (size_t i = 0; i < KIND__MAX; i++)
		if (chain->counter[i] &&
		    (is_paused(chain->counter[i], BUDGET_NONE, now, ret_at) ||
		     !window_has_room(&chain->counter[i]->minute[BUDGET_NONE],
				      chain->per_minute[i], now, ret_at)))
			return false;
	if (host && request->budget != BUDGET_NONE &&
	    (is_paused(host, request->budget, now, ret_at) ||
	     !window_has_room(&host->minute[request->budget],
			      of_budget[request->budget], now, ret_at)))
		return false;
	return !provider || !request->background ||
	       day_has_room(&provider->tokens, s->background_tokens_per_day,
			    request->token_estimate, now, ret_at);
}

static void count(struct limits *limits, const struct chain *chain,
		  const struct request *request, int64_t now)
{
	struct counter *host = chain->counter[KIND_HOST];
	struct counter *provider = chain->counter[KIND_PROVIDER];

	for (size_t i = 0; i < KIND__MAX; i++) {
		if (!chain->counter[i])
			continue;
		chain->counter[i]->under_way++;
		if (chain->per_minute[i] > 0)
			window_add(&chain->counter[i]->minute[BUDGET_NONE],
				   now);
	}
	if (host && request->budget != BUDGET_NONE)
		window_add(&host->minute[request->budget], now);
	if (provider && request->background)
		day_add(&provider->tokens, request->token_estimate, now);
	limits->under_way++;
}

bool limits_enter(struct limits *limits, const struct limit_names *names,
		  const struct request *request, int64_t now, int64_t *ret_at)
{
	struct chain chain;

	*ret_at = 0;
	limits->now = now;
	if (limits->under_way >= limits->settings->concurrency)
		return false;
	chain_of(limits, names, &chain);
	for (size_t i = 0; i < KIND__MAX; i++)
		if (chain.counter[i] &&
		    chain.counter[i]->under_way >= chain.ceiling[i])
			return false;
	if (!may_by_time(limits, &chain, request, now, ret_at))
		return false;
	count(limits, &chain, request, now);
	return true;
}

void limits_leave(struct limits *limits, const struct limit_names *names)
{
	struct chain chain;

	chain_of(limits, names, &chain);
	limits->under_way--;
	for (size_t i = 0; i < KIND__MAX; i++) {
		if (!chain.counter[i])
			continue;
		chain.counter[i]->under_way--;
		drop_if_idle(limits, chain.counter[i]);
	}
}

/* Is it asked with a user's key, whose limits are nobody else's? */
static bool is_of_gateway(const struct request *request)
{
	return request_has_slot(request, SLOT_USER_KEY) ||
	       request_has_slot(request, SLOT_GIVEN_KEY);
}

void limits_pause(struct limits *limits, const struct limit_names *names,
		  const struct request *request, int64_t now, int64_t until)
{
	enum budget budget = BUDGET_NONE;
	struct counter *counter = NULL;

	if (request->peer == PEER_HOST && is_of_gateway(request))
		return;
	if (until > now + PAUSE_MAX_MS)
		until = now + PAUSE_MAX_MS;
	if (request->peer == PEER_HOST && names->host) {
		counter = counter_of(limits, 'h', names->host);
		budget = request->budget;
	} else if (names->key) {
		counter = counter_of(limits, 'k', names->key);
	} else if (names->provider) {
		counter = counter_of(limits, 'p', names->provider);
	}
	if (counter && counter->paused_until[budget] < until)
		counter->paused_until[budget] = until;
}

static void shift(const void *node, VISIT which, void *arg)
{
	struct counter *counter = *(struct counter *const *)node;
	int64_t by = *(const int64_t *)arg;

	if (which != postorder && which != leaf)
		return;
	for (size_t i = 0; i < BUDGET__MAX; i++) {
		window_shift(&counter->minute[i], by);
		if (counter->paused_until[i] > 0)
			counter->paused_until[i] += by;
	}
}

void limits_clock_jumped(struct limits *limits, int64_t by)
{
	twalk_r(limits->counters, shift, &by);
	limits->now += by;
}
