/*
 * What names mean, whoever serves the model: every row of the tables, and
 * what must hold for names that stand in none.
 */
#include "tests/unit/model_rows.h"

#include "shared/model_known.h"
#include "shared/table.h"

#define DATA "tests/data/providers/"

static void check_alias(char *const cells[ROW_CELLS])
{
	struct model_result result;

	resolve(cells[0], &result);
	if (!result.canonical || !result.family ||
	    strcmp(result.canonical, cells[2]) != 0 ||
	    strcmp(result.family, cells[1]) != 0)
		fail_msg("%s is %s of %s, not %s", cells[0],
			 result.canonical ? result.canonical : "-",
			 result.family ? result.family : "-", cells[2]);
	assert_true(result.state == MODEL_RESOLVED ||
		    result.state == MODEL_CORRECTED ||
		    result.state == MODEL_RETIRED);
}

static void every_alias_leads_to_its_model(void **state)
{
	(void)state;
	assert_true(each_row(DATA "model-aliases.tsv", check_alias) > 400);
}

static void check_wire(char *const cells[ROW_CELLS])
{
	const struct model_endpoint *at = model_endpoint_find(cells[1]);
	CLEANUP(model_names_free) struct model_names *names =
		model_names_new(at, NULL);
	struct model_result result;

	assert_non_null(at);
	resolve_in(names, cells[0], &result);
	if (!result.wire || strcmp(result.wire, cells[2]) != 0)
		fail_msg("%s at %s is %s, not %s", cells[0], cells[1],
			 result.wire ? result.wire : "-", cells[2]);
}

static void every_endpoint_is_asked_in_its_own_words(void **state)
{
	(void)state;
	assert_true(each_row(DATA "model-aliases-endpoint.tsv", check_wire) >
		    70);
}

/* "must NOT resolve to kimi-k2.6" */
static void check_distinct(const char *name, const char *expected)
{
	const char *other = strrchr(expected, ' ') + 1;
	struct model_result result;

	resolve(name, &result);
	if (result.canonical && strcmp(result.canonical, other) == 0)
		fail_msg("%s became %s", name, other);
	if (result.wire && strcmp(result.wire, other) == 0)
		fail_msg("%s is sent as %s", name, other);
}

static void check_negative(char *const cells[ROW_CELLS])
{
	struct model_result result;

	resolve(cells[0], &result);
	if (strcmp(cells[1], "distinct_model") == 0) {
		check_distinct(cells[0], cells[2]);
		return;
	}
	if (result.state != (strcmp(cells[1], "ambiguous") == 0
			     ? MODEL_AMBIGUOUS : MODEL_UNKNOWN))
		fail_msg("%s is %s", cells[0], model_state_name(result.state));
	assert_null(result.canonical);
	assert_null(result.wire);
}

static void what_must_not_resolve_does_not(void **state)
{
	(void)state;
	assert_true(each_row(DATA "model-aliases-negative.tsv",
			     check_negative) > 60);
}

/* ---- what holds for every model ---- */

static void a_canonical_name_gives_itself(void **state)
{
	size_t count;
	const struct model *models = model_known_all(&count);

	(void)state;
	assert_true(count > 150);
	for (size_t i = 0; i < count; i++) {
		struct model_result result;

		resolve(models[i].name, &result);
		assert_string_equal(result.canonical, models[i].name);
		assert_string_equal(result.family, models[i].family);
		assert_true(result.state == MODEL_RESOLVED ||
			    result.state == MODEL_RETIRED);
	}
}

static const char *text_or(const char *text)
{
	return text ? text : "-";
}

static void spell_all_ways(const char *name)
{
	struct model_result first, other;

	resolve(name, &first);
	for (size_t i = 0; i < COUNT(spellings); i++) {
		char spelled[SPELLING_MAX];

		spellings[i].spell(name, spelled);
		/* Longer than a name may be; not another name. */
		if (strlen(spelled) > MODEL_NAME_MAX)
			continue;
		resolve(spelled, &other);
		if (strcmp(text_or(first.canonical),
			   text_or(other.canonical)) != 0 ||
		    strcmp(text_or(first.family),
			   text_or(other.family)) != 0 ||
		    (first.state == MODEL_AMBIGUOUS) !=
		    (other.state == MODEL_AMBIGUOUS))
			fail_msg("%s, with %s, became %s", name,
				 spellings[i].what, text_or(other.canonical));
	}
}

