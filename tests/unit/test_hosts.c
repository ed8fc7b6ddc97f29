#include "tests/unit/fixture.h"

#include "shared/hosts.h"
#include "shared/secrets.h"

static const struct db_query q_count = { "test.count_snapshots",
	"SELECT count(*) || ' ' || min(taken_at) || ' ' || max(taken_at)"
	" FROM host_snapshots WHERE host_id = $1" };
static const struct db_query q_left = { "test.left",
	"SELECT (SELECT count(*) FROM hosts WHERE host_id = $1) || ' '"
	" || (SELECT count(*) FROM host_snapshots WHERE host_id = $1) || ' '"
	" || (SELECT count(*) FROM tasks WHERE host_id = $1) || ' '"
	" || (SELECT count(*) FROM managed_resources WHERE host_id = $1)"
	" || ' ' || (SELECT count(*) FROM secrets)" };

static const struct db_query q_secrets = { "test.secrets",
	"SELECT coalesce(group_concat(secret_id, ' '), '') FROM"
	" (SELECT secret_id FROM secrets WHERE secret_id <> $1"
	"  ORDER BY secret_id)" };
static const struct db_query q_notices = { "test.notices",
	"SELECT count(*) FROM notices WHERE notice_id > $1" };

/* A host with a token of its own. */
static void add(struct db *db, const char *url, char ret_id[ID_MAX])
{
	static uint64_t random;
	struct seal_private key;
	struct secret_face face;
	struct err err;

	seal_generate(&key);
	OK(secrets_add(db, &key.pub, SECRET_HOST_TOKEN, "admin-0123456789",
		       NOW, ++random, &face, &err));
	OK(hosts_add(db, &(struct host_spec){ .name = "test",
		     .base_url = url, .auth_type = HOST_AUTH_BEARER,
		     .auth_secret_id = face.secret_id }, NOW, random, ret_id,
		     &err));
}

static void found(struct db *db, const char *host_id,
		  const struct host_finding *finding, int64_t now)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	struct err err;

	OK(db_tx_begin(&tx, db, &err));
	OK(hosts_found(db, host_id, finding, now, &err));
	OK(db_tx_commit(&tx, &err));
}

static void a_new_host_is_unknown(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_db();
	CLEANUP(host_done) struct host host = { 0 };
	char id[ID_MAX];
	struct err err;

	(void)state;
	add(db, "http://h", id);
	OK(hosts_get(db, id, &host, &err));
	assert_string_equal(host.host_id, id);
	assert_string_equal(host.name, "test");
	assert_string_equal(host.base_url, "http://h");
	assert_null(host.public_base_url);
	assert_int_equal(host.auth_type, HOST_AUTH_BEARER);
	assert_int_equal(host.state, HOST_UNKNOWN);
	assert_null(host.capabilities);
	assert_int_equal(host.probed_at, 0);
	assert_int_equal(host.created_at, NOW);
	REFUSED(hosts_get(db, "hst_none", &host, &err), ERR_NOT_FOUND);
}

static void a_base_url_is_taken_once(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_hosts();
	char id[ID_MAX];
	const struct host_spec spec = { .name = "again",
		.base_url = "http://one", .auth_secret_id = "sec_1" };
	struct err err;

	(void)state;
	REFUSED(hosts_add(db, &spec, NOW, 1, id, &err), ERR_CONFLICT);
	assert_string_equal(err.code, "host_exists");
}

static void a_page_goes_by_id(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_hosts();
	CLEANUP(host_done) struct host host = { 0 };
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	struct err err;

	(void)state;
	OK(hosts_list(&rows, db, "", 1, &err));
	assert_int_equal(hosts_next(&rows, &host, &err), 1);
	assert_string_equal(host.host_id, "hst_1");
	assert_int_equal(hosts_next(&rows, &host, &err), 0);
	db_rows_done(&rows);
	OK(hosts_list(&rows, db, "hst_1", 9, &err));
	assert_int_equal(hosts_next(&rows, &host, &err), 1);
	assert_string_equal(host.host_id, "hst_2");
	assert_int_equal(hosts_next(&rows, &host, &err), 0);
}

