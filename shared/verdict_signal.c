#include "shared/verdict_signal.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "shared/charset.h"
#include "shared/redact.h"
#include "shared/table.h"
#include "shared/verdict_words.h"

#define DEPTH_MAX 8
#define WORDS_MAX ((size_t)4096)
#define NESTED_MAX ((size_t)16384)	/* JSON inside of a text */
#define EVENTS_MAX 4096
#define NAME_MAX_BYTES 32

/* Ends of the names of members, in lower case and without '_' and '-'. */
static const char *const code_names[] = {
	"code", "type", "status", "reason", "ret", "errno", "errorno",
	"errorname", "exception", "category", "kind",
};

static const char *const text_names[] = {
	"message", "messages", "msg", "msgs", "detail", "details",
	"description", "desc", "title", "reason", "info", "hint", "tips",
	"raw", "cause", "error", "errors", "err", "string", "messagecn",
	"messagezh", "messageen", "text",
};

/* How long to wait, in seconds unless the name says otherwise. */
static const struct {
	const char *name;
	int64_t unit_ms;
} wait_names[] = {
	{ "retryafter", 1000 }, { "retryafterseconds", 1000 },
	{ "retryafters", 1000 }, { "retryafterms", 1 },
	{ "retrydelay", 1000 }, { "estimatedtime", 1000 },
	{ "resetsinseconds", 1000 }, { "resetafter", 1000 },
	{ "waitseconds", 1000 }, { "cooldownseconds", 1000 },
};

/* What a peer was asked for, not why it failed. */
static const char *const skipped[] = {
	"choices", "usage", "models", "output", "messages", "input", "data",
};

/* The best places of a code and a message, for people. */
static const char *const code_places[] = {
	"error.code", "code", "error_code", "errors.code", "header.code",
	"base_resp.status_code", "error.type", "type",
};
static const char *const text_places[] = {
	"error.message", "message", "msg", "error_msg", "errors.message",
	"detail", "base_resp.status_msg", "error", "header.message",
};

void signal_done(struct signal *signal)
{
	buf_done(&signal->words);
	json_decref(signal->said);
	*signal = (struct signal){ .wait_ms = -1 };
}

static void put(char *to, size_t size, const char *text)
{
	size_t len = redact_cut(text, size - 1);

	memcpy(to, text, len);
	to[len] = '\0';
}

/* A name in small letters, without strokes; "" if it is too long for one. */
static void plain_name(const char *name, char to[NAME_MAX_BYTES])
{
	size_t n = 0;

	for (; *name && n + 1 < NAME_MAX_BYTES; name++)
		if (*name != '_' && *name != '-')
			to[n++] = (char)tolower((unsigned char)*name);
	to[*name ? 0 : n] = '\0';
}

static bool ends_in(const char *plain, const char *const ends[], size_t n)
{
	size_t len = strlen(plain);

	for (size_t i = 0; i < n; i++) {
		size_t end = strlen(ends[i]);

		if (len >= end && strcmp(plain + len - end, ends[i]) == 0)
			return true;
	}
	return false;
}

/* Codes come as numbers and as strings; 0 and "" are none. */
static bool code_text(const json_t *value, char to[SIGNAL_CODE_MAX])
{
	const char *text = json_string_value(value);

	if (json_is_integer(value))
		snprintf(to, SIGNAL_CODE_MAX, "%" PRId64,
			 (int64_t)json_integer_value(value));
	else
		put(to, SIGNAL_CODE_MAX, text ? text : "");
	return *to != '\0' && strcmp(to, "0") != 0;
}

/* Three digits from 400 to 599 are a status. */
static int status_of(const char *code)
{
	if (strlen(code) != 3 || (*code != '4' && *code != '5'))
		return 0;
	if (strspn(code, "0123456789") != 3)
		return 0;
	return (int)strtol(code, NULL, 10);
}

static void add_code(struct signal *signal, const json_t *value)
{
	char code[SIGNAL_CODE_MAX];

	/* {"type":"error","error":{...}} is only a wrapping. */
	if (!code_text(value, code) || strcmp(code, "error") == 0)
		return;
	if (signal->status == 0)
		signal->status = status_of(code);
	words_add(&signal->words, code);
	if (signal->ncodes < SIGNAL_CODES_MAX)
		put(signal->codes[signal->ncodes++], SIGNAL_CODE_MAX, code);
}

