#include "shared/manifest.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "shared/endpoint.h"
#include "shared/semver.h"
#include "shared/table.h"

/* A member that is looked at and not kept. */
#define SEEN_STR(name, must, lo, hi) \
	{ name, JDEC_STRING, must, JDEC_NOWHERE, lo, hi }
#define SEEN_FORM(name, must, lo, hi, as) \
	{ name, JDEC_STRING, must, JDEC_NOWHERE, lo, hi, .form = as }
#define SEEN_FLAG(name, must) { name, JDEC_BOOL, must, JDEC_NOWHERE, 0, 1 }
#define SEEN_I64(name, must, lo, hi) \
	{ name, JDEC_INT, must, JDEC_NOWHERE, lo, hi }
#define SEEN_NAME(name, must, table) \
	{ name, JDEC_ENUM, must, JDEC_NOWHERE, 0, 0, table }
#define SEEN_OBJ(name, must, as) \
	{ name, JDEC_OBJECT, must, JDEC_NOWHERE, 0, 0, .shape = as }
#define SEEN_OBJS(name, must, lo, hi, as) \
	{ name, JDEC_OBJECTS, must, JDEC_NOWHERE, lo, hi, .shape = as }
#define SEEN_STRS(name, must, lo, hi) \
	{ name, JDEC_STRINGS, must, JDEC_NOWHERE, lo, hi }
#define SEEN_TEXTS(name, must, lo, hi) \
	{ name, JDEC_TEXTS, must, JDEC_NOWHERE, lo, hi }
#define SEEN_INTS(name, must, lo, hi) \
	{ name, JDEC_INTS, must, JDEC_NOWHERE, lo, hi }
#define SEEN_MAP(name, must, lo, hi) \
	{ name, JDEC_MAP, must, JDEC_NOWHERE, lo, hi }
#define SHAPE(fields) { fields, COUNT(fields) }

/* Forms of strings. */

static bool is_id(const char *text)
{
	if (!islower((unsigned char)*text) && !isdigit((unsigned char)*text))
		return false;
	for (; *text; text++)
		if (!islower((unsigned char)*text) &&
		    !isdigit((unsigned char)*text) && *text != '-')
			return false;
	return true;
}

static bool is_url(const char *text)
{
	AUTO_FREE char *normalised = NULL;
	struct err err;

	return endpoint_normalise(text, &normalised, &err) == 0;
}

static bool is_https(const char *text)
{
	return strncmp(text, "https://", 8) == 0 && !strpbrk(text, " \t\r\n");
}

static bool is_day(const char *text)
{
	static const char form[] = "dddd-dd-dd";

	if (strlen(text) != sizeof(form) - 1)
		return false;
	for (size_t i = 0; form[i]; i++)
		if (form[i] == 'd' ? !isdigit((unsigned char)text[i])
				   : text[i] != form[i])
			return false;
	return true;
}

static bool is_money(const char *text)
{
	size_t n = strspn(text, "0123456789");

	if (n == 0 || n > 9)
		return false;
	if (text[n] == '.')
		n += 1 + strspn(text + n + 1, "0123456789");
	return text[n] == '\0' && text[n - 1] != '.' && n <= 20;
}

static bool is_currency(const char *text)
{
	return strlen(text) == 3 && isupper((unsigned char)text[0]) &&
	       isupper((unsigned char)text[1]) &&
	       isupper((unsigned char)text[2]);
}

