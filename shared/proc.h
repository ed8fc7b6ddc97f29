/*
 * proc: what a process tells its supervisor, and what it gives up.
 */
#ifndef SHARED_PROC_H
#define SHARED_PROC_H

#include <stddef.h>
#include <stdint.h>

#include "shared/err.h"

/*
 * Send `state` ("READY=1", "STOPPING=1", "STATUS=...") to the supervisor, if
 * there is one that listens (NOTIFY_SOCKET).
 */
void proc_notify(const char *state);

/* Tell the watchdog that the loop turns.  Cheap: once a second at most. */
void proc_watchdog(void);

/* ERR_DENIED for root: a daemon of ours has its own user. */
int proc_refuse_root(const char *program, struct err *err) MUST_CHECK;

/*
 * Leave no core dump and no ptrace to read secrets from, gain no rights by
 * exec, and reach only these folders from here on (Landlock, where the kernel
 * has it).  Paths that do not exist are passed over.
 */
int proc_confine(const char *const writable[], size_t nwritable,
		 const char *const readable[], size_t nreadable,
		 struct err *err) MUST_CHECK;

/*
 * Take the lock of `path` for the life of the process.  ERR_BUSY if another
 * holds it and does not let go within `patience_ms`: one that was killed holds
 * it until the kernel has closed its files.
 */
int proc_lock(const char *path, int64_t patience_ms, int *ret_fd,
	      struct err *err) MUST_CHECK;

#endif
