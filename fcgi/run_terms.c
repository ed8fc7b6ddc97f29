#include "fcgi/run_terms.h"

#include <ctype.h>
#include <string.h>

#define USERS_MAX 16
#define SELECTOR_MAX 32
#define DAYS 30
#define DAYS_MAX 36500
#define CANARY_MAX 1000
#define CANARY_STOP_AFTER 3	/* at most, unless it is said */
#define API_KEY_MIN 8
#define API_KEY_MAX 4096

#define MODE_UNKNOWN -1		/* given, and wrong */

static const struct jdec_field terms_fields[] = {
	JDEC_STR(struct run_terms, host_id, true, 1, HTTP_ID_MAX),
	JDEC_NAME(struct run_terms, access_mode, false, access_mode_names),
	JDEC_STRS(struct run_terms, subscription_users, false, 1, USERS_MAX),
	JDEC_I64(struct run_terms, subscription_days, false, 1, DAYS_MAX),
	JDEC_STR(struct run_terms, probe_api_key, false, API_KEY_MIN,
		 API_KEY_MAX),
	JDEC_STR(struct run_terms, access_api_key, false, API_KEY_MIN,
		 API_KEY_MAX),
	JDEC_FLAG(struct run_terms, rebind, false),
	JDEC_FLAG(struct run_terms, strict, false),
	JDEC_FLAG(struct run_terms, ignore_packs, false),
	JDEC_OBJ(struct run_terms, canary, false),
};

static const struct jdec_field canary_fields[] = {
	JDEC_I64(struct run_canary, items, true, 1, CANARY_MAX),
	JDEC_I64(struct run_canary, stop_after, false, 1, CANARY_MAX),
};

static bool is_selector(const char *text)
{
	size_t len = 0;

	for (; text[len] != '\0'; len++)
		if (!islower((unsigned char)text[len]) &&
		    !isdigit((unsigned char)text[len]) &&
		    !strchr("._-", text[len]))
			return false;
	return len > 0 && len <= SELECTOR_MAX;
}

static void check_users(const json_t *users, struct jdec_problems *problems)
{
	size_t n = json_array_size(users);

	for (size_t i = 0; i < n; i++) {
		const char *one = json_string_value(json_array_get(users, i));
		char field[48];

		snprintf(field, sizeof(field), "subscription_users[%zu]", i);
		if (!is_selector(one))
			jdec_problem(problems, "", field, "must be 1 to %d of "
				     "a-z, 0-9, '.', '_', '-'", SELECTOR_MAX);
		for (size_t k = 0; k < i; k++)
			if (strcmp(one, json_string_value(
					json_array_get(users, k))) == 0)
				jdec_problem(problems, "", field,
					     "is there twice");
	}
}

static bool is_given(const json_t *body, const char *name)
{
	const json_t *value = json_object_get(body, name);

	return value && !json_is_null(value);
}

static void check_key(const char *field, const char *key,
		      struct jdec_problems *problems)
{
	for (; key && *key != '\0'; key++) {
		if (*key > 32 && *key < 127)
			continue;
		jdec_problem(problems, "", field,
			     "must be visible ASCII without blanks");
		return;
	}
}

/*
 * Members that mean nothing in this way of access are refused: whoever sent
 * them expects something that would not happen.
 */
static void check_mode(const json_t *body, int mode,
		       struct jdec_problems *problems)
{
	bool probe = is_given(body, "probe_api_key");
	bool access = is_given(body, "access_api_key");

	if (probe && access)
		jdec_problem(problems, "", "access_api_key", "does not go "
			     "with probe_api_key: give one of them");
	if (probe && mode == ACCESS_SUBSCRIPTION)
		jdec_problem(problems, "", "probe_api_key",
			     "goes with access_mode self_service only");
	if (json_is_true(json_object_get(body, "rebind")) && !probe && !access)
		jdec_problem(problems, "", "rebind", "goes with probe_api_key "
			     "or access_api_key only");
	if (is_given(body, "subscription_users") &&
	    (mode == ACCESS_SELF_SERVICE || access))
		jdec_problem(problems, "", "subscription_users", "goes with "
			     "access_mode subscription only, and not with "
			     "access_api_key, whose owner gets access");
}

/* Which key of somebody real this run is proven with. */
static void check_given(const json_t *body, struct run_terms *terms,
			struct jdec_problems *problems)
{
	check_key("probe_api_key", terms->probe_api_key, problems);
	check_key("access_api_key", terms->access_api_key, problems);
	if (terms->access_mode == MODE_UNKNOWN &&
	    !is_given(body, "access_mode"))
		terms->access_mode = ACCESS_SUBSCRIPTION;
	check_mode(body, terms->access_mode, problems);
	terms->given = terms->probe_api_key ? GIVEN_KEY_PROBE
		: terms->access_api_key ? GIVEN_KEY_ACCESS
		: GIVEN_KEY_NONE;
}

static void check_canary(struct run_terms *terms, struct jdec_problems *problems)
{
	struct run_canary canary = { 0 };

	if (!terms->canary ||
	    !jdec(terms->canary, "canary.", canary_fields,
		  COUNT(canary_fields), &canary, problems))
		return;
	/* Two of two that fail alike say as much as three of many. */
	if (!canary.stop_after)
		canary.stop_after = canary.items < CANARY_STOP_AFTER
			? canary.items : CANARY_STOP_AFTER;
	terms->first = canary;
}

void run_terms_read(const json_t *body, struct run_terms *ret,
		    struct jdec_problems *problems)
{
	struct run_terms terms = {
		.subscription_days = DAYS,
		.access_mode = MODE_UNKNOWN,
	};

	if (jdec(body, "", terms_fields, COUNT(terms_fields), &terms,
		 problems) || json_is_object(body)) {
		check_users(terms.subscription_users, problems);
		check_given(body, &terms, problems);
		check_canary(&terms, problems);
	}
	*ret = terms;
}
