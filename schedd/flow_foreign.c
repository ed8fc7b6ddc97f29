/*
 * flow_foreign: what is on a host, not ours, and looks like a provider import;
 * or what was ours, of which no record is left.
 *
 * All accounts with a key are read, page by page; nothing is changed.  What a
 * page shows is kept with it, so that nothing has to be remembered but where
 * the list goes on (listing.h).  0.1.126 shows keys in clear: the engine makes
 * fingerprints of them before they get here.
 */
#include <stdio.h>
#include <string.h>

#include "schedd/host/account_view.h"
#include "schedd/host/mark.h"
#include "schedd/host/user.h"
#include "schedd/listing.h"
#include "schedd/redact.h"
#include "schedd/step.h"
#include "schedd/way.h"
#include "shared/endpoint.h"
#include "shared/foreign_found.h"
#include "shared/hosts.h"
#include "shared/installation.h"
#include "shared/pack_match.h"
#include "shared/table.h"

#define NAME_MAX_SHOWN 100
#define MODELS_MAX_SHOWN 20
#define GROUPS_MAX_SHOWN 64
#define MEMO_TEXT_MAX 512

struct foreign_look_at {
	struct host host;
	struct host_peer peer;
	char inst[ID_SHORT_MAX];
	struct listing listing;
	struct foreign_look look;
	json_t *page;		/* what the step saw; or NULL */
	bool new_session;
	int64_t now;
	int64_t attempt;
};

/* There is no answer: later again, or the end. */
static struct verdict refused(const struct foreign_look_at *at,
			      const struct answer *answer, enum failure why)
{
	return failure_facts(why)->passes ||
	       host_may_stumble(answer, why, at->attempt)
		? retry(why, host_retry_after_ms(answer)) : failed(why);
}

static bool ask_list(const void *subject, struct request *request)
{
	const struct foreign_look_at *at = subject;

	host_ask_api_accounts(request, &at->peer, at->listing.page + 1);
	return true;
}

static struct verdict got_list(void *subject, const struct answer *answer)
{
	struct foreign_look_at *at = subject;
	struct host_page page = { 0 };
	struct listing_range range;
	enum failure why = host_judge_page(answer, &page);

	if (why != FAILURE_NONE)
		return refused(at, answer, why);
	switch (listing_take(&at->listing, &page, HOST_LIST_PAGE, &range)) {
	case LISTING_MORE:
		at->page = json_deep_copy(page.items);
		return go_to("foreign.list");
	case LISTING_END:
		at->page = json_deep_copy(page.items);
		return done();
	case LISTING_AGAIN:
		return go_to("foreign.list");
	case LISTING_UNKNOWN:
		break;
	}
	return failed(FAILURE_NOT_AS_WRITTEN);
}

static bool ask_login(const void *subject, struct request *request)
{
	const struct foreign_look_at *at = subject;

	host_ask_admin_login(request, &at->peer);
	return true;
}

static struct verdict got_login(void *subject, const struct answer *answer)
{
	struct foreign_look_at *at = subject;
	struct host_login login = { 0 };
	enum failure why = host_judge_admin_login(answer, &login);

	if (why != FAILURE_NONE)
		return refused(at, answer, why);
	at->host.session_expires_at = host_login_ends(&login, at->now);
	return go_on();
}

static const struct step steps[] = {
	{ "foreign.list",     0, ask_list,  got_list, .fingerprints = true },
	{ "host.login",       0, ask_login, got_login,
	  { HOST_LOGIN_TOKEN, SLOT_HOST_SESSION } },
};

/* ---- what a page shows ---- */

static bool is_openai(const char *url)
{
	return strstr(url, "://api.openai.com") != NULL;
}

static char *models_of(const struct host_account *it)
{
	json_auto_t *models = json_array();
	const char *name;
	json_t *to;

	json_object_foreach((json_t *)(uintptr_t)it->mapping, name, to)
		if (json_array_size(models) < MODELS_MAX_SHOWN)
			json_array_append_new(models, json_string(name));
	return json_dumps(models, JSON_COMPACT);
}

