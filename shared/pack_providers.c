#include "shared/pack_providers.h"

static const struct db_query q_document = { "pack_providers.document",
	"SELECT document FROM packs WHERE pack_id = $1 AND version = $2" };

int packs_document(struct db *db, const char *pack_id, const char *version,
		   char **ret, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, db, &q_document, DB_ARGS(DB_TEXT(pack_id),
		     DB_TEXT(version)), err))
		return -1;
	more = db_next(&rows, err);
	if (more == 0)
		return err_set(err, ERR_NOT_FOUND, "there is no version %s of"
			       " pack %s", version, pack_id);
	if (more > 0)
		*ret = db_strdup(&rows, 0);
	return more < 0 ? -1 : 0;
}

static const struct db_query q_manifests = { "pack_providers.manifests",
	"SELECT manifest FROM pack_manifests"
	" WHERE pack_id = $1 AND version = $2 ORDER BY provider_id" };

int packs_manifests(struct db_rows *rows, struct db *db, const char *pack_id,
		    const char *version, struct err *err)
{
	return db_query(rows, db, &q_manifests, DB_ARGS(DB_TEXT(pack_id),
			DB_TEXT(version)), err);
}

static const struct db_query q_manifest = { "pack_providers.manifest",
	"SELECT manifest FROM pack_manifests"
	" WHERE pack_id = $1 AND version = $2 AND provider_id = $3" };

int packs_manifest(struct db *db, const char *pack_id, const char *version,
		   const char *provider_id, char **ret, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, db, &q_manifest, DB_ARGS(DB_TEXT(pack_id),
		     DB_TEXT(version), DB_TEXT(provider_id)), err))
		return -1;
	more = db_next(&rows, err);
	if (more == 0)
		return err_set(err, ERR_NOT_FOUND, "there is no provider %s "
			       "in version %s of pack %s", provider_id,
			       version, pack_id);
	if (more > 0)
		*ret = db_strdup(&rows, 0);
	return more < 0 ? -1 : 0;
}

static const struct db_query q_siblings = { "pack_providers.siblings",
	"SELECT p.provider_id, m.manifest FROM pack_providers p"
	" JOIN pack_manifests m ON m.pack_id = p.pack_id"
	" AND m.version = p.version AND m.provider_id = p.provider_id"
	" WHERE p.active = 1 AND p.vendor = $1 AND p.pack_id = $2"
	" ORDER BY p.provider_id" };

int packs_of_vendor(struct db_rows *rows, struct db *db, const char *vendor,
		    const char *pack_id, struct err *err)
{
	return db_query(rows, db, &q_siblings, DB_ARGS(DB_TEXT(vendor),
			DB_TEXT(pack_id)), err);
}

/*
 * One query for each filter that may lead; the others are looked at in the
 * rows that it finds, of which there are no more than the providers of the
 * versions that count.
 */
#define LIST(leading) \
	"SELECT provider_id, pack_id, summary FROM pack_providers" \
	" WHERE active = 1 AND " leading \
	" AND (provider_id, pack_id) > ($1, $2)" \
	" AND ($5 IS NULL OR pack_id = $5)" \
	" AND ($6 IS NULL OR vendor = $6)" \
	" AND ($7 IS NULL OR plan = $7)" \
	" AND ($8 IS NULL OR region = $8)" \
	" AND ($9 IS NULL OR status = $9)" \
	" AND ($4 IS NULL OR substr(provider_id, 1, length($4)) = lower($4)" \
	"  OR lower(substr(name_en, 1, length($4))) = lower($4)" \
	"  OR substr(name_zh, 1, length($4)) = $4)" \
	" ORDER BY provider_id, pack_id LIMIT $3"

static const struct db_query q_all = { "pack_providers.all",
	LIST("provider_id >= $1") };
/* The same for who filters by nothing: each condition costs, for each row. */
static const struct db_query q_plain = { "pack_providers.plain",
	"SELECT provider_id, pack_id, summary FROM pack_providers"
	" WHERE active = 1 AND (provider_id, pack_id) > ($1, $2)"
	" ORDER BY provider_id, pack_id LIMIT $3" };
static const struct db_query q_of_pack = { "pack_providers.of_pack",
	LIST("pack_id = $5 AND version ="
	     " (SELECT version FROM pack_active WHERE pack_id = $5)") };
