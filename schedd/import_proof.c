/* The record of a proof: what was asked, through which key, what came back. */
#include "schedd/completion.h"
#include "schedd/import_steps.h"

#define BUDGET_DOUBLINGS 3

/* What was cut before it said anything is asked again with more room. */
int64_t import_budget(const struct import *im)
{
	int64_t doublings = im->attempt < BUDGET_DOUBLINGS ? im->attempt
							  : BUDGET_DOUBLINGS;

	if (im->memo.bare)
		return COMPLETION_BARE;
	return (int64_t)COMPLETION_MAX_TOKENS << doublings;
}

static char *describe_request(const struct import *im)
{
	struct jout out = { .text.max = 4096 };
	AUTO_FREE char *id = import_request_id(im);

	jout_object(&out, NULL);
	jout_array(&out, "requests");
	jout_object(&out, NULL);
	jout_str(&out, "method", "GET");
	jout_str(&out, "path", "/v1/models");
	jout_object_end(&out);
	jout_object(&out, NULL);
	jout_str(&out, "method", "POST");
	jout_str(&out, "path", "/v1/chat/completions");
	jout_str(&out, "model", import_asked_model(im));
	jout_str(&out, "nonce", im->memo.nonce);
	jout_str(&out, "request_id", id);
	if (!im->memo.bare) {
		jout_i64(&out, "max_tokens", import_budget(im));
		jout_bool(&out, "stream", false);
	}
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

void import_write_proof(struct import *im, const struct answer *answer,
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
		.key_source = xstrdup(import_key_source(im)),
		.requested_key = xstrdup_null(im->run.given_key_fingerprint),
		.check_id = xstrdup_null(im->check.check_id),
		.key_fingerprint = xstrdup_null(im->key_fingerprint),
		.request_json = describe_request(im),
		.answer_json = describe_answer(im, answer, completion),
		.failure_class = why ? xstrdup(failure_name(why)) : NULL,
	};
}
