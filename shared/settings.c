#include "shared/settings.h"

#include <string.h>
#include <unistd.h>

#include "shared/cfg.h"
#include "shared/provider_plan.h"
#include "shared/proxy.h"
#include "shared/seal.h"
#include "shared/table.h"

#define DEFAULT_FILE "/etc/crm/crm.conf"

#define TEXT(path, m, otherwise, env, help) \
	{ path, CFG_TYPE_STRING, offsetof(struct settings, m), otherwise, \
	  0, 0, 0, env, help }
#define NUMBER(path, m, otherwise, lo, hi, help) \
	{ path, CFG_TYPE_INT, offsetof(struct settings, m), NULL, \
	  otherwise, lo, hi, NULL, help }
#define FLAG(path, m, otherwise, env, help) \
	{ path, CFG_TYPE_BOOL, offsetof(struct settings, m), NULL, \
	  otherwise, 0, 0, env, help }

static const struct cfg_field fields[] = {
	TEXT("database", database, "/var/lib/crm/crm.db",
	     "SUB2API_CRM_SQLITE_DSN",
	     "State database: a path, or file:PATH?_busy_timeout=MS"),
	TEXT("runtime_dir", runtime_dir, "/run/crm", "CRM_RUNTIME_DIR",
	     "Folder of the wake-up socket and of the locks"),
	TEXT("keys.public", seal_public, "/etc/crm/seal.pub", NULL,
	     "Public sealing key: for crm-fcgi and crm-schedd"),
	TEXT("keys.private", seal_private, "/etc/crm/seal.key",
	     "CRM_SEAL_PRIVATE", "Private sealing key: for crm-schedd alone"),
	TEXT("keys.fingerprint", fingerprint_key, "/etc/crm/fingerprint.key",
	     NULL, "Key of the fingerprints"),

	NUMBER("api.body_max", body_max, 4 << 20, 1024, 64 << 20,
	       "Bytes of a request body, at most; nginx has this too"),
	NUMBER("api.items_max", items_max, 10000, 1, 100000,
	       "Items of a run, at most"),
	NUMBER("api.wait_max_s", wait_max_s, 25, 0, 120,
	       "Seconds that Prefer: wait may ask for, at most"),
	NUMBER("api.wait_slots", wait_slots, 2, 0, 64,
	       "Workers that may hold a reply at once"),
	NUMBER("api.idempotency_hours", idempotency_hours, 24, 1, 720,
	       "Hours for which an Idempotency-Key is remembered"),

	NUMBER("packs.bundle_max", bundle_max, 8 << 20, 65536, 64 << 20,
	       "Bytes of a pack's bundle, at most; nginx has this too"),
	TEXT("packs.trusted_keys", trusted_keys, "", NULL,
	     "Public keys of those whose packs are taken, between blanks"),
	FLAG("packs.require_signature", require_signature, false, NULL,
	     "Whether packs that none of them signed are refused"),
	FLAG("packs.match_urls", match_urls, true, NULL,
	     "Whether imports by URL go by what the packs know of the URL"),
	TEXT("packs.usd_rate_cny", usd_rate_cny, "", NULL,
	     "CNY that one USD is, for prices of packs; empty: not converted"),

	NUMBER("exchange.connect_timeout_ms", connect_timeout_ms, 5000, 100,
	       60000, "Milliseconds to reach a peer"),
	NUMBER("exchange.timeout_ms", exchange_timeout_ms, 30000, 100, 300000,
	       "Milliseconds for a call of a host's management API"),
	NUMBER("exchange.chat_timeout_ms", chat_timeout_ms, 60000, 100,
	       600000, "Milliseconds for a completion"),
	NUMBER("exchange.answer_max", answer_max, 8 << 20, 4096, 256 << 20,
	       "Bytes of an answer, at most"),
	TEXT("exchange.proxy", proxy, "", NULL,
	     "Proxy for all calls, as a URL; the environment's is not used"),
	TEXT("exchange.ca_file", ca_file, "", NULL,
	     "Certificates to trust beside the system's"),
	FLAG("exchange.private_hosts", private_hosts, true,
	     "CRM_PRIVATE_HOSTS",
	     "Whether hosts may have loopback and private addresses"),
	FLAG("exchange.private_providers", private_providers, false,
	     "CRM_PRIVATE_PROVIDERS",
	     "Whether providers may have loopback and private addresses"),

	NUMBER("limits.concurrency", concurrency, 256, 1, 4000,
	       "Exchanges under way at once, in all"),
	NUMBER("limits.host", host_concurrency, 32, 1, 1000,
	       "Exchanges under way with one host"),
	NUMBER("limits.provider", provider_concurrency, 16, 1, 1000,
	       "Exchanges under way with one provider's endpoint"),
	NUMBER("limits.key", key_concurrency, 2, 1, 100,
	       "Exchanges under way with one provider key"),
	NUMBER("limits.logins_per_minute", logins_per_minute, 15, 1, 1000,
	       "Logins on one host; a stock host refuses more than 20"),
	NUMBER("limits.user_calls_per_minute", user_calls_per_minute, 200, 1,
	       100000, "Calls with a user's token; 0.1.179 refuses over 240"),
	NUMBER("limits.host_per_minute", host_per_minute, 0, 0, 100000,
	       "Requests to one host in a minute; 0 for no limit"),
	NUMBER("limits.provider_per_minute", provider_per_minute, 0, 0,
	       100000,
	       "Requests to one provider's endpoint in a minute; 0: no limit"),
	NUMBER("limits.background_tokens_per_day", background_tokens_per_day,
	       200000, 0, INT64_C(1) << 40,
	       "Tokens for proofs in the background, an endpoint; 0: no limit"),

	NUMBER("engine.poll_ms", poll_ms, 250, 10, 10000,
	       "Milliseconds between looks, should a wake-up get lost"),
	NUMBER("engine.lease_ms", lease_ms, 120000, 1000, 3600000,
	       "Milliseconds after which a dead worker's task is taken over"),
	NUMBER("engine.warm_up_ms", warm_up_ms, 30000, 0, 600000,
	       "Milliseconds in which a fresh account may answer 503"),
	NUMBER("engine.flag_wait_ms", flag_wait_ms, 10000, 0, 60000,
	       "Milliseconds to wait for the probe of a 0.1.126 host"),
	NUMBER("engine.attempts_max", attempts_max, 6, 1, 100,
	       "Times that a step is tried when it fails in passing"),
	NUMBER("engine.retry_first_ms", retry_first_ms, 500, 1, 600000,
	       "Milliseconds before the first repeat; doubled each time"),
	NUMBER("engine.retry_max_ms", retry_max_ms, 60000, 1, 3600000,
	       "Milliseconds between repeats, at most"),
	NUMBER("engine.proof_hours", proof_hours, 24, 1, 8760,
	       "Hours after which a proof is stale"),
	TEXT("engine.probe_from", probe_from, "auto", NULL,
	     "Whose view of a provider gates an import: auto, crm, host"),

	TEXT("probe.capabilities", capabilities, "basic", NULL,
	     "What is asked of a key after its import: off, basic, full"),
	NUMBER("probe.capability_hours", capability_hours, 24, 0, 8760,
	       "Hours for which what was learnt of a key is not asked again"),
	NUMBER("probe.capability_models", capability_models, 1, 1, 5,
	       "Models of a key that are asked, the smoke model first"),
	NUMBER("probe.capability_probes", capability_probes, 20, 0, 1000,
	       "Requests a day for it with one key, at most"),
	NUMBER("probe.capability_tokens", capability_tokens, 10000, 0,
	       1000000, "Tokens a day for it with one key, at most"),
	NUMBER("probe.capability_at_once", capability_at_once, 4, 1, 1000,
	       "Keys of imports that are asked at once"),

	NUMBER("rotation.overlap_s", key_overlap_s, 60, 2, 86400,
	       "Seconds for which an old key is kept: 2 and the longest request"),

	NUMBER("watch.every_s", watch_every_s, 3600, 0, 2592000,
	       "Seconds between proofs of an access; 0 switches the watch off"),
	NUMBER("watch.recheck_s", watch_recheck_s, 60, 1, 86400,
	       "Seconds after which an access that failed is proven again"),
	NUMBER("watch.at_once", watch_at_once, 8, 1, 1000,
	       "Checks of the watch under way at once"),
	NUMBER("watch.quorum", watch_quorum, 3, 1, 100,
	       "Failures of one class until an access is called broken"),
	NUMBER("watch.window_min", watch_window_min, 60, 1, 10080,
	       "Minutes in which these failures count"),
	NUMBER("watch.repairs", watch_repairs, 3, 1, 100,
	       "Repairs of one account that somebody may undo before CRM stops"),
	NUMBER("watch.repairs_hours", watch_repairs_hours, 24, 1, 8760,
	       "Hours in which these repairs count"),
	NUMBER("watch.host_hours", watch_host_hours, 24, 0, 8760,
	       "Hours between probes of a host; 0 for none"),

	NUMBER("top_up.amount", top_up_amount, 1, 0, 10000,
	       "Balance that a managed user of self service gets; 0: none"),
	NUMBER("top_up.per_day", top_up_per_day, 20, 0, 1000000,
	       "All that of one host in 24 hours, at most; 0: no limit"),
	NUMBER("top_up.per_month", top_up_per_month, 200, 0, 10000000,
	       "All that of one host in 30 days, at most; 0: no limit"),

	NUMBER("audit.keep_days", audit_keep_days, 0, 0, 36500,
	       "Days after which rows of the audit log are dropped; 0: never"),
	NUMBER("reconcile.every_minutes", reconcile_every_min, 360, 0, 43200,
	       "Minutes between reconciles of a host; 0 for none"),
	FLAG("reconcile.export_keys", reconcile_export_keys, false, NULL,
	     "Whether keys that a host hides are compared by its export"),
};

