/*
 * The provider itself: which models, where chat is, does the key work.
 *
 * It ends an import only for what it can know (decision D15): that the key is
 * wrong or has no money, that the model does not exist, that this is no chat
 * endpoint.  A way that is barred to us may be open to the host, so failures
 * of transport, region and right are warnings, and the gateway decides.
 */
#include "schedd/completion.h"
#include "schedd/host/armour.h"
#include "schedd/import_steps.h"
#include "schedd/upstream/chat.h"
#include "schedd/upstream/manifest.h"
#include "schedd/upstream/models.h"
#include "schedd/upstream/pack.h"
#include "schedd/upstream/responses.h"

#include <string.h>

#define MODEL_TRIES_MAX 5
#define LIST_WAIT_MS 10000	/* for a list that can be done without */
#define TRANSPORT_TRIES 2	/* then the host may see more than we do */

/* What the direct probe may say on its own; all else is a warning. */
static const enum failure verdicts[] = {
	FAILURE_KEY_INVALID, FAILURE_QUOTA_EXHAUSTED, FAILURE_ENTITLEMENT,
	FAILURE_PLAN_ENDPOINT_MISMATCH, FAILURE_CLIENT_NOT_ALLOWED,
	FAILURE_MODEL_NOT_FOUND, FAILURE_ENDPOINT_UNSUPPORTED,
	FAILURE_INSPECT_BODY, FAILURE_NOT_JSON, FAILURE_REDIRECTED,
	FAILURE_TOO_LARGE,
	/* A host that would ask it must not be told to. */
	FAILURE_ADDRESS_FORBIDDEN,
};

bool import_probe_ends(const struct import *im, enum failure why)
{
	if (strcmp(im->settings->probe_from, "host") == 0)
		return false;
	if (strcmp(im->settings->probe_from, "crm") == 0)
		return true;
	for (size_t i = 0; i < COUNT(verdicts); i++)
		if (verdicts[i] == why)
			return true;
	return false;
}

bool import_asks_bare(struct import *im, const struct answer *answer,
		      enum failure why)
{
	AUTO_FREE char *words = why == FAILURE_BAD_REQUEST
		? upstream_detail(answer) : NULL;

	if (im->memo.bare || !completion_blames_parameter(why, words))
		return false;
	im->memo.bare = true;
	return true;
}

bool ask_upstream_models(const void *subject, struct request *request)
{
	const struct import *im = subject;
	AUTO_FREE char *base = import_base_url(im);
	AUTO_FREE char *url = upstream_models_url(base,
						  (size_t)im->memo.page);

	if (!url)
		return false;
	upstream_ask_models(request, url);
	upstream_add_headers(request, im->manifest);
	return true;
}

/*
 * Nobody named a model, and there is no list: say why there is none, unless
 * it is just that this provider does not have one.
 */
static struct verdict no_models(struct import *im)
{
	enum failure why = (enum failure)im->memo.form_failure;

	/* Somebody did, and every name could be several: none is sent. */
	if (json_array_size(im->requested) > 0)
		return failed(FAILURE_MODEL_AMBIGUOUS);
	if (why == FAILURE_NONE || why == FAILURE_ENDPOINT_UNSUPPORTED) {
		own_set(&im->item.failure_detail, NULL);
		import_blame(im, im->memo.form_failure
			     ? "no list of models at this address; if it is "
			       "right, name a model in requested_models"
			     : "the provider lists no chat model; name one in "
			       "requested_models");
		why = FAILURE_MODEL_NOT_FOUND;
	}
	return failed(why);
}

/* Nobody named a model or lists any: those that are documented; or NULL. */
static json_t *models_of_pack(struct import *im, const json_t *listed)
{
	json_t *models = NULL;

	if (!listed && json_array_size(im->requested) == 0) {
		models = import_manifest_models(im, NULL);
		if (!models)
			models = upstream_static_models(im->item.base_url);
	}
	if (models)
		import_note(im, "models_from_pack", "{\"listed_by\":\"pack\"}");
	return models;
}

/* There is a list, or there is none: either way the models are chosen. */
static struct verdict models_known(struct import *im, const json_t *listed)
{
	json_auto_t *packed = models_of_pack(im, listed);
	json_auto_t *models = NULL;

