#include "schedd/asking.h"

#include <stdio.h>
#include <string.h>

#include "schedd/upstream/chat.h"
#include "schedd/upstream/manifest.h"
#include "schedd/upstream/pack.h"
#include "schedd/upstream/responses.h"

#define DAY_MS 86400000
#define HOUR_MS INT64_C(3600000)

/* What is asked from which level on, and whether for each model. */
static const struct {
	enum profile_level level;
	bool each_model;
	bool needs_chat;	/* of that model, to mean anything */
} tries[] = {
	[TRY_STREAM]	= { PROFILE_BASIC, true,  false },
	[TRY_CHAT]	= { PROFILE_BASIC, true,  false },
	[TRY_RESPONSES]	= { PROFILE_BASIC, false, false },
	[TRY_MESSAGES]	= { PROFILE_FULL,  false, false },
	[TRY_TOOLS]	= { PROFILE_FULL,  true,  true },
	[TRY_JSON_MODE]	= { PROFILE_FULL,  true,  true },
};
_Static_assert(COUNT(tries) == TRY__MAX, "a row for each");

void asking_free(struct asking **askingp)
{
	struct asking *asking = *askingp;

	if (!asking)
		return;
	profile_row_done(&asking->row);
	item_done(&asking->item);
	endpoint_row_done(&asking->endpoint);
	json_decref(asking->models);
	json_decref(asking->manifest);
	free(asking);
	*askingp = NULL;
}

/* ---- before anything is asked ---- */

/* The smoke model and those that are mapped; or at least what was named. */
static json_t *models_of(const struct item *item)
{
	json_auto_t *listed = json_loads(item->models ? item->models
				: item->requested_models, 0, NULL);
	const char *smoke = item->resolved_smoke_model;
	json_t *models = json_array();
	size_t i;
	const json_t *name;

	if (smoke)
		json_array_append_new(models, json_string(smoke));
	json_array_foreach(listed, i, name)
		if (json_is_string(name) &&
		    json_string_length(name) <= PROFILE_MODEL_MAX &&
		    (!smoke || strcmp(json_string_value(name), smoke) != 0))
			json_array_append(models, (json_t *)(uintptr_t)name);
	return models;
}

static char *chat_url_of(const struct asking *asking)
{
	if (asking->item.chat_url)
		return xstrdup(asking->item.chat_url);
	return upstream_chat_url(asking->item.base_url, 0);
}

static void keep_url(struct asking *asking, enum profile_path path,
		     const char *url)
{
	snprintf(asking->draft.urls[path], sizeof(asking->draft.urls[path]),
		 "%s", url ? url : "");
}

/* An import asks for it where hosts take that path; it need not be twice. */
static void heed_import(struct asking *asking)
{
	const struct item *item = &asking->item;
	enum upstream_responses was = upstream_responses_of_status(
						item->responses_status);
	int64_t age = asking->now - item->finished_at;

	if (was != RESPONSES_REFUSED && was != RESPONSES_ABSENT)
		return;
	if (age < 0 || age >= asking->settings->capability_hours * HOUR_MS)
		return;
	asking->draft.paths[PATH_RESPONSES] = (struct capability){
		.learnt = LEARNT_DIFFERENTIAL,
		.status = (int)item->responses_status,
		.at = item->finished_at,
	};
	asking->memo.tried |= 1 << TRY_RESPONSES;
}

static void heed_pack(struct asking *asking)
{
	const char *base_url = asking->item.base_url;
	struct capability *messages = &asking->draft.paths[PATH_MESSAGES];

	if (upstream_list_is_absent(base_url))
		asking->draft.quirks |= 1u << QUIRK_LIST_ABSENT;
	if (upstream_list_is_public(base_url))
		asking->draft.quirks |= 1u << QUIRK_LIST_PUBLIC;
	if (!upstream_messages_documented(base_url))
		return;
	messages->learnt = LEARNT_PACK;
	snprintf(messages->words, sizeof(messages->words),
		 "documented; not tried");
}

/* Nobody asks where the pack says that it is never to be taken. */
static void heed_manifest(struct asking *asking)
{
	struct capability *responses = &asking->draft.paths[PATH_RESPONSES];

	if (!upstream_shuns_responses(asking->manifest))
		return;
	*responses = (struct capability){
		.is = CAPABLE_NO, .learnt = LEARNT_PACK, .at = asking->now,
	};
	snprintf(responses->words, sizeof(responses->words),
		 "the pack says not to use it; not tried");
	asking->memo.tried |= 1 << TRY_RESPONSES;
}

