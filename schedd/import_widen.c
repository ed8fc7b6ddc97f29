/*
 * The same key again, with models that its account does not map yet: the
 * mapping is widened, never narrowed.  The row is held meanwhile, so that two
 * items do not overwrite each other's addition.
 */
#include "schedd/host/account.h"
#include "schedd/host/answer.h"
#include "schedd/import_steps.h"

#define MAPPING_OF(account) \
	json_object_get(json_object_get(account, "credentials"), \
			"model_mapping")

/*
 * Beside what this item wants, the mapping must have what the row promises:
 * an item that ended before it told the host left the row ahead of it.
 */
bool import_lacks_models(const struct import *im, const json_t *live)
{
	const char *promised = im->resources[IMPORT_ACCOUNT].wanted_json;
	json_auto_t *wanted = json_loads(promised ? promised : "{}", 0, NULL);
	json_auto_t *mine = import_mapping(im);
	const json_t *mapping = MAPPING_OF(live);
	const char *member;
	json_t *name;

	json_object_foreach(mine, member, name)
		if (!json_object_get(mapping, member))
			return true;
	if (im->simple &&
	    !json_object_get(mapping, im->resources[IMPORT_ACCOUNT].mark))
		return true;
	json_object_foreach(MAPPING_OF(wanted), member, name)
		if (!json_object_get(mapping, member))
			return true;
	return false;
}

struct verdict got_want_widening(void *subject, const struct answer *answer)
{
	struct import *im = subject;

	(void)answer;
	im->memo.widening = true;
	return take_resource(IMPORT_ACCOUNT, "widen.read");
}

/* What the host has and what is wanted besides, as the new frozen body. */
static void widen(struct import *im, const json_t *live)
{
	struct resource *r = &im->resources[IMPORT_ACCOUNT];
	json_auto_t *wanted = json_loads(r->wanted_json ? r->wanted_json
							: "{}", 0, NULL);
	json_t *mapping = json_deep_copy(MAPPING_OF(live));
	json_auto_t *mine = import_mapping(im);

	if (!mapping)
		mapping = json_object();
	json_object_update_missing(mapping, mine);
	/* Where groups do not part accounts, a name that only this one has. */
	if (im->simple)
		json_object_set_new(mapping, r->mark,
				    json_string(im->item.resolved_smoke_model));
	json_object_set_new(json_object_get(wanted, "credentials"),
			    "model_mapping", mapping);
	free(r->wanted_json);
	r->wanted_json = json_dumps(wanted, JSON_COMPACT);
	im->changed[IMPORT_ACCOUNT] = true;
}

struct verdict got_widening(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	enum failure why = host_judge(answer);

	import_saw(im, answer);
	if (why != FAILURE_NONE)
		return import_host_failed(im, answer, why);
	widen(im, host_data(answer));
	return go_on();
}

bool ask_widen(const void *subject, struct request *request)
{
	const struct import *im = subject;
	json_auto_t *wanted = json_loads(
		im->resources[IMPORT_ACCOUNT].wanted_json, 0, NULL);
	const struct host_account_patch patch = {
		.models = MAPPING_OF(wanted),
	};

	host_ask_account_patch(request, &im->peer,
			       import_id(im, IMPORT_ACCOUNT), &patch);
	return true;
}

struct verdict got_widen(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	enum failure why = host_judge_account_patch(answer,
					import_id(im, IMPORT_ACCOUNT));

	import_saw(im, answer);
	if (why != FAILURE_NONE)
		return import_host_failed(im, answer, why);
	im->memo.bound_at = im->now;
	if (im->memo.widening) {
		import_settle(im, IMPORT_ACCOUNT, "reused", NULL);
		import_note(im, "patch_only", NULL);
	}
	im->memo.widening = false;
	im->memo.widened = true;
	return go_to("confirm.account");
}
