/* site_diff_keys: the keys of a host, and who gets access by them. */
#include <string.h>

#include "cli/api.h"
#include "cli/site_entry.h"
#include "shared/endpoint.h"
#include "shared/table.h"

static bool is_same(const char *one, const char *other)
{
	return strcmp(one, other) == 0;
}

/* ---- rows ---- */

static const char *mode_of(const json_t *provider)
{
	const char *mode = api_text(provider, "access_mode");

	return *mode ? mode : "subscription";
}

/* Where the keys of an entry, or of a row, are. */
static char *place_of(const json_t *provider)
{
	return xasprintf("%s|%s", api_text(provider, "endpoint_key"),
			 mode_of(provider));
}

/* Two plans on one base URL share the place, and are told apart by name. */
static char *name_in_place(const json_t *provider)
{
	return xasprintf("%s|%s|%s", api_text(provider, "endpoint_key"),
			 mode_of(provider), api_text(provider, "provider_id"));
}

/* How many entries of the host have each place; and the names in them. */
static json_t *places_of(const json_t *host)
{
	json_t *places = json_object();
	const json_t *provider;
	size_t i;

	json_array_foreach(json_object_get(host, "providers"), i, provider) {
		AUTO_FREE char *place = place_of(provider);
		AUTO_FREE char *name = name_in_place(provider);

		json_object_set_new(places, place, json_integer(
			api_number(places, place) + 1));
		json_object_set_new(places, name, json_integer(
			api_number(places, name) + 1));
	}
	return places;
}

/* Is the row one of an entry of this place, or of this name if it is shared? */
static bool is_named(const json_t *places, const json_t *row)
{
	AUTO_FREE char *place = place_of(row);
	AUTO_FREE char *name = name_in_place(row);
	int64_t entries = api_number(places, place);

	return entries == 1 || (entries > 1 && json_object_get(places, name));
}

/* The rows of the host, by their place. */
static json_t *rows_by_place(const json_t *live)
{
	json_t *all = json_object();
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(live, "keys"), i, row) {
		AUTO_FREE char *place = place_of(row);
		json_t *rows = json_object_get(all, place);

		if (!rows) {
			rows = json_array();
			json_object_set_new(all, place, rows);
		}
		json_array_append(rows, row);
	}
	return all;
}

static json_t *rows_of(const json_t *by_place, const json_t *places,
		       const json_t *provider)
{
	AUTO_FREE char *place = place_of(provider);
	const char *id = api_text(provider, "provider_id");
	bool alone = api_number(places, place) == 1;
	json_t *rows = json_array();
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(by_place, place), i, row)
		if (alone || is_same(id, api_text(row, "provider_id")))
			json_array_append(rows, row);
	return rows;
}

static void add_key(struct strmap *map, const json_t *of, const char *member,
		    size_t row)
{
	const char *key = api_text(of, member);

	if (*key)
		strmap_add(map, key, strlen(key), (int)row);
}

static int find_key(const struct strmap *map, const json_t *of,
		    const char *member)
{
	const char *key = api_text(of, member);

	return *key ? strmap_get(map, key, strlen(key)) : -1;
}

static bool is_on_its_way(const struct site_entry *entry, const json_t *open)
{
	return is_same(api_text(open, "host_id"),
		       api_text(entry->live, "host_id")) &&
	       is_same(api_text(open, "endpoint_key"), entry->endpoint_key) &&
	       is_same(api_text(open, "access_mode"), entry->mode);
}

/* A file may have as many keys as the host: each is looked up. */
static void entry_index(struct site_entry *entry)
{
	const json_t *importing = json_object_get(entry->diff->live,
						  "importing");
	const json_t *one;
	size_t i;

	entry->said = xcalloc(json_array_size(entry->rows) + 1,
			      sizeof(*entry->said));
	strmap_init(&entry->by_key, 2 * json_array_size(entry->rows) + 1);
	strmap_init(&entry->open, json_array_size(importing) + 1);
	json_array_foreach(entry->rows, i, one) {
		add_key(&entry->by_key, one, "key_fingerprint", i);
		add_key(&entry->by_key, one, "key_secret_id", i);
	}
	json_array_foreach(importing, i, one)
		if (is_on_its_way(entry, one))
			add_key(&entry->open, one, "key_fingerprint", i);
}

