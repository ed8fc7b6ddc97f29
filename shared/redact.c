#include "shared/redact.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "shared/buf.h"
#include "shared/table.h"

/* What is read of a text, however long it is. */
#define READ_MAX ((size_t)4096)

/* A token shorter than this is no key, whatever stands around it. */
#define TOKEN_MIN 6

/* How keys begin. */
static const char *const prefixes[] = {
	"sk-", "sk_", "ak-", "pk-", "tp-", "ms-", "rt_", "eyj", "admin-",
	"altak", "key-",
};

/* Words before a value that is secret, if '=' or ':' stands between. */
static const char *const names[] = {
	"key", "apikey", "api_key", "api-key", "x-api-key", "token",
	"access_token", "refresh_token", "password", "secret",
	"authorization", "provided", "custom_key",
};

static bool is_token(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_' ||
	       c == '.' || c == '+' || c == '~' || c == '*';
}

/* Runs of letters and digits, between the signs of a token. */
struct runs {
	size_t longest;		/* with a digit in it */
	size_t longest_word;	/* without */
	size_t digits, uppers, lowers;
};

static void end_run(struct runs *runs, size_t len, bool has_digit)
{
	size_t *longest = has_digit ? &runs->longest : &runs->longest_word;

	if (len > *longest)
		*longest = len;
}

static struct runs count_runs(const char *token, size_t len)
{
	struct runs runs = { 0 };
	size_t run = 0;
	bool has_digit = false;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)token[i];

		if (!isalnum(c)) {
			end_run(&runs, run, has_digit);
			run = 0;
			has_digit = false;
			continue;
		}
		run++;
		has_digit = has_digit || isdigit(c);
		runs.digits += isdigit(c) != 0;
		runs.uppers += isupper(c) != 0;
		runs.lowers += islower(c) != 0;
	}
	end_run(&runs, run, has_digit);
	return runs;
}

/* 8-4-4-4-12 hex digits: some providers hand these out as keys. */
static bool is_uuid(const char *token, size_t len)
{
	if (len != 36)
		return false;
	for (size_t i = 0; i < len; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? token[i] != '-' : !isxdigit((unsigned char)token[i]))
			return false;
	}
	return true;
}

static bool has_prefix(const char *token, size_t len)
{
	for (size_t i = 0; i < COUNT(prefixes); i++) {
		size_t n = strlen(prefixes[i]);

		if (len >= n + 2 && strncasecmp(token, prefixes[i], n) == 0)
			return true;
	}
	return false;
}

static bool looks_random(const char *token, size_t len)
{
	struct runs runs = count_runs(token, len);

	if (runs.longest >= 16 || runs.longest_word >= 40 ||
	    is_uuid(token, len))
		return true;
	/* base64url with its own '-' and '_' in it. */
	return len >= 32 && runs.digits >= 4 && runs.uppers >= 4 &&
	       runs.lowers >= 4;
}

static bool is_name(const char *token, size_t len)
{
	for (size_t i = 0; i < COUNT(names); i++)
		if (strlen(names[i]) == len &&
		    strncasecmp(token, names[i], len) == 0)
			return true;
	return false;
}

/*
 * What stood before a token: nothing, the name of a secret, that name and a
 * sign, or a word after which nothing but a secret comes.
 */
enum hint { HINT_NONE, HINT_NAME, HINT_VALUE, HINT_SECRET };

/* Signs between tokens: "key" and '=' together announce a secret. */
static enum hint after_sign(enum hint hint, char c)
{
	if (hint == HINT_NONE || c == ' ' || c == '"' || c == '\'')
		return hint;
	return hint == HINT_NAME && (c == '=' || c == ':') ? HINT_VALUE
							   : HINT_NONE;
}

static enum hint after_token(const char *token, size_t len)
{
	if (len == 6 && strncasecmp(token, "bearer", 6) == 0)
		return HINT_SECRET;
	return is_name(token, len) ? HINT_NAME : HINT_NONE;
}

/* "Key: 'Email'" names a field; a secret has digits. */
static bool is_secret(const char *token, size_t len, enum hint hint)
{
	if (has_prefix(token, len) || looks_random(token, len))
		return true;
	if (len < TOKEN_MIN || after_token(token, len) != HINT_NONE)
		return false;
	return hint == HINT_SECRET ||
	       (hint == HINT_VALUE && count_runs(token, len).digits > 0);
}

/* Add the token at `token`, or a mask for it; returns its length. */
static size_t add_token(struct buf *out, const char *token, enum hint *hint)
{
	size_t len = 0;
	size_t word;

	while (is_token(token[len]))
		len++;
	/* A full stop that ends the sentence is not part of it. */
	word = len;
	while (word > 1 && token[word - 1] == '.')
		word--;
	if (is_secret(token, word, *hint)) {
		buf_adds(out, REDACT_MASK);
		buf_add(out, token + word, len - word);
	} else {
		buf_add(out, token, len);
	}
	*hint = after_token(token, word);
	return len;
}

size_t redact_character(const char *s)
{
	const unsigned char *c = (const unsigned char *)s;
	size_t len = *c < 0x80 ? 1 : *c >= 0xf0 && *c <= 0xf4 ? 4 :
		     *c >= 0xe0 && *c < 0xf0 ? 3 :
		     *c >= 0xc2 && *c < 0xe0 ? 2 : 0;

	for (size_t i = 1; i < len; i++)
		if ((c[i] & 0xc0) != 0x80)
			return 0;
	/* Overlong forms, surrogates, and what lies past the last plane. */
	if ((*c == 0xe0 && c[1] < 0xa0) || (*c == 0xed && c[1] > 0x9f) ||
	    (*c == 0xf0 && c[1] < 0x90) || (*c == 0xf4 && c[1] > 0x8f))
		return 0;
	return len;
}

size_t redact_cut(const char *text, size_t max)
{
	size_t len = 0;

	while (text[len]) {
		size_t step = redact_character(text + len);

		if (step == 0)
			step = 1;
		if (len + step > max)
			break;
		len += step;
	}
	return len;
}

/* Anything between tokens; returns how much was read. */
static size_t add_other(struct buf *out, const char *s, enum hint *hint)
{
	size_t len = redact_character(s);

	*hint = after_sign(*hint, *s);
	if (len == 0) {
		buf_adds(out, "?");
		return 1;
	}
	if (len == 1 && (isspace((unsigned char)*s) ||
			 iscntrl((unsigned char)*s))) {
		if (out->len > 0 && out->text[out->len - 1] != ' ')
			buf_adds(out, " ");
		return 1;
	}
	buf_add(out, s, len);
	return len;
}

char *redact_text(const char *text, size_t max)
{
	struct buf out = { .max = 3 * READ_MAX };
	enum hint hint = HINT_NONE;
	char *all;
	char *cut;

	for (size_t i = 0; text && text[i] && i < READ_MAX;)
		i += is_token(text[i]) ? add_token(&out, text + i, &hint)
				       : add_other(&out, text + i, &hint);
	all = buf_take(&out);
	cut = xstrndup(all, redact_cut(all, max));
	free(all);
	return cut;
}
