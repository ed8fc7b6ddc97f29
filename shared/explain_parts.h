/*
 * explain_parts: what the files of explain share: what was gathered about an
 * item or an access, and the short forms by which an explanation grows.
 */
#ifndef SHARED_EXPLAIN_PARTS_H
#define SHARED_EXPLAIN_PARTS_H

#include <stdbool.h>

#include "shared/accesses.h"
#include "shared/diagnosis.h"
#include "shared/endpoints.h"
#include "shared/explain.h"
#include "shared/explain_words.h"
#include "shared/hosts.h"
#include "shared/items.h"
#include "shared/proofs.h"
#include "shared/runs.h"

#define EXPLAIN_TEXT_MAX 8192

/* What the first line says, by what was concluded. */
enum explain_theme {
	THEME_UNKNOWN,
	THEME_WELL,
	THEME_WELL_AGAIN,
	THEME_WELL_LOW,
	THEME_WELL_BUT,
	THEME_STALE,
	THEME_DOUBT,
	THEME_BROKEN,
	THEME_GAVE_UP,
	THEME_IMPORTING,
	THEME_HELD_UP,
	THEME_FAILED,
	THEME_CANCELLED,
	THEME_HOST_SUSPECT,
	THEME_PROVIDER_SUSPECT,
	THEME__MAX
};

/* The task or the check that works on it right now. */
struct explain_work {
	bool is;		/* there is one */
	bool parked;		/* it waits for another import */
	int64_t attempt;
	int64_t not_before;
	enum failure last;	/* how its last try ended */
};

/* All that is stored about an item or an access. */
struct matter {
	struct db *db;
	const char *lang;
	bool is_item;		/* it is told of the item, not of its access */
	int64_t now;
	struct item item;	/* item_id NULL: there is none */
	struct run run;
	struct host host;
	struct access access;	/* access_id NULL: never proven */
	struct endpoint_row endpoint;
	struct balance balance;
	struct proof proof;	/* the last good one; proof_id NULL: none */
	struct explain_work work;
	char failed_step[48];	/* of the import; "" */
	/* concluded from these */
	enum explain_state state;
	enum failure class;
	struct diagnosis diagnosis;
	bool others_answer;	/* out of order, but users do not notice */
	bool suspect;		/* host or provider is, so nothing is judged */
	bool repaired_lately;
};

/* Begin `*ret` anew, for `kind` and `id`. */
void explain_begin(struct explanation *ret, const char *kind, const char *id,
		   const char *lang, int64_t now);
void explain_state(struct explanation *ret, enum explain_state state);

/* Add a line; the text is taken. */
void explain_line(struct explanation *ret, enum explain_part part,
		  char *text);
void explain_said(struct explanation *ret, enum explain_part part,
		  const struct said *said, const struct say_word *words);

/* "text" with its words filled in.  The caller frees it. */
char *explain_fill(const char *lang, const struct said *said,
		   const struct say_word *words) GIVES_MEMORY;

/* The remedy of a class, and the commands that it takes. */
void explain_help(struct explanation *ret, enum failure class,
		  const struct say_word *words);

/* From what was gathered to what is told. */
void explain_conclude(struct matter *matter);
void explain_tell(const struct matter *matter, struct explanation *ret);

/* Parts of the telling: each adds its own to `*ret`. */
void explain_next(const struct matter *matter, struct explanation *ret);
void explain_notes(const struct matter *matter, struct explanation *ret);
void explain_way_out(const struct matter *matter, enum explain_theme theme,
		     const struct say_word *words, struct explanation *ret);

/* The evidence of each hop, and the last good proof. */
void explain_evidence(const struct matter *matter, struct explanation *ret);

/* What happened to the access, and in the import. */
int explain_history(struct matter *matter, struct explanation *ret,
		    struct err *err) MUST_CHECK;

#endif
