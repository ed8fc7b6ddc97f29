#include "shared/model_text.h"

#include <stdint.h>
#include <string.h>

#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

#include "shared/own.h"
#include "shared/table.h"

#define SEPARATOR '-'

/* What keeps words apart in names, beside what Unicode calls so. */
static const ucs4_t apart[] = {
	0x00b7, 0x2022, 0x2024, 0x30fb, 0x3001, 0x3002, 0xff0e, 0x2212, 0x30fc,
};

/* How an ASCII character is compared; 0: it stands for itself. */
static const char plain[128] = {
	[0 ... 31] = SEPARATOR, [127] = SEPARATOR,
	[' '] = SEPARATOR, ['-'] = SEPARATOR, ['_'] = SEPARATOR,
	['.'] = SEPARATOR, [','] = SEPARATOR, ['|'] = SEPARATOR,
	['A'] = 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l',
	'm', 'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z',
};

static bool is_ascii(const char *name, size_t len)
{
	unsigned char all = 0;

	for (size_t i = 0; i < len; i++)
		all |= (unsigned char)name[i];
	return all < 0x80;
}

/* Add one character; false if there is no room. */
static bool put(struct model_text *ret, char c)
{
	if (c == SEPARATOR &&
	    (ret->len == 0 || ret->text[ret->len - 1] == SEPARATOR))
		return true;
	if (ret->len + 1 == MODEL_TEXT_MAX)
		return false;
	ret->text[ret->len++] = c;
	return true;
}

static bool put_plain(struct model_text *ret, unsigned char c)
{
	return put(ret, plain[c] ? plain[c] : (char)c);
}

static bool fold_ascii(const char *name, size_t len, struct model_text *ret)
{
	for (size_t i = 0; i < len; i++)
		if (!put_plain(ret, (unsigned char)name[i]))
			return false;
	return true;
}

static bool keeps_apart(ucs4_t c)
{
	for (size_t i = 0; i < COUNT(apart); i++)
		if (apart[i] == c)
			return true;
	return uc_is_general_category_withtable(c,
			UC_CATEGORY_MASK_Z | UC_CATEGORY_MASK_Pd |
			UC_CATEGORY_MASK_Cc);
}

static bool fold_units(const uint8_t *text, size_t len,
		       struct model_text *ret)
{
	int step;

	for (size_t i = 0; i < len; i += (size_t)step) {
		ucs4_t c;

		step = u8_mbtouc(&c, text + i, len - i);
		if (c < 0x80) {
			if (!put_plain(ret, (unsigned char)c))
				return false;
		} else if (keeps_apart(c)) {
			if (!put(ret, SEPARATOR))
				return false;
		} else if (!uc_is_property_default_ignorable_code_point(c)) {
			for (int k = 0; k < step; k++)
				if (!put(ret, (char)text[i + (size_t)k]))
					return false;
		}
	}
	return true;
}

/* *ret is for free(); NULL if it is no UTF-8. */
static uint8_t *folded(const char *name, size_t len, size_t *ret_len)
{
	const uint8_t *bytes = (const uint8_t *)name;

	if (u8_check(bytes, len))
		return NULL;
	return u8_casefold(bytes, len, NULL, UNINORM_NFKC, NULL, ret_len);
}

bool model_text_fold(const char *name, size_t len, struct model_text *ret)
{
	AUTO_FREE uint8_t *text = NULL;
	size_t n;

	ret->len = 0;
	if (is_ascii(name, len)) {
		if (!fold_ascii(name, len, ret))
			return false;
	} else {
		text = folded(name, len, &n);
		if (!text || !fold_units(text, n, ret))
			return false;
	}
	if (ret->len > 0 && ret->text[ret->len - 1] == SEPARATOR)
		ret->len--;
	ret->text[ret->len] = '\0';
	return ret->len > 0;
}
