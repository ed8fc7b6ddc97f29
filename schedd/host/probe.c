#include "schedd/host/probe.h"

#include "shared/table.h"

/* Simple mode seeds a group for each platform; nobody else has these all. */
static const char *const seeded[] = {
	"openai-default", "gemini-default", "anthropic-default",
};

#define MEMO_FLAG(member) { #member, offsetof(struct host_seen, member) }

/* What goes into the memo beside version, mode and counts. */
static const struct memo_flag {
	const char *name;
	size_t offset;
} memo_flags[] = {
	MEMO_FLAG(settings_read),
	MEMO_FLAG(backend_mode),
	MEMO_FLAG(captcha),
	MEMO_FLAG(totp),
	MEMO_FLAG(registration),
	MEMO_FLAG(admin_ok),
	MEMO_FLAG(compliance_required),
	MEMO_FLAG(compliance_known),
	MEMO_FLAG(simple_suspected),
};

static bool *flag(struct host_seen *seen, size_t i)
{
	return (bool *)((char *)seen + memo_flags[i].offset);
}

void host_ask_settings(struct request *request, const struct host_peer *peer)
{
	host_start(request, peer, METHOD_GET, HOST_ROLE_NOBODY,
		   "/api/v1/settings/public");
}

static bool is_true(const json_t *data, const char *name)
{
	return json_is_true(json_object_get(data, name));
}

enum failure host_judge_settings(const struct answer *answer,
				 struct host_seen *seen)
{
	enum failure why = host_judge(answer);
	const json_t *data = host_data(answer);
	const char *version = host_member_text(data, "version");

	/* A sub2api host shows these to anybody. */
	if (why == FAILURE_HOST_AUTH || why == FAILURE_GONE ||
	    why == FAILURE_FORBIDDEN || why == FAILURE_NOT_JSON)
		return FAILURE_HOST_UNSUPPORTED;
	if (why != FAILURE_NONE)
		return why;
	if (!version && !json_object_get(data, "registration_enabled"))
		return FAILURE_HOST_UNSUPPORTED;
	seen->features = host_features_of(version);
	seen->settings_read = true;
	seen->backend_mode = is_true(data, "backend_mode_enabled");
	seen->captcha = is_true(data, "turnstile_enabled") ||
			is_true(data, "tencent_captcha_enabled") ||
			is_true(data, "aliyun_captcha_enabled");
	seen->totp = is_true(data, "totp_enabled");
	seen->registration = is_true(data, "registration_enabled");
	return FAILURE_NONE;
}

void host_ask_probe_groups(struct request *request,
			   const struct host_peer *peer)
{
	host_start(request, peer, METHOD_GET, HOST_ROLE_ADMIN,
		   "/api/v1/admin/groups?search=-default&page=1&page_size=100");
}

static bool has_named(const json_t *items, const char *name)
{
	size_t i;
	const json_t *item;

	json_array_foreach(items, i, item) {
		const char *has = host_member_text(item, "name");

		if (has && strcmp(has, name) == 0)
			return true;
	}
	return false;
}

/* What every administrator's call says, besides what it was asked. */
static void note_admin(struct host_seen *seen, enum failure why)
{
	seen->admin_ok = why == FAILURE_NONE;
	if (why == FAILURE_NONE || why == FAILURE_COMPLIANCE_REQUIRED) {
		seen->compliance_known = true;
		seen->compliance_required = why != FAILURE_NONE;
	}
}

enum failure host_judge_probe_groups(const struct answer *answer,
				     struct host_seen *seen)
{
	struct host_page page;
	enum failure why = host_judge_page(answer, &page);

	note_admin(seen, why);
	if (why != FAILURE_NONE)
		return why;
	seen->groups = page.total;
	seen->simple_suspected = true;
	for (size_t i = 0; i < COUNT(seeded); i++)
		if (!has_named(page.items, seeded[i]))
			seen->simple_suspected = false;
	return FAILURE_NONE;
}

void host_ask_probe_accounts(struct request *request,
			     const struct host_peer *peer)
{
	host_start(request, peer, METHOD_GET, HOST_ROLE_ADMIN,
		   "/api/v1/admin/accounts?page=1&page_size=1&type=apikey");
}

enum failure host_judge_probe_accounts(const struct answer *answer,
				       struct host_seen *seen)
{
	struct host_page page;
	enum failure why = host_judge_page(answer, &page);

	note_admin(seen, why);
	if (why != FAILURE_NONE)
		return why;
	seen->accounts = page.total;
	host_features_seen_account(&seen->features,
				   json_array_get(page.items, 0));
	return FAILURE_NONE;
}

void host_ask_me(struct request *request, const struct host_peer *peer)
{
	host_start(request, peer, METHOD_GET, HOST_ROLE_ADMIN,
		   "/api/v1/auth/me");
}

enum failure host_judge_me(const struct answer *answer,
			   struct host_seen *seen)
{
	enum failure why = host_judge(answer);
	const char *mode = host_member_text(host_data(answer), "run_mode");

