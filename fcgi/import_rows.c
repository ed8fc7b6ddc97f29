#include "fcgi/import_rows.h"

#include <stdio.h>
#include <string.h>

#include "fcgi/remark.h"
#include "shared/address.h"
#include "shared/jout.h"
#include "shared/table.h"

#define API_KEY_MIN 8
#define API_KEY_MAX 4096
#define MODELS_MAX 200
#define AGAIN_MAX 160		/* bytes of the list of repeated rows */
#define WARNINGS_MAX 1024	/* bytes of the warnings of a new item */
#define REMARK_BYTES 4096	/* whatever is longer is too long */

struct row_body {
	const char *base_url;
	const char *api_key;
	json_t *requested_models;
	const char *label;
	const char *note;
	json_t *account_proxy;
	json_t *adopt_account_id;
	bool adopt_force;
};

static const struct jdec_field row_fields[] = {
	JDEC_STR(struct row_body, base_url, true, 1, ENDPOINT_URL_MAX),
	JDEC_STR(struct row_body, api_key, true, API_KEY_MIN, API_KEY_MAX),
	JDEC_STRS(struct row_body, requested_models, false, 0, MODELS_MAX),
	JDEC_STR(struct row_body, label, false, 0, REMARK_BYTES),
	JDEC_STR(struct row_body, note, false, 0, REMARK_BYTES),
	JDEC_VALUE(struct row_body, account_proxy, false),
	JDEC_VALUE(struct row_body, adopt_account_id, false),
	JDEC_FLAG(struct row_body, adopt_force, false),
};

/* A row on its way, and what is found out about it. */
struct reading {
	struct import_rows *rows;
	struct row_body body;
	struct import_row row;
	struct jdec_problems problems;
};

static bool is_visible(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text <= 32 || *text >= 127)
			return false;
	return true;
}

/* Most rows of a batch name few endpoints: each URL is looked at once. */
static const struct import_endpoint *endpoint_of(struct import_rows *rows,
						 const char *url)
{
	size_t before = rows->urls.count;
	size_t number = strset_add(&rows->urls, url);
	struct import_endpoint *endpoint = &rows->endpoints[number];
	struct err err;

	if (number < before)
		return endpoint;
	if (endpoint_normalise(url, &endpoint->url, &err) ||
	    address_check_url(endpoint->url, true, &err)) {
		snprintf(endpoint->problem, sizeof(endpoint->problem), "%.95s",
			 err.msg);
		own_set(&endpoint->url, NULL);
		return endpoint;
	}
	endpoint_key(endpoint->url, endpoint->key);
	endpoint->number = strset_add(&rows->names, endpoint->key);
	return endpoint;
}

static bool has_model(const json_t *models, const char *name)
{
	const json_t *model;
	size_t i;

	json_array_foreach(models, i, model)
		if (strcmp(json_string_value(model), name) == 0)
			return true;
	return false;
}

/*
 * The models that both rows ask for, a new reference.  A row that names none
 * asks for all, and so do both.
 */
static json_t *models_of_both(const json_t *one, const json_t *other)
{
	size_t n = json_array_size(other);
	json_t *both = json_array();

	if (json_array_size(one) == 0 || n == 0)
		return both;
	json_array_extend(both, (json_t *)(uintptr_t)one);
	for (size_t i = 0; i < n && json_array_size(both) <= MODELS_MAX; i++) {
		json_t *model = json_array_get(other, i);

		if (!has_model(both, json_string_value(model)))
			json_array_append(both, model);
	}
	return both;
}

/* One account cannot have two of it. */
static void check_same(struct reading *reading, const char *field,
		       const char *one, const char *other)
{
	if (*one && *other && strcmp(one, other) != 0)
		jdec_problem(&reading->problems, "", field, "differs from that "
			     "of an earlier row with the same key");
}

static void take_text(char **to, char **from)
{
	if (!*to)
		*to = TAKE(*from);
}

static void take_id(char to[IMPORT_ID_TEXT], const char *from)
{
	if (!*to)
		memcpy(to, from, IMPORT_ID_TEXT);
}