static const char *const probe_places[] = { "auto", "crm", "host" };
static const char *const capability_levels[] = { "off", "basic", "full" };

static int check_proxy(const char *url, struct err *err)
{
	AUTO_FREE char *shown = NULL;
	bool secret;

	if (*url == '\0')
		return 0;
	if (proxy_check(url, &shown, &secret, err))
		return err_wrap(err, "exchange.proxy");
	return 0;
}

static int check_signers(const struct settings *s, struct err *err)
{
	AUTO_FREE char *text = xstrdup(s->trusted_keys);
	char *rest = text, *key;
	int n = 0;

	while ((key = strsep(&rest, " ,\t\r\n")) != NULL) {
		if (*key == '\0')
			continue;
		if (!seal_is_signer(key))
			return err_set(err, ERR_INVALID, "packs.trusted_keys:"
				       " '%.80s' is no key; it has 64 hex "
				       "digits", key);
		n++;
	}
	if (s->require_signature && n == 0)
		return err_set(err, ERR_INVALID, "packs.require_signature "
			       "needs packs.trusted_keys");
	return 0;
}

static int check_rate(const char *rate, struct err *err)
{
	if (*rate == '\0' || provider_plan_rate(rate) > 0)
		return 0;
	return err_set(err, ERR_INVALID, "packs.usd_rate_cny: '%.40s' is no "
		       "rate; it is a number as 7.12", rate);
}