static void a_finding_is_kept_with_its_snapshot(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_hosts();
	CLEANUP(host_done) struct host host = { 0 };
	struct err err;

	(void)state;
	found(db, "hst_1", &(struct host_finding){ .state = HOST_READY,
	      .version = "0.1.126", .capabilities = "{\"a\":1}" }, NOW);
	found(db, "hst_1", &(struct host_finding){ .state = HOST_READY,
	      .version = "0.1.179", .capabilities = "{\"a\":2}" }, NOW + 1);
	found(db, "hst_1", &(struct host_finding){
	      .state = HOST_UNREACHABLE, .reason = "dns",
	      .reason_detail = "no such name" }, NOW + 2);
	OK(hosts_get(db, "hst_1", &host, &err));
	assert_int_equal(host.state, HOST_UNREACHABLE);
	assert_string_equal(host.reason, "dns");
	assert_string_equal(host.reason_detail, "no such name");
	assert_string_equal(host.version, "0.1.179");
	assert_string_equal(host.capabilities, "{\"a\":2}");
	assert_int_equal(host.probed_at, NOW + 2);
}

static void only_the_newest_snapshots_are_kept(void **state)
{
	const struct host_finding finding = { .state = HOST_READY,
					      .capabilities = "{}" };
	CLEANUP(db_close) struct db *db = fixture_hosts();

	(void)state;
	for (int i = 1; i <= HOST_SNAPSHOTS_KEPT + 3; i++)
		found(db, "hst_1", &finding, i);
	found(db, "hst_1", &finding, HOST_SNAPSHOTS_KEPT + 3);
	found(db, "hst_2", &finding, 1);
	assert_string_equal(fixture_value(db, &q_count, "hst_1"), "20 4 23");
	assert_string_equal(fixture_value(db, &q_count, "hst_2"), "1 1 1");
}

static void nothing_is_found_of_a_host_that_was_removed(void **state)
{
	const struct host_finding finding = { .state = HOST_READY,
					      .capabilities = "{}" };
	CLEANUP(db_close) struct db *db = fixture_hosts();
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	struct err err;

	(void)state;
	OK(db_tx_begin(&tx, db, &err));
	REFUSED(hosts_found(db, "hst_none", &finding, NOW, &err),
		ERR_NOT_FOUND);
}

static int delete(struct db *db, const char *host_id, struct host_use *use,
		  struct err *err)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };

	if (db_tx_begin(&tx, db, err) ||
	    hosts_delete(db, host_id, use, err))
		return -1;
	return db_tx_commit(&tx, err);
}

static void removing_takes_tasks_snapshots_and_token_along(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_db();
	struct host_use use = { 0 };
	AUTO_FREE char *sql = NULL;
	char id[ID_MAX];
	struct err err;

	(void)state;
	add(db, "http://h", id);
	found(db, id, &(struct host_finding){ .state = HOST_READY,
	      .capabilities = "{}" }, NOW);
	sql = xasprintf("INSERT INTO tasks (task_id, flow, subject_id,"
			" host_id, step, step_since, state, not_before,"
			" created_at, updated_at) VALUES ('tsk_1', 'probe',"
			" '%s', '%s', 's', 1, 'due', 1, 1, 1);"
			"INSERT INTO managed_resources (resource_id, host_id,"
			" resource_type, lookup, mark, state, created_at,"
			" updated_at) VALUES ('res_1', '%s', 'group', 'g',"
			" 'm', 'gone', 1, 1);", id, id, id);
	fixture_sql(db, sql);
	assert_string_equal(fixture_value(db, &q_left, id), "1 1 1 1 1");
	OK(delete(db, id, &use, &err));
	assert_string_equal(fixture_value(db, &q_left, id), "0 0 0 0 0");
	REFUSED(delete(db, id, &use, &err), ERR_NOT_FOUND);
}

