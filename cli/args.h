/*
 * args: the command line, by table.
 *
 *	crmctl [OPTION of crmctl]... NOUN [VERB] [WORD]... [OPTION]...
 *
 * Options before the noun are those of crmctl itself.  After it the
 * command's own come first and those of crmctl are still understood, so that
 * `--token-file` of `host add` is the host's and everywhere else ours.
 */
#ifndef CLI_ARGS_H
#define CLI_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/err.h"

enum opt {
	/* of commands */
	OPT_BASE_URL,
	OPT_NAME,
	OPT_PUBLIC_BASE_URL,
	OPT_AUTH_TYPE,
	OPT_ADMIN_EMAIL,
	OPT_HOST_TOKEN_FILE,
	OPT_PROXY_FILE,
	OPT_NO_PROXY,
	OPT_PEER_CA_FILE,
	OPT_NO_CA,
	OPT_PHRASE,
	OPT_PHRASE_FILE,
	OPT_HOST,
	OPT_KEY_FILE,
	OPT_MODEL,
	OPT_FILE,
	OPT_FORM,
	OPT_LABEL,
	OPT_NOTE,
	OPT_SELECTOR,
	OPT_DAYS,
	OPT_ACCESS_MODE,
	OPT_PROBE_KEY_FILE,
	OPT_ACCESS_KEY_FILE,
	OPT_REBIND,
	OPT_STRICT,
	OPT_CANARY,
	OPT_STOP_AFTER,
	OPT_ONLY,
	OPT_WAIT,
	OPT_TIMEOUT,
	OPT_STATE,
	OPT_QUERY,
	OPT_LIMIT,
	OPT_STAGE,
	OPT_ACCESS,
	OPT_WARNING,
	OPT_CONFIRMATION,
	OPT_CLASS,
	OPT_PROVIDER,
	OPT_ENDPOINT,
	OPT_LISTED,
	OPT_STATUS,
	OPT_SURFACES,
	OPT_CONCURRENCY,
	OPT_RATE,
	OPT_ALL,
	OPT_SET,
	OPT_ADD,
	OPT_REMOVE,
	OPT_ALIAS,
	OPT_APPLY,
	OPT_OVERLAP,
	OPT_OLD_KEY_REVOKED,
	OPT_FINGERPRINT,
	OPT_FORGET,
	OPT_FORCE,
	OPT_SCOPE,
	OPT_DIR,
	OPT_SYSTEM_USER,
	OPT_SIGN,
	OPT_OUT_FILE,
	OPT_ACTIVATE,
	OPT_PACK,
	OPT_VENDOR,
	OPT_PLAN,
	OPT_REGION,
	OPT_PACK_DIR,
	OPT_PRIVATE,
	OPT_PROVIDER_ID,
	OPT_HOST_VERSION,
	OPT_SOURCE,
	OPT_TREE,
	OPT_HOSTS,
	OPT_KEY_FILES,
	OPT_ACCEPT_TERMS,
	OPT_ACTOR,
	OPT_ACTION,
	OPT_OBJECT,
	OPT_TOKEN,
	OPT_REQUEST,
	OPT_SINCE,
	OPT_UNTIL,
	OPT_EXPECT,
	OPT_MIRROR_URL,
	OPT_IGNORE_PACKS,
	OPT_SITE_FILE,
	OPT_SITE,
	OPT_YES,
	OPT_PRUNE,
	/* of crmctl */
	OPT_URL,
	OPT_TOKEN_FILE,
	OPT_CA_FILE,
	OPT_CONTEXT,
	OPT_CONFIG,
	OPT_OUTPUT,
	OPT_LANG,
	OPT_VERSION,
	OPT_HELP,
	OPT__MAX
};

/* A bit for every option; there may be more of them than a word has. */
typedef unsigned __int128 opt_bits;

#define OPT_BIT(opt) ((opt_bits)1 << (opt))

/* Those of crmctl itself. */
#define OPT_GLOBAL_BITS (~(opt_bits)0 << OPT_URL)

struct opt_spec {
	const char *name;	/* without the dashes */
	char letter;		/* '\0': none */
	const char *value;	/* what stands for its value; NULL: a flag */
	bool repeats;
	const char *help;
};

const struct opt_spec *opt_spec(enum opt opt);

/* An option as it was given.  `value` is borrowed from argv, NULL: a flag. */
struct arg {
	enum opt opt;
	const char *value;
};

#define ARGS_WORDS_MAX 4

/* Zeroed is empty; release with args_done(). */
struct args {
	struct arg *list;
	size_t count;
	const char *words[ARGS_WORDS_MAX];
	size_t nwords;
};

void args_done(struct args *args);

/*
 * Read argv[*at] and what follows: options of `own` and of crmctl itself,
 * and words.  With `first_word` it stops before the first word.  *at is where
 * it stopped.  Errors have the code of a wrong command line.
 */
int args_read(struct args *args, const char *const *argv, size_t *at,
	      opt_bits own, bool first_word, struct err *err) MUST_CHECK;

bool args_has(const struct args *args, enum opt opt);

/* What was given last; NULL if nothing was. */
const char *args_get(const struct args *args, enum opt opt);

/* All values of an option that repeats: start with *at 0; NULL at the end. */
const char *args_each(const struct args *args, enum opt opt, size_t *at);

/* *ret is untouched if the option was not given. */
int args_number(const struct args *args, enum opt opt, int64_t min,
		int64_t max, int64_t *ret, struct err *err) MUST_CHECK;

/* As err_set(), for a wrong command line. */
int args_refuse(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
