#include "schedd/upstream/amount.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Digits, a sign, a point, an exponent: no "inf", no "0x10". */
static bool is_decimal(const char *text, size_t len)
{
	bool digit = false;

	for (size_t i = 0; i < len; i++) {
		digit |= isdigit((unsigned char)text[i]) != 0;
		if (!isdigit((unsigned char)text[i]) &&
		    !strchr("+-.eE", text[i]))
			return false;
	}
	return digit;
}

bool amount_read(const char *text, double *ret)
{
	char *end;
	double value;

	if (!is_decimal(text, strlen(text)))
		return false;
	value = strtod(text, &end);
	if (*end != '\0' || !isfinite(value))
		return false;
	*ret = value;
	return true;
}

/*
 * How the body writes the member `name` of this value: a parsed number has
 * forgotten its zeros.  False if it is not found.
 */
static bool raw_number(const struct answer *answer, const char *name,
		       double value, char ret[AMOUNT_MAX])
{
	AUTO_FREE char *quoted = xasprintf("\"%s\"", name);
	const char *at = answer->body ? answer->body : "";

	while ((at = strstr(at, quoted))) {
		double read;
		size_t len;

		at += strlen(quoted);
		at += strspn(at, " \t\r\n:");
		len = strspn(at, "+-.eE0123456789");
		if (len == 0 || len >= AMOUNT_MAX)
			continue;
		memcpy(ret, at, len);
		ret[len] = '\0';
		if (amount_read(ret, &read) && read == value)
			return true;
	}
	return false;
}

bool amount_take(const struct answer *answer, const json_t *value,
		 const char *name, char ret[AMOUNT_MAX])
{
	const char *text = json_string_value(value);
	double read;

	if (text) {
		text += strspn(text, " ");
		if (strlen(text) >= AMOUNT_MAX || !amount_read(text, &read))
			return false;
		snprintf(ret, AMOUNT_MAX, "%s", text);
		return true;
	}
	if (json_is_integer(value)) {
		snprintf(ret, AMOUNT_MAX, "%" PRId64,
			 (int64_t)json_integer_value(value));
		return true;
	}
	if (!json_is_real(value))
		return false;
	read = json_real_value(value);
	if (!raw_number(answer, name, read, ret))
		snprintf(ret, AMOUNT_MAX, "%.15g", read);
	return true;
}
