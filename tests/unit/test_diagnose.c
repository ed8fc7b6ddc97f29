/* From symptoms to a cause: the rules, and the order in which they hold. */
#include "schedd/diagnose.h"
#include "tests/unit/fixture.h"

struct row {
	const char *name;
	struct symptoms symptoms;
	enum hop hop;
	enum failure class;
	enum next_action next;
};

#define SEEN(...) { .may_mend = true, __VA_ARGS__ }
#define ASKED .provider_asked = true
#define OURS .account_ours = true

static const struct row rows[] = {
	{ "the host does not answer",
	  SEEN(.gateway = FAILURE_REFUSED),
	  HOP_HOST, FAILURE_REFUSED, NEXT_RETRY },
	{ "the host waits for a provider that hangs",
	  SEEN(.gateway = FAILURE_DEAD_END, ASKED,
	       .provider = FAILURE_DEAD_END),
	  HOP_PROVIDER, FAILURE_DEAD_END, NEXT_RETRY },
	{ "the host hangs by itself",
	  SEEN(.gateway = FAILURE_DEAD_END, ASKED),
	  HOP_HOST, FAILURE_DEAD_END, NEXT_RETRY },
	{ "the host wants its statement accepted",
	  SEEN(.gateway = FAILURE_COMPLIANCE_REQUIRED),
	  HOP_HOST, FAILURE_COMPLIANCE_REQUIRED, NEXT_RETRY },
	{ "the user's key has no subscription",
	  SEEN(.gateway = FAILURE_SUBSCRIPTION_MISSING,
	       .gateway_status = 403),
	  HOP_KEY, FAILURE_SUBSCRIPTION_MISSING, NEXT_OPERATOR },
	{ "the key goes before what the account shows",
	  SEEN(.gateway = FAILURE_KEY_REFUSED, .gateway_status = 401,
	       .account = FAILURE_ACCOUNT_OFF),
	  HOP_KEY, FAILURE_KEY_REFUSED, NEXT_OPERATOR },
	{ "somebody switched the account off",
	  SEEN(.gateway = FAILURE_NO_ACCOUNT, .gateway_status = 503,
	       ASKED, .account = FAILURE_ACCOUNT_OFF),
	  HOP_ACCOUNT, FAILURE_ACCOUNT_OFF, NEXT_OPERATOR },
	{ "it is off, whatever the provider says",
	  SEEN(.gateway = FAILURE_NO_ACCOUNT, ASKED,
	       .provider = FAILURE_KEY_INVALID,
	       .account = FAILURE_ACCOUNT_OFF),
	  HOP_ACCOUNT, FAILURE_ACCOUNT_OFF, NEXT_OPERATOR },
	{ "the provider refuses the key from us, too",
	  SEEN(.gateway = FAILURE_UPSTREAM_AUTH, .gateway_status = 502,
	       ASKED, .provider = FAILURE_KEY_INVALID,
	       .account = FAILURE_ACCOUNT_ERROR, OURS),
	  HOP_PROVIDER, FAILURE_KEY_INVALID, NEXT_OPERATOR },
	{ "the provider has too much to do",
	  SEEN(.gateway = FAILURE_RATE_LIMITED, .gateway_status = 429,
	       ASKED, .provider = FAILURE_RATE_LIMITED),
	  HOP_PROVIDER, FAILURE_RATE_LIMITED, NEXT_RETRY },
	{ "chat is sent to /responses",
	  SEEN(.gateway = FAILURE_UPSTREAM_FORBIDDEN, .gateway_status = 502,
	       ASKED, .account = FAILURE_RESPONSES_FORCED, OURS),
	  HOP_ACCOUNT, FAILURE_RESPONSES_FORCED, NEXT_REPAIR },
	{ "the same, undone too often",
	  { .gateway = FAILURE_UPSTREAM_FORBIDDEN, .gateway_status = 502,
	    ASKED, .account = FAILURE_RESPONSES_FORCED, OURS },
	  HOP_ACCOUNT, FAILURE_RESPONSES_FORCED, NEXT_GAVE_UP },
	{ "benched, and the provider is fine",
	  SEEN(.gateway = FAILURE_NO_ACCOUNT, .gateway_status = 503, ASKED,
	       .account = FAILURE_ACCOUNT_BENCHED, OURS),
	  HOP_ACCOUNT, FAILURE_ACCOUNT_BENCHED, NEXT_REPAIR },
	{ "a wall before us is no word of the provider",
	  SEEN(.gateway = FAILURE_NO_ACCOUNT, .gateway_status = 503, ASKED,
	       .provider = FAILURE_REGION_FORBIDDEN,
	       .account = FAILURE_ACCOUNT_BENCHED, OURS),
	  HOP_ACCOUNT, FAILURE_ACCOUNT_BENCHED, NEXT_REPAIR },
	{ "the host's account has another key than ours",
	  SEEN(.gateway = FAILURE_UPSTREAM_AUTH, .gateway_status = 502,
	       ASKED, .upstream_status = 401),
	  HOP_ACCOUNT, FAILURE_KEY_REPLACED, NEXT_OPERATOR },
	{ "neither we nor the host get through",
	  SEEN(.gateway = FAILURE_UPSTREAM_FAILED, .gateway_status = 502,
	       ASKED, .provider = FAILURE_DNS),
	  HOP_PROVIDER, FAILURE_DNS, NEXT_RETRY },
	{ "a channel stands in the way",
	  SEEN(.gateway = FAILURE_NO_ACCOUNT, .gateway_status = 503, ASKED,
	       .restricted = true),
	  HOP_GATEWAY, FAILURE_CHANNEL_RESTRICTS, NEXT_OPERATOR },
	{ "the host alone is refused",
	  SEEN(.gateway = FAILURE_UPSTREAM_FORBIDDEN, .gateway_status = 502,
	       ASKED),
	  HOP_PROVIDER, FAILURE_UPSTREAM_FORBIDDEN, NEXT_OPERATOR },
	{ "it passes by itself",
	  SEEN(.gateway = FAILURE_TRANSIENT, .gateway_status = 502, ASKED),
	  HOP_GATEWAY, FAILURE_TRANSIENT, NEXT_RETRY },
	{ "nobody knows: a person has to look",
	  SEEN(.gateway = FAILURE_INSPECT_BODY, .gateway_status = 200, ASKED),
	  HOP_GATEWAY, FAILURE_INSPECT_BODY, NEXT_OPERATOR },
};

static void test_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct cause cause = diagnose(&rows[i].symptoms);

		if (cause.hop == rows[i].hop && cause.class == rows[i].class &&
		    cause.next == rows[i].next)
			continue;
		fail_msg("%s: got %s %s %s", rows[i].name,
			 hop_name(cause.hop), failure_name(cause.class),
			 next_action_name(cause.next));
	}
}

/* Whatever is seen, there is a cause, and it is a failure. */
static void test_total(void **state)
{
	(void)state;
	for (int gateway = 1; gateway < FAILURE__MAX; gateway++)
		for (int provider = 0; provider < FAILURE__MAX; provider++)
			for (int bits = 0; bits < 8; bits++) {
				const struct symptoms symptoms = {
					.gateway = (enum failure)gateway,
					.provider = (enum failure)provider,
					.provider_asked = bits & 1,
					.may_mend = bits & 2,
					.account_ours = bits & 4,
				};
				struct cause cause = diagnose(&symptoms);

				assert_int_not_equal(cause.class,
						     FAILURE_NONE);
				assert_int_not_equal(cause.hop, HOP_NONE);
				assert_int_not_equal(cause.next, NEXT_NONE);
			}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_total),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
