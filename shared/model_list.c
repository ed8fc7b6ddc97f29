#include "shared/model_list.h"

#include <string.h>

#include "shared/model_dress.h"
#include "shared/model_names.h"
#include "shared/own.h"

/*
 * The name that a listed model of no table is shown under: what is behind the
 * last '/', in lower case, with hyphens for blanks.
 */
static char *shape_of(const char *id)
{
	const char *slash = strrchr(id, '/');
	char *shape = xstrdup(slash && slash[1] ? slash + 1 : id);

	for (char *c = shape; *c; c++) {
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
		else if (*c == ' ' || *c == '_')
			*c = '-';
	}
	return shape;
}

static void take_key(struct model_listed *row, const char *key, size_t len)
{
	row->key = xstrndup(key, len);
	row->key_len = len;
}

/* Which model it is: by its name, else by what the endpoint calls so. */
static void identify(const struct model_names *names,
		     struct model_listed *row, const struct model_name *name)
{
	const struct model *model = model_known(name);
	const struct model_wire *wire = model ? NULL :
		model_endpoint_row(names->at, row->id, row->len);

	row->dropped = name->dropped;
	row->stamp = name->stamp;
	if (model) {
		row->canonical = model->name;
		row->family = model->family;
		take_key(row, model->key, model->key_len);
	} else if (wire) {
		row->canonical = wire->name;
		row->family = wire->family;
		take_key(row, wire->key, wire->key_len);
	} else {
		row->canonical = row->shape = shape_of(row->id);
		row->family = name->family ? name->family->family : NULL;
		take_key(row, name->key, name->len);
	}
}

/* An id that is no name at all can still be asked for to the letter. */
static void read_id(const struct model_names *names, struct model_listed *row)
{
	struct model_text text;
	struct model_name name;

	if (row->len > MODEL_NAME_MAX ||
	    !model_text_fold(row->id, row->len, &text)) {
		row->canonical = row->shape = xstrdup(row->id);
		take_key(row, row->id, row->len);
		return;
	}
	row->folded = xstrndup(text.text, text.len);
	if (model_name_read(&text, &name)) {
		identify(names, row, &name);
		return;
	}
	row->canonical = row->shape = shape_of(row->id);
	take_key(row, text.text, text.len);
}

/*
 * Of several ids of one model: that which the endpoint's table names, the one
 * with the least around it, the newest deployment, the first.
 */
static bool is_better(const struct model_names *names,
		      const struct model_listed *a,
		      const struct model_listed *b)
{
	const struct model_wire *wire = model_endpoint_wire(names->at, a->key,
							a->key_len, NULL);

	if (wire && strcmp(wire->id, b->id) == 0)
		return false;
	if (wire && strcmp(wire->id, a->id) == 0)
		return true;
	if (!a->stamp != !b->stamp)
		return !a->stamp;
	if (a->dropped != b->dropped)
		return a->dropped < b->dropped;
	return a->stamp > b->stamp;
}

static int by_key(const void *a, const void *b)
{
	const struct model_listed *const *x = a, *const *y = b;
	int order = strcmp((*x)->key, (*y)->key);

	return order ? order : (*x)->id < (*y)->id ? -1 : 1;
}

static void sort_rows(struct model_names *names)
{
	names->sorted = xcalloc(names->count + 1, sizeof(*names->sorted));
	for (size_t i = 0; i < names->count; i++)
		names->sorted[i] = &names->listed[i];
	qsort(names->sorted, names->count, sizeof(*names->sorted), by_key);
	for (size_t i = 0; i < names->count;) {
		const struct model_listed *best = names->sorted[i];
		size_t k = i + 1;

		for (; k < names->count &&
		     strcmp(names->sorted[k]->key, best->key) == 0; k++)
			if (is_better(names, names->sorted[k], best))
				best = names->sorted[k];
		strmap_add(&names->by_key, best->key, best->key_len,
			   (int)(best - names->listed));
		i = k;
	}
}

static void read_list(struct model_names *names, const json_t *list)
{
	size_t i;
	const json_t *id;

	json_array_foreach(list, i, id) {
		struct model_listed *row = &names->listed[names->count];

		if (!json_is_string(id) || *json_string_value(id) == '\0')
			continue;
		if (names->count == MODEL_LISTED_MAX)
			break;
		row->id = json_string_value(id);
		row->len = strlen(row->id);
		if (!strmap_add(&names->by_id, row->id, row->len,
				(int)names->count))
			continue;
		read_id(names, row);
		if (row->folded)
			strmap_add(&names->by_folded, row->folded,
				   strlen(row->folded), (int)names->count);
		names->count++;
	}
}

struct model_names *model_names_new(const struct model_endpoint *at,
				    const json_t *listed)
{
	struct model_names *names = xcalloc(1, sizeof(*names));
	size_t max = json_array_size(listed);

	if (max > MODEL_LISTED_MAX)
		max = MODEL_LISTED_MAX;
	names->at = at ? at : model_endpoint_find("-");
	names->listed = xcalloc(max + 1, sizeof(*names->listed));
	strmap_init(&names->by_id, max);
	strmap_init(&names->by_folded, max);
	strmap_init(&names->by_key, max);
	read_list(names, listed);
	sort_rows(names);
	return names;
}

void model_names_free(struct model_names **names)
{
	struct model_names *it = *names;

	if (!it)
		return;
	for (size_t i = 0; i < it->count; i++) {
		free(it->listed[i].shape);
		free(it->listed[i].folded);
		free(it->listed[i].key);
	}
	free(it->listed);
	free(it->sorted);
	strmap_done(&it->by_id);
	strmap_done(&it->by_folded);
	strmap_done(&it->by_key);
	free(it);
	*names = NULL;
}

size_t model_list_going_on(const struct model_names *names, const char *key,
			   size_t len)
{
	size_t low = 0, high = names->count, n = 0;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (strncmp(names->sorted[middle]->key, key, len) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	/* Two are enough to know that it is not clear. */
	for (; low < names->count && n < 2 &&
	     strncmp(names->sorted[low]->key, key, len) == 0; low++) {
		char next = names->sorted[low]->key[len];

		n += next >= 'a' && next <= 'z' &&
		     (low == 0 || strcmp(names->sorted[low]->key,
					 names->sorted[low - 1]->key) != 0);
	}
	return n;
}

static bool is_dressed(const struct model_listed *row, const char *key,
		       size_t len)
{
	struct model_name name;
	const struct model *model;
	size_t from, left;

	if (!model_undress(row->id, row->len, &from, &left) ||
	    !model_name_parse(row->id + from, left, &name))
		return false;
	model = model_known(&name);
	if (model)
		return model->key_len == len &&
		       memcmp(model->key, key, len) == 0;
	return name.len == len && memcmp(name.key, key, len) == 0;
}

size_t model_list_dressed(const struct model_names *names, const char *key,
			  size_t len, const struct model_listed **ret)
{
	size_t n = 0;

	for (size_t i = 0; i < names->count; i++) {
		if (!is_dressed(&names->listed[i], key, len))
			continue;
		if (n++ == 0)
			*ret = &names->listed[i];
	}
	return n;
}
