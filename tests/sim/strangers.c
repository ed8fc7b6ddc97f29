#include "tests/sim/strangers.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "shared/table.h"
#include "tests/sim/check.h"

#define ADMIN "/api/v1/admin/"
#define TEAM 1		/* the group that is there first */
#define OTHER_MARK "crm-zzzzzz-0a1b2c3d"	/* of another CRM */

static size_t dice(struct site *site, size_t sides)
{
	return net_random(&site->net) % sides;
}

static void ask(struct site *site, const char *method, const char *target,
		const char *body)
{
	net_somebody(&site->net, method, target, SITE_ADMIN_KEY, body);
}

int64_t strangers_pick(struct site *site, enum host_kind kind,
		       enum ledger_maker maker)
{
	const struct ledger *ledger = site->net.ledger;
	int64_t picked = 0;
	size_t seen = 0;

	for (int64_t id = 1; id < LEDGER_IDS_MAX; id++) {
		const struct ledger_row *row = &ledger->rows[kind][id];

		/* The host's administrator is user 1: nobody's to touch. */
		if (row->exists && row->maker == maker && !row->lent &&
		    !(kind == HOST_KIND_USER && id == 1) &&
		    dice(site, ++seen) == 0)
			picked = id;
	}
	return picked;
}

json_t *strangers_row(struct site *site, enum host_kind kind, int64_t id)
{
	json_auto_t *state = host_model_state(site->net.host);
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(state, host_kind_list(kind)), i,
			   row)
		if (json_integer_value(json_object_get(row, "id")) == id)
			return json_incref(row);
	return NULL;
}

static char *name_of(struct site *site, enum host_kind kind, int64_t id)
{
	json_auto_t *row = strangers_row(site, kind, id);
	const char *name = json_string_value(json_object_get(row, "name"));

	return xstrdup(name ? name : "");
}

/* A name of their own, that of another CRM, or nearly one of ours. */
static char *new_name(struct site *site, enum host_kind kind)
{
	unsigned n = (unsigned)dice(site, 100000);
	int64_t ours = strangers_pick(site, kind, LEDGER_OURS);
	AUTO_FREE char *like = NULL;

	switch (dice(site, 4)) {
	case 0:
		return xasprintf("relay %u " OTHER_MARK, n);
	case 1:
		if (ours == 0)
			break;
		like = name_of(site, kind, ours);
		return xasprintf("%.80s copy %u", like, n);
	case 2:
		if (ours == 0)
			break;
		like = name_of(site, kind, ours);
		return xasprintf("%u %.80s", n, like);
	default:
		break;
	}
	return xasprintf("theirs %u", n);
}

/* ---- what they make ---- */

static void make_group(struct site *site)
{
	AUTO_FREE char *name = new_name(site, HOST_KIND_GROUP);
	AUTO_FREE char *body = xasprintf("{\"name\":\"%s\",\"platform\":"
		"\"openai\",\"subscription_type\":\"%s\"}", name,
		dice(site, 2) ? "standard" : "subscription");

	ask(site, "POST", ADMIN "groups", body);
}

static void make_account(struct site *site)
{
	AUTO_FREE char *name = new_name(site, HOST_KIND_ACCOUNT);
	int64_t group = strangers_pick(site, HOST_KIND_GROUP,
				       LEDGER_THEIRS);
	AUTO_FREE char *body = xasprintf("{\"name\":\"%s\",\"notes\":\"%s\","
		"\"platform\":\"openai\",\"type\":\"apikey\",\"credentials\":"
		"{\"base_url\":\"http://p%zu.test/v1\",\"api_key\":"
		"\"good-theirs-%08u\",\"model_mapping\":{\"mock-a\":"
		"\"mock-a\"}},\"group_ids\":[%" PRId64 "],\"concurrency\":5,%s"
		"\"extra\":{\"openai_responses_mode\":"
		"\"force_chat_completions\"}}", name,
		dice(site, 2) ? name : "", dice(site, site->net.nproviders),
		(unsigned)dice(site, 100000000), group,
		dice(site, 3) ? "" : "\"proxy_id\":" STRANGERS_PROXY ",");

	ask(site, "POST", ADMIN "accounts", body);
}

static void make_user(struct site *site)
{
	AUTO_FREE char *body = xasprintf("{\"email\":\"u%u@example.com\","
		"\"password\":\"secret-word-1\",\"username\":\"u\"}",
		(unsigned)dice(site, 1000000));

	ask(site, "POST", ADMIN "users", body);
}

