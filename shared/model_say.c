#include "shared/model_say.h"

#include <string.h>

#include "shared/model_list.h"

#define NOTE_MAX 2048
#define DISTANCE_MAX 2		/* of a name that was mistyped */
#define SPELLED_MIN 4		/* letters that tell a name within another */
#define DISTANCE_CHARS 48	/* longer names are not compared so */

/* How far an offer for an ambiguous name is off. */
enum { GOES_ON, OTHER_VERSION, HOLDS_WORDS, SAME_FAMILY };

/* One of those that may be offered. */
struct offer {
	const char *id;		/* of the list; NULL: a known model's */
	const struct model *model;
	const char *family;
	const char *key;
	size_t key_len;
	const char *folded;	/* of the id; or NULL */
};

/* What is looked for, and what was found, by how far it is off. */
struct search {
	const struct model_names *names;
	const struct model_name *name;
	bool spelled;		/* `name` could be read */
	enum model_state state;
	const char *family;
	size_t off[MODEL_CANDIDATES_MAX];
	struct model_candidates *found;
};

/* ---- how far off ---- */

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Letters to change, add or leave out, up to DISTANCE_MAX; else one more. */
static size_t distance(const char *a, size_t na, const char *b, size_t nb)
{
	size_t row[DISTANCE_CHARS + 1];

	if (na > DISTANCE_CHARS || nb > DISTANCE_CHARS ||
	    (na > nb ? na - nb : nb - na) > DISTANCE_MAX)
		return DISTANCE_MAX + 1;
	for (size_t j = 0; j <= nb; j++)
		row[j] = j;
	for (size_t i = 1; i <= na; i++) {
		size_t corner = row[0], best = row[0] = i;

		for (size_t j = 1; j <= nb; j++) {
			size_t above = row[j];

			row[j] = least(corner + (a[i - 1] != b[j - 1]),
				       least(above, row[j - 1]) + 1);
			corner = above;
			best = least(best, row[j]);
		}
		if (best > DISTANCE_MAX)
			return DISTANCE_MAX + 1;
	}
	return row[nb];
}

static size_t common(const char *a, size_t na, const char *b, size_t nb)
{
	size_t n = 0;

	while (n < na && n < nb && a[n] == b[n])
		n++;
	return n;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || is_digit(c);
}

/* "v3" in "deepseek-v3", but not "max" in "minimax": from a word's beginning. */
static bool holds_words(const struct model_text *folded, const char *text,
			size_t len)
{
	for (size_t from = 0; from < folded->len; from++) {
		size_t at = from, n = 0;

		if (from > 0 && is_letter(folded->text[from - 1]) &&
		    is_digit(folded->text[from - 1]) ==
		    is_digit(folded->text[from]))
			continue;
		for (; at < folded->len && n < len; at++) {
			char c = folded->text[at];

			if (c == text[n] || (c == '-' && text[n] == '.'))
				n++;
			else if (c != '-')
				break;
		}
		if (n == len)
			return true;
	}
	return false;
}

/* As it is written, without what stands between its words. */
static bool is_spelled_in(const struct offer *offer, const char *text,
			  size_t len)
{
	struct model_text folded;

	if (offer->model)
		return model_text_fold(offer->model->name,
				       strlen(offer->model->name), &folded) &&
		       holds_words(&folded, text, len);
	if (!offer->folded)
		return false;
	folded.len = strlen(offer->folded);
	memcpy(folded.text, offer->folded, folded.len);
	return holds_words(&folded, text, len);
}

/* What a name that is not clear may mean. */
static bool may_mean(const struct search *search, const struct offer *offer,
		     size_t same, size_t *ret_off)
{
	const struct model_name *name = search->name;
	size_t said = name->len - name->head;

	*ret_off = HOLDS_WORDS;
	if (!search->family)
		return is_spelled_in(offer, name->raw, name->raw_len);
	if (!offer->family || strcmp(offer->family, search->family) != 0)
		return false;
	if (said > 0 && same == name->len)
		*ret_off = offer->key[same] == '.' ? OTHER_VERSION : GOES_ON;
	else if (said == 0 ||
		 !is_spelled_in(offer, name->key + name->head, said))
		*ret_off = SAME_FAMILY;
	return true;
}

