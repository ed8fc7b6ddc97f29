#include "shared/provider_plan.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "shared/endpoint.h"
#include "shared/semver.h"
#include "shared/table.h"

/* The first version whose channels were looked at. */
#define CHANNELS_SINCE "0.1.126"
/* The first version in which accounts were seen to send headers of theirs. */
#define HEADERS_SINCE "0.1.179"

#define PER_MILLION 1e6
#define RATE_MAX 1e6

static const struct {
	const char *code;
	const char *zh;
} notes[] = {
	[NOTE_CHANNEL_UNSUPPORTED] = { "channel_unsupported",
		"该主机版本的渠道功能未知，不创建渠道" },
	[NOTE_CHANNEL_NO_RATE] = { "channel_no_rate",
		"价格不是美元，且未设置汇率（packs.usd_rate_cny），不创建渠道" },
	[NOTE_HEADERS_NOT_SENT] = { "headers_not_sent",
		"该供应商要求的请求头只在直接探测时发送，该主机不会发送" },
	[NOTE_CLIENT_ALLOWLISTED] = { "client_allowlisted",
		"该套餐只允许指定的客户端；CRM 不伪造客户端标识" },
	[NOTE_MIRROR] = { "mirror_url",
		"密钥将发往指定的镜像地址，而不是供应商自己的地址" },
};
_Static_assert(COUNT(notes) == PROVIDER_NOTE__MAX, "one row a note");

const char *provider_note_code(enum provider_note note)
{
	return notes[note].code;
}

const char *provider_note_zh(enum provider_note note)
{
	return notes[note].zh;
}

static const char *text_of(const json_t *object, const char *member)
{
	return json_string_value(json_object_get(object, member));
}

double provider_plan_rate(const char *text)
{
	char *end;
	double rate;

	if (!text || !isdigit((unsigned char)*text) ||
	    strspn(text, "0123456789.") != strlen(text))
		return 0;
	rate = strtod(text, &end);
	return *end == '\0' && rate > 0 && rate <= RATE_MAX ? rate : 0;
}

/* One USD in this currency; 0: nobody said. */
static double rate_of(const char *currency, double usd_rate_cny)
{
	if (strcmp(currency, "USD") == 0)
		return 1;
	return strcmp(currency, "CNY") == 0 ? usd_rate_cny : 0;
}

/* As many decimals as a host keeps, so that it reads back the same. */
static json_t *per_token(const char *amount, double rate)
{
	char text[64];

	snprintf(text, sizeof(text), "%.12f",
		 strtod(amount, NULL) / PER_MILLION / rate);
	return json_real(strtod(text, NULL));
}

/* ---- names that have a price ---- */

/* Hosts compare names without case; a '*' at the end is a pattern. */
static char *folded(const char *name)
{
	char *text = xstrdup(name);

	for (char *c = text; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return text;
}

/* Two prices for one name are refused: whoever comes first has it. */
static void add_name(json_t *taken, json_t *names, const char *name)
{
	AUTO_FREE char *key = name ? folded(name) : NULL;

	if (!name || strchr(name, '*') || json_object_get(taken, key) ||
	    json_array_size(names) == PROVIDER_PLAN_NAMES_MAX)
		return;
	json_object_set_new(taken, key, json_true());
	json_array_append_new(names, json_string(name));
}

static const json_t *model_of(const json_t *manifest, const char *id)
{
	size_t i;
	const json_t *model;

	json_array_foreach(json_object_get(manifest, "models"), i, model)
		if (strcmp(text_of(model, "id"), id) == 0)
			return model;
	return NULL;
}

/* Whoever asks by another name that leads to the model pays the same. */
static void add_other_names(const json_t *manifest, const char *id,
			    json_t *taken, json_t *names)
{
	const json_t *model = model_of(manifest, id);
	size_t i;
	const json_t *alias;

	add_name(taken, names, text_of(model, "canonical"));
	json_array_foreach(json_object_get(model, "aliases"), i, alias)
		add_name(taken, names, json_string_value(alias));
}

/* ---- the channel ---- */

static json_t *price_entry(const json_t *price, json_t *names, double rate)
{
	static const struct {
		const char *ours, *hosts;
	} members[] = {
		{ "input", "input_price" },
		{ "output", "output_price" },
		{ "cache_read", "cache_read_price" },
		{ "cache_write", "cache_write_price" },
	};
	/* Without a platform a host takes it for another one's price. */
	json_t *entry = json_pack("{ss sO ss}", "platform", "openai",
				  "models", names, "billing_mode", "token");

	for (size_t i = 0; i < COUNT(members); i++) {
		const char *amount = text_of(price, members[i].ours);

		if (amount)
			json_object_set_new(entry, members[i].hosts,
					    per_token(amount, rate));
	}
	return entry;
}

static json_t *pricing_of(const json_t *manifest, double usd_rate_cny)
{
	const json_t *prices = json_object_get(manifest, "pricing");
	json_auto_t *taken = json_object();
	json_auto_t *names = json_array();
	json_t *all = json_array();
	size_t i;
	const json_t *price;

	/* An id is nobody's alias. */
	json_array_foreach(prices, i, price) {
		json_t *own = json_array();

		add_name(taken, own, text_of(price, "model"));
		json_array_append_new(names, own);
	}
	json_array_foreach(prices, i, price) {
		json_t *own = json_array_get(names, i);

		if (json_array_size(own) == 0)
			continue;
		add_other_names(manifest, text_of(price, "model"), taken, own);
		json_array_append_new(all, price_entry(price, own,
			rate_of(text_of(price, "currency"), usd_rate_cny)));
	}
	return all;
}

/* The first price of which nobody can say what it is in USD; or NULL. */
static const json_t *unknown_price(const json_t *manifest,
				   double usd_rate_cny)
{
	size_t i;
	const json_t *price;

	json_array_foreach(json_object_get(manifest, "pricing"), i, price)
		if (rate_of(text_of(price, "currency"), usd_rate_cny) <= 0)
			return price;
	return NULL;
}

static bool has_channels(const char *version)
{
	return !version || !semver_is_valid(version) ||
	       semver_compare(version, CHANNELS_SINCE) >= 0;
}

static void plan_channel(struct provider_plan *plan, const json_t *manifest,
			 const char *version, double rate)
{
	const json_t *template = json_object_get(
		json_object_get(manifest, "templates"), "channel");
	const json_t *odd = unknown_price(manifest, rate);

	if (!json_is_object(template) &&
	    json_array_size(json_object_get(manifest, "pricing")) == 0)
		return;
	if (!has_channels(version)) {
		plan->notes[NOTE_CHANNEL_UNSUPPORTED] = xasprintf(
			"no channel is made: nothing is known of channels of "
			"hosts before " CHANNELS_SINCE ", and this one is %s",
			version);
		return;
	}
	if (odd) {
		plan->notes[NOTE_CHANNEL_NO_RATE] = xasprintf(
			"no channel is made: the price of %s is in %s, and no "
			"rate is set (packs.usd_rate_cny is for CNY)",
			text_of(odd, "model"), text_of(odd, "currency"));
		return;
	}
	plan->channel = true;
	plan->model_pricing = pricing_of(manifest, rate);
	plan->restrict_models = json_is_true(json_object_get(template,
							"restrict_models"));
}

static bool has_headers(const char *version)
{
	return version && semver_is_valid(version) &&
	       semver_compare(version, HEADERS_SINCE) >= 0;
}

/* What a host lets an account send in place of a header of the client's. */
static bool may_be_sent(const json_t *headers)
{
	static const char *const kept[] = {
		"host", "content-length", "content-type", "transfer-encoding",
		"connection", "authorization", "x-api-key", "x-goog-api-key",
		"cookie", "accept-encoding",
	};
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)headers, name, value)
		for (size_t i = 0; i < COUNT(kept); i++)
			if (strcasecmp(name, kept[i]) == 0)
				return false;
	return true;
}

