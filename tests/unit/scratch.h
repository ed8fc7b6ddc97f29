/*
 * scratch: a folder of the test's own under $TMPDIR, removed at its end.
 */
#ifndef TESTS_UNIT_SCRATCH_H
#define TESTS_UNIT_SCRATCH_H

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/own.h"

static inline char *scratch_new(void)
{
	const char *top = getenv("TMPDIR");
	char *path = xasprintf("%s/crm-unit-XXXXXX", top ? top : "/tmp");

	if (!mkdtemp(path))
		abort();
	return path;
}

/* Files only: no test makes folders in its folder. */
static inline void scratch_free(char **path)
{
	DIR *dir = *path ? opendir(*path) : NULL;
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
	if (*path)
		rmdir(*path);
	free(*path);
	*path = NULL;
}

#define SCRATCH CLEANUP(scratch_free) char *

static inline void scratch_write(const char *path, const char *text,
				 mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || dprintf(fd, "%s", text) < 0 || fchmod(fd, mode))
		abort();
	close(fd);
}

#endif
