/*
 * rollback_view: what a rollback would do, told from the rows alone, and how
 * one is shown.
 */
#ifndef FCGI_ROLLBACK_VIEW_H
#define FCGI_ROLLBACK_VIEW_H

#include "fcgi/http.h"
#include "shared/rollback_scan.h"
#include "shared/rollbacks.h"

/* What the preview of a scope comes to, beside its text. */
struct rollback_preview {
	struct rollback_items items;
	int64_t parts;
	char running[ID_MAX];		/* a rollback of the host; or "" */
	char token[SEAL_HASH_TEXT];	/* of all that it rests on */
};

/* `out` NULL: only what it comes to. */
int rollback_preview_make(const struct request *req,
			  const struct rollback_scope *scope,
			  struct jout *out, struct rollback_preview *ret,
			  struct err *err) MUST_CHECK;

/* Parts of one that has begun: those behind a place, of a state or of any. */
struct rollback_view {
	const char *state;	/* or NULL */
	int64_t after;
	int64_t limit;
};

int rollback_write(const struct request *req, struct jout *out,
		   const struct rollback *rollback,
		   const struct rollback_view *view, struct err *err)
	MUST_CHECK;
/* That of a run, or null. */
int rollback_write_newest(const struct request *req, struct jout *out,
			  const char *name, const char *scope_id,
			  struct err *err) MUST_CHECK;
void rollback_brief_write(struct jout *out, const char *name,
			  const struct rollback *rollback);

#endif
