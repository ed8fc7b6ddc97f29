#include "tests/model/provider_personality.h"

#include <string.h>

#include "shared/table.h"
#include "tests/model/provider_model.h"

#define JSON "application/json"
#define HTML "text/html; charset=utf-8"
#define TEXT "text/plain; charset=utf-8"

/* The error object that most providers took over from OpenAI. */
#define ERROR(message, type, code) \
	"{\"error\":{\"message\":\"" message "\",\"type\":\"" type "\"," \
	"\"code\":\"" code "\"}}"

#define REPLY(name, code, kind, text, ...) \
	static const struct provider_reply reply_##name = { \
		.status = code, .type = kind, .body = text, ##__VA_ARGS__ }

REPLY(work, 0, NULL, NULL);
REPLY(400, 400, JSON, ERROR("Unsupported parameter: input",
			    "invalid_request_error", "unsupported_parameter"));
REPLY(401, 401, JSON, ERROR("Incorrect API key provided",
			    "authentication_error", "invalid_api_key"));
REPLY(402, 402, JSON, ERROR("Insufficient Balance",
			    "insufficient_balance_error",
			    "insufficient_balance"));
REPLY(403, 403, JSON, ERROR("Access denied for this endpoint",
			    "permission_error", "access_denied"));
REPLY(404, 404, JSON, ERROR("Not Found", "not_found_error", "not_found"));
REPLY(405, 405, JSON, ERROR("Method Not Allowed", "invalid_request_error",
			    "method_not_allowed"),
      .header = "Allow", .value = "GET");
REPLY(408, 408, JSON, ERROR("status 408", "api_error", "timeout"));
REPLY(409, 409, JSON, ERROR("status 409", "api_error", "conflict"));
REPLY(413, 413, JSON, ERROR("status 413", "api_error", "too_large"));
REPLY(422, 422, JSON, ERROR("Unprocessable", "invalid_request_error",
			    "unprocessable"));
REPLY(429, 429, JSON, ERROR("Rate limit reached", "rate_limit_error",
			    "rate_limit_exceeded"),
      .header = "Retry-After", .value = "30");
REPLY(500, 500, JSON, ERROR("Internal upstream error", "server_error",
			    "internal"), .before_key = true);
REPLY(501, 501, JSON, ERROR("Not implemented", "server_error",
			    "not_implemented"));
REPLY(502, 502, HTML, "<html><body>502 Bad Gateway</body></html>",
      .before_key = true);
REPLY(503, 503, JSON, ERROR("Service unavailable", "server_error",
			    "unavailable"), .before_key = true);
REPLY(504, 504, HTML, "<html><body>504 Gateway Time-out</body></html>",
      .before_key = true);
REPLY(529, 529, JSON, "{\"type\":\"error\",\"error\":{\"type\":"
      "\"overloaded_error\",\"message\":\"The service is overloaded (2064)\","
      "\"http_code\":\"529\"}}");
REPLY(html, 200, HTML, "<html><body>portal</body></html>",
      .before_key = true);
REPLY(base_resp, 200, JSON, "{\"base_resp\":{\"status_code\":1008,"
      "\"status_msg\":\"insufficient balance\"}}");
REPLY(errobj, 200, JSON, ERROR("quota exceeded", "insufficient_quota",
			       "insufficient_quota"));
REPLY(null_choices, 200, JSON, "{\"id\":\"\",\"object\":\"chat.completion\","
      "\"created\":0,\"model\":\"\",\"choices\":null,\"usage\":null}");
REPLY(garbage, 200, JSON, "{\"id\":\"chatcmpl-1\",\"choices\":[{\"index\":0,"
      "\"message\":{\"content\":\"\xff\xfe\x80", .before_key = true);
REPLY(hang, -1, NULL, NULL, .end = MODEL_END_HANG, .before_key = true);
REPLY(reset, -1, NULL, NULL, .end = MODEL_END_RESET, .before_key = true);
REPLY(redirect, 302, HTML, "<html><body>Moved</body></html>",
      .header = "Location", .value = "/portal/login", .before_key = true);
REPLY(region, 403, HTML, "<!DOCTYPE html><html><head><title>Access denied"
      "</title></head><body><h1>Error 1009</h1><p>The owner of this website "
      "has banned the country or region your IP address is in.</p>"
      "<p>Cloudflare</p></body></html>",
      .header = "Server", .value = "cloudflare", .before_key = true);
REPLY(403_html, 403, HTML, "<html><body>403 Forbidden</body></html>",
      .before_key = true);
REPLY(model_missing, 404, JSON,
      ERROR("The model does not exist or you do not have access to it.",
	    "invalid_request_error", "model_not_found"));
REPLY(no_channel, 503, JSON, ERROR("no available channel for this model "
				   "(distributor)", "new_api_error",
				   "model_not_found"));
REPLY(plain_401, 401, TEXT, "Authentication Fails (governor)",
      .before_key = true);
REPLY(arrears, 400, JSON, ERROR("Access denied, please make sure your "
				"account is in good standing.",
				"Arrearage", "Arrearage"));
