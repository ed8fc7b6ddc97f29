/*
 * Which ways of calling work for this access, tried one after the other with
 * the user's own key: chat, stream, tools, /responses, /messages and so on.
 *
 * What could take the account out for everybody is not tried on it, but on a
 * copy, alone: check_private.c.  Where that cannot be, the table's "unsafe" is
 * the verdict.  Each try leaves a proof.
 */
#include "schedd/check.h"

#include <stdio.h>
#include <string.h>

#include "schedd/host/armour.h"
#include "schedd/host/group.h"
#include "schedd/import_steps.h"
#include "schedd/upstream/responses.h"
#include "shared/profile.h"

#define SURFACES_MAX (16 << 10)
#define HOUR_MS INT64_C(3600000)

/* What was learnt of /responses beside the imports, lately; 0: nothing. */
static int profiled_status(const struct import *im)
{
	struct profile profile;
	const struct capability *path = &profile.paths[PATH_RESPONSES];
	int64_t most = im->settings->capability_hours * HOUR_MS;

	profile_parse(im->item.capability_profile, &profile);
	if (path->is == CAPABLE_UNKNOWN || path->at > im->now ||
	    im->now - path->at >= most)
		return 0;
	return upstream_responses_of_status(path->status) == RESPONSES_UNKNOWN
		? 0 : path->status;
}

/* The provider is asked once; what it answers is kept with the item. */
bool ask_surface_responses(const void *subject, struct request *request)
{
	const struct import *im = subject;

	if (im->item.responses_status != 0 || !im->item.chat_url ||
	    profiled_status(im) != 0)
		return false;
	upstream_ask_responses(request, im->item.chat_url,
			       im->item.resolved_smoke_model);
	return true;
}

struct verdict got_surface_responses(void *subject,
				     const struct answer *answer)
{
	struct import *im = subject;

	if (!answer && (im->item.responses_status != 0 ||
			profiled_status(im) == 0))
		return go_on();
	im->item.responses_status = answer ? upstream_judge_responses(answer)
					   : profiled_status(im);
	im->item_changed = true;
	return go_on();
}

/* Does the group serve /v1/messages? */
bool ask_surface_group(const void *subject, struct request *request)
{
	const struct import *im = subject;

	host_ask_group(request, &im->peer, import_id(im, IMPORT_GROUP));
	return true;
}

struct verdict got_surface_group(void *subject, const struct answer *answer)
{
	struct import *im = subject;

	id_short(im->memo.nonce, 10, im->random);
	if (host_judge(answer) == FAILURE_NONE)
		im->memo.dispatch = json_is_true(json_object_get(
			host_data(answer), "allow_messages_dispatch"));
	return go_on();
}

static enum host_provider provider_of(const struct import *im)
{
	switch (upstream_responses_of_status(im->item.responses_status)) {
	case RESPONSES_WORK:
		return HOST_PROVIDER_DUAL;
	case RESPONSES_REFUSED:
	case RESPONSES_ABSENT:
		return HOST_PROVIDER_CHAT_ONLY;
	case RESPONSES_UNKNOWN:
	case RESPONSES__MAX:
		break;
	}
	return HOST_PROVIDER_UNKNOWN;
}

struct host_surface_case check_surface_case(const struct import *im)
{
	return (struct host_surface_case){
		.features = &im->features,
		.provider = provider_of(im),
		.responses_status = import_responses_status(im),
		.dispatch = im->memo.dispatch,
		.pool_mode = import_wants_pool_mode(im),
	};
}

/* The next one that may be tried on an account that others use. */
static int next_safe(const struct import *im)
{
	struct host_surface_case the = check_surface_case(im);
	int i = (int)im->memo.surface;

	while (i < HOST_SURFACE__MAX &&
	       !host_surface_is_safe((enum host_surface)i, &the))
		i++;
	return i;
}

bool ask_surface_try(const void *subject, struct request *request)
{
	const struct import *im = subject;
	AUTO_FREE char *id = import_request_id(im);
	const struct host_chat chat = {
		.model = import_asked_model(im),
		.nonce = im->memo.nonce,
		.request_id = id,
	};
	int i = next_safe(im);

	if (i >= HOST_SURFACE__MAX)
		return false;
	host_ask_surface(request, &im->peer, (enum host_surface)i, &chat);
	import_background(im, request);
	return true;
}