static void a_host_in_use_is_not_removed(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_hosts();
	struct host_use use = { 0 };
	struct err err;

	(void)state;
	fixture_sql(db,
		"INSERT INTO import_runs (run_id, host_id, origin,"
		" access_mode, subscription_users, subscription_days, state,"
		" items_total, created_by, created_at, updated_at) VALUES"
		" ('run_1', 'hst_1', 'batch_import', 'subscription', '[]', 30,"
		"  'completed', 2, 'tok_1', 1, 1);"
		"INSERT INTO managed_resources (resource_id, host_id,"
		" resource_type, lookup, mark, state, created_at, updated_at)"
		" VALUES ('res_1', 'hst_1', 'group', 'a', 'a', 'wanted', 1, 1),"
		" ('res_2', 'hst_1', 'group', 'b', 'b', 'gone', 1, 1),"
		" ('res_3', 'hst_1', 'user', 'a', 'a', 'present', 1, 1);");
	REFUSED(delete(db, "hst_1", &use, &err), ERR_CONFLICT);
	assert_string_equal(err.code, "host_in_use");
	assert_int_equal(use.import_batches, 1);
	assert_int_equal(use.managed_resources, 2);
	assert_int_equal(use.reconcile_runs, 0);
	assert_string_equal(fixture_value(db, &q_left, "hst_1"),
			    "1 0 0 3 1");
}

/* A host with every column that a caller can fill, and secrets of them. */
static void add_full(struct db *db, char ret_id[ID_MAX])
{
	struct err err;

	fixture_sql(db, "INSERT INTO secrets (secret_id, kind,"
		    " sealed, fingerprint, last4, created_at)"
		    " SELECT column1, 'password',"
		    " x'00', NULL, NULL, 1 FROM (VALUES ('sec_pw'),"
		    " ('sec_pw2'), ('sec_px'), ('sec_jwt'), ('sec_jwt2'))");
	OK(hosts_add(db, &(struct host_spec){ .name = "full",
		     .base_url = "http://full",
		     .auth_type = HOST_AUTH_PASSWORD,
		     .auth_secret_id = "sec_pw", .admin_email = "a@b.example",
		     .proxy_secret_id = "sec_px", .proxy = "http://proxy:1",
		     .ca_pem = "PEM" }, NOW, 77, ret_id, &err));
}

static void set_session(struct db *db, const char *host_id,
			const char *secret_id, int64_t expires_at)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	struct err err;

	OK(db_tx_begin(&tx, db, &err));
	OK(hosts_session(db, host_id, secret_id, expires_at, NOW + 1, &err));
	OK(db_tx_commit(&tx, &err));
}

static void change(struct db *db, const char *host_id,
		   const struct host_change *to)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	struct err err;

	OK(db_tx_begin(&tx, db, &err));
	OK(hosts_change(db, host_id, to, NOW + 2, &err));
	OK(db_tx_commit(&tx, &err));
}

static void a_session_replaces_the_one_before(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_hosts();
	CLEANUP(host_done) struct host host = { 0 };
	char id[ID_MAX];
	struct err err;

	(void)state;
	add_full(db, id);
	OK(hosts_get(db, id, &host, &err));
	assert_int_equal(host.auth_type, HOST_AUTH_PASSWORD);
	assert_string_equal(host.admin_email, "a@b.example");
	assert_string_equal(host.proxy_secret_id, "sec_px");
	assert_string_equal(host.proxy, "http://proxy:1");
	assert_string_equal(host.ca_pem, "PEM");
	assert_null(host.session_secret_id);
	set_session(db, id, "sec_jwt", NOW + 50);
	set_session(db, id, "sec_jwt2", NOW + 60);
	OK(hosts_get(db, id, &host, &err));
	assert_string_equal(host.session_secret_id, "sec_jwt2");
	assert_int_equal(host.session_expires_at, NOW + 60);
	assert_string_equal(fixture_value(db, &q_secrets, ""),
			    "sec_1 sec_jwt2 sec_pw sec_pw2 sec_px");
	/* The same again, renewed only in its time. */
	set_session(db, id, "sec_jwt2", NOW + 70);
	OK(hosts_get(db, id, &host, &err));
	assert_int_equal(host.session_expires_at, NOW + 70);
	set_session(db, id, NULL, 9);
	OK(hosts_get(db, id, &host, &err));
	assert_null(host.session_secret_id);
	assert_int_equal(host.session_expires_at, 0);
	assert_string_equal(fixture_value(db, &q_secrets, ""),
			    "sec_1 sec_pw sec_pw2 sec_px");
}

