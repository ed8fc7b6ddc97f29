#include "shared/rollback_plan.h"

#include <string.h>

static const char *const scope_names[] = {
	[ROLLBACK_RUN]		= "run",
	[ROLLBACK_ITEM]		= "item",
	[ROLLBACK_PROVIDER]	= "provider",
	[ROLLBACK_ACCOUNT]	= "account",
};
TABLE_ENUM_DEFINE(rollback_scope_kind, scope_names, ROLLBACK_SCOPE_KIND__MAX);

static const char *const action_names[] = {
	[ROLLBACK_DELETE]	= "delete",
	[ROLLBACK_RESTORE]	= "restore",
	[ROLLBACK_RELEASE]	= "release",
	[ROLLBACK_KEEP]		= "keep",
};
TABLE_ENUM_DEFINE(rollback_action, action_names, ROLLBACK_ACTION__MAX);

static const char *const why_names[] = {
	[ROLLBACK_MADE_BY_US]	 = "made_by_us",
	[ROLLBACK_SHARED]	 = "shared",
	[ROLLBACK_SHARED_MODELS] = "shared_models",
	[ROLLBACK_ADOPTED]	 = "adopted",
	[ROLLBACK_REUSED]	 = "reused",
	[ROLLBACK_NO_PRIOR]	 = "no_prior",
	[ROLLBACK_EXTENDED]	 = "extended",
	[ROLLBACK_MOVED]	 = "moved",
	[ROLLBACK_NOBODY_IN]	 = "nobody_in",
};
TABLE_ENUM_DEFINE(rollback_why, why_names, ROLLBACK_WHY__MAX);

static const struct {
	const char *zh, *en;
} why_words[] = {
	[ROLLBACK_MADE_BY_US] = { "由 CRM 创建，没有别的导入在用",
		"CRM made it, and no other import rests on it" },
	[ROLLBACK_SHARED] = { "别的导入还在用，保留",
		"other imports rest on it: it stays" },
	[ROLLBACK_SHARED_MODELS] = {
		"别的导入还在用，保留；只去掉仅由本次回滚的导入加入的模型",
		"other imports rest on it: it stays, without the models that "
		"only these imports added" },
	[ROLLBACK_ADOPTED] = { "接管的账号，恢复成接管前的样子",
		"it was adopted, and becomes what it was before" },
	[ROLLBACK_REUSED] = { "原来就在，只是被使用，保留",
		"it was there before and was only used: it stays" },
	[ROLLBACK_NO_PRIOR] = { "没有记录它原来的样子，保留",
		"what it was before is not recorded: it stays" },
	[ROLLBACK_EXTENDED] = { "别人的订阅被延长过，缩短回去",
		"somebody's subscription was made longer, and is shortened" },
	[ROLLBACK_MOVED] = { "别人的密钥曾被改绑到我们的分组，改回原处",
		"somebody's key was bound to our group, and goes back" },
	[ROLLBACK_NOBODY_IN] = { "没有账号和密钥可用，不再检查",
		"nothing is left that answers it: it is not checked any more" },
};
_Static_assert(COUNT(why_words) == ROLLBACK_WHY__MAX, "say every why");

const char *rollback_why_zh(enum rollback_why why)
{
	return why_words[why].zh;
}

const char *rollback_why_en(enum rollback_why why)
{
	return why_words[why].en;
}

static const char *const state_names[] = {
	[ROLLBACK_WAITING]	= "waiting",
	[ROLLBACK_PART_DONE]	= "done",
	[ROLLBACK_LEFT]		= "left",
	[ROLLBACK_GONE]		= "gone",
};
TABLE_ENUM_DEFINE(rollback_part_state, state_names, ROLLBACK_PART_STATE__MAX);

static const char *const result_names[] = {
	[ROLLBACK_CLEAN]	= "clean",
	[ROLLBACK_REMAINS]	= "remains",
	[ROLLBACK_FAILED]	= "failed",
};
TABLE_ENUM_DEFINE(rollback_result, result_names, ROLLBACK_RESULT__MAX);

struct rollback_decision rollback_decide(const struct rollback_facts *facts)
{
	static const struct {
		bool reused, shared, surplus, adopted, prior;
		struct rollback_decision then;
	} rules[] = {
		{ .reused = true, .shared = true,
		  .then = { ROLLBACK_KEEP, ROLLBACK_SHARED } },
		{ .reused = true, .prior = true,
		  .then = { ROLLBACK_RESTORE, ROLLBACK_EXTENDED } },
		{ .reused = true, .then = { ROLLBACK_KEEP, ROLLBACK_REUSED } },
		{ .shared = true, .surplus = true,
		  .then = { ROLLBACK_RESTORE, ROLLBACK_SHARED_MODELS } },
		{ .shared = true, .then = { ROLLBACK_KEEP, ROLLBACK_SHARED } },
		{ .adopted = true, .prior = true,
		  .then = { ROLLBACK_RELEASE, ROLLBACK_ADOPTED } },
		{ .adopted = true,
		  .then = { ROLLBACK_KEEP, ROLLBACK_NO_PRIOR } },
	};

	for (size_t i = 0; i < COUNT(rules); i++)
		if ((!rules[i].reused || facts->reused) &&
		    (!rules[i].shared || facts->shared) &&
		    (!rules[i].surplus || facts->surplus) &&
		    (!rules[i].adopted || facts->adopted) &&
		    (!rules[i].prior || facts->has_prior))
			return rules[i].then;
	return (struct rollback_decision){ ROLLBACK_DELETE,
					   ROLLBACK_MADE_BY_US };
}

struct rollback_facts rollback_facts_of(const struct resource *row,
					bool shared, bool surplus)
{
	const char *origin = row->origin ? row->origin : "";

	return (struct rollback_facts){
		.adopted = strcmp(origin, "adopted") == 0,
		.reused = strcmp(origin, "reused") == 0,
		.has_prior = row->prior_json != NULL,
		.shared = shared,
		.surplus = surplus,
	};
}

/* A key goes with its user, a subscription with its group. */
static const char *const order[] = {
	ROLLBACK_KIND_KEY, ROLLBACK_KIND_ACCESS, "user", "user_key",
	"user_token", "subscription", "channel", "account", "group",
};
_Static_assert(COUNT(order) == RESOURCE_TYPE__MAX + 2, "order every type");

int64_t rollback_rank(const char *kind)
{
	int place;

	return table_find(order, COUNT(order), kind, &place) ? place + 1
							     : (int)COUNT(order);
}

json_t *rollback_surplus(const json_t *wanted, const json_t *scope,
			 const json_t *others, const json_t *prior)
{
	json_t *names = json_array();
	json_auto_t *mine = scope ? json_deep_copy(scope) : NULL;
	const char *name;
	json_t *target;

	json_object_foreach(mine, name, target)
		if (json_object_get(wanted, name) &&
		    !json_object_get(others, name) &&
		    !json_object_get(prior, name))
			json_array_append_new(names, json_string(name));
	return names;
}
