#!/bin/sh
# Reconcile: what CRM owns on a host is held against the host; what others
# changed there is told, restored, accepted or asked about, as the field wants
# it.  REAL_HOSTS may name real hosts: see hosts.sh.
. tests/integration/lib.sh
. tests/integration/hosts.sh

SITE_SETTINGS="$quick_settings
watch = { every_s = 0; };"

# one_import NAME: an endpoint of its own; sets RUN, ITEM, ENDPOINT, ACCOUNT,
# GROUP and ACCESS.
one_import() {
	jq -n --arg url "$PROVIDER_URL/as/chat-only-403/$tag-$1/v1" \
		--rawfile key "$PROVIDER_KEY" '[{base_url: $url,
		 api_key: ($key | rtrimstr("\n")),
		 requested_models: ["mock-a"]}]' >"$WORK/items"
	ctl -o json run create --wait --timeout 120 --host "$HOST_ID" \
		-f "$WORK/items"
	RUN=$(json_of "$OUT" .run_id)
	api GET "/api/batch-import/runs/$RUN/items"
	ITEM=$(json '.items[0].item_id')
	ENDPOINT=$(json '.items[0].endpoint_key')
	ACCOUNT=$(json '.items[0].account_id')
	GROUP=$(json '.items[0].group_id')
	is "$version: imported" "$(json '.items[0].access_status')" active
	access_of "$ENDPOINT"
}

reconcile_is_over() {
	api GET "/api/reconcile-runs/$RECONCILE"
	[ "$(json .state)" != running ]
}

# reconcile JSON: sets RECONCILE; BODY is what came of it.
reconcile() {
	api POST /api/reconcile "$1" -H 'Prefer: wait=20'
	RECONCILE=$(json '.reconcile_id // empty')
	[ "$STATUS" != 202 ] || wait_for reconcile_is_over 60
}


look() {
	reconcile "{\"batch_id\":\"$RUN\"}"
}

repair() {
	reconcile "{\"batch_id\":\"$RUN\",\"apply\":true}"
}

# found: each finding in a word or two.
found() {
	json '[.findings[] | "\(.resource_type).\(.field) \(.moved) \(.state)"]
		| sort | join(", ")'
}

account() {
	admin GET "/api/v1/admin/accounts/$ACCOUNT" | jq -c ".data | $1"
}

# bulk JSON: change the account of $ACCOUNT, as somebody's script does.
bulk() {
	admin POST /api/v1/admin/accounts/bulk-update \
		"{\"account_ids\":[$ACCOUNT],$1}" >/dev/null
}

nothing_moved() {
	what="$version, untouched"
	look
	is "$what: in sync" "$STATUS $(json .result) $(found)" "200 in_sync "
	like "$what: something was looked at" "$(json .counts.compared)" \
		'^[1-9]'
	repair
	is "$what: nothing to repair" "$(json .result) $(found)" "in_sync "
	is "$what: nor to prove" "$(json '.checks | length')" 0
}

theirs_is_restored() {
	what="$version, restored"
	bulk '"extra":{"openai_responses_mode":"force_responses",
		"openai_responses_supported":true},
		"credentials":{"model_mapping":{"other":"mock-b"}}'
	look
	is "$what: told" "$(json .result)" drifted
	like "$what: by whom" "$(found)" \
		'account.model_mapping them found'
	is "$what: nothing was touched" "$(account \
		'.credentials.model_mapping')" '{"other":"mock-b"}'
	repair
	is "$what: repaired" "$(json .result)" repaired
	is "$what: what is not ours stays" "$(account \
		'.credentials.model_mapping | to_entries | sort_by(.key) |
		from_entries')" \
		'{"mock-a":"mock-a","other":"mock-b"}'
	is "$what: it is proven again" "$(json '.checks | length')" 1
	end_check "$(json '.checks[0]')"
	is "$what: and works" "$(json .result)" active
	repair
	is "$what: once" "$(json .result) $(found)" "in_sync "
}

theirs_is_accepted() {
	what="$version, accepted"
	bulk '"name":"renamed by somebody","priority":7'
	repair
	is "$what: theirs counts" "$(json .result) $(found)" \
		"repaired account.name them accepted, account.priority them accepted"
	is "$what: nothing was written" "$(account '[.name, .priority]')" \
		'["renamed by somebody",7]'
	repair
	is "$what: once" "$(json .result) $(found)" "in_sync "
}

somebody_is_asked() {
	what="$version, asked"
	bulk '"schedulable":false'
	repair
	is "$what: a question" "$(json .result) $(found)" \
		"drifted account.service them asked"
	is "$what: and nothing else" "$(account .schedulable)" false
	api GET "/api/notices?host_id=$HOST_ID"
	is "$what: somebody hears of it" "$(json '[.notices[].kind] |
		index("drift") != null')" true
	api GET "/api/reconcile-runs/$RECONCILE"
	is "$what: what may be decided" "$(json '.findings[0].decisions |
		tostring')" '["restore","accept"]'
	ctl reconcile decide "$RECONCILE" "$(json '.findings[0].seq')" \
		restore --wait
	is "$what: as somebody wants it" "$RC $(account .schedulable)" "0 true"
	like "$what: told on stderr" "$ERR" 'reconcile rec_.*: repaired'
	repair
	is "$what: once" "$(json .result) $(found)" "in_sync "
}