/* How far the offer is off; false: it is none. */
static bool is_offer(const struct search *search, const struct offer *offer,
		     size_t *ret_off)
{
	const struct model_name *name = search->name;
	size_t same;

	if (!search->spelled)
		return false;
	/* The whole name, with something around it. */
	if (offer->id && !offer->family && name->len >= SPELLED_MIN &&
	    (is_spelled_in(offer, name->key, name->len) ||
	     is_spelled_in(offer, name->raw, name->raw_len))) {
		*ret_off = GOES_ON;
		return true;
	}
	same = common(offer->key, offer->key_len, name->key, name->len);
	if (search->state == MODEL_AMBIGUOUS)
		return may_mean(search, offer, same, ret_off);
	*ret_off = name->len - same;
	if (search->family)
		return offer->family &&
		       strcmp(offer->family, search->family) == 0;
	*ret_off = distance(offer->key, offer->key_len, name->key, name->len);
	return *ret_off <= DISTANCE_MAX;
}

/* ---- the nearest few ---- */

/* Put it behind those that are as near, which came before. */
static void insert(struct search *search, const struct offer *offer,
		   size_t off)
{
	struct model_candidates *found = search->found;
	size_t at = found->count;

	while (at > 0 && search->off[at - 1] > off)
		at--;
	if (at == MODEL_CANDIDATES_MAX)
		return;
	if (found->count < MODEL_CANDIDATES_MAX)
		found->count++;
	for (size_t i = found->count - 1; i > at; i--) {
		found->ids[i] = found->ids[i - 1];
		search->off[i] = search->off[i - 1];
	}
	found->ids[at] = offer->model ? offer->model->name : offer->id;
	search->off[at] = off;
}

static void search_list(struct search *search)
{
	const struct model_names *names = search->names;
	size_t off;

	for (size_t i = 0; i < names->count; i++) {
		const struct model_listed *row = &names->listed[i];
		const struct offer offer = { row->id, NULL, row->family,
					     row->key, row->key_len,
					     row->folded };

		if (is_offer(search, &offer, &off))
			insert(search, &offer, off);
	}
}

/* Known models, but for those that are withdrawn. */
static void search_known(struct search *search)
{
	size_t count, off;
	const struct model *models = model_known_all(&count);

	for (size_t i = 0; i < count; i++) {
		const struct model *model = &models[i];
		const struct offer offer = { NULL, model, model->family,
					     model->key, model->key_len,
					     NULL };

		if (is_offer(search, &offer, &off) &&
		    !model_endpoint_retired(search->names->at, model->key,
					    model->key_len))
			insert(search, &offer, off);
	}
	/* Models have other names at some endpoints. */
	for (size_t i = 0; i < search->found->count; i++) {
		const struct model *model =
			model_known_by_name(search->found->ids[i]);

		model_endpoint_id(search->names->at, model,
				  search->found->text[i]);
		search->found->ids[i] = search->found->text[i];
	}
}

/* What has only the family in common is no offer where something fits. */
static void drop_distant(struct search *search)
{
	struct model_candidates *found = search->found;

	if (search->state != MODEL_AMBIGUOUS || found->count == 0 ||
	    search->off[0] >= HOLDS_WORDS)
		return;
	while (search->off[found->count - 1] >= HOLDS_WORDS)
		found->count--;
}

/* "auto", "latest": nothing is called so, and anything may be meant. */
static void offer_first(struct search *search)
{
	const struct model_names *names = search->names;
	struct model_candidates *found = search->found;

	if (search->state != MODEL_AMBIGUOUS || found->count > 0)
		return;
	for (size_t i = 0; i < names->count && i < MODEL_CANDIDATES_MAX; i++)
		found->ids[found->count++] = names->listed[i].id;
}

static bool is_said(const struct model_names *names)
{
	return names->count > 0 || strcmp(names->at->id, "-") != 0;
}

void model_candidates(const struct model_names *names, const char *asked,
		      size_t len, const struct model_result *result,
		      struct model_candidates *ret)
{
	struct model_name name;
	struct search search = {
		.names = names, .name = &name, .state = result->state,
		.family = result->family, .found = ret,
	};

	ret->count = 0;
	if (result->state != MODEL_AMBIGUOUS &&
	    result->state != MODEL_UNKNOWN) {
		if (result->wire &&
		    (is_said(names) || result->state == MODEL_RETIRED))
			ret->ids[ret->count++] = result->wire;
		return;
	}
	search.spelled = model_name_parse(asked, len, &name);
	if (names->count > 0)
		search_list(&search);
	else
		search_known(&search);
	drop_distant(&search);
	offer_first(&search);
}

/* ---- notes ---- */

static void add_list(struct buf *note, const struct model_candidates *found,
		     const char *between)
{
	for (size_t i = 0; i < found->count; i++)
		buf_addf(note, "%s%s", i ? between : "", found->ids[i]);
}

static void corrected_zh(struct buf *note, const struct model_result *result,
			 const char *asked)
{
	buf_addf(note, "“%s” 已更正为 “%s”。", asked, result->wire);
}

