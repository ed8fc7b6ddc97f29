/* api_explain: what is the matter with it, in plain words. */
#include <string.h>

#include "fcgi/accept.h"
#include "fcgi/api.h"
#include "fcgi/query.h"
#include "shared/explain.h"

struct explain_query {
	const char *item_id;
	const char *access_id;
	const char *host_id;
	const char *lang;
};

static bool is_lang(const char *text)
{
	return strcmp(text, "zh") == 0 || strcmp(text, "en") == 0;
}

#define ID_FIELD(member) \
	{ #member, QUERY_TEXT, offsetof(struct explain_query, member), 0, \
	  HTTP_ID_MAX, http_is_id }

static const struct query_field explain_query_fields[] = {
	ID_FIELD(item_id),
	ID_FIELD(access_id),
	ID_FIELD(host_id),
	{ "lang", QUERY_TEXT, offsetof(struct explain_query, lang), 0, 2,
	  is_lang },
};

static int explain(const struct request *req,
		   const struct explain_query *query, const char *lang,
		   struct explanation *ret, struct err *err)
{
	const struct {
		const char *id;
		int (*explain)(struct db *db, const char *id,
			       const char *lang, int64_t now,
			       struct explanation *ret, struct err *err);
	} kinds[] = {
		{ query->item_id, explain_item },
		{ query->access_id, explain_access },
		{ query->host_id, explain_host },
	};
	size_t found = COUNT(kinds), given = 0;

	for (size_t i = 0; i < COUNT(kinds); i++) {
		if (!kinds[i].id)
			continue;
		found = i;
		given++;
	}
	if (given != 1) {
		err_set(err, ERR_INVALID, "exactly one of item_id, access_id "
			"and host_id is required");
		return err_code(err, "invalid_parameter");
	}
	return kinds[found].explain(req->db, kinds[found].id, lang, req->now,
				    ret, err);
}

static int explain_show(const struct request *req, struct reply *reply,
			struct err *err)
{
	CLEANUP(explanation_done) struct explanation explanation = { 0 };
	AUTO_FREE char *storage = NULL, *text = NULL;
	struct explain_query query = { 0 };
	const char *lang;

	if (query_read(req->query, explain_query_fields,
		       COUNT(explain_query_fields), &query, &storage, err))
		return -1;
	lang = query.lang ? query.lang : accept_lang(req->accept_language);
	if (explain(req, &query, lang, &explanation, err))
		return -1;
	reply->status = 200;
	if (!accept_is_plain(req->accept)) {
		explanation_write(&reply->out, NULL, &explanation);
		return 0;
	}
	text = explanation_text(&explanation);
	buf_adds(&reply->out.text, text);
	reply->is_plain = true;
	return 0;
}

const struct route api_explain_routes[] = {
	{ HTTP_GET, "/api/explain", SCOPE_READ,
	  .handle = explain_show, .takes_query = true },
	{ 0 }
};
