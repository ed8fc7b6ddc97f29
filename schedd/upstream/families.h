/*
 * families: to which family of models a name belongs.
 */
#ifndef SCHEDD_UPSTREAM_FAMILIES_H
#define SCHEDD_UPSTREAM_FAMILIES_H

#include <jansson.h>

/* "deepseek", "qwen" ...; NULL for a name of none that we know. */
const char *upstream_family(const char *model);

/* The families of an array of names, each once, in the order of the names. */
json_t *upstream_families(const json_t *models);

#endif
