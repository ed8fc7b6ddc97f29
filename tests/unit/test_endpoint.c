#include "tests/unit/fixture.h"

#include <ctype.h>

#include "shared/endpoint.h"
#include "shared/table.h"

static const struct {
	const char *url;
	const char *want;
} good[] = {
	{ "https://api.moonshot.cn/v1", "https://api.moonshot.cn/v1" },
	{ "HTTPS://API.Moonshot.CN/v1/", "https://api.moonshot.cn/v1" },
	{ "https://a.example", "https://a.example" },
	{ "https://a.example///", "https://a.example" },
	{ "https://a.example:443/v1", "https://a.example/v1" },
	{ "http://a.example:80", "http://a.example" },
	{ "http://a.example:443", "http://a.example:443" },
	{ "http://a.example:0080/", "http://a.example" },
	{ "https://a.example/V1/Path", "https://a.example/V1/Path" },
	{ "https://a.example/v1/chat/completions", "https://a.example/v1" },
	{ "https://a.example/v1/chat/completions/", "https://a.example/v1" },
	{ "https://a.example/chat/completions", "https://a.example" },
	{ "https://a.example/v1/models/", "https://a.example/v1" },
	{ "https://a.example/big-models", "https://a.example/big-models" },
	{ "https://a.example/x/chat/completions/chat/completions",
	  "https://a.example/x" },
	{ "https://a.example/v1/chat", "https://a.example/v1/chat" },
	{ "https://a.example/a//b", "https://a.example/a//b" },
	{ "https://a.example/...", "https://a.example/..." },
	{ "https://a.example/@team/%20", "https://a.example/@team/%20" },
	{ "https://xn--fiqs8s.example", "https://xn--fiqs8s.example" },
	{ "http://my_service:8080", "http://my_service:8080" },
	{ "http://localhost", "http://localhost" },
	{ "http://127.0.0.1:65535/v1", "http://127.0.0.1:65535/v1" },
	{ "http://[::1]:8080/v1", "http://[::1]:8080/v1" },
	{ "http://[2001:DB8:0:0::1]:80", "http://[2001:db8::1]" },
};

static const struct {
	const char *url;
	const char *why;
} bad[] = {
	{ "", "begin with http" },
	{ "a.example", "begin with http" },
	{ "ftp://a.example", "begin with http" },
	{ "https:/a.example", "begin with http" },
	{ "https://", "must name a host" },
	{ "https:///v1", "must name a host" },
	{ "https://:8080", "must name a host" },
	{ "https://user:secret@a.example", "credentials" },
	{ "https://secret@a.example/v1", "credentials" },
	{ "https://a.example/v1?key=secret", "query" },
	{ "https://a.example/v1#x", "fragment" },
	{ "https://a.example/v1#", "fragment" },
	{ " https://a.example", "spaces" },
	{ "https://a.example/a b", "spaces" },
	{ "https://a.example\r\nX: y", "control characters" },
	{ "https://a.example\x7f", "control characters" },
	{ "https://a.example\\@b.example", "backslashes" },
	{ "https://模型.example", "ASCII" },
	{ "https://a.example/模型", "ASCII" },
	{ "https://a..example", "not valid" },
	{ "https://.example", "not valid" },
	{ "https://a.example.", "not valid" },
	{ "https://-a.example", "not valid" },
	{ "https://a-.example", "not valid" },
	{ "https://a!b.example", "not valid" },
	{ "https://a.example:", "1 to 65535" },
	{ "https://a.example:0", "1 to 65535" },
	{ "https://a.example:65536", "1 to 65535" },
	{ "https://a.example:99999999999999999999", "1 to 65535" },
	{ "https://a.example:80x", "port" },
	{ "https://a.example:-1", "port" },
	{ "https://a.example:80:80", "port" },
	{ "http://127.1", "IPv4" },
	{ "http://2130706433", "IPv4" },
	{ "http://0x7f.0.0.1", "IPv4" },
	{ "http://127.0.0.0x1", "IPv4" },
	{ "http://127.0.0.256", "IPv4" },
	{ "http://[::1", "IPv6" },
	{ "http://[]", "IPv6" },
	{ "http://[", "IPv6" },
	{ "http://[::1%25eth0]", "IPv6" },
	{ "http://[::1]x:80", "IPv6" },
	{ "http://[127.0.0.1]", "IPv6" },
	{ "http://::1", "must name a host" },
	{ "https://a.example/../v1", ". or .." },
	{ "https://a.example/v1/.", ". or .." },
};

static void good_urls_are_normalised_and_stay_so(void **state)
{
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		AUTO_FREE char *once = NULL;
		AUTO_FREE char *twice = NULL;

		if (endpoint_normalise(good[i].url, &once, &err))
			fail_msg("%s: %s", good[i].url, err.msg);
		assert_string_equal(once, good[i].want);
		OK(endpoint_normalise(once, &twice, &err));
		assert_string_equal(twice, once);
	}
}

