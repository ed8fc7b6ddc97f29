#include "fcgi/import_rows.h"

#include <stdio.h>
#include <string.h>

#include "shared/address.h"
#include "shared/jout.h"
#include "shared/table.h"

#define API_KEY_MIN 8
#define API_KEY_MAX 4096
#define MODELS_MAX 200
#define AGAIN_MAX 160		/* bytes of the list of repeated rows */
#define WARNINGS_MAX 512	/* bytes of the warning about them */

struct row_body {
	const char *base_url;
	const char *api_key;
	json_t *requested_models;
};

static const struct jdec_field row_fields[] = {
	JDEC_STR(struct row_body, base_url, true, 1, ENDPOINT_URL_MAX),
	JDEC_STR(struct row_body, api_key, true, API_KEY_MIN, API_KEY_MAX),
	JDEC_STRS(struct row_body, requested_models, false, 0, MODELS_MAX),
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
 * The row came again: it asks for what both ask for.  A row that names no
 * models asks for all, and so do both.  False if that is more than an item
 * may ask for.
 */
static bool merge(struct import_row *row, const json_t *models, size_t seq)
{
	size_t n = json_array_size(models);
	json_t *both;

	buf_addf(&row->again, "%s%zu", row->nagain++ ? ", " : "", seq);
	if (json_array_size(row->models) == 0 || n == 0) {
		json_decref(row->models);
		row->models = json_array();
		return true;
	}
	both = json_copy(row->models);
	for (size_t i = 0; i < n && json_array_size(both) <= MODELS_MAX; i++) {
		json_t *model = json_array_get(models, i);

		if (!has_model(both, json_string_value(model)))
			json_array_append(both, model);
	}
	json_decref(row->models);
	row->models = both;
	return json_array_size(both) <= MODELS_MAX;
}

/* False if the row and the one it repeats ask for too much. */
static bool add_row(struct import_rows *rows, const struct row_body *body,
		    const struct import_endpoint *endpoint, size_t seq)
{
	struct import_row *row = &rows->rows[rows->count];
	size_t before = rows->pairs.count, number;

	row->seq = seq;
	row->endpoint = endpoint;
	row->key = strset_add(&rows->keys, body->api_key);
	row->again = (struct buf){ .max = AGAIN_MAX };
	snprintf(row->pair, sizeof(row->pair), "%zu:%zu", endpoint->number,
		 row->key);
	number = strset_add(&rows->pairs, row->pair);
	if (number < before) {
		*row = (struct import_row){ 0 };
		return merge(&rows->rows[number], body->requested_models, seq);
	}
	row->models = body->requested_models
		? json_incref(body->requested_models) : json_array();
	rows->count++;
	return true;
}

static void read_row(struct import_rows *rows, const json_t *object,
		     size_t index, struct jdec_problems *problems)
{
	size_t before = problems->count;
	const struct import_endpoint *endpoint = NULL;
	struct row_body body = { 0 };
	char prefix[32];
	bool good;

	snprintf(prefix, sizeof(prefix), "items[%zu].", index);
	good = jdec(object, prefix, row_fields, COUNT(row_fields), &body,
		    problems);
	if (body.api_key && !is_visible(body.api_key))
		jdec_problem(problems, prefix, "api_key",
			     "must be visible ASCII without blanks");
	if (body.base_url)
		endpoint = endpoint_of(rows, body.base_url);
	if (endpoint && !endpoint->url)
		jdec_problem(problems, prefix, "base_url", "%s",
			     endpoint->problem);
	if (good && endpoint && problems->count == before &&
	    !add_row(rows, &body, endpoint, index + 1))
		jdec_problem(problems, prefix, "requested_models", "makes more "
			     "than %d with the row that this one repeats",
			     MODELS_MAX);
}

void import_rows_read(struct import_rows *rows, const json_t *items,
		      struct jdec_problems *problems)
{
	size_t n = json_array_size(items), i;
	const json_t *object;

	*rows = (struct import_rows){ 0 };
	rows->rows = xcalloc(n + 1, sizeof(*rows->rows));
	rows->endpoints = xcalloc(n + 1, sizeof(*rows->endpoints));
	strset_init(&rows->keys, n + 1);
	strset_init(&rows->urls, n + 1);
	strset_init(&rows->names, n + 1);
	strset_init(&rows->pairs, n + 1);
	json_array_foreach(items, i, object)
		if (json_is_object(object))
			read_row(rows, object, i, problems);
}

void import_rows_done(struct import_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++) {
		json_decref(rows->rows[i].models);
		buf_done(&rows->rows[i].again);
	}
	for (size_t i = 0; i < rows->urls.count; i++)
		free(rows->endpoints[i].url);
	free(rows->rows);
	free(rows->endpoints);
	strset_done(&rows->keys);
	strset_done(&rows->urls);
	strset_done(&rows->names);
	strset_done(&rows->pairs);
	*rows = (struct import_rows){ 0 };
}

char *import_row_warnings(const struct import_row *row)
{
	struct jout out = { .text.max = WARNINGS_MAX };
	AUTO_FREE char *detail = NULL;

	if (row->nagain == 0)
		return xstrdup("[]");
	detail = xasprintf("row%s %s%s %s row %zu again",
			   row->nagain > 1 ? "s" : "", buf_str(&row->again),
			   row->again.failed ? " and more" : "",
			   row->nagain > 1 ? "are" : "is", row->seq);
	jout_array(&out, NULL);
	jout_object(&out, NULL);
	jout_str(&out, "code", "duplicate_of");
	jout_str(&out, "detail", detail);
	jout_object_end(&out);
	jout_array_end(&out);
	return buf_take(&out.text);
}
