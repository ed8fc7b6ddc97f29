/*
 * api_site: all that CRM brought about, as it is now, for who compares it with
 * how it is to be.
 */
#include <inttypes.h>

#include "fcgi/api.h"
#include "fcgi/cursor.h"
#include "fcgi/problem.h"
#include "fcgi/query.h"
#include "fcgi/view.h"
#include "shared/hosts.h"
#include "shared/jdec.h"
#include "shared/secrets.h"
#include "shared/site.h"

#define PAGE 200
#define KEYS_MAX 10000

struct site_query {
	const char *host_id;
	int64_t limit;
	const char *cursor;
	char after[CURSOR_ID_MAX];
};

#define AT(member) offsetof(struct site_query, member)

static const struct query_field page_fields[] = {
	{ "limit", QUERY_INT, AT(limit), 1, PAGE, NULL },
	{ "cursor", QUERY_TEXT, AT(cursor), 0, CURSOR_MAX, NULL },
	{ "host_id", QUERY_TEXT, AT(host_id), 0, HTTP_ID_MAX, http_is_id },
};

/* A page of a list: what `write` adds, and in `last` where it stopped. */
struct list {
	const char *name;	/* of the array, and of its cursors */
	size_t nfields;		/* of page_fields: all, or without the host */
	int (*write)(const struct request *req, const struct site_query *query,
		     char last[CURSOR_ID_MAX], struct jout *out,
		     struct err *err);
};

static int show_list(const struct request *req, const struct list *list,
		     struct reply *reply, struct err *err)
{
	struct site_query query = { .limit = PAGE };
	AUTO_FREE char *storage = NULL;
	char last[CURSOR_ID_MAX] = "", cursor[CURSOR_MAX];
	struct jout *out = &reply->out;
	int more;

	if (query_read(req->query, page_fields, list->nfields, &query,
		       &storage, err) ||
	    cursor_read(list->name, query.cursor, query.after, err))
		return -1;
	reply->status = 200;
	jout_object(out, NULL);
	jout_array(out, list->name);
	more = list->write(req, &query, last, out, err);
	jout_array_end(out);
	jout_str(out, "next_cursor", more > 0
		 ? cursor_make(list->name, last, cursor) : NULL);
	jout_object_end(out);
	return more < 0 ? -1 : 0;
}

/* ---- hosts ---- */

static void write_host(struct jout *out, const struct host *host)
{
	jout_object(out, NULL);
	jout_str(out, "host_id", host->host_id);
	jout_str(out, "name", host->name);
	jout_str(out, "base_url", host->base_url);
	jout_str(out, "public_base_url", host->public_base_url);
	jout_str(out, "auth_type", host_auth_name(host->auth_type));
	jout_str(out, "admin_email", host->admin_email);
	jout_str(out, "auth_secret_id", host->auth_secret_id);
	jout_str(out, "proxy", host->proxy);
	jout_str(out, "proxy_secret_id", host->proxy_secret_id);
	jout_str(out, "ca_pem", host->ca_pem);
	jout_bool(out, "paused", host->paused_at != 0);
	jout_str(out, "state", host_state_name(host->state));
	jout_str(out, "version", host->version);
	jout_time(out, "updated_at", host->updated_at);
	jout_object_end(out);
}

static int write_hosts(const struct request *req,
		       const struct site_query *query,
		       char last[CURSOR_ID_MAX], struct jout *out,
		       struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(host_done) struct host host = { 0 };
	int64_t n = 0;
	int more;

	if (hosts_list(&rows, req->db, query->after, query->limit + 1, err))
		return -1;
	while ((more = hosts_next(&rows, &host, err)) > 0 &&
	       n++ < query->limit) {
		write_host(out, &host);
		snprintf(last, CURSOR_ID_MAX, "%s", host.host_id);
	}
	return more;
}

static const struct list hosts = { "hosts", COUNT(page_fields) - 1,
				   write_hosts };

static int hosts_show(const struct request *req, struct reply *reply,
		      struct err *err)
{
	return show_list(req, &hosts, reply, err);
}

/* ---- endpoints ---- */

