#include <string.h>

#include "shared/own.h"
#include "shared/table.h"
#include "tests/model/host_routes.h"
#include "tests/model/host_view.h"

static const char phrase_zh[] =
	"我已阅读、理解并同意 Sub2API 部署与运营合规承诺";
static const char phrase_en[] =
	"I have read, understood, and agree to the Sub2API Deployment and "
	"Operation Compliance Commitment";

struct setting {
	const char *name;
	const char *text;		/* as JSON */
	enum host_version since;
	enum host_version until;	/* the last with it; 0: all later */
};

#define SINCE_129 HOST_0_1_129, 0
#define SINCE_179 HOST_0_1_179, 0
#define ALWAYS 0, 0
#define UNTIL_129 0, HOST_0_1_129

static const struct setting settings[] = {
	{ "registration_enabled", "false", ALWAYS },
	{ "email_verify_enabled", "false", ALWAYS },
	{ "force_email_on_third_party_signup", "false", ALWAYS },
	{ "registration_email_suffix_whitelist", "[]", ALWAYS },
	{ "registration_email_domain_quota_enabled", "false", SINCE_179 },
	{ "promo_code_enabled", "true", ALWAYS },
	{ "password_reset_enabled", "false", ALWAYS },
	{ "invitation_code_enabled", "false", ALWAYS },
	{ "totp_enabled", "false", ALWAYS },
	{ "passkey_enabled", "false", SINCE_179 },
	{ "login_agreement_enabled", "false", ALWAYS },
	{ "login_agreement_mode", "\"modal\"", ALWAYS },
	{ "login_agreement_updated_at", "\"2026-03-31\"", ALWAYS },
	{ "login_agreement_revision", "\"0eff189d66e0af4e\"", ALWAYS },
	{ "login_agreement_documents",
	  "[{\"id\":\"terms\",\"title\":\"服务条款\",\"content_md\":\"\"}]",
	  ALWAYS },
	{ "turnstile_enabled", "false", ALWAYS },
	{ "turnstile_site_key", "\"\"", ALWAYS },
	{ "tencent_captcha_enabled", "false", SINCE_179 },
	{ "tencent_captcha_app_id", "\"\"", SINCE_179 },
	{ "tencent_captcha_region", "\"cn\"", SINCE_179 },
	{ "aliyun_captcha_enabled", "false", SINCE_179 },
	{ "aliyun_captcha_scene_id", "\"\"", SINCE_179 },
	{ "aliyun_captcha_prefix", "\"\"", SINCE_179 },
	{ "aliyun_captcha_region", "\"cn\"", SINCE_179 },
	{ "site_name", "\"Sub2API\"", ALWAYS },
	{ "site_logo", "\"\"", ALWAYS },
	{ "site_subtitle", "\"Subscription to API Conversion Platform\"",
	  ALWAYS },
	{ "api_base_url", "\"\"", ALWAYS },
	{ "contact_info", "\"\"", ALWAYS },
	{ "doc_url", "\"\"", ALWAYS },
	{ "home_content", "\"\"", ALWAYS },
	{ "compact_home_enabled", "false", SINCE_179 },
	{ "hide_ccs_import_button", "false", ALWAYS },
	{ "purchase_subscription_enabled", "false", ALWAYS },
	{ "purchase_subscription_url", "\"\"", ALWAYS },
	{ "table_default_page_size", "20", ALWAYS },
	{ "table_page_size_options", "[10,20,50]", ALWAYS },
	{ "custom_menu_items", "[]", ALWAYS },
	{ "custom_endpoints", "[]", ALWAYS },
	{ "dingtalk_oauth_enabled", "false", SINCE_129 },
	{ "linuxdo_oauth_enabled", "false", ALWAYS },
	{ "wechat_oauth_enabled", "false", ALWAYS },
	{ "wechat_oauth_open_enabled", "false", ALWAYS },
	{ "wechat_oauth_mp_enabled", "false", ALWAYS },
	{ "wechat_oauth_mobile_enabled", "false", ALWAYS },
	{ "oidc_oauth_enabled", "false", ALWAYS },
	{ "oidc_oauth_provider_name", "\"OIDC\"", ALWAYS },
	{ "github_oauth_enabled", "false", ALWAYS },
	{ "google_oauth_enabled", "false", ALWAYS },
	{ "sora_client_enabled", "false", UNTIL_129 },
	{ "backend_mode_enabled", "false", ALWAYS },
	{ "payment_enabled", "false", ALWAYS },
	{ "server_timezone", "\"UTC\"", SINCE_179 },
	{ "server_utc_offset", "\"+00:00\"", SINCE_179 },
	{ "balance_low_notify_enabled", "false", ALWAYS },
	{ "account_quota_notify_enabled", "false", ALWAYS },
	{ "balance_low_notify_threshold", "0", ALWAYS },
	{ "balance_low_notify_recharge_url", "\"\"", ALWAYS },
	{ "channel_monitor_enabled", "true", ALWAYS },
	{ "channel_monitor_mode", "\"v1\"", SINCE_179 },
	{ "channel_monitor_default_interval_seconds", "60", ALWAYS },
	{ "channel_monitor_hide_throughput", "true", SINCE_179 },
	{ "channel_monitor_show_quota", "false", SINCE_179 },
	{ "available_channels_enabled", "false", ALWAYS },
	{ "model_plaza_enabled", "false", SINCE_179 },
	{ "model_plaza_require_auth", "false", SINCE_179 },
	{ "affiliate_enabled", "false", ALWAYS },
	{ "risk_control_enabled", "false", ALWAYS },
	{ "allow_user_view_error_requests", "false", SINCE_179 },
};

