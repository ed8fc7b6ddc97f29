#include "tests/sim/weather.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "shared/table.h"

#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)

/* As many repairs as anybody would make. */
#define FIGHT_ACTS 100

/* What each kind is like. */
static const struct {
	const char *name;
	const char *personality;	/* of its provider, meanwhile */
	bool moment;			/* it only begins */
	bool passes;
	bool mended;			/* by CRM, if not too often */
} kinds[] = {
	[WEATHER_PROVIDER_DOWN] = { "provider-down", "fail-503", false, true },
	[WEATHER_PROVIDER_DEAD] = { "provider-dead", "fail-hang", false,
				    true },
	[WEATHER_PROVIDER_403] = { "provider-403", "fail-403", false, true },
	[WEATHER_STORM] = { "storm-429", "rate-limited", false, true },
	[WEATHER_FLAPPING] = { "flapping", "flapping", false, true },
	[WEATHER_KEY_REVOKED] = { "key-revoked", "fail-401", false, true },
	[WEATHER_NO_MONEY] = { "no-money", "quota", false, true },
	[WEATHER_HOST_DOWN] = { "host-down", NULL, false, true },
	[WEATHER_HOST_502] = { "host-502", NULL, false, true },
	[WEATHER_MODE_REMOVED] = { "mode-removed", NULL, true, false, true },
	[WEATHER_FIGHT] = { "fight", NULL, false, false },
	[WEATHER_MAPPING_LOST] = { "mapping-lost", NULL, true, false, true },
	[WEATHER_SWITCHED_OFF] = { "switched-off", NULL, false, false },
	[WEATHER_JWT_REVOKED] = { "jwt-revoked", NULL, true, false, true },
	[WEATHER_NO_SUBSCRIPTION] = { "no-subscription", NULL, true, false,
				      true },
	[WEATHER_UPGRADE] = { "upgrade", NULL, true, false },
	[WEATHER_CLOCK] = { "clock", NULL, true, false },
};
_Static_assert(COUNT(kinds) == WEATHER__MAX, "every kind");

const char *weather_name(enum weather_kind kind)
{
	return kinds[kind].name;
}

bool weather_passes(enum weather_kind kind)
{
	return kinds[kind].passes;
}

bool weather_is_mended(enum weather_kind kind)
{
	return kinds[kind].mended;
}

/* ---- the forecast ---- */

static int64_t between(struct net *net, int64_t low, int64_t high)
{
	return low + (int64_t)(net_random(net) % (uint64_t)(high - low + 1));
}

static int64_t jump(struct net *net)
{
	int64_t far = net_random(net) % 2 ? 6 * HOUR : 10 * MINUTE;

	return between(net, -far, far);
}

/* Two people who do the same cannot be told apart. */
static bool is_on_already(const struct sky *sky, const struct weather *w)
{
	for (size_t i = 0; i < sky->count; i++)
		if (sky->list[i].kind == w->kind &&
		    sky->list[i].provider == w->provider &&
		    sky->list[i].until + HOUR > w->from &&
		    !kinds[w->kind].passes)
			return true;
	return false;
}

void sky_forecast(struct sky *sky, struct site *site, int64_t hours,
		  bool overlap, enum weather_kind kind)
{
	struct net *net = &site->net;
	int64_t at = net->now, end = at + hours * HOUR;

	for (;;) {
		struct weather *w = &sky->list[sky->count];

		at += between(net, 20 * MINUTE, 5 * HOUR);
		if (at > end || sky->count == WEATHERS_MAX)
			return;
		*w = (struct weather){
			.kind = kind != WEATHER__MAX ? kind
				: (enum weather_kind)(net_random(net) %
						      WEATHER__MAX),
			.from = at,
			.provider = net_random(net) % net->nproviders,
		};
		w->until = kinds[w->kind].moment
			? at : at + between(net, MINUTE, 7 * HOUR);
		if (is_on_already(sky, w))
			continue;
		if (w->kind == WEATHER_CLOCK)
			w->jump_ms = jump(net);
		sky->count++;
		if (!overlap)
			at = w->until + 3 * HOUR;
	}
}

