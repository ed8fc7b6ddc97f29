#include "tests/sim/ledger.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DIGESTS_MAX 1024

static bool is_reading(const struct model_request *request)
{
	return strcmp(request->method, "GET") == 0;
}

static void fault(struct ledger *ledger, const char *what,
		  const struct host_digest *row,
		  const struct model_request *request)
{
	if (*ledger->fault)
		return;
	snprintf(ledger->fault, sizeof(ledger->fault), "CRM %s %s %" PRId64
		 " of others by %s %.80s", what, host_kind_list(row->kind),
		 row->id, request->method, request->target);
}

/* Of "/api/v1/admin/users/7/balance"; else 0. */
static int64_t user_of_balance(const char *target)
{
	static const char list[] = "/api/v1/admin/users/";
	char *end;
	int64_t id;

	if (strncmp(target, list, strlen(list)) != 0)
		return 0;
	id = strtoll(target + strlen(list), &end, 10);
	return strcmp(end, "/balance") == 0 && id < LEDGER_IDS_MAX ? id : 0;
}

static size_t digest(const struct host_model *model,
		     struct host_digest *ret)
{
	size_t count = host_model_digest(model, ret, DIGESTS_MAX);

	if (count > DIGESTS_MAX)
		abort();	/* a world that is too large for a ledger */
	return count;
}

static struct ledger_row *row_of(struct ledger *ledger,
				 const struct host_digest *it)
{
	if (it->id >= LEDGER_IDS_MAX)
		abort();
	return &ledger->rows[it->kind][it->id];
}

void ledger_begin(struct ledger *ledger, const struct host_model *model)
{
	struct host_digest list[DIGESTS_MAX];
	size_t count = digest(model, list);

	for (size_t i = 0; i < count; i++)
		*row_of(ledger, &list[i]) = (struct ledger_row){
			.maker = LEDGER_THEIRS, .exists = true,
			.hash = list[i].hash };
}

/* What the host did by itself since is nobody's doing. */
void ledger_before(struct ledger *ledger, const struct host_model *model,
		   const struct model_request *request)
{
	struct host_digest list[DIGESTS_MAX];
	size_t count;

	if (is_reading(request))
		return;
	count = digest(model, list);
	for (size_t i = 0; i < count; i++)
		row_of(ledger, &list[i])->hash = list[i].hash;
}

/* CRM made it; does something else that CRM made carry its mark? */
static void look_for_twin(struct ledger *ledger,
			  const struct host_digest *list, size_t count,
			  const struct host_digest *it)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].kind == it->kind && list[i].id != it->id &&
		    list[i].mark == it->mark && !*ledger->fault &&
		    row_of(ledger, &list[i])->maker == LEDGER_OURS)
			snprintf(ledger->fault, sizeof(ledger->fault), "CRM"
				 " made %s %" PRId64 " beside %" PRId64
				 ", with the same mark",
				 host_kind_list(it->kind), it->id, list[i].id);
}

/* Nobody's money is CRM's to change but that of its own users. */
static void look_at_money(struct ledger *ledger,
			  const struct model_request *request)
{
	const struct host_digest user = { .kind = HOST_KIND_USER, .id =
		user_of_balance(request->target) };

	if (user.id > 0 && row_of(ledger, &user)->maker == LEDGER_THEIRS)
		fault(ledger, "changed the balance of", &user, request);
}

static void look_at(struct ledger *ledger, const struct host_digest *it,
		    const struct model_request *request, bool ours)
{
	struct ledger_row *row = row_of(ledger, it);

	if (!row->exists) {
		*row = (struct ledger_row){
			.maker = ours ? LEDGER_OURS : LEDGER_THEIRS,
			.exists = true, .hash = it->hash,
			.made_at = ledger->now };
		return;
	}
	if (row->hash == it->hash)
		return;
	if (ours && row->maker == LEDGER_THEIRS && !row->lent)
		fault(ledger, "changed", it, request);
	if (ours)
		row->changed_at = ledger->now;
	row->touched |= !ours && row->maker == LEDGER_OURS;
	row->hash = it->hash;
}

static void look_for_gone(struct ledger *ledger,
			  const struct host_digest *list, size_t count,
			  const struct model_request *request, bool ours)
{
	bool seen[HOST_KIND__MAX][LEDGER_IDS_MAX] = { 0 };
	enum host_kind kind = 0;
	int64_t id = 0;
	const struct ledger_row *row;

	for (size_t i = 0; i < count; i++)
		seen[list[i].kind][list[i].id] = true;
	while ((row = ledger_next(ledger, &kind, &id))) {
		const struct host_digest it = { .kind = kind, .id = id };

		if (seen[kind][id])
			continue;
		if (ours && row->maker == LEDGER_THEIRS)
			fault(ledger, "deleted", &it, request);
		row_of(ledger, &it)->exists = false;
		row_of(ledger, &it)->touched = !ours;
	}
}

void ledger_after(struct ledger *ledger, const struct host_model *model,
		  const struct model_request *request, bool ours)
{
	struct host_digest list[DIGESTS_MAX];
	size_t count;

	if (is_reading(request))
		return;
	count = digest(model, list);
	for (size_t i = 0; i < count; i++) {
		if (ours && list[i].mark && !row_of(ledger, &list[i])->exists)
			look_for_twin(ledger, list, count, &list[i]);
		look_at(ledger, &list[i], request, ours);
	}
	look_for_gone(ledger, list, count, request, ours);
	if (ours)
		look_at_money(ledger, request);
}

void ledger_lend(struct ledger *ledger, enum host_kind kind, int64_t id)
{
	struct ledger_row *row = &ledger->rows[kind][id];

	if (row->lent)
		return;
	row->lent = true;
	row->prior = row->hash;
	row->lent_at = ledger->now;
}

void ledger_forget(struct ledger *ledger, int64_t from)
{
	enum host_kind kind = 0;
	int64_t id = 0;

	while (ledger_next(ledger, &kind, &id))
		ledger->rows[kind][id].forgotten |=
			ledger->rows[kind][id].changed_at >= from;
}

const struct ledger_row *ledger_next(const struct ledger *ledger,
				     enum host_kind *kind, int64_t *id)
{
	for (;;) {
		if (++*id >= LEDGER_IDS_MAX) {
			*id = 0;
			if (++*kind == HOST_KIND__MAX)
				return NULL;
		} else if (ledger->rows[*kind][*id].exists) {
			return &ledger->rows[*kind][*id];
		}
	}
}
