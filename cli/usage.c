#include "cli/usage.h"

#include <stdio.h>
#include <string.h>

#include "cli/exits.h"

#define NAME_WIDTH 32

static void write_name(struct buf *out, const struct command *command)
{
	buf_addf(out, "%s%s%s", command->noun, command->verb ? " " : "",
		 command->verb ? command->verb : "");
}

static void write_option(struct buf *out, const struct opt_spec *spec)
{
	if (spec->letter)
		buf_addf(out, "-%c|", spec->letter);
	buf_addf(out, "--%s%s%s", spec->name, spec->value ? " " : "",
		 spec->value ? spec->value : "");
}

void usage_line(struct buf *out, const struct command *command)
{
	buf_adds(out, "crmctl ");
	write_name(out, command);
	if (*command->words)
		buf_addf(out, " %s", command->words);
	for (int i = 0; i < OPT__MAX; i++) {
		const struct opt_spec *spec = opt_spec((enum opt)i);
		bool needed = command->needs & OPT_BIT(i);

		if (!needed && !(command->takes & OPT_BIT(i)))
			continue;
		buf_adds(out, needed ? " " : " [");
		write_option(out, spec);
		buf_adds(out, needed ? "" : "]");
		buf_adds(out, spec->repeats ? "..." : "");
	}
	buf_adds(out, "\n");
}

/* Has the command an option of its own with this name? */
static bool is_hidden(const struct command *command, enum opt opt)
{
	for (int i = 0; i < OPT_URL; i++)
		if (((command->needs | command->takes) & OPT_BIT(i)) &&
		    strcmp(opt_spec((enum opt)i)->name,
			   opt_spec(opt)->name) == 0)
			return opt >= OPT_URL;
	return false;
}

/* `command` may be NULL. */
static void write_options(struct buf *out, opt_bits bits,
			  const struct command *command)
{
	for (int i = 0; i < OPT__MAX; i++) {
		const struct opt_spec *spec = opt_spec((enum opt)i);
		CLEANUP(buf_done) struct buf name = { .max = 256 };

		if (!(bits & OPT_BIT(i)))
			continue;
		write_option(&name, spec);
		buf_addf(out, "  %-*s  %s%s\n", NAME_WIDTH, buf_str(&name),
			 spec->help, command && is_hidden(command, (enum opt)i)
			 ? "; before the noun" : "");
	}
}

void usage_command(struct buf *out, const struct command *command)
{
	buf_adds(out, "usage: ");
	usage_line(out, command);
	buf_addf(out, "  %s%s\n", command->help, command->local ?
		 " (on this machine, without the API)" : "");
	if (command->needs | command->takes) {
		buf_adds(out, "options:\n");
		write_options(out, command->needs | command->takes, command);
	}
	buf_adds(out, "options of crmctl itself:\n");
	write_options(out, OPT_GLOBAL_BITS, command);
}

static void write_statuses(struct buf *out)
{
	buf_adds(out, "exit status:\n");
	for (int i = 0; i < EXITS__MAX; i++)
		buf_addf(out, "  %-2d  %s\n", i, exits_meaning((enum exits)i));
}

void usage_all(struct buf *out, const char *noun)
{
	buf_adds(out, "usage: crmctl [OPTION]... NOUN [VERB] [WORD]... "
		 "[OPTION]...\ncommands:\n");
	for (const struct command *c = commands; c->noun; c++) {
		CLEANUP(buf_done) struct buf name = { .max = 256 };

		if (noun && strcmp(noun, c->noun) != 0)
			continue;
		write_name(&name, c);
		buf_addf(&name, "%s%s", *c->words ? " " : "", c->words);
		buf_addf(out, "  %-*s  %s\n", NAME_WIDTH, buf_str(&name),
			 c->help);
	}
	buf_adds(out, "options of crmctl itself:\n");
	write_options(out, OPT_GLOBAL_BITS, NULL);
	if (!noun)
		write_statuses(out);
	buf_adds(out, "`crmctl help NOUN VERB` says more about a command.\n");
}

static bool is_first_of_noun(const struct command *command)
{
	return command == commands ||
	       strcmp(command[-1].noun, command->noun) != 0;
}

static void complete_nouns(struct buf *out)
{
	buf_adds(out, "\tlocal words=\"");
	for (const struct command *c = commands; c->noun; c++)
		if (is_first_of_noun(c))
			buf_addf(out, "%s%s", c == commands ? "" : " ",
				 c->noun);
	buf_adds(out, "\"\n");
}

static void complete_verbs(struct buf *out)
{
	for (const struct command *c = commands; c->noun; c++) {
		if (!c->verb)
			continue;
		if (is_first_of_noun(c))
			buf_addf(out, "\t%s) words=\"", c->noun);
		buf_addf(out, "%s%s", is_first_of_noun(c) ? "" : " ", c->verb);
		if (!c[1].noun || is_first_of_noun(c + 1))
			buf_adds(out, "\" ;;\n");
	}
}

static void complete_options(struct buf *out)
{
	for (const struct command *c = commands; c->noun; c++) {
		opt_bits bits = c->needs | c->takes | OPT_GLOBAL_BITS;

		buf_addf(out, "\t\"%s %s\") words=\"", c->noun,
			 c->verb ? c->verb : "");
		for (int i = 0; i < OPT__MAX; i++)
			if (bits & OPT_BIT(i))
				buf_addf(out, "--%s ",
					 opt_spec((enum opt)i)->name);
		buf_adds(out, "\" ;;\n");
	}
}

void usage_completion(struct buf *out)
{
	buf_adds(out, "# bash completion of crmctl\n"
		 "_crmctl()\n{\n"
		 "\tlocal word=${COMP_WORDS[COMP_CWORD]}\n"
		 "\tlocal noun=${COMP_WORDS[1]} verb=${COMP_WORDS[2]}\n");
	complete_nouns(out);
	buf_adds(out, "\tcase $word in\n\t-*) ;;\n"
		 "\t*) case $COMP_CWORD in\n"
		 "\t1) COMPREPLY=($(compgen -W \"$words\" -- \"$word\"));"
		 " return ;;\n"
		 "\t2) ;;\n"
		 "\t*) COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n"
		 "\tesac ;;\n\tesac\n"
		 "\twords=\n\tcase $noun in\n");
	complete_verbs(out);
	buf_adds(out, "\tesac\n\tcase \"$noun $verb\" in\n");
	complete_options(out);
	buf_adds(out, "\tesac\n"
		 "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
		 "}\ncomplete -F _crmctl crmctl\n");
}
