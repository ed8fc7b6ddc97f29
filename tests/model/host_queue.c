#include "tests/model/host_queue.h"

#include <assert.h>

#include "shared/own.h"
#include "tests/model/host_sched.h"

struct item {
	uint64_t serial;	/* among equals, first come, first out */
	struct host_event event;	/* only `at`, if it is an act */
	void (*act)(struct host_model *model, void *context);
	void *context;
	void (*release)(void *context);
};

struct verdict {
	int64_t at;
	int64_t account_id;
	bool supported;
};

struct host_queue {
	struct item *items;	/* a heap, the earliest first */
	size_t count;
	size_t size;
	uint64_t serial;
	struct verdict *verdicts;
	size_t nverdicts;
};

/* An open slot has no `done`.  A ticket names its slot in the low bits. */
struct host_calls {
	struct slot {
		uint64_t ticket;
		struct host_upstream upstream;
	} *slots;
	size_t size;
	size_t *free_slots;
	size_t nfree;
};

#define SLOT_BITS 24

uint64_t host_ticket(struct host_model *model)
{
	return ++model->serial << SLOT_BITS;
}

static bool is_earlier(const struct item *a, const struct item *b)
{
	if (a->event.at != b->event.at)
		return a->event.at < b->event.at;
	return a->serial < b->serial;
}

static void swap_items(struct item *a, struct item *b)
{
	struct item kept = *a;

	*a = *b;
	*b = kept;
}

