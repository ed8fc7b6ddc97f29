/*
 * jschema: a decoder's table, said as a JSON Schema (2020-12).
 *
 * The table that reads a document is the only place where its form is
 * written down; what is published is printed from it.
 */
#ifndef SHARED_JSCHEMA_H
#define SHARED_JSCHEMA_H

#include "shared/jdec.h"
#include "shared/jout.h"

/* Write the whole schema of a document of this shape. */
void jschema_write(struct jout *out, const char *id, const char *title,
		   const struct jdec_shape *shape);

#endif
