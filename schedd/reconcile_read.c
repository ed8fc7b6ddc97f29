/* What a reconcile asks a host, and what the answers show. */
#include <string.h>

#include "schedd/host/account.h"
#include "schedd/host/account_view.h"
#include "schedd/host/channel.h"
#include "schedd/host/group.h"
#include "schedd/host/owner.h"
#include "schedd/host/subscription.h"
#include "schedd/host/user.h"
#include "schedd/reconcile.h"

static int64_t id_of(const struct resource *row)
{
	return row->host_resource_id
		? strtoll(row->host_resource_id, NULL, 10) : 0;
}

/* Few long pages cost less than many; but what is too long is not read. */
int64_t reconcile_page_size(const struct reconcile *rc)
{
	return HOST_LIST_PAGE_MAX >> (2 * rc->memo.smaller);
}

void reconcile_ask_list(const struct reconcile *rc, enum resource_type type,
			struct request *request)
{
	const int64_t page = rc->memo.list.page + 1;

	if (type == RESOURCE_GROUP)
		host_ask_groups(request, &rc->peer, page);
	else
		host_ask_accounts_by(request, &rc->peer, page,
				     reconcile_page_size(rc));
}

bool reconcile_ask_row(const struct reconcile *rc, struct request *request)
{
	const int64_t id = id_of(&rc->row);

	switch (rc->row.type) {
	case RESOURCE_GROUP:
		host_ask_group(request, &rc->peer, id);
		return true;
	case RESOURCE_ACCOUNT:
		host_ask_account(request, &rc->peer, id);
		return true;
	case RESOURCE_USER:
		host_ask_user(request, &rc->peer, id);
		return true;
	case RESOURCE_SUBSCRIPTION:
		host_ask_subscription(request, &rc->peer, id);
		return true;
	case RESOURCE_CHANNEL:
		host_ask_channel(request, &rc->peer, id);
		return true;
	case RESOURCE_USER_KEY:
		if (rc->owner)
			host_ask_user_keys(request, &rc->peer, rc->owner);
		return rc->owner != 0;
	case RESOURCE_USER_TOKEN:
	case RESOURCE_TYPE__MAX:
		break;
	}
	return false;
}

/*
 * A key has no view of its own, only a place in its owner's list.  A list that
 * is cut off does not say that it is gone.
 */
static enum failure find_key(const struct reconcile *rc,
			     const struct answer *answer, const json_t **ret)
{
	struct host_page page;
	enum failure why = host_judge_page(answer, &page);
	size_t i;
	const json_t *key;

	if (why != FAILURE_NONE)
		return why;
	json_array_foreach(page.items, i, key)
		if (host_object_id(key) == id_of(&rc->row)) {
			*ret = key;
			return FAILURE_NONE;
		}
	return (int64_t)json_array_size(page.items) == page.total
		? FAILURE_GONE : FAILURE_HOST_UNSUPPORTED;
}

enum failure reconcile_judge_row(const struct reconcile *rc,
				 const struct answer *answer,
				 const json_t **ret)
{
	enum failure why;

	*ret = NULL;
	if (rc->row.type == RESOURCE_USER_KEY)
		return find_key(rc, answer, ret);
	why = host_judge(answer);
	if (why != FAILURE_NONE)
		return why;
	/* Whoever answers with something else answers for nothing. */
	if (host_object_id(host_data(answer)) != id_of(&rc->row))
		return FAILURE_HOST_UNSUPPORTED;
	*ret = host_data(answer);
	return FAILURE_NONE;
}
