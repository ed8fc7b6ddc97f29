/* api_packs: packs, their versions, and which of them counts. */
#include <string.h>

#include "fcgi/api.h"
#include "fcgi/cursor.h"
#include "fcgi/problem.h"
#include "fcgi/query.h"
#include "shared/jdec.h"
#include "shared/pack_providers.h"
#include "shared/packs.h"
#include "shared/semver.h"

#define PAGE 50
#define PAGE_MAX 200
#define FOLDER "/api/packs/"

static void write_members(struct jout *out, const struct packs_row *row)
{
	jout_str(out, "pack_id", row->pack_id);
	jout_str(out, "version", row->version);
	jout_bool(out, "active", row->active);
	jout_bool(out, "previous", row->previous);
	jout_object(out, "name");
	jout_str(out, "zh", row->name_zh);
	jout_str(out, "en", row->name_en);
	jout_object_end(out);
	jout_str(out, "min_host_version", row->min_host_version);
	jout_str(out, "max_host_version", row->max_host_version);
	jout_i64(out, "providers", row->providers);
	jout_str(out, "signed_by", row->signed_by);
	jout_str(out, "content_sha256", row->content_sha256);
	jout_str(out, "bundle_sha256", row->bundle_sha256);
	jout_str(out, "installed_by", row->installed_by);
	jout_time(out, "installed_at", row->installed_at);
}

static void write_row(struct jout *out, const struct packs_row *row)
{
	jout_object(out, NULL);
	write_members(out, row);
	jout_object_end(out);
}

static int show_version(const struct request *req, const char *pack_id,
			const char *version, struct reply *reply,
			struct err *err)
{
	CLEANUP(packs_row_done) struct packs_row row = { 0 };

	if (packs_get(req->db, pack_id, version, &row, err))
		return -1;
	write_row(&reply->out, &row);
	return 0;
}

/* Installing. */

static int refuse_signature(struct err *err, const char *code,
			    const char *sentence)
{
	err_set(err, ERR_INVALID, "%s", sentence);
	return err_code(err, code);
}

/*
 * *ret is who of the trusted signed it: NULL if nobody is trusted, or nobody
 * signed and nobody had to.  A signature that is wrong is never overlooked.
 */
static int check_signature(const struct request *req, char **ret,
			   struct err *err)
{
	const struct settings *settings = req->worker->settings;
	AUTO_FREE char *keys = xstrdup(settings->trusted_keys);
	char *rest = keys, *key;
	bool any = false;

	*ret = NULL;
	if (!req->pack_signature)
		return !settings->require_signature ? 0
			: refuse_signature(err, "pack_signature_required",
					   "packs must be signed here; send "
					   "the signature as "
					   "Crm-Pack-Signature");
	while ((key = strsep(&rest, " ,\t\r\n")) != NULL) {
		any = any || *key != '\0';
		if (*key == '\0' || !seal_signed_by(key, req->pack_signature,
						    req->text, req->text_len))
			continue;
		*ret = xstrdup(key);
		return 0;
	}
	return !any ? 0 : refuse_signature(err, "pack_signature_invalid",
		"the signature of the bundle is of none of the trusted keys");
}

static void write_problems(struct jout *out,
			   const struct pack_problems *problems)
{
	jout_i64(out, "problems_total", (int64_t)problems->count);
	jout_array(out, "problems");
	for (size_t i = 0; i < problems->count && i < PACK_PROBLEMS_MAX; i++) {
		const struct pack_problem *p = &problems->list[i];

		jout_object(out, NULL);
		jout_str(out, "file", p->file);
		jout_i64(out, "line", p->line);
		jout_str(out, "field", p->path);
		jout_str(out, "why", p->why);
		jout_object_end(out);
	}
	jout_array_end(out);
}

/* 422 with all that is wrong with a pack. */
static int refuse_pack(struct reply *reply,
		       const struct pack_problems *problems)
{
	AUTO_FREE char *first = pack_sentence(&problems->list[0]);
	struct err err;

	err_set(&err, ERR_INVALID, "%s", first);
	if (problems->count > 1)
		err_wrap(&err, "%zu problems, the first", problems->count);
	err_code(&err, "invalid_pack");
	problem_begin(reply, &err);
	write_problems(&reply->out, problems);
	problem_end(reply);
	return 0;
}

struct install_query {
	const char *activate;
};

static bool is_flag(const char *text)
{
	return strcmp(text, "true") == 0 || strcmp(text, "false") == 0;
}

