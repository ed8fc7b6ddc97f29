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

/* Chinese and Japanese characters: no capitals, and nothing between words. */
static bool is_ideograph(ucs4_t c)
{
	return (c >= 0x4e00 && c <= 0x9fff) || (c >= 0x3400 && c <= 0x4dbf);
}

static bool put_unit(struct model_text *ret, ucs4_t c, const uint8_t *bytes,
		     int len)
{
	if (c < 0x80)
		return put_plain(ret, (unsigned char)c);
	if (!is_ideograph(c)) {
		if (keeps_apart(c))
			return put(ret, SEPARATOR);
		if (uc_is_property_default_ignorable_code_point(c))
			return true;
	}
	for (int i = 0; i < len; i++)
		if (!put(ret, (char)bytes[i]))
			return false;
	return true;
}

static bool fold_units(const uint8_t *text, size_t len,
		       struct model_text *ret)
{
	int step;

	for (size_t i = 0; i < len; i += (size_t)step) {
		ucs4_t c;

		step = u8_mbtouc(&c, text + i, len - i);
		if (!put_unit(ret, c, text + i, step))
			return false;
	}
	return true;
}

/*
 * Is there anything that has another case, beside ASCII, which put_plain()
 * folds?  Folding asks for every character's history, and names are Chinese
 * or ASCII.
 */
static bool has_case(const uint8_t *text, size_t len)
{
	int step;

	for (size_t i = 0; i < len; i += (size_t)step) {
		ucs4_t c;

		step = u8_mbtouc(&c, text + i, len - i);
		if (c >= 0x80 && !is_ideograph(c) &&
		    uc_is_property_changes_when_casefolded(c))
			return true;
	}
	return false;
}

static bool fold_unicode(const uint8_t *name, size_t len,
			 struct model_text *ret)
{
	uint8_t room[2 * MODEL_TEXT_MAX];
	size_t n = sizeof(room);
	uint8_t *text = u8_normalize(UNINORM_NFKC, name, len, room, &n);
	bool good;

	if (!text)	/* it is no UTF-8 */
		return false;
	if (has_case(text, n)) {
		size_t folded_len;
		AUTO_FREE uint8_t *folded = u8_casefold(text, n, NULL,
				UNINORM_NFKC, NULL, &folded_len);

		good = folded && fold_units(folded, folded_len, ret);
	} else {
		good = fold_units(text, n, ret);
	}
	if (text != room)
		free(text);
	return good;
}

bool model_text_fold(const char *name, size_t len, struct model_text *ret)
{
	ret->len = 0;
	if (is_ascii(name, len)) {
		if (!fold_ascii(name, len, ret))
			return false;
	} else if (!fold_unicode((const uint8_t *)name, len, ret)) {
		return false;
	}
	if (ret->len > 0 && ret->text[ret->len - 1] == SEPARATOR)
		ret->len--;
	ret->text[ret->len] = '\0';
	return ret->len > 0;
}
