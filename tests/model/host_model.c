#include "tests/model/host_model.h"

#include <string.h>

#include "shared/own.h"
#include "shared/table.h"
#include "tests/model/host_queue.h"
#include "tests/model/host_sched.h"
#include "tests/model/host_view.h"

struct seeded_group {
	const char *name;
	const char *platform;
	bool in_simple_mode_only;
};

static const struct seeded_group seeded_groups[] = {
	{ "default", "anthropic", false },
	{ "anthropic-default", "anthropic", true },
	{ "openai-default", "openai", true },
	{ "gemini-default", "gemini", true },
	{ "antigravity-default-1", "antigravity", true },
	{ "antigravity-default-2", "antigravity", true },
};

struct host_options host_options_default(enum host_version version)
{
	return (struct host_options){
		.version = version,
		.seed = 1,
		.admin_email = "admin@example.test",
		.admin_password = "admin-password",
		.call_ms = 5,
		.hash_ms = 60,
		.probe_extra_ms = 10,
		.poll_ms = 1000,
		.rebuild_ms = 300000,
		.models_cache_ms = 15000,
		.ops_ms = 1200,
		.token_ms = 24 * 60 * 60 * 1000,
	};
}

static void seed_groups(struct host_model *model)
{
	for (size_t i = 0; i < COUNT(seeded_groups); i++) {
		struct host_group *group;

		if (seeded_groups[i].in_simple_mode_only &&
		    !model->options.simple_mode)
			continue;
		group = host_group_add(model, seeded_groups[i].name);
		group->platform = xstrdup(seeded_groups[i].platform);
		group->status = xstrdup("active");
		group->subscription_type = xstrdup("standard");
		group->rate_multiplier = 1;
		group->settings = view_group_defaults(model);
		/* It is shown behind the ones that are made later. */
		group->sort_order = group->id;
	}
}

static void seed_admin(struct host_model *model)
{
	struct host_user *admin = host_user_add(model, model->admin_email);

	admin->password = xstrdup(model->admin_password);
	admin->role = xstrdup("admin");
	admin->status = xstrdup("active");
	admin->concurrency = model->options.simple_mode ? 30 : 5;
}

struct host_model *host_model_new(const struct host_options *options,
				  int64_t now)
{
	struct host_model *model = xcalloc(1, sizeof(*model));

	model->options = *options;
	model->admin_email = xstrdup(options->admin_email);
	model->admin_password = xstrdup(options->admin_password);
	model->admin_key = xstrdup_null(options->admin_api_key);
	model->options.admin_email = model->admin_email;
	model->options.admin_password = model->admin_password;
	model->options.admin_api_key = NULL;
	model->reported_version = xstrdup_null(options->reported_version);
	model->options.reported_version = NULL;
	model->now = model->started_at = now;
	model->random = options->seed;
	model->token_key = host_random(model);
	model->compliance_at = options->compliance_accepted ? now : 0;
	host_store_init(model);
	host_queue_init(model);
	host_sched_init(model);
	seed_groups(model);
	seed_admin(model);
	return model;
}

void host_model_free(struct host_model **slot)
{
	struct host_model *model = TAKE(*slot);

	if (!model)
		return;
	host_queue_done(model);
	host_store_done(model);
	free(model);
}

bool host_model_next(struct host_model *model, int64_t now,
		     struct host_event *ret, int64_t *ret_next)
{
	while (host_queue_wake(model, now))
		;
	host_advance(model, now);
	return host_queue_take(model, now, ret, ret_next);
}

void host_model_upstream(struct host_model *model, int64_t now,
			 uint64_t ticket, const struct model_answer *answer)
{
	struct host_upstream upstream;

	host_advance(model, now);
	if (!host_calls_take(model, ticket, &upstream))
		return;
	upstream.done(model, &upstream, answer);
	host_upstream_done(&upstream);
}
