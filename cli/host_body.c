#include "cli/host_body.h"

#include <string.h>

#include "cli/text_file.h"
#include "shared/seal.h"
#include "shared/table.h"

#define CA_MAX (64 << 10)
#define LIMIT_MAX 1000000

static const struct {
	enum opt opt;
	const char *member;
} texts[] = {
	{ OPT_BASE_URL,		"base_url" },
	{ OPT_NAME,		"name" },
	{ OPT_PUBLIC_BASE_URL,	"public_base_url" },
	{ OPT_AUTH_TYPE,	"auth_type" },
	{ OPT_ADMIN_EMAIL,	"admin_email" },
};

static const struct {
	enum opt opt;
	const char *member;
	const char *what;
} secrets[] = {
	{ OPT_HOST_TOKEN_FILE,	"auth_token",	"the host's token" },
	{ OPT_PROXY_FILE,	"proxy",	"the proxy's URL" },
};

static const struct {
	enum opt opt;
	const char *member;
} numbers[] = {
	{ OPT_CONCURRENCY,	"concurrency" },
	{ OPT_RATE,		"requests_per_minute" },
};

/* One takes away what the other gives. */
static const struct {
	enum opt gives, takes;
	const char *member;
} pairs[] = {
	{ OPT_PROXY_FILE,	OPT_NO_PROXY,	"proxy" },
	{ OPT_PEER_CA_FILE,	OPT_NO_CA,	"ca_pem" },
};

void host_body_done(struct jout *body)
{
	buf_wipe(&body->text);
}

static int write_secrets(struct jout *body, const struct args *args,
			 struct err *err)
{
	for (size_t i = 0; i < COUNT(secrets); i++) {
		const char *file = args_get(args, secrets[i].opt);
		AUTO_WIPE char *text = NULL;

		if (!file)
			continue;
		/* A password may hold blanks; the API judges. */
		if (text_file_read(file, secrets[i].what, SEAL_SECRET_MAX,
				   &text, err))
			return -1;
		jout_str(body, secrets[i].member, text);
	}
	return 0;
}

static int write_ca(struct jout *body, const struct args *args,
		    struct err *err)
{
	const char *file = args_get(args, OPT_PEER_CA_FILE);
	AUTO_FREE char *pem = NULL;
	AUTO_FREE char *lines = NULL;

	if (!file)
		return 0;
	if (text_file_read(file, "the certificates", CA_MAX, &pem, err))
		return -1;
	lines = xasprintf("%s\n", pem);
	jout_str(body, "ca_pem", lines);
	return 0;
}

/* 0 stands for the setting, which the API calls null. */
static int write_numbers(struct jout *body, const struct args *args,
			 struct err *err)
{
	for (size_t i = 0; i < COUNT(numbers); i++) {
		int64_t number = 0;

		if (!args_has(args, numbers[i].opt))
			continue;
		if (args_number(args, numbers[i].opt, 0, LIMIT_MAX, &number,
				err))
			return -1;
		if (number)
			jout_i64(body, numbers[i].member, number);
		else
			jout_null(body, numbers[i].member);
	}
	return 0;
}

static int write_pairs(struct jout *body, const struct args *args,
		       struct err *err)
{
	for (size_t i = 0; i < COUNT(pairs); i++) {
		if (!args_has(args, pairs[i].takes))
			continue;
		if (args_has(args, pairs[i].gives))
			return args_refuse(err, "--%s and --%s exclude each "
					   "other",
					   opt_spec(pairs[i].gives)->name,
					   opt_spec(pairs[i].takes)->name);
		jout_null(body, pairs[i].member);
	}
	return 0;
}

int host_body_members(struct jout *body, const struct args *args,
		      struct err *err)
{
	for (size_t i = 0; i < COUNT(texts); i++) {
		const char *value = args_get(args, texts[i].opt);

		if (value)
			jout_str(body, texts[i].member, value);
	}
	if (write_secrets(body, args, err) || write_ca(body, args, err) ||
	    write_numbers(body, args, err))
		return -1;
	return write_pairs(body, args, err);
}

int host_body_write(struct jout *ret, const struct args *args,
		    struct err *err)
{
	jout_object(ret, NULL);
	if (host_body_members(ret, args, err))
		return -1;
	jout_object_end(ret);
	return 0;
}