static const struct query_field install_fields[] = {
	{ "activate", QUERY_TEXT, offsetof(struct install_query, activate),
	  0, 5, is_flag },
};

static int read_choice(const struct request *req, enum packs_choice *ret,
		       struct err *err)
{
	AUTO_FREE char *storage = NULL;
	struct install_query query = { 0 };

	*ret = PACKS_NEWEST;
	if (query_read(req->query, install_fields, COUNT(install_fields),
		       &query, &storage, err))
		return -1;
	if (query.activate)
		*ret = *query.activate == 't' ? PACKS_ACTIVATE : PACKS_KEEP;
	return 0;
}

static int store(const struct request *req, const struct packs_spec *spec,
		 struct reply *reply, struct err *err)
{
	const struct manifest_pack *m = &spec->pack->manifest;
	bool is_new;

	if (request_begin(req, err) ||
	    packs_install(req->db, spec, req->now, &is_new, err))
		return -1;
	if (is_new)
		reply_locate(reply, 201, FOLDER, m->pack_id);
	else
		reply->status = 200;
	return show_version(req, m->pack_id, m->version, reply, err);
}

static int install_files(const struct request *req,
			 const struct bundle *files,
			 const struct packs_spec *wish, struct reply *reply,
			 struct err *err)
{
	struct packs_spec spec = *wish;
	CLEANUP(pack_done) struct pack pack = { 0 };
	struct pack_problems problems;
	char sum[SEAL_HASH_TEXT];

	problems.count = 0;
	if (!pack_read(files, true, &pack, &problems))
		return refuse_pack(reply, &problems);
	seal_sha256(req->text, req->text_len, sum);
	spec.files = files;
	spec.pack = &pack;
	spec.bundle_sha256 = sum;
	return store(req, &spec, reply, err);
}

static int pack_install(const struct request *req, struct reply *reply,
			struct err *err)
{
	CLEANUP(bundle_done) struct bundle files = { 0 };
	AUTO_FREE char *signed_by = NULL;
	struct packs_spec spec = { .installed_by = req->token->token_id };

	if (read_choice(req, &spec.choice, err) ||
	    check_signature(req, &signed_by, err))
		return -1;
	spec.signed_by = signed_by;
	if (bundle_read(req->text, req->text_len, &files, err)) {
		err_code(err, "invalid_bundle");
		return -1;
	}
	return install_files(req, &files, &spec, reply, err);
}

/* Lists. */

struct packs_query {
	int64_t limit;
	const char *cursor;
};

static const struct query_field packs_fields[] = {
	{ "limit", QUERY_INT, offsetof(struct packs_query, limit), 1,
	  PAGE_MAX, NULL },
	{ "cursor", QUERY_TEXT, offsetof(struct packs_query, cursor), 0,
	  CURSOR_MAX, NULL },
};

static int write_packs(const struct request *req, const char *after,
		       int64_t limit, struct jout *out, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(packs_row_done) struct packs_row row = { 0 };
	char last[CURSOR_ID_MAX] = "", cursor[CURSOR_MAX];
	int64_t n = 0;
	int more;

	if (packs_list(&rows, req->db, after, limit + 1, err))
		return -1;
	jout_array(out, "packs");
	while ((more = packs_next(&rows, &row, err)) > 0 && n++ < limit) {
		write_row(out, &row);
		snprintf(last, sizeof(last), "%s", row.pack_id);
	}
	jout_array_end(out);
	jout_str(out, "next_cursor",
		 more > 0 ? cursor_make("packs", last, cursor) : NULL);
	return more < 0 ? -1 : 0;
}

static int packs_show(const struct request *req, struct reply *reply,
		      struct err *err)
{
	AUTO_FREE char *storage = NULL;
	struct packs_query query = { .limit = PAGE };
	char after[CURSOR_ID_MAX];

	if (query_read(req->query, packs_fields, COUNT(packs_fields), &query,
		       &storage, err) ||
	    cursor_read("packs", query.cursor, after, err))
		return -1;
	reply->status = 200;
	jout_object(&reply->out, NULL);
	if (write_packs(req, after, query.limit, &reply->out, err))
		return -1;
	jout_object_end(&reply->out);
	return 0;
}

