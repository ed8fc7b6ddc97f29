/* The fuzz target of tests/fuzz/verdict.c, with the seeds of its corpus. */
#define CORPUS "tests/fuzz/corpus"

/* What parsers stumble over. */
static const char *const pieces[] = {
	"{", "}", "[", "]", "\"", "\\", "\\u0000", "null", "{\"error\":",
	"data: ", "\n\n", "<html>", "1e999", "-", "429", "密钥", "\xc3\x28",
	"\xed\xa0\x80", "retry_after", "请在 9 秒后", "[DONE]",
};

#include "tests/unit/fuzz_replay.h"
