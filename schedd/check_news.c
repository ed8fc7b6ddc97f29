/*
 * What a check learns besides: the money behind the key, where the provider
 * tells; models in use that their vendor withdraws.  Advice, never a reason
 * to call anything broken.
 */
#include "schedd/check.h"

#include <stdio.h>
#include <string.h>

#include "schedd/import_steps.h"
#include "schedd/upstream/balance.h"
#include "schedd/upstream/retired.h"
#include "shared/model_names.h"
#include "shared/notices.h"

#define HOUR_MS		INT64_C(3600000)
#define DAY_MS		(24 * HOUR_MS)
#define ASK_EVERY_MS	(12 * HOUR_MS)
#define ENDING_MS	(7 * DAY_MS)	/* a plan that ends so soon is news */
#define AHEAD_MS	(60 * DAY_MS)	/* a retirement so near is news */
#define MODELS_MAX	50		/* that are looked at in one check */

/* The family of the models says who it is where the address does not. */
static char *balance_url(const struct import *im)
{
	json_auto_t *families = model_families(im->models);

	return upstream_balance_url(im->item.base_url,
		json_string_value(json_array_get(families, 0)));
}

static struct verdict news_end(const struct import *im)
{
	return im->check.surfaces ? go_to("surface.responses") : done();
}

bool ask_check_money(const void *subject, struct request *request)
{
	const struct import *im = subject;
	AUTO_FREE char *url = NULL;

	if (!im->item.api_key_fingerprint ||
	    im->now - im->balance.checked_at < ASK_EVERY_MS)
		return false;
	url = balance_url(im);
	if (!url)
		return false;
	upstream_ask_balance(request, url);
	request->background = true;
	return true;
}

struct verdict got_check_money(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	json_auto_t *families = model_families(im->models);
	struct upstream_balance told;

	if (!answer)
		return news_end(im);
	/* Also that it does not tell is known for a while. */
	im->balance_is_new = true;
	if (upstream_judge_balance(answer, im->item.base_url,
			json_string_value(json_array_get(families, 0)),
			&told) != FAILURE_NONE)
		return news_end(im);
	own_set(&im->balance.amount, *told.amount ? told.amount : NULL);
	own_set(&im->balance.currency, *told.currency ? told.currency : NULL);
	im->balance.expires_at = told.expires_at;
	im->balance.low = told.low;
	return news_end(im);
}

/* Raise or end the notice of a kind for this endpoint and `what` of it. */
static int tell(const struct store *store, const struct import *im,
		enum notice_kind kind, const char *what, const char *detail,
		struct err *err)
{
	AUTO_FREE char *subject = xasprintf("%s/%s", im->item.endpoint_key,
					    what);
	const struct notice_spec spec = {
		.kind = kind,
		.subject = subject,
		.host_id = im->host.host_id,
		.endpoint_key = im->item.endpoint_key,
		.detail = detail,
	};

	if (!detail)
		return notices_end(store->db, kind, subject, im->now, err);
	return notices_raise(store->db, &spec, im->now,
			     store->random(store->random_arg), err);
}

static int tell_money(const struct store *store, const struct import *im,
		      struct err *err)
{
	CLEANUP(jout_done) struct jout out = { .text.max = 512 };
	const struct balance *b = &im->balance;
	bool ending = b->expires_at != 0 &&
		      b->expires_at - im->now < ENDING_MS;

	jout_object(&out, NULL);
	jout_str(&out, "amount", b->amount);
	jout_str(&out, "currency", b->currency);
	if (b->expires_at)
		jout_i64(&out, "expires_at", b->expires_at);
	jout_object_end(&out);
	if (tell(store, im, NOTICE_BALANCE_LOW, b->key_fingerprint,
		 b->low ? buf_str(&out.text) : NULL, err))
		return -1;
	return tell(store, im, NOTICE_PLAN_ENDING, b->key_fingerprint,
		    ending ? buf_str(&out.text) : NULL, err);
}

static int tell_model(const struct store *store, const struct import *im,
		      const char *model, struct err *err)
{
	CLEANUP(jout_done) struct jout out = { .text.max = 1024 };
	struct upstream_retirement r;

	if (!upstream_retirement(im->item.base_url, model, im->now, &r) ||
	    (!r.over && r.at - im->now > AHEAD_MS))
		return 0;
	jout_object(&out, NULL);
	jout_str(&out, "model", model);
	jout_str(&out, "date", r.date);
	jout_str(&out, "replacement", r.replacement);
	jout_str(&out, "source", r.source);
	jout_object_end(&out);
	return tell(store, im, NOTICE_MODEL_RETIRED, model,
		    buf_str(&out.text), err);
}

int check_save_money(const struct store *store, const struct import *im,
		     struct err *err)
{
	if (!im->balance_is_new)
		return 0;
	if (balances_put(store->db, &im->balance, im->now, err))
		return -1;
	return tell_money(store, im, err);
}

int check_tell_news(const struct store *store, struct import *im,
		    struct err *err)
{
	size_t i;
	const json_t *name;

	json_array_foreach(im->models, i, name)
		if (i < MODELS_MAX &&
		    tell_model(store, im, json_string_value(name), err))
			return -1;
	return 0;
}
