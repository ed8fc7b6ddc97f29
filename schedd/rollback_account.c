/*
 * Accounts: deleted if we made them; without the models that nobody wants any
 * more if others rest on them; and what it was before, if it was adopted.
 *
 * An adopted account is put back field by field, and only where it still is
 * what we wrote: what people changed since is theirs.  What is to be written
 * is made up when the account is read, and kept with the part.
 */
#include <string.h>

#include "schedd/host/account.h"
#include "schedd/host/mark.h"
#include "schedd/rollback.h"

#define GAP_MS 1300	/* where two changes within a second lose one */
#define MODE "openai_responses_mode"
#define SUPPORTED "openai_responses_supported"

static json_t *parsed(const char *text)
{
	json_t *object = text ? json_loads(text, 0, NULL) : NULL;

	return object ? object : json_object();
}

static const json_t *mapping_of(const json_t *account)
{
	return json_object_get(json_object_get(account, "credentials"),
			       "model_mapping");
}

static bool same(const json_t *a, const json_t *b, const char *member)
{
	const json_t *mine = json_object_get(a, member);
	const json_t *theirs = json_object_get(b, member);

	return mine && theirs && json_equal(mine, theirs);
}

static bool leads_where_ours_does(const json_t *wanted, const json_t *live)
{
	return same(json_object_get(wanted, "credentials"),
		    json_object_get(live, "credentials"), "base_url") &&
	       same(wanted, live, "platform") && same(wanted, live, "type");
}

static bool maps_as_ours_does(const struct rollback_work *w,
			      const json_t *wanted, const json_t *live)
{
	json_auto_t *written = parsed(w->row.written_json);
	const json_t *mapping = mapping_of(live);

	return mapping && (json_equal(mapping, mapping_of(wanted)) ||
		json_equal(mapping, json_object_get(written,
						    "model_mapping")));
}

/*
 * Renamed and without notes, it is known by where it leads: but an account of
 * the same provider may have got its id on a host that began anew, so that one
 * is not deleted unless it is ours in name or models.
 */
bool rollback_is_our_account(const struct rollback_work *w, const json_t *live)
{
	json_auto_t *wanted = parsed(w->row.wanted_json);

	if (rollback_has_mark(w, live, "name") ||
	    rollback_has_mark(w, live, "notes"))
		return true;
	return leads_where_ours_does(wanted, live) &&
	       (w->part.action != ROLLBACK_DELETE ||
		rollback_is_as_accepted(w, live) ||
		maps_as_ours_does(w, wanted, live));
}

/* ---- what is to be written ---- */

/* Its name without our mark; NULL: it has none. */
static char *name_before(const struct rollback_work *w, const json_t *live,
			 const json_t *wanted, const json_t *prior)
{
	const char *name = host_member_text(live, "name");
	const char *old = host_member_text(prior, "name");
	size_t len = name ? strlen(name) : 0, cut = strlen(w->row.mark);

	if (!name || !host_mark_matches(name, w->row.mark))
		return NULL;
	if (old && same(wanted, live, "name"))
		return xstrdup(old);
	return len > cut ? xstrndup(name, len - cut - 1) : NULL;
}

/* Its notes without the line that is our mark; NULL: there is none. */
static char *notes_before(const struct rollback_work *w, const json_t *live)
{
	const char *notes = host_member_text(live, "notes");
	const char *at = notes ? strstr(notes, w->row.mark) : NULL;
	size_t head;

	if (!at)
		return NULL;
	head = (size_t)(at - notes);
	if (head > 0 && notes[head - 1] == '\n')
		head--;
	return xasprintf("%.*s%s", (int)head, notes,
			 at + strlen(w->row.mark));
}

/*
 * Names that we added go; what we took out, or led elsewhere, is as it was.
 * What people did to the mapping stays: the row wants all that it had when it
 * was adopted, but for what a change of models took out since.
 */
static json_t *mapping_before(const json_t *live, const json_t *wanted,
			      const json_t *prior)
{
	json_t *mapping = json_deep_copy(mapping_of(live));
	json_auto_t *ours = json_deep_copy(mapping_of(wanted));
	json_auto_t *old = json_deep_copy(json_object_get(prior,
							  "model_mapping"));
	const char *name;
	json_t *target;

	json_object_foreach(ours, name, target)
		if (!json_object_get(old, name))
			json_object_del(mapping, name);
	if (!mapping)
		mapping = json_object();
	json_object_foreach(old, name, target)
		if (!json_object_get(ours, name)
		    ? !json_object_get(mapping, name)
		    : same(ours, mapping, name))
			json_object_set(mapping, name, target);
	return mapping;
}

static json_t *extra_before(const json_t *live, const json_t *prior)
{
	static const char *const ours[] = { MODE, SUPPORTED };
	json_t *extra = json_deep_copy(json_object_get(live, "extra"));
	const json_t *old = json_object_get(prior, "extra");

	if (!json_is_object(extra)) {
		json_decref(extra);
		extra = json_object();
	}
	for (size_t i = 0; i < COUNT(ours); i++) {
		json_t *value = json_object_get(old, ours[i]);

		if (value)
			json_object_set(extra, ours[i], value);
		else
			json_object_del(extra, ours[i]);
	}
	return extra;
}