static void retired_zh(struct buf *note, const struct model_result *result,
		       const char *asked)
{
	const struct model_retired *row = result->retired;

	buf_addf(note, "“%s” 已下线", asked);
	if (row->date)
		buf_addf(note, "（%s）", row->date);
	if (result->wire)
		buf_addf(note, "，可改用 “%s”；不会自动替换。",
			 result->wire);
	else
		buf_adds(note, "，供应商没有指定替代模型。");
}

static void note_zh(struct buf *note, const struct model_result *result,
		    const char *asked, const struct model_candidates *found)
{
	if (result->state == MODEL_CORRECTED)
		corrected_zh(note, result, asked);
	if (result->state == MODEL_RETIRED)
		retired_zh(note, result, asked);
	if (result->state == MODEL_AMBIGUOUS)
		buf_addf(note, "“%s” 不明确，请写明型号和版本。", asked);
	if (result->state == MODEL_UNKNOWN)
		buf_addf(note, result->unlisted
			 ? "供应商的列表中没有 “%s”。"
			 : "没有名为 “%s” 的模型，"
			   "不会换成相近的版本。", asked);
	if ((result->state == MODEL_AMBIGUOUS ||
	     result->state == MODEL_UNKNOWN) && found->count > 0) {
		buf_adds(note, result->state == MODEL_AMBIGUOUS
			 ? "可选：" : "相近的有：");
		add_list(note, found, "、");
		buf_adds(note, "。");
	}
	if (*result->level && !result->level_kept && result->wire)
		buf_addf(note, "推理级别 (%s) 不是名称的一部分，已略去。",
			 result->level);
}

static void retired_en(struct buf *note, const struct model_result *result,
		       const char *asked)
{
	const struct model_retired *row = result->retired;

	buf_addf(note, "\"%s\" is retired", asked);
	if (row->date)
		buf_addf(note, " (%s)", row->date);
	if (result->wire)
		buf_addf(note, ": \"%s\" can be used instead. It is not put in"
			 " by itself.", result->wire);
	else
		buf_adds(note, ", and no replacement is named.");
}

static void note_en(struct buf *note, const struct model_result *result,
		    const char *asked, const struct model_candidates *found)
{
	if (result->state == MODEL_CORRECTED)
		buf_addf(note, "\"%s\" was corrected to \"%s\".", asked,
			 result->wire);
	if (result->state == MODEL_RETIRED)
		retired_en(note, result, asked);
	if (result->state == MODEL_AMBIGUOUS)
		buf_addf(note, "\"%s\" is ambiguous: name the model and its"
			 " version.", asked);
	if (result->state == MODEL_UNKNOWN)
		buf_addf(note, result->unlisted
			 ? "The provider does not list \"%s\"."
			 : "No model is known as \"%s\"; no version near it is"
			   " taken instead.", asked);
	if ((result->state == MODEL_AMBIGUOUS ||
	     result->state == MODEL_UNKNOWN) && found->count > 0) {
		buf_adds(note, result->state == MODEL_AMBIGUOUS
			 ? " It may be: " : " Near it are: ");
		add_list(note, found, ", ");
		buf_adds(note, ".");
	}
	if (*result->level && !result->level_kept && result->wire)
		buf_addf(note, " The reasoning level (%s) is no part of a name"
			 " and was left out.", result->level);
}

static void write_notes(struct jout *out, const struct model_result *result,
			const char *asked,
			const struct model_candidates *found)
{
	CLEANUP(buf_done) struct buf zh = { .max = NOTE_MAX };
	CLEANUP(buf_done) struct buf en = { .max = NOTE_MAX };

	note_zh(&zh, result, asked, found);
	note_en(&en, result, asked, found);
	if (zh.len == 0) {
		jout_null(out, "note_zh");
		jout_null(out, "note_en");
		return;
	}
	jout_str(out, "note_zh", buf_str(&zh));
	jout_str(out, "note_en", buf_str(&en) + (*buf_str(&en) == ' '));
}

void model_result_write(struct jout *out, const char *name,
			const struct model_names *names, const char *asked,
			size_t len, const struct model_result *result)
{
	struct model_candidates found;
	AUTO_FREE char *shown = xstrndup(asked, len < MODEL_NAME_MAX
					 ? len : MODEL_NAME_MAX);

	model_candidates(names, asked, len, result, &found);
	jout_object(out, name);
	jout_strn(out, "input", asked, len);
	jout_str(out, "state", model_state_name(result->state));
	jout_str(out, "canonical", result->canonical);
	jout_str(out, "family", result->family);
	jout_str(out, "wire", result->wire);
	jout_array(out, "candidates");
	for (size_t i = 0; i < found.count; i++)
		jout_str(out, NULL, found.ids[i]);
	jout_array_end(out);
	write_notes(out, result, shown, &found);
	jout_object_end(out);
}