static bool is_sha256(const char *text)
{
	return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

static const struct jdec_form form_id = { is_id, "^[a-z0-9][a-z0-9-]*$",
	"of a-z, 0-9 and '-', and begin with none" };
static const struct jdec_form form_url = { is_url,
	"^[Hh][Tt][Tt][Pp][Ss]?://[^\\s?#@]+$",
	"an http or https URL without credentials, query or fragment" };
static const struct jdec_form form_https = { is_https, "^https://\\S*$",
	"an https URL" };
static const struct jdec_form form_semver = { semver_is_valid,
	SEMVER_PATTERN, "a version as semver.org has them: 1.2.3" };
static const struct jdec_form form_day = { is_day,
	"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "a day: 2026-11-28" };
static const struct jdec_form form_money = { is_money,
	"^[0-9]{1,9}(\\.[0-9]{1,10})?$", "an amount: 0.28" };
static const struct jdec_form form_currency = { is_currency, "^[A-Z]{3}$",
	"a currency: USD" };
static const struct jdec_form form_sha256 = { is_sha256, "^[0-9a-f]{64}$",
	"a SHA-256 in hexadecimal digits" };

/* Words. */

static const char *const extents[] = { "yes", "no", "partial", "unknown",
				       NULL };
static const char *const expectations[] = { "yes", "no", "any", NULL };
static const char *const lists[] = { "listed", "public", "absent", "any",
				     NULL };
static const char *const sharings[] = { "allowed", "forbidden", "unclear",
					NULL };
static const char *const confidences[] = { "high", "medium", "low", NULL };
static const char *const units[] = { "per_million_tokens", NULL };

/* pack.json */

static const struct jdec_field both_fields[] = {
	SEEN_STR("zh", true, 1, 2000),
	SEEN_STR("en", true, 1, 2000),
};
static const struct jdec_shape both = SHAPE(both_fields);

#define AT(T, m) offsetof(struct T, m)

static const struct jdec_field pack_fields[] = {
	{ "pack_id", JDEC_STRING, true, AT(manifest_pack, pack_id), 1, 64,
	  .form = &form_id },
	{ "version", JDEC_STRING, true, AT(manifest_pack, version), 1,
	  SEMVER_MAX, .form = &form_semver },
	{ "name", JDEC_OBJECT, true, AT(manifest_pack, name), 0, 0,
	  .shape = &both },
	SEEN_OBJ("description", false, &both),
	{ "min_host_version", JDEC_STRING, false,
	  AT(manifest_pack, min_host_version), 1, SEMVER_MAX,
	  .form = &form_semver },
	{ "max_host_version", JDEC_STRING, false,
	  AT(manifest_pack, max_host_version), 1, SEMVER_MAX,
	  .form = &form_semver },
	SEEN_FORM("compiled_at", false, 1, 32, &form_day),
	SEEN_MAP("sources", false, 0, 1000),
	{ "checksums", JDEC_MAP, false, AT(manifest_pack, checksums), 0, 5000,
	  .form = &form_sha256 },
};
const struct jdec_shape manifest_pack_shape = SHAPE(pack_fields);

/* providers/X.json */

static const struct jdec_field link_fields[] = {
	SEEN_FORM("url", true, 9, 500, &form_https),
	SEEN_STR("note", false, 1, 500),
};
static const struct jdec_shape link_shape = SHAPE(link_fields);

static const struct jdec_field auth_fields[] = {
	SEEN_STR("openai", false, 1, 200),
	SEEN_STR("anthropic", false, 1, 200),
};
static const struct jdec_shape auth_shape = SHAPE(auth_fields);

static const struct jdec_field terms_fields[] = {
	SEEN_NAME("shared_use", true, sharings),
	SEEN_OBJ("text", true, &both),
	SEEN_STR("source", false, 1, 500),
	SEEN_FORM("date", false, 1, 32, &form_day),
};
static const struct jdec_shape terms_shape = SHAPE(terms_fields);

static const struct jdec_field family_fields[] = {
	SEEN_NAME("chat", true, extents),
	SEEN_NAME("responses", true, extents),
	SEEN_STR("responses_note", false, 1, 1000),
	SEEN_STR("responses_extent", false, 1, 200),
	SEEN_NAME("messages", true, extents),
	SEEN_NAME("models", true, extents),
	SEEN_STR("models_extent", false, 1, 200),
	SEEN_FLAG("models_auth_required", false),
	SEEN_FLAG("models_proves_key", false),
	SEEN_STR("models_note", false, 1, 1000),
	SEEN_STR("models_request", false, 1, 500),
	SEEN_NAME("stream", false, extents),
	SEEN_NAME("tools", false, extents),
	SEEN_STR("tools_note", false, 1, 500),
	SEEN_STR("balance_request", false, 1, 500),
	SEEN_STR("usage_request", false, 1, 500),
};
static const struct jdec_shape family_shape = SHAPE(family_fields);

static const struct jdec_field model_fields[] = {
	SEEN_STR("id", true, 1, 200),
	SEEN_STR("canonical", true, 1, 200),
	SEEN_STR("family", true, 1, 64),
	SEEN_I64("context", false, 1, 100000000),
	SEEN_I64("max_output", false, 1, 100000000),
	SEEN_STR("status", true, 1, 64),
	SEEN_STRS("aliases", false, 0, 100),
	SEEN_STR("replacement", false, 1, 200),
	SEEN_STR("note", false, 1, 2000),
	SEEN_NAME("confidence", false, confidences),
	SEEN_STRS("sources", false, 0, 100),
};
static const struct jdec_shape model_shape = SHAPE(model_fields);

static const struct jdec_field deprecation_fields[] = {
	SEEN_STR("id", true, 1, 200),
	SEEN_STR("replacement", false, 1, 200),
	SEEN_STR("date", false, 1, 32),
	SEEN_STR("note", false, 1, 500),
	SEEN_NAME("confidence", false, confidences),
};
static const struct jdec_shape deprecation_shape = SHAPE(deprecation_fields);

static const struct jdec_field group_fields[] = {
	SEEN_STR("description", false, 1, 500),
	SEEN_FORM("rate_multiplier", false, 1, 20, &form_money),
};
static const struct jdec_shape group_shape = SHAPE(group_fields);

static const struct jdec_field account_fields[] = {
	SEEN_I64("concurrency", false, 0, 1000),
	SEEN_I64("priority", false, 0, 1000),
};
static const struct jdec_shape account_shape = SHAPE(account_fields);

static const struct jdec_field channel_fields[] = {
	SEEN_FLAG("restrict_models", false),
};
static const struct jdec_shape channel_shape = SHAPE(channel_fields);

static const struct jdec_field template_fields[] = {
	SEEN_OBJ("group", false, &group_shape),
	SEEN_OBJ("account", false, &account_shape),
	SEEN_OBJ("channel", false, &channel_shape),
};
static const struct jdec_shape template_shape = SHAPE(template_fields);

/* No price without its currency, its source and the day it was read. */
static const struct jdec_field price_fields[] = {
	SEEN_STR("model", true, 1, 200),
	SEEN_FORM("currency", true, 1, 16, &form_currency),
	SEEN_NAME("unit", true, units),
	SEEN_FORM("input", true, 1, 20, &form_money),
	SEEN_FORM("output", true, 1, 20, &form_money),
	SEEN_FORM("cache_read", false, 1, 20, &form_money),
	SEEN_FORM("cache_write", false, 1, 20, &form_money),
	SEEN_STR("source", true, 1, 500),
	SEEN_FORM("date", true, 1, 32, &form_day),
};
static const struct jdec_shape price_shape = SHAPE(price_fields);

static const struct jdec_field error_fields[] = {
	SEEN_I64("status", false, 100, 599),
	SEEN_STR("status_text", false, 1, 100),
	SEEN_STRS("codes", false, 0, 50),
	SEEN_STRS("types", false, 0, 50),
	SEEN_TEXTS("message_contains", false, 0, 50),
	SEEN_STR("class", true, 1, 64),
	SEEN_NAME("confidence", false, confidences),
	SEEN_STR("note", false, 1, 1000),
};
static const struct jdec_shape error_shape = SHAPE(error_fields);

static const struct jdec_field overlay_fields[] = {
	SEEN_FORM("host_version", true, 1, SEMVER_MAX, &form_semver),
	SEEN_FORM("overlay", true, 1, 64, &form_id),
	SEEN_OBJ("needed_when", true, &both),
};
static const struct jdec_shape overlay_shape = SHAPE(overlay_fields);

static const struct jdec_field conformance_fields[] = {
	SEEN_NAME("models", false, lists),
	SEEN_STRS("must_list", false, 0, 100),
	SEEN_NAME("chat", false, expectations),
	SEEN_NAME("stream", false, expectations),
	SEEN_NAME("tools", false, expectations),
	SEEN_NAME("json_mode", false, expectations),
	SEEN_NAME("reasoning", false, expectations),
	SEEN_NAME("responses", false, expectations),
	SEEN_INTS("error_key_status", false, 0, 10),
};
static const struct jdec_shape conformance_shape = SHAPE(conformance_fields);

#define P(m) AT(manifest_provider, m)

static const struct jdec_field provider_fields[] = {
	{ "provider_id", JDEC_STRING, true, P(provider_id), 1,
	  MANIFEST_PROVIDER_ID_MAX, .form = &form_id },
	{ "vendor", JDEC_STRING, true, P(vendor), 1, 64, .form = &form_id },
	SEEN_STR("kind", true, 1, 64),
	{ "plan", JDEC_STRING, true, P(plan), 1, 64 },
	{ "region", JDEC_STRING, true, P(region), 1, 64 },
	{ "status", JDEC_STRING, true, P(status), 1, 64 },
	{ "display_name", JDEC_OBJECT, true, P(display_name), 0, 0,
	  .shape = &both },
	{ "base_url", JDEC_STRING, false, P(base_url), 8, ENDPOINT_URL_MAX,
	  .form = &form_url },
	{ "base_url_required", JDEC_BOOL, false, P(base_url_required), 0, 1 },
	SEEN_STR("base_url_template", false, 1, ENDPOINT_URL_MAX),
	{ "alternate_base_urls", JDEC_STRINGS, false, P(alternate_base_urls),
	  0, 20, .form = &form_url },
	SEEN_FORM("anthropic_base_url", false, 8, ENDPOINT_URL_MAX,
		  &form_url),
	SEEN_STR("anthropic_base_url_template", false, 1, ENDPOINT_URL_MAX),
	SEEN_FORM("anthropic_messages_url", false, 8, ENDPOINT_URL_MAX,
		  &form_url),
	SEEN_STR("anthropic_messages_url_template", false, 1,
		 ENDPOINT_URL_MAX),
	{ "key_prefixes", JDEC_STRINGS, false, P(key_prefixes), 0, 10 },
	SEEN_FORM("key_url", false, 9, 500, &form_https),
	SEEN_OBJ("auth", false, &auth_shape),
	SEEN_OBJS("docs", false, 0, 50, &link_shape),
	{ "required_headers", JDEC_MAP, false, P(required_headers), 0, 10 },
	SEEN_FLAG("requires_allowlisted_client", false),
	{ "plan_terms", JDEC_OBJECT, false, P(plan_terms), 0, 0,
	  .shape = &terms_shape },
	{ "families", JDEC_OBJECT, true, P(families), 0, 0,
	  .shape = &family_shape },
	{ "models", JDEC_OBJECTS, true, P(models), 0, MANIFEST_MODELS_MAX,
	  .shape = &model_shape },
	{ "smoke_test_model", JDEC_STRING, false, P(smoke_test_model), 1,
	  200 },
	{ "smoke_test_fallback", JDEC_STRINGS, false, P(smoke_test_fallback),
	  0, 20 },
	SEEN_STR("smoke_test_note", false, 1, 1000),
	SEEN_OBJS("deprecations", false, 0, 200, &deprecation_shape),
	{ "force_disable_openai_responses_api", JDEC_BOOL, false,
	  P(force_disable_openai_responses_api), 0, 1 },
	{ "templates", JDEC_OBJECT, false, P(templates), 0, 0,
	  .shape = &template_shape },
	{ "pricing", JDEC_OBJECTS, false, P(pricing), 0, MANIFEST_MODELS_MAX,
	  .shape = &price_shape },
	SEEN_OBJS("error_shapes", false, 0, 200, &error_shape),
	{ "host_overlays", JDEC_OBJECTS, false, P(host_overlays), 0, 20,
	  .shape = &overlay_shape },
	{ "conformance", JDEC_OBJECT, false, P(conformance), 0, 0,
	  .shape = &conformance_shape },
	SEEN_TEXTS("quirks", false, 0, 100),
	SEEN_TEXTS("unknown", false, 0, 100),
	SEEN_STR("note", false, 1, 2000),
	SEEN_NAME("confidence", false, confidences),
	SEEN_STRS("sources", false, 0, 100),
};
const struct jdec_shape manifest_provider_shape = SHAPE(provider_fields);

/* What no table says. */

bool manifest_pack_read(const json_t *document, struct manifest_pack *ret,
			struct jdec_problems *problems)
{
	size_t before = problems->count;

	*ret = (struct manifest_pack){ 0 };
	if (!jdec(document, "", pack_fields, COUNT(pack_fields), ret,
		  problems))
		return false;
	if (ret->min_host_version && ret->max_host_version &&
	    semver_compare(ret->min_host_version, ret->max_host_version) > 0)
		jdec_problem(problems, "", "max_host_version",
			     "comes before min_host_version");
	return problems->count == before;
}

static const char *text_of(const json_t *object, const char *member)
{
	return json_string_value(json_object_get(object, member));
}

/* The model of this id; NULL if there is none. */
static const json_t *find_model(const json_t *models, const char *id,
				size_t before)
{
	for (size_t i = 0; i < before; i++) {
		const json_t *model = json_array_get(models, i);

		if (strcmp(text_of(model, "id"), id) == 0)
			return model;
	}
	return NULL;
}

/* Every name leads to one model. */
static void check_names(const json_t *models, struct jdec_problems *problems)
{
	json_auto_t *owners = json_object();
	size_t i, k;
	const json_t *model, *alias;

	json_array_foreach(models, i, model) {
		char field[64];

		snprintf(field, sizeof(field), "models[%zu].id", i);
		if (find_model(models, text_of(model, "id"), i))
			jdec_problem(problems, "", field,
				     "stands there twice");
		json_array_foreach(json_object_get(model, "aliases"), k, alias) {
			const char *name = json_string_value(alias);
			const char *of = text_of(model, "canonical");
			const char *other = text_of(owners, name);

			snprintf(field, sizeof(field),
				 "models[%zu].aliases[%zu]", i, k);
			if (other && strcmp(other, of) != 0)
				jdec_problem(problems, "", field, "is an alias "
					     "of %.60s, too", other);
			json_object_set_new(owners, name, json_string(of));
		}
	}
}

static void check_prices(const struct manifest_provider *p,
			 struct jdec_problems *problems)
{
	size_t i;
	const json_t *price;

	json_array_foreach(p->pricing, i, price) {
		char field[48];

		snprintf(field, sizeof(field), "pricing[%zu].model", i);
		if (!find_model(p->models, text_of(price, "model"),
				json_array_size(p->models)))
			jdec_problem(problems, "", field, "is none of the "
				     "models");
		for (size_t k = 0; k < i; k++)
			if (strcmp(text_of(json_array_get(p->pricing, k),
					   "model"),
				   text_of(price, "model")) == 0)
				jdec_problem(problems, "", field,
					     "has a price already");
	}
}

static void check_headers(const json_t *headers,
			  struct jdec_problems *problems)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)headers, name, value) {
		const char *text = json_string_value(value);

		if (strcspn(name, "\r\n:") != strlen(name) || *name == '\0' ||
		    strcspn(text, "\r\n") != strlen(text))
			jdec_problem(problems, "", "required_headers",
				     "are no header lines");
		else if (strcasecmp(name, "Authorization") == 0 ||
			 strcasecmp(name, "x-api-key") == 0)
			jdec_problem(problems, "", "required_headers",
				     "must not hold a key: %.40s", name);
	}
}

bool manifest_provider_read(const json_t *document,
			    struct manifest_provider *ret,
			    struct jdec_problems *problems)
{
	size_t before = problems->count;

	*ret = (struct manifest_provider){ 0 };
	if (!jdec(document, "", provider_fields, COUNT(provider_fields), ret,
		  problems))
		return false;
	if (!ret->base_url && !ret->base_url_required)
		jdec_problem(problems, "", "base_url", "is missing: without "
			     "one, base_url_required must be true");
	check_names(ret->models, problems);
	check_prices(ret, problems);
	check_headers(ret->required_headers, problems);
	return problems->count == before;
}

bool manifest_forbids_sharing(const struct manifest_provider *provider)
{
	const char *use = text_of(provider->plan_terms, "shared_use");

	return use && strcmp(use, "forbidden") == 0;
}
