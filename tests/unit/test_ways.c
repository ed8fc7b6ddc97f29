/*
 * The ways out: which addresses may be asked, and what becomes of requests
 * that go through a proxy.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <curl/curl.h>

#include "schedd/transfer.h"
#include "shared/clock.h"
#include "tests/unit/peer.h"

#define WAIT_MS 5000
#define CREDENTIALS "alice:pa%40ss-0123456789"

static struct peer_server peer;
static struct settings settings;

struct net {
	CURLM *multi;
	struct transfers *transfers;
};

static struct net net_new(void)
{
	struct net net = { .multi = curl_multi_init() };
	struct err err;

	if (transfers_new(&net.transfers, net.multi, &settings, &err))
		fail_msg("%s", err.msg);
	peer.request[0] = '\0';
	return net;
}

static void net_done(struct net *net)
{
	transfers_free(&net->transfers);
	curl_multi_cleanup(net->multi);
}

#define NET CLEANUP(net_done) struct net
#define ANSWER CLEANUP(answer_done) struct answer

static void turn(struct net *net)
{
	int running;

	assert_int_equal(curl_multi_perform(net->multi, &running), CURLM_OK);
	curl_multi_poll(net->multi, NULL, 0, 10, NULL);
}

/* GET `url` by `way`; `proxy` is the plaintext of its secret. */
static struct answer ask_by(struct net *net, const char *url,
			    const struct way *way, const char *proxy)
{
	const struct wire_secrets none = { { NULL } };
	int64_t until = clock_mono_ms() + WAIT_MS;
	CLEANUP(request_done) struct request request = { 0 };
	struct answer answer = { 0 };
	struct wire *wire;
	uint64_t tag = 0;

	request_start(&request, METHOD_GET, PEER_PROVIDER, url, "%s", "");
	wire = wire_make(&request, &none);
	wire->timeout_ms = 300;
	wire->answer_max = 4096;
	wire_go_by(wire, way, PEER_PROVIDER, proxy);
	transfers_send(net->transfers, 7, wire);
	while (!transfers_reap(net->transfers, &tag, &answer)) {
		assert_true(clock_mono_ms() < until);
		turn(net);
	}
	assert_int_equal(tag, 7);
	return answer;
}

static struct answer ask(struct net *net, const char *url, bool private_ok)
{
	const struct way way = { .proxy = "", .private_ok = private_ok };

	return ask_by(net, url, &way, NULL);
}

/* From now on `name`, at the peer's port, resolves to `addresses`. */
static void pretend(struct net *net, const char *name, const char *addresses)
{
	AUTO_FREE char *entry = xasprintf("%s:%d:%s", name, peer.port,
					  addresses);
	struct curl_slist *list = curl_slist_append(NULL, entry);
	CURL *easy = curl_easy_init();
	int left, turns = 0;

	curl_easy_setopt(easy, CURLOPT_URL, "http://127.0.0.1:1/");
	curl_easy_setopt(easy, CURLOPT_RESOLVE, list);
	curl_multi_add_handle(net->multi, easy);
	while (!curl_multi_info_read(net->multi, &left) && turns++ < 500)
		turn(net);
	curl_multi_remove_handle(net->multi, easy);
	curl_easy_cleanup(easy);
	curl_slist_free_all(list);
}

static char *url_at(const char *host, const char *path)
{
	return xasprintf("http://%s:%d%s", host, peer.port, path);
}

/* ---- addresses ---- */

