/*
 * run_form: the three forms in which a batch comes, made one.
 *
 * JSON says everything in its body.  A file (CSV, JSON lines) has rows only:
 * what concerns the run as a whole stands in the parameters of the URL, which
 * end in logs and so may hold no secret.  Both become the same body, so that
 * what is checked and how it is told is one thing.
 */
#ifndef FCGI_RUN_FORM_H
#define FCGI_RUN_FORM_H

#include "fcgi/http.h"
#include "shared/charset.h"
#include "shared/file_rows.h"
#include "shared/jdec.h"

/* Release with run_form_done(). */
struct run_form {
	json_t *body;			/* of a run, as in JSON; owned */
	struct file_rows file;		/* of a file; its items are body's */
	enum charset charset;		/* that the file was in */
};

/*
 * What is wrong with the file as a whole is added to `problems`.  Code
 * invalid_parameter if a parameter is wrong, not known, or not for this form.
 */
int run_form_read(const struct request *req, struct run_form *ret,
		  struct jdec_problems *problems, struct err *err) MUST_CHECK;
void run_form_done(struct run_form *form);

#endif
