#!/bin/sh
# Hosts that answer slowly, with HTML, with half of a JSON text, with lists
# that change between pages; accounts that somebody deletes in mid-flow;
# providers that flip; hosts that change: what the operator sees of each.
. tests/integration/lib.sh
. tests/integration/hosts.sh

SITE_SETTINGS="$quick_settings
watch = { every_s = 0; quorum = 3; };"

control() {
	curl -s --max-time 20 -o /dev/null --data-binary "$1" \
		"$HOST_URL/__sim/control"
}

# imported NAME WANTED: one more key at an endpoint of its own.
n=0
imported() {
	n=$((n + 1))
	new_key "n$n"
	ctl -o json run create --wait --timeout 60 --host "$HOST_ID" \
		--base-url "$PROVIDER_URL/as/${PERSONALITY:-chat-only-403}/n$n/v1" \
		--key-file "$SITE/etc/n$n.key" --model mock-a
	RUN_ID=$(json_of "$OUT" .run_id)
	api GET "/api/batch-import/runs/$RUN_ID/items"
	ITEM_ID=$(json '.items[0].item_id')
	is "$1" "$(json '.items[0] | [.access_status, .failure_class // "-",
		.diagnosis.hop // "-"] | join(" ")')" "$2"
	ACCOUNT=$(json '.items[0].account_id')
	ENDPOINT=$(json '.items[0].endpoint_key')
}

# told NAME PATTERN: what the operator reads of the item.
told() {
	ctl explain item "$ITEM_ID" --lang en
	like "$1: told" "$OUT" "$2"
}

accounts_of() {
	host_state --arg e "$ENDPOINT" '[.accounts[] |
		select(.name | contains($e))] | length'
}

start_stack 0.1.129 chat-only-403
ADMIN_KEY=$SITE/etc/host.key
add_host
imported "as ever" "active - -"
access_of "$ENDPOINT"
FIRST=$ACCESS

# Slow, and too slow.
faults "$HOST_URL" '[{"kind":"delay","path":"/api/v1/","delay_ms":700}]'
imported "a host that takes 0.7 s for everything" "active - -"
faults "$HOST_URL" '[{"kind":"delay","path":"/api/v1/","delay_ms":3500}]'
imported "a host that takes longer than we wait" "broken dead_end host"
told "a host that takes longer than we wait" '[Hh]ost'
check "$FIRST"
is "its accesses are not called broken at once" \
	"$RC $(json .result) $(json .diagnosis.hop)" "1 unknown host"
faults "$HOST_URL" '[]'

# What no host should say: a little of it is asked again, a lot is named.
while read -r kind class; do
	faults "$HOST_URL" "[{\"kind\":\"$kind\",\"path\":\"/api/v1/\",
		\"count\":2}]"
	imported "$kind, twice" "active - -"
	faults "$HOST_URL" "[{\"kind\":\"$kind\",\"path\":\"/api/v1/\"}]"
	imported "$kind, always" "broken $class host"
	told "$kind, always" '[Hh]ost'
	faults "$HOST_URL" '[]'
done <<END
html host_unsupported
half not_json
garbage not_json
END

# Forms that hosts were seen to have, or may: no matter.
for kind in nulls code-text code-number; do
	faults "$HOST_URL" "[{\"kind\":\"$kind\",\"path\":\"/api/v1/\"}]"
	imported "$kind, always" "active - -"
	faults "$HOST_URL" '[]'
done

# Lists that change while they are read: nothing is made twice.
for kind in inserted removed; do
	faults "$HOST_URL" "[{\"kind\":\"$kind\",\"path\":\"/api/v1/admin/\"}]"
	imported "lists with an item $kind between pages" "active - -"
	is "lists with an item $kind: one account" "$(accounts_of)" 1
	check "$FIRST"
	is "lists with an item $kind: a check is not misled" \
		"$RC $(json .result)" "0 active"
	faults "$HOST_URL" '[]'
done

