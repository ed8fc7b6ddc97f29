#!/bin/sh
# Keys that a host hides, compared by its export: another key is certain,
# nothing is changed, and no key is anywhere in clear.  REAL_HOSTS may name
# real hosts: see hosts.sh.
. tests/integration/lib.sh
. tests/integration/hosts.sh

SITE_SETTINGS="$quick_settings
watch = { every_s = 0; };
reconcile = { every_minutes = 0; export_keys = true; };"

reconcile_is_over() {
	api GET "/api/reconcile-runs/$RECONCILE"
	[ "$(json .state)" != running ]
}

# reconcile [MEMBERS]: of the run; BODY is what came of it.
reconcile() {
	api POST /api/reconcile "{\"batch_id\":\"$RUN\"${1:-}}" \
		-H 'Prefer: wait=20'
	RECONCILE=$(json '.reconcile_id // empty')
	[ "$STATUS" != 202 ] || wait_for reconcile_is_over 60
}

found() {
	json '[.findings[] | "\(.resource_type).\(.field) \(.moved)" +
		" \(.certainty) \(.state)"] | sort | join(", ")'
}

imported() {
	jq -n --arg url "$PROVIDER_URL/as/chat-only-403/$tag-export/v1" \
		--rawfile key "$PROVIDER_KEY" '[{base_url: $url,
		 api_key: ($key | rtrimstr("\n")),
		 requested_models: ["mock-a"]}]' >"$WORK/items.secret"
	ctl -o json run create --wait --timeout 120 --host "$HOST_ID" \
		-f "$WORK/items.secret"
	rm -f "$WORK/items.secret"
	RUN=$(json_of "$OUT" .run_id)
	api GET "/api/batch-import/runs/$RUN/items"
	ACCOUNT=$(json '.items[0].account_id')
	is "$version: imported" "$(json '.items[0].access_status')" active
}

# give KEY_FILE: the account's key, as somebody's script sets it.
give() {
	admin POST /api/v1/admin/accounts/bulk-update "$(jq -cn \
		--rawfile key "$1" "{account_ids: [$ACCOUNT],
		 credentials: {api_key: (\$key | rtrimstr(\"\n\"))}}")" \
		>/dev/null
}

# held_key: what the host has, by its export.
held_key() {
	admin GET "/api/v1/admin/accounts/data?ids=$ACCOUNT" |
		jq -r '.data.accounts[0].credentials.api_key'
}

# Only for simulated hosts: what a real one wants is for all its users.
step_up() {
	curl -s --max-time 20 -o /dev/null --data-binary \
		"{\"do\":\"step-up\",\"on\":$1}" "$HOST_URL/__sim/control"
}

hides_its_export() {
	what="$version, behind a second factor"
	step_up true
	reconcile
	is "$what: nothing is said of the key" "$(json .result) $(found)" \
		"in_sync "
	like "$what: and that is told" "$(json .failure_detail)" \
		'no export of accounts'
	step_up false
}

replaced() {
	what="$version, replaced"
	give "$OTHER_KEY"
	[ "$version" != 0.1.179 ] || [ -n "${REAL_HOSTS:-}" ] ||
		hides_its_export
	reconcile
	is "$what: certain" "$(json .result) $(found)" \
		"drifted account.key them certain found"
	is "$what: by fingerprints" "$(json '.findings[0] | .wanted != .live
		and ([.wanted, .live] | all(test("^[0-9a-f]{32}$")))')" true
	reconcile ',"apply":true'
	is "$what: it is asked" "$(json .result) $(found)" \
		"drifted account.key them certain asked"
	is "$what: nothing was changed" "$(held_key)" "$(cat "$OTHER_KEY")"
}

restored() {
	what="$version, restored"
	ctl reconcile decide "$RECONCILE" "$(json '.findings[0].seq')" \
		restore --wait
	is "$what: ours is there again" "$(held_key)" "$(cat "$PROVIDER_KEY")"
	reconcile
	is "$what: once" "$(json .result) $(found)" "in_sync "
}

on_a_host() {
	imported
	reconcile
	is "$version: in sync" "$STATUS $(json .result) $(found)" \
		"200 in_sync "
	replaced
	restored
	give "$OTHER_KEY"
	reconcile
	give "$PROVIDER_KEY"
	reconcile
	is "$version, put right by hand" "$(json .result) $(found)" "in_sync "
}

new_site
start_providersim chat-only-403
start_hosts
new_key ours
new_key theirs
PROVIDER_KEY=$SITE/etc/ours.key
OTHER_KEY=$SITE/etc/theirs.key
start_schedd && start_pool 4 && start_nginx ||
	bail_out "the stack does not start"
each_host on_a_host
no_secret_leaks
each_host leave_nothing
done_testing
