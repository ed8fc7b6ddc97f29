/*
 * rollback_fixture: a rollback as a step sees it, made up in memory, and
 * answers of hosts.
 */
#ifndef TESTS_UNIT_ROLLBACK_FIXTURE_H
#define TESTS_UNIT_ROLLBACK_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "schedd/rollback.h"
#include "shared/table.h"

#define MARK "crm-abc123-mark1111"
#define OK(data) 200, "{\"code\":0,\"message\":\"success\",\"data\":" data "}"
#define BODY "{\"platform\":\"openai\",\"type\":\"apikey\",\"name\":\"p " MARK \
	"\",\"email\":\"relay-sub-a.abc123@crm.invalid\",\"user_id\":7," \
	"\"group_id\":12,\"credentials\":{\"base_url\":\"https://p.example/v1\"," \
	"\"model_mapping\":{\"a\":\"a\",\"b\":\"b\"}}}"

static struct settings settings = { .attempts_max = 3 };

static struct rollback_work *work_of(enum resource_type type,
				     enum rollback_action action)
{
	struct rollback_work *w = xcalloc(1, sizeof(*w));

	w->settings = &settings;
	w->task_id = "tsk_1";
	w->attempt = settings.attempts_max - 1;	/* none is left */
	snprintf(w->inst, sizeof(w->inst), "abc123");
	w->peer = (struct host_peer){ .base_url = "https://host.example",
				      .auth = HOST_AUTH_API_KEY,
				      .inst = w->inst };
	w->part.kind = xstrdup(resource_type_name(type));
	w->part.subject_id = xstrdup("res_1");
	w->part.action = action;
	w->row.resource_id = xstrdup("res_1");
	w->row.type = type;
	w->row.lookup = xstrdup("p-1|subscription|a");
	w->row.mark = xstrdup(MARK);
	w->row.state = RESOURCE_MAKING;
	w->row.made_by = xstrdup("tsk_1");
	w->row.host_resource_id = xstrdup("12");
	w->row.wanted_json = xstrdup(BODY);
	w->owner.host_resource_id = xstrdup("12");
	return w;
}

static struct answer answer_of(int status, const char *body)
{
	struct answer answer = { .status = status, .retry_after_ms = -1 };

	answer.content_type = xstrdup("application/json");
	answer.body = xstrdup(body);
	answer.body_len = strlen(body);
	answer_parse(&answer);
	return answer;
}

#define ACCOUNT RESOURCE_ACCOUNT, ROLLBACK_DELETE
#define GROUP RESOURCE_GROUP, ROLLBACK_DELETE
#define USER RESOURCE_USER, ROLLBACK_DELETE
#define KEY RESOURCE_USER_KEY, ROLLBACK_DELETE
#define CHANNEL RESOURCE_CHANNEL, ROLLBACK_DELETE
#define SUBSCRIPTION RESOURCE_SUBSCRIPTION, ROLLBACK_DELETE

#endif
