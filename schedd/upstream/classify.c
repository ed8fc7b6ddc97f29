#include "schedd/upstream/classify.h"

#include <stdio.h>

#include "schedd/judge.h"

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

char *upstream_detail(const struct answer *answer)
{
	struct upstream_error detail;

	if (answer->transport != TRANSPORT_OK)
		return xstrdup(answer->note ? answer->note : "");
	upstream_classify(answer, &detail);
	return xasprintf("HTTP %d%s%s%s%s", detail.status,
			 *detail.code ? " " : "", detail.code,
			 *detail.text ? ": " : "", detail.text);
}
