/* The documents for people name what there is, in both languages. */
#include "tests/unit/fixture.h"

#include <stdio.h>
#include <unistd.h>

#include "schedd/host/mend.h"
#include "schedd/host/surface.h"
#include "shared/failure.h"
#include "shared/notices.h"
#include "shared/owned.h"
#include "shared/table.h"

#define PAGE_MAX (1 << 20)
#define WORD_MAX 120

static char *page_of(const char *path)
{
	struct buf text = { .max = PAGE_MAX };
	FILE *file = fopen(path, "re");
	char part[4096];
	size_t n;

	if (!file)
		fail_msg("%s cannot be read", path);
	while ((n = fread(part, 1, sizeof(part), file)) > 0)
		buf_add(&text, part, n);
	fclose(file);
	return buf_take(&text);
}

/* A page has its Chinese half first; release with halves_done(). */
struct halves {
	char *page;
	const char *zh, *en;
};

static void halves_done(struct halves *halves)
{
	free(halves->page);
}

static struct halves halves_of(const char *path)
{
	struct halves ret = { .page = page_of(path) };
	char *middle = strstr(ret.page, "\n## English\n");

	assert_non_null(middle);
	*middle = '\0';
	ret.zh = ret.page;
	ret.en = middle + 1;
	return ret;
}

/* How often a line begins like this. */
static int lines_like(const char *text, const char *start)
{
	size_t len = strlen(start);
	int n = 0;

	for (; text; text = strchr(text, '\n')) {
		text += *text == '\n';
		n += strncmp(text, start, len) == 0;
	}
	return n;
}

static void has_row(const char *text, const char *name, const char *cell)
{
	AUTO_FREE char *start = xasprintf("| `%s` | %s", name, cell);

	if (lines_like(text, start) != 1)
		fail_msg("no single row begins with: %s", start);
}

static void has_field(const char *text, const struct owned_field *row,
		      const char *what, const char *policy)
{
	AUTO_FREE char *start = xasprintf("| `%s` | `%s` | %s | %s |\n",
		resource_type_name(row->type), row->name, what, policy);

	if (lines_like(text, start) != 1)
		fail_msg("no single row is: %s", start);
}

static void every_field_that_is_ours_is_in_the_table(void **state)
{
	static const char *const zh[] = { "恢复", "接受", "询问" };
	static const char *const en[] = { "restored", "accepted", "asked" };
	CLEANUP(halves_done) struct halves page =
		halves_of("docs/reconcile.md");
	int rows = 0;

	(void)state;
	for (size_t i = 0; i < owned_fields_count; i++) {
		const struct owned_field *row = &owned_fields[i];

		has_field(page.zh, row, row->zh, zh[row->policy]);
		has_field(page.en, row, row->en, en[row->policy]);
	}
	for (int i = 0; i < RESOURCE_TYPE__MAX; i++) {
		AUTO_FREE char *start = xasprintf("| `%s` | `",
			resource_type_name((enum resource_type)i));

		rows += lines_like(page.en, start);
	}
	assert_int_equal(rows, owned_fields_count);
	for (int i = 0; i < OWNED_CERTAINTY__MAX; i++) {
		has_row(page.zh, owned_certainty_name(i), "");
		has_row(page.en, owned_certainty_name(i), "");
	}
}

static void every_class_says_what_to_do(void **state)
{
	CLEANUP(halves_done) struct halves page =
		halves_of("docs/failures.md");

	(void)state;
	for (int i = 0; i < FAILURE__MAX; i++) {
		const struct failure_facts *f = failure_facts((enum failure)i);

		has_row(page.zh, f->name, f->passes ? "是 |" : "否 |");
		has_row(page.en, f->name, f->passes ? "yes |" : "no |");
	}
	assert_int_equal(lines_like(page.zh, "| `"), FAILURE__MAX);
	assert_int_equal(lines_like(page.en, "| `"), FAILURE__MAX);
}

/* The third cell says whose it is to mend. */
static bool is_ours(const char *text, const char *name)
{
	AUTO_FREE char *row = xasprintf("\n| `%s` |", name);
	const char *at = strstr(text, row);

	if (!at)
		fail_msg("docs/guide.md has no row of %s", name);
	at = strchr(at + strlen(row), '|');
	assert_non_null(at);
	return strncmp(at, "| CRM", 5) == 0;
}

