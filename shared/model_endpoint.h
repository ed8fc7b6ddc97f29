/*
 * model_endpoint: how one endpoint of a provider calls models, and which it
 * withdraws.
 *
 * packs/openai-cn-pack/model-names/endpoints.tsv, wires.tsv and retired.tsv,
 * read once; an endpoint's rows are gathered when it is first asked for.
 */
#ifndef SHARED_MODEL_ENDPOINT_H
#define SHARED_MODEL_ENDPOINT_H

#include "shared/model_known.h"

#define MODEL_WIRE_MAX (MODEL_NAME_MAX + MODEL_LEVEL_MAX + 64)
#define MODEL_TEMPLATES_MAX 16
#define MODEL_PREFIXES_MAX 4

/* A row of wires.tsv. */
struct model_wire {
	const char *endpoints;
	const char *name;	/* canonical, or "@family" */
	const char *id;
	const char *family;	/* or NULL */
	const char *folded;	/* the id; or NULL */
	const char *key;	/* or NULL: "@family" */
	size_t key_len;
};

/* A row of retired.tsv. */
struct model_retired {
	const char *endpoints;
	const char *names;
	const char *replacement;	/* canonical; or NULL */
	const char *date;		/* or NULL */
	bool gone;
};

struct model_endpoint {
	const char *id;		/* "-": no endpoint is named */
	const char *base_url;	/* normalised; NULL: it has none of its own */
	bool levels, deployments;
	bool gathered;
	struct strmap ids;	/* to rows of wires, by id */
	struct strmap folded;	/* the same, by the folded id */
	struct strmap names;	/* the same, by key; the first row */
	struct strmap retired;	/* to rows of retired, by key */
	const struct model_wire *templates[MODEL_TEMPLATES_MAX];
	size_t ntemplates;
	struct { const char *key; size_t len; const struct model_retired *row; }
		prefixes[MODEL_PREFIXES_MAX];
	size_t nprefixes;
};

/* By its id, as in the table; NULL.  "-" is that of no endpoint. */
const struct model_endpoint *model_endpoint_find(const char *id);

/* By its base URL, with or without "/v1"; NULL. */
const struct model_endpoint *model_endpoint_at(const char *base_url);

/* By its id, else by the key that endpoint.h gives its base URL; NULL. */
const struct model_endpoint *model_endpoint_called(const char *id);

/* The row of an id that the endpoint knows, to the letter; NULL. */
const struct model_wire *model_endpoint_row(const struct model_endpoint *at,
					    const char *id, size_t len);

/* The same, by its folded text. */
const struct model_wire *
model_endpoint_folded(const struct model_endpoint *at, const char *text,
		      size_t len);

/* The id of a model there, in its row, after `last` (NULL: the first); NULL. */
const struct model_wire *
model_endpoint_wire(const struct model_endpoint *at, const char *key,
		    size_t len, const struct model_wire *last);

/* The id of a known model there, by its row, else by rule. */
void model_endpoint_id(const struct model_endpoint *at,
		       const struct model *model, char ret[MODEL_WIRE_MAX]);

/* What is said of its end; NULL: nothing. */
const struct model_retired *
model_endpoint_retired(const struct model_endpoint *at, const char *key,
		       size_t len);

#endif
