/*
 * api_run_post: a batch of URLs and keys becomes a run with its items.
 *
 * All that costs time (checking, sealing) is done before the transaction:
 * while it lasts, nobody else can write.
 */
#include <ctype.h>
#include <string.h>

#include "fcgi/api.h"
#include "fcgi/import_rows.h"
#include "fcgi/problem.h"
#include "fcgi/run_form.h"
#include "fcgi/view.h"
#include "shared/canary.h"
#include "shared/hosts.h"
#include "shared/secrets.h"
#include "shared/tasks.h"

#define FOLDER "/api/batch-import/runs/"
#define USERS_MAX 16
#define SELECTOR_MAX 32
#define DAYS 30
#define DAYS_MAX 36500
#define CANARY_MAX 1000
#define CANARY_STOP_AFTER 3	/* at most, unless it is said */
#define API_KEY_MIN 8
#define API_KEY_MAX 4096
#define SEQ_SHIFT 33		/* of the 50 random bits of an id */

struct run_body {
	const char *host_id;
	int access_mode;
	json_t *subscription_users;
	int64_t subscription_days;
	const char *probe_api_key;
	const char *access_api_key;
	bool rebind;
	bool strict;
	json_t *canary;
	json_t *items;
};

struct canary_body {
	int64_t items;
	int64_t stop_after;
};

#define MODE_UNKNOWN -1		/* given, and wrong */

static const struct jdec_field run_fields[] = {
	JDEC_STR(struct run_body, host_id, true, 1, HTTP_ID_MAX),
	JDEC_NAME(struct run_body, access_mode, false, access_mode_names),
	JDEC_STRS(struct run_body, subscription_users, false, 1, USERS_MAX),
	JDEC_I64(struct run_body, subscription_days, false, 1, DAYS_MAX),
	JDEC_STR(struct run_body, probe_api_key, false, API_KEY_MIN,
		 API_KEY_MAX),
	JDEC_STR(struct run_body, access_api_key, false, API_KEY_MIN,
		 API_KEY_MAX),
	JDEC_FLAG(struct run_body, rebind, false),
	JDEC_FLAG(struct run_body, strict, false),
	JDEC_OBJ(struct run_body, canary, false),
	JDEC_VALUE(struct run_body, items, true),
};

static const struct jdec_field canary_fields[] = {
	JDEC_I64(struct canary_body, items, true, 1, CANARY_MAX),
	JDEC_I64(struct canary_body, stop_after, false, 1, CANARY_MAX),
};

/* What is to be stored.  Release with new_run_done(). */
struct new_run {
	struct run_form form;
	struct run_body body;
	struct canary_body canary;	/* zeroed: none */
	char *users;			/* JSON array of selectors */
	struct import_rows rows;
	char *rejected;			/* JSON array */
	struct secret_sealed *keys;	/* by number in rows.keys */
	enum given_key given;
	struct secret_sealed given_key;	/* unless GIVEN_KEY_NONE */
};

static void new_run_done(struct new_run *run)
{
	for (size_t i = 0; run->keys && i < run->rows.keys.count; i++)
		secret_sealed_done(&run->keys[i]);
	secret_sealed_done(&run->given_key);
	free(run->keys);
	free(run->users);
	free(run->rejected);
	import_rows_done(&run->rows);
	run_form_done(&run->form);
	*run = (struct new_run){ 0 };
}

static bool is_selector(const char *text)
{
	size_t len = 0;

	for (; text[len] != '\0'; len++)
		if (!islower((unsigned char)text[len]) &&
		    !isdigit((unsigned char)text[len]) &&
		    !strchr("._-", text[len]))
			return false;
	return len > 0 && len <= SELECTOR_MAX;
}