static void begin_draft(struct asking *asking)
{
	AUTO_FREE char *chat = chat_url_of(asking);
	AUTO_FREE char *responses = upstream_responses_url(chat);
	AUTO_FREE char *messages = upstream_messages_url(
					asking->item.base_url, chat, 0);

	asking->draft = (struct profile){ .at = asking->now };
	keep_url(asking, PATH_CHAT, chat);
	keep_url(asking, PATH_RESPONSES, responses);
	heed_pack(asking);
	if (asking->draft.paths[PATH_MESSAGES].learnt == LEARNT_PACK)
		keep_url(asking, PATH_MESSAGES, messages);
	heed_import(asking);
	heed_manifest(asking);
}

void asking_prepare(struct asking *asking)
{
	asking->models = models_of(&asking->item);
	if (asking->row.draft)
		profile_parse(asking->row.draft, &asking->draft);
	else
		begin_draft(asking);
	asking->draft.level = asking->row.wanted;
}

/* ---- what comes next ---- */

static const char *model_asked(const struct asking *asking)
{
	size_t i = (size_t)asking->memo.model;

	if (i < asking->draft.nmodels)
		return asking->draft.models[i].model;
	return json_string_value(json_array_get(asking->models, i));
}

static bool chats(const struct asking *asking)
{
	size_t i = (size_t)asking->memo.model;

	return i < asking->draft.nmodels &&
	       asking->draft.models[i].skills[SKILL_CHAT].is == CAPABLE_YES;
}

static bool is_next(const struct asking *asking, enum try try)
{
	if (asking->memo.tried & 1 << try ||
	    asking->row.wanted < tries[try].level)
		return false;
	if (asking->memo.model > 0 && !tries[try].each_model)
		return false;
	if (tries[try].needs_chat && !chats(asking))
		return false;
	return try != TRY_CHAT || !chats(asking);	/* the stream showed it */
}

static bool is_stopped(const struct asking *asking)
{
	return asking->draft.stopped != FAILURE_NONE ||
	       asking->draft.over_budget || !model_asked(asking);
}

/* TRY__MAX if nothing is left for this model. */
static enum try next_try(const struct asking *asking)
{
	int try = TRY_STREAM;

	while (try < TRY__MAX && !is_next(asking, (enum try)try))
		try++;
	return is_stopped(asking) ? TRY__MAX : (enum try)try;
}

/* Of the day, so far. */
static int64_t used(const struct asking *asking, int64_t count)
{
	return asking->row.day == asking->now / DAY_MS ? count : 0;
}

static bool can_afford(const struct asking *asking, enum try try)
{
	int64_t tokens = try_tokens(try, asking->memo.generous);

	return used(asking, asking->row.probes) <
			asking->settings->capability_probes &&
	       used(asking, asking->row.tokens) + tokens <=
			asking->settings->capability_tokens;
}

static char *url_of(const struct asking *asking, enum try try)
{
	AUTO_FREE char *chat = chat_url_of(asking);

	if (try != TRY_MESSAGES)
		return TAKE(chat);
	return upstream_messages_url(asking->item.base_url, chat,
				     (size_t)asking->memo.form);
}

bool ask_capability(const void *subject, struct request *request)
{
	const struct asking *asking = subject;
	enum try try = next_try(asking);
	AUTO_FREE char *url = NULL;
	char nonce[ID_SHORT_MAX];

	if (try == TRY__MAX || !can_afford(asking, try))
		return false;
	url = url_of(asking, try);
	id_short(nonce, 10, asking->random);
	upstream_ask_try(request, try, url, model_asked(asking), nonce,
			 asking->memo.generous);
	upstream_add_headers(request, asking->manifest);
	return true;
}

/* ---- what was learnt ---- */

static struct capability learnt_from(const struct asking *asking,
				     const struct tried *tried)
{
	struct capability c = {
		.is = tried->is,
		.learnt = tried->refused ? LEARNT_DIFFERENTIAL
					 : LEARNT_PROBED,
		.status = tried->status,
		.class = tried->class,
		.at = asking->now,
	};

	memcpy(c.words, tried->words, sizeof(c.words));
	return c;
}

/* The model that is asked; it begins here if it has not. */
static struct profile_model *model_of(struct asking *asking)
{
	size_t i = (size_t)asking->memo.model;
	struct profile_model *model = &asking->draft.models[i];

	if (i == asking->draft.nmodels) {
		snprintf(model->model, sizeof(model->model), "%s",
			 model_asked(asking));
		asking->draft.nmodels++;
	}
	return model;
}

