#include "schedd/upstream/retired.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "schedd/upstream/vendor.h"
#include "shared/clock.h"
#include "shared/table.h"

#define NAME_MAX_LEN 200

struct row {
	const char *host;	/* its name, or what it ends with */
	const char *models;	/* patterns, between '|' */
	const char *date;	/* of the day, or the month; "": not named */
	bool gone;		/* it has no date, and is refused already */
	const char *replacement; /* "": none is named */
	const char *source;
};

#define DEEPSEEK	"DeepSeek: the models that its API says it supports"
#define MOONSHOT	"Moonshot: list of models, 2026-09-03"
#define MINIMAX		"MiniMax: list of models"
#define ZHIPU		"Zhipu: 400 code 1211, model does not exist"
#define TENCENT		"Tencent: list of models"
#define PUBLIC		"public catalogues (models.dev, Dify), 2026"

#define MOONSHOT_AT(host) \
	{ host, "kimi-k2-*-preview|kimi-k2-thinking*", "2026-05-25", false, \
	  "kimi-k2.6", MOONSHOT }, \
	{ host, "kimi-k2.5|kimi-latest|moonshot-v1-*", "2026-09", false, \
	  "kimi-k2.6", MOONSHOT }
#define MINIMAX_AT(host) \
	{ host, "minimax-m2.5-lightning", "", false, \
	  "MiniMax-M2.5-highspeed", MINIMAX }, \
	{ host, "minimax-m2.1-lightning", "", false, \
	  "MiniMax-M2.1-highspeed", MINIMAX }, \
	{ host, "abab*", "", false, "MiniMax-M2.5", MINIMAX }
#define TENCENT_AT(host) \
	{ host, "kimi-k2.5", "2026-08-31", false, "kimi-k2.6", TENCENT }, \
	{ host, "hy3-preview", "", false, "hy3", TENCENT }

/* The first that fits. */
static const struct row rows[] = {
	{ "api.deepseek.com", "deepseek-chat|deepseek-reasoner", "2026-07-24",
	  false, "deepseek-flash", DEEPSEEK },
	/* Still answered, as another name of its successor. */
	{ "api.deepseek.com", "deepseek-v4-flash", "2026-09-10", false,
	  "deepseek-flash", DEEPSEEK },
	MOONSHOT_AT("api.moonshot.cn"),
	MOONSHOT_AT("api.moonshot.ai"),
	{ "api.kimi.com", "k2p5|kimi-code", "", false, "kimi-for-coding",
	  PUBLIC },
	{ "api.kimi.ai", "k2p5|kimi-code", "", false, "kimi-for-coding",
	  PUBLIC },
	MINIMAX_AT("api.minimax.cn"),
	MINIMAX_AT("api.minimaxi.com"),
	MINIMAX_AT("api.minimax.chat"),
	MINIMAX_AT("api.minimax.io"),
	{ "aliyuncs.com", "qwen-turbo", "", false, "qwen-flash", PUBLIC },
	{ "open.bigmodel.cn", "glm-4-flash", "", true, "glm-4.7-flash",
	  ZHIPU },
	{ "open.bigmodel.cn", "glm-4|glm-4-air|glm-3-turbo", "", true,
	  "glm-4.7", ZHIPU },
	TENCENT_AT("tencentmaas.com"),
	TENCENT_AT("tencentcloudmaas.com"),
	TENCENT_AT("lkeap.cloud.tencent.com"),
	{ "volces.com", "deepseek-v3-2-251201|glm-4-7-251222|"
	  "kimi-k2-5-260127", "", false, "", PUBLIC },
	{ "qianfan.baidubce.com", "ernie-5.0-thinking-preview", "", false, "",
	  PUBLIC },
	{ "xiaomimimo.com", "mimo-v2-flash", "", false, "mimo-v2.6-flash",
	  PUBLIC },
	{ "xiaomimimo.com", "mimo-v2-*", "", false, "mimo-v2.6-pro", PUBLIC },
	/* Not a model but all of them: these doors are closed. */
	{ "portal.qwen.ai", "*", "", true, "", PUBLIC },
	{ "apis.iflow.cn", "*", "", true, "", PUBLIC },
};

static bool fits(const char *patterns, const char *model)
{
	char pattern[NAME_MAX_LEN];

	while (*patterns) {
		size_t len = strcspn(patterns, "|");

		snprintf(pattern, sizeof(pattern), "%.*s", (int)len,
			 patterns);
		if (fnmatch(pattern, model, FNM_CASEFOLD) == 0)
			return true;
		patterns += len;
		patterns += *patterns == '|';
	}
	return false;
}

/* Midnight in UTC of a day, or of a month's first; 0 of "". */
static int64_t beginning_of(const char *date)
{
	char text[CLOCK_TEXT_MAX];
	int64_t at = 0;

	if (*date == '\0')
		return 0;
	snprintf(text, sizeof(text), "%s%sT00:00:00Z", date,
		 strlen(date) == 7 ? "-01" : "");
	return clock_parse(text, &at) ? at : 0;
}

bool upstream_retirement(const char *base_url, const char *model,
			 int64_t now, struct upstream_retirement *ret)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *row = &rows[i];
		int64_t at;

		if (!upstream_is_at(base_url, row->host) ||
		    !fits(row->models, model))
			continue;
		at = beginning_of(row->date);
		*ret = (struct upstream_retirement){
			.date = row->date,
			.at = at,
			.over = at ? now >= at : row->gone,
			.replacement = row->replacement,
			.source = row->source,
		};
		return true;
	}
	return false;
}
