/*
 * site_shape: what site.yaml may hold, as tables, and what no table can say.
 * Pure.
 */
#ifndef CLI_SITE_SHAPE_H
#define CLI_SITE_SHAPE_H

#include "cli/yaml_read.h"
#include "shared/jdec.h"

/* Members that are numbers, or true or false. */
extern const struct yaml_member site_members[];

void site_shape_check(const json_t *root, struct jdec_problems *problems);

#endif