	if (why == FAILURE_NONE && mode)
		snprintf(seen->run_mode, sizeof(seen->run_mode), "%s", mode);
	return why;
}

void host_seen_write(struct jout *out, const char *name,
		     const struct host_seen *seen)
{
	struct host_seen copy = *seen;

	jout_object(out, name);
	jout_str(out, "version", seen->features.version);
	jout_str(out, "run_mode", seen->run_mode);
	jout_i64(out, "groups", seen->groups);
	jout_i64(out, "accounts", seen->accounts);
	for (size_t i = 0; i < COUNT(memo_flags); i++)
		jout_bool(out, memo_flags[i].name, *flag(&copy, i));
	jout_object(out, "features");
	host_features_write(out, &seen->features);
	jout_object_end(out);
	jout_object_end(out);
}

void host_seen_read(const json_t *object, struct host_seen *ret)
{
	const char *mode = host_member_text(object, "run_mode");

	*ret = (struct host_seen){
		.features = host_features_read(object),
		.groups = host_member_i64(object, "groups"),
		.accounts = host_member_i64(object, "accounts"),
	};
	snprintf(ret->run_mode, sizeof(ret->run_mode), "%s",
		 mode ? mode : "");
	for (size_t i = 0; i < COUNT(memo_flags); i++)
		*flag(ret, i) = is_true(object, memo_flags[i].name);
}

/* What stands in the way, most basic first. */
static bool lacks_settings(const struct host_seen *seen)
{
	return !seen->settings_read;
}

static bool waits_for_person(const struct host_seen *seen)
{
	return seen->compliance_required;
}

static bool lacks_admin(const struct host_seen *seen)
{
	return !seen->admin_ok;
}

static bool has_backend_mode(const struct host_seen *seen)
{
	return seen->backend_mode;
}

static bool has_captcha(const struct host_seen *seen)
{
	return seen->captcha;
}

static bool is_simple(const struct host_seen *seen)
{
	return strcmp(seen->run_mode, "simple") == 0;
}

static const struct obstacle {
	bool (*there)(const struct host_seen *seen);
	bool stops_reading;	/* not only work through managed users */
	const char *why;
} obstacles[] = {
	{ lacks_settings,   true,
	  "the host does not show its public settings" },
	{ waits_for_person, true,
	  "a person has to accept the host's compliance statement first" },
	{ lacks_admin,      true,
	  "the host does not take our token for an administrator's" },
	{ has_backend_mode, false,
	  "backend mode is on: managed users cannot log in" },
	{ has_captcha,      false,
	  "logins need a captcha: managed users cannot log in" },
	{ is_simple,        false,
	  "simple mode: groups do not part accounts, nothing can be proven" },
};

static const struct operation {
	const char *name;
	bool by_users;		/* needs managed users */
	bool always;		/* even without any right */
} operations[] = {
	{ "probe",               false, true },
	{ "read_resources",      false, false },
	{ "import_subscription", true,  false },
	{ "check_access",        true,  false },
};

static const char *obstacle_of(const struct host_seen *seen,
			       const struct operation *operation)
{
	for (size_t i = 0; i < COUNT(obstacles) && !operation->always; i++)
		if ((obstacles[i].stops_reading || operation->by_users) &&
		    obstacles[i].there(seen))
			return obstacles[i].why;
	return NULL;
}

const char *host_why_not(const struct host_seen *seen, const char *operation)
{
	for (size_t i = 0; i < COUNT(operations); i++)
		if (strcmp(operations[i].name, operation) == 0)
			return obstacle_of(seen, &operations[i]);
	return "CRM does not know this operation";
}

static const char *compliance_word(const struct host_seen *seen)
{
	if (!seen->compliance_known)
		return "unknown";
	if (seen->compliance_required)
		return "required";
	return seen->features.compliance_gate ? "accepted" : "none";
}

void host_capabilities_write(struct jout *out, const struct host_seen *seen)
{
	jout_object(out, NULL);
	jout_str(out, "version", seen->features.known
				 ? seen->features.version : NULL);
	jout_str(out, "run_mode", *seen->run_mode ? seen->run_mode : NULL);
	jout_bool(out, "simple_mode_suspected", seen->simple_suspected);
	jout_bool(out, "backend_mode", seen->backend_mode);
	jout_bool(out, "captcha", seen->captcha);
	jout_bool(out, "registration", seen->registration);
	jout_str(out, "compliance", compliance_word(seen));
	jout_i64(out, "accounts", seen->accounts);
	jout_object(out, "features");
	host_features_write(out, &seen->features);
	jout_object_end(out);
	jout_object(out, "operations");
	for (size_t i = 0; i < COUNT(operations); i++) {
		const char *why = obstacle_of(seen, &operations[i]);

		jout_object(out, operations[i].name);
		jout_bool(out, "works", !why);
		jout_str(out, "why_not", why);
		jout_object_end(out);
	}
	jout_object_end(out);
	jout_object_end(out);
}