static void check_users(const json_t *users, struct jdec_problems *problems)
{
	size_t n = json_array_size(users);

	for (size_t i = 0; i < n; i++) {
		const char *one = json_string_value(json_array_get(users, i));
		char field[48];

		snprintf(field, sizeof(field), "subscription_users[%zu]", i);
		if (!is_selector(one))
			jdec_problem(problems, "", field, "must be 1 to %d of "
				     "a-z, 0-9, '.', '_', '-'", SELECTOR_MAX);
		for (size_t k = 0; k < i; k++)
			if (strcmp(one, json_string_value(
					json_array_get(users, k))) == 0)
				jdec_problem(problems, "", field,
					     "is there twice");
	}
}

static bool is_given(const json_t *body, const char *name)
{
	const json_t *value = json_object_get(body, name);

	return value && !json_is_null(value);
}

static void check_key(const char *field, const char *key,
		      struct jdec_problems *problems)
{
	for (; key && *key != '\0'; key++) {
		if (*key > 32 && *key < 127)
			continue;
		jdec_problem(problems, "", field,
			     "must be visible ASCII without blanks");
		return;
	}
}

/*
 * Members that mean nothing in this way of access are refused: whoever sent
 * them expects something that would not happen.
 */
static void check_mode(const json_t *body, int mode,
		       struct jdec_problems *problems)
{
	bool probe = is_given(body, "probe_api_key");
	bool access = is_given(body, "access_api_key");

	if (probe && access)
		jdec_problem(problems, "", "access_api_key", "does not go "
			     "with probe_api_key: give one of them");
	if (probe && mode == ACCESS_SUBSCRIPTION)
		jdec_problem(problems, "", "probe_api_key",
			     "goes with access_mode self_service only");
	if (json_is_true(json_object_get(body, "rebind")) && !probe && !access)
		jdec_problem(problems, "", "rebind", "goes with probe_api_key "
			     "or access_api_key only");
	if (is_given(body, "subscription_users") &&
	    (mode == ACCESS_SELF_SERVICE || access))
		jdec_problem(problems, "", "subscription_users", "goes with "
			     "access_mode subscription only, and not with "
			     "access_api_key, whose owner gets access");
}

/* Which key of somebody real this run is proven with. */
static void check_given(const json_t *body, struct new_run *run,
			struct jdec_problems *problems)
{
	check_key("probe_api_key", run->body.probe_api_key, problems);
	check_key("access_api_key", run->body.access_api_key, problems);
	if (run->body.access_mode == MODE_UNKNOWN &&
	    !is_given(body, "access_mode"))
		run->body.access_mode = ACCESS_SUBSCRIPTION;
	check_mode(body, run->body.access_mode, problems);
	run->given = run->body.probe_api_key ? GIVEN_KEY_PROBE
		: run->body.access_api_key ? GIVEN_KEY_ACCESS
		: GIVEN_KEY_NONE;
}

static int check_host(const struct request *req, const char *host_id,
		      struct jdec_problems *problems, struct err *err)
{
	CLEANUP(host_done) struct host host = { 0 };

	if (!host_id || hosts_get(req->db, host_id, &host, err) == 0)
		return 0;
	if (err->kind != ERR_NOT_FOUND)
		return -1;
	jdec_problem(problems, "", "host_id", "no such host");
	return 0;
}

static void check_canary(struct new_run *run, struct jdec_problems *problems)
{
	struct canary_body canary = { 0 };

	if (!run->body.canary ||
	    !jdec(run->body.canary, "canary.", canary_fields,
		  COUNT(canary_fields), &canary, problems))
		return;
	/* Two of two that fail alike say as much as three of many. */
	if (!canary.stop_after)
		canary.stop_after = canary.items < CANARY_STOP_AFTER
			? canary.items : CANARY_STOP_AFTER;
	run->canary = canary;
}

/* The array of rows, if there is one that may be read. */
static const json_t *rows_of(const struct new_run *run, int64_t max,
			     struct jdec_problems *problems)
{
	const json_t *items = run->body.items;
	int64_t n = (int64_t)json_array_size(items);

