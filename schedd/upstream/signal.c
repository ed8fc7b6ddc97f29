#include "schedd/upstream/signal.h"

#include <inttypes.h>
#include <strings.h>

#include "schedd/judge.h"
#include "schedd/redact.h"
#include "shared/table.h"

/* Where a code, a type and a message may stand, best place first. */
static const char *const code_places[] = {
	"/error/code", "/code", "/error_code", "/errors/code",
	"/header/code",
};
static const char *const type_places[] = { "/error/type", "/type" };
static const char *const text_places[] = {
	"/error/message", "/message", "/msg", "/error_msg", "/errors/message",
	"/detail", "/base_resp/status_msg", "/error", "/header/message",
};

static void put(char *to, size_t size, const char *text)
{
	size_t len = redact_cut(text, size - 1);

	memcpy(to, text, len);
	to[len] = '\0';
}

/* Codes come as numbers and as strings. */
static bool put_code(char to[SIGNAL_CODE_MAX], const json_t *value)
{
	if (json_is_integer(value)) {
		snprintf(to, SIGNAL_CODE_MAX, "%" PRId64,
			 (int64_t)json_integer_value(value));
		return json_integer_value(value) != 0;
	}
	if (!json_is_string(value) || *json_string_value(value) == '\0')
		return false;
	put(to, SIGNAL_CODE_MAX, json_string_value(value));
	return true;
}

/* MiniMax puts its own number at the end of a message: "... (1008)". */
static void code_from_text(struct signal *signal)
{
	size_t len = strlen(signal->text);

	if (*signal->code || len < 6 || signal->text[len - 1] != ')' ||
	    signal->text[len - 6] != '(')
		return;
	for (size_t i = len - 5; i < len - 1; i++)
		if (signal->text[i] < '0' || signal->text[i] > '9')
			return;
	put(signal->code, 5, signal->text + len - 5);
}

/* Past the tag at `at`; a script or style goes with what it holds. */
static const char *after_tag(const char *at)
{
	static const char *const hidden[] = { "script", "style" };
	const char *end;

	for (size_t i = 0; i < COUNT(hidden); i++) {
		AUTO_FREE char *close = xasprintf("</%s", hidden[i]);

		if (strncasecmp(at + 1, hidden[i], strlen(hidden[i])) != 0)
			continue;
		end = strcasestr(at, close);
		at = end ? end : at + strlen(at);
		break;
	}
	end = strchr(at, '>');
	return end ? end + 1 : at + strlen(at);
}

/* What a page says to people: its text without the tags, title first. */
static void text_of_page(struct signal *signal, const char *body)
{
	size_t len = 0;

	while (*body != '\0' && len + 1 < SIGNAL_TEXT_MAX) {
		if (*body == '<') {
			body = after_tag(body);
			/* Words on two sides of a tag are two words. */
			if (len > 0 && signal->text[len - 1] != ' ')
				signal->text[len++] = ' ';
		} else {
			signal->text[len++] = *body++;
		}
	}
	while (len > 0 && signal->text[len - 1] == ' ')
		len--;
	signal->text[len] = '\0';
}

static void read_json(struct signal *signal, const struct answer *answer)
{
	for (size_t i = 0; i < COUNT(code_places); i++)
		if (put_code(signal->code, answer_at(answer, code_places[i])))
			break;
	for (size_t i = 0; i < COUNT(type_places); i++) {
		const char *type = answer_text(answer, type_places[i]);

		/* {"type":"error","error":{...}} is only a wrapping. */
		if (type && *type && strcmp(type, "error") != 0) {
			put(signal->type, SIGNAL_CODE_MAX, type);
			break;
		}
	}
	for (size_t i = 0; i < COUNT(text_places); i++) {
		const char *text = answer_text(answer, text_places[i]);

		if (text && *text) {
			put(signal->text, SIGNAL_TEXT_MAX, text);
			break;
		}
	}
	if (!put_code(signal->inner,
		      answer_at(answer, "/base_resp/status_code")))
		signal->inner[0] = '\0';
}

struct signal signal_of(const struct answer *answer)
{
	struct signal signal = {
		.status = answer->status,
		.html = judge_is_html(answer),
	};

	if (answer->json)
		read_json(&signal, answer);
	else if (signal.html && answer->body)
		text_of_page(&signal, answer->body);
	else if (answer->body)
		put(signal.text, SIGNAL_TEXT_MAX, answer->body);
	if (strcmp(signal.code, "0") == 0)
		signal.code[0] = '\0';
	code_from_text(&signal);
	return signal;
}