/* Of a model, what no path's refusal says anything about. */
static void note_skill(struct capability *skill, struct capability c)
{
	if (c.learnt == LEARNT_DIFFERENTIAL)
		c.learnt = LEARNT_PROBED;
	*skill = c;
}

/* By a stream or without: the path, and whether the model can chat. */
static void note_chat(struct asking *asking, struct profile_model *model,
		      const struct tried *tried)
{
	struct capability c = learnt_from(asking, tried);
	struct capability *path = &asking->draft.paths[PATH_CHAT];

	c.is = tried->served ? CAPABLE_YES : CAPABLE_UNKNOWN;
	if (path->is != CAPABLE_YES)
		*path = c;
	if (tried->class == FAILURE_MODEL_NOT_FOUND)
		c.is = CAPABLE_NO;
	note_skill(&model->skills[SKILL_CHAT], c);
}

static void note_messages(struct asking *asking,
			  const struct tried *tried)
{
	AUTO_FREE char *url = url_of(asking, TRY_MESSAGES);

	asking->draft.paths[PATH_MESSAGES] = learnt_from(asking, tried);
	keep_url(asking, PATH_MESSAGES, url);
}

static void note(struct asking *asking, enum try try,
		 const struct tried *tried)
{
	struct profile_model *model = model_of(asking);
	struct capability c = learnt_from(asking, tried);

	if (try == TRY_STREAM)
		note_skill(&model->skills[SKILL_STREAM], c);
	if (try == TRY_STREAM || try == TRY_CHAT)
		note_chat(asking, model, tried);
	if (try == TRY_RESPONSES)
		asking->draft.paths[PATH_RESPONSES] = c;
	if (try == TRY_MESSAGES)
		note_messages(asking, tried);
	if (try == TRY_TOOLS)
		note_skill(&model->skills[SKILL_TOOLS], c);
	if (try == TRY_JSON_MODE)
		note_skill(&model->skills[SKILL_JSON_MODE], c);
	asking->draft.quirks |= tried->quirks;
	if (tried->served && tried->thought) {
		c.is = CAPABLE_YES;
		note_skill(&model->skills[SKILL_REASONING], c);
	}
}

static void spend(struct asking *asking, const struct tried *tried)
{
	struct profile_row *row = &asking->row;

	row->probes = used(asking, row->probes) + 1;
	row->tokens = used(asking, row->tokens) + tried->tokens;
	row->day = asking->now / DAY_MS;
	asking->draft.probes++;
	asking->draft.tokens += tried->tokens;
}

/* Is the same thing to be asked once more, another way? */
static bool tries_again(struct asking *asking, enum try try,
			const struct tried *tried)
{
	bool again = tried->cut && !asking->memo.generous;

	asking->memo.generous = again;
	if (!again && try == TRY_MESSAGES && tried->refused) {
		AUTO_FREE char *url = NULL;

		asking->memo.form++;
		url = url_of(asking, try);
		again = url != NULL;
	}
	return again;
}

/* Limits, money, the key; or where chat is nobody has time for us. */
static bool is_enough(const struct asking *asking, enum try try,
		      const struct tried *tried)
{
	if (try_stops(tried, profile_is_served(&asking->draft)))
		return true;
	return (try == TRY_STREAM || try == TRY_CHAT) &&
	       (tried->status == 0 || tried->class == FAILURE_OVERLOADED);
}

static struct verdict go_to_next_model(struct asking *asking)
{
	int64_t most = (int64_t)json_array_size(asking->models);

	if (most > asking->settings->capability_models)
		most = asking->settings->capability_models;
	if (is_stopped(asking) || asking->memo.model + 1 >= most)
		return done();
	asking->memo.model++;
	for (int i = 0; i < TRY__MAX; i++)
		if (tries[i].each_model)
			asking->memo.tried &= ~(INT64_C(1) << i);
	return poll_after(0, FAILURE_NONE);
}

struct verdict got_capability(void *subject, const struct answer *answer)
{
	struct asking *asking = subject;
	enum try try = next_try(asking);
	struct tried tried;

	if (try == TRY__MAX)
		return go_to_next_model(asking);
	if (!answer) {
		asking->draft.over_budget = true;
		return done();
	}
	upstream_judge_try(answer, try, asking->memo.generous, &tried);
	spend(asking, &tried);
	note(asking, try, &tried);
	if (is_enough(asking, try, &tried)) {
		asking->draft.stopped = tried.class;
		return done();
	}
	if (!tries_again(asking, try, &tried))
		asking->memo.tried |= INT64_C(1) << try;
	return poll_after(0, FAILURE_NONE);
}
