#include "fcgi/run_preview.h"

#include "fcgi/plan_host.h"
#include "fcgi/plan_view.h"
#include "fcgi/provider_notes.h"

#define NONE SIZE_MAX

/* A provider that rows are of, by URL and key, and what it makes here. */
struct known {
	const struct pack_candidate *match;
	json_t *document;		/* the manifest; NULL: it is gone */
	struct manifest_provider manifest;	/* borrowed from it */
	struct packs_row pack;
	struct provider_plan plan;
};

/* What is told of a row beside what it says itself. */
struct told {
	struct secret_face face;
	char plan[LOOKUP_PLAN_MAX];	/* where it goes */
	size_t known;			/* number of its provider, or NONE */
};

struct showing {
	const struct request *req;
	const struct new_run *run;
	struct plan_host at;
	struct told *told;
	struct known *known;
	size_t nknown;
	struct plan_row *rows;
	struct import_plan plan;
};

static void showing_done(struct showing *showing)
{
	for (size_t i = 0; i < showing->nknown; i++) {
		json_decref(showing->known[i].document);
		packs_row_done(&showing->known[i].pack);
		provider_plan_done(&showing->known[i].plan);
	}
	free(showing->known);
	free(showing->told);
	free(showing->rows);
	import_plan_done(&showing->plan);
	plan_host_done(&showing->at);
}

/* ---- what is known ---- */

/* A manifest that is gone meanwhile makes nothing, as in an import. */
static int read_known(const struct showing *showing, const char *endpoint_key,
		      struct known *ret, struct err *err)
{
	const struct pack_candidate *match = ret->match;
	struct db *db = showing->req->db;
	struct jdec_problems problems = { 0 };
	AUTO_FREE char *text = NULL;

	if (packs_manifest(db, match->pack_id, match->version,
			   match->provider_id, &text, err))
		return err->kind == ERR_NOT_FOUND ? 0 : -1;
	if (packs_get(db, match->pack_id, match->version, &ret->pack, err))
		return -1;
	ret->document = json_loads(text, 0, NULL);
	if (!manifest_provider_read(ret->document, &ret->manifest, &problems))
		return err_set(err, ERR_INTERNAL, "the stored manifest of %s "
			       "is no longer one", match->provider_id);
	provider_plan_make(&ret->plan, ret->document, endpoint_key,
			   showing->at.host.version,
			   showing->req->worker->settings->usd_rate_cny);
	return 0;
}

/* Each is read once, however many rows are of it. */
static int find_known(struct showing *showing, const struct import_row *row,
		      const struct pack_candidate *match, size_t *ret,
		      struct err *err)
{
	struct known *known;

	*ret = NONE;
	if (!match)
		return 0;
	for (size_t i = 0; i < showing->nknown; i++)
		if (showing->known[i].match == match) {
			*ret = i;
			return 0;
		}
	*ret = showing->nknown++;
	known = &showing->known[*ret];
	known->match = match;
	return read_known(showing, row->endpoint->key, known, err);
}

/* As new_run_add() does it. */
static int read_row(struct showing *showing, size_t i, const json_t *places,
		    struct err *err)
{
	const struct new_run *run = showing->run;
	const struct import_row *row = &run->rows.rows[i];
	struct told *told = &showing->told[i];
	char plan[LOOKUP_PLAN_MAX];
	const struct pack_candidate *match = new_run_match(run, row, plan);
	const struct pack_place account = {
		.host_id = showing->at.host.host_id,
		.endpoint_key = row->endpoint->key,
		.mode = (enum access_mode)run->terms.access_mode,
		.print = told->face.fingerprint,
		.plan = plan,
	};

	told->face = plan_face(showing->req, run->rows.keys.texts[row->key]);
	if (find_known(showing, row, match, &told->known, err) ||
	    pack_place_find(showing->req->db, &account, places, told->plan,
			    err))
		return -1;
	showing->rows[i] = (struct plan_row){
		.seq = (int64_t)row->seq,
		.endpoint_key = row->endpoint->key,
		.plan = told->plan,
		.print = told->face.fingerprint,
		.adopts = *row->adopt_account_id,
		.proxy = row->account_proxy,
		.models = row->models,
		.provider = told->known == NONE ? NULL
			: &showing->known[told->known].plan,
	};
	return 0;
}

static int read_rows(struct showing *showing, struct err *err)
{
	const size_t n = showing->run->rows.count;
	json_auto_t *places = NULL;

	if (pack_places_read(showing->req->db, showing->at.host.host_id,
			     &places, err))
		return -1;
	showing->told = xcalloc(n, sizeof(*showing->told));
	showing->known = xcalloc(n, sizeof(*showing->known));
	showing->rows = xcalloc(n, sizeof(*showing->rows));
	for (size_t i = 0; i < n; i++)
		if (read_row(showing, i, places, err))
			return -1;
	return 0;
}

