/* Whether the chain of the audit log holds. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "shared/audit.h"

static const char *const problem_names[] = {
	[AUDIT_HOLDS]		= "none",
	[AUDIT_BAD_HASH]	= "changed",
	[AUDIT_BAD_LINK]	= "not_linked",
	[AUDIT_MISSING]		= "missing",
	[AUDIT_BAD_BEGINNING]	= "beginning",
	[AUDIT_UNEXPECTED]	= "not_as_expected",
};
TABLE_ENUM_DEFINE(audit_problem, problem_names, AUDIT_PROBLEM__MAX);

void audit_place_text(const struct audit_place *place,
		      char ret[AUDIT_PLACE_TEXT])
{
	snprintf(ret, AUDIT_PLACE_TEXT, "%" PRId64 ":%s", place->seq,
		 place->hash);
}

bool audit_place_parse(const char *text, struct audit_place *ret)
{
	size_t digits = strspn(text, "0123456789");
	const char *hash = text + digits + 1;

	if (digits == 0 || digits > 18 || text[digits] != ':' ||
	    strlen(hash) != SEAL_HASH_TEXT - 1)
		return false;
	for (const char *c = hash; *c; c++)
		if (!isxdigit((unsigned char)*c) || isupper((unsigned char)*c))
			return false;
	ret->seq = strtoll(text, NULL, 10);
	snprintf(ret->hash, sizeof(ret->hash), "%s", hash);
	return true;
}

static int read_place(struct db *db, const struct db_query *query,
		      struct audit_place *ret, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	*ret = (struct audit_place){ 0 };
	if (db_query(&rows, db, query, DB_NO_ARGS, err))
		return -1;
	more = db_next(&rows, err);
	if (more > 0) {
		ret->seq = db_i64(&rows, 0);
		snprintf(ret->hash, sizeof(ret->hash), "%s",
			 db_must(&rows, 1));
	}
	return more < 0 ? -1 : 0;
}

static const struct db_query q_base = { "audit_verify.base",
	"SELECT base_seq, base_hash FROM audit_chain" };
static const struct db_query q_head = { "audit_verify.head",
	"SELECT seq, hash FROM audit_log"
	" WHERE seq = (SELECT max(seq) FROM audit_log)" };
static const struct db_query q_prune = { "audit_verify.prune",
	"SELECT seq, object_id FROM audit_log WHERE action = 'audit.prune'"
	" AND seq > 0 ORDER BY seq DESC LIMIT 1" };

/* The chain begins where its last row about that says, or at nothing. */
static int check_base(struct db *db, const struct audit_place *base,
		      bool *ret, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	char want[AUDIT_PLACE_TEXT];
	int more;

	audit_place_text(base, want);
	if (db_query(&rows, db, &q_prune, DB_NO_ARGS, err))
		return -1;
	more = db_next(&rows, err);
	*ret = more > 0 ? strcmp(db_must(&rows, 1), want) == 0
			: base->seq == 0;
	return more < 0 ? -1 : 0;
}

static int find_start(struct db *db, const struct audit_place *after,
		      struct audit_report *report, struct err *err)
{
	struct audit_place base;
	bool is_good = true;

	if (read_place(db, &q_base, &base, err) ||
	    read_place(db, &q_head, &report->head, err) ||
	    check_base(db, &base, &is_good, err))
		return -1;
	report->base_seq = base.seq;
	report->end = base;
	if (!is_good) {
		report->problem = AUDIT_BAD_BEGINNING;
		report->bad_seq = base.seq;
	}
	if (!is_good || after->seq == 0)
		return 0;
	report->end = *after;
	report->bad_seq = after->seq;
	if (audit_expect(db, after, &report->problem, err))
		return -1;
	if (report->problem == AUDIT_HOLDS)
		report->bad_seq = 0;
	return 0;
}

static enum audit_problem check_row(const struct seal_public *key,
				    const struct audit_place *before,
				    const struct audit_row *row)
{
	struct audit_entry entry = { .at = row->at };
	char hash[SEAL_HASH_TEXT];

	if (row->seq != before->seq + 1)
		return AUDIT_MISSING;
	if (!row->prev_hash || strcmp(row->prev_hash, before->hash) != 0)
		return AUDIT_BAD_LINK;
	for (int i = 0; i < AUDIT_CELL__MAX; i++)
		entry.cell[i] = row->cell[i];
	audit_row_hash(key, before->hash, row->seq, &entry, hash);
	return row->hash && strcmp(row->hash, hash) == 0 ? AUDIT_HOLDS
							 : AUDIT_BAD_HASH;
}

static const struct db_query q_page = { "audit_verify.page",
	"SELECT " AUDIT_COLUMNS("") " FROM audit_log WHERE seq > $1"
	" ORDER BY seq LIMIT $2" };

int audit_verify(struct db *db, const struct seal_public *key,
		 const struct audit_place *after, int64_t max,
		 struct audit_report *ret, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(audit_row_done) struct audit_row row = { 0 };
	int more = 1;

	*ret = (struct audit_report){ 0 };
	if (find_start(db, after, ret, err))
		return -1;
	if (ret->problem != AUDIT_HOLDS)
		return 0;
	if (db_query(&rows, db, &q_page, DB_ARGS(DB_I64(ret->end.seq),
		     DB_I64(max)), err))
		return -1;
	while ((more = db_next(&rows, err)) > 0) {
		audit_row_read(&rows, &row);
		ret->problem = check_row(key, &ret->end, &row);
		if (ret->problem != AUDIT_HOLDS) {
			ret->bad_seq = row.seq;
			return 0;
		}
		ret->checked++;
		ret->end.seq = row.seq;
		snprintf(ret->end.hash, sizeof(ret->end.hash), "%s", row.hash);
	}
	return more < 0 ? -1 : 0;
}

static const struct db_query q_hash = { "audit_verify.hash",
	"SELECT seq, hash FROM audit_log WHERE seq = $1" };

int audit_expect(struct db *db, const struct audit_place *place,
		 enum audit_problem *ret, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	struct audit_place base;
	int more;

	*ret = AUDIT_HOLDS;
	if (read_place(db, &q_base, &base, err))
		return -1;
	if (place->seq <= base.seq) {
		if (place->seq == base.seq &&
		    strcmp(place->hash, base.hash) != 0)
			*ret = AUDIT_UNEXPECTED;
		return 0;
	}
	if (db_query(&rows, db, &q_hash, DB_ARGS(DB_I64(place->seq)), err))
		return -1;
	more = db_next(&rows, err);
	if (more == 0)
		*ret = AUDIT_MISSING;
	else if (more > 0 && strcmp(db_must(&rows, 1), place->hash) != 0)
		*ret = AUDIT_UNEXPECTED;
	return more < 0 ? -1 : 0;
}

const struct db_query *const audit_verify_queries[] = {
	&q_base, &q_head, &q_prune, &q_page, &q_hash, NULL
};
