#include "shared/packs.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "shared/jout.h"
#include "shared/semver.h"

#define SUMMARY_MAX (16 << 10)

void packs_row_done(struct packs_row *row)
{
	free(row->pack_id);
	free(row->version);
	free(row->name_zh);
	free(row->name_en);
	free(row->min_host_version);
	free(row->max_host_version);
	free(row->content_sha256);
	free(row->bundle_sha256);
	free(row->signed_by);
	free(row->installed_by);
	*row = (struct packs_row){ 0 };
}

#define PACK_COLUMNS \
	"p.pack_id, p.version, p.name_zh, p.name_en, p.min_host_version," \
	" p.max_host_version, p.providers, p.content_sha256," \
	" p.bundle_sha256, p.signed_by, p.installed_by, p.installed_at," \
	" a.version = p.version, a.previous_version = p.version"

int packs_next(struct db_rows *rows, struct packs_row *row, struct err *err)
{
	int more = db_next(rows, err);

	if (more <= 0)
		return more;
	packs_row_done(row);
	*row = (struct packs_row){
		.pack_id = db_strdup(rows, 0),
		.version = db_strdup(rows, 1),
		.name_zh = db_strdup(rows, 2),
		.name_en = db_strdup(rows, 3),
		.min_host_version = db_strdup(rows, 4),
		.max_host_version = db_strdup(rows, 5),
		.providers = db_i64(rows, 6),
		.content_sha256 = db_strdup(rows, 7),
		.bundle_sha256 = db_strdup(rows, 8),
		.signed_by = db_strdup(rows, 9),
		.installed_by = db_strdup(rows, 10),
		.installed_at = db_i64(rows, 11),
		.active = db_i64(rows, 12) != 0,
		.previous = db_i64(rows, 13) != 0,
	};
	return 1;
}

static const struct db_query q_get = { "packs.get",
	"SELECT " PACK_COLUMNS " FROM packs p"
	" LEFT JOIN pack_active a ON a.pack_id = p.pack_id"
	" WHERE p.pack_id = $1 AND p.version = $2" };

int packs_get(struct db *db, const char *pack_id, const char *version,
	      struct packs_row *ret, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, db, &q_get, DB_ARGS(DB_TEXT(pack_id),
		     DB_TEXT(version)), err))
		return -1;
	more = packs_next(&rows, ret, err);
	if (more == 0)
		return err_set(err, ERR_NOT_FOUND, "there is no version %s of"
			       " pack %s", version, pack_id);
	return more < 0 ? -1 : 0;
}

static const struct db_query q_list = { "packs.list",
	"SELECT " PACK_COLUMNS " FROM pack_active a"
	" JOIN packs p ON p.pack_id = a.pack_id AND p.version = a.version"
	" WHERE a.pack_id > $1 ORDER BY a.pack_id LIMIT $2" };

int packs_list(struct db_rows *rows, struct db *db, const char *after,
	       int64_t limit, struct err *err)
{
	return db_query(rows, db, &q_list, DB_ARGS(DB_TEXT(after),
			DB_I64(limit)), err);
}

static const struct db_query q_versions = { "packs.versions",
	"SELECT " PACK_COLUMNS " FROM packs p"
	" LEFT JOIN pack_active a ON a.pack_id = p.pack_id"
	" WHERE p.pack_id = $1"
	" ORDER BY p.installed_at DESC, p.version DESC" };

int packs_versions(struct db_rows *rows, struct db *db, const char *pack_id,
		   struct err *err)
{
	return db_query(rows, db, &q_versions, DB_ARGS(DB_TEXT(pack_id)),
			err);
}

/* Which version counts. */

/* Both NULL if none was ever installed. */
struct pointer {
	char *version;
	char *previous;
};

static void pointer_done(struct pointer *pointer)
{
	free(pointer->version);
	free(pointer->previous);
}

static const struct db_query q_pointer = { "packs.pointer",
	"SELECT version, previous_version FROM pack_active"
	" WHERE pack_id = $1" };

static int read_pointer(struct db *db, const char *pack_id,
			struct pointer *ret, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	*ret = (struct pointer){ 0 };
	if (db_query(&rows, db, &q_pointer, DB_ARGS(DB_TEXT(pack_id)), err))
		return -1;
	more = db_next(&rows, err);
	if (more > 0) {
		ret->version = db_strdup(&rows, 0);
		ret->previous = db_strdup(&rows, 1);
	}
	return more < 0 ? -1 : 0;
}

