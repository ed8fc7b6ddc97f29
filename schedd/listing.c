#include "schedd/listing.h"

#define LOOKS_MAX 2		/* at a list that moves */
#define PAGES_MAX 10000

/* The last id of the page; 0 if they do not ascend from `above`. */
static int64_t ascends(const struct host_page *page, int64_t above)
{
	const json_t *item;
	size_t i;

	json_array_foreach(page->items, i, item) {
		int64_t id = host_page_id(page, item);

		if (id <= above)
			return 0;
		above = id;
	}
	return above;
}

static enum listing_verdict anew(struct listing *listing)
{
	int64_t looks = listing->looks + 1;

	*listing = (struct listing){ .looks = looks };
	return looks < LOOKS_MAX ? LISTING_AGAIN : LISTING_UNKNOWN;
}

/*
 * One that says that another page follows is full; one that answers for
 * another page than was asked for answers for none.
 */
static bool is_sound(const struct listing *listing,
		     const struct host_page *page, int64_t page_size)
{
	int64_t count = (int64_t)json_array_size(page->items);

	if (page->page != listing->page + 1 || count > page_size ||
	    page->total < listing->total)
		return false;
	return host_page_is_last(page) || count == page_size;
}

enum listing_verdict listing_take(struct listing *listing,
				  const struct host_page *page,
				  int64_t page_size,
				  struct listing_range *ret)
{
	int64_t count = (int64_t)json_array_size(page->items);
	int64_t last = count ? ascends(page, listing->last_id)
			     : listing->last_id;
	bool ends = host_page_is_last(page);

	if (!is_sound(listing, page, page_size) || (count && !last) ||
	    listing->page >= PAGES_MAX ||
	    (ends && listing->seen + count != page->total))
		return anew(listing);
	*ret = (struct listing_range){
		.above = listing->last_id,
		.to = ends ? INT64_MAX : last,
	};
	listing->page++;
	listing->last_id = last;
	listing->seen += count;
	listing->total = page->total;
	return ends ? LISTING_END : LISTING_MORE;
}
