#include "shared/jschema.h"

#define STRING_MAX 200		/* as jdec.c has them */
#define TEXT_MAX 4000
#define NUMBER_MAX 999999

static void write_shape(struct jout *out, const struct jdec_shape *shape);

/* An optional member may be null: that is as if it were left out. */
static void write_type(struct jout *out, const char *type, bool required)
{
	if (required) {
		jout_str(out, "type", type);
		return;
	}
	jout_array(out, "type");
	jout_str(out, NULL, type);
	jout_str(out, NULL, "null");
	jout_array_end(out);
}

static void write_form(struct jout *out, const struct jdec_form *form)
{
	if (form && form->pattern)
		jout_str(out, "pattern", form->pattern);
	if (form)
		jout_str(out, "description", form->what);
}

static void write_string(struct jout *out, const struct jdec_field *field)
{
	write_type(out, "string", field->required);
	jout_i64(out, "minLength", field->min);
	jout_i64(out, "maxLength", field->max);
	write_form(out, field->form);
}

static void write_enum(struct jout *out, const struct jdec_field *field)
{
	jout_array(out, "enum");
	for (size_t i = 0; field->names[i]; i++)
		jout_str(out, NULL, field->names[i]);
	if (!field->required)
		jout_null(out, NULL);
	jout_array_end(out);
}

static void write_elements(struct jout *out, const struct jdec_field *field)
{
	jout_object(out, "items");
	if (field->type == JDEC_OBJECTS) {
		if (field->shape)
			write_shape(out, field->shape);
		else
			jout_str(out, "type", "object");
	} else if (field->type == JDEC_INTS) {
		jout_str(out, "type", "integer");
		jout_i64(out, "minimum", 0);
		jout_i64(out, "maximum", NUMBER_MAX);
	} else {
		jout_str(out, "type", "string");
		jout_i64(out, "minLength", 1);
		jout_i64(out, "maxLength", field->type == JDEC_TEXTS
			 ? TEXT_MAX : STRING_MAX);
		write_form(out, field->form);
	}
	jout_object_end(out);
}

static void write_array(struct jout *out, const struct jdec_field *field)
{
	write_type(out, "array", field->required);
	jout_i64(out, "minItems", field->min);
	jout_i64(out, "maxItems", field->max);
	write_elements(out, field);
}

static void write_map(struct jout *out, const struct jdec_field *field)
{
	write_type(out, "object", field->required);
	jout_i64(out, "minProperties", field->min);
	jout_i64(out, "maxProperties", field->max);
	jout_object(out, "additionalProperties");
	jout_str(out, "type", "string");
	jout_i64(out, "maxLength", TEXT_MAX);
	write_form(out, field->form);
	jout_object_end(out);
}

static void write_object(struct jout *out, const struct jdec_field *field)
{
	if (!field->shape) {
		write_type(out, "object", field->required);
		return;
	}
	if (field->required) {
		write_shape(out, field->shape);
		return;
	}
	jout_array(out, "anyOf");
	jout_object(out, NULL);
	jout_str(out, "type", "null");
	jout_object_end(out);
	jout_object(out, NULL);
	write_shape(out, field->shape);
	jout_object_end(out);
	jout_array_end(out);
}

static void write_int(struct jout *out, const struct jdec_field *field)
{
	write_type(out, "integer", field->required);
	jout_i64(out, "minimum", field->min);
	jout_i64(out, "maximum", field->max);
}

static void write_field(struct jout *out, const struct jdec_field *field)
{
	jout_object(out, field->name);
	switch (field->type) {
	case JDEC_STRING:
		write_string(out, field);
		break;
	case JDEC_INT:
		write_int(out, field);
		break;
	case JDEC_BOOL:
		write_type(out, "boolean", field->required);
		break;
	case JDEC_ENUM:
		write_enum(out, field);
		break;
	case JDEC_STRINGS:
	case JDEC_TEXTS:
	case JDEC_INTS:
	case JDEC_OBJECTS:
		write_array(out, field);
		break;
	case JDEC_MAP:
		write_map(out, field);
		break;
	case JDEC_OBJECT:
		write_object(out, field);
		break;
	case JDEC_ANY:
		break;
	}
	jout_object_end(out);
}

static void write_shape(struct jout *out, const struct jdec_shape *shape)
{
	jout_str(out, "type", "object");
	jout_bool(out, "additionalProperties", false);
	jout_array(out, "required");
	for (size_t i = 0; i < shape->count; i++)
		if (shape->fields[i].required)
			jout_str(out, NULL, shape->fields[i].name);
	jout_array_end(out);
	jout_object(out, "properties");
	for (size_t i = 0; i < shape->count; i++)
		write_field(out, &shape->fields[i]);
	jout_object_end(out);
}

void jschema_write(struct jout *out, const char *id, const char *title,
		   const struct jdec_shape *shape)
{
	jout_object(out, NULL);
	jout_str(out, "$schema",
		 "https://json-schema.org/draft/2020-12/schema");
	jout_str(out, "$id", id);
	jout_str(out, "title", title);
	write_shape(out, shape);
	jout_object_end(out);
}
