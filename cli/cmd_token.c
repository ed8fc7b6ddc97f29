/* cmd_token: who may ask the API; on the machine itself. */
#include <stdio.h>

#include "cli/command.h"
#include "cli/exits.h"
#include "cli/machine.h"
#include "shared/clock.h"
#include "shared/seal.h"
#include "shared/tokens.h"

#define DAYS_MAX 3650
#define DAY_MS (INT64_C(24) * 3600 * 1000)
#define PAGE 200
#define NAME_MAX_LEN 100

struct new_token {
	const char *name;
	enum scope scope;
	int64_t expires_at;
};

static int read_new_token(const struct args *args, int64_t now,
			  struct new_token *ret, struct err *err)
{
	int64_t days = 0;

	ret->name = args_get(args, OPT_NAME);
	if (!*ret->name || strlen(ret->name) > NAME_MAX_LEN)
		return args_refuse(err, "--name must have 1 to %d bytes",
				   NAME_MAX_LEN);
	if (!scope_parse(args_get(args, OPT_SCOPE), &ret->scope) ||
	    ret->scope == SCOPE_NONE)
		return args_refuse(err, "--scope must be read, operate or "
				   "admin");
	if (args_number(args, OPT_DAYS, 1, DAYS_MAX, &days, err))
		return -1;
	ret->expires_at = days ? now + days * DAY_MS : 0;
	return 0;
}

/* The token is all that standard output gets, so that `>file` holds it. */
static int print_token(const char *text, const char *token_id,
		       const struct new_token *new_token, struct err *err)
{
	char until[CLOCK_TEXT_MAX];

	fprintf(stderr, "token %s, scope %s, %s%s; it is shown only now\n",
		token_id, scope_name(new_token->scope),
		new_token->expires_at ? "until " : "for ever",
		new_token->expires_at ? clock_format(new_token->expires_at,
						     until) : "");
	if (print_text(text, err))
		return -1;
	return print_text("\n", err);
}

static int store(struct machine *machine, const char *text,
		 const struct new_token *new_token, int64_t now,
		 char ret_id[ID_MAX], struct err *err)
{
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	json_auto_t *shown = json_pack("{s:s, s:s}", "name", new_token->name,
				       "scope",
				       scope_name(new_token->scope));
	AUTO_FREE char *after = shown ? json_dumps(shown, JSON_COMPACT)
				      : NULL;

	if (db_tx_begin(&tx, machine->db, err) ||
	    tokens_add(machine->db, &(struct token_spec){ .text = text,
		       .name = new_token->name, .scope = new_token->scope,
		       .expires_at = new_token->expires_at }, now,
		       seal_random(), ret_id, err) ||
	    machine_audit(machine, &(struct machine_deed){
			.action = "token.create", .object = "token",
			.object_id = ret_id, .after = after }, now, err))
		return -1;
	return db_tx_commit(&tx, err);
}

int cmd_token_create(struct call *call, struct err *err)
{
	CLEANUP(machine_done) struct machine machine = { 0 };
	AUTO_WIPE char *text = NULL;
	struct new_token new_token = { 0 };
	int64_t now = clock_wall_ms();
	char token_id[ID_MAX];

	if (read_new_token(&call->args, now, &new_token, err) ||
	    machine_open_ready(&machine, &call->args, err))
		return -1;
	token_draw(&text);
	if (store(&machine, text, &new_token, now, token_id, err))
		return -1;
	return print_token(text, token_id, &new_token, err);
}

static json_t *time_json(int64_t at)
{
	char text[CLOCK_TEXT_MAX];

	return at ? json_string(clock_format(at, text)) : json_null();
}

static json_t *token_json(const struct token *token)
{
	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o}",
			 "token_id", token->token_id, "name", token->name,
			 "scope", scope_name(token->scope),
			 "created_at", time_json(token->created_at),
			 "expires_at", time_json(token->expires_at),
			 "revoked_at", time_json(token->revoked_at));
}

/* Add a page to `list`; `after` becomes the last id.  1, 0 at the end, -1. */
static int read_page(struct db *db, char after[ID_MAX], json_t *list,
		     struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	CLEANUP(token_done) struct token token = { 0 };
	size_t before = json_array_size(list);
	int more;

	if (tokens_list(&rows, db, after, PAGE, err))
		return -1;
	while ((more = tokens_next(&rows, &token, err)) > 0) {
		json_array_append_new(list, token_json(&token));
		snprintf(after, ID_MAX, "%s", token.token_id);
	}
	return more < 0 ? -1 : json_array_size(list) - before == PAGE;
}

int cmd_token_list(struct call *call, struct err *err)
{
	static const struct column columns[] = {
		{ "TOKEN", "token_id" },	{ "NAME", "name" },
		{ "SCOPE", "scope" },		{ "CREATED", "created_at" },
		{ "EXPIRES", "expires_at" },	{ "REVOKED", "revoked_at" },
	};
	CLEANUP(machine_done) struct machine machine = { 0 };
	json_auto_t *list = json_array();
	char after[ID_MAX] = "";
	int more = 1;

	if (machine_open_ready(&machine, &call->args, err))
		return -1;
	while (more > 0)
		more = read_page(machine.db, after, list, err);
	if (more < 0)
		return -1;
	return print_list(call->form, columns, COUNT(columns), list, err);
}

int cmd_token_revoke(struct call *call, struct err *err)
{
	CLEANUP(machine_done) struct machine machine = { 0 };
	CLEANUP(db_tx_done) struct db_tx tx = { 0 };
	const char *token_id = call->args.words[0];
	int64_t now = clock_wall_ms();

	if (machine_open_ready(&machine, &call->args, err) ||
	    db_tx_begin(&tx, machine.db, err) ||
	    tokens_revoke(machine.db, token_id, now, err) ||
	    machine_audit(&machine, &(struct machine_deed){
			.action = "token.revoke", .object = "token",
			.object_id = token_id }, now, err))
		return -1;
	return db_tx_commit(&tx, err);
}
