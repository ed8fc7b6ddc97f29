#include "shared/explain.h"

#include <string.h>

#include "shared/explain_parts.h"

static const char *const tone_names[] = {
	[EXPLAIN_GOOD]		= "good",
	[EXPLAIN_BUSY]		= "busy",
	[EXPLAIN_WARNING]	= "warning",
	[EXPLAIN_BAD]		= "bad",
	[EXPLAIN_QUIET]		= "quiet",
};
TABLE_ENUM_DEFINE(explain_tone, tone_names, EXPLAIN_TONE__MAX);

static const char *const actor_names[] = {
	[EXPLAIN_NOBODY]	= "nobody",
	[EXPLAIN_CRM]		= "crm",
	[EXPLAIN_OPERATOR]	= "operator",
	[EXPLAIN_PROVIDER]	= "provider",
};
TABLE_ENUM_DEFINE(explain_actor, actor_names, EXPLAIN_ACTOR__MAX);

static const char *const by_names[] = {
	[EXPLAIN_BY_NOBODY]	= "nobody",
	[EXPLAIN_BY_PROVIDER]	= "provider",
	[EXPLAIN_BY_HOST]	= "host",
};
TABLE_ENUM_DEFINE(explain_by, by_names, EXPLAIN_BY__MAX);

static const char *const part_names[] = {
	[EXPLAIN_EVIDENCE]	= "evidence",
	[EXPLAIN_DONE]		= "done",
	[EXPLAIN_NOTE]		= "note",
	[EXPLAIN_HELP]		= "help",
};
TABLE_ENUM_DEFINE(explain_part, part_names, EXPLAIN_PART__MAX);

void explanation_done(struct explanation *explanation)
{
	struct explanation *e = explanation;

	for (size_t i = 0; i < e->nlines; i++)
		free(e->lines[i].text);
	free(e->lines);
	free(e->id);
	free(e->state);
	free(e->badge);
	free(e->name);
	free(e->headline);
	free(e->class);
	free(e->why);
	free(e->quote);
	free(e->proof);
	free(e->proof_id);
	free(e->next);
	*e = (struct explanation){ 0 };
}

void explain_begin(struct explanation *ret, const char *kind, const char *id,
		   const char *lang, int64_t now)
{
	explanation_done(ret);
	ret->kind = kind;
	ret->id = xstrdup(id);
	ret->lang = say_is_zh(lang) ? "zh" : "en";
	ret->at = now;
	ret->why = xstrdup("");
	ret->next = xstrdup("");
}

void explain_state(struct explanation *ret, enum explain_state state)
{
	const struct explain_state_words *words = explain_state_words(state);

	own_set(&ret->state, words->name);
	own_set(&ret->badge, say_in(ret->lang, &words->badge));
	ret->tone = words->tone;
}

void explain_line(struct explanation *ret, enum explain_part part, char *text)
{
	if (!text || *text == '\0') {
		free(text);
		return;
	}
	ret->lines = xrealloc(ret->lines,
			      (ret->nlines + 1) * sizeof(*ret->lines));
	ret->lines[ret->nlines++] = (struct explain_line){
		.part = part, .text = text,
	};
}

char *explain_fill(const char *lang, const struct said *said,
		   const struct say_word *words)
{
	struct buf out = { .max = EXPLAIN_TEXT_MAX };

	say(&out, say_in(lang, said), words);
	return buf_take(&out);
}

void explain_said(struct explanation *ret, enum explain_part part,
		  const struct said *said, const struct say_word *words)
{
	explain_line(ret, part, explain_fill(ret->lang, said, words));
}

void explain_help(struct explanation *ret, enum failure class,
		  const struct say_word *words)
{
	const struct explain_commands *commands = explain_commands(class);

	if (!commands || !commands->instead)
		explain_line(ret, EXPLAIN_HELP,
			     explain_remedy(ret->lang, class));
	if (commands)
		explain_said(ret, EXPLAIN_HELP, &commands->how, words);
}

int explain_any(struct db *db, const char *id, const char *lang, int64_t now,
		struct explanation *ret, struct err *err)
{
	static const struct {
		const char *prefix;
		int (*explain)(struct db *db, const char *id,
			       const char *lang, int64_t now,
			       struct explanation *ret, struct err *err);
	} kinds[] = {
		{ "itm_", explain_item },
		{ "acc_", explain_access },
		{ "hst_", explain_host },
	};

	for (size_t i = 0; i < COUNT(kinds); i++)
		if (strncmp(id, kinds[i].prefix,
			    strlen(kinds[i].prefix)) == 0)
			return kinds[i].explain(db, id, lang, now, ret, err);
	return err_set(err, ERR_NOT_FOUND, "nothing of the id %.40s can be"
		       " explained", id);
}

static const struct {
	struct said about, id, state, since, actor, why, proof, next;
} heads = {
	.about = { "对象：", "About:  " },
	.id = { "编号：", "Id:     " },
	.state = { "状态：", "State:  " },
	.since = { "，自 {when}起", ", since {when}" },
	.actor = { "处理：", "To act: " },
	.why = { "原因", "Why" },
	.proof = { "最近一次成功的验证", "The last good proof" },
	.next = { "接下来", "What comes next" },
};