static const struct db_query q_point = { "packs.point",
	"INSERT INTO pack_active (pack_id, version, changed_at)"
	" VALUES ($1, $2, $3) ON CONFLICT (pack_id) DO UPDATE SET"
	" previous_version = version, version = $2, changed_at = $3" };
static const struct db_query q_show = { "packs.show",
	"UPDATE pack_providers SET active = $3"
	" WHERE pack_id = $1 AND version = $2" };

static int point(struct db *db, const char *pack_id,
		 const struct pointer *from, const char *version, int64_t now,
		 struct err *err)
{
	if (from->version && db_run(db, &q_show, DB_ARGS(DB_TEXT(pack_id),
				    DB_TEXT(from->version), DB_I64(0)), err))
		return -1;
	return db_run(db, &q_point, DB_ARGS(DB_TEXT(pack_id),
		      DB_TEXT(version), DB_I64(now)), err);
}

static int move(struct db *db, const char *pack_id,
		const struct pointer *from, const char *version, int64_t now,
		struct err *err)
{
	if (from->version && strcmp(from->version, version) == 0)
		return 0;
	if (point(db, pack_id, from, version, now, err))
		return -1;
	return db_run(db, &q_show, DB_ARGS(DB_TEXT(pack_id),
		      DB_TEXT(version), DB_I64(1)), err);
}

int packs_activate(struct db *db, const char *pack_id, const char *version,
		   int64_t now, struct err *err)
{
	CLEANUP(packs_row_done) struct packs_row row = { 0 };
	CLEANUP(pointer_done) struct pointer from = { 0 };

	if (packs_get(db, pack_id, version, &row, err) ||
	    read_pointer(db, pack_id, &from, err))
		return -1;
	return move(db, pack_id, &from, version, now, err);
}

int packs_rollback(struct db *db, const char *pack_id, int64_t now,
		   struct err *err)
{
	CLEANUP(pointer_done) struct pointer from = { 0 };

	if (read_pointer(db, pack_id, &from, err))
		return -1;
	if (!from.version)
		return err_set(err, ERR_NOT_FOUND, "there is no pack %s",
			       pack_id);
	if (!from.previous) {
		err_set(err, ERR_CONFLICT, "no version of pack %s counted "
			"before %s", pack_id, from.version);
		return err_code(err, "no_previous_version");
	}
	return move(db, pack_id, &from, from.previous, now, err);
}

/* Installing. */

static const struct db_query q_count = { "packs.count",
	"SELECT count(*) FROM packs WHERE pack_id = $1" };
static const struct db_query q_add = { "packs.add",
	"INSERT INTO packs (pack_id, version, name_zh, name_en,"
	" min_host_version, max_host_version, providers, content_sha256,"
	" bundle_sha256, signed_by, document, installed_by, installed_at)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)" };

static const char *in(const json_t *both, const char *language)
{
	return json_string_value(json_object_get(both, language));
}

static int add_pack(struct db *db, const struct packs_spec *spec, int64_t now,
		    struct err *err)
{
	const struct pack *pack = spec->pack;
	const struct manifest_pack *m = &pack->manifest;
	const struct bundle_file *file = bundle_find(spec->files, PACK_FILE);

	return db_run(db, &q_add, DB_ARGS(DB_TEXT(m->pack_id),
		      DB_TEXT(m->version), DB_TEXT(in(m->name, "zh")),
		      DB_TEXT(in(m->name, "en")),
		      DB_TEXT(m->min_host_version),
		      DB_TEXT(m->max_host_version),
		      DB_I64((int64_t)pack->count), DB_TEXT(pack->sha256),
		      DB_TEXT(spec->bundle_sha256), DB_TEXT(spec->signed_by),
		      DB_TEXT(file->bytes), DB_TEXT(spec->installed_by),
		      DB_I64(now)), err);
}

