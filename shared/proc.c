#include "shared/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "shared/clock.h"

#define LOCK_LOOK_MS 20

#define RIGHTS_READ (LANDLOCK_ACCESS_FS_READ_FILE | \
		     LANDLOCK_ACCESS_FS_READ_DIR)
#define RIGHTS_FILE (LANDLOCK_ACCESS_FS_READ_FILE | \
		     LANDLOCK_ACCESS_FS_WRITE_FILE)
#define RIGHTS_WRITE (RIGHTS_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | \
		      LANDLOCK_ACCESS_FS_REMOVE_FILE | \
		      LANDLOCK_ACCESS_FS_MAKE_REG | \
		      LANDLOCK_ACCESS_FS_MAKE_SOCK)
#define RIGHTS_HANDLED (RIGHTS_WRITE | LANDLOCK_ACCESS_FS_EXECUTE | \
			LANDLOCK_ACCESS_FS_REMOVE_DIR | \
			LANDLOCK_ACCESS_FS_MAKE_CHAR | \
			LANDLOCK_ACCESS_FS_MAKE_DIR | \
			LANDLOCK_ACCESS_FS_MAKE_FIFO | \
			LANDLOCK_ACCESS_FS_MAKE_BLOCK | \
			LANDLOCK_ACCESS_FS_MAKE_SYM)

void proc_notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t size;
	size_t len;
	int fd;

	if (!path || !*path)
		return;
	len = strlen(path);
	if (len >= sizeof(address.sun_path))
		return;
	memcpy(address.sun_path, path, len);
	if (path[0] == '@')
		address.sun_path[0] = '\0';	/* abstract */
	size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	(void)!sendto(fd, state, strlen(state), MSG_NOSIGNAL,
		      (const struct sockaddr *)&address, size);
	close(fd);
}

void proc_watchdog(void)
{
	static int64_t last;
	int64_t now = clock_mono_ms();

	if (now - last < 1000)
		return;
	last = now;
	proc_notify("WATCHDOG=1");
}

int proc_refuse_root(const char *program, struct err *err)
{
	if (geteuid() != 0)
		return 0;
	return err_set(err, ERR_DENIED, "%s does not run as root; start it as "
		       "the user of the service (User= in its unit, or "
		       "setpriv)", program);
}

static int allow(int ruleset, const char *path, uint64_t rights)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = rights };
	struct stat st;
	int rc;

	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return errno == ENOENT ? 0 : -1;
	/* What only folders have is an error for a file. */
	if (fstat(rule.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.allowed_access &= RIGHTS_FILE;
	rc = (int)syscall(SYS_landlock_add_rule, ruleset,
			  LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	close(rule.parent_fd);
	return rc;
}

static int restrict_files(const char *const writable[], size_t nwritable,
			  const char *const readable[], size_t nreadable)
{
	struct landlock_ruleset_attr attr = {
		.handled_access_fs = RIGHTS_HANDLED,
	};
	int fd = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr),
			      0);
	int rc = 0;

	if (fd < 0)	/* the kernel has none, or it is switched off */
		return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : -1;
	for (size_t i = 0; i < nwritable && rc == 0; i++)
		rc = allow(fd, writable[i], RIGHTS_WRITE);
	for (size_t i = 0; i < nreadable && rc == 0; i++)
		rc = allow(fd, readable[i], RIGHTS_READ);
	if (rc == 0)
		rc = (int)syscall(SYS_landlock_restrict_self, fd, 0);
	close(fd);
	return rc;
}

int proc_confine(const char *const writable[], size_t nwritable,
		 const char *const readable[], size_t nreadable,
		 struct err *err)
{
	const struct rlimit none = { 0 };

	if (setrlimit(RLIMIT_CORE, &none) ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    restrict_files(writable, nwritable, readable, nreadable))
		return err_set(err, ERR_INTERNAL, "cannot give up rights: %s",
			       strerror(errno));
	return 0;
}

static bool take_lock(int fd, int64_t patience_ms)
{
	const int64_t until = clock_mono_ms() + patience_ms;
	bool taken = flock(fd, LOCK_EX | LOCK_NB) == 0;

	while (!taken && clock_mono_ms() < until) {
		poll(NULL, 0, LOCK_LOOK_MS);
		taken = flock(fd, LOCK_EX | LOCK_NB) == 0;
	}
	return taken;
}

int proc_lock(const char *path, int64_t patience_ms, int *ret_fd,
	      struct err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);

	if (fd < 0)
		return err_set(err, ERR_INTERNAL, "lock '%s': %s", path,
			       strerror(errno));
	if (!take_lock(fd, patience_ms)) {
		close(fd);
		return err_set(err, ERR_BUSY, "lock '%s' is held by another "
			       "process", path);
	}
	*ret_fd = fd;
	return 0;
}
