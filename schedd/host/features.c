#include "schedd/host/features.h"

#include <stdint.h>

#include "shared/table.h"

/* Versions as numbers that compare: 0.1.129 is 1000129. */
#define AT(major, minor, patch) \
	((int64_t)(major) * 1000000000000 + (int64_t)(minor) * 1000000 + (patch))

#define MODE_SINCE AT(0, 1, 127)

struct feature {
	const char *name;
	size_t offset;
	int64_t since;
};

#define FEATURE(member, since) \
	{ #member, offsetof(struct host_features, member), since }

static const struct feature features_table[] = {
	FEATURE(responses_mode,    MODE_SINCE),
	FEATURE(redacts,           MODE_SINCE),
	FEATURE(version_segments,  MODE_SINCE),
	FEATURE(models_sync,       MODE_SINCE),
	FEATURE(test_by_chat,      AT(0, 1, 130)),
	FEATURE(errors_unschedule, AT(0, 1, 130)),
	FEATURE(compliance_gate,   AT(0, 1, 136)),
	FEATURE(model_not_found,   AT(0, 1, 139)),
	FEATURE(messages_by_chat,  AT(0, 1, 147)),
	FEATURE(step_up,           AT(0, 1, 157)),
	FEATURE(bad_key_limit,     AT(0, 1, 161)),
	FEATURE(user_call_limit,   AT(0, 1, 166)),
	FEATURE(cn_platforms,      AT(0, 1, 178)),
};

static bool *member(struct host_features *features, size_t i)
{
	return (bool *)((char *)features + features_table[i].offset);
}

/* "0.1.129", "v0.1.129", "0.1.129-rc1"; -1 for anything else. */
static int64_t parse_version(const char *text)
{
	int64_t part[3] = { 0 };

	if (*text == 'v')
		text++;
	for (size_t i = 0; i < COUNT(part); i++) {
		size_t digits = strspn(text, "0123456789");

		if (digits == 0 || digits > 5)
			return -1;
		for (size_t k = 0; k < digits; k++)
			part[i] = part[i] * 10 + (text[k] - '0');
		text += digits;
		if (i < 2 && *text++ != '.')
			return -1;
	}
	return AT(part[0], part[1], part[2]);
}

struct host_features host_features_of(const char *version)
{
	struct host_features features = { 0 };
	int64_t number = parse_version(version ? version : "");

	/* A build without a version calls itself 0.0.0-dev. */
	features.known = number > 0;
	snprintf(features.version, sizeof(features.version), "%s",
		 version ? version : "");
	for (size_t i = 0; i < COUNT(features_table); i++)
		*member(&features, i) = number >= features_table[i].since;
	return features;
}

void host_features_seen_account(struct host_features *features,
				const json_t *account)
{
	const json_t *status = json_object_get(account, "credentials_status");
	const char *key = json_string_value(json_object_get(
		json_object_get(account, "credentials"), "api_key"));

	if (!json_is_object(status) && !(key && *key))
		return;
	for (size_t i = 0; i < COUNT(features_table); i++) {
		if (json_is_object(status)) {
			if (features_table[i].since <= MODE_SINCE)
				*member(features, i) = true;
		} else if (features_table[i].since == MODE_SINCE) {
			*member(features, i) = false;
		}
	}
}

void host_features_write(struct jout *out,
			 const struct host_features *features)
{
	struct host_features copy = *features;

	for (size_t i = 0; i < COUNT(features_table); i++)
		jout_bool(out, features_table[i].name, *member(&copy, i));
}

struct host_features host_features_read(const json_t *capabilities)
{
	const json_t *known = json_object_get(capabilities, "features");
	struct host_features features = host_features_of(
		json_string_value(json_object_get(capabilities, "version")));

	for (size_t i = 0; i < COUNT(features_table); i++) {
		const json_t *value = json_object_get(known,
						      features_table[i].name);

		if (json_is_boolean(value))
			*member(&features, i) = json_is_true(value);
	}
	return features;
}
