#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "schedd/host/base_url.h"
#include "schedd/upstream/chat.h"
#include "shared/table.h"

#define ENDPOINTS "tests/data/providers/endpoints.tsv"
#define CHAT "/chat/completions"

static bool has_suffix(const char *text, const char *suffix)
{
	size_t len = strlen(text), n = strlen(suffix);

	return len >= n && strcmp(text + len - n, suffix) == 0;
}

/* As hosts were seen to do it: "v1", "v4", "v1.5", "v1beta". */
static bool is_version(const char *segment)
{
	size_t digits;

	if (segment[0] != 'v')
		return false;
	digits = strspn(segment + 1, "0123456789");
	segment += 1 + digits;
	if (*segment == '.')
		segment += 1 + strspn(segment + 1, "0123456789");
	return digits > 0 && (*segment == '\0' ||
			      strncmp(segment, "alpha", 5) == 0 ||
			      strncmp(segment, "beta", 4) == 0 ||
			      strncmp(segment, "preview", 7) == 0);
}

/* What the host asks, `segments` telling its two generations apart. */
static char *joined(const char *base_url, bool segments)
{
	AUTO_FREE char *base = xstrdup(base_url);
	size_t len = strlen(base);
	const char *last;

	while (len > 0 && base[len - 1] == '/')
		base[--len] = '\0';
	if (has_suffix(base, CHAT))
		return xstrdup(base);
	last = strrchr(base, '/');
	if (strcmp(last, "/v1") == 0 || (segments && is_version(last + 1)))
		return xasprintf("%s" CHAT, base);
	return xasprintf("%s/v1" CHAT, base);
}

static const char *const versions[] = {
	"0.1.126", "0.1.127", "0.1.129", "0.1.179", "", "0.0.0-dev",
};

static void check_every_version(const char *chat_url)
{
	for (size_t i = 0; i < COUNT(versions); i++) {
		struct host_features features = host_features_of(versions[i]);
		AUTO_FREE char *base = host_base_url_for(&features, chat_url);
		AUTO_FREE char *old = joined(base, false);
		AUTO_FREE char *new = joined(base, true);

		AUTO_FREE char *back = host_chat_url_from(&features, base);

		assert_string_equal(back, chat_url);
		/* A host may be newer than it says. */
		if (!features.version_segments)
			assert_string_equal(old, chat_url);
		assert_string_equal(new, chat_url);
	}
}

static void the_join_rules_are_those_observed(void **state)
{
	static const struct {
		const char *base, *old, *new;
	} seen[] = {
		{ "http://p", "http://p/v1" CHAT, "http://p/v1" CHAT },
		{ "http://p/", "http://p/v1" CHAT, "http://p/v1" CHAT },
		{ "http://p/v1", "http://p/v1" CHAT, "http://p/v1" CHAT },
		{ "http://p/v1/", "http://p/v1" CHAT, "http://p/v1" CHAT },
		{ "http://p/coding", "http://p/coding/v1" CHAT,
		  "http://p/coding/v1" CHAT },
		{ "http://p/compatible-mode/v1",
		  "http://p/compatible-mode/v1" CHAT,
		  "http://p/compatible-mode/v1" CHAT },
		{ "http://p/api/v3", "http://p/api/v3/v1" CHAT,
		  "http://p/api/v3" CHAT },
		{ "http://p/api/paas/v4/", "http://p/api/paas/v4/v1" CHAT,
		  "http://p/api/paas/v4" CHAT },
		{ "http://p/v1beta", "http://p/v1beta/v1" CHAT,
		  "http://p/v1beta" CHAT },
		{ "http://p/v3" CHAT, "http://p/v3" CHAT,
		  "http://p/v3" CHAT },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(seen); i++) {
		AUTO_FREE char *old = joined(seen[i].base, false);
		AUTO_FREE char *new = joined(seen[i].base, true);

		AUTO_FREE char *from_old = host_chat_url_from(
			&(struct host_features){ 0 }, seen[i].base);
		AUTO_FREE char *from_new = host_chat_url_from(
			&(struct host_features){ .version_segments = true },
			seen[i].base);

		assert_string_equal(old, seen[i].old);
		assert_string_equal(new, seen[i].new);
		assert_string_equal(from_old, seen[i].old);
		assert_string_equal(from_new, seen[i].new);
	}
}

/* Calls `check` for every row of the table; returns how many there were. */
static size_t for_endpoints(void check(const char *base, const char *chat))
{
	FILE *file = fopen(ENDPOINTS, "re");
	char line[512];
	size_t count = 0;

	assert_non_null(file);
	assert_non_null(fgets(line, sizeof(line), file));
	while (fgets(line, sizeof(line), file)) {
		char *rest = line;
		const char *base, *chat;

		strsep(&rest, "\t\n");
		base = strsep(&rest, "\t\n");
		chat = strsep(&rest, "\t\n");
		assert_non_null(chat);
		check(base, chat);
		count++;
	}
	fclose(file);
	return count;
}

static void check_join(const char *base, const char *chat)
{
	(void)base;
	check_every_version(chat);
}

static void every_known_endpoint_is_reached_exactly(void **state)
{
	(void)state;
	assert_int_equal(for_endpoints(check_join), 88);
}

static void check_candidates(const char *base, const char *chat)
{
	AUTO_FREE char *first = upstream_chat_url(base, 0);
	AUTO_FREE char *second = upstream_chat_url(base, 1);
	AUTO_FREE char *third = upstream_chat_url(base, 2);

	assert_non_null(first);
	assert_null(third);
	if (strcmp(first, chat) != 0) {
		assert_non_null(second);
		assert_string_equal(second, chat);
	}
	/* Whoever says a version is not given another one first. */
	if (strstr(base, "/v"))
		assert_string_equal(first, chat);
}

static void every_known_endpoint_is_among_the_candidates(void **state)
{
	(void)state;
	assert_int_equal(for_endpoints(check_candidates), 88);
}

static void odd_chat_urls_are_reached_too(void **state)
{
	static const char *const urls[] = {
		"http://127.0.0.1:8080/chat/completions",
		"http://127.0.0.1:8080/v1/chat/completions",
		"https://h.example/v1beta/chat/completions",
		"https://h.example/v1.5/chat/completions",
		"https://h.example/rev4/chat/completions",
		"https://h.example/v4/openai/chat/completions",
		"https://h.example/V4/chat/completions",
		"https://h.example/v/chat/completions",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(urls); i++)
		check_every_version(urls[i]);
}

static void the_short_form_is_used_where_it_is_right(void **state)
{
	struct host_features old = host_features_of("0.1.126");
	struct host_features new = host_features_of("0.1.179");
	AUTO_FREE char *v1 = host_base_url_for(&old, "https://h/v1" CHAT);
	AUTO_FREE char *v4 = host_base_url_for(&new, "https://h/v4" CHAT);
	AUTO_FREE char *full = host_base_url_for(&old, "https://h/v4" CHAT);

	(void)state;
	assert_string_equal(v1, "https://h/v1");
	assert_string_equal(v4, "https://h/v4");
	assert_string_equal(full, "https://h/v4" CHAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_join_rules_are_those_observed),
		cmocka_unit_test(every_known_endpoint_is_reached_exactly),
		cmocka_unit_test(every_known_endpoint_is_among_the_candidates),
		cmocka_unit_test(odd_chat_urls_are_reached_too),
		cmocka_unit_test(the_short_form_is_used_where_it_is_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
