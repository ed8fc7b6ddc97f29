/* api_model_names: what the names of models mean, at once and from nowhere. */
#include <string.h>

#include "fcgi/api.h"
#include "fcgi/problem.h"
#include "shared/model_say.h"

#define NAMES_MAX 500

struct names_body {
	json_t *names;
	json_t *listed;
	const char *base_url;
	const char *provider_id;
};

static const struct jdec_field names_fields[] = {
	JDEC_STRS(struct names_body, names, true, 1, NAMES_MAX),
	JDEC_STRS(struct names_body, listed, false, 0, MODEL_LISTED_MAX),
	JDEC_STR(struct names_body, base_url, false, 1, ENDPOINT_URL_MAX),
	JDEC_STR(struct names_body, provider_id, false, 1, ENDPOINT_KEY_MAX),
};

/* One that is in no table is none: the names are then read as they are. */
static const struct model_endpoint *endpoint_of(const struct names_body *body)
{
	return body->provider_id ? model_endpoint_called(body->provider_id) :
	       body->base_url ? model_endpoint_at(body->base_url) : NULL;
}

static void write_results(struct jout *out, const struct model_names *names,
			  const json_t *asked)
{
	struct model_result result;
	size_t i;
	const json_t *name;

	jout_array(out, "results");
	json_array_foreach(asked, i, name) {
		const char *text = json_string_value(name);
		size_t len = json_string_length(name);

		model_names_resolve(names, text, len, &result);
		model_result_write(out, NULL, names, text, len, &result);
	}
	jout_array_end(out);
}

static int names_resolve(const struct request *req, struct reply *reply,
			 struct err *err)
{
	CLEANUP(model_names_free) struct model_names *names = NULL;
	struct jdec_problems problems = { 0 };
	struct names_body body = { 0 };
	const struct model_endpoint *at;

	(void)err;
	if (!jdec(req->body, "", names_fields, COUNT(names_fields), &body,
		  &problems))
		return problem_refuse(reply, &problems);
	if (body.base_url && body.provider_id) {
		jdec_problem(&problems, "", "provider_id",
			     "cannot stand beside base_url");
		return problem_refuse(reply, &problems);
	}
	at = endpoint_of(&body);
	names = model_names_new(at, body.listed);
	reply->status = 200;
	jout_object(&reply->out, NULL);
	jout_str(&reply->out, "endpoint", at ? at->id : NULL);
	write_results(&reply->out, names, body.names);
	jout_object_end(&reply->out);
	return 0;
}

const struct route api_model_names_routes[] = {
	{ HTTP_POST, "/api/model-names/resolve", SCOPE_READ,
	  .handle = names_resolve, .body = BODY_REQUIRED },
	{ 0 }
};
