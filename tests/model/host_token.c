#include <inttypes.h>
#include <string.h>

#include "shared/own.h"
#include "tests/model/host_token.h"

/* Of {"alg":"HS256","typ":"JWT"}. */
#define TOKEN_HEAD "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			       "abcdefghijklmnopqrstuvwxyz0123456789-_";

static char *encode(const char *text)
{
	size_t len = strlen(text), used = 0;
	char *out = xcalloc(len / 3 * 4 + 5, 1);
	uint32_t bits = 0;
	int have = 0;

	for (size_t i = 0; i < len; i++) {
		bits = bits << 8 | (unsigned char)text[i];
		have += 8;
		while (have >= 6) {
			have -= 6;
			out[used++] = alphabet[bits >> have & 63];
		}
	}
	if (have)
		out[used] = alphabet[bits << (6 - have) & 63];
	return out;
}

static char *decode(const char *text, size_t len)
{
	char *out = xcalloc(len + 1, 1);
	uint32_t bits = 0;
	int have = 0;
	size_t used = 0;

	for (size_t i = 0; i < len; i++) {
		const char *at = strchr(alphabet, text[i]);

		if (!at || !text[i])
			break;
		bits = bits << 6 | (uint32_t)(at - alphabet);
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[used++] = (char)(bits >> have & 255);
		}
	}
	return out;
}

/* Nobody attacks the model: a keyed hash is enough of a signature. */
static char *signature(const struct host_model *model, const char *text,
		       size_t len)
{
	uint64_t hash = model->token_key;
	AUTO_FREE char *hex = NULL;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3u;
	hash ^= hash >> 29;
	hex = xasprintf("%016" PRIx64 "%016" PRIx64, hash,
			hash * 0x9e3779b97f4a7c15u);
	return encode(hex);
}

char *host_token_make(struct host_model *model, const struct host_user *user)
{
	int64_t now = model->now / 1000;
	json_auto_t *claims = json_pack("{sI ss ss sI sI sI sI}",
		"user_id", (json_int_t)user->id, "email", user->email,
		"role", user->role,
		"token_version", (json_int_t)user->token_version,
		"exp", (json_int_t)now + model->options.token_ms / 1000,
		"iat", (json_int_t)now,
		"sid", (json_int_t)++model->token_serial);
	AUTO_FREE char *text = json_dumps(claims, JSON_COMPACT);
	AUTO_FREE char *payload = encode(text);
	AUTO_FREE char *head = xasprintf("%s.%s", TOKEN_HEAD, payload);
	AUTO_FREE char *signed_by = signature(model, head, strlen(head));

	return xasprintf("%s.%s", head, signed_by);
}

static json_t *claims_of(const struct host_model *model, const char *token)
{
	const char *first = strchr(token, '.');
	const char *last = strrchr(token, '.');
	AUTO_FREE char *wanted = NULL, *text = NULL;

	if (!first || first == last)
		return NULL;
	wanted = signature(model, token, (size_t)(last - token));
	if (strcmp(wanted, last + 1) != 0)
		return NULL;
	text = decode(first + 1, (size_t)(last - first - 1));
	return json_loads(text, 0, NULL);
}

enum host_token_state host_token_read(const struct host_model *model,
				      const char *token,
				      struct host_user **ret)
{
	json_auto_t *claims = claims_of(model, token);
	struct host_user *user;

	if (!claims)
		return HOST_TOKEN_INVALID;
	if (json_integer_value(json_object_get(claims, "exp")) <=
	    model->now / 1000 ||
	    json_integer_value(json_object_get(claims, "sid")) <=
	    model->tokens_since)
		return HOST_TOKEN_EXPIRED;
	user = host_user_find(model, json_integer_value(
		json_object_get(claims, "user_id")));
	if (!user)
		return HOST_TOKEN_NO_USER;
	if (strcmp(user->status, "active") != 0)
		return HOST_TOKEN_INACTIVE;
	if (json_integer_value(json_object_get(claims, "token_version")) !=
	    user->token_version)
		return HOST_TOKEN_REVOKED;
	*ret = user;
	return HOST_TOKEN_GOOD;
}
