/*
 * The same key again, with models that its account does not map yet: the
 * mapping is widened, never narrowed.  The row is held meanwhile, so that two
 * items do not overwrite each other's addition.
 */
#include "schedd/host/account.h"
#include "schedd/host/answer.h"
#include "schedd/import_steps.h"
#include "shared/model_names.h"

#include <string.h>

#define MAPPING_OF(account) \
	json_object_get(json_object_get(account, "credentials"), \
			"model_mapping")

static bool has_text(const json_t *array, const char *text)
{
	const json_t *value;
	size_t i;

	json_array_foreach(array, i, value)
		if (strcmp(json_string_value(value), text) == 0)
			return true;
	return false;
}

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
void import_widen(struct import *im, const json_t *live)
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
	import_widen(im, host_data(answer));
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

/* The names that it had before this item came. */
static json_t *names_before(const struct import *im)
{
	json_auto_t *wanted = json_loads(
		im->resources[IMPORT_ACCOUNT].wanted_json, 0, NULL);
	json_t *names = json_array();
	const char *name;
	json_t *target;

	json_object_foreach(MAPPING_OF(wanted), name, target)
		if (!has_text(im->models, name))
			json_array_append_new(names, json_string(name));
	return names;
}

/* What was added; and where that is another family of models, which. */
static void note_widened(struct import *im)
{
	CLEANUP(jout_done) struct jout out = { .text.max = 8192 };
	json_auto_t *before = names_before(im);
	json_auto_t *old = model_families(before);
	json_auto_t *families = model_families(im->models);
	const json_t *family;
	size_t i;

	jout_object(&out, NULL);
	jout_str(&out, "account_id",
		 im->resources[IMPORT_ACCOUNT].host_resource_id);
	jout_json(&out, "models", im->models);
	jout_array(&out, "new_families");
	json_array_foreach(families, i, family)
		if (!has_text(old, json_string_value(family)))
			jout_json(&out, NULL, family);
	jout_array_end(&out);
	jout_object_end(&out);
	import_note(im, "patch_only", buf_str(&out.text));
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
		import_give_back(im, IMPORT_ACCOUNT);
		note_widened(im);
	}
	im->memo.widening = false;
	im->memo.widened = true;
	return go_to("confirm.account");
}
