#include "fcgi/plan_host.h"

#include "shared/overlay.h"

void plan_host_done(struct plan_host *host)
{
	host_done(&host->host);
	json_decref(host->seen);
	*host = (struct plan_host){ 0 };
}

int plan_host_read(struct db *db, const char *host_id, struct plan_host *ret,
		   struct err *err)
{
	if (hosts_get(db, host_id, &ret->host, err))
		return -1;
	if (ret->host.capabilities)
		ret->seen = json_loads(ret->host.capabilities, 0, NULL);
	return 0;
}

bool plan_host_parks(const struct plan_host *host)
{
	return !json_is_true(json_object_get(json_object_get(host->seen,
				"features"), "responses_mode"));
}

void plan_host_write(struct jout *out, const struct plan_host *host,
		     enum access_mode mode)
{
	AUTO_FREE char *name = xasprintf("import_%s", access_mode_name(mode));
	const json_t *operation = json_object_get(json_object_get(
		host->seen, "operations"), name);
	const json_t *works = json_object_get(operation, "works");

	jout_object(out, "host");
	jout_str(out, "host_id", host->host.host_id);
	jout_str(out, "state", host_state_name(host->host.state));
	jout_str(out, "version", host->host.version);
	jout_time(out, "probed_at", host->host.probed_at);
	if (works)
		jout_bool(out, "works", json_is_true(works));
	else
		jout_null(out, "works");
	jout_str(out, "why_not", json_string_value(
		json_object_get(operation, "why_not")));
	jout_str(out, "why_not_zh", json_string_value(
		json_object_get(operation, "why_not_zh")));
	jout_object_end(out);
}

void plan_host_limits_write(struct jout *out, const struct plan_host *host)
{
	const json_t *one;
	size_t i;

	jout_array(out, "host_limits");
	json_array_foreach(json_object_get(host->seen, "evidence"), i,
			   one) {
		if (!json_is_false(json_object_get(one, "value")) ||
		    json_array_size(json_object_get(one, "blocks")) == 0)
			continue;
		jout_object(out, NULL);
		jout_json(out, "name", json_object_get(one, "name"));
		jout_json(out, "blocks", json_object_get(one, "blocks"));
		jout_json(out, "detail", json_object_get(one, "sentence_en"));
		jout_json(out, "detail_zh", json_object_get(one,
							    "sentence_zh"));
		jout_object_end(out);
	}
	jout_array_end(out);
}

void plan_host_overlay_write(struct jout *out, const struct plan_host *host,
			     const struct manifest_provider *provider)
{
	const char *version = host->host.version;
	unsigned int repairs = overlay_repairs_of(version);
	struct overlay_advice advice = { 0 };

	/* What was seen goes above the version. */
	if (!plan_host_parks(host))
		repairs |= 1u << REPAIR_FORCE_CHAT;
	if (!overlay_needed(provider, version, repairs, &advice)) {
		jout_null(out, "overlay");
		return;
	}
	jout_object(out, "overlay");
	jout_str(out, "overlay", advice.overlay);
	jout_str(out, "evidence_zh", advice.evidence_zh);
	jout_str(out, "evidence_en", advice.evidence_en);
	jout_object_end(out);
}