static void health(struct host_call *call)
{
	reply_json(call, 200, json_pack("{ss}", "status", "ok"));
}

static void setup_status(struct host_call *call)
{
	reply_json(call, 200, json_pack("{si s{sb ss}}", "code", 0, "data",
					"needs_setup", 0, "step",
					"completed"));
}

/* Hosts that were built by hand say less than they are. */
static const char *version_of(const struct host_model *model)
{
	return model->reported_version ? model->reported_version :
		host_version_name(model->options.version);
}

static void public_settings(struct host_call *call)
{
	enum host_version version = call->model->options.version;
	json_t *data = json_object();

	for (size_t i = 0; i < COUNT(settings); i++) {
		if (version < settings[i].since ||
		    (settings[i].until && version > settings[i].until))
			continue;
		json_object_set_new(data, settings[i].name, json_loads(
			settings[i].text, JSON_DECODE_ANY, NULL));
	}
	json_object_set_new(data, "backend_mode_enabled", json_boolean(
		call->model->options.backend_mode));
	json_object_set_new(data, "version",
			    json_string(version_of(call->model)));
	reply_data(call, data);
}

static void show_version(struct host_call *call)
{
	reply_data(call, json_pack("{ss}", "version",
				   version_of(call->model)));
}

static void show_admin_key(struct host_call *call)
{
	const char *key = call->model->admin_key;
	AUTO_FREE char *masked = NULL;

	if (key && strlen(key) > 14)
		masked = xasprintf("%.10s...%s", key,
				   key + strlen(key) - 4);
	reply_data(call, json_pack("{sb ss}", "exists", key != NULL,
				   "masked_key", masked ? masked : ""));
}

static void make_admin_key(struct host_call *call)
{
	AUTO_FREE char *key = host_random_hex(call->model, "admin-", 64);

	own_set(&call->model->admin_key, key);
	reply_data(call, json_pack("{ss}", "key", key));
}

static void drop_admin_key(struct host_call *call)
{
	own_set(&call->model->admin_key, NULL);
	reply_message(call, "Admin API key deleted");
}

static json_t *compliance_view(const struct host_call *call)
{
	static const char docs[] =
		"https://github.com/Wei-Shaw/sub2api/blob/main/";
	static const char zh[] = "docs/legal/admin-compliance.zh.md";
	static const char en[] = "docs/legal/admin-compliance.en.md";
	AUTO_FREE char *url_zh = xasprintf("%s%s", docs, zh);
	AUTO_FREE char *url_en = xasprintf("%s%s", docs, en);
	int64_t at = call->model->compliance_at;
	json_t *view = json_pack("{sb ss ss ss ss ss ss ss}",
		"required", at == 0, "version", "v2026.06.10",
		"document_path_zh", zh, "document_path_en", en,
		"document_url_zh", url_zh, "document_url_en", url_en,
		"ack_phrase_zh", phrase_zh, "ack_phrase_en", phrase_en);

	if (at)
		json_object_set_new(view, "acknowledgement", json_pack(
			"{ss ss ss sI ss so}", "version", "v2026.06.10",
			"document_zh", zh, "document_en", en,
			"admin_user_id", (json_int_t)call->user->id,
			"ip_address", "192.0.2.1",
			"accepted_at", view_time(at)));
	return view;
}

static void show_compliance(struct host_call *call)
{
	reply_data(call, compliance_view(call));
}

static void accept_compliance(struct host_call *call)
{
	const char *phrase = body_text(call, "phrase");
	const char *language = body_text(call, "language");
	bool is_zh = language && strncmp(language, "zh", 2) == 0;

	if (!phrase || strcmp(phrase, is_zh ? phrase_zh : phrase_en) != 0) {
		reply_refuse(call, 400, "confirmation phrase does not match",
			     "ADMIN_COMPLIANCE_INVALID_PHRASE");
		return;
	}
	call->model->compliance_at = call->model->now;
	reply_data(call, compliance_view(call));
}

#define ADMIN_KEY "/api/v1/admin/settings/admin-api-key"

const struct host_route host_settings_routes[] = {
	{ .method = "GET", .pattern = "/health", .handle = health },
	{ .method = "GET", .pattern = "/setup/status",
	  .handle = setup_status },
	{ .method = "GET", .pattern = "/api/v1/settings/public",
	  .handle = public_settings },
	{ .method = "GET", .pattern = "/api/v1/admin/system/version",
	  .handle = show_version, .access = HOST_ADMIN },
	{ .method = "GET", .pattern = ADMIN_KEY,
	  .handle = show_admin_key, .access = HOST_ADMIN },
	{ .method = "POST", .pattern = ADMIN_KEY "/regenerate",
	  .handle = make_admin_key, .access = HOST_ADMIN },
	{ .method = "DELETE", .pattern = ADMIN_KEY,
	  .handle = drop_admin_key, .access = HOST_ADMIN },
	{ .method = "GET", .pattern = "/api/v1/admin/compliance",
	  .handle = show_compliance, .access = HOST_ADMIN_UNGATED,
	  .since = HOST_0_1_179 },
	{ .method = "POST", .pattern = "/api/v1/admin/compliance/accept",
	  .handle = accept_compliance, .access = HOST_ADMIN_UNGATED,
	  .since = HOST_0_1_179 },
	{ .method = NULL },
};
