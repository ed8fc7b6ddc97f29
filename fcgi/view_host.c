/* view_host: hosts, endpoints of providers, their money, and notices. */
#include "fcgi/view.h"

#include <jansson.h>

#include "shared/failure.h"

/* What a state means, where no failure class says it. */
static const struct {
	const char *zh, *en;
} sentences[] = {
	[HOST_UNKNOWN] = {
		"尚未探测完成：稍候再看，或重新探测。",
		"It has not been probed yet: look again soon, or probe it." },
	[HOST_READY] = { "主机就绪。", "The host is ready." },
	[HOST_UNREACHABLE] = {
		"连不上主机：检查地址、网络和代理，然后重新探测。",
		"The host cannot be reached: check its address, the network"
		" and the proxy, then probe it again." },
	[HOST_UNAUTHORIZED] = {
		"主机不认所给的管理员凭据：更换凭据后会自动重新探测。",
		"The host does not take the administrator's credentials: give"
		" others, and it is probed again." },
	[HOST_COMPLIANCE_REQUIRED] = {
		"主机要求管理员本人先确认合规承诺：请在主机后台确认，或运行"
		" crmctl host accept-compliance --phrase。",
		"The host wants its administrator in person to accept a"
		" compliance commitment first: accept it in the host's panel,"
		" or by crmctl host accept-compliance --phrase." },
	[HOST_UNSUPPORTED] = {
		"能应答，但不是已知的 sub2api 主机：核对地址。",
		"It answers, but not as a sub2api host that we know: check the"
		" address." },
};
_Static_assert(COUNT(sentences) == HOST_STATE__MAX, "a sentence for each");

/* The commitment in the host's own words is better than ours. */
static const char *statement(const json_t *capabilities, const char *name,
			     const char *otherwise)
{
	const char *text = json_string_value(json_object_get(capabilities,
							     name));

	return text ? text : otherwise;
}

static void write_compliance(struct jout *out, const struct host *host)
{
	json_auto_t *seen = host->capabilities
		? json_loads(host->capabilities, 0, NULL) : NULL;

	jout_str(out, "sentence_zh", statement(seen, "compliance_zh",
		 sentences[host->state].zh));
	jout_str(out, "sentence_en", statement(seen, "compliance_en",
		 sentences[host->state].en));
}

/*
 * One sentence for the state.  A ready host on which everything fails is
 * spoken of as that; a failure class says more than the state it led to.
 */
static void write_sentence(struct jout *out, const struct host *host)
{
	bool suspect = host->state == HOST_READY && host->suspect_class;
	enum failure why = FAILURE_HOST_SUSPECT;

	if (host->state == HOST_COMPLIANCE_REQUIRED) {
		write_compliance(out, host);
	} else if (suspect || (failure_parse(host->reason, &why) &&
			       why != FAILURE_NONE)) {
		jout_str(out, "sentence_zh", failure_facts(why)->zh);
		jout_str(out, "sentence_en", failure_facts(why)->en);
	} else {
		jout_str(out, "sentence_zh", sentences[host->state].zh);
		jout_str(out, "sentence_en", sentences[host->state].en);
	}
}

static void host_access(struct jout *out, const struct host *host)
{
	jout_str(out, "auth_type", host_auth_name(host->auth_type));
	jout_str(out, "admin_email", host->admin_email);
	jout_time(out, "session_expires_at", host->session_expires_at);
	jout_str(out, "proxy", host->proxy);
	jout_bool(out, "has_ca", host->ca_pem != NULL);
}

static void suspicion(struct jout *out, const char *class, int64_t since)
{
	jout_str(out, "suspect_class", class);
	view_class(out, "suspect_zh", "suspect_en", class);
	jout_time(out, "suspect_since", since);
}

void host_write(struct jout *out, const char *name, const struct host *host,
		int64_t notices)
{
	jout_object(out, name);
	jout_str(out, "host_id", host->host_id);
	jout_str(out, "name", host->name);
	jout_str(out, "base_url", host->base_url);
	jout_str(out, "public_base_url", host->public_base_url);
	host_access(out, host);
	jout_str(out, "state", host_state_name(host->state));
	write_sentence(out, host);
	jout_str(out, "reason", host->reason);
	jout_str(out, "reason_detail", host->reason_detail);
	view_class(out, "reason_zh", "reason_en", host->reason);
	jout_str(out, "version", host->version);
	jout_str(out, "run_mode", host->run_mode);
	jout_raw(out, "capabilities", host->capabilities);
	suspicion(out, host->suspect_class, host->suspect_since);
	jout_time(out, "paused_at", host->paused_at);
	jout_i64(out, "notices_open", notices);
	jout_time(out, "probed_at", host->probed_at);
	jout_time(out, "created_at", host->created_at);
	jout_time(out, "updated_at", host->updated_at);
	jout_object_end(out);
}

void endpoint_write(struct jout *out, const char *name,
		    const struct endpoint_row *row)
{
	jout_object(out, name);
	jout_str(out, "endpoint_key", row->endpoint_key);
	jout_str(out, "proxy", row->proxy);
	jout_bool(out, "has_ca", row->ca_pem != NULL);
	view_known(out, "concurrency", row->concurrency);
	view_known(out, "requests_per_minute", row->requests_per_minute);
	suspicion(out, row->suspect_class, row->suspect_since);
	jout_time(out, "paused_at", row->paused_at);
	jout_time(out, "created_at", row->created_at);
	jout_time(out, "updated_at", row->updated_at);
	jout_object_end(out);
}

void notice_write(struct jout *out, const char *name,
		  const struct notice *notice)
{
	AUTO_FREE char *zh = notice_text(notice, "zh");
	AUTO_FREE char *en = notice_text(notice, "en");

	jout_object(out, name);
	jout_str(out, "notice_id", notice->notice_id);
	jout_str(out, "kind", notice_kind_name(notice->kind));
	jout_str(out, "subject", notice->subject);
	jout_str(out, "host_id", notice->host_id);
	jout_str(out, "endpoint_key", notice->endpoint_key);
	jout_str(out, "class", notice->class);
	jout_raw(out, "detail", notice->detail);
	jout_str(out, "text_zh", zh);
	jout_str(out, "text_en", en);
	jout_bool(out, "open", notice->ended_at == 0);
	jout_time(out, "at", notice->at);
	jout_time(out, "ended_at", notice->ended_at);
	jout_object_end(out);
}

void balance_write(struct jout *out, const char *name,
		   const struct balance *balance)
{
	if (balance->checked_at == 0) {
		jout_null(out, name);
		return;
	}
	jout_object(out, name);
	jout_str(out, "amount", balance->amount);
	jout_str(out, "currency", balance->currency);
	jout_time(out, "expires_at", balance->expires_at);
	jout_bool(out, "low", balance->low);
	jout_time(out, "checked_at", balance->checked_at);
	jout_object_end(out);
}
