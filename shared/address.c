#include "shared/address.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "shared/own.h"
#include "shared/table.h"

struct prefix {
	bool v6;
	uint8_t bytes[16];
	unsigned bits;
	enum address_kind kind;
};

#define V4(a, b, c, d, bits, kind) { false, { a, b, c, d }, bits, kind }
#define V6(bits, kind, ...) { true, { __VA_ARGS__ }, bits, kind }

/*
 * The first row that fits is right.  From the IANA registries of special
 * addresses (RFC 6890 and those that add to it), and from what clouds say of
 * their metadata services.
 */
static const struct prefix prefixes[] = {
	/* Alibaba Cloud's metadata stands in the carriers' range. */
	V4(100, 100, 100, 200, 32, ADDRESS_METADATA),
	/* Azure's "wire server", though the address looks public. */
	V4(168, 63, 129, 16, 32, ADDRESS_METADATA),
	/* AWS, Azure, GCP, Oracle, Huawei, OpenStack. */
	V4(169, 254, 169, 254, 32, ADDRESS_METADATA),
	/* AWS: credentials of containers and of pods. */
	V4(169, 254, 170, 2, 32, ADDRESS_METADATA),
	V4(169, 254, 170, 23, 32, ADDRESS_METADATA),
	/* Tencent Cloud. */
	V4(169, 254, 0, 23, 32, ADDRESS_METADATA),
	/* Oracle's older one, within the IETF's own range. */
	V4(192, 0, 0, 192, 32, ADDRESS_METADATA),
	V4(0, 0, 0, 0, 8, ADDRESS_RESERVED),		/* RFC 791 */
	V4(10, 0, 0, 0, 8, ADDRESS_PRIVATE),		/* RFC 1918 */
	V4(100, 64, 0, 0, 10, ADDRESS_PRIVATE),		/* RFC 6598 */
	V4(127, 0, 0, 0, 8, ADDRESS_LOOPBACK),		/* RFC 1122 */
	V4(169, 254, 0, 0, 16, ADDRESS_LINK_LOCAL),	/* RFC 3927 */
	V4(172, 16, 0, 0, 12, ADDRESS_PRIVATE),		/* RFC 1918 */
	V4(192, 0, 0, 0, 24, ADDRESS_RESERVED),		/* RFC 6890 */
	V4(192, 0, 2, 0, 24, ADDRESS_RESERVED),		/* RFC 5737 */
	V4(192, 88, 99, 0, 24, ADDRESS_RESERVED),	/* RFC 7526 */
	V4(192, 168, 0, 0, 16, ADDRESS_PRIVATE),	/* RFC 1918 */
	/*
	 * RFC 2544, for benchmarks.  A machine whose proxy answers every name
	 * with an address of its own takes them from here: its operator
	 * allows private addresses.
	 */
	V4(198, 18, 0, 0, 15, ADDRESS_PRIVATE),
	V4(198, 51, 100, 0, 24, ADDRESS_RESERVED),	/* RFC 5737 */
	V4(203, 0, 113, 0, 24, ADDRESS_RESERVED),	/* RFC 5737 */
	V4(224, 0, 0, 0, 4, ADDRESS_RESERVED),		/* multicast */
	V4(240, 0, 0, 0, 4, ADDRESS_RESERVED),		/* and broadcast */
	V4(0, 0, 0, 0, 0, ADDRESS_PUBLIC),

	V6(128, ADDRESS_RESERVED, 0),			/* unspecified */
	V6(128, ADDRESS_LOOPBACK,			/* ::1 */
	   0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1),
	/* AWS: fd00:ec2::254 and ::23. */
	V6(32, ADDRESS_METADATA, 0xfd, 0x00, 0x0e, 0xc2),
	/* GCP: fd20:ce::254. */
	V6(32, ADDRESS_METADATA, 0xfd, 0x20, 0x00, 0xce),
	V6(7, ADDRESS_PRIVATE, 0xfc),			/* RFC 4193 */
	V6(10, ADDRESS_LINK_LOCAL, 0xfe, 0x80),		/* RFC 4291 */
	V6(10, ADDRESS_PRIVATE, 0xfe, 0xc0),		/* RFC 3879 */
	V6(8, ADDRESS_RESERVED, 0xff),			/* multicast */
	/* Teredo and the IETF's own, RFC 2928. */
	V6(23, ADDRESS_RESERVED, 0x20, 0x01, 0x00),
	V6(32, ADDRESS_RESERVED, 0x20, 0x01, 0x0d, 0xb8), /* RFC 3849 */
	V6(20, ADDRESS_RESERVED, 0x3f, 0xff),		/* RFC 9637 */
	V6(3, ADDRESS_PUBLIC, 0x20),			/* RFC 4291 */
	V6(0, ADDRESS_RESERVED, 0),	/* nothing else is given out */
};

