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
		   "/api/v1/admin/groups?search=default&page=1&page_size=100");
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
	if (why == FAILURE_COMPLIANCE_REQUIRED)
		host_features_saw(&seen->features, HOST_SIGN_COMPLIANCE,
				  true);
}

enum failure host_judge_probe_groups(const struct answer *answer,
				     struct host_seen *seen)
{
	struct host_page page;
	enum failure why = host_judge_page(answer, &page);

	note_admin(seen, why);
	if (why == FAILURE_COMPLIANCE_REQUIRED)
		host_compliance_of_423(answer, &seen->compliance);
	if (why != FAILURE_NONE)
		return why;
	seen->groups = page.total;
	host_features_seen_group(&seen->features,
				 json_array_get(page.items, 0));
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

enum failure host_judge_probe_compliance(const struct answer *answer,
					 struct host_seen *seen)
{
	enum failure why = host_judge_compliance(answer, &seen->compliance);

	if (why == FAILURE_NONE || why == FAILURE_HOST_UNSUPPORTED) {
		host_features_saw(&seen->features, HOST_SIGN_COMPLIANCE,
				  why == FAILURE_NONE);
		seen->compliance_known = true;
		seen->compliance_required = seen->compliance.required;
		return FAILURE_NONE;
	}
	return why;
}

void host_ask_probe_sync(struct request *request,
			 const struct host_peer *peer)
{
	/* No account has this id, so nobody asks a provider anything. */
	host_start(request, peer, METHOD_POST, HOST_ROLE_ADMIN,
		   "/api/v1/admin/accounts/0/models/sync-upstream");
}

enum failure host_judge_probe_sync(const struct answer *answer,
				   struct host_seen *seen)
{
	enum failure why = host_judge(answer);

	/* A route that is not there is plain text, or the web page. */
	if (why == FAILURE_HOST_UNSUPPORTED && !answer->json)
		host_features_saw(&seen->features, HOST_SIGN_SYNC_ROUTE,
				  false);
	else if (answer->transport == TRANSPORT_OK &&
		 answer_at(answer, "/code") && why != FAILURE_HOST_AUTH &&
		 why != FAILURE_COMPLIANCE_REQUIRED)
		host_features_saw(&seen->features, HOST_SIGN_SYNC_ROUTE,
				  true);
	return failure_facts(why)->passes ? why : FAILURE_NONE;
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
	host_features_write(out, &seen->features);
	if (seen->compliance_required)
		host_compliance_write(out, "statement", &seen->compliance);
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
	host_compliance_read(json_object_get(object, "statement"),
			     &ret->compliance);
}
