#include "fcgi/run_form.h"

#include <string.h>

#include "fcgi/query.h"
#include "shared/csv_rows.h"
#include "shared/table.h"

#define TEXT_MAX 1024
#define NUMBER_MAX 1000000	/* ranges are the body's to say */
#define GROWTH 2		/* GBK to UTF-8: two bytes become three */

struct run_query {
	const char *host_id;
	const char *access_mode;
	const char *subscription_users;
	int64_t subscription_days;
	bool rebind;
	bool strict;
	bool ignore_packs;
	int64_t canary_items;
	int64_t canary_stop_after;
};

#define TEXT(member) \
	{ #member, QUERY_TEXT, offsetof(struct run_query, member), 0, \
	  TEXT_MAX, NULL }
#define NUMBER(member) \
	{ #member, QUERY_INT, offsetof(struct run_query, member), 1, \
	  NUMBER_MAX, NULL }
#define FLAG(member) \
	{ #member, QUERY_FLAG, offsetof(struct run_query, member), 0, 0, NULL }

static const struct query_field query_fields[] = {
	TEXT(host_id),
	TEXT(access_mode),
	TEXT(subscription_users),
	NUMBER(subscription_days),
	FLAG(rebind),
	FLAG(strict),
	FLAG(ignore_packs),
	NUMBER(canary_items),
	NUMBER(canary_stop_after),
};

void run_form_done(struct run_form *form)
{
	json_decref(form->body);
	file_rows_done(&form->file);
	*form = (struct run_form){ 0 };
}

static int refuse(struct err *err, const char *sentence)
{
	err_set(err, ERR_INVALID, "%s", sentence);
	return err_code(err, "invalid_parameter");
}

/*
 * Is a parameter of this name there?  Whoever escapes its letters is told that
 * it is not known.
 */
static bool names(const char *query, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = query; at; at = strchr(at, '&')) {
		at += *at == '&';
		if (strncmp(at, name, len) == 0 &&
		    (at[len] == '=' || at[len] == '&' || at[len] == '\0'))
			return true;
	}
	return false;
}

static int refuse_secrets(const char *query, struct err *err)
{
	static const char *const secrets[] = {
		"probe_api_key", "access_api_key", "api_key",
	};

	for (size_t i = 0; i < COUNT(secrets); i++) {
		if (!names(query, secrets[i]))
			continue;
		err_set(err, ERR_INVALID, "parameter %s is a secret, and URLs "
			"end in logs: send it in a JSON body, and give this "
			"key up if it is in use", secrets[i]);
		return err_code(err, "invalid_parameter");
	}
	return 0;
}

static void set_text(json_t *object, const char *name, const char *text)
{
	if (text)
		json_object_set_new(object, name, json_string(text));
}

static void set_number(json_t *object, const char *name, int64_t n)
{
	if (n)
		json_object_set_new(object, name, json_integer(n));
}

/* "default,team-a" */
static void set_users(json_t *object, const char *list)
{
	AUTO_FREE char *storage = xstrdup_null(list);
	char *rest = storage, *one;
	json_t *users;

	if (!list)
		return;
	users = json_array();
	while ((one = strsep(&rest, ",")) != NULL)
		json_array_append_new(users, json_string(one));
	json_object_set_new(object, "subscription_users", users);
}

static void set_canary(json_t *object, const struct run_query *query)
{
	json_t *canary;

	if (!query->canary_items && !query->canary_stop_after)
		return;
	canary = json_object();
	set_number(canary, "items", query->canary_items);
	set_number(canary, "stop_after", query->canary_stop_after);
	json_object_set_new(object, "canary", canary);
}

static int read_query(const struct request *req, json_t *body, struct err *err)
{
	AUTO_FREE char *storage = NULL;
	struct run_query query = { 0 };

	if (refuse_secrets(req->query, err) ||
	    query_read(req->query, query_fields, COUNT(query_fields), &query,
		       &storage, err))
		return -1;
	set_text(body, "host_id", query.host_id);
	set_text(body, "access_mode", query.access_mode);
	set_users(body, query.subscription_users);
	set_number(body, "subscription_days", query.subscription_days);
	if (query.rebind)
		json_object_set_new(body, "rebind", json_true());
	if (query.strict)
		json_object_set_new(body, "strict", json_true());
	if (query.ignore_packs)
		json_object_set_new(body, "ignore_packs", json_true());
	set_canary(body, &query);
	return 0;
}

static void read_file(const struct request *req, struct run_form *form,
		      struct jdec_problems *problems)
{
	size_t max = (size_t)req->worker->settings->items_max;
	/* It may hold keys, as the body does. */
	CLEANUP(buf_wipe) struct buf storage = {
		.max = GROWTH * req->text_len,
	};
	const char *text;
	size_t len;
	struct err err;

	if (charset_read(req->text, req->text_len, &storage, &text, &len,
			 &form->charset, &err))
		jdec_problem(problems, "", "", "%.120s", err.msg);
	else if (req->form == HTTP_FORM_CSV)
		csv_rows_read(&form->file, text, len, max, problems);
	else
		file_rows_read_json(&form->file, text, len, max);
}

int run_form_read(const struct request *req, struct run_form *ret,
		  struct jdec_problems *problems, struct err *err)
{
	if (req->form == HTTP_FORM_JSON) {
		ret->body = json_incref((json_t *)(uintptr_t)req->body);
		return *req->query ? refuse(err, "parameters go with files "
					    "(CSV, JSON lines) only: a JSON "
					    "body says everything itself") : 0;
	}
	ret->body = json_object();
	file_rows_init(&ret->file);
	if (read_query(req, ret->body, err))
		return -1;
	read_file(req, ret, problems);
	json_object_set(ret->body, "items", ret->file.items);
	return 0;
}
