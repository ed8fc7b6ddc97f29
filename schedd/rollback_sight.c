/*
 * Is it still the host where all this was made?
 *
 * One that was emptied or restored, or whose address leads elsewhere, answers
 * 404 to whatever is asked for, as to what somebody deleted, and a rollback
 * would close all records of things that may be there still.  So before the
 * first part is touched one of our things has to be seen, of the rollback or
 * any other of the host.  If several were looked for and none is there, it
 * stops, unless somebody said that they are gone.
 */
#include <stdio.h>
#include <string.h>

#include "schedd/host/account.h"
#include "schedd/host/channel.h"
#include "schedd/host/group.h"
#include "schedd/host/user.h"
#include "schedd/rollback.h"

/*
 * Not there, before a host is doubted: more than one import makes, as somebody
 * may well have deleted all of that by hand.
 */
#define UNSEEN_QUORUM 5

/* Of each kind the first few, those of the rollback before all others. */
static const enum resource_type kinds[] = {
	RESOURCE_GROUP, RESOURCE_ACCOUNT, RESOURCE_USER, RESOURCE_CHANNEL,
};
#define OF_EACH 2
#define INSIDE (OF_EACH * (int64_t)COUNT(kinds))
#define SIGHTS_MAX (2 * INSIDE)

/* The next that there is, from memo.sights on; or none. */
static int find_next(const struct store *store, struct rollback_work *w,
		     char ret_id[ID_MAX], struct err *err)
{
	*ret_id = '\0';
	for (; w->memo.sights < SIGHTS_MAX; w->memo.sights++) {
		const int64_t place = w->memo.sights % INSIDE;

		if (rollback_sights(store->db, &w->rollback,
				    kinds[place % (int64_t)COUNT(kinds)],
				    w->memo.sights < INSIDE,
				    place / (int64_t)COUNT(kinds), ret_id,
				    err))
			return -1;
		if (*ret_id)
			return 0;
	}
	return 0;
}

int rollback_load_sight(const struct store *store, struct rollback_work *w,
			struct err *err)
{
	char id[ID_MAX];
	bool waits;

	if (w->memo.force)
		return 0;
	if (rollback_parts_waiting(store->db, w->rollback.rollback_id, 0,
				   &w->part, err))
		return -1;
	waits = w->part.kind != NULL;
	rollback_part_done(&w->part);
	if (!waits)
		return 0;
	if (find_next(store, w, id, err))
		return -1;
	return *id ? resources_get(store->db, id, &w->row, err) : 0;
}

bool ask_rb_sight(const void *subject, struct request *request)
{
	const struct rollback_work *w = subject;
	const int64_t id = rollback_id_of(&w->row);

	if (id == 0)
		return false;
	if (w->row.type == RESOURCE_GROUP)
		host_ask_group(request, &w->peer, id);
	else if (w->row.type == RESOURCE_ACCOUNT)
		host_ask_account(request, &w->peer, id);
	else if (w->row.type == RESOURCE_USER)
		host_ask_user(request, &w->peer, id);
	else
		host_ask_channel(request, &w->peer, id);
	return true;
}

static bool is_ours(const struct rollback_work *w, const json_t *live)
{
	switch (w->row.type) {
	case RESOURCE_GROUP:
		return rollback_is_our_group(w, live);
	case RESOURCE_ACCOUNT:
		return rollback_is_our_account(w, live);
	case RESOURCE_USER:
		return rollback_is_our_user(w, live);
	default:
		return rollback_is_our_channel(w, live);
	}
}

/* There is nothing more to look for. */
static struct verdict conclude(struct rollback_work *w)
{
	if (w->memo.unseen < UNSEEN_QUORUM)
		return go_on();
	snprintf(w->memo.detail, sizeof(w->memo.detail),
		 "the host shows none of the %lld things of CRM's that were "
		 "looked for: it was emptied, or its address leads to another "
		 "host; if they are gone indeed, say force",
		 (long long)w->memo.unseen);
	return failed(FAILURE_HOST_UNRECOGNISED);
}

struct verdict got_rb_sight(void *subject, const struct answer *answer)
{
	struct rollback_work *w = subject;
	enum failure why;

	if (!answer)
		return conclude(w);
	why = host_judge(answer);
	if (why == FAILURE_NONE && is_ours(w, host_data(answer)))
		return go_on();
	if (why == FAILURE_NONE || why == FAILURE_GONE) {
		w->memo.unseen++;
	} else {
		struct verdict v = rollback_trouble(w, answer, why);

		/* Of this one alone: that tells nothing. */
		if (v.kind != VERDICT_FAILED ||
		    rollback_is_of_the_host(answer, why))
			return v;
		*w->memo.detail = '\0';
	}
	w->memo.sights++;
	return go_to("rollback.sight");
}
