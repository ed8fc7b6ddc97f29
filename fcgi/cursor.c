#include "fcgi/cursor.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "fcgi/http.h"

#define PLAIN_MAX 200

/* base64url of RFC 4648, without padding: it needs no escapes in a URL. */
static const char alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void encode(const char *from, size_t len, char *to)
{
	const unsigned char *in = (const unsigned char *)from;

	for (size_t i = 0; i < len; i += 3) {
		size_t left = len - i < 3 ? len - i : 3;
		uint32_t bits = (uint32_t)in[i] << 16;

		bits |= left > 1 ? (uint32_t)in[i + 1] << 8 : 0;
		bits |= left > 2 ? in[i + 2] : 0;
		for (size_t k = 0; k <= left; k++)
			*to++ = alphabet[bits >> (18 - 6 * k) & 63];
	}
	*to = '\0';
}

static bool decode(const char *from, char *to, size_t size)
{
	uint32_t bits = 0;
	int nbits = 0;
	size_t len = 0;

	for (; *from != '\0'; from++) {
		const char *at = strchr(alphabet, *from);

		if (!at || len + 1 >= size)
			return false;
		bits = bits << 6 | (uint32_t)(at - alphabet);
		nbits += 6;
		if (nbits >= 8) {
			nbits -= 8;
			to[len++] = (char)(bits >> nbits & 255);
		}
	}
	to[len] = '\0';
	return strlen(to) == len;
}

const char *cursor_make(const char *list, const char *id,
			char ret[CURSOR_MAX])
{
	char plain[PLAIN_MAX];
	int len = snprintf(plain, sizeof(plain), "%s.%s", list, id);

	assert(len > 0 && len < PLAIN_MAX);
	encode(plain, (size_t)len, ret);
	return ret;
}

int cursor_read(const char *list, const char *text, char ret[CURSOR_ID_MAX],
		struct err *err)
{
	size_t len = strlen(list);
	char plain[PLAIN_MAX];

	ret[0] = '\0';
	if (!text || !*text)
		return 0;
	if (!decode(text, plain, sizeof(plain)) ||
	    strncmp(plain, list, len) != 0 || plain[len] != '.' ||
	    !http_is_key(plain + len + 1)) {
		err_set(err, ERR_INVALID, "cursor is not one that this list "
			"gave; leave it out to begin at the first page");
		return err_code(err, "invalid_cursor");
	}
	snprintf(ret, CURSOR_ID_MAX, "%s", plain + len + 1);
	return 0;
}

void cursor_write(struct jout *out, const char *list, const struct walk *walk,
		  bool more, const char *last)
{
	const char *from = more ? last : walk_was_cut(walk) ? walk->last : "";
	char cursor[CURSOR_MAX];

	jout_str(out, "next_cursor",
		 *from ? cursor_make(list, from, cursor) : NULL);
}
