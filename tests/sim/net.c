#include "tests/sim/net.h"

#include <stdio.h>
#include <string.h>

#include "shared/table.h"

enum net_kind {
	NET_TO_ENGINE,		/* an answer for the exchange `tag` */
	NET_TO_HOST,		/* the end of an upstream call of the host */
};

struct net_event {
	struct net_event *next;
	enum net_kind kind;
	int64_t at;
	uint64_t life;
	uint64_t tag;
	struct model_answer answer;
};

/* Who waits for the answer to a request of ours to the host. */
struct waiter {
	struct waiter *next;
	uint64_t ticket;
	uint64_t tag;
	uint64_t life;
	struct fault_rule rule;
	bool faulty;
};

static struct waiter *waiters;

uint64_t net_random(struct net *net)
{
	uint64_t z = (net->seed += 0x9e3779b97f4a7c15ull);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

void net_provider_url(char *ret, size_t size, size_t i)
{
	snprintf(ret, size, "http://p%zu.test/v1", i);
}

static void add_event(struct net *net, const struct net_event *from)
{
	struct net_event **at = &net->events;
	struct net_event *event = xcalloc(1, sizeof(*event));

	*event = *from;
	while (*at && (*at)->at <= event->at)
		at = &(*at)->next;
	event->next = *at;
	*at = event;
}

/* What the engine learns of a model's answer. */
static const enum transport transports[MODEL_END__MAX] = {
	[MODEL_END_COMPLETE]	= TRANSPORT_OK,
	[MODEL_END_CUT]		= TRANSPORT_RESET,
	[MODEL_END_RESET]	= TRANSPORT_RESET,
	[MODEL_END_REFUSED]	= TRANSPORT_REFUSED,
	[MODEL_END_DNS]		= TRANSPORT_DNS,
	[MODEL_END_TLS]		= TRANSPORT_TLS,
	[MODEL_END_HANG]	= TRANSPORT_SILENT,
};

static char *type_of(const struct model_answer *from)
{
	const char *type = model_answer_header(from, "Content-Type");

	return type ? xstrndup(type, strcspn(type, ";")) : NULL;
}

static void translate(const struct model_answer *from, struct answer *ret)
{
	const char *after = model_answer_header(from, "Retry-After");

	*ret = (struct answer){
		.transport = transports[from->end],
		.retry_after_ms = after ? strtoll(after, NULL, 10) * 1000 : -1,
		.latency_ms = from->delay_ms,
	};
	if (from->end != MODEL_END_COMPLETE && from->end != MODEL_END_CUT)
		return;
	ret->status = from->status;
	ret->content_type = type_of(from);
	ret->body_len = from->body_len;
	ret->body = xstrndup(from->body ? from->body : "", from->body_len);
}

static void answer_engine(struct net *net, uint64_t tag, int64_t at,
			  struct model_answer *take)
{
	struct net_event event = { .kind = NET_TO_ENGINE, .at = at,
				   .life = net->life, .tag = tag,
				   .answer = *take };

	*take = (struct model_answer){ 0 };
	add_event(net, &event);
}

static struct provider_model *provider_of(struct net *net, const char *url)
{
	size_t i;

	if (sscanf(url, "http://p%zu.test", &i) == 1 && i < net->nproviders)
		return net->providers[i];
	return NULL;
}

static void ask_provider(struct net *net, const char *url,
			 struct model_request *request,
			 struct model_answer *ret)
{
	struct provider_model *provider = provider_of(net, url);
	const char *path = strchr(url + strlen("http://"), '/');

	if (!provider) {
		ret->end = MODEL_END_DNS;
		ret->delay_ms = 5;
		return;
	}
	free(request->target);
	request->target = xstrdup(path ? path : "/");
	provider_model_request(provider, net->now, request, ret);
}

static void request_of(const struct wire *wire, struct model_request *ret)
{
	*ret = (struct model_request){
		.method = xstrdup(wire->method),
		.target = xstrdup(wire->url),
		.body = xstrndup(wire->body ? wire->body : "", wire->body_len),
		.body_len = wire->body_len,
	};
	for (size_t i = 0; i < wire->nheaders; i++) {
		const char *colon = strchr(wire->headers[i], ':');
		AUTO_FREE char *name = xstrndup(wire->headers[i],
			(size_t)(colon - wire->headers[i]));

		model_request_add_header(ret, name, colon + 2);
	}
}

static void wait_for_host(struct net *net, uint64_t tag, uint64_t ticket,
			  const struct fault_rule *rule)
{
	struct waiter *waiter = xcalloc(1, sizeof(*waiter));

	waiter->ticket = ticket;
	waiter->tag = tag;
	waiter->life = net->life;
	if (rule) {
		waiter->rule = *rule;
		waiter->faulty = true;
	}
	waiter->next = waiters;
	waiters = waiter;
}

/* What never reaches the peer.  True: it is answered already. */
static bool lost_on_the_way(struct net *net, uint64_t tag,
			    const struct fault_rule *rule)
{
	struct model_answer answer = { 0 };

	if (!rule || (rule->kind != FAULT_STATUS && rule->kind != FAULT_RESET))
		return false;
	if (rule->kind == FAULT_RESET)
		answer.end = MODEL_END_RESET;
	else
		model_answer_set(&answer, rule->status, "application/json",
				 rule->body ? rule->body : "{}");
	answer_engine(net, tag, net->now + 3, &answer);
	return true;
}

static uint64_t host_takes(struct net *net,
			   const struct model_request *request, bool ours)
{
	uint64_t ticket;

	if (!net->ledger)
		return host_model_request(net->host, net->now, request);
	net->ledger->now = net->now;
	ledger_before(net->ledger, net->host, request);
	ticket = host_model_request(net->host, net->now, request);
	ledger_after(net->ledger, net->host, request, ours);
	return ticket;
}

static void send_to_host(struct net *net, uint64_t tag,
			 struct model_request *request)
{
	const struct fault_rule *rule;
	AUTO_FREE char *path = xstrdup(request->target +
				       strlen(NET_HOST_URL));

	net->host_exchanges++;
	own_set(&request->target, path);
	rule = faults_match(net->faults, request);
	if (lost_on_the_way(net, tag, rule))
		return;
	if (rule && rule->kind == FAULT_TWICE)	/* the first answer is lost */
		host_takes(net, request, true);
	wait_for_host(net, tag, host_takes(net, request, true), rule);
}

static void world_send(void *arg, uint64_t tag, struct wire *wire)
{
	struct net *net = arg;
	struct model_request request;
	struct model_answer answer = { 0 };

	net->exchanges++;
	net->chats += strstr(wire->url, "/chat/completions") != NULL;
	if (net->verbose)
		printf("# %lld send %s %s\n", (long long)net->now,
		       wire->method, wire->url);
	request_of(wire, &request);
	if (strncmp(wire->url, NET_HOST_URL "/", strlen(NET_HOST_URL) + 1)) {
		const struct fault_rule *rule =
			faults_match(net->provider_faults, &request);

		if (!lost_on_the_way(net, tag, rule)) {
			ask_provider(net, wire->url, &request, &answer);
			if (rule)
				fault_apply(rule, &answer);
			answer_engine(net, tag, net->now + answer.delay_ms,
				      &answer);
		}
	} else {
		send_to_host(net, tag, &request);
	}
	model_request_done(&request);
	wire_free(&wire);
}

void net_somebody(struct net *net, const char *method, const char *target,
		  const char *admin_key, const char *body)
{
	struct model_request request = {
		.method = xstrdup(method),
		.target = xstrdup(target),
		.body = xstrdup(body),
		.body_len = strlen(body),
	};

	model_request_add_header(&request, "Content-Type",
				 "application/json");
	model_request_add_header(&request, "x-api-key", admin_key);
	/* Nobody waits for the answer. */
	host_takes(net, &request, false);
	model_request_done(&request);
}

static uint64_t world_random(void *arg)
{
	return net_random(arg);
}

static void world_say(void *arg, const char *event, const char *text)
{
	struct net *net = arg;

	if (net->verbose)
		printf("# %lld say %s %s\n", (long long)net->now, event, text);
}

static bool world_alive(void *arg)
{
	struct net *net = arg;

	if (++net->commits == net->crash_at)
		net->crashed = true;
	return !net->crashed;
}

struct world net_world(struct net *net)
{
	return (struct world){ .arg = net, .random = world_random,
			       .send = world_send, .say = world_say,
			       .alive = world_alive };
}

static void host_answered(struct net *net, struct host_event *event)
{
	for (struct waiter **at = &waiters; *at; at = &(*at)->next) {
		struct waiter *waiter = *at;
		int64_t delay;

		if (waiter->ticket != event->ticket)
			continue;
		*at = waiter->next;
		if (waiter->faulty)
			fault_apply(&waiter->rule, &event->answer);
		delay = event->answer.delay_ms;
		if (event->answer.end == MODEL_END_HANG)
			delay = 30000;
		if (waiter->life == net->life)
			answer_engine(net, waiter->tag, event->at + delay,
				      &event->answer);
		free(waiter);
		return;
	}
}

/* The host calls one of the providers. */
static void host_calls(struct net *net, struct host_event *event)
{
	struct net_event back = { .kind = NET_TO_HOST, .life = 0,
				  .tag = event->ticket };
	AUTO_FREE char *url = xstrdup(event->call.target);

	ask_provider(net, url, &event->call, &back.answer);
	back.at = net->now + back.answer.delay_ms;
	if (back.answer.end == MODEL_END_HANG)
		back.at = net->now + event->timeout_ms;
	add_event(net, &back);
}

static int64_t pump_host(struct net *net)
{
	struct host_event event;
	int64_t next;

	while (host_model_next(net->host, net->now, &event, &next)) {
		if (event.kind == HOST_ANSWER)
			host_answered(net, &event);
		else
			host_calls(net, &event);
		host_event_done(&event);
	}
	return next;
}

int64_t net_next(const struct net *net)
{
	struct host_event event;
	int64_t next;

	/* Nothing is due at the beginning of time: this only asks when. */
	if (host_model_next(net->host, INT64_MIN, &event, &next))
		abort();
	return net->events && net->events->at < next ? net->events->at : next;
}

void net_deliver(struct net *net)
{
	pump_host(net);
	while (net->events && net->events->at <= net->now) {
		struct net_event *event = net->events;
		struct answer answer;

		net->events = event->next;
		if (event->kind == NET_TO_HOST) {
			host_model_upstream(net->host, net->now, event->tag,
					    &event->answer);
			pump_host(net);
		} else if (event->life == net->life && net->engine) {
			translate(&event->answer, &answer);
			if (net->verbose)
				printf("# %lld got status=%d transport=%d\n",
				       (long long)net->now, answer.status,
				       (int)answer.transport);
			engine_answered(net->engine, event->tag, &answer);
		}
		model_answer_done(&event->answer);
		free(event);
	}
}

void net_forget_engine(struct net *net)
{
	engine_free(&net->engine);
	net->life++;
	net->crashed = false;
}

void net_done(struct net *net)
{
	while (net->events) {
		struct net_event *event = net->events;

		net->events = event->next;
		model_answer_done(&event->answer);
		free(event);
	}
	while (waiters) {
		struct waiter *waiter = waiters;

		waiters = waiter->next;
		free(waiter);
	}
	engine_free(&net->engine);
	host_model_free(&net->host);
	for (size_t i = 0; i < net->nproviders; i++)
		provider_model_free(&net->providers[i]);
	faults_free(&net->faults);
	faults_free(&net->provider_faults);
}