static const struct db_query q_of_vendor = { "pack_providers.of_vendor",
	LIST("vendor = $6") };
static const struct db_query q_of_plan = { "pack_providers.of_plan",
	LIST("plan = $7") };
static const struct db_query q_of_region = { "pack_providers.of_region",
	LIST("region = $8") };
static const struct db_query q_of_status = { "pack_providers.of_status",
	LIST("status = $9") };

static const struct db_query *leading(const struct packs_filter *filter)
{
	const struct {
		const char *value;
		const struct db_query *query;
	} by[] = {
		{ filter->vendor, &q_of_vendor },
		{ filter->plan, &q_of_plan },
		{ filter->pack_id, &q_of_pack },
		{ filter->region, &q_of_region },
		{ filter->status, &q_of_status },
	};

	for (size_t i = 0; i < sizeof(by) / sizeof(*by); i++)
		if (by[i].value)
			return by[i].query;
	return &q_all;
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

int packs_providers(struct db_rows *rows, struct db *db,
		    const struct packs_filter *filter, int64_t limit,
		    struct err *err)
{
	const struct db_query *query = leading(filter);

	if (query == &q_all && !filter->q)
		return db_query(rows, db, &q_plain, DB_ARGS(
				DB_TEXT(or_empty(filter->after_id)),
				DB_TEXT(or_empty(filter->after_pack)),
				DB_I64(limit)), err);
	return db_query(rows, db, query, DB_ARGS(
			DB_TEXT(or_empty(filter->after_id)),
			DB_TEXT(or_empty(filter->after_pack)), DB_I64(limit),
			DB_TEXT(filter->q), DB_TEXT(filter->pack_id),
			DB_TEXT(filter->vendor), DB_TEXT(filter->plan),
			DB_TEXT(filter->region), DB_TEXT(filter->status)),
			err);
}

void packs_provider_done(struct packs_provider *provider)
{
	free(provider->pack_id);
	free(provider->version);
	free(provider->provider_id);
	free(provider->manifest);
	free(provider->endpoint_key);
	*provider = (struct packs_provider){ 0 };
}

/* The second row, if there is one, says that the id alone does not do. */
static const struct db_query q_provider = { "pack_providers.provider",
	"SELECT p.pack_id, p.version, p.provider_id, p.endpoint_key,"
	" m.manifest FROM pack_providers p JOIN pack_manifests m"
	" ON m.pack_id = p.pack_id AND m.version = p.version"
	" AND m.provider_id = p.provider_id"
	" WHERE p.active = 1 AND p.provider_id = $1"
	" AND ($2 IS NULL OR p.pack_id = $2) ORDER BY p.pack_id LIMIT 2" };

int packs_provider(struct db *db, const char *provider_id,
		   const char *pack_id, struct packs_provider *ret,
		   struct err *err)
{
	CLEANUP(packs_provider_done) struct packs_provider found = { 0 };
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, db, &q_provider, DB_ARGS(DB_TEXT(provider_id),
		     DB_TEXT(pack_id)), err))
		return -1;
	more = db_next(&rows, err);
	if (more == 0)
		return err_set(err, ERR_NOT_FOUND, "there is no provider %s "
			       "in the packs that are installed", provider_id);
	if (more > 0) {
		found.pack_id = db_strdup(&rows, 0);
		found.version = db_strdup(&rows, 1);
		found.provider_id = db_strdup(&rows, 2);
		found.endpoint_key = db_strdup(&rows, 3);
		found.manifest = db_strdup(&rows, 4);
		more = db_next(&rows, err);
	}
	if (more < 0)
		return -1;
	if (more > 0) {
		err_set(err, ERR_INVALID, "provider exists in multiple packs; "
			"pack_id is required");
		return err_code(err, "pack_id_required");
	}
	*ret = found;
	found = (struct packs_provider){ 0 };
	return 0;
}

const struct db_query *const pack_providers_queries[] = {
	&q_document, &q_manifests, &q_manifest, &q_siblings, &q_all, &q_plain,
	&q_of_pack, &q_of_vendor,
	&q_of_plan, &q_of_region, &q_of_status, &q_provider, NULL
};
