#include "shared/badge.h"

#include <string.h>

static const char *const kind_names[] = {
	[BADGE_RUN]		= "run_state",
	[BADGE_CANARY]		= "canary_state",
	[BADGE_STAGE]		= "current_stage",
	[BADGE_CONFIRMATION]	= "confirmation_status",
	[BADGE_ACCESS]		= "access_status",
	[BADGE_MATCH]		= "matched_account_state",
	[BADGE_RESOLUTION]	= "account_resolution",
	[BADGE_VALIDATION]	= "validation_status",
	[BADGE_HOST]		= "host_state",
	[BADGE_MODE]		= "access_mode",
	[BADGE_RECONCILE]	= "reconcile_result",
	[BADGE_FINDING]		= "finding_state",
};
TABLE_ENUM_DEFINE(badge_kind, kind_names, BADGE_KIND__MAX);

static const char *const tone_names[] = {
	[TONE_NEUTRAL]	= "neutral",
	[TONE_INFO]	= "info",
	[TONE_GOOD]	= "good",
	[TONE_WARNING]	= "warning",
	[TONE_BAD]	= "bad",
};
TABLE_ENUM_DEFINE(badge_tone, tone_names, BADGE_TONE__MAX);

static const struct badge badges[] = {
	{ BADGE_RUN, "running", "进行中", "running", TONE_INFO },
	{ BADGE_RUN, "completed", "已完成", "completed", TONE_GOOD },
	{ BADGE_RUN, "completed_with_warnings", "完成，有提醒",
	  "completed with warnings", TONE_WARNING },
	{ BADGE_RUN, "failed", "失败", "failed", TONE_BAD },
	{ BADGE_RUN, "cancelled", "已取消", "cancelled", TONE_NEUTRAL },

	{ BADGE_CANARY, "off", "未启用", "off", TONE_NEUTRAL },
	{ BADGE_CANARY, "proving", "先行验证中", "proving the first",
	  TONE_INFO },
	{ BADGE_CANARY, "passed", "先行验证通过", "first ones passed",
	  TONE_GOOD },
	{ BADGE_CANARY, "held", "已暂停，等待处理", "held", TONE_WARNING },
	{ BADGE_CANARY, "resumed", "已人工继续", "resumed by hand",
	  TONE_INFO },

	{ BADGE_STAGE, "probe", "探测供应商", "probing", TONE_INFO },
	{ BADGE_STAGE, "provision", "在主机上创建", "provisioning",
	  TONE_INFO },
	{ BADGE_STAGE, "confirm", "核对账号", "confirming", TONE_INFO },
	{ BADGE_STAGE, "validate", "实测", "validating", TONE_INFO },
	{ BADGE_STAGE, "done", "结束", "done", TONE_NEUTRAL },

	{ BADGE_CONFIRMATION, "pending", "待核对", "pending", TONE_NEUTRAL },
	{ BADGE_CONFIRMATION, "confirming", "核对中", "confirming",
	  TONE_INFO },
	{ BADGE_CONFIRMATION, "confirmed", "已核对", "confirmed", TONE_GOOD },
	{ BADGE_CONFIRMATION, "failed", "核对失败", "failed", TONE_BAD },

	{ BADGE_ACCESS, "unknown", "未知", "unknown", TONE_NEUTRAL },
	{ BADGE_ACCESS, "active", "可用", "active", TONE_GOOD },
	{ BADGE_ACCESS, "degraded", "降级", "degraded", TONE_WARNING },
	{ BADGE_ACCESS, "broken", "不可用", "broken", TONE_BAD },

	/* Of accesses: the mode is part of the word. */
	{ BADGE_ACCESS, "subscription_ready", "订阅可用",
	  "ready by subscription", TONE_GOOD },
	{ BADGE_ACCESS, "self_service_ready", "自助可用",
	  "ready for self-service", TONE_GOOD },
	{ BADGE_ACCESS, "fully_ready", "全部可用", "fully ready", TONE_GOOD },

	{ BADGE_MATCH, "none", "无已有账号", "none there", TONE_NEUTRAL },
	{ BADGE_MATCH, "active", "已有，启用", "there, active", TONE_GOOD },
	{ BADGE_MATCH, "disabled", "已有，停用", "there, disabled",
	  TONE_WARNING },
	{ BADGE_MATCH, "deprecated", "已有，弃用", "there, deprecated",
	  TONE_WARNING },
	{ BADGE_MATCH, "broken", "已有，故障", "there, broken", TONE_BAD },

	{ BADGE_RESOLUTION, "created", "新建", "created", TONE_GOOD },
	{ BADGE_RESOLUTION, "reused", "重用", "re-used", TONE_INFO },
	{ BADGE_RESOLUTION, "reactivated", "重新启用", "reactivated",
	  TONE_INFO },
	{ BADGE_RESOLUTION, "replaced", "替换", "replaced", TONE_INFO },

	{ BADGE_VALIDATION, "unknown", "未测试", "not tested",
	  TONE_NEUTRAL },
	{ BADGE_VALIDATION, "passed", "通过", "passed", TONE_GOOD },
	{ BADGE_VALIDATION, "warning", "提醒", "warning", TONE_WARNING },
	{ BADGE_VALIDATION, "failed", "未通过", "failed", TONE_BAD },

	{ BADGE_HOST, "unknown", "未探测", "not looked at", TONE_NEUTRAL },
	{ BADGE_HOST, "ready", "就绪", "ready", TONE_GOOD },
	{ BADGE_HOST, "unreachable", "无法连接", "unreachable", TONE_BAD },
	{ BADGE_HOST, "unauthorized", "凭据被拒", "unauthorized", TONE_BAD },
	{ BADGE_HOST, "compliance_required", "须先接受合规声明",
	  "compliance required", TONE_WARNING },
	{ BADGE_HOST, "unsupported", "不支持", "unsupported", TONE_BAD },

	{ BADGE_MODE, "subscription", "订阅", "subscription", TONE_NEUTRAL },
	{ BADGE_MODE, "self_service", "自助", "self-service", TONE_NEUTRAL },

	{ BADGE_RECONCILE, "in_sync", "一致", "in sync", TONE_GOOD },
	{ BADGE_RECONCILE, "drifted", "有偏差", "drifted", TONE_WARNING },
	{ BADGE_RECONCILE, "repaired", "已修复", "repaired", TONE_GOOD },
	{ BADGE_RECONCILE, "unknown", "无法判断", "unknown", TONE_NEUTRAL },
	{ BADGE_RECONCILE, "failed", "失败", "failed", TONE_BAD },

	{ BADGE_FINDING, "found", "发现", "found", TONE_INFO },
	{ BADGE_FINDING, "repaired", "已恢复", "repaired", TONE_GOOD },
	{ BADGE_FINDING, "accepted", "已接受", "accepted", TONE_INFO },
	{ BADGE_FINDING, "asked", "待决定", "to be decided", TONE_WARNING },
	{ BADGE_FINDING, "failed", "未能恢复", "not repaired", TONE_BAD },
};

const struct badge *badge_all(size_t *ret_count)
{
	*ret_count = COUNT(badges);
	return badges;
}

const struct badge *badge_find(enum badge_kind kind, const char *state)
{
	for (size_t i = 0; state && i < COUNT(badges); i++)
		if (badges[i].kind == kind &&
		    strcmp(badges[i].state, state) == 0)
			return &badges[i];
	return NULL;
}

const char *badge_label(enum badge_kind kind, const char *state,
			const char *lang)
{
	const struct badge *badge = badge_find(kind, state);

	if (!badge)
		return state ? state : "";
	return strcmp(lang, "zh") == 0 ? badge->zh : badge->en;
}