static void push_item(struct host_model *model, struct item item)
{
	struct host_queue *queue = model->queue;
	size_t i = queue->count;

	if (queue->count == queue->size) {
		queue->size = queue->size ? 2 * queue->size : 64;
		queue->items = xrealloc(queue->items, queue->size *
						      sizeof(queue->items[0]));
	}
	item.serial = ++queue->serial;
	queue->items[queue->count++] = item;
	while (i && is_earlier(&queue->items[i], &queue->items[(i - 1) / 2])) {
		swap_items(&queue->items[i], &queue->items[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
}

static void push(struct host_model *model, const struct host_event *event)
{
	push_item(model, (struct item){ .event = *event });
}

void host_wake(struct host_model *model, int64_t at,
	       void (*act)(struct host_model *model, void *context),
	       void *context, void (*release)(void *context))
{
	push_item(model, (struct item){
		.event.at = at, .act = act, .context = context,
		.release = release,
	});
}

static void sink(struct host_queue *queue)
{
	size_t i = 0;

	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= queue->count)
			return;
		if (child + 1 < queue->count &&
		    is_earlier(&queue->items[child + 1], &queue->items[child]))
			child++;
		if (!is_earlier(&queue->items[child], &queue->items[i]))
			return;
		swap_items(&queue->items[child], &queue->items[i]);
		i = child;
	}
}

static struct item pop(struct host_queue *queue)
{
	struct item first = queue->items[0];

	queue->items[0] = queue->items[--queue->count];
	sink(queue);
	return first;
}

bool host_queue_wake(struct host_model *model, int64_t now)
{
	struct host_queue *queue = model->queue;
	struct item item;

	if (queue->count == 0 || !queue->items[0].act ||
	    queue->items[0].event.at > now)
		return false;
	item = pop(queue);
	host_advance(model, item.event.at);
	item.act(model, item.context);
	return true;
}

bool host_queue_take(struct host_model *model, int64_t now,
		     struct host_event *ret, int64_t *ret_next)
{
	struct host_queue *queue = model->queue;

	if (queue->count == 0 || queue->items[0].event.at > now) {
		*ret_next = queue->count ? queue->items[0].event.at
					 : INT64_MAX;
		return false;
	}
	*ret = pop(queue).event;
	*ret_next = queue->count ? queue->items[0].event.at : INT64_MAX;
	return true;
}

void host_answer(struct host_model *model, int64_t at, uint64_t ticket,
		 struct model_answer *answer)
{
	struct host_event event = {
		.kind = HOST_ANSWER, .ticket = ticket, .at = at,
		.answer = *answer,
	};

	*answer = (struct model_answer){ 0 };
	push(model, &event);
}

static size_t free_slot(struct host_calls *calls)
{
	if (calls->nfree == 0) {
		size_t size = calls->size ? 2 * calls->size : 16;

		calls->slots = xrealloc(calls->slots,
					size * sizeof(calls->slots[0]));
		calls->free_slots = xrealloc(calls->free_slots, size *
					     sizeof(calls->free_slots[0]));
		for (size_t i = size; i > calls->size; i--)
			calls->free_slots[calls->nfree++] = i - 1;
		for (size_t i = calls->size; i < size; i++)
			calls->slots[i] = (struct slot){ 0 };
		calls->size = size;
	}
	return calls->free_slots[--calls->nfree];
}

void host_upstream_start(struct host_model *model, int64_t at,
			 struct host_upstream *upstream,
			 struct model_request *request)
{
	size_t i = free_slot(model->calls);
	struct slot *slot = &model->calls->slots[i];
	struct host_event event = {
		.kind = HOST_UPSTREAM, .at = at, .call = *request,
		.timeout_ms = upstream->timeout_ms,
	};

	assert(i < (size_t)1 << SLOT_BITS);
	slot->ticket = host_ticket(model) | i;
	slot->upstream = *upstream;
	slot->upstream.started_at = at;
	event.ticket = slot->ticket;
	*request = (struct model_request){ 0 };
	*upstream = (struct host_upstream){ 0 };
	push(model, &event);
}

void host_verdict_note(struct host_model *model, int64_t at,
		       int64_t account_id, bool supported)
{
	struct host_queue *queue = model->queue;

	queue->verdicts = xrealloc(queue->verdicts, (queue->nverdicts + 1) *
				   sizeof(queue->verdicts[0]));
	queue->verdicts[queue->nverdicts++] =
		(struct verdict){ at, account_id, supported };
}

bool host_verdict_take(struct host_model *model, int64_t at, int64_t *ret_at,
		       int64_t *ret_account_id, bool *ret_supported)
{
	struct host_queue *queue = model->queue;
	size_t first = 0;

	for (size_t i = 1; i < queue->nverdicts; i++) {
		if (queue->verdicts[i].at < queue->verdicts[first].at)
			first = i;
	}
	if (queue->nverdicts == 0 || queue->verdicts[first].at > at)
		return false;
	*ret_at = queue->verdicts[first].at;
	*ret_account_id = queue->verdicts[first].account_id;
	*ret_supported = queue->verdicts[first].supported;
	queue->verdicts[first] = queue->verdicts[--queue->nverdicts];
	return true;
}

void host_upstream_done(struct host_upstream *upstream)
{
	free(upstream->model_name);
	if (upstream->exchange)
		upstream->exchange_free(upstream->exchange);
	*upstream = (struct host_upstream){ 0 };
}

void host_queue_init(struct host_model *model)
{
	model->queue = xcalloc(1, sizeof(*model->queue));
	model->calls = xcalloc(1, sizeof(*model->calls));
}

void host_queue_done(struct host_model *model)
{
	for (size_t i = 0; i < model->queue->count; i++) {
		struct item *item = &model->queue->items[i];

		host_event_done(&item->event);
		if (item->act)
			item->release(item->context);
	}
	free(model->queue->items);
	free(model->queue->verdicts);
	free(model->queue);
	for (size_t i = 0; i < model->calls->size; i++)
		host_upstream_done(&model->calls->slots[i].upstream);
	free(model->calls->slots);
	free(model->calls->free_slots);
	free(model->calls);
}

size_t host_queue_depth(const struct host_model *model)
{
	return model->queue->count + model->calls->size - model->calls->nfree;
}

void host_event_done(struct host_event *event)
{
	model_answer_done(&event->answer);
	model_request_done(&event->call);
	*event = (struct host_event){ 0 };
}

bool host_calls_take(struct host_model *model, uint64_t ticket,
		     struct host_upstream *ret)
{
	size_t i = ticket & (((size_t)1 << SLOT_BITS) - 1);
	struct slot *slot;

	if (i >= model->calls->size)
		return false;
	slot = &model->calls->slots[i];
	if (slot->ticket != ticket || !slot->upstream.done)
		return false;
	*ret = slot->upstream;
	slot->upstream = (struct host_upstream){ 0 };
	model->calls->free_slots[model->calls->nfree++] = i;
	return true;
}
