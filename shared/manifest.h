/*
 * manifest: the two documents of a pack: pack.json, and one file for each
 * provider, which describes one endpoint (decision D3).
 *
 * Their form is a table of the decoder; the schemas in docs/schema are
 * printed from it (shared/jschema.h).  What a table cannot say is checked
 * behind it: models that are named must be there, prices need a source.
 */
#ifndef SHARED_MANIFEST_H
#define SHARED_MANIFEST_H

#include "shared/jdec.h"

#define MANIFEST_PROVIDER_ID_MAX 64
#define MANIFEST_MODELS_MAX 500

extern const struct jdec_shape manifest_pack_shape;
extern const struct jdec_shape manifest_provider_shape;

/* What others want to know of a pack.json.  Borrowed from the document. */
struct manifest_pack {
	const char *pack_id;
	const char *version;
	const char *min_host_version;	/* or NULL */
	const char *max_host_version;	/* or NULL */
	json_t *name;			/* {zh, en} */
	json_t *checksums;		/* {path: SHA-256}, or NULL */
};

/* The same of a provider. */
struct manifest_provider {
	const char *provider_id;
	const char *vendor;
	const char *plan;
	const char *region;
	const char *status;
	const char *base_url;		/* NULL: an import must say it */
	bool base_url_required;
	const char *smoke_test_model;	/* or NULL */
	bool force_disable_openai_responses_api;
	json_t *display_name;		/* {zh, en} */
	json_t *alternate_base_urls;	/* or NULL */
	json_t *key_prefixes;		/* or NULL */
	json_t *required_headers;	/* or NULL */
	json_t *plan_terms;		/* or NULL */
	json_t *models;
	json_t *smoke_test_fallback;	/* or NULL */
	json_t *pricing;		/* or NULL */
	json_t *templates;		/* or NULL */
	json_t *host_overlays;		/* or NULL */
	json_t *conformance;		/* or NULL */
	json_t *families;		/* or NULL */
};

/* False if anything is wrong; all of it is in `problems`, with its path. */
bool manifest_pack_read(const json_t *document, struct manifest_pack *ret,
			struct jdec_problems *problems) MUST_CHECK;
bool manifest_provider_read(const json_t *document,
			    struct manifest_provider *ret,
			    struct jdec_problems *problems) MUST_CHECK;

/* Does its plan forbid that several people use one key? */
bool manifest_forbids_sharing(const struct manifest_provider *provider);

#endif