/* MiniMax puts its own number at the end of a message: "... (1008)". */
static void code_from_text(struct signal *signal, const char *text)
{
	size_t len = strlen(text);
	char code[5];

	if (len < 6 || text[len - 1] != ')' || text[len - 6] != '(' ||
	    strspn(text + len - 5, "0123456789") != 4)
		return;
	put(code, sizeof(code), text + len - 5);
	if (signal->ncodes < SIGNAL_CODES_MAX)
		put(signal->codes[signal->ncodes++], SIGNAL_CODE_MAX, code);
	if (*signal->code == '\0')
		put(signal->code, sizeof(signal->code), code);
}

static void walk(struct signal *signal, const json_t *value, int depth);

/* Some pass on what they were told as a text that is JSON. */
static bool add_nested(struct signal *signal, const char *text, int depth)
{
	json_auto_t *nested = NULL;
	const char *start = text + strspn(text, " \t\r\n");

	if ((*start != '{' && *start != '[') || strlen(start) > NESTED_MAX)
		return false;
	nested = json_loads(start, JSON_DISABLE_EOF_CHECK, NULL);
	if (!nested)
		return false;
	walk(signal, nested, depth + 1);
	return true;
}

static void add_text(struct signal *signal, const char *text, int depth)
{
	if (*text == '\0' || add_nested(signal, text, depth))
		return;
	if (*signal->text == '\0')
		put(signal->text, sizeof(signal->text), text);
	code_from_text(signal, text);
	words_add(&signal->words, text);
}

static void add_wait(struct signal *signal, const char *plain,
		     const json_t *value)
{
	double number = json_number_value(value);
	const char *text = json_string_value(value);

	for (size_t i = 0; i < COUNT(wait_names); i++) {
		if (strcmp(plain, wait_names[i].name) != 0)
			continue;
		if (text)
			number = strtod(text, NULL);
		/* What is no number, or no wait, compares false. */
		if (number > 0 && number < 1e9)
			signal->wait_ms = (int64_t)(number *
					(double)wait_names[i].unit_ms);
	}
}

/* FastAPI says where in the request: ["body","model"]. */
static void add_place(struct signal *signal, const json_t *place)
{
	const char *last = json_string_value(json_array_get(place,
					json_array_size(place) - 1));

	if (last && strcmp(last, "model") == 0)
		words_add(&signal->words, "param model");
}

static void walk_member(struct signal *signal, const char *name,
			const json_t *value, int depth)
{
	const char *text = json_string_value(value);
	char plain[NAME_MAX_BYTES];

	if (json_is_object(value) || json_is_array(value)) {
		if (strcmp(name, "loc") == 0)
			add_place(signal, value);
		walk(signal, value, depth + 1);
		return;
	}
	if (json_is_boolean(value) || json_is_null(value))
		return;
	plain_name(name, plain);
	if (ends_in(plain, code_names, COUNT(code_names)))
		add_code(signal, value);
	else if (text && ends_in(plain, text_names, COUNT(text_names)))
		add_text(signal, text, depth);
	else if (text && strcmp(plain, "param") == 0 &&
		 strcmp(text, "model") == 0)
		words_add(&signal->words, "param model");
	add_wait(signal, plain, value);
}

static bool is_skipped(const char *name)
{
	for (size_t i = 0; i < COUNT(skipped); i++)
		if (strcmp(name, skipped[i]) == 0)
			return true;
	return false;
}

static void walk(struct signal *signal, const json_t *value, int depth)
{
	const char *name;
	const json_t *member;
	size_t i;

	if (depth > DEPTH_MAX || signal->words.failed)
		return;
	json_array_foreach(value, i, member) {
		if (json_is_string(member))
			add_text(signal, json_string_value(member), depth);
		else
			walk(signal, member, depth + 1);
	}
	json_object_foreach((json_t *)(uintptr_t)value, name, member) {
		if (json_is_array(member) && is_skipped(name))
			continue;
		walk_member(signal, name, member, depth);
	}
}

/* A value by the names on its way, '.' between them. */
static const json_t *at_place(const json_t *value, const char *place)
{
	while (value && *place) {
		size_t len = strcspn(place, ".");
		char name[32];

		snprintf(name, sizeof(name), "%.*s", (int)len, place);
		value = json_object_get(value, name);
		place += len;
		place += *place == '.';
	}
	return value;
}

static void find_best(struct signal *signal, const json_t *json)
{
	for (size_t i = 0; i < COUNT(code_places); i++) {
		if (code_text(at_place(json, code_places[i]), signal->code) &&
		    strcmp(signal->code, "error") != 0)
			break;
		signal->code[0] = '\0';
	}
	for (size_t i = 0; i < COUNT(text_places); i++) {
		const char *text = json_string_value(
			at_place(json, text_places[i]));

		if (text && *text) {
			put(signal->text, sizeof(signal->text), text);
			break;
		}
	}
}

