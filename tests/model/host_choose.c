#include <string.h>

#include "shared/clock.h"
#include "shared/own.h"
#include "tests/model/host_gateway.h"
#include "tests/model/host_sched.h"
#include "tests/model/host_slots.h"

/* How long a conversation stays with its account. */
#define STICKY_MS (60 * 60 * 1000)
#define STICKY_QUEUE 3

bool host_serving_is_usable(const struct host_serving *serving, int64_t now)
{
	/* Whether it is paused for that is a default that nobody changes. */
	if (serving->expires_at && serving->expires_at <= now / 1000)
		return false;
	return serving->is_active && serving->schedulable &&
	       serving->limited_until <= now &&
	       serving->overload_until <= now && serving->temp_until <= now;
}

static const json_t *mapping_of(const struct host_serving *serving)
{
	const json_t *mapping = json_object_get(serving->credentials,
						"model_mapping");

	return json_object_size(mapping) ? mapping : NULL;
}

/* The longest pattern that ends in a star and fits, or NULL. */
static const char *pattern_value(const json_t *mapping, const char *name)
{
	json_t *walked = (json_t *)(uintptr_t)mapping;
	const char *key, *best = NULL;
	size_t best_len = 0;
	json_t *value;

	json_object_foreach(walked, key, value) {
		size_t len = strlen(key);

		if (len > best_len && key[len - 1] == '*' &&
		    strncmp(key, name, len - 1) == 0) {
			best = json_string_value(value);
			best_len = len;
		}
	}
	return best;
}

static const char *mapped(const struct host_serving *serving,
			  const char *model_name)
{
	const json_t *mapping = mapping_of(serving);
	const char *value;

	if (!mapping)
		return model_name;
	value = json_string_value(json_object_get(mapping, model_name));
	return value ? value : pattern_value(mapping, model_name);
}

bool host_serving_has_model(const struct host_serving *serving,
			    const char *model_name)
{
	return mapped(serving, model_name) != NULL;
}

const char *host_serving_model(const struct host_serving *serving,
			       const char *model_name)
{
	const char *name = mapped(serving, model_name);

	return name && *name ? name : model_name;
}

static bool is_model_limited(const struct host_serving *serving,
			     const char *model_name, int64_t now)
{
	const json_t *limit = json_object_get(
		json_object_get(serving->extra, "model_rate_limits"),
		model_name);
	const char *until = json_string_value(
		json_object_get(limit, "rate_limit_reset_at"));
	int64_t at;

	return until && clock_parse(until, &at) && at > now;
}

static bool is_cooling(const struct host_account *account,
		       const char *model_name, int64_t now)
{
	for (size_t i = 0; i < HOST_STREAKS_MAX; i++) {
		const struct host_streak *streak = &account->streaks[i];

		if (streak->model && streak->until > now &&
		    strcmp(streak->model, model_name) == 0)
			return true;
	}
	return false;
}

static bool is_in_reach(const struct host_model *model,
			const struct host_account *account,
			const struct host_group *group)
{
	return strcmp(account->platform, group->platform) == 0 &&
	       (model->options.simple_mode ||
		host_ids_has(&account->groups, group->id));
}

/* It must look right in the scheduler's copy and in the database. */
static bool is_candidate(const struct host_model *model,
			 const struct host_wanted *wanted,
			 const struct host_account *account)
{
	int64_t now = model->now;
	const char *name = wanted->model_name;

	bool unset;

	if (account && wanted->needs_responses &&
	    host_is_chat_only(model, account->copy.extra, &unset))
		return false;
	return account && account->copied &&
	       !host_ids_has(wanted->tried, account->id) &&
	       is_in_reach(model, account, wanted->group) &&
	       host_serving_is_usable(&account->copy, now) &&
	       host_serving_has_model(&account->copy, name) &&
	       host_serving_is_usable(&account->now, now) &&
	       host_serving_has_model(&account->now, name) &&
	       !is_model_limited(&account->now, name, now) &&
	       account->blocked_until <= now &&
	       !is_cooling(account, name, now);
}

/* A free place first, small priority, then who was used longest ago. */
static int compare(const struct host_account *a, const struct host_account *b)
{
	bool free_a = host_slots_has_free(a), free_b = host_slots_has_free(b);

	if (free_a != free_b)
		return free_a ? -1 : 1;
	if (a->copy.priority != b->copy.priority)
		return a->copy.priority < b->copy.priority ? -1 : 1;
	if (a->last_used_at != b->last_used_at)
		return a->last_used_at < b->last_used_at ? -1 : 1;
	return 0;
}

static struct host_sticky *sticky_slot(struct host_model *model,
				       uint64_t session)
{
	return &model->sticky[session % HOST_STICKY_MAX];
}

static int64_t sticky_account(struct host_model *model, uint64_t session)
{
	const struct host_sticky *slot = sticky_slot(model, session);

	if (!session || slot->session != session || slot->until <= model->now)
		return 0;
	return slot->account_id;
}

/* Only so many wait for one account because they have been there before. */
static bool may_stay(const struct host_account *account)
{
	return host_slots_has_free(account) ||
	       account->waiting < STICKY_QUEUE;
}

struct host_account *host_choose(struct host_model *model,
				 const struct host_wanted *wanted)
{
	const struct host_ids *bucket = host_bucket(model, wanted->group);
	int64_t kept = sticky_account(model, wanted->session);
	struct host_account *best = NULL;
	uint64_t equals = 0;

	for (size_t i = 0; i < bucket->count; i++) {
		struct host_account *account =
			host_account_find(model, bucket->list[i]);
		int order;

		if (!account)
			continue;
		/* Most are used: who is worse need not be looked at closely. */
		if (best && account->id != kept &&
		    compare(account, best) > 0)
			continue;
		if (!is_candidate(model, wanted, account))
			continue;
		if (account->id == kept && may_stay(account))
			return account;
		order = best ? compare(account, best) : -1;
		equals = order < 0 ? 1 : equals + (order == 0);
		/* Among equals each is as likely as the others. */
		if (order < 0 ||
		    (order == 0 && host_random(model) % equals == 0))
			best = account;
	}
	return best;
}

bool host_lacks_model(const struct host_model *model,
		      const struct host_wanted *wanted)
{
	bool any = false;

	for (size_t i = 0; i < model->accounts.count; i++) {
		const struct host_account *account = model->accounts.rows[i];

		if (!account || !is_in_reach(model, account, wanted->group) ||
		    !account->now.is_active || !account->now.schedulable)
			continue;
		if (host_serving_has_model(&account->now, wanted->model_name))
			return false;
		any = true;
	}
	return any;
}

void host_account_used(struct host_model *model,
		       struct host_account *account, uint64_t session)
{
	account->used_at = model->now;
	account->forbidden = 0;
	for (size_t i = 0; i < HOST_STREAKS_MAX; i++)
		account->streaks[i].count = 0;
	host_ids_add(&model->used, account->id);
	if (session)
		*sticky_slot(model, session) = (struct host_sticky){
			.session = session, .account_id = account->id,
			.until = model->now + STICKY_MS,
		};
}