static void entry_done(struct site_entry *entry)
{
	strmap_done(&entry->by_key);
	strmap_done(&entry->open);
	free(entry->said);
}

/* Of the key of the file; -1: the host has no such row. */
static int row_of(const struct site_entry *entry, const json_t *reference)
{
	int row = find_key(&entry->by_key, reference, "fp");

	return row >= 0 ? row : find_key(&entry->by_key, reference, "stored");
}

/* The item by which it is on its way; or NULL. */
static const json_t *importing(const struct site_entry *entry,
			       const json_t *reference)
{
	int open = find_key(&entry->open, reference, "fp");

	return open < 0 ? NULL : json_array_get(json_object_get(
		entry->diff->live, "importing"), (size_t)open);
}

/* ---- what is to be imported ---- */

static void problem_at(const struct site_entry *entry, const char *path,
		       const char *member, const char *why)
{
	AUTO_FREE char *place = xasprintf("%s%s%s", path, *member ? "." : "",
					  member);

	site_file_problem(entry->diff->file, place, "%s", why);
}

/* As the API takes it; the name of the list and of models is the same. */
static json_t *import_row(const struct site_entry *entry, const json_t *want)
{
	static const char *const members[] = { "label", "note" };
	json_t *row = json_object();
	json_t *models = (json_t *)(uintptr_t)site_models(entry, want);

	if (!*api_text(entry->want, "provider_id"))
		json_object_set(row, "base_url",
				json_object_get(entry->want, "base_url"));
	json_object_set_new(row, "api_key",
			    site_secret(json_object_get(want, "key")));
	if (json_array_size(models) > 0)
		json_object_set(row, "requested_models", models);
	for (size_t i = 0; i < COUNT(members); i++)
		if (*api_text(want, members[i]))
			json_object_set(row, members[i],
					json_object_get(want, members[i]));
	if (api_number(want, "account_proxy") > 0)
		json_object_set(row, "account_proxy",
				json_object_get(want, "account_proxy"));
	return row;
}

static void add_given(const struct site_entry *entry, json_t *body,
		      const char *member, const char *name)
{
	const json_t *reference = json_object_get(entry->want, member);
	json_t *secret = site_secret(reference);

	if (secret)
		json_object_set_new(body, name, secret);
	else if (json_is_object(reference))
		problem_at(entry, entry->path, member, "is needed to import "
			   "keys: name it by env or file");
}

static json_t *import_body(const struct site_entry *entry, json_t *rows)
{
	static const char *const terms[] = {
		"access_mode", "subscription_users", "subscription_days",
		"rebind", "pack_id", "accept_plan_terms",
	};
	bool by_provider = *api_text(entry->want, "provider_id");
	json_t *body = json_object();

	json_object_set_new(body, "host_id", json_string(entry->live
		? api_text(entry->live, "host_id") : "$host"));
	for (size_t i = 0; i < COUNT(terms) - (by_provider ? 0 : 2); i++) {
		json_t *value = json_object_get(entry->want, terms[i]);

		if (value && !json_is_null(value))
			json_object_set(body, terms[i], value);
	}
	add_given(entry, body, "probe_key", "probe_api_key");
	add_given(entry, body, "access_key", "access_api_key");
	if (by_provider && *api_text(entry->want, "base_url"))
		json_object_set(body, "base_url",
				json_object_get(entry->want, "base_url"));
	json_object_set(body, by_provider ? "keys" : "items", rows);
	return body;
}

static void act_import(const struct site_entry *entry, json_t *rows,
		       json_t *changes)
{
	const char *id = api_text(entry->want, "provider_id");
	AUTO_FREE char *url = *id
		? xasprintf(API_PROVIDERS "/%s/import", id)
		: xstrdup(API_RUNS);
	const struct site_act act = {
		.kind = SITE_IMPORT, .what = entry->what, .path = entry->path,
		.method = "POST", .url = url,
		.body = import_body(entry, rows),
		.changes = json_incref(changes), .ground = entry->rows,
		.host_url = entry->live ? NULL : entry->host_url,
	};

	site_diff_act(entry->diff, &act);
}