	if (!items)
		return NULL;
	if (!json_is_array(items))
		jdec_problem(problems, "", "items", "must be an array");
	else if (n < 1 || n > max)
		jdec_problem(problems, "", "items", "must have 1 to %lld "
			     "elements", (long long)max);
	else
		return items;
	return NULL;
}

/*
 * Find all that is wrong at once: with the run as a whole in `problems`, with
 * rows in `of_rows`.
 */
static int check_run(const struct request *req, struct new_run *run,
		     struct jdec_problems *problems,
		     struct jdec_problems *of_rows, struct err *err)
{
	const json_t *body;
	size_t before;

	run->body.subscription_days = DAYS;
	run->body.access_mode = MODE_UNKNOWN;
	if (run_form_read(req, &run->form, problems, err))
		return -1;
	body = run->form.body;
	before = problems->count;
	if (!jdec(body, "", run_fields, COUNT(run_fields), &run->body,
		  problems) && !json_is_object(body))
		return 0;
	check_users(run->body.subscription_users, problems);
	check_given(body, run, problems);
	check_canary(run, problems);
	/* Of a file that cannot be read nobody needs to hear it has no rows. */
	if (before == 0)
		import_rows_read(&run->rows,
				 rows_of(run, req->worker->settings->items_max,
					 problems),
				 run->form.file.lines, of_rows);
	return check_host(req, run->body.host_id, problems, err);
}

/*
 * Rows that are wrong sink a run that has no others, or is to be strict.  What
 * is wrong with the run sinks it in any case.
 */
static bool is_sunk(const struct new_run *run,
		    const struct jdec_problems *problems)
{
	return problems->count > 0 || run->rows.count == 0 ||
	       (run->body.strict && run->rows.rejects.rows > 0);
}

/* 422 with everything; the rows also as they would be in the run. */
static int refuse_run(struct reply *reply, const struct new_run *run,
		      struct jdec_problems *problems,
		      const struct jdec_problems *of_rows)
{
	const struct problem_more more = {
		"rejected", run->rejected, "items_rejected",
		(int64_t)run->rows.rejects.rows,
	};

	jdec_problems_add(problems, of_rows);
	return problem_refuse_with(reply, problems, &more);
}

static void seal_given(const struct request *req, struct new_run *run)
{
	const char *key = run->given == GIVEN_KEY_PROBE
		? run->body.probe_api_key : run->body.access_api_key;

	if (run->given != GIVEN_KEY_NONE)
		secrets_seal(req->worker->key, SECRET_API_KEY, key, req->now,
			     seal_random(), &run->given_key);
}

static void seal_keys(const struct request *req, struct new_run *run)
{
	const struct strset *keys = &run->rows.keys;

	run->keys = xcalloc(keys->count, sizeof(*run->keys));
	for (size_t i = 0; i < keys->count; i++)
		secrets_seal(req->worker->key, SECRET_API_KEY, keys->texts[i],
			     req->now, seal_random(), &run->keys[i]);
	seal_given(req, run);
	run->users = run->body.subscription_users
		? json_dumps(run->body.subscription_users, JSON_COMPACT)
		: xstrdup("[\"default\"]");
}

/* Rows of one request get ids in their order: lists go by id. */
static uint64_t random_behind(size_t seq)
{
	return (uint64_t)seq << SEQ_SHIFT |
	       (seal_random() & ((UINT64_C(1) << SEQ_SHIFT) - 1));
}

static const char *null_if_empty(const char *text)
{
	return *text ? text : NULL;
}