void sky_forecast_one(struct sky *sky, struct site *site,
		      enum weather_kind kind)
{
	int64_t from = site->net.now + 30 * MINUTE;

	sky->count = 1;
	sky->list[0] = (struct weather){
		.kind = kind,
		.from = from,
		.until = kinds[kind].moment ? from : from + 2 * HOUR,
	};
}

int64_t sky_acts(const struct sky *sky, const struct weather *act)
{
	int64_t n = 0;

	for (size_t i = 0; i < sky->count; i++) {
		const struct weather *w = &sky->list[i];

		if (w->provider != act->provider || w == act ||
		    w->from > act->from || w->until <= act->from - 24 * HOUR)
			continue;
		/* A fight uses up all that is mended in a day. */
		n += w->kind == WEATHER_FIGHT ? FIGHT_ACTS
					      : kinds[w->kind].mended;
	}
	return n;
}

int64_t sky_next(const struct sky *sky)
{
	int64_t next = INT64_MAX;

	for (size_t i = 0; i < sky->count; i++) {
		const struct weather *w = &sky->list[i];
		int64_t at = w->begun ? w->until : w->from;

		if (!w->over && at < next)
			next = at;
		if (w->begun && !w->over && w->kind == WEATHER_FIGHT &&
		    sky->look_at < next)
			next = sky->look_at;
	}
	return next;
}

int64_t sky_clears_at(const struct sky *sky)
{
	int64_t at = 0;

	for (size_t i = 0; i < sky->count; i++)
		if (sky->list[i].until > at)
			at = sky->list[i].until;
	return at;
}

bool sky_has(const struct sky *sky, const struct site *site,
	     enum weather_kind kind, size_t provider, int64_t since)
{
	for (size_t i = 0; i < sky->count; i++) {
		const struct weather *w = &sky->list[i];

		if (w->kind == kind && w->provider == provider &&
		    w->from <= site->net.now && w->until >= since)
			return true;
	}
	return false;
}

/* ---- providers ---- */

static void spoil(struct sky *sky, struct site *site,
		  const struct weather *w)
{
	const struct provider_options options = {
		.personality = kinds[w->kind].personality,
		.seed = net_random(&site->net),
		.delay_ms = 5,
	};
	struct provider_model **model = &site->net.providers[w->provider];

	/* Of two at once the one that came first stays. */
	if (sky->good[w->provider])
		return;
	sky->good[w->provider] = *model;
	*model = provider_model_new(&options);
	/* Every second answer of this one is a true one. */
	if (w->kind != WEATHER_FLAPPING)
		sky->bad_since[w->provider] = site->net.now;
}

static bool still_spoilt(const struct sky *sky, const struct site *site,
			 size_t provider)
{
	for (size_t i = 0; i < sky->count; i++) {
		const struct weather *w = &sky->list[i];

		if (kinds[w->kind].personality && w->provider == provider &&
		    w->begun && !w->over && w->until > site->net.now)
			return true;
	}
	return false;
}

static void restore(struct sky *sky, struct site *site, size_t provider)
{
	struct provider_model **model = &site->net.providers[provider];

	if (!sky->good[provider] || still_spoilt(sky, site, provider))
		return;
	provider_model_free(model);
	*model = sky->good[provider];
	sky->good[provider] = NULL;
	sky->bad_since[provider] = 0;
}

/* ---- the host ---- */

static void set_host(struct sky *sky, struct site *site)
{
	static char page[] = "<html>502 Bad Gateway</html>";
	struct fault_rule rule = { .kind = FAULT_NONE };

	for (size_t i = 0; i < sky->count; i++) {
		const struct weather *w = &sky->list[i];

		if (!w->begun || w->over)
			continue;
		if (w->kind == WEATHER_HOST_DOWN)
			rule.kind = FAULT_RESET;
		else if (w->kind == WEATHER_HOST_502)
			rule = (struct fault_rule){ .kind = FAULT_STATUS,
				.status = 502, .body = page };
	}
	faults_clear(site->net.faults);
	if (rule.kind != FAULT_NONE)
		faults_add(site->net.faults, &rule);
}