/* The row of a list, written once and for all. */
static void write_summary(struct jout *out, const struct manifest_pack *m,
			  const struct pack_provider *p)
{
	jout_object(out, NULL);
	jout_str(out, "provider_id", p->provider_id);
	jout_str(out, "pack_id", m->pack_id);
	jout_str(out, "pack_version", m->version);
	jout_str(out, "vendor", p->vendor);
	jout_str(out, "plan", p->plan);
	jout_str(out, "region", p->region);
	jout_str(out, "status", p->status);
	jout_object(out, "display_name");
	jout_str(out, "zh", p->name_zh);
	jout_str(out, "en", p->name_en);
	jout_object_end(out);
	jout_str(out, "base_url", p->base_url);
	jout_str(out, "endpoint_key", p->base_url ? p->endpoint_key : NULL);
	jout_str(out, "smoke_test_model", p->smoke_test_model);
	jout_i64(out, "models", (int64_t)p->models);
	jout_object_end(out);
}

static const struct db_query q_add_provider = { "packs.add_provider",
	"INSERT INTO pack_providers (pack_id, version, provider_id, active,"
	" vendor, plan, region, status, name_zh, name_en, base_url,"
	" endpoint_key, summary)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)" };
static const struct db_query q_add_manifest = { "packs.add_manifest",
	"INSERT INTO pack_manifests (pack_id, version, provider_id, manifest)"
	" VALUES ($1, $2, $3, $4)" };

static int add_provider(struct db *db, const struct manifest_pack *m,
			const struct pack_provider *p, bool active,
			struct jout *summary, struct err *err)
{
	buf_reset(&summary->text);
	summary->comma = false;
	write_summary(summary, m, p);
	if (db_run(db, &q_add_provider, DB_ARGS(DB_TEXT(m->pack_id),
		   DB_TEXT(m->version), DB_TEXT(p->provider_id),
		   DB_I64(active), DB_TEXT(p->vendor), DB_TEXT(p->plan),
		   DB_TEXT(p->region), DB_TEXT(p->status),
		   DB_TEXT(p->name_zh), DB_TEXT(p->name_en),
		   DB_TEXT(p->base_url),
		   DB_TEXT(p->base_url ? p->endpoint_key : NULL),
		   DB_TEXT(buf_str(&summary->text))), err))
		return -1;
	return db_run(db, &q_add_manifest, DB_ARGS(DB_TEXT(m->pack_id),
		      DB_TEXT(m->version), DB_TEXT(p->provider_id),
		      DB_TEXT(p->file->bytes)), err);
}

static int add_providers(struct db *db, const struct pack *pack, bool active,
			 struct err *err)
{
	CLEANUP(jout_done) struct jout summary = { .text.max = SUMMARY_MAX };

	for (size_t i = 0; i < pack->count; i++)
		if (add_provider(db, &pack->manifest, &pack->providers[i],
				 active, &summary, err))
			return -1;
	return 0;
}

static const struct db_query q_add_file = { "packs.add_file",
	"INSERT INTO pack_files (pack_id, version, path, sha256, content)"
	" VALUES ($1, $2, $3, $4, $5)" };

/* Patches and tables: all but what has a table of its own. */
static int add_files(struct db *db, const struct packs_spec *spec,
		     struct err *err)
{
	const struct manifest_pack *m = &spec->pack->manifest;

	for (size_t i = 0; i < spec->files->count; i++) {
		const struct bundle_file *file = &spec->files->files[i];
		char sum[SEAL_HASH_TEXT];

		if (strcmp(file->path, PACK_FILE) == 0 ||
		    strncmp(file->path, PACK_PROVIDERS,
			    strlen(PACK_PROVIDERS)) == 0)
			continue;
		seal_sha256(file->bytes, file->len, sum);
		if (db_run(db, &q_add_file, DB_ARGS(DB_TEXT(m->pack_id),
			   DB_TEXT(m->version), DB_TEXT(file->path),
			   DB_TEXT(sum), DB_BLOB(file->bytes, file->len)),
			   err))
			return -1;
	}
	return 0;
}

/* ERR_NOT_FOUND if this version is not there yet. */
static int look_for_same(struct db *db, const struct pack *pack,
			 struct err *err)
{
	CLEANUP(packs_row_done) struct packs_row row = { 0 };
	const struct manifest_pack *m = &pack->manifest;

	if (packs_get(db, m->pack_id, m->version, &row, err))
		return -1;
	assert(row.content_sha256);
	if (strcmp(row.content_sha256, pack->sha256) == 0)
		return 0;
	err_set(err, ERR_CONFLICT, "version %s of pack %s is installed with "
		"another content; give what changed a new version",
		m->version, m->pack_id);
	return err_code(err, "pack_version_exists");
}

