/*
 * manifest_file: one provider of a pack's folder, read and checked.
 */
#ifndef CLI_MANIFEST_FILE_H
#define CLI_MANIFEST_FILE_H

#include "cli/args.h"
#include "shared/manifest.h"

/* The pack's folder: --pack, or the one that comes with CRM. */
const char *manifest_dir(const struct args *args);

/* ERR_NOT_FOUND unless there is a pack.json in it. */
int manifest_pack_exists(const char *dir, struct err *err) MUST_CHECK;

/*
 * DIR/providers/ID.json.  *ret borrows from *ret_document, which the caller
 * releases.  ERR_NOT_FOUND if the pack has no such provider; ERR_INVALID
 * names file, line and member of what is wrong with it.
 */
int manifest_file_read(const char *dir, const char *provider_id,
		       json_t **ret_document, struct manifest_provider *ret,
		       struct err *err) MUST_CHECK;

/* Any JSON document of a pack, and its text: for manifest_refuse(). */
int manifest_document(const char *path, char **ret_text, json_t **ret,
		      struct err *err) MUST_CHECK;

/* "file:12: member why", of the first problem.  Always -1. */
int manifest_refuse(const char *path, const char *text,
		    const struct jdec_problems *problems, struct err *err);

#endif
