/*
 * What an import asks a host to make: the secrets that its things are made
 * with, drawn and sealed before anything is sent, and the bodies, frozen in
 * the rows so that every repeat asks for the same.
 */
#include <string.h>

#include "schedd/host/account.h"
#include "schedd/host/armour.h"
#include "schedd/host/base_url.h"
#include "schedd/host/channel.h"
#include "schedd/host/group.h"
#include "schedd/host/key.h"
#include "schedd/host/subscription.h"
#include "schedd/host/user.h"
#include "schedd/import_steps.h"
#include "shared/lookup.h"
#include "shared/secrets.h"

#define PASSWORD_CHARS 32
#define KEY_PREFIX "sk-relay-"
#define KEY_CHARS 40

/*
 * On a host that sends chat to /responses until it is told otherwise, one
 * user's odd request is enough to take an account out for everybody, where
 * the provider refuses that path so.  Such an account is armoured (D13b).
 */
bool import_wants_pool_mode(const struct import *im)
{
	return host_armour_wants_pool(&im->features,
				      import_responses_status(im), false);
}

/* Draw the secret that a resource of ours is made with, and seal it. */
static int mint(const struct store *store, struct resource *row, int which,
		int64_t now, struct err *err)
{
	struct secret_face face;
	AUTO_WIPE char *text = NULL;
	char random[KEY_CHARS + 1];
	bool key = which == IMPORT_KEY || which == IMPORT_PROOF_KEY;
	bool user = which == IMPORT_USER || which == IMPORT_PROOF_USER;

	if (row->secret_id || (!user && !key))
		return 0;
	seal_random_text(random, key ? KEY_CHARS : PASSWORD_CHARS);
	text = xasprintf("%s%s", key ? KEY_PREFIX : "", random);
	explicit_bzero(random, sizeof(random));
	if (secrets_add(store->db, &store->key->pub,
			key ? SECRET_API_KEY : SECRET_PASSWORD, text, now,
			store->random(store->random_arg), &face, err))
		return -1;
	own_set(&row->secret_id, face.secret_id);
	return 0;
}

static void want_account(const struct import *im, struct jout *out)
{
	AUTO_FREE char *base = host_base_url_for(&im->features,
						 im->item.chat_url);
	const int64_t group = import_id(im, IMPORT_GROUP);
	json_auto_t *mapping = import_mapping(im);
	struct host_account_wish wish = {
		.pool_mode = import_wants_pool_mode(im),
		.alias = im->simple ? im->resources[IMPORT_ACCOUNT].mark : NULL,
		.alias_of = im->item.resolved_smoke_model,
		.provider_id = im->item.provider_id,
		.mark = im->resources[IMPORT_ACCOUNT].mark,
		.base_url = base,
		.models = mapping,
		.group_ids = &group,
		.ngroups = 1,
		.proxy_id = import_proxy(im),
	};

	import_template_account(im, &wish);
	host_account_wanted(out, &wish);
}

/* The account as it was asked for, under another name, alone. */
static void want_clone(const struct import *im, struct jout *out)
{
	const char *live = im->resources[IMPORT_ACCOUNT].wanted_json;
	const char *mark = im->resources[IMPORT_CLONE].mark;
	json_auto_t *wanted = json_loads(live ? live : "{}", 0, NULL);
	AUTO_FREE char *name = host_mark_name(im->item.provider_id, mark);

	json_object_set_new(wanted, "name", json_string(name));
	json_object_set_new(wanted, "notes", json_string(mark));
	json_object_set_new(wanted, "group_ids", json_pack("[I]",
		(json_int_t)import_id(im, IMPORT_PROOF_GROUP)));
	jout_json(out, NULL, wanted);
}

