/*
 * verdict_rules: rows of data that say what an answer means.
 *
 * shared/verdict/provider.tsv and gateway.tsv are made part of the programs
 * at build time and read once.  The first row that matches decides.  Columns,
 * between tabs:
 *
 *	family	whom the row is about: names between '|' ("minimax" is also
 *		"minimax-cn"), "*" anybody, "?" nobody whom a row names
 *	status	"*", or 401, 400-499, 4xx, !429, several between '|'
 *	form	"*", empty, json, flat, page, stream, text (verdict_signal)
 *	code	codes between '|', one of which is said; '*' at an end stands
 *		for the rest; "-" asks for none
 *	says	a condition (verdict_words) on codes and messages; "-" none
 *	class	of shared/failure.h
 *	wait	"-" as the class; never; window: a quota that is reset; or
 *		seconds
 *	note	for people; may be left out
 *
 * A line "@name<tab>a|b" names a set: in says and family, {name} is one of
 * it.  Lines that begin with '#' are for people; a line that ends in '\' goes
 * on in the next one, without the blanks at its beginning.
 */
#ifndef SHARED_VERDICT_RULES_H
#define SHARED_VERDICT_RULES_H

#include "shared/failure.h"
#include "shared/verdict_signal.h"
#include "shared/verdict_words.h"

enum row_wait { ROW_WAIT_CLASS, ROW_WAIT_NEVER, ROW_WAIT_WINDOW,
		ROW_WAIT_SECONDS };

struct row {
	const char *family, *status, *form, *code, *says;
	enum failure class;
	enum row_wait wait;
	int seconds;		/* of ROW_WAIT_SECONDS */
	int line;
};

/* Release with rules_done(). */
struct rules {
	char *text;		/* owned; rows and sets borrow from it */
	struct words_set *sets;
	size_t nsets;
	struct row *rows;
	size_t nrows;
};

void rules_done(struct rules *rules);

/* ERR_INVALID names the line that is malformed. */
int rules_parse(struct rules *ret, const char *text, struct err *err)
	MUST_CHECK;

/* The two tables of the programs; read on first use. */
const struct rules *rules_of_providers(void);
const struct rules *rules_of_gateways(void);

/*
 * The first row that matches; NULL if none does.  `provider` may be NULL.
 * `status` is the one to go by, which may have been said inside the body.
 */
const struct row *rules_find(const struct rules *rules,
			     const struct signal *signal,
			     const char *provider, int status);

#endif
