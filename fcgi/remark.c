#include "fcgi/remark.h"

#include <ctype.h>
#include <string.h>

#include "shared/redact.h"

#define ID_DIGITS 18

/*
 * A control character (C0 but for white space, DEL, C1), or one that turns
 * the direction of what stands beside it in a terminal or a page.
 */
static bool is_control(const char *at)
{
	const unsigned char *c = (const unsigned char *)at;

	if (*c < 0x20)
		return !isspace(*c);
	if (*c == 0x7f || (*c == 0xc2 && c[1] < 0xa0))
		return true;
	if (*c != 0xe2)
		return false;
	return (c[1] == 0x80 && c[2] >= 0xa8 && c[2] <= 0xae) ||
	       (c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9);
}

/* The number of characters; SIZE_MAX if there are some that none may use. */
static size_t count_characters(const char *text)
{
	size_t n = 0;

	while (*text != '\0') {
		size_t step = redact_character(text);

		if (step == 0 || is_control(text))
			return (size_t)-1;
		text += step;
		n++;
	}
	return n;
}

static char *trimmed(const char *text)
{
	size_t len;

	text += strspn(text, " ");
	len = strlen(text);
	while (len > 0 && text[len - 1] == ' ')
		len--;
	return len > 0 ? xstrndup(text, len) : NULL;
}

const char *remark_read(const char *text, size_t max, const char *key,
			char **ret, bool *ret_masked)
{
	AUTO_FREE char *masked = NULL;
	size_t n = count_characters(text);

	if (n == (size_t)-1)
		return "must not contain control characters";
	if (n > max)
		return max == REMARK_LABEL_MAX
			? "must be at most 120 characters long"
			: "must be at most 1000 characters long";
	if (key && strstr(text, key))
		return "must not contain the key";
	masked = redact_text(text, 4 * max);
	*ret_masked = strstr(masked, REDACT_MASK) && !strstr(text, REDACT_MASK);
	*ret = trimmed(masked);
	return NULL;
}

bool remark_is_id(const char *text)
{
	size_t len = strspn(text, "0123456789");

	return len > 0 && len <= ID_DIGITS && text[len] == '\0' &&
	       text[0] != '0';
}
