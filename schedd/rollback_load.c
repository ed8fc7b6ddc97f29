/* How a rollback is read before a step: the part that is next, and its row. */
#include <stdio.h>
#include <string.h>

#include "schedd/known_hosts.h"
#include "schedd/rollback.h"
#include "shared/changes.h"
#include "shared/installation.h"
#include "shared/lookup.h"

/* ---- the memo ---- */

char *rollback_memo_write(const void *subject)
{
	const struct rollback_work *w = subject;
	const struct rollback_memo *m = &w->memo;
	struct jout out = { .text.max = TASK_MEMO_MAX };

	jout_object(&out, NULL);
	jout_bool(&out, "marked", m->marked);
	jout_bool(&out, "planned", m->planned);
	jout_bool(&out, "force", m->force);
	jout_i64(&out, "seq", m->seq);
	jout_i64(&out, "sights", m->sights);
	jout_i64(&out, "unseen", m->unseen);
	jout_bool(&out, "ended", m->ended);
	jout_bool(&out, "kept", m->kept);
	jout_bool(&out, "nowhere", m->nowhere);
	jout_bool(&out, "moved", m->moved);
	jout_bool(&out, "revokes", m->revokes);
	jout_str(&out, "after", m->after);
	jout_i64(&out, "items", m->items);
	jout_i64(&out, "failure", m->failure);
	jout_str(&out, "detail", m->detail);
	jout_i64(&out, "key", m->key);
	jout_i64(&out, "key_group", m->key_group);
	jout_bool(&out, "group_used", m->group_used);
	jout_i64(&out, "page", m->page);
	jout_i64(&out, "logins", m->logins);
	jout_i64(&out, "misses", m->misses);
	jout_i64(&out, "looks", m->looks);
	jout_object_end(&out);
	return buf_take(&out.text);
}

void rollback_memo_read(struct rollback_work *w, const char *text)
{
	struct rollback_memo *m = &w->memo;
	json_auto_t *memo = json_loads(text, 0, NULL);
	const char *after = json_string_value(json_object_get(memo, "after"));

	m->marked = json_is_true(json_object_get(memo, "marked"));
	m->planned = json_is_true(json_object_get(memo, "planned"));
	m->force = json_is_true(json_object_get(memo, "force"));
	m->seq = host_member_i64(memo, "seq");
	m->sights = host_member_i64(memo, "sights");
	m->unseen = host_member_i64(memo, "unseen");
	m->ended = json_is_true(json_object_get(memo, "ended"));
	m->kept = json_is_true(json_object_get(memo, "kept"));
	m->nowhere = json_is_true(json_object_get(memo, "nowhere"));
	m->moved = json_is_true(json_object_get(memo, "moved"));
	m->revokes = json_is_true(json_object_get(memo, "revokes"));
	snprintf(m->after, sizeof(m->after), "%s", after ? after : "");
	text = json_string_value(json_object_get(memo, "detail"));
	snprintf(m->detail, sizeof(m->detail), "%s", text ? text : "");
	m->failure = host_member_i64(memo, "failure");
	m->items = host_member_i64(memo, "items");
	m->key = host_member_i64(memo, "key");
	m->key_group = host_member_i64(memo, "key_group");
	m->group_used = json_is_true(json_object_get(memo, "group_used"));
	m->page = host_member_i64(memo, "page");
	m->logins = host_member_i64(memo, "logins");
	m->misses = host_member_i64(memo, "misses");
	m->looks = host_member_i64(memo, "looks");
}

/* ---- reading ---- */

/* Whose key it is: "proof|3", or "<endpoint>|<mode>|<selector>". */
char *rollback_owner_lookup(const char *lookup)
{
	const char *mode = strchr(lookup, '|');
	const char *selector = mode ? strchr(mode + 1, '|') : NULL;
	AUTO_FREE char *word = NULL;
	enum access_mode access;

	if (!selector)
		return xstrdup(LOOKUP_PROOF);
	word = xstrndup(mode + 1, (size_t)(selector - mode - 1));
	if (!access_mode_parse(word, &access))
		return xstrdup(LOOKUP_PROOF);
	return lookup_user(access, selector + 1);
}

static int find(const struct store *store, const struct rollback_work *w,
		enum resource_type type, const char *lookup,
		struct resource *ret, struct err *err)
{
	if (resources_find(store->db, w->host.host_id, type, lookup, ret,
			   err) && err->kind != ERR_NOT_FOUND)
		return -1;
	return 0;
}

static int load_owner(const struct store *store, struct rollback_work *w,
		      struct err *err)
{
	AUTO_FREE char *lookup = NULL;
	struct secret_face face;

	if (w->row.type == RESOURCE_CHANNEL)
		return find(store, w, RESOURCE_GROUP, w->row.lookup, &w->owner,
			    err);
	if (w->row.type != RESOURCE_USER_KEY)
		return 0;
	lookup = rollback_owner_lookup(w->row.lookup);
	if (find(store, w, RESOURCE_USER, lookup, &w->owner, err) ||
	    find(store, w, RESOURCE_USER_TOKEN, lookup, &w->token, err))
		return -1;
	if (!w->row.secret_id)
		return 0;
	if (secrets_face(store->db, w->row.secret_id, &face, err))
		return -1;
	memcpy(w->fingerprint, face.fingerprint, sizeof(w->fingerprint));
	return 0;
}

