/*
 * explain: what state something is in, since when, why, what proves it, and
 * what comes next: in plain words, from what is stored and nothing else.
 *
 * The reader was woken up.  The first line says what is wrong, or that all is
 * well; then why, with the peer's own words; then the evidence, what CRM did
 * about it, what comes next and when, and what he can do.
 */
#ifndef SHARED_EXPLAIN_H
#define SHARED_EXPLAIN_H

#include <stddef.h>
#include <stdint.h>

#include "shared/db.h"
#include "shared/jout.h"
#include "shared/table.h"

/* How loudly the state is shown. */
enum explain_tone {
	EXPLAIN_GOOD,
	EXPLAIN_BUSY,		/* under way; nobody has to do anything */
	EXPLAIN_WARNING,
	EXPLAIN_BAD,
	EXPLAIN_QUIET,		/* over and done, or not known yet */
	EXPLAIN_TONE__MAX
};

/* Who has to act. */
enum explain_actor {
	EXPLAIN_NOBODY,
	EXPLAIN_CRM,
	EXPLAIN_OPERATOR,
	EXPLAIN_PROVIDER,
	EXPLAIN_ACTOR__MAX
};

/* Whose words are quoted. */
enum explain_by {
	EXPLAIN_BY_NOBODY,	/* a detail that CRM wrote down */
	EXPLAIN_BY_PROVIDER,
	EXPLAIN_BY_HOST,
	EXPLAIN_BY__MAX
};

TABLE_ENUM_DECLARE(explain_by);
TABLE_ENUM_DECLARE(explain_tone);
TABLE_ENUM_DECLARE(explain_actor);

/* A line of a part of the text below the first ones. */
enum explain_part {
	EXPLAIN_EVIDENCE,	/* what each hop showed */
	EXPLAIN_DONE,		/* what happened, what CRM repaired */
	EXPLAIN_NOTE,		/* beside the matter, and good to know */
	EXPLAIN_HELP,		/* what the reader can do */
	EXPLAIN_PART__MAX
};

TABLE_ENUM_DECLARE(explain_part);

struct explain_line {
	enum explain_part part;
	char *text;
};

/* Release with explanation_done(). */
struct explanation {
	const char *lang;	/* "zh" or "en": of all texts below */
	const char *kind;	/* "item", "access", "host" */
	char *id;
	char *state;		/* active, degraded, importing, ... */
	char *badge;		/* the same for people: two or three words */
	enum explain_tone tone;
	char *name;		/* what it is about, for people */
	char *headline;		/* one line: what is wrong, or that all is well */
	char *class;		/* failure class, or NULL */
	int64_t at;		/* as of when */
	int64_t since;		/* in this state; 0: not known */
	char *why;		/* in plain words; "" if there is nothing to say */
	char *quote;		/* the peer's own words, or NULL */
	enum explain_by quote_by;
	char *proof;		/* the dated proof in one line, or NULL */
	char *proof_id;		/* or NULL */
	char *next;		/* what comes next, and when */
	int64_t next_at;	/* 0: nothing is planned */
	enum explain_actor actor;
	struct explain_line *lines;
	size_t nlines;
};

void explanation_done(struct explanation *explanation);

/*
 * ERR_NOT_FOUND if there is no such thing.  `lang`: Chinese unless it begins
 * with "en".  `*ret` is zeroed, or an older one that is replaced.
 */
int explain_item(struct db *db, const char *item_id, const char *lang,
		 int64_t now, struct explanation *ret, struct err *err)
	MUST_CHECK;
int explain_access(struct db *db, const char *access_id, const char *lang,
		   int64_t now, struct explanation *ret, struct err *err)
	MUST_CHECK;
int explain_host(struct db *db, const char *host_id, const char *lang,
		 int64_t now, struct explanation *ret, struct err *err)
	MUST_CHECK;

/* By the prefix of the id: itm_, acc_, hst_. */
int explain_any(struct db *db, const char *id, const char *lang, int64_t now,
		struct explanation *ret, struct err *err) MUST_CHECK;

/* Plain text, several lines.  The caller frees it. */
char *explanation_text(const struct explanation *explanation) GIVES_MEMORY;

/* The same as members of an object, with the text as `text`. */
void explanation_write(struct jout *out, const char *name,
		       const struct explanation *explanation);

extern const struct db_query *const explain_matter_queries[];
extern const struct db_query *const explain_evidence_queries[];
extern const struct db_query *const explain_host_queries[];

#endif
