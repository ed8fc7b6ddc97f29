/*
 * fuzz_replay: the target of a fuzzer without a fuzzer: the seeds of its
 * corpus, whole, cut short and with random changes.
 *
 * main() says which folder that is, and what the parser stumbles over.  Before
 * this is included, CHANGES may say how often each seed is changed, and
 * SEEDS_MIN how many there are at least.
 */
#ifndef TESTS_UNIT_FUZZ_REPLAY_H
#define TESTS_UNIT_FUZZ_REPLAY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "shared/own.h"

#define INPUT_MAX 4096
#ifndef CHANGES
#define CHANGES 40
#endif
#ifndef SEEDS_MIN
#define SEEDS_MIN 21
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *corpus;
static const char *const *pieces;
static size_t npieces;

struct input {
	uint8_t data[INPUT_MAX];
	size_t size;
};

static uint64_t chance = UINT64_C(0x9e3779b97f4a7c15);

static size_t roll(size_t sides)
{
	chance ^= chance << 13;
	chance ^= chance >> 7;
	chance ^= chance << 17;
	return (size_t)(chance % sides);
}

static void put_piece(struct input *input)
{
	const char *piece = pieces[roll(npieces)];
	size_t len = strlen(piece);
	size_t at = roll(input->size + 1);

	if (input->size + len > INPUT_MAX)
		return;
	memmove(input->data + at + len, input->data + at, input->size - at);
	memcpy(input->data + at, piece, len);
	input->size += len;
}

static void change(struct input *input)
{
	for (size_t i = 1 + roll(4); i > 0; i--) {
		switch (roll(4)) {
		case 0:
			input->data[roll(input->size)] = (uint8_t)roll(256);
			break;
		case 1:
			input->data[roll(input->size)] ^=
				(uint8_t)(1u << roll(8));
			break;
		case 2:
			input->size = 1 + roll(input->size);
			break;
		default:
			put_piece(input);
		}
	}
}

/* In memory of its very size, so that a sanitizer sees a byte too far. */
static void run(const struct input *input)
{
	AUTO_FREE uint8_t *data = xcalloc(input->size + 1, 1);

	memcpy(data, input->data, input->size);
	LLVMFuzzerTestOneInput(data, input->size);
}

static void run_seed(const char *name)
{
	AUTO_FREE char *path = xasprintf("%s/%s", corpus, name);
	struct input seed = { .size = 0 };
	FILE *file = fopen(path, "re");

	assert_non_null(file);
	seed.size = fread(seed.data, 1, INPUT_MAX, file);
	fclose(file);
	assert_true(seed.size > 0);
	run(&seed);
	for (size_t i = 0; i < CHANGES; i++) {
		struct input changed = seed;

		change(&changed);
		run(&changed);
	}
}

static inline void any_bytes_are_survived(void **state)
{
	DIR *dir = opendir(corpus);
	const struct dirent *entry;
	size_t seeds = 0;

	(void)state;
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		if (*entry->d_name == '.')
			continue;
		run_seed(entry->d_name);
		seeds++;
	}
	closedir(dir);
	assert_true(seeds >= SEEDS_MIN);
}

static inline void nothing_is_survived(void **state)
{
	(void)state;
	for (size_t size = 0; size < 8; size++)
		run(&(struct input){ .size = size });
}

static inline int fuzz_replay(const char *folder, const char *const *list,
			      size_t count)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_bytes_are_survived),
		cmocka_unit_test(nothing_is_survived),
	};

	corpus = folder;
	pieces = list;
	npieces = count;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
