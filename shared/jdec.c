#include "shared/jdec.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define STRING_MAX 200		/* of the elements of JDEC_STRINGS */
#define TEXT_MAX 4000		/* of those of JDEC_TEXTS */
#define NUMBER_MAX 999999	/* of those of JDEC_INTS */
#define PREFIX_MAX 160

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

/* How many characters, as JSON Schema counts: jansson lets no bad UTF-8 in. */
static int64_t characters(const json_t *v)
{
	const char *text = json_string_value(v);
	int64_t n = 0;

	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static bool is_of_form(const struct place *p, const json_t *v)
{
	const struct jdec_form *form = p->field->form;

	return !form || form->is_valid(json_string_value(v));
}

static void decode_string(const struct place *p, const json_t *v)
{
	if (!json_is_string(v))
		WRONG(p, "must be a string");
	else if (strlen(json_string_value(v)) != json_string_length(v))
		WRONG(p, "must not contain the character U+0000");
	else if (characters(v) < p->field->min ||
		 characters(v) > p->field->max)
		WRONG(p, "must be %" PRId64 " to %" PRId64 " characters long",
		      p->field->min, p->field->max);
	else if (!is_of_form(p, v))
		WRONG(p, "must be %s", p->field->form->what);
	else if (p->at)
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
	else if (p->at)
		*(int64_t *)p->at = n;
}

static void decode_bool(const struct place *p, const json_t *v)
{
	if (!json_is_boolean(v))
		WRONG(p, "must be true or false");
	else if (p->at)
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
			if (p->at)
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

/* What one element of an array must be. */
static void check_element(const struct place *p, const json_t *e, int64_t i)
{
	enum jdec_type type = p->field->type;
	int64_t max = type == JDEC_TEXTS ? TEXT_MAX : STRING_MAX;

	if (type == JDEC_OBJECTS) {
		if (!json_is_object(e))
			WRONG(p, "element %" PRId64 " must be an object", i);
		return;
	}
	if (type == JDEC_INTS) {
		if (!json_is_integer(e) || json_integer_value(e) < 0 ||
		    json_integer_value(e) > NUMBER_MAX)
			WRONG(p, "element %" PRId64 " must be a whole number "
			      "of 0 to %d", i, NUMBER_MAX);
		return;
	}
	if (!json_is_string(e) || characters(e) < 1 || characters(e) > max ||
	    strlen(json_string_value(e)) != json_string_length(e))
		WRONG(p, "element %" PRId64 " must be a string of 1 to %"
		      PRId64 " characters", i, max);
	else if (!is_of_form(p, e))
		WRONG(p, "element %" PRId64 " must be %s", i,
		      p->field->form->what);
}

static void check_inside(const struct place *p, const json_t *v, int64_t i)
{
	char prefix[PREFIX_MAX];

	if (!p->field->shape || !json_is_object(v))
		return;
	if (i < 0)
		snprintf(prefix, sizeof(prefix), "%s%s.", p->prefix,
			 p->field->name);
	else
		snprintf(prefix, sizeof(prefix), "%s%s[%" PRId64 "].",
			 p->prefix, p->field->name, i);
	if (!jdec_check(v, prefix, p->field->shape, p->problems))
		return;		/* what is wrong is noted */
}

static void decode_array(const struct place *p, json_t *v)
{
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

		check_element(p, e, i);
		check_inside(p, e, i);
	}
	if (p->problems->count == before && p->at)
		*(json_t **)p->at = v;
}

static void decode_object(const struct place *p, json_t *v)
{
	size_t before = p->problems->count;

	if (!json_is_object(v))
		WRONG(p, "must be an object");
	check_inside(p, v, -1);
	if (p->problems->count == before && p->at)
		*(json_t **)p->at = v;
}

static void decode_map(const struct place *p, json_t *v)
{
	int64_t n = (int64_t)json_object_size(v);
	size_t before = p->problems->count;
	const char *name;
	json_t *value;

	if (!json_is_object(v)) {
		WRONG(p, "must be an object");
		return;
	}
	if (n < p->field->min || n > p->field->max)
		WRONG(p, "must have %" PRId64 " to %" PRId64 " members",
		      p->field->min, p->field->max);
	json_object_foreach(v, name, value)
		if (!json_is_string(value) || characters(value) > TEXT_MAX ||
		    !is_of_form(p, value))
			WRONG(p, "member %.40s must be %s", name,
			      p->field->form ? p->field->form->what
					     : "a string");
	if (p->problems->count == before && p->at)
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
	case JDEC_TEXTS:
	case JDEC_INTS:
	case JDEC_OBJECTS:
		decode_array(p, v);
		break;
	case JDEC_MAP:
		decode_map(p, v);
		break;
	case JDEC_OBJECT:
		decode_object(p, v);
		break;
	case JDEC_ANY:
		if (p->at)
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

static void *place_of(const struct jdec_field *field, void *out)
{
	return out && field->offset != JDEC_NOWHERE
		? (char *)out + field->offset : NULL;
}

bool jdec_check(const json_t *object, const char *prefix,
		const struct jdec_shape *shape, struct jdec_problems *problems)
{
	return jdec(object, prefix, shape->fields, shape->count, NULL,
		    problems);
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
				   place_of(&fields[i], out), problems };

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
