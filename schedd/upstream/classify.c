#include "schedd/upstream/classify.h"

#include <stdio.h>
#include <string.h>

#include "schedd/judge.h"
#include "shared/verdict_signal.h"

#define NAMES_MAX ((size_t)100)

struct verdict_answer upstream_verdict_answer(const struct answer *answer)
{
	return (struct verdict_answer){
		.peer = VERDICT_PROVIDER,
		.delivery = judge_delivery(answer),
		.status = answer->status,
		.content_type = answer->content_type,
		.body = answer->body,
		.body_len = answer->body_len,
		.json = answer->json,
		.retry_after_ms = answer->retry_after_ms,
	};
}

enum failure upstream_classify(const struct answer *answer,
			       struct upstream_error *detail)
{
	const struct verdict_answer asked = upstream_verdict_answer(answer);
	struct finding finding = verdict_of(&asked);

	if (detail) {
		*detail = (struct upstream_error){ .status = answer->status };
		snprintf(detail->code, sizeof(detail->code), "%s",
			 finding.code);
		snprintf(detail->text, sizeof(detail->text), "%s",
			 finding.text);
	}
	/* It was asked because this is not what was wanted. */
	return finding.class == FAILURE_NONE ? FAILURE_INSPECT_BODY
					     : finding.class;
}

/* "choices, id", as far as there is room. */
static char *names_of(const json_t *object)
{
	struct buf out = { .max = NAMES_MAX };
	const char *name;
	const json_t *member;

	json_object_foreach((json_t *)(uintptr_t)object, name, member)
		if (out.len + strlen(name) + 2 < NAMES_MAX)
			buf_addf(&out, "%s%s", out.len > 0 ? ", " : "", name);
	return buf_take(&out);
}

/* What came with a success instead of a completion, if it has no words. */
static char *shape_of(const struct answer *answer)
{
	const json_t *choice = json_array_get(json_object_get(answer->json,
							"choices"), 0);
	json_auto_t *events = NULL;
	AUTO_FREE char *names = NULL;
	bool done;

	if (answer->body_len == 0)
		return xstrdup("an empty body");
	if (json_is_object(answer->json)) {
		names = names_of(choice ? choice : answer->json);
		return xasprintf("%s of %s", choice ? "a choice" : "JSON",
				 *names ? names : "nothing");
	}
	events = signal_events(answer->body, answer->body_len, &done);
	if (events)
		return xstrdup("a stream of events, which was not asked for");
	return xasprintf("no completion but %s", answer->content_type
			 ? answer->content_type : "something without a type");
}

char *upstream_detail(const struct answer *answer)
{
	struct upstream_error detail;
	AUTO_FREE char *shape = NULL;

	if (answer->transport != TRANSPORT_OK)
		return xstrdup(answer->note ? answer->note : "");
	upstream_classify(answer, &detail);
	if (judge_is_success(answer) && !*detail.text && !*detail.code)
		shape = shape_of(answer);
	if (shape)
		return xasprintf("HTTP %d: %s", detail.status, shape);
	return xasprintf("HTTP %d%s%s%s%s", detail.status,
			 *detail.code ? " " : "", detail.code,
			 *detail.text ? ": " : "", detail.text);
}
