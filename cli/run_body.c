#include "cli/run_body.h"

#include <string.h>

#include "cli/secret.h"
#include "shared/table.h"

#define DAYS_MAX 36500
#define CANARY_MAX 1000

/* Options that say something about the run, and the members they become. */
static const struct {
	enum opt opt;
	const char *member;
} overrides[] = {
	{ OPT_HOST,	"host_id" },
	{ OPT_SELECTOR,	"subscription_users" },
	{ OPT_DAYS,	"subscription_days" },
	{ OPT_ACCESS_MODE, "access_mode" },
	{ OPT_PROBE_KEY_FILE, "probe_api_key" },
	{ OPT_ACCESS_KEY_FILE, "access_api_key" },
	{ OPT_REBIND,	"rebind" },
	{ OPT_STRICT,	"strict" },
	{ OPT_CANARY,	"canary" },
};

/* Keys of users of the host. */
static const struct {
	enum opt opt;
	const char *member;
	const char *what;
} user_keys[] = {
	{ OPT_PROBE_KEY_FILE, "probe_api_key", "the key to prove with" },
	{ OPT_ACCESS_KEY_FILE, "access_api_key", "the user's key" },
};

void run_body_done(struct jout *body)
{
	buf_wipe(&body->text);
}

static void write_texts(struct jout *body, const char *name,
			const struct args *args, enum opt opt)
{
	const char *value;
	size_t at = 0;

	jout_array(body, name);
	while ((value = args_each(args, opt, &at)))
		jout_str(body, NULL, value);
	jout_array_end(body);
}

static int write_user_keys(struct jout *body, const struct args *args,
			   struct err *err)
{
	for (size_t i = 0; i < COUNT(user_keys); i++) {
		const char *file = args_get(args, user_keys[i].opt);
		AUTO_WIPE char *key = NULL;

		if (!file)
			continue;
		if (secret_read(file, user_keys[i].what, &key, err))
			return -1;
		jout_str(body, user_keys[i].member, key);
	}
	return 0;
}

static int write_canary(struct jout *body, const struct args *args,
			struct err *err)
{
	int64_t items = 0, stop_after = 0;

	if (args_number(args, OPT_CANARY, 1, CANARY_MAX, &items, err) ||
	    args_number(args, OPT_STOP_AFTER, 1, CANARY_MAX, &stop_after, err))
		return -1;
	if (!items)
		return stop_after ? args_refuse(err, "--stop-after goes with "
						"--canary") : 0;
	jout_object(body, "canary");
	jout_i64(body, "items", items);
	if (stop_after)
		jout_i64(body, "stop_after", stop_after);
	jout_object_end(body);
	return 0;
}

int run_body_terms(struct jout *body, const struct args *args,
		   struct err *err)
{
	int64_t days = 0;

	if (args_number(args, OPT_DAYS, 1, DAYS_MAX, &days, err))
		return -1;
	if (args_has(args, OPT_SELECTOR))
		write_texts(body, "subscription_users", args, OPT_SELECTOR);
	if (days)
		jout_i64(body, "subscription_days", days);
	if (args_has(args, OPT_ACCESS_MODE))
		jout_str(body, "access_mode",
			 args_get(args, OPT_ACCESS_MODE));
	if (args_has(args, OPT_REBIND))
		jout_bool(body, "rebind", true);
	if (args_has(args, OPT_STRICT))
		jout_bool(body, "strict", true);
	if (args_has(args, OPT_IGNORE_PACKS))
		jout_bool(body, "ignore_packs", true);
	if (write_canary(body, args, err))
		return -1;
	return write_user_keys(body, args, err);
}

static int write_options(struct jout *body, const struct args *args,
			 struct err *err)
{
	if (args_has(args, OPT_HOST))
		jout_str(body, "host_id", args_get(args, OPT_HOST));
	return run_body_terms(body, args, err);
}

/* The one item of --base-url, --key-file and --model. */
static int write_item(struct jout *body, const struct args *args,
		      struct err *err)
{
	const char *url = args_get(args, OPT_BASE_URL);
	const char *key_file = args_get(args, OPT_KEY_FILE);
	AUTO_WIPE char *key = NULL;

	if (!url || !key_file || !args_has(args, OPT_HOST))
		return args_refuse(err, "--host, --base-url and --key-file "
				   "belong together; --file is the other way");
	if (secret_read(key_file, "the provider's key", &key, err))
		return -1;
	jout_array(body, "items");
	jout_object(body, NULL);
	jout_str(body, "base_url", url);
	jout_str(body, "api_key", key);
	if (args_has(args, OPT_MODEL))
		write_texts(body, "requested_models", args, OPT_MODEL);
	if (args_has(args, OPT_LABEL))
		jout_str(body, "label", args_get(args, OPT_LABEL));
	if (args_has(args, OPT_NOTE))
		jout_str(body, "note", args_get(args, OPT_NOTE));
	jout_object_end(body);
	jout_array_end(body);
	return 0;
}

static bool is_overridden(const char *member, const struct args *args)
{
	for (size_t i = 0; i < COUNT(overrides); i++)
		if (strcmp(overrides[i].member, member) == 0)
			return args_has(args, overrides[i].opt);
	return false;
}

static int write_file(struct jout *body, const struct args *args,
		      struct err *err)
{
	const char *path = args_get(args, OPT_FILE);
	CLEANUP(run_rows_wipe) json_t *file = NULL;
	const json_t *value;
	const char *name, *form;

	if (args_has(args, OPT_BASE_URL) || args_has(args, OPT_KEY_FILE) ||
	    args_has(args, OPT_MODEL) || args_has(args, OPT_LABEL) ||
	    args_has(args, OPT_NOTE))
		return args_refuse(err, "--file says it all: no --base-url, "
				   "--key-file, --model, --label or --note "
				   "beside it");
	if (run_rows_form(args, &form, err) ||
	    run_rows_read(path, form, &file, err))
		return -1;
	if (json_is_array(file)) {
		jout_json(body, "items", file);
		return 0;
	}
	json_object_foreach(file, name, value) {
		if (!is_overridden(name, args))
			jout_json(body, name, value);
	}
	return 0;
}

int run_body_write(struct jout *ret, const struct args *args, struct err *err)
{
	jout_object(ret, NULL);
	if (args_has(args, OPT_FILE) ? write_file(ret, args, err)
				     : write_item(ret, args, err))
		return -1;
	if (write_options(ret, args, err))
		return -1;
	jout_object_end(ret);
	return 0;
}
