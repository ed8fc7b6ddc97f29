/*
 * semver: versions as semver.org 2.0.0 orders them.  Pure.
 */
#ifndef SHARED_SEMVER_H
#define SHARED_SEMVER_H

#include <stdbool.h>

#define SEMVER_MAX 64		/* characters of one */

/* Regular expression of the same, for schemas. */
#define SEMVER_PATTERN \
	"^(0|[1-9][0-9]{0,8})\\.(0|[1-9][0-9]{0,8})\\.(0|[1-9][0-9]{0,8})" \
	"(-[0-9A-Za-z-]+(\\.[0-9A-Za-z-]+)*)?" \
	"(\\+[0-9A-Za-z-]+(\\.[0-9A-Za-z-]+)*)?$"

bool semver_is_valid(const char *text);

/*
 * Less than, equal to, or greater than 0, as `a` comes before, is as good as,
 * or comes after `b`; what stands behind '+' does not count.  Both are valid.
 */
int semver_compare(const char *a, const char *b);

#endif
