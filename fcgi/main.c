/*
 * crm-fcgi: one worker of the API: answers requests from the state database.
 *
 * It opens no network connection and cannot read a stored secret.
 */
#include <getopt.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fcgi/listen.h"
#include "fcgi/refusals.h"
#include "fcgi/serve.h"
#include "shared/audit.h"
#include "shared/charset.h"
#include "shared/clock.h"
#include "shared/log.h"
#include "shared/migrate.h"
#include "shared/proc.h"
#include "shared/table.h"

#define ENV_TOKEN "SUB2API_CRM_ADMIN_TOKEN"
#define ENV_TOKEN_NAME "environment"
#define ENV_LISTEN "SUB2API_CRM_LISTEN_ADDR"

/* docs/exit-codes.md; the units do not restart for what a restart mends not. */
enum { EXIT_OTHER = 1, EXIT_USAGE = 2, EXIT_DATABASE = 3, EXIT_KEYS = 4 };

struct options {
	const char *config;
	const char *listen;
	bool check;
	bool version;
};

static const struct option known[] = {
	{ "config",  required_argument, NULL, 'c' },
	{ "listen",  required_argument, NULL, 'l' },
	{ "check",   no_argument,       NULL, 'k' },
	{ "version", no_argument,       NULL, 'v' },
	{ 0 }
};

static const char usage[] =
	"usage: crm-fcgi [--config FILE] [--listen PATH] [--check]"
	" [--version]\n"
	"Answers the API on a FastCGI socket: the one that systemd passes,\n"
	"else standard input if it is one, else a new one at PATH.\n";

static bool read_options(int argc, char *argv[], struct options *ret)
{
	int c;

	ret->listen = getenv(ENV_LISTEN);
	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (c) {
		case 'c':
			ret->config = optarg;
			break;
		case 'l':
			ret->listen = optarg;
			break;
		case 'k':
			ret->check = true;
			break;
		case 'v':
			ret->version = true;
			break;
		default:
			return false;
		}
	}
	return optind == argc;
}

/* What a worker is made of, and what is to be released when it ends. */
struct parts {
	struct settings settings;
	struct seal_public key;
	struct db *db;
	char *wake_path;
	int listen_fd;
};

static void parts_done(struct parts *parts)
{
	db_close(&parts->db);
	free(parts->wake_path);
	settings_done(&parts->settings);
	explicit_bzero(&parts->key, sizeof(parts->key));
}

static int open_keys(struct parts *parts, struct err *err)
{
	const struct settings *s = &parts->settings;

	if (seal_start(err))
		return -1;
	return seal_read_public(&parts->key, s->seal_public,
				s->fingerprint_key, err);
}

/*
 * A database that cannot be written is said now and not by the first POST:
 * SQLite opens it all the same.  Its log and index lie beside it.
 */
static int check_writable(const char *location, struct err *err)
{
	AUTO_FREE char *path = db_path(location);
	AUTO_FREE char *folder = db_path(location);

	if (access(path, W_OK) == 0 && access(dirname(folder), W_OK) == 0)
		return 0;
	return err_set(err, ERR_DENIED, "database '%s' is read-only for this "
		       "user; give it and its folder to the user of the "
		       "services", path);
}

static int open_database(struct parts *parts, struct err *err)
{
	const char *location = parts->settings.database;

	if (db_open(&parts->db, location, DB_EXISTING, err) ||
	    migrate_check(parts->db, err))
		return -1;
	return check_writable(location, err);
}

static int add_token(const struct parts *parts, const char *text, int64_t now,
		     struct err *err)
{
	static const char after[] = "{\"name\":\"" ENV_TOKEN_NAME
				    "\",\"scope\":\"admin\"}";
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	char id[ID_MAX];

	if (db_tx_begin(&tx, parts->db, err) ||
	    tokens_add(parts->db, &(struct token_spec){ .text = text,
		       .name = ENV_TOKEN_NAME, .scope = SCOPE_ADMIN }, now,
		       seal_random(), id, err) ||
	    audit_add(parts->db, &parts->key, &(struct audit_entry){
			.at = now,
			.cell = {
				[AUDIT_ACTOR] = AUDIT_BY_MACHINE,
				[AUDIT_TOKEN_NAME] = "crm-fcgi",
				[AUDIT_ACTION] = "token.create",
				[AUDIT_OBJECT] = "token",
				[AUDIT_OBJECT_ID] = id,
				[AUDIT_AFTER] = after,
				[AUDIT_RESULT] = "ok",
			} }, err))
		return -1;
	return db_tx_commit(&tx, err);
}

