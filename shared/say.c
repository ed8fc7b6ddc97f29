#include "shared/say.h"

#include <inttypes.h>
#include <string.h>

#include "shared/clock.h"
#include "shared/table.h"

#define SECOND_MS INT64_C(1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)

bool say_is_zh(const char *lang)
{
	return !lang || strncmp(lang, "en", 2) != 0;
}

const char *say_in(const char *lang, const struct said *said)
{
	const char *text = say_is_zh(lang) ? said->zh : said->en;

	return text ? text : "";
}

static const char *word_of(const struct say_word *words, const char *name,
			   size_t len)
{
	for (const struct say_word *word = words; word && word->name; word++)
		if (strlen(word->name) == len &&
		    strncmp(word->name, name, len) == 0)
			return word->value;
	return NULL;
}

void say(struct buf *out, const char *text, const struct say_word *words)
{
	while (*text) {
		size_t plain = strcspn(text, "{");
		const char *end = strchr(text + plain, '}');
		const char *word;

		buf_add(out, text, end ? plain : strlen(text));
		if (!end)
			return;
		word = word_of(words, text + plain + 1,
			       (size_t)(end - text) - plain - 1);
		buf_adds(out, word ? word : "?");
		text = end + 1;
	}
}

#define MEMBERS_MAX 24

void say_members(struct buf *out, const char *text, const json_t *object)
{
	struct say_word words[MEMBERS_MAX + 1] = { 0 };
	char numbers[MEMBERS_MAX][24];
	const char *name;
	json_t *value;
	size_t n = 0;

	json_object_foreach((json_t *)(uintptr_t)object, name, value) {
		if (n == MEMBERS_MAX)
			break;
		words[n].name = name;
		words[n].value = json_string_value(value);
		if (json_is_integer(value)) {
			snprintf(numbers[n], sizeof(numbers[n]),
				 "%" JSON_INTEGER_FORMAT,
				 json_integer_value(value));
			words[n].value = numbers[n];
		}
		n++;
	}
	say(out, text, words);
}

const char *say_moment(int64_t at, char text[SAY_TIME_MAX])
{
	char rfc[CLOCK_TEXT_MAX];

	clock_format(at, rfc);
	snprintf(text, SAY_TIME_MAX, "%.10s %.8s UTC", rfc, rfc + 11);
	return text;
}

/* The units of a span, largest first; a span has at least two of its unit. */
static const struct {
	int64_t ms;
	struct said ahead;
	struct said ago;
} units[] = {
	{ DAY_MS, { "天后", " days" }, { "天前", " days ago" } },
	{ HOUR_MS, { "小时后", " h" }, { "小时前", " h ago" } },
	{ MINUTE_MS, { "分钟后", " min" }, { "分钟前", " min ago" } },
	{ SECOND_MS, { "秒后", " s" }, { "秒前", " s ago" } },
};

const char *say_distance(const char *lang, int64_t at, int64_t now,
			 char text[SAY_TIME_MAX])
{
	bool ahead = at > now;
	int64_t span = ahead ? at - now : now - at;
	bool zh = say_is_zh(lang);

	for (size_t i = 0; i < COUNT(units); i++) {
		int64_t n = (span + units[i].ms / 2) / units[i].ms;

		if (n < (units[i].ms == SECOND_MS ? 1 : 2))
			continue;
		snprintf(text, SAY_TIME_MAX, "%s%" PRId64 "%s%s",
			 !zh && ahead ? "in " : "", n, zh ? " " : "",
			 say_in(lang, ahead ? &units[i].ahead
					    : &units[i].ago));
		return text;
	}
	snprintf(text, SAY_TIME_MAX, "%s", zh ? "此刻" : "now");
	return text;
}

const char *say_when(const char *lang, int64_t at, int64_t now,
		     char text[SAY_TIME_MAX])
{
	char moment[SAY_TIME_MAX], distance[SAY_TIME_MAX];

	say_moment(at, moment);
	say_distance(lang, at, now, distance);
	snprintf(text, SAY_TIME_MAX, say_is_zh(lang) ? "%.40s（%.40s）"
						     : "%.40s (%.40s)",
		 moment, distance);
	return text;
}
