/*
 * yaml_read: a YAML text as a JSON value, and where each part of it stands.
 *
 * The only file that knows libyaml.  What people trip over in YAML is not
 * done: a plain word stays the text it is, `no` as well as `0755`, unless it
 * stands under a name of which the caller says that its value is a number or
 * true or false; only `null`, `~` and nothing are null.  Anchors, aliases,
 * tags, merge keys, more documents than one and names that are there twice
 * are refused.  JSON is YAML, and read the same way.
 */
#ifndef CLI_YAML_READ_H
#define CLI_YAML_READ_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#define YAML_TEXT_MAX ((size_t)4 << 20)
#define YAML_NODES_MAX 500000
#define YAML_DEPTH_MAX 16

enum yaml_kind { YAML_NUMBER, YAML_FLAG };

/* A member whose plain value is no text, wherever it stands. */
struct yaml_member {
	const char *name;
	enum yaml_kind kind;
};

/* Zeroed is empty; release with yaml_doc_done(). */
struct yaml_doc {
	json_t *root;		/* NULL: it could not be read */
	json_t *lines;		/* "hosts[0].name" -> line */
	json_t *problems;	/* array of {line, path, why} */
};

void yaml_doc_done(struct yaml_doc *doc);

/*
 * `members` ends with a row whose name is NULL.  What is wrong is in
 * ret->problems, all that can be found at once.
 */
void yaml_read(const char *text, size_t len, const struct yaml_member *members,
	       struct yaml_doc *ret);

/* The line of `path`, or of the nearest thing around it that is there. */
int yaml_line(const struct yaml_doc *doc, const char *path);

void yaml_problem(struct yaml_doc *doc, int line, const char *path,
		  const char *why);

#endif
