/*
 * api: what several commands ask of the API, and how its objects look in a
 * table.
 */
#ifndef CLI_API_H
#define CLI_API_H

#include "cli/command.h"

/* Call; the reply is call->reply.  `body` may be NULL. */
int api_get(struct call *call, const char *path, struct err *err) MUST_CHECK;
int api_put(struct call *call, const char *path, const struct jout *body,
	    struct err *err) MUST_CHECK;
int api_patch(struct call *call, const char *path, const struct jout *body,
	      int64_t wait_s, struct err *err) MUST_CHECK;
int api_post(struct call *call, const char *path, const struct jout *body,
	     int64_t wait_s, struct err *err) MUST_CHECK;

/*
 * All pages of a list, up to `limit` elements (0: all).  `filters` are
 * "name=value" and end with NULL.  *ret is a new array.
 */
int api_list(struct call *call, const char *path, const char *const *filters,
	     size_t limit, json_t **ret, struct err *err) MUST_CHECK;

/*
 * Room for the filters of a list.  A value that was not given adds nothing.
 * Release with api_filters_done().
 */
#define API_FILTERS_MAX 12

struct api_filters {
	char *list[API_FILTERS_MAX + 1];
	size_t count;
};

void api_filter(struct api_filters *filters, const char *name,
		const char *value);
/* Those that lists of items have, by their options. */
void api_item_filters(struct api_filters *filters, const struct args *args);
void api_filters_done(struct api_filters *filters);

/*
 * "FOLDER/ID" and what stands behind it.  *ret is for
 * free().  ERR_INVALID if a word is no id.
 */
int api_path(char **ret, const char *folder, const char *id,
	     const char *rest, struct err *err) MUST_CHECK;

/* Text member of an object; "" if there is none. */
const char *api_text(const json_t *object, const char *name);
int64_t api_number(const json_t *object, const char *name);

#define API_HOSTS "/api/hosts"
#define API_RUNS "/api/batch-import/runs"
#define API_ITEMS "/api/batch-import/items"
#define API_PROOFS "/api/proofs"
#define API_ACCESSES "/api/accesses"
#define API_CHECKS "/api/access-checks"
#define API_CHANGES "/api/account-changes"
#define API_ACCOUNTS "/api/accounts"
#define API_ENDPOINTS "/api/endpoints"
#define API_EXPLAIN "/api/explain"
#define API_PACKS "/api/packs"
#define API_PROVIDERS "/api/providers"
#define API_BATCHES "/api/import-batches"
#define API_AUDIT "/api/audit"
#define API_PLANS "/api/plans"
#define API_SITE "/api/site"
#define API_ROLLBACKS "/api/rollbacks"
#define API_ACCOUNTS "/api/accounts"
#define API_NOTICES "/api/notices"
#define API_RECONCILE "/api/reconcile"
#define API_RECONCILES "/api/reconcile-runs"

#endif
