#include "shared/jout.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "shared/clock.h"

/* May this byte stand in a JSON string as it is?  Tables beat comparisons. */
static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c != '"' && c != '\\' && c < 0x80;
}

/* How long the UTF-8 sequence at `s` is; 0 if there is none. */
static size_t utf8_len(const unsigned char *s, size_t left)
{
	size_t len = s[0] >= 0xf0 && s[0] <= 0xf4 ? 4 :
		     s[0] >= 0xe0 && s[0] <= 0xef ? 3 :
		     s[0] >= 0xc2 && s[0] <= 0xdf ? 2 : 0;

	if (len == 0 || len > left)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	/* Overlong forms, surrogates and what lies past U+10FFFF. */
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return len;
}

#define EACH(byte) (UINT64_MAX / 255 * (byte))	/* of eight */

/* Is one of the eight bytes 0?  What is above the first one may be wrong. */
static uint64_t zeros(uint64_t eight)
{
	return (eight - EACH(1)) & ~eight & EACH(0x80);
}

/* is_plain() of eight bytes at once. */
static bool are_plain(const unsigned char *s)
{
	uint64_t eight;

	memcpy(&eight, s, sizeof(eight));
	return !((eight & EACH(0x80)) | zeros(eight & EACH(0xe0)) |
		 zeros(eight ^ EACH('"')) | zeros(eight ^ EACH('\\')));
}

/* How much of the text may stand in a JSON string as it is. */
static size_t plain_len(const unsigned char *s, size_t len)
{
	size_t i = 0, n;

	do {
		while (i + 8 <= len && are_plain(s + i))
			i += 8;
		while (i < len && is_plain(s[i]))
			i++;
		n = i < len && s[i] >= 0x80 ? utf8_len(s + i, len - i) : 0;
		i += n;
	} while (n > 0);
	return i;
}

/* A byte that may not. */
static void add_special(struct buf *buf, unsigned char c)
{
	const char pair[2] = { '\\', (char)c };

	if (c == '"' || c == '\\')
		buf_add(buf, pair, 2);
	else if (c == '\n')
		buf_add(buf, "\\n", 2);
	else if (c < 0x20)
		buf_addf(buf, "\\u%04x", c);
	else
		buf_add(buf, "\xef\xbf\xbd", 3);	/* U+FFFD */
}

/* Most texts need no escapes: one look, one copy. */
static void add_whole(struct buf *buf, const char *text, size_t len)
{
	char *room = buf_room(buf, len + 2);

	if (!room)
		return;
	room[0] = room[len + 1] = '"';
	memcpy(room + 1, text, len);
}

void jout_quoted(struct buf *buf, const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t n = plain_len(s, len), i = 0;

	if (n == len) {
		add_whole(buf, text, len);
		return;
	}
	buf_add(buf, "\"", 1);
	while (i < len) {
		buf_add(buf, s + i, n);
		i += n;
		if (i < len)
			add_special(buf, s[i++]);
		n = plain_len(s + i, len - i);
	}
	buf_add(buf, "\"", 1);
}

/* Nearly all are plain: then comma, name and colon are one copy. */
void jout_lead(struct jout *out, const char *name)
{
	size_t len = name ? strlen(name) : 0;
	bool comma = out->comma;
	char *room;

	out->comma = true;
	if (!name || plain_len((const unsigned char *)name, len) < len) {
		buf_add(&out->text, ",", comma);
		if (!name)
			return;
		jout_quoted(&out->text, name, len);
		buf_add(&out->text, ":", 1);
		return;
	}
	room = buf_room(&out->text, comma + len + 3);
	if (!room)
		return;
	if (comma)
		*room++ = ',';
	*room++ = '"';
	memcpy(room, name, len);
	memcpy(room + len, "\":", 2);
}

static void open_with(struct jout *out, const char *name, const char *bracket)
{
	jout_lead(out, name);
	buf_add(&out->text, bracket, 1);
	out->comma = false;
}

static void close_with(struct jout *out, const char *bracket)
{
	buf_add(&out->text, bracket, 1);
	out->comma = true;
}

void jout_object(struct jout *out, const char *name)
{
	open_with(out, name, "{");
}

void jout_object_end(struct jout *out)
{
	close_with(out, "}");
}

void jout_array(struct jout *out, const char *name)
{
	open_with(out, name, "[");
}

void jout_array_end(struct jout *out)
{
	close_with(out, "]");
}

void jout_strn(struct jout *out, const char *name, const char *value,
	       size_t len)
{
	jout_lead(out, name);
	jout_quoted(&out->text, value, len);
}

void jout_str(struct jout *out, const char *name, const char *value)
{
	if (value)
		jout_strn(out, name, value, strlen(value));
	else
		jout_null(out, name);
}

void jout_i64(struct jout *out, const char *name, int64_t value)
{
	char digits[24];
	size_t at = sizeof(digits);
	uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;

	jout_lead(out, name);
	do
		digits[--at] = (char)('0' + rest % 10);
	while ((rest /= 10) > 0);
	if (value < 0)
		digits[--at] = '-';
	buf_add(&out->text, digits + at, sizeof(digits) - at);
}

void jout_bool(struct jout *out, const char *name, bool value)
{
	jout_lead(out, name);
	buf_adds(&out->text, value ? "true" : "false");
}

void jout_null(struct jout *out, const char *name)
{
	jout_lead(out, name);
	buf_add(&out->text, "null", 4);
}

void jout_time(struct jout *out, const char *name, int64_t at)
{
	char text[CLOCK_TEXT_MAX];

	jout_str(out, name, at ? clock_format(at, text) : NULL);
}

void jout_json(struct jout *out, const char *name, const json_t *value)
{
	char *text = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT)
			   : NULL;

	jout_raw(out, name, text);
	free(text);
}

void jout_raw(struct jout *out, const char *name, const char *json)
{
	if (!json || *json == '\0') {
		jout_null(out, name);
		return;
	}
	jout_lead(out, name);
	buf_adds(&out->text, json);
}

void jout_done(struct jout *out)
{
	buf_done(&out->text);
	out->comma = false;
}