	import_say_plan(im);
	import_choose_models(im, packed ? packed : listed);
	models = json_loads(im->item.models, 0, NULL);
	im->memo.page = 0;
	if (json_array_size(models) == 0)
		return no_models(im);
	im->memo.form_failure = FAILURE_NONE;
	own_set(&im->item.failure_detail, NULL);
	return go_on();
}

/* Of the forms of the URL that were tried, the first real reason counts. */
static void note_list_failure(struct import *im, const struct answer *answer,
			      enum failure why)
{
	AUTO_FREE char *words = upstream_detail(answer);

	/* Not 404 but a page, or a wall: that is more than "has no list". */
	if (why == FAILURE_ENDPOINT_UNSUPPORTED && answer->status != 404 &&
	    answer->status != 405)
		why = upstream_classify(answer, NULL);
	if (im->memo.form_failure != FAILURE_NONE &&
	    im->memo.form_failure != FAILURE_ENDPOINT_UNSUPPORTED)
		return;
	im->memo.form_failure = (int)why;
	own_set(&im->item.failure_detail, NULL);
	import_blame(im, words);
}

/*
 * The list is a hint: what it cannot tell, the chat will.  Some refuse it to
 * the keys that chat, so that it ends nothing for who named a model.
 */
static bool list_ends_it(const struct import *im, enum failure why)
{
	return (why == FAILURE_KEY_INVALID ||
		why == FAILURE_QUOTA_EXHAUSTED) && import_probe_ends(im, why) &&
	       json_array_size(im->requested) == 0;
}

/* Who named a model waits for the list no longer than it is worth. */
static bool list_is_awaited(const struct import *im,
			    const struct answer *answer, enum failure why)
{
	bool soon = answer->transport != TRANSPORT_SILENT &&
		    answer->retry_after_ms < LIST_WAIT_MS;

	return failure_facts(why)->passes && im->attempt < TRANSPORT_TRIES &&
	       (soon || json_array_size(im->requested) == 0);
}

struct verdict got_upstream_models(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	json_auto_t *listed = NULL;
	enum failure why;

	if (!answer)	/* no form of the URL has a list */
		return models_known(im, NULL);
	why = upstream_judge_models(answer, &listed);
	import_saw(im, answer);
	if (why == FAILURE_NONE)
		return models_known(im, listed);
	note_list_failure(im, answer, why);
	if (list_ends_it(im, why))
		return failed(why);
	if (api_root_tries_next(why)) {
		im->memo.page++;
		return poll_after(0, FAILURE_NONE);
	}
	if (list_is_awaited(im, answer, why))
		return retry(why, answer->retry_after_ms);
	if (answer->transport != TRANSPORT_OK && import_next_base(im))
		return poll_after(0, FAILURE_NONE);
	item_warn(&im->item, "models_not_listed", failure_name(why));
	return models_known(im, NULL);
}

static const char *model_tried(const struct import *im)
{
	return json_string_value(json_array_get(im->models,
						(size_t)im->memo.chat_model));
}

static char *chat_url_at(const struct import *im, int64_t form)
{
	AUTO_FREE char *base = import_base_url(im);

	return upstream_chat_url(base, (size_t)form);
}

bool ask_upstream_chat(const void *subject, struct request *request)
{
	const struct import *im = subject;
	AUTO_FREE char *url = chat_url_at(im, im->memo.chat_form);

	if (!url || !model_tried(im))
		return false;
	upstream_ask_chat(request, url, model_tried(im), im->memo.nonce,
			  im->memo.bare);
	upstream_add_headers(request, im->manifest);
	return true;
}

/* This is where chat is, and this model answers there. */
static struct verdict chat_known(struct import *im, int64_t form)
{
	free(im->item.chat_url);
	im->item.chat_url = chat_url_at(im, form);
	own_set(&im->item.resolved_smoke_model, model_tried(im));
	own_set(&im->item.failure_detail, NULL);
	im->memo.doubts = 0;
	return go_on();
}

/* Go on although we got no completion: the gateway decides. */
static struct verdict leave_it_to_the_host(struct import *im,
					   const struct answer *answer,
					   enum failure why)
{
	AUTO_FREE char *words = upstream_detail(answer);
	int64_t form = im->memo.chat_form;
	AUTO_FREE char *url = chat_url_at(im, form);

	item_warn(&im->item, failure_name(why), words);
	im->memo.chat_model = 0;
	return chat_known(im, url ? form : 0);
}

/*
 * Nothing more to try: what was said last is what is wrong, unless it is just
 * that the path is wrong: then the first form, as it was given, says more.
 */
