#include "shared/conformance.h"

#include <stdio.h>
#include <string.h>

#include "shared/api_root.h"
#include "shared/buf.h"
#include "shared/model_listing.h"
#include "shared/models_answer.h"
#include "shared/redact.h"

#define SEEN_MAX 400

static const char *const verdict_names[] = {
	[CONFORM_OK]	  = "ok",
	[CONFORM_DIFFERS] = "differs",
	[CONFORM_UNKNOWN] = "unknown",
};
TABLE_ENUM_DEFINE(conform_verdict, verdict_names, CONFORM__MAX);

static const struct {
	enum try try;
	bool list, wrong_key;
} asks[] = {
	[CONFORM_LIST]	     = { .list = true },
	[CONFORM_LIST_WRONG] = { .list = true, .wrong_key = true },
	[CONFORM_STREAM]     = { TRY_STREAM },
	[CONFORM_CHAT]	     = { TRY_CHAT },
	[CONFORM_TOOLS]	     = { TRY_TOOLS },
	[CONFORM_JSON_MODE]  = { TRY_JSON_MODE },
	[CONFORM_WRONG]	     = { TRY_CHAT, .wrong_key = true },
	[CONFORM_RESPONSES]  = { TRY_RESPONSES },
};
_Static_assert(COUNT(asks) == CONFORM_ASK__MAX, "describe each");

void conformance_init(struct conformance *ret, const json_t *expected,
		      const char *base_url)
{
	char *root;

	*ret = (struct conformance){ .expected = expected };
	while ((root = api_root(base_url, ret->roots))) {
		ret->roots++;
		free(root);
	}
}

void conformance_done(struct conformance *conformance)
{
	for (size_t i = 0; i < CONFORM_ASK__MAX; i++)
		json_decref(conformance->seen[i].listed);
	*conformance = (struct conformance){ 0 };
}

/* ---- what to ask ---- */

/* NULL if nothing is expected. */
static const char *expectation(const struct conformance *c, const char *name)
{
	const char *text = json_string_value(json_object_get(c->expected,
							     name));

	return text && strcmp(text, "any") != 0 ? text : NULL;
}

static bool expects(const struct conformance *c, const char *name,
		    const char *what)
{
	const char *text = expectation(c, name);

	return text && strcmp(text, what) == 0;
}

static const json_t *list_of(const struct conformance *c, const char *name)
{
	const json_t *list = json_object_get(c->expected, name);

	return json_array_size(list) > 0 ? list : NULL;
}

static bool is_served(const struct conformance *c, enum conform_ask ask)
{
	return c->seen[ask].done && c->seen[ask].tried.served;
}

static bool chats(const struct conformance *c)
{
	return is_served(c, CONFORM_STREAM) || is_served(c, CONFORM_CHAT) ||
	       is_served(c, CONFORM_TOOLS) || is_served(c, CONFORM_JSON_MODE);
}

/*
 * A stream shows chat as well.  Where only /responses is expected it is asked
 * all the same: without it a refusal could be the key's.
 */
static bool wants(const struct conformance *c, enum conform_ask ask)
{
	bool responses = expectation(c, "responses");

	switch (ask) {
	case CONFORM_LIST:
		return expectation(c, "models") || list_of(c, "must_list");
	case CONFORM_LIST_WRONG:
		return expects(c, "models", "public");
	case CONFORM_STREAM:
		return expectation(c, "stream") || expectation(c, "chat") ||
		       expectation(c, "reasoning") || responses;
	case CONFORM_CHAT:
		return !chats(c) && (expectation(c, "chat") || responses);
	case CONFORM_TOOLS:
		return expectation(c, "tools");
	case CONFORM_JSON_MODE:
		return expectation(c, "json_mode");
	case CONFORM_WRONG:
		return list_of(c, "error_key_status");
	case CONFORM_RESPONSES:
		return responses;
	default:
		return false;
	}
}

