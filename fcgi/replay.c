#include "fcgi/replay.h"

#include <string.h>

#include "shared/idempotency.h"

#define KEY_MAX 128
#define HOUR_MS INT64_C(3600000)

static bool is_key(const char *text)
{
	size_t len = 0;

	for (; text[len] != '\0'; len++)
		if (len >= KEY_MAX || text[len] < 33 || text[len] > 126)
			return false;
	return len > 0;
}

/* The same bytes mean something else in another form, or of another host. */
static void hash_request(const struct wire *wire, char ret[SEAL_HASH_TEXT])
{
	enum http_form form = HTTP_FORM_JSON;
	bool known = http_form_of(wire->content_type, &form);
	const char *query = wire->query ? wire->query : "";
	char body[SEAL_HASH_TEXT];
	AUTO_FREE char *text = NULL;

	seal_hash_text(wire->body_len ? wire->body : "", wire->body_len, body);
	text = xasprintf("%s %s%s%s\n%s%s", wire->method, wire->path,
			 *query ? "?" : "", query,
			 known && form != HTTP_FORM_JSON ? http_form_name(form)
							 : "", body);
	seal_hash_text(text, strlen(text), ret);
}

int replay_init(struct replay *replay, const struct wire *wire,
		struct err *err)
{
	*replay = (struct replay){ 0 };
	if (!wire->idempotency_key)
		return 0;
	if (!is_key(wire->idempotency_key)) {
		err_set(err, ERR_INVALID, "Idempotency-Key must be 1 to %d "
			"visible ASCII characters", KEY_MAX);
		return err_code(err, "invalid_idempotency_key");
	}
	replay->key = wire->idempotency_key;
	hash_request(wire, replay->hash);
	return 0;
}

/* The id that a Location ends with. */
static const char *id_of(const char *location)
{
	const char *slash = strrchr(location, '/');

	return slash ? slash + 1 : location;
}

int replay_find(const struct replay *replay, const struct request *req,
		struct reply *reply, struct err *err)
{
	CLEANUP(idempotency_done) struct idempotency record = { 0 };

	if (idempotency_find(req->db, req->token->token_id, replay->key,
			     replay->hash, req->now, &record, err))
		return -1;
	jout_done(&reply->out);
	buf_adds(&reply->out.text, record.body);
	reply->status = record.status;
	reply->is_problem = false;
	reply->replayed = true;
	free(reply->location);
	reply->location = TAKE(record.location);
	snprintf(reply->subject, sizeof(reply->subject), "%s",
		 reply->location ? id_of(reply->location) : "");
	return 0;
}

int replay_store(const struct replay *replay, const struct request *req,
		 const struct reply *reply, struct err *err)
{
	const struct idempotency record = {
		.status = reply->status,
		.location = reply->location,
		.body = reply->out.text.text,
	};
	int64_t hours = req->worker->settings->idempotency_hours;

	if (idempotency_expire(req->db, req->now, err))
		return -1;
	return idempotency_store(req->db, req->token->token_id, replay->key,
				 replay->hash, &record, req->now,
				 req->now + hours * HOUR_MS, err);
}
