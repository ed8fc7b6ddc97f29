#include "shared/model_known.h"

#include <assert.h>
#include <string.h>

#include "shared/own.h"

/* Written by scripts/embed-text.sh. */
extern const char model_models_tsv[];
extern const char model_aliases_tsv[];

static struct {
	struct tsv models_text, aliases_text;
	struct model *models;
	size_t nmodels;
	const struct model **sorted;	/* by key */
	struct strmap by_key, by_name, by_raw;
} known;

static void read_models(void)
{
	struct model_name name;

	tsv_read(&known.models_text, model_models_tsv, 2);
	known.nmodels = known.models_text.count;
	known.models = xcalloc(known.nmodels, sizeof(*known.models));
	strmap_init(&known.by_key, 2 * known.nmodels);
	strmap_init(&known.by_name, known.nmodels);
	for (size_t i = 0; i < known.nmodels; i++) {
		char *const *cells = known.models_text.rows[i].cells;
		bool good = model_name_parse(cells[0], strlen(cells[0]),
					     &name);

		assert(good);
		known.models[i] = (struct model){
			.name = cells[0],
			.family = cells[1],
			.key = xstrndup(name.key, name.len),
			.key_len = name.len,
		};
		/* Two models that no rule can tell apart are a mistake. */
		good = strmap_add(&known.by_key, known.models[i].key, name.len,
				  (int)i);
		assert(good);
		strmap_add(&known.by_name, cells[0], strlen(cells[0]),
			   (int)i);
	}
}

static void read_aliases(void)
{
	struct model_name name;

	tsv_read(&known.aliases_text, model_aliases_tsv, 3);
	strmap_init(&known.by_raw, known.aliases_text.count);
	for (size_t i = 0; i < known.aliases_text.count; i++) {
		char *const *cells = known.aliases_text.rows[i].cells;
		int model = strmap_get(&known.by_name, cells[1],
				       strlen(cells[1]));
		bool good = model_name_parse(cells[0], strlen(cells[0]),
					     &name);

		assert(good && model >= 0);
		if (strcmp(cells[2], "exact") == 0)
			strmap_add(&known.by_raw,
				   xstrndup(name.raw, name.raw_len),
				   name.raw_len, model);
		else
			strmap_add(&known.by_key,
				   xstrndup(name.key, name.len), name.len,
				   model);
	}
}

static int by_key(const void *a, const void *b)
{
	const struct model *const *x = a, *const *y = b;

	return strcmp((*x)->key, (*y)->key);
}

static void know(void)
{
	if (known.sorted)
		return;
	read_models();
	read_aliases();
	known.sorted = xcalloc(known.nmodels, sizeof(*known.sorted));
	for (size_t i = 0; i < known.nmodels; i++)
		known.sorted[i] = &known.models[i];
	qsort(known.sorted, known.nmodels, sizeof(*known.sorted), by_key);
}

const struct model *model_known(const struct model_name *name)
{
	int at;

	know();
	if (name->foreign)
		return NULL;
	at = strmap_get(&known.by_key, name->key, name->len);
	if (at < 0)
		at = strmap_get(&known.by_raw, name->raw, name->raw_len);
	return at < 0 ? NULL : &known.models[at];
}

const struct model *model_known_by_name(const char *name)
{
	int at;

	know();
	at = strmap_get(&known.by_name, name, strlen(name));
	return at < 0 ? NULL : &known.models[at];
}

const struct model *model_known_all(size_t *ret_count)
{
	know();
	*ret_count = known.nmodels;
	return known.models;
}

bool model_known_begins(const char *key, size_t head, size_t len)
{
	know();
	for (size_t n = len; n-- > head + 1;)
		if (strmap_get(&known.by_key, key, n) >= 0)
			return true;
	return false;
}

size_t model_known_going_on(const char *key, size_t len)
{
	size_t low = 0, high, n = 0;

	know();
	high = known.nmodels;
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (strncmp(known.sorted[middle]->key, key, len) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < known.nmodels &&
	     strncmp(known.sorted[low]->key, key, len) == 0; low++) {
		char next = known.sorted[low]->key[len];

		n += next >= 'a' && next <= 'z';
	}
	return n;
}
