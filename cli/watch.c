#include "cli/watch.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/api.h"
#include "cli/exits.h"
#include "cli/words.h"
#include "shared/clock.h"

#define WAIT_MAX_S 20		/* for one answer */
#define PAGE 500		/* events in one answer */
#define HELD_MS 150		/* an answer that was waited for takes longer */
#define LOOK_FIRST_MS 100	/* where there is no place to wait */
#define LOOK_LAST_MS 1000
#define TIMEOUT_MAX_S (7 * 24 * 3600)
#define ITEMS_SHOWN_MAX 50	/* of larger runs only the counts */
#define LINE_MAX_BYTES 1024

struct watch {
	struct call *call;
	const char *run_id;
	char *path;		/* of its events */
	int64_t after;		/* the last one that was read */
	bool began;		/* something was read */
	json_t *seen;		/* item_id -> the line that was shown */
	char *counts;		/* the line that was shown */
	bool terminal;
	bool chinese;
	const char *language;
	int64_t until;		/* of the monotonic clock */
};

static void watch_done(struct watch *watch)
{
	/* The line of counts was left open for the next one. */
	if (watch->terminal && watch->counts)
		fputs("\n", stderr);
	free(watch->path);
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

/* As the API calls it, or in Chinese as people do. */
static const char *state_word(const struct watch *watch, enum badge_kind kind,
			      const json_t *of, const char *member)
{
	const char *state = api_text(of, member);

	return watch->chinese ? badge_label(kind, state, "zh") : state;
}

/* What stands still says so, and how it is made to go on. */
static char *canary_words(const struct watch *watch, const json_t *run)
{
	const char *state = api_text(run, "canary_state");
	const char *class = api_text(run, "canary_class");
	bool zh = watch->chinese;

	if (strcmp(api_text(run, "state"), "running") != 0)
		return xstrdup("");
	if (strcmp(state, "proving") == 0)
		return xasprintf(zh ? "；先证明前 %" PRId64 " 个，再做其余"
				 : "; the first %" PRId64 " are proven before "
				 "the rest", api_number(run, "canary_items"));
	if (strcmp(state, "held") == 0)
		return xasprintf(zh ? "；其余暂停%s%s：crmctl run resume 或 cancel"
				 : "; the rest is held%s%s: crmctl run resume, "
				 "or cancel", !*class ? "" : zh ? "，因为 "
				 : ", for ", class);
	return xstrdup("");
}

static void show_counts(struct watch *watch, const json_t *run)
{
	AUTO_FREE char *canary = canary_words(watch, run);
	AUTO_FREE char *line = xasprintf(watch->chinese
		? "%s %s：完成 %" PRId64 "/%" PRId64 "，可用 %" PRId64
		  "，不可用 %" PRId64 "，有提醒 %" PRId64 "%s"
		: "%s %s: %" PRId64 " of %" PRId64 " done, %" PRId64
		  " active, %" PRId64 " broken, %" PRId64
		  " with warnings%s",
		watch->run_id, state_word(watch, BADGE_RUN, run, "state"),
		api_number(run, "items_done"), api_number(run, "items_total"),
		api_number(run, "items_active"),
		api_number(run, "items_broken"),
		api_number(run, "items_warned"), canary);

	if (watch->counts && strcmp(watch->counts, line) == 0)
		return;
	free(watch->counts);
	watch->counts = TAKE(line);
	fprintf(stderr, watch->terminal ? "\r\033[K%s" : "%s\n",
		watch->counts);
	fflush(stderr);
}

/* "  #1 api.example.com-1a2b3c4d: done, active, model m". */
static void describe_item(const struct watch *watch, struct buf *out,
			  const json_t *event)
{
	const char *stage = api_text(event, "current_stage");
	const char *class = api_text(event, "failure_class");
	const char *model = api_text(event, "resolved_smoke_model");
	const char *label = api_text(event, "label");

	buf_addf(out, "  #%" PRId64 " ", api_number(event, "row"));
	if (*label) {
		columns_text(out, label);
		buf_adds(out, ", ");
	}
	columns_text(out, api_text(event, "provider_id"));
	buf_addf(out, ": %s", state_word(watch, BADGE_STAGE, event,
					 "current_stage"));
	if (strcmp(stage, "done") == 0)
		buf_addf(out, ", %s", state_word(watch, BADGE_ACCESS, event,
						 "access_status"));
	if (*model) {
		buf_adds(out, watch->chinese ? ", 模型 " : ", model ");
		columns_text(out, model);
	}
	if (*class) {
		buf_addf(out, ", %s: ", class);
		columns_text(out, words_of(event, "failure",
					    watch->language));
	}
}

/* An event says how its item stands now: several may say the same. */
static void show_item(struct watch *watch, const json_t *event)
{
	CLEANUP(buf_done) struct buf line = { .max = LINE_MAX_BYTES };
	const char *item_id = api_text(event, "item_id");

	describe_item(watch, &line, event);
	if (strcmp(api_text(watch->seen, item_id), buf_str(&line)) == 0)
		return;
	json_object_set_new(watch->seen, item_id,
			    json_string(buf_str(&line)));
	show_line(watch, buf_str(&line));
}

static int start(struct watch *watch, struct err *err)
{
	int64_t seconds = TIMEOUT_MAX_S;

	if (args_number(&watch->call->args, OPT_TIMEOUT, 1, TIMEOUT_MAX_S,
			&seconds, err) ||
	    words_language(&watch->call->args, &watch->language, err) ||
	    api_path(&watch->path, API_RUNS, watch->run_id, "/events", err))
		return -1;
	watch->until = clock_mono_ms() + seconds * 1000;
	watch->seen = json_object();
	watch->chinese = strcmp(watch->language, "zh") == 0;
	watch->terminal = isatty(STDERR_FILENO);
	return 0;
}

/* Ask once, and wait for it as long as there is nothing new. */
static int ask(struct watch *watch, struct err *err)
{
	AUTO_FREE char *after = xasprintf("after=%" PRId64, watch->after);
	AUTO_FREE char *limit = xasprintf("limit=%d", PAGE);
	const char *const query[] = { after, limit, NULL };
	int64_t left_s = (watch->until - clock_mono_ms()) / 1000;
	const struct api_call get = {
		.method = "GET", .path = watch->path, .query = query,
		.wait_s = !watch->began || left_s < 1 ? 0
			: left_s < WAIT_MAX_S ? left_s : WAIT_MAX_S,
	};

	return client_call(watch->call->client, &get, &watch->call->reply,
			   err);
}

/*
 * Look once.  *ret_run is the run as it was before its events were read, and
 * *ret_all: these were all of them.
 */
static int look(struct watch *watch, json_t **ret_run, bool *ret_all,
		struct err *err)
{
	const json_t *reply, *events, *event;
	json_t *run;
	size_t i;

	if (ask(watch, err))
		return -1;
	reply = watch->call->reply.body;
	run = json_object_get(reply, "run");
	events = json_object_get(reply, "events");
	if (!json_is_object(run) || !json_is_array(events))
		return err_set(err, ERR_UPSTREAM, "%s: these are no events",
			       watch->path);
	json_decref(*ret_run);
	*ret_run = json_incref(run);
	watch->began = true;
	show_counts(watch, *ret_run);
	*ret_all = json_array_size(events) < PAGE;
	watch->after = api_number(reply, "next_after");
	if (api_number(*ret_run, "items_total") > ITEMS_SHOWN_MAX) {
		watch->after = api_number(reply, "last");
		*ret_all = true;
		return 0;
	}
	json_array_foreach(events, i, event)
		show_item(watch, event);
	return 0;
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
	bool all = false;

	if (start(&watch, err))
		return -1;
	for (;;) {
		int64_t began = clock_mono_ms();

		if (look(&watch, &run, &all, err))
			return -1;
		if (!all)
			continue;
		if (!is_running(run) || clock_mono_ms() >= watch.until)
			break;
		if (clock_mono_ms() - began >= HELD_MS) {
			pause = LOOK_FIRST_MS;
			continue;
		}
		poll(NULL, 0, pause);
		if (pause < LOOK_LAST_MS)
			pause += pause / 4;
	}
	api_reply_done(&call->reply);
	call->reply.body = json_incref(run);
	return judge(&watch, run, err);
}
