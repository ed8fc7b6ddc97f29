#include "tests/sim/story.h"

#include <inttypes.h>
#include <string.h>

#include "shared/resources.h"
#include "shared/table.h"
#include "tests/sim/check.h"
#include "tests/sim/strangers.h"

static const enum resource_type types[HOST_KIND__MAX] = {
	[HOST_KIND_GROUP]	 = RESOURCE_GROUP,
	[HOST_KIND_ACCOUNT]	 = RESOURCE_ACCOUNT,
	[HOST_KIND_USER]	 = RESOURCE_USER,
	[HOST_KIND_KEY]		 = RESOURCE_USER_KEY,
	[HOST_KIND_SUBSCRIPTION] = RESOURCE_SUBSCRIPTION,
	[HOST_KIND_CHANNEL]	 = RESOURCE_CHANNEL,
};

bool story_kind_of(enum resource_type type, enum host_kind *ret)
{
	for (size_t i = 0; i < COUNT(types); i++) {
		if (types[i] != type)
			continue;
		*ret = (enum host_kind)i;
		return true;
	}
	return false;
}

static const struct db_query q_known = { "story.known",
	"SELECT count(*) FROM managed_resources WHERE resource_type = $1 AND"
	" host_resource_id = $2 AND state = 'present'" };

static bool is_known(struct story *story, enum host_kind kind, int64_t id)
{
	AUTO_FREE char *text = xasprintf("%" PRId64, id);
	int64_t n = 0;
	struct err err;

	if (db_number(story->site.db, &q_known,
		      DB_ARGS(DB_TEXT(resource_type_name(types[kind])),
			      DB_TEXT(text)), &n, &err))
		site_fault(&story->site, "%s: %s", q_known.name, err.msg);
	return n > 0;
}

static const struct db_query q_wanted = { "story.wanted",
	"SELECT count(*) FROM managed_resources WHERE resource_type = $1 AND"
	" state = 'wanted'" };

static bool is_wanted(struct story *story, enum host_kind kind)
{
	int64_t n = 0;
	struct err err;

	if (db_number(story->site.db, &q_wanted,
		      DB_ARGS(DB_TEXT(resource_type_name(types[kind]))), &n,
		      &err))
		site_fault(&story->site, "%s: %s", q_wanted.name, err.msg);
	return n > 0;
}

static bool exists(const struct story *story, enum host_kind kind,
		   const json_t *row, const char *member)
{
	int64_t id = json_integer_value(json_object_get(row, member));

	return id && story->ledger.rows[kind][id].exists;
}

/* Somebody gave it a key of his own: it is his now, and CRM lets go of it. */
static bool is_taken(const json_t *row)
{
	const char *key = json_string_value(json_object_get(json_object_get(
		row, "credentials"), "api_key"));

	return key && strcmp(key, STRANGERS_PROVIDER_KEY) == 0;
}

/*
 * What strangers left of ours when they deleted what it rests on, and nobody
 * can use: a key of a group, a subscription of a user that is gone.  Users
 * are found by their address: one whose making nobody saw the end of is known
 * by that.
 */
bool story_is_excused(struct story *story, enum host_kind kind, int64_t id)
{
	json_auto_t *row = strangers_row(&story->site, kind, id);

	switch (kind) {
	case HOST_KIND_KEY:
		return !exists(story, HOST_KIND_GROUP, row, "group_id");
	case HOST_KIND_SUBSCRIPTION:
		return !exists(story, HOST_KIND_USER, row, "user_id");
	case HOST_KIND_ACCOUNT:
		return is_taken(row);
	case HOST_KIND_USER:
		return is_wanted(story, kind);
	default:
		return false;
	}
}

/*
 * What CRM made it knows.  Of what it made before a backup was put back it
 * may know nothing.
 */
static void check_rows(struct story *story)
{
	enum host_kind kind = 0;
	int64_t id = 0;
	const struct ledger_row *row;

	while ((row = ledger_next(&story->ledger, &kind, &id))) {
		if (row->maker != LEDGER_OURS ||
		    story_is_lost(story, row->made_at) ||
		    is_known(story, kind, id) ||
		    story_is_excused(story, kind, id))
			continue;
		site_fault(&story->site, "CRM made %s %" PRId64 " and does"
			   " not know it", host_kind_list(kind), id);
	}
}

/* Each of these must be zero when nothing is left to do. */
static const struct db_query zeros[] = {
	{ "resources half made",
	  "SELECT count(*) FROM managed_resources WHERE state IN"
	  " ('making', 'leaving')" },
	{ "runs without an end",
	  "SELECT count(*) FROM import_runs WHERE finished_at IS NULL" },
};

static void check_zeros(struct story *story)
{
	int64_t n;
	struct err err;

	for (size_t i = 0; i < COUNT(zeros); i++) {
		if (db_number(story->site.db, &zeros[i], DB_NO_ARGS, &n, &err))
			site_fault(&story->site, "%s: %s", zeros[i].name,
				   err.msg);
		else if (n != 0)
			site_fault(&story->site, "%" PRId64 " %s", n,
				   zeros[i].name);
	}
}

void story_check(struct story *story)
{
	const char *wrong = host_model_fault(story->site.net.host);

	if (wrong)
		site_fault(&story->site, "host model: %s", wrong);
	check_zeros(story);
	check_rows(story);
}
