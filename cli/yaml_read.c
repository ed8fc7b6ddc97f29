#include "cli/yaml_read.h"

#include <errno.h>
#include <string.h>
#include <yaml.h>

#include "shared/own.h"
#include "shared/table.h"

#define PROBLEMS_MAX 200

struct reader {
	yaml_parser_t parser;
	const struct yaml_member *members;
	struct yaml_doc *doc;
	size_t nodes;
	bool stopped;		/* what follows cannot be understood */
};

void yaml_doc_done(struct yaml_doc *doc)
{
	json_decref(doc->root);
	json_decref(doc->lines);
	json_decref(doc->problems);
	*doc = (struct yaml_doc){ 0 };
}

void yaml_problem(struct yaml_doc *doc, int line, const char *path,
		  const char *why)
{
	if (!doc->problems)
		doc->problems = json_array();
	if (json_array_size(doc->problems) < PROBLEMS_MAX)
		json_array_append_new(doc->problems, json_pack(
			"{s:i, s:s, s:s}", "line", line, "path", path, "why",
			why));
}

int yaml_line(const struct yaml_doc *doc, const char *path)
{
	AUTO_FREE char *place = xstrdup(path);

	while (*place) {
		const json_t *line = json_object_get(doc->lines, place);
		char *dot = strrchr(place, '.'), *index = strrchr(place, '[');
		char *end = !dot || (index && index > dot) ? index : dot;

		if (line)
			return (int)json_integer_value(line);
		if (!end)
			break;
		*end = '\0';
	}
	return 1;
}

static int line_of(const yaml_event_t *event)
{
	return (int)event->start_mark.line + 1;
}

static void refuse(struct reader *reader, const yaml_event_t *event,
		   const char *path, const char *why)
{
	yaml_problem(reader->doc, line_of(event), path, why);
}

static void stop(struct reader *reader, int line, const char *path,
		 const char *why)
{
	if (!reader->stopped)
		yaml_problem(reader->doc, line, path, why);
	reader->stopped = true;
}

/* False at the end of what can be read; the event is the caller's then not. */
static bool next(struct reader *reader, yaml_event_t *event)
{
	const char *why;

	if (reader->stopped)
		return false;
	if (yaml_parser_parse(&reader->parser, event))
		return true;
	why = reader->parser.problem;
	stop(reader, (int)reader->parser.problem_mark.line + 1, "",
	     why ? why : "cannot be read");
	return false;
}

static bool is_null(const char *text)
{
	static const char *const words[] = { "", "~", "null", "Null", "NULL" };

	for (size_t i = 0; i < COUNT(words); i++)
		if (strcmp(words[i], text) == 0)
			return true;
	return false;
}

/* Decimal and nothing else: "0755" and "0x1f" stay what they are. */
static json_t *number_of(const char *text)
{
	const char *digits = text + (*text == '-');
	json_int_t value;
	char *end;

	if (!*digits || strspn(digits, "0123456789") != strlen(digits) ||
	    (digits[0] == '0' && digits[1]))
		return NULL;
	errno = 0;
	value = strtoll(text, &end, 10);
	return errno ? NULL : json_integer(value);
}

static json_t *flag_of(const char *text)
{
	if (strcmp(text, "true") == 0)
		return json_true();
	if (strcmp(text, "false") == 0)
		return json_false();
	return NULL;
}

static json_t *plain_value(const struct reader *reader, const char *name,
			   const char *text)
{
	json_t *value = NULL;

	if (is_null(text))
		return json_null();
	for (const struct yaml_member *m = reader->members; m->name; m++)
		if (name && strcmp(m->name, name) == 0)
			value = m->kind == YAML_NUMBER ? number_of(text)
						       : flag_of(text);
	return value ? value : json_string(text);
}

