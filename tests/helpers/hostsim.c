/*
 * hostsim: a sub2api host on 127.0.0.1.
 */
#include <stdio.h>
#include <string.h>

#include "shared/table.h"
#include "tests/helpers/sim_options.h"
#include "tests/helpers/sim_server.h"
#include "tests/helpers/sim_upstream.h"
#include "tests/model/host_model.h"

/* A request whose answer the model still owes. */
struct owed {
	uint64_t ticket;
	struct sim_exchange *exchange;
};

struct host {
	struct host_options options;
	struct sim_ops ops;
	bool abandons;
	struct host_model *model;
	struct sim_server *server;
	struct sim_upstream *upstream;
	struct owed *owed;		/* in the order of their coming */
	size_t nowed;
	size_t owed_max;		/* memory is there for */
};

/* What the command line says beside `options`. */
struct words {
	const char *version;
	char *admin_key;
	char *admin_password;
	int64_t seed;
	const char *run_mode;
	const char *compliance;
	bool no_compliance;
	bool abandons;
	bool help;
};

static void words_done(struct words *words)
{
	free(words->admin_key);
	free(words->admin_password);
}

static void host_done(struct host *host)
{
	/* First the server: it lets go of the exchanges that are owed. */
	sim_server_free(&host->server);
	sim_upstream_free(&host->upstream);
	host_model_free(&host->model);
	free(host->owed);
}

static void owe(struct host *host, uint64_t ticket,
		struct sim_exchange *exchange)
{
	if (host->nowed == host->owed_max) {
		host->owed_max = 2 * host->owed_max + 16;
		host->owed = xrealloc(host->owed, host->owed_max *
				      sizeof(struct owed));
	}
	host->owed[host->nowed++] = (struct owed){ ticket, exchange };
}

/* Who waits for this answer; NULL: the first of two that a fault made. */
static struct sim_exchange *take_owed(struct host *host, uint64_t ticket)
{
	struct owed *owed = host->owed;
	struct sim_exchange *exchange;
	size_t i = 0;

	while (i < host->nowed && owed[i].ticket != ticket)
		i++;
	if (i == host->nowed)
		return NULL;
	exchange = owed[i].exchange;
	host->nowed--;
	memmove(&owed[i], &owed[i + 1], (host->nowed - i) *
		sizeof(struct owed));
	return exchange;
}

static void on_request(void *context, struct sim_exchange *exchange,
		       int64_t now, const struct model_request *request)
{
	struct host *host = context;
	uint64_t ticket = host_model_request(host->model, now, request);

	if (exchange)
		owe(host, ticket, exchange);
}

static void answer(struct host *host, struct host_event *event)
{
	struct sim_exchange *exchange = take_owed(host, event->ticket);

	if (exchange)
		sim_answer(exchange, &event->answer);
}

static void on_upstream(void *context, uint64_t ticket,
			const struct model_answer *answer)
{
	struct host *host = context;

	host_model_upstream(host->model, sim_server_now(host->server), ticket,
			    answer);
}

static int64_t on_turn(void *context, int64_t now)
{
	struct host *host = context;
	int64_t next = INT64_MAX;

	sim_upstream_run(host->upstream);
	for (;;) {
		CLEANUP(host_event_done) struct host_event event = { 0 };

		if (!host_model_next(host->model, now, &event, &next))
			break;
		if (event.kind == HOST_ANSWER)
			answer(host, &event);
		else
			sim_upstream_call(host->upstream, event.ticket,
					  &event.call, event.timeout_ms);
	}
	return next;
}

static int on_wait(void *context, struct pollfd *fds, unsigned int count,
		   int timeout_ms)
{
	struct host *host = context;

	return sim_upstream_wait(host->upstream, fds, count, timeout_ms);
}

static void on_left(void *context, const struct model_request *request)
{
	struct host *host = context;

	host_model_abandon(host->model, sim_server_now(host->server),
			   request);
}

static json_t *on_state(void *context)
{
	const struct host *host = context;

	return host_model_state(host->model);
}

static const char *on_control(void *context, const json_t *body)
{
	struct host *host = context;

	return host_model_control(host->model, sim_server_now(host->server),
				  body);
}

static int serve(struct host *host, const struct sim_settings *settings,
		 struct err *err)
{
	host->ops = (struct sim_ops){
		.context = host,
		.request = on_request,
		.turn = on_turn,
		.wait = on_wait,
		.left = host->abandons ? on_left : NULL,
		.state = on_state,
		.control = on_control,
	};

	if (sim_server_new(settings, &host->ops, &host->server, err))
		return -1;
	host->upstream = sim_upstream_new(on_upstream, host);
	host->model = host_model_new(&host->options,
				     sim_server_now(host->server));
	return sim_server_run(host->server, err);
}

