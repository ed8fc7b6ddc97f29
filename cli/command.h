/*
 * command: what crmctl can do, in one table.
 *
 * Usage, help and shell completion are printed from it.  Before a command
 * runs, its words and options are checked against its row, and unless it is
 * `local` the API's address and token are read.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/args.h"
#include "cli/client.h"
#include "cli/context.h"
#include "cli/print.h"

/* One run of crmctl. */
struct call {
	const struct command *command;
	struct args args;
	enum print_form form;
	struct context context;		/* not read for what is local */
	struct client *client;
	struct api_reply reply;		/* the last one of the API */
	json_t *hosts;			/* if one was called by its name */
};

struct command {
	const char *noun;
	const char *verb;	/* NULL: the noun says it all */
	const char *words;	/* "RUN_ID ITEM_ID"; in brackets: may lack */
	opt_bits needs, takes;	/* options */
	const char *help;
	bool local;
	int (*run)(struct call *call, struct err *err);
};

/* Ends with a row whose noun is NULL. */
extern const struct command commands[];

/* NULL if there is none.  A noun without verbs is found with any `verb`. */
const struct command *command_find(const char *noun, const char *verb);

bool command_noun_exists(const char *noun);

/* How many words, at least and at most. */
void command_words(const struct command *command, size_t *ret_min,
		   size_t *ret_max);