static char *describe(const char *surface, const struct answer *answer,
		      const struct host_tried *tried)
{
	struct jout out = { .text.max = 4096 };

	jout_object(&out, NULL);
	jout_str(&out, "surface", surface);
	if (answer) {
		jout_i64(&out, "status", answer->status);
		jout_str(&out, "type", answer->content_type);
		jout_i64(&out, "bytes", (int64_t)answer->body_len);
		jout_str(&out, "verdict", host_outcome_name(tried->outcome));
		jout_str(&out, "words", tried->words);
	}
	jout_object_end(&out);
	return buf_take(&out.text);
}

/* The id of what it was called through: of the copy, or of the live one. */
static const char *called_through(const struct import *im,
				  enum import_resource alone, const char *live)
{
	return im->memo.proving ? im->resources[alone].host_resource_id
				: live;
}

static void prove(struct import *im, enum host_surface surface,
		  const struct answer *answer, const struct host_tried *tried)
{
	const char *name = host_surface_name(surface);

	im->proof = (struct proof){
		.item_id = xstrdup(im->item.item_id),
		.check_id = xstrdup_null(im->check.check_id),
		.host_id = xstrdup(im->host.host_id),
		.kind = PROOF_SURFACE,
		.surface = xstrdup(name),
		.ok = tried->outcome == HOST_OUTCOME_WORKS,
		.group_id = xstrdup_null(called_through(im,
			IMPORT_PROOF_GROUP, im->item.group_id)),
		.account_id = xstrdup_null(called_through(im, IMPORT_CLONE,
							  NULL)),
		.model = xstrdup(import_asked_model(im)),
		.models_listed = true,
		.completion_ok = tried->outcome == HOST_OUTCOME_WORKS,
		.completion_status = answer->status,
		.completion_type = xstrdup_null(answer->content_type),
		.latency_ms = answer->latency_ms,
		.first_token_ms = answer->first_byte_ms,
		.key_source = xstrdup(import_key_source(im)),
		.key_fingerprint = xstrdup_null(im->key_fingerprint),
		.requested_key = xstrdup_null(im->run.given_key_fingerprint),
		.request_json = describe(name, NULL, NULL),
		.answer_json = describe(name, answer, tried),
		.failure_class = tried->class
			? xstrdup(failure_name(tried->class)) : NULL,
	};
}

/* One word in the memo for each that was tried; its proof's id is added. */
static void note_tried(struct import *im, int surface,
		       const struct host_tried *tried)
{
	size_t len = strlen(im->memo.tried);

	snprintf(im->memo.tried + len, sizeof(im->memo.tried) - len,
		 "%s%d:%d:%d:%d:", len ? ";" : "", surface,
		 (int)tried->outcome, tried->status, (int)tried->class);
}

void check_note_surface(struct import *im, enum host_surface surface,
			const struct answer *answer,
			const struct host_tried *tried)
{
	prove(im, surface, answer, tried);
	note_tried(im, (int)surface, tried);
}

/* Where in the memo the outcome of a surface stands: one digit. */
static char *outcome_in_memo(struct import *im, int surface)
{
	AUTO_FREE char *head = xasprintf(";%d:", surface);
	char *at;

	if (strncmp(im->memo.tried, head + 1, strlen(head + 1)) == 0)
		return im->memo.tried + strlen(head + 1);
	at = strstr(im->memo.tried, head);
	return at ? at + strlen(head) : NULL;
}
_Static_assert(HOST_OUTCOME__MAX < 10, "one digit each");

void check_note_benched(struct import *im, int surface)
{
	char *outcome = outcome_in_memo(im, surface);

	if (outcome)
		*outcome = (char)('0' + HOST_OUTCOME_UNSAFE);
}

struct verdict got_surface_try(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	CLEANUP(host_tried_done) struct host_tried tried = { 0 };
	int i = next_safe(im);

	if (!answer)
		return go_to("private.begin");
	host_judge_surface(answer, (enum host_surface)i, &tried);
	check_note_surface(im, (enum host_surface)i, answer, &tried);
	im->memo.surface = i + 1;
	return poll_after(0, FAILURE_NONE);
}

/* What the memo holds of one surface. */
struct noted {
	bool is;
	enum host_outcome outcome;
	int status;
	enum failure class;
	char proof_id[ID_MAX];
};

static void read_noted(const struct import *im, int surface,
		       struct noted *ret)
{
	const char *at = im->memo.tried;

	*ret = (struct noted){ .is = false };
	while (at) {
		int which, outcome, status, class, used = 0;

		if (sscanf(at, "%d:%d:%d:%d:%n", &which, &outcome, &status,
			   &class, &used) == 4 && which == surface) {
			*ret = (struct noted){ true,
				(enum host_outcome)outcome, status,
				(enum failure)class, "" };
			snprintf(ret->proof_id, ID_MAX, "%.*s",
				 (int)strcspn(at + used, ";"), at + used);
		}
		at = strchr(at, ';');
		at = at ? at + 1 : NULL;
	}
}

