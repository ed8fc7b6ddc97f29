/*
 * flow_profile: what can a provider's key do?  One step, repeated.
 *
 * A flow of its own, so that no import waits for it and none fails by it.
 * Its subject is the key at its endpoint, a row of capability_profiles; what
 * was learnt is in the row's draft until the end, and then in the items that
 * brought the key.
 */
#include <string.h>

#include "schedd/asking.h"
#include "shared/events.h"
#include "shared/jout.h"
#include "shared/pack_providers.h"
#include "shared/runs.h"

static const struct step steps[] = {
	{ PROFILE_FIRST_STEP, 0, ask_capability, got_capability, { 0 } },
};

static void read_memo(struct asking_memo *memo, const char *text)
{
	json_auto_t *json = json_loads(text, 0, NULL);

	memo->model = json_integer_value(json_object_get(json, "model"));
	memo->tried = json_integer_value(json_object_get(json, "tried"));
	memo->form = json_integer_value(json_object_get(json, "form"));
	memo->generous = json_is_true(json_object_get(json, "generous"));
}

static char *profile_memo(const void *subject)
{
	const struct asking *asking = subject;
	struct jout out = { .text.max = TASK_MEMO_MAX };

	jout_object(&out, NULL);
	jout_i64(&out, "model", asking->memo.model);
	jout_i64(&out, "tried", asking->memo.tried);
	jout_i64(&out, "form", asking->memo.form);
	jout_bool(&out, "generous", asking->memo.generous);
	jout_object_end(&out);
	return buf_take(&out.text);
}

static void profile_free(void **subject)
{
	struct asking *asking = *subject;

	asking_free(&asking);
	*subject = NULL;
}

static int load_manifest(const struct store *store, struct asking *asking,
			 struct err *err)
{
	CLEANUP(run_done) struct run run = { 0 };
	AUTO_FREE char *text = NULL;

	const char *pack = asking->item.pack_id;
	const char *version = asking->item.pack_version;

	if (!asking->item.pack_provider_id)
		return 0;
	if (!pack && runs_get(store->db, asking->item.run_id, &run, err))
		return -1;
	if (!pack) {
		pack = run.pack_id;
		version = run.pack_version;
	}
	if (!pack)
		return 0;
	if (packs_manifest(store->db, pack, version,
			   asking->item.pack_provider_id, &text, err))
		return err->kind == ERR_NOT_FOUND ? 0 : -1;
	asking->manifest = json_loads(text, 0, NULL);
	return 0;
}

static int profile_load(const struct store *store, const struct task *task,
			int64_t now, void **ret, struct err *err)
{
	struct asking *asking = xcalloc(1, sizeof(*asking));
	void *subject = asking;

	asking->now = now;
	asking->random = store->random(store->random_arg);
	asking->settings = store->settings;
	read_memo(&asking->memo, task->memo);
	if (profiles_get(store->db, task->subject_id, &asking->row, err) ||
	    items_get(store->db, NULL, asking->row.item_id, &asking->item,
		      err) ||
	    endpoints_get(store->db, asking->row.endpoint_key,
			  &asking->endpoint, err)) {
		profile_free(&subject);
		return -1;
	}
	if (load_manifest(store, asking, err)) {
		profile_free(&subject);
		return -1;
	}
	asking_prepare(asking);
	*ret = asking;
	return 0;
}

static int profile_save(const struct store *store, const struct task *task,
			void *subject, const struct step *step,
			const struct verdict *verdict, int64_t now,
			struct err *err)
{
	struct asking *asking = subject;

	(void)task;
	(void)step;
	(void)verdict;
	free(asking->row.draft);
	asking->row.draft = profile_text(&asking->draft);
	return profiles_note(store->db, &asking->row, now, err);
}

static int note_event(const struct store *store, const struct asking *asking,
		      int64_t now, struct err *err)
{
	const struct profile *draft = &asking->draft;
	CLEANUP(event_done) struct event event = { .at = now };
	struct jout out = { .text.max = 512 };

	jout_object(&out, NULL);
	jout_str(&out, "level", profile_level_name(draft->level));
	jout_bool(&out, "complete", profile_is_complete(draft));
	jout_i64(&out, "probes", draft->probes);
	jout_i64(&out, "tokens", draft->tokens);
	jout_object_end(&out);
	event.step = xstrdup(PROFILE_FIRST_STEP);
	event.kind = xstrdup(PROFILE_MADE);
	event.class = draft->stopped ? xstrdup(failure_name(draft->stopped))
				     : NULL;
	event.detail = buf_take(&out.text);
	return events_add(store->db, asking->item.item_id, &event, err);
}

static int profile_end(const struct store *store, const struct task *task,
		       void *subject, const struct verdict *verdict,
		       int64_t now, struct err *err)
{
	struct asking *asking = subject;
	struct profile_row *row = &asking->row;
	struct profile older;

	(void)task;
	if (verdict->kind == VERDICT_FAILED && !asking->draft.stopped)
		asking->draft.stopped = verdict->failure;
	profile_parse(row->profile, &older);
	profile_settle(&asking->draft);
	profile_merge(&asking->draft, &older);
	free(row->profile);
	row->profile = profile_text(&asking->draft);
	/* What was cut short is asked again by the next import. */
	if (profile_is_complete(&asking->draft)) {
		row->level = asking->draft.level;
		row->taken_at = asking->draft.at;
	}
	if (note_event(store, asking, now, err))
		return -1;
	return profiles_finish(store->db, row, asking->draft.level, now, err);
}

static const char *profile_secret(const void *subject, enum slot slot)
{
	const struct asking *asking = subject;

	return slot == SLOT_PROVIDER_KEY ? asking->item.api_key_secret_id
					 : NULL;
}

static void profile_limits(const void *subject, const struct request *request,
			   struct limit_names *ret)
{
	const struct asking *asking = subject;

	(void)request;
	ret->provider = asking->item.endpoint_key;
	ret->provider_concurrency = asking->endpoint.concurrency;
	ret->provider_per_minute = asking->endpoint.requests_per_minute;
	ret->key = asking->item.api_key_secret_id;
}

static void profile_pauses(const void *subject, struct pauses *ret)
{
	const struct asking *asking = subject;

	if (asking->endpoint.paused_at)
		ret->endpoint = asking->item.endpoint_key;
}

static void profile_way(const void *subject, const struct request *request,
			struct way *ret)
{
	const struct asking *asking = subject;

	(void)request;
	ret->proxy_secret_id = asking->endpoint.proxy_secret_id;
	ret->ca_pem = asking->endpoint.ca_pem;
}

const struct flow flow_profile = {
	.name = PROFILE_FLOW,
	.steps = steps,
	.nsteps = COUNT(steps),
	.load = profile_load,
	.save = profile_save,
	.end = profile_end,
	.free = profile_free,
	.secret_id = profile_secret,
	.limits = profile_limits,
	.pauses = profile_pauses,
	.way = profile_way,
	.memo = profile_memo,
};