/* A login came, and was no administrator's: nobody is to hold its token. */
static void a_session_that_never_began_is_not_kept(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_hosts();
	CLEANUP(host_done) struct host host = { 0 };
	char id[ID_MAX];
	struct err err;

	(void)state;
	add_full(db, id);
	set_session(db, id, "sec_jwt", NOW + 50);
	set_session(db, id, "sec_jwt2", 0);
	OK(hosts_get(db, id, &host, &err));
	assert_null(host.session_secret_id);
	assert_string_equal(fixture_value(db, &q_secrets, ""),
			    "sec_1 sec_pw sec_pw2 sec_px");
}

static void a_change_keeps_what_it_does_not_name(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_hosts();
	CLEANUP(host_done) struct host host = { 0 };
	char id[ID_MAX];
	struct err err;

	(void)state;
	add_full(db, id);
	set_session(db, id, "sec_jwt", NOW + 50);
	change(db, id, &(struct host_change){ .name = "new",
	       .public_base_url = "http://pub" });
	OK(hosts_get(db, id, &host, &err));
	assert_string_equal(host.name, "new");
	assert_string_equal(host.public_base_url, "http://pub");
	assert_string_equal(host.auth_secret_id, "sec_pw");
	assert_string_equal(host.session_secret_id, "sec_jwt");
	assert_string_equal(host.proxy, "http://proxy:1");
	assert_string_equal(host.ca_pem, "PEM");
	assert_int_equal(host.updated_at, NOW + 2);
	/* Another password ends the session; "" clears. */
	change(db, id, &(struct host_change){ .auth_secret_id = "sec_pw2",
	       .public_base_url = "", .proxy_secret_id = "", .proxy = "",
	       .ca_pem = "", .name = "" });
	OK(hosts_get(db, id, &host, &err));
	assert_string_equal(host.name, "new");
	assert_null(host.public_base_url);
	assert_string_equal(host.auth_secret_id, "sec_pw2");
	assert_null(host.session_secret_id);
	assert_null(host.proxy_secret_id);
	assert_null(host.proxy);
	assert_null(host.ca_pem);
	assert_string_equal(fixture_value(db, &q_secrets, ""),
			    "sec_1 sec_jwt2 sec_pw2");
}

static void a_suspicion_keeps_its_beginning(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_hosts();
	CLEANUP(host_done) struct host host = { 0 };
	struct err err;

	(void)state;
	OK(hosts_suspect(db, "hst_1", "timeout", NOW, &err));
	OK(hosts_suspect(db, "hst_1", "refused", NOW + 1, &err));
	OK(hosts_get(db, "hst_1", &host, &err));
	assert_string_equal(host.suspect_class, "refused");
	assert_int_equal(host.suspect_since, NOW);
	OK(hosts_suspect(db, "hst_1", NULL, NOW + 2, &err));
	OK(hosts_get(db, "hst_1", &host, &err));
	assert_null(host.suspect_class);
	assert_int_equal(host.suspect_since, 0);
	REFUSED(hosts_suspect(db, "hst_none", NULL, NOW, &err),
		ERR_NOT_FOUND);
}

