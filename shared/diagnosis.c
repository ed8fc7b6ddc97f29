#include "shared/diagnosis.h"

#include <stdio.h>
#include <string.h>

#include "shared/clock.h"
#include "shared/say.h"

#define TEXT_MAX 8192

static const char *const hop_names[] = {
	[HOP_NONE]	= "none",
	[HOP_PROVIDER]	= "provider",
	[HOP_ACCOUNT]	= "account",
	[HOP_GATEWAY]	= "gateway",
	[HOP_KEY]	= "key",
	[HOP_HOST]	= "host",
};
TABLE_ENUM_DEFINE(hop, hop_names, HOP__MAX);

static const char *const next_names[] = {
	[NEXT_NONE]	= "none",
	[NEXT_REPAIR]	= "repair",
	[NEXT_RETRY]	= "retry",
	[NEXT_OPERATOR]	= "operator",
	[NEXT_GAVE_UP]	= "gave_up",
};
TABLE_ENUM_DEFINE(next_action, next_names, NEXT_ACTION__MAX);

/* What the provider refuses because of the key or the money behind it. */
static bool is_key_or_quota(enum failure class)
{
	switch (class) {
	case FAILURE_KEY_INVALID:
	case FAILURE_QUOTA_EXHAUSTED:
	case FAILURE_REGION_FORBIDDEN:
	case FAILURE_CLIENT_NOT_ALLOWED:
	case FAILURE_PLAN_ENDPOINT_MISMATCH:
	case FAILURE_ENTITLEMENT:
	case FAILURE_FORBIDDEN:
	case FAILURE_UPSTREAM_KEY_QUOTA_ISSUE:
		return true;
	default:
		return false;
	}
}

/* What is between a provider that answers and a user who gets nothing. */
static bool is_gap(enum failure class)
{
	switch (class) {
	case FAILURE_RESPONSES_FORCED:
	case FAILURE_HOST_COMPATIBILITY_GAP:
	case FAILURE_SURFACE_REFUSED:
	case FAILURE_ENDPOINT_UNSUPPORTED:
	case FAILURE_BAD_REQUEST:
	case FAILURE_INSPECT_BODY:
	case FAILURE_NOT_JSON:
	case FAILURE_UPSTREAM_FAILED:
	case FAILURE_UPSTREAM_AUTH:
	case FAILURE_UPSTREAM_FORBIDDEN:
		return true;
	default:
		return false;
	}
}

static bool is_fine(const struct evidence *evidence)
{
	return evidence->at != 0 && evidence->class == FAILURE_NONE;
}

const char *diagnosis_coarse(const struct diagnosis *diagnosis)
{
	const struct diagnosis *d = diagnosis;

	if (d->hop == HOP_PROVIDER && is_key_or_quota(d->class))
		return failure_name(FAILURE_UPSTREAM_KEY_QUOTA_ISSUE);
	if ((d->hop == HOP_ACCOUNT || d->hop == HOP_GATEWAY) &&
	    is_gap(d->class) && is_fine(&d->provider))
		return failure_name(FAILURE_HOST_COMPATIBILITY_GAP);
	return NULL;
}

/* Where the evidence of each hop is, in the order of a call. */
static const struct {
	const char *name;
	size_t offset;
} evidences[] = {
	{ "provider", offsetof(struct diagnosis, provider) },
	{ "account", offsetof(struct diagnosis, account) },
	{ "gateway", offsetof(struct diagnosis, gateway) },
	{ "upstream", offsetof(struct diagnosis, upstream) },
};

static void write_evidence(struct jout *out, const char *name,
			   const struct evidence *evidence)
{
	if (evidence->at == 0) {
		jout_null(out, name);
		return;
	}
	jout_object(out, name);
	jout_time(out, "at", evidence->at);
	if (evidence->status)
		jout_i64(out, "status", evidence->status);
	else
		jout_null(out, "status");
	jout_str(out, "class", failure_name(evidence->class));
	jout_str(out, "text", evidence->text);
	jout_object_end(out);
}

static void write_text(struct jout *out, const char *name, const char *text)
{
	if (text && *text)
		jout_str(out, name, text);
	else
		jout_null(out, name);
}

void diagnosis_write(struct jout *out, const char *name,
		     const struct diagnosis *diagnosis)
{
	const struct diagnosis *d = diagnosis;
	const struct failure_facts *facts = failure_facts(d->class);

	jout_object(out, name);
	jout_str(out, "hop", hop_name(d->hop));
	jout_str(out, "class", failure_name(d->class));
	write_text(out, "coarse", diagnosis_coarse(d));
	jout_str(out, "cause_zh", facts->zh);
	jout_str(out, "cause_en", facts->en);
	jout_time(out, "at", d->at);
	jout_object(out, "evidence");
	for (size_t i = 0; i < COUNT(evidences); i++)
		write_evidence(out, evidences[i].name, (const void *)
			       ((const char *)d + evidences[i].offset));
	jout_object_end(out);
	write_text(out, "account_id", d->account_id);
	write_text(out, "repair", d->repair);
	jout_object(out, "next");
	jout_str(out, "action", next_action_name(d->next));
	jout_time(out, "at", d->next_at);
	jout_object_end(out);
	jout_object_end(out);
}

