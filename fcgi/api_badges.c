/* api_badges: what states are called, for pages. */
#include "fcgi/api.h"
#include "shared/badge.h"

/* A member for each kind, and in it one for each of its states. */
static int badges_show(const struct request *req, struct reply *reply,
		       struct err *err)
{
	struct jout *out = &reply->out;
	size_t count;
	const struct badge *all = badge_all(&count);

	(void)req;
	(void)err;
	reply->status = 200;
	jout_object(out, NULL);
	jout_object(out, "badges");
	for (size_t i = 0; i < count; i++) {
		if (i == 0 || all[i].kind != all[i - 1].kind)
			jout_object(out, badge_kind_name(all[i].kind));
		jout_object(out, all[i].state);
		jout_str(out, "zh", all[i].zh);
		jout_str(out, "en", all[i].en);
		jout_str(out, "tone", badge_tone_name(all[i].tone));
		jout_object_end(out);
		if (i + 1 == count || all[i].kind != all[i + 1].kind)
			jout_object_end(out);
	}
	jout_object_end(out);
	jout_object_end(out);
	return 0;
}

const struct route api_badges_routes[] = {
	{ HTTP_GET, "/api/badges", SCOPE_READ, .handle = badges_show },
	{ 0 }
};
