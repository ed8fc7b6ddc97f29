/*
 * adopt_preview: what taking over an account would change of it, and what
 * would be made beside it, told from what is stored; nobody is asked.
 */
#ifndef FCGI_ADOPT_PREVIEW_H
#define FCGI_ADOPT_PREVIEW_H

#include "fcgi/new_run.h"
#include "shared/foreign_found.h"

/* The import that would take it over, as new_run_read() read it. */
struct adopt_preview {
	const struct foreign_found *row;	/* members are borrowed */
	const struct new_run *run;
};

/*
 * The members `changes`, `resources` and `made_beside` of an object that is
 * open.
 */
int adopt_preview_write(const struct request *req, struct jout *out,
			const struct adopt_preview *preview, struct err *err)
	MUST_CHECK;

#endif
