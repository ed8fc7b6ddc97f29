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

size_t owned_key_judge(const struct owned_three *the,
		       const struct owned_key_signs *signs,
		       struct owned_finding *findings, size_t count)
{
	bool readdressed = was_readdressed(findings, count);

	if (the->type != RESOURCE_ACCOUNT || !the->live ||
	    json_object_get(the->live, "key") ||
	    (!signs->refused && !readdressed) || count >= OWNED_FINDINGS_MAX)
		return count;
	findings[count] = (struct owned_finding){
		.field = owned_field(RESOURCE_ACCOUNT, "key"),
		.moved = OWNED_THEM,
		.action = OWNED_ASK,
		.certainty = signs->refused && !readdressed ? OWNED_LIKELY
							    : OWNED_UNKNOWN,
		.wanted = json_object_get(the->wanted, "key"),
		.written = json_object_get(the->wanted, "key"),
	};
	return count + 1;
}
