/*
 * cmd_plan: plans in files, made by `crmctl plan` and done by `crmctl apply`.
 */
#ifndef CLI_CMD_PLAN_H
#define CLI_CMD_PLAN_H

#include "cli/command.h"

/* `crmctl apply PLAN_FILE` */
int cmd_plan_apply(struct call *call, struct err *err) MUST_CHECK;

#endif
