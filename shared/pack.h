/*
 * pack: a set of files that is a pack, or what is wrong with it.  Pure.
 *
 *	pack.json		shared/manifest.h
 *	providers/ID.json	the same; the file is named after its provider
 *	overlays/NAME/...	patches; overlay.json says what they are
 *	X.tsv, NAME/X.tsv	tables that come with it
 *	README.md, LICENSE
 *
 * Everything wrong is found in one go; each finding is one sentence with the
 * file, the line and the JSON path it is about.  A name of a model leads to
 * one model in the whole pack.  Two providers may share a base URL (two plans
 * do); what tells them apart is their key's prefix, and where not even that
 * does, whoever imports says which one is meant.
 */
#ifndef SHARED_PACK_H
#define SHARED_PACK_H

#include "shared/bundle.h"
#include "shared/endpoint.h"
#include "shared/manifest.h"
#include "shared/seal.h"

#define PACK_PROVIDERS_MAX 1000
#define PACK_PROBLEMS_MAX 64
#define PACK_FILE "pack.json"
#define PACK_PROVIDERS "providers/"
#define PACK_OVERLAYS "overlays/"

struct pack_problem {
	char file[BUNDLE_PATH_MAX + 1];	/* "" of the whole */
	int line;			/* 0: none */
	char path[160];			/* "models[3].id"; "" of the whole */
	char why[200];
};

/* `count` may exceed what is kept in `list`.  Zeroed is none. */
struct pack_problems {
	size_t count;
	struct pack_problem list[PACK_PROBLEMS_MAX];
};

/* What is known of a provider beside its document. */
struct pack_provider {
	const struct bundle_file *file;	/* borrowed: the manifest as it came */
	char *provider_id;
	char *vendor;
	char *plan;
	char *region;
	char *status;
	char *name_zh;
	char *name_en;
	char *base_url;			/* normalised; NULL: an import says it */
	char endpoint_key[ENDPOINT_KEY_MAX];	/* "" without a base URL */
	char *smoke_test_model;		/* or NULL */
	size_t models;
};

/* Release with pack_done(); it borrows from the set of files it was read of. */
struct pack {
	json_t *document;		/* pack.json */
	struct manifest_pack manifest;
	struct pack_provider *providers;	/* in the order of their ids */
	size_t count;
	char sha256[SEAL_HASH_TEXT];	/* of all that is in it, but checksums */
};

void pack_done(struct pack *pack);

/* May a file of this name be in a pack?  Folders of authors hold others. */
bool pack_takes(const char *path);

/*
 * Read a sorted set of files.  `whole` demands checksums of every file, which
 * a bundle has.  False if anything is wrong: all of it is in `problems`.
 */
bool pack_read(const struct bundle *files, bool whole, struct pack *ret,
	       struct pack_problems *problems) MUST_CHECK;

/*
 * Put the checksums of the other files into pack.json: what makes of a folder
 * that was found to be right the files of a bundle.
 */
void pack_add_checksums(struct bundle *files, const struct pack *pack);

/* "providers/a.json:12: models[3].id stands there twice"; for free(). */
char *pack_sentence(const struct pack_problem *problem);

void pack_problem(struct pack_problems *problems, const char *file, int line,
		  const char *path, const char *fmt, ...) PRINTF_LIKE(5, 6);

#endif
