#include "tests/sim/witness.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "shared/endpoint.h"
#include "shared/table.h"
#include "tests/sim/check.h"

#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)

/* The longest that a question may be under way. */
#define ANSWER_MAX_MS (5 * MINUTE)

/* As many accesses must fail before anybody thinks of their provider. */
#define ALL_MIN 3

/* Exchanges with the host for one check, at the very most. */
#define EXCHANGES_MAX 40

static size_t provider_of(struct witness *w, const char *key)
{
	for (size_t i = 0; i < w->site->net.nproviders; i++) {
		char url[64], other[ENDPOINT_KEY_MAX];

		net_provider_url(url, sizeof(url), i);
		endpoint_key(url, other);
		if (strcmp(other, key) == 0)
			return i;
	}
	site_fault(w->site, "access of an unknown endpoint %s", key);
	return 0;
}

static size_t siblings(const struct witness *w, size_t provider)
{
	size_t n = 0;

	for (size_t i = 0; i < w->count; i++)
		n += w->list[i].provider == provider;
	return n;
}

/* ---- checks ---- */

static void note_failure(struct witness *w, struct seen *seen,
			 const char *class)
{
	struct streak *s = &seen->streak;

	if (strcmp(s->class, class) != 0) {
		*s = (struct streak){ 0 };
		snprintf(s->class, sizeof(s->class), "%s", class);
	}
	s->at[s->count++ % COUNT(s->at)] = w->site->net.now;
}

/* The n-th last failure of the streak, from 1. */
static int64_t nth_last(const struct streak *s, size_t n)
{
	return s->at[(s->count - n) % COUNT(s->at)];
}

static bool clock_jumped(const struct witness *w, int64_t since)
{
	for (size_t p = 0; p < w->site->net.nproviders; p++)
		if (sky_has(w->sky, w->site, WEATHER_CLOCK, p, since))
			return true;
	return false;
}

/* Broken needs a quorum of one class within the window. */
static void check_quorum(struct witness *w, const struct seen *seen)
{
	const struct settings *settings = &w->site->settings;
	size_t quorum = (size_t)settings->watch_quorum;
	int64_t window = settings->watch_window_min * MINUTE;
	int64_t since = w->site->net.now - window;

	if (seen->streak.count < quorum)
		site_fault(w->site, "%s is broken after %zu failures of %s",
			   seen->access_id, seen->streak.count,
			   seen->streak.class);
	else if (nth_last(&seen->streak, quorum) < since &&
		 !clock_jumped(w, nth_last(&seen->streak, quorum)))
		site_fault(w->site, "%s is broken by failures that lie %" PRId64
			   " minutes apart", seen->access_id,
			   (w->site->net.now -
			    nth_last(&seen->streak, quorum)) / MINUTE);
}

/* What is everybody's trouble is not called an access's. */
static void check_blame(struct witness *w, const struct seen *seen)
{
	static const enum weather_kind of_host[] = {
		WEATHER_HOST_DOWN, WEATHER_HOST_502 };
	static const enum weather_kind of_provider[] = {
		WEATHER_PROVIDER_DOWN, WEATHER_PROVIDER_DEAD, WEATHER_STORM };
	int64_t now = w->site->net.now;

	if (w->overlap)
		return;
	for (size_t i = 0; i < COUNT(of_host); i++)
		for (size_t p = 0; p < w->site->net.nproviders; p++)
			if (sky_has(w->sky, w->site, of_host[i], p, now) &&
			    w->count >= ALL_MIN)
				site_fault(w->site, "%s is called broken (%s) "
					   "while the whole host fails",
					   seen->access_id,
					   seen->streak.class);
	for (size_t i = 0; i < COUNT(of_provider); i++)
		if (sky_has(w->sky, w->site, of_provider[i], seen->provider,
			    now) &&
		    siblings(w, seen->provider) >= ALL_MIN)
			site_fault(w->site, "%s is called broken (%s) while "
				   "all of its provider fails",
				   seen->access_id, seen->streak.class);
}

