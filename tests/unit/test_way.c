/*
 * How a job's wire gets its way: from the flow, the settings and a secret.
 */
#include "schedd/job.h"
#include "shared/secrets.h"
#include "shared/table.h"
#include "tests/unit/fixture.h"

#define PROXY "socks5h://alice:correct-horse@proxy.test:1080"

/* What the way of the flow says; its subject. */
struct wish {
	struct way way;
	bool keeps_start;	/* leaves private_ok as the settings say */
};

static void way_of(const void *subject, const struct request *request,
		   struct way *ret)
{
	const struct wish *wish = subject;
	bool started = ret->private_ok;

	(void)request;
	*ret = wish->way;
	if (wish->keeps_start)
		ret->private_ok = started;
}

static const char *secret_id(const void *subject, enum slot slot)
{
	(void)subject;
	(void)slot;
	return NULL;
}

static const struct flow with_way = {
	.name = "with_way", .secret_id = secret_id, .way = way_of,
};
static const struct flow without_way = {
	.name = "without_way", .secret_id = secret_id,
};
static const struct step step = { .name = "ask" };

/* A database with keys, and settings that are the defaults. */
struct base {
	struct db *db;
	struct seal_private key;
	struct settings settings;
	char proxy_id[ID_MAX];
};

static void base_open(struct base *base)
{
	struct secret_face face;
	struct err err;
	int applied;

	OK(seal_start(&err));
	seal_generate(&base->key);
	OK(settings_read(&base->settings, NULL, &err));
	OK(db_open(&base->db, ":memory:", DB_CREATE, &err));
	OK(migrate_apply(base->db, NOW, &applied, &err));
	OK(secrets_add(base->db, &base->key.pub, SECRET_PROXY, PROXY, NOW, 1,
		       &face, &err));
	snprintf(base->proxy_id, sizeof(base->proxy_id), "%s",
		 face.secret_id);
}

static void base_done(struct base *base)
{
	db_close(&base->db);
	settings_done(&base->settings);
	seal_private_done(&base->key);
}

#define BASE CLEANUP(base_done) struct base

static int make_wire(struct base *base, const struct flow *flow,
		     struct wish *wish, enum peer peer, struct wire **ret,
		     struct err *err)
{
	const struct store store = { .db = base->db, .key = &base->key,
				     .settings = &base->settings };
	struct job job = { .flow = flow, .step = &step, .subject = wish };
	int rc;

	request_start(&job.request, METHOD_GET, peer, "http://p.test", "%s",
		      "/v1");
	rc = job_wire(&job, &store, ret, err);
	request_done(&job.request);
	return rc;
}

static void without_a_word_it_is_as_the_settings_say(void **state)
{
	static const struct {
		enum peer peer;
		bool hosts, providers, private_ok;
		const char *setting;
	} cases[] = {
		{ PEER_HOST, true, false, true, "exchange.private_hosts" },
		{ PEER_HOST, false, true, false, "exchange.private_hosts" },
		{ PEER_PROVIDER, true, false, false,
		  "exchange.private_providers" },
		{ PEER_PROVIDER, false, true, true,
		  "exchange.private_providers" },
	};
	BASE base = { 0 };

	(void)state;
	base_open(&base);
	assert_true(base.settings.private_hosts);
	assert_false(base.settings.private_providers);
	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(wire_free) struct wire *wire = NULL;
		struct err err;

		base.settings.private_hosts = cases[i].hosts;
		base.settings.private_providers = cases[i].providers;
		OK(make_wire(&base, &without_way, NULL, cases[i].peer, &wire,
			     &err));
		assert_int_equal(wire->private_ok, cases[i].private_ok);
		assert_string_equal(wire->private_setting, cases[i].setting);
		assert_null(wire->proxy);
		assert_null(wire->ca_pem);
	}
}

static void a_flow_may_say_otherwise(void **state)
{
	struct wish wish = { .way = { .proxy = "http://other.test:3128",
				      .ca_pem = "PEM", .private_ok = true } };
	CLEANUP(wire_free) struct wire *wire = NULL;
	BASE base = { 0 };
	struct err err;

	(void)state;
	base_open(&base);
	OK(make_wire(&base, &with_way, &wish, PEER_PROVIDER, &wire, &err));
	assert_string_equal(wire->proxy, "http://other.test:3128");
	assert_string_equal(wire->ca_pem, "PEM");
	assert_true(wire->private_ok);
	assert_null(wire->secrets->text[SLOT_PROXY]);
	wire_free(&wire);
	wish = (struct wish){ .keeps_start = true };
	OK(make_wire(&base, &with_way, &wish, PEER_HOST, &wire, &err));
	assert_true(wire->private_ok);
	assert_null(wire->proxy);
}

static void a_proxy_with_credentials_is_opened_for_the_wire_alone(void **state)
{
	struct wish wish = { .way = { .proxy = "socks5h://proxy.test:1080" } };
	CLEANUP(wire_free) struct wire *wire = NULL;
	char echo[] = "you came by alice:correct-horse!";
	BASE base = { 0 };
	struct err err;

	(void)state;
	base_open(&base);
	wish.way.proxy_secret_id = base.proxy_id;
	OK(make_wire(&base, &with_way, &wish, PEER_PROVIDER, &wire, &err));
	assert_string_equal(wire->proxy, PROXY);
	wire_scrub(wire, echo, strlen(echo));
	assert_string_equal(echo, "you came by *******************!");
}

static void a_secret_that_is_gone_makes_no_wire(void **state)
{
	struct wish wish = { .way = { .proxy_secret_id = "sec_gone" } };
	CLEANUP(wire_free) struct wire *wire = NULL;
	BASE base = { 0 };
	struct err err;

	(void)state;
	base_open(&base);
	assert_int_equal(make_wire(&base, &with_way, &wish, PEER_HOST, &wire,
				   &err), -1);
	assert_null(wire);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_word_it_is_as_the_settings_say),
		cmocka_unit_test(a_flow_may_say_otherwise),
		cmocka_unit_test(
			a_proxy_with_credentials_is_opened_for_the_wire_alone),
		cmocka_unit_test(a_secret_that_is_gone_makes_no_wire),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
