/* crmctl: the operators' command line. */
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "cli/command.h"
#include "cli/exits.h"
#include "cli/host_name.h"
#include "cli/usage.h"
#include "cli/words.h"
#include "shared/seal.h"

#define MESSAGE_MAX (64 << 10)
#define USAGE_MAX (64 << 10)

static void call_done(struct call *call)
{
	client_free(&call->client);
	api_reply_done(&call->reply);
	json_decref(call->hosts);
	context_done(&call->context);
	args_done(&call->args);
}

/* What a peer put into a sentence must not play with the terminal. */
static void say(const char *lead, const char *text, const char *more)
{
	CLEANUP(buf_done) struct buf out = { .max = MESSAGE_MAX };

	buf_adds(&out, lead);
	columns_text(&out, text);
	if (more) {
		buf_adds(&out, ": ");
		columns_text(&out, more);
	}
	fprintf(stderr, "%s\n", buf_str(&out));
}

/* Where to read on, after a wrong command line. */
static void point_to_help(const struct command *command)
{
	if (command)
		fprintf(stderr, "  see `crmctl help %s%s%s`\n", command->noun,
			command->verb ? " " : "",
			command->verb ? command->verb : "");
}

static void report(const struct call *call, const struct err *err)
{
	const json_t *problem, *list = json_object_get(call->reply.body,
						       "problems");
	size_t i;

	say("crmctl: ", err->msg, NULL);
	if (strcmp(err->code, EXITS_CODE_USAGE) == 0)
		point_to_help(call->command);
	json_array_foreach(list, i, problem) {
		const char *field = json_string_value(
			json_object_get(problem, "field"));
		const char *why = json_string_value(
			json_object_get(problem, "why"));

		if (field && why)
			say("  ", *field ? field : "body", why);
	}
}

/* Find the command that the words name; its options follow them. */
static int read_command(struct call *call, const char *const *argv,
			size_t *at, struct err *err)
{
	const char *noun = argv[*at], *verb = noun ? argv[*at + 1] : NULL;

	if (!noun)
		return args_refuse(err, "what shall be done?  `crmctl help` "
				   "lists the commands");
	if (!command_noun_exists(noun))
		return args_refuse(err, "there is no command %s; `crmctl help`"
				   " lists them", noun);
	call->command = command_find(noun, verb);
	if (!call->command && verb && *verb != '-')
		return args_refuse(err, "there is no command %s %s; `crmctl "
				   "help %s` lists them", noun, verb, noun);
	if (!call->command)
		return args_refuse(err, "%s what?  `crmctl help %s` lists the "
				   "commands", noun, noun);
	*at += call->command->verb ? 2 : 1;
	return 0;
}

/* Of "RUN_ID ITEM_ID" what is behind the first `n`. */
static const char *words_behind(const char *words, size_t n)
{
	for (; n > 0; n--) {
		words += strcspn(words, " ");
		words += strspn(words, " ");
	}
	return words;
}

static int check_args(const struct call *call, struct err *err)
{
	const struct command *command = call->command;
	size_t min, max;

	command_words(command, &min, &max);
	if (call->args.nwords < min)
		return args_refuse(err, "%s is missing",
				   words_behind(command->words,
						call->args.nwords));
	if (call->args.nwords > max)
		return args_refuse(err, "'%s' is one word too many",
				   call->args.words[max]);
	for (int i = 0; i < OPT__MAX; i++) {
		if ((command->needs & OPT_BIT(i)) &&
		    !args_has(&call->args, (enum opt)i))
			return args_refuse(err, "--%s is missing",
					   opt_spec((enum opt)i)->name);
	}
	return 0;
}

/* `crmctl host --help` asks for the commands of a noun. */
static int print_help(const struct call *call, const char *noun,
		      struct err *err)
{
	CLEANUP(buf_done) struct buf out = { .max = USAGE_MAX };

	if (call->command)
		usage_command(&out, call->command);
	else
		usage_all(&out, noun && command_noun_exists(noun) ? noun
								  : NULL);
	return print_text(buf_str(&out), err);
}

static bool asks_for_help(const struct call *call, const char *const *argv,
			  size_t at)
{
	if (args_has(&call->args, OPT_HELP))
		return true;
	return argv[at] && argv[at + 1] && !call->command &&
	       (strcmp(argv[at + 1], "--help") == 0 ||
		strcmp(argv[at + 1], "-h") == 0);
}

static int run(struct call *call, const char *const *argv, struct err *err)
{
	size_t at = 1;
	const char *language;

	if (args_read(&call->args, argv, &at, 0, true, err))
		return -1;
	if (args_has(&call->args, OPT_VERSION))
		return cmd_version(call, err);
	if (asks_for_help(call, argv, at))
		return print_help(call, argv[at], err);
	if (read_command(call, argv, &at, err) ||
	    args_read(&call->args, argv, &at,
		      call->command->needs | call->command->takes, false, err))
		return -1;
	if (asks_for_help(call, argv, at))
		return print_help(call, NULL, err);
	if (check_args(call, err) ||
	    words_language(&call->args, &language, err) ||
	    print_form_read(&call->args, &call->form, err) || seal_start(err))
		return -1;
	if (!call->command->local &&
	    (context_read(&call->context, &call->args, err) ||
	     client_new(&call->client, &call->context, err) ||
	     host_name_resolve(call, err)))
		return -1;
	return call->command->run(call, err);
}

int main(int argc, char *argv[])
{
	CLEANUP(call_done) struct call call = { 0 };
	struct err err;

	(void)argc;
	/* Widths of characters; what we print is UTF-8 in any case. */
	setlocale(LC_CTYPE, "C.UTF-8");
	/* Tokens and keys pass through here: leave none in a core dump. */
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
	if (run(&call, (const char *const *)argv, &err) == 0)
		return EXITS_OK;
	report(&call, &err);
	return (int)exits_of(&err, call.command && call.command->local);
}
