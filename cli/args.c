#include "cli/args.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/exits.h"
#include "shared/table.h"

static const struct opt_spec specs[] = {
	[OPT_BASE_URL]	      = { "base-url", 0, "URL", false, "address" },
	[OPT_NAME]	      = { "name", 0, "TEXT", false, "a name for people" },
	[OPT_PUBLIC_BASE_URL] = { "public-base-url", 0, "URL", false,
				  "the host's address as its users reach it" },
	[OPT_AUTH_TYPE]	      = { "auth-type", 0, "api_key|bearer|password",
				  false, "what the token file holds" },
	[OPT_ADMIN_EMAIL]     = { "admin-email", 0, "EMAIL", false,
				  "whose password it is" },
	[OPT_HOST_TOKEN_FILE] = { "token-file", 0, "FILE", false,
				  "holds the host's token or password; - is"
				  " stdin" },
	[OPT_PROXY_FILE]      = { "proxy-file", 0, "FILE", false,
				  "holds the URL of the proxy to it" },
	[OPT_NO_PROXY]	      = { "no-proxy", 0, NULL, false,
				  "go without a proxy again" },
	[OPT_PEER_CA_FILE]    = { "ca-file", 0, "FILE", false,
				  "PEM: its certificates to trust, too" },
	[OPT_NO_CA]	      = { "no-ca", 0, NULL, false,
				  "trust the system's certificates only" },
	[OPT_PHRASE]	      = { "phrase", 0, "TEXT", false,
				  "the sentence that accepts it" },
	[OPT_PHRASE_FILE]     = { "phrase-file", 0, "FILE", false,
				  "holds that sentence; - is stdin" },
	[OPT_HOST]	      = { "host", 0, "HOST_ID", false,
				  "the host: its id, name or base URL" },
	[OPT_KEY_FILE]	      = { "key-file", 0, "FILE", false,
				  "holds the provider's key; - is stdin" },
	[OPT_MODEL]	      = { "model", 0, "NAME", true, "a model to ask for" },
	[OPT_FILE]	      = { "file", 'f', "FILE", false,
				  "keys: CSV, JSON lines, or JSON; - is"
				  " stdin" },
	[OPT_FORM]	      = { "form", 0, "csv|jsonl|json", false,
				  "form of the file, instead of its ending" },
	[OPT_LABEL]	      = { "label", 0, "TEXT", false,
				  "what the key is called" },
	[OPT_NOTE]	      = { "note", 0, "TEXT", false,
				  "what else is to be said of it" },
	[OPT_SELECTOR]	      = { "user", 0, "SELECTOR", true,
				  "a managed user that gets access" },
	[OPT_DAYS]	      = { "days", 0, "N", false, "how long it is valid" },
	[OPT_ACCESS_MODE]     = { "access-mode", 0,
				  "subscription|self_service", false,
				  "how users get at it" },
	[OPT_PROBE_KEY_FILE]  = { "probe-key-file", 0, "FILE", false,
				  "holds a user's key to prove with" },
	[OPT_ACCESS_KEY_FILE] = { "access-key-file", 0, "FILE", false,
				  "holds a user's key; he is given access" },
	[OPT_REBIND]	      = { "rebind", 0, NULL, false,
				  "the user's key may be moved here" },
	[OPT_STRICT]	      = { "strict", 0, NULL, false,
				  "import nothing if a row is wrong" },
	[OPT_CANARY]	      = { "canary", 0, "N", false,
				  "prove so many first, then the rest" },
	[OPT_STOP_AFTER]      = { "stop-after", 0, "K", false,
				  "hold the rest after K failures alike" },
	[OPT_ONLY]	      = { "only", 0, "failed|cancelled", false,
				  "which items; else those that failed" },
	[OPT_WAIT]	      = { "wait", 0, NULL, false,
				  "watch until it has ended" },
	[OPT_TIMEOUT]	      = { "timeout", 0, "SECONDS", false,
				  "watch no longer than this" },
	[OPT_STATE]	      = { "state", 0, "STATE", false, "only these" },
	[OPT_QUERY]	      = { "query", 'q', "TEXT", false,
				  "only those whose names begin with this" },
	[OPT_LIMIT]	      = { "limit", 0, "N", false, "at most so many" },
	[OPT_STAGE]	      = { "stage", 0, "STAGE", false,
				  "only items at this stage" },
	[OPT_ACCESS]	      = { "access", 0, "STATUS", false,
				  "only items of this access status" },
	[OPT_WARNING]	      = { "warning", 0, NULL, false,
				  "only items that have a warning" },
	[OPT_CONFIRMATION]    = { "confirmation", 0, "STATUS", false,
				  "only items of this confirmation status" },
	[OPT_CLASS]	      = { "class", 0, "CLASS", false,
				  "only those that failed like this" },
	[OPT_PROVIDER]	      = { "provider", 0, "PROVIDER_ID", false,
				  "only of this provider" },
	[OPT_ENDPOINT]	      = { "provider", 0, "ID", false,
				  "as this endpoint calls them: deepseek,"
				  " kimi-coding ..." },
	[OPT_LISTED]	      = { "listed", 0, "FILE", false,
				  "among these: a name a line, or the answer"
				  " of GET /models" },
	[OPT_STATUS]	      = { "status", 0, "STATUS", false,
				  "only of this status" },
	[OPT_SURFACES]	      = { "surfaces", 0, NULL, false,
				  "try every way of calling, too" },
	[OPT_CONCURRENCY]     = { "concurrency", 0, "N", false,
				  "calls at a time; 0: the setting's" },
	[OPT_RATE]	      = { "requests-per-minute", 0, "N", false,
				  "0: the setting's" },
	[OPT_ALL]	      = { "all", 0, NULL, false,
				  "those that no longer hold, too" },
	[OPT_SET]	      = { "set", 0, "MODEL", true,
				  "a model of the new set, instead of all" },
	[OPT_ADD]	      = { "add", 0, "MODEL", true, "a model more" },
	[OPT_REMOVE]	      = { "remove", 0, "NAME", true,
				  "a model or an alias less" },
	[OPT_ALIAS]	      = { "alias", 0, "NAME=MODEL", true,
				  "another name of a model" },
	[OPT_APPLY]	      = { "apply", 0, NULL, false,
				  "do what the preview shows" },
	[OPT_OVERLAP]	      = { "overlap", 0, "SECONDS", false,
				  "how long the old key is kept" },
	[OPT_OLD_KEY_REVOKED] = { "old-key-revoked", 0, NULL, false,
				  "the old key is dead already: hurry" },
	[OPT_FINGERPRINT]     = { "fingerprint", 0, "FINGERPRINT", false,
				  "of the key" },
	[OPT_FORGET]	      = { "forget", 0, NULL, false,
				  "all that CRM knows of it; the host is left as it is" },
	[OPT_FORCE]	      = { "force", 0, NULL, false,
				  "even if another CRM made it, or the host shows none" },
	[OPT_SCOPE]	      = { "scope", 0, "read|operate|admin", false,
				  "what the token may do" },
	[OPT_DIR]	      = { "dir", 0, "DIR", false, "where the files go" },
	[OPT_SYSTEM_USER]     = { "user", 0, "NAME", false,
				  "who owns the database, if root runs this" },
	[OPT_SIGN]	      = { "sign", 0, "KEYFILE", false,
				  "sign it with this key" },
	[OPT_OUT_FILE]	      = { "output", 'o', "FILE", false,
				  "what to write; else PACK_ID-VERSION.tar.gz" },
	[OPT_ACTIVATE]	      = { "activate", 0, "yes|no", false,
				  "make it count, or not; else the latest does" },
	[OPT_PACK]	      = { "pack", 0, "PACK_ID", false,
				  "only of this pack" },
	[OPT_VENDOR]	      = { "vendor", 0, "VENDOR", false,
				  "only of this vendor" },
	[OPT_PLAN]	      = { "plan", 0, "PLAN", false,
				  "only of this plan" },
	[OPT_REGION]	      = { "region", 0, "REGION", false,
				  "only of this region" },
	[OPT_PACK_DIR]	      = { "pack", 0, "DIR", false,
				  "the pack's folder, instead of"
				  " openai-cn-pack" },
	[OPT_PRIVATE]	      = { "allow-private", 0, NULL, false,
				  "loopback and private addresses, too" },
	[OPT_PROVIDER_ID]     = { "provider-id", 0, "PROVIDER_ID", false,
				  "whose overlay" },
	[OPT_HOST_VERSION]    = { "host-version", 0, "VERSION", false,
				  "of the host, as 0.1.129" },
	[OPT_SOURCE]	      = { "source", 0, "DIR", false,
				  "the stock source; it is only read" },
	[OPT_TREE]	      = { "output", 0, "DIR", false,
				  "where the patched copy goes; it must not be"
				  " there" },
	[OPT_HOSTS]	      = { "host", 0, "HOST_ID", true,
				  "a host, by id, name or base URL; of several"
				  " the first goes ahead" },
	[OPT_KEY_FILES]	      = { "key-file", 0, "FILE", true,
				  "a key of the provider" },
	[OPT_ACCEPT_TERMS]    = { "accept-plan-terms", 0, NULL, false,
				  "though its plan forbids that many use it" },
	[OPT_ACTOR]	      = { "actor", 0, "token|schedd|machine", false,
				  "only what such a one did" },
	[OPT_ACTION]	      = { "action", 0, "NAME", false,
				  "only this, host.update, or all of host" },
	[OPT_OBJECT]	      = { "object", 0, "ID", false,
				  "only what was done to this" },
	[OPT_TOKEN]	      = { "by", 0, "TOKEN_ID", false,
				  "only what was done for this token" },
	[OPT_REQUEST]	      = { "request", 0, "REQUEST_ID", false,
				  "only what this request did" },
	[OPT_SINCE]	      = { "since", 0, "TIME", false,
				  "not before, as 2026-01-31T08:00:00Z" },
	[OPT_UNTIL]	      = { "until", 0, "TIME", false, "not after" },
	[OPT_EXPECT]	      = { "expect", 0, "SEQ:HASH", false,
				  "a head that was kept; it must still be"
				  " there" },
	[OPT_MIRROR_URL]      = { "mirror-url", 0, "URL", false,
				  "a mirror of the provider's own address" },
	[OPT_IGNORE_PACKS]    = { "ignore-packs", 0, NULL, false,
				  "by the address alone, though a pack knows it" },
	[OPT_SITE_FILE]	      = { "output", 'o', "FILE", false,
				  "what to write, a new file; else it is"
				  " printed" },
	[OPT_SITE]	      = { "file", 'f', "FILE", false,
				  "site.yaml; - is stdin" },
	[OPT_YES]	      = { "yes", 0, NULL, false, "the same as --apply" },
	[OPT_PRUNE]	      = { "prune", 0, NULL, false,
				  "remove what is not in the file, too" },
	[OPT_URL]	      = { "url", 0, "URL", false,
				  "address of the API [CRM_URL]" },
	[OPT_TOKEN_FILE]      = { "token-file", 0, "FILE", false,
				  "holds the API token [CRM_TOKEN_FILE]" },
	[OPT_CA_FILE]	      = { "ca-file", 0, "FILE", false,
				  "certificates to trust [CRM_CA_FILE]" },
	[OPT_CONTEXT]	      = { "context", 0, "FILE", false,
				  "instead of ~/.config/crm/config" },
	[OPT_CONFIG]	      = { "config", 0, "FILE", false,
				  "settings of the machine [CRM_CONF]" },
	[OPT_OUTPUT]	      = { "output", 'o', "table|json|yaml", false,
				  "form of what is printed" },
	[OPT_LANG]	      = { "lang", 0, "zh|en", false,
				  "instead of the language of the terminal" },
	[OPT_VERSION]	      = { "version", 0, NULL, false,
				  "print the version of crmctl" },
	[OPT_HELP]	      = { "help", 'h', NULL, false, "print the usage" },
};