# Somebody deletes the account as soon as it is there.
newest_account() {
	db "SELECT host_resource_id FROM managed_resources
		WHERE resource_type = 'account'
		AND host_resource_id IS NOT NULL
		ORDER BY resource_id DESC LIMIT 1"
}
account_is_made() {
	ACCOUNT=$(newest_account)
	[ "$ACCOUNT" != "$LAST" ]
}
LAST=$(newest_account)
n=$((n + 1))
new_key "n$n"
faults "$PROVIDER_URL" '[{"kind":"delay","delay_ms":1500}]'
ctl -o json run create --host "$HOST_ID" --model mock-a \
	--base-url "$PROVIDER_URL/as/chat-only-403/n$n/v1" \
	--key-file "$SITE/etc/n$n.key"
run=$(json_of "$OUT" .run_id)
wait_for account_is_made 30
admin DELETE "/api/v1/admin/accounts/$ACCOUNT" >/dev/null
ctl run watch "$run" --timeout 60
api GET "/api/batch-import/runs/$run/items"
ITEM_ID=$(json '.items[0].item_id')
ENDPOINT=$(json '.items[0].endpoint_key')
like "deleted in mid-flow: the item ends, and says what became of it" \
	"$(json '.items[0] | "\(.current_stage) \(.access_status)
	\(.failure_class)" | gsub("\\s+"; " ")')" \
	'^done (active null|broken gone)$'
told "deleted in mid-flow" 'account|gone|removed|deleted|All is well'
like "deleted in mid-flow: nothing is there twice" "$(accounts_of)" '^[01]$'

faults "$PROVIDER_URL" '[]'

# A provider that says 200 and 429 by turns.
PERSONALITY=flapping
stop providersim
rm -f "$SITE/run/providersim.port"
start_providersim chat-only-403 --retry-after 1
imported "a provider that flips" "active - -"
access_of "$ENDPOINT"
worst=active
for _ in 1 2 3; do
	check "$ACCESS"
	case $(json .result) in
	active) ;;
	degraded) [ "$worst" = broken ] || worst=degraded ;;
	*) worst=$(json .result) ;;
	esac
done
like "a provider that flips: never called broken" "$worst" \
	'^(active|degraded)$'
PERSONALITY=

# The host becomes another version, and somebody should know.
control '{"do":"install-version","version":"0.1.179"}'
ctl host probe "$HOST_ID"
is "another version: ready" "$RC" 0
ctl notice list --lang en
like "another version: a notice" "$OUT" 'host_version .*0\.1\.129.*0\.1\.179'
check "$(json .access_id)" 2>/dev/null
imported "another version: an import" "active - -"

# Its administrator has to accept something first: CRM never does it itself.
control '{"do":"compliance","on":false}'
ctl host probe "$HOST_ID"
is "a statement to accept: not ready" "$RC" 1
like "a statement to accept: said" "$ERR" 'compliance'
imported "a statement to accept: an import" "broken compliance_required host"
ctl host accept-compliance "$HOST_ID" --phrase 'yes, whatever'
is "another phrase: refused" "$RC" 1
ctl -o json host show "$HOST_ID"
printf '%s' "$OUT" | jq -r '.capabilities.compliance_statement.phrase_en' \
	>"$WORK/phrase"
ctl host accept-compliance "$HOST_ID" --phrase-file "$WORK/phrase"
is "the phrase, from a file: accepted" "$RC" 0
imported "accepted: an import" "active - -"

# Users may not log in.
control '{"do":"backend-mode","on":true}'
control '{"do":"revoke-tokens"}'
ctl -o json host probe "$HOST_ID"
is "backend mode: shown as what it blocks" "$(printf '%s' "$OUT" | jq -r '
	.capabilities.operations.import_subscription.works')" false
control '{"do":"backend-mode","on":false}'

# The host is gone for good.
stop hostsim
check "$FIRST"
is "a host that is gone: the access keeps its name" \
	"$RC $(json .result) $(json .diagnosis.hop)" "1 unknown host"

no_secret_leaks
done_testing