/* A limit holds for every key of this machine, a bad key for itself. */
static bool may_ask(const struct conformance *c, enum conform_ask ask)
{
	return c->stopped == FAILURE_NONE ||
	       (asks[ask].wrong_key && c->stopped != FAILURE_RATE_LIMITED);
}

bool conformance_next(const struct conformance *conformance,
		      struct conform_question *ret)
{
	for (int i = 0; i < CONFORM_ASK__MAX; i++) {
		enum conform_ask ask = (enum conform_ask)i;
		const struct conform_seen *seen = &conformance->seen[i];

		if (seen->done || !wants(conformance, ask) ||
		    !may_ask(conformance, ask))
			continue;
		*ret = (struct conform_question){
			.ask = ask, .try = asks[i].try, .list = asks[i].list,
			.wrong_key = asks[i].wrong_key,
			.generous = conformance->generous,
			.root = asks[i].list ? conformance->list_root
					     : conformance->chat_root,
		};
		return true;
	}
	return false;
}

/* ---- what was seen ---- */

static void say_finding(struct tried *tried,
			const struct verdict_answer *answer)
{
	const struct finding finding = verdict_of(answer);
	AUTO_FREE char *words = redact_text(*finding.text ? finding.text
							  : finding.code,
					    PROFILE_WORDS_MAX);

	snprintf(tried->words, sizeof(tried->words), "%s", words);
}

static void take_list(struct conform_seen *seen,
		      const struct verdict_answer *answer)
{
	json_t *listed = NULL;

	seen->tried = (struct tried){ .status = answer->status };
	seen->tried.class = models_answer_read(answer, &listed);
	seen->tried.served = seen->tried.class == FAILURE_NONE;
	json_decref(seen->listed);
	seen->listed = listed;
	if (!seen->tried.served)
		say_finding(&seen->tried, answer);
}

/* Once more, where the paths may stand, or with more tokens? */
static bool asks_again(struct conformance *c,
		       const struct conform_question *question,
		       struct conform_seen *seen)
{
	bool first = question->root + 1 < c->roots &&
		     api_root_tries_next(seen->tried.class);

	if (question->list && first) {
		c->list_root++;
		return true;
	}
	if (question->list || question->wrong_key)
		return false;
	if (first && !chats(c) && question->ask != CONFORM_RESPONSES) {
		c->chat_root++;
		return true;
	}
	if (seen->tried.cut && !question->generous) {
		c->generous = true;
		return true;
	}
	return false;
}

void conformance_take(struct conformance *conformance,
		      const struct conform_question *question,
		      const struct verdict_answer *answer, int64_t ms)
{
	struct conform_seen *seen = &conformance->seen[question->ask];

	conformance->requests++;
	seen->asked = true;
	seen->ms = ms;
	if (question->list)
		take_list(seen, answer);
	else
		try_judge(answer, question->try, question->generous,
			  &seen->tried);
	seen->done = !asks_again(conformance, question, seen);
	if (seen->done && !question->list && !question->wrong_key &&
	    try_stops(&seen->tried, chats(conformance)))
		conformance->stopped = seen->tried.class == FAILURE_NONE
				       ? FAILURE_RATE_LIMITED
				       : seen->tried.class;
}

/* ---- what it comes to ---- */

/* One line of the table while it is made. */
struct row {
	const char *name;
	const struct conform_seen *seen;	/* or NULL */
	enum conform_verdict verdict;
	struct buf words;
};

static void row_done(struct row *row)
{
	buf_done(&row->words);
}

static void say(struct row *row, const char *words)
{
	buf_addf(&row->words, "%s%s", row->words.len ? "; " : "", words);
}

/* Why it was not asked, or what came instead of what was wanted. */
static void say_why(struct row *row, const struct conformance *c)
{
	const struct tried *tried = &row->seen->tried;

	if (!row->seen->asked) {
		buf_addf(&row->words, "not asked: %s", c->stopped
			 ? failure_name(c->stopped) : "nothing led to it");
		return;
	}
	if (tried->class != FAILURE_NONE)
		say(row, failure_name(tried->class));
	if (*tried->words)
		say(row, tried->words);
}

