#include "fcgi/provider_notes.h"

#include <string.h>

#include "shared/semver.h"

#define SENTENCE_MAX 512

void key_hints_done(struct key_hints *hints)
{
	json_decref(hints->prefixes);
	*hints = (struct key_hints){ 0 };
}

static void add_prefixes(struct key_hints *hints, const char *provider_id,
			 const json_t *prefixes)
{
	const json_t *prefix;
	size_t i;

	json_array_foreach(prefixes, i, prefix) {
		const char *text = json_string_value(prefix);

		if (!json_object_get(hints->prefixes, text))
			json_object_set_new(hints->prefixes, text,
					    json_string(provider_id));
	}
}

int key_hints_read(struct db *db, const char *pack_id,
		   const struct manifest_provider *m, struct key_hints *ret,
		   struct err *err)
{
	CLEANUP(db_rows_done) struct db_rows rows = { 0 };
	int more;

	ret->prefixes = json_object();
	ret->own = m->key_prefixes;
	if (packs_of_vendor(&rows, db, m->vendor, pack_id, err))
		return -1;
	while ((more = db_next(&rows, err)) > 0) {
		json_auto_t *other = NULL;

		if (strcmp(db_must(&rows, 0), m->provider_id) == 0)
			continue;
		other = json_loads(db_must(&rows, 1), 0, NULL);
		add_prefixes(ret, db_must(&rows, 0),
			     json_object_get(other, "key_prefixes"));
	}
	return more;
}

static bool begins(const char *key, const char *prefix)
{
	return strncmp(key, prefix, strlen(prefix)) == 0;
}

/* The longest prefix tells most: "sk-" begins half of all keys. */
char *key_hint(const void *arg, const char *key)
{
	const struct key_hints *hints = arg;
	const char *prefix, *best = NULL;
	size_t len = 0, i;
	json_t *value;

	json_array_foreach(hints->own, i, value)
		if (begins(key, json_string_value(value)) &&
		    strlen(json_string_value(value)) > len)
			len = strlen(json_string_value(value));
	json_object_foreach(hints->prefixes, prefix, value)
		if (begins(key, prefix) && strlen(prefix) > len) {
			len = strlen(prefix);
			best = json_string_value(value);
		}
	return best ? xasprintf("the key begins like those of provider %s",
				best) : NULL;
}

static void warn(struct jout *out, const char *code, const char *en,
		 const char *zh)
{
	jout_object(out, NULL);
	jout_str(out, "code", code);
	jout_str(out, "detail", en);
	jout_str(out, "detail_zh", zh);
	jout_object_end(out);
}

static const char *member_text(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static void warn_terms(struct jout *out, const struct manifest_provider *m)
{
	const json_t *text = json_object_get(m->plan_terms, "text");
	const char *word = member_text(m->plan_terms, "shared_use");

	if (word && strcmp(word, "unclear") == 0)
		warn(out, "plan_terms_unclear", member_text(text, "en"),
		     member_text(text, "zh"));
	if (word && strcmp(word, "forbidden") == 0)
		warn(out, "plan_terms_forbid_sharing", member_text(text, "en"),
		     member_text(text, "zh"));
}

static bool is_outside(const struct packs_row *pack, const char *version)
{
	const char *min = pack->min_host_version;
	const char *max = pack->max_host_version;

	return (min && semver_compare(version, min) < 0) ||
	       (max && semver_compare(version, max) > 0);
}

static void warn_version(struct jout *out, const struct packs_row *pack,
			 const struct host *host)
{
	AUTO_FREE char *en = NULL;
	AUTO_FREE char *zh = NULL;

	if (!host->version || !semver_is_valid(host->version) ||
	    !is_outside(pack, host->version))
		return;
	en = xasprintf("the pack is for hosts from %s to %s, and this one is "
		       "%s", pack->min_host_version ? pack->min_host_version
						    : "any",
		       pack->max_host_version ? pack->max_host_version : "any",
		       host->version);
	zh = xasprintf("该包适用于 %s 至 %s 版本的主机，而这台是 %s",
		       pack->min_host_version ? pack->min_host_version : "任意",
		       pack->max_host_version ? pack->max_host_version : "任意",
		       host->version);
	warn(out, "host_version_outside_pack", en, zh);
}

static void warn_status(struct jout *out, const struct manifest_provider *m)
{
	AUTO_FREE char *en = NULL;
	AUTO_FREE char *zh = NULL;

	if (strcmp(m->status, "current") == 0)
		return;
	en = xasprintf("the pack says of this provider: %s", m->status);
	zh = xasprintf("包中标注该供应商的状态为：%s", m->status);
	warn(out, "provider_not_current", en, zh);
}

static void warn_host(struct jout *out, const struct host *host)
{
	AUTO_FREE char *en = NULL;
	AUTO_FREE char *zh = NULL;

	if (host->state == HOST_READY)
		return;
	en = xasprintf("the last probe found the host %s",
		       host_state_name(host->state));
	zh = xasprintf("最近一次探测时主机状态为 %s",
		       host_state_name(host->state));
	warn(out, "host_not_ready", en, zh);
}

/* What is left out on a host of this version. */
static void warn_plan(struct jout *out, const struct provider_plan *plan)
{
	for (int i = 0; i < PROVIDER_NOTE__MAX; i++) {
		enum provider_note note = (enum provider_note)i;

		if (plan->notes[i])
			warn(out, provider_note_code(note), plan->notes[i],
			     provider_note_zh(note));
	}
}

void provider_own_warnings_write(struct jout *out,
				 const struct manifest_provider *m,
				 const struct packs_row *pack,
				 const struct host *host,
				 const struct provider_plan *plan)
{
	jout_array(out, "warnings");
	warn_terms(out, m);
	warn_status(out, m);
	warn_version(out, pack, host);
	warn_plan(out, plan);
	jout_array_end(out);
}

void host_warnings_write(struct jout *out, const struct host *host)
{
	jout_array(out, "warnings");
	warn_host(out, host);
	jout_array_end(out);
}

void provider_warnings_write(struct jout *out,
			     const struct manifest_provider *m,
			     const struct packs_row *pack,
			     const struct host *host,
			     const struct provider_plan *plan)
{
	jout_array(out, "warnings");
	warn_terms(out, m);
	warn_status(out, m);
	warn_version(out, pack, host);
	warn_host(out, host);
	warn_plan(out, plan);
	jout_array_end(out);
}
