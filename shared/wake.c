#include "shared/wake.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static bool make_address(const char *path, struct sockaddr_un *ret)
{
	size_t len = strlen(path);

	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (len >= sizeof(ret->sun_path))
		return false;
	memcpy(ret->sun_path, path, len + 1);
	return true;
}

static int make_socket(void)
{
	return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

int wake_listen(const char *path, int *ret_fd, struct err *err)
{
	struct sockaddr_un address;
	int fd;

	if (!make_address(path, &address))
		return err_set(err, ERR_INVALID, "wake socket '%s': the path "
			       "is too long", path);
	fd = make_socket();
	unlink(path);
	if (fd < 0 ||
	    bind(fd, (const struct sockaddr *)&address, sizeof(address)) ||
	    chmod(path, 0660)) {
		err_set(err, ERR_INTERNAL, "wake socket '%s': %s", path,
			strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	*ret_fd = fd;
	return 0;
}

void wake_send(const char *path)
{
	struct sockaddr_un address;
	int fd;

	if (!make_address(path, &address))
		return;
	fd = make_socket();
	if (fd < 0)
		return;
	/* A full queue means that the other side is awake. */
	(void)!sendto(fd, "!", 1, MSG_NOSIGNAL,
		      (const struct sockaddr *)&address, sizeof(address));
	close(fd);
}

void wake_drain(int fd)
{
	char byte;

	while (recv(fd, &byte, sizeof(byte), 0) > 0)
		;
}
