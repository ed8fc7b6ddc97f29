#include "cli/overlay_patch.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared/buf.h"
#include "shared/overlay.h"
#include "shared/redact.h"

#define SAID_MAX ((size_t)256 << 10)
#define WORDS_MAX 200

/* All that git is told; it looks for no repository above the tree. */
static const char *const surroundings[] = {
	"LC_ALL=C", "PATH=/usr/local/bin:/usr/bin:/bin",
	"HOME=/nonexistent", "GIT_CONFIG_NOSYSTEM=1",
	"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CEILING_DIRECTORIES=/",
	"GIT_DIR=/nonexistent", NULL
};

static void fd_done(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static void actions_done(posix_spawn_file_actions_t *actions)
{
	posix_spawn_file_actions_destroy(actions);
}

/* What it is given to read, all at once: no pipe can be full. */
static int hold(const char *text, int *ret, struct err *err)
{
	size_t len = strlen(text);
	int fd = memfd_create("patch", MFD_CLOEXEC);

	if (fd < 0 || write(fd, text, len) != (ssize_t)len ||
	    lseek(fd, 0, SEEK_SET) != 0) {
		if (fd >= 0)
			close(fd);
		return err_set(err, ERR_UPSTREAM, "a patch cannot be held: %s",
			       strerror(errno));
	}
	*ret = fd;
	return 0;
}

static void read_said(int fd, struct buf *said)
{
	char part[4096];
	ssize_t n;

	while ((n = pread(fd, part, sizeof(part), (off_t)said->len)) > 0 &&
	       !said->failed)
		buf_add(said, part, (size_t)n);
}

static int await(pid_t child, int *ret_status, struct err *err)
{
	int status = 0;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return err_set(err, ERR_UPSTREAM, "git: %s",
				       strerror(errno));
	if (!WIFEXITED(status))
		return err_set(err, ERR_UPSTREAM, "git was ended by signal %d",
			       WTERMSIG(status));
	*ret_status = WEXITSTATUS(status);
	return 0;
}

/* `argv` in folder `dir`; what it says on either output is in `said`. */
static int run(const char *const argv[], const char *dir, const char *input,
	       struct buf *said, int *ret_status, struct err *err)
{
	CLEANUP(fd_done) int in = -1;
	CLEANUP(fd_done) int out = -1;
	CLEANUP(actions_done) posix_spawn_file_actions_t actions;
	pid_t child;
	int rc;

	posix_spawn_file_actions_init(&actions);
	if (hold(input, &in, err) || hold("", &out, err))
		return -1;
	posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDERR_FILENO);
	posix_spawn_file_actions_addchdir_np(&actions, dir);
	rc = posix_spawnp(&child, argv[0], &actions, NULL,
			  (char *const *)(uintptr_t)argv,
			  (char *const *)(uintptr_t)surroundings);
	if (rc)
		return err_set(err, ERR_UPSTREAM, "git cannot be run (apt "
			       "install git): %s", strerror(rc));
	if (await(child, ret_status, err))
		return -1;
	read_said(out, said);
	return 0;
}

int overlay_patch_tool(char **ret, struct err *err)
{
	static const char *const argv[] = { "git", "--version", NULL };
	CLEANUP(buf_done) struct buf said = { .max = SAID_MAX };
	int status = 0;

	if (run(argv, "/", "", &said, &status, err))
		return -1;
	if (status != 0)
		return err_set(err, ERR_UPSTREAM, "git does not work: %.100s",
			       buf_str(&said));
	*ret = xstrndup(buf_str(&said), strcspn(buf_str(&said), "\n"));
	return 0;
}

/* "error: patch failed: a/b.c:12" says the file and a hunk's first line. */
static bool find_failed(const char *said, char **ret_path, long *ret_line)
{
	static const char before[] = "error: patch failed: ";
	const char *at = strstr(said, before);
	const char *colon = NULL;

	if (!at)
		return false;
	at += sizeof(before) - 1;
	for (const char *c = at; *c && *c != '\n'; c++)
		colon = *c == ':' ? c : colon;
	if (!colon)
		return false;
	*ret_path = xstrndup(at, (size_t)(colon - at));
	*ret_line = strtol(colon + 1, NULL, 10);
	return true;
}

static int refuse(const char *name, const char *text, const char *said,
		  struct err *err)
{
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *words = redact_text(said, WORDS_MAX);
	char head[80] = "";
	long line = 0;
	int hunk = 0;

	if (find_failed(said, &path, &line))
		hunk = overlay_patch_hunk(text, path, line, head);
	if (hunk)
		return err_set(err, ERR_CONFLICT, "%s: hunk %d of %s (%s) does"
			       " not apply cleanly", name, hunk, path, head);
	return err_set(err, ERR_CONFLICT, "%s does not apply cleanly: %s",
		       name, words);
}

/* "Hunk #2 succeeded at 9 (offset 3 lines)." is not where it was meant. */
static int refuse_offset(const char *name, const char *said,
			 struct err *err)
{
	const char *at = strstr(said, "Hunk #");

	return err_set(err, ERR_CONFLICT, "%s does not apply cleanly: %.*s",
		       name, (int)strcspn(at, "\n"), at);
}

int overlay_patch_apply(const char *tree, const char *name, const char *text,
			struct err *err)
{
	static const char *const dry[] = { "git", "apply", "--check",
		"--verbose", "--whitespace=nowarn", "-p1", "-", NULL };
	static const char *const wet[] = { "git", "apply",
		"--whitespace=nowarn", "-p1", "-", NULL };
	CLEANUP(buf_done) struct buf said = { .max = SAID_MAX };
	int status = 0;

	if (run(dry, tree, text, &said, &status, err))
		return -1;
	if (status != 0)
		return refuse(name, text, buf_str(&said), err);
	if (strstr(buf_str(&said), "\nHunk #"))
		return refuse_offset(name, buf_str(&said), err);
	buf_reset(&said);
	if (run(wet, tree, text, &said, &status, err))
		return -1;
	return status == 0 ? 0 : refuse(name, text, buf_str(&said), err);
}
