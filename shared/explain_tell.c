/* From what was gathered to the sentences that are told. */
#include "shared/explain_parts.h"

#include <string.h>

static const struct {
	struct said headline;
	struct said why;	/* beside what the hop says */
} themes[] = {
	[THEME_UNKNOWN] = {
		{ "尚未验证，还不知道是否可用。",
		  "Not proven yet, so nobody knows whether it works." },
		{ "", "" } },
	[THEME_WELL] = {
		{ "一切正常：用户可以使用 {model}。",
		  "All is well: users get {model}." },
		{ "", "" } },
	[THEME_WELL_AGAIN] = {
		{ "一切正常：问题已自动修复，用户可以使用 {model}。",
		  "All is well again: CRM repaired it, and users get"
		  " {model}." },
		{ "", "" } },
	[THEME_WELL_LOW] = {
		{ "用户可以使用 {model}，但密钥余额只剩 {amount} {currency}。",
		  "Users get {model}, but only {amount} {currency} are left"
		  " on the key." },
		{ "余额用完后，供应商会拒绝请求，用户将无法使用。",
		  "When the money is used up, the provider refuses and users"
		  " get nothing." } },
	[THEME_WELL_BUT] = {
		{ "用户可以使用 {model}，但账号 {account} 有问题——{cause}。",
		  "Users get {model}, but account {account} is out of order"
		  " — {cause}." },
		{ "同组的其他账号仍在应答，所以用户没有察觉。",
		  "Other accounts of the group answer, so users do not"
		  " notice." } },
	[THEME_STALE] = {
		{ "上次验证已过期，等待重新验证；此前一切正常。",
		  "The last proof has expired and a new one is due; all was"
		  " well before." },
		{ "验证只在一段时间内有效，过期后不能再说明它仍然可用。",
		  "A proof counts for a limited time: after that nobody can"
		  " say that it still works." } },
	[THEME_DOUBT] = {
		{ "最近一次检查失败，系统正在复查——{cause}。",
		  "The last check failed and is made again — {cause}." },
		{ "", "" } },
	[THEME_BROKEN] = {
		{ "不可用——{cause}。", "Not usable — {cause}." },
		{ "", "" } },
	[THEME_GAVE_UP] = {
		{ "系统已停止修复，需要您处理——{cause}。",
		  "CRM has stopped repairing this, and you have to act —"
		  " {cause}." },
		{ "每次修复之后都有人或程序把它改回；为避免反复争夺，系统不再"
		  "修复。",
		  "After each repair somebody or something undid it; CRM does"
		  " not fight over it and repairs it no more." } },
	[THEME_IMPORTING] = {
		{ "正在导入：{stage}。", "The import is under way: {stage}." },
		{ "", "" } },
	[THEME_HELD_UP] = {
		{ "导入暂时受阻，系统会自动重试——{cause}。",
		  "The import is held up and will be tried again — {cause}." },
		{ "受阻的步骤：{stage}。",
		  "The step that is held up: {stage}." } },
	[THEME_FAILED] = {
		{ "导入失败——{cause}。", "The import failed — {cause}." },
		{ "", "" } },
	[THEME_CANCELLED] = {
		{ "导入已被取消。", "The import was cancelled." },
		{ "", "" } },
	[THEME_HOST_SUSPECT] = {
		{ "主机 {host} 疑似故障，本项状态（{badge}）暂不改变——{cause}。",
		  "Host {host} is suspected, so this keeps its state ({badge})"
		  " for now — {cause}." },
		{ "在此期间检查失败，不说明这一项有问题；主机恢复后会重新检查。",
		  "While the host is suspected, a failed check says nothing of"
		  " this one; it is checked again when the host answers." } },
	[THEME_PROVIDER_SUSPECT] = {
		{ "供应商疑似故障，本项状态（{badge}）暂不改变——{cause}。",
		  "The provider is suspected, so this keeps its state ({badge})"
		  " for now — {cause}." },
		{ "该供应商最近的检查几乎都失败了，不说明这一项有问题；供应商恢复后"
		  "会重新检查。",
		  "Nearly all recent checks of this provider failed, so a"
		  " failure says nothing of this one; it is checked again when"
		  " the provider answers." } },
};
_Static_assert(COUNT(themes) == THEME__MAX, "words for each theme");

