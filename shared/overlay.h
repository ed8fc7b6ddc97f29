/*
 * overlay: patches for the source of a host, and when anybody needs them.
 *
 * A pack keeps each in overlays/NAME/: overlay.json, which this describes, and
 * the patches it names.  What a host can be made to do from outside needs no
 * overlay: which repairs work on which version is a table, with the evidence.
 *
 * Pure.  Applying is crmctl's (cli/overlay_tree.h, cli/overlay_patch.h).
 */
#ifndef SHARED_OVERLAY_H
#define SHARED_OVERLAY_H

#include "shared/err.h"
#include "shared/manifest.h"

#define OVERLAY_PATCHES_MAX 50
#define OVERLAY_PATCH_MAX ((size_t)1 << 20)	/* bytes of one */

/* Written into a patched tree; a tree that has one is not stock. */
#define OVERLAY_RECORD "crm-overlay.json"

/* ---- overlay.json ---- */

extern const struct jdec_shape overlay_document_shape;

/* Borrowed from the document. */
struct overlay {
	const char *overlay;		/* as its folder is named */
	const char *host_version;	/* of the source it is for */
	json_t *description;		/* {zh, en} */
	json_t *patches;		/* names of files, in their order */
	const char *base_commit;	/* or NULL */
	json_t *base_files;		/* {path: SHA-256}, or NULL */
};

/* False if anything is wrong; all of it is in `problems`. */
bool overlay_read(const json_t *document, struct overlay *ret,
		  struct jdec_problems *problems) MUST_CHECK;

/* Relative, without "..", ".", empty parts, or ".git" in it. */
bool overlay_path_is_safe(const char *path);

/* ---- patches ---- */

/*
 * What a patch in the form of `git diff` touches: {path: true} is added to
 * `paths`.  ERR_INVALID, with the line, for paths that leave the tree, links,
 * submodules, changed modes, renames and binary parts: a reader must see all
 * that an overlay does in its hunks.
 */
int overlay_patch_paths(const char *text, json_t *paths,
			struct err *err) MUST_CHECK;

/*
 * Which hunk of `path` begins at `line` of the old file, from 1, and its
 * head ("@@ -3,7 +3,8 @@") in `ret`.  0: there is none.
 */
int overlay_patch_hunk(const char *text, const char *path, long line,
		       char ret[80]);

/* ---- when one is needed ---- */

/* What can be done from outside, to a provider that has chat alone. */
enum overlay_repair {
	REPAIR_FORCE_CHAT,	/* openai_responses_mode at create */
	REPAIR_FLAG_AFTER_PROBE,	/* a flag, once the host has probed */
	REPAIR__MAX
};

/* Bits 1 << enum overlay_repair that are known to work on a version. */
unsigned int overlay_repairs_of(const char *host_version);

struct overlay_advice {
	const char *overlay;	/* NULL: the pack has none for this version */
	bool needed;		/* mention it */
	/* Why it is, in the manifest's words; or why not, in ours. */
	const char *evidence_zh, *evidence_en;
};

/*
 * Does this provider need an overlay on that version (NULL: not known)?
 * `repairs` are those that the host has, as its version or its features say.
 * *ret borrows from the manifest.  The answer is ret->needed.
 */
bool overlay_needed(const struct manifest_provider *provider,
		    const char *host_version, unsigned int repairs,
		    struct overlay_advice *ret);

#endif
