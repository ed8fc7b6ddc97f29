/*
 * Exchanges over real sockets, with a peer that does what peers do.
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

#define KEY "sk-0123456789abcdef"
/* Longer than a machine can be busy with other things. */
#define WAIT_MS 120000
#define PATIENCE_MS 60000	/* of a call that is answered */
#define SHORT_MS 300		/* of one that nobody answers */

static struct peer_server peer;
static struct settings settings;

struct net {
	CURLM *multi;
	struct transfers *transfers;
	uint64_t tag;
	int64_t timeout_ms;
};

static struct net net_new(void)
{
	struct net net = { .multi = curl_multi_init(),
			   .timeout_ms = PATIENCE_MS };
	struct err err;

	if (transfers_new(&net.transfers, net.multi, &settings, &err))
		fail_msg("%s", err.msg);
	return net;
}

static void net_done(struct net *net)
{
	transfers_free(&net->transfers);
	curl_multi_cleanup(net->multi);
}

#define NET CLEANUP(net_done) struct net

static void send_to(struct net *net, const char *method, const char *url,
		    const char *body)
{
	struct wire *wire = xcalloc(1, sizeof(*wire));

	wire->method = method;
	wire->url = xstrdup(url);
	wire->headers[wire->nheaders++] = xstrdup("x-api-key: " KEY);
	wire->headers[wire->nheaders++] = xstrdup("Accept: */*");
	if (body) {
		wire->body = xstrdup(body);
		wire->body_len = strlen(body);
	}
	wire->timeout_ms = net->timeout_ms;
	wire->answer_max = 4096;
	wire->private_ok = true;
	wire->secrets = xcalloc(1, sizeof(*wire->secrets));
	wire->secrets->text[SLOT_HOST_TOKEN] = xstrdup(KEY);
	transfers_send(net->transfers, ++net->tag, wire);
}

static struct answer reap(struct net *net)
{
	int64_t until = clock_mono_ms() + WAIT_MS;
	struct answer answer = { 0 };
	uint64_t tag = 0;
	int running;

	while (!transfers_reap(net->transfers, &tag, &answer)) {
		assert_true(clock_mono_ms() < until);
		assert_int_equal(curl_multi_perform(net->multi, &running),
				 CURLM_OK);
		curl_multi_poll(net->multi, NULL, 0, 10, NULL);
	}
	assert_int_equal(tag, net->tag);
	return answer;
}

static char *url_of(const char *scheme, const char *path)
{
	return xasprintf("%s://127.0.0.1:%d%s", scheme, peer.port, path);
}

/* What becomes of a GET of `path`. */
static struct answer get(const char *path)
{
	NET net = net_new();
	AUTO_FREE char *url = url_of("http", path);

	send_to(&net, "GET", url, NULL);
	return reap(&net);
}

#define ANSWER CLEANUP(answer_done) struct answer

/* ---- answers ---- */

static void an_answer_comes_with_what_it_says_of_itself(void **state)
{
	ANSWER answer = get("/ok");

	(void)state;
	assert_int_equal(answer.transport, TRANSPORT_OK);
	assert_int_equal(answer.status, 200);
	assert_string_equal(answer.content_type, "application/json");
	assert_string_equal(answer.request_id, "r-1");
	assert_int_equal(answer.retry_after_ms, 7000);
	assert_string_equal(answer.body, "{\"a\":1}");
	assert_int_equal(answer.body_len, 7);
	assert_null(answer.location);
	assert_in_range(answer.latency_ms, 0, PATIENCE_MS);
	assert_true(answer.first_byte_ms <= answer.latency_ms);
}

static void an_answer_need_not_say_anything(void **state)
{
	ANSWER answer = get("/plain");

	(void)state;
	assert_int_equal(answer.transport, TRANSPORT_OK);
	assert_null(answer.content_type);
	assert_null(answer.request_id);
	assert_int_equal(answer.retry_after_ms, -1);
	assert_string_equal(answer.body, "");
}

static void nobody_is_waited_for_for_ages(void **state)
{
	ANSWER answer = get("/patience");

	(void)state;
	assert_int_equal(answer.retry_after_ms, 3600 * 1000);
}

static void a_redirect_is_not_followed(void **state)
{
	ANSWER answer = get("/redirect");

	(void)state;
	assert_int_equal(answer.transport, TRANSPORT_OK);
	assert_int_equal(answer.status, 302);
	assert_non_null(strstr(answer.location, "/ok"));
}

static bool asked(const char *line)
{
	return strcasestr(peer.request, line) != NULL;
}

/* Some relays pack what they say whether they were asked to or not. */
static void a_packed_answer_is_read(void **state)
{
	ANSWER answer = get("/packed");

	(void)state;
	assert_int_equal(answer.transport, TRANSPORT_OK);
	assert_string_equal(answer.body, "{\"a\":1}");
	assert_int_equal(answer.body_len, 7);
	assert_true(asked("\r\nAccept-Encoding: gzip\r\n"));
}

