/*
 * bundle: whatever bytes are sent as a bundle, a set of plain files comes
 * out, within the ceilings, or a sentence; and then a pack or sentences.
 *
 * If the first byte is odd the rest is the archive; else it is the tar in it,
 * so that the way behind gzip is found.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "shared/pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_files(const struct bundle *files)
{
	struct err err;
	size_t total = 0;

	assert(files->count > 0 && files->count <= BUNDLE_FILES_MAX);
	for (size_t i = 0; i < files->count; i++) {
		const struct bundle_file *file = &files->files[i];

		assert(bundle_check_path(file->path, &err) == 0);
		assert(file->len <= BUNDLE_FILE_MAX);
		assert(file->bytes[file->len] == '\0');
		assert(bundle_find(files, file->path) == file);
		total += file->len;
	}
	assert(total == files->total && total <= BUNDLE_TOTAL_MAX);
}

static void check_pack(const struct bundle *files)
{
	static struct pack_problems problems;
	CLEANUP(pack_done) struct pack pack = { 0 };

	problems.count = 0;
	if (pack_read(files, true, &pack, &problems)) {
		assert(pack.count > 0 && pack.manifest.version);
		return;
	}
	assert(problems.count > 0);
	for (size_t i = 0; i < problems.count && i < PACK_PROBLEMS_MAX; i++) {
		AUTO_FREE char *line = pack_sentence(&problems.list[i]);

		assert(*line && !strchr(line, '\n'));
	}
}

static void read_bundle(const void *data, size_t size)
{
	CLEANUP(bundle_done) struct bundle files = { 0 };
	struct err err = { 0 };

	if (bundle_read(data, size, &files, &err)) {
		assert(err.kind == ERR_INVALID && *err.msg);
		assert(files.count == 0 && !files.files);
		return;
	}
	check_files(&files);
	check_pack(&files);
}

/* One block of gzip as it is; libarchive does not look at the checksum. */
static void read_tar(const uint8_t *data, size_t size)
{
	static const unsigned char head[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0,
					      0, 3, 1 };
	const uint16_t len = (uint16_t)size, not_len = (uint16_t)~len;
	CLEANUP(buf_done) struct buf out = { .max = 128 << 10 };

	if (size > UINT16_MAX)
		return;
	buf_add(&out, head, sizeof(head));
	buf_add(&out, &len, sizeof(len));
	buf_add(&out, &not_len, sizeof(not_len));
	buf_add(&out, data, size);
	buf_add(&out, "\0\0\0\0\0\0\0\0", 8);
	read_bundle(buf_str(&out), out.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	if (data[0] & 1)
		read_bundle(data + 1, size - 1);
	else
		read_tar(data + 1, size - 1);
	return 0;
}
