#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "shared/own.h"
#include "tests/model/host_call.h"

#define PAGE_SIZE_DEFAULT 20
#define PAGE_SIZE_MAX 1000

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decode the parameter at `from`; what does not fit is cut off. */
static void decode(const char *from, size_t len, char *to, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < len && used + 1 < size; i++) {
		char c = from[i];

		if (c == '+')
			c = ' ';
		if (c == '%' && i + 2 < len && hex_digit(from[i + 1]) >= 0 &&
		    hex_digit(from[i + 2]) >= 0) {
			c = (char)(hex_digit(from[i + 1]) * 16 +
				   hex_digit(from[i + 2]));
			i += 2;
		}
		to[used++] = c;
	}
	to[used] = '\0';
}

bool query_get(const struct host_call *call, const char *name, char *value,
	       size_t size)
{
	size_t len = strlen(name);
	const char *at = call->query;

	while (*at) {
		size_t whole = strcspn(at, "&");

		if (whole > len && strncmp(at, name, len) == 0 &&
		    at[len] == '=') {
			decode(at + len + 1, whole - len - 1, value, size);
			return true;
		}
		at += whole;
		at += *at == '&';
	}
	return false;
}

bool query_is(const struct host_call *call, const char *name,
	      const char *wanted)
{
	char value[64];

	return query_get(call, name, value, sizeof(value)) &&
	       strcmp(value, wanted) == 0;
}

static bool read_number(const char *text, int64_t *ret)
{
	char *end;
	long long number = strtoll(text, &end, 10);

	if (end == text || *end)
		return false;
	*ret = number;
	return true;
}

int64_t query_id(const struct host_call *call, const char *name)
{
	char value[64];
	int64_t number;

	if (!query_get(call, name, value, sizeof(value)) ||
	    !read_number(value, &number))
		return 0;
	return number;
}

/* A page size above the maximum is not cut down but forgotten. */
static int64_t page_size_of(const struct host_call *call)
{
	int64_t size = query_id(call, "page_size");
	char value[8];

	if (!query_get(call, "page_size", value, sizeof(value)))
		size = query_id(call, "limit");
	return size >= 1 && size <= PAGE_SIZE_MAX ? size : PAGE_SIZE_DEFAULT;
}

struct host_slice query_slice(const struct host_call *call)
{
	struct host_slice slice = { .page_size = page_size_of(call) };

	slice.page = query_id(call, "page");
	if (slice.page < 1)
		slice.page = 1;
	return slice;
}

char *text_clean(const char *text)
{
	char *clean = xstrdup(text);
	json_t *tried = json_string(clean);

	for (char *at = clean; !tried && *at; at++) {
		if ((unsigned char)*at >= 0x80)
			*at = '?';
	}
	json_decref(tried);
	return clean;
}

/* By itself: strcasestr(3) is slow to begin, and lists are long. */
bool text_contains(const char *text, const char *part)
{
	size_t len = strlen(part);
	int first = tolower((unsigned char)*part);

	for (; text && *text; text++)
		if (tolower((unsigned char)*text) == first &&
		    strncasecmp(text, part, len) == 0)
			return true;
	return len == 0;
}