/*
 * The row came again: it asks for what both ask for, and what the first one
 * does not say the other may.  Nothing is changed if they do not go together.
 */
static void merge(struct reading *reading, struct import_row *into)
{
	struct import_row *row = &reading->row;
	json_auto_t *both = models_of_both(into->models, row->models);

	check_same(reading, "account_proxy", into->account_proxy,
		   row->account_proxy);
	check_same(reading, "adopt_account_id", into->adopt_account_id,
		   row->adopt_account_id);
	if (json_array_size(both) > MODELS_MAX)
		jdec_problem(&reading->problems, "", "requested_models",
			     "makes more than %d with the row that this one "
			     "repeats", MODELS_MAX);
	if (reading->problems.count)
		return;
	json_decref(into->models);
	into->models = json_incref(both);
	take_text(&into->label, &row->label);
	take_text(&into->note, &row->note);
	take_id(into->account_proxy, row->account_proxy);
	take_id(into->adopt_account_id, row->adopt_account_id);
	into->adopt_force |= row->adopt_force;
	into->masked |= row->masked;
	buf_addf(&into->again, "%s%lld", into->nagain++ ? ", " : "",
		 row->line ? (long long)row->line : (long long)row->seq);
}

static void import_row_done(struct import_row *row)
{
	json_decref(row->models);
	free(row->label);
	free(row->note);
	buf_done(&row->again);
	*row = (struct import_row){ 0 };
}

static void add_row(struct reading *reading)
{
	struct import_rows *rows = reading->rows;
	struct import_row *row = &reading->row;
	size_t before = rows->pairs.count, number;
	char *pair = rows->rows[rows->count].pair;

	row->key = strset_add(&rows->keys, reading->body.api_key);
	row->again = (struct buf){ .max = AGAIN_MAX };
	snprintf(pair, sizeof(row->pair), "%zu:%zu", row->endpoint->number,
		 row->key);
	number = strset_add(&rows->pairs, pair);
	if (number < before) {
		merge(reading, &rows->rows[number]);
		return;
	}
	memcpy(row->pair, pair, sizeof(row->pair));
	rows->rows[rows->count++] = *row;
	*row = (struct import_row){ 0 };
}

static void read_remark(struct reading *reading, const char *field, size_t max,
			const char *text, char **ret)
{
	const char *problem;
	bool masked = false;

	if (!text)
		return;
	problem = remark_read(text, max, reading->body.api_key, ret, &masked);
	reading->row.masked |= masked;
	if (problem)
		jdec_problem(&reading->problems, "", field, "%s", problem);
}

/* Ids of a host come as numbers or as text, as it writes them and as we do. */
static void read_id(struct reading *reading, const char *field,
		    const json_t *value, char ret[IMPORT_ID_TEXT])
{
	char number[24];
	const char *text = json_string_value(value);

	if (!value)
		return;
	snprintf(number, sizeof(number), "%lld",
		 (long long)json_integer_value(value));
	text = json_is_integer(value) ? number : text ? text : "";
	if (remark_is_id(text))
		memcpy(ret, text, strlen(text) + 1);
	else
		jdec_problem(&reading->problems, "", field, "must be the "
			     "number of it on the host");
}

static void read_endpoint(struct reading *reading)
{
	const struct import_endpoint *endpoint;

	if (!reading->body.base_url)
		return;
	endpoint = endpoint_of(reading->rows, reading->body.base_url);
	reading->row.endpoint = endpoint;
	if (!endpoint->url)
		jdec_problem(&reading->problems, "", "base_url", "%s",
			     endpoint->problem);
}

