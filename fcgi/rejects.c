#include "fcgi/rejects.h"

#include "shared/redact.h"

#define LIST_MAX (256 << 10)

void rejects_done(struct rejects *rejects)
{
	jout_done(&rejects->list);
	*rejects = (struct rejects){ 0 };
}

static void list_one(struct rejects *rejects, size_t row, int64_t line,
		     const char *field, const char *why)
{
	struct jout *out = &rejects->list;

	if (rejects->listed++ >= REJECTS_MAX)
		return;
	out->text.max = LIST_MAX;
	jout_object(out, NULL);
	jout_i64(out, "row", (int64_t)row);
	if (line)
		jout_i64(out, "line", line);
	else
		jout_null(out, "line");
	jout_str(out, "field", field);
	jout_str(out, "detail", why);
	jout_object_end(out);
}

static char *place_of(const char *list, size_t row, int64_t line,
		      const char *field)
{
	if (line)
		return xasprintf("line %lld%s%s", (long long)line,
				 *field ? ": " : "", field);
	return xasprintf("%s[%zu].%s", list, row - 1, field);
}

void rejects_add(struct rejects *rejects, size_t row, int64_t line,
		 const struct jdec_problems *problems,
		 struct jdec_problems *all)
{
	size_t kept = problems->count < JDEC_PROBLEMS_MAX ? problems->count
							  : JDEC_PROBLEMS_MAX;

	rejects->rows++;
	for (size_t i = 0; i < kept; i++) {
		const struct jdec_problem *one = &problems->list[i];
		AUTO_FREE char *field = redact_text(one->field,
						    sizeof(one->field));
		AUTO_FREE char *why = redact_text(one->why, sizeof(one->why));
		AUTO_FREE char *place = place_of(rejects->name, row,
						   line, field);

		list_one(rejects, row, line, field, why);
		jdec_problem(all, "", place, "%s", why);
	}
}

char *rejects_json(const struct rejects *rejects)
{
	return xasprintf("[%s]", buf_str(&rejects->list.text));
}