/* Read the command line twice: the version decides what the defaults are. */
static int read_words(char **argv, struct host_options *to,
		      struct sim_settings *settings, struct words *words,
		      struct err *err)
{
	const struct sim_option options[] = {
		{ "--version", SIM_TEXT, &words->version,
		  "0.1.126, 0.1.129 or 0.1.179 (0.1.129)" },
		{ "--port", SIM_NUMBER, &settings->port, "0: any free one" },
		{ "--port-file", SIM_TEXT, &settings->port_file,
		  "gets the port" },
		{ "--seed", SIM_NUMBER, &words->seed, "of ids and keys (1)" },
		{ "--admin-key-file", SIM_FILE, &words->admin_key,
		  "holds the admin API key (none)" },
		{ "--admin-email", SIM_TEXT, &to->admin_email,
		  "of the administrator" },
		{ "--admin-password-file", SIM_FILE, &words->admin_password,
		  "holds the administrator's password" },
		{ "--poll-ms", SIM_NUMBER, &to->poll_ms,
		  "of the scheduler's copy" },
		{ "--call-ms", SIM_NUMBER, &to->call_ms, "an ordinary call" },
		{ "--hash-ms", SIM_NUMBER, &to->hash_ms,
		  "creating a user, logging in" },
		{ "--models-cache-ms", SIM_NUMBER, &to->models_cache_ms,
		  "of the list of models" },
		{ "--ops-ms", SIM_NUMBER, &to->ops_ms,
		  "until a failure is in the log of errors, at most" },
		{ "--probe-extra-ms", SIM_NUMBER, &to->probe_extra_ms,
		  "of a capability probe" },
		{ "--no-compliance", SIM_FLAG, &words->no_compliance,
		  "as --compliance required" },
		{ "--abandons", SIM_FLAG, &words->abandons,
		  "clients that leave lock their Idempotency-Key" },
		{ "--rate-limits", SIM_FLAG, &to->rate_limits,
		  "limit logins and user calls" },
		{ "--compliance", SIM_TEXT, &words->compliance,
		  "0.1.179: accepted or required (accepted)" },
		{ "--simple-mode", SIM_FLAG, &to->simple_mode,
		  "as --run-mode simple" },
		{ "--run-mode", SIM_TEXT, &words->run_mode,
		  "standard or simple (standard)" },
		{ "--backend-mode", SIM_FLAG, &to->backend_mode,
		  "only administrators may log in" },
		{ "--report-version", SIM_TEXT, &to->reported_version,
		  "what it says its version is (the true one)" },
		{ "--token-ms", SIM_NUMBER, &to->token_ms,
		  "life of an access token (a day)" },
		{ "--log", SIM_TEXT, &settings->log,
		  "append a JSON line per request" },
		{ "--quiet", SIM_FLAG, &settings->quiet, "say nothing" },
		{ "--help", SIM_FLAG, &words->help, "print this" },
		{ 0 },
	};

	if (sim_options_read(options, argv, err))
		return -1;
	if (words->help)
		sim_options_print(options, settings->name);
	return 0;
}

static int read_choice(const char *const names[2], const char *word,
		       bool *ret, struct err *err)
{
	int found = 0;

	if (!word)
		return 0;
	if (!table_find(names, 2, word, &found))
		return err_set(err, ERR_INVALID, "%s is neither %s nor %s",
			       word, names[0], names[1]);
	*ret = found == 1;
	return 0;
}

static int read_modes(struct host_options *options,
		      const struct words *words, struct err *err)
{
	static const char *const runs[] = { "standard", "simple" };
	static const char *const gates[] = { "required", "accepted" };

	options->compliance_accepted = !words->no_compliance;
	if (read_choice(runs, words->run_mode, &options->simple_mode, err) ||
	    read_choice(gates, words->compliance,
			&options->compliance_accepted, err))
		return -1;
	return 0;
}

static int read_all(char **argv, struct host *host,
		    struct sim_settings *settings, struct words *words,
		    struct err *err)
{
	struct host_options *options = &host->options;
	enum host_version version = HOST_0_1_129;

	if (read_words(argv, options, settings, words, err))
		return -1;
	if (words->version && !host_version_parse(words->version, &version))
		return err_set(err, ERR_INVALID, "no such version: %s",
			       words->version);
	if (words->help)
		return 0;
	*options = host_options_default(version);
	options->rate_limits = false;
	if (read_words(argv, options, settings, words, err))
		return -1;
	options->seed = (uint64_t)words->seed;
	if (read_modes(options, words, err))
		return -1;
	options->admin_api_key = words->admin_key;
	host->abandons = words->abandons;
	if (words->admin_password)
		options->admin_password = words->admin_password;
	return 0;
}

int main(int argc, char **argv)
{
	CLEANUP(words_done) struct words words = { .seed = 1 };
	CLEANUP(host_done) struct host host = { 0 };
	struct sim_settings settings = { .name = "hostsim" };
	struct err err;

	(void)argc;
	if (read_all(argv, &host, &settings, &words, &err)) {
		fprintf(stderr, "hostsim: %s\n", err.msg);
		return 2;
	}
	if (words.help)
		return 0;
	if (serve(&host, &settings, &err)) {
		fprintf(stderr, "hostsim: %s\n", err.msg);
		return 1;
	}
	return 0;
}
