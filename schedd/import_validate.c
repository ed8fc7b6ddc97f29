/*
 * The proof: through the user's own key, the gateway lists the model and
 * completes a chat.  Never one without the other.
 */
#include "schedd/completion.h"
#include "schedd/host/gateway.h"
#include "schedd/import_steps.h"
#include "shared/secrets.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LIST_CACHE_MS	16000	/* a host keeps its model list for 15 s */
#define LIST_POLL_MS	1000
#define WARM_FIRST_MS	60
#define WARM_POLL_MS	250

static void make_nonce(struct import *im)
{
	if (*im->memo.nonce == '\0')
		id_short(im->memo.nonce, 10, im->random);
}

/* As import_host_failed(), in the words of the gateway. */
static struct verdict gateway_failed(struct import *im,
				     const struct answer *answer,
				     enum failure why)
{
	AUTO_FREE char *words = host_gateway_detail(answer);

	return import_again(im, answer, why, words);
}

/*
 * The gateway does not take the key.  Somebody may have removed the key or
 * the subscription behind our back: draw both anew, once.
 */
static struct verdict renew_key(struct import *im,
				const struct answer *answer)
{
	if (im->memo.renewed_key || im->memo.proving)
		return gateway_failed(im, answer, FAILURE_KEY_REFUSED);
	im->memo.renewed_key = true;
	import_gone(im, IMPORT_KEY);
	import_gone(im, IMPORT_SUBSCRIPTION);
	return go_to("access.subscription");
}

bool ask_gateway_models(const void *subject, struct request *request)
{
	const struct import *im = subject;

	host_ask_models(request, &im->peer, im->item.item_id);
	return true;
}

/* Not listed: is that the list of a moment ago? */
static struct verdict not_listed(struct import *im)
{
	int64_t since = im->memo.bound_at > im->step_since
		? im->memo.bound_at : im->step_since;

	if (im->now - since < LIST_CACHE_MS)
		return poll_after(LIST_POLL_MS, FAILURE_WARMING_UP);
	import_blame(im, "the model is not in the gateway's list");
	return failed(FAILURE_MODEL_NOT_LISTED);
}

struct verdict got_gateway_models(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	bool listed = false;
	enum failure why = host_judge_models(answer,
				im->item.resolved_smoke_model, &listed);

	import_saw(im, answer);
	im->memo.models_status = answer->status;
	im->memo.models_listed = listed;
	if (why == FAILURE_KEY_REFUSED)
		return renew_key(im, answer);
	if (why != FAILURE_NONE)
		return gateway_failed(im, answer, why);
	make_nonce(im);
	return listed ? go_on() : not_listed(im);
}

/* Under this the host keeps what the provider really said. */
static char *request_id_of(const struct import *im)
{
	return xasprintf("%s-%s", im->item.item_id, im->memo.nonce);
}

bool ask_gateway_chat(const void *subject, struct request *request)
{
	const struct import *im = subject;
	AUTO_FREE char *id = request_id_of(im);
	const struct host_chat chat = {
		.model = im->item.resolved_smoke_model,
		.nonce = im->memo.nonce,
		.request_id = id,
	};

	host_ask_chat(request, &im->peer, &chat);
	return true;
}

static char *describe_request(const struct import *im)
{
	struct jout out = { .text.max = 4096 };
	AUTO_FREE char *id = request_id_of(im);

	jout_object(&out, NULL);
	jout_array(&out, "requests");
	jout_object(&out, NULL);
	jout_str(&out, "method", "GET");
	jout_str(&out, "path", "/v1/models");
	jout_object_end(&out);
	jout_object(&out, NULL);
	jout_str(&out, "method", "POST");
	jout_str(&out, "path", "/v1/chat/completions");
	jout_str(&out, "model", im->item.resolved_smoke_model);
	jout_str(&out, "nonce", im->memo.nonce);
	jout_str(&out, "request_id", id);
	jout_i64(&out, "max_tokens", COMPLETION_MAX_TOKENS);
	jout_bool(&out, "stream", false);
	jout_object_end(&out);
	jout_array_end(&out);
	jout_object_end(&out);
	return buf_take(&out.text);
}

