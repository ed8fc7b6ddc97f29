/* The fuzz target of tests/fuzz/csv_rows.c, with the seeds of its corpus. */
#define CHANGES 300
#define SEEDS_MIN 9
#include "tests/unit/fuzz_replay.h"

#include "shared/table.h"

/* What parsers stumble over. */
static const char *const pieces_of[] = {
	"\"", "\"\"", ",", ";", "\t", "\n", "\r\n", "\r", "，", "、", "密钥",
	"\xef\xbb\xbf", "\xff\xfe", "\xc3\xdc", "\x1f", "\xe2\x80\xae", "{",
	"url", "sep=;\n", "http://a.example", " ", "\xe3\x80\x80",
};

int main(void)
{
	return fuzz_replay("tests/fuzz/corpus-csv_rows", pieces_of,
			   COUNT(pieces_of));
}