static void look_at(struct witness *w, struct seen *seen,
		    const struct access *access)
{
	bool ended = access->checked_at != seen->checked_at;

	seen->checked_at = access->checked_at;
	w->checks += ended;
	if (ended && access->failure_class)
		note_failure(w, seen, access->failure_class);
	else if (ended)
		seen->streak = (struct streak){ 0 };
	if (access->status == seen->status)
		return;
	if (w->site->net.verbose)
		printf("# %" PRId64 " %s of p%zu is %s (%s)\n",
		       w->site->net.now, seen->access_id, seen->provider,
		       access_status_name(access->status),
		       access->failure_class ? access->failure_class : "-");
	seen->status = access->status;
	if (seen->status != ACCESS_BROKEN)
		return;
	w->broken++;
	check_quorum(w, seen);
	check_blame(w, seen);
}

static void look_at_accesses(struct witness *w, bool first)
{
	static const struct access_filter all = { 0 };
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(access_done) struct access access = { 0 };
	struct err err;
	size_t n = 0;
	int more = -1;

	if (accesses_list(&rows, w->site->db, &all, "", WITNESS_ACCESSES_MAX,
			  &err) == 0) {
		while ((more = accesses_next(&rows, &access, &err)) > 0) {
			struct seen *seen = &w->list[n++];

			if (first) {
				snprintf(seen->access_id, ID_MAX, "%s",
					 access.access_id);
				seen->provider = provider_of(
					w, access.endpoint_key);
				seen->status = access.status;
				seen->checked_at = access.checked_at;
			} else {
				look_at(w, seen, &access);
			}
		}
	}
	if (more < 0)
		site_fault(w->site, "accesses: %s", err.msg);
	else if (!first && n != w->count)
		site_fault(w->site, "of %zu accesses %zu are left", w->count,
			   n);
	w->count = n;
}

/* ---- proofs ---- */

static const struct db_query q_proofs = { "sim.proofs",
	"SELECT p.rowid, a.endpoint_key, p.completion_ok, p.models_listed,"
	" p.proof_id FROM proofs p JOIN accesses a USING (access_id)"
	" WHERE p.rowid > $1 AND p.ok = 1 ORDER BY p.rowid" };

/* No proof is good that its provider did not give. */
static void look_at_proofs(struct witness *w)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	struct err err;
	int more;

	if (db_query(&rows, w->site->db, &q_proofs,
		     DB_ARGS(DB_I64(w->proofs)), &err)) {
		site_fault(w->site, "proofs: %s", err.msg);
		return;
	}
	while ((more = db_next(&rows, &err)) > 0) {
		size_t p = provider_of(w, db_text(&rows, 1));
		int64_t bad = w->sky->bad_since[p];

		w->proofs = db_i64(&rows, 0);
		if (!db_i64(&rows, 2) || !db_i64(&rows, 3))
			site_fault(w->site, "proof %s is good without a "
				   "completion", db_text(&rows, 4));
		if (bad && w->site->net.now - bad > ANSWER_MAX_MS)
			site_fault(w->site, "proof %s is good while p%zu has "
				   "not answered for %" PRId64 " minutes",
				   db_text(&rows, 4), p,
				   (w->site->net.now - bad) / MINUTE);
	}
	if (more < 0)
		site_fault(w->site, "proofs: %s", err.msg);
}

/* ---- budgets ---- */

static void look_at_exchanges(struct witness *w)
{
	size_t hour = (size_t)((w->site->net.now - w->began) / HOUR);
	int64_t *count;

	if (hour >= WITNESS_HOURS_MAX)
		return;
	count = &w->by_hour[hour];
	*count += w->site->net.host_exchanges - w->exchanges;
	w->exchanges = w->site->net.host_exchanges;
	/* At most every recheck, and what one check may cost. */
	if (*count > (int64_t)w->count * 12 * EXCHANGES_MAX)
		site_fault(w->site, "%" PRId64 " exchanges with the host in "
			   "hour %zu for %zu accesses", *count, hour,
			   w->count);
}

/* What a completion of the watch is taken to cost, at the least. */
#define CHAT_TOKENS 100

