/*
 * ledger: who made what on the simulated host.
 *
 * Looks at the host before and after each request that may change it, whoever
 * sends it.  What CRM changes or deletes and others made is a fault, unless
 * an operator had it taken over: then it is to be as it was when that ends.
 */
#ifndef TESTS_SIM_LEDGER_H
#define TESTS_SIM_LEDGER_H

#include "tests/model/host_digest.h"
#include "tests/model/model.h"

#define LEDGER_IDS_MAX 1024	/* of each kind, ever */

enum ledger_maker { LEDGER_UNKNOWN, LEDGER_THEIRS, LEDGER_OURS };

struct ledger_row {
	enum ledger_maker maker;
	bool exists;
	bool lent;		/* theirs, and CRM may change it for a while */
	bool touched;		/* ours, and others changed or deleted it */
	uint64_t hash;
	uint64_t prior;		/* of what is lent: as it is to be again */
	int64_t made_at, lent_at;
	int64_t changed_at;	/* by CRM, last */
	bool forgotten;		/* that it was changed, by CRM */
};

struct ledger {
	struct ledger_row rows[HOST_KIND__MAX][LEDGER_IDS_MAX];
	int64_t now;
	char fault[200];	/* "": none */
};

/* What is there is theirs. */
void ledger_begin(struct ledger *ledger, const struct host_model *model);

/* Around a request; `ours`: CRM sends it. */
void ledger_before(struct ledger *ledger, const struct host_model *model,
		   const struct model_request *request);
void ledger_after(struct ledger *ledger, const struct host_model *model,
		  const struct model_request *request, bool ours);

/* CRM may change it, from now on. */
void ledger_lend(struct ledger *ledger, enum host_kind kind, int64_t id);

/* What CRM changed from then on it does not know any more. */
void ledger_forget(struct ledger *ledger, int64_t from);

/*
 * Walk over what exists: *kind and *id begin at 0, and name the row that is
 * returned; NULL at the end.
 */
const struct ledger_row *ledger_next(const struct ledger *ledger,
				     enum host_kind *kind, int64_t *id);

#endif