static bool is_set(const json_t *object, const char *member)
{
	const json_t *value = json_object_get(object, member);

	return value && !json_is_null(value);
}

static bool hides_errors(const json_t *credentials)
{
	return json_is_true(json_object_get(credentials,
					    "custom_error_codes_enabled"));
}

/* What was switched through CRM is as it was; what people switched is not. */
static void service_before(const struct rollback_work *w, json_t *plan,
			   const json_t *live, const json_t *prior)
{
	const json_t *now = json_object_get(live, "schedulable");
	const json_t *old = json_object_get(prior, "schedulable");
	bool off_by_us = w->row.paused_at != 0 || w->row.off_by_us;

	if ((json_is_true(now) && json_is_false(old)) ||
	    (json_is_false(now) && json_is_true(old) && off_by_us))
		json_object_set_new(plan, "schedulable",
				    json_boolean(json_is_true(old)));
}

/* What an adoption switches on is off again, and goes by its own proxy. */
static void switches_before(const struct rollback_work *w, json_t *plan,
			    const json_t *live, const json_t *wanted,
			    const json_t *prior)
{
	const char *status = host_member_text(prior, "status");
	const char *now = host_member_text(live, "status");

	if (status && now && strcmp(now, "active") == 0 &&
	    strcmp(status, "active") != 0)
		json_object_set_new(plan, "status", json_string(status));
	if (same(wanted, live, "proxy_id") ||
	    (w->unproxied && !is_set(live, "proxy_id")))
		json_object_set_new(plan, "proxy_id", json_integer(
			host_member_i64(prior, "proxy_id")));
	if (json_is_true(json_object_get(json_object_get(wanted,
			"credentials"), "pool_mode")) &&
	    !json_is_true(json_object_get(prior, "pool_mode")))
		json_object_set_new(plan, "no_pool_mode", json_true());
	if (hides_errors(prior) &&
	    !hides_errors(json_object_get(live, "credentials")))
		json_object_set_new(plan, "hide_errors", json_true());
	if (is_set(prior, "expires_at") &&
	    host_member_i64(live, "expires_at") == 0)
		json_object_set(plan, "expires_at",
				json_object_get(prior, "expires_at"));
}

static void set_text(json_t *plan, const char *name, char *take_text)
{
	if (take_text)
		json_object_set_new(plan, name, json_string(take_text));
	free(take_text);
}

static char *release_plan(const struct rollback_work *w, const json_t *live)
{
	json_auto_t *wanted = parsed(w->row.wanted_json);
	json_auto_t *prior = parsed(w->row.prior_json);
	json_auto_t *plan = json_object();

	set_text(plan, "name", name_before(w, live, wanted, prior));
	set_text(plan, "notes", notes_before(w, live));
	json_object_set_new(plan, "model_mapping",
			    mapping_before(live, wanted, prior));
	json_object_set_new(plan, "extra", extra_before(live, prior));
	service_before(w, plan, live, prior);
	switches_before(w, plan, live, wanted, prior);
	json_object_set_new(plan, "group_ids", host_account_groups(live));
	return json_dumps(plan, JSON_COMPACT);
}

static char *narrow_plan(const struct rollback_work *w, const json_t *live)
{
	json_auto_t *plan = json_object();
	json_t *mapping = json_deep_copy(mapping_of(live));
	size_t i;
	const json_t *name;

	json_array_foreach(w->surplus, i, name)
		json_object_del(mapping, json_string_value(name));
	json_object_set_new(plan, "model_mapping",
			    mapping ? mapping : json_object());
	return json_dumps(plan, JSON_COMPACT);
}

/* ---- the steps ---- */

bool ask_rb_account_read(const void *subject, struct request *request)
{
	const struct rollback_work *w = subject;

	host_ask_account(request, &w->peer, rollback_id_of(&w->row));
	return true;
}

struct verdict got_rb_account_read(void *subject, const struct answer *answer)
{
	struct rollback_work *w = subject;
	enum failure why = host_judge(answer);
	const json_t *live = host_data(answer);

	if (why == FAILURE_GONE)
		return rollback_gone(w, ROLLBACK_GONE);
	if (why != FAILURE_NONE)
		return rollback_trouble(w, answer, why);
	if (!rollback_is_our_account(w, live))
		return rollback_left(w, ROLLBACK_NOT_OURS, NULL);
	if (w->part.action == ROLLBACK_DELETE)
		return go_on();
	free(w->part.plan);
	w->part.plan = w->part.action == ROLLBACK_RELEASE
		? release_plan(w, live) : narrow_plan(w, live);
	w->part_changed = true;
	return go_to(w->part.action == ROLLBACK_RELEASE ? "account.release"
						       : "account.narrow");
}

bool ask_rb_account_delete(const void *subject, struct request *request)
{
	const struct rollback_work *w = subject;

	if (rollback_looked_long_ago(w))
		return false;
	host_ask_account_delete(request, &w->peer, rollback_id_of(&w->row));
	return true;
}

