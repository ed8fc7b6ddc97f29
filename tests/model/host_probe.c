#include "tests/model/host_probe.h"

#include <string.h>

#include "shared/own.h"
#include "shared/table.h"
#include "tests/model/host_queue.h"
#include "tests/model/host_sched.h"

#define PROBE_MODEL "gpt-5.4"
#define PROBE_MS 8000
#define TOOL_PROBE_MS 15000
#define KNOWN_MS 400

enum verdict { NOTHING, SUPPORTED, UNSUPPORTED };

static bool has_function_call(const json_t *answer)
{
	size_t i;
	json_t *item;

	json_array_foreach(json_object_get(answer, "output"), i, item) {
		const char *type = json_string_value(
			json_object_get(item, "type"));

		if (type && strcmp(type, "function_call") == 0)
			return true;
	}
	return false;
}

static bool text_is(const json_t *object, const char *name, const char *text)
{
	const char *value = json_string_value(json_object_get(object, name));

	return value && strcmp(value, text) == 0;
}

/* Later versions read what a 2xx says. */
static enum verdict judge_content(const struct model_answer *answer)
{
	json_auto_t *body = json_loads(answer->body, 0, NULL);
	const json_t *details = json_object_get(body, "incomplete_details");

	if (text_is(body, "status", "failed"))
		return NOTHING;
	if (text_is(body, "status", "incomplete") &&
	    text_is(details, "reason", "max_output_tokens"))
		return NOTHING;
	return has_function_call(body) ? SUPPORTED : UNSUPPORTED;
}

static enum verdict judge(const struct host_model *model,
			  const struct model_answer *answer)
{
	if (answer->end != MODEL_END_COMPLETE)
		return NOTHING;
	if (answer->status == 404 || answer->status == 405)
		return UNSUPPORTED;
	if (answer->status / 100 == 2 &&
	    host_has(model, HOST_PROBES_WITH_TOOL))
		return judge_content(answer);
	return SUPPORTED;
}

static void probe_done(struct host_model *model,
		       struct host_upstream *upstream,
		       const struct model_answer *answer)
{
	enum verdict verdict = judge(model, answer);

	if (verdict == NOTHING ||
	    model->now - upstream->started_at >= upstream->timeout_ms)
		return;
	host_verdict_note(model, model->now + model->options.probe_extra_ms,
			  upstream->account_id, verdict == SUPPORTED);
}

bool host_platform_is_chat(const char *platform)
{
	static const char *const names[] = { "kimi", "zhipu", "deepseek" };
	int found;

	return table_find(names, COUNT(names), platform, &found);
}

/* Of these platforms it is known what they have: nothing is asked. */
static bool is_known(const struct host_model *model,
		     const struct host_account *account)
{
	return host_has(model, HOST_HAS_CN_PLATFORMS) &&
	       host_platform_is_chat(account->platform);
}

void host_probe_apply(struct host_model *model, int64_t account_id,
		      bool supported)
{
	struct host_account *account = host_account_find(model, account_id);
	json_t *extra;

	if (!account)
		return;
	extra = json_copy(account->now.extra);
	json_object_set_new(extra, "openai_responses_supported",
			    json_boolean(supported));
	if (is_known(model, account))
		json_object_set_new(extra, "openai_responses_mode",
				    json_string("auto"));
	host_json_set(&account->now.extra, extra);
	account->updated_at = model->now;
	host_changed_account(model, account,
			     host_has(model, HOST_COPY_FOLLOWS) ?
			     HOST_COPY_NOW : HOST_COPY_LATER);
}

/* The first name, by the alphabet, that a tool probe can ask for. */
static const char *probe_model(const struct host_account *account)
{
	json_t *mapping = json_object_get(account->now.credentials,
					  "model_mapping");
	const char *key, *best = NULL;
	json_t *value;

	json_object_foreach(mapping, key, value) {
		const char *name = json_string_value(value);

		if (name && *name && !strchr(name, '*') &&
		    (!best || strcmp(name, best) < 0))
			best = name;
	}
	return best ? best : PROBE_MODEL;
}

static json_t *tool_body(const struct host_account *account)
{
	return json_pack("{s:s, s:[{s:s, s:[{s:s, s:s}]}], s:[{s:s, s:s}],"
			 " s:s, s:i, s:b}",
			 "model", probe_model(account),
			 "input", "role", "user", "content",
			 "type", "input_text", "text",
			 "Call the probe_ping function with ok=true to "
			 "acknowledge readiness. You must use the tool.",
			 "tools", "type", "function", "name", "probe_ping",
			 "tool_choice", "required",
			 "max_output_tokens", 512, "stream", 0);
}

static json_t *plain_body(void)
{
	return json_pack("{s:[{s:[{s:s, s:s}], s:s}], s:s, s:s, s:b}",
			 "input", "content", "text", "hi",
			 "type", "input_text", "role", "user",
			 "instructions", "You are a helpful coding assistant.",
			 "model", PROBE_MODEL, "stream", 0);
}

void host_probe_start(struct host_model *model, int64_t at,
		      const struct host_account *account)
{
	bool with_tool = host_has(model, HOST_PROBES_WITH_TOOL);
	struct host_upstream upstream = {
		.done = probe_done, .account_id = account->id,
		.timeout_ms = with_tool ? TOOL_PROBE_MS : PROBE_MS,
	};
	struct model_request request;

	if (is_known(model, account))
		host_verdict_note(model, at + KNOWN_MS, account->id, false);
	if (strcmp(account->platform, "openai") != 0 ||
	    strcmp(account->type, "apikey") != 0)
		return;
	if (!host_endpoint_request(model, account->now.credentials,
				   HOST_RESPONSES,
				   with_tool ? tool_body(account)
					     : plain_body(), &request))
		return;
	model_request_add_header(&request, "Accept", "application/json");
	model_request_add_header(&request, "User-Agent", with_tool ?
				 "codex-tui/0.146.0" : "Go-http-client/1.1");
	host_upstream_start(model, at, &upstream, &request);
}
