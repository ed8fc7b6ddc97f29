/*
 * What becomes of a key whose account may be there: one test for each row of
 * the table, and what stands above what.
 */
#include "tests/unit/recorded.h"

#include <string.h>

#include "schedd/reuse.h"
#include "shared/table.h"

#define OURS REUSE(OURS)

/* The facts lead to this row, and the row says this. */
static void leads(unsigned facts, const char *name, enum account_match match,
		  enum account_resolution resolution, enum reuse_next next)
{
	const struct reuse_rule *rule = reuse_decide(facts);

	assert_string_equal(rule->name, name);
	assert_int_equal(rule->match, match);
	assert_int_equal(rule->resolution, resolution);
	assert_int_equal(rule->next, next);
}

static void an_account_that_the_host_lost_is_replaced(void **state)
{
	(void)state;
	leads(OURS | REUSE(LOST), "lost", MATCH_BROKEN, RESOLUTION_REPLACED,
	      REUSE_MAKE);
	/* Whoever had paused it: it is not there any more. */
	leads(OURS | REUSE(LOST) | REUSE(PAUSED), "lost", MATCH_BROKEN,
	      RESOLUTION_REPLACED, REUSE_MAKE);
}

static void an_account_of_another_kind_is_let_go(void **state)
{
	(void)state;
	leads(OURS | REUSE(OTHER_KIND) | REUSE(OFF), "other_kind",
	      MATCH_BROKEN, RESOLUTION_REPLACED, REUSE_REPLACE);
	assert_string_equal(reuse_decide(OURS | REUSE(OTHER_KIND))->warning,
			    "account_let_go");
}

static void an_account_with_another_key_is_let_go(void **state)
{
	(void)state;
	leads(OURS | REUSE(OTHER_KEY) | REUSE(LACKS_MODELS), "other_key",
	      MATCH_BROKEN, RESOLUTION_REPLACED, REUSE_REPLACE);
	assert_string_equal(reuse_decide(OURS | REUSE(OTHER_KEY))->warning,
			    "account_let_go");
}

static void an_account_that_crm_paused_is_reactivated(void **state)
{
	(void)state;
	leads(OURS | REUSE(PAUSED), "paused", MATCH_DISABLED,
	      RESOLUTION_REACTIVATED, REUSE_REVIVE);
	leads(OURS | REUSE(PAUSED) | REUSE(OFF) | REUSE(ERROR), "paused",
	      MATCH_DISABLED, RESOLUTION_REACTIVATED, REUSE_REVIVE);
}

static void an_expired_account_is_reactivated(void **state)
{
	(void)state;
	leads(OURS | REUSE(EXPIRED), "expired", MATCH_DEPRECATED,
	      RESOLUTION_REACTIVATED, REUSE_REVIVE);
	/* The host's own job switches it off for that. */
	leads(OURS | REUSE(EXPIRED) | REUSE(OFF), "expired",
	      MATCH_DEPRECATED, RESOLUTION_REACTIVATED, REUSE_REVIVE);
}

static void an_account_that_somebody_switched_off_is_reactivated(void **state)
{
	(void)state;
	leads(OURS | REUSE(OFF), "off", MATCH_DISABLED,
	      RESOLUTION_REACTIVATED, REUSE_REVIVE);
	leads(OURS | REUSE(OFF) | REUSE(LACKS_MODELS) | REUSE(UNGROUPED),
	      "off", MATCH_DISABLED, RESOLUTION_REACTIVATED, REUSE_REVIVE);
}

static void an_account_outside_its_group_is_reactivated(void **state)
{
	(void)state;
	leads(OURS | REUSE(UNGROUPED), "ungrouped", MATCH_DEPRECATED,
	      RESOLUTION_REACTIVATED, REUSE_REVIVE);
}

static void an_account_in_error_is_reactivated(void **state)
{
	(void)state;
	leads(OURS | REUSE(ERROR), "error", MATCH_BROKEN,
	      RESOLUTION_REACTIVATED, REUSE_REVIVE);
}

static void an_account_with_another_address_is_put_right(void **state)
{
	(void)state;
	leads(OURS | REUSE(OTHER_BASE), "other_base", MATCH_BROKEN,
	      RESOLUTION_REACTIVATED, REUSE_REVIVE);
}

static void a_benched_account_is_reactivated(void **state)
{
	(void)state;
	leads(OURS | REUSE(BENCHED), "benched", MATCH_BROKEN,
	      RESOLUTION_REACTIVATED, REUSE_REVIVE);
}

static void a_limit_of_seconds_is_waited_out(void **state)
{
	(void)state;
	leads(OURS | REUSE(LIMITED), "limited", MATCH_ACTIVE,
	      RESOLUTION_REUSED, REUSE_REVIVE);
}

static void what_drifted_is_patched(void **state)
{
	(void)state;
	leads(OURS | REUSE(DRIFTED) | REUSE(LACKS_MODELS), "drifted",
	      MATCH_ACTIVE, RESOLUTION_REUSED, REUSE_REVIVE);
	assert_string_equal(reuse_decide(OURS | REUSE(DRIFTED))->event,
			    "patch_only");
}

