/*
 * providersim: an OpenAI-compatible provider on 127.0.0.1.
 */
#include <stdio.h>
#include <string.h>

#include "tests/helpers/sim_options.h"
#include "tests/helpers/sim_server.h"
#include "tests/model/provider_model.h"
#include "tests/model/provider_personality.h"

struct provider {
	struct provider_options options;
	struct provider_model *model;
};

static void provider_done(struct provider *provider)
{
	provider_model_free(&provider->model);
}

static void on_request(void *context, struct sim_exchange *exchange,
		       int64_t now, const struct model_request *request)
{
	struct provider *provider = context;
	CLEANUP(model_answer_done) struct model_answer answer = { 0 };

	provider_model_request(provider->model, now, request, &answer);
	if (exchange)
		sim_answer(exchange, &answer);
}

static json_t *on_state(void *context)
{
	const struct provider *provider = context;

	return provider_model_state(provider->model);
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
		.personality = on_personality,
	};
	CLEANUP(sim_server_free) struct sim_server *server = NULL;

	provider->model = provider_model_new(&provider->options);
	if (!provider->model)
		return err_set(err, ERR_INVALID, "no such personality: %s",
			       provider->options.personality);
	if (sim_server_new(settings, &ops, &server, err))
		return -1;
	return sim_server_run(server, err);
}

static void list_personalities(void)
{
	const char *const *names = provider_personalities();

	for (; *names; names++)
		printf("%-18s %s\n", *names,
		       provider_personality_find(*names)->summary);
}

int main(int argc, char **argv)
{
	CLEANUP(provider_done) struct provider provider = { 0 };
	struct sim_settings settings = { .name = "providersim" };
	bool list = false, help = false;
	int64_t seed = 1;
	const struct sim_option options[] = {
		{ "--personality", SIM_TEXT, &provider.options.personality,
		  "what it is like (chat-only-403)" },
		{ "--list", SIM_FLAG, &list, "print the personalities" },
		{ "--port", SIM_NUMBER, &settings.port, "0: any free one" },
		{ "--port-file", SIM_TEXT, &settings.port_file,
		  "gets the port" },
		{ "--models", SIM_TEXT, &provider.options.models,
		  "comma separated; * stands for any (mock-a,mock-b)" },
		{ "--keys", SIM_TEXT, &provider.options.keys,
		  "comma separated (all that start with good-)" },
		{ "--delay-ms", SIM_NUMBER, &provider.options.delay_ms,
		  "of every answer (0)" },
		{ "--seed", SIM_NUMBER, &seed, "of ids (1)" },
		{ "--log", SIM_TEXT, &settings.log,
		  "append a JSON line per request" },
		{ "--quiet", SIM_FLAG, &settings.quiet, "say nothing" },
		{ "--help", SIM_FLAG, &help, "print this" },
		{ 0 },
	};
	struct err err;

	(void)argc;
	if (sim_options_read(options, argv, &err)) {
		fprintf(stderr, "providersim: %s\n", err.msg);
		return 2;
	}
	provider.options.seed = (uint64_t)seed;
	if (list || help) {
		if (list)
			list_personalities();
		else
			sim_options_print(options, "providersim");
		return 0;
	}
	if (serve(&provider, &settings, &err)) {
		fprintf(stderr, "providersim: %s\n", err.msg);
		return 1;
	}
	return 0;
}
