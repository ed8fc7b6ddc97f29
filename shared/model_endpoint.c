#include "shared/model_endpoint.h"

#include <assert.h>
#include <string.h>

#include "shared/endpoint.h"
#include "shared/own.h"

/* Written by scripts/embed-text.sh. */
extern const char model_endpoints_tsv[];
extern const char model_wires_tsv[];
extern const char model_retired_tsv[];

static struct {
	struct tsv endpoints_text, wires_text, retired_text;
	struct model_endpoint *endpoints;
	size_t nendpoints;
	struct model_wire *wires;
	size_t nwires;
	struct model_retired *retired;
	size_t nretired;
	struct strmap by_id;
} table;

/* ---- the tables ---- */

static const char *or_null(const char *cell)
{
	return strcmp(cell, "-") == 0 ? NULL : cell;
}

static void read_endpoints(void)
{
	tsv_read(&table.endpoints_text, model_endpoints_tsv, 3);
	table.nendpoints = table.endpoints_text.count;
	table.endpoints = xcalloc(table.nendpoints,
				  sizeof(*table.endpoints));
	strmap_init(&table.by_id, table.nendpoints);
	for (size_t i = 0; i < table.nendpoints; i++) {
		char *const *cells = table.endpoints_text.rows[i].cells;

		table.endpoints[i] = (struct model_endpoint){
			.id = cells[0],
			.base_url = or_null(cells[1]),
			.levels = tsv_has(cells[2], "levels"),
			.deployments = tsv_has(cells[2], "ep"),
		};
		strmap_add(&table.by_id, cells[0], strlen(cells[0]), (int)i);
	}
}

static void read_wire(struct model_wire *wire, char *const *cells)
{
	struct model_text text;
	struct model_name name;
	const struct model *model;
	bool good;

	*wire = (struct model_wire){
		.endpoints = cells[0], .name = cells[1], .id = cells[2],
	};
	if (*wire->name == '@')
		return;
	good = model_name_parse(wire->name, strlen(wire->name), &name);
	assert(good);
	model = model_known(&name);
	wire->family = model ? model->family :
		       name.family ? name.family->family : NULL;
	wire->key = model ? model->key : xstrndup(name.key, name.len);
	wire->key_len = strlen(wire->key);
	good = model_text_fold(wire->id, strlen(wire->id), &text);
	assert(good);
	wire->folded = xstrndup(text.text, text.len);
}

static void read_wires(void)
{
	tsv_read(&table.wires_text, model_wires_tsv, 3);
	table.nwires = table.wires_text.count;
	table.wires = xcalloc(table.nwires, sizeof(*table.wires));
	for (size_t i = 0; i < table.nwires; i++)
		read_wire(&table.wires[i], table.wires_text.rows[i].cells);
}

static void read_retired(void)
{
	tsv_read(&table.retired_text, model_retired_tsv, 5);
	table.nretired = table.retired_text.count;
	table.retired = xcalloc(table.nretired, sizeof(*table.retired));
	for (size_t i = 0; i < table.nretired; i++) {
		char *const *cells = table.retired_text.rows[i].cells;

		table.retired[i] = (struct model_retired){
			.endpoints = cells[0],
			.names = cells[1],
			.replacement = or_null(cells[2]),
			.date = or_null(cells[3]),
			.gone = strcmp(cells[4], "gone") == 0,
		};
	}
}

static void read_once(void)
{
	if (table.endpoints)
		return;
	read_wires();
	read_retired();
	read_endpoints();
}

/* ---- one endpoint's rows ---- */

static void gather_wires(struct model_endpoint *at)
{
	strmap_init(&at->ids, table.nwires);
	strmap_init(&at->folded, table.nwires);
	strmap_init(&at->names, table.nwires);
	for (size_t i = 0; i < table.nwires; i++) {
		const struct model_wire *wire = &table.wires[i];

		if (!tsv_has(wire->endpoints, at->id))
			continue;
		if (!wire->key) {
			assert(at->ntemplates < MODEL_TEMPLATES_MAX);
			at->templates[at->ntemplates++] = wire;
			continue;
		}
		strmap_add(&at->ids, wire->id, strlen(wire->id), (int)i);
		strmap_add(&at->folded, wire->folded, strlen(wire->folded),
			   (int)i);
		strmap_add(&at->names, wire->key, wire->key_len, (int)i);
	}
}

static void gather_name(struct model_endpoint *at, const char *text,
			size_t len, const struct model_retired *row)
{
	struct model_name name;
	const struct model *model;
	bool prefix = text[len - 1] == '*', good;

	good = model_name_parse(text, len - prefix, &name);
	assert(good);
	model = prefix ? NULL : model_known(&name);
	if (prefix) {
		assert(at->nprefixes < MODEL_PREFIXES_MAX);
		at->prefixes[at->nprefixes].key = xstrndup(name.key, name.len);
		at->prefixes[at->nprefixes].len = name.len;
		at->prefixes[at->nprefixes++].row = row;
	} else {
		good = strmap_add(&at->retired, model ? model->key
				  : xstrndup(name.key, name.len),
				  model ? model->key_len : name.len,
				  (int)(row - table.retired));
		assert(good);
	}
}