/* Whatever happens, the day's tokens of each provider are not exceeded. */
static void look_at_tokens(struct witness *w)
{
	int64_t a_day = w->site->settings.background_tokens_per_day;
	int64_t days = 1 + (w->site->net.now - w->began) / (24 * HOUR);
	int64_t tokens = (w->site->net.chats - w->chats) * CHAT_TOKENS;

	/* Days begin at midnight, so two of them can have a part in one. */
	if (a_day && tokens > (days + 1) * a_day *
			      (int64_t)w->site->net.nproviders)
		site_fault(w->site, "%" PRId64 " tokens in %" PRId64
			   " days", tokens, days);
}

static const struct db_query q_mends = { "sim.mends",
	"SELECT coalesce(max(mends), 0) FROM managed_resources" };

static void look_at_mends(struct witness *w)
{
	int64_t n = 0;
	struct err err;

	if (db_number(w->site->db, &q_mends, DB_NO_ARGS, &n, &err))
		site_fault(w->site, "mends: %s", err.msg);
	else if (n > w->site->settings.watch_repairs)
		site_fault(w->site, "the same thing was mended %" PRId64
			   " times in a row", n);
}

/*
 * What somebody undid, and CRM has not mended too often of late, is mended
 * within two turns of the watch.
 */
static void look_at_repairs(struct witness *w)
{
	int64_t turns = 2 * (w->site->settings.watch_every_s * 1100 +
			     w->site->settings.watch_recheck_s * 1100);
	int64_t now = w->site->net.now;

	for (size_t i = 0; i < w->sky->count && !w->overlap; i++) {
		const struct weather *act = &w->sky->list[i];

		if (!weather_is_mended(act->kind) || act->until + turns > now ||
		    act->until + turns < w->looked_at ||
		    sky_acts(w->sky, act) >= w->site->settings.watch_repairs)
			continue;
		for (size_t a = 0; a < w->count; a++)
			if (w->list[a].provider == act->provider &&
			    w->list[a].status != ACCESS_ACTIVE)
				site_fault(w->site, "%s of p%zu is %s although"
					   " %s was long ago",
					   w->list[a].access_id, act->provider,
					   access_status_name(
						w->list[a].status),
					   weather_name(act->kind));
	}
}

static const struct db_query q_gave_up = { "sim.gave_up",
	"SELECT count(*) FROM notices WHERE kind = 'gave_up' AND"
	" ended_at IS NULL" };

/* Hours in which somebody undoes every repair, until CRM says so. */
#define FIGHT_HOURS 5

static void look_at_fights(struct witness *w)
{
	int64_t n = 0;
	struct err err;

	for (size_t i = 0; i < w->sky->count && !w->overlap; i++) {
		const struct weather *fight = &w->sky->list[i];

		/* In the last minute of it nothing is decided any more. */
		if (fight->kind != WEATHER_FIGHT || w->dual ||
		    siblings(w, fight->provider) == 0 ||
		    fight->until - fight->from < FIGHT_HOURS * HOUR ||
		    fight->until - MINUTE > w->site->net.now ||
		    fight->until - MINUTE <= w->looked_at)
			continue;
		if (db_number(w->site->db, &q_gave_up, DB_NO_ARGS, &n, &err))
			site_fault(w->site, "notices: %s", err.msg);
		else if (n == 0)
			site_fault(w->site, "nobody said that somebody undoes "
				   "every repair of p%zu", fight->provider);
	}
}

static void look_at_acts(struct witness *w)
{
	look_at_repairs(w);
	look_at_fights(w);
	w->looked_at = w->site->net.now;
}

/* ---- from the beginning to the end ---- */

void witness_begin(struct witness *w, struct site *site,
		   const struct sky *sky, bool overlap)
{
	*w = (struct witness){ .site = site, .sky = sky,
			       .began = site->net.now,
			       .exchanges = site->net.host_exchanges,
			       .chats = site->net.chats,
			       .overlap = overlap };
	look_at_accesses(w, true);
	if (w->count == 0)
		site_fault(site, "the import left no access");
	if (!witness_all_well(w))
		site_fault(site, "not all accesses are active at first");
	look_at_proofs(w);
}

