#include "schedd/host/gateway.h"

#include "schedd/host/answer.h"
#include "schedd/judge.h"
#include "schedd/redact.h"
#include "schedd/upstream/classify.h"
#include "schedd/upstream/models.h"
#include "shared/table.h"

static void start(struct request *request, const struct host_peer *peer,
		  enum method method, const char *path,
		  const char *request_id)
{
	host_start(request, peer, method, HOST_ROLE_KEY, "%s", path);
	request_header(request, "X-Request-ID", request_id, SLOT_NONE);
}

void host_ask_models(struct request *request, const struct host_peer *peer,
		     const char *request_id)
{
	start(request, peer, METHOD_GET, "/v1/models", request_id);
}

void host_ask_chat(struct request *request, const struct host_peer *peer,
		   const struct host_chat *chat)
{
	/* The alias without /v1 can answer the host's web page. */
	start(request, peer, METHOD_POST, "/v1/chat/completions",
	      chat->request_id);
	completion_ask(request, chat->model, chat->nonce);
}

/* {"code":"WORD"}: the checks of the key, before anything is routed. */
static const struct {
	const char *code;
	enum failure class;
} key_checks[] = {
	{ "API_KEY_REQUIRED",               FAILURE_KEY_REFUSED },
	{ "INVALID_API_KEY",                FAILURE_KEY_REFUSED },
	{ "API_KEY_DISABLED",               FAILURE_KEY_REFUSED },
	{ "API_KEY_EXPIRED",                FAILURE_KEY_REFUSED },
	{ "API_KEY_QUOTA_EXHAUSTED",        FAILURE_KEY_REFUSED },
	{ "ACCESS_DENIED",                  FAILURE_KEY_REFUSED },
	{ "USER_NOT_FOUND",                 FAILURE_KEY_REFUSED },
	{ "USER_INACTIVE",                  FAILURE_KEY_REFUSED },
	{ "GROUP_DELETED",                  FAILURE_KEY_REFUSED },
	{ "GROUP_DISABLED",                 FAILURE_KEY_REFUSED },
	{ "GROUP_NOT_ALLOWED",              FAILURE_KEY_REFUSED },
	{ "SUBSCRIPTION_NOT_FOUND",         FAILURE_KEY_REFUSED },
	{ "SUBSCRIPTION_INVALID",           FAILURE_KEY_REFUSED },
	{ "USAGE_LIMIT_EXCEEDED",           FAILURE_KEY_REFUSED },
	{ "INSUFFICIENT_BALANCE",           FAILURE_KEY_REFUSED },
	{ "INVALID_AUTH_RATE_LIMITED",      FAILURE_RATE_LIMITED },
	{ "RATE_LIMITED",                   FAILURE_RATE_LIMITED },
	{ "API_KEY_AUTH_OVERLOADED",        FAILURE_TRANSIENT },
	{ "INTERNAL_ERROR",                 FAILURE_TRANSIENT },
	{ "SUBSCRIPTION_MAINTENANCE_FAILED", FAILURE_TRANSIENT },
};

/* {"error":{"type","message"}}: NULL is any message, else its beginning. */
static const struct {
	const char *type;
	const char *message;
	int status;
	enum failure class;
} routed[] = {
	{ "authentication_error", NULL,
	  401, FAILURE_KEY_REFUSED },
	{ "permission_error", NULL,
	  403, FAILURE_KEY_REFUSED },
	{ "billing_error", NULL,
	  403, FAILURE_KEY_REFUSED },
	{ "model_not_found", NULL,
	  404, FAILURE_MODEL_NOT_FOUND },
	{ "rate_limit_error", NULL,
	  429, FAILURE_RATE_LIMITED },
	{ "rate_limit_exceeded", NULL,
	  429, FAILURE_RATE_LIMITED },
	{ "upstream_error", "Upstream authentication failed",
	  502, FAILURE_UPSTREAM_AUTH },
	{ "upstream_error", "Upstream access forbidden",
	  502, FAILURE_UPSTREAM_FORBIDDEN },
	{ "upstream_error", NULL,
	  502, FAILURE_UPSTREAM_FAILED },
	{ "api_error", "Upstream stream ended without",
	  502, FAILURE_RESPONSES_FORCED },
	{ "api_error", NULL,
	  502, FAILURE_UPSTREAM_FAILED },
	{ "api_error", "Upstream gateway error",
	  500, FAILURE_UPSTREAM_FAILED },
	{ "upstream_error", NULL,
	  503, FAILURE_OVERLOADED },
	{ "billing_service_error", NULL,
	  503, FAILURE_TRANSIENT },
	{ "api_error", NULL,
	  503, FAILURE_WARMING_UP },
};

static enum failure judge_key(const struct answer *answer, const char *code)
{
	for (size_t i = 0; i < COUNT(key_checks); i++)
		if (strcmp(key_checks[i].code, code) == 0)
			return key_checks[i].class;
	/* A word that we do not know yet: go by the status. */
	if (answer->status == 401 || answer->status == 403)
		return FAILURE_KEY_REFUSED;
	return answer->status == 429 ? FAILURE_RATE_LIMITED
				     : FAILURE_TRANSIENT;
}

static bool begins(const char *text, const char *with)
{
	return !with || (text && strncmp(text, with, strlen(with)) == 0);
}

static enum failure judge_routed(const struct answer *answer)
{
	const char *type = answer_text(answer, "/error/type");
	const char *message = answer_text(answer, "/error/message");

	for (size_t i = 0; type && i < COUNT(routed); i++)
		if (answer->status == routed[i].status &&
		    strcmp(type, routed[i].type) == 0 &&
		    begins(message, routed[i].message))
			return routed[i].class;
	/* The provider's own status and words, passed on. */
	return upstream_classify(answer, NULL);
}

static enum failure judge_error(const struct answer *answer)
{
	const char *code = answer_text(answer, "/code");

	if (code)
		return judge_key(answer, code);
	if (answer->json)
		return judge_routed(answer);
	if (answer->status == 404)
		return FAILURE_HOST_UNSUPPORTED;
	return upstream_classify(answer, NULL);
}

enum failure host_judge_models(const struct answer *answer,
			       const char *model, bool *ret_listed)
{
	enum failure why = judge_delivery(answer);
	json_auto_t *models = NULL;

	if (why != FAILURE_NONE)
		return why;
	if (!judge_is_success(answer))
		return judge_error(answer);
	if (upstream_judge_models(answer, &models) != FAILURE_NONE)
		return judge_is_html(answer) ? FAILURE_HOST_UNSUPPORTED
					     : FAILURE_NOT_JSON;
	*ret_listed = upstream_lists(models, model);
	return FAILURE_NONE;
}

bool host_lists_defaults(const struct answer *answer)
{
	const char *first = answer_text(answer, "/data/0/id");
	const char *owner = answer_text(answer, "/data/0/owned_by");

	/* Mapped models have no owner. */
	return first && owner && (strncmp(first, "gpt-", 4) == 0 ||
				  strncmp(first, "claude-", 7) == 0);
}

enum failure host_judge_chat(const struct answer *answer,
			     struct completion *ret)
{
	enum failure why = judge_delivery(answer);

	own_set(&ret->type, answer->content_type);
	if (why != FAILURE_NONE)
		return why;
	if (!judge_is_success(answer))
		return judge_error(answer);
	return completion_read(answer, ret);
}

char *host_gateway_detail(const struct answer *answer)
{
	/* Flat words of the key's checks are the management API's shape. */
	if (answer_text(answer, "/code"))
		return host_detail(answer);
	return upstream_detail(answer);
}
