#include "fcgi/view.h"

#include "shared/diagnosis.h"
#include "shared/failure.h"

void view_class(struct jout *out, const char *zh, const char *en,
		const char *class)
{
	enum failure failure;
	bool known = failure_parse(class, &failure) &&
		     failure != FAILURE_NONE;

	jout_str(out, zh, known ? failure_facts(failure)->zh : NULL);
	jout_str(out, en, known ? failure_facts(failure)->en : NULL);
}

void view_known(struct jout *out, const char *name, int64_t value)
{
	if (value)
		jout_i64(out, name, value);
	else
		jout_null(out, name);
}

void view_diagnosis(struct jout *out, const char *json, int64_t now)
{
	AUTO_FREE char *zh = NULL, *en = NULL;
	struct diagnosis diagnosis;

	if (json) {
		diagnosis_parse(json, &diagnosis);
		zh = diagnosis_sentence(&diagnosis, "zh", now);
		en = diagnosis_sentence(&diagnosis, "en", now);
	}
	jout_raw(out, "diagnosis", json);
	jout_str(out, "diagnosis_zh", zh);
	jout_str(out, "diagnosis_en", en);
}

/* The key of somebody real says itself who gets access. */
static bool has_selectors(const struct run *run)
{
	return run->access_mode == ACCESS_SUBSCRIPTION &&
	       run->given_key == GIVEN_KEY_NONE;
}

static void run_key(struct jout *out, const struct run *run)
{
	const char *fingerprint = run->given_key_fingerprint;

	jout_str(out, "given_key_source", run->given_key == GIVEN_KEY_NONE
		 ? NULL : given_key_name(run->given_key));
	jout_str(out, "requested_probe_api_key", fingerprint);
	jout_bool(out, "rebind", run->rebind);
}

static void run_canary(struct jout *out, const struct run *run)
{
	jout_i64(out, "canary_items", run->canary_items);
	jout_i64(out, "canary_stop_after", run->canary_stop_after);
	jout_str(out, "canary_state", canary_state_name(run->canary));
	jout_str(out, "canary_class", run->canary_class);
}

void run_begin(struct jout *out, const char *name, const struct run *run)
{
	jout_object(out, name);
	jout_str(out, "run_id", run->run_id);
	jout_str(out, "host_id", run->host_id);
	jout_str(out, "origin", run->origin);
	jout_str(out, "pack_id", run->pack_id);
	jout_str(out, "pack_version", run->pack_version);
	jout_str(out, "access_mode", access_mode_name(run->access_mode));
	jout_raw(out, "subscription_users", has_selectors(run)
		 ? run->subscription_users : "[]");
	jout_i64(out, "subscription_days", run->subscription_days);
	run_key(out, run);
	jout_str(out, "state", run_state_name(run->state));
	jout_i64(out, "items_total", run->counts.total);
	jout_i64(out, "items_done", run->counts.done);
	jout_i64(out, "items_active", run->counts.active);
	jout_i64(out, "items_broken", run->counts.broken);
	jout_i64(out, "items_cancelled", run->counts.cancelled);
	jout_i64(out, "items_warned", run->counts.warned);
	run_canary(out, run);
	jout_i64(out, "items_rejected", run->counts.rejected);
	jout_raw(out, "rejected", run->rejected);
	jout_str(out, "created_by", run->created_by);
	jout_time(out, "created_at", run->created_at);
	jout_time(out, "updated_at", run->updated_at);
	jout_time(out, "finished_at", run->finished_at);
}

void run_write(struct jout *out, const char *name, const struct run *run)
{
	run_begin(out, name, run);
	jout_object_end(out);
}

static void item_states(struct jout *out, const struct item *item)
{
	const char *resolution = item->resolution == RESOLUTION_NONE
		? NULL : account_resolution_name(item->resolution);

	jout_str(out, "current_stage", item_stage_name(item->stage));
	jout_str(out, "confirmation_status",
		 confirmation_name(item->confirmation));
	jout_str(out, "access_status", access_status_name(item->access));
	jout_str(out, "matched_account_state",
		 account_match_name(item->match));
	jout_str(out, "account_resolution", resolution);
	jout_bool(out, "provision_reused", item->provision_reused);
	jout_bool(out, "cancelled", item->cancelled);
	jout_str(out, "held_for", item->held_for);
	jout_time(out, "paused_at", item->paused_at);
	jout_i64(out, "generation", item->generation);
	jout_i64(out, "retry_count", item->retry_count);
	jout_time(out, "last_retry_at", item->last_retry_at);
	jout_time(out, "next_retry_at", item->next_retry_at);
}

static void item_models(struct jout *out, const struct item *item)
{
	jout_raw(out, "requested_models", item->requested_models);
	jout_raw(out, "model_resolution", item->model_resolution);
	jout_raw(out, "canonical_model_families",
		 item->canonical_model_families);
	jout_raw(out, "recommended_models", item->recommended_models);
	jout_raw(out, "models", item->models);
	jout_raw(out, "model_aliases", item->model_aliases);
	jout_raw(out, "capability_profile", item->capability_profile);
	jout_str(out, "resolved_smoke_model", item->resolved_smoke_model);
	jout_str(out, "chat_url", item->chat_url);
}

