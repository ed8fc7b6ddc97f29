#include "tests/helpers/sim_control.h"

#include <stdlib.h>
#include <string.h>

#include "shared/table.h"

#define PREFIX "/__sim/"
#define JUMP_MAX_S (10.0 * 366 * 24 * 60 * 60)

static void answer_json(struct model_answer *answer, int status,
			const json_t *body)
{
	AUTO_FREE char *text = json_dumps(body, JSON_COMPACT);

	model_answer_set(answer, status, "application/json", text);
}

/* "{}", or what is wrong. */
static void answer_done(struct model_answer *answer, const char *wrong)
{
	json_auto_t *body = wrong ? json_pack("{s:s}", "error", wrong) :
				    json_pack("{s:b}", "ok", true);

	answer_json(answer, wrong ? 400 : 200, body);
}

static void show_health(const struct sim_control *control,
			const struct model_request *request,
			struct model_answer *ret)
{
	json_auto_t *body = json_pack("{s:b, s:s, s:I}", "ok", true,
		"name", control->name, "requests",
		(json_int_t)sim_record_count(control->record));

	(void)request;
	answer_json(ret, 200, body);
}

static void show_state(const struct sim_control *control,
		       const struct model_request *request,
		       struct model_answer *ret)
{
	json_auto_t *body = control->ops->state(control->ops->context);

	(void)request;
	answer_json(ret, 200, body);
}

static void show_requests(const struct sim_control *control,
			  const struct model_request *request,
			  struct model_answer *ret)
{
	const char *query = strstr(request->target, "?after=");
	uint64_t after = query ? strtoull(query + 7, NULL, 10) : 0;
	json_auto_t *body = sim_record_after(control->record, after);

	answer_json(ret, 200, body);
}

static void add_faults(const struct sim_control *control,
		       const struct model_request *request,
		       struct model_answer *ret)
{
	json_auto_t *rules = json_loadb(request->body, request->body_len, 0,
					NULL);

	answer_done(ret, faults_add_json(control->faults, rules));
}

static void clear_faults(const struct sim_control *control,
			 const struct model_request *request,
			 struct model_answer *ret)
{
	(void)request;
	faults_clear(control->faults);
	answer_done(ret, NULL);
}

static void set_personality(const struct sim_control *control,
			    const struct model_request *request,
			    struct model_answer *ret)
{
	json_auto_t *body = json_loadb(request->body, request->body_len, 0,
				       NULL);
	const char *name = json_string_value(json_object_get(body, "name"));
	const struct sim_ops *ops = control->ops;

	if (!ops->personality)
		answer_done(ret, "it has one personality only");
	else if (!name)
		answer_done(ret, "name is missing");
	else
		answer_done(ret, ops->personality(ops->context, name));
}

static void do_control(const struct sim_control *control,
		       const struct model_request *request,
		       struct model_answer *ret)
{
	json_auto_t *body = json_loadb(request->body, request->body_len, 0,
				       NULL);
	const struct sim_ops *ops = control->ops;

	if (!ops->control)
		answer_done(ret, "there is nothing to control");
	else if (!json_is_object(body))
		answer_done(ret, "the body is no object");
	else
		answer_done(ret, ops->control(ops->context, body));
}

/* Forwards only: what was to come later has come then. */
static void jump(const struct sim_control *control,
		 const struct model_request *request,
		 struct model_answer *ret)
{
	json_auto_t *body = json_loadb(request->body, request->body_len, 0,
				       NULL);
	const json_t *seconds = json_object_get(body, "seconds");

	if (!json_is_number(seconds) || json_number_value(seconds) < 0 ||
	    json_number_value(seconds) > JUMP_MAX_S) {
		answer_done(ret, "seconds must be a number from 0 to 10 years");
		return;
	}
	*control->clock += (int64_t)(json_number_value(seconds) * 1000);
	answer_done(ret, NULL);
}

static const struct {
	const char *method;
	const char *path;
	void (*answer)(const struct sim_control *control,
		       const struct model_request *request,
		       struct model_answer *ret);
} routes[] = {
	{ "GET",	PREFIX "health",	show_health },
	{ "GET",	PREFIX "state",		show_state },
	{ "GET",	PREFIX "requests",	show_requests },
	{ "POST",	PREFIX "faults",	add_faults },
	{ "DELETE",	PREFIX "faults",	clear_faults },
	{ "POST",	PREFIX "personality",	set_personality },
	{ "POST",	PREFIX "control",	do_control },
	{ "POST",	PREFIX "clock",		jump },
};

bool sim_control_answer(const struct sim_control *control,
			const struct model_request *request,
			struct model_answer *ret)
{
	size_t len = strcspn(request->target, "?");

	if (strncmp(request->target, PREFIX, strlen(PREFIX)) != 0)
		return false;
	for (size_t i = 0; i < COUNT(routes); i++) {
		if (strlen(routes[i].path) == len &&
		    strncmp(routes[i].path, request->target, len) == 0 &&
		    strcmp(routes[i].method, request->method) == 0) {
			routes[i].answer(control, request, ret);
			return true;
		}
	}
	model_answer_set(ret, 404, "application/json",
			 "{\"error\":\"no such control path\"}");
	return true;
}
