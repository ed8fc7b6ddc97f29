/* The fuzz target of tests/fuzz/model_name.c, with the seeds of its corpus. */
#define CORPUS "tests/fuzz/corpus-model_name"

/* What names are made of. */
static const char *const pieces[] = {
	"/", ":", "(", ")", "[1m]", "(high)", "-", "--", "_", ".", " ", "\n",
	"p", "k", "v", "2", "26", "-260628", "-202606", "-free", ":free",
	"Pro/", "@cf/", "hf:", "kimi", "豆包", "智谱", "ds", "\xe3\x80\x80",
	"\xef\xbc\x8e", "\xe2\x80\x8b", "\xc3\x28", "\xed\xa0\x80", "ﷺ", "㍿",
};

#include "tests/unit/fuzz_replay.h"
