/*
 * bench_post: what POST of a run must cost: parse the body, seal and
 * fingerprint each key, and insert the rows, in one transaction.  No checks,
 * no HTTP.  What the POST of crm-fcgi is compared with.
 *
 *	bench_post DATABASE FOLDER_OF_KEYS BODY
 *
 * Prints the microseconds from the body in memory to the end of the commit.
 */
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "shared/clock.h"
#include "shared/db.h"
#include "shared/endpoint.h"
#include "shared/id.h"
#include "shared/seal.h"

#define LABEL_MAX (ID_MAX + 16)

struct row {
	char secret_id[ID_MAX];
	char fingerprint[SEAL_FINGERPRINT_TEXT];
	char last4[5];
	unsigned char *sealed;
	size_t len;
	char endpoint_key[ENDPOINT_KEY_MAX];
	const char *base_url;
};

struct loop {
	struct db *db;
	struct seal_public key;
	char run_id[ID_MAX];
	int64_t now;
};

static const struct db_query q_run = { "bench.run",
	"INSERT INTO import_runs (run_id, host_id, origin, access_mode,"
	" subscription_users, subscription_days, state, items_total,"
	" created_by, created_at, updated_at) VALUES ($1, $2, 'batch_import',"
	" 'subscription', '[\"default\"]', 30, 'running', $3, 'tok_bench',"
	" $4, $4)" };
static const struct db_query q_secret = { "bench.secret",
	"INSERT INTO secrets (secret_id, kind, sealed, fingerprint, last4,"
	" created_at) VALUES ($1, 'api_key', $2, $3, $4, $5)" };
static const struct db_query q_item = { "bench.item",
	"INSERT INTO import_run_items (item_id, run_id, seq, provider_id,"
	" endpoint_key, base_url, api_key_secret_id, requested_models,"
	" current_stage, confirmation_status, access_status, created_at,"
	" updated_at) VALUES ($1, $2, $3, $4, $4, $5, $6, '[]', 'probe',"
	" 'pending', 'unknown', $7, $7)" };
static const struct db_query q_task = { "bench.task",
	"INSERT INTO tasks (task_id, flow, subject_id, run_id, host_id, step,"
	" step_since, state, not_before, created_at, updated_at) VALUES ($1,"
	" 'import', $2, $3, $4, 'probe.models', $5, 'due', $5, $5, $5)" };

static void seal_row(const struct loop *loop, const json_t *item,
		     struct row *row)
{
	const char *secret = json_string_value(json_object_get(item,
							       "api_key"));
	char label[LABEL_MAX];

	id_make(row->secret_id, "sec", loop->now, seal_random());
	snprintf(label, sizeof(label), "api_key:%s", row->secret_id);
	seal_close(&loop->key, label, secret, &row->sealed, &row->len);
	seal_fingerprint(&loop->key, secret, row->fingerprint);
	seal_last4(secret, row->last4);
	row->base_url = json_string_value(json_object_get(item, "base_url"));
	endpoint_key(row->base_url, row->endpoint_key);
}

static int insert_row(const struct loop *loop, const struct row *row,
		      const char *host_id, size_t seq, struct err *err)
{
	char item_id[ID_MAX], task_id[ID_MAX];

	/* As in the program, rows of one request get ids in their order. */
	id_make(item_id, "itm", loop->now, (uint64_t)seq << 33);
	id_make(task_id, "tsk", loop->now, (uint64_t)seq << 33);
	if (db_run(loop->db, &q_secret, DB_ARGS(DB_TEXT(row->secret_id),
		   DB_BLOB(row->sealed, row->len), DB_TEXT(row->fingerprint),
		   DB_TEXT(row->last4), DB_I64(loop->now)), err) ||
	    db_run(loop->db, &q_item, DB_ARGS(DB_TEXT(item_id),
		   DB_TEXT(loop->run_id), DB_I64((int64_t)seq),
		   DB_TEXT(row->endpoint_key), DB_TEXT(row->base_url),
		   DB_TEXT(row->secret_id), DB_I64(loop->now)), err))
		return -1;
	return db_run(loop->db, &q_task, DB_ARGS(DB_TEXT(task_id),
		      DB_TEXT(item_id), DB_TEXT(loop->run_id),
		      DB_TEXT(host_id), DB_I64(loop->now)), err);
}

static int insert_all(const struct loop *loop, const struct row *rows,
		      size_t n, const char *host_id, struct err *err)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };

	if (db_tx_begin(&tx, loop->db, err) ||
	    db_run(loop->db, &q_run, DB_ARGS(DB_TEXT(loop->run_id),
		   DB_TEXT(host_id), DB_I64((int64_t)n), DB_I64(loop->now)),
		   err))
		return -1;
	for (size_t i = 0; i < n; i++)
		if (insert_row(loop, &rows[i], host_id, i + 1, err))
			return -1;
	return db_tx_commit(&tx, err);
}

static int post(struct loop *loop, const char *text, size_t len,
		struct err *err)
{
	json_auto_t *body = json_loadb(text, len, JSON_REJECT_DUPLICATES,
				       NULL);
	const json_t *items = json_object_get(body, "items");
	const char *host_id = json_string_value(json_object_get(body,
								"host_id"));
	size_t n = json_array_size(items);
	AUTO_FREE struct row *rows = xcalloc(n + 1, sizeof(*rows));
	int rc;

	if (!host_id || n == 0)
		return err_set(err, ERR_INVALID, "the body is no run");
	id_make(loop->run_id, "run", loop->now, seal_random());
	for (size_t i = 0; i < n; i++)
		seal_row(loop, json_array_get(items, i), &rows[i]);
	rc = insert_all(loop, rows, n, host_id, err);
	for (size_t i = 0; i < n; i++)
		free(rows[i].sealed);
	return rc;
}

/* *ret is for free(). */
static int read_all(const char *path, char **ret, size_t *ret_len,
		    struct err *err)
{
	FILE *file = fopen(path, "re");

	*ret = NULL;
	*ret_len = 0;
	if (!file || getdelim(ret, ret_len, '\0', file) <= 0) {
		if (file)
			fclose(file);
		return err_set(err, ERR_INVALID, "cannot read %s", path);
	}
	fclose(file);
	*ret_len = strlen(*ret);
	return 0;
}

static int run(char *argv[], struct err *err)
{
	AUTO_FREE char *pub = xasprintf("%s/seal.pub", argv[2]);
	AUTO_FREE char *fingerprint = xasprintf("%s/fingerprint.key",
						argv[2]);
	AUTO_FREE char *text = NULL;
	struct loop loop = { .now = clock_wall_ms() };
	int64_t began;
	size_t len;
	int rc;

	if (seal_start(err) ||
	    seal_read_public(&loop.key, pub, fingerprint, err) ||
	    read_all(argv[3], &text, &len, err) ||
	    db_open(&loop.db, argv[1], DB_EXISTING, err))
		return -1;
	began = clock_mono_us();
	rc = post(&loop, text, len, err);
	if (rc == 0)
		printf("%lld\n", (long long)(clock_mono_us() - began));
	db_close(&loop.db);
	return rc;
}

int main(int argc, char *argv[])
{
	struct err err;

	if (argc != 4) {
		fputs("usage: bench_post DATABASE FOLDER_OF_KEYS BODY\n",
		      stderr);
		return 2;
	}
	if (run(argv, &err)) {
		fprintf(stderr, "bench_post: %s\n", err.msg);
		return 1;
	}
	return 0;
}