static void read_object(struct reading *reading, const json_t *object)
{
	struct row_body *body = &reading->body;
	struct import_row *row = &reading->row;

	if (!jdec(object, "", row_fields, COUNT(row_fields), body,
		  &reading->problems) && !json_is_object(object))
		return;
	if (body->api_key && !is_visible(body->api_key))
		jdec_problem(&reading->problems, "", "api_key",
			     "must be visible ASCII without blanks");
	read_endpoint(reading);
	read_remark(reading, "label", REMARK_LABEL_MAX, body->label,
		    &row->label);
	read_remark(reading, "note", REMARK_NOTE_MAX, body->note, &row->note);
	read_id(reading, "account_proxy", body->account_proxy,
		row->account_proxy);
	read_id(reading, "adopt_account_id", body->adopt_account_id,
		row->adopt_account_id);
	row->adopt_force = body->adopt_force;
	if (reading->problems.count)
		return;
	row->models = body->requested_models
		? json_incref(body->requested_models) : json_array();
	add_row(reading);
}

static void read_row(struct reading *reading, const json_t *element,
		     bool is_line, struct jdec_problems *problems)
{
	const char *why = is_line ? json_string_value(element) : NULL;

	reading->problems.count = 0;
	reading->body = (struct row_body){ 0 };
	if (why)
		jdec_problem(&reading->problems, "", "", "%s", why);
	else
		read_object(reading, element);
	if (reading->problems.count)
		rejects_add(&reading->rows->rejects, reading->row.seq,
			    reading->row.line, &reading->problems, problems);
	import_row_done(&reading->row);
}

void import_rows_read(struct import_rows *rows, const char *list,
		      const json_t *items, const int64_t *lines,
		      struct jdec_problems *problems)
{
	AUTO_FREE struct reading *reading = xcalloc(1, sizeof(*reading));
	size_t n = json_array_size(items), i;
	const json_t *element;

	*rows = (struct import_rows){ .rejects.name = list };
	rows->rows = xcalloc(n + 1, sizeof(*rows->rows));
	rows->endpoints = xcalloc(n + 1, sizeof(*rows->endpoints));
	strset_init(&rows->keys, n + 1);
	strset_init(&rows->urls, n + 1);
	strset_init(&rows->names, n + 1);
	strset_init(&rows->pairs, n + 1);
	reading->rows = rows;
	json_array_foreach(items, i, element) {
		reading->row.seq = i + 1;
		reading->row.line = lines ? lines[i] : 0;
		read_row(reading, element, lines, problems);
	}
}

void import_rows_done(struct import_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++)
		import_row_done(&rows->rows[i]);
	for (size_t i = 0; i < rows->urls.count; i++)
		free(rows->endpoints[i].url);
	free(rows->rows);
	free(rows->endpoints);
	strset_done(&rows->keys);
	strset_done(&rows->urls);
	strset_done(&rows->names);
	strset_done(&rows->pairs);
	rejects_done(&rows->rejects);
	*rows = (struct import_rows){ 0 };
}

static void add_warning(struct jout *out, const char *code, const char *detail)
{
	jout_object(out, NULL);
	jout_str(out, "code", code);
	jout_str(out, "detail", detail);
	jout_object_end(out);
}

/* "rows 3, 5 are row 2 again", or lines where the rows have some. */
static char *duplicates(const struct import_row *row)
{
	const char *what = row->line ? "line" : "row";
	bool many = row->nagain > 1;

	return xasprintf("%s%s %s%s %s %s %lld again", what, many ? "s" : "",
			 buf_str(&row->again),
			 row->again.failed ? " and more" : "",
			 many ? "are" : "is", what,
			 row->line ? (long long)row->line
				   : (long long)row->seq);
}

char *import_row_warnings(const struct import_row *row, const char *hint)
{
	struct jout out = { .text.max = WARNINGS_MAX };
	AUTO_FREE char *detail = NULL;

	if (row->nagain == 0 && !row->masked && !hint)
		return xstrdup("[]");
	jout_array(&out, NULL);
	if (row->nagain > 0) {
		detail = duplicates(row);
		add_warning(&out, "duplicate_of", detail);
	}
	if (row->masked)
		add_warning(&out, "remark_masked", "a piece of its label or "
			    "note looks like a key and was left out");
	if (hint)
		add_warning(&out, "key_of_other_provider", hint);
	jout_array_end(&out);
	return buf_take(&out.text);
}
