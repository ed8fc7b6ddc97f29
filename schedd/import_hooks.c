/*
 * What the engine asks of a flow whose subject is an import: which secret
 * stands in which slot, whose limits count, which way out to take, and the
 * administrator's login where the host is known by a password.
 */
#include <string.h>

#include "schedd/host/user.h"
#include "schedd/import_steps.h"
#include "schedd/way.h"
#include "shared/canary.h"
#include "shared/notices.h"
#include "shared/waves.h"


bool ask_admin_login(const void *subject, struct request *request)
{
	const struct import *im = subject;

	host_ask_admin_login(request, &im->peer);
	return true;
}

struct verdict got_admin_login(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	struct host_login login = { 0 };
	enum failure why = host_judge_admin_login(answer, &login);

	import_saw(im, answer);
	if (why != FAILURE_NONE)
		return import_host_failed(im, answer, why);
	im->host.session_expires_at = host_login_ends(&login, im->now);
	return go_on();
}

#define PROOF_TOKENS 120	/* what a small completion costs, about */

void import_background(const struct import *im, struct request *request)
{
	if (!im->checking || !im->check.requested_by ||
	    strcmp(im->check.requested_by, CHECK_BY_WATCH) != 0)
		return;
	request->background = true;
	request->token_estimate = PROOF_TOKENS;
}

const char *import_detour(const void *subject, const struct request *request)
{
	const struct import *im = subject;

	if (!request_has_slot(request, SLOT_HOST_SESSION))
		return NULL;
	if (im->host.session_secret_id &&
	    im->host.session_expires_at > im->now)
		return NULL;
	return "host.login";
}

bool import_refused(void *subject, enum slot slot)
{
	struct import *im = subject;

	if (slot != SLOT_HOST_SESSION || !im->host.session_secret_id)
		return false;
	im->host.session_expires_at = 0;
	im->new_session = true;
	return true;
}

void import_captured(void *subject, enum slot slot,
		     const struct secret_face *face)
{
	struct import *im = subject;

	if (slot == SLOT_USER_TOKEN)
		own_set(&im->resources[import_token(im)].secret_id,
			face->secret_id);
	if (slot != SLOT_HOST_SESSION)
		return;
	own_set(&im->host.session_secret_id, face->secret_id);
	im->new_session = true;
}

const char *import_secret_id(const void *subject, enum slot slot)
{
	const struct import *im = subject;

	switch (slot) {
	case SLOT_HOST_TOKEN:
		return im->host.auth_secret_id;
	case SLOT_HOST_SESSION:
		return im->host.session_secret_id;
	case SLOT_PROVIDER_KEY:
		return im->suspect_secret_id ? im->suspect_secret_id
					     : im->item.api_key_secret_id;
	case SLOT_USER_PASSWORD:
		return im->resources[import_user(im)].secret_id;
	case SLOT_USER_TOKEN:
		return im->resources[import_token(im)].secret_id;
	case SLOT_USER_KEY:
		return import_is_given(im)
			? im->run.given_key_secret_id
			: im->resources[import_key(im)].secret_id;
	case SLOT_GIVEN_KEY:
		return im->run.given_key_secret_id;
	case SLOT_PROXY:	/* see import_way() */
	case SLOT_NONE:
	case SLOT__MAX:
		break;
	}
	return NULL;
}

void import_limits(const void *subject, const struct request *request,
		   struct limit_names *ret)
{
	const struct import *im = subject;

	if (request->peer == PEER_HOST) {
		ret->host = im->host.host_id;
		/* It costs the provider's tokens all the same. */
		if (request->background && request->chat)
			ret->provider = im->item.endpoint_key;
		return;
	}
	ret->provider = im->item.endpoint_key;
	ret->provider_concurrency = im->endpoint.concurrency;
	ret->provider_per_minute = im->endpoint.requests_per_minute;
	ret->key = im->item.api_key_secret_id;
}

/*
 * A proof that has one of the host's few proof keys is an exchange that is
 * under way, and ends as one: it takes seconds, and others wait for the key.
 */
void import_pauses(const void *subject, struct pauses *ret)
{
	const struct import *im = subject;

	if (im->host.paused_at)
		ret->host = im->host.host_id;
	if (im->endpoint.paused_at && !import_holds(im, IMPORT_PROOF_KEY))
		ret->endpoint = im->item.endpoint_key;
}

void import_fail(void *subject, enum failure why)
{
	struct import *im = subject;

	im->memo.failure = (int)why;
	im->memo.failed_stage = im->stage;
	im->memo.failed_status = (int)im->http_status;
	im->memo.proving = false;	/* what is undone is the user's own */
	im->memo.page = 0;
	own_set(&im->item.failure_class, failure_name(why));
}

/* Each host and each provider may have a way out and a CA of its own. */
void import_way(const void *subject, const struct request *request,
		struct way *ret)
{
	const struct import *im = subject;

	if (request->peer == PEER_HOST) {
		ret->proxy_secret_id = im->host.proxy_secret_id;
		ret->ca_pem = im->host.ca_pem;
		return;
	}
	ret->proxy_secret_id = im->endpoint.proxy_secret_id;
	ret->ca_pem = im->endpoint.ca_pem;
}

/* The rest of the run was stopped: somebody has to look at it. */
static int tell_held(const struct store *store, const struct import *im,
		     int64_t now, struct err *err)
{
	CLEANUP(jout_done) struct jout out = { .text.max = 512 };
	struct notice_spec spec = {
		.kind = NOTICE_RUN_HELD,
		.subject = im->run.run_id,
		.host_id = im->host.host_id,
		.class = im->item.failure_class,
	};
	int64_t held;

	if (tasks_held_on(store->db, im->run.run_id, &held, err))
		return -1;
	jout_object(&out, NULL);
	jout_str(&out, "run_id", im->run.run_id);
	jout_i64(&out, "held", held);
	jout_object_end(&out);
	spec.detail = buf_str(&out.text);
	return notices_raise(store->db, &spec, now,
			     store->random(store->random_arg), err);
}

int import_heed_canary(const struct store *store, const struct import *im,
		       int64_t now, struct err *err)
{
	bool held;

	if (canary_item_ended(store->db, im->run.run_id,
			      im->item.access == ACCESS_ACTIVE ? NULL
			      : im->item.failure_class, now, &held, err))
		return -1;
	if (held && tell_held(store, im, now, err))
		return -1;
	return waves_item_ended(store->db, im->run.run_id, now,
				store->random(store->random_arg), err);
}
