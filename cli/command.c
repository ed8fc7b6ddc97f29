#include "cli/command.h"

#include <string.h>

#define O(opt) OPT_BIT(OPT_##opt)
#define WATCHED (O(TIMEOUT))
#define MACHINE (O(SYSTEM_USER))
#define PROVIDER_KEYS \
	(O(PACK) | O(BASE_URL) | O(MODEL) | O(LABEL) | O(NOTE) | \
	 O(SELECTOR) | O(DAYS) | O(ACCESS_MODE) | O(PROBE_KEY_FILE) | \
	 O(ACCESS_KEY_FILE) | O(REBIND) | O(STRICT) | O(ACCEPT_TERMS) | \
	 O(MIRROR_URL))

const struct command commands[] = {
	{ "host", "add", "", O(BASE_URL) | O(AUTH_TYPE) | O(HOST_TOKEN_FILE),
	  O(NAME) | O(PUBLIC_BASE_URL) | O(ADMIN_EMAIL) | O(PROXY_FILE) |
	  O(PEER_CA_FILE) | O(LANG),
	  "register a sub2api host and probe it", false, cmd_host_add },
	{ "host", "list", "", 0, 0, "list hosts", false, cmd_host_list },
	{ "host", "show", "HOST_ID", 0, O(LANG),
	  "show a host, what it can do and what that blocks", false,
	  cmd_host_show },
	{ "host", "set", "HOST_ID", 0,
	  O(NAME) | O(PUBLIC_BASE_URL) | O(HOST_TOKEN_FILE) |
	  O(PROXY_FILE) | O(NO_PROXY) | O(PEER_CA_FILE) | O(NO_CA) | O(LANG),
	  "change how a host is reached, and look at it again", false,
	  cmd_host_set },
	{ "host", "probe", "HOST_ID", 0, O(LANG), "look at a host again",
	  false, cmd_host_probe },
	{ "host", "accept-compliance", "HOST_ID", 0,
	  O(PHRASE) | O(PHRASE_FILE) | O(LANG),
	  "accept a host's statement in your name; CRM never does it itself",
	  false, cmd_host_accept },
	{ "host", "pause", "HOST_ID", 0, 0,
	  "leave a host alone until it is resumed", false, cmd_host_pause },
	{ "host", "resume", "HOST_ID", 0, 0,
	  "end a pause: what was held goes on", false, cmd_host_resume },
	{ "host", "delete", "HOST_ID", 0, 0, "forget a host that nothing uses",
	  false, cmd_host_delete },

	{ "run", "create", "", 0,
	  O(HOST) | O(BASE_URL) | O(KEY_FILE) | O(MODEL) | O(FILE) |
	  O(SELECTOR) | O(DAYS) | O(ACCESS_MODE) | O(PROBE_KEY_FILE) |
	  O(ACCESS_KEY_FILE) | O(REBIND) | O(FORM) | O(LABEL) | O(NOTE) |
	  O(STRICT) | O(CANARY) | O(STOP_AFTER) | O(IGNORE_PACKS) | O(WAIT) |
	  WATCHED,
	  "import a provider's key, or many from a file", false,
	  cmd_run_create },
	{ "run", "template", "", 0, O(LANG),
	  "print a CSV file of keys to begin with", true, cmd_run_template },
	{ "run", "list", "", 0,
	  O(STATE) | O(HOST) | O(ACCESS_MODE) | O(QUERY) | O(LIMIT) | O(LANG),
	  "list runs, the newest first; -q finds a run id, provider or URL",
	  false, cmd_run_list },
	{ "run", "show", "RUN_ID", 0, 0, "show a run", false, cmd_run_show },
	{ "run", "watch", "RUN_ID", 0, WATCHED,
	  "show what happens until the run has ended", false, cmd_run_watch },
	{ "run", "report", "RUN_ID", 0,
	  O(STAGE) | O(CONFIRMATION) | O(ACCESS) | O(CLASS) | O(PROVIDER) |
	  O(WARNING) | O(QUERY) | O(LANG),
	  "print the items of a run as CSV, without secrets", false,
	  cmd_run_report },
	{ "run", "cancel", "RUN_ID", 0, 0, "end a run early", false,
	  cmd_run_cancel },
	{ "run", "resume", "RUN_ID", 0, 0,
	  "let a run go on that its canary stopped", false, cmd_run_resume },
	{ "run", "retry", "RUN_ID", 0, O(ONLY),
	  "try the items of a run again that failed", false, cmd_run_retry },
	{ "run", "rollback", "RUN_ID", 0, O(APPLY) | O(WAIT) | WATCHED | O(LANG),
	  "preview taking back what a run made, and do it", false,
	  cmd_run_rollback },

	{ "item", "list", "[RUN_ID]", 0,
	  O(STAGE) | O(CONFIRMATION) | O(ACCESS) | O(CLASS) | O(PROVIDER) |
	  O(WARNING) | O(QUERY) | O(HOST) | O(LIMIT) | O(LANG),
	  "list the items of a run, or of all; -q finds a label", false,
	  cmd_item_list },
	{ "item", "show", "RUN_ID ITEM_ID", 0, O(LANG),
	  "show an item with its diagnosis, events and proofs", false,
	  cmd_item_show },
	{ "item", "profile", "RUN_ID ITEM_ID", 0, 0,
	  "ask an item's key what it can do, and show that", false,
	  cmd_item_profile },
	{ "item", "retry", "RUN_ID ITEM_ID", 0, O(MODEL),
	  "try an item again, perhaps with other models", false,
	  cmd_item_retry },
	{ "item", "models", "RUN_ID ITEM_ID", 0,
	  O(SET) | O(ADD) | O(REMOVE) | O(ALIAS) | O(APPLY) | O(WAIT) |
	  WATCHED | O(LANG),
	  "preview other models or aliases of an account, and apply them",
	  false, cmd_item_models },
	{ "item", "proxy", "RUN_ID ITEM_ID PROXY_ID|none", 0,
	  O(APPLY) | O(WAIT) | WATCHED | O(LANG),
	  "preview another proxy of an account, one of the host's, and apply it",
	  false, cmd_item_proxy },
	{ "item", "pause", "RUN_ID ITEM_ID", 0, O(WAIT) | WATCHED | O(LANG),
	  "take a key out of service on the host; it is not checked meanwhile",
	  false, cmd_item_pause },
	{ "item", "resume", "RUN_ID ITEM_ID", 0, O(WAIT) | WATCHED | O(LANG),
	  "put a paused key back into service, and prove it", false,
	  cmd_item_resume },
	{ "item", "label", "RUN_ID ITEM_ID", 0, O(LABEL) | O(NOTE),
	  "say what a key is, for people", false, cmd_item_label },
	{ "item", "rollback", "RUN_ID ITEM_ID", 0,
	  O(APPLY) | O(WAIT) | WATCHED | O(LANG),
	  "preview taking back what an item made, and do it", false,
	  cmd_item_rollback },
	{ "account", "release", "RESOURCE_ID", 0,
	  O(APPLY) | O(WAIT) | WATCHED | O(LANG),
	  "preview giving an adopted account back as it was, and do it", false,
	  cmd_account_release },
	{ "rollback", "list", "", 0, O(HOST) | O(LIMIT),
	  "list rollbacks, the newest first", false, cmd_rollback_list },
	{ "rollback", "show", "ROLLBACK_ID", 0, O(WAIT) | WATCHED | O(LANG),
	  "show a rollback and what remains", false, cmd_rollback_show },
	{ "access", "list", "", 0,
	  O(HOST) | O(PROVIDER) | O(STATUS) | O(ACCESS_MODE),
	  "list who gets which provider's models on which host", false,
	  cmd_access_list },
	{ "access", "show", "ACCESS_ID", 0, O(LANG),
	  "show an access, its diagnosis, surfaces and events", false,
	  cmd_access_show },
	{ "access", "check", "ACCESS_ID", 0,
	  O(SURFACES) | O(WAIT) | WATCHED | O(LANG),
	  "prove an access again, mending what can be mended", false,
	  cmd_access_check },
	{ "access", "reveal-key", "ACCESS_ID", 0, MACHINE,
	  "print the key that CRM made for a user; on the machine, audited",
	  true, cmd_access_reveal_key },
	{ "explain", NULL, "item|access|host ID", 0, O(LANG),
	  "tell in plain words how it is, why, and what comes next", false,
	  cmd_explain },
	{ "notice", "list", "", 0, O(HOST) | O(ALL) | O(LANG),
	  "list what somebody should know without asking", false,
	  cmd_notice_list },
	{ "audit", "list", "", 0,
	  O(ACTOR) | O(ACTION) | O(OBJECT) | O(HOST) | O(TOKEN) | O(REQUEST) |
	  O(SINCE) | O(UNTIL) | O(LIMIT),
	  "list who did what, the newest first", false, cmd_audit_list },
	{ "audit", "show", "SEQ", 0, 0,
	  "show a row of the audit log, with before and after", false,
	  cmd_audit_show },
	{ "audit", "verify", "", 0, O(EXPECT),
	  "check that no row was changed; prints the head, to be kept", false,
	  cmd_audit_verify },
	{ "audit", "refused", "", 0, 0,
	  "list changes that were refused for want of a right", false,
	  cmd_audit_refused },
	{ "endpoint", "show", "PROVIDER", 0, 0,
	  "show the way to a provider, by its id or base URL", false,
	  cmd_endpoint_show },
	{ "endpoint", "set", "PROVIDER", 0,
	  O(PROXY_FILE) | O(NO_PROXY) | O(PEER_CA_FILE) | O(NO_CA) |
	  O(CONCURRENCY) | O(RATE),
	  "change the way to a provider, and its limits", false,
	  cmd_endpoint_set },
	{ "endpoint", "pause", "PROVIDER", 0, 0,
	  "leave a provider alone until it is resumed", false,
	  cmd_endpoint_pause },
	{ "endpoint", "resume", "PROVIDER", 0, 0,
	  "end a pause: what was held goes on", false, cmd_endpoint_resume },
	{ "proof", "show", "PROOF_ID", 0, 0, "show a proof", false,
	  cmd_proof_show },

	{ "pack", "lint", "DIR|BUNDLE", 0, 0,
	  "say all that is wrong with a pack", true, cmd_pack_lint },
	{ "pack", "build", "DIR", 0, O(OUT_FILE) | O(SIGN),
	  "make a bundle of a folder: the same files, the same bytes", true,
	  cmd_pack_build },
	{ "pack", "keygen", "", O(DIR), 0,
	  "make a pair of keys to sign bundles with", true, cmd_pack_keygen },
	{ "pack", "schema", "pack|provider|overlay", 0, 0,
	  "print the JSON Schema of pack.json, a provider or an overlay", true,
	  cmd_pack_schema },
	{ "pack", "install", "DIR|BUNDLE", 0, O(ACTIVATE) | O(SIGN),
	  "install a version of a pack beside those that are there", false,
	  cmd_pack_install },
	{ "pack", "list", "", 0, 0, "list packs", false, cmd_pack_list },
	{ "pack", "show", "PACK_ID", 0, O(LANG),
	  "show a pack and its versions", false, cmd_pack_show },
	{ "pack", "diff", "DIR|BUNDLE|PACK_ID@V DIR|BUNDLE|PACK_ID@V", 0, 0,
	  "say what changed from one version to another", false,
	  cmd_pack_diff },
	{ "pack", "activate", "PACK_ID VERSION", 0, 0,
	  "make a version that is installed count", false,
	  cmd_pack_activate },
	{ "pack", "rollback", "PACK_ID", 0, 0,
	  "go back to the version that counted before", false,
	  cmd_pack_rollback },
	{ "pack", "remove", "PACK_ID VERSION", 0, 0,
	  "forget a version that nothing uses", false, cmd_pack_remove },
	{ "pack", "verify", "PROVIDER_ID", O(KEY_FILE),
	  O(PACK_DIR) | O(BASE_URL) | O(MODEL) | O(PEER_CA_FILE) | O(PRIVATE),
	  "ask a provider whether it is as its manifest says", true,
	  cmd_pack_verify },
	{ "provider", "list", "", 0,
	  O(PACK) | O(VENDOR) | O(PLAN) | O(REGION) | O(STATUS) | O(QUERY) |
	  O(LANG),
	  "list the providers that the packs know", false,
	  cmd_provider_list },
	{ "provider", "show", "PROVIDER_ID", 0, O(PACK),
	  "show what a pack says of a provider", false, cmd_provider_show },
	{ "provider", "preview", "PROVIDER_ID", O(HOSTS) | O(KEY_FILES),
	  PROVIDER_KEYS | O(LANG),
	  "say what an import would make on a host; touches nothing", false,
	  cmd_provider_preview },
	{ "provider", "import", "PROVIDER_ID", O(HOSTS) | O(KEY_FILES),
	  PROVIDER_KEYS | O(CANARY) | O(STOP_AFTER) | O(WAIT) | WATCHED,
	  "import keys of a provider that a pack knows", false,
	  cmd_provider_import },
	{ "provider", "status", "PROVIDER_ID", 0, O(HOST) | O(PACK),
	  "show how a provider is on a host", false, cmd_provider_status },
	{ "provider", "resources", "PROVIDER_ID", 0, O(HOST) | O(PACK),
	  "list what was made for a provider on a host", false,
	  cmd_provider_resources },
	{ "provider", "access", "PROVIDER_ID", 0, O(HOST) | O(PACK) | O(LANG),
	  "list who gets in, with the newest proofs", false,
	  cmd_provider_access },
	{ "provider", "rollback", "PROVIDER_ID", 0,
	  O(HOST) | O(PACK) | O(APPLY) | O(WAIT) | WATCHED | O(LANG),
	  "preview taking back a provider on a host, and do it", false,
	  cmd_provider_rollback },
	{ "batch", "list", "", 0,
	  O(HOST) | O(PROVIDER) | O(PACK) | O(STATUS) | O(LIMIT),
	  "list imports by provider, the newest first", false,
	  cmd_batch_list },
	{ "batch", "show", "BATCH_ID", 0, O(LANG),
	  "show a batch with its items and accesses", false, cmd_batch_show },
	{ "batch", "rollback", "BATCH_ID", 0,
	  O(APPLY) | O(WAIT) | WATCHED | O(LANG),
	  "preview taking back what a batch made, and do it", false,
	  cmd_batch_rollback },

	{ "export", NULL, "", 0, O(SITE_FILE),
	  "write the site as it is, as site.yaml; secrets by reference",
	  false, cmd_export },
	{ "diff", NULL, "", O(FILE), O(LANG),
	  "say what apply -f would do; touches nothing", false, cmd_diff },
	{ "apply", NULL, "", O(FILE),
	  O(APPLY) | O(YES) | O(WAIT) | O(PRUNE) | WATCHED | O(LANG),
	  "make the site what site.yaml says; shows it first", false,
	  cmd_apply },
	{ "reconcile", "host", "HOST_ID", 0,
	  O(APPLY) | O(WAIT) | WATCHED | O(LANG),
	  "hold what CRM owns on a host against the host, and repair it", false,
	  cmd_reconcile_host },
	{ "reconcile", "batch", "BATCH_ID", 0,
	  O(APPLY) | O(WAIT) | WATCHED | O(LANG),
	  "the same of what an import made or uses", false,
	  cmd_reconcile_batch },
	{ "reconcile", "provider", "PROVIDER_ID", 0,
	  O(HOST) | O(PACK) | O(APPLY) | O(WAIT) | WATCHED | O(LANG),
	  "the same of a provider on a host", false,
	  cmd_reconcile_provider },
	{ "reconcile", "list", "", 0,
	  O(HOST) | O(PROVIDER) | O(STATUS) | O(LIMIT),
	  "list reconciles, the newest first; --status is the result", false,
	  cmd_reconcile_list },
	{ "reconcile", "show", "RECONCILE_ID", 0, O(LANG),
	  "show a reconcile with what it found", false, cmd_reconcile_show },
	{ "reconcile", "decide", "RECONCILE_ID SEQ accept|restore", 0,
	  O(WAIT) | WATCHED | O(LANG),
	  "say of a finding that theirs counts, or that ours is written again",
	  false, cmd_reconcile_decide },

	{ "overlay", "list", "", 0, O(PACK_DIR) | O(LANG),
	  "list a pack's patches for the source of hosts", true,
	  cmd_overlay_list },
	{ "overlay", "apply", "",
	  O(PROVIDER_ID) | O(HOST_VERSION) | O(SOURCE) | O(TREE), O(PACK_DIR),
	  "copy the source of a host and patch the copy", true,
	  cmd_overlay_apply },

	{ "db", "migrate", "", 0, MACHINE,
	  "make the state database, or bring it up to date", true,
	  cmd_db_migrate },
	{ "db", "check", "", 0, MACHINE,
	  "check the state database, its version and its pages", true,
	  cmd_db_check },
	{ "key", "init", "", O(DIR), 0, "make the three key files", true,
	  cmd_key_init },
	{ "token", "create", "", O(NAME) | O(SCOPE), O(DAYS) | MACHINE,
	  "make an API token and print it, once", true, cmd_token_create },
	{ "token", "list", "", 0, MACHINE, "list API tokens", true,
	  cmd_token_list },
	{ "token", "revoke", "TOKEN_ID", 0, MACHINE, "end an API token", true,
	  cmd_token_revoke },

	{ "model", "resolve", "", 0, O(ENDPOINT) | O(LISTED),
	  "say which models names mean: a name a line, JSON lines out", true,
	  cmd_model_resolve },
	{ "verdict", NULL, "", 0, 0,
	  "say what recorded answers mean, JSON lines in and out", true,
	  cmd_verdict },
	{ "whoami", NULL, "", 0, 0, "say whose token this is", false,
	  cmd_whoami },
	{ "version", NULL, "", 0, 0, "print the version of crmctl", true,
	  cmd_version },
	{ "completion", "bash", "", 0, 0, "print completions for bash", true,
	  cmd_completion_bash },
	{ "help", NULL, "[NOUN] [VERB]", 0, 0, "print help", true, cmd_help },
	{ 0 }
};

const struct command *command_find(const char *noun, const char *verb)
{
	for (const struct command *c = commands; c->noun; c++) {
		if (strcmp(c->noun, noun) != 0)
			continue;
		if (!c->verb || (verb && strcmp(c->verb, verb) == 0))
			return c;
	}
	return NULL;
}

bool command_noun_exists(const char *noun)
{
	for (const struct command *c = commands; c->noun; c++)
		if (strcmp(c->noun, noun) == 0)
			return true;
	return false;
}

void command_words(const struct command *command, size_t *ret_min,
		   size_t *ret_max)
{
	const char *at = command->words;

	*ret_min = *ret_max = 0;
	while (*at) {
		(*ret_max)++;
		*ret_min += *at != '[';
		at += strcspn(at, " ");
		at += strspn(at, " ");
	}
}