int cmd_db_migrate(struct call *call, struct err *err) MUST_CHECK;
int cmd_db_check(struct call *call, struct err *err) MUST_CHECK;
int cmd_db_backup(struct call *call, struct err *err) MUST_CHECK;
int cmd_key_init(struct call *call, struct err *err) MUST_CHECK;
int cmd_token_create(struct call *call, struct err *err) MUST_CHECK;
int cmd_token_list(struct call *call, struct err *err) MUST_CHECK;
int cmd_token_revoke(struct call *call, struct err *err) MUST_CHECK;
int cmd_host_add(struct call *call, struct err *err) MUST_CHECK;
int cmd_host_list(struct call *call, struct err *err) MUST_CHECK;
int cmd_host_show(struct call *call, struct err *err) MUST_CHECK;
int cmd_host_probe(struct call *call, struct err *err) MUST_CHECK;
int cmd_host_set(struct call *call, struct err *err) MUST_CHECK;
int cmd_host_accept(struct call *call, struct err *err) MUST_CHECK;
int cmd_host_delete(struct call *call, struct err *err) MUST_CHECK;
int cmd_host_pause(struct call *call, struct err *err) MUST_CHECK;
int cmd_host_resume(struct call *call, struct err *err) MUST_CHECK;
int cmd_run_create(struct call *call, struct err *err) MUST_CHECK;
int cmd_run_preview(struct call *call, struct err *err) MUST_CHECK;
int cmd_run_template(struct call *call, struct err *err) MUST_CHECK;
int cmd_run_list(struct call *call, struct err *err) MUST_CHECK;
int cmd_run_show(struct call *call, struct err *err) MUST_CHECK;
int cmd_run_watch(struct call *call, struct err *err) MUST_CHECK;
int cmd_run_report(struct call *call, struct err *err) MUST_CHECK;
int cmd_run_cancel(struct call *call, struct err *err) MUST_CHECK;
int cmd_run_resume(struct call *call, struct err *err) MUST_CHECK;
int cmd_run_retry(struct call *call, struct err *err) MUST_CHECK;
int cmd_item_retry(struct call *call, struct err *err) MUST_CHECK;
int cmd_item_list(struct call *call, struct err *err) MUST_CHECK;
int cmd_item_show(struct call *call, struct err *err) MUST_CHECK;
int cmd_item_profile(struct call *call, struct err *err) MUST_CHECK;
int cmd_item_models(struct call *call, struct err *err) MUST_CHECK;
int cmd_item_proxy(struct call *call, struct err *err) MUST_CHECK;
int cmd_item_pause(struct call *call, struct err *err) MUST_CHECK;
int cmd_item_resume(struct call *call, struct err *err) MUST_CHECK;
int cmd_foreign_look(struct call *call, struct err *err) MUST_CHECK;
int cmd_foreign_list(struct call *call, struct err *err) MUST_CHECK;
int cmd_foreign_adopt(struct call *call, struct err *err) MUST_CHECK;
int cmd_account_list(struct call *call, struct err *err) MUST_CHECK;
int cmd_account_show(struct call *call, struct err *err) MUST_CHECK;
int cmd_account_rotate_key(struct call *call, struct err *err) MUST_CHECK;
int cmd_item_label(struct call *call, struct err *err) MUST_CHECK;
int cmd_proof_show(struct call *call, struct err *err) MUST_CHECK;
int cmd_access_list(struct call *call, struct err *err) MUST_CHECK;
int cmd_access_show(struct call *call, struct err *err) MUST_CHECK;
int cmd_access_reveal_key(struct call *call, struct err *err) MUST_CHECK;
int cmd_access_check(struct call *call, struct err *err) MUST_CHECK;
int cmd_endpoint_show(struct call *call, struct err *err) MUST_CHECK;
int cmd_endpoint_set(struct call *call, struct err *err) MUST_CHECK;
int cmd_endpoint_pause(struct call *call, struct err *err) MUST_CHECK;
int cmd_endpoint_resume(struct call *call, struct err *err) MUST_CHECK;
int cmd_explain(struct call *call, struct err *err) MUST_CHECK;
int cmd_audit_list(struct call *call, struct err *err) MUST_CHECK;
int cmd_audit_show(struct call *call, struct err *err) MUST_CHECK;
int cmd_audit_verify(struct call *call, struct err *err) MUST_CHECK;
int cmd_audit_refused(struct call *call, struct err *err) MUST_CHECK;
int cmd_notice_list(struct call *call, struct err *err) MUST_CHECK;
int cmd_pack_lint(struct call *call, struct err *err) MUST_CHECK;
int cmd_pack_build(struct call *call, struct err *err) MUST_CHECK;
int cmd_pack_keygen(struct call *call, struct err *err) MUST_CHECK;
int cmd_pack_schema(struct call *call, struct err *err) MUST_CHECK;
int cmd_pack_install(struct call *call, struct err *err) MUST_CHECK;
int cmd_pack_list(struct call *call, struct err *err) MUST_CHECK;
int cmd_pack_show(struct call *call, struct err *err) MUST_CHECK;
int cmd_pack_diff(struct call *call, struct err *err) MUST_CHECK;
int cmd_pack_activate(struct call *call, struct err *err) MUST_CHECK;
int cmd_pack_rollback(struct call *call, struct err *err) MUST_CHECK;
int cmd_pack_remove(struct call *call, struct err *err) MUST_CHECK;
int cmd_provider_list(struct call *call, struct err *err) MUST_CHECK;
int cmd_provider_show(struct call *call, struct err *err) MUST_CHECK;
int cmd_provider_preview(struct call *call, struct err *err) MUST_CHECK;
int cmd_provider_import(struct call *call, struct err *err) MUST_CHECK;
int cmd_provider_status(struct call *call, struct err *err) MUST_CHECK;
int cmd_provider_resources(struct call *call, struct err *err) MUST_CHECK;
int cmd_provider_access(struct call *call, struct err *err) MUST_CHECK;
int cmd_batch_list(struct call *call, struct err *err) MUST_CHECK;
int cmd_batch_show(struct call *call, struct err *err) MUST_CHECK;
int cmd_reconcile_host(struct call *call, struct err *err) MUST_CHECK;
int cmd_reconcile_batch(struct call *call, struct err *err) MUST_CHECK;
int cmd_reconcile_provider(struct call *call, struct err *err) MUST_CHECK;
int cmd_reconcile_list(struct call *call, struct err *err) MUST_CHECK;
int cmd_reconcile_show(struct call *call, struct err *err) MUST_CHECK;
int cmd_reconcile_decide(struct call *call, struct err *err) MUST_CHECK;
int cmd_run_rollback(struct call *call, struct err *err) MUST_CHECK;
int cmd_item_rollback(struct call *call, struct err *err) MUST_CHECK;
int cmd_provider_rollback(struct call *call, struct err *err) MUST_CHECK;
int cmd_batch_rollback(struct call *call, struct err *err) MUST_CHECK;
int cmd_account_release(struct call *call, struct err *err) MUST_CHECK;
int cmd_rollback_list(struct call *call, struct err *err) MUST_CHECK;
int cmd_rollback_show(struct call *call, struct err *err) MUST_CHECK;
int cmd_model_resolve(struct call *call, struct err *err) MUST_CHECK;
int cmd_pack_verify(struct call *call, struct err *err) MUST_CHECK;
int cmd_export(struct call *call, struct err *err) MUST_CHECK;
int cmd_diff(struct call *call, struct err *err) MUST_CHECK;
int cmd_plan_run(struct call *call, struct err *err) MUST_CHECK;
int cmd_plan_import(struct call *call, struct err *err) MUST_CHECK;
int cmd_plan_models(struct call *call, struct err *err) MUST_CHECK;
int cmd_plan_rollback(struct call *call, struct err *err) MUST_CHECK;
int cmd_plan_reconcile(struct call *call, struct err *err) MUST_CHECK;
int cmd_plan_proxy(struct call *call, struct err *err) MUST_CHECK;
int cmd_apply(struct call *call, struct err *err) MUST_CHECK;
int cmd_overlay_list(struct call *call, struct err *err) MUST_CHECK;
int cmd_overlay_apply(struct call *call, struct err *err) MUST_CHECK;
int cmd_verdict(struct call *call, struct err *err) MUST_CHECK;
int cmd_whoami(struct call *call, struct err *err) MUST_CHECK;
int cmd_version(struct call *call, struct err *err) MUST_CHECK;
int cmd_completion_bash(struct call *call, struct err *err) MUST_CHECK;
int cmd_help(struct call *call, struct err *err) MUST_CHECK;

#endif