static enum conform_verdict compare(bool expected, enum capable is)
{
	if (is == CAPABLE_UNKNOWN)
		return CONFORM_UNKNOWN;
	return expected == (is == CAPABLE_YES) ? CONFORM_OK : CONFORM_DIFFERS;
}

/* There is no such path, whoever asks. */
static bool is_absent(const struct tried *tried)
{
	return tried->refused && (tried->status == 404 ||
				  tried->status == 405 ||
				  tried->status == 501);
}

/* A refused path is a "no" if it is none, or the key was served elsewhere. */
static enum capable settled(const struct tried *tried, bool elsewhere)
{
	if (tried->is != CAPABLE_UNKNOWN || !tried->refused)
		return tried->is;
	return is_absent(tried) || elsewhere ? CAPABLE_NO : CAPABLE_UNKNOWN;
}

static void judge_capable(struct row *row, const struct conformance *c,
			  enum capable is)
{
	row->verdict = compare(expects(c, row->name, "yes"), is);
	if (is != CAPABLE_UNKNOWN)
		say(row, capable_name(is));
	if (is != CAPABLE_YES)
		say_why(row, c);
}

static void judge_chat(struct row *row, const struct conformance *c)
{
	bool elsewhere = is_served(c, CONFORM_RESPONSES);

	row->seen = &c->seen[c->seen[CONFORM_CHAT].asked ? CONFORM_CHAT
							 : CONFORM_STREAM];
	judge_capable(row, c, chats(c) ? CAPABLE_YES
		      : settled(&row->seen->tried, elsewhere));
}

static void judge_try(struct row *row, const struct conformance *c)
{
	bool elsewhere = row->seen == &c->seen[CONFORM_RESPONSES]
			 ? chats(c) : is_served(c, CONFORM_RESPONSES);

	judge_capable(row, c, settled(&row->seen->tried, elsewhere));
}

/* That it did not think aloud once is no proof that it never does. */
static void judge_reasoning(struct row *row, const struct conformance *c)
{
	bool thought = false;

	for (size_t i = 0; i < CONFORM_ASK__MAX; i++)
		thought = thought || c->seen[i].tried.thought;
	if (thought)
		say(row, "it thought");
	else if (chats(c))
		say(row, "it did not think aloud");
	else
		say_why(row, c);
	if (thought || !chats(c))
		row->verdict = compare(expects(c, "reasoning", "yes"), thought
				       ? CAPABLE_YES : CAPABLE_UNKNOWN);
	else
		row->verdict = expects(c, "reasoning", "no")
			       ? CONFORM_OK : CONFORM_UNKNOWN;
}

/* It wants a key, and took ours elsewhere. */
static bool is_list_refused(const struct conformance *c,
			    const struct tried *tried)
{
	return chats(c) && (tried->status == 401 || tried->status == 403);
}

static void judge_listed(struct row *row, const struct conformance *c)
{
	const struct tried *tried = &c->seen[CONFORM_LIST].tried;
	bool absent = tried->class == FAILURE_ENDPOINT_UNSUPPORTED ||
		      is_list_refused(c, tried);

	if (tried->served)
		buf_addf(&row->words, "%zu models",
			 json_array_size(c->seen[CONFORM_LIST].listed));
	else
		say_why(row, c);
	if (tried->served || absent)
		row->verdict = tried->served == expects(c, "models", "listed")
			       ? CONFORM_OK : CONFORM_DIFFERS;
}

static void judge_models(struct row *row, const struct conformance *c)
{
	const struct tried *tried = &c->seen[CONFORM_LIST_WRONG].tried;

	row->seen = &c->seen[CONFORM_LIST];
	if (!expects(c, "models", "public")) {
		judge_listed(row, c);
		return;
	}
	row->seen = &c->seen[CONFORM_LIST_WRONG];
	if (tried->served)
		say(row, "listed for a wrong key, too");
	else
		say_why(row, c);
	if (tried->served)
		row->verdict = CONFORM_OK;
	else if (tried->status >= 400 && tried->status < 429)
		row->verdict = CONFORM_DIFFERS;
}

