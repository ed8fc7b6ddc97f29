/* cmd_account: our accounts on hosts, and other keys for them. */
#include "cli/api.h"
#include "cli/change.h"
#include "cli/secret.h"
#include "shared/table.h"

#define OVERLAP_MAX_S (24 * 3600)
#define LIMIT_MAX 1000000

static const struct column account_columns[] = {
	{ "ACCOUNT", "resource_id" },	{ "HOST", "host_id" },
	{ "ID", "account_id" },		{ "PROVIDER", "endpoint_key" },
	{ "MODE", "access_mode" },	{ "STATE", "state" },
	{ "KEY", "api_key_last4" },
	{ "FINGERPRINT", "api_key_fingerprint" },
	{ "USES", "uses" },		{ "PAUSED", "paused_at" },
	{ "LABEL", "label" },
};

int cmd_account_list(struct call *call, struct err *err)
{
	CLEANUP(api_filters_done) struct api_filters filters = { 0 };
	const struct args *args = &call->args;
	json_auto_t *list = NULL;
	int64_t limit = 0;

	if (args_number(args, OPT_LIMIT, 1, LIMIT_MAX, &limit, err))
		return -1;
	api_filter(&filters, "host_id", args_get(args, OPT_HOST));
	api_filter(&filters, "provider_id", args_get(args, OPT_PROVIDER));
	api_filter(&filters, "state", args_get(args, OPT_STATE));
	api_filter(&filters, "api_key_fingerprint",
		   args_get(args, OPT_FINGERPRINT));
	if (api_list(call, API_ACCOUNTS, (const char *const *)filters.list,
		     (size_t)limit, &list, err))
		return -1;
	return print_list(call->form, account_columns, COUNT(account_columns),
			  list, err);
}

int cmd_account_show(struct call *call, struct err *err)
{
	AUTO_FREE char *path = NULL;

	if (api_path(&path, API_ACCOUNTS, call->args.words[0], "", err) ||
	    api_get(call, path, err))
		return -1;
	return print_object(call->form, call->reply.body, NULL, err);
}

static int key_body(struct jout *body, const struct args *args,
		    const char *plan, struct err *err)
{
	AUTO_WIPE char *key = NULL;
	int64_t overlap = 0;

	if (args_number(args, OPT_OVERLAP, 2, OVERLAP_MAX_S, &overlap, err) ||
	    secret_read(args_get(args, OPT_KEY_FILE), "the new key", &key,
			err))
		return -1;
	jout_object(body, NULL);
	jout_str(body, "api_key", key);
	if (overlap)
		jout_i64(body, "overlap_s", overlap);
	if (args_has(args, OPT_OLD_KEY_REVOKED))
		jout_bool(body, "old_key_revoked", true);
	if (plan) {
		jout_bool(body, "apply", true);
		jout_str(body, "plan", plan);
	}
	jout_object_end(body);
	return 0;
}

int cmd_account_rotate_key(struct call *call, struct err *err)
{
	AUTO_FREE char *path = NULL;

	if (api_path(&path, API_ACCOUNTS, call->args.words[0], "/rotate-key",
		     err))
		return -1;
	return change_preview_and_apply(call, path, key_body, err);
}