/* Users, days and a user's key are terms of an import: has one all of them? */
static bool terms_hold(const struct site_entry *entry, const json_t *row,
		       json_t *changes)
{
	const json_t *days = json_object_get(entry->want, "subscription_days");
	const json_t *given = json_object_get(entry->want, "probe_key");
	const json_t *live_days = json_object_get(row, "subscription_days");
	size_t before = json_array_size(changes);

	if (!json_is_object(given))
		given = json_object_get(entry->want, "access_key");
	if (json_is_integer(days) && !json_equal(days, live_days))
		site_change(changes, "subscription_days", live_days, days);
	if (json_is_object(given) &&
	    !is_same(api_text(given, "fp"),
		     api_text(row, "given_key_fingerprint")) &&
	    !is_same(api_text(given, "stored"),
		     api_text(row, "given_key_secret_id")))
		site_change(changes, "user_key", NULL, NULL);
	return json_array_size(changes) == before;
}

static json_t *users_of(const struct site_entry *entry)
{
	static const char *const lists[] = { "subscription_users",
					     "users_with_access" };
	json_t *users = json_array();
	const json_t *row;
	json_t *user;
	size_t i, k;

	json_array_foreach(entry->rows, i, row)
		for (size_t n = 0; n < COUNT(lists); n++)
			json_array_foreach(json_object_get(row, lists[n]), k,
					   user)
				if (!site_set_has(users, user))
					json_array_append(users, user);
	return users;
}

/* A key of the file that is to be imported, now or once more. */
static void want_import(const struct site_entry *entry, const json_t *want,
			const char *path, json_t *rows)
{
	const json_t *key = json_object_get(want, "key");

	if (json_object_get(key, "secret"))
		json_array_append_new(rows, import_row(entry, want));
	else
		problem_at(entry, path, json_object_get(key, "stored")
			   ? "key.stored" : "key.fingerprint",
			   "CRM has no such key here, or not as it is to be:"
			   " name it by env or file to import it");
}

static void diff_key(const struct site_entry *entry, const json_t *want,
		     const char *path, json_t *rows, json_t *changes)
{
	const json_t *key = json_object_get(want, "key");
	const int at = row_of(entry, key);
	const json_t *row = json_array_get(entry->rows, (size_t)at);
	const json_t *open;
	AUTO_FREE char *what = NULL;

	if (at >= 0) {
		entry->said[at] = true;
		if (!terms_hold(entry, row, changes))
			want_import(entry, want, path, rows);
		site_diff_account(entry, want, row, path);
		return;
	}
	open = importing(entry, key);
	if (open) {
		what = xasprintf("%s / %s", entry->what, site_key_name(want, NULL));
		site_diff_act(entry->diff, &(struct site_act){
			.kind = SITE_IMPORTING, .what = what, .path = path,
			.ground = open });
		return;
	}
	site_change(changes, "key", NULL, json_object_get(want, "label"));
	want_import(entry, want, path, rows);
}

/* A user more needs an import of any of the keys. */
static void diff_users(const struct site_entry *entry, json_t *rows,
		       json_t *changes)
{
	const json_t *users = json_object_get(entry->want,
					      "subscription_users");
	json_auto_t *live = users_of(entry);
	const json_t *want, *keys = json_object_get(entry->want, "keys");
	size_t i;

	if (json_array_size(entry->rows) == 0 || site_set_holds(live, users) ||
	    json_array_size(rows) > 0)
		return;
	site_change(changes, "subscription_users", live, users);
	json_array_foreach(keys, i, want)
		if (json_object_get(json_object_get(want, "key"), "secret")) {
			json_array_append_new(rows, import_row(entry, want));
			return;
		}
	problem_at(entry, entry->path, "subscription_users", "another user "
		   "needs an import: name one of the keys by env or file");
}

