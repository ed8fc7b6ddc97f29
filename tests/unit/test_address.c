#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <netinet/in.h>

#include "shared/address.h"
#include "shared/own.h"
#include "shared/proxy.h"
#include "shared/table.h"

static const char *const kinds[ADDRESS__MAX] = {
	[ADDRESS_PUBLIC] = "public", [ADDRESS_LOOPBACK] = "loopback",
	[ADDRESS_PRIVATE] = "private", [ADDRESS_LINK_LOCAL] = "link-local",
	[ADDRESS_METADATA] = "metadata", [ADDRESS_RESERVED] = "reserved",
};

static const struct {
	const char *text;
	enum address_kind kind;
} addresses[] = {
	{ "8.8.8.8", ADDRESS_PUBLIC },
	{ "1.0.0.0", ADDRESS_PUBLIC },
	{ "223.255.255.255", ADDRESS_PUBLIC },
	/* The ranges from end to end, and what stands beside them. */
	{ "0.0.0.0", ADDRESS_RESERVED },
	{ "0.255.255.255", ADDRESS_RESERVED },
	{ "9.255.255.255", ADDRESS_PUBLIC },
	{ "10.0.0.0", ADDRESS_PRIVATE },
	{ "10.255.255.255", ADDRESS_PRIVATE },
	{ "11.0.0.0", ADDRESS_PUBLIC },
	{ "100.63.255.255", ADDRESS_PUBLIC },
	{ "100.64.0.0", ADDRESS_PRIVATE },
	{ "100.127.255.255", ADDRESS_PRIVATE },
	{ "100.128.0.0", ADDRESS_PUBLIC },
	{ "126.255.255.255", ADDRESS_PUBLIC },
	{ "127.0.0.1", ADDRESS_LOOPBACK },
	{ "127.255.255.255", ADDRESS_LOOPBACK },
	{ "128.0.0.0", ADDRESS_PUBLIC },
	{ "169.253.255.255", ADDRESS_PUBLIC },
	{ "169.254.0.0", ADDRESS_LINK_LOCAL },
	{ "169.254.255.255", ADDRESS_LINK_LOCAL },
	{ "169.255.0.0", ADDRESS_PUBLIC },
	{ "172.15.255.255", ADDRESS_PUBLIC },
	{ "172.16.0.0", ADDRESS_PRIVATE },
	{ "172.31.255.255", ADDRESS_PRIVATE },
	{ "172.32.0.0", ADDRESS_PUBLIC },
	{ "192.0.0.1", ADDRESS_RESERVED },
	{ "192.0.1.0", ADDRESS_PUBLIC },
	{ "192.0.2.1", ADDRESS_RESERVED },
	{ "192.88.99.1", ADDRESS_RESERVED },
	{ "192.167.255.255", ADDRESS_PUBLIC },
	{ "192.168.0.0", ADDRESS_PRIVATE },
	{ "192.168.255.255", ADDRESS_PRIVATE },
	{ "192.169.0.0", ADDRESS_PUBLIC },
	{ "198.17.255.255", ADDRESS_PUBLIC },
	{ "198.18.0.1", ADDRESS_PRIVATE },
	{ "198.19.255.255", ADDRESS_PRIVATE },
	{ "198.20.0.0", ADDRESS_PUBLIC },
	{ "198.51.100.7", ADDRESS_RESERVED },
	{ "203.0.113.7", ADDRESS_RESERVED },
	{ "224.0.0.1", ADDRESS_RESERVED },
	{ "239.255.255.255", ADDRESS_RESERVED },
	{ "240.0.0.1", ADDRESS_RESERVED },
	{ "255.255.255.255", ADDRESS_RESERVED },
	/* Metadata services, within ranges of other kinds. */
	{ "169.254.169.254", ADDRESS_METADATA },
	{ "169.254.170.2", ADDRESS_METADATA },
	{ "169.254.0.23", ADDRESS_METADATA },
	{ "100.100.100.200", ADDRESS_METADATA },
	{ "100.100.100.201", ADDRESS_PRIVATE },
	{ "168.63.129.16", ADDRESS_METADATA },
	{ "168.63.129.17", ADDRESS_PUBLIC },
	{ "192.0.0.192", ADDRESS_METADATA },
	/* The forms that resolvers take for the same. */
	{ "127.1", ADDRESS_LOOPBACK },
	{ "0x7f.1", ADDRESS_LOOPBACK },
	{ "0177.0.0.01", ADDRESS_LOOPBACK },
	{ "2130706433", ADDRESS_LOOPBACK },
	{ "0x7f000001", ADDRESS_LOOPBACK },
	{ "0xa9fea9fe", ADDRESS_METADATA },
	{ "2852039166", ADDRESS_METADATA },
	{ "0251.0376.0251.0376", ADDRESS_METADATA },
	{ "10.1", ADDRESS_PRIVATE },
	{ "0", ADDRESS_RESERVED },
	/* IPv6. */
	{ "2606:4700::1111", ADDRESS_PUBLIC },
	{ "2400:3200::1", ADDRESS_PUBLIC },
	{ "[2606:4700::1111]", ADDRESS_PUBLIC },
	{ "::", ADDRESS_RESERVED },
	{ "::1", ADDRESS_LOOPBACK },
	{ "[::1]", ADDRESS_LOOPBACK },
	{ "0:0:0:0:0:0:0:1", ADDRESS_LOOPBACK },
	{ "fc00::1", ADDRESS_PRIVATE },
	{ "fd12:3456::1", ADDRESS_PRIVATE },
	{ "fd00:ec2::254", ADDRESS_METADATA },
	{ "fd00:ec2::23", ADDRESS_METADATA },
	{ "fd20:ce::254", ADDRESS_METADATA },
	{ "fe80::1", ADDRESS_LINK_LOCAL },
	{ "fe80::1%eth0", ADDRESS_LINK_LOCAL },
	{ "[fe80::1%25eth0]", ADDRESS_LINK_LOCAL },
	{ "febf::1", ADDRESS_LINK_LOCAL },
	{ "fec0::1", ADDRESS_PRIVATE },
	{ "ff02::1", ADDRESS_RESERVED },
	{ "2001:db8::1", ADDRESS_RESERVED },
	{ "2001::1", ADDRESS_RESERVED },
	{ "2001:1ff:ffff::1", ADDRESS_RESERVED },
	{ "2001:200::1", ADDRESS_PUBLIC },
	{ "3fff::1", ADDRESS_RESERVED },
	{ "3ffe::1", ADDRESS_PUBLIC },
	{ "4000::1", ADDRESS_RESERVED },
	{ "100::1", ADDRESS_RESERVED },
	{ "5f00::1", ADDRESS_RESERVED },
	{ "64:ff9b:1::a00:1", ADDRESS_RESERVED },
	/* IPv4 in IPv6. */
	{ "::ffff:8.8.8.8", ADDRESS_PUBLIC },
	{ "::ffff:127.0.0.1", ADDRESS_LOOPBACK },
	{ "::ffff:10.0.0.1", ADDRESS_PRIVATE },
	{ "::ffff:169.254.169.254", ADDRESS_METADATA },
	{ "::ffff:a9fe:a9fe", ADDRESS_METADATA },
	{ "::ffff:0:100.100.100.200", ADDRESS_METADATA },
	{ "::ffff:0:8.8.8.8", ADDRESS_PUBLIC },
	{ "::127.0.0.1", ADDRESS_LOOPBACK },
	{ "::169.254.169.254", ADDRESS_METADATA },
	{ "::2", ADDRESS_RESERVED },
	{ "64:ff9b::8.8.8.8", ADDRESS_PUBLIC },
	{ "64:ff9b::192.168.0.1", ADDRESS_PRIVATE },
	{ "64:ff9b::a9fe:a9fe", ADDRESS_METADATA },
	{ "2002:808:808::1", ADDRESS_PUBLIC },
	{ "2002:7f00:1::", ADDRESS_LOOPBACK },
	{ "2002:c0a8:1::", ADDRESS_PRIVATE },
	{ "2002:a9fe:a9fe::", ADDRESS_METADATA },
};

