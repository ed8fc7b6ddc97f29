/* cmd_misc: about crmctl itself and who uses it. */
#include "cli/api.h"
#include "cli/usage.h"

#define USAGE_MAX (64 << 10)

int cmd_whoami(struct call *call, struct err *err)
{
	if (api_get(call, "/api/whoami", err))
		return -1;
	return print_object(call->form, call->reply.body, NULL, err);
}

int cmd_version(struct call *call, struct err *err)
{
	json_auto_t *version = json_pack("{s:s}", "version", CRM_VERSION);

	if (call->form == PRINT_TABLE)
		return print_text("crmctl " CRM_VERSION "\n", err);
	return print_object(call->form, version, NULL, err);
}

int cmd_completion_bash(struct call *call, struct err *err)
{
	CLEANUP(buf_done) struct buf out = { .max = USAGE_MAX };

	(void)call;
	usage_completion(&out);
	return print_text(buf_str(&out), err);
}

int cmd_help(struct call *call, struct err *err)
{
	CLEANUP(buf_done) struct buf out = { .max = USAGE_MAX };
	const struct args *args = &call->args;
	const char *noun = args->nwords > 0 ? args->words[0] : NULL;
	const char *verb = args->nwords > 1 ? args->words[1] : NULL;
	const struct command *command = noun ? command_find(noun, verb) : NULL;

	if (noun && !command_noun_exists(noun))
		return args_refuse(err, "there is no command %s", noun);
	if (verb && !command)
		return args_refuse(err, "there is no command %s %s", noun,
				   verb);
	if (command)
		usage_command(&out, command);
	else
		usage_all(&out, noun);
	return print_text(buf_str(&out), err);
}
