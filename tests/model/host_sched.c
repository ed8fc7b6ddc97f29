#include "tests/model/host_sched.h"

#include "shared/own.h"
#include "tests/model/host_probe.h"
#include "tests/model/host_queue.h"

/* A change within this time of the one before it is lost. */
#define LOSSY_MS 1000

/* How often last_used_at reaches the database. */
#define FLUSH_MS 9000

static void copy_refresh(struct host_account *account,
			 const struct host_serving *serving)
{
	host_serving_copy(&account->copy, serving);
	account->copied = true;
}

static void note_change(struct host_model *model, int64_t account_id,
			const struct host_ids *groups,
			const struct host_serving *serving)
{
	struct host_change *change;

	model->changes = xrealloc(model->changes, (model->nchanges + 1) *
						  sizeof(model->changes[0]));
	change = &model->changes[model->nchanges++];
	*change = (struct host_change){ .account_id = account_id };
	host_ids_copy(&change->groups, groups);
	if (serving) {
		change->has_serving = true;
		host_serving_copy(&change->serving, serving);
	}
}

static void copy_by_writer(struct host_model *model,
			   struct host_account *account,
			   enum host_copying copying)
{
	int64_t temp_until = account->copy.temp_until;

	if (copying == HOST_COPY_LATER || !account->copied)
		return;
	copy_refresh(account, &account->now);
	if (copying == HOST_COPY_BUT_TEMP &&
	    !host_has(model, HOST_COPY_FOLLOWS))
		account->copy.temp_until = temp_until;
}

void host_changed_account(struct host_model *model,
			  struct host_account *account,
			  enum host_copying copying)
{
	bool lossy = !host_has(model, HOST_LOSES_NO_EVENTS);

	copy_by_writer(model, account, copying);
	if (lossy && account->event_at &&
	    model->now - account->event_at < LOSSY_MS)
		return;
	account->event_at = model->now;
	/* The poller was seen to apply what was true when it was noted. */
	note_change(model, account->id, &account->groups,
		    lossy ? &account->now : NULL);
}

void host_changed_surely(struct host_model *model,
			 struct host_account *account,
			 const struct host_ids *groups_before)
{
	struct host_ids groups;

	host_ids_copy(&groups, &account->groups);
	for (size_t i = 0; groups_before && i < groups_before->count; i++)
		host_ids_add(&groups, groups_before->list[i]);
	note_change(model, account->id, &groups, NULL);
	host_ids_done(&groups);
}

void host_changed_groups(struct host_model *model,
			 const struct host_ids *groups)
{
	note_change(model, 0, groups, NULL);
}

static bool serves_group(const struct host_model *model,
			 const struct host_account *account,
			 const struct host_group *group)
{
	return model->options.simple_mode ||
	       host_ids_has(&account->groups, group->id);
}

static struct host_ids *bucket_of(struct host_model *model,
				  struct host_group *group)
{
	return model->options.simple_mode ? &model->simple_bucket
					  : &group->bucket;
}

/*
 * Make the list of a group again from the database.  `stale` is an account
 * whose state is taken from its copy instead, or NULL.
 */
static void bucket_rebuild(struct host_model *model, struct host_group *group,
			   const struct host_account *stale)
{
	struct host_ids *bucket = bucket_of(model, group);

	bucket->count = 0;
	for (size_t i = 0; i < model->accounts.count; i++) {
		struct host_account *account = model->accounts.rows[i];

		if (!account || !serves_group(model, account, group))
			continue;
		if (account != stale)
			copy_refresh(account, &account->now);
		if (host_serving_is_usable(&account->copy, model->now))
			host_ids_append(bucket, account->id);
	}
}

/*
 * A list is made again for the last of the changes that name its group: those
 * before made none that it does not make.
 */
static void note_last(struct host_model *model)
{
	for (size_t n = 0; n < model->nchanges; n++) {
		const struct host_ids *groups = &model->changes[n].groups;

		for (size_t i = 0; i < groups->count; i++) {
			struct host_group *group =
				host_group_find(model, groups->list[i]);

			if (group)
				group->last_change = n;
		}
	}
}