static void every_symptom_has_somebody(void **state)
{
	CLEANUP(halves_done) struct halves page = halves_of("docs/guide.md");

	(void)state;
	for (int i = 0; i < HOST_SYMPTOM__MAX; i++) {
		const struct host_symptom_facts *f =
			host_symptom_facts((enum host_symptom)i);

		assert_int_equal(is_ours(page.zh, f->name), f->ours);
		assert_int_equal(is_ours(page.en, f->name), f->ours);
	}
}

static void is_named(const struct halves *page, const char *name)
{
	AUTO_FREE char *word = xasprintf("`%s`", name);

	if (!strstr(page->zh, word) || !strstr(page->en, word))
		fail_msg("docs/guide.md lacks %s", word);
}

static void ways_of_calling_and_notices_are_named(void **state)
{
	CLEANUP(halves_done) struct halves page = halves_of("docs/guide.md");

	(void)state;
	for (int i = 0; i < HOST_SURFACE__MAX; i++)
		is_named(&page, host_surface_name((enum host_surface)i));
	for (int i = 0; i < NOTICE_KIND__MAX; i++)
		is_named(&page, notice_kind_name((enum notice_kind)i));
	for (int i = 0; i < HOST_OUTCOME__MAX; i++)
		is_named(&page, host_outcome_name((enum host_outcome)i));
	for (int i = 0; i < HOST_USABILITY__MAX; i++)
		is_named(&page,
			 host_usability_name((enum host_usability)i));
}

/* The next word between backquotes from *at on; false at the end. */
static bool next_word(const char **at, char word[WORD_MAX])
{
	const char *from = strchr(*at, '`');
	size_t len;

	if (!from)
		return false;
	len = strcspn(from + 1, "`\n");
	*at = from + 1 + len + (from[1 + len] == '`');
	snprintf(word, WORD_MAX, "%.*s", (int)len, from + 1);
	return true;
}

static bool is_path(const char *word)
{
	static const char *const roots[] = {
		"cli/", "conf/", "docs/", "fcgi/", "migrations/", "nginx/",
		"schedd/", "scripts/", "shared/", "tests/",
	};

	if (strpbrk(word, " *{<"))
		return false;
	for (size_t i = 0; i < COUNT(roots); i++)
		if (strncmp(word, roots[i], strlen(roots[i])) == 0)
			return true;
	return false;
}

static void paths_that_are_named_exist(void **state)
{
	static const char *const pages[] = {
		"ARCHITECTURE.md", "README.md", "docs/guide.md",
		"docs/install.md", "docs/performance.md", "docs/simulators.md",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(pages); i++) {
		AUTO_FREE char *page = page_of(pages[i]);
		const char *at = page;
		char word[WORD_MAX];

		while (next_word(&at, word))
			if (is_path(word) && access(word, F_OK) != 0)
				fail_msg("%s names %s", pages[i], word);
	}
}

/* "watch.every_s" is so named where a setting is so called. */
static bool is_setting(const char *word)
{
	static const char *const sections[] = {
		"api.", "exchange.", "limits.", "engine.", "watch.", "top_up.",
	};

	if (strspn(word, "abcdefghijklmnopqrstuvwxyz_.") != strlen(word))
		return false;
	for (size_t i = 0; i < COUNT(sections); i++)
		if (strncmp(word, sections[i], strlen(sections[i])) == 0)
			return true;
	return false;
}

static void settings_that_are_named_exist(void **state)
{
	static const char *const pages[] = {
		"docs/audit.md", "docs/failures.md", "docs/guide.md",
		"docs/install.md",
	};
	AUTO_FREE char *example = page_of("conf/crm.conf.example");

	(void)state;
	for (size_t i = 0; i < COUNT(pages); i++) {
		AUTO_FREE char *page = page_of(pages[i]);
		const char *at = page;
		char word[WORD_MAX];

		while (next_word(&at, word)) {
			AUTO_FREE char *line = is_setting(word)
				? xasprintf("\t%s = ", strchr(word, '.') + 1)
				: NULL;

			if (line && !strstr(example, line))
				fail_msg("%s names %s", pages[i], word);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_that_is_ours_is_in_the_table),
		cmocka_unit_test(every_class_says_what_to_do),
		cmocka_unit_test(every_symptom_has_somebody),
		cmocka_unit_test(ways_of_calling_and_notices_are_named),
		cmocka_unit_test(paths_that_are_named_exist),
		cmocka_unit_test(settings_that_are_named_exist),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
