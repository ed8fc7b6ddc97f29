/*
 * site_file: site.yaml, how the site is to be.
 *
 * Hosts with their providers and keys, and what is said of endpoints.  A
 * member that is not there is left as it is; null takes away what can be
 * taken away.  Secrets stand in the file by reference only: {env: NAME},
 * {file: PATH}, {fingerprint: ...} and {stored: ...} for those that CRM has
 * already.  All that is wrong is told at once, with file and line.
 */
#ifndef CLI_SITE_FILE_H
#define CLI_SITE_FILE_H

#include "cli/yaml_read.h"
#include "shared/err.h"

#define SITE_SECRETS_MAX 20000

/* Zeroed is empty; release with site_file_done(), which wipes secrets. */
struct site_file {
	const char *name;	/* borrowed: of the file */
	struct yaml_doc doc;	/* root: as the file says, checked */
	char **secrets;		/* plaintext; by member "secret" of a reference */
	size_t nsecrets;
};

void site_file_done(struct site_file *file);

/*
 * Read and check the file "-" or `name`, as far as that can be done without
 * the API.  Problems are in doc.problems; ERR_INVALID then.
 */
int site_file_read(struct site_file *file, const char *name, struct err *err)
	MUST_CHECK;

/* The same of a text: for tests. */
void site_file_check(struct site_file *file, const char *text, size_t len);

/*
 * Get the secrets that are named by env and file: each such reference gets a
 * member "secret", its place in `secrets`.  Problems as above.
 */
int site_file_secrets(struct site_file *file, struct err *err) MUST_CHECK;

/* Something that only the API could tell is wrong with the part `path`. */
void site_file_problem(struct site_file *file, const char *path,
		       const char *fmt, ...) PRINTF_LIKE(3, 4);

/* 0 if there are no problems; else ERR_INVALID with their number. */
int site_file_judge(const struct site_file *file, struct err *err) MUST_CHECK;

/* {problems: [{field: "FILE:LINE: PATH", why}]}; the caller releases it. */
json_t *site_file_report(const struct site_file *file);

/* Call for each reference to a secret in the file, with its path. */
void site_file_references(struct site_file *file,
			  void (*each)(void *arg, const char *path,
				       json_t *reference), void *arg);

#endif