static void every_address_has_its_kind(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(addresses); i++) {
		struct address address;

		assert_true(address_parse(addresses[i].text, &address));
		if (address_kind(&address) != addresses[i].kind)
			fail_msg("%s: %s", addresses[i].text,
				 kinds[address_kind(&address)]);
	}
}

static void what_is_no_address_is_not_taken_for_one(void **state)
{
	static const char *const cases[] = {
		"", "localhost", "1.2.3.4.5", "256.1.1.1", "1.2.3.256", "::g",
		"1:2:3:4:5:6:7:8:9", "[", "[]", "127.0.0.1 x",
		" 127.0.0.1", "127.0.0.1x", "0x", "%eth0",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct address address;

		if (address_parse(cases[i], &address))
			fail_msg("taken: '%s'", cases[i]);
	}
}

static void what_may_be_asked_depends_on_the_setting(void **state)
{
	static const bool always[ADDRESS__MAX] = { [ADDRESS_PUBLIC] = true };
	static const bool private[ADDRESS__MAX] = {
		[ADDRESS_PUBLIC] = true, [ADDRESS_LOOPBACK] = true,
		[ADDRESS_PRIVATE] = true,
	};

	(void)state;
	for (int i = 0; i < ADDRESS__MAX; i++) {
		assert_int_equal(address_allowed((enum address_kind)i, false),
				 always[i]);
		assert_int_equal(address_allowed((enum address_kind)i, true),
				 private[i]);
		assert_non_null(address_words((enum address_kind)i));
	}
}

