/*
 * item_row: a row of import_run_items as queries name its columns and as it is
 * read: for items.c and item_list.c.
 */
#ifndef SHARED_ITEM_ROW_H
#define SHARED_ITEM_ROW_H

#include "shared/items.h"

/*
 * Of the account that it rests on: an index of those that are paused tells.
 * The index of types would as well, and read every account there is: with
 * something put to it, it is not considered.
 */
#define ITEM_PAUSED_AT \
	"(SELECT a.paused_at FROM managed_resources a" \
	" WHERE a.host_resource_id = i.account_id" \
	" AND a.paused_at IS NOT NULL AND a.resource_type || '' = 'account'" \
	" AND a.state <> 'gone' AND EXISTS (SELECT 1 FROM resource_uses u" \
	"  WHERE u.resource_id = a.resource_id AND u.item_id = i.item_id))"

/* What item_read() reads, in its order: of `i` and its secret `s`. */
#define ITEM_COLUMNS \
	"i.item_id, i.run_id, i.seq, i.provider_id, i.endpoint_key," \
	" i.base_url, i.api_key_secret_id, s.fingerprint, s.last4," \
	" i.requested_models, i.current_stage, i.confirmation_status," \
	" i.access_status, i.matched_account_state, i.account_resolution," \
	" i.provision_reused, i.cancelled, i.retry_count, i.last_retry_at," \
	" i.next_retry_at, i.canonical_model_families," \
	" i.recommended_models, i.models, i.resolved_smoke_model," \
	" i.chat_url, i.reused_from_provider_id, i.reused_from_account_id," \
	" i.channel_id, i.group_id, i.account_id, i.failure_class," \
	" i.failure_detail, i.warnings, i.created_at, i.updated_at," \
	" i.finished_at, i.diagnosis, i.validation_status," \
	" i.probe_advisory, i.responses_status, i.label, i.note, i.line," \
	" i.account_proxy, i.adopt_account_id, i.generation," \
	" i.model_aliases, i.model_resolution, i.capability_profile," \
	" i.foreign_accounts, CASE WHEN i.finished_at IS NULL THEN" \
	" (SELECT t.held_for FROM tasks t WHERE t.subject_id = i.item_id" \
	"  AND t.state = 'held') END, " ITEM_PAUSED_AT ", i.pack_provider_id," \
	" i.plan, i.pack_id, i.pack_version, i.rollback_id, i.rolled_back_at," \
	" i.adopt_force"
#define ITEM_COLUMNS_COUNT 59
#define FROM_ITEMS \
	" FROM import_run_items i" \
	" JOIN secrets s ON s.secret_id = i.api_key_secret_id"

int item_read(const struct db_rows *rows, struct item *ret, struct err *err)
	MUST_CHECK;

#endif
