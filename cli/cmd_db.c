/* cmd_db: the state database and the key files, on the machine itself. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/exits.h"
#include "cli/machine.h"
#include "shared/clock.h"
#include "shared/migrate.h"
#include "shared/seal.h"
#include "shared/tokens.h"

#define TOKEN_ENV "SUB2API_CRM_ADMIN_TOKEN"

/* The first token, as the original took it: stored once, hashed. */
static int add_admin_token(struct machine *machine, int64_t now,
			   struct err *err)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	const char *text = getenv(TOKEN_ENV);
	char token_id[ID_MAX];

	if (!text || !*text)
		return 0;
	if (db_tx_begin(&tx, machine->db, err))
		return -1;
	if (tokens_add(machine->db, &(struct token_spec){ .text = text,
		       .name = TOKEN_ENV, .scope = SCOPE_ADMIN }, now,
		       seal_random(), token_id, err)) {
		if (err->kind != ERR_CONFLICT)
			return err_wrap(err, TOKEN_ENV);
		return 0;
	}
	if ((machine->no_key.kind == ERR_NONE &&
	     machine_audit(machine, &(struct machine_deed){
			.action = "token.create", .object = "token",
			.object_id = token_id,
			.after = "{\"scope\":\"admin\"}" }, now, err)) ||
	    db_tx_commit(&tx, err))
		return -1;
	fprintf(stderr, "%s is token %s now\n", TOKEN_ENV, token_id);
	return 0;
}

/*
 * The first migration of all may come before the keys; what was applied when
 * stands in the database in any case.
 */
static int tell(struct machine *machine, int applied, int64_t now,
		struct err *err)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	AUTO_FREE char *after = xasprintf("{\"schema\":%d}",
					  migrate_target());

	if (applied == 0 || machine->no_key.kind != ERR_NONE)
		return 0;
	if (db_tx_begin(&tx, machine->db, err) ||
	    machine_audit(machine, &(struct machine_deed){
			.action = "db.migrate", .object = "db",
			.after = after }, now, err))
		return -1;
	return db_tx_commit(&tx, err);
}

static int say(const struct machine *machine, const char *what,
	       struct err *err)
{
	AUTO_FREE char *path = db_path(machine->settings.database);
	AUTO_FREE char *line = xasprintf("%s: schema %d, %s\n", path,
					 migrate_target(), what);

	return print_text(line, err);
}

int cmd_db_migrate(struct call *call, struct err *err)
{
	CLEANUP(machine_done) struct machine machine = { 0 };
	AUTO_FREE char *what = NULL;
	int64_t now = clock_wall_ms();
	int applied;

	if (machine_open(&machine, &call->args, DB_CREATE, err))
		return -1;
	if (migrate_apply(machine.db, now, &applied, err))
		return err_code(err, EXITS_CODE_DATABASE);
	if (tell(&machine, applied, now, err) ||
	    add_admin_token(&machine, now, err))
		return -1;
	what = xasprintf("%d migration%s applied", applied,
			 applied == 1 ? "" : "s");
	return say(&machine, applied ? what : "nothing to do", err);
}

int cmd_db_check(struct call *call, struct err *err)
{
	CLEANUP(machine_done) struct machine machine = { 0 };

	if (machine_open_ready(&machine, &call->args, err))
		return -1;
	if (db_check(machine.db, err))
		return err_code(err, EXITS_CODE_DATABASE);
	return say(&machine, "all pages are sound", err);
}

/* Nobody else's file is written to, and nobody else may read this one. */
static int make_file(const char *path, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return args_refuse(err, "'%s' cannot be made by the owner of "
				   "the database: %s", path, strerror(errno));
	close(fd);
	return 0;
}

static void close_copy(struct db **db)
{
	db_close(db);
}

/* Of any version: an upgrade is what it is made before. */
int cmd_db_backup(struct call *call, struct err *err)
{
	const char *path = call->args.words[0];
	CLEANUP(machine_done) struct machine machine = { 0 };
	CLEANUP(close_copy) struct db *copy = NULL;
	AUTO_FREE char *line = NULL;

	if (machine_open(&machine, &call->args, DB_EXISTING, err) ||
	    make_file(path, err))
		return -1;
	if (db_open(&copy, path, DB_EXISTING, err) ||
	    db_copy(copy, machine.db, err) || db_check(copy, err)) {
		unlink(path);
		return err_code(err, EXITS_CODE_DATABASE);
	}
	line = xasprintf("%s: a copy, all pages are sound\n", path);
	return print_text(line, err);
}

int cmd_key_init(struct call *call, struct err *err)
{
	CLEANUP(seal_private_done) struct seal_private key = { 0 };
	const char *dir = args_get(&call->args, OPT_DIR);
	AUTO_FREE char *line = NULL;

	seal_generate(&key);
	if (seal_write_files(&key, dir, err))
		return err_code(err, EXITS_CODE_KEYS);
	line = xasprintf("%s: seal.key (for crm-schedd alone), seal.pub, "
			 "fingerprint.key\n", dir);
	return print_text(line, err);
}