static void what_the_url_names_is_judged_before_anything_is_sent(void **state)
{
	static const struct {
		const char *host;
		bool private_ok, asked;
		const char *note;
	} cases[] = {
		{ "127.0.0.1", true, true, NULL },
		{ "localhost", true, true, NULL },
		{ "127.0.0.1", false, false, "127.0.0.1 is a loopback "
		  "address; the setting exchange.private_providers allows "
		  "it" },
		{ "[::ffff:127.0.0.1]", false, false, "::ffff:127.0.0.1 is a "
		  "loopback address; the setting exchange.private_providers "
		  "allows it" },
		{ "localhost", false, false, "localhost is a loopback "
		  "address; the setting exchange.private_providers allows "
		  "it" },
		{ "2130706433", false, false, "2130706433 is a loopback "
		  "address; the setting exchange.private_providers allows "
		  "it" },
		{ "169.254.169.254", true, false, "169.254.169.254 is the "
		  "address of a metadata service, which is never asked" },
		{ "metadata.google.internal", true, false,
		  "metadata.google.internal is the address of a metadata "
		  "service, which is never asked" },
		{ "[fe80::1]", true, false, "fe80::1 is a link-local address,"
		  " which is never asked" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		NET net = net_new();
		AUTO_FREE char *url = url_at(cases[i].host, "/ok");
		ANSWER answer = ask(&net, url, cases[i].private_ok);

		if (answer.transport != (cases[i].asked ? TRANSPORT_OK
					 : TRANSPORT_FORBIDDEN))
			fail_msg("%s: %d", cases[i].host, answer.transport);
		assert_int_equal(*peer.request != '\0', cases[i].asked);
		if (cases[i].note)
			assert_string_equal(answer.note, cases[i].note);
		else
			assert_null(answer.note);
	}
}

static void what_a_name_leads_to_is_judged_when_it_is_asked(void **state)
{
	static const struct {
		const char *addresses;
		bool private_ok;
		enum transport transport;
		const char *note;
	} cases[] = {
		{ "127.0.0.1", true, TRANSPORT_OK, NULL },
		{ "127.0.0.1", false, TRANSPORT_FORBIDDEN,
		  "127.0.0.1 is a loopback address" },
		{ "[::ffff:127.0.0.1]", false, TRANSPORT_FORBIDDEN,
		  "is a loopback address" },
		{ "10.1.2.3", false, TRANSPORT_FORBIDDEN,
		  "10.1.2.3 is a private address" },
		{ "169.254.169.254", true, TRANSPORT_FORBIDDEN,
		  "169.254.169.254 is the address of a metadata service" },
		{ "[fd00:ec2::254]", true, TRANSPORT_FORBIDDEN,
		  "fd00:ec2::254 is the address of a metadata service" },
		{ "100.100.100.200", true, TRANSPORT_FORBIDDEN, "metadata" },
		/* One that may be asked is enough. */
		{ "169.254.169.254,127.0.0.1", true, TRANSPORT_OK, NULL },
		{ "[fd00:ec2::254],169.254.169.254", true,
		  TRANSPORT_FORBIDDEN, "metadata" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		NET net = net_new();
		AUTO_FREE char *url = url_at("rebind.test", "/ok");
		ANSWER answer = { 0 };

		pretend(&net, "rebind.test", cases[i].addresses);
		answer = ask(&net, url, cases[i].private_ok);
		if (answer.transport != cases[i].transport)
			fail_msg("%s: %d %s", cases[i].addresses,
				 answer.transport, answer.note);
		assert_int_equal(*peer.request != '\0',
				 cases[i].transport == TRANSPORT_OK);
		if (cases[i].note)
			assert_non_null(strstr(answer.note, cases[i].note));
	}
}

/* A host may be asked at an address that is forbidden for a provider. */
static void a_connection_of_another_wire_is_no_way_around(void **state)
{
	NET net = net_new();
	AUTO_FREE char *url = url_at("rebind.test", "/keep");
	ANSWER first = { 0 }, second = { 0 };

	(void)state;
	pretend(&net, "rebind.test", "127.0.0.1");
	first = ask(&net, url, true);
	assert_int_equal(first.status, 200);
	peer.request[0] = '\0';
	second = ask(&net, url, false);
	assert_int_equal(second.transport, TRANSPORT_FORBIDDEN);
	assert_int_equal(second.status, 0);
	assert_string_equal(peer.request, "");
}

/* ---- proxies ---- */

static char *proxy_url(const char *scheme, const char *credentials)
{
	return xasprintf("%s://%s%s127.0.0.1:%d", scheme, credentials,
			 *credentials ? "@" : "", peer.port);
}

static struct answer ask_through(struct net *net, const char *url,
				 const char *proxy)
{
	const struct way way = { .proxy = proxy };

	return ask_by(net, url, &way, NULL);
}

static bool asked(const char *line)
{
	return strcasestr(peer.request, line) != NULL;
}

static void a_proxy_may_stand_on_this_machine(void **state)
{
	NET net = net_new();
	AUTO_FREE char *proxy = proxy_url("http", "");
	ANSWER answer = ask_through(&net, "http://p.test/x", proxy);

	(void)state;
	assert_int_equal(answer.status, 200);
	assert_true(asked("GET http://p.test/x HTTP/1.1\r\n"));
	assert_false(asked("\r\nProxy-Authorization:"));
}

static void credentials_come_from_the_secret(void **state)
{
	const struct way way = { .proxy = "http://wrong.test:1",
				 .proxy_secret_id = "sec_1" };
	NET net = net_new();
	AUTO_FREE char *proxy = proxy_url("http", CREDENTIALS);
	ANSWER answer = ask_by(&net, "http://p.test/x", &way, proxy);

	(void)state;
	assert_int_equal(answer.status, 200);
	/* alice:pa@ss-0123456789 */
	assert_true(asked("\r\nProxy-Authorization: Basic "
			  "YWxpY2U6cGFAc3MtMDEyMzQ1Njc4OQ==\r\n"));
}

static void exceptions_of_the_environment_do_not_count(void **state)
{
	NET net = net_new();
	AUTO_FREE char *proxy = proxy_url("http", "");
	ANSWER answer = { 0 };

	(void)state;
	setenv("no_proxy", "*", 1);
	answer = ask_through(&net, "http://p.test/x", proxy);
	unsetenv("no_proxy");
	assert_int_equal(answer.status, 200);
}

static void a_way_can_do_without_the_proxy_of_the_settings(void **state)
{
	AUTO_FREE char *proxy = proxy_url("http", "");
	AUTO_FREE char *url = url_at("127.0.0.1", "/ok");
	const struct way as_set = { .private_ok = true };
	NET net = net_new();
	ANSWER direct = { 0 }, through = { 0 };

	(void)state;
	own_set(&settings.proxy, proxy);
	through = ask_by(&net, url, &as_set, NULL);
	assert_true(asked("GET http://127.0.0.1"));
	direct = ask(&net, url, true);
	own_set(&settings.proxy, "");
	assert_true(asked("GET /ok "));
	assert_int_equal(through.status, 200);
	assert_int_equal(direct.status, 200);
}

static void a_proxy_is_no_way_to_where_nobody_may_go(void **state)
{
	static const struct {
		const char *url;
		const char *note;
	} cases[] = {
		{ "http://169.254.169.254/x", "which is never asked" },
		{ "http://127.0.0.1/x", "127.0.0.1 is a loopback address, "
		  "behind the proxy; the setting exchange.private_providers "
		  "allows it" },
		{ "https://localhost/x", "behind the proxy" },
		{ "http://[::ffff:a9fe:a9fe]/x", "which is never asked" },
	};
	AUTO_FREE char *proxy = proxy_url("http", "");

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		NET net = net_new();
		ANSWER answer = ask_through(&net, cases[i].url, proxy);

		assert_int_equal(answer.transport, TRANSPORT_FORBIDDEN);
		assert_non_null(strstr(answer.note, cases[i].note));
		assert_string_equal(peer.request, "");
	}
}

static void a_proxy_may_not_be_a_metadata_service(void **state)
{
	NET net = net_new();
	ANSWER answer = ask_through(&net, "http://p.test/x",
				    "http://169.254.169.254:80");

	(void)state;
	assert_int_equal(answer.transport, TRANSPORT_FORBIDDEN);
	assert_string_equal(answer.note, "169.254.169.254 is the address of a"
			    " metadata service, which is never asked");
}

#define NOBODY "http://127.0.0.1:1"
#define NO_NAME "http://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
	"aaaaaaaaaaaaaaaaaaaaaaaaaa.invalid:1"

/* Each way in which a proxy fails, and who is to blame: PROXY is not PEER. */
static void what_a_proxy_does_wrong_is_not_the_peers_fault(void **state)
{
	static const struct {
		const char *scheme;	/* of a proxy at the peer's port */
		const char *proxy;	/* or another one */
		int socks_reply;
		const char *url;
		enum transport transport;
		const char *note;
	} cases[] = {
		{ "http", NULL, 0, "http://auth.test/", TRANSPORT_PROXY,
		  "the proxy answered 407: it wants other credentials" },
		{ "http", NULL, 0, "https://auth.test/", TRANSPORT_PROXY,
		  "the proxy answered 407 to CONNECT" },
		{ "http", NULL, 0, "https://far.test/", TRANSPORT_PROXY,
		  "the proxy answered 502 to CONNECT" },
		{ "http", NULL, 0, "https://silent.test/", TRANSPORT_PROXY,
		  "timeout" },
		{ "http", NULL, 0, "https://reset.test/", TRANSPORT_PROXY,
		  "" },
		{ "http", NULL, 0, "https://garbage.test/", TRANSPORT_PROXY,
		  "" },
		{ "https", NULL, 0, "http://p.test/", TRANSPORT_PROXY, "" },
		{ "https", NULL, 0, "https://p.test/", TRANSPORT_PROXY, "" },
		{ NULL, NOBODY, 0, "http://p.test/", TRANSPORT_PROXY, "" },
		{ NULL, NOBODY, 0, "https://p.test/", TRANSPORT_PROXY, "" },
		{ NULL, NO_NAME, 0, "https://p.test/", TRANSPORT_PROXY, "" },
		{ NULL, "socks5h://127.0.0.1:1", 0, "http://p.test/",
		  TRANSPORT_PROXY, "" },
		{ "socks5h", NULL, -1, "http://p.test/", TRANSPORT_PROXY,
		  "" },
		{ "socks5h", NULL, 1, "http://p.test/", TRANSPORT_PROXY, "" },
		{ "socks5h", NULL, 2, "http://p.test/", TRANSPORT_PROXY, "" },
		{ "socks5h", NULL, 4, "http://p.test/", TRANSPORT_TIMEOUT,
		  "" },
		{ "socks5h", NULL, 5, "http://p.test/", TRANSPORT_REFUSED,
		  "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		NET net = net_new();
		AUTO_FREE char *proxy = cases[i].scheme
			? proxy_url(cases[i].scheme, "")
			: xstrdup(cases[i].proxy);
		ANSWER answer = { 0 };

		peer.socks_reply = cases[i].socks_reply;
		answer = ask_through(&net, cases[i].url, proxy);
		if (answer.transport != cases[i].transport ||
		    !strstr(answer.note, cases[i].note))
			fail_msg("%s %s %d: %d %s", proxy, cases[i].url,
				 cases[i].socks_reply, answer.transport,
				 answer.note);
		assert_int_equal(answer.status, 0);
		assert_int_equal(answer.body_len, 0);
	}
}

/* A plain 502 through a proxy may be the peer's own word. */
static void what_the_peer_says_through_a_proxy_is_its_word(void **state)
{
	NET net = net_new();
	AUTO_FREE char *proxy = proxy_url("http", "");
	ANSWER answer = ask_through(&net, "http://p.test/x", proxy);

	(void)state;
	assert_int_equal(answer.transport, TRANSPORT_OK);
	assert_string_equal(answer.body, "someone else's");
}

/* ---- certificates ---- */

static void a_ca_that_is_none_is_told(void **state)
{
	AUTO_FREE char *url = xasprintf("https://127.0.0.1:%d/", peer.port);
	const struct way way = { .proxy = "", .private_ok = true,
				 .ca_pem = "no certificate at all" };
	NET net = net_new();
	ANSWER answer = ask_by(&net, url, &way, NULL);

	(void)state;
	assert_int_equal(answer.transport, TRANSPORT_TLS);
	assert_non_null(strstr(answer.note, "CA certificate"));
}

static void a_file_of_certificates_that_is_not_there_is_told(void **state)
{
	struct transfers *transfers = NULL;
	struct settings other = settings;
	CURLM *multi = curl_multi_init();
	char file[] = "/nowhere/ca.pem";
	struct err err;

	(void)state;
	other.ca_file = file;
	assert_int_equal(transfers_new(&transfers, multi, &other, &err), -1);
	assert_non_null(strstr(err.msg, "/nowhere/ca.pem"));
	assert_null(transfers);
	curl_multi_cleanup(multi);
}

static int start(void **state)
{
	struct err err;

	(void)state;
	curl_global_init(CURL_GLOBAL_ALL);
	if (settings_read(&settings, NULL, &err))
		return -1;
	settings.connect_timeout_ms = 150;
	peer_start(&peer);
	return 0;
}

static int end(void **state)
{
	(void)state;
	peer_end(&peer);
	settings_done(&settings);
	curl_global_cleanup();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			what_the_url_names_is_judged_before_anything_is_sent),
		cmocka_unit_test(
			what_a_name_leads_to_is_judged_when_it_is_asked),
		cmocka_unit_test(
			a_connection_of_another_wire_is_no_way_around),
		cmocka_unit_test(a_proxy_may_stand_on_this_machine),
		cmocka_unit_test(credentials_come_from_the_secret),
		cmocka_unit_test(exceptions_of_the_environment_do_not_count),
		cmocka_unit_test(
			a_way_can_do_without_the_proxy_of_the_settings),
		cmocka_unit_test(a_proxy_is_no_way_to_where_nobody_may_go),
		cmocka_unit_test(a_proxy_may_not_be_a_metadata_service),
		cmocka_unit_test(
			what_a_proxy_does_wrong_is_not_the_peers_fault),
		cmocka_unit_test(
			what_the_peer_says_through_a_proxy_is_its_word),
		cmocka_unit_test(a_ca_that_is_none_is_told),
		cmocka_unit_test(
			a_file_of_certificates_that_is_not_there_is_told),
	};

	return cmocka_run_group_tests(tests, start, end);
}
