#include "shared/jdec.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define STRING_MAX 200	/* of the elements of JDEC_STRINGS */

void jdec_problem(struct jdec_problems *problems, const char *prefix,
		  const char *field, const char *fmt, ...)
{
	size_t i = problems->count++;
	va_list args;

	if (i >= JDEC_PROBLEMS_MAX)
		return;
	snprintf(problems->list[i].field, sizeof(problems->list[i].field),
		 "%s%s", prefix, field);
	va_start(args, fmt);
	vsnprintf(problems->list[i].why, sizeof(problems->list[i].why), fmt,
		  args);
	va_end(args);
}

void jdec_problems_add(struct jdec_problems *problems,
		       const struct jdec_problems *more)
{
	for (size_t i = 0; i < more->count && i < JDEC_PROBLEMS_MAX; i++)
		if (problems->count + i < JDEC_PROBLEMS_MAX)
			problems->list[problems->count + i] = more->list[i];
	problems->count += more->count;
}

/* What every decoder of a value gets. */
struct place {
	const struct jdec_field *field;
	const char *prefix;
	void *at;
	struct jdec_problems *problems;
};

#define WRONG(p, ...) \
	jdec_problem((p)->problems, (p)->prefix, (p)->field->name, __VA_ARGS__)

static void decode_string(const struct place *p, const json_t *v)
{
	int64_t len = (int64_t)json_string_length(v);

	if (!json_is_string(v))
		WRONG(p, "must be a string");
	else if (strlen(json_string_value(v)) != (size_t)len)
		WRONG(p, "must not contain the character U+0000");
	else if (len < p->field->min || len > p->field->max)
		WRONG(p, "must be %" PRId64 " to %" PRId64 " bytes long",
		      p->field->min, p->field->max);
	else
		*(const char **)p->at = json_string_value(v);
}

static void decode_int(const struct place *p, const json_t *v)
{
	int64_t n = json_integer_value(v);

	if (!json_is_integer(v))
		WRONG(p, "must be a whole number");
	else if (n < p->field->min || n > p->field->max)
		WRONG(p, "must be %" PRId64 " to %" PRId64, p->field->min,
		      p->field->max);
	else
		*(int64_t *)p->at = n;
}

static void decode_bool(const struct place *p, const json_t *v)
{
	if (!json_is_boolean(v))
		WRONG(p, "must be true or false");
	else
		*(bool *)p->at = json_is_true(v);
}

static void decode_enum(const struct place *p, const json_t *v)
{
	const char *const *names = p->field->names;
	char list[96] = "";
	size_t used = 0;

	for (int i = 0; names[i]; i++) {
		if (json_is_string(v) &&
		    strcmp(json_string_value(v), names[i]) == 0) {
			*(int *)p->at = i;
			return;
		}
		used += (size_t)snprintf(list + used, sizeof(list) - used,
					 "%s%s", i ? ", " : "", names[i]);
		if (used >= sizeof(list))
			break;
	}
	WRONG(p, "must be one of: %s", list);
}

static bool is_short_string(const json_t *v)
{
	size_t len = json_string_length(v);

	return json_is_string(v) && len >= 1 && len <= STRING_MAX &&
	       strlen(json_string_value(v)) == len;
}

static void decode_array(const struct place *p, json_t *v)
{
	bool strings = p->field->type == JDEC_STRINGS;
	int64_t n = (int64_t)json_array_size(v);
	size_t before = p->problems->count;

	if (!json_is_array(v)) {
		WRONG(p, "must be an array");
		return;
	}
	if (n < p->field->min || n > p->field->max) {
		WRONG(p, "must have %" PRId64 " to %" PRId64 " elements",
		      p->field->min, p->field->max);
		return;
	}
	for (int64_t i = 0; i < n; i++) {
		const json_t *e = json_array_get(v, (size_t)i);

		if (strings && !is_short_string(e))
			WRONG(p, "element %" PRId64 " must be a string of 1 "
			      "to %d bytes", i, STRING_MAX);
		else if (!strings && !json_is_object(e))
			WRONG(p, "element %" PRId64 " must be an object", i);
	}
	if (p->problems->count == before)
		*(json_t **)p->at = v;
}

static void decode_object(const struct place *p, json_t *v)
{
	if (!json_is_object(v))
		WRONG(p, "must be an object");
	else
		*(json_t **)p->at = v;
}

static void decode_value(const struct place *p, json_t *v)
{
	switch (p->field->type) {
	case JDEC_STRING:
		decode_string(p, v);
		break;
	case JDEC_INT:
		decode_int(p, v);
		break;
	case JDEC_BOOL:
		decode_bool(p, v);
		break;
	case JDEC_ENUM:
		decode_enum(p, v);
		break;
	case JDEC_STRINGS:
	case JDEC_OBJECTS:
		decode_array(p, v);
		break;
	case JDEC_OBJECT:
		decode_object(p, v);
		break;
	case JDEC_ANY:
		*(json_t **)p->at = v;
		break;
	}
}

static bool is_named(const char *name, const struct jdec_field *fields,
		     size_t nfields)
{
	for (size_t i = 0; i < nfields; i++)
		if (strcmp(fields[i].name, name) == 0)
			return true;
	return false;
}

bool jdec(const json_t *object, const char *prefix,
	  const struct jdec_field *fields, size_t nfields, void *out,
	  struct jdec_problems *problems)
{
	size_t before = problems->count;
	const char *name;
	json_t *v;

	if (!json_is_object(object)) {
		jdec_problem(problems, prefix, "", "must be a JSON object");
		return false;
	}
	for (size_t i = 0; i < nfields; i++) {
		struct place p = { &fields[i], prefix,
				   (char *)out + fields[i].offset, problems };

		v = json_object_get(object, fields[i].name);
		/* An optional member that is null is one left out. */
		if (v && !(json_is_null(v) && !fields[i].required))
			decode_value(&p, v);
		else if (fields[i].required)
			WRONG(&p, "is missing");
	}
	json_object_foreach((json_t *)(uintptr_t)object, name, v)
		if (!is_named(name, fields, nfields))
			jdec_problem(problems, prefix, name, "is not known");
	return problems->count == before;
}
