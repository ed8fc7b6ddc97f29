#!/bin/sh
# Hosts that answer slowly, with pages, with half an answer, with null for a
# list or with codes of another type; an account that somebody deletes; a
# provider that flips.  What the operator sees of each, and that nothing of it
# is taken for more than it is.
. tests/integration/lib.sh

SITE_SETTINGS="$quick_settings
watch = { every_s = 0; };"
start_stack 0.1.129 chat-only-403
add_host
n=0

# item KIND: an import of its own endpoint and key.  Sets BODY to the item.
item() {
	n=$((n + 1))
	new_key "lie-$n"
	ctl -o json run create --wait --timeout 120 --host "$HOST_ID" \
		--base-url "$PROVIDER_URL/lie-$n/v1" \
		--key-file "$SITE/etc/lie-$n.key"
	RUN_ID=$(json_of "$OUT" .run_id)
	api GET "/api/batch-import/runs/$RUN_ID/items"
	ENDPOINT=$(json '.items[0].endpoint_key')
}

# import_through NAME RULE: what lasts for two answers does not sink an import.
import_through() {
	faults "$HOST_URL" "[$2]"
	item
	is "$1: the import ends active all the same" \
		"$(json '.items[0] | "\(.access_status) \(.failure_class)"')" \
		"active null"
	faults "$HOST_URL" '[]'
}

admin='"path":"/api/v1/admin/","count":2'
import_through "a page of HTML, twice" "{\"kind\":\"html\",$admin}"
import_through "half an answer, twice" "{\"kind\":\"half\",$admin}"
import_through "garbage, twice" "{\"kind\":\"garbage\",$admin}"
import_through "502 of a proxy, twice" \
	"{\"kind\":\"status\",\"status\":502,\"body\":\"bad gateway\",$admin}"
import_through "slow answers" \
	'{"kind":"delay","delay_ms":300,"path":"/api/v1/","count":20}'
import_through "null for empty lists" '{"kind":"nulls","path":"/api/v1/"}'
import_through "numbers as texts" '{"kind":"code-text","path":"/api/v1/"}'
import_through "texts as numbers" '{"kind":"code-number","path":"/api/v1/"}'

# The access that the checks below are about.
item
api GET "/api/accesses?provider_id=$ENDPOINT"
ACCESS=$(json '.accesses[0].access_id')

is_done() {
	api GET "/api/access-checks/$CHECK"
	[ "$(json .state)" = done ]
}

# check: sets BODY to the finished check.  One that has to sit out a bench of
# some seconds, more than once, outlasts the longest wait of the API.
check() {
	api POST /api/access-checks "{\"access_id\":\"$ACCESS\"}" \
		-H 'Prefer: wait=25'
	CHECK=$(json .check_id)
	[ "$(json .state)" = done ] || wait_for is_done 90
}

said() {
	json '"\(.result) \(.failure_class) @\(.diagnosis.hop)"'
}

# host_lies NAME RULE CLASS: the host is blamed, the access keeps its state.
host_lies() {
	faults "$HOST_URL" "[$2]"
	check
	is "$1: the host is blamed" "$(said)" "unknown $3 @host"
	like "$1: in both languages" "$(json '"\(.cause_zh) | \(.cause_en)"')" \
		'[^ ].* \| [A-Z]'
	api GET "/api/accesses/$ACCESS"
	is "$1: the access keeps its state" "$(json .status)" active
	api GET "/api/hosts/$HOST_ID"
	is "$1: the host is suspect" "$(json .suspect_class)" "$3"
	faults "$HOST_URL" '[]'
	check
	is "$1: well again" "$(said)" "active null @null"
	api GET "/api/hosts/$HOST_ID"
	is "$1: and no longer suspect" "$(json .suspect_class)" null
}

lists='"path":"/api/v1/admin/accounts"'
host_lies "pages for ever" "{\"kind\":\"html\",$lists}" host_unsupported
host_lies "half answers for ever" "{\"kind\":\"half\",$lists}" not_json
host_lies "no answer in time" \
	"{\"kind\":\"delay\",\"delay_ms\":9000,$lists}" dead_end

faults "$HOST_URL" "[{\"kind\":\"nulls\",$lists}]"
check
is "null for the list of accounts: they are read one by one" "$(said)" \
	"active null @null"
faults "$HOST_URL" '[]'

# A provider that refuses every second question works: the limit that the
# refusal brings is waited out, and the proof tried again.
personality "$PROVIDER_URL" flip-429
results=
for _ in 1 2 3; do
	check
	results="$results $(said)"
done
is "a provider that flips: is proven each time" "$results" \
	" active null @null active null @null active null @null"
personality "$PROVIDER_URL" chat-only-403
check
is "a provider that flips: active when it stops" "$(json .result)" active

# Somebody deletes the account, in the middle of what it does.
account=$(host_state -r "[.accounts[] | select(.name |
	startswith(\"$ENDPOINT\"))][0].id")
tr -d '\n' <"$SITE/etc/host.key" | sed 's/^/x-api-key: /' >"$WORK/admin"
curl -s -o /dev/null -X DELETE -H "@$WORK/admin" \
	"$HOST_URL/api/v1/admin/accounts/$account"
rm -f "$WORK/admin"
check
is "a deleted account: is named" "$(said)" "degraded gone @account"
is "a deleted account: a person has to act" \
	"$(json .diagnosis.next.action)" operator
ctl -o json run create --wait --timeout 120 --host "$HOST_ID" \
	--base-url "$PROVIDER_URL/lie-$n/v1" --key-file "$SITE/etc/lie-$n.key"
check
is "a deleted account: imported again, it is well" "$(said)" \
	"active null @null"

no_secret_leaks
done_testing
