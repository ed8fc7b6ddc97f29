/* crm-schedd: the one that talks to hosts and providers. */
#include <getopt.h>
#include <stdio.h>

#include "schedd/checkpoint.h"
#include "schedd/loop.h"
#include "schedd/watch.h"
#include "shared/charset.h"
#include "shared/clock.h"
#include "shared/log.h"
#include "shared/migrate.h"
#include "shared/proc.h"
#include "shared/seal.h"
#include "shared/settings.h"
#include "shared/table.h"
#include "shared/tasks.h"

/* One that was killed has the lock until the last of its files is closed. */
#define LOCK_PATIENCE_MS 5000

enum exit_status { EXIT_OK, EXIT_OTHER, EXIT_USAGE, EXIT_DATABASE, EXIT_KEYS };

struct options {
	const char *config;
	bool check;
	bool version;
};

static const struct option known[] = {
	{ "config",  required_argument, NULL, 'c' },
	{ "check",   no_argument,	NULL, 'k' },
	{ "version", no_argument,	NULL, 'v' },
	{ 0 }
};

static bool read_options(int argc, char *argv[], struct options *ret)
{
	int c;

	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (c == 'c')
			ret->config = optarg;
		else if (c == 'k')
			ret->check = true;
		else if (c == 'v')
			ret->version = true;
		else
			return false;
	}
	return optind == argc;
}

static void print_settings(const struct settings *settings)
{
	CLEANUP(buf_done) struct buf text = { .max = 64 << 10 };

	settings_print(settings, &text);
	fputs(buf_str(&text), stdout);
}

static int confine(const struct settings *settings, struct err *err)
{
	AUTO_FREE char *database = db_path(settings->database);
	AUTO_FREE char *slash = xstrdup(database);
	char *end = strrchr(slash, '/');

	if (end)
		*end = '\0';
	else
		own_set(&slash, ".");
	/* Names, certificates, time zone: what curl and libc read late. */
	const char *const writable[] = { slash, settings->runtime_dir,
					 "/dev/null" };
	const char *const readable[] = { "/etc", "/usr", "/lib", "/lib64",
					 "/run/systemd/resolve",
					 "/run/resolvconf",
					 "/run/NetworkManager", "/proc",
					 "/dev/urandom", settings->ca_file };

	return proc_confine(writable, COUNT(writable), readable,
			    COUNT(readable), err);
}

static enum exit_status fail(enum exit_status status, const struct err *err)
{
	log_error("start.failed", "%s", err->msg);
	return status;
}

/* What is open while the daemon runs. */
struct site {
	struct db *db;
	struct checkpoint *checkpoint;
	struct loop *loop;
	struct seal_private key;
	int lock_fd;
};

static void site_done(struct site *site)
{
	loop_free(&site->loop);
	checkpoint_stop(&site->checkpoint);
	db_close(&site->db);
	seal_private_done(&site->key);
}

static enum exit_status run(const struct settings *settings)
{
	CLEANUP(site_done) struct site site = { 0 };
	AUTO_FREE char *path = db_path(settings->database);
	AUTO_FREE char *lock = xasprintf("%s.schedd.lock", path);
	struct err err;

	charset_start();	/* what some providers say is GBK */
	if (seal_start(&err) ||
	    seal_read_private(&site.key, settings->seal_private,
			      settings->fingerprint_key, &err))
		return fail(EXIT_KEYS, &err);
	if (db_open(&site.db, settings->database, DB_EXISTING, &err) ||
	    migrate_check(site.db, &err) ||
	    proc_lock(lock, LOCK_PATIENCE_MS, &site.lock_fd, &err) ||
	    tasks_take_over(site.db, clock_wall_ms(), &err) ||
	    watch_begin(site.db, settings, clock_wall_ms(), &err) ||
	    checkpoint_start(&site.checkpoint, settings->database, &err))
		return fail(EXIT_DATABASE, &err);
	if (loop_new(&site.loop, site.db, &site.key, settings, &err) ||
	    confine(settings, &err))
		return fail(EXIT_OTHER, &err);
	proc_notify("READY=1");
	log_info("start", "version=%s database=%s", CRM_VERSION, path);
	if (loop_run(site.loop, &err)) {
		log_error("loop.failed", "%s", err.msg);
		return EXIT_OTHER;
	}
	log_info("stop", "version=%s", CRM_VERSION);
	return EXIT_OK;
}

int main(int argc, char *argv[])
{
	CLEANUP(settings_done) struct settings settings = { 0 };
	struct options options = { 0 };
	struct err err;

	if (!read_options(argc, argv, &options)) {
		fprintf(stderr, "usage: %s [--config FILE] [--check]"
			" [--version]\n", argv[0]);
		return EXIT_USAGE;
	}
	if (options.version) {
		puts("crm-schedd " CRM_VERSION);
		return EXIT_OK;
	}
	if (settings_read(&settings, settings_file(options.config), &err))
		return (int)fail(EXIT_USAGE, &err);
	if (options.check) {
		print_settings(&settings);
		return EXIT_OK;
	}
	if (proc_refuse_root("crm-schedd", &err))
		return (int)fail(EXIT_OTHER, &err);
	return (int)run(&settings);
}
