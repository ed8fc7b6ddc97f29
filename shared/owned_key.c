#include "shared/owned_key.h"

#include <string.h>

bool owned_key_refused(const json_t *seen)
{
	return json_is_true(json_object_get(seen, OWNED_KEY_REFUSED));
}

/* Whoever moves the base URL moves it with its key, as a rule. */
static bool was_readdressed(const struct owned_finding *findings,
			    size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(findings[i].field->name, "base_url") == 0 &&
		    findings[i].moved != OWNED_US)
			return true;
	return false;
}

bool owned_key_saw_export(json_t *seen, const char *ours, const char *live)
{
	json_t *was = json_object_get(seen, OWNED_KEY_EXPORTED);
	json_auto_t *is = NULL;

	if (strcmp(ours, live) == 0)
		return json_object_del(seen, OWNED_KEY_EXPORTED) == 0;
	is = json_pack("{ss ss}", "ours", ours, "live", live);
	if (json_equal(was, is))
		return false;
	json_object_set(seen, OWNED_KEY_EXPORTED, is);
	return true;
}

/* The other key that an export showed; NULL: none did. */
static json_t *exported(const struct owned_three *the,
			const struct owned_key_signs *signs)
{
	const json_t *ours = json_object_get(the->wanted, "key");

	if (!ours || !json_equal(json_object_get(signs->exported, "ours"),
				 ours))
		return NULL;
	return json_object_get(signs->exported, "live");
}

static enum owned_certainty certainty_of(const struct owned_key_signs *signs,
					 bool readdressed)
{
	return signs->refused && !readdressed ? OWNED_LIKELY : OWNED_UNKNOWN;
}

size_t owned_key_judge(const struct owned_three *the,
		       const struct owned_key_signs *signs,
		       struct owned_finding *findings, size_t count)
{
	bool readdressed = was_readdressed(findings, count);
	json_t *live = exported(the, signs);

	if (the->type != RESOURCE_ACCOUNT || !the->live ||
	    json_object_get(the->live, "key") ||
	    (!live && !signs->refused && !readdressed) || count >= OWNED_FINDINGS_MAX)
		return count;
	findings[count] = (struct owned_finding){
		.field = owned_field(RESOURCE_ACCOUNT, "key"),
		.moved = OWNED_THEM,
		.action = OWNED_ASK,
		.certainty = live ? OWNED_CERTAIN
				  : certainty_of(signs, readdressed),
		.wanted = json_object_get(the->wanted, "key"),
		.written = json_object_get(the->wanted, "key"),
		.live = live,
	};
	return count + 1;
}
