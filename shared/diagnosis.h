/*
 * diagnosis: which hop of a call failed, why, and what comes next.
 *
 * The same small request is tried at three hops: at the provider directly,
 * at the host's account, through the gateway with a user's key.  What each of
 * them showed is kept beside the conclusion, so that whoever reads it can
 * judge for himself.  Stored as JSON with the item, the access and the check;
 * pure.
 */
#ifndef SHARED_DIAGNOSIS_H
#define SHARED_DIAGNOSIS_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "shared/failure.h"
#include "shared/jout.h"
#include "shared/table.h"

enum hop {
	HOP_NONE,		/* not known */
	HOP_PROVIDER,		/* the provider refuses what we send it directly */
	HOP_ACCOUNT,		/* the host's account: its state or settings */
	HOP_GATEWAY,		/* the host's way from the key to the account */
	HOP_KEY,		/* the user's key, its owner or its group */
	HOP_HOST,		/* the host as a whole does not answer */
	HOP__MAX
};

/* What happens next, and who has to do it. */
enum next_action {
	NEXT_NONE,
	NEXT_REPAIR,		/* CRM mends it and proves again */
	NEXT_RETRY,		/* CRM asks again at next_at */
	NEXT_OPERATOR,		/* a person has to do something */
	NEXT_GAVE_UP,		/* mended too often: somebody undoes it */
	NEXT_ACTION__MAX
};

TABLE_ENUM_DECLARE(hop);
TABLE_ENUM_DECLARE(next_action);

#define EVIDENCE_TEXT_MAX 240

/* What one hop showed.  Redacted; zeroed: it was not asked. */
struct evidence {
	int64_t at;			/* 0: not asked */
	int status;			/* 0: no answer */
	enum failure class;		/* FAILURE_NONE: it was fine */
	char text[EVIDENCE_TEXT_MAX];	/* the peer's own words */
};

struct diagnosis {
	enum hop hop;
	enum failure class;
	int64_t at;
	struct evidence provider;	/* asked directly by CRM */
	struct evidence account;	/* how the host shows and tests it */
	struct evidence gateway;	/* what the user's key got */
	struct evidence upstream;	/* the provider's answer in the host's log */
	char account_id[24];		/* on the host; "" */
	enum next_action next;
	int64_t next_at;		/* 0: not planned */
	char repair[48];		/* what was, or will be mended; "" */
};

/*
 * host_compatibility_gap, upstream_key_quota_issue, or NULL where neither
 * says anything true: the two words of the predecessor.
 */
const char *diagnosis_coarse(const struct diagnosis *diagnosis);

void diagnosis_write(struct jout *out, const char *name,
		     const struct diagnosis *diagnosis);
/* A member of this JSON, or NULL: a zeroed diagnosis. */
void diagnosis_read(const json_t *object, struct diagnosis *ret);

/* The same from and to the text of a column; NULL text: zeroed. */
char *diagnosis_text(const struct diagnosis *diagnosis) GIVES_MEMORY;
void diagnosis_parse(const char *text, struct diagnosis *ret);

/*
 * One sentence for people, "zh" or "en": which hop, why, and what comes
 * next.  The caller frees it.
 */
char *diagnosis_sentence(const struct diagnosis *diagnosis, const char *lang,
			 int64_t now) GIVES_MEMORY;

#endif