static const char *member(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

/* A class that a later release wrote is no reason to lose the rest. */
static enum failure class_of(const json_t *object)
{
	enum failure class = FAILURE_INTERNAL;

	if (!failure_parse(member(object, "class"), &class))
		return FAILURE_INTERNAL;
	return class;
}

static int64_t time_of(const json_t *object, const char *name)
{
	int64_t at;

	return clock_parse(member(object, name), &at) ? at : 0;
}

static void read_evidence(const json_t *object, struct evidence *ret)
{
	if (!json_is_object(object))
		return;
	ret->at = time_of(object, "at");
	ret->status = (int)json_integer_value(json_object_get(object,
							      "status"));
	ret->class = class_of(object);
	snprintf(ret->text, sizeof(ret->text), "%s", member(object, "text"));
}

void diagnosis_read(const json_t *object, struct diagnosis *ret)
{
	const json_t *evidence = json_object_get(object, "evidence");
	const json_t *next = json_object_get(object, "next");

	*ret = (struct diagnosis){ 0 };
	if (!json_is_object(object))
		return;
	if (!hop_parse(member(object, "hop"), &ret->hop))
		ret->hop = HOP_NONE;
	ret->class = class_of(object);
	ret->at = time_of(object, "at");
	for (size_t i = 0; i < COUNT(evidences); i++)
		read_evidence(json_object_get(evidence, evidences[i].name),
			      (void *)((char *)ret + evidences[i].offset));
	snprintf(ret->account_id, sizeof(ret->account_id), "%s",
		 member(object, "account_id"));
	snprintf(ret->repair, sizeof(ret->repair), "%s",
		 member(object, "repair"));
	if (!next_action_parse(member(next, "action"), &ret->next))
		ret->next = NEXT_NONE;
	ret->next_at = time_of(next, "at");
}

char *diagnosis_text(const struct diagnosis *diagnosis)
{
	struct jout out = { .text.max = TEXT_MAX };

	diagnosis_write(&out, NULL, diagnosis);
	return buf_take(&out.text);
}

void diagnosis_parse(const char *text, struct diagnosis *ret)
{
	json_auto_t *object = text ? json_loads(text, 0, NULL) : NULL;

	diagnosis_read(object, ret);
}

static const struct said hop_sentences[] = {
	[HOP_NONE] = { "尚不能断定是哪一环出错：",
		       "It is not clear yet where it fails: " },
	[HOP_PROVIDER] = { "问题在供应商：", "The provider is at fault: " },
	[HOP_ACCOUNT] = { "问题在主机上的账号：",
			  "The account on the host is at fault: " },
	[HOP_GATEWAY] = { "问题在主机的网关：",
			  "The host's gateway is at fault: " },
	[HOP_KEY] = { "问题在用户的密钥、订阅或分组：",
		      "The user's key, subscription or group is at fault: " },
	[HOP_HOST] = { "问题在主机本身：",
		       "The host as a whole is at fault: " },
};
_Static_assert(COUNT(hop_sentences) == HOP__MAX, "a sentence for each hop");

/* With and without a moment. */
static const struct said next_sentences[][2] = {
	[NEXT_NONE] = { { "", "" }, { "", "" } },
	[NEXT_REPAIR] = {
		{ "系统将自动修复，然后重新验证。",
		  "CRM will repair it and prove it again." },
		{ "系统将于 {when}自动修复，然后重新验证。",
		  "CRM will repair it and prove it again at {when}." } },
	[NEXT_RETRY] = {
		{ "系统会自动重试。", "CRM will try again by itself." },
		{ "系统将于 {when}自动重试。",
		  "CRM will try again at {when}." } },
	[NEXT_OPERATOR] = {
		{ "需要人工处理。", "Somebody has to act." },
		{ "需要人工处理；系统将于 {when}再检查一次。",
		  "Somebody has to act; CRM looks again at {when}." } },
	[NEXT_GAVE_UP] = {
		{ "多次修复后都被改回，系统已停止修复，需要人工处理。",
		  "CRM repaired it several times and each repair was undone;"
		  " it has stopped, and somebody has to act." },
		{ "多次修复后都被改回，系统已停止修复，需要人工处理；将于"
		  " {when}再检查一次。",
		  "CRM repaired it several times and each repair was undone;"
		  " it has stopped, and somebody has to act. It looks again"
		  " at {when}." } },
};
_Static_assert(COUNT(next_sentences) == NEXT_ACTION__MAX, "name every action");

char *diagnosis_sentence(const struct diagnosis *diagnosis, const char *lang,
			 int64_t now)
{
	const struct diagnosis *d = diagnosis;
	const struct failure_facts *facts = failure_facts(d->class);
	const struct said *next = &next_sentences[d->next][d->next_at != 0];
	char when[SAY_TIME_MAX];
	const struct say_word words[] = {
		{ "when", say_when(lang, d->next_at, now, when) }, { 0 },
	};
	struct buf out = { .max = TEXT_MAX };

	if (d->class == FAILURE_NONE) {
		buf_adds(&out, say_is_zh(lang) ? facts->zh : facts->en);
		return buf_take(&out);
	}
	buf_adds(&out, say_in(lang, &hop_sentences[d->hop]));
	buf_adds(&out, say_is_zh(lang) ? facts->zh : facts->en);
	if (!say_is_zh(lang) && d->next != NEXT_NONE)
		buf_adds(&out, " ");
	say(&out, say_in(lang, next), words);
	return buf_take(&out);
}