static void missing_models_are_added(void **state)
{
	(void)state;
	leads(OURS | REUSE(LACKS_MODELS), "lacks_models", MATCH_ACTIVE,
	      RESOLUTION_REUSED, REUSE_WIDEN);
	assert_string_equal(reuse_decide(OURS | REUSE(LACKS_MODELS))->event,
			    "patch_only");
}

/* What a person mapped elsewhere a person confirms. */
static void a_name_that_leads_elsewhere_is_told(void **state)
{
	(void)state;
	leads(OURS | REUSE(RETARGETED), "retargeted", MATCH_ACTIVE,
	      RESOLUTION_REUSED, REUSE_PROVE);
	assert_string_equal(reuse_decide(OURS | REUSE(RETARGETED))->warning,
			    "mapping_changed");
}

static void an_account_that_is_well_is_reused(void **state)
{
	(void)state;
	leads(OURS, "well", MATCH_ACTIVE, RESOLUTION_REUSED, REUSE_PROVE);
	/* Ours goes before somebody's that the item names or the host has. */
	leads(OURS | REUSE(WANTS_ADOPTION) | REUSE(FOREIGN), "well",
	      MATCH_ACTIVE, RESOLUTION_REUSED, REUSE_PROVE);
	assert_string_equal(reuse_decide(OURS)->event, "reused");
}

static void an_account_that_is_named_is_adopted(void **state)
{
	(void)state;
	leads(REUSE(WANTS_ADOPTION) | REUSE(FOREIGN), "adopt", MATCH_ACTIVE,
	      RESOLUTION_REUSED, REUSE_ADOPT);
}

static void accounts_of_others_are_told_and_left(void **state)
{
	(void)state;
	leads(REUSE(FOREIGN), "foreign", MATCH_NONE, RESOLUTION_CREATED,
	      REUSE_MAKE);
	assert_string_equal(reuse_decide(REUSE(FOREIGN))->warning,
			    "foreign_account");
}

static void a_new_key_gets_a_new_account(void **state)
{
	(void)state;
	leads(0, "none", MATCH_NONE, RESOLUTION_CREATED, REUSE_MAKE);
}

/* ---- the table as such ---- */

static void every_row_can_be_reached(void **state)
{
	size_t count;
	const struct reuse_rule *rules = reuse_rules(&count);

	(void)state;
	for (size_t i = 0; i < count; i++)
		assert_ptr_equal(reuse_decide(rules[i].facts), &rules[i]);
	assert_int_equal(rules[count - 1].facts, 0);
}

static void every_fact_has_a_row_and_a_name(void **state)
{
	size_t count;
	const struct reuse_rule *rules = reuse_rules(&count);
	unsigned met = 0;

	(void)state;
	for (size_t i = 0; i < count; i++)
		met |= rules[i].facts;
	assert_int_equal(met, (1u << REUSE_FACT__MAX) - 1);
	for (int i = 0; i < REUSE_FACT__MAX; i++)
		for (int j = 0; j < i; j++)
			assert_string_not_equal(reuse_fact_name(i),
						reuse_fact_name(j));
}

/* Of all that can be known at once something is always decided. */
static void no_account_of_ours_is_taken_for_none(void **state)
{
	(void)state;
	for (unsigned facts = 0; facts < 1u << REUSE_FACT__MAX; facts++) {
		const struct reuse_rule *rule = reuse_decide(facts);

		assert_int_equal(rule->facts & facts, rule->facts);
		if (facts & OURS)
			assert_true(rule->resolution != RESOLUTION_CREATED);
		else
			assert_true(rule->match != MATCH_DISABLED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_account_that_the_host_lost_is_replaced),
		cmocka_unit_test(an_account_of_another_kind_is_let_go),
		cmocka_unit_test(an_account_with_another_key_is_let_go),
		cmocka_unit_test(an_account_that_crm_paused_is_reactivated),
		cmocka_unit_test(an_expired_account_is_reactivated),
		cmocka_unit_test(
			an_account_that_somebody_switched_off_is_reactivated),
		cmocka_unit_test(an_account_outside_its_group_is_reactivated),
		cmocka_unit_test(an_account_in_error_is_reactivated),
		cmocka_unit_test(an_account_with_another_address_is_put_right),
		cmocka_unit_test(a_benched_account_is_reactivated),
		cmocka_unit_test(a_limit_of_seconds_is_waited_out),
		cmocka_unit_test(what_drifted_is_patched),
		cmocka_unit_test(missing_models_are_added),
		cmocka_unit_test(a_name_that_leads_elsewhere_is_told),
		cmocka_unit_test(an_account_that_is_well_is_reused),
		cmocka_unit_test(an_account_that_is_named_is_adopted),
		cmocka_unit_test(accounts_of_others_are_told_and_left),
		cmocka_unit_test(a_new_key_gets_a_new_account),
		cmocka_unit_test(every_row_can_be_reached),
		cmocka_unit_test(every_fact_has_a_row_and_a_name),
		cmocka_unit_test(no_account_of_ours_is_taken_for_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
