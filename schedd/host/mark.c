#include "schedd/host/mark.h"

#include "schedd/redact.h"

/* Of a mark: "crm-<installation>-<these>". */
#define PREFIX "crm-"
#define INST_CHARS_MIN 4
#define RANDOM_CHARS 8

/*
 * Text that a host may store.  jout writes three bytes for one that is not
 * UTF-8, and the name would become too long.
 */
static void clean(char *text)
{
	while (*text) {
		size_t len = redact_character(text);

		if (len == 0 || (unsigned char)*text < 0x20 || *text == 0x7f)
			*text = '?';
		text += len ? len : 1;
	}
}

char *host_mark_name(const char *readable, const char *mark)
{
	size_t room = HOST_NAME_MAX_LEN - strlen(mark) - 1;
	AUTO_FREE char *text = xstrdup(readable);

	clean(text);
	text[redact_cut(text, room)] = '\0';
	if (*text == '\0')
		return xstrdup(mark);
	return xasprintf("%s %s", text, mark);
}

bool host_mark_matches(const char *name, const char *mark)
{
	size_t name_len = name ? strlen(name) : 0;
	size_t len = strlen(mark);

	if (len == 0 || name_len < len ||
	    strcmp(name + name_len - len, mark) != 0)
		return false;
	return name_len == len || name[name_len - len - 1] == ' ';
}

static size_t drawn_len(const char *text)
{
	return strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789");
}

static bool is_random_part(const char *text)
{
	return drawn_len(text) == RANDOM_CHARS && text[RANDOM_CHARS] == '\0';
}

/* Where the mark begins, if there is one; NULL: there is no name. */
static const char *last_word(const char *name)
{
	const char *last = name ? strrchr(name, ' ') : NULL;

	return last ? last + 1 : name;
}

const char *host_mark_of(const char *name, const char *inst)
{
	AUTO_FREE char *prefix = xasprintf("crm-%s-", inst);
	const char *mark = last_word(name);
	size_t len = strlen(prefix);

	if (!mark || strncmp(mark, prefix, len) != 0)
		return NULL;
	return is_random_part(mark + len) ? mark : NULL;
}

bool host_mark_is_any(const char *name)
{
	const char *mark = last_word(name);
	size_t len;

	if (!mark || strncmp(mark, PREFIX, strlen(PREFIX)) != 0)
		return false;
	mark += strlen(PREFIX);
	len = drawn_len(mark);
	return len >= INST_CHARS_MIN && mark[len] == '-' &&
	       is_random_part(mark + len + 1);
}

static void add_found(struct host_found *found, int64_t id)
{
	size_t at = found->count;

	if (id == 0 || found->count == HOST_FOUND_MAX)
		return;
	while (at > 0 && found->ids[at - 1] > id) {
		found->ids[at] = found->ids[at - 1];
		at--;
	}
	found->ids[at] = id;
	found->count++;
}

enum failure host_judge_found(const struct answer *answer, const char *mark,
			      struct host_found *ret)
{
	struct host_page page;
	enum failure why = host_judge_page(answer, &page);
	size_t i;
	const json_t *item;

	if (why != FAILURE_NONE)
		return why;
	*ret = (struct host_found){ .last = host_page_is_last(&page) };
	json_array_foreach(page.items, i, item)
		if (host_mark_matches(host_member_text(item, "name"), mark))
			add_found(ret, host_object_id(item));
	return FAILURE_NONE;
}