static void item_places(struct jout *out, const struct item *item)
{
	jout_str(out, "api_key_fingerprint", item->api_key_fingerprint);
	jout_str(out, "api_key_last4", item->api_key_last4);
	jout_str(out, "reused_from_provider_id",
		 item->reused_from_provider_id);
	jout_str(out, "reused_from_account_id", item->reused_from_account_id);
	jout_raw(out, "foreign_accounts", item->foreign_accounts);
	jout_str(out, "adopt_account_id", item->adopt_account_id);
	jout_str(out, "account_proxy", item->account_proxy);
	jout_str(out, "channel_id", item->channel_id);
	jout_str(out, "group_id", item->group_id);
	jout_str(out, "account_id", item->account_id);
}

/* With which key the newest proof was made, and which was asked for. */
static void item_key(struct jout *out, const struct item_view *view)
{
	const struct proof *proof = view->proof;

	jout_str(out, "requested_probe_api_key",
		 view->run->given_key_fingerprint);
	jout_str(out, "effective_probe_key_source", proof->key_source);
	jout_str(out, "effective_probe_key_fingerprint",
		 proof->key_fingerprint);
}

static void item_findings(struct jout *out, const struct item *item,
			  const struct item_view *view)
{
	jout_str(out, "validation_status",
		 validation_status_name(item->validation));
	jout_bool(out, "probe_advisory", item->probe_advisory);
	view_known(out, "responses_status", item->responses_status);
	item_key(out, view);
	jout_str(out, "failure_class", item->failure_class);
	jout_str(out, "failure_detail", item->failure_detail);
	view_class(out, "failure_zh", "failure_en", item->failure_class);
	view_diagnosis(out, item->diagnosis, view->now);
	jout_raw(out, "warnings", item->warnings);
}

void item_begin(struct jout *out, const char *name, const struct item *item,
		const struct item_view *view)
{
	jout_object(out, name);
	jout_str(out, "item_id", item->item_id);
	jout_str(out, "host_id", view->run->host_id);
	jout_str(out, "run_id", item->run_id);
	jout_i64(out, "seq", item->seq);
	jout_str(out, "provider_id", item->provider_id);
	jout_str(out, "endpoint_key", item->endpoint_key);
	jout_str(out, "plan", item->plan);
	jout_str(out, "pack_id", item->pack_id ? item->pack_id
						: view->run->pack_id);
	jout_str(out, "pack_provider_id", item->pack_provider_id);
	jout_str(out, "base_url", item->base_url);
	jout_str(out, "label", item->label);
	jout_str(out, "note", item->note);
	view_known(out, "line", item->line);
	item_states(out, item);
	item_models(out, item);
	item_places(out, item);
	item_findings(out, item, view);
	jout_time(out, "created_at", item->created_at);
	jout_time(out, "updated_at", item->updated_at);
	jout_time(out, "finished_at", item->finished_at);
	jout_str(out, "rollback_id", item->rollback_id);
	jout_time(out, "rolled_back_at", item->rolled_back_at);
}

void item_end(struct jout *out)
{
	jout_object_end(out);
}

void event_write(struct jout *out, const char *name, const struct event *event)
{
	jout_object(out, name);
	jout_i64(out, "seq", event->seq);
	jout_time(out, "at", event->at);
	jout_str(out, "step", event->step);
	jout_str(out, "kind", event->kind);
	jout_str(out, "class", event->class);
	jout_raw(out, "detail", event->detail);
	jout_object_end(out);
}

void proof_write(struct jout *out, const char *name, const struct proof *proof)
{
	jout_object(out, name);
	jout_str(out, "proof_id", proof->proof_id);
	jout_str(out, "item_id", proof->item_id);
	jout_str(out, "access_id", proof->access_id);
	jout_str(out, "check_id", proof->check_id);
	jout_str(out, "host_id", proof->host_id);
	jout_str(out, "kind", proof_kind_name(proof->kind));
	jout_str(out, "surface", proof->surface);
	jout_bool(out, "ok", proof->ok);
	jout_str(out, "group_id", proof->group_id);
	jout_str(out, "account_id", proof->account_id);
	jout_str(out, "model", proof->model);
	view_known(out, "models_status", proof->models_status);
	jout_bool(out, "models_listed", proof->models_listed);
	jout_bool(out, "completion_ok", proof->completion_ok);
	view_known(out, "completion_status", proof->completion_status);
	jout_str(out, "completion_type", proof->completion_type);
	jout_str(out, "completion_preview", proof->completion_preview);
	view_known(out, "latency_ms", proof->latency_ms);
	view_known(out, "first_token_ms", proof->first_token_ms);
	jout_str(out, "requested_probe_api_key", proof->requested_key);
	jout_str(out, "effective_probe_key_source", proof->key_source);
	jout_str(out, "effective_probe_key_fingerprint",
		 proof->key_fingerprint);
	jout_raw(out, "request", proof->request_json);
	jout_raw(out, "answer", proof->answer_json);
	jout_str(out, "failure_class", proof->failure_class);
	view_class(out, "failure_zh", "failure_en", proof->failure_class);
	jout_time(out, "at", proof->at);
	jout_time(out, "expires_at", proof->expires_at);
	jout_object_end(out);
}