_Static_assert(COUNT(specs) == OPT__MAX, "describe every option");
_Static_assert(OPT__MAX <= 128, "a bit for every option");

const struct opt_spec *opt_spec(enum opt opt)
{
	return &specs[opt];
}

void args_done(struct args *args)
{
	free(args->list);
	*args = (struct args){ 0 };
}

int args_refuse(struct err *err, const char *fmt, ...)
{
	va_list args;
	AUTO_FREE char *text = NULL;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		abort();
	va_end(args);
	err_set(err, ERR_INVALID, "%s", text);
	return err_code(err, EXITS_CODE_USAGE);
}

/* `word` is "--name", "--name=value" or "-x". */
static bool spec_matches(const struct opt_spec *spec, const char *word)
{
	size_t len;

	if (word[1] != '-')
		return spec->letter && word[1] == spec->letter && !word[2];
	len = strcspn(word + 2, "=");
	return strlen(spec->name) == len &&
	       strncmp(spec->name, word + 2, len) == 0;
}

static bool find(const char *word, opt_bits among, enum opt *ret)
{
	for (size_t i = 0; i < OPT__MAX; i++) {
		if ((among & OPT_BIT(i)) && spec_matches(&specs[i], word)) {
			*ret = (enum opt)i;
			return true;
		}
	}
	return false;
}

