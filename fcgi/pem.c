#include "fcgi/pem.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define DER_SEQUENCE 0x30
#define DER_HEAD 4	/* bytes looked at: no certificate is shorter */

static const char dashes[] = "-----BEGIN ";
static const char begin[] = "-----BEGIN CERTIFICATE-----";
static const char end[] = "-----END CERTIFICATE-----";

/* What is known of bytes that come out of base64: no need to keep them. */
struct der {
	unsigned char head[DER_HEAD];
	size_t len;
	uint32_t bits;
	int nbits;
	int padding;
};

static int value_of(char c)
{
	if (isupper((unsigned char)c))
		return c - 'A';
	if (islower((unsigned char)c))
		return c - 'a' + 26;
	if (isdigit((unsigned char)c))
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* False if the character cannot stand here. */
static bool der_add(struct der *der, char c)
{
	int value = value_of(c);

	if (c == '=')
		return ++der->padding <= 2;
	if (value < 0 || der->padding)
		return false;
	der->bits = der->bits << 6 | (uint32_t)value;
	der->nbits += 6;
	if (der->nbits < 8)
		return true;
	der->nbits -= 8;
	if (der->len < DER_HEAD)
		der->head[der->len] = (unsigned char)
			(der->bits >> der->nbits & 255);
	der->len++;
	return true;
}

/* One sequence that is as long as it says: two bytes of length always do. */
static bool is_whole(const struct der *der)
{
	size_t len = (size_t)der->head[2] << 8 | der->head[3];

	return der->len > DER_HEAD && der->head[0] == DER_SEQUENCE &&
	       der->head[1] == 0x82 && len + DER_HEAD == der->len;
}

/* Past the certificate's end, or NULL. */
static const char *skip_one(const char *text)
{
	struct der der = { 0 };

	for (; *text != '\0' && *text != '-'; text++)
		if (!strchr(" \t\r\n", *text) && !der_add(&der, *text))
			return NULL;
	if (strncmp(text, end, sizeof(end) - 1) != 0 || !is_whole(&der))
		return NULL;
	return text + sizeof(end) - 1;
}

const char *pem_why_not(const char *text)
{
	const char *at = strstr(text, dashes);

	if (!at)
		return "must be certificates in PEM: "
		       "-----BEGIN CERTIFICATE----- ...";
	if (strstr(text, "PRIVATE KEY-----"))
		return "holds a private key: give certificates only";
	for (; at; at = strstr(at, dashes)) {
		if (strncmp(at, begin, sizeof(begin) - 1) != 0)
			return "must hold nothing but CERTIFICATE blocks";
		at = skip_one(at + sizeof(begin) - 1);
		if (!at)
			return "has a certificate that is cut short or "
			       "damaged";
	}
	return NULL;
}
