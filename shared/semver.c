#include "shared/semver.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define NUMBERS 3
#define DIGITS_MAX 9

/* The end of a number without needless zeros; NULL if there is none. */
static const char *skip_number(const char *text)
{
	size_t n = strspn(text, "0123456789");

	if (n == 0 || n > DIGITS_MAX || (n > 1 && *text == '0'))
		return NULL;
	return text + n;
}

/* One or more identifiers between dots; NULL if one is empty. */
static const char *skip_identifiers(const char *text)
{
	const char *at = text;

	while (isalnum((unsigned char)*at) || *at == '-' || *at == '.')
		at++;
	if (at == text || *text == '.' || at[-1] == '.')
		return NULL;
	for (const char *c = text; c + 1 < at; c++)
		if (c[0] == '.' && c[1] == '.')
			return NULL;
	return at;
}

bool semver_is_valid(const char *text)
{
	if (strlen(text) > SEMVER_MAX)
		return false;
	for (int i = 0; i < NUMBERS && text; i++) {
		text = skip_number(text);
		if (text && i < NUMBERS - 1)
			text = *text == '.' ? text + 1 : NULL;
	}
	if (text && *text == '-')
		text = skip_identifiers(text + 1);
	if (text && *text == '+')
		text = skip_identifiers(text + 1);
	return text && *text == '\0';
}

static int sign(long long n)
{
	return (n > 0) - (n < 0);
}

/* One identifier of a pre-release; its length in *ret. */
static bool is_number(const char *id, size_t *ret)
{
	*ret = strcspn(id, ".+");
	return strspn(id, "0123456789") == *ret;
}

static int compare_identifier(const char *a, const char *b)
{
	size_t na, nb, n;
	bool a_is = is_number(a, &na), b_is = is_number(b, &nb);
	int order;

	if (a_is != b_is)
		return a_is ? -1 : 1;	/* numbers come first */
	if (a_is && na != nb)
		return na < nb ? -1 : 1;
	n = na < nb ? na : nb;
	order = strncmp(a, b, n);
	return order ? sign(order) : sign((long long)na - (long long)nb);
}

/* Both behind their '-'.  A longer list of equals comes later. */
static int compare_pre_release(const char *a, const char *b)
{
	for (;;) {
		int order = compare_identifier(a, b);

		if (order)
			return order;
		a += strcspn(a, ".+");
		b += strcspn(b, ".+");
		if (*a != '.' || *b != '.')
			return (*a == '.') - (*b == '.');
		a++;
		b++;
	}
}

int semver_compare(const char *a, const char *b)
{
	for (int i = 0; i < NUMBERS; i++) {
		char *enda, *endb;
		long long na = strtoll(a, &enda, 10), nb = strtoll(b, &endb, 10);

		if (na != nb)
			return sign(na - nb);
		a = enda + (i < NUMBERS - 1);
		b = endb + (i < NUMBERS - 1);
	}
	if (*a != '-' || *b != '-')	/* a release comes after its candidates */
		return (*b == '-') - (*a == '-');
	return compare_pre_release(a + 1, b + 1);
}
