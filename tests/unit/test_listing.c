/*
 * When a list that comes in pages is believed: page by page, with a host that
 * shifts, stops short, counts wrongly, or sorts otherwise.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "schedd/listing.h"
#include "shared/own.h"
#include "shared/table.h"

#define SIZE 3

/* A page as a host says it; ids end with 0. */
struct said {
	int64_t page, pages, total;
	int64_t ids[SIZE + 2];
};

static enum listing_verdict take(struct listing *listing,
				 const struct said *said,
				 struct listing_range *range)
{
	json_auto_t *items = json_array();
	const struct host_page page = {
		.items = items, .total = said->total, .page = said->page,
		.pages = said->pages, .page_size = SIZE,
	};

	for (size_t i = 0; said->ids[i]; i++)
		json_array_append_new(items, json_pack("{sI}", "id",
					(json_int_t)said->ids[i]));
	return listing_take(listing, &page, SIZE, range);
}

static void a_list_that_holds_still_is_believed(void **state)
{
	static const struct said pages[] = {
		{ 1, 3, 7, { 2, 3, 5 } },
		{ 2, 3, 7, { 8, 9, 12 } },
		{ 3, 3, 7, { 40 } },
	};
	struct listing listing = { 0 };
	struct listing_range range;

	(void)state;
	assert_int_equal(take(&listing, &pages[0], &range), LISTING_MORE);
	assert_int_equal(range.above, 0);
	assert_int_equal(range.to, 5);
	assert_int_equal(take(&listing, &pages[1], &range), LISTING_MORE);
	assert_int_equal(range.above, 5);
	assert_int_equal(range.to, 12);
	assert_int_equal(take(&listing, &pages[2], &range), LISTING_END);
	assert_int_equal(range.above, 12);
	/* What is behind the last one would be there, too. */
	assert_true(range.to == INT64_MAX);
}

static void an_empty_list_is_a_list(void **state)
{
	static const struct said none = { 1, 0, 0, { 0 } };
	static const struct said one = { 1, 1, 0, { 0 } };
	struct listing listing = { 0 }, other = { 0 };
	struct listing_range range;

	(void)state;
	assert_int_equal(take(&listing, &none, &range), LISTING_END);
	assert_true(range.above == 0 && range.to == INT64_MAX);
	assert_int_equal(take(&other, &one, &range), LISTING_END);
}

/* Whom nobody wanted is a number; a host that says so itself says nothing. */
static void a_number_is_an_id_where_we_made_it_one(void **state)
{
	json_auto_t *items = json_pack("[i{si}]", 2, "id", 5);
	struct host_page page = {
		.items = items, .total = 2, .page = 1, .pages = 1,
	};
	struct listing listing = { 0 };
	struct listing_range range;

	(void)state;
	assert_int_equal(listing_take(&listing, &page, SIZE, &range),
			 LISTING_AGAIN);
	page.sliced = true;
	assert_int_equal(listing_take(&listing, &page, SIZE, &range),
			 LISTING_END);
	assert_int_equal(listing.last_id, 5);
}

static void what_comes_at_the_end_does_no_harm(void **state)
{
	static const struct said pages[] = {
		{ 1, 2, 4, { 1, 2, 3 } },
		{ 2, 2, 5, { 4, 5 } },
	};
	struct listing listing = { 0 };
	struct listing_range range;

	(void)state;
	assert_int_equal(take(&listing, &pages[0], &range), LISTING_MORE);
	assert_int_equal(take(&listing, &pages[1], &range), LISTING_END);
}

/* Behind a good first page; each is looked at once more, then not believed. */
static void what_does_not_agree_is_not_believed(void **state)
{
	static const struct said first = { 1, 3, 7, { 1, 2, 3 } };
	static const struct {
		const char *name;
		struct said page;
	} lies[] = {
		{ "shifted up", { 2, 3, 7, { 3, 4, 5 } } },
		{ "in another order", { 2, 3, 7, { 9, 8, 7 } } },
		{ "twice the same", { 2, 3, 7, { 4, 4, 5 } } },
		{ "without an id", { 2, 3, 7, { -1, 4, 5 } } },
		{ "short", { 2, 3, 7, { 4, 5 } } },
		{ "longer than asked for", { 2, 3, 7, { 4, 5, 6, 7 } } },
		{ "fewer in all", { 2, 3, 6, { 4, 5, 6 } } },
		{ "the last, too early", { 2, 2, 7, { 4, 5, 6 } } },
		{ "the last, too late", { 2, 2, 5, { 4, 5, 6 } } },
		{ "nothing", { 2, 3, 7, { 0 } } },
		{ "another page", { 3, 3, 7, { 4, 5, 6 } } },
		{ "the first again", { 1, 3, 7, { 4, 5, 6 } } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lies); i++) {
		struct listing listing = { 0 };
		struct listing_range range;

		assert_int_equal(take(&listing, &first, &range),
				 LISTING_MORE);
		if (take(&listing, &lies[i].page, &range) != LISTING_AGAIN)
			fail_msg("%s: believed", lies[i].name);
		/* From its beginning. */
		assert_int_equal(listing.page, 0);
		assert_int_equal(listing.last_id, 0);
		assert_int_equal(take(&listing, &first, &range),
				 LISTING_MORE);
		if (take(&listing, &lies[i].page, &range) != LISTING_UNKNOWN)
			fail_msg("%s: believed at last", lies[i].name);
	}
}

static void a_second_look_that_agrees_is_believed(void **state)
{
	static const struct said lie = { 1, 2, 9, { 1, 2 } };
	static const struct said pages[] = {
		{ 1, 2, 4, { 1, 2, 3 } },
		{ 2, 2, 4, { 4 } },
	};
	struct listing listing = { 0 };
	struct listing_range range;

	(void)state;
	assert_int_equal(take(&listing, &lie, &range), LISTING_AGAIN);
	assert_int_equal(take(&listing, &pages[0], &range), LISTING_MORE);
	assert_int_equal(take(&listing, &pages[1], &range), LISTING_END);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_that_holds_still_is_believed),
		cmocka_unit_test(an_empty_list_is_a_list),
		cmocka_unit_test(a_number_is_an_id_where_we_made_it_one),
		cmocka_unit_test(what_comes_at_the_end_does_no_harm),
		cmocka_unit_test(what_does_not_agree_is_not_believed),
		cmocka_unit_test(a_second_look_that_agrees_is_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
