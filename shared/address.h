/*
 * address: what an IP address stands for, and whether it may be asked.
 *
 * Base URLs come from whoever may call the API.  So that none of them turns
 * CRM against the network it stands in, addresses that lead into a machine's
 * inside are told apart: metadata services, link-local and reserved ranges
 * are never asked, loopback and private ones only where that is meant.  IPv4
 * addresses inside of IPv6 ones are judged as what they are.  Pure.
 */
#ifndef SHARED_ADDRESS_H
#define SHARED_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "shared/err.h"

enum address_kind {
	ADDRESS_PUBLIC,
	ADDRESS_LOOPBACK,
	ADDRESS_PRIVATE,
	ADDRESS_LINK_LOCAL,
	ADDRESS_METADATA,	/* a cloud hands out credentials there */
	ADDRESS_RESERVED,	/* multicast, documentation, not in use ... */
	ADDRESS__MAX
};

/* Room for an IPv6 address and its NUL. */
#define ADDRESS_TEXT_MAX 46

struct address {
	bool v6;
	uint8_t bytes[16];	/* as on the wire; IPv4: the first four */
};

/* False for what is neither IPv4 nor IPv6. */
bool address_of_socket(const struct sockaddr *at, size_t len,
		       struct address *ret) MUST_CHECK;

/*
 * "10.0.0.1", "::1", "[::1]", "fe80::1%eth0", and the forms that resolvers
 * take for IPv4 as well: "127.1", "0x7f000001", "2130706433".  False for what
 * is no address.
 */
bool address_parse(const char *text, struct address *ret) MUST_CHECK;

/* Returns `ret`. */
const char *address_format(const struct address *address,
			   char ret[ADDRESS_TEXT_MAX]);

enum address_kind address_kind(const struct address *address);

/* May it be asked, where private and loopback addresses are meant or not? */
bool address_allowed(enum address_kind kind, bool private_ok);

/* "a private address", "the address of a metadata service", ... */
const char *address_words(enum address_kind kind);

#define ADDRESS_HOST_MAX 256

/* The host of a URL, without its port, brackets or a dot at its end. */
void address_host(const char *url, char ret[ADDRESS_HOST_MAX]);

/*
 * What the host of a URL stands for without asking a name server: an address
 * written out, or a name that means the same everywhere ("localhost",
 * "metadata.google.internal").  ADDRESS_PUBLIC for any other name: what it
 * leads to is only known when it is asked.
 */
enum address_kind address_kind_of_url(const char *url);

/*
 * ERR_INVALID, in words that follow the name of a field, if the host of the
 * URL may not be asked.
 */
int address_check_url(const char *url, bool private_ok, struct err *err)
	MUST_CHECK;

#endif