static void read_json(struct signal *signal, const json_t *json)
{
	const char *code = json_string_value(json_object_get(json, "code"));

	signal->flat = code && *code && !json_object_get(json, "error");
	find_best(signal, json);
	if (json_is_string(json))
		add_text(signal, json_string_value(json), 0);
	else
		walk(signal, json, 0);
	if (*signal->code == '\0' && signal->ncodes > 0)
		put(signal->code, sizeof(signal->code), signal->codes[0]);
}

bool signal_is_page(const char *content_type, const char *body)
{
	static const char *const starts[] = {
		"<!doctype html", "<html", "<head", "<body", "<!--", "<title",
		"<h1", "<center", "<script",
	};

	if (content_type && strncasecmp(content_type, "text/html", 9) == 0)
		return true;
	if (!body)
		return false;
	/* Some pages come as text/plain, or without any type. */
	body += strspn(body, " \t\r\n");
	for (size_t i = 0; i < COUNT(starts); i++)
		if (strncasecmp(body, starts[i], strlen(starts[i])) == 0)
			return true;
	return false;
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
static void read_page(struct signal *signal, const char *body)
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
	words_add(&signal->words, signal->text);
}

/* A line of a stream, or NULL after the last. */
static const char *next_line(const char **at, const char *end, size_t *ret_len)
{
	const char *line = *at;
	const char *stop;

	if (line >= end)
		return NULL;
	stop = memchr(line, '\n', (size_t)(end - line));
	*at = stop ? stop + 1 : end;
	*ret_len = (size_t)((stop ? stop : end) - line);
	if (*ret_len > 0 && line[*ret_len - 1] == '\r')
		(*ret_len)--;
	return line;
}

static bool is_stream(const char *body, size_t len)
{
	static const char *const starts[] = { "data:", "event:", "id:", ":",
					      "retry:" };
	size_t blanks = 0;

	while (blanks < len && strchr(" \r\n", body[blanks]) && body[blanks])
		blanks++;
	for (size_t i = 0; i < COUNT(starts); i++) {
		size_t n = strlen(starts[i]);

		if (len - blanks >= n &&
		    memcmp(body + blanks, starts[i], n) == 0)
			return true;
	}
	return false;
}

json_t *signal_events(const char *body, size_t len, bool *ret_done)
{
	const char *at = body, *end, *line;
	json_t *events;
	size_t n;

	*ret_done = false;
	if (!body || !is_stream(body, len))
		return NULL;
	end = body + len;
	events = json_array();
	while ((line = next_line(&at, end, &n)) &&
	       json_array_size(events) < EVENTS_MAX) {
		json_t *event;

		if (n < 5 || memcmp(line, "data:", 5) != 0)
			continue;
		if (memmem(line, n, "[DONE]", 6) && n < 20) {
			*ret_done = true;
			continue;
		}
		event = json_loadb(line + 5, n - 5, JSON_ALLOW_NUL, NULL);
		if (event)
			json_array_append_new(events, event);
	}
	return events;
}

/* JSON with something behind it still says what went wrong. */
static json_t *parse(const char *body, size_t len)
{
	size_t skip = len >= 3 && memcmp(body, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

	return json_loadb(body + skip, len - skip,
			  JSON_ALLOW_NUL | JSON_DISABLE_EOF_CHECK, NULL);
}

static void read_body(struct signal *signal, const char *content_type,
		      const char *body, size_t len)
{
	AUTO_FREE char *text = xstrndup(body, len);
	const char *start = text + strspn(text, " \t\r\n");
	bool done;

	if (*start == '\0') {
		signal->form = FORM_EMPTY;
	} else if ((signal->said = signal_events(body, len, &done))) {
		signal->form = FORM_STREAM;
		read_json(signal, signal->said);
	} else if (signal_is_page(content_type, text)) {
		signal->form = FORM_PAGE;
		read_page(signal, text);
	} else {
		signal->form = FORM_TEXT;
		add_text(signal, start, 0);
	}
}

void signal_read(struct signal *ret, const char *content_type,
		 const char *body, size_t len, const json_t *json)
{
	CLEANUP(buf_done) struct buf storage = { 0 };

	if (!json && body && len > 0)
		charset_guess(&body, &len, &storage);
	*ret = (struct signal){ .wait_ms = -1, .words.max = WORDS_MAX };
	if (!json && body && len > 0)
		ret->said = parse(body, len);
	else
		ret->said = json_incref((json_t *)(uintptr_t)json);
	if (ret->said) {
		ret->form = FORM_JSON;
		read_json(ret, ret->said);
	} else if (body) {
		read_body(ret, content_type, body, len);
	}
	ret->words.failed = false;
}
