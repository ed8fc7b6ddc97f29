#include "shared/failure.h"

/*
 * Whom a class is blamed on says where to look, not who pays.  The sentences
 * are read by somebody who was woken up: what is wrong, then what to do.
 */
static const struct failure_facts facts[] = {
	[FAILURE_NONE] = { "none", false, BLAME_NOBODY,
		"没有错误。",
		"Nothing is wrong." },
	[FAILURE_DNS] = { "dns", true, BLAME_NETWORK,
		"域名无法解析。请检查地址拼写和本机的 DNS。",
		"The host name does not resolve. Check its spelling and the"
		" DNS of this machine." },
	[FAILURE_REFUSED] = { "refused", true, BLAME_NETWORK,
		"连接被拒绝：对方没有在该端口监听，"
		"或防火墙拦截。"
		"请确认服务在运行、端口正确。",
		"The connection was refused: nobody listens on that port, or a"
		" firewall blocks it. See that the service runs and that the"
		" port is right." },
	[FAILURE_TLS] = { "tls", false, BLAME_NETWORK,
		"TLS 握手失败或证书不可信。"
		"请检查证书有效期与域名，"
		"自签证书请在 exchange.ca_file 中配置。",
		"The TLS handshake failed or the certificate is not trusted."
		" Check its dates and names; name a private CA in"
		" exchange.ca_file." },
	[FAILURE_TIMEOUT] = { "timeout", true, BLAME_NETWORK,
		"连接或应答超时。"
		"请检查网络与对方负载，然后重试。",
		"No connection, or no answer in time. Check the network and"
		" the load of the other side, then retry." },
	[FAILURE_RESET] = { "reset", true, BLAME_NETWORK,
		"连接在应答之前断开。通常是对方重启或中间设备切断，"
		"稍后重试。",
		"The connection broke before the answer. Usually a restart or"
		" a device in between: retry later." },
	[FAILURE_DEAD_END] = { "dead_end", true, BLAME_NETWORK,
		"对方接受连接但不作任何应答。"
		"请检查代理、防火墙，"
		"或对方进程是否挂起。",
		"The other side takes connections and says nothing. Check"
		" proxies and firewalls, and whether its process hangs." },
	[FAILURE_TOO_LARGE] = { "too_large", false, BLAME_PROVIDER,
		"应答超过大小上限。请确认地址指向 API；"
		"确有需要时调高 exchange.answer_max。",
		"The answer exceeds the ceiling. See that the address is that"
		" of an API; raise exchange.answer_max if it must be." },
	[FAILURE_NOT_JSON] = { "not_json", false, BLAME_PROVIDER,
		"应答不是 JSON（多为网页）。请检查基础地址，"
		"例如是否缺少 /v1，或被登录页、防护页拦截。",
		"The answer is no JSON, but a web page perhaps. Check the base"
		" URL (is /v1 missing?) and whether a login or protection page"
		" stands before the API." },
	[FAILURE_REDIRECTED] = { "redirected", false, BLAME_PROVIDER,
		"对方返回重定向，系统不会跟随。"
		"请直接填写最终地址。",
		"The other side redirects, which is never followed. Give the"
		" final address instead." },

	[FAILURE_KEY_INVALID] = { "key_invalid", false, BLAME_PROVIDER,
		"供应商不接受该密钥：无效、"
		"已吊销，或属于其他站点或区域。"
		"请核对密钥和基础地址。",
		"The provider rejects the key: unknown, revoked, or of another"
		" site or region. Check the key and the base URL." },
	[FAILURE_QUOTA_EXHAUSTED] = { "quota_exhausted", false, BLAME_PROVIDER,
		"余额或额度已用完。请充值，"
		"或等到额度重置后重试。",
		"No money or quota is left. Top up, or retry after the quota"
		" is reset." },
	[FAILURE_RATE_LIMITED] = { "rate_limited", true, BLAME_PROVIDER,
		"请求频率或并发超限，稍后重试。"
		"若持续出现，请降低并发。",
		"Too many requests at once or in a minute: retry later."
		" If it goes on, lower the concurrency." },
	[FAILURE_OVERLOADED] = { "overloaded", true, BLAME_PROVIDER,
		"供应商过载，稍后重试。",
		"The provider is overloaded: retry later." },
	[FAILURE_REGION_FORBIDDEN] = { "region_forbidden", false,
		BLAME_PROVIDER,
		"供应商或其防火墙拒绝本机所在的国家或 IP。"
		"请改用允许的出口，或换用当地站点。",
		"The provider or its firewall forbids this country or IP"
		" address. Use an address that is allowed, or the provider's"
		" site for this region." },
	[FAILURE_CLIENT_NOT_ALLOWED] = { "client_not_allowed", false,
		BLAME_PROVIDER,
		"该密钥只允许指定的客户端（如编程工具）使用，"
		"不能用于中转。"
		"请换用普通 API 密钥。",
		"This key only works for certain clients, such as coding"
		" tools, and not through a relay. Use an ordinary API key." },
	[FAILURE_PLAN_ENDPOINT_MISMATCH] = { "plan_endpoint_mismatch", false,
		BLAME_OPERATOR,
		"密钥有效，但与该地址的套餐不符。"
		"请使用该套餐对应的基础地址。",
		"The key is good, but for another plan's address. Use the base"
		" URL of the plan that the key belongs to." },
	[FAILURE_ENTITLEMENT] = { "entitlement", false, BLAME_PROVIDER,
		"密钥有效，但账号未开通该模型或服务。"
		"请在供应商控制台开通，或换用其他模型。",
		"The key is good, but not entitled to this model or service."
		" Enable it in the provider's console, or name another"
		" model." },
	[FAILURE_MODEL_NOT_FOUND] = { "model_not_found", false,
		BLAME_PROVIDER,
		"供应商没有该模型。请核对模型名称。",
		"The provider has no such model. Check the model's name." },
	[FAILURE_MODEL_AMBIGUOUS] = { "model_ambiguous", false,
		BLAME_OPERATOR,
		"模型名不明确，可能指多个模型，未作猜测。"
		"请从 recommended_models 中选择并写明版本。",
		"The model's name may mean several models, and none was"
		" guessed. Choose one of recommended_models, with its"
		" version." },
	[FAILURE_ENDPOINT_UNSUPPORTED] = { "endpoint_unsupported", false,
		BLAME_PROVIDER,
		"该地址不提供对话接口。请检查基础地址的路径。",
		"This address offers no chat completions. Check the path of"
		" the base URL." },
	[FAILURE_CONTENT_BLOCKED] = { "content_blocked", false,
		BLAME_PROVIDER,
		"内容审核拦截了测试消息。请换一个模型重试。",
		"The provider's moderation blocked the test message. Retry"
		" with another model." },
	[FAILURE_BAD_REQUEST] = { "bad_request", false, BLAME_PROVIDER,
		"供应商认为请求参数有误。请查看详情中的原文。",
		"The provider finds the request wrong. See its own words in"
		" the detail." },
	[FAILURE_FORBIDDEN] = { "forbidden", false, BLAME_PROVIDER,
		"供应商返回 403，未说明原因。"
		"可能是地区、套餐或防火墙限制，请查看详情。",
		"The provider answers 403 and gives no reason. It may be the"
		" region, the plan or a firewall; see the detail." },
	[FAILURE_INSPECT_BODY] = { "inspect_body", false, BLAME_PROVIDER,
		"应答状态为成功，但内容不是对话结果。"
		"请查看详情中的原文。",
		"The answer says success but holds no completion. See its own"
		" words in the detail." },
	[FAILURE_EMPTY_COMPLETION] = { "empty_completion", false,
		BLAME_PROVIDER,
		"模型没有给出内容：只有思考过程，或在此之前就因长度限制结束。"
		"会再问，长度不够时放宽；也可换用非推理模型作为测试模型。",
		"The model said nothing: it only thought, or hit the length"
		" limit before it spoke. It is asked again, with more room if"
		" it lacked some; or test with a model that does not reason"
		" first." },
	[FAILURE_TRANSIENT] = { "transient", true, BLAME_PROVIDER,
		"对方出现临时性服务器错误，稍后重试。",
		"The other side had a passing server error: retry"
		" later." },

	[FAILURE_HOST_AUTH] = { "host_auth", false, BLAME_OPERATOR,
		"主机不接受我们的管理凭据。"
		"请在主机上生成新的管理密钥并重新登记。",
		"The host does not accept our admin credentials. Make a new"
		" admin key on the host and register it here." },
	[FAILURE_COMPLIANCE_REQUIRED] = { "compliance_required", false,
		BLAME_OPERATOR,
		"主机要求管理员先确认合规声明。"
		"请登录主机后台确认，再重试。",
		"The host wants its administrator to accept the compliance"
		" statement. Log in there, accept it, and retry." },
	[FAILURE_HOST_UNSUPPORTED] = { "host_unsupported", false,
		BLAME_OPERATOR,
		"该地址不是可识别的 sub2api 主机，或版本不受支持。"
		"请检查主机地址与版本。",
		"This is no sub2api host, or one of an unknown version. Check"
		" the address and the version." },
	[FAILURE_HOST_REFUSED] = { "host_refused", false, BLAME_HOST,
		"主机拒绝了本应成功的操作。"
		"请查看详情中主机的原文。",
		"The host refused what should work. See its own words in the"
		" detail." },
	[FAILURE_HOST_UNRECOGNISED] = { "host_unrecognised", false,
		BLAME_OPERATOR,
		"CRM 在这台主机上创建的东西一样也看不到：主机可能被清空或"
		"恢复过，或地址指向了别的主机。记录未改动。请核对主机；"
		"确实没有了，再用 force 关闭记录。",
		"The host shows nothing of what CRM made there: it was emptied"
		" or restored, or its address leads to another host. No record"
		" was changed. Look at the host; if it is all gone, say force"
		" to close the records." },
	[FAILURE_BACKEND_MODE] = { "backend_mode", false, BLAME_OPERATOR,
		"主机处于纯后端模式，用户无法登录。"
		"请在主机设置中关闭该模式。",
		"The host runs in backend mode: users cannot log in. Switch it"
		" off in the host's settings." },
	[FAILURE_LOGIN_BLOCKED] = { "login_blocked", false, BLAME_OPERATOR,
		"主机登录要求验证码或二次验证。"
		"请在主机设置中为此关闭后重试。",
		"The host asks for a captcha or a second factor at login."
		" Switch it off in the host's settings and retry." },
	[FAILURE_WARMING_UP] = { "warming_up", true, BLAME_HOST,
		"账号刚创建，主机尚未就绪，稍后重试。",
		"The account is fresh and the host not ready for it: retry"
		" in a minute." },
	[FAILURE_NO_ACCOUNT] = { "no_account", true, BLAME_HOST,
		"主机没有可用账号（503）。"
		"请查看账号是否被停用、限流或未绑定分组。",
		"The host has no usable account (503). See whether the account"
		" is off, benched or not bound to the group." },
	[FAILURE_UPSTREAM_AUTH] = { "upstream_auth", false, BLAME_PROVIDER,
		"供应商拒绝了主机账号中的密钥。请更换密钥。",
		"The provider rejected the key of the host's account. Give it"
		" a new key." },
	[FAILURE_UPSTREAM_FORBIDDEN] = { "upstream_forbidden", false,
		BLAME_PROVIDER,
		"供应商对主机返回 403。"
		"可能是主机所在地区、套餐或防火墙限制。",
		"The provider answers the host with 403. It may be the host's"
		" region, the plan or a firewall." },
	[FAILURE_UPSTREAM_FAILED] = { "upstream_failed", true,
		BLAME_PROVIDER,
		"主机访问供应商失败，稍后重试。"
		"若持续出现，请检查主机到供应商的网络。",
		"The host's call of the provider failed: retry later. If it"
		" goes on, check the network between the two." },
	[FAILURE_RESPONSES_FORCED] = { "responses_forced", false, BLAME_HOST,
		"主机把对话转到供应商不支持的 /responses。"
		"请将账号改为强制使用对话接口。",
		"The host sends chats to /responses, which this provider lacks."
		" Force the account to chat completions." },
	[FAILURE_MODEL_NOT_LISTED] = { "model_not_listed", true, BLAME_HOST,
		"用户的模型列表中还没有该模型（主机有缓存），"
		"请在半分钟后重试。",
		"The model is not in the user's list yet, for the host caches"
		" it: retry in half a minute." },
	[FAILURE_KEY_REFUSED] = { "key_refused", false, BLAME_HOST,
		"网关不接受该用户的密钥。"
		"请检查用户、密钥和订阅是否仍然有效，"
		"再重试该项。",
		"The gateway does not take the user's key. See that user, key"
		" and subscription are still in force, then retry the item." },
	[FAILURE_GONE] = { "gone", false, BLAME_OPERATOR,
		"我们创建的资源已被他人在主机上删除。"
		"重试该项会重新创建。",
		"Somebody removed from the host what was made here. Retry the"
		" item to make it again." },
	[FAILURE_NOT_AS_WRITTEN] = { "not_as_written", false, BLAME_HOST,
		"回读的账号与写入的不一致，可能有人同时修改。"
		"请核对后重试该项。",
		"Read back, the account differs from what was written; somebody"
		" may have changed it. Compare, then retry the item." },

	[FAILURE_CONCURRENCY_LIMITED] = { "concurrency_limited", true,
		BLAME_HOST,
		"主机限制了并发（用户或账号），稍后重试。若持续出现，"
		"请调高该用户或账号的并发数。",
		"The host limits how many requests run at once: retry later."
		" If it goes on, raise the concurrency of the user or the"
		" account." },
	[FAILURE_BALANCE_EXHAUSTED] = { "balance_exhausted", false,
		BLAME_OPERATOR,
		"该用户在主机上的余额或密钥额度已用完。请在主机上为其"
		"充值或调高额度。",
		"The user's balance on the host, or the limit of the key, is"
		" used up. Top it up or raise the limit on the host." },
	[FAILURE_SUBSCRIPTION_MISSING] = { "subscription_missing", false,
		BLAME_OPERATOR,
		"该用户在此分组没有有效订阅（未分配、已过期或已用完）"
		"。请在主机上分配或续期。",
		"The user has no subscription to this group that is in force:"
		" none, ended, or used up. Assign or extend it on the host." },
	[FAILURE_KEY_UNBOUND] = { "key_unbound", false, BLAME_OPERATOR,
		"该密钥没有绑定任何分组。请在主机上将它绑定到正确的分"
		"组。",
		"The key is bound to no group. Bind it to the right group on"
		" the host." },
	[FAILURE_GROUP_UNUSABLE] = { "group_unusable", false, BLAME_OPERATOR,
		"密钥所属的分组已被删除或停用。请在主机上启用该分组，"
		"或重试该项以重新创建。",
		"The group of the key was deleted or switched off. Switch it"
		" on again on the host, or retry the item to make it anew." },
	[FAILURE_GROUP_NOT_ALLOWED] = { "group_not_allowed", false,
		BLAME_OPERATOR,
		"该用户无权使用此分组。请在主机上为用户开放该分组。",
		"The user may not use this group. Allow the group to the user"
		" on the host." },
	[FAILURE_GROUP_EMPTY] = { "group_empty", false, BLAME_OPERATOR,
		"分组中没有任何账号。重试该项会重新放入账号。",
		"There is no account in the group. Retry the item to put its"
		" account there again." },
	[FAILURE_CHANNEL_RESTRICTS] = { "channel_restricts", false,
		BLAME_OPERATOR,
		"主机上有渠道对此分组开启了“限制模型”，该模型因此不"
		"可用。请在渠道中加入该模型或关闭限制。",
		"A channel of the host restricts the models of this group and"
		" leaves this one out. Add the model to the channel, or lift"
		" the restriction." },
	[FAILURE_ERROR_CODES_HIDE] = { "error_codes_hide", false,
		BLAME_OPERATOR,
		"账号设置了自定义错误码，主机隐去了供应商的真实错误。"
		"请在主机上关闭该设置后重试。",
		"The account has custom error codes, so the host hides what"
		" the provider said. Switch them off on the host and retry." },
	[FAILURE_SURFACE_REFUSED] = { "surface_refused", false, BLAME_HOST,
		"该分组或账号不提供此接口。请使用访问说明中列出的接口"
		"。",
		"The group or account does not serve this API. Use one of the"
		" APIs that the access lists as working." },
	[FAILURE_ACCOUNT_OFF] = { "account_off", false, BLAME_OPERATOR,
		"账号已被操作员在主机上停用，系统不会自行启用。需要时"
		"请在主机上启用它。",
		"An operator switched the account off on the host, and it is"
		" left so. Switch it on there when it is wanted again." },
	[FAILURE_ACCOUNT_PAUSED] = { "account_paused", false, BLAME_OPERATOR,
		"该密钥已由操作员通过 CRM 暂停，既不检查也不修复。需要时"
		"请恢复：crmctl item resume。",
		"An operator paused this key through CRM: it is neither"
		" checked nor mended. Resume it when it is wanted: crmctl"
		" item resume." },
	[FAILURE_ACCOUNT_ERROR] = { "account_error", false, BLAME_HOST,
		"主机已将账号置为错误状态并停止使用。排除原因后，重试"
		"该项即可恢复账号。",
		"The host gave the account the status \"error\" and stopped"
		" using it. Remove the cause, then retry the item to recover"
		" it." },
	[FAILURE_ACCOUNT_BENCHED] = { "account_benched", true, BLAME_HOST,
		"主机因错误或限流暂停了该账号，到期后会自动恢复。",
		"The host has benched the account after errors or a rate"
		" limit. It comes back by itself when the time is over." },
	[FAILURE_KEY_REPLACED] = { "key_replaced", false, BLAME_OPERATOR,
		"主机账号中的密钥已被他人更换。请确认应使用哪个密钥，"
		"再重新导入。",
		"Somebody gave the host's account another key. Decide which"
		" key is the right one, then import it again." },
	[FAILURE_UPSTREAM_KEY_QUOTA_ISSUE] = { "upstream_key_quota_issue", false,
		BLAME_PROVIDER,
		"供应商一侧的密钥或额度有问题：直接访问同样失败。请更"
		"换密钥或充值。",
		"The provider's key or quota is at fault: asked directly, it"
		" fails as well. Replace the key or top up." },
	[FAILURE_HOST_COMPATIBILITY_GAP] = { "host_compatibility_gap", false,
		BLAME_HOST,
		"直接访问供应商正常，经主机则失败：该主机版本与供应商"
		"不兼容。请查看诊断，或升级主机。",
		"Asked directly the provider answers, through the host it"
		" fails: this host version does not fit the provider. See the"
		" diagnosis, or upgrade the host." },
	[FAILURE_ADOPT_REFUSED] = { "adopt_refused", false, BLAME_OPERATOR,
		"指定的主机账号不能收编，原因见详情。请换一个账号，或去掉"
		" adopt_account_id 后重新导入。",
		"The account of the host that was named cannot be adopted; the"
		" detail says why. Name another one, or import again without"
		" adopt_account_id." },
	[FAILURE_ACCOUNT_PROXY_UNKNOWN] = { "account_proxy_unknown", false,
		BLAME_OPERATOR,
		"主机上没有为该账号指定的代理。请核对代理编号后重新导入。",
		"The host has no proxy of the id that was given for the"
		" account. Check the id and import again." },
	[FAILURE_PROBE_KEY_UNKNOWN] = { "probe_key_unknown", false,
		BLAME_OPERATOR,
		"主机上没有您提供的这个用户密钥。请核对后重新提交。",
		"The host knows no such user key as was given for the proof."
		" Check it and submit again." },
	[FAILURE_PROBE_KEY_BOUND_ELSEWHERE] = { "probe_key_bound_elsewhere", false,
		BLAME_OPERATOR,
		"您提供的用户密钥绑定在别的分组。请换用绑定到本分组的"
		"密钥，或允许改绑。",
		"The user key given for the proof is bound to another group."
		" Give one of this group, or allow that it is moved." },
	[FAILURE_ADDRESS_FORBIDDEN] = { "address_forbidden", false,
		BLAME_OPERATOR,
		"该域名解析到禁止访问的地址范围（本机、内网或元数据服"
		"务），未发出请求。如属有意，请在设置中放行。",
		"The name resolves to an address in a forbidden range"
		" (loopback, private or metadata), so nothing was sent. Allow"
		" it in the settings if it is meant." },
	[FAILURE_PROXY_FAILED] = { "proxy_failed", true, BLAME_NETWORK,
		"代理不可用或拒绝了连接。请检查代理地址、账号及其出口"
		"网络。",
		"The proxy cannot be reached or refused the connection. Check"
		" its address, its credentials and its way out." },
	[FAILURE_HOST_SUSPECT] = { "host_suspect", true, BLAME_HOST,
		"该主机上的访问同时大量失败，疑似主机本身故障；单项状"
		"态保持不变。请先检查主机。",
		"Nearly everything on this host fails at once, so the host is"
		" suspected and single items keep their state. Look at the"
		" host first." },
	[FAILURE_PROVIDER_SUSPECT] = { "provider_suspect", true, BLAME_PROVIDER,
		"该供应商的访问同时大量失败，疑似供应商故障；单项状态"
		"保持不变。请查看供应商公告。",
		"Nearly everything of this provider fails at once, so the"
		" provider is suspected and single items keep their state."
		" See its status page." },
	[FAILURE_PROOF_EXPIRED] = { "proof_expired", true, BLAME_NOBODY,
		"上次验证已过期，尚未重新验证。系统会自动重试，也可立"
		"即发起检查。",
		"The last proof is too old and none has followed. It will be"
		" proven again by itself; a check can be asked for at once." },

	[FAILURE_CANCELLED] = { "cancelled", false, BLAME_NOBODY,
		"已由操作员取消。",
		"Cancelled by an operator." },
	[FAILURE_INTERNAL] = { "internal", false, BLAME_US,
		"内部错误。请查看 crm-schedd 的日志，"
		"并附上该项的编号报告。",
		"An internal error. See the log of crm-schedd, and report it"
		" with the id of the item." },
};
_Static_assert(COUNT(facts) == FAILURE__MAX, "a row for every class");

const struct failure_facts *failure_facts(enum failure failure)
{
	return &facts[failure];
}

const char *failure_name(enum failure value)
{
	return facts[value].name;
}

bool failure_parse(const char *name, enum failure *ret)
{
	for (size_t i = 0; name && i < COUNT(facts); i++) {
		if (strcmp(facts[i].name, name) == 0) {
			*ret = (enum failure)i;
			return true;
		}
	}
	return false;
}
