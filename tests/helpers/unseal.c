/*
 * unseal: print every secret of a state database, one on a line.
 *
 * Usage: unseal DATABASE SEAL_KEY FINGERPRINT_KEY
 * What was purged, or is just being deleted, is left out.
 * For the tests that look for plaintext where none may be: with this they
 * know also what CRM drew itself.  Nothing like it is installed.
 */
#include <stdio.h>

#include "shared/secrets.h"

static const struct db_query q_ids = { "unseal.ids",
	"SELECT secret_id FROM secrets ORDER BY secret_id" };

static int print_all(struct db *db, const struct seal_private *key,
		     struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, db, &q_ids, DB_NO_ARGS, err))
		return -1;
	while ((more = db_next(&rows, err)) > 0) {
		AUTO_WIPE char *secret = NULL;

		if (secrets_open(db, key, db_must(&rows, 0), &secret, err) == 0)
			puts(secret);
		else if (err->kind != ERR_NOT_FOUND)
			return -1;
	}
	return more;
}

static int run(const char *database, const char *private_path,
	       const char *fingerprint_path, struct err *err)
{
	CLEANUP(seal_private_done) struct seal_private key = { 0 };
	CLEANUP(db_close) struct db *db = NULL;

	if (seal_start(err) ||
	    seal_read_private(&key, private_path, fingerprint_path, err) ||
	    db_open(&db, database, DB_EXISTING, err))
		return -1;
	return print_all(db, &key, err);
}

int main(int argc, char *argv[])
{
	struct err err;

	if (argc != 4) {
		fputs("usage: unseal DATABASE SEAL_KEY FINGERPRINT_KEY\n",
		      stderr);
		return 2;
	}
	if (run(argv[1], argv[2], argv[3], &err)) {
		fprintf(stderr, "unseal: %s\n", err.msg);
		return 1;
	}
	return 0;
}