static int check_versions(struct db *db, const char *pack_id, struct err *err)
{
	int64_t n;

	if (db_number(db, &q_count, DB_ARGS(DB_TEXT(pack_id)), &n, err))
		return -1;
	if (n < PACKS_VERSIONS_MAX)
		return 0;
	err_set(err, ERR_CONFLICT, "there are %d versions of pack %s; remove "
		"those that nobody needs", PACKS_VERSIONS_MAX, pack_id);
	return err_code(err, "too_many_versions");
}

static bool shall_count(const struct packs_spec *spec,
			const struct pointer *now)
{
	if (!now->version || spec->choice == PACKS_ACTIVATE)
		return true;
	return spec->choice == PACKS_NEWEST &&
	       semver_compare(spec->pack->manifest.version,
			      now->version) >= 0;
}

int packs_install(struct db *db, const struct packs_spec *spec, int64_t now,
		  bool *ret_new, struct err *err)
{
	CLEANUP(pointer_done) struct pointer from = { 0 };
	const struct manifest_pack *m = &spec->pack->manifest;
	bool counts;

	*ret_new = false;
	if (look_for_same(db, spec->pack, err) == 0)
		return 0;
	if (err->kind != ERR_NOT_FOUND ||
	    check_versions(db, m->pack_id, err) ||
	    read_pointer(db, m->pack_id, &from, err) ||
	    add_pack(db, spec, now, err))
		return -1;
	counts = shall_count(spec, &from);
	if (counts && point(db, m->pack_id, &from, m->version, now, err))
		return -1;
	*ret_new = true;
	if (add_providers(db, spec->pack, counts, err) ||
	    add_files(db, spec, err))
		return -1;
	return 0;
}

/* Removing. */

static const struct db_query q_runs = { "packs.runs",
	"SELECT (SELECT count(*) FROM import_runs"
	"  WHERE pack_id = $1 AND pack_version = $2)"
	" + (SELECT count(*) FROM import_run_items"
	"  WHERE pack_id = $1 AND pack_version = $2)" };
static const struct db_query q_forget = { "packs.forget",
	"UPDATE pack_active SET previous_version = NULL"
	" WHERE pack_id = $1 AND previous_version = $2" };
static const struct db_query q_drop_files = { "packs.drop_files",
	"DELETE FROM pack_files WHERE pack_id = $1 AND version = $2" };
static const struct db_query q_drop_manifests = { "packs.drop_manifests",
	"DELETE FROM pack_manifests WHERE pack_id = $1 AND version = $2" };
static const struct db_query q_drop_providers = { "packs.drop_providers",
	"DELETE FROM pack_providers WHERE pack_id = $1 AND version = $2" };
static const struct db_query q_drop = { "packs.drop",
	"DELETE FROM packs WHERE pack_id = $1 AND version = $2" };

static int check_unused(struct db *db, const struct packs_row *row,
			struct err *err)
{
	int64_t runs;

	if (db_number(db, &q_runs, DB_ARGS(DB_TEXT(row->pack_id),
		      DB_TEXT(row->version)), &runs, err))
		return -1;
	if (!row->active && runs == 0)
		return 0;
	if (row->active)
		err_set(err, ERR_CONFLICT, "version %s of pack %s is the one "
			"that counts; activate another first", row->version,
			row->pack_id);
	else
		err_set(err, ERR_CONFLICT, "version %s of pack %s was used by"
			" %" PRId64 " imports", row->version, row->pack_id,
			runs);
	return err_code(err, "pack_in_use");
}

int packs_remove(struct db *db, const char *pack_id, const char *version,
		 struct err *err)
{
	static const struct db_query *const steps[] = {
		&q_forget, &q_drop_files, &q_drop_manifests,
		&q_drop_providers, &q_drop,
	};
	CLEANUP(packs_row_done) struct packs_row row = { 0 };

	if (packs_get(db, pack_id, version, &row, err) ||
	    check_unused(db, &row, err))
		return -1;
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++)
		if (db_run(db, steps[i], DB_ARGS(DB_TEXT(pack_id),
			   DB_TEXT(version)), err))
			return -1;
	return 0;
}

const struct db_query *const packs_queries[] = {
	&q_get, &q_list, &q_versions, &q_pointer, &q_point, &q_show, &q_count,
	&q_add, &q_add_provider, &q_add_manifest, &q_add_file, &q_runs,
	&q_forget, &q_drop_files, &q_drop_manifests, &q_drop_providers,
	&q_drop, NULL
};
