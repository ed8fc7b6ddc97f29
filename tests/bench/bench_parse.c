/*
 * bench_parse: what an install of a pack must cost at least: parse each of
 * its files by jansson, and let go of it.  No checks, no archive, no rows.
 *
 *	bench_parse FOLDER_OF_PROVIDERS ROUNDS
 *
 * Prints the microseconds of the median round, from the bytes in memory.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "shared/bundle.h"
#include "shared/own.h"

#define ROUNDS_MAX 1000

static int read_file(struct bundle *files, const char *folder,
		     const char *name)
{
	AUTO_FREE char *path = xasprintf("%s/%s", folder, name);
	AUTO_FREE char *bytes = xcalloc(1, BUNDLE_FILE_MAX);
	FILE *file = fopen(path, "re");
	struct err err;
	size_t len;

	if (!file)
		return -1;
	len = fread(bytes, 1, BUNDLE_FILE_MAX, file);
	fclose(file);
	return bundle_add(files, name, bytes, len, &err);
}

static int read_folder(struct bundle *files, const char *folder)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	int rc = dir ? 0 : -1;

	while (rc == 0 && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			rc = read_file(files, folder, entry->d_name);
	if (dir)
		closedir(dir);
	return rc;
}

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

static int64_t parse_all(const struct bundle *files)
{
	int64_t from = now_us();

	for (size_t i = 0; i < files->count; i++)
		json_decref(json_loadb(files->files[i].bytes,
				       files->files[i].len, 0, NULL));
	return now_us() - from;
}

static int compare(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

int main(int argc, char *argv[])
{
	CLEANUP(bundle_done) struct bundle files = { 0 };
	static int64_t took[ROUNDS_MAX];
	long rounds = argc > 2 ? strtol(argv[2], NULL, 10) : 0;

	if (rounds < 1 || rounds > ROUNDS_MAX ||
	    read_folder(&files, argv[1]) || files.count == 0) {
		fputs("usage: bench_parse FOLDER ROUNDS\n", stderr);
		return 2;
	}
	for (long i = 0; i < rounds; i++)
		took[i] = parse_all(&files);
	qsort(took, (size_t)rounds, sizeof(*took), compare);
	printf("%lld\n", (long long)took[rounds / 2]);
	return 0;
}