static json_t *scalar(struct reader *reader, const yaml_event_t *event,
		      const char *path, const char *name)
{
	const char *text = (const char *)event->data.scalar.value;
	size_t len = event->data.scalar.length;

	if (strlen(text) != len) {
		refuse(reader, event, path, "has a NUL character");
		return json_null();
	}
	if (event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
		return plain_value(reader, name, text);
	return json_stringn(text, len);
}

static const char *anchor_of(const yaml_event_t *event)
{
	const yaml_char_t *anchor =
		event->type == YAML_SCALAR_EVENT ? event->data.scalar.anchor :
		event->type == YAML_MAPPING_START_EVENT
			? event->data.mapping_start.anchor
			: event->data.sequence_start.anchor;

	return (const char *)anchor;
}

static const char *tag_of(const yaml_event_t *event)
{
	const yaml_char_t *tag =
		event->type == YAML_SCALAR_EVENT ? event->data.scalar.tag :
		event->type == YAML_MAPPING_START_EVENT
			? event->data.mapping_start.tag
			: event->data.sequence_start.tag;

	return (const char *)tag;
}

static json_t *node(struct reader *reader, yaml_event_t *event,
		    const char *path, const char *name, int depth);

static json_t *sequence(struct reader *reader, const char *path, int depth)
{
	json_t *array = json_array();
	yaml_event_t event;

	while (next(reader, &event)) {
		bool end = event.type == YAML_SEQUENCE_END_EVENT;
		AUTO_FREE char *place = xasprintf("%s[%zu]", path,
						  json_array_size(array));

		if (!end)
			json_array_append_new(array, node(reader, &event,
				place, NULL, depth));
		yaml_event_delete(&event);
		if (end)
			break;
	}
	return array;
}

/* The name of a member; NULL if it is none, and then it is read over. */
static char *member_name(struct reader *reader, yaml_event_t *event,
			 const char *path, int depth)
{
	if (event->type == YAML_SCALAR_EVENT && !anchor_of(event) &&
	    strlen((const char *)event->data.scalar.value) ==
		    event->data.scalar.length)
		return xstrdup((const char *)event->data.scalar.value);
	refuse(reader, event, path, "has a name that is no plain text");
	json_decref(node(reader, event, path, NULL, depth));
	return NULL;
}

static void member(struct reader *reader, yaml_event_t *key, json_t *object,
		   const char *path, int depth)
{
	AUTO_FREE char *name = member_name(reader, key, path, depth);
	AUTO_FREE char *place = xasprintf("%s%s%s", path, *path ? "." : "",
					  name ? name : "?");
	yaml_event_t event;
	json_t *value;

	if (!next(reader, &event))
		return;
	if (name && json_object_get(object, name))
		refuse(reader, key, place, "is there twice");
	value = node(reader, &event, place, name, depth);
	yaml_event_delete(&event);
	if (!name || json_object_get(object, name)) {
		json_decref(value);
		return;
	}
	json_object_set_new(object, name, value);
	json_object_set_new(reader->doc->lines, place,
			    json_integer(line_of(key)));
}

static json_t *mapping(struct reader *reader, const char *path, int depth)
{
	json_t *object = json_object();
	yaml_event_t event;

	while (next(reader, &event)) {
		bool end = event.type == YAML_MAPPING_END_EVENT;

		if (!end)
			member(reader, &event, object, path, depth);
		yaml_event_delete(&event);
		if (end)
			break;
	}
	return object;
}

static json_t *node(struct reader *reader, yaml_event_t *event,
		    const char *path, const char *name, int depth)
{
	json_object_set_new(reader->doc->lines, path,
			    json_integer(line_of(event)));
	if (event->type == YAML_ALIAS_EVENT) {
		refuse(reader, event, path, "is an alias (*): say it again");
		return json_null();
	}
	if (++reader->nodes > YAML_NODES_MAX || depth == YAML_DEPTH_MAX) {
		stop(reader, line_of(event), path, depth == YAML_DEPTH_MAX
		     ? "is nested too deeply" : "is more than can be read");
		return json_null();
	}
	if (anchor_of(event))
		refuse(reader, event, path, "has an anchor (&)");
	if (tag_of(event))
		refuse(reader, event, path, "has a tag (!)");
	if (event->type == YAML_SCALAR_EVENT)
		return scalar(reader, event, path, name);
	if (event->type == YAML_SEQUENCE_START_EVENT)
		return sequence(reader, path, depth + 1);
	return mapping(reader, path, depth + 1);
}

/* One document, and nothing behind it. */
static void document(struct reader *reader)
{
	yaml_event_t event;
	bool over = false;

	while (!over && next(reader, &event)) {
		over = event.type == YAML_STREAM_END_EVENT;
		if (event.type == YAML_DOCUMENT_START_EVENT &&
		    reader->doc->root)
			stop(reader, line_of(&event), "",
			     "a second document begins");
		else if (event.type == YAML_SCALAR_EVENT ||
			 event.type == YAML_ALIAS_EVENT ||
			 event.type == YAML_SEQUENCE_START_EVENT ||
			 event.type == YAML_MAPPING_START_EVENT)
			reader->doc->root = node(reader, &event, "", NULL, 0);
		yaml_event_delete(&event);
	}
	if (!reader->doc->root && !reader->stopped)
		yaml_problem(reader->doc, 1, "", "there is nothing in it");
}

void yaml_read(const char *text, size_t len, const struct yaml_member *members,
	       struct yaml_doc *ret)
{
	struct reader reader = { .members = members, .doc = ret };

	ret->lines = json_object();
	ret->problems = json_array();
	if (len > YAML_TEXT_MAX) {
		yaml_problem(ret, 1, "", "is too large: 4 MiB are read");
		return;
	}
	if (!yaml_parser_initialize(&reader.parser))
		abort();
	yaml_parser_set_input_string(&reader.parser,
				     (const unsigned char *)text, len);
	document(&reader);
	yaml_parser_delete(&reader.parser);
}