static char *groups_of(const struct host_account *it)
{
	json_auto_t *groups = host_account_groups(it->live);

	while (json_array_size(groups) > GROUPS_MAX_SHOWN)
		json_array_remove(groups, json_array_size(groups) - 1);
	return json_dumps(groups, JSON_COMPACT);
}

/* Whose endpoint it is, if a pack knows. */
static int match(struct db *db, const struct host_account *it,
		 char key[ENDPOINT_KEY_MAX],
		 struct pack_candidates *candidates, struct err *err)
{
	AUTO_FREE char *url = NULL;

	if (endpoint_normalise(it->base_url, &url, err)) {
		*key = '\0';
		return 0;
	}
	endpoint_key(url, key);
	return pack_candidates_read(db, key, candidates, err);
}

/* Of one that no record tells of. */
static const char *kind_of(const struct host_account *it)
{
	if (it->mark)
		return FOREIGN_KIND_UNRECORDED;
	return host_mark_is_any(it->name) ? FOREIGN_KIND_ANOTHER_CRM
					  : FOREIGN_KIND_OTHERS;
}

static int keep(const struct store *store, const struct foreign_look_at *at,
		const struct host_account *it, struct err *err)
{
	CLEANUP(pack_candidates_done) struct pack_candidates known = { 0 };
	AUTO_FREE char *name = redact_text(it->name, NAME_MAX_SHOWN);
	AUTO_FREE char *url = redact_text(it->base_url, ENDPOINT_URL_MAX);
	AUTO_FREE char *models = models_of(it);
	AUTO_FREE char *groups = groups_of(it);
	char key[ENDPOINT_KEY_MAX] = "";
	struct foreign_found row = {
		.host_id = at->host.host_id, .account_id = it->id,
		.kind = kind_of(it),
		.name = name, .status = it->status, .base_url = url,
		.key_fingerprint = it->key, .models = models,
		.group_ids = groups, .seen_at = at->look.began_at,
	};

	if (match(store->db, it, key, &known, err))
		return -1;
	if (known.count == 0 && is_openai(it->base_url))
		return 0;
	row.endpoint_key = *key ? key : NULL;
	if (known.count) {
		row.pack_id = known.list[0].pack_id;
		row.provider_id = known.list[0].provider_id;
	}
	return foreign_found_keep(store->db, &row, err);
}

static int keep_page(const struct store *store,
		     const struct foreign_look_at *at, struct err *err)
{
	const json_t *account;
	size_t i;

	json_array_foreach(at->page, i, account) {
		struct host_account it = host_account_read(account, at->inst,
							   at->now);
		bool ours;

		if (!it.base_url || !*it.base_url || it.id == 0)
			continue;
		/* By the row: others may have renamed it. */
		if (foreign_is_recorded(store->db, at->host.host_id, it.id,
					it.mark, &ours, err) ||
		    (!ours && keep(store, at, &it, err)))
			return -1;
	}
	return 0;
}

/* ---- the flow ---- */

static void look_free(void **subject)
{
	struct foreign_look_at *at = *subject;

	if (!at)
		return;
	host_done(&at->host);
	json_decref(at->page);
	free(at);
	*subject = NULL;
}

static void read_memo(struct foreign_look_at *at, const char *text)
{
	json_auto_t *memo = json_loads(text, 0, NULL);

	at->listing = (struct listing){
		.page = json_integer_value(json_object_get(memo, "page")),
		.last_id = json_integer_value(json_object_get(memo,
							      "last_id")),
		.seen = json_integer_value(json_object_get(memo, "seen")),
		.total = json_integer_value(json_object_get(memo, "total")),
		.looks = json_integer_value(json_object_get(memo, "looks")),
	};
}

static char *look_memo(const void *subject)
{
	const struct foreign_look_at *at = subject;
	struct jout out = { .text.max = MEMO_TEXT_MAX };

	jout_object(&out, NULL);
	jout_i64(&out, "page", at->listing.page);
	jout_i64(&out, "last_id", at->listing.last_id);
	jout_i64(&out, "seen", at->listing.seen);
	jout_i64(&out, "total", at->listing.total);
	jout_i64(&out, "looks", at->listing.looks);
	jout_object_end(&out);
	return buf_take(&out.text);
}