static char *describe_answer(const struct import *im,
			     const struct answer *answer,
			     const struct completion *completion)
{
	struct jout out = { .text.max = 4096 };

	jout_object(&out, NULL);
	jout_i64(&out, "models_status", im->memo.models_status);
	jout_bool(&out, "models_listed", im->memo.models_listed);
	jout_i64(&out, "completion_status", answer->status);
	jout_str(&out, "completion_type", answer->content_type);
	jout_str(&out, "model", completion->model);
	jout_str(&out, "finish_reason", completion->finish_reason);
	jout_str(&out, "request_id", answer->request_id);
	jout_i64(&out, "bytes", (int64_t)answer->body_len);
	jout_object_end(&out);
	return buf_take(&out.text);
}

/* Write down what was asked, through which key, and what came back. */
static void prove(struct import *im, const struct answer *answer,
		  const struct completion *completion, enum failure why)
{
	struct proof *proof = &im->proof;

	*proof = (struct proof){
		.item_id = xstrdup(im->item.item_id),
		.host_id = xstrdup(im->host.host_id),
		.kind = im->memo.proving ? PROOF_ACCOUNT : PROOF_ACCESS,
		.ok = why == FAILURE_NONE && im->memo.models_listed,
		.group_id = xstrdup_null(im->resources[
			import_stage_group(im)].host_resource_id),
		.account_id = xstrdup_null(im->item.account_id),
		.model = xstrdup(im->item.resolved_smoke_model),
		.models_status = im->memo.models_status,
		.models_listed = im->memo.models_listed,
		.completion_ok = why == FAILURE_NONE,
		.completion_status = answer->status,
		.completion_type = xstrdup_null(answer->content_type),
		.completion_preview = xstrdup_null(completion->preview),
		.latency_ms = answer->latency_ms,
		.first_token_ms = answer->first_byte_ms,
		.key_source = xstrdup(im->memo.proving
			? "managed_proof" : "managed_subscription"),
		.key_fingerprint = xstrdup_null(im->key_fingerprint),
		.request_json = describe_request(im),
		.answer_json = describe_answer(im, answer, completion),
		.failure_class = why ? xstrdup(failure_name(why)) : NULL,
	};
}

/* What this task was making is proven: let the others have it. */
static void settle_made(struct import *im)
{
	static const enum import_resource held[] = { IMPORT_ACCOUNT,
						     IMPORT_GROUP };

	for (size_t i = 0; i < COUNT(held); i++)
		if (import_holds(im, held[i]))
			import_settle(im, held[i], "created", NULL);
}

/* Is the 503 one of a fresh account, or is there nobody to serve? */
static struct verdict warming(struct import *im, const struct answer *answer,
			      enum failure why)
{
	/*
	 * A host that reached the provider before is not warming up: 0.1.179
	 * sets one aside for 10 s after a few 5xx.
	 */
	if (im->memo.gateway_failure)
		return gateway_failed(im, answer,
				      (enum failure)im->memo.gateway_failure);
	if (im->now - im->step_since < im->settings->warm_up_ms)
		return poll_after(im->memo.polls ? WARM_POLL_MS
						 : WARM_FIRST_MS,
				  FAILURE_WARMING_UP);
	return gateway_failed(im, answer, why == FAILURE_WARMING_UP
			      ? FAILURE_NO_ACCOUNT : why);
}

static struct verdict proven(struct import *im)
{
	size_t users = json_array_size(im->selectors);

	im->memo.gateway_failure = FAILURE_NONE;
	if (im->memo.proving) {
		im->memo.nonce[0] = '\0';
		return go_to("prove.move");
	}
	settle_made(im);
	own_set(&im->item.failure_detail, NULL);
	im->memo.nonce[0] = '\0';
	if ((size_t)im->memo.selector + 1 >= users)
		return done();
	im->memo.selector++;
	im->memo.created_key = im->memo.renewed_key = false;
	return go_to("access.user");
}

struct verdict got_gateway_chat(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	CLEANUP(completion_done) struct completion completion = { 0 };
	enum failure why = host_judge_chat(answer, &completion);

	import_saw(im, answer);
	if (why == FAILURE_WARMING_UP || why == FAILURE_MODEL_NOT_FOUND)
		return warming(im, answer, why);
	if (why == FAILURE_KEY_REFUSED && !im->memo.renewed_key &&
	    !im->memo.proving)
		return renew_key(im, answer);
	prove(im, answer, &completion, why);
	if (why == FAILURE_NONE)
		return proven(im);
	if (answer->status != 0)
		im->memo.gateway_failure = (int)why;
	/* Cut before it said anything is no verdict: ask again. */
	if (why == FAILURE_EMPTY_COMPLETION)
		return retry(why, -1);
	return gateway_failed(im, answer, why);
}