/* IPv6 ranges that hold an IPv4 address, and where in them it stands. */
static const struct {
	struct prefix prefix;
	size_t at;
} embedded[] = {
	/* ::ffff:a.b.c.d, RFC 4291: the socket is an IPv4 one. */
	{ V6(96, ADDRESS_PUBLIC, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff),
	  12 },
	/* ::ffff:0:a.b.c.d, RFC 7915. */
	{ V6(96, ADDRESS_PUBLIC, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff), 12 },
	/* ::a.b.c.d, RFC 4291, out of use. */
	{ V6(96, ADDRESS_PUBLIC, 0), 12 },
	/* 64:ff9b::a.b.c.d, RFC 6052: NAT64. */
	{ V6(96, ADDRESS_PUBLIC, 0x00, 0x64, 0xff, 0x9b), 12 },
	/* 2002:aabb:ccdd::, RFC 3056: 6to4. */
	{ V6(16, ADDRESS_PUBLIC, 0x20, 0x02), 2 },
};

/* Names that lead to the same place wherever they are asked for. */
static const struct {
	const char *name;
	bool below;		/* and every name that ends in it */
	enum address_kind kind;
} names[] = {
	{ "localhost", true, ADDRESS_LOOPBACK },	/* RFC 6761 */
	{ "localhost.localdomain", false, ADDRESS_LOOPBACK },
	{ "ip6-localhost", false, ADDRESS_LOOPBACK },
	{ "metadata.google.internal", true, ADDRESS_METADATA },
	{ "metadata.goog", true, ADDRESS_METADATA },
	{ "instance-data", false, ADDRESS_METADATA },
	{ "instance-data.ec2.internal", false, ADDRESS_METADATA },
	{ "metadata.tencentyun.com", false, ADDRESS_METADATA },
};

static const char *const words[] = {
	[ADDRESS_PUBLIC] = "a public address",
	[ADDRESS_LOOPBACK] = "a loopback address",
	[ADDRESS_PRIVATE] = "a private address",
	[ADDRESS_LINK_LOCAL] = "a link-local address",
	[ADDRESS_METADATA] = "the address of a metadata service",
	[ADDRESS_RESERVED] = "an address of a reserved range",
};
_Static_assert(COUNT(words) == ADDRESS__MAX, "a word for each kind");

bool address_of_socket(const struct sockaddr *at, size_t len,
		       struct address *ret)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	*ret = (struct address){ 0 };
	if (at->sa_family == AF_INET && len >= sizeof(v4)) {
		memcpy(&v4, at, sizeof(v4));
		memcpy(ret->bytes, &v4.sin_addr, 4);
		return true;
	}
	if (at->sa_family == AF_INET6 && len >= sizeof(v6)) {
		memcpy(&v6, at, sizeof(v6));
		memcpy(ret->bytes, &v6.sin6_addr, 16);
		ret->v6 = true;
		return true;
	}
	return false;
}

/* Without the brackets of a URL and the zone of a link. */
static bool parse_v6(const char *text, uint8_t bytes[16])
{
	char plain[INET6_ADDRSTRLEN];
	size_t len;

	if (*text == '[')
		text++;
	len = strcspn(text, "]%");
	if (len >= sizeof(plain))
		return false;
	memcpy(plain, text, len);
	plain[len] = '\0';
	return inet_pton(AF_INET6, plain, bytes) == 1;
}