int settings_read(struct settings *ret, const char *file, struct err *err)
{
	CLEANUP(settings_done) struct settings settings = { 0 };
	int place;

	if (cfg_read(fields, COUNT(fields), file, &settings, err) ||
	    check_proxy(settings.proxy, err) ||
	    check_signers(&settings, err) ||
	    check_rate(settings.usd_rate_cny, err))
		return -1;
	if (!table_find(probe_places, COUNT(probe_places), settings.probe_from,
			&place))
		return err_set(err, ERR_INVALID, "engine.probe_from must be "
			       "auto, crm or host");
	if (!table_find(capability_levels, COUNT(capability_levels),
			settings.capabilities, &place))
		return err_set(err, ERR_INVALID, "probe.capabilities must be "
			       "off, basic or full");
	*ret = settings;
	settings = (struct settings){ 0 };
	return 0;
}

void settings_done(struct settings *settings)
{
	cfg_done(fields, COUNT(fields), settings);
	*settings = (struct settings){ 0 };
}

void settings_print(const struct settings *settings, struct buf *out)
{
	cfg_print(fields, COUNT(fields), settings, out);
}

const char *settings_file(const char *option)
{
	const char *env = getenv("CRM_CONF");

	if (option)
		return option;
	if (env && *env)
		return env;
	return access(DEFAULT_FILE, F_OK) == 0 ? DEFAULT_FILE : NULL;
}
