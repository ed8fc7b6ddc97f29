/*
 * Which of our accounts in a group is to be looked into, by how the host
 * shows them in a list.
 */
#include <stdlib.h>

#include "schedd/host/answer.h"
#include "schedd/import_mend.h"

/* The account of this id in a listing; NULL if it is not there. */
const json_t *import_listed(const json_t *items, const char *id)
{
	int64_t wanted = id ? strtoll(id, NULL, 10) : 0;
	const json_t *item;
	size_t i;

	json_array_foreach(items, i, item)
		if (host_object_id(item) == wanted)
			return item;
	return NULL;
}

/*
 * Worse than what was found so far?  The first symptoms are the worst; but
 * what is ours to mend goes first, as there is not room for all.
 */
static bool is_worse(const struct host_mend_plan *plan,
		     const struct host_mend_plan *worst)
{
	unsigned one = plan->symptoms, other = worst->symptoms;

	if (one == 0 || other == 0 || plan->ours != worst->ours)
		return one != 0 && (other == 0 || plan->ours);
	return (one & -one) < (other & -other);
}

static struct host_mend_plan shown(const struct import *im,
				   const struct resource *account,
				   const json_t *live)
{
	struct import_case the;
	struct host_mend_plan plan = {
		.symptoms = 1u << HOST_SYMPTOM_GROUPS, .ours = true,
	};

	/* Not in the list: it may be anywhere, or gone. */
	if (!live)
		return plan;
	import_case(im, account, live, &the);
	plan = host_mend_plan(&the.the);
	import_case_done(&the);
	return plan;
}

/*
 * The proof got an answer that an account gave: one that somebody switched
 * off, or that is gone, was not it.
 */
static bool did_not_answer(const struct import *im,
			   const struct host_mend_plan *plan)
{
	enum failure why = (enum failure)im->memo.diagnosed;

	if (why == FAILURE_NONE || why == FAILURE_NO_ACCOUNT ||
	    why == FAILURE_MODEL_NOT_LISTED || why == FAILURE_MODEL_NOT_FOUND)
		return false;
	return plan->symptoms & (1u << HOST_SYMPTOM_OFF |
				 1u << HOST_SYMPTOM_GONE);
}

static bool is_blamed(const struct import *im, struct host_mend_plan plan)
{
	return plan.symptoms && !did_not_answer(im, &plan);
}

/*
 * The one whose key the provider was asked with is dealt with before another:
 * what is known of it makes it look better than those of which less is known.
 */
static const struct resource *begun_with(const struct import *im,
					 const json_t *items)
{
	for (size_t i = 0; i < im->naccounts; i++) {
		const struct resource *r = &im->accounts[i];

		if (im->diagnosis.provider.at != 0 && r->host_resource_id &&
		    strtoll(r->host_resource_id, NULL, 10) ==
		    im->memo.suspect && !import_was_looked_at(im, r) &&
		    is_blamed(im, shown(im, r, import_listed(items,
						r->host_resource_id))))
			return r;
	}
	return NULL;
}

/* The one of our accounts with which most is wrong; NULL: none. */
const struct resource *import_worst(const struct import *im,
				    const json_t *items,
				    struct host_mend_plan *ret)
{
	const struct resource *found = NULL;
	struct host_mend_plan worst = { 0 };

	if (!import_can_look(im))
		return NULL;
	found = begun_with(im, items);
	if (found)
		return found;
	for (size_t i = 0; i < im->naccounts; i++) {
		const struct resource *r = &im->accounts[i];
		struct host_mend_plan plan;

		if (!r->host_resource_id || import_was_looked_at(im, r))
			continue;
		plan = shown(im, r, import_listed(items, r->host_resource_id));
		if (did_not_answer(im, &plan) || !is_worse(&plan, &worst))
			continue;
		worst = plan;
		found = r;
	}
	*ret = worst;
	return found;
}