static void the_run_mode_is_kept(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_hosts();
	CLEANUP(host_done) struct host host = { 0 };
	struct err err;

	(void)state;
	OK(hosts_run_mode(db, "hst_1", "simple", NOW, &err));
	found(db, "hst_1", &(struct host_finding){ .state = HOST_READY },
	      NOW + 1);
	OK(hosts_get(db, "hst_1", &host, &err));
	assert_string_equal(host.run_mode, "simple");
	found(db, "hst_1", &(struct host_finding){ .state = HOST_READY,
	      .run_mode = "standard" }, NOW + 2);
	OK(hosts_get(db, "hst_1", &host, &err));
	assert_string_equal(host.run_mode, "standard");
	REFUSED(hosts_run_mode(db, "hst_none", "simple", NOW, &err),
		ERR_NOT_FOUND);
}

static void what_was_probed_long_ago_comes_first(void **state)
{
	const struct host_finding finding = { .state = HOST_READY };
	CLEANUP(db_close) struct db *db = fixture_hosts();
	CLEANUP(host_done) struct host host = { 0 };
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	char id[ID_MAX];
	struct err err;

	(void)state;
	add(db, "http://never", id);
	found(db, "hst_1", &finding, NOW + 2);
	found(db, "hst_2", &finding, NOW + 1);
	OK(hosts_unprobed(&rows, db, NOW + 2, 9, &err));
	assert_int_equal(hosts_next(&rows, &host, &err), 1);
	assert_string_equal(host.host_id, "hst_2");
	assert_int_equal(hosts_next(&rows, &host, &err), 0);
	db_rows_done(&rows);
	OK(hosts_unprobed(&rows, db, NOW + 3, 1, &err));
	assert_int_equal(hosts_next(&rows, &host, &err), 1);
	assert_string_equal(host.host_id, "hst_2");
	assert_int_equal(hosts_next(&rows, &host, &err), 0);
}

static void removing_takes_every_secret_of_its_own_along(void **state)
{
	CLEANUP(db_close) struct db *db = fixture_hosts();
	struct host_use use = { 0 };
	AUTO_FREE char *sql = NULL;
	char id[ID_MAX];
	struct err err;

	(void)state;
	add_full(db, id);
	set_session(db, id, "sec_jwt", NOW + 50);
	sql = xasprintf("INSERT INTO notices (notice_id, kind, subject,"
			" host_id, detail, at) VALUES ('ntc_1',"
			" 'host_version', '%s', '%s', '{}', 1)", id, id);
	fixture_sql(db, sql);
	OK(delete(db, id, &use, &err));
	assert_string_equal(fixture_value(db, &q_secrets, ""),
			    "sec_1 sec_jwt2 sec_pw2");
	assert_string_equal(fixture_value(db, &q_notices, ""), "0");
	/* The token of hst_1 is that of hst_2, too. */
	OK(delete(db, "hst_1", &use, &err));
	assert_string_equal(fixture_value(db, &q_secrets, ""),
			    "sec_1 sec_jwt2 sec_pw2");
	OK(delete(db, "hst_2", &use, &err));
	assert_string_equal(fixture_value(db, &q_secrets, ""),
			    "sec_jwt2 sec_pw2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_host_is_unknown),
		cmocka_unit_test(a_base_url_is_taken_once),
		cmocka_unit_test(a_page_goes_by_id),
		cmocka_unit_test(a_finding_is_kept_with_its_snapshot),
		cmocka_unit_test(only_the_newest_snapshots_are_kept),
		cmocka_unit_test(nothing_is_found_of_a_host_that_was_removed),
		cmocka_unit_test(
			removing_takes_tasks_snapshots_and_token_along),
		cmocka_unit_test(a_host_in_use_is_not_removed),
		cmocka_unit_test(a_session_replaces_the_one_before),
		cmocka_unit_test(a_session_that_never_began_is_not_kept),
		cmocka_unit_test(a_change_keeps_what_it_does_not_name),
		cmocka_unit_test(a_suspicion_keeps_its_beginning),
		cmocka_unit_test(the_run_mode_is_kept),
		cmocka_unit_test(what_was_probed_long_ago_comes_first),
		cmocka_unit_test(removing_takes_every_secret_of_its_own_along),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