static void make_channel(struct site *site)
{
	AUTO_FREE char *name = new_name(site, HOST_KIND_CHANNEL);
	int64_t group = strangers_pick(site, HOST_KIND_GROUP,
				       LEDGER_THEIRS);
	AUTO_FREE char *body = xasprintf("{\"name\":\"%s\",\"group_ids\":[%"
					 PRId64 "]}", name, group);

	if (group)
		ask(site, "POST", ADMIN "channels", body);
}

static void make_something(struct site *site)
{
	static void (*const makers[])(struct site *) = {
		make_group, make_account, make_account, make_user,
		make_channel,
	};

	makers[dice(site, COUNT(makers))](site);
}

static void add_key(struct site *site, const char *email, const char *key,
		    int64_t group)
{
	json_auto_t *wish = json_pack("{s:s, s:s, s:s, s:s, s:I}", "do",
				      "add-key", "email", email, "key", key,
				      "name", "mine", "group_id",
				      (json_int_t)group);
	const char *wrong = host_model_control(site->net.host, site->net.now,
					       wish);

	if (wrong)
		site_fault(site, "add-key: %s", wrong);
}

void strangers_begin(struct site *site)
{
	int64_t group;

	ask(site, "POST", ADMIN "proxies", "{\"name\":\"way\",\"protocol\":"
	    "\"http\",\"host\":\"way.test\",\"port\":8080}");
	ask(site, "POST", ADMIN "groups", "{\"name\":\"team\",\"platform\":"
	    "\"openai\"}");
	group = strangers_pick(site, HOST_KIND_GROUP, LEDGER_THEIRS);
	ask(site, "POST", ADMIN "users", "{\"email\":\"" STRANGERS_EMAIL "\","
	    "\"password\":\"secret-word-1\",\"username\":\"alice\"}");
	add_key(site, STRANGERS_EMAIL, "sk-alice-bound-000000000001", group);
	add_key(site, STRANGERS_EMAIL, "sk-alice-loose-000000000002", 0);
	for (size_t i = 1 + dice(site, 4); i > 0; i--)
		make_something(site);
	ledger_begin(site->net.ledger, site->net.host);
}

/* ---- what they do to a row ---- */

/* A request with the row's id in the place of %. */
struct edit {
	const char *what;
	enum host_kind kind;
	const char *method;
	const char *target;
	const char *body;
};

#define ACCOUNT(what_, members_) \
	{ what_, HOST_KIND_ACCOUNT, "POST", ADMIN "accounts/bulk-update", \
	  "{\"account_ids\":[%],\"" members_ "}" }
