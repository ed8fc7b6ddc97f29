/*
 * machine: the state database for the commands that work without the API.
 *
 * Root must leave no files of its own beside a database of the services'
 * user, or they could not write it any more: so root first becomes the owner.
 */
#ifndef CLI_MACHINE_H
#define CLI_MACHINE_H

#include "cli/args.h"
#include "shared/db.h"
#include "shared/seal.h"
#include "shared/settings.h"

/* Zeroed is empty; release with machine_done(). */
struct machine {
	struct settings settings;
	struct db *db;
	struct seal_public key;		/* read as who called us */
	struct err no_key;		/* why not; kind ERR_NONE: it was */
	bool opens;			/* set before: private key wanted, too */
	struct seal_private private;
	char user[64];			/* who called us */
};

/* What is done on the machine, for the audit log. */
struct machine_deed {
	const char *action;	/* "token.create" */
	const char *object;
	const char *object_id;
	const char *host_id;	/* or NULL */
	const char *before, *after;	/* JSON, or NULL */
};

/*
 * Read the settings and open the database.  Failures have the code of a
 * wrong command line or of an unusable database.
 */
int machine_open(struct machine *ret, const struct args *args,
		 enum db_mode mode, struct err *err) MUST_CHECK;

/* As machine_open(), for a database that has the schema of this program. */
int machine_open_ready(struct machine *ret, const struct args *args,
		       struct err *err) MUST_CHECK;

/*
 * Add a row to the audit log, in the transaction of what it tells of.  Fails
 * with the code of unusable keys if the key of the log could not be read: what
 * cannot be told is not done.
 */
int machine_audit(struct machine *machine, const struct machine_deed *deed,
		  int64_t now, struct err *err) MUST_CHECK;

void machine_done(struct machine *machine);

#endif