static void change_apply(struct host_model *model, size_t n)
{
	struct host_change *change = &model->changes[n];
	struct host_account *account = host_account_find(model,
							 change->account_id);
	bool stale = account && change->has_serving;

	if (account)
		copy_refresh(account, change->has_serving ? &change->serving
							  : &account->now);
	for (size_t i = 0; i < change->groups.count; i++) {
		struct host_group *group =
			host_group_find(model, change->groups.list[i]);

		if (group && group->last_change == n)
			bucket_rebuild(model, group, stale ? account : NULL);
	}
	host_ids_done(&change->groups);
	host_serving_done(&change->serving);
}

static void poll_changes(struct host_model *model)
{
	if (model->paused)
		return;
	note_last(model);
	for (size_t i = 0; i < model->nchanges; i++)
		change_apply(model, i);
	free(model->changes);
	model->changes = NULL;
	model->nchanges = 0;
}

static void rebuild_all(struct host_model *model)
{
	if (model->paused)
		return;
	for (size_t i = 0; i < model->groups.count; i++) {
		struct host_group *group = model->groups.rows[i];

		if (group)
			bucket_rebuild(model, group, NULL);
	}
}

static void flush_used(struct host_model *model)
{
	for (size_t i = 0; i < model->used.count; i++) {
		struct host_account *account =
			host_account_find(model, model->used.list[i]);

		if (account)
			account->last_used_at = account->used_at;
	}
	model->used.count = 0;
}

/* The last tick at or before `now`; the ones between change nothing more. */
static int64_t last_tick(int64_t next, int64_t every, int64_t now)
{
	return next + (now - next) / every * every;
}

static bool tick(int64_t *next, int64_t every, int64_t now)
{
	if (every <= 0 || *next > now)
		return false;
	*next = last_tick(*next, every, now) + every;
	return true;
}

/* Polls that find nothing are skipped in one go. */
static void run_ticks(struct host_model *model, int64_t now)
{
	model->now = now;
	if (tick(&model->next_flush, FLUSH_MS, now))
		flush_used(model);
	if (tick(&model->next_poll, model->options.poll_ms, now) ||
	    (model->options.poll_ms <= 0 && model->nchanges))
		poll_changes(model);
	if (tick(&model->next_rebuild, model->options.rebuild_ms, now))
		rebuild_all(model);
}

/*
 * Ticks and results of probes happen in the order of their times: what a
 * poll sees must not depend on when somebody next looks at the model.
 */
void host_advance(struct host_model *model, int64_t now)
{
	int64_t at, account_id;
	bool supported;

	if (now < model->now)
		now = model->now;
	for (;;) {
		int64_t tick_at = now;

		if (model->nchanges && model->next_poll < tick_at &&
		    model->options.poll_ms > 0)
			tick_at = model->next_poll;
		if (model->next_rebuild < tick_at &&
		    model->options.rebuild_ms > 0)
			tick_at = last_tick(model->next_rebuild,
					    model->options.rebuild_ms,
					    tick_at);
		if (host_verdict_take(model, tick_at, &at, &account_id,
				      &supported)) {
			run_ticks(model, at > model->now ? at : model->now);
			host_probe_apply(model, account_id, supported);
			continue;
		}
		run_ticks(model, tick_at);
		if (tick_at >= now)
			return;
	}
}

void host_sched_init(struct host_model *model)
{
	const struct host_options *options = &model->options;
	int64_t phase = options->poll_ms <= 0 ? 0 :
		(int64_t)(host_random(model) % (uint64_t)options->poll_ms);

	model->next_poll = model->now + phase;
	model->next_rebuild = model->now + options->rebuild_ms;
	model->next_flush = model->now + FLUSH_MS -
		(int64_t)(host_random(model) % FLUSH_MS);
}

const struct host_ids *host_bucket(struct host_model *model,
				   struct host_group *group)
{
	struct host_ids *bucket = bucket_of(model, group);

	/* An empty list is no list: the database is asked each time. */
	if (bucket->count == 0)
		bucket_rebuild(model, group, NULL);
	return bucket;
}
