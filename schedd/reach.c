#include "schedd/reach.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "shared/buf.h"
#include "shared/table.h"

#define ROOTS_MAX (8 << 20)

_Static_assert(REACH_ERROR_MAX >= CURL_ERROR_SIZE, "curl writes this much");

int reach_roots(const struct settings *settings, char **ret, struct err *err)
{
	CLEANUP(buf_done) struct buf text = { .max = ROOTS_MAX };
	char part[8192];
	FILE *file;
	size_t n;

	*ret = NULL;
	if (*settings->ca_file == '\0')
		return 0;
	file = fopen(settings->ca_file, "re");
	if (!file)
		return err_set(err, ERR_INVALID, "exchange.ca_file '%s': %s",
			       settings->ca_file, strerror(errno));
	while ((n = fread(part, 1, sizeof(part), file)) > 0)
		buf_add(&text, part, n);
	fclose(file);
	if (text.failed)
		return err_set(err, ERR_INVALID, "exchange.ca_file '%s' is "
			       "too large", settings->ca_file);
	*ret = buf_take(&text);
	return 0;
}

static bool judge(struct reach *reach, const struct address *address)
{
	enum address_kind kind = address_kind(address);

	if (address_allowed(kind, reach->private_ok)) {
		reach->allowed++;
		return true;
	}
	reach->refused++;
	reach->kind = kind;
	address_format(address, reach->address);
	return false;
}

static curl_socket_t on_connect(void *arg, curlsocktype purpose,
				struct curl_sockaddr *at)
{
	struct reach *reach = arg;
	struct address address;

	(void)purpose;
	if (!address_of_socket(&at->addr, at->addrlen, &address) ||
	    !judge(reach, &address))
		return CURL_SOCKET_BAD;
	return socket(at->family, at->socktype | SOCK_CLOEXEC, at->protocol);
}

/*
 * A connection may be one that another wire opened, for which more was
 * allowed.
 */
static int on_request(void *arg, char *address_text, char *own_text, int port,
		      int own_port)
{
	struct reach *reach = arg;
	struct address address;

	(void)own_text;
	(void)port;
	(void)own_port;
	if (!address_parse(address_text, &address))
		return CURL_PREREQFUNC_ABORT;
	if (judge(reach, &address))
		return CURL_PREREQFUNC_OK;
	reach->allowed = 0;
	return CURL_PREREQFUNC_ABORT;
}

/*
 * The private CA of a way, besides the system's folder of certificates, which
 * stays in force, and the roots of the settings, which the blob replaces.
 */
static void set_authorities(CURL *easy, const struct wire *wire,
			    const struct settings *settings,
			    const char *roots)
{
	AUTO_FREE char *pem = NULL;
	struct curl_blob blob = { .flags = CURL_BLOB_COPY };

	if (*settings->ca_file) {
		curl_easy_setopt(easy, CURLOPT_CAINFO, settings->ca_file);
		curl_easy_setopt(easy, CURLOPT_PROXY_CAINFO,
				 settings->ca_file);
	}
	if (!wire->ca_pem)
		return;
	pem = xasprintf("%s\n%s", wire->ca_pem, roots ? roots : "");
	blob.data = pem;
	blob.len = strlen(pem);
	curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &blob);
	curl_easy_setopt(easy, CURLOPT_PROXY_CAINFO_BLOB, &blob);
}

/* Does the URL itself say what it leads to, and may that be asked? */
static bool may_ask(struct reach *reach)
{
	enum address_kind kind = address_kind_of_url(reach->wire->url);

	if (address_allowed(kind, reach->wire->private_ok))
		return true;
	reach->refused++;
	reach->kind = kind;
	address_host(reach->wire->url, reach->address);
	return false;
}

bool reach_start(struct reach *ret, void *easy, const struct wire *wire,
		 const struct settings *settings, const char *roots)
{
	*ret = (struct reach){
		.wire = wire,
		.proxy = wire->proxy ? wire->proxy : settings->proxy,
	};
	/* A proxy was named by the operator, wherever it stands. */
	ret->private_ok = *ret->proxy || wire->private_ok;
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, ret->error);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	/* "" is no proxy, and no exception, whatever the environment says. */
	curl_easy_setopt(easy, CURLOPT_PROXY, ret->proxy);
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
	/* Not by Kerberos, which reads files of its own. */
	curl_easy_setopt(easy, CURLOPT_SOCKS5_AUTH, (long)CURLAUTH_BASIC);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_connect);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, ret);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_request);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, ret);
	set_authorities(easy, wire, settings, roots);
	return may_ask(ret);
}

/* What curl's codes mean here; any other is a connection that died. */
static const struct {
	CURLcode code;
	enum transport transport;
} meanings[] = {
	{ CURLE_OK,			 TRANSPORT_OK },
	{ CURLE_COULDNT_RESOLVE_HOST,	 TRANSPORT_DNS },
	{ CURLE_COULDNT_CONNECT,	 TRANSPORT_REFUSED },
	{ CURLE_SSL_CONNECT_ERROR,	 TRANSPORT_TLS },
	{ CURLE_PEER_FAILED_VERIFICATION, TRANSPORT_TLS },
	{ CURLE_SSL_CACERT_BADFILE,	 TRANSPORT_TLS },
	{ CURLE_SSL_ISSUER_ERROR,	 TRANSPORT_TLS },
	{ CURLE_URL_MALFORMAT,		 TRANSPORT_BAD_URL },
	{ CURLE_UNSUPPORTED_PROTOCOL,	 TRANSPORT_BAD_URL },
};

