#include "fcgi/new_run.h"

#include <string.h>

#include "fcgi/problem.h"
#include "shared/canary.h"
#include "shared/hosts.h"
#include "shared/items.h"
#include "shared/tasks.h"
#include "shared/waves.h"

#define SEQ_SHIFT 33		/* of the 50 random bits of an id */

void new_run_done(struct new_run *run)
{
	for (size_t i = 0; run->keys && i < run->rows.keys.count; i++)
		secret_sealed_done(&run->keys[i]);
	secret_sealed_done(&run->given_key);
	free(run->keys);
	free(run->users);
	free(run->rejected);
	import_rows_done(&run->rows);
	json_decref(run->body);
	for (size_t i = 0; run->matches && i < run->nmatches; i++)
		pack_candidates_done(&run->matches[i]);
	free(run->matches);
	*run = (struct new_run){ 0 };
}

int new_run_check_host(const struct request *req, const char *field,
		       const char *host_id, struct jdec_problems *problems,
		       struct err *err)
{
	CLEANUP(host_done) struct host host = { 0 };

	if (!host_id || hosts_get(req->db, host_id, &host, err) == 0)
		return 0;
	if (err->kind != ERR_NOT_FOUND)
		return -1;
	jdec_problem(problems, "", field, "no such host");
	return 0;
}

/* The array of rows, if there is one that may be read. */
static const json_t *rows_of(const struct new_run_spec *spec, int64_t max,
			     struct jdec_problems *problems)
{
	const json_t *rows = json_object_get(spec->body, spec->list);
	int64_t n = (int64_t)json_array_size(rows);

	if (!rows)
		jdec_problem(problems, "", spec->list, "is missing");
	else if (!json_is_array(rows))
		jdec_problem(problems, "", spec->list, "must be an array");
	else if (n < 1 || n > max)
		jdec_problem(problems, "", spec->list, "must have 1 to %lld "
			     "elements", (long long)max);
	else
		return rows;
	return NULL;
}

/* What packs know of the endpoints; each is looked for once. */
static int find_matches(const struct request *req, struct new_run *run,
			struct err *err)
{
	const struct import_rows *rows = &run->rows;
	bool any = false;

	if (!req->worker->settings->match_urls || run->terms.ignore_packs)
		return 0;
	if (pack_match_any(req->db, &any, err))
		return -1;
	if (!any || rows->names.count == 0)
		return 0;
	run->nmatches = rows->names.count;
	run->matches = xcalloc(run->nmatches, sizeof(*run->matches));
	for (size_t i = 0; i < run->nmatches; i++)
		if (pack_candidates_read(req->db, rows->names.texts[i],
					 &run->matches[i], err))
			return -1;
	return 0;
}

int new_run_read(const struct request *req, const struct new_run_spec *spec,
		 struct new_run *ret, struct jdec_problems *problems,
		 struct jdec_problems *of_rows, struct err *err)
{
	int64_t max = req->worker->settings->items_max;

	ret->body = json_copy((json_t *)(uintptr_t)spec->body);
	json_object_del(ret->body, spec->list);
	run_terms_read(ret->body, &ret->terms, problems);
	if (!spec->unreadable && json_is_object(spec->body))
		import_rows_read(&ret->rows, spec->list,
				 rows_of(spec, max, problems), spec->lines,
				 of_rows);
	ret->rejected = rejects_json(&ret->rows.rejects);
	if (!spec->of_provider && find_matches(req, ret, err))
		return -1;
	return new_run_check_host(req, "host_id", ret->terms.host_id, problems,
				  err);
}

const struct pack_candidate *new_run_match(const struct new_run *run,
					   const struct import_row *row,
					   char ret_plan[LOOKUP_PLAN_MAX])
{
	const struct pack_candidates *known = run->matches
		? &run->matches[row->endpoint->number] : NULL;
	const struct pack_candidate *match = known
		? pack_match_key(known, run->rows.keys.texts[row->key]) : NULL;

	*ret_plan = '\0';
	if (match)
		pack_match_place(known, match->plan, false, ret_plan);
	return match;
}

bool new_run_is_sunk(const struct new_run *run,
		     const struct jdec_problems *problems)
{
	return problems->count > 0 || run->rows.count == 0 ||
	       (run->terms.strict && run->rows.rejects.rows > 0);
}

int new_run_refuse(struct reply *reply, const struct new_run *run,
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
	const struct run_terms *terms = &run->terms;
	const char *key = terms->given == GIVEN_KEY_PROBE
		? terms->probe_api_key : terms->access_api_key;

	if (terms->given != GIVEN_KEY_NONE)
		secrets_seal(req->worker->key, SECRET_API_KEY, key, req->now,
			     seal_random(), &run->given_key);
}

void new_run_seal(const struct request *req, struct new_run *run)
{
	const struct strset *keys = &run->rows.keys;

	run->keys = xcalloc(keys->count, sizeof(*run->keys));
	for (size_t i = 0; i < keys->count; i++)
		secrets_seal(req->worker->key, SECRET_API_KEY, keys->texts[i],
			     req->now, seal_random(), &run->keys[i]);
	seal_given(req, run);
	run->users = run->terms.subscription_users
		? json_dumps(run->terms.subscription_users, JSON_COMPACT)
		: xstrdup("[\"default\"]");
}

