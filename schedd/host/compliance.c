#include "schedd/host/compliance.h"

#include "shared/table.h"

#define TEXT(member) { #member, offsetof(struct host_compliance, member) }

static const struct text {
	const char *name;
	size_t offset;
} texts[] = {
	TEXT(version), TEXT(url_zh), TEXT(url_en), TEXT(phrase_zh),
	TEXT(phrase_en),
};

static char *text_of(struct host_compliance *compliance, size_t i)
{
	return (char *)compliance + texts[i].offset;
}

static void keep(struct host_compliance *compliance, size_t i,
		 const char *text)
{
	snprintf(text_of(compliance, i), HOST_COMPLIANCE_TEXT, "%s",
		 text ? text : "");
}

void host_ask_compliance(struct request *request,
			 const struct host_peer *peer)
{
	host_start(request, peer, METHOD_GET, HOST_ROLE_ADMIN,
		   "/api/v1/admin/compliance");
}

/* What is not said stays: a 423 has less to tell than the route. */
static void read_host(const json_t *object, struct host_compliance *ret)
{
	static const char *const names[] = {
		"version", "document_url_zh", "document_url_en",
		"ack_phrase_zh", "ack_phrase_en",
	};

	for (size_t i = 0; i < COUNT(names); i++)
		if (host_member_text(object, names[i]))
			keep(ret, i, host_member_text(object, names[i]));
}

enum failure host_judge_compliance(const struct answer *answer,
				   struct host_compliance *ret)
{
	enum failure why = host_judge(answer);
	const json_t *data = host_data(answer);

	ret->required = false;
	if (why == FAILURE_GONE)
		return FAILURE_HOST_UNSUPPORTED;
	if (why != FAILURE_NONE)
		return why;
	if (!json_is_boolean(json_object_get(data, "required")))
		return FAILURE_HOST_UNSUPPORTED;
	ret->required = json_is_true(json_object_get(data, "required"));
	read_host(data, ret);
	return FAILURE_NONE;
}

void host_compliance_of_423(const struct answer *answer,
			    struct host_compliance *ret)
{
	ret->required = true;
	read_host(answer_at(answer, "/metadata"), ret);
}

static bool is_ascii(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text >= 0x80)
			return false;
	return true;
}

void host_ask_compliance_accept(struct request *request,
				const struct host_peer *peer,
				const char *phrase)
{
	host_start(request, peer, METHOD_POST, HOST_ROLE_ADMIN,
		   "/api/v1/admin/compliance/accept");
	host_body(request);
	jout_str(&request->body, "phrase", phrase);
	jout_str(&request->body, "language", is_ascii(phrase) ? "en" : "zh");
	host_body_end(request);
}

enum failure host_judge_compliance_accept(const struct answer *answer)
{
	enum failure why = host_judge(answer);

	if (host_reason_is(answer, "ADMIN_COMPLIANCE_INVALID_PHRASE"))
		return FAILURE_COMPLIANCE_REQUIRED;
	if (why != FAILURE_NONE)
		return why;
	return json_is_false(json_object_get(host_data(answer), "required"))
		? FAILURE_NONE : FAILURE_COMPLIANCE_REQUIRED;
}

static const char *or(const char *text, const char *otherwise)
{
	return *text ? text : otherwise;
}

char *host_compliance_words_zh(const struct host_compliance *compliance)
{
	return xasprintf("主机要求管理员本人先确认合规承诺（版本 %s）。"
		"请阅读 %s，"
		"然后在主机后台确认，或运行 crmctl host accept-compliance"
		" --phrase，原样输入：%s",
		or(compliance->version, "未知"),
		or(compliance->url_zh, "主机后台中的说明"),
		or(compliance->phrase_zh, "（主机后台显示的确认语句）"));
}

char *host_compliance_words_en(const struct host_compliance *compliance)
{
	return xasprintf("The host wants its administrator in person to accept"
		" a compliance commitment (version %s) first. Read %s, then"
		" accept it in the host's panel, or run crmctl host"
		" accept-compliance --phrase and type exactly: %s",
		or(compliance->version, "unknown"),
		or(compliance->url_en, "the document that the panel shows"),
		or(compliance->phrase_en,
		   "(the phrase that the panel shows)"));
}

void host_compliance_write(struct jout *out, const char *name,
			   const struct host_compliance *compliance)
{
	struct host_compliance copy = *compliance;

	jout_object(out, name);
	jout_bool(out, "required", compliance->required);
	for (size_t i = 0; i < COUNT(texts); i++)
		jout_str(out, texts[i].name,
			 *text_of(&copy, i) ? text_of(&copy, i) : NULL);
	jout_object_end(out);
}

void host_compliance_read(const json_t *object, struct host_compliance *ret)
{
	ret->required = json_is_true(json_object_get(object, "required"));
	for (size_t i = 0; i < COUNT(texts); i++)
		keep(ret, i, host_member_text(object, texts[i].name));
}
