#include "shared/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FIRST_SIZE 256

/* See to it that `more` bytes and a NUL fit behind the text. */
static bool reserve(struct buf *buf, size_t more)
{
	size_t need = buf->len + more + 1;
	size_t size = buf->size ? buf->size : FIRST_SIZE;

	if (buf->failed || buf->len > buf->max || more > buf->max - buf->len) {
		buf->failed = true;
		return false;
	}
	if (need <= buf->size)
		return true;
	while (size < need)
		size *= 2;
	buf->text = xrealloc(buf->text, size);
	buf->size = size;
	return true;
}

void buf_add(struct buf *buf, const void *data, size_t len)
{
	if (!reserve(buf, len))
		return;
	if (len > 0)
		memcpy(buf->text + buf->len, data, len);
	buf->len += len;
	buf->text[buf->len] = '\0';
}

char *buf_room(struct buf *buf, size_t len)
{
	char *room;

	if (!reserve(buf, len))
		return NULL;
	room = buf->text + buf->len;
	buf->len += len;
	buf->text[buf->len] = '\0';
	return room;
}

void buf_adds(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

void buf_addf(struct buf *buf, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (len < 0 || !reserve(buf, (size_t)len)) {
		buf->failed = true;
		return;
	}
	va_start(args, fmt);
	vsnprintf(buf->text + buf->len, (size_t)len + 1, fmt, args);
	va_end(args);
	buf->len += (size_t)len;
}

const char *buf_str(const struct buf *buf)
{
	return buf->text ? buf->text : "";
}

char *buf_take(struct buf *buf)
{
	char *text = buf->text ? TAKE(buf->text) : xstrdup("");

	*buf = (struct buf){ .max = buf->max };
	return text;
}

void buf_reset(struct buf *buf)
{
	buf->len = 0;
	buf->failed = false;
	if (buf->text)
		buf->text[0] = '\0';
}

void buf_done(struct buf *buf)
{
	free(buf->text);
	*buf = (struct buf){ .max = buf->max };
}

void buf_wipe(struct buf *buf)
{
	if (buf->text)
		explicit_bzero(buf->text, buf->size);
	buf_done(buf);
}
