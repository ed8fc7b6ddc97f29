/*
 * yaml: write a JSON value as YAML.
 *
 * What reads back as something else than the string it is gets quotes, in
 * JSON's form, which is also YAML's.
 */
#ifndef CLI_YAML_H
#define CLI_YAML_H

#include <jansson.h>

#include "shared/buf.h"

/* `value` is not changed; jansson has no way to walk a constant one. */
void yaml_write(struct buf *out, json_t *value);

#endif
