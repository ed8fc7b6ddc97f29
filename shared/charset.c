#include "shared/charset.h"

#include <errno.h>
#include <iconv.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "shared/redact.h"

#define PART 4096		/* bytes that are converted at once */

static const char *const charset_names[] = {
	[CHARSET_UTF8]	  = "utf-8",
	[CHARSET_UTF16]	  = "utf-16",
	[CHARSET_GB18030] = "gb18030",
};
TABLE_ENUM_DEFINE(charset, charset_names, CHARSET__MAX);

/* What iconv calls them, with the order of bytes that the mark says. */
enum source { SOURCE_UTF16LE, SOURCE_UTF16BE, SOURCE_GB18030, SOURCE__MAX };

static const char *const sources[] = {
	[SOURCE_UTF16LE] = "UTF-16LE",
	[SOURCE_UTF16BE] = "UTF-16BE",
	[SOURCE_GB18030] = "GB18030",
};

/*
 * Opened once and kept: glibc loads a file for each.  Nobody closes them, they
 * go with the process.
 */
static iconv_t opened[SOURCE__MAX];
static bool started;

void charset_start(void)
{
	for (int i = 0; i < SOURCE__MAX && !started; i++)
		opened[i] = iconv_open("UTF-8", sources[i]);
	started = true;
}

/* How files begin that are no text, and what they are. */
static const struct {
	const char *magic;
	size_t len;
	const char *what;
} binaries[] = {
	{ "PK\x03\x04", 4, "an Excel workbook (.xlsx) or another archive" },
	{ "\xd0\xcf\x11\xe0", 4, "an old Excel workbook (.xls)" },
	{ "%PDF", 4, "a PDF" },
	{ "\x1f\x8b", 2, "compressed" },
};

static int refuse_binaries(const char *text, size_t len, struct err *err)
{
	for (size_t i = 0; i < COUNT(binaries); i++)
		if (len >= binaries[i].len &&
		    memcmp(text, binaries[i].magic, binaries[i].len) == 0)
			return err_set(err, ERR_INVALID, "is %s: "
				       "save it as CSV UTF-8 first",
				       binaries[i].what);
	return 0;
}

static bool begins(const char *text, size_t len, const char *mark)
{
	size_t n = strlen(mark);

	return len >= n && memcmp(text, mark, n) == 0;
}

/* `text` ends in NUL or has none: a character that is cut short is found. */
static bool is_utf8(const char *text, size_t len)
{
	char tail[8] = "";
	size_t i = 0;

	while (i < len) {
		size_t left = len - i, step;

		if (left >= 4 || (unsigned char)text[i] < 0x80) {
			step = redact_character(text + i);
		} else {
			memcpy(tail, text + i, left);
			tail[left] = '\0';
			step = redact_character(tail);
		}
		if (step == 0)
			return false;
		i += step;
	}
	return true;
}

/* False if a byte is none of this charset, or the text is cut short. */
static bool convert(enum source source, const char *text, size_t len,
		    struct buf *to)
{
	char *from = (char *)(uintptr_t)text; /* iconv does not write there */
	iconv_t with = opened[source];
	char part[PART];
	bool good = true;

	iconv(with, NULL, NULL, NULL, NULL);
	while (len > 0 && good) {
		char *out = part;
		size_t left = sizeof(part);

		good = iconv(with, &from, &len, &out, &left) != (size_t)-1 ||
		       errno == E2BIG;
		buf_add(to, part, sizeof(part) - left);
		good = good && !to->failed;
	}
	explicit_bzero(part, sizeof(part));
	return good;
}

static int read_as(enum source source, const char *text, size_t len,
		   struct buf *storage, struct err *err)
{
	charset_start();
	if (opened[source] == (iconv_t)-1)
		return err_set(err, ERR_INVALID, "is not UTF-8, and "
			       "this machine cannot convert %s: save it as "
			       "UTF-8", sources[source]);
	if (!convert(source, text, len, storage))
		return err_set(err, ERR_INVALID, "is neither UTF-8 "
			       "nor %s: save it as UTF-8", sources[source]);
	return 0;
}

static int find(const char *text, size_t len, struct buf *storage,
		enum charset *ret, struct err *err)
{
	bool little = begins(text, len, "\xff\xfe");

	if (refuse_binaries(text, len, err))
		return -1;
	if (little || begins(text, len, "\xfe\xff")) {
		*ret = CHARSET_UTF16;
		return read_as(little ? SOURCE_UTF16LE : SOURCE_UTF16BE,
			       text + 2, len - 2, storage, err);
	}
	*ret = CHARSET_UTF8;
	if (is_utf8(text, len))
		return 0;
	*ret = CHARSET_GB18030;
	return read_as(SOURCE_GB18030, text, len, storage, err);
}

int charset_read(const char *text, size_t len, struct buf *storage,
		 const char **ret, size_t *ret_len, enum charset *ret_charset,
		 struct err *err)
{
	static const char mark[] = "\xef\xbb\xbf";
	enum charset charset;

	if (begins(text, len, mark)) {
		text += sizeof(mark) - 1;
		len -= sizeof(mark) - 1;
	}
	if (find(text, len, storage, &charset, err))
		return -1;
	if (charset != CHARSET_UTF8) {
		text = buf_str(storage);
		len = storage->len;
	}
	if (memchr(text, '\0', len))
		return err_set(err, ERR_INVALID, "has NUL characters:"
			       " save it as UTF-8");
	*ret = text;
	*ret_len = len;
	*ret_charset = charset;
	return 0;
}

/* More characters that are none than that are some: a cut text has one. */
static bool is_other_charset(const char *text)
{
	size_t good = 0, bad = 0;

	while (*text) {
		size_t len = redact_character(text);

		good += len > 1;
		bad += len == 0;
		text += len ? len : 1;
	}
	return bad > good;
}

void charset_guess(const char **body, size_t *len, struct buf *storage)
{
	AUTO_FREE char *text = xstrndup(*body, *len);
	enum charset charset;
	struct err err;

	if (!is_other_charset(text))
		return;
	storage->max = 2 * *len;
	if (charset_read(*body, *len, storage, body, len, &charset, &err))
		buf_done(storage);
}