struct rollback_scope rollback_marked(const struct rollback_work *w)
{
	return (struct rollback_scope){
		.marked = true,
		.id = w->rollback.rollback_id,
		.host_id = w->rollback.host_id,
	};
}

/* Which of the account's groups we made. */
static int load_groups(const struct store *store, struct rollback_work *w,
		       struct err *err)
{
	json_auto_t *plan = json_loads(w->part.plan, 0, NULL);
	size_t i;
	const json_t *id;

	json_array_foreach(json_object_get(plan, "group_ids"), i, id) {
		CLEANUP(resource_done) struct resource group = { 0 };
		AUTO_FREE char *text = xasprintf("%lld",
			(long long)json_integer_value(id));

		if (resources_of_host_id(store->db, w->host.host_id,
					 RESOURCE_GROUP, text, &group, err)) {
			if (err->kind != ERR_NOT_FOUND)
				return -1;
			continue;
		}
		if (!w->ours)
			w->ours = json_array();
		json_array_append_new(w->ours, json_integer(
				      json_integer_value(id)));
	}
	return 0;
}

static int load_account(const struct store *store, struct rollback_work *w,
			struct err *err)
{
	const struct rollback_scope scope = rollback_marked(w);

	if (w->row.type != RESOURCE_ACCOUNT)
		return 0;
	/* Also of one that was planned before: it may be read once more. */
	if (w->part.action == ROLLBACK_RELEASE)
		return load_groups(store, w, err) ||
		       changes_unproxied(store->db, w->row.resource_id,
					 &w->unproxied, err) ? -1 : 0;
	if (w->part.action != ROLLBACK_RESTORE)
		return 0;
	return rollback_scan_surplus(store->db, &scope, &w->row, &w->surplus,
				     err);
}

static int load_move(const struct store *store, struct rollback_work *w,
		     struct err *err)
{
	if (moved_keys_get(store->db, w->part.subject_id, &w->move, err))
		return -1;
	if (w->memo.revokes &&
	    moved_keys_rights(store->db, w->host.host_id, w->move.user_id,
			      w->move.item_id, &w->rights, err))
		return -1;
	return moved_keys_way_back(store->db, &w->move, &w->way_back, err);
}

static int load_part(const struct store *store, const struct task *task,
		     struct rollback_work *w, struct err *err)
{
	enum resource_type type;

	if (!w->memo.planned)
		return 0;
	if (strcmp(task->step, "rollback.sight") == 0)
		return rollback_load_sight(store, w, err);
	if (rollback_parts_waiting(store->db, w->rollback.rollback_id,
				   w->memo.seq, &w->part, err))
		return -1;
	if (!w->part.kind)
		return 0;
	w->memo.seq = w->part.seq;
	if (strcmp(w->part.kind, ROLLBACK_KIND_KEY) == 0)
		return load_move(store, w, err);
	if (!resource_type_parse(w->part.kind, &type))
		return 0;
	if (resources_get(store->db, w->part.subject_id, &w->row, err) ||
	    load_owner(store, w, err))
		return -1;
	return load_account(store, w, err);
}

static int load_all(const struct store *store, const struct task *task,
		    struct rollback_work *w, struct err *err)
{
	if (rollbacks_get(store->db, task->subject_id, &w->rollback, err) ||
	    hosts_get(store->db, w->rollback.host_id, &w->host, err) ||
	    installation_get(store->db, w->inst, err))
		return -1;
	w->features = host_features_of(w->host.version);
	if (w->host.capabilities)
		w->features = known_hosts_features(store->known,
						   w->host.capabilities);
	w->peer = (struct host_peer){
		.base_url = w->host.base_url,
		.auth = w->host.auth_type,
		.admin_email = w->host.admin_email,
		.inst = w->inst,
	};
	return load_part(store, task, w, err);
}

int rollback_load(const struct store *store, const struct task *task,
		  int64_t now, void **ret, struct err *err)
{
	struct rollback_work *w = xcalloc(1, sizeof(*w));
	void *subject = w;

	w->now = now;
	w->attempt = task->attempt;
	w->step_since = task->step_since;
	w->settings = store->settings;
	w->task_id = task->task_id;
	rollback_memo_read(w, task->memo);
	if (load_all(store, task, w, err)) {
		rollback_free(&subject);
		return -1;
	}
	*ret = subject;
	return 0;
}

void rollback_free(void **subject)
{
	struct rollback_work *w = *subject;

	if (!w)
		return;
	host_done(&w->host);
	rollback_done(&w->rollback);
	rollback_part_done(&w->part);
	resource_done(&w->row);
	resource_done(&w->owner);
	resource_done(&w->token);
	json_decref(w->surplus);
	json_decref(w->ours);
	json_decref(w->rights);
	free(w);
	*subject = NULL;
}