/* The accounts of one provider, by what stands in their base URL. */
static void each_account(struct site *site, size_t provider,
			 void (*act)(struct site *site, const json_t *account,
				     int64_t id))
{
	json_auto_t *state = host_model_state(site->net.host);
	const json_t *list = json_object_get(state, "accounts"), *account;
	char url[64];
	size_t i;

	net_provider_url(url, sizeof(url), provider);
	*strstr(url + strlen("http://"), "/") = '\0';
	json_array_foreach(list, i, account) {
		const char *base = json_string_value(json_object_get(
			json_object_get(account, "credentials"), "base_url"));

		if (base && strncmp(base, url, strlen(url)) == 0)
			act(site, account, json_integer_value(
				json_object_get(account, "id")));
	}
}

static void bulk_update(struct site *site, int64_t id, const char *members)
{
	AUTO_FREE char *body = xasprintf("{\"account_ids\":[%" PRId64 "],%s}",
					 id, members);

	net_somebody(&site->net, "POST",
		     "/api/v1/admin/accounts/bulk-update", SITE_ADMIN_KEY,
		     body);
}

static void remove_mode(struct site *site, const json_t *account, int64_t id)
{
	(void)account;
	bulk_update(site, id, "\"extra\":{\"openai_responses_mode\":\"auto\","
		    "\"openai_responses_supported\":true}");
}

/* Does it convert again what CRM had set? */
static void remove_mode_again(struct site *site, const json_t *account,
			      int64_t id)
{
	const json_t *extra = json_object_get(account, "extra");
	const char *mode = json_string_value(
		json_object_get(extra, "openai_responses_mode"));

	if (mode && strcmp(mode, "auto") != 0)
		remove_mode(site, account, id);
}

static void restore_mode(struct site *site, const json_t *account, int64_t id)
{
	(void)account;
	bulk_update(site, id, "\"extra\":{\"openai_responses_mode\":"
		    "\"force_chat_completions\","
		    "\"openai_responses_supported\":false}");
}

static void lose_mapping(struct site *site, const json_t *account, int64_t id)
{
	(void)account;
	bulk_update(site, id, "\"credentials\":{\"model_mapping\":"
		    "{\"theirs\":\"theirs\"}}");
}

static void set_schedulable(struct site *site, int64_t id, bool on)
{
	AUTO_FREE char *target = xasprintf("/api/v1/admin/accounts/%" PRId64
					   "/schedulable", id);

	net_somebody(&site->net, "POST", target, SITE_ADMIN_KEY,
		     on ? "{\"schedulable\":true}"
			: "{\"schedulable\":false}");
}

static uint64_t bit_of(int64_t id)
{
	return id < 64 ? UINT64_C(1) << id : 0;
}

/* What the host has switched off for its error looks no different then. */
static void switch_off(struct site *site, const json_t *account, int64_t id)
{
	if (json_is_true(json_object_get(account, "schedulable")))
		site->switched_off |= bit_of(id);
	set_schedulable(site, id, false);
}

static void switch_on(struct site *site, const json_t *account, int64_t id)
{
	/* What a person switched off is switched on by a person alone. */
	if (json_is_true(json_object_get(account, "schedulable")) &&
	    site->switched_off & bit_of(id) && !site->fault) {
		snprintf(site->fault_text, sizeof(site->fault_text),
			 "CRM switched account %" PRId64 " on that somebody "
			 "had switched off", id);
		site->fault = site->fault_text;
	}
	site->switched_off &= ~bit_of(id);
	set_schedulable(site, id, true);
}

static void control(struct site *site, const char *name, const char *version)
{
	json_auto_t *wish = json_pack("{s:s, s:s*}", "do", name, "version",
				      version);
	const char *wrong = host_model_control(site->net.host, site->net.now,
					       wish);

	if (wrong) {
		fprintf(stderr, "%s: %s\n", name, wrong);
		abort();
	}
}