static bool is_importing(const struct matter *m)
{
	return m->state == STATE_IMPORTING;
}

static enum explain_theme theme_of_well(const struct matter *m)
{
	if (m->others_answer)
		return THEME_WELL_BUT;
	if (m->balance.low && m->balance.amount)
		return THEME_WELL_LOW;
	return m->repaired_lately ? THEME_WELL_AGAIN : THEME_WELL;
}

static enum explain_theme theme_of(const struct matter *m)
{
	if (m->state == STATE_CANCELLED)
		return THEME_CANCELLED;
	if (is_importing(m))
		return m->class == FAILURE_NONE ? THEME_IMPORTING
						: THEME_HELD_UP;
	if (m->state == STATE_FAILED)
		return THEME_FAILED;
	if (m->suspect)
		return m->host.suspect_class ? THEME_HOST_SUSPECT
					     : THEME_PROVIDER_SUSPECT;
	if (m->others_answer || m->state == STATE_ACTIVE)
		return theme_of_well(m);
	if (m->diagnosis.next == NEXT_GAVE_UP)
		return THEME_GAVE_UP;
	switch (m->state) {
	case STATE_STALE:
		return THEME_STALE;
	case STATE_DEGRADED:
		return THEME_DOUBT;
	case STATE_BROKEN:
		return THEME_BROKEN;
	default:
		return THEME_UNKNOWN;
	}
}

/* A failed proof that stands against a state that is kept. */
static enum failure class_told(const struct matter *m)
{
	const char *class = m->host.suspect_class ? m->host.suspect_class
						  : m->endpoint.suspect_class;
	enum failure suspect;

	if (m->suspect && !is_importing(m) && failure_parse(class, &suspect))
		return suspect;
	return m->class;
}

static const struct said hop_words[HOP__MAX][3] = {
	/* nothing known of the provider; it answers; it fails as well */
	[HOP_NONE] = {
		{ "", "" },
		{ "直接询问供应商是正常的，问题在主机这一边。",
		  "Asked directly the provider answers: the trouble is on the"
		  " host's side." },
		{ "直接询问供应商同样失败。",
		  "Asked directly the provider fails as well." } },
	[HOP_PROVIDER] = {
		{ "问题在供应商一侧。", "The provider is at fault." },
		{ "供应商拒绝的是主机的请求；由本系统直接询问则正常，所以与主机的"
		  "出口地址或主机账号中的密钥有关。",
		  "The provider refuses the host's requests; asked from here it"
		  " answers. So it is the host's own address, or the key in"
		  " the host's account." },
		{ "问题在供应商一侧：绕过主机、用同一个密钥直接询问，同样失败。",
		  "The provider is at fault: asked directly with the same key,"
		  " past the host, it fails as well." } },
	[HOP_ACCOUNT] = {
		{ "问题在主机上的账号 {account}。",
		  "Account {account} on the host is at fault." },
		{ "问题在主机上的账号 {account}；直接询问供应商是正常的。",
		  "Account {account} on the host is at fault; asked directly,"
		  " the provider answers." },
		{ "问题在主机上的账号 {account}，并且直接询问供应商也失败。",
		  "Account {account} on the host is at fault, and asked"
		  " directly the provider fails, too." } },
	[HOP_GATEWAY] = {
		{ "问题在主机的网关，即从用户密钥到账号的这一段。",
		  "The host's gateway is at fault, between the user's key and"
		  " the account." },
		{ "问题在主机的网关，即从用户密钥到账号的这一段：直接询问供应商是"
		  "正常的。",
		  "The host's gateway is at fault, between the user's key and"
		  " the account: asked directly, the provider answers." },
		{ "经主机失败，直接询问供应商也失败。",
		  "It fails through the host, and asked directly the provider"
		  " fails, too." } },
	[HOP_KEY] = {
		{ "问题在用户一侧：密钥、订阅、余额或分组，与供应商无关。",
		  "The user's side is at fault: key, subscription, balance or"
		  " group. It is not the provider." },
		{ "问题在用户一侧：密钥、订阅、余额或分组；直接询问供应商是正常"
		  "的。",
		  "The user's side is at fault: key, subscription, balance or"
		  " group. Asked directly, the provider answers." },
		{ "问题在用户一侧：密钥、订阅、余额或分组；此外直接询问供应商也失"
		  "败。",
		  "The user's side is at fault: key, subscription, balance or"
		  " group. Besides, asked directly the provider fails, too." } },
	[HOP_HOST] = {
		{ "主机没有正常应答，它后面的环节无法判断。",
		  "The host does not answer as it should, so nothing can be"
		  " said of what is behind it." },
		{ "主机没有正常应答；直接询问供应商是正常的。",
		  "The host does not answer as it should; asked directly, the"
		  " provider answers." },
		{ "主机没有正常应答，直接询问供应商也失败。",
		  "The host does not answer as it should, and asked directly"
		  " the provider fails, too." } },
};