static void write_endpoint(struct jout *out, const struct endpoint_row *row)
{
	jout_object(out, NULL);
	jout_str(out, "endpoint_key", row->endpoint_key);
	jout_str(out, "proxy", row->proxy);
	jout_str(out, "proxy_secret_id", row->proxy_secret_id);
	jout_str(out, "ca_pem", row->ca_pem);
	view_known(out, "concurrency", row->concurrency);
	view_known(out, "requests_per_minute", row->requests_per_minute);
	jout_bool(out, "paused", row->paused_at != 0);
	jout_time(out, "updated_at", row->updated_at);
	jout_object_end(out);
}

static int write_endpoints(const struct request *req,
			   const struct site_query *query,
			   char last[CURSOR_ID_MAX], struct jout *out,
			   struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(endpoint_row_done) struct endpoint_row row = { 0 };
	int64_t n = 0;
	int more;

	if (site_endpoints(&rows, req->db, query->after, query->limit + 1,
			   err))
		return -1;
	while ((more = site_endpoints_next(&rows, &row, err)) > 0 &&
	       n++ < query->limit) {
		write_endpoint(out, &row);
		snprintf(last, CURSOR_ID_MAX, "%.*s", CURSOR_ID_MAX - 1,
			 row.endpoint_key);
	}
	return more;
}

static const struct list endpoints = { "endpoints", COUNT(page_fields) - 1,
				       write_endpoints };

static int endpoints_show(const struct request *req, struct reply *reply,
			  struct err *err)
{
	return show_list(req, &endpoints, reply, err);
}

/* ---- keys ---- */

static int write_users(const struct request *req, const struct site_key *key,
		       struct jout *out, struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	const char *selector = NULL;
	int more;

	if (site_users(&rows, req->db, key, err))
		return -1;
	jout_array(out, "users_with_access");
	while ((more = site_users_next(&rows, &selector, err)) > 0)
		jout_str(out, NULL, selector);
	jout_array_end(out);
	return more;
}

static void write_terms(struct jout *out, const struct site_key *key)
{
	jout_str(out, "access_mode", key->access_mode);
	jout_raw(out, "subscription_users", key->subscription_users);
	jout_i64(out, "subscription_days", key->subscription_days);
	jout_str(out, "given_key_source", key->given_key_source);
	jout_str(out, "given_key_fingerprint", key->given_key_fingerprint);
	jout_str(out, "given_key_secret_id", key->given_key_secret_id);
	jout_bool(out, "rebind", key->rebind);
	jout_str(out, "pack_id", key->pack_id);
	jout_str(out, "provider_id", key->pack_provider_id);
}

static int write_key(const struct request *req, const struct site_key *key,
		     struct jout *out, struct err *err)
{
	jout_object(out, NULL);
	jout_str(out, "resource_id", key->resource_id);
	jout_i64(out, "account_id", key->account_id);
	jout_str(out, "item_id", key->item_id);
	jout_str(out, "run_id", key->run_id);
	jout_str(out, "host_id", key->host_id);
	jout_str(out, "endpoint_key", key->endpoint_key);
	jout_str(out, "plan", key->plan);
	jout_str(out, "base_url", key->base_url);
	write_terms(out, key);
	jout_str(out, "label", key->label);
	jout_str(out, "note", key->note);
	jout_str(out, "key_fingerprint", key->fingerprint);
	jout_str(out, "key_last4", key->last4);
	jout_str(out, "key_secret_id", key->secret_id);
	jout_raw(out, "requested_models", key->requested_models);
	jout_raw(out, "models", key->models);
	jout_raw(out, "model_aliases", key->model_aliases);
	jout_bool(out, "models_changed", key->models_changed);
	jout_str(out, "account_proxy", key->account_proxy);
	jout_bool(out, "paused", key->paused_at != 0);
	jout_str(out, "access_status", key->access_status);
	if (write_users(req, key, out, err))
		return -1;
	jout_object_end(out);
	return 0;
}

static int refuse_all_hosts(struct err *err)
{
	err_set(err, ERR_INVALID, "host_id is missing");
	return err_code(err, "invalid_parameter");
}

