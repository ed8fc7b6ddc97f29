#!/bin/sh
# Reconcile in trouble: hosts whose lists lie, that forget sessions or know no
# groups, and a crm-schedd that is killed in the middle of a repair.
. tests/integration/lib.sh

SITE_SETTINGS="$quick_settings
watch = { every_s = 0; };"

admin() {
	tr -d '\n' <"$SITE/etc/host.key" | sed 's/^/x-api-key: /' \
		>"$WORK/admin.head"
	printf '%s' "${3:-}" >"$WORK/admin.body"
	curl -s --max-time 20 -X "$1" -H "@$WORK/admin.head" \
		-H 'Content-Type: application/json' \
		--data-binary "@$WORK/admin.body" "$HOST_URL$2"
	rm -f "$WORK/admin.head" "$WORK/admin.body"
}

control() {
	curl -s --max-time 20 -o /dev/null --data-binary "$1" \
		"$HOST_URL/__sim/control"
}

reconcile_is_over() {
	api GET "/api/reconcile-runs/$RECONCILE"
	[ "$(json .state)" != running ]
}

# reconcile [MEMBERS]: of the whole host; BODY is what came of it.
reconcile() {
	api POST /api/reconcile "{\"host_id\":\"$HOST_ID\"${1:-}}" \
		-H 'Prefer: wait=20'
	RECONCILE=$(json '.reconcile_id // empty')
	[ "$STATUS" != 202 ] || wait_for reconcile_is_over 60
}

said() {
	json '"\(.result) \(.failure_class) \(.findings | length)"'
}

mapping() {
	host_state -c "[.accounts[] | select(.id == $ACCOUNT) |
		.credentials.model_mapping | keys] | first"
}

# Somebody takes our name for the model away.
spoil() {
	admin POST /api/v1/admin/accounts/bulk-update "{\"account_ids\":
		[$ACCOUNT],\"credentials\":{\"model_mapping\":
		{\"other\":\"mock-b\"}}}" >/dev/null
}

imported() {
	new_key "$1"
	import "$SITE/etc/$1.key" --model mock-a
	ACCOUNT=$(json .account_id)
	is "$1: imported" "$(json '"\(.access_status) \(.failure_class)"')" \
		"active null"
}

lists_lie() {
	# Two pages of accounts, of which but one is ours.
	control "{\"do\":\"copy-account\",\"id\":$ACCOUNT,\"count\":1500}"
	reconcile
	is "two pages: in sync" "$(said)" "in_sync null 0"
	spoil
	for kind in inserted removed; do
		faults "$HOST_URL" "[{\"kind\":\"$kind\",
			\"path\":\"/api/v1/admin/accounts?\"}]"
		reconcile ',"apply":true'
		is "$kind: nothing is concluded" \
			"$(said) $(json '.unknown_parts | tostring')" \
			'unknown null 0 ["account"]'
		faults "$HOST_URL" '[]'
	done
	is "nothing was touched" "$(mapping)" '["other"]'
	reconcile ',"apply":true'
	is "a list that agrees: repaired" "$(said)" 'repaired null 1'
	is "it is as it was" "$(mapping)" '["mock-a","other"]'
	faults "$HOST_URL" '[{"kind":"html","path":"/api/v1/admin/groups"}]'
	reconcile ',"apply":true'
	is "pages for JSON: failed, and said" "$(said)" \
		"failed host_unsupported 0"
	faults "$HOST_URL" '[]'
	reconcile
	is "well again" "$(said)" "in_sync null 0"
}

kill_schedd() {
	kill -KILL "$(pid_of crm-schedd)"
	wait "$(pid_of crm-schedd)" 2>/dev/null || :
	rm -f "$SITE/run/crm-schedd.pid"
	start_schedd || fail "crm-schedd starts again"
}

killed() {
	seed=7
	for turn in 1 2 3 4 5 6; do
		spoil
		api POST /api/reconcile "{\"host_id\":\"$HOST_ID\",
			\"apply\":true}" -H 'Prefer: respond-async'
		RECONCILE=$(json .reconcile_id)
		nap 60
		kill_schedd
		ok "killed, $turn: it ends" wait_for reconcile_is_over 60
		api GET "/api/reconcile-runs/$RECONCILE"
		is "killed, $turn: well" "$(said) $(mapping)" \
			'repaired null 1 ["mock-a","other"]'
		reconcile ',"apply":true'
		is "killed, $turn: once" "$(said)" "in_sync null 0"
	done
	is "nothing is held" "$(db "SELECT count(*) FROM managed_resources
		WHERE state = 'making'")" 0
	is "nor suspected" "$(db 'SELECT count(*) FROM reconcile_suspects')" 0
}

sessions_are_forgotten() {
	stop hostsim
	secret_file password.key "$(random_text 20)"
	start_hostsim 0.1.179 --poll-ms 1000 --admin-email boss@host.test \
		--admin-password-file "$SITE/etc/password.key" ||
		bail_out "no host"
	ctl -o json host add --base-url "$HOST_URL" --auth-type password \
		--admin-email boss@host.test \
		--token-file "$SITE/etc/password.key"
	HOST_ID=$(json_of "$OUT" .host_id)
	imported session
	reconcile
	is "by a password: in sync" "$(said)" "in_sync null 0"
	control '{"do":"revoke-tokens"}'
	spoil
	reconcile ',"apply":true'
	is "sessions were revoked: repaired" "$(said)" "repaired null 1"
}

groups_do_not_count() {
	stop hostsim
	start_hostsim 0.1.129 --poll-ms 1000 --simple-mode || bail_out "no host"
	add_host
	imported simple
	reconcile ',"apply":true'
	is "simple mode: in sync" "$(said)" "in_sync null 0"
	spoil
	reconcile ',"apply":true'
	is "simple mode: repaired" "$(json .result)" repaired
	reconcile ',"apply":true'
	is "simple mode: once" "$(said)" "in_sync null 0"
}

start_stack 0.1.129 chat-only-403
add_host
imported first
lists_lie
killed
groups_do_not_count
sessions_are_forgotten

no_secret_leaks
done_testing