static void gather_retired(struct model_endpoint *at)
{
	strmap_init(&at->retired, 256);
	for (size_t i = 0; i < table.nretired; i++) {
		const char *names = table.retired[i].names;
		const char *item;
		size_t len;

		if (!tsv_has(table.retired[i].endpoints, at->id))
			continue;
		while ((item = tsv_item(&names, &len)))
			gather_name(at, item, len, &table.retired[i]);
	}
}

static const struct model_endpoint *gathered(struct model_endpoint *at)
{
	if (!at->gathered) {
		gather_wires(at);
		gather_retired(at);
		at->gathered = true;
	}
	return at;
}

const struct model_endpoint *model_endpoint_find(const char *id)
{
	static struct model_endpoint nowhere = {
		.id = "-", .deployments = true,
	};
	int at;

	read_once();
	if (strcmp(id, "-") == 0)
		return gathered(&nowhere);
	at = strmap_get(&table.by_id, id, strlen(id));
	return at < 0 ? NULL : gathered(&table.endpoints[at]);
}

/* "/v1" is no version of a provider's, but a habit: it may stand or lack. */
static size_t without_v1(const char *url)
{
	size_t len = strlen(url);

	return len > 3 && strcmp(url + len - 3, "/v1") == 0 ? len - 3 : len;
}

const struct model_endpoint *model_endpoint_at(const char *base_url)
{
	AUTO_FREE char *url = NULL;
	struct err err;
	size_t len;

	read_once();
	if (endpoint_normalise(base_url, &url, &err))
		return NULL;
	len = without_v1(url);
	for (size_t i = 0; i < table.nendpoints; i++) {
		const char *ours = table.endpoints[i].base_url;

		if (ours && without_v1(ours) == len &&
		    strncmp(ours, url, len) == 0)
			return gathered(&table.endpoints[i]);
	}
	return NULL;
}

static bool has_key(const char *url, size_t len, const char *end,
		    const char *key)
{
	AUTO_FREE char *whole = xasprintf("%.*s%s", (int)len, url, end);
	char ours[ENDPOINT_KEY_MAX];

	endpoint_key(whole, ours);
	return strcmp(ours, key) == 0;
}

const struct model_endpoint *model_endpoint_called(const char *id)
{
	const struct model_endpoint *at = model_endpoint_find(id);

	for (size_t i = 0; !at && i < table.nendpoints; i++) {
		const char *url = table.endpoints[i].base_url;

		if (url && (has_key(url, strlen(url), "", id) ||
			    has_key(url, without_v1(url), "/v1", id) ||
			    has_key(url, without_v1(url), "", id)))
			at = gathered(&table.endpoints[i]);
	}
	return at;
}

/* ---- what is asked ---- */

const struct model_wire *model_endpoint_row(const struct model_endpoint *at,
					    const char *id, size_t len)
{
	int row = strmap_get(&at->ids, id, len);

	return row < 0 ? NULL : &table.wires[row];
}

const struct model_wire *
model_endpoint_folded(const struct model_endpoint *at, const char *text,
		      size_t len)
{
	int row = strmap_get(&at->folded, text, len);

	return row < 0 ? NULL : &table.wires[row];
}

const struct model_wire *
model_endpoint_wire(const struct model_endpoint *at, const char *key,
		    size_t len, const struct model_wire *last)
{
	int first = strmap_get(&at->names, key, len);

	if (first < 0 || !last)
		return first < 0 ? NULL : &table.wires[first];
	for (const struct model_wire *wire = last + 1;
	     wire < table.wires + table.nwires; wire++)
		if (wire->key && wire->key_len == len &&
		    memcmp(wire->key, key, len) == 0 &&
		    tsv_has(wire->endpoints, at->id))
			return wire;
	return NULL;
}

/* "zai-org/" and the name in lower case. */
static void fill_template(const char *template, const char *name,
			  char ret[MODEL_WIRE_MAX])
{
	size_t n = 0;

	for (; *template && n + 1 < MODEL_WIRE_MAX; template++) {
		if (*template != '*') {
			ret[n++] = *template;
			continue;
		}
		for (; *name && n + 1 < MODEL_WIRE_MAX; name++)
			ret[n++] = *name >= 'A' && *name <= 'Z'
				? (char)(*name - 'A' + 'a') : *name;
	}
	ret[n] = '\0';
}

void model_endpoint_id(const struct model_endpoint *at,
		       const struct model *model, char ret[MODEL_WIRE_MAX])
{
	const struct model_wire *wire = model_endpoint_wire(at, model->key,
							    model->key_len,
							    NULL);

	for (size_t i = 0; !wire && i < at->ntemplates; i++) {
		const char *family = at->templates[i]->name + 1;

		if (strcmp(family, "*") == 0 ||
		    strcmp(family, model->family) == 0) {
			fill_template(at->templates[i]->id, model->name, ret);
			return;
		}
	}
	snprintf(ret, MODEL_WIRE_MAX, "%s", wire ? wire->id : model->name);
}

const struct model_retired *
model_endpoint_retired(const struct model_endpoint *at, const char *key,
		       size_t len)
{
	int row = strmap_get(&at->retired, key, len);

	if (row >= 0)
		return &table.retired[row];
	for (size_t i = 0; i < at->nprefixes; i++)
		if (at->prefixes[i].len <= len &&
		    memcmp(at->prefixes[i].key, key, at->prefixes[i].len) == 0)
			return at->prefixes[i].row;
	return NULL;
}
