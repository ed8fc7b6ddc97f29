#include "cli/host_name.h"

#include <string.h>

#include "cli/api.h"

#define WORD "HOST_ID"
#define ID_PREFIX "hst_"
#define IDS_TOLD_MAX 200	/* bytes */

static bool is_id(const char *text)
{
	return strncmp(text, ID_PREFIX, strlen(ID_PREFIX)) == 0;
}

/* A slash at the end of a URL says nothing. */
static bool is_url(const json_t *host, const char *name)
{
	const char *url = api_text(host, "base_url");
	size_t len = strlen(name);

	while (len > 0 && name[len - 1] == '/')
		len--;
	return len > 0 && strlen(url) == len && strncmp(url, name, len) == 0;
}

static int refuse(size_t n, const char *name, const struct buf *ids,
		  struct err *err)
{
	if (n > 1)
		return args_refuse(err, "%zu hosts are called '%s': say which,"
				   " by id: %s", n, name, buf_str(ids));
	return err_set(err, ERR_NOT_FOUND, "no host is called '%s'; `crmctl "
		       "host list` tells ids, names and URLs", name);
}

int host_name_find(const json_t *hosts, const char *name, const char **ret,
		   struct err *err)
{
	CLEANUP(buf_done) struct buf ids = { .max = IDS_TOLD_MAX };
	const char *found = NULL;
	const json_t *host;
	size_t i, n = 0;

	json_array_foreach(hosts, i, host) {
		if ((!*name || strcmp(api_text(host, "name"), name) != 0) &&
		    !is_url(host, name))
			continue;
		found = api_text(host, "host_id");
		buf_addf(&ids, "%s%s", n++ ? ", " : "", found);
	}
	if (n != 1)
		return refuse(n, name, &ids, err);
	*ret = found;
	return 0;
}

static int resolve(struct call *call, const char **value, struct err *err)
{
	static const char *const all[] = { NULL };

	if (is_id(*value))
		return 0;
	if (!call->hosts && api_list(call, API_HOSTS, all, 0, &call->hosts,
				     err))
		return -1;
	return host_name_find(call->hosts, *value, value, err);
}

/* Is the `n`-th word of the command a host?  "host ID" of two names one. */
static bool is_host(const struct call *call, size_t n)
{
	const char *at = call->command->words;

	for (size_t i = 0; i < n; i++) {
		at += strcspn(at, " ");
		at += strspn(at, " ");
	}
	if (strncmp(at, WORD, strlen(WORD)) == 0)
		return true;
	return n == 1 && strncmp(at, "ID", 2) == 0 &&
	       strcmp(call->args.words[0], "host") == 0;
}

int host_name_resolve(struct call *call, struct err *err)
{
	struct args *args = &call->args;

	for (size_t i = 0; i < args->nwords; i++)
		if (is_host(call, i) && resolve(call, &args->words[i], err))
			return -1;
	for (size_t i = 0; i < args->count; i++)
		if ((args->list[i].opt == OPT_HOST ||
		     args->list[i].opt == OPT_HOSTS) &&
		    resolve(call, &args->list[i].value, err))
			return -1;
	return 0;
}
