#include "tests/sim/rotation.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "shared/secrets.h"
#include "tests/sim/check.h"

char *rotation_plan(struct site *site, const char *prefix,
		    const char *old_print, struct rotation *ret)
{
	struct secret_face face = { 0 };
	struct err err;

	if (!*ret->new_key)
		snprintf(ret->new_key, sizeof(ret->new_key), "%s%024" PRIx64,
			 prefix, net_random(&site->net));
	if (secrets_add(site->db, &site->key.pub, SECRET_API_KEY,
			ret->new_key, site->net.now, net_random(&site->net),
			&face, &err))
		site_fault(site, "add key: %s", err.msg);
	snprintf(ret->new_print, sizeof(ret->new_print), "%s",
		 face.fingerprint);
	snprintf(ret->new_secret, ID_MAX, "%s", face.secret_id);
	return xasprintf("{\"new_key\":{\"fingerprint\":\"%s\"},"
			 "\"old_key\":{\"fingerprint\":\"%s\"},"
			 "\"overlap_s\":2,\"tries\":[]}", face.fingerprint,
			 old_print);
}

static const struct db_query q_secrets = { "sim.secrets",
	"SELECT count(*) FROM secrets WHERE fingerprint = $1" };
static const struct db_query q_copies = { "sim.copies",
	"SELECT count(*) FROM managed_resources WHERE $1 IS NULL"
	" AND state <> 'gone' AND (lookup LIKE 'clone|%' OR lookup LIKE 'proof|%|%|%')" };
static const struct db_query q_lookup = { "sim.lookup",
	"SELECT count(*) FROM managed_resources r"
	" JOIN resource_uses u ON u.resource_id = r.resource_id"
	" JOIN import_run_items i ON i.item_id = u.item_id"
	" JOIN secrets s ON s.secret_id = i.api_key_secret_id"
	" WHERE r.resource_id = $1"
	" AND r.lookup = i.provider_id || '|subscription|' || s.fingerprint" };

static void is_number(struct site *site, const struct db_query *query,
		      const char *about, bool want)
{
	int64_t n = 0;
	struct err err;

	if (db_number(site->db, query, DB_ARGS(DB_TEXT(about)), &n, &err))
		site_fault(site, "%s: %s", query->name, err.msg);
	else if ((n > 0) != want)
		site_fault(site, "rotation: %s is %" PRId64, query->name, n);
}

void rotation_check(struct site *site, const struct rotation *rotation,
		    const char *resource_id, const char *live_key, bool done)
{
	char old_print[SEAL_FINGERPRINT_TEXT];

	if (strcmp(live_key, done ? rotation->new_key : rotation->old_key) != 0)
		site_fault(site, "rotation: the host has %s", live_key);
	seal_fingerprint(&site->key.pub, rotation->old_key, old_print);
	is_number(site, &q_secrets, rotation->new_print, done);
	is_number(site, &q_secrets, old_print, !done);
	is_number(site, &q_lookup, resource_id, true);
}

void rotation_check_copies(struct site *site)
{
	is_number(site, &q_copies, NULL, false);
}
