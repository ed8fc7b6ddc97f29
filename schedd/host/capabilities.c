#include "schedd/host/capabilities.h"

#include "shared/table.h"

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

static const struct obstacle {
	bool (*there)(const struct host_seen *seen);
	bool stops_reading;	/* not only work through managed users */
	const char *zh, *en;
} obstacles[] = {
	{ lacks_settings,   true,
	  "主机不显示公开设置",
	  "the host does not show its public settings" },
	{ waits_for_person, true,
	  "须由管理员本人先在主机上确认合规承诺",
	  "a person has to accept the host's compliance statement first" },
	{ lacks_admin,      true,
	  "主机不认我们的令牌为管理员",
	  "the host does not take our token for an administrator's" },
	{ has_backend_mode, false,
	  "主机处于纯后端模式：托管用户无法登录",
	  "backend mode is on: managed users cannot log in" },
	{ has_captcha,      false,
	  "登录需要验证码：托管用户无法登录",
	  "logins need a captcha: managed users cannot log in" },
};

static const struct operation {
	const char *name;
	bool by_users;		/* needs managed users */
	bool always;		/* even without any right */
} operations[] = {
	{ "probe",               false, true },
	{ "read_resources",      false, false },
	{ "import_subscription", true,  false },
	{ "import_self_service", true,  false },
	{ "check_access",        true,  false },
};

static const struct obstacle *obstacle_of(const struct host_seen *seen,
					  const struct operation *operation)
{
	for (size_t i = 0; i < COUNT(obstacles) && !operation->always; i++)
		if ((obstacles[i].stops_reading || operation->by_users) &&
		    obstacles[i].there(seen))
			return &obstacles[i];
	return NULL;
}

const char *host_why_not(const struct host_seen *seen, const char *operation)
{
	const struct obstacle *obstacle;

	for (size_t i = 0; i < COUNT(operations); i++) {
		if (strcmp(operations[i].name, operation) != 0)
			continue;
		obstacle = obstacle_of(seen, &operations[i]);
		return obstacle ? obstacle->en : NULL;
	}
	return "CRM does not know this operation";
}

static void write_operations(struct jout *out, const struct host_seen *seen)
{
	jout_object(out, "operations");
	for (size_t i = 0; i < COUNT(operations); i++) {
		const struct obstacle *why = obstacle_of(seen, &operations[i]);

		jout_object(out, operations[i].name);
		jout_bool(out, "works", !why);
		jout_str(out, "why_not", why ? why->en : NULL);
		jout_str(out, "why_not_zh", why ? why->zh : NULL);
		jout_object_end(out);
	}
	jout_object_end(out);
}

/* Capabilities that are no matter of the version. */
enum knowledge { NO, YES, UNKNOWN };

static enum knowledge may_administrate(const struct host_seen *seen)
{
	return seen->admin_ok ? YES : NO;
}

static enum knowledge lets_users_in(const struct host_seen *seen)
{
	return !seen->settings_read ? UNKNOWN
		: seen->backend_mode || seen->captcha ? NO : YES;
}

static enum knowledge is_accepted(const struct host_seen *seen)
{
	return !seen->compliance_known ? UNKNOWN
		: seen->compliance_required ? NO : YES;
}

static enum knowledge parts_groups(const struct host_seen *seen)
{
	if (strcmp(seen->run_mode, "simple") == 0)
		return NO;
	if (strcmp(seen->run_mode, "standard") == 0)
		return YES;
	return seen->simple_suspected ? NO : UNKNOWN;
}

/* Signs are no proof: only /auth/me says it. */
static enum host_evidence evidence_of_mode(const struct host_seen *seen)
{
	return *seen->run_mode ? HOST_OBSERVED : HOST_ASSUMED;
}

