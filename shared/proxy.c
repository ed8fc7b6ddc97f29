#include "shared/proxy.h"

#include <string.h>
#include <strings.h>

#include "shared/address.h"
#include "shared/endpoint.h"
#include "shared/table.h"

static const char *const schemes[] = {
	"http://", "https://", "socks5://", "socks5h://",
};

static const char *scheme_of(const char *url)
{
	for (size_t i = 0; i < COUNT(schemes); i++)
		if (strncasecmp(url, schemes[i], strlen(schemes[i])) == 0)
			return schemes[i];
	return NULL;
}

/* Credentials are escaped where they need it, so nothing odd is in them. */
static bool is_visible(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text <= 32 || *text >= 127)
			return false;
	return true;
}

static int refuse(struct err *err, const char *why)
{
	return err_set(err, ERR_INVALID, "%s", why);
}

/* Host and port are held to the rules for peers. */
static int check_place(const char *place, struct err *err)
{
	const char *port = strchr(*place == '[' ? place + strcspn(place, "]")
						: place, ':');
	AUTO_FREE char *as_url = xasprintf("http://%s", place);
	AUTO_FREE char *normal = NULL;

	if (strcspn(place, "/") != strlen(place))
		return refuse(err, "must end after host and port");
	/* Every program takes another one for granted. */
	if (!port || port[1] == '\0')
		return refuse(err, "must name its port");
	if (endpoint_normalise(as_url, &normal, err))
		return -1;
	return address_check_url(normal, true, err);
}

/* What follows the credentials, with the '/' that may end it. */
static int show_place(const char *scheme, const char *from, char **ret,
		      struct err *err)
{
	size_t len = strlen(from);
	bool slash = len > 0 && from[len - 1] == '/';
	AUTO_FREE char *place = xstrndup(from, slash ? len - 1 : len);

	if (check_place(place, err))
		return -1;
	*ret = xasprintf("%s%s", scheme, place);
	return 0;
}

int proxy_check(const char *url, char **ret_shown, bool *ret_secret,
		struct err *err)
{
	const char *scheme = scheme_of(url);
	const char *from, *at;

	if (strlen(url) > PROXY_URL_MAX)
		return refuse(err, "must be at most 512 characters long");
	if (!scheme)
		return refuse(err, "must begin with http://, https://, "
			      "socks5:// or socks5h://");
	if (!is_visible(url))
		return refuse(err, "must be visible ASCII without blanks");
	from = url + strlen(scheme);
	at = strrchr(from, '@');
	if (at && memchr(from, '/', (size_t)(at - from)))
		return refuse(err, "must have the / in its credentials as "
			      "%2F");
	*ret_secret = at != NULL;
	return show_place(scheme, at ? at + 1 : from, ret_shown, err);
}
