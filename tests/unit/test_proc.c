/*
 * What a process tells its supervisor, and what it gives up.
 */
#include "tests/unit/fixture.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "shared/proc.h"
#include "shared/table.h"
#include "tests/unit/scratch.h"

/* ---- the supervisor ---- */

/* A socket as systemd has one; `path` with '@' is an abstract one. */
static int supervise(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
				    strlen(path));
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			0);

	assert_true(strlen(path) < sizeof(at.sun_path));
	memcpy(at.sun_path, path, strlen(path));
	if (*path == '@')
		at.sun_path[0] = '\0';
	assert_int_equal(bind(fd, (const struct sockaddr *)&at, len), 0);
	setenv("NOTIFY_SOCKET", path, 1);
	return fd;
}

/* What was told last; "" if nothing was. */
static const char *told(int fd)
{
	static char text[100];
	ssize_t len = recv(fd, text, sizeof(text) - 1, 0);

	text[len > 0 ? len : 0] = '\0';
	return text;
}

static void a_supervisor_is_told(void **state)
{
	SCRATCH dir = scratch_new();
	AUTO_FREE char *file = xasprintf("%s/notify", dir);
	AUTO_FREE char *abstract = xasprintf("@crm-test-%d", (int)getpid());
	const char *const paths[] = { file, abstract };

	(void)state;
	for (size_t i = 0; i < COUNT(paths); i++) {
		int fd = supervise(paths[i]);

		proc_notify("READY=1");
		assert_string_equal(told(fd), "READY=1");
		close(fd);
		/* Nor does it matter that it has gone. */
		proc_notify("READY=1");
	}
	unsetenv("NOTIFY_SOCKET");
}

static void a_watchdog_is_not_told_all_the_time(void **state)
{
	AUTO_FREE char *path = xasprintf("@crm-watch-%d", (int)getpid());
	int fd = supervise(path);

	(void)state;
	proc_watchdog();
	assert_string_equal(told(fd), "WATCHDOG=1");
	for (int i = 0; i < 100; i++)
		proc_watchdog();
	assert_string_equal(told(fd), "");
	close(fd);
	unsetenv("NOTIFY_SOCKET");
}

static void without_a_supervisor_nothing_is_told(void **state)
{
	char much[300];

	(void)state;
	unsetenv("NOTIFY_SOCKET");
	proc_notify("READY=1");
	setenv("NOTIFY_SOCKET", "", 1);
	proc_notify("READY=1");
	memset(much, 'x', sizeof(much) - 1);
	much[sizeof(much) - 1] = '\0';
	setenv("NOTIFY_SOCKET", much, 1);
	proc_notify("READY=1");
	unsetenv("NOTIFY_SOCKET");
}

/* ---- locks ---- */

static void a_lock_is_held_by_one(void **state)
{
	SCRATCH dir = scratch_new();
	AUTO_FREE char *path = xasprintf("%s/lock", dir);
	AUTO_FREE char *nowhere = xasprintf("%s/no/lock", dir);
	int first, second = -1;
	struct err err;

	(void)state;
	OK(proc_lock(path, 0, &first, &err));
	REFUSED(proc_lock(path, 0, &second, &err), ERR_BUSY);
	REFUSED(proc_lock(path, 30, &second, &err), ERR_BUSY);
	assert_int_equal(second, -1);
	close(first);
	OK(proc_lock(path, 0, &second, &err));
	close(second);
	REFUSED(proc_lock(nowhere, 0, &second, &err), ERR_INTERNAL);
}

static volatile sig_atomic_t held;

static void let_go(int signal)
{
	(void)signal;
	close(held);
}

/* As that of a process which was killed a moment ago. */
static void a_lock_that_is_let_go_of_soon_is_waited_for(void **state)
{
	SCRATCH dir = scratch_new();
	AUTO_FREE char *path = xasprintf("%s/lock", dir);
	const struct itimerval soon = { .it_value = { .tv_usec = 50000 } };
	int first, second;
	struct err err;

	(void)state;
	OK(proc_lock(path, 0, &first, &err));
	held = first;
	signal(SIGALRM, let_go);
	assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
	OK(proc_lock(path, 10000, &second, &err));
	signal(SIGALRM, SIG_DFL);
	close(second);
}

/* ---- rights ---- */

/* The exit status of `act` in a process of its own. */
static int in_a_child(int (*act)(const char *dir), const char *dir)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(act(dir));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int refuse_root(const char *dir)
{
	struct err err = { 0 };

	(void)dir;
	if (geteuid() != 0)
		return proc_refuse_root("x", &err) == 0 ? 0 : 1;
	if (proc_refuse_root("x", &err) != -1 || err.kind != ERR_DENIED)
		return 2;
	if (syscall(SYS_setresuid, 65534, 65534, 65534))
		return 0;	/* a root that cannot become anybody */
	return proc_refuse_root("x", &err) == 0 ? 0 : 3;
}

static void daemons_do_not_run_as_root(void **state)
{
	(void)state;
	assert_int_equal(in_a_child(refuse_root, ""), 0);
}

static bool can_open(const char *dir, const char *name, int flags)
{
	AUTO_FREE char *path = xasprintf("%s/%s", dir, name);
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool has_landlock(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, 1) > 0;
}

/* A number tells which of the promises was broken. */
static int confine(const char *dir)
{
	AUTO_FREE char *ours = xasprintf("%s/state", dir);
	const char *const writable[] = { ours, "/dev/null" };
	const char *const readable[] = { "/usr", "/not/there", "" };
	struct rlimit core;
	struct err err;

	if (proc_confine(writable, COUNT(writable), readable, COUNT(readable),
			 &err))
		return 1;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 ||
	    prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
		return 2;
	if (getrlimit(RLIMIT_CORE, &core) || core.rlim_max != 0)
		return 3;
	if (!can_open(ours, "new", O_RDWR | O_CREAT) ||
	    !can_open("/dev", "null", O_RDWR) ||
	    !can_open("/usr", ".", O_RDONLY))
		return 4;
	if (!has_landlock())
		return 0;
	if (can_open(dir, "other", O_RDONLY) ||
	    can_open(dir, "new", O_RDWR | O_CREAT))
		return 5;
	return 0;
}

static void who_is_confined_reaches_only_its_own(void **state)
{
	SCRATCH dir = scratch_new();
	AUTO_FREE char *ours = xasprintf("%s/state", dir);
	AUTO_FREE char *other = xasprintf("%s/other", dir);
	AUTO_FREE char *made = xasprintf("%s/state/new", dir);

	(void)state;
	assert_int_equal(mkdir(ours, 0700), 0);
	scratch_write(other, "x", 0600);
	assert_int_equal(in_a_child(confine, dir), 0);
	unlink(made);
	rmdir(ours);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_supervisor_is_told),
		cmocka_unit_test(a_watchdog_is_not_told_all_the_time),
		cmocka_unit_test(without_a_supervisor_nothing_is_told),
		cmocka_unit_test(a_lock_is_held_by_one),
		cmocka_unit_test(a_lock_that_is_let_go_of_soon_is_waited_for),
		cmocka_unit_test(daemons_do_not_run_as_root),
		cmocka_unit_test(who_is_confined_reaches_only_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