static void sockets_tell_their_address(void **state)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(0x0a000001) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
				   .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr other = { .sa_family = AF_UNIX };
	char text[ADDRESS_TEXT_MAX];
	struct address address;

	(void)state;
	assert_true(address_of_socket((struct sockaddr *)&v4, sizeof(v4),
				      &address));
	assert_string_equal(address_format(&address, text), "10.0.0.1");
	assert_int_equal(address_kind(&address), ADDRESS_PRIVATE);
	assert_true(address_of_socket((struct sockaddr *)&v6, sizeof(v6),
				      &address));
	assert_string_equal(address_format(&address, text), "::1");
	assert_int_equal(address_kind(&address), ADDRESS_LOOPBACK);
	assert_false(address_of_socket(&other, sizeof(other), &address));
	assert_false(address_of_socket((struct sockaddr *)&v4, 4, &address));
	assert_false(address_of_socket((struct sockaddr *)&v6, sizeof(v4),
				       &address));
}

static void urls_are_judged_by_their_host(void **state)
{
	static const struct {
		const char *url;
		enum address_kind kind;
	} cases[] = {
		{ "https://api.example.com/v1", ADDRESS_PUBLIC },
		{ "http://8.8.8.8", ADDRESS_PUBLIC },
		{ "http://169.254.169.254", ADDRESS_METADATA },
		{ "http://169.254.169.254:80/latest", ADDRESS_METADATA },
		{ "http://169.254.169.254./x", ADDRESS_METADATA },
		{ "http://user:pass@169.254.169.254/x", ADDRESS_METADATA },
		{ "http://8.8.8.8@169.254.169.254/x", ADDRESS_METADATA },
		{ "http://169.254.169.254?x", ADDRESS_METADATA },
		{ "http://169.254.169.254#x", ADDRESS_METADATA },
		{ "http://a.example/@169.254.169.254", ADDRESS_PUBLIC },
		{ "http://[::ffff:169.254.169.254]:80/", ADDRESS_METADATA },
		{ "http://[fd00:ec2::254]/", ADDRESS_METADATA },
		{ "http://[::1]", ADDRESS_LOOPBACK },
		{ "http://[::1", ADDRESS_LOOPBACK },
		{ "http://2130706433/", ADDRESS_LOOPBACK },
		{ "http://127.1:8080/", ADDRESS_LOOPBACK },
		{ "http://LocalHost:1/", ADDRESS_LOOPBACK },
		{ "http://a.localhost/", ADDRESS_LOOPBACK },
		{ "http://localhost./", ADDRESS_LOOPBACK },
		{ "http://notlocalhost/", ADDRESS_PUBLIC },
		{ "http://localhost.example/", ADDRESS_PUBLIC },
		{ "http://metadata.google.internal/x", ADDRESS_METADATA },
		{ "http://METADATA.google.internal./x", ADDRESS_METADATA },
		{ "http://10.0.0.1.example.com/", ADDRESS_PUBLIC },
		{ "http:///x", ADDRESS_PUBLIC },
		{ "", ADDRESS_PUBLIC },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (address_kind_of_url(cases[i].url) != cases[i].kind)
			fail_msg("%s: %s", cases[i].url,
				 kinds[address_kind_of_url(cases[i].url)]);
}

static void a_url_that_may_not_be_asked_is_told_why(void **state)
{
	struct err err = { 0 };

	(void)state;
	assert_int_equal(address_check_url("http://10.0.0.1/v1", true, &err),
			 0);
	assert_int_equal(address_check_url("http://h.test/v1", false, &err),
			 0);
	assert_int_equal(address_check_url("http://10.0.0.1/v1", false, &err),
			 -1);
	assert_int_equal(err.kind, ERR_INVALID);
	assert_string_equal(err.msg, "must not lead to a private address");
	assert_int_equal(address_check_url("http://169.254.169.254/v1", true,
					   &err), -1);
	assert_string_equal(err.msg, "must not lead to the address of a "
			    "metadata service");
}

/* ---- proxies ---- */

static void proxies_are_shown_without_their_credentials(void **state)
{
	static const struct {
		const char *url, *shown;
		bool secret;
	} cases[] = {
		{ "http://p.example:3128", "http://p.example:3128", false },
		{ "http://p.example:3128/", "http://p.example:3128", false },
		{ "HTTPS://u:p@p.example:1", "https://p.example:1", true },
		{ "socks5://u@127.0.0.1:1080", "socks5://127.0.0.1:1080",
		  true },
		{ "socks5h://a%40b:c%2Fd@[::1]:1080/",
		  "socks5h://[::1]:1080", true },
		{ "http://u:p@q@p.example:80", "http://p.example:80", true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_FREE char *shown = NULL;
		struct err err = { 0 };
		bool secret;

		if (proxy_check(cases[i].url, &shown, &secret, &err))
			fail_msg("%s: %s", cases[i].url, err.msg);
		assert_string_equal(shown, cases[i].shown);
		assert_int_equal(secret, cases[i].secret);
	}
}

static void what_is_no_proxy_is_refused(void **state)
{
	static const struct {
		const char *url, *why;
	} cases[] = {
		{ "", "must begin with http://" },
		{ "p.example:3128", "must begin with http://" },
		{ "socks4://p.example:1", "must begin with http://" },
		{ "ftp://p.example:1", "must begin with http://" },
		{ "http://p.example", "must name its port" },
		{ "http://p.example:", "must name its port" },
		{ "http://[::1]", "must name its port" },
		{ "http://:3128", "must name a host" },
		{ "http://u:p@:3128", "must name a host" },
		{ "http://p.example:99999", "port" },
		{ "http://p.example:80/path", "must end after host and port" },
		{ "http://p.example:80?x", "query" },
		{ "http://u:p p@p.example:80", "visible ASCII" },
		{ "http://u:\xe4@p.example:80", "visible ASCII" },
		{ "http://u:p/p@p.example:80", "%2F" },
		{ "http://169.254.169.254:80", "metadata" },
		{ "http://127.1:80", "IPv4" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_FREE char *shown = NULL;
		struct err err = { 0 };
		bool secret;

		if (proxy_check(cases[i].url, &shown, &secret, &err) == 0)
			fail_msg("taken: %s", cases[i].url);
		assert_null(shown);
		if (!strstr(err.msg, cases[i].why))
			fail_msg("%s: %s", cases[i].url, err.msg);
		assert_null(strstr(err.msg, "u:p"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_address_has_its_kind),
		cmocka_unit_test(what_is_no_address_is_not_taken_for_one),
		cmocka_unit_test(what_may_be_asked_depends_on_the_setting),
		cmocka_unit_test(sockets_tell_their_address),
		cmocka_unit_test(urls_are_judged_by_their_host),
		cmocka_unit_test(a_url_that_may_not_be_asked_is_told_why),
		cmocka_unit_test(proxies_are_shown_without_their_credentials),
		cmocka_unit_test(what_is_no_proxy_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