/* ---- failures ---- */

/*
 * Who is silent can only be told from who is not reached if there was time to
 * ask him: on a busy machine that takes longer.
 */
static bool fails_as(const char *path, enum transport transport,
		     int64_t timeout_ms)
{
	AUTO_FREE char *url = url_of("http", path);

	for (; timeout_ms <= PATIENCE_MS; timeout_ms *= 2) {
		NET net = net_new();
		ANSWER answer = { 0 };

		net.timeout_ms = timeout_ms;
		send_to(&net, "GET", url, NULL);
		answer = reap(&net);
		assert_true(answer.body_len <= 4096);
		if (answer.transport == transport)
			return true;
	}
	return false;
}

static void every_way_to_fail_has_its_name(void **state)
{
	static const struct {
		const char *path;
		enum transport transport;
	} cases[] = {
		{ "/silent", TRANSPORT_SILENT },
		{ "/stall", TRANSPORT_SILENT },
		{ "/reset", TRANSPORT_RESET },
		{ "/cut", TRANSPORT_RESET },
		{ "/close", TRANSPORT_RESET },
		/* It was asked, and who knows what it did. */
		{ "/garbage", TRANSPORT_RESET },
		{ "/mispacked", TRANSPORT_RESET },
		{ "/endless", TRANSPORT_TOO_LARGE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		bool waits = cases[i].transport == TRANSPORT_SILENT;

		if (!fails_as(cases[i].path, cases[i].transport,
			      waits ? SHORT_MS : PATIENCE_MS))
			fail_msg("%s", cases[i].path);
	}
}

static struct answer get_url(const char *url)
{
	NET net = net_new();

	send_to(&net, "GET", url, NULL);
	return reap(&net);
}

static void nobody_listens(void **state)
{
	int port, fd = peer_bind(&port);
	AUTO_FREE char *url = xasprintf("http://127.0.0.1:%d/", port);
	ANSWER answer = get_url(url);

	(void)state;
	close(fd);
	assert_int_equal(answer.transport, TRANSPORT_REFUSED);
	assert_int_equal(answer.status, 0);
	assert_int_equal(answer.retry_after_ms, -1);
}

/* A label as long as this is no name: nobody needs to be asked. */
static void a_name_that_is_none(void **state)
{
	ANSWER answer = get_url("http://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
				"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.invalid/");

	(void)state;
	assert_int_equal(answer.transport, TRANSPORT_DNS);
}

static void https_where_there_is_none(void **state)
{
	AUTO_FREE char *url = url_of("https", "/ok");
	ANSWER answer = get_url(url);

	(void)state;
	assert_int_equal(answer.transport, TRANSPORT_TLS);
}

/* The queue of a server that accepts nobody is full after a few. */
static void a_server_that_accepts_nobody(void **state)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int port, fd = peer_bind(&port), waiting[4];
	AUTO_FREE char *url = xasprintf("http://127.0.0.1:%d/", port);
	ANSWER answer = { 0 };

	(void)state;
	assert_int_equal(listen(fd, 0), 0);
	at.sin_port = htons((uint16_t)port);
	for (size_t i = 0; i < COUNT(waiting); i++) {
		waiting[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		if (connect(waiting[i], (struct sockaddr *)&at, sizeof(at)))
			continue;	/* it goes on by itself, or not */
	}
	settings.connect_timeout_ms = SHORT_MS;
	answer = get_url(url);
	settings.connect_timeout_ms = PATIENCE_MS;
	assert_int_equal(answer.transport, TRANSPORT_TIMEOUT);
	for (size_t i = 0; i < COUNT(waiting); i++)
		close(waiting[i]);
	close(fd);
}

static void only_http_is_spoken(void **state)
{
	static const char *const urls[] = {
		"file:///etc/hostname", "gopher://127.0.0.1/", "http://", "",
		"http://a b/",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(urls); i++) {
		ANSWER answer = get_url(urls[i]);

		if (answer.transport != TRANSPORT_BAD_URL)
			fail_msg("%s: %d", urls[i], answer.transport);
		assert_int_equal(answer.body_len, 0);
	}
}

/* ---- what leaves, and what of it comes back ---- */

static void a_request_leaves_as_it_was_written(void **state)
{
	static const struct {
		const char *method, *body, *first, *last;
	} cases[] = {
		{ "GET", NULL, "GET /plain HTTP/1.1\r\n", "\r\n\r\n" },
		{ "POST", "{\"a\":1}", "POST /plain HTTP/1.1\r\n",
		  "\r\n\r\n{\"a\":1}" },
		{ "POST", NULL, "POST /plain HTTP/1.1\r\n", "\r\n\r\n" },
		{ "PUT", "{}", "PUT /plain HTTP/1.1\r\n", "\r\n\r\n{}" },
		{ "DELETE", NULL, "DELETE /plain HTTP/1.1\r\n", "\r\n\r\n" },
	};
	NET net = net_new();

	(void)state;
	/* One after the other on handles that are used again. */
	for (size_t i = 0; i < COUNT(cases); i++) {
		AUTO_FREE char *url = url_of("http", "/plain");
		ANSWER answer = { 0 };
		size_t len, last = strlen(cases[i].last);

		send_to(&net, cases[i].method, url, cases[i].body);
		answer = reap(&net);
		assert_int_equal(answer.status, 200);
		len = strlen(peer.request);
		assert_memory_equal(peer.request, cases[i].first,
				    strlen(cases[i].first));
		assert_string_equal(peer.request + len - last,
				    cases[i].last);
		assert_true(asked("\r\nx-api-key: " KEY "\r\n"));
		assert_true(asked("\r\nUser-Agent: crm/"));
		assert_false(asked("\r\nExpect:"));
		assert_false(asked("x-www-form-urlencoded") &&
			     cases[i].body == NULL &&
			     strcmp(cases[i].method, "POST") != 0);
	}
}

static void what_a_peer_echoes_of_a_secret_is_masked(void **state)
{
	ANSWER answer = get("/echo");

	(void)state;
	assert_true(asked(KEY));
	assert_non_null(strstr(answer.body, "x-api-key: *******************"));
	assert_null(strstr(answer.body, KEY));
}

/* ---- proxies ---- */

static void the_environment_names_no_proxy(void **state)
{
	ANSWER answer = { 0 };

	(void)state;
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
	answer = get("/ok");
	unsetenv("http_proxy");
	unsetenv("ALL_PROXY");
	assert_int_equal(answer.status, 200);
}

static void the_settings_do(void **state)
{
	ANSWER answer = { 0 };

	(void)state;
	free(settings.proxy);
	settings.proxy = url_of("http", "");
	answer = get_url("http://somewhere.invalid/x");
	own_set(&settings.proxy, "");
	assert_int_equal(answer.status, 200);
	assert_string_equal(answer.body, "someone else's");
	assert_true(asked("GET http://somewhere.invalid/x HTTP/1.1\r\n"));
}

/* ---- many, and the end ---- */

static void what_is_under_way_can_be_dropped(void **state)
{
	NET net = net_new();
	AUTO_FREE char *url = url_of("http", "/silent");
	int running;

	(void)state;
	for (int i = 0; i < 5; i++)
		send_to(&net, "GET", url, NULL);
	curl_multi_perform(net.multi, &running);
	assert_int_equal(running, 5);
	/* Nothing is told of them, and nothing is left. */
}

static void each_answer_is_told_by_its_tag(void **state)
{
	NET net = net_new();
	AUTO_FREE char *url = url_of("http", "/ok");
	int64_t until = clock_mono_ms() + WAIT_MS;
	bool seen[6] = { true };
	int running;

	(void)state;
	for (int i = 0; i < 5; i++)
		send_to(&net, "GET", url, NULL);
	for (int n = 0; n < 5;) {
		struct answer answer = { 0 };
		uint64_t tag;

		assert_true(clock_mono_ms() < until);
		curl_multi_perform(net.multi, &running);
		while (transfers_reap(net.transfers, &tag, &answer)) {
			assert_in_range(tag, 1, 5);
			assert_false(seen[tag]);
			seen[tag] = true;
			assert_int_equal(answer.status, 200);
			answer_done(&answer);
			n++;
		}
		curl_multi_poll(net.multi, NULL, 0, 10, NULL);
	}
}

static int start(void **state)
{
	struct err err;

	(void)state;
	curl_global_init(CURL_GLOBAL_ALL);
	if (settings_read(&settings, NULL, &err))
		return -1;
	settings.connect_timeout_ms = PATIENCE_MS;
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
		cmocka_unit_test(an_answer_comes_with_what_it_says_of_itself),
		cmocka_unit_test(an_answer_need_not_say_anything),
		cmocka_unit_test(nobody_is_waited_for_for_ages),
		cmocka_unit_test(a_redirect_is_not_followed),
		cmocka_unit_test(a_packed_answer_is_read),
		cmocka_unit_test(every_way_to_fail_has_its_name),
		cmocka_unit_test(nobody_listens),
		cmocka_unit_test(a_name_that_is_none),
		cmocka_unit_test(https_where_there_is_none),
		cmocka_unit_test(a_server_that_accepts_nobody),
		cmocka_unit_test(only_http_is_spoken),
		cmocka_unit_test(a_request_leaves_as_it_was_written),
		cmocka_unit_test(what_a_peer_echoes_of_a_secret_is_masked),
		cmocka_unit_test(the_environment_names_no_proxy),
		cmocka_unit_test(the_settings_do),
		cmocka_unit_test(what_is_under_way_can_be_dropped),
		cmocka_unit_test(each_answer_is_told_by_its_tag),
	};

	return cmocka_run_group_tests(tests, start, end);
}
