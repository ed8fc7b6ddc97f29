/* The fuzz target of tests/fuzz/model_name.c, with the seeds of its corpus. */
#include "tests/unit/fuzz_replay.h"

#include "shared/table.h"

/* What names are made of. */
static const char *const pieces_of[] = {
	"/", ":", "(", ")", "[1m]", "(high)", "-", "--", "_", ".", " ", "\n",
	"p", "k", "v", "2", "26", "-260628", "-202606", "-free", ":free",
	"Pro/", "@cf/", "hf:", "kimi", "豆包", "智谱", "ds", "\xe3\x80\x80",
	"\xef\xbc\x8e", "\xe2\x80\x8b", "\xc3\x28", "\xed\xa0\x80", "ﷺ", "㍿",
};

int main(void)
{
	return fuzz_replay("tests/fuzz/corpus-model_name", pieces_of,
			   COUNT(pieces_of));
}
