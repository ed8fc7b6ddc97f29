#include "cli/watch.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/api.h"
#include "cli/exits.h"
#include "shared/clock.h"

#define LOOK_FIRST_MS 100
#define LOOK_LAST_MS 1000
#define TIMEOUT_MAX_S (7 * 24 * 3600)
#define ITEMS_SHOWN_MAX 50	/* of larger runs only the counts */
#define LINE_MAX_BYTES 1024

struct watch {
	struct call *call;
	const char *run_id;
	char *path;		/* of the run */
	char *items_path;
	json_t *seen;		/* item_id -> the line that was shown */
	char *counts;		/* the line that was shown */
	bool terminal;
	int64_t until;		/* of the monotonic clock */
};

static void watch_done(struct watch *watch)
{
	/* The line of counts was left open for the next one. */
	if (watch->terminal && watch->counts)
		fputs("\n", stderr);
	free(watch->path);
	free(watch->items_path);
	free(watch->counts);
	json_decref(watch->seen);
}

/* On a terminal the line of counts stays the last one. */
static void show_line(const struct watch *watch, const char *line)
{
	if (watch->terminal)
		fprintf(stderr, "\r\033[K%s\n%s", line,
			watch->counts ? watch->counts : "");
	else
		fprintf(stderr, "%s\n", line);
	fflush(stderr);
}

static void show_counts(struct watch *watch, const json_t *run)
{
	AUTO_FREE char *line = xasprintf(
		"%s %s: %" PRId64 " of %" PRId64 " done, %" PRId64
		" active, %" PRId64 " broken, %" PRId64 " with warnings",
		watch->run_id, api_text(run, "state"),
		api_number(run, "items_done"), api_number(run, "items_total"),
		api_number(run, "items_active"),
		api_number(run, "items_broken"),
		api_number(run, "items_warned"));

	if (watch->counts && strcmp(watch->counts, line) == 0)
		return;
	free(watch->counts);
	watch->counts = TAKE(line);
	fprintf(stderr, watch->terminal ? "\r\033[K%s" : "%s\n",
		watch->counts);
	fflush(stderr);
}

/* "  #1 api.example.com-1a2b3c4d: done, active, model m". */
static void describe_item(struct buf *out, const json_t *item)
{
	const char *stage = api_text(item, "current_stage");
	const char *class = api_text(item, "failure_class");
	const char *model = api_text(item, "resolved_smoke_model");

	buf_addf(out, "  #%" PRId64 " ", api_number(item, "seq"));
	columns_text(out, api_text(item, "provider_id"));
	buf_addf(out, ": %s", stage);
	if (strcmp(stage, "done") == 0)
		buf_addf(out, ", %s", api_text(item, "access_status"));
	if (*model) {
		buf_adds(out, ", model ");
		columns_text(out, model);
	}
	if (*class) {
		buf_addf(out, ", %s: ", class);
		columns_text(out, api_text(item, "failure_en"));
	}
}

static void show_item(struct watch *watch, const json_t *item)
{
	CLEANUP(buf_done) struct buf line = { .max = LINE_MAX_BYTES };
	const char *item_id = api_text(item, "item_id");

	describe_item(&line, item);
	if (strcmp(api_text(watch->seen, item_id), buf_str(&line)) == 0)
		return;
	json_object_set_new(watch->seen, item_id,
			    json_string(buf_str(&line)));
	show_line(watch, buf_str(&line));
}

static int show_items(struct watch *watch, const json_t *run,
		      struct err *err)
{
	const char *const none[] = { NULL };
	json_auto_t *items = NULL;
	const json_t *item;
	size_t i;

	if (api_number(run, "items_total") > ITEMS_SHOWN_MAX)
		return 0;
	if (api_list(watch->call, watch->items_path, none, 0, &items, err))
		return -1;
	json_array_foreach(items, i, item)
		show_item(watch, item);
	return 0;
}

static int start(struct watch *watch, struct err *err)
{
	int64_t seconds = TIMEOUT_MAX_S;

	if (args_number(&watch->call->args, OPT_TIMEOUT, 1, TIMEOUT_MAX_S,
			&seconds, err) ||
	    api_path(&watch->path, API_RUNS, watch->run_id, "", err) ||
	    api_path(&watch->items_path, API_RUNS, watch->run_id, "/items",
		     err))
		return -1;
	watch->until = clock_mono_ms() + seconds * 1000;
	watch->seen = json_object();
	watch->terminal = isatty(STDERR_FILENO);
	return 0;
}

/* Look once.  *ret_run is the run as it was before its items were read. */
static int look(struct watch *watch, json_t **ret_run, struct err *err)
{
	struct call *call = watch->call;

	if (api_get(call, watch->path, err))
		return -1;
	json_decref(*ret_run);
	*ret_run = json_incref(call->reply.body);
	show_counts(watch, *ret_run);
	return show_items(watch, *ret_run, err);
}

static bool is_running(const json_t *run)
{
	return strcmp(api_text(run, "state"), "running") == 0;
}

static int judge(const struct watch *watch, const json_t *run,
		 struct err *err)
{
	const char *state = api_text(run, "state");

	if (is_running(run))
		return err_set(err, ERR_BUSY, "run %s has not ended in time",
			       watch->run_id);
	if (strcmp(state, "failed") != 0 && strcmp(state, "cancelled") != 0)
		return 0;
	err_set(err, ERR_UPSTREAM, "run %s ended %s, %" PRId64 " of %" PRId64
		" items are active", watch->run_id, state,
		api_number(run, "items_active"),
		api_number(run, "items_total"));
	return err_code(err, EXITS_CODE_FAILED);
}

int watch_run(struct call *call, const char *run_id, struct err *err)
{
	CLEANUP(watch_done) struct watch watch = { .call = call,
						   .run_id = run_id };
	json_auto_t *run = NULL;
	int pause = LOOK_FIRST_MS;

	if (start(&watch, err))
		return -1;
	for (;;) {
		if (look(&watch, &run, err))
			return -1;
		if (!is_running(run) || clock_mono_ms() >= watch.until)
			break;
		poll(NULL, 0, pause);
		if (pause < LOOK_LAST_MS)
			pause += pause / 4;
	}
	api_reply_done(&call->reply);
	call->reply.body = json_incref(run);
	return judge(&watch, run, err);
}
