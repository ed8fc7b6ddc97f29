/*
 * The loop of crm-schedd, and the thread beside it, on a real database.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>

#include <curl/curl.h>

#include "schedd/checkpoint.h"
#include "schedd/loop.h"
#include "shared/clock.h"
#include "shared/hosts.h"
#include "shared/secrets.h"
#include "shared/tasks.h"
#include "shared/wake.h"
#include "tests/unit/fixture.h"
#include "tests/unit/peer.h"
#include "tests/unit/scratch.h"

#define WAIT_MS 10000

static struct peer_server peer;

/* A state folder with a database in it, and what a loop needs. */
struct site {
	char *dir;
	char *path;
	char *wake;
	struct db *db;
	struct settings settings;
	struct seal_private key;
	struct loop *loop;
};

static void site_open(struct site *site)
{
	struct err err;
	int applied;

	*site = (struct site){ .dir = scratch_new() };
	site->path = xasprintf("%s/crm.db", site->dir);
	site->wake = xasprintf("%s/wake.sock", site->dir);
	OK(seal_start(&err));
	seal_generate(&site->key);
	OK(settings_read(&site->settings, NULL, &err));
	own_set(&site->settings.runtime_dir, site->dir);
	site->settings.exchange_timeout_ms = 200;
	OK(db_open(&site->db, site->path, DB_CREATE, &err));
	OK(migrate_apply(site->db, NOW, &applied, &err));
	OK(loop_new(&site->loop, site->db, &site->key, &site->settings,
		    &err));
}

static void site_done(struct site *site)
{
	loop_free(&site->loop);
	db_close(&site->db);
	settings_done(&site->settings);
	seal_private_done(&site->key);
	scratch_free(&site->dir);
	free(site->path);
	free(site->wake);
}

#define SITE CLEANUP(site_done) struct site

/* A host that stands at `path` of the peer. */
static void add_host(struct db *db, const struct site *site,
		     const char *path, char ret_id[ID_MAX])
{
	AUTO_FREE char *url = xasprintf("http://127.0.0.1:%d%s", peer.port,
					path);
	struct host_spec spec = { .name = "h", .base_url = url,
				  .auth_type = HOST_AUTH_API_KEY };
	int64_t now = clock_wall_ms();
	struct secret_face face;
	struct err err;

	OK(secrets_add(db, &site->key.pub, SECRET_HOST_TOKEN, "t", now,
		       seal_random(), &face, &err));
	spec.auth_secret_id = face.secret_id;
	OK(hosts_add(db, &spec, now, seal_random(), ret_id, &err));
}

static void add_probe(struct db *db, const char *host_id,
		      char ret_id[ID_MAX])
{
	struct task_spec task = { .flow = "host_probe",
				  .step = "probe.public",
				  .subject_id = host_id,
				  .host_id = host_id,
				  .not_before = clock_wall_ms() };
	struct err err;

	OK(tasks_add(db, &task, clock_wall_ms(), seal_random(), ret_id,
		     &err));
}

static const struct db_query q_state = { "test.loop_state",
	"SELECT state || ' ' || coalesce(last_class, '-') FROM tasks"
	" WHERE task_id = $1" };

static void nap(void)
{
	const struct timespec moment = { .tv_nsec = 5000000 };

	nanosleep(&moment, NULL);
}

/* Somebody else who works on the database while the loop runs. */
struct other {
	const struct site *site;
	const char *path;	/* of the host that is added meanwhile */
	const char *until;	/* the state of its task that is waited for */
	int times;		/* one probe after the other, waking */
	char task_id[ID_MAX];
	char other_id[ID_MAX];	/* another one of the same host */
	char last[64];		/* the state seen last */
};

static void watch(struct other *other, struct db *db)
{
	int64_t end = clock_mono_ms() + WAIT_MS;

	do {
		nap();
		snprintf(other->last, sizeof(other->last), "%s",
			 fixture_value(db, &q_state, other->task_id));
	} while (strcmp(other->last, other->until) != 0 &&
		 clock_mono_ms() < end);
}

static void *work_beside(void *arg)
{
	struct other *other = arg;
	struct db *db = NULL;
	char host_id[ID_MAX];
	struct err err;

	OK(db_open(&db, other->site->path, DB_EXISTING, &err));
	add_host(db, other->site, other->path, host_id);
	add_probe(db, host_id, other->task_id);
	if (!other->times)
		add_probe(db, host_id, other->other_id);
	watch(other, db);
	for (int i = 0; i < other->times; i++) {
		add_probe(db, host_id, other->task_id);
		wake_send(other->site->wake);
		watch(other, db);
	}
	db_close(&db);
	kill(getpid(), SIGTERM);
	return NULL;
}