static int look_load(const struct store *store, const struct task *task,
		     int64_t now, void **ret, struct err *err)
{
	struct foreign_look_at *at = xcalloc(1, sizeof(*at));
	void *subject = at;

	at->now = now;
	at->attempt = task->attempt;
	read_memo(at, task->memo);
	if (hosts_get(store->db, task->subject_id, &at->host, err) ||
	    installation_get(store->db, at->inst, err) ||
	    foreign_look_get(store->db, task->subject_id, &at->look, err)) {
		look_free(&subject);
		return -1;
	}
	at->peer = (struct host_peer){
		.base_url = at->host.base_url, .auth = at->host.auth_type,
		.admin_email = at->host.admin_email, .inst = at->inst,
	};
	*ret = subject;
	return 0;
}

static int look_save(const struct store *store, const struct task *task,
		     void *subject, const struct step *step,
		     const struct verdict *verdict, int64_t now,
		     struct err *err)
{
	struct foreign_look_at *at = subject;

	(void)task;
	(void)step;
	(void)verdict;
	if (keep_page(store, at, err))
		return -1;
	if (!at->new_session)
		return 0;
	return hosts_session(store->db, at->host.host_id,
			     at->host.session_secret_id,
			     at->host.session_expires_at, now, err);
}

static int look_end(const struct store *store, const struct task *task,
		    void *subject, const struct verdict *verdict, int64_t now,
		    struct err *err)
{
	const struct foreign_look_at *at = subject;

	(void)task;
	return foreign_look_end(store->db, at->host.host_id,
				verdict->kind == VERDICT_FAILED
				? failure_name(verdict->failure) : NULL, now,
				err);
}

static void look_fail(void *subject, enum failure why)
{
	(void)subject;
	(void)why;
}

static const char *look_secret_id(const void *subject, enum slot slot)
{
	const struct foreign_look_at *at = subject;

	if (slot == SLOT_HOST_TOKEN)
		return at->host.auth_secret_id;
	return slot == SLOT_HOST_SESSION ? at->host.session_secret_id : NULL;
}

static void look_captured(void *subject, enum slot slot,
			  const struct secret_face *face)
{
	struct foreign_look_at *at = subject;

	(void)slot;
	own_set(&at->host.session_secret_id, face->secret_id);
	at->new_session = true;
}

static const char *look_detour(const void *subject,
			       const struct request *request)
{
	const struct foreign_look_at *at = subject;

	if (!request_has_slot(request, SLOT_HOST_SESSION) ||
	    (at->host.session_secret_id &&
	     at->host.session_expires_at > at->now))
		return NULL;
	return "host.login";
}

static bool look_refused(void *subject, enum slot slot)
{
	struct foreign_look_at *at = subject;

	if (slot != SLOT_HOST_SESSION)
		return false;
	at->host.session_expires_at = 0;
	at->new_session = true;
	return true;
}

static void look_limits(const void *subject, const struct request *request,
			struct limit_names *ret)
{
	const struct foreign_look_at *at = subject;

	(void)request;
	ret->host = at->host.host_id;
}

static void look_pauses(const void *subject, struct pauses *ret)
{
	const struct foreign_look_at *at = subject;

	if (at->host.paused_at)
		ret->host = at->host.host_id;
}

static void look_way(const void *subject, const struct request *request,
		     struct way *ret)
{
	const struct foreign_look_at *at = subject;

	(void)request;
	ret->proxy_secret_id = at->host.proxy_secret_id;
	ret->ca_pem = at->host.ca_pem;
}

const struct flow flow_foreign = {
	.name = FOREIGN_FLOW,
	.steps = steps,
	.nsteps = COUNT(steps),
	.load = look_load,
	.save = look_save,
	.end = look_end,
	.free = look_free,
	.fail = look_fail,
	.secret_id = look_secret_id,
	.captured = look_captured,
	.limits = look_limits,
	.pauses = look_pauses,
	.way = look_way,
	.detour = look_detour,
	.refused = look_refused,
	.memo = look_memo,
};