static void spell_first_cell(char *const cells[ROW_CELLS])
{
	spell_all_ways(cells[0]);
}

static void a_spelling_never_changes_the_result(void **state)
{
	size_t count;
	const struct model *models = model_known_all(&count);

	(void)state;
	for (size_t i = 0; i < count; i++)
		spell_all_ways(models[i].name);
	each_row(DATA "model-aliases.tsv", spell_first_cell);
	each_row(DATA "model-aliases-negative.tsv", spell_first_cell);
}

/* The first number of the name, one minor version up: 2.6 is 2.7, 3 is 3.1. */
static bool raise_version(const char *name, int by, char ret[SPELLING_MAX])
{
	const char *at = name + strcspn(name, "123456789");
	const char *end = at + strspn(at, "0123456789.");
	int major, minor = 0;

	if (*at == '\0' || sscanf(at, "%d.%d", &major, &minor) < 1 ||
	    (*end != '-' && *end != '\0'))
		return false;
	snprintf(ret, SPELLING_MAX, "%.*s%d.%d%s", (int)(at - name), name,
		 major, minor + by, end);
	return true;
}

static void an_unknown_version_is_never_another(void **state)
{
	size_t count, tried = 0;
	const struct model *models = model_known_all(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		for (int by = 1; by < 12; by += 5) {
			char other[SPELLING_MAX];
			struct model_result result;

			if (!raise_version(models[i].name, by, other) ||
			    model_known_by_name(other))
				continue;
			resolve(other, &result);
			if (result.canonical)
				fail_msg("%s became %s", other,
					 result.canonical);
			assert_null(result.wire);
			tried++;
		}
	}
	assert_true(tried > 200);
}

/* Ids that their makers give models whose names have no such word. */
static bool is_preview_id(const char *name)
{
	return strcmp(name, "kimi-k2-0905-preview") == 0 ||
	       strcmp(name, "kimi-k2-0711-preview") == 0 ||
	       strcmp(name, "doubao-seed-code-preview") == 0 ||
	       strcmp(name, "kimi-k2-turbo-preview") == 0 ||
	       strcmp(name, "doubao-seed-2.0-code-preview") == 0;
}

static void words_of_variants_are_never_dropped(void **state)
{
	static const char *const words[] = {
		"highspeed", "turbo", "air", "airx", "flash", "flashx", "v",
		"code", "coder", "thinking", "max", "plus", "pro", "lite",
		"mini", "preview", "ultraspeed", "exp", "terminus", "speciale",
		"instruct", "distill", "256k", "8b", "0731", "2507",
		"2026-01-23",
	};
	size_t count;
	const struct model *models = model_known_all(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < COUNT(words); k++) {
			char other[SPELLING_MAX];
			struct model_result result;

			snprintf(other, sizeof(other), "%s-%s",
				 models[i].name, words[k]);
			resolve(other, &result);
			if (result.canonical && !is_preview_id(other) &&
			    strcmp(result.canonical, models[i].name) == 0)
				fail_msg("%s became %s", other,
					 models[i].name);
		}
	}
}

/* ---- single rules, with names that stand in no table of tests ---- */