static const struct other {
	const char *name;
	enum knowledge (*look)(const struct host_seen *seen);
	enum host_evidence (*evidence)(const struct host_seen *seen);
	const char *detail;
	const char *blocks;	/* where the answer is no */
	const char *zh[3], *en[3];	/* by what is known */
} others[] = {
	{ "admin", may_administrate, NULL, "an administrator's call",
	  "read_resources import_subscription import_self_service check_access",
	  { [NO] = "主机不认我们的凭据为管理员。",
	    [YES] = "我们的凭据是管理员的。" },
	  { [NO] = "The host does not take our credentials for an"
		   " administrator's.",
	    [YES] = "Our credentials are an administrator's." } },
	{ "compliance_accepted", is_accepted, NULL, "an administrator's call",
	  "read_resources import_subscription import_self_service check_access",
	  { [NO] = "合规承诺尚未由管理员本人确认：所有管理操作都被拒绝。",
	    [YES] = "合规承诺不再阻挡管理操作。",
	    [UNKNOWN] = "不知道是否需要确认合规承诺。" },
	  { [NO] = "Its administrator in person has not accepted the"
		   " compliance statement yet: every management call is"
		   " refused.",
	    [YES] = "No compliance statement stands in the way.",
	    [UNKNOWN] = "Nobody knows whether a compliance statement waits to"
			" be accepted." } },
	{ "user_login", lets_users_in, NULL, "the public settings",
	  "import_subscription import_self_service check_access",
	  { [NO] = "托管用户无法登录（纯后端模式或验证码）。",
	    [YES] = "托管用户可以登录。",
	    [UNKNOWN] = "不知道托管用户能否登录。" },
	  { [NO] = "Managed users cannot log in (backend mode or captcha).",
	    [YES] = "Managed users can log in.",
	    [UNKNOWN] = "Nobody knows whether managed users can log in." } },
	{ "group_isolation", parts_groups, evidence_of_mode,
	  "run_mode of /auth/me", "proof_by_group",
	  { [NO] = "简易模式：分组不隔离账号，"
		   "证明改用只有该账号映射的随机模型别名。",
	    [YES] = "标准模式：分组隔离账号，分组内的证明可信。",
	    [UNKNOWN] = "运行模式未知（管理密钥看不到），按标准模式处理。" },
	  { [NO] = "Simple mode: groups do not part accounts. A proof uses a"
		   " random alias that only the account maps.",
	    [YES] = "Standard mode: groups part accounts, and a proof through"
		    " a group means its accounts.",
	    [UNKNOWN] = "The run mode is unknown, for an admin key does not"
			" see it; taken for standard." } },
};

static void write_blocks(struct jout *out, const char *blocks)
{
	jout_array(out, "blocks");
	while (blocks && *blocks) {
		size_t len = strcspn(blocks, " ");

		jout_strn(out, NULL, blocks, len);
		blocks += len + (blocks[len] == ' ');
	}
	jout_array_end(out);
}

static void write_capability(struct jout *out,
			     const struct host_capability *capability)
{
	jout_object(out, NULL);
	jout_str(out, "name", capability->name);
	if (capability->known)
		jout_bool(out, "value", capability->value);
	else
		jout_null(out, "value");
	jout_str(out, "evidence", host_evidence_name(capability->evidence));
	jout_str(out, "detail", capability->detail);
	write_blocks(out, capability->blocks);
	jout_str(out, "sentence_zh", capability->zh);
	jout_str(out, "sentence_en", capability->en);
	jout_object_end(out);
}

static void write_other(struct jout *out, const struct host_seen *seen,
			const struct other *other)
{
	enum knowledge known = other->look(seen);
	struct host_capability capability = {
		.name = other->name,
		.known = known != UNKNOWN,
		.value = known == YES,
		.evidence = known == UNKNOWN ? HOST_ASSUMED
			: other->evidence ? other->evidence(seen)
			: HOST_OBSERVED,
		.blocks = known == NO ? other->blocks : NULL,
		.zh = other->zh[known],
		.en = other->en[known],
	};

	if (capability.evidence == HOST_OBSERVED)
		capability.detail = other->detail;
	write_capability(out, &capability);
}

static void write_evidence(struct jout *out, const struct host_seen *seen)
{
	jout_array(out, "evidence");
	for (size_t i = 0; i < COUNT(others); i++)
		write_other(out, seen, &others[i]);
	for (size_t i = 0; i < host_features_count(); i++) {
		struct host_capability capability =
			host_features_at(&seen->features, i);

		write_capability(out, &capability);
	}
	jout_array_end(out);
}

static const char *compliance_word(const struct host_seen *seen)
{
	if (!seen->compliance_known)
		return "unknown";
	if (seen->compliance_required)
		return "required";
	return seen->features.compliance_gate ? "accepted" : "none";
}

static void write_statement(struct jout *out, const struct host_seen *seen)
{
	AUTO_FREE char *zh = NULL, *en = NULL;

	if (!seen->compliance_required)
		return;
	zh = host_compliance_words_zh(&seen->compliance);
	en = host_compliance_words_en(&seen->compliance);
	host_compliance_write(out, "compliance_statement", &seen->compliance);
	jout_str(out, "compliance_zh", zh);
	jout_str(out, "compliance_en", en);
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
	write_statement(out, seen);
	jout_i64(out, "accounts", seen->accounts);
	host_features_write(out, &seen->features);
	write_operations(out, seen);
	write_evidence(out, seen);
	jout_object_end(out);
}
