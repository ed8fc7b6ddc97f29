/*
 * What a reconcile writes: a list of groups replaces the one that is there, so
 * what others put into it goes along, or nothing of it is written.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "schedd/host/account_view.h"
#include "schedd/reconcile.h"
#include "shared/table.h"

/* The body that restores all of a thing that is in `groups`. */
static char *written(enum resource_type type, const char *groups)
{
	struct settings none = { 0 };
	struct reconcile rc = { .settings = &none, .memo.fields = -1 };
	CLEANUP(request_done) struct request request = { 0 };
	CLEANUP(resource_done) struct resource row = { 0 };

	row.type = type;
	row.host_resource_id = xstrdup("5");
	row.wanted_json = xstrdup("{\"group_ids\":[7],\"model_pricing\":[],"
				  "\"restrict_models\":false,"
				  "\"credentials\":{}}");
	row.live_json = xasprintf("{\"live\":{\"id\":5,\"group_ids\":[%s]}}",
				  groups);
	rc.row = row;
	rc.peer = (struct host_peer){ .base_url = "https://host.example",
				      .auth = HOST_AUTH_API_KEY,
				      .inst = "abc123" };
	assert_true(reconcile_ask_write(&rc, &request));
	return xstrdup(buf_str(&request.body.text));
}

static const enum resource_type bound[] = { RESOURCE_ACCOUNT,
					    RESOURCE_CHANNEL };

static void groups_of_others_go_along(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bound); i++) {
		AUTO_FREE char *body = written(bound[i], "8,9");

		assert_non_null(strstr(body, "\"group_ids\":[8,9,7]"));
	}
}

/* A list that is cut would take it out of groups of others. */
static void however_many_they_are(void **state)
{
	struct buf groups = { .max = 4096 };
	AUTO_FREE char *want = NULL;

	(void)state;
	for (int id = 100; id < 400; id++)
		buf_addf(&groups, "%s%d", id > 100 ? "," : "", id);
	want = xasprintf("\"group_ids\":[%s,7]", buf_str(&groups));
	for (size_t i = 0; i < COUNT(bound); i++) {
		AUTO_FREE char *body = written(bound[i], buf_str(&groups));

		assert_non_null(strstr(body, want));
	}
	buf_done(&groups);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_of_others_go_along),
		cmocka_unit_test(however_many_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
