/*
 * pack_fixture: small packs, and bundles of them, made in memory.
 */
#ifndef TESTS_UNIT_PACK_FIXTURE_H
#define TESTS_UNIT_PACK_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "shared/pack.h"

#define BUNDLE_BYTES (64 << 20)

static inline void pack_file(struct bundle *files, const char *path,
			     const char *text)
{
	struct err err;

	if (bundle_add(files, path, text, strlen(text), &err))
		fail_msg("%s", err.msg);
}

/* A manifest of `id`, of a vendor, with `more` members ("," first). */
static inline void pack_provider_file(struct bundle *files, const char *id,
				      const char *vendor, const char *more)
{
	AUTO_FREE char *path = xasprintf("providers/%s.json", id);
	AUTO_FREE char *text = xasprintf(
		"{\"provider_id\":\"%s\",\"vendor\":\"%s\",\"kind\":\"relay\","
		"\"plan\":\"payg\",\"region\":\"cn\",\"status\":\"current\","
		"\"display_name\":{\"zh\":\"供应商 %s\",\"en\":\"Name of %s\"},"
		"\"base_url\":\"https://%s.example.com/v1\","
		"\"families\":{\"chat\":\"yes\",\"responses\":\"no\","
		"\"messages\":\"no\",\"models\":\"yes\"}%s%s}",
		id, vendor, id, id, id, strstr(more, "\"models\"") ? ""
		: ",\"models\":[]", more);

	pack_file(files, path, text);
}

static inline void pack_json_file(struct bundle *files, const char *pack_id,
				  const char *version)
{
	AUTO_FREE char *text = xasprintf(
		"{\"pack_id\":\"%s\",\"version\":\"%s\","
		"\"name\":{\"zh\":\"样例\",\"en\":\"Sample\"}}", pack_id, version);

	pack_file(files, "pack.json", text);
}

/* A pack of `count` providers p000, p001 ..., whose members `more` says. */
static inline struct bundle pack_files(const char *pack_id,
				       const char *version, int count,
				       const char *more)
{
	struct bundle files = { 0 };
	struct err err;

	pack_json_file(&files, pack_id, version);
	for (int i = 0; i < count; i++) {
		char id[16];

		snprintf(id, sizeof(id), "p%03d", i);
		pack_provider_file(&files, id, i % 2 ? "odd" : "even", more);
	}
	if (bundle_sort(&files, &err))
		fail_msg("%s", err.msg);
	return files;
}

/* With checksums, as a bundle has them; release both. */
static inline void pack_seal(struct bundle *files, struct pack *pack)
{
	struct pack_problems problems = { 0 };

	if (!pack_read(files, false, pack, &problems)) {
		AUTO_FREE char *why = pack_sentence(&problems.list[0]);

		fail_msg("%s", why);
	}
	pack_add_checksums(files, pack);
}

/* The bytes of a bundle; buf_done() them. */
static inline struct buf pack_bytes(const char *pack_id, const char *version,
				    int count, const char *more)
{
	CLEANUP(bundle_done) struct bundle files =
		pack_files(pack_id, version, count, more);
	CLEANUP(pack_done) struct pack pack = { 0 };
	struct buf bytes = { .max = BUNDLE_BYTES };
	struct err err;

	pack_seal(&files, &pack);
	if (bundle_write(&files, &bytes, &err))
		fail_msg("%s", err.msg);
	return bytes;
}

#endif