/* What a SOCKS proxy says of the peer, not of itself. */
static const struct {
	CURLproxycode code;
	enum transport transport;
} replies[] = {
	{ CURLPX_REPLY_CONNECTION_REFUSED, TRANSPORT_REFUSED },
	{ CURLPX_REPLY_HOST_UNREACHABLE,   TRANSPORT_TIMEOUT },
	{ CURLPX_REPLY_NETWORK_UNREACHABLE, TRANSPORT_TIMEOUT },
	{ CURLPX_REPLY_TTL_EXPIRED,	   TRANSPORT_TIMEOUT },
	{ CURLPX_RESOLVE_HOST,		   TRANSPORT_DNS },
};

static long info(CURL *easy, CURLINFO what)
{
	long value = 0;

	curl_easy_getinfo(easy, what, &value);
	return value;
}

static bool has_passed(CURL *easy, CURLINFO moment)
{
	curl_off_t at = 0;

	curl_easy_getinfo(easy, moment, &at);
	return at > 0;
}

/* Did the request leave, or begin to? */
static bool was_asked(CURL *easy)
{
	return has_passed(easy, CURLINFO_PRETRANSFER_TIME_T);
}

static bool begins(const char *url, const char *scheme)
{
	return strncasecmp(url, scheme, strlen(scheme)) == 0;
}

/* Does it ask the proxy, by CONNECT, for a tunnel to the peer? */
static bool tunnels(const struct reach *reach)
{
	return begins(reach->wire->url, "https:") &&
	       begins(reach->proxy, "http");
}

/* Was it the proxy that failed, or refused, before the peer had its turn? */
static bool is_of_proxy(const struct reach *reach, CURL *easy, CURLcode code)
{
	long connect = info(easy, CURLINFO_HTTP_CONNECTCODE);

	if (code == CURLE_COULDNT_RESOLVE_PROXY ||
	    code == CURLE_COULDNT_CONNECT || code == CURLE_PROXY)
		return true;
	/* Of an http URL all is asked of the proxy, which alone says this. */
	if (code == CURLE_OK)
		return info(easy, CURLINFO_RESPONSE_CODE) == 407;
	if (code == CURLE_OPERATION_TIMEDOUT &&
	    !has_passed(easy, CURLINFO_CONNECT_TIME_T))
		return true;
	if (info(easy, CURLINFO_PROXY_SSL_VERIFYRESULT) != 0)
		return true;
	return tunnels(reach) && !was_asked(easy) &&
	       code != CURLE_SSL_CACERT_BADFILE && connect / 100 != 2;
}

static enum transport of_proxy(CURL *easy, CURLcode code)
{
	long reply = code == CURLE_PROXY ? info(easy, CURLINFO_PROXY_ERROR)
					 : CURLPX_OK;

	for (size_t i = 0; i < COUNT(replies); i++)
		if ((long)replies[i].code == reply)
			return replies[i].transport;
	return TRANSPORT_PROXY;
}

enum transport reach_end(const struct reach *reach, void *easy, int code)
{
	/* Of several addresses one that may be asked is enough. */
	if (code != CURLE_OK && reach->refused > 0 && reach->allowed == 0)
		return TRANSPORT_FORBIDDEN;
	if (*reach->proxy && is_of_proxy(reach, easy, (CURLcode)code))
		return of_proxy(easy, (CURLcode)code);
	if (code == CURLE_OPERATION_TIMEDOUT)
		return was_asked(easy) ? TRANSPORT_SILENT : TRANSPORT_TIMEOUT;
	/* So curl calls an answer, too, that is no HTTP. */
	if (code == CURLE_UNSUPPORTED_PROTOCOL && was_asked(easy))
		return TRANSPORT_RESET;
	for (size_t i = 0; i < COUNT(meanings); i++)
		if ((int)meanings[i].code == code)
			return meanings[i].transport;
	return TRANSPORT_RESET;
}

/* The words stand in events and on screens. */
static char *printable(const char *text)
{
	char *copy = xstrdup(text);

	for (char *c = copy; *c != '\0'; c++)
		if (*c < 32 || *c > 126)
			*c = '?';
	return copy;
}

static char *why_forbidden(const struct reach *reach)
{
	bool can_be = address_allowed(reach->kind, true);
	const char *setting = reach->wire->private_setting;

	if (can_be && setting && !*reach->proxy)
		return xasprintf("%s is %s; the setting %s allows it",
				 reach->address, address_words(reach->kind),
				 setting);
	if (can_be && setting)
		return xasprintf("%s is %s, behind the proxy; the setting %s "
				 "allows it", reach->address,
				 address_words(reach->kind), setting);
	return xasprintf("%s is %s, which is never asked", reach->address,
			 address_words(reach->kind));
}

char *reach_note(const struct reach *reach, void *easy, int code,
		 enum transport transport)
{
	long connect = info(easy, CURLINFO_HTTP_CONNECTCODE);

	if (transport == TRANSPORT_FORBIDDEN)
		return why_forbidden(reach);
	if (transport == TRANSPORT_OK || transport == TRANSPORT_TOO_LARGE)
		return NULL;
	if (transport == TRANSPORT_PROXY && code == CURLE_OK)
		return xstrdup("the proxy answered 407: it wants other "
			       "credentials");
	if (transport == TRANSPORT_PROXY && connect >= 300)
		return xasprintf("the proxy answered %ld to CONNECT", connect);
	return printable(*reach->error ? reach->error
			 : curl_easy_strerror((CURLcode)code));
}