/* Run the loop until the other one has seen what it waits for. */
static void run_beside(struct site *site, struct other *other)
{
	pthread_t thread;
	struct err err;

	other->site = site;
	assert_int_equal(pthread_create(&thread, NULL, work_beside, other),
			 0);
	OK(loop_run(site->loop, &err));
	pthread_join(thread, NULL);
	assert_string_equal(other->last, other->until);
}

static void it_works_until_it_is_told_to_stop(void **state)
{
	SITE site = { 0 };
	/* The peer is a server, but no host. */
	struct other other = { .path = "/plain",
			       .until = "done host_unsupported" };
	struct stat st;

	(void)state;
	site_open(&site);
	assert_int_equal(stat(site.wake, &st), 0);
	run_beside(&site, &other);
	assert_non_null(strstr(peer.request, "/api/v1/settings/public"));
}

static void whoever_commits_can_wake_it(void **state)
{
	SITE site = { 0 };
	struct other other = { .path = "/ok", .times = 20,
			       .until = "done host_unsupported" };
	int64_t began = clock_mono_ms();

	(void)state;
	site_open(&site);
	/* By itself it looks each second; a busy machine has most of those. */
	site.settings.poll_ms = 10000;
	run_beside(&site, &other);
	assert_true(clock_mono_ms() - began < other.times * 900);
}

/* What is under way may still end; then the task is the next one's. */
static void it_stops_when_what_is_under_way_has_ended(void **state)
{
	SITE site = { 0 };
	struct other other = { .path = "/silent", .until = "leased -" };

	(void)state;
	site_open(&site);
	site.settings.host_concurrency = 1;
	run_beside(&site, &other);
	assert_string_equal(fixture_value(site.db, &q_state, other.task_id),
			    "due dead_end");
	/* And what only waited for its turn. */
	assert_memory_equal(fixture_value(site.db, &q_state, other.other_id),
			    "due", 3);
}

/* ---- the checkpoint thread ---- */

static int64_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? -1 : st.st_size;
}

static void a_long_log_is_brought_home(void **state)
{
	SITE site = { 0 };
	struct checkpoint *checkpoint = NULL;
	int64_t end = clock_mono_ms() + WAIT_MS;
	struct err err;

	(void)state;
	site_open(&site);
	fixture_sql(site.db, "CREATE TABLE much (x BLOB);"
		    "INSERT INTO much VALUES (zeroblob(5000000))");
	assert_true(size_of(site.path) < 5000000);
	OK(checkpoint_start(&checkpoint, site.path, &err));
	while (size_of(site.path) < 5000000 && clock_mono_ms() < end)
		nap();
	assert_true(size_of(site.path) >= 5000000);
	checkpoint_stop(&checkpoint);
	assert_null(checkpoint);
	checkpoint_stop(&checkpoint);
}

static void there_must_be_a_database(void **state)
{
	SCRATCH dir = scratch_new();
	AUTO_FREE char *path = xasprintf("%s/none.db", dir);
	struct checkpoint *checkpoint = NULL;
	struct err err;

	(void)state;
	REFUSED(checkpoint_start(&checkpoint, path, &err), ERR_NOT_FOUND);
	assert_null(checkpoint);
}

static void a_folder_that_is_not_there_is_told(void **state)
{
	SITE site = { 0 };
	struct loop *loop = NULL;
	struct err err;

	(void)state;
	site_open(&site);
	own_set(&site.settings.runtime_dir, "/nowhere/at/all");
	assert_int_equal(loop_new(&loop, site.db, &site.key, &site.settings,
				  &err), -1);
	assert_non_null(strstr(err.msg, "/nowhere/at/all"));
	assert_null(loop);
}

static int start(void **state)
{
	sigset_t set;

	(void)state;
	/* Threads that do not block it would die of the signal. */
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	curl_global_init(CURL_GLOBAL_ALL);
	peer_start(&peer);
	return 0;
}

static int end(void **state)
{
	(void)state;
	peer_end(&peer);
	curl_global_cleanup();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_works_until_it_is_told_to_stop),
		cmocka_unit_test(whoever_commits_can_wake_it),
		cmocka_unit_test(it_stops_when_what_is_under_way_has_ended),
		cmocka_unit_test(a_long_log_is_brought_home),
		cmocka_unit_test(there_must_be_a_database),
		cmocka_unit_test(a_folder_that_is_not_there_is_told),
	};

	return cmocka_run_group_tests(tests, start, end);
}
