/*
 * What real hosts were recorded to answer, the model answers too.
 *
 * tests/data/host/replay.tsv has a row for each recording: the words that
 * bring the model into the state of that moment, or why it is left out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shared/buf.h"
#include "shared/own.h"
#include "tests/model/host_compare.h"
#include "tests/model/host_stage.h"

#define DATA "tests/data/host"
#define LINE_MAX_LEN 1024
#define REPORT_MAX (256 * 1024)

/* A row of replay.tsv; the texts lie in `line`. */
struct row {
	char line[LINE_MAX_LEN];
	const char *version;
	const char *file;
	const char *chat;
	const char *responses;
	const char *words;
};

struct tally {
	int replayed[HOST_VERSION__MAX];
	int skipped[HOST_VERSION__MAX];
	int failed;
	struct buf report;
};

static bool read_line(FILE *file, char line[LINE_MAX_LEN])
{
	if (!fgets(line, LINE_MAX_LEN, file))
		return false;
	line[strcspn(line, "\n")] = '\0';
	return true;
}

/* Cut the line at its tabs; missing columns are empty. */
static void split(char *line, const char **columns, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t len = strcspn(line, "\t");

		columns[i] = line;
		line += len;
		if (*line)
			*line++ = '\0';
	}
}

static bool read_row(FILE *file, struct row *row)
{
	const char *columns[5];

	if (!read_line(file, row->line))
		return false;
	split(row->line, columns, 5);
	row->version = columns[0];
	row->file = columns[1];
	row->chat = columns[2];
	row->responses = columns[3];
	row->words = columns[4];
	return true;
}

static void replay(const struct row *row, enum host_version version,
		   struct buf *out)
{
	AUTO_FREE char *folder = xasprintf(DATA "/recorded/%s", row->version);
	json_auto_t *recorded = host_stage_load(folder, row->file);
	struct host_stage *stage = host_stage_new(version, folder, row->words);
	struct model_answer answer = { 0 };
	const char *failed;

	stage->file = row->file;
	host_mock_set(&stage->mock, row->chat, row->responses);
	failed = host_stage_set(stage, row->words);
	if (failed) {
		buf_addf(out, "  set-up fails at \"%s\"\n", failed);
	} else {
		const char *fault;

		host_stage_play(stage, recorded, &answer);
		host_compare(recorded, &answer, out);
		fault = host_model_fault(host_driver_model(stage->driver));
		if (fault)
			buf_addf(out, "  the model is wrong: %s\n", fault);
	}
	model_answer_done(&answer);
	host_stage_free(&stage);
}

static void try_row(const struct row *row, struct tally *tally)
{
	CLEANUP(buf_done) struct buf differences = { .max = REPORT_MAX };
	enum host_version version;

	assert_true(host_version_parse(row->version, &version));
	if (strcmp(row->chat, "skip") == 0) {
		tally->skipped[version]++;
		return;
	}
	replay(row, version, &differences);
	tally->replayed[version]++;
	if (differences.len == 0)
		return;
	tally->failed++;
	buf_addf(&tally->report, "%s %s\n%s", row->version, row->file,
		 buf_str(&differences));
}

static void the_model_answers_as_recorded(void **state)
{
	struct tally tally = { .report = { .max = REPORT_MAX } };
	FILE *file = fopen(DATA "/replay.tsv", "r");
	const char *only = getenv("REPLAY");
	struct row row;

	(void)state;
	assert_non_null(file);
	assert_true(read_row(file, &row));	/* the heading */
	while (read_row(file, &row)) {
		if (!only || strstr(row.file, only))
			try_row(&row, &tally);
	}
	fclose(file);
	for (int i = 0; i < HOST_VERSION__MAX; i++)
		print_message("%s: %d replayed, %d skipped\n",
			      host_version_name((enum host_version)i),
			      tally.replayed[i], tally.skipped[i]);
	if (tally.failed)
		fprintf(stderr, "%s%d recordings differ\n",
			buf_str(&tally.report), tally.failed);
	buf_done(&tally.report);
	assert_int_equal(tally.failed, 0);
}

/* The rows of replay.tsv, as "version file" -> true. */
static json_t *rows_by_name(void)
{
	FILE *file = fopen(DATA "/replay.tsv", "r");
	json_t *names = json_object();
	struct row row;

	assert_non_null(file);
	while (read_row(file, &row)) {
		AUTO_FREE char *name = xasprintf("%s %s", row.version,
						 row.file);

		json_object_set_new(names, name, json_true());
	}
	fclose(file);
	return names;
}

static void every_recording_has_a_row(void **state)
{
	json_auto_t *names = rows_by_name();
	FILE *file = fopen(DATA "/recorded/index.tsv", "r");
	char line[LINE_MAX_LEN];
	int missing = 0;

	(void)state;
	assert_non_null(file);
	while (read_line(file, line)) {
		const char *columns[2];
		AUTO_FREE char *name = NULL;

		split(line, columns, 2);
		name = xasprintf("%s %s", columns[0], columns[1]);
		if (json_object_get(names, name))
			continue;
		print_error("%s has no row\n", name);
		missing++;
	}
	fclose(file);
	assert_int_equal(missing, 0);
}

static void every_skipped_row_says_why(void **state)
{
	FILE *file = fopen(DATA "/replay.tsv", "r");
	struct row row;

	(void)state;
	assert_non_null(file);
	while (read_row(file, &row)) {
		if (strcmp(row.chat, "skip") == 0)
			assert_true(*row.words != '\0');
	}
	fclose(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_recording_has_a_row),
		cmocka_unit_test(every_skipped_row_says_why),
		cmocka_unit_test(the_model_answers_as_recorded),
	};

	return cmocka_run_group_tests_name("replay", tests, NULL, NULL);
}