static void write_no_offer(struct jout *out,
			   const struct host_expectation *why)
{
	AUTO_FREE char *zh = xasprintf("不宜开启。%s", why->zh);
	AUTO_FREE char *en = xasprintf("It had better stay off. %s", why->en);

	jout_null(out, "offer");
	jout_str(out, "offer_zh", zh);
	jout_str(out, "offer_en", en);
}

/* What the group's switch for /v1/messages, which is off, would lead to. */
static void write_offer(const struct import *im, struct jout *out)
{
	struct host_surface_case on = check_surface_case(im);
	struct host_expectation messages, count;
	bool damaged;

	on.dispatch = true;
	messages = host_surface_expect(HOST_SURFACE_MESSAGES, &on);
	count = host_surface_expect(HOST_SURFACE_COUNT_TOKENS, &on);
	damaged = messages.outcome == HOST_OUTCOME_DAMAGED;
	if (count.outcome == HOST_OUTCOME_UNSAFE &&
	    messages.outcome != HOST_OUTCOME_REFUSED)
		messages = count;
	if ((messages.outcome != HOST_OUTCOME_WORKS && !damaged) ||
	    !host_armour_lets_dispatch(&im->features, on.responses_status,
				       on.pool_mode)) {
		write_no_offer(out, &messages);
		return;
	}
	AUTO_FREE char *zh = xasprintf(
		"可以开启：在主机后台编辑分组 %s，打开 allow_messages_dispatch，"
		"并把 opus、sonnet、haiku 映射到 %s。在此版本和此供应商下是"
		"安全的：没有应答会使账号停用。%s", im->item.group_id,
		im->item.resolved_smoke_model, damaged ? messages.zh : "");
	AUTO_FREE char *en = xasprintf(
		"It can be switched on: edit group %s on the host, set"
		" allow_messages_dispatch and map opus, sonnet and haiku to"
		" %s. That is safe with this version and provider: no answer"
		" takes the account out.%s%s", im->item.group_id,
		im->item.resolved_smoke_model, damaged ? " " : "",
		damaged ? messages.en : "");

	jout_str(out, "offer", "dispatch");
	jout_str(out, "offer_zh", zh);
	jout_str(out, "offer_en", en);
}

static enum host_outcome write_surface(const struct import *im,
				       struct jout *out, int surface)
{
	struct host_surface_case the = check_surface_case(im);
	struct host_expectation expected = host_surface_expect(
				(enum host_surface)surface, &the);
	struct noted noted;

	read_noted(im, surface, &noted);
	noted.is = noted.is && !check_is_unseen(im, surface);
	jout_object(out, NULL);
	host_surface_write(out, (enum host_surface)surface, &expected,
			   noted.is ? &noted.outcome : NULL);
	if (noted.is) {
		jout_i64(out, "status", noted.status);
		jout_str(out, "class", noted.class
			 ? failure_name(noted.class) : NULL);
		jout_str(out, "proof_id", noted.proof_id);
		jout_bool(out, "private", expected.outcome ==
			  HOST_OUTCOME_UNSAFE);
	}
	if (surface == HOST_SURFACE_MESSAGES && !the.dispatch)
		write_offer(im, out);
	jout_object_end(out);
	/* Tried, and no wiser: then the table is all there is. */
	return noted.is && noted.outcome != HOST_OUTCOME_UNKNOWN
		? noted.outcome : expected.outcome;
}

struct verdict got_surface_end(void *subject, const struct answer *answer)
{
	struct import *im = subject;
	struct jout out = { .text.max = SURFACES_MAX };
	enum host_outcome outcomes[HOST_SURFACE__MAX];

	(void)answer;
	jout_object(&out, NULL);
	jout_time(&out, "tried_at", im->now);
	jout_str(&out, "version", im->features.version);
	jout_str(&out, "model", im->item.resolved_smoke_model);
	jout_array(&out, "surfaces");
	for (int i = 0; i < HOST_SURFACE__MAX; i++)
		outcomes[i] = write_surface(im, &out, i);
	jout_array_end(&out);
	host_clients_write(&out, outcomes);
	check_write_private(im, &out);
	jout_object_end(&out);
	free(im->access.surfaces);
	im->access.surfaces = buf_take(&out.text);
	im->access.surfaces_at = im->now;
	return done();
}