static int make_plan(struct showing *showing, struct err *err)
{
	const struct request *req = showing->req;
	const struct run_terms *terms = &showing->run->terms;
	const struct secret_face given = plan_face_given(req, terms);
	const struct plan_spec spec = {
		.host_id = showing->at.host.host_id,
		.mode = (enum access_mode)terms->access_mode,
		.given = terms->given,
		.given_print = given.fingerprint,
		.selectors = terms->subscription_users,
		.parks = plan_host_parks(&showing->at),
		.rows = showing->rows,
		.nrows = showing->run->rows.count,
		.host_concurrency = req->worker->settings->host_concurrency,
		.now = req->now,
	};

	return import_plan_make(req->db, &spec, &showing->plan, err);
}

/* ---- and how it is told ---- */

static void write_item(struct jout *out, const struct showing *showing,
		       size_t i)
{
	const struct import_row *row = &showing->run->rows.rows[i];
	const struct told *told = &showing->told[i];
	const struct pack_candidate *match = told->known == NONE ? NULL
		: showing->known[told->known].match;
	AUTO_FREE char *warnings = import_row_warnings(row, NULL);

	plan_item_begin(out, row, &told->face, told->plan);
	if (row->line)
		jout_i64(out, "line", row->line);
	else
		jout_null(out, "line");
	jout_str(out, "pack_provider_id", match ? match->provider_id : NULL);
	jout_str(out, "pack_id", match ? match->pack_id : NULL);
	jout_str(out, "pack_version", match ? match->version : NULL);
	jout_raw(out, "warnings", warnings);
	jout_object_end(out);
}

static void write_provider(struct jout *out, const struct showing *showing,
			   const struct known *known)
{
	jout_object(out, NULL);
	jout_str(out, "provider_id", known->match->provider_id);
	jout_str(out, "pack_id", known->match->pack_id);
	jout_str(out, "pack_version", known->match->version);
	jout_json(out, "display_name", known->manifest.display_name);
	plan_host_overlay_write(out, &showing->at, &known->manifest);
	provider_own_warnings_write(out, &known->manifest, &known->pack,
				    &showing->at.host, &known->plan);
	jout_object_end(out);
}

/* Those that rows of the place are of, each once. */
static void write_providers(struct jout *out, const struct showing *showing,
			    size_t place)
{
	bool *said = xcalloc(showing->nknown + 1, sizeof(*said));

	jout_array(out, "providers");
	for (size_t i = place; i < showing->run->rows.count; i++) {
		size_t known = showing->told[i].known;

		if (showing->plan.places[i] != place || known == NONE ||
		    said[known] || !showing->known[known].document)
			continue;
		said[known] = true;
		write_provider(out, showing, &showing->known[known]);
	}
	jout_array_end(out);
	free(said);
}

static void write_items(struct jout *out, const struct showing *showing,
			size_t place)
{
	jout_array(out, "items");
	for (size_t i = place; i < showing->run->rows.count; i++)
		if (showing->plan.places[i] == place)
			write_item(out, showing, i);
	jout_array_end(out);
}

/* Entries stand by place.  *at is the first of this one, then the next. */
static void write_place(struct jout *out, const struct showing *showing,
			size_t place, size_t *at)
{
	const struct import_plan *plan = &showing->plan;
	const struct import_endpoint *endpoint =
		showing->run->rows.rows[place].endpoint;

	jout_object(out, NULL);
	jout_str(out, "endpoint_key", endpoint->key);
	jout_str(out, "base_url", endpoint->url);
	jout_str(out, "plan", showing->told[place].plan);
	jout_array(out, "resources");
	for (; *at < plan->count && plan->entries[*at].place == place; ++*at)
		plan_entry_write(out, &plan->entries[*at]);
	jout_array_end(out);
	write_providers(out, showing, place);
	write_items(out, showing, place);
	jout_object_end(out);
}

static void write_all(struct jout *out, const struct showing *showing)
{
	const struct new_run *run = showing->run;
	enum access_mode mode = (enum access_mode)run->terms.access_mode;
	size_t at = 0;

	jout_str(out, "host_id", showing->at.host.host_id);
	jout_str(out, "access_mode", access_mode_name(mode));
	jout_i64(out, "items_total", (int64_t)run->rows.count);
	jout_i64(out, "items_rejected", (int64_t)run->rows.rejects.rows);
	jout_raw(out, "rejected", run->rejected);
	plan_host_write(out, &showing->at, mode);
	plan_counts_write(out, &showing->plan);
	jout_array(out, "plans");
	for (size_t i = 0; i < run->rows.count; i++)
		if (showing->plan.places[i] == i)
			write_place(out, showing, i, &at);
	jout_array_end(out);
	plan_host_limits_write(out, &showing->at);
	host_warnings_write(out, &showing->at.host);
}

int run_preview_write(const struct request *req, struct jout *out,
		      const struct new_run *run, struct err *err)
{
	CLEANUP(showing_done) struct showing showing = {
		.req = req, .run = run,
	};

	if (plan_host_read(req->db, run->terms.host_id, &showing.at, err) ||
	    read_rows(&showing, err) || make_plan(&showing, err))
		return -1;
	write_all(out, &showing);
	return 0;
}
