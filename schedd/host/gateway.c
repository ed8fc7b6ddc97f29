#include "schedd/host/gateway.h"

#include "schedd/host/answer.h"
#include "schedd/judge.h"
#include "schedd/upstream/classify.h"
#include "schedd/upstream/models.h"
#include "shared/model_listing.h"

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

void host_ask_purse(struct request *request, const struct host_peer *peer,
		    const char *request_id)
{
	start(request, peer, METHOD_GET, "/v1/usage", request_id);
}

bool host_judge_purse(const struct answer *answer, double *ret)
{
	const json_t *balance;

	if (judge_delivery(answer) != FAILURE_NONE ||
	    !judge_is_success(answer))
		return false;
	balance = json_object_get(answer->json, "balance");
	if (!json_is_number(balance))
		return false;
	*ret = json_number_value(balance);
	return true;
}

void host_ask_chat(struct request *request, const struct host_peer *peer,
		   const struct host_chat *chat)
{
	/* The alias without /v1 can answer the host's web page. */
	start(request, peer, METHOD_POST, "/v1/chat/completions",
	      chat->request_id);
	completion_ask(request, chat->model, chat->nonce, chat->max_tokens);
}

struct finding host_gateway_finding(const struct answer *answer, int64_t now)
{
	struct verdict_answer asked = upstream_verdict_answer(answer);

	asked.peer = VERDICT_GATEWAY;
	asked.now = now;
	return verdict_of(&asked);
}

static enum failure judge_error(const struct answer *answer)
{
	enum failure why = host_gateway_finding(answer, 0).class;

	return why == FAILURE_NONE ? FAILURE_INSPECT_BODY : why;
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
	*ret_listed = model_listing_has(models, model);
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
	if (judge_is_success(answer))
		why = completion_read(answer, ret);
	else
		why = FAILURE_INSPECT_BODY;
	/* An error that came as a success says by its body what it is. */
	return why == FAILURE_INSPECT_BODY ? judge_error(answer) : why;
}

char *host_gateway_detail(const struct answer *answer)
{
	/* Flat words of the key's checks are the management API's shape. */
	if (answer_text(answer, "/code"))
		return host_detail(answer);
	return upstream_detail(answer);
}