static void add_head(struct buf *out, const struct explanation *e,
		     const struct said *label, const char *text)
{
	buf_addf(out, "%s%s\n", say_in(e->lang, label), text);
}

static void add_state(struct buf *out, const struct explanation *e)
{
	char when[SAY_TIME_MAX];
	const struct say_word words[] = {
		{ "when", say_when(e->lang, e->since, e->at, when) }, { 0 },
	};

	buf_addf(out, "%s%s", say_in(e->lang, &heads.state), e->badge);
	if (e->since)
		say(out, say_in(e->lang, &heads.since), words);
	buf_adds(out, "\n");
}

static void add_block(struct buf *out, const struct explanation *e,
		      const struct said *title, const char *text)
{
	if (text && *text)
		buf_addf(out, "\n%s\n  %s\n", say_in(e->lang, title), text);
}

static const struct said quote_lines[] = {
	[EXPLAIN_BY_NOBODY] = { "  详情：{text}\n", "  Detail: {text}\n" },
	[EXPLAIN_BY_PROVIDER] = { "  供应商原话：“{text}”\n",
		"  The provider's own words: \"{text}\"\n" },
	[EXPLAIN_BY_HOST] = { "  主机原话：“{text}”\n",
		"  The host's own words: \"{text}\"\n" },
};
_Static_assert(COUNT(quote_lines) == EXPLAIN_BY__MAX, "a line for each");

static void add_why(struct buf *out, const struct explanation *e)
{
	const struct say_word words[] = { { "text", e->quote }, { 0 } };

	add_block(out, e, &heads.why, e->why);
	if (*e->why && e->quote)
		say(out, say_in(e->lang, &quote_lines[e->quote_by]), words);
}

static void add_part(struct buf *out, const struct explanation *e,
		     enum explain_part part)
{
	bool begun = false;

	for (size_t i = 0; i < e->nlines; i++) {
		if (e->lines[i].part != part)
			continue;
		if (!begun)
			buf_addf(out, "\n%s\n", say_in(e->lang,
					explain_part_words(part)));
		begun = true;
		buf_addf(out, "  - %s\n", e->lines[i].text);
	}
}

char *explanation_text(const struct explanation *explanation)
{
	const struct explanation *e = explanation;
	struct buf out = { .max = 8 * EXPLAIN_TEXT_MAX };

	buf_addf(&out, "%s\n\n", e->headline);
	add_head(&out, e, &heads.about, e->name);
	add_head(&out, e, &heads.id, e->id);
	add_state(&out, e);
	add_head(&out, e, &heads.actor,
		 say_in(e->lang, explain_actor_words(e->actor)));
	add_why(&out, e);
	add_part(&out, e, EXPLAIN_EVIDENCE);
	add_block(&out, e, &heads.proof, e->proof);
	add_part(&out, e, EXPLAIN_DONE);
	add_block(&out, e, &heads.next, e->next);
	add_part(&out, e, EXPLAIN_NOTE);
	add_part(&out, e, EXPLAIN_HELP);
	return buf_take(&out);
}

static void write_lines(struct jout *out, const struct explanation *e)
{
	jout_array(out, "lines");
	for (size_t i = 0; i < e->nlines; i++) {
		jout_object(out, NULL);
		jout_str(out, "part", explain_part_name(e->lines[i].part));
		jout_str(out, "text", e->lines[i].text);
		jout_object_end(out);
	}
	jout_array_end(out);
}

void explanation_write(struct jout *out, const char *name,
		       const struct explanation *explanation)
{
	const struct explanation *e = explanation;
	AUTO_FREE char *text = explanation_text(e);

	jout_object(out, name);
	jout_str(out, "kind", e->kind);
	jout_str(out, "id", e->id);
	jout_str(out, "lang", e->lang);
	jout_str(out, "state", e->state);
	jout_str(out, "badge", e->badge);
	jout_str(out, "tone", explain_tone_name(e->tone));
	jout_str(out, "headline", e->headline);
	jout_str(out, "name", e->name);
	jout_str(out, "class", e->class);
	jout_time(out, "at", e->at);
	jout_time(out, "since", e->since);
	jout_str(out, "why", e->why);
	jout_str(out, "quote", e->quote);
	jout_str(out, "quote_by", e->quote ? explain_by_name(e->quote_by)
					   : NULL);
	jout_str(out, "proof", e->proof);
	jout_str(out, "proof_id", e->proof_id);
	jout_str(out, "next", e->next);
	jout_time(out, "next_at", e->next_at);
	jout_str(out, "actor", explain_actor_name(e->actor));
	jout_str(out, "actor_text",
		 say_in(e->lang, explain_actor_words(e->actor)));
	write_lines(out, e);
	jout_str(out, "text", text);
	jout_object_end(out);
}
