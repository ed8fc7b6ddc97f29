/*
 * The groups of an account.  A host replaces the whole list, so it is read
 * first, changed and written, and read again: an account may be in groups of
 * others, which it must not leave by our doing.
 */
#include "schedd/host/account_view.h"
#include "schedd/import_steps.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOVES_MAX 4	/* while somebody else changes the list, too */

bool import_keep_groups(struct import *im, const json_t *live)
{
	int64_t ids[HOST_GROUPS_MAX];
	size_t count = host_account_groups(live, ids), len = 0;
	char *text = im->memo.groups;

	*text = '\0';
	for (size_t i = 0; i < count; i++) {
		int n = snprintf(text + len, sizeof(im->memo.groups) - len,
				 "%s%" PRId64, i ? "," : "", ids[i]);

		len += (size_t)n;
		if (len >= sizeof(im->memo.groups))
			return false;
	}
	/* A list that is full may be one that goes on. */
	return count < HOST_GROUPS_MAX;
}

size_t import_new_groups(const struct import *im, int64_t add, int64_t drop,
			 int64_t *ret)
{
	const char *at = im->memo.groups;
	size_t count = 0;

	while (*at && count + 1 < HOST_GROUPS_MAX) {
		char *end;
		int64_t id = strtoll(at, &end, 10);

		if (id != drop && id != add)
			ret[count++] = id;
		at = *end == ',' ? end + 1 : end;
	}
	if (add)
		ret[count++] = add;
	return count;
}

void import_ask_groups(const struct import *im, struct request *request,
		       int64_t account, int64_t add, int64_t drop)
{
	int64_t ids[HOST_GROUPS_MAX];
	const struct host_account_patch patch = {
		.group_ids = ids,
		.ngroups = import_new_groups(im, add, drop, ids),
	};

	host_ask_account_patch(request, &im->peer, account, &patch);
}

bool import_groups_hold(const struct import *im, const json_t *live,
			int64_t add, int64_t drop)
{
	int64_t ids[HOST_GROUPS_MAX];
	size_t count = import_new_groups(im, add, drop, ids);

	for (size_t i = 0; i < count; i++)
		if (!host_account_in_group(live, ids[i]))
			return false;
	return !drop || !host_account_in_group(live, drop);
}

/* Once more, with the list as it is now; not for ever. */
struct verdict import_regroup(struct import *im, const char *step)
{
	if (im->memo.moves++ < MOVES_MAX)
		return go_to(step);
	import_blame(im, "somebody else changes the account's groups at the"
		     " same time");
	return failed(FAILURE_NOT_AS_WRITTEN);
}