/* Where an import failed that never got as far as a diagnosis. */
static const struct {
	const char *prefix;
	struct said words;
} failed_at[] = {
	{ "probe.", {
		"导入的第一步是直接询问供应商，在这一步就失败了；主机上没有创建任"
		"何东西。",
		"An import begins by asking the provider directly, and that"
		" failed; nothing was made on the host." } },
	{ "validate.", {
		"在主机上建好账号之后，用户密钥经主机得不到真实的回答；没有成功的"
		"验证，就不算可用。",
		"When the account had been made, a user's key got no real"
		" answer through the host; without a good proof nothing is"
		" called usable." } },
	{ "", {
		"在主机上为它做准备时失败。",
		"It failed while the host was being prepared for it." } },
};

static const struct said given_key_fails = {
	"您提供的用户密钥不能用来验证。",
	"The user key that was given cannot be used for the proof.",
};

static const struct said *why_failed(const struct matter *m)
{
	size_t i = 0;

	if (m->class == FAILURE_PROBE_KEY_UNKNOWN ||
	    m->class == FAILURE_PROBE_KEY_BOUND_ELSEWHERE)
		return &given_key_fails;
	while (strncmp(m->failed_step, failed_at[i].prefix,
		       strlen(failed_at[i].prefix)) != 0)
		i++;
	return &failed_at[i].words;
}

static const struct said *hop_said(const struct matter *m)
{
	const struct evidence *direct = &m->diagnosis.provider;
	int known = direct->at == 0 ? 0
		: direct->class == FAILURE_NONE ? 1 : 2;

	return &hop_words[m->diagnosis.hop][known];
}

static bool is_diagnosed(const struct matter *m)
{
	return m->diagnosis.at != 0 && m->class != FAILURE_NONE;
}

static void tell_why(const struct matter *m, enum explain_theme theme,
		     const struct say_word *words, struct explanation *ret)
{
	struct buf out = { .max = EXPLAIN_TEXT_MAX };
	const char *space = say_is_zh(m->lang) ? "" : " ";
	const char *own = say_in(m->lang, &themes[theme].why);

	if (is_diagnosed(m))
		say(&out, say_in(m->lang, hop_said(m)), words);
	else if (theme == THEME_FAILED)
		say(&out, say_in(m->lang, why_failed(m)), words);
	if (*own && out.len)
		buf_adds(&out, space);
	say(&out, own, words);
	free(ret->why);
	ret->why = buf_take(&out);
}

static void quote(struct explanation *ret, enum explain_by by,
		  const char *text)
{
	if (ret->quote || !text || *text == '\0')
		return;
	own_set(&ret->quote, text);
	ret->quote_by = by;
}

