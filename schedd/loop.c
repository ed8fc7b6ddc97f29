#include "schedd/loop.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <curl/curl.h>

#include "schedd/engine.h"
#include "schedd/transfer.h"
#include "shared/clock.h"
#include "shared/log.h"
#include "shared/proc.h"
#include "shared/wake.h"

#define GRACE_MS 5000		/* for exchanges under way when we stop */

struct loop {
	CURLM *multi;
	struct transfers *transfers;
	struct engine *engine;
	struct clock_watch clock;
	int signal_fd;
	int wake_fd;
};

static uint64_t world_random(void *arg)
{
	(void)arg;
	return seal_random();
}

static void world_send(void *arg, uint64_t tag, struct wire *wire)
{
	struct loop *loop = arg;

	transfers_send(loop->transfers, tag, wire);
}

static void world_say(void *arg, const char *event, const char *text)
{
	(void)arg;
	log_warn(event, "%s", text);
}

static int open_signals(struct err *err)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		err_set(err, ERR_INTERNAL, "signals: %s", strerror(errno));
	return fd;
}

int loop_new(struct loop **ret, struct db *db, const struct seal_private *key,
	     const struct settings *settings, struct err *err)
{
	CLEANUP(loop_free) struct loop *loop = xcalloc(1, sizeof(*loop));
	AUTO_FREE char *wake = xasprintf("%s/wake.sock",
					 settings->runtime_dir);
	const struct world world = {
		.arg = loop,
		.random = world_random,
		.send = world_send,
		.say = world_say,
	};

	loop->wake_fd = -1;
	loop->signal_fd = open_signals(err);
	if (loop->signal_fd < 0)
		return -1;
	curl_global_init(CURL_GLOBAL_ALL);
	loop->multi = curl_multi_init();
	if (!loop->multi)
		return err_set(err, ERR_INTERNAL, "curl does not start");
	if (transfers_new(&loop->transfers, loop->multi, settings, err))
		return -1;
	loop->engine = engine_new(db, key, settings, &world);
	if (wake_listen(wake, &loop->wake_fd, err))
		return -1;
	*ret = TAKE(loop);
	return 0;
}

void loop_free(struct loop **loopp)
{
	struct loop *loop = *loopp;

	if (!loop)
		return;
	engine_free(&loop->engine);
	transfers_free(&loop->transfers);
	if (loop->multi)
		curl_multi_cleanup(loop->multi);
	if (loop->signal_fd >= 0)
		close(loop->signal_fd);
	if (loop->wake_fd >= 0)
		close(loop->wake_fd);
	free(loop);
	*loopp = NULL;
}

/* Hand on what has ended; false if nothing has. */
static bool reap(struct loop *loop)
{
	struct answer answer;
	bool any = false;
	uint64_t tag;

	while (transfers_reap(loop->transfers, &tag, &answer)) {
		engine_answered(loop->engine, tag, &answer);
		any = true;
	}
	return any;
}

static bool signal_came(const struct loop *loop)
{
	struct signalfd_siginfo info;

	return read(loop->signal_fd, &info, sizeof(info)) > 0;
}

/* Wait until `next` (wall time) or until something happens. */
static int wait_for_more(struct loop *loop, int64_t next, struct err *err)
{
	struct curl_waitfd more[] = {
		{ .fd = loop->signal_fd, .events = CURL_WAIT_POLLIN },
		{ .fd = loop->wake_fd, .events = CURL_WAIT_POLLIN },
	};
	int64_t wait = next - clock_wall_ms();
	int running;
	CURLMcode rc;

	if (wait > 1000)
		wait = 1000;	/* a clock set back must not stop us */
	rc = curl_multi_perform(loop->multi, &running);
	/* What ended in there is no event that poll would wake up for. */
	if (reap(loop))
		wait = 0;
	if (rc == CURLM_OK)
		rc = curl_multi_poll(loop->multi, more, 2,
				     wait > 0 ? (int)wait : 0, NULL);
	if (rc == CURLM_OK)
		rc = curl_multi_perform(loop->multi, &running);
	if (rc != CURLM_OK)
		return err_set(err, ERR_INTERNAL, "curl: %s",
			       curl_multi_strerror(rc));
	wake_drain(loop->wake_fd);
	reap(loop);
	proc_watchdog();
	return 0;
}

/* Nothing new is claimed; what is under way may end within a grace time. */
static int finish(struct loop *loop, struct err *err)
{
	int64_t until = clock_mono_ms() + GRACE_MS;

	proc_notify("STOPPING=1");
	engine_stop(loop->engine);
	while (engine_under_way(loop->engine) > 0 && clock_mono_ms() < until) {
		if (wait_for_more(loop, clock_wall_ms() + 100, err))
			return -1;
		engine_tick(loop->engine, clock_wall_ms());
	}
	engine_release(loop->engine, clock_wall_ms());
	return 0;
}

/* What time it is; who waits is told when somebody has set the clock. */
static int64_t look_at_clock(struct loop *loop)
{
	int64_t wall = clock_wall_ms();
	int64_t by = clock_jumped(&loop->clock, wall, clock_mono_ms());

	if (by != 0) {
		log_warn("clock.set", "by_ms=%" PRId64, by);
		engine_clock_jumped(loop->engine, by);
	}
	return wall;
}

int loop_run(struct loop *loop, struct err *err)
{
	for (;;) {
		int64_t next = engine_tick(loop->engine, look_at_clock(loop));

		if (wait_for_more(loop, next, err))
			return -1;
		if (signal_came(loop))
			return finish(loop, err);
	}
}