void witness_look(struct witness *w)
{
	look_at_exchanges(w);
	look_at_tokens(w);
	look_at_acts(w);
	if (w->commits == w->site->net.commits)
		return;
	w->commits = w->site->net.commits;
	look_at_accesses(w, false);
	look_at_proofs(w);
	look_at_mends(w);
}

bool witness_all_well(const struct witness *w)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->list[i].status != ACCESS_ACTIVE ||
		    w->list[i].streak.count > 0)
			return false;
	return true;
}

/* Each of these must be zero when all has come to rest. */
static const struct db_query zeros[] = {
	{ "tasks not done",
	  "SELECT count(*) FROM tasks WHERE state <> 'done'" },
	{ "checks without an end",
	  "SELECT count(*) FROM access_checks WHERE state = 'running'" },
	{ "resources half made",
	  "SELECT count(*) FROM managed_resources WHERE state = 'making'" },
	{ "accesses without a next check",
	  "SELECT count(*) FROM accesses WHERE next_check_at IS NULL" },
	{ "active accesses whose last proof is not good",
	  "SELECT count(*) FROM accesses a LEFT JOIN proofs p ON p.proof_id ="
	  " a.last_proof_id WHERE a.status = 'active' AND"
	  " coalesce(p.ok, 0) = 0" },
	{ "accesses that are active and failed",
	  "SELECT count(*) FROM accesses WHERE status = 'active' AND"
	  " (failure_class IS NOT NULL OR failures <> 0)" },
	{ "hosts that are still suspect",
	  "SELECT count(*) FROM hosts WHERE suspect_class IS NOT NULL" },
	{ "notices of trouble that is over",
	  "SELECT count(*) FROM notices WHERE ended_at IS NULL AND kind IN"
	  " ('host_suspect', 'provider_suspect', 'gave_up')" },
};

/* For whoever repeats the seed: what CRM thinks, and how the host is. */
static void print_trouble(struct witness *w, const char *access_id)
{
	CLEANUP(access_done) struct access access = { 0 };
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(access_event_done) struct access_event event = { 0 };
	json_auto_t *state = host_model_state(w->site->net.host);
	AUTO_FREE char *accounts = json_dumps(
		json_object_get(state, "accounts"), JSON_COMPACT);
	struct err err;

	if (!w->site->net.verbose ||
	    accesses_get(w->site->db, access_id, &access, &err) ||
	    access_events_list(&rows, w->site->db, access_id, 12, &err))
		return;
	printf("# %s: %s\n# accounts: %s\n", access_id,
	       access.diagnosis ? access.diagnosis : "-", accounts);
	while (access_events_next(&rows, &event, &err) > 0)
		printf("# %" PRId64 " %s %s %s\n", event.at, event.kind,
		       event.class ? event.class : "-",
		       event.detail ? event.detail : "");
}

static void check_recovery(struct witness *w)
{
	for (size_t i = 0; i < w->count; i++) {
		if (w->list[i].status == ACCESS_ACTIVE)
			continue;
		print_trouble(w, w->list[i].access_id);
		site_fault(w->site, "%s of p%zu is %s (%s) although the "
			   "weather is over", w->list[i].access_id,
			   w->list[i].provider,
			   access_status_name(w->list[i].status),
			   w->list[i].streak.class);
	}
}

void witness_end(struct witness *w)
{
	const char *fault = host_model_fault(w->site->net.host);

	check_recovery(w);
	for (size_t i = 0; i < COUNT(zeros); i++) {
		int64_t n = -1;
		struct err err;

		if (db_number(w->site->db, &zeros[i], DB_NO_ARGS, &n, &err))
			site_fault(w->site, "%s: %s", zeros[i].name, err.msg);
		else if (n != 0)
			site_fault(w->site, "%" PRId64 " %s", n,
				   zeros[i].name);
	}
	if (fault)
		site_fault(w->site, "host model: %s", fault);
}
