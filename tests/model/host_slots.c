#include "tests/model/host_slots.h"

#include "shared/own.h"
#include "tests/model/host_call.h"
#include "tests/model/host_queue.h"

#define WAIT_MS 30000
#define FIRST_LOOK_MS 100
#define LOOKS_MS 2000		/* between looks at most */
#define PING_MS 10000		/* while a stream waits */

/* How many may wait: beside a user's own places, at an account. */
#define USER_QUEUE 20
#define ACCOUNT_QUEUE 100

static struct host_user *user_of(const struct host_model *model,
				 const struct host_exchange *exchange)
{
	const struct host_key *key = host_key_find(model, exchange->key_id);

	return key ? host_user_find(model, key->user_id) : NULL;
}

static void refuse(struct host_model *model, struct host_exchange *exchange,
		   const char *message)
{
	struct model_answer answer = { 0 };

	answer_gateway(&answer, 429, "rate_limit_error", message);
	host_exchange_finish(model, exchange, &answer);
}

/* A stream has begun with its first ping: the failure is an event of it. */
static void refuse_stream(struct host_model *model,
			  struct host_exchange *exchange, const char *message)
{
	struct model_answer inner = { 0 }, answer = { 0 };
	AUTO_FREE char *body = NULL;

	answer_gateway(&inner, 429, "rate_limit_error", message);
	body = xasprintf(":\n\n:\n\n:\n\nevent: error\ndata: %s\n\n",
			 inner.body);
	model_answer_set(&answer, 200, "text/event-stream", body);
	model_answer_done(&inner);
	host_exchange_finish(model, exchange, &answer);
}

static void give_up(struct host_model *model, struct host_exchange *exchange,
		    const char *whose)
{
	AUTO_FREE char *message = xasprintf("Concurrency limit exceeded for "
		"%s, please retry later", whose);

	if (exchange->stream && WAIT_MS >= PING_MS)
		refuse_stream(model, exchange, message);
	else
		refuse(model, exchange, message);
}

static void look_for_user(struct host_model *model, void *context);
static void look_for_account(struct host_model *model, void *context);

/* Look again a little later than the last time. */
static void look_later(struct host_model *model,
		       struct host_exchange *exchange,
		       void (*look)(struct host_model *model, void *context))
{
	int64_t wait = exchange->look_ms ? exchange->look_ms * 3 / 2
					 : FIRST_LOOK_MS;
	int64_t at;

	if (wait > LOOKS_MS)
		wait = LOOKS_MS;
	exchange->look_ms = wait;
	/* A fifth more or less, so that those who came together part. */
	at = model->now + wait * 4 / 5 +
	     (int64_t)(host_random(model) % (uint64_t)(wait * 2 / 5));
	if (at > exchange->wait_until)
		at = exchange->wait_until;
	host_wake(model, at, look, exchange, host_exchange_free);
}

static void begin_wait(struct host_model *model,
		       struct host_exchange *exchange,
		       void (*look)(struct host_model *model, void *context))
{
	exchange->wait_until = model->now + WAIT_MS;
	exchange->look_ms = 0;
	look_later(model, exchange, look);
}

static bool user_is_free(const struct host_user *user)
{
	return user->concurrency <= 0 || user->running < user->concurrency;
}

static void enter(struct host_model *model, struct host_user *user,
		  struct host_exchange *exchange)
{
	if (user) {
		user->running++;
		exchange->user_id = user->id;
	}
	host_forward(model, exchange);
}

void host_slots_admit(struct host_model *model,
		      struct host_exchange *exchange)
{
	struct host_user *user = user_of(model, exchange);

	if (!user || user_is_free(user)) {
		enter(model, user, exchange);
	} else if (user->running + user->waiting >=
		   user->concurrency + USER_QUEUE) {
		refuse(model, exchange,
		       "Too many pending requests, please retry later");
	} else {
		user->waiting++;
		begin_wait(model, exchange, look_for_user);
	}
}

static void look_for_user(struct host_model *model, void *context)
{
	struct host_exchange *exchange = context;
	struct host_user *user = user_of(model, exchange);
	bool over = model->now >= exchange->wait_until;

	if (user && !user_is_free(user) && !over) {
		look_later(model, exchange, look_for_user);
		return;
	}
	if (user)
		user->waiting--;
	if (user && !user_is_free(user))
		give_up(model, exchange, "user");
	else
		enter(model, user, exchange);
}

bool host_slots_has_free(const struct host_account *account)
{
	return account->concurrency <= 0 ||
	       account->running < account->concurrency;
}

static void hold(struct host_account *account, struct host_exchange *exchange)
{
	account->running++;
	exchange->held_id = account->id;
}

bool host_slots_take(struct host_model *model, struct host_account *account,
		     struct host_exchange *exchange)
{
	if (host_slots_has_free(account)) {
		hold(account, exchange);
		return true;
	}
	if (account->waiting >= ACCOUNT_QUEUE) {
		refuse(model, exchange,
		       "Too many pending requests, please retry later");
		return false;
	}
	account->waiting++;
	begin_wait(model, exchange, look_for_account);
	return false;
}

static void look_for_account(struct host_model *model, void *context)
{
	struct host_exchange *exchange = context;
	struct host_account *account = host_account_find(
		model, exchange->account_id);
	bool over = model->now >= exchange->wait_until;

	if (account && !host_slots_has_free(account) && !over) {
		look_later(model, exchange, look_for_account);
		return;
	}
	if (account)
		account->waiting--;
	if (!account) {
		host_forward(model, exchange);
	} else if (!host_slots_has_free(account)) {
		give_up(model, exchange, "account");
	} else {
		hold(account, exchange);
		host_exchange_send(model, account, exchange);
	}
}

void host_slots_leave(struct host_model *model,
		      struct host_exchange *exchange)
{
	struct host_account *account = host_account_find(model,
							 exchange->held_id);

	if (account && account->running > 0)
		account->running--;
	exchange->held_id = 0;
}

void host_slots_release(struct host_model *model,
			struct host_exchange *exchange)
{
	struct host_user *user = host_user_row(model, exchange->user_id);

	host_slots_leave(model, exchange);
	if (user && user->running > 0)
		user->running--;
	exchange->user_id = 0;
}
