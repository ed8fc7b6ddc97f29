/*
 * overlay_patch: one patch, applied to a tree by `git apply`.
 *
 * Without a shell, with fixed words and an environment of our own, so that
 * neither a repository around the tree nor anybody's settings of git have a
 * say.  First without changing anything.  Context must be as the patch has
 * it, on its very lines: no fuzz, no offsets, no part of a patch.
 */
#ifndef CLI_OVERLAY_PATCH_H
#define CLI_OVERLAY_PATCH_H

#include "shared/err.h"

/* "git version 2.39.5"; for free(). */
int overlay_patch_tool(char **ret, struct err *err) MUST_CHECK;

/*
 * Apply `text` to the folder `tree`.  ERR_CONFLICT names `name`, the file and
 * the hunk that is not clean; the tree is then as it was.
 */
int overlay_patch_apply(const char *tree, const char *name, const char *text,
			struct err *err) MUST_CHECK;

#endif