REPLY(quota_429, 429, JSON, ERROR("You exceeded your current quota, please "
				  "check your account balance",
				  "exceeded_current_quota_error",
				  "exceeded_current_quota_error"));
REPLY(zhipu_1113, 429, JSON, "{\"error\":{\"code\":\"1113\",\"message\":"
      "\"\xe4\xbd\x99\xe9\xa2\x9d\xe4\xb8\x8d\xe8\xb6\xb3\"}}");
REPLY(agents_only, 403, JSON,
      ERROR("This model is currently only available for Coding Agents",
	    "access_terminated_error", "access_terminated"));
REPLY(unpurchased, 403, JSON, ERROR("Model service is not activated",
				    "AccessDenied.Unpurchased",
				    "AccessDenied.Unpurchased"));

const struct provider_reply *const provider_reply_quota = &reply_402;
const struct provider_reply *const provider_reply_limited = &reply_429;

/* Replies on each path; money can be asked for by all. */
#define ON_ALL(chat, responses, models, embeddings, messages) { \
	[PROVIDER_CHAT]			= &reply_##chat, \
	[PROVIDER_RESPONSES]		= &reply_##responses, \
	[PROVIDER_RESPONSES_PART]	= &reply_##responses, \
	[PROVIDER_MODELS]		= &reply_##models, \
	[PROVIDER_MODEL]		= &reply_##models, \
	[PROVIDER_EMBEDDINGS]		= &reply_##embeddings, \
	[PROVIDER_MESSAGES]		= &reply_##messages, \
	[PROVIDER_COUNT_TOKENS]		= &reply_##messages, \
	[PROVIDER_BALANCE]		= &reply_work, \
	[PROVIDER_OTHER]		= &reply_404 }

#define ON(chat, responses, models, other) \
	ON_ALL(chat, responses, models, other, 404)
#define ONLY(responses) ON(work, responses, work, work)
#define FAIL(reply) ON_ALL(reply, reply, work, reply, reply)
/* A reply instead of everything, whatever the path. */
#define ALWAYS(reply) { [0 ... PROVIDER_PATH__MAX - 1] = &reply_##reply }