static void judge_must_list(struct row *row, const struct conformance *c)
{
	const json_t *name, *listed = c->seen[CONFORM_LIST].listed;
	size_t i, missing = 0;

	row->seen = &c->seen[CONFORM_LIST];
	if (!listed) {
		say_why(row, c);
		return;
	}
	json_array_foreach(list_of(c, "must_list"), i, name)
		if (!model_listing_has(listed, json_string_value(name)))
			buf_addf(&row->words, "%s%s", missing++ ? ", "
				 : "not listed: ", json_string_value(name));
	if (missing == 0)
		say(row, "listed");
	row->verdict = missing ? CONFORM_DIFFERS : CONFORM_OK;
}

static void judge_wrong_key(struct row *row, const struct conformance *c)
{
	const json_t *status;
	size_t i;

	row->seen = &c->seen[CONFORM_WRONG];
	say_why(row, c);
	if (row->seen->tried.served)
		say(row, "served a key that is wrong");
	if (row->seen->tried.status == 0 || row->seen->tried.status >= 429)
		return;
	row->verdict = CONFORM_DIFFERS;
	json_array_foreach(list_of(c, "error_key_status"), i, status)
		if (json_integer_value(status) == row->seen->tried.status)
			row->verdict = CONFORM_OK;
}

static const struct {
	const char *name;
	enum conform_ask ask;
	bool list;		/* an array; else a word */
	void (*judge)(struct row *row, const struct conformance *c);
} rows[] = {
	{ "models",    CONFORM_LIST,	  false, judge_models },
	{ "must_list", CONFORM_LIST,	  true,	 judge_must_list },
	{ "chat",      CONFORM_CHAT,	  false, judge_chat },
	{ "stream",    CONFORM_STREAM,	  false, judge_try },
	{ "tools",     CONFORM_TOOLS,	  false, judge_try },
	{ "json_mode", CONFORM_JSON_MODE, false, judge_try },
	{ "reasoning", CONFORM_STREAM,	  false, judge_reasoning },
	{ "responses", CONFORM_RESPONSES, false, judge_try },
	{ "error_key_status", CONFORM_WRONG, true, judge_wrong_key },
};

static json_t *row_json(const struct conformance *c, const struct row *row)
{
	AUTO_FREE char *words = redact_text(buf_str(&row->words), SEEN_MAX);
	json_t *json = json_object();

	json_object_set_new(json, "expectation", json_string(row->name));
	json_object_set_new(json, "expected", json_deep_copy(
		json_object_get(c->expected, row->name)));
	json_object_set_new(json, "status",
			    json_integer(row->seen->tried.status));
	json_object_set_new(json, "seen", json_string(words));
	json_object_set_new(json, "verdict", json_string(
		conform_verdict_name(row->verdict)));
	json_object_set_new(json, "ms", json_integer(row->seen->ms));
	return json;
}

static enum conform_verdict worse(enum conform_verdict a,
				  enum conform_verdict b)
{
	if (a == CONFORM_DIFFERS || b == CONFORM_DIFFERS)
		return CONFORM_DIFFERS;
	return a == CONFORM_UNKNOWN ? a : b;
}

json_t *conformance_rows(const struct conformance *conformance,
			 enum conform_verdict *ret_worst)
{
	json_t *list = json_array();

	*ret_worst = CONFORM_OK;
	for (size_t i = 0; i < COUNT(rows); i++) {
		CLEANUP(row_done) struct row row = {
			rows[i].name, &conformance->seen[rows[i].ask],
			CONFORM_UNKNOWN, { .max = SEEN_MAX }
		};

		if (rows[i].list ? !list_of(conformance, row.name)
				 : !expectation(conformance, row.name))
			continue;
		rows[i].judge(&row, conformance);
		json_array_append_new(list, row_json(conformance, &row));
		*ret_worst = worse(*ret_worst, row.verdict);
	}
	return list;
}
