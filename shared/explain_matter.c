/* Gather what is stored about an item or an access, and conclude from it. */
#include "shared/explain_parts.h"

#include <stdio.h>
#include <string.h>

static void matter_done(struct matter *m)
{
	item_done(&m->item);
	run_done(&m->run);
	host_done(&m->host);
	access_done(&m->access);
	endpoint_row_done(&m->endpoint);
	balance_done(&m->balance);
	proof_done(&m->proof);
}

static const struct db_query q_access_of_item = { "explain.access_of_item",
	"SELECT access_id FROM proofs WHERE item_id = $1 AND kind = 'access'"
	" AND ok = 1 AND access_id IS NOT NULL"
	" ORDER BY proof_id DESC LIMIT 1" };
static const struct db_query q_work = { "explain.work",
	"SELECT state, attempt, not_before, last_class FROM tasks"
	" WHERE subject_id = $1 AND state <> 'done'"
	" ORDER BY task_id DESC LIMIT 1" };
static const struct db_query q_check = { "explain.check",
	"SELECT check_id FROM access_checks WHERE access_id = $1"
	" AND state = 'running' ORDER BY check_id LIMIT 1" };
static const struct db_query q_failed_step = { "explain.failed_step",
	"SELECT step FROM import_run_item_events WHERE item_id = $1"
	" AND kind = 'failed' ORDER BY seq DESC LIMIT 1" };

/* The text that a query of one row yields; "" if it yields none. */
static int read_text(struct db *db, const struct db_query *query,
		     const char *id, char *ret, size_t size, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, db, query, DB_ARGS(DB_TEXT(id)), err))
		return -1;
	more = db_next(&rows, err);
	if (more < 0)
		return -1;
	snprintf(ret, size, "%s", more ? db_must(&rows, 0) : "");
	return 0;
}

static int read_work(struct matter *m, const char *subject_id,
		     struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	if (db_query(&rows, m->db, &q_work, DB_ARGS(DB_TEXT(subject_id)),
		     err))
		return -1;
	more = db_next(&rows, err);
	if (more <= 0)
		return more;
	m->work = (struct explain_work){
		.is = true,
		.parked = strcmp(db_must(&rows, 0), "parked") == 0,
		.attempt = db_i64(&rows, 1),
		.not_before = db_i64(&rows, 2),
	};
	if (!failure_parse(db_text(&rows, 3), &m->work.last))
		m->work.last = FAILURE_NONE;
	return 0;
}

static int read_item(struct matter *m, const char *item_id, struct err *err)
{
	return items_get(m->db, NULL, item_id, &m->item, err) ||
	       runs_get(m->db, m->item.run_id, &m->run, err) ||
	       read_text(m->db, &q_failed_step, item_id, m->failed_step,
			 sizeof(m->failed_step), err) ? -1 : 0;
}

/* A proof that was forgotten is no reason to tell nothing. */
static int read_proof(struct matter *m, struct err *err)
{
	if (!m->access.last_proof_id ||
	    !proofs_get(m->db, m->access.last_proof_id, &m->proof, err))
		return 0;
	return err->kind == ERR_NOT_FOUND ? 0 : -1;
}

static int read_access(struct matter *m, const char *access_id,
		       struct err *err)
{
	char check_id[ID_MAX];

	if (accesses_get(m->db, access_id, &m->access, err) ||
	    read_proof(m, err) ||
	    read_text(m->db, &q_check, access_id, check_id, sizeof(check_id),
		      err))
		return -1;
	return *check_id ? read_work(m, check_id, err) : 0;
}

/* Host, endpoint and money: what stands behind item and access. */
static int read_around(struct matter *m, const char *host_id,
		       const char *endpoint_key, struct err *err)
{
	if (hosts_get(m->db, host_id, &m->host, err) ||
	    endpoints_get(m->db, endpoint_key, &m->endpoint, err))
		return -1;
	if (!m->item.api_key_fingerprint)
		return 0;
	return balances_get(m->db, endpoint_key, m->item.api_key_fingerprint,
			    &m->balance, err);
}

static enum failure class_of(const char *name)
{
	enum failure class;

	return failure_parse(name, &class) ? class : FAILURE_NONE;
}

/* How the access is, and so whatever rests on it. */
static void conclude_access(struct matter *m)
{
	static const enum explain_state states[] = {
		[ACCESS_UNKNOWN]	= STATE_UNKNOWN,
		[ACCESS_ACTIVE]		= STATE_ACTIVE,
		[ACCESS_DEGRADED]	= STATE_DEGRADED,
		[ACCESS_BROKEN]		= STATE_BROKEN,
	};

	m->state = states[m->access.status];
	m->class = class_of(m->access.failure_class);
	diagnosis_parse(m->access.diagnosis, &m->diagnosis);
	if (m->state != STATE_ACTIVE)
		return;
	if (m->diagnosis.at != 0 && m->class == FAILURE_NONE) {
		m->others_answer = true;
		m->class = m->diagnosis.class;
	} else if (access_is_stale(&m->access, m->now)) {
		m->state = STATE_STALE;
	}
}

/* Of a stage that is being tried again: why. */
static void conclude_import(struct matter *m)
{
	m->state = STATE_IMPORTING;
	if (m->work.attempt > 0)
		m->class = m->work.last;
}

static void conclude_failed(struct matter *m)
{
	m->state = m->item.cancelled ? STATE_CANCELLED
		: m->item.access == ACCESS_UNKNOWN ? STATE_UNKNOWN
		: STATE_FAILED;
	if (m->state != STATE_FAILED)
		return;
	m->class = class_of(m->item.failure_class);
	diagnosis_parse(m->item.diagnosis, &m->diagnosis);
}

