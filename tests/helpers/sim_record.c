#include "tests/helpers/sim_record.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "shared/buf.h"
#include "shared/table.h"

#define KEY_HEX 8
#define BODY_HEX 16
#define TARGET_MAX 2048

/* Parameters of a query whose values are secrets. */
static const char *const secret_parameters[] = {
	"key", "api_key", "apikey", "token", "access_token", "refresh_token",
};

static const char *const end_names[] = {
	[MODEL_END_COMPLETE]	= "complete",
	[MODEL_END_CUT]		= "cut",
	[MODEL_END_RESET]	= "reset",
	[MODEL_END_REFUSED]	= "refused",
	[MODEL_END_DNS]		= "dns",
	[MODEL_END_TLS]		= "tls",
	[MODEL_END_HANG]	= "hang",
};
_Static_assert(COUNT(end_names) == MODEL_END__MAX, "name every end");

struct entry {
	uint64_t number;	/* 0: none yet */
	char *method;		/* owned */
	char *target;		/* owned, without secrets */
	char key[KEY_HEX + 1];	/* "": it brought none */
	char body[BODY_HEX + 1];
	bool done;
	int status;
	const char *end;
	int64_t ms;
};

struct sim_record {
	struct entry entries[SIM_RECORD_MAX];
	uint64_t count;
	FILE *log;		/* NULL: none */
};

int sim_record_new(const char *log, struct sim_record **ret, struct err *err)
{
	FILE *file = log ? fopen(log, "ae") : NULL;

	if (log && !file)
		return err_set(err, ERR_INVALID, "cannot open %s: %s", log,
			       strerror(errno));
	*ret = xcalloc(1, sizeof(**ret));
	(*ret)->log = file;
	return 0;
}

static void entry_done(struct entry *entry)
{
	free(entry->method);
	free(entry->target);
	*entry = (struct entry){ 0 };
}

void sim_record_free(struct sim_record **record)
{
	if (!*record)
		return;
	for (size_t i = 0; i < SIM_RECORD_MAX; i++)
		entry_done(&(*record)->entries[i]);
	if ((*record)->log)
		fclose((*record)->log);
	free(*record);
	*record = NULL;
}

/* The first `hex` digits of a hash, and a NUL, into `ret`. */
static void hash_text(const char *text, size_t len, char *ret, size_t hex)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	char all[2 * sizeof(hash) + 1];

	crypto_hash_sha256(hash, (const unsigned char *)text, len);
	sodium_bin2hex(all, sizeof(all), hash, sizeof(hash));
	memcpy(ret, all, hex);
	ret[hex] = '\0';
}

static bool is_secret(const char *name, size_t len)
{
	for (size_t i = 0; i < COUNT(secret_parameters); i++) {
		if (strlen(secret_parameters[i]) == len &&
		    strncmp(secret_parameters[i], name, len) == 0)
			return true;
	}
	return false;
}

/* Add one "name=value" of a query, its value hashed if it is a secret. */
static void add_parameter(struct buf *out, const char *text, size_t len)
{
	const char *equals = memchr(text, '=', len);
	size_t name = equals ? (size_t)(equals - text) : len;
	char hex[KEY_HEX + 1];

	if (!equals || !is_secret(text, name)) {
		buf_add(out, text, len);
		return;
	}
	hash_text(equals + 1, len - name - 1, hex, KEY_HEX);
	buf_addf(out, "%.*s=sha256:%s", (int)name, text, hex);
}

/* What a log may show of a target. */
static char *shown_target(const char *target)
{
	struct buf out = { .max = TARGET_MAX };
	size_t len = strcspn(target, "?");
	char *shown;

	buf_add(&out, target, len);
	while (target[len]) {
		size_t part = strcspn(target + len + 1, "&");

		buf_add(&out, target + len, 1);
		add_parameter(&out, target + len + 1, part);
		len += part + 1;
	}
	shown = buf_take(&out);
	for (char *c = shown; *c; c++) {
		if (*c < ' ' || *c > '~')
			*c = '?';
	}
	return shown;
}

static const char *key_of(const struct model_request *request)
{
	static const char *const names[] = {
		"Authorization", "x-api-key", "x-goog-api-key",
	};

	for (size_t i = 0; i < COUNT(names); i++) {
		const char *value = model_request_header(request, names[i]);

		if (value)
			return strncmp(value, "Bearer ", 7) == 0 ? value + 7 :
								   value;
	}
	return NULL;
}

uint64_t sim_record_begin(struct sim_record *record,
			  const struct model_request *request)
{
	uint64_t number = ++record->count;
	struct entry *entry = &record->entries[number % SIM_RECORD_MAX];
	const char *key = key_of(request);

	entry_done(entry);
	entry->number = number;
	entry->method = xstrdup(request->method);
	entry->target = shown_target(request->target);
	if (key)
		hash_text(key, strlen(key), entry->key, KEY_HEX);
	if (request->body_len > 0)
		hash_text(request->body, request->body_len, entry->body,
			  BODY_HEX);
	return number;
}

static json_t *entry_json(const struct entry *entry)
{
	json_t *object = json_pack("{s:I, s:s, s:s, s:b, s:i, s:I}",
				   "number", (json_int_t)entry->number,
				   "method", entry->method,
				   "path", entry->target, "done", entry->done,
				   "status", entry->status,
				   "ms", (json_int_t)entry->ms);

	if (entry->end)
		json_object_set_new(object, "end", json_string(entry->end));
	if (entry->key[0])
		json_object_set_new(object, "key", json_sprintf("sha256:%s",
								entry->key));
	if (entry->body[0])
		json_object_set_new(object, "body", json_sprintf("sha256:%s",
								 entry->body));
	return object;
}

void sim_record_end(struct sim_record *record, uint64_t number,
		    const struct model_answer *answer, int64_t ms)
{
	struct entry *entry = &record->entries[number % SIM_RECORD_MAX];

	/* So much came meanwhile that its place is taken. */
	if (entry->number != number)
		return;
	entry->done = true;
	entry->status = answer ? answer->status : 0;
	entry->ms = ms;
	if (!answer)
		entry->end = "left";
	else if (answer->end != MODEL_END_COMPLETE)
		entry->end = end_names[answer->end];
	if (record->log) {
		json_auto_t *object = entry_json(entry);

		json_dumpf(object, record->log, JSON_COMPACT);
		fputc('\n', record->log);
	}
}

json_t *sim_record_after(const struct sim_record *record, uint64_t after)
{
	json_t *list = json_array();
	uint64_t first = record->count < SIM_RECORD_MAX ? 1 :
			 record->count - SIM_RECORD_MAX + 1;

	for (uint64_t i = after < first ? first : after + 1;
	     i <= record->count; i++)
		json_array_append_new(list,
			entry_json(&record->entries[i % SIM_RECORD_MAX]));
	return list;
}

uint64_t sim_record_count(const struct sim_record *record)
{
	return record->count;
}

void sim_record_flush(struct sim_record *record)
{
	if (record->log)
		fflush(record->log);
}