/*
 * The administrator's token of the environment is one like others, made when
 * it is first seen.  All workers of a pool begin at once: whoever is second
 * finds it there.  One that was revoked stays revoked.
 */
static int ensure_token(const struct parts *parts, const char *text,
			struct err *err)
{
	CLEANUP(token_done) struct token token = { 0 };
	int64_t now = clock_wall_ms();

	if (tokens_check(parts->db, text, now, &token, err) == 0)
		return 0;
	if (err->kind != ERR_DENIED)
		return -1;
	if (add_token(parts, text, now, err) == 0 ||
	    err->kind == ERR_CONFLICT)
		return 0;
	return err_wrap(err, ENV_TOKEN);
}

static int take_token(const struct parts *parts, struct err *err)
{
	char *text = getenv(ENV_TOKEN);
	int rc;

	if (!text || !*text)
		return 0;
	rc = ensure_token(parts, text, err);
	/* /proc/PID/environ shows this memory to whoever is us. */
	explicit_bzero(text, strlen(text));
	unsetenv(ENV_TOKEN);
	return rc;
}

/* From here on: the database's folder and the one of sockets and locks. */
static int confine(const struct settings *settings, struct err *err)
{
	AUTO_FREE char *path = db_path(settings->database);
	const char *const writable[] = { dirname(path),
					 settings->runtime_dir };

	return proc_confine(writable, COUNT(writable), NULL, 0, err);
}

static int run(struct parts *parts, struct err *err)
{
	struct refusals refusals = { 0 };
	struct worker worker = {
		.refusals = &refusals,
		.db = parts->db,
		.settings = &parts->settings,
		.key = &parts->key,
		.wake_path = parts->wake_path,
	};
	int rc;

	proc_notify("READY=1");
	rc = serve(&worker, parts->listen_fd, err);
	proc_notify("STOPPING=1");
	refusals_flush(&worker, clock_wall_ms(), true);
	return rc;
}

static int complain(int status, const struct err *err)
{
	log_error("start.failed", "%s", err->msg);
	return status;
}

static int print_settings(const struct settings *settings)
{
	struct buf text = { .max = 64 << 10 };

	settings_print(settings, &text);
	fputs(buf_str(&text), stdout);
	buf_done(&text);
	return 0;
}

static int start(const struct options *options, struct parts *parts,
		 struct err *err)
{
	if (settings_read(&parts->settings, settings_file(options->config),
			  err))
		return complain(EXIT_USAGE, err);
	if (options->check)
		return print_settings(&parts->settings);
	if (proc_refuse_root("crm-fcgi", err))
		return complain(EXIT_OTHER, err);
	if (listen_get(options->listen, &parts->listen_fd, err))
		return complain(err->kind == ERR_INVALID ? EXIT_USAGE
							 : EXIT_OTHER, err);
	if (open_keys(parts, err))
		return complain(EXIT_KEYS, err);
	if (open_database(parts, err))
		return complain(EXIT_DATABASE, err);
	if (take_token(parts, err))
		return complain(err->kind == ERR_INVALID ? EXIT_USAGE
							 : EXIT_DATABASE, err);
	charset_start();
	if (confine(&parts->settings, err))
		return complain(EXIT_OTHER, err);
	parts->wake_path = xasprintf("%s/wake.sock",
				     parts->settings.runtime_dir);
	return run(parts, err) ? complain(EXIT_OTHER, err) : 0;
}

int main(int argc, char *argv[])
{
	CLEANUP(parts_done) struct parts parts = { 0 };
	struct options options = { 0 };
	struct err err;

	if (!read_options(argc, argv, &options)) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	if (options.version) {
		printf("crm-fcgi %s\n", CRM_VERSION);
		return 0;
	}
	return start(&options, &parts, &err);
}