/* A key that the file does not say: told, or taken back. */
static void extra_key(struct site_diff *diff, const char *what,
		      const json_t *row)
{
	AUTO_FREE char *url = xasprintf(API_RUNS "/%s/items/%s/rollback",
					api_text(row, "run_id"),
					api_text(row, "item_id"));
	const struct site_act remove = {
		.kind = SITE_KEY_REMOVE, .what = what, .path = "",
		.method = "POST", .url = url, .ground = row,
		.body = diff->prune ? json_pack("{s:b}", "apply", 1) : NULL,
	};

	site_diff_act(diff, diff->prune ? &remove : &(struct site_act){
		.kind = SITE_EXTRA, .what = what, .path = "", .ground = row });
}

static void note_extra(const struct site_entry *entry, const char *what,
		       const json_t *row)
{
	AUTO_FREE char *text = xasprintf("%s / %s", entry->what, what);

	if (row)
		extra_key(entry->diff, text, row);
	else
		site_diff_act(entry->diff, &(struct site_act){
			.kind = SITE_EXTRA, .what = text, .path = "" });
}

static void note_extras(const struct site_entry *entry)
{
	const json_t *users = json_object_get(entry->want,
					      "subscription_users");
	json_auto_t *live = users_of(entry);
	const json_t *one;
	size_t i;

	json_array_foreach(entry->rows, i, one)
		if (!entry->said[i])
			note_extra(entry, site_key_name(NULL, one), one);
	json_array_foreach(live, i, one)
		if (users && !site_set_has(users, one))
			note_extra(entry, json_string_value(one), NULL);
}

static void diff_entry(const struct site_entry *entry)
{
	json_auto_t *rows = json_array();
	json_auto_t *changes = json_array();
	const json_t *want;
	size_t i;

	json_array_foreach(json_object_get(entry->want, "keys"), i, want) {
		AUTO_FREE char *path = xasprintf("%s.keys[%zu]", entry->path,
						 i);

		diff_key(entry, want, path, rows, changes);
	}
	diff_users(entry, rows, changes);
	if (json_array_size(rows) > 0)
		act_import(entry, rows, changes);
	note_extras(entry);
}

static const char *provider_name(const json_t *provider)
{
	const char *id = api_text(provider, "provider_id");

	if (*id)
		return id;
	return *api_text(provider, "base_url") ? api_text(provider, "base_url")
		: api_text(provider, "endpoint_key");
}

/* What the host has of endpoints that the file does not name. */
static void note_rest(struct site_diff *diff, const json_t *live,
		      const char *host_name, const json_t *places)
{
	json_auto_t *told = json_object();
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(live, "keys"), i, row) {
		AUTO_FREE char *entry = name_in_place(row);
		AUTO_FREE char *what = xasprintf("%s / %s (%s)", host_name,
			provider_name(row), mode_of(row));

		/* Told once for each place; taken back one by one. */
		if (is_named(places, row) ||
		    (!diff->prune && json_object_get(told, entry)))
			continue;
		json_object_set_new(told, entry, json_true());
		extra_key(diff, what, row);
	}
}

void site_diff_keys(struct site_diff *diff, const json_t *host,
		    const json_t *live, const char *path, const char *url)
{
	const char *name = *api_text(host, "name") ? api_text(host, "name")
		: live ? api_text(live, "name") : url;
	json_auto_t *places = places_of(host);
	json_auto_t *by_place = rows_by_place(live);
	json_t *provider;
	size_t i;

	json_array_foreach(json_object_get(host, "providers"), i, provider) {
		const char *mode = mode_of(provider);
		const char *key = api_text(provider, "endpoint_key");
		AUTO_FREE char *place = xasprintf("%s.providers[%zu]", path,
						  i);
		AUTO_FREE char *what = xasprintf("%s / %s (%s)", name,
			provider_name(provider), mode);
		AUTO_FREE char *in_place = name_in_place(provider);
		json_auto_t *rows = rows_of(by_place, places, provider);
		CLEANUP(entry_done) struct site_entry entry = {
			.diff = diff, .want = provider, .live = live,
			.path = place, .host_url = url, .host_name = name,
			.endpoint_key = key, .mode = mode, .what = what,
			.rows = rows,
		};

		entry_index(&entry);
		if (api_number(places, in_place) > 1)
			problem_at(&entry, place, "", "is the endpoint of "
				   "another entry: put the keys into one");
		diff_entry(&entry);
	}
	note_rest(diff, live, name, places);
}
