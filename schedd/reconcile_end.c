/*
 * When a reconcile ends: who rests on what was found is proven again, and
 * operators hear of what is to be decided.
 */
#include <string.h>

#include "schedd/reconcile.h"
#include "shared/accesses.h"
#include "shared/checks.h"
#include "shared/endpoint.h"
#include "shared/lookup.h"
#include "shared/notices.h"
#include "shared/pauses.h"

#define CHECKS_MAX 20		/* asked for by one reconcile */
#define FINDINGS_AT_ONCE 100
#define NOTICE_DETAIL_MAX 512

/* What the finding's resource is for: a place, and a way of access. */
struct touched {
	char endpoint_key[ENDPOINT_KEY_MAX];
	char plan[LOOKUP_PLAN_MAX];
	enum access_mode mode;
};

/* False of what serves no endpoint by itself: users, groups of proofs. */
static bool touched_by(const char *lookup, struct touched *ret)
{
	const char *bar = strchr(lookup, '|');
	size_t len = strcspn(lookup, "~|");
	char mode[32];

	if (!bar || len == 0 || len >= sizeof(ret->endpoint_key))
		return false;
	memcpy(ret->endpoint_key, lookup, len);
	ret->endpoint_key[len] = '\0';
	snprintf(ret->plan, sizeof(ret->plan), "%.*s",
		 (int)(bar - lookup - (lookup[len] == '~') - (ptrdiff_t)len),
		 lookup + len + (lookup[len] == '~'));
	snprintf(mode, sizeof(mode), "%.*s", (int)strcspn(bar + 1, "|"),
		 bar + 1);
	return access_mode_parse(mode, &ret->mode);
}

static bool is_listed(const json_t *checks, const char *check_id)
{
	const json_t *one;
	size_t i;

	json_array_foreach(checks, i, one)
		if (strcmp(json_string_value(one), check_id) == 0)
			return true;
	return false;
}

static int ask_one(const struct store *store, const struct reconcile *rc,
		   const struct access *access, json_t *checks, int64_t now,
		   struct err *err)
{
	const struct check_spec spec = {
		.access_id = access->access_id,
		.host_id = access->host_id,
		.requested_by = rc->run.requested_by,
		.not_before = now,
	};
	char check_id[ID_MAX];
	enum hold held;

	if (pauses_find(store->db, access->host_id, access->endpoint_key,
			&held, err))
		return -1;
	if (held != HOLD_NONE || json_array_size(checks) >= CHECKS_MAX)
		return 0;
	if (checks_add(store->db, &spec, now, store->random(store->random_arg),
		       check_id, err))
		return -1;
	if (!is_listed(checks, check_id))
		json_array_append_new(checks, json_string(check_id));
	return 0;
}

static int ask_for(const struct store *store, const struct reconcile *rc,
		   const struct touched *touched, json_t *checks, int64_t now,
		   struct err *err)
{
	const struct access_filter filter = {
		.host_id = rc->run.host_id,
		.endpoint_key = touched->endpoint_key,
		.access_mode = access_mode_name(touched->mode),
	};
	struct access found[CHECKS_MAX] = { 0 };
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	size_t n = 0;
	int status = accesses_list(&rows, store->db, &filter, "", CHECKS_MAX,
				   err);

	while (status == 0 && n < CHECKS_MAX) {
		int more = accesses_next(&rows, &found[n], err);

		if (more <= 0) {
			status = more;
			break;
		}
		n++;
	}
	db_rows_done(&rows);
	for (size_t i = 0; i < n; i++) {
		if (status == 0 && strcmp(found[i].plan, touched->plan) == 0)
			status = ask_one(store, rc, &found[i], checks, now,
					 err);
		access_done(&found[i]);
	}
	return status;
}

/*
 * A check draws the key of a user anew that is refused, and what goes with it:
 * while somebody is asked about those, nobody decides for him.
 */
static bool is_left_alone(const struct finding *finding)
{
	return finding->state == FINDING_ASKED &&
	       finding->type != RESOURCE_ACCOUNT;
}

/* The next few resources that findings are about, each once in a row. */
static int ask_some(const struct store *store, const struct reconcile *rc,
		    int64_t *after, json_t *checks, int64_t now,
		    struct err *err)
{
	char ids[FINDINGS_AT_ONCE][ID_MAX];
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(finding_done) struct finding finding = { 0 };
	size_t n = 0;
	int more, looked = 0;

	if (findings_list(&rows, store->db, rc->run.reconcile_id, *after,
			  FINDINGS_AT_ONCE, err))
		return -1;
	while ((more = findings_next(&rows, &finding, err)) > 0) {
		*after = finding.seq;
		looked++;
		if (!is_left_alone(&finding) &&
		    (n == 0 || strcmp(ids[n - 1], finding.resource_id) != 0))
			snprintf(ids[n++], ID_MAX, "%s",
				 finding.resource_id);
	}
	db_rows_done(&rows);
	for (size_t i = 0; i < n && more == 0; i++) {
		CLEANUP(resource_done) struct resource row = { 0 };
		struct touched touched;

		if (resources_get(store->db, ids[i], &row, err))
			return -1;
		if (touched_by(row.lookup, &touched))
			more = ask_for(store, rc, &touched, checks, now, err);
	}
	return more < 0 ? -1 : looked;
}

int reconcile_ask_proofs(const struct store *store, struct reconcile *rc,
			 int64_t now, struct err *err)
{
	json_auto_t *checks = json_loads(rc->run.checks, 0, NULL);
	int64_t after = 0;
	int more = 1;

	while (rc->run.repair && more > 0 &&
	       json_array_size(checks) < CHECKS_MAX)
		more = ask_some(store, rc, &after, checks, now, err);
	if (more < 0)
		return -1;
	free(rc->run.checks);
	rc->run.checks = json_dumps(checks, JSON_COMPACT);
	return 0;
}

/* Of the host: it holds until a look at the whole of it finds nothing. */
int reconcile_tell(const struct store *store, const struct reconcile *rc,
		   int64_t now, struct err *err)
{
	CLEANUP(jout_done) struct jout out = { .text.max = NOTICE_DETAIL_MAX };
	const struct reconcile_counts *n = &rc->run.counts;
	const char *host_id = rc->run.host_id;
	struct notice_spec spec = {
		.kind = NOTICE_DRIFT, .subject = host_id, .host_id = host_id,
	};

	if (!rc->run.repair)
		return 0;
	if (n->asked + n->failed == 0) {
		if (rc->run.scope != RECONCILE_HOST ||
		    rc->run.result == RECONCILE_UNKNOWN ||
		    rc->run.result == RECONCILE_FAILED)
			return 0;
		return notices_end(store->db, NOTICE_DRIFT, host_id, now, err);
	}
	jout_object(&out, NULL);
	jout_str(&out, "reconcile_id", rc->run.reconcile_id);
	jout_i64(&out, "findings", n->asked + n->failed);
	jout_object_end(&out);
	spec.detail = buf_str(&out.text);
	return notices_raise(store->db, &spec, now,
			     store->random(store->random_arg), err);
}