/* The members of the version that counts, and all versions below it. */
static int write_versions(const struct request *req, const char *pack_id,
			  struct jout *out, struct err *err)
{
	CLEANUP(jout_done) struct jout list = { .text.max = HTTP_REPLY_MAX };
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(packs_row_done) struct packs_row row = { 0 };
	int more;

	if (packs_versions(&rows, req->db, pack_id, err))
		return -1;
	jout_array(&list, NULL);
	while ((more = packs_next(&rows, &row, err)) > 0) {
		write_row(&list, &row);
		if (row.active)
			write_members(out, &row);
	}
	jout_array_end(&list);
	if (more == 0 && !row.pack_id)
		return err_set(err, ERR_NOT_FOUND, "there is no pack %s",
			       pack_id);
	jout_raw(out, "versions", buf_str(&list.text));
	return more;
}

static int show_pack(const struct request *req, struct reply *reply,
		     struct err *err)
{
	reply->status = 200;
	jout_object(&reply->out, NULL);
	if (write_versions(req, req->ids[0], &reply->out, err))
		return -1;
	jout_object_end(&reply->out);
	return 0;
}

/* A version with all that it says, as it came. */
static int version_show(const struct request *req, struct reply *reply,
			struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(packs_row_done) struct packs_row row = { 0 };
	AUTO_FREE char *document = NULL;
	struct jout *out = &reply->out;
	int more;

	if (packs_get(req->db, req->ids[0], req->ids[1], &row, err) ||
	    packs_document(req->db, row.pack_id, row.version, &document,
			   err) ||
	    packs_manifests(&rows, req->db, row.pack_id, row.version, err))
		return -1;
	reply->status = 200;
	jout_object(out, NULL);
	write_members(out, &row);
	jout_raw(out, "document", document);
	jout_array(out, "manifests");
	while ((more = db_next(&rows, err)) > 0)
		jout_raw(out, NULL, db_must(&rows, 0));
	jout_array_end(out);
	jout_object_end(out);
	return more;
}

/* Which one counts. */

struct activate_body {
	const char *version;
};

static const struct jdec_field activate_fields[] = {
	JDEC_STR(struct activate_body, version, true, 5, SEMVER_MAX),
};

static int pack_activate(const struct request *req, struct reply *reply,
			 struct err *err)
{
	struct jdec_problems problems = { 0 };
	struct activate_body body = { 0 };

	if (!jdec(req->body, "", activate_fields, COUNT(activate_fields),
		  &body, &problems))
		return problem_refuse(reply, &problems);
	if (request_begin(req, err) ||
	    packs_activate(req->db, req->ids[0], body.version, req->now, err))
		return -1;
	return show_pack(req, reply, err);
}

static int pack_rollback(const struct request *req, struct reply *reply,
			 struct err *err)
{
	struct jdec_problems problems = { 0 };

	if (req->body && !jdec(req->body, "", NULL, 0, NULL, &problems))
		return problem_refuse(reply, &problems);
	if (request_begin(req, err) ||
	    packs_rollback(req->db, req->ids[0], req->now, err))
		return -1;
	return show_pack(req, reply, err);
}

static int version_delete(const struct request *req, struct reply *reply,
			  struct err *err)
{
	if (request_begin(req, err) ||
	    packs_remove(req->db, req->ids[0], req->ids[1], err))
		return -1;
	reply->status = 204;
	return 0;
}

const struct route api_packs_routes[] = {
	{ HTTP_GET,  "/api/packs", SCOPE_READ,
	  .handle = packs_show, .takes_query = true },
	{ HTTP_POST, "/api/packs/install", SCOPE_ADMIN,
	  .handle = pack_install, .body = BODY_REQUIRED, .takes_query = true,
	  .takes_bundle = true },
	{ HTTP_GET,  "/api/packs/{pack_id}", SCOPE_READ,
	  .handle = show_pack },
	{ HTTP_POST, "/api/packs/{pack_id}/activate", SCOPE_ADMIN,
	  .handle = pack_activate, .body = BODY_REQUIRED },
	{ HTTP_POST, "/api/packs/{pack_id}/rollback", SCOPE_ADMIN,
	  .handle = pack_rollback, .body = BODY_OPTIONAL },
	{ HTTP_GET,  "/api/packs/{pack_id}/versions/{version}", SCOPE_READ,
	  .handle = version_show },
	{ HTTP_DELETE, "/api/packs/{pack_id}/versions/{version}", SCOPE_ADMIN,
	  .handle = version_delete, .action = "pack.remove" },
	{ 0 }
};
