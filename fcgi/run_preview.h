/*
 * run_preview: what an import by URL would do on its host, told from what is
 * stored; nobody is asked and nothing is written.
 */
#ifndef FCGI_RUN_PREVIEW_H
#define FCGI_RUN_PREVIEW_H

#include "fcgi/new_run.h"

/*
 * Members of an object that is open: the host, a plan for each endpoint and
 * place that rows go to, and the rows that are left out.
 */
int run_preview_write(const struct request *req, struct jout *out,
		      const struct new_run *run, struct err *err) MUST_CHECK;

#endif
