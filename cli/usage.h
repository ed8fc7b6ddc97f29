/*
 * usage: help and completions, made from the tables of commands and options.
 */
#ifndef CLI_USAGE_H
#define CLI_USAGE_H

#include "cli/command.h"
#include "shared/buf.h"

/* All commands, or those of one noun. */
void usage_all(struct buf *out, const char *noun);

/* "crmctl host add --base-url URL ... [--name TEXT]". */
void usage_line(struct buf *out, const struct command *command);

/* The line, what it does, and its options. */
void usage_command(struct buf *out, const struct command *command);

/* A script for bash. */
void usage_completion(struct buf *out);

#endif