static int add_item(const struct request *req, const struct new_run *run,
		    const char *run_id, size_t n, struct err *err)
{
	const struct import_row *row = &run->rows.rows[n];
	AUTO_FREE char *models = json_dumps(row->models, JSON_COMPACT);
	AUTO_FREE char *warnings = import_row_warnings(row);
	char item_id[ID_MAX], task_id[ID_MAX];
	const struct item_spec item = {
		.run_id = run_id,
		.seq = (int64_t)row->seq,
		.base_url = row->endpoint->url,
		.endpoint_key = row->endpoint->key,
		.api_key_secret_id = run->keys[row->key].face.secret_id,
		.requested_models = models,
		.warnings = warnings,
		.label = row->label,
		.note = row->note,
		.line = row->line,
		.account_proxy = null_if_empty(row->account_proxy),
		.adopt_account_id = null_if_empty(row->adopt_account_id),
	};
	struct task_spec task = {
		.flow = IMPORT_FLOW,
		.subject_id = item_id,
		.run_id = run_id,
		.host_id = run->body.host_id,
		.step = IMPORT_FIRST_STEP,
		.not_before = req->now,
	};

	if (items_add(req->db, &item, req->now, random_behind(row->seq),
		      item_id, err))
		return -1;
	canary_hold(run->canary.items, n, run_id, &task);
	return tasks_add(req->db, &task, req->now, random_behind(row->seq),
			 task_id, err);
}

static int add_items(const struct request *req, const struct new_run *run,
		     const char *run_id, struct err *err)
{
	for (size_t i = 0; i < run->rows.keys.count; i++)
		if (secrets_store(req->db, &run->keys[i], req->now, err))
			return -1;
	for (size_t i = 0; i < run->rows.count; i++)
		if (add_item(req, run, run_id, i, err))
			return -1;
	return 0;
}

static int add_run(const struct request *req, const struct new_run *run,
		   char ret_id[ID_MAX], struct err *err)
{
	const struct run_spec spec = {
		.host_id = run->body.host_id,
		.access_mode = (enum access_mode)run->body.access_mode,
		.subscription_users = run->users,
		.subscription_days = run->body.subscription_days,
		.given_key = run->given,
		.given_key_secret_id = run->given == GIVEN_KEY_NONE
			? NULL : run->given_key.face.secret_id,
		.rebind = run->body.rebind,
		.items_total = (int64_t)run->rows.count,
		.items_rejected = (int64_t)run->rows.rejects.rows,
		.rejected = run->rejected,
		.canary_items = run->canary.items,
		.canary_stop_after = run->canary.stop_after,
		.created_by = req->token->token_id,
	};

	if (run->given != GIVEN_KEY_NONE &&
	    secrets_store(req->db, &run->given_key, req->now, err))
		return -1;
	if (runs_add(req->db, &spec, req->now, seal_random(), ret_id, err) == 0)
		return 0;
	/* It was there a moment ago: the only reference that can break. */
	if (err->kind == ERR_CONFLICT)
		return err_set(err, ERR_CONFLICT, "host %s was removed just "
			       "now", spec.host_id);
	return -1;
}

/* The run, and beside it what was found out about its file. */
static void write_answer(struct reply *reply, const struct new_run *new_run,
			 const struct run *run)
{
	bool is_file = new_run->form.file.items;

	run_begin(&reply->out, NULL, run);
	jout_str(&reply->out, "read_as", is_file
		 ? charset_name(new_run->form.charset) : NULL);
	jout_object_end(&reply->out);
}

int api_run_post(const struct request *req, struct reply *reply,
		 struct err *err)
{
	CLEANUP(new_run_done) struct new_run new_run = { 0 };
	CLEANUP(run_done) struct run run = { 0 };
	struct jdec_problems problems = { 0 }, of_rows = { 0 };
	char run_id[ID_MAX];

	if (check_run(req, &new_run, &problems, &of_rows, err))
		return -1;
	new_run.rejected = rejects_json(&new_run.rows.rejects);
	if (is_sunk(&new_run, &problems))
		return refuse_run(reply, &new_run, &problems, &of_rows);
	seal_keys(req, &new_run);
	if (request_begin(req, err) || add_run(req, &new_run, run_id, err) ||
	    add_items(req, &new_run, run_id, err) ||
	    runs_get(req->db, run_id, &run, err))
		return -1;
	reply_locate(reply, 202, FOLDER, run_id);
	write_answer(reply, &new_run, &run);
	return 0;
}