static void add(struct args *args, enum opt opt, const char *value)
{
	args->list = xrealloc(args->list,
			      (args->count + 1) * sizeof(*args->list));
	args->list[args->count++] = (struct arg){ opt, value };
}

static int read_option(struct args *args, const char *const *argv, size_t *at,
		       opt_bits own, struct err *err)
{
	const char *word = argv[(*at)++];
	const char *inside = word[1] == '-' ? strchr(word, '=') : NULL;
	enum opt opt;

	if (!find(word, own, &opt) && !find(word, OPT_GLOBAL_BITS, &opt))
		return args_refuse(err, "unknown option %s", word);
	if (!specs[opt].value && inside)
		return args_refuse(err, "--%s takes no value", specs[opt].name);
	if (!specs[opt].repeats && args_has(args, opt))
		return args_refuse(err, "--%s was given twice",
				   specs[opt].name);
	if (!specs[opt].value)
		add(args, opt, NULL);
	else if (inside)
		add(args, opt, inside + 1);
	else if (argv[*at])
		add(args, opt, argv[(*at)++]);
	else
		return args_refuse(err, "--%s wants a value: %s",
				   specs[opt].name, specs[opt].value);
	return 0;
}

int args_read(struct args *args, const char *const *argv, size_t *at,
	      opt_bits own, bool first_word, struct err *err)
{
	while (argv[*at]) {
		const char *word = argv[*at];

		if (word[0] == '-' && word[1]) {
			if (read_option(args, argv, at, own, err))
				return -1;
			continue;
		}
		if (first_word)
			break;
		if (args->nwords == ARGS_WORDS_MAX)
			return args_refuse(err, "too many words");
		args->words[args->nwords++] = word;
		(*at)++;
	}
	return 0;
}

const char *args_each(const struct args *args, enum opt opt, size_t *at)
{
	while (*at < args->count) {
		const struct arg *arg = &args->list[(*at)++];

		if (arg->opt == opt)
			return arg->value;
	}
	return NULL;
}

bool args_has(const struct args *args, enum opt opt)
{
	for (size_t i = 0; i < args->count; i++)
		if (args->list[i].opt == opt)
			return true;
	return false;
}

const char *args_get(const struct args *args, enum opt opt)
{
	size_t at = 0;

	return args_each(args, opt, &at);
}

int args_number(const struct args *args, enum opt opt, int64_t min,
		int64_t max, int64_t *ret, struct err *err)
{
	const char *text = args_get(args, opt);
	int64_t value;
	char *end;

	if (!text)
		return 0;
	errno = 0;
	value = strtoll(text, &end, 10);
	if (errno || end == text || *end || value < min || value > max)
		return args_refuse(err, "--%s must be a number from %" PRId64
				   " to %" PRId64, specs[opt].name, min, max);
	*ret = value;
	return 0;
}