static int write_keys(const struct request *req,
		      const struct site_query *query,
		      char last[CURSOR_ID_MAX], struct jout *out,
		      struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(site_key_done) struct site_key key = { 0 };
	int64_t n = 0;
	int more;

	if (!query->host_id)
		return refuse_all_hosts(err);
	if (site_keys(&rows, req->db, query->host_id,
		      strtoll(query->after, NULL, 10), query->limit + 1, err))
		return -1;
	while ((more = site_keys_next(&rows, &key, err)) > 0 &&
	       n++ < query->limit) {
		if (write_key(req, &key, out, err))
			return -1;
		snprintf(last, CURSOR_ID_MAX, "%" PRId64, key.account_id);
	}
	return more;
}

static const struct list keys = { "keys", COUNT(page_fields), write_keys };

static int keys_show(const struct request *req, struct reply *reply,
		     struct err *err)
{
	return show_list(req, &keys, reply, err);
}

/* ---- what is still on its way ---- */

static int write_opens(const struct request *req,
		       const struct site_query *query,
		       char last[CURSOR_ID_MAX], struct jout *out,
		       struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(site_open_done) struct site_open open = { 0 };
	int64_t n = 0;
	int more;

	if (site_opens(&rows, req->db, query->after, query->limit + 1, err))
		return -1;
	while ((more = site_opens_next(&rows, &open, err)) > 0 &&
	       n++ < query->limit) {
		jout_object(out, NULL);
		jout_str(out, "item_id", open.item_id);
		jout_str(out, "run_id", open.run_id);
		jout_str(out, "host_id", open.host_id);
		jout_str(out, "endpoint_key", open.endpoint_key);
		jout_str(out, "access_mode", open.access_mode);
		jout_str(out, "key_fingerprint", open.fingerprint);
		jout_object_end(out);
		snprintf(last, CURSOR_ID_MAX, "%s", open.item_id);
	}
	return more;
}

static const struct list opens = { "importing", COUNT(page_fields) - 1,
				   write_opens };

static int opens_show(const struct request *req, struct reply *reply,
		      struct err *err)
{
	return show_list(req, &opens, reply, err);
}

/* ---- by what a key is known ---- */

struct keys_body {
	json_t *keys;
};

static const struct jdec_field keys_fields[] = {
	{ "keys", JDEC_TEXTS, true, JDEC_AT(struct keys_body, keys, json_t *),
	  1, KEYS_MAX, NULL },
};

/* Nothing is stored, and nothing of a short key is shown. */
static int fingerprints_post(const struct request *req, struct reply *reply,
			     struct err *err)
{
	struct jdec_problems problems = { 0 };
	struct keys_body body = { 0 };
	struct jout *out = &reply->out;
	const json_t *key;
	size_t i;

	(void)err;
	if (!jdec(req->body, "", keys_fields, COUNT(keys_fields), &body,
		  &problems))
		return problem_refuse(reply, &problems);
	reply->status = 200;
	jout_object(out, NULL);
	jout_array(out, "fingerprints");
	json_array_foreach(body.keys, i, key) {
		struct secret_face face = { 0 };

		jout_str(out, NULL, secrets_face_of(req->worker->key,
			 json_string_value(key), &face) ? face.fingerprint
							: NULL);
	}
	jout_array_end(out);
	jout_object_end(out);
	return 0;
}

const struct route api_site_routes[] = {
	{ HTTP_GET, "/api/site/hosts", SCOPE_READ,
	  .handle = hosts_show, .takes_query = true },
	{ HTTP_GET, "/api/site/endpoints", SCOPE_READ,
	  .handle = endpoints_show, .takes_query = true },
	{ HTTP_GET, "/api/site/keys", SCOPE_READ,
	  .handle = keys_show, .takes_query = true },
	{ HTTP_GET, "/api/site/importing", SCOPE_READ,
	  .handle = opens_show, .takes_query = true },
	{ HTTP_POST, "/api/site/fingerprints", SCOPE_OPERATE,
	  .handle = fingerprints_post, .body = BODY_REQUIRED },
	{ 0 }
};
