#include "fcgi/plan_secrets.h"

#include <string.h>

#include "shared/redact.h"
#include "shared/secrets.h"

#define MASKED_GROWTH 4		/* a short key becomes a longer mask */

static const char *const members[] = {
	"api_key", "probe_api_key", "access_api_key",
};
static const char *const lists[] = { "keys", "items" };
static const char *const remarks[] = { "label", "note" };

struct visit {
	const struct seal_public *key;
	const json_t *given;	/* by place: where from, or the secret */
	struct jdec_problems *problems;
	/* The new value for what stands at `place`, or NULL to keep it. */
	json_t *(*change)(const struct visit *visit, const char *place,
			  const json_t *value);
};

static json_t *take(const struct visit *visit, const char *place,
		    const json_t *value)
{
	struct secret_face face = { 0 };
	const char *text = json_string_value(value);
	json_t *from = json_object_get(visit->given, place);

	if (!text)
		return NULL;
	if (!secrets_face_of(visit->key, text, &face)) {
		jdec_problem(visit->problems, "", place, "is too short to be "
			     "known again in a plan");
		return json_null();
	}
	return json_pack("{s:s, s:s, s:O?}", "fingerprint", face.fingerprint,
			 "last4", face.last4, "from", from);
}

static json_t *put(const struct visit *visit, const char *place,
		   const json_t *value)
{
	struct secret_face face = { 0 };
	json_t *secret = json_object_get(visit->given, place);
	const char *wanted = json_string_value(json_object_get(value,
							"fingerprint"));

	if (!json_is_string(secret))
		jdec_problem(visit->problems, "secrets.", place,
			     "is missing");
	else if (!wanted || !secrets_face_of(visit->key,
			json_string_value(secret), &face) ||
		 strcmp(face.fingerprint, wanted) != 0)
		jdec_problem(visit->problems, "secrets.", place,
			     "is another key than that of the plan");
	else
		return json_incref(secret);
	return NULL;
}

static void visit_member(const struct visit *visit, json_t *object,
			 const char *prefix, const char *name)
{
	const json_t *value = json_object_get(object, name);
	AUTO_FREE char *place = xasprintf("%s/%s", prefix, name);
	json_t *changed = value && !json_is_null(value)
		? visit->change(visit, place, value) : NULL;

	if (changed)
		json_object_set_new(object, name, changed);
}

static void visit_members(const struct visit *visit, json_t *object,
			  const char *prefix)
{
	for (size_t i = 0; json_is_object(object) && i < COUNT(members); i++)
		visit_member(visit, object, prefix, members[i]);
}

/* An element of `keys` is the key itself, or an object that has it. */
static bool is_bare(const json_t *element)
{
	return json_is_string(element) ||
	       json_object_get(element, "fingerprint");
}

static void visit_list(const struct visit *visit, json_t *body,
		       const char *name)
{
	json_t *list = json_object_get(body, name), *element;
	size_t i;

	json_array_foreach(list, i, element) {
		AUTO_FREE char *place = xasprintf("/%s/%zu", name, i);
		json_t *changed = is_bare(element)
			? visit->change(visit, place, element) : NULL;

		if (changed)
			json_array_set_new(list, i, changed);
		else if (!is_bare(element))
			visit_members(visit, element, place);
	}
}

static void visit_all(const struct visit *visit, json_t *body)
{
	visit_members(visit, body, "");
	for (size_t i = 0; i < COUNT(lists); i++)
		visit_list(visit, body, lists[i]);
}

void plan_secrets_take(const struct seal_public *key, json_t *body,
		       const json_t *from, struct jdec_problems *problems)
{
	const struct visit visit = { key, from, problems, take };

	visit_all(&visit, body);
}

void plan_secrets_put(const struct seal_public *key, json_t *body,
		      const json_t *secrets, struct jdec_problems *problems)
{
	const struct visit visit = { key, secrets, problems, put };

	visit_all(&visit, body);
}

/* ---- where none belongs ---- */

static size_t masks_in(const char *text)
{
	size_t n = 0;

	while ((text = strstr(text, REDACT_MASK))) {
		text += strlen(REDACT_MASK);
		n++;
	}
	return n;
}

/* As an import masks it; a text may have a mask of its own already. */
static bool looks_like_a_key(const char *text)
{
	AUTO_FREE char *masked = redact_text(text, MASKED_GROWTH *
					     (strlen(text) + 16));

	return masks_in(masked) > masks_in(text);
}

static char *stray_of(const json_t *element, const char *list, size_t n)
{
	for (size_t i = 0; i < COUNT(remarks); i++) {
		const char *text = json_string_value(
			json_object_get(element, remarks[i]));

		if (text && looks_like_a_key(text))
			return xasprintf("%s[%zu].%s", list, n, remarks[i]);
	}
	return NULL;
}

char *plan_secrets_stray(const json_t *body)
{
	const json_t *element;
	size_t n;

	for (size_t i = 0; i < COUNT(lists); i++) {
		json_array_foreach(json_object_get(body, lists[i]), n, element) {
			char *stray = stray_of(element, lists[i], n);

			if (stray)
				return stray;
		}
	}
	return NULL;
}
