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
	json_auto_t *ids = host_account_groups(live);
	struct buf text = { .max = sizeof(im->memo.groups) - 1 };
	bool fits;
	size_t i;
	const json_t *id;

	json_array_foreach(ids, i, id)
		buf_addf(&text, "%s%" JSON_INTEGER_FORMAT, i ? "," : "",
			 json_integer_value(id));
	fits = !text.failed;
	/* A part of them, written, would take it out of the others. */
	snprintf(im->memo.groups, sizeof(im->memo.groups), "%s",
		 fits ? buf_str(&text) : "");
	im->memo.many_groups = !fits;
	buf_done(&text);
	return fits;
}

json_t *import_new_groups(const struct import *im, int64_t add, int64_t drop)
{
	const char *at = im->memo.groups;
	json_t *ids = json_array();

	while (*at) {
		char *end;
		int64_t id = strtoll(at, &end, 10);

		if (id != drop && id != add)
			json_array_append_new(ids, json_integer(id));
		at = *end == ',' ? end + 1 : end;
	}
	if (add)
		json_array_append_new(ids, json_integer(add));
	return ids;
}

void import_ask_groups(const struct import *im, struct request *request,
		       int64_t account, int64_t add, int64_t drop)
{
	json_auto_t *ids = import_new_groups(im, add, drop);
	const struct host_account_patch patch = { .group_ids = ids };

	host_ask_account_patch(request, &im->peer, account, &patch);
}

bool import_groups_hold(const struct import *im, const json_t *live,
			int64_t add, int64_t drop)
{
	json_auto_t *ids = import_new_groups(im, add, drop);
	size_t i;
	const json_t *id;

	json_array_foreach(ids, i, id)
		if (!host_account_in_group(live, json_integer_value(id)))
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