static struct verdict no_more_forms(struct import *im,
				    const struct answer *answer,
				    enum failure why)
{
	AUTO_FREE char *words = upstream_detail(answer);

	if (im->memo.form_failure && api_root_tries_next(why))
		return failed((enum failure)im->memo.form_failure);
	own_set(&im->item.failure_detail, NULL);
	import_blame(im, words);
	return failed(why);
}

static bool try_next_form(struct import *im, const struct answer *answer,
			  enum failure why)
{
	AUTO_FREE char *url = chat_url_at(im, im->memo.chat_form + 1);
	AUTO_FREE char *words = upstream_detail(answer);

	if (!url || !api_root_tries_next(why))
		return false;
	im->memo.chat_form++;
	if (im->memo.form_failure == FAILURE_NONE) {
		im->memo.form_failure = (int)why;
		own_set(&im->item.failure_detail, NULL);
		import_blame(im, words);
	}
	return true;
}

/* May another model be better off than this one? */
static bool is_of_the_model(const struct import *im, enum failure why)
{
	switch (why) {
	case FAILURE_MODEL_NOT_FOUND:
	case FAILURE_ENTITLEMENT:
	case FAILURE_BAD_REQUEST:
		return im->memo.chat_tries + 1 < MODEL_TRIES_MAX;
	case FAILURE_TRANSIENT:
	case FAILURE_OVERLOADED:
		/* All may be down: few questions tell. */
		return im->attempt > 0 &&
		       im->memo.chat_tries + 1 < MODEL_TRIES_MAX / 2 + 1;
	default:
		return false;
	}
}

/*
 * The first two, then some that are far apart: lists of relays begin with
 * dozens of one maker, all of whom may be gone.
 */
static int64_t model_of_try(int64_t n, int64_t count)
{
	return n < 2 || count <= MODEL_TRIES_MAX
		? n : n * (count - 1) / (MODEL_TRIES_MAX - 1);
}

/* Without requested models, the first that completes will do. */
static bool try_next_model(struct import *im, enum failure why)
{
	int64_t count = (int64_t)json_array_size(im->models);

	if (!is_of_the_model(im, why) || im->memo.chat_tries + 1 >= count)
		return false;
	im->memo.chat_tries++;
	im->memo.chat_model = model_of_try(im->memo.chat_tries, count);
	im->memo.chat_form = 0;
	im->memo.form_failure = FAILURE_NONE;
	return true;
}

struct verdict got_upstream_chat(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	CLEANUP(completion_done) struct completion completion = { 0 };
	enum failure why;

	if (!answer)
		return failed(FAILURE_INTERNAL);
	why = upstream_judge_chat(answer, &completion);
	import_saw(im, answer);
	if (why == FAILURE_NONE || why == FAILURE_EMPTY_COMPLETION)
		return chat_known(im, im->memo.chat_form);
	if (import_asks_bare(im, answer, why) ||
	    try_next_form(im, answer, why) || try_next_model(im, why))
		return poll_after(0, FAILURE_NONE);
	if (import_probe_ends(im, why))
		return no_more_forms(im, answer, why);
	if (failure_facts(why)->passes && (why == FAILURE_RATE_LIMITED ||
	    why == FAILURE_OVERLOADED || im->attempt < TRANSPORT_TRIES)) {
		AUTO_FREE char *words = upstream_detail(answer);

		own_set(&im->item.failure_detail, NULL);
		import_blame(im, words);
		return retry(why, answer->retry_after_ms);
	}
	return leave_it_to_the_host(im, answer, why);
}

/*
 * Only on hosts that take this path for some requests whatever we say: does
 * the provider refuse it in a way that would take the account out?
 */
bool ask_upstream_responses(const void *subject, struct request *request)
{
	const struct import *im = subject;

	if (!host_armour_wants_pool(&im->features, 403, false) ||
	    !im->item.chat_url || upstream_shuns_responses(im->manifest))
		return false;
	upstream_ask_responses(request, im->item.chat_url,
			       im->item.resolved_smoke_model);
	upstream_add_headers(request, im->manifest);
	return true;
}

struct verdict got_upstream_responses(void *subject,
				      const struct answer *answer)
{
	struct import *im = subject;

	if (!answer)
		return go_on();
	import_saw(im, answer);
	im->item.responses_status = upstream_judge_responses(answer);
	return go_on();
}