static void bad_urls_are_refused_with_the_reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		AUTO_FREE char *url = NULL;
		struct err err = { 0 };

		if (endpoint_normalise(bad[i].url, &url, &err) != -1)
			fail_msg("taken: '%s'", bad[i].url);
		assert_int_equal(err.kind, ERR_INVALID);
		if (!strstr(err.msg, bad[i].why))
			fail_msg("'%s': %s", bad[i].url, err.msg);
		assert_null(strstr(err.msg, "secret"));
		assert_true(strlen(err.msg) < 95);
	}
}

static void length_has_a_ceiling(void **state)
{
	static const char start[] = "https://a.example/";
	char url[ENDPOINT_URL_MAX + 2];
	char label[80] = "https://";
	AUTO_FREE char *text = NULL;
	struct err err;

	(void)state;
	memset(url, 'x', sizeof(url));
	memcpy(url, start, sizeof(start) - 1);
	url[ENDPOINT_URL_MAX + 1] = '\0';
	REFUSED(endpoint_normalise(url, &text, &err), ERR_INVALID);
	url[ENDPOINT_URL_MAX] = '\0';
	OK(endpoint_normalise(url, &text, &err));
	assert_string_equal(text, url);

	memset(label + 8, 'a', 64);
	REFUSED(endpoint_normalise(label, &text, &err), ERR_INVALID);
	label[8 + 63] = '\0';
	free(TAKE(text));
	OK(endpoint_normalise(label, &text, &err));

	/* Labels may be fine each, and too long together. */
	for (size_t i = 8; i < 8 + 254; i++)
		url[i] = (i - 8) % 50 == 49 ? '.' : 'a';
	url[8 + 254] = '\0';
	REFUSED(endpoint_normalise(url, &text, &err), ERR_INVALID);
	url[8 + 253] = '\0';
	free(TAKE(text));
	OK(endpoint_normalise(url, &text, &err));
}

static void a_key_names_host_and_port_and_tells_urls_apart(void **state)
{
	char one[ENDPOINT_KEY_MAX], two[ENDPOINT_KEY_MAX];

	(void)state;
	assert_int_equal(seal_start(&(struct err){ 0 }), 0);
	endpoint_key("https://api.moonshot.cn/v1", one);
	assert_memory_equal(one, "api-moonshot-cn-", 16);
	assert_int_equal(strlen(one), 16 + 8);
	endpoint_key("https://api.moonshot.cn/v2", two);
	assert_memory_equal(two, "api-moonshot-cn-", 16);
	assert_string_not_equal(one, two);
	endpoint_key("http://127.0.0.1:9001", one);
	assert_memory_equal(one, "127-0-0-1-9001-", 15);
	/* printf 'http://127.0.0.1:9001' | sha256sum */
	assert_string_equal(one + 15, "3f086599");
}

static void a_key_has_only_letters_digits_and_dashes(void **state)
{
	char key[ENDPOINT_KEY_MAX], url[ENDPOINT_URL_MAX];

	(void)state;
	memset(url, 'a', sizeof(url));
	memcpy(url, "https://", 8);
	url[8 + 253] = '\0';
	endpoint_key(url, key);
	assert_int_equal(strlen(key), ENDPOINT_KEY_MAX - 1);
	endpoint_key("http://[2001:db8::1]:8080", key);
	for (const char *p = key; *p; p++)
		assert_true(isdigit(*p) || islower(*p) || *p == '-');
}

static void a_key_can_be_told_from_a_name(void **state)
{
	char key[ENDPOINT_KEY_MAX];

	(void)state;
	endpoint_key("https://api.deepseek.com", key);
	assert_true(endpoint_is_key(key));
	assert_true(endpoint_is_key("127-0-0-1-9101-0bcea590"));
	assert_false(endpoint_is_key("deepseek"));
	assert_false(endpoint_is_key("minimax-m2-7-official"));
	assert_false(endpoint_is_key("-0bcea590"));
	assert_false(endpoint_is_key("a-0bcea59g"));
	assert_false(endpoint_is_key("A-0bcea590"));
	assert_false(endpoint_is_key(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_urls_are_normalised_and_stay_so),
		cmocka_unit_test(bad_urls_are_refused_with_the_reason),
		cmocka_unit_test(length_has_a_ceiling),
		cmocka_unit_test(
			a_key_names_host_and_port_and_tells_urls_apart),
		cmocka_unit_test(a_key_has_only_letters_digits_and_dashes),
		cmocka_unit_test(a_key_can_be_told_from_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