bool address_parse(const char *text, struct address *ret)
{
	struct in_addr v4;

	*ret = (struct address){ 0 };
	/* inet_aton() ends at a blank, which no address contains. */
	if (!strpbrk(text, " \t\r\n") && inet_aton(text, &v4)) {
		memcpy(ret->bytes, &v4, 4);
		return true;
	}
	ret->v6 = true;
	return parse_v6(text, ret->bytes);
}

const char *address_format(const struct address *address,
			   char ret[ADDRESS_TEXT_MAX])
{
	return inet_ntop(address->v6 ? AF_INET6 : AF_INET, address->bytes,
			 ret, ADDRESS_TEXT_MAX);
}

static bool fits(const struct prefix *prefix, const struct address *address)
{
	size_t whole = prefix->bits / 8;
	unsigned rest = prefix->bits % 8;
	uint8_t mask = (uint8_t)(0xff00 >> rest);

	if (prefix->v6 != address->v6 ||
	    memcmp(prefix->bytes, address->bytes, whole) != 0)
		return false;
	return rest == 0 || ((prefix->bytes[whole] ^ address->bytes[whole]) &
			     mask) == 0;
}

static enum address_kind kind_of(const struct address *address)
{
	for (size_t i = 0; i < COUNT(prefixes); i++)
		if (fits(&prefixes[i], address))
			return prefixes[i].kind;
	return ADDRESS_RESERVED;
}

enum address_kind address_kind(const struct address *address)
{
	static const uint8_t low[15];	/* :: and ::1 hold no IPv4 address */
	struct address inner = { 0 };

	if (!address->v6 || (memcmp(address->bytes, low, sizeof(low)) == 0 &&
			     address->bytes[15] <= 1))
		return kind_of(address);
	for (size_t i = 0; i < COUNT(embedded); i++) {
		if (!fits(&embedded[i].prefix, address))
			continue;
		memcpy(inner.bytes, address->bytes + embedded[i].at, 4);
		return kind_of(&inner);
	}
	return kind_of(address);
}

bool address_allowed(enum address_kind kind, bool private_ok)
{
	if (kind == ADDRESS_LOOPBACK || kind == ADDRESS_PRIVATE)
		return private_ok;
	return kind == ADDRESS_PUBLIC;
}

const char *address_words(enum address_kind kind)
{
	return words[kind];
}

void address_host(const char *url, char ret[ADDRESS_HOST_MAX])
{
	const char *from = strstr(url, "://"), *at;
	size_t len;

	from = from ? from + 3 : url;
	at = memrchr(from, '@', strcspn(from, "/?#"));
	if (at)
		from = at + 1;
	if (*from == '[') {
		from++;
		len = strcspn(from, "]/?#");
	} else {
		len = strcspn(from, ":/?#");
	}
	while (len > 0 && from[len - 1] == '.')
		len--;
	if (len >= ADDRESS_HOST_MAX)
		len = ADDRESS_HOST_MAX - 1;
	memcpy(ret, from, len);
	ret[len] = '\0';
}

static bool is_named(const char *host, const char *name, bool below)
{
	size_t host_len = strlen(host), len = strlen(name);

	if (strcasecmp(host, name) == 0)
		return true;
	return below && host_len > len && host[host_len - len - 1] == '.' &&
	       strcasecmp(host + host_len - len, name) == 0;
}

static enum address_kind kind_of_host(const char *host)
{
	struct address address;

	if (address_parse(host, &address))
		return address_kind(&address);
	for (size_t i = 0; i < COUNT(names); i++)
		if (is_named(host, names[i].name, names[i].below))
			return names[i].kind;
	return ADDRESS_PUBLIC;
}

enum address_kind address_kind_of_url(const char *url)
{
	char host[ADDRESS_HOST_MAX];

	address_host(url, host);
	return kind_of_host(host);
}

int address_check_url(const char *url, bool private_ok, struct err *err)
{
	enum address_kind kind = address_kind_of_url(url);

	if (address_allowed(kind, private_ok))
		return 0;
	return err_set(err, ERR_INVALID, "must not lead to %s", words[kind]);
}
