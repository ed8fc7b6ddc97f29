#include "fcgi/wait.h"

#include <ctype.h>
#include <poll.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "shared/clock.h"
#include "shared/proc.h"

#define LOOK_MS 15	/* between looks; one costs microseconds */

/* The next preference of a header, without parameters; NULL at the end. */
static char *next_preference(char **rest)
{
	char *one = strsep(rest, ",");

	if (!one)
		return NULL;
	one += strspn(one, " \t");
	one[strcspn(one, ";")] = '\0';
	for (size_t n = strlen(one); n && isblank((unsigned char)one[n - 1]);)
		one[--n] = '\0';
	return one;
}

/* The number of "wait=10" or "wait = "10""; false if it is something else. */
static bool is_wait(const char *one, int64_t *ret)
{
	const char *digits;
	char *end;
	long long n;

	if (strncasecmp(one, "wait", 4) != 0)
		return false;
	one += 4 + strspn(one + 4, " \t");
	if (*one++ != '=')
		return false;
	digits = one + strspn(one, " \t\"");
	n = strtoll(digits, &end, 10);
	if (end == digits || !isdigit((unsigned char)*digits) ||
	    strspn(end, " \t\"") != strlen(end))
		return false;
	*ret = n;
	return true;
}

int64_t wait_seconds(const char *prefer, int64_t otherwise, int64_t max,
		     bool *ret_asked)
{
	AUTO_FREE char *text = xstrdup(prefer ? prefer : "");
	int64_t seconds = otherwise;
	char *rest = text, *one;

	*ret_asked = false;
	while ((one = next_preference(&rest)) != NULL) {
		/* "respond-async, wait=10": at once if 10 s are not enough. */
		if (is_wait(one, &seconds))
			*ret_asked = true;
		else if (strcasecmp(one, "respond-async") == 0 && !*ret_asked)
			seconds = 0;
	}
	return seconds < max ? seconds : max;
}

/* -1 if all slots are taken, or there is no folder for them. */
static int take_slot(const struct settings *settings)
{
	for (int64_t i = 0; i < settings->wait_slots; i++) {
		AUTO_FREE char *path = xasprintf("%s/wait-%d.lock",
						 settings->runtime_dir,
						 (int)i);
		struct err err;
		int fd;

		if (proc_lock(path, 0, &fd, &err) == 0)
			return fd;
	}
	return -1;
}

/* Sleep a little.  False if the worker is asked to end. */
static bool pause_a_little(const struct worker *worker)
{
	struct timespec step = { .tv_nsec = LOOK_MS * 1000000L };

	ppoll(NULL, 0, &step, worker->while_waiting);
	proc_watchdog();
	return !worker->stopping || !*worker->stopping;
}

static enum wait_end look(const struct request *req,
			  const struct waiting *waiting, const char *subject,
			  int64_t deadline)
{
	int64_t seen, version;
	struct err err;
	bool over;

	if (db_data_version(req->db, &seen, &err) ||
	    waiting->is_over(req, subject, &over, &err))
		return WAIT_CANNOT;
	while (!over && clock_mono_ms() < deadline) {
		if (!pause_a_little(req->worker) ||
		    db_data_version(req->db, &version, &err))
			return WAIT_CANNOT;
		if (version == seen)
			continue;
		seen = version;
		if (waiting->is_over(req, subject, &over, &err))
			return WAIT_CANNOT;
	}
	return over ? WAIT_IS_OVER : WAIT_TIMED_OUT;
}

/* Where one thing happens another follows: one answer for all of them. */
static void gather(const struct request *req, const struct waiting *waiting,
		   int64_t deadline)
{
	int64_t until = clock_mono_ms() + waiting->gather_ms;

	if (until > deadline)
		until = deadline;
	while (clock_mono_ms() < until && pause_a_little(req->worker))
		;
}

enum wait_end wait_until_over(const struct request *req,
			      const struct waiting *waiting,
			      const char *subject, int64_t seconds)
{
	int64_t deadline = clock_mono_ms() + seconds * 1000;
	int slot = take_slot(req->worker->settings);
	enum wait_end end;

	if (slot < 0)
		return WAIT_CANNOT;
	end = look(req, waiting, subject, deadline);
	if (end == WAIT_IS_OVER && waiting->gather_ms)
		gather(req, waiting, deadline);
	close(slot);
	return end;
}