static void rules_carry(void **state)
{
	static const struct { const char *name, *canonical; } cases[] = {
		{ "月之暗面 2.6", "kimi-k2.6" },
		{ "Kimi-K2.6（月之暗面）", "kimi-k2.6" },
		{ "kimi-k26", "kimi-k2.6" },
		{ "accounts/fireworks/models/kimi-k2p6", "kimi-k2.6" },
		{ "kimi k2.6 (high)", "kimi-k2.6" },
		{ "智谱清言 5.3", "glm-5.3" },
		{ "hf:zai-org/GLM-5.3-Flash-FP8", "glm-5.3-flash" },
		{ "glm-5p3-flashx", "glm-5.3-flashx" },
		{ "ZhipuAI/GLM-5.1:free", "glm-5.1" },
		{ "glm-5.3-20260901", "glm-5.3" },
		{ "glm-4-7-flash-ga-260801-free", "glm-4.7-flash" },
		{ "DS V3.2", "deepseek-v3.2" },
		{ "dsr1", "deepseek-r1" },
		{ "深度求索-V4。1-Flash", "deepseek-v4.1-flash" },
		{ "MiniMax-M25 lightning", "MiniMax-M2.5-highspeed" },
		{ "海螺AI 2.7 high speed", "MiniMax-M2.7-highspeed" },
		{ "豆包-2.1-pro-202609", "doubao-seed-2.1-pro" },
		{ "豆包 1.5 pro 32k", "doubao-1.5-pro-32k" },
		{ "Seed 2.0 Code", "doubao-seed-2.0-code" },
		{ "小米 2.6 pro ultraspeed", "mimo-v2.6-pro-ultraspeed" },
		{ "千问3.7flash", "qwen3.7-flash" },
		{ "Qwen/Qwen3-235B-A22B-Instruct-2507",
		  "qwen3-235b-a22b-instruct-2507" },
		{ "阶跃星辰 3.5 flash 2603", "step-3.5-flash-2603" },
		{ "混元 4 preview", "hy4-preview" },
		{ "文心 x1.1 preview", "ernie-x1.1-preview" },
		{ "inclusionAI/Ling-3.0-Flash", "Ling-3.0-flash" },
		{ "百川智能 M3 Plus", "Baichuan-M3-Plus" },
		{ "讯飞星火 X1", "spark-x1" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct model_result result;

		resolve(cases[i].name, &result);
		if (!result.canonical ||
		    strcmp(result.canonical, cases[i].canonical) != 0)
			fail_msg("%s became %s", cases[i].name,
				 text_or(result.canonical));
	}
}

static void what_is_left_open(void **state)
{
	static const struct {
		const char *name;
		enum model_state state;
	} cases[] = {
		{ "深度求索", MODEL_AMBIGUOUS },
		{ "小米", MODEL_AMBIGUOUS },
		{ "glm latest", MODEL_AMBIGUOUS },
		{ "deepseek v4", MODEL_AMBIGUOUS },
		{ "kimi-k2.7", MODEL_AMBIGUOUS },
		{ "v4 flash", MODEL_AMBIGUOUS },
		{ "plus", MODEL_AMBIGUOUS },
		{ "腾讯", MODEL_AMBIGUOUS },
		{ "qwen-plus-latest", MODEL_UNKNOWN },
		{ "hy4", MODEL_UNKNOWN },
		{ "step-5", MODEL_UNKNOWN },
		{ "kimi26", MODEL_UNKNOWN },
		{ "glm47", MODEL_UNKNOWN },
		{ "o3", MODEL_UNKNOWN },
		{ "unsloth/GLM-5.2", MODEL_UNKNOWN },
		{ "kimi-k2.6(turbo)", MODEL_UNKNOWN },
		{ "", MODEL_UNKNOWN },
		{ "()", MODEL_UNKNOWN },
		{ "\xff\xfe", MODEL_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct model_result result;

		resolve(cases[i].name, &result);
		if (result.state != cases[i].state)
			fail_msg("%s is %s", cases[i].name,
				 model_state_name(result.state));
		assert_null(result.canonical);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_alias_leads_to_its_model),
		cmocka_unit_test(every_endpoint_is_asked_in_its_own_words),
		cmocka_unit_test(what_must_not_resolve_does_not),
		cmocka_unit_test(a_canonical_name_gives_itself),
		cmocka_unit_test(a_spelling_never_changes_the_result),
		cmocka_unit_test(an_unknown_version_is_never_another),
		cmocka_unit_test(words_of_variants_are_never_dropped),
		cmocka_unit_test(rules_carry),
		cmocka_unit_test(what_is_left_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