static const struct provider_personality personalities[] = {
	{ "chat-only-403", "chat; 403 JSON on /responses (the default)", ONLY(403), 0 },
	{ "chat-only-400", "chat; 400 on /responses", ONLY(400), 0 },
	{ "chat-only-401", "chat; 401 on /responses", ONLY(401), 0 },
	{ "chat-only-402", "chat; 402 on /responses", ONLY(402), 0 },
	{ "chat-only-404", "chat; 404 on /responses", ONLY(404), 0 },
	{ "chat-only-405", "chat; 405 on /responses", ONLY(405), 0 },
	{ "chat-only-422", "chat; 422 on /responses", ONLY(422), 0 },
	{ "chat-only-429", "chat; 429 on /responses", ONLY(429), 0 },
	{ "chat-only-500", "chat; 500 on /responses", ONLY(500), 0 },
	{ "chat-only-501", "chat; 501 on /responses", ONLY(501), 0 },
	{ "chat-only-503", "chat; 503 on /responses", ONLY(503), 0 },
	{ "chat-only-html", "chat; 200 HTML on /responses", ONLY(html), 0 },
	{ "chat-only-errjson", "chat; 200 base_resp error on /responses", ONLY(base_resp), 0 },
	{ "chat-only-hang", "chat; never answers on /responses", ONLY(hang), 0 },
	{ "chat-only-slow", "as chat-only-403, every answer takes 3 s", ONLY(403), TWIST_SLOW },
	{ "dual", "chat and /responses", ONLY(work), 0 },
	{ "responses-403-benches", "as chat-only-403: benches who is not forced", ONLY(403), 0 },
	{ "chat-alone-403", "403 on all but chat and models",
	  ON_ALL(work, 403, work, 403, 403), 0 },
	{ "chat-alone-404", "404 on all but chat and models",
	  ON_ALL(work, 404, work, 404, 404), 0 },
	{ "with-messages", "chat and /messages; 403 on /responses",
	  ON_ALL(work, 403, work, work, work), 0 },
	{ "messages-only", "/messages; 404 on chat and /responses",
	  ON_ALL(404, 404, work, 404, work), 0 },
	{ "all-surfaces", "chat, /responses and below it, /messages, /embeddings",
	  ON_ALL(work, work, work, work, work), TWIST_PARTS },
	{ "messages-apart", "chat and /responses; /messages below /anthropic only",
	  ON_ALL(work, work, work, work, work), TWIST_APART },
	{ "plain-chat", "as chat-only-404; 400 on tools and JSON mode, never streams",
	  ONLY(404), TWIST_NO_TOOLS | TWIST_NO_JSON | TWIST_WHOLE },
	{ "no-max-tokens", "as chat-only-404; 400 on max_tokens", ONLY(404), TWIST_NO_LIMIT },
	{ "think-tags", "as dual; thinks inside of the content, streams without [DONE]",
	  ONLY(work), TWIST_TAGS },
	{ "no-models", "chat; 404 on /models and /responses", ON(work, 404, 404, work), 0 },
	{ "models-open", "as chat-only-403, lists models without a key", ONLY(403), TWIST_OPEN },
	{ "html", "200 HTML everywhere", ALWAYS(html), 0 },
	{ "base-resp", "200 with base_resp.status_code 1008", FAIL(base_resp), 0 },
	{ "err-object", "200 with an error object", FAIL(errobj), 0 },
	{ "null-choices", "200 with choices null", ON(null_choices, 404, work, 404), 0 },
	{ "length-empty", "thinks; below 256 tokens the content is empty", ONLY(403), TWIST_THINK },
	{ "slow", "chat and /responses, every answer takes 3 s", ONLY(work), TWIST_SLOW },
	{ "hang", "never answers", ALWAYS(hang), 0 },
	{ "reset", "closes the connection without an answer", ALWAYS(reset), 0 },
	{ "cut", "every answer breaks off in the middle", ONLY(work), TWIST_CUT },
	{ "endless", "no answer ever ends", ONLY(work), TWIST_ENDLESS },
	{ "rate-limited", "429 with Retry-After", FAIL(429), 0 },
	{ "flapping", "200 and 429 by turns", ONLY(403), TWIST_FLAP },
	{ "flip-429", "as flapping", ONLY(403), TWIST_FLAP },
	{ "revoking", "chat; after 20 questions no key is good", ONLY(403), TWIST_REVOKE },
	{ "retiring", "chat; after 20 questions its last model is 404", ONLY(403), TWIST_RETIRE },
	{ "unlisting", "chat; its second list lacks the last model", ONLY(403), TWIST_UNLIST },
	{ "quota", "402: no money", FAIL(402), 0 },
	{ "overloaded", "529", FAIL(529), 0 },
	{ "server-error", "500 everywhere", ALWAYS(500), 0 },
	{ "model-missing", "404 model_not_found for every model", FAIL(model_missing), 0 },
	{ "model-400", "400 for a model it does not have", ONLY(403), TWIST_MODEL_400 },
	{ "garbage-json", "200 with half a JSON text that is no UTF-8", ALWAYS(garbage), 0 },
	{ "redirect", "302 to another path", ALWAYS(redirect), 0 },
	{ "region", "403 HTML, Cloudflare 1009", ALWAYS(region), 0 },
	{ "echo-key", "shows a wrong key in full in its 401", ONLY(403), TWIST_ECHO },
	{ "mask-key", "shows the ends of a wrong key in its 401", ONLY(403), TWIST_MASK },
	{ "relay-no-channel", "503 model_not_found, as relays do", FAIL(no_channel), 0 },
	{ "plain-401", "401 in plain text", ALWAYS(plain_401), 0 },
	{ "arrears", "400 Arrearage: no money", FAIL(arrears), 0 },
	{ "quota-429", "429 exceeded_current_quota_error: no money", FAIL(quota_429), 0 },
	{ "zhipu-1113", "429 code 1113: no money", FAIL(zhipu_1113), 0 },
	{ "agents-only", "403 only available for Coding Agents", FAIL(agents_only), 0 },
	{ "wants-agent", "403 unless the user agent is cn-relay-manager", ONLY(403), TWIST_AGENT },
	{ "unpurchased", "403 AccessDenied.Unpurchased", FAIL(unpurchased), 0 },
	{ "fail-400", "400 on every question", FAIL(400), 0 },
	{ "fail-401", "401 on every question", FAIL(401), 0 },
	{ "fail-403", "403 JSON on every question", FAIL(403), 0 },
	{ "fail-403-html", "403 HTML on every question", FAIL(403_html), 0 },
	{ "fail-404", "404 on every question", FAIL(404), 0 },
	{ "fail-405", "405 on every question", FAIL(405), 0 },
	{ "fail-408", "408 on every question", FAIL(408), 0 },
	{ "fail-409", "409 on every question", FAIL(409), 0 },
	{ "fail-413", "413 on every question", FAIL(413), 0 },
	{ "fail-422", "422 on every question", FAIL(422), 0 },
	{ "fail-500", "500 on every question", FAIL(500), 0 },
	{ "fail-502", "502 HTML on every question", FAIL(502), 0 },
	{ "fail-503", "503 on every question", FAIL(503), 0 },
	{ "fail-504", "504 HTML on every question", FAIL(504), 0 },
	{ "fail-html", "200 HTML on every question", FAIL(html), 0 },
	{ "fail-reset", "closes on every question", FAIL(reset), 0 },
	{ "fail-hang", "never answers a question", FAIL(hang), 0 },
};

const struct provider_personality *provider_personality_find(const char *name)
{
	if (!name)
		return &personalities[0];
	for (size_t i = 0; i < COUNT(personalities); i++) {
		if (strcmp(personalities[i].name, name) == 0)
			return &personalities[i];
	}
	return NULL;
}

const char *const *provider_personalities(void)
{
	static const char *names[COUNT(personalities) + 1];

	for (size_t i = 0; i < COUNT(personalities); i++)
		names[i] = personalities[i].name;
	return names;
}