static void plan_headers(struct provider_plan *plan, const json_t *manifest,
			 const char *version)
{
	json_t *headers = json_object_get(manifest, "required_headers");
	AUTO_FREE char *names = NULL;
	const char *name;
	json_t *value;

	if (has_headers(version) && may_be_sent(headers)) {
		if (json_object_size(headers))
			plan->headers = json_incref(headers);
		return;
	}
	json_object_foreach(headers, name, value) {
		char *more = names ? xasprintf("%s, %s", names, name)
				   : xstrdup(name);

		free(names);
		names = more;
	}
	if (names)
		plan->notes[NOTE_HEADERS_NOT_SENT] = xasprintf(
			"the provider wants %s; CRM sends it when it asks the "
			"provider itself, this host does not", names);
}

static bool is_at(const json_t *url, const char *key)
{
	AUTO_FREE char *normalised = NULL;
	char other[ENDPOINT_KEY_MAX];
	struct err err;

	if (!json_is_string(url) ||
	    endpoint_normalise(json_string_value(url), &normalised, &err))
		return false;
	endpoint_key(normalised, other);
	return strcmp(other, key) == 0;
}

bool provider_plan_knows(const json_t *manifest, const char *endpoint_key)
{
	const json_t *url = json_object_get(manifest, "base_url");
	size_t i;

	if (!json_is_string(url) || is_at(url, endpoint_key))
		return true;
	json_array_foreach(json_object_get(manifest, "alternate_base_urls"),
			   i, url)
		if (is_at(url, endpoint_key))
			return true;
	return false;
}

static void plan_mirror(struct provider_plan *plan, const json_t *manifest,
			const char *endpoint_key)
{
	if (!provider_plan_knows(manifest, endpoint_key))
		plan->notes[NOTE_MIRROR] = xasprintf(
			"keys go to the mirror that was named, %s, and not to "
			"%s", endpoint_key, text_of(manifest, "base_url"));
}

void provider_plan_make(struct provider_plan *ret, const json_t *manifest,
			const char *endpoint_key, const char *host_version,
			const char *usd_rate_cny)
{
	*ret = (struct provider_plan){ 0 };
	plan_channel(ret, manifest, host_version,
		     provider_plan_rate(usd_rate_cny));
	plan_headers(ret, manifest, host_version);
	plan_mirror(ret, manifest, endpoint_key);
	if (json_is_true(json_object_get(manifest,
					 "requires_allowlisted_client")))
		ret->notes[NOTE_CLIENT_ALLOWLISTED] = xstrdup(
			"the plan lets only certain clients by; CRM does not "
			"pretend to be one");
}

void provider_plan_done(struct provider_plan *plan)
{
	json_decref(plan->model_pricing);
	json_decref(plan->headers);
	for (size_t i = 0; i < PROVIDER_NOTE__MAX; i++)
		free(plan->notes[i]);
	*plan = (struct provider_plan){ 0 };
}