int new_run_store(const struct request *req, const struct new_run *run,
		  struct err *err)
{
	for (size_t i = 0; i < run->rows.keys.count; i++)
		if (secrets_store(req->db, &run->keys[i], req->now, err))
			return -1;
	return run->terms.given == GIVEN_KEY_NONE
		? 0 : secrets_store(req->db, &run->given_key, req->now, err);
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

/* The warnings of a new item, with what the pack says of its key. */
static char *warnings_of(const struct new_run *run,
			 const struct import_row *row,
			 const struct new_run_pack *pack)
{
	AUTO_FREE char *hint = NULL;

	if (pack && pack->hint)
		hint = pack->hint(pack->arg, run->rows.keys.texts[row->key]);
	return import_row_warnings(row, hint);
}

/* Of which provider an item is, and where its account goes. */
struct belonging {
	const char *provider_id;		/* or NULL */
	const struct pack_candidate *match;	/* found by URL; or NULL */
	char plan[LOOKUP_PLAN_MAX];
};

/* A run that is being added. */
struct adding {
	const struct new_run *run;
	const struct new_run_pack *pack;	/* or NULL */
	const char *host_id;
	const char *run_id;
	const json_t *places;		/* of the host */
};

static int find_belonging(const struct request *req,
			  const struct adding *adding,
			  const struct import_row *row, struct belonging *ret,
			  struct err *err)
{
	const struct new_run *run = adding->run;
	char plan[LOOKUP_PLAN_MAX];
	const struct pack_place account = {
		.host_id = adding->host_id,
		.endpoint_key = row->endpoint->key,
		.mode = (enum access_mode)run->terms.access_mode,
		.print = run->keys[row->key].face.fingerprint,
		.plan = adding->pack ? adding->pack->plan : plan,
	};

	ret->provider_id = adding->pack ? adding->pack->provider_id : NULL;
	ret->match = new_run_match(run, row, plan);
	if (ret->match)
		ret->provider_id = ret->match->provider_id;
	return pack_place_find(req->db, &account, adding->places, ret->plan,
			       err);
}

static int add_item(const struct request *req, const struct adding *adding,
		    size_t n, struct err *err)
{
	const struct new_run *run = adding->run;
	const struct import_row *row = &run->rows.rows[n];
	const struct new_run_pack *pack = adding->pack;
	AUTO_FREE char *models = json_dumps(row->models, JSON_COMPACT);
	AUTO_FREE char *warnings = warnings_of(run, row, pack);
	struct belonging of = { 0 };
	char item_id[ID_MAX], task_id[ID_MAX];
	struct item_spec item = {
		.run_id = adding->run_id,
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
		.adopt_force = row->adopt_force,
	};
	struct task_spec task = {
		.flow = IMPORT_FLOW,
		.subject_id = item_id,
		.run_id = adding->run_id,
		.host_id = adding->host_id,
		.step = IMPORT_FIRST_STEP,
		.not_before = req->now,
	};

	if (find_belonging(req, adding, row, &of, err))
		return -1;
	item.pack_provider_id = of.provider_id;
	item.pack_id = of.match ? of.match->pack_id : NULL;
	item.pack_version = of.match ? of.match->version : NULL;
	item.plan = of.plan;
	if (items_add(req->db, &item, req->now, random_behind(row->seq),
		      item_id, err))
		return -1;
	canary_hold(run->terms.first.items, n, adding->run_id, &task);
	if (pack)
		waves_hold(pack->wave_place, adding->run_id, &task);
	return tasks_add(req->db, &task, req->now, random_behind(row->seq),
			 task_id, err);
}

static int add_run(const struct request *req, const struct adding *adding,
		   char ret_id[ID_MAX], struct err *err)
{
	const struct new_run *run = adding->run;
	const struct new_run_pack *pack = adding->pack;
	const struct run_terms *terms = &run->terms;
	const struct run_spec spec = {
		.host_id = adding->host_id,
		.pack_id = pack ? pack->pack_id : NULL,
		.pack_version = pack ? pack->version : NULL,
		.pack_provider_id = pack ? pack->provider_id : NULL,
		.endpoint_key = pack ? run->rows.rows[0].endpoint->key : NULL,
		.wave_id = pack ? pack->wave_id : NULL,
		.wave_place = pack ? pack->wave_place : 0,
		.access_mode = (enum access_mode)terms->access_mode,
		.subscription_users = run->users,
		.subscription_days = terms->subscription_days,
		.given_key = terms->given,
		.given_key_secret_id = terms->given == GIVEN_KEY_NONE
			? NULL : run->given_key.face.secret_id,
		.rebind = terms->rebind,
		.items_total = (int64_t)run->rows.count,
		.items_rejected = (int64_t)run->rows.rejects.rows,
		.rejected = run->rejected,
		.canary_items = terms->first.items,
		.canary_stop_after = terms->first.stop_after,
		.created_by = req->token->token_id,
	};

	if (runs_add(req->db, &spec, req->now, seal_random(), ret_id, err) == 0)
		return 0;
	/* It was there a moment ago: the only reference that can break. */
	if (err->kind == ERR_CONFLICT)
		return err_set(err, ERR_CONFLICT, "host %s was removed just "
			       "now", spec.host_id);
	return -1;
}

int new_run_add(const struct request *req, const struct new_run *run,
		const char *host_id, const struct new_run_pack *pack,
		char ret_id[ID_MAX], struct err *err)
{
	json_auto_t *places = NULL;
	struct adding adding = {
		.run = run,
		.pack = pack,
		.host_id = host_id,
		.run_id = ret_id,
	};

	if (pack_places_read(req->db, host_id, &places, err))
		return -1;
	adding.places = places;
	if (add_run(req, &adding, ret_id, err))
		return -1;
	for (size_t i = 0; i < run->rows.count; i++)
		if (add_item(req, &adding, i, err))
			return -1;
	return 0;
}
