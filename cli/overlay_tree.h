/*
 * overlay_tree: a copy of a folder of sources, to be changed instead of it.
 *
 * Nothing is followed: a link is copied as a link, and only if it stays
 * inside of the tree.  Pipes, devices and sockets are refused, folders named
 * ".git" left out.  The copy is made beside its place under another name and
 * takes its place when all is done; until then nobody sees it.
 */
#ifndef CLI_OVERLAY_TREE_H
#define CLI_OVERLAY_TREE_H

#include "shared/buf.h"
#include "shared/err.h"
#include "shared/seal.h"

#define TREE_ENTRIES_MAX 200000
#define TREE_BYTES_MAX ((int64_t)4 << 30)
#define TREE_DEPTH_MAX 64

/* Zeroed is none; overlay_tree_done() removes what was not kept. */
struct overlay_tree {
	char *path;		/* of the copy, while it is none's place yet */
	char *place;		/* where it goes */
	int fd;			/* of the copy's folder; valid with `path` */
	int64_t entries, bytes;
};

void overlay_tree_done(struct overlay_tree *tree);

/*
 * Copy `source`.  ERR_CONFLICT if something is at `place` already;
 * ERR_INVALID for what is refused, by its path.
 */
int overlay_tree_copy(struct overlay_tree *ret, const char *source,
		      const char *place, struct err *err) MUST_CHECK;

/* Put it in its place.  ERR_CONFLICT if something came there meanwhile. */
int overlay_tree_keep(struct overlay_tree *tree, struct err *err) MUST_CHECK;

/*
 * SHA-256 of a plain file of the copy; "" if there is none.  ERR_INVALID if
 * a link is on the way to it, or it is one, or a folder.
 */
int overlay_tree_hash(const struct overlay_tree *tree, const char *path,
		      char ret[SEAL_HASH_TEXT], struct err *err) MUST_CHECK;

/* Write a new file on its top.  ERR_CONFLICT if it is there. */
int overlay_tree_write(const struct overlay_tree *tree, const char *name,
		       const char *text, struct err *err) MUST_CHECK;

#endif
