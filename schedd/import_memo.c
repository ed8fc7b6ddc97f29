/* The task's memo and the struct that the steps see, both ways, by table. */
#include <stdio.h>

#include "schedd/import.h"
#include "shared/table.h"

enum memo_type { MEMO_I64, MEMO_BOOL, MEMO_INT, MEMO_TEXT };

static const struct {
	const char *name;
	enum memo_type type;
	size_t offset;
	size_t size;
} fields[] = {
#define FIELD(type, m) { #m, type, offsetof(struct import_memo, m), \
	sizeof(((struct import_memo *)0)->m) }
	FIELD(MEMO_I64,	 selector),
	FIELD(MEMO_I64,	 chat_form),
	FIELD(MEMO_I64,	 chat_model),
	FIELD(MEMO_INT,	 chat_tries),
	FIELD(MEMO_BOOL, bare),
	FIELD(MEMO_I64,	 page),
	FIELD(MEMO_I64,	 polls),
	FIELD(MEMO_I64,	 doubts),
	FIELD(MEMO_I64,	 bound_at),
	FIELD(MEMO_I64,	 models_status),
	FIELD(MEMO_BOOL, models_listed),
	FIELD(MEMO_BOOL, live),
	FIELD(MEMO_BOOL, widening),
	FIELD(MEMO_BOOL, widened),
	FIELD(MEMO_BOOL, adopted),
	FIELD(MEMO_BOOL, reviving),
	FIELD(MEMO_BOOL, was_inactive),
	FIELD(MEMO_BOOL, was_unschedulable),
	FIELD(MEMO_I64,	 revivals),
	FIELD(MEMO_I64,	 calls),
	FIELD(MEMO_I64,	 retire),
	FIELD(MEMO_TEXT, retire_row),
	FIELD(MEMO_BOOL, retired),
	FIELD(MEMO_BOOL, adopting),
	FIELD(MEMO_TEXT, groups),
	FIELD(MEMO_BOOL, many_groups),
	FIELD(MEMO_I64,	 moves),
	FIELD(MEMO_BOOL, looked),
	FIELD(MEMO_I64,	 look_seen),
	FIELD(MEMO_I64,	 look_total),
	FIELD(MEMO_I64,	 looks),
	FIELD(MEMO_BOOL, proving),
	FIELD(MEMO_BOOL, proven),
	FIELD(MEMO_BOOL, created_account),
	FIELD(MEMO_BOOL, created_group),
	FIELD(MEMO_BOOL, group_seen),
	FIELD(MEMO_BOOL, created_channel),
	FIELD(MEMO_BOOL, repricing),
	FIELD(MEMO_BOOL, repriced),
	FIELD(MEMO_I64,	 base),
	FIELD(MEMO_BOOL, created_key),
	FIELD(MEMO_BOOL, renewed_key),
	FIELD(MEMO_BOOL, renewed_user),
	FIELD(MEMO_BOOL, new_password),
	FIELD(MEMO_BOOL, topped_up),
	FIELD(MEMO_I64,	 top_up),
	FIELD(MEMO_BOOL, purse_low),
	FIELD(MEMO_I64,	 candidate),
	FIELD(MEMO_I64,	 owner),
	FIELD(MEMO_I64,	 owner_key),
	FIELD(MEMO_I64,	 owner_group),
	FIELD(MEMO_BOOL, here),
	FIELD(MEMO_BOOL, may),
	FIELD(MEMO_BOOL, rebound),
	FIELD(MEMO_BOOL, key_found),
	FIELD(MEMO_I64,	 key_group),
	FIELD(MEMO_BOOL, group_used),
	FIELD(MEMO_BOOL, nowhere),
	FIELD(MEMO_BOOL, revokes),
	FIELD(MEMO_BOOL, assigned),
	FIELD(MEMO_BOOL, keep_key),
	FIELD(MEMO_INT,	 diagnosed),
	FIELD(MEMO_I64,	 suspect),
	FIELD(MEMO_I64,	 mends),
	FIELD(MEMO_I64,	 mend),
	FIELD(MEMO_I64,	 mend_delay),
	FIELD(MEMO_I64,	 mend_first),
	FIELD(MEMO_I64,	 done),
	FIELD(MEMO_I64,	 rounds),
	FIELD(MEMO_I64,	 counted),
	FIELD(MEMO_I64,	 changed_at),
	FIELD(MEMO_BOOL, ours),
	FIELD(MEMO_BOOL, reread),
	FIELD(MEMO_BOOL, stale),
	FIELD(MEMO_BOOL, restricted),
	FIELD(MEMO_BOOL, channels_seen),
	FIELD(MEMO_BOOL, tested),
	FIELD(MEMO_INT,	 finding),
	FIELD(MEMO_TEXT, finding_id),
	FIELD(MEMO_TEXT, found),
	FIELD(MEMO_BOOL, all_seen),
	FIELD(MEMO_TEXT, looked_at),
	FIELD(MEMO_TEXT, proof_id),
	FIELD(MEMO_I64,	 surface),
	FIELD(MEMO_BOOL, dispatch),
	FIELD(MEMO_TEXT, tried),
	FIELD(MEMO_INT,	 private_state),
	FIELD(MEMO_INT,	 private_failure),
	FIELD(MEMO_I64,	 names_tried),
	FIELD(MEMO_BOOL, ill),
	FIELD(MEMO_BOOL, late),
	FIELD(MEMO_BOOL, indirect),
	FIELD(MEMO_BOOL, switching),
	FIELD(MEMO_BOOL, relight),
	FIELD(MEMO_TEXT, nonce),
	FIELD(MEMO_INT,	 form_failure),
	FIELD(MEMO_INT,	 gateway_failure),
	FIELD(MEMO_INT,	 failure),
	FIELD(MEMO_INT,	 failed_stage),
	FIELD(MEMO_INT,	 failed_status),
#undef FIELD
};

char *import_memo_write(const void *subject)
{
	const struct import *im = subject;
	struct jout out = { .text.max = TASK_MEMO_MAX };

	jout_object(&out, NULL);
	for (size_t i = 0; i < COUNT(fields); i++) {
		const char *at = (const char *)&im->memo + fields[i].offset;
		const char *name = fields[i].name;

		/* What is zero is left out: most of it mostly is. */
		if (fields[i].type == MEMO_I64 && *(const int64_t *)at)
			jout_i64(&out, name, *(const int64_t *)at);
		else if (fields[i].type == MEMO_INT && *(const int *)at)
			jout_i64(&out, name, *(const int *)at);
		else if (fields[i].type == MEMO_BOOL && *(const bool *)at)
			jout_bool(&out, name, true);
		else if (fields[i].type == MEMO_TEXT && *at != '\0')
			jout_str(&out, name, at);
	}
	jout_object_end(&out);
	return buf_take(&out.text);
}

void import_memo_read(struct import *im, const char *text)
{
	json_auto_t *memo = json_loads(text, 0, NULL);

	for (size_t i = 0; i < COUNT(fields); i++) {
		char *at = (char *)&im->memo + fields[i].offset;
		const json_t *v = json_object_get(memo, fields[i].name);

		if (!v)
			continue;
		if (fields[i].type == MEMO_I64)
			*(int64_t *)at = json_integer_value(v);
		else if (fields[i].type == MEMO_INT)
			*(int *)at = (int)json_integer_value(v);
		else if (fields[i].type == MEMO_BOOL)
			*(bool *)at = json_is_true(v);
		else
			snprintf(at, fields[i].size, "%s",
				 json_string_value(v));
	}
}
