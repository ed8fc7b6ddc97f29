/*
 * providersim: an OpenAI-compatible provider on 127.0.0.1; and others below
 * /as/NAME/ANYTHING/, each with counters of its own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/clock.h"
#include "tests/helpers/sim_options.h"
#include "tests/helpers/sim_server.h"
#include "tests/model/provider_model.h"
#include "tests/model/provider_personality.h"

#define AS "/as/"
#define OTHERS_MAX 20000
#define NAME_SIZE 64

/* What lives below a path. */
struct other {
	char *path;		/* "NAME/ANYTHING" */
	struct provider_model *model;
};

struct provider {
	struct provider_options options;
	struct provider_model *model;
	struct other *others;
	size_t nothers;
	const struct sim_server *server;	/* while it serves */
	const char *retry_after;	/* of every 429; NULL: its own */
};

static void provider_done(struct provider *provider)
{
	provider_model_free(&provider->model);
	for (size_t i = 0; i < provider->nothers; i++) {
		provider_model_free(&provider->others[i].model);
		free(provider->others[i].path);
	}
	free(provider->others);
}

static struct provider_model *add_other(struct provider *provider,
					const char *path, size_t len)
{
	struct provider_options options = provider->options;
	struct provider_model *model;
	char name[NAME_SIZE];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(path, "/"), path);
	options.personality = name;
	options.seed = ++provider->options.seed;
	model = provider->nothers < OTHERS_MAX ? provider_model_new(&options)
					       : NULL;
	if (!model)
		return NULL;
	provider->others = xrealloc(provider->others, (provider->nothers + 1) *
				    sizeof(*provider->others));
	provider->others[provider->nothers++] = (struct other){
		xstrndup(path, len), model
	};
	return model;
}

/* Who answers on this path; it is made when it is asked first. */
static struct provider_model *model_for(struct provider *provider,
					const char *target)
{
	struct provider_model *model;
	size_t len;

	if (strncmp(target, AS, strlen(AS)) != 0)
		return provider->model;
	target += strlen(AS);
	len = strcspn(target, "/?");
	if (target[len] == '/')
		len += 1 + strcspn(target + len + 1, "/?");
	for (size_t i = 0; i < provider->nothers; i++) {
		const struct other *other = &provider->others[i];

		if (strncmp(other->path, target, len) == 0 &&
		    other->path[len] == '\0')
			return other->model;
	}
	model = add_other(provider, target, len);
	return model ? model : provider->model;
}

/* Tests have less patience than clients of providers. */
static void hurry(const struct provider *provider, struct model_answer *answer)
{
	for (size_t i = 0; i < answer->nheaders && provider->retry_after; i++) {
		struct model_header *header = &answer->headers[i];

		if (strcmp(header->name, "Retry-After") == 0)
			own_set(&header->value, provider->retry_after);
	}
}

static void on_request(void *context, struct sim_exchange *exchange,
		       int64_t now, const struct model_request *request)
{
	struct provider *provider = context;
	CLEANUP(model_answer_done) struct model_answer answer = { 0 };

	provider_model_request(model_for(provider, request->target), now,
			       request, &answer);
	hurry(provider, &answer);
	if (exchange)
		sim_answer(exchange, &answer);
}

static json_t *on_state(void *context)
{
	const struct provider *provider = context;

	return provider_model_state(provider->model);
}

static const char *on_control(void *context, const json_t *body)
{
	struct provider *provider = context;
	const char *as = json_string_value(json_object_get(body, "as"));
	AUTO_FREE char *target = xasprintf(AS "%s/", as ? as : "");

	return provider_model_control(
		as ? model_for(provider, target) : provider->model,
		sim_server_now(provider->server), body);
}

static const char *on_personality(void *context, const char *name)
{
	struct provider *provider = context;
	struct provider_options options = provider->options;
	struct provider_model *model;

	options.personality = name;
	/* Else the new one would repeat the ids of the old one. */
	options.seed = ++provider->options.seed;
	model = provider_model_new(&options);
	if (!model)
		return "no such personality";
	provider_model_free(&provider->model);
	provider->model = model;
	return NULL;
}

