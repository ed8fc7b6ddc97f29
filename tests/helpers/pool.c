/*
 * pool: N workers on one socket, as systemd runs them, for the demo and tests.
 *
 *	pool N SOCKET PROGRAM [ARGUMENT]...
 *
 * Each worker gets the listening socket as fd 0.  One that dies is replaced,
 * RESTARTS_MAX times in all, unless its exit status says that it cannot start
 * (2 to 4: settings, database, keys; 127: no such program): then all end and
 * that is the exit status.  SIGTERM and SIGINT are passed on; then the exit
 * status is 0 if all ended well, else 1.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fcgi/listen.h"

#define WORKERS_MAX 64
#define RESTARTS_MAX 1000

struct pool {
	pid_t workers[WORKERS_MAX];	/* 0: none */
	int count;
	int listen_fd;
	char **argv;			/* of the program */
	int restarts;
	bool stopping;
	int status;
};

static void become_worker(const struct pool *pool, pid_t parent)
{
	sigset_t none;

	/* A pool that was killed leaves no worker behind. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(pool->listen_fd, STDIN_FILENO);
	execvp(pool->argv[0], pool->argv);
	fprintf(stderr, "pool: %s: %s\n", pool->argv[0], strerror(errno));
	_exit(127);
}

static void start_worker(struct pool *pool, int i)
{
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid == 0)
		become_worker(pool, parent);
	pool->workers[i] = pid > 0 ? pid : 0;
}

static void stop(struct pool *pool, int status)
{
	pool->stopping = true;
	if (pool->status == 0)
		pool->status = status;
	for (int i = 0; i < pool->count; i++)
		if (pool->workers[i])
			kill(pool->workers[i], SIGTERM);
}

/* A status that another try would not change. */
static bool is_hopeless(int status)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;

	return (code >= 2 && code <= 4) || code == 127;
}

static void worker_ended(struct pool *pool, int i, int status)
{
	pool->workers[i] = 0;
	if (pool->stopping) {
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
			pool->status = pool->status ? pool->status : 1;
	} else if (is_hopeless(status)) {
		stop(pool, WEXITSTATUS(status));
	} else if (pool->restarts++ < RESTARTS_MAX) {
		start_worker(pool, i);
	} else {
		fprintf(stderr, "pool: workers died too often\n");
		stop(pool, 1);
	}
}

static void reap(struct pool *pool)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (int i = 0; i < pool->count; i++)
			if (pool->workers[i] == pid)
				worker_ended(pool, i, status);
}

static bool has_workers(const struct pool *pool)
{
	for (int i = 0; i < pool->count; i++)
		if (pool->workers[i])
			return true;
	return false;
}

/* All signals are taken here and nowhere else, so none is missed. */
static int run(struct pool *pool)
{
	sigset_t ours;
	int sig;

	sigemptyset(&ours);
	sigaddset(&ours, SIGCHLD);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGINT);
	sigprocmask(SIG_BLOCK, &ours, NULL);
	for (int i = 0; i < pool->count; i++)
		start_worker(pool, i);
	while (has_workers(pool)) {
		if (sigwait(&ours, &sig))
			return 1;
		if (sig == SIGCHLD)
			reap(pool);
		else
			stop(pool, 0);
	}
	return pool->status;
}

int main(int argc, char *argv[])
{
	struct pool pool = { .argv = argv + 3 };
	struct err err;

	pool.count = argc > 3 ? (int)strtol(argv[1], NULL, 10) : 0;
	if (pool.count < 1 || pool.count > WORKERS_MAX) {
		fprintf(stderr, "usage: pool N SOCKET PROGRAM [ARGUMENT]..."
			"\n");
		return 2;
	}
	if (listen_open(argv[2], &pool.listen_fd, &err)) {
		fprintf(stderr, "pool: %s\n", err.msg);
		return 2;
	}
	return run(&pool);
}
