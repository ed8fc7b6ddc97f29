/* The fuzz target of tests/fuzz/verdict.c, with the seeds of its corpus. */
#include "tests/unit/fuzz_replay.h"

#include "shared/table.h"

/* What parsers stumble over. */
static const char *const pieces_of[] = {
	"{", "}", "[", "]", "\"", "\\", "\\u0000", "null", "{\"error\":",
	"data: ", "\n\n", "<html>", "1e999", "-", "429", "密钥", "\xc3\x28",
	"\xed\xa0\x80", "retry_after", "请在 9 秒后", "[DONE]",
};

int main(void)
{
	return fuzz_replay("tests/fuzz/corpus", pieces_of,
			   COUNT(pieces_of));
}