/* ---- by the hour ---- */

static void begin(struct sky *sky, struct site *site, struct weather *w)
{
	if (kinds[w->kind].personality)
		spoil(sky, site, w);
	switch (w->kind) {
	case WEATHER_MODE_REMOVED:
	case WEATHER_FIGHT:
		each_account(site, w->provider, remove_mode);
		sky->look_at = site->net.now + MINUTE;
		break;
	case WEATHER_MAPPING_LOST:
		each_account(site, w->provider, lose_mapping);
		break;
	case WEATHER_SWITCHED_OFF:
		each_account(site, w->provider, switch_off);
		break;
	case WEATHER_JWT_REVOKED:
		control(site, "revoke-tokens", NULL);
		break;
	case WEATHER_NO_SUBSCRIPTION:
		control(site, "expire-subscriptions", NULL);
		break;
	case WEATHER_UPGRADE:
		if (++sky->version < HOST_VERSION__MAX)
			control(site, "install-version",
				host_version_name(sky->version));
		break;
	case WEATHER_CLOCK:
		site->net.skew += w->jump_ms;
		engine_clock_jumped(site->net.engine, w->jump_ms);
		break;
	default:
		break;
	}
}

static void end(struct sky *sky, struct site *site, struct weather *w)
{
	if (kinds[w->kind].personality)
		restore(sky, site, w->provider);
	if (w->kind == WEATHER_SWITCHED_OFF)
		each_account(site, w->provider, switch_on);
	else if (w->kind == WEATHER_FIGHT)
		each_account(site, w->provider, restore_mode);
}

static void say(const struct site *site, const struct weather *w,
		const char *what)
{
	if (site->net.verbose)
		printf("# %" PRId64 " weather %s %s p%zu\n", site->net.now,
		       kinds[w->kind].name, what, w->provider);
}

static void fight_on(struct sky *sky, struct site *site)
{
	if (sky->look_at > site->net.now)
		return;
	sky->look_at = site->net.now + MINUTE;
	for (size_t i = 0; i < sky->count; i++) {
		const struct weather *w = &sky->list[i];

		if (w->kind == WEATHER_FIGHT && w->begun && !w->over)
			each_account(site, w->provider, remove_mode_again);
	}
}

void sky_turn(struct sky *sky, struct site *site)
{
	for (size_t i = 0; i < sky->count; i++) {
		struct weather *w = &sky->list[i];

		if (!w->begun && w->from <= site->net.now) {
			w->begun = true;
			say(site, w, "begins");
			begin(sky, site, w);
			set_host(sky, site);
		}
		if (w->begun && !w->over && w->until <= site->net.now) {
			w->over = true;
			say(site, w, "ends");
			end(sky, site, w);
			set_host(sky, site);
		}
	}
	fight_on(sky, site);
}

static void restore_mapping(struct site *site, const json_t *account,
			    int64_t id)
{
	(void)account;
	bulk_update(site, id, "\"credentials\":{\"model_mapping\":"
		    "{\"mock-a\":\"mock-a\",\"mock-b\":\"mock-b\"}}");
}

static void turn_on(struct site *site, const json_t *account, int64_t id)
{
	(void)account;
	set_schedulable(site, id, true);
}

void sky_settle(const struct sky *sky, struct site *site)
{
	for (size_t i = 0; i < sky->count; i++) {
		const struct weather *w = &sky->list[i];

		if (w->kind == WEATHER_SWITCHED_OFF)
			each_account(site, w->provider, turn_on);
		if (sky_acts(sky, w) < site->settings.watch_repairs)
			continue;
		if (w->kind == WEATHER_MODE_REMOVED)
			each_account(site, w->provider, restore_mode);
		else if (w->kind == WEATHER_MAPPING_LOST)
			each_account(site, w->provider, restore_mapping);
	}
}

void sky_done(struct sky *sky)
{
	for (size_t i = 0; i < NET_PROVIDERS_MAX; i++)
		provider_model_free(&sky->good[i]);
}