#define PUT(kind_, list_, what_, body_) \
	{ what_, HOST_KIND_ ## kind_, "PUT", ADMIN list_ "/%", body_ }
#define DELETE(kind_, list_) \
	{ "deletes", HOST_KIND_ ## kind_, "DELETE", ADMIN list_ "/%", "" }

static const struct edit edits[] = {
	ACCOUNT("sets the priority of", "priority\":7"),
	ACCOUNT("limits", "concurrency\":3"),
	ACCOUNT("re-prices", "rate_multiplier\":1.5"),
	ACCOUNT("switches off", "schedulable\":false"),
	ACCOUNT("makes inactive", "status\":\"inactive\""),
	ACCOUNT("unbinds", "group_ids\":[]"),
	ACCOUNT("maps a model more of", "credentials\":{\"model_mapping\":"
		"{\"mock-a\":\"mock-a\",\"theirs\":\"mock-b\"}}"),
	ACCOUNT("replaces the mapping of", "credentials\":{\"model_mapping\":"
		"{\"theirs\":\"mock-b\"}}"),
	ACCOUNT("moves the base URL of", "credentials\":{\"base_url\":"
		"\"http://elsewhere.test/v1\"}"),
	ACCOUNT("replaces the key of", "credentials\":{\"api_key\":"
		"\"" STRANGERS_PROVIDER_KEY "\"}"),
	ACCOUNT("sets error codes of", "credentials\":"
		"{\"custom_error_codes_enabled\":true,"
		"\"custom_error_codes\":[599]}"),
	ACCOUNT("removes the mode of", "extra\":{\"openai_responses_mode\":"
		"\"auto\"}"),
	PUT(ACCOUNT, "accounts", "renames", "{\"name\":\"renamed\"}"),
	PUT(ACCOUNT, "accounts", "notes something at",
	    "{\"notes\":\"do not touch\"}"),
	DELETE(ACCOUNT, "accounts"),
	PUT(GROUP, "groups", "renames", "{\"name\":\"renamed %\"}"),
	PUT(GROUP, "groups", "re-prices", "{\"rate_multiplier\":2.5}"),
	PUT(GROUP, "groups", "describes", "{\"description\":\"ours now\"}"),
	PUT(GROUP, "groups", "limits", "{\"daily_limit_usd\":5}"),
	DELETE(GROUP, "groups"),
	PUT(USER, "users", "notes something at", "{\"notes\":\"robot\"}"),
	PUT(USER, "users", "limits", "{\"concurrency\":9}"),
	DELETE(USER, "users"),
	{ "extends", HOST_KIND_SUBSCRIPTION, "POST",
	  ADMIN "subscriptions/%/extend", "{\"days\":3}" },
	DELETE(SUBSCRIPTION, "subscriptions"),
	PUT(CHANNEL, "channels", "renames", "{\"name\":\"prices %\"}"),
	PUT(CHANNEL, "channels", "describes", "{\"description\":\"x\"}"),
	DELETE(CHANNEL, "channels"),
};

/* `text` with `id` for each %. */
static char *with_id(const char *text, int64_t id)
{
	const char *mark = strchr(text, '%');
	AUTO_FREE char *rest = NULL;

	if (!mark)
		return xstrdup(text);
	rest = with_id(mark + 1, id);
	return xasprintf("%.*s%" PRId64 "%s", (int)(mark - text), text, id,
			 rest);
}

/* Alice's key stays where she has it: see strangers_key(). */
static bool is_done_at_home(const struct edit *edit, int64_t id)
{
	return !(edit->kind == HOST_KIND_GROUP && id == TEAM);
}

static bool edit_one(struct site *site, enum ledger_maker maker,
		     char **ret_text)
{
	const struct edit *edit = &edits[dice(site, COUNT(edits))];
	int64_t id = strangers_pick(site, edit->kind, maker);
	AUTO_FREE char *target = with_id(edit->target, id);
	AUTO_FREE char *body = with_id(edit->body, id);

	if (id == 0 || (maker == LEDGER_THEIRS && !is_done_at_home(edit, id)))
		return false;
	ask(site, edit->method, target, body);
	*ret_text = xasprintf("somebody %s %s %" PRId64 " of %s", edit->what,
			      host_kind_list(edit->kind), id,
			      maker == LEDGER_OURS ? "ours" : "theirs");
	return true;
}

/*
 * An account of theirs, in a group of ours beside its own.  Nobody binds to a
 * group that is there for the seconds of a proof.
 */
static bool join_ours(struct site *site, char **ret_text)
{
	int64_t account = strangers_pick(site, HOST_KIND_ACCOUNT,
					 LEDGER_THEIRS);
	int64_t group = strangers_pick(site, HOST_KIND_GROUP, LEDGER_OURS);
	AUTO_FREE char *body = xasprintf("{\"account_ids\":[%" PRId64 "],"
		"\"group_ids\":[%" PRId64 "]}", account, group);
	AUTO_FREE char *name = NULL;

	name = name_of(site, HOST_KIND_GROUP, group);
	if (!account || !group || strstr(name, "proof"))
		return false;
	ask(site, "POST", ADMIN "accounts/bulk-update", body);
	*ret_text = xasprintf("somebody binds account %" PRId64 " of theirs"
			      " to group %" PRId64 " of ours", account,
			      group);
	return true;
}

void strangers_act_at_home(struct site *site, char **ret_text)
{
	if (dice(site, 3) && edit_one(site, LEDGER_THEIRS, ret_text))
		return;
	make_something(site);
	*ret_text = xstrdup("somebody makes something");
}

void strangers_act(struct site *site, char **ret_text)
{
	size_t what = dice(site, 10);

	if (what < 5 && edit_one(site, LEDGER_OURS, ret_text))
		return;
	if (what == 5 && join_ours(site, ret_text))
		return;
	strangers_act_at_home(site, ret_text);
}

bool strangers_key(struct site *site, bool loose, struct strangers_key *ret)
{
	json_auto_t *state = host_model_state(site->net.host);
	const char *text = loose ? "sk-alice-loose-000000000002"
				 : "sk-alice-bound-000000000001";
	const json_t *key;
	size_t i;

	json_array_foreach(json_object_get(state, "keys"), i, key) {
		const char *is = json_string_value(
			json_object_get(key, "key"));
		int64_t group = json_integer_value(
			json_object_get(key, "group_id"));

		if (!is || strcmp(is, text) != 0)
			continue;
		*ret = (struct strangers_key){
			.id = json_integer_value(json_object_get(key, "id")),
			.user_id = json_integer_value(
				json_object_get(key, "user_id")),
			.bound = group && site->net.ledger
				->rows[HOST_KIND_GROUP][group].exists,
		};
		snprintf(ret->text, sizeof(ret->text), "%s", text);
		return true;
	}
	return false;
}