static void want_group(const struct import *im, int which, struct jout *out)
{
	AUTO_FREE char *place = lookup_place(im->item.endpoint_key,
					     im->item.plan);
	struct host_group_wish wish = {
		.readable = which == IMPORT_PARKING ? "CRM parking" :
			    which == IMPORT_PROOF_GROUP ? "CRM proof" : place,
		.mark = im->resources[which].mark,
		.subscription = which != IMPORT_GROUP ||
				im->run.access_mode == ACCESS_SUBSCRIPTION,
	};

	if (which == IMPORT_GROUP)
		import_template_group(im, &wish);
	host_group_wanted(out, &wish);
}

char *import_channel_wanted(const struct import *im)
{
	struct jout out = { .text.max = REQUEST_BODY_MAX };
	const struct host_channel_wish wish = {
		.readable = im->item.pack_provider_id,
		.mark = im->resources[IMPORT_CHANNEL].mark,
		.group_id = import_id(im, IMPORT_GROUP),
		.model_pricing = im->plan.model_pricing,
		.restrict_models = im->plan.restrict_models,
	};

	host_channel_wanted(&out, &wish);
	return buf_take(&out.text);
}

static void want_subscription(const struct import *im, struct jout *out)
{
	const struct host_subscription_wish wish = {
		.user_id = import_subscriber(im),
		.group_id = import_id(im, IMPORT_GROUP),
		.days = im->run.subscription_days,
	};

	host_subscription_wanted(out, &im->peer, &wish);
}

/* The body of the create that makes this resource; NULL: nothing to freeze. */
static char *wanted_of(const struct import *im, int which)
{
	struct jout out = { .text.max = REQUEST_BODY_MAX };
	AUTO_FREE char *email = import_email(im);

	if (which == IMPORT_CHANNEL)
		return import_channel_wanted(im);
	if (which == IMPORT_GROUP || which == IMPORT_PARKING ||
	    which == IMPORT_PROOF_GROUP)
		want_group(im, which, &out);
	else if (which == IMPORT_ACCOUNT)
		want_account(im, &out);
	else if (which == IMPORT_CLONE)
		want_clone(im, &out);
	else if (which == IMPORT_USER &&
		 im->run.access_mode == ACCESS_SELF_SERVICE)
		host_self_user_wanted(&out, email, im->resources[which].mark);
	else if (which == IMPORT_USER || which == IMPORT_PROOF_USER)
		host_user_wanted(&out, email, im->resources[which].mark);
	else if (which == IMPORT_SUBSCRIPTION)
		want_subscription(im, &out);
	else if (which == IMPORT_KEY)
		host_key_wanted(&out, im->resources[which].mark,
				import_id(im, IMPORT_GROUP));
	else
		return NULL;
	return buf_take(&out.text);
}

/*
 * Freeze what will be asked of the host.  When an earlier maker asked for
 * something else and gave up, ours is another generation: the host would
 * answer its old request to the same key.
 */
static void freeze(struct import *im, int which)
{
	struct resource *row = &im->resources[which];
	char *wanted = wanted_of(im, which);

	if (row->wanted_json && wanted && strcmp(row->wanted_json, wanted) != 0)
		row->generation++;
	own_set(&row->written_json, NULL);
	free(row->wanted_json);
	row->wanted_json = wanted;
}

int import_took(const struct store *store, void *subject, int which,
		struct resource *take_row, int64_t now, struct err *err)
{
	struct import *im = subject;
	struct resource *row = &im->resources[which];

	resource_done(row);
	*row = *take_row;
	*take_row = (struct resource){ 0 };
	if (row->state == RESOURCE_MAKING) {
		if (mint(store, row, which, now, err))
			return -1;
		if (!row->host_resource_id)
			freeze(im, which);
		im->changed[which] = true;
	}
	return resources_use(store->db, row->resource_id, im->item.item_id,
			     now, err);
}

/* A key that is there is for another group from now on. */
void import_bound_key(struct import *im)
{
	struct resource *row = &im->resources[IMPORT_KEY];

	free(row->wanted_json);
	row->wanted_json = wanted_of(im, IMPORT_KEY);
	im->changed[IMPORT_KEY] = true;
}