gone_is_asked() {
	what="$version, gone"
	one_import gone
	admin DELETE "/api/v1/admin/accounts/$ACCOUNT" >/dev/null
	repair
	is "$what: a question" "$(json .result) $(found)" \
		"drifted account.exists them asked"
	api POST "/api/reconcile-runs/$RECONCILE/findings/1" \
		'{"decision":"restore"}'
	is "$what: nobody makes it again" "$STATUS $(json .code)" \
		"409 decision_not_possible"
	api POST "/api/reconcile-runs/$RECONCILE/findings/1" \
		'{"decision":"accept"}' -H 'Prefer: wait=20'
	is "$what: it is forgotten" "$STATUS $(json .result)" "200 repaired"
	repair
	is "$what: once" "$(json .result) $(found)" "in_sync "
}

# decide FIELD DECISION: of the last reconcile; waits for its end.
decide() {
	api POST "/api/reconcile-runs/$RECONCILE/findings/$(json "[.findings[]
		| select(.field == \"$1\")] | first | .seq")" \
		"{\"decision\":\"$2\"}" -H 'Prefer: wait=20'
	[ "$STATUS" != 202 ] || wait_for reconcile_is_over 60
}

no_check_runs() {
	[ "$(db "SELECT count(*) FROM access_checks WHERE state = 'running'")" = 0 ]
}

# What is not an account: its group, its user, the user's key.
others_are_asked() {
	what="$version, group"
	admin PUT "/api/v1/admin/groups/$GROUP" \
		'{"status":"inactive","daily_limit_usd":3}' >/dev/null
	repair
	is "$what: a question, and theirs" "$(json .result) $(found)" \
		"drifted group.daily_limit_usd them accepted, group.service them asked"
	decide service restore
	is "$what: as somebody wants it" "$(json .result) $(admin GET \
		"/api/v1/admin/groups/$GROUP" | jq -c '.data |
		[.status, .daily_limit_usd]')" 'repaired ["active",3]'
	wait_for no_check_runs 60
	what="$version, user"
	USER_ID=$(db "SELECT host_resource_id FROM managed_resources WHERE
		host_id = '$HOST_ID' AND resource_type = 'user'
		AND lookup LIKE 'sub|%'" | head -n1)
	admin PUT "/api/v1/admin/users/$USER_ID" '{"status":"disabled"}' \
		>/dev/null
	repair
	is "$what: a question" "$(json .result) $(found)" \
		"drifted user.service them asked"
	decide service restore
	is "$what: as somebody wants it" "$(json .result) $(admin GET \
		"/api/v1/admin/users/$USER_ID" | jq -r .data.status)" \
		'repaired active'
	wait_for no_check_runs 60
	what="$version, key"
	other=$(admin POST /api/v1/admin/groups "{\"name\":\"theirs $tag\",
		\"platform\":\"openai\",\"rate_multiplier\":1}" |
		jq -r .data.id)
	# A check may have drawn it anew while the user was off.
	key=$(db "SELECT host_resource_id FROM managed_resources WHERE
		host_id = '$HOST_ID' AND resource_type = 'user_key' AND
		state = 'present' AND lookup LIKE '$ENDPOINT|%'")
	admin PUT "/api/v1/admin/api-keys/$key" "{\"group_id\":$other}" \
		>/dev/null
	repair
	is "$what: a question" "$(json .result) $(found)" \
		"drifted user_key.group_id them asked"
	decide group_id restore
	is "$what: as somebody wants it" "$(json .result) $(admin GET \
		"/api/v1/admin/groups/$GROUP/api-keys" |
		jq -r ".data.items[] | select(.id == $key) | .id")" \
		"repaired $key"
	admin DELETE "/api/v1/admin/groups/$other" >/dev/null
	wait_for no_check_runs 60
	repair
	is "$version, others: once" "$(json .result) $(found)" "in_sync "
}

lists_are_shown() {
	what="$version, lists"
	api GET "/api/reconcile-runs?batch_id=$RUN"
	is "$what: of a batch" "$(json '[.reconcile_runs[].batch_id] | unique |
		tostring')" "[\"$RUN\"]"
	api GET "/api/import-batches/$RUN"
	is "$what: the batch shows its own" "$(json '[.reconcile_runs[].batch_id]
		| unique | tostring')" "[\"$RUN\"]"
	ctl reconcile list --host "$HOST_ID"
	like "$what: by crmctl" "$OUT" 'rec_.*run +repair +done +in sync'
	ctl reconcile show "$RECONCILE"
	is "$what: one of them" "$RC" 0
	api POST "/api/import-batches/$RUN/reconcile" '' -H 'Prefer: wait=20'
	is "$what: by the old route" "$STATUS $(json .result)" "200 in_sync"
	api POST /api/reconcile '{}'
	is "$what: a scope is wanted" "$STATUS $(json '.problems[0].field')" \
		"422 host_id"
}

host_as_a_whole() {
	what="$version, whole host"
	reconcile "{\"host_id\":\"$HOST_ID\"}"
	is "$what: in sync" "$STATUS $(json .result) $(found)" "200 in_sync "
	ctl reconcile host "$HOST_ID" --wait
	is "$what: by crmctl" "$RC" 0
}

on_a_host() {
	one_import reconcile
	nothing_moved
	theirs_is_restored
	theirs_is_accepted
	somebody_is_asked
	others_are_asked
	lists_are_shown
	gone_is_asked
	host_as_a_whole
}

new_site
start_providersim chat-only-403
start_hosts
new_key reconcile
PROVIDER_KEY=$SITE/etc/reconcile.key
start_schedd && start_pool 4 && start_nginx ||
	bail_out "the stack does not start"
each_host on_a_host

is "what was restored is in the audit log, with before and after" "$(db "SELECT
	count(*) > 0 AND count(*) = count(after) FROM audit_log
	WHERE actor = 'schedd' AND action LIKE '%.restored'")" 1
no_secret_leaks
done_testing