/* Its account is out of order, while others answer for it. */
static bool is_carried(const struct matter *m)
{
	return m->access.status == ACCESS_ACTIVE &&
	       (m->item.access == ACCESS_DEGRADED ||
		m->item.access == ACCESS_BROKEN) && m->item.failure_class;
}

static void conclude_item(struct matter *m)
{
	conclude_access(m);
	m->others_answer = is_carried(m);
	if (!m->others_answer) {
		if (m->state == STATE_ACTIVE && !m->suspect)
			m->class = FAILURE_NONE;
		return;
	}
	m->state = STATE_DEGRADED;
	m->class = class_of(m->item.failure_class);
	if (m->diagnosis.class != m->class)
		diagnosis_parse(m->item.diagnosis, &m->diagnosis);
	if (m->diagnosis.class != m->class)
		m->diagnosis = (struct diagnosis){ 0 };
}

void explain_conclude(struct matter *m)
{
	bool is_item = m->is_item;

	m->suspect = m->host.suspect_class || m->endpoint.suspect_class;
	if (is_item && !m->item.cancelled && m->item.stage != STAGE_DONE)
		conclude_import(m);
	else if (is_item && !m->access.access_id)
		conclude_failed(m);
	else if (is_item)
		conclude_item(m);
	else
		conclude_access(m);
}

/* Who of the host's users it is about. */
static const struct said users[][2] = {
	[ACCESS_SUBSCRIPTION] = {
		{ "，订阅用户 {selector}", ", subscription user {selector}" },
		{ "，您提供的用户密钥（订阅）",
		  ", the user key that was given (subscription)" } },
	[ACCESS_SELF_SERVICE] = {
		{ "，自助用户 {selector}", ", self-service user {selector}" },
		{ "，您提供的用户密钥（自助）",
		  ", the user key that was given (self-service)" } },
};

static void tell_name(const struct matter *m, struct explanation *ret)
{
	static const struct said place = {
		"主机 {host}（{host_id}）上的 {endpoint}",
		"{endpoint} on host {host} ({host_id})",
	};
	static const struct said model = { "，模型 {model}",
					   ", model {model}" };
	static const struct said key = { "，密钥 …{last4}",
					 ", key …{last4}" };
	const char *selector = m->access.selector;
	bool given = selector && strncmp(selector, "key:", 4) == 0;
	const struct say_word words[] = {
		{ "host", m->host.name }, { "host_id", m->host.host_id },
		{ "endpoint", m->endpoint.endpoint_key },
		{ "selector", selector },
		{ "model", m->item.resolved_smoke_model },
		{ "last4", m->item.api_key_last4 }, { 0 },
	};
	struct buf out = { .max = EXPLAIN_TEXT_MAX };

	say(&out, say_in(m->lang, &place), words);
	if (selector)
		say(&out, say_in(m->lang, &users[m->access.mode][given]),
		    words);
	if (m->item.resolved_smoke_model)
		say(&out, say_in(m->lang, &model), words);
	if (m->is_item && m->item.api_key_last4)
		say(&out, say_in(m->lang, &key), words);
	free(ret->name);
	ret->name = buf_take(&out);
}

static int64_t since(const struct matter *m)
{
	switch (m->state) {
	case STATE_IMPORTING:
		return m->item.created_at;
	case STATE_FAILED:
	case STATE_CANCELLED:
		return m->item.finished_at;
	case STATE_STALE:
		return m->access.proof_expires_at;
	case STATE_ACTIVE:
	case STATE_DEGRADED:
	case STATE_BROKEN:
		return m->others_answer && m->is_item ? m->item.updated_at
						      : m->access.status_since;
	default:
		return 0;
	}
}

static int tell(struct matter *m, const char *kind, const char *id,
		struct explanation *ret, struct err *err)
{
	explain_conclude(m);
	explain_begin(ret, kind, id, m->lang, m->now);
	explain_state(ret, m->state);
	tell_name(m, ret);
	ret->since = since(m);
	if (explain_history(m, ret, err))
		return -1;
	explain_tell(m, ret);
	explain_evidence(m, ret);
	return 0;
}

int explain_item(struct db *db, const char *item_id, const char *lang,
		 int64_t now, struct explanation *ret, struct err *err)
{
	CLEANUP(matter_done) struct matter m = {
		.db = db, .lang = lang, .now = now, .is_item = true,
	};
	char access_id[ID_MAX];

	if (read_item(&m, item_id, err) ||
	    read_text(db, &q_access_of_item, item_id, access_id,
		      sizeof(access_id), err) ||
	    (*access_id && read_access(&m, access_id, err)) ||
	    (m.item.stage != STAGE_DONE && read_work(&m, item_id, err)) ||
	    read_around(&m, m.run.host_id, m.item.endpoint_key, err))
		return -1;
	return tell(&m, "item", item_id, ret, err);
}

int explain_access(struct db *db, const char *access_id, const char *lang,
		   int64_t now, struct explanation *ret, struct err *err)
{
	CLEANUP(matter_done) struct matter m = {
		.db = db, .lang = lang, .now = now,
	};

	if (read_access(&m, access_id, err) ||
	    (m.access.item_id && read_item(&m, m.access.item_id, err)) ||
	    read_around(&m, m.access.host_id, m.access.endpoint_key, err))
		return -1;
	return tell(&m, "access", access_id, ret, err);
}

const struct db_query *const explain_matter_queries[] = {
	&q_access_of_item, &q_work, &q_check, &q_failed_step, NULL
};