static int serve(struct provider *provider,
		 const struct sim_settings *settings, struct err *err)
{
	const struct sim_ops ops = {
		.context = provider,
		.request = on_request,
		.state = on_state,
		.control = on_control,
		.personality = on_personality,
	};
	CLEANUP(sim_server_free) struct sim_server *server = NULL;

	provider->model = provider_model_new(&provider->options);
	if (!provider->model)
		return err_set(err, ERR_INVALID,
			       "no such personality or vendor");
	if (sim_server_new(settings, &ops, &server, err))
		return -1;
	provider->server = server;
	return sim_server_run(server, err);
}

static void list_personalities(void)
{
	const char *const *names = provider_personalities();

	for (; *names; names++)
		printf("%-22s %s\n", *names,
		       provider_personality_find(*names)->summary);
}

/* What the command line says beside the options of the provider. */
struct words {
	const char *amount;
	const char *retry_after;
	int64_t expires_in_s;
	int64_t seed;
	bool list;
	bool help;
};

static int read_words(char **argv, struct provider_options *to,
		      struct sim_settings *settings, struct words *words,
		      struct err *err)
{
	const struct sim_option options[] = {
		{ "--personality", SIM_TEXT, &to->personality,
		  "what it is like (chat-only-403)" },
		{ "--list", SIM_FLAG, &words->list, "print the personalities" },
		{ "--port", SIM_NUMBER, &settings->port, "0: any free one" },
		{ "--port-file", SIM_TEXT, &settings->port_file,
		  "gets the port" },
		{ "--models", SIM_TEXT, &to->models,
		  "comma separated; * stands for any (mock-a,mock-b)" },
		{ "--keys", SIM_TEXT, &to->keys,
		  "comma separated (all that start with good-)" },
		{ "--delay-ms", SIM_NUMBER, &to->delay_ms,
		  "of every answer (0)" },
		{ "--retry-after", SIM_TEXT, &words->retry_after,
		  "seconds that it asks for with 429 (30)" },
		{ "--revoke-after", SIM_NUMBER, &to->revoke_after,
		  "questions; then no key is good" },
		{ "--retire-after", SIM_NUMBER, &to->retire_after,
		  "questions; then its last model is gone" },
		{ "--vendor", SIM_TEXT, &to->vendor,
		  "whose balance it tells: deepseek, moonshot, siliconflow, "
		  "openrouter, minimax or stepfun (none)" },
		{ "--amount", SIM_TEXT, &words->amount,
		  "of money, or per cent of a plan (10)" },
		{ "--expires-in-s", SIM_NUMBER, &words->expires_in_s,
		  "until the plan ends (never)" },
		{ "--seed", SIM_NUMBER, &words->seed, "of ids (1)" },
		{ "--log", SIM_TEXT, &settings->log,
		  "append a JSON line per request" },
		{ "--quiet", SIM_FLAG, &settings->quiet, "say nothing" },
		{ "--help", SIM_FLAG, &words->help, "print this" },
		{ 0 },
	};

	if (sim_options_read(options, argv, err))
		return -1;
	to->seed = (uint64_t)words->seed;
	to->amount = strtod(words->amount, NULL);
	if (words->expires_in_s)
		to->expires_at = clock_wall_ms() + words->expires_in_s * 1000;
	if (words->help)
		sim_options_print(options, settings->name);
	return 0;
}

int main(int argc, char **argv)
{
	CLEANUP(provider_done) struct provider provider = { 0 };
	struct sim_settings settings = { .name = "providersim" };
	struct words words = { .amount = "10", .seed = 1 };
	struct err err;

	(void)argc;
	if (read_words(argv, &provider.options, &settings, &words, &err)) {
		fprintf(stderr, "providersim: %s\n", err.msg);
		return 2;
	}
	if (words.list)
		list_personalities();
	if (words.list || words.help)
		return 0;
	provider.retry_after = words.retry_after;
	if (serve(&provider, &settings, &err)) {
		fprintf(stderr, "providersim: %s\n", err.msg);
		return 1;
	}
	return 0;
}