/* The words of the peer that is nearest to the cause. */
static void tell_quote(const struct matter *m, struct explanation *ret)
{
	const struct diagnosis *d = &m->diagnosis;

	if (m->class == FAILURE_NONE)
		return;
	if (!is_diagnosed(m)) {
		quote(ret, strncmp(m->failed_step, "probe.", 6) == 0
		      ? EXPLAIN_BY_PROVIDER : EXPLAIN_BY_NOBODY,
		      m->item.failure_detail);
		return;
	}
	if (d->hop == HOP_PROVIDER)
		quote(ret, EXPLAIN_BY_PROVIDER, d->provider.text);
	if (d->hop == HOP_ACCOUNT)
		quote(ret, EXPLAIN_BY_HOST, d->account.text);
	quote(ret, EXPLAIN_BY_PROVIDER, d->upstream.text);
	if (d->hop != HOP_ACCOUNT)
		quote(ret, EXPLAIN_BY_HOST, d->gateway.text);
}

static bool is_ours_to_act(const struct matter *m)
{
	if (m->diagnosis.at == 0)
		return failure_facts(m->class)->passes;
	return m->diagnosis.next == NEXT_REPAIR ||
	       m->diagnosis.next == NEXT_RETRY;
}

/* Whose turn it is while it fails. */
static enum explain_actor actor_of_trouble(const struct matter *m)
{
	const struct failure_facts *facts = failure_facts(m->class);

	if (!is_ours_to_act(m))
		return EXPLAIN_OPERATOR;
	if (m->state == STATE_BROKEN && facts->blame == BLAME_PROVIDER &&
	    m->diagnosis.next != NEXT_REPAIR)
		return EXPLAIN_PROVIDER;
	return EXPLAIN_CRM;
}

static enum explain_actor actor_of(const struct matter *m, enum explain_theme theme)
{
	switch (theme) {
	case THEME_WELL:
	case THEME_WELL_AGAIN:
	case THEME_CANCELLED:
		return EXPLAIN_NOBODY;
	case THEME_STALE:
	case THEME_IMPORTING:
	case THEME_HELD_UP:
	case THEME_UNKNOWN:
		return EXPLAIN_CRM;
	case THEME_PROVIDER_SUSPECT:
		return EXPLAIN_PROVIDER;
	case THEME_WELL_BUT:
	case THEME_DOUBT:
	case THEME_BROKEN:
		return actor_of_trouble(m);
	case THEME_WELL_LOW:
	case THEME_GAVE_UP:
	case THEME_FAILED:
	case THEME_HOST_SUSPECT:
	case THEME__MAX:
		break;
	}
	return EXPLAIN_OPERATOR;
}

void explain_tell(const struct matter *m, struct explanation *ret)
{
	enum explain_theme theme = theme_of(m);
	enum failure class = class_told(m);
	AUTO_FREE char *cause = explain_cause(m->lang, class);
	const char *model = m->item.resolved_smoke_model
		? m->item.resolved_smoke_model : m->proof.model;
	const char *account = *m->diagnosis.account_id
		? m->diagnosis.account_id : m->item.account_id;
	const struct say_word words[] = {
		{ "model", model ? model : m->endpoint.endpoint_key },
		{ "cause", cause }, { "account", account ? account : "" },
		{ "stage", say_in(m->lang, explain_stage(m->item.stage)) },
		{ "badge", ret->badge },
		{ "host", theme == THEME_HOST_SUSPECT ? m->host.name
						      : m->host.host_id },
		{ "host_id", m->host.host_id },
		{ "url", m->item.base_url ? m->item.base_url : "URL" },
		{ "access", m->access.access_id },
		{ "amount", m->balance.amount },
		{ "currency", m->balance.currency },
		{ "last4", m->item.api_key_last4 }, { 0 },
	};

	own_set(&ret->class, class == FAILURE_NONE ? NULL
						   : failure_name(class));
	free(ret->headline);
	ret->headline = explain_fill(m->lang, &themes[theme].headline, words);
	if (theme == THEME_WELL_BUT || theme == THEME_WELL_LOW ||
	    ((theme == THEME_HOST_SUSPECT || theme == THEME_PROVIDER_SUSPECT) &&
	     ret->tone == EXPLAIN_GOOD))
		ret->tone = EXPLAIN_WARNING;
	ret->actor = actor_of(m, theme);
	tell_why(m, theme, words, ret);
	tell_quote(m, ret);
	explain_next(m, ret);
	explain_notes(m, ret);
	explain_way_out(m, theme, words, ret);
}