struct verdict got_rb_account_delete(void *subject,
				     const struct answer *answer)
{
	return answer ? rollback_deleted(subject, answer)
		      : rollback_look_again(subject, "account.read");
}

bool ask_rb_account_narrow(const void *subject, struct request *request)
{
	const struct rollback_work *w = subject;
	json_auto_t *plan = parsed(w->part.plan);
	const struct host_account_patch patch = {
		.models = json_object_get(plan, "model_mapping"),
	};

	if (rollback_looked_long_ago(w))
		return false;
	host_ask_account_patch(request, &w->peer, rollback_id_of(&w->row),
			       &patch);
	return true;
}

/* What it is to be from now on: mends and imports go by it. */
static void keep_narrowed(struct rollback_work *w)
{
	json_auto_t *wanted = parsed(w->row.wanted_json);
	json_t *mapping = json_object_get(json_object_get(wanted,
				"credentials"), "model_mapping");
	size_t i;
	const json_t *name;

	json_array_foreach(w->surplus, i, name)
		json_object_del(mapping, json_string_value(name));
	free(w->row.wanted_json);
	w->row.wanted_json = json_dumps(wanted, JSON_COMPACT);
}

struct verdict got_rb_account_narrow(void *subject,
				     const struct answer *answer)
{
	struct rollback_work *w = subject;
	enum failure why;

	if (!answer)
		return rollback_look_again(w, "account.read");
	why = host_judge_account_patch(answer, rollback_id_of(&w->row));
	if (why != FAILURE_NONE)
		return rollback_trouble(w, answer, why);
	keep_narrowed(w);
	return rollback_settle(w, ROLLBACK_PART_DONE, NULL, NULL);
}

static bool has_id(const json_t *ids, const json_t *id)
{
	size_t i;
	const json_t *one;

	json_array_foreach(ids, i, one)
		if (json_equal(one, id))
			return true;
	return false;
}

/*
 * Those that we made are left, if it was not in them before us; others may
 * have put it elsewhere.
 */
static json_t *groups_before(const struct rollback_work *w,
			     const json_t *plan)
{
	json_auto_t *prior = parsed(w->row.prior_json);
	json_t *kept = json_array();
	size_t i;
	json_t *id;

	json_array_foreach(json_object_get(plan, "group_ids"), i, id)
		if (!has_id(w->ours, id) ||
		    host_account_in_group(prior, json_integer_value(id)))
			json_array_append(kept, id);
	return kept;
}

bool ask_rb_account_release(const void *subject, struct request *request)
{
	const struct rollback_work *w = subject;
	json_auto_t *plan = parsed(w->part.plan);
	const int64_t proxy = host_member_i64(plan, "proxy_id");
	const json_t *schedulable = json_object_get(plan, "schedulable");
	const bool on = json_is_true(schedulable);
	json_auto_t *ids = groups_before(w, plan);
	const struct host_account_patch patch = {
		.name = host_member_text(plan, "name"),
		.group_ids = json_object_get(plan, "group_ids") ? ids : NULL,
		.models = json_object_get(plan, "model_mapping"),
		.no_pool_mode = is_set(plan, "no_pool_mode"),
		.hide_errors = is_set(plan, "hide_errors"),
		.status = host_member_text(plan, "status"),
		.schedulable = schedulable ? &on : NULL,
		.proxy_id = is_set(plan, "proxy_id") ? &proxy : NULL,
	};

	if (rollback_looked_long_ago(w))
		return false;
	host_ask_account_patch(request, &w->peer, rollback_id_of(&w->row),
			       &patch);
	return true;
}

struct verdict got_rb_account_release(void *subject,
				      const struct answer *answer)
{
	struct rollback_work *w = subject;
	struct verdict next = go_to("account.rest");
	enum failure why;

	if (!answer)
		return rollback_look_again(w, "account.read");
	why = host_judge_account_patch(answer, rollback_id_of(&w->row));
	if (why != FAILURE_NONE)
		return rollback_trouble(w, answer, why);
	if (w->features.loses_events)
		next.delay_ms = GAP_MS;
	return next;
}

/* A patch only adds to `extra`; a PUT puts back exactly what it was. */
bool ask_rb_account_rest(const void *subject, struct request *request)
{
	const struct rollback_work *w = subject;
	json_auto_t *plan = parsed(w->part.plan);
	const struct host_account_put put = {
		.notes = host_member_text(plan, "notes"),
		.extra = json_object_get(plan, "extra"),
		.expires_at = json_object_get(plan, "expires_at"),
	};

	host_ask_account_put(request, &w->peer, rollback_id_of(&w->row),
			     &put);
	return true;
}

struct verdict got_rb_account_rest(void *subject, const struct answer *answer)
{
	struct rollback_work *w = subject;
	enum failure why = host_judge(answer);

	if (why == FAILURE_GONE)
		return rollback_gone(w, ROLLBACK_GONE);
	if (why != FAILURE_NONE)
		return rollback_trouble(w, answer, why);
	return rollback_gone(w, ROLLBACK_PART_DONE);
}
