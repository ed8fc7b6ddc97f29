/*
 * account_test: the host's own test of an account.
 *
 * What it means depends on the version.  Before 0.1.130 it goes by
 * /responses only: of an account that relays chat as it is it says nothing,
 * and where the host knows that, it answers with an error and asks nobody.
 * From 0.1.130 on such an account is tested by chat completions.  Always 200,
 * with the events in the body; a 401 of the provider puts the account into
 * error, so ask the provider first.
 */
#ifndef SCHEDD_HOST_ACCOUNT_TEST_H
#define SCHEDD_HOST_ACCOUNT_TEST_H

#include "schedd/host/answer.h"
#include "schedd/host/peer.h"

/* Without a model a host would ask for one of its own. */
void host_ask_account_test(struct request *request,
			   const struct host_peer *peer, int64_t account_id,
			   const char *model);

/* Release with host_account_test_done(). */
struct host_account_test {
	bool asked;		/* the host did ask the provider */
	bool by_chat;		/* by chat completions, as users do */
	bool means;		/* it says something of chats */
	bool ok;
	bool advisory;		/* it failed, and that is no more than advice */
	int status;		/* the provider's, 0 if not said */
	enum failure class;	/* of what went wrong */
	char *words;		/* redacted; or NULL */
};

void host_account_test_done(struct host_account_test *test);

/*
 * FAILURE_NONE if a result came, good or bad; FAILURE_GONE without the
 * account; FAILURE_RESET if the events end before the result.  `relays`: the
 * account sends chats as they are, see host_account_converts().
 */
enum failure host_judge_account_test(const struct answer *answer, bool relays,
				     struct host_account_test *ret);

#endif
