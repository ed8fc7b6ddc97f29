#!/bin/sh
# What goes wrong with hosts and providers: each form has an answer of its
# own, and nothing is left behind.
. tests/integration/lib.sh

# A server whose every answer is larger than we take.
new_site
LARGE_PORT=$(free_port)
mkdir -p "$SITE/nginx/sites"
head -c 5000000 /dev/zero | tr '\0' '1' >"$SITE/nginx/large"
cat >"$SITE/nginx/sites/large.conf" <<END
server {
	listen 127.0.0.1:$LARGE_PORT;
	default_type application/json;
	location / { root $SITE/nginx; try_files /large =404; }
}
END
start_stack 0.1.129 chat-only-403

# Hosts that cannot be reached, each in its way.  A provider plays the host.
impostor() {
	personality "$PROVIDER_URL" "$1"
}

# unreachable NAME URL STATE REASON
unreachable() {
	api POST /api/hosts "{\"base_url\":\"$2\",\"auth_type\":\"api_key\",
		\"auth_token\":\"$(cat "$SITE/etc/host.key")\"}" \
		-H 'Prefer: wait=25'
	is "$1: state and reason" "$STATUS $(json '"\(.state) \(.reason)"')" \
		"201 $3 $4"
	is "$1: said in both languages" "$(json '(.reason_zh | length) > 0 and
		(.reason_en | length) > 0')" true
	detail=$(json .reason_detail)
	api DELETE "/api/hosts/$(json .host_id)"
	is "$1: can be removed" "$STATUS" 204
}

unreachable "no such name" http://nothing.invalid unreachable dns
unreachable "nobody listens" http://127.0.0.1:1 unreachable refused
unreachable "an unknown certificate" "https://127.0.0.1:$SITE_PORT" \
	unreachable tls
impostor hang
unreachable "it never answers" "$PROVIDER_URL" unreachable dead_end
impostor reset
unreachable "it hangs up" "$PROVIDER_URL" unreachable reset
impostor html
unreachable "a web page" "$PROVIDER_URL" unsupported host_unsupported
like "a web page: is called one" "$detail" HTML
unreachable "an answer without end" "http://127.0.0.1:$LARGE_PORT" \
	unsupported too_large
impostor redirect
unreachable "a redirect" "$PROVIDER_URL" unsupported redirected
impostor chat-only-403
unreachable "a provider instead of a host" "$PROVIDER_URL" unsupported \
	host_unsupported
secret_file wrong.key "admin-$(random_text 32)"
ctl -o json host add --base-url "$HOST_URL" --auth-type api_key \
	--token-file "$SITE/etc/wrong.key"
is "a wrong token: the host is registered" "$RC" 0
is "a wrong token: unauthorized" "$(printf '%s' "$OUT" |
	jq -r '"\(.state) \(.reason)"')" "unauthorized host_auth"
ctl host probe "$(json_of "$OUT" .host_id)"
is "crmctl host probe fails" "$RC" 1
api GET /api/hosts
api DELETE "/api/hosts/$(json '.hosts[0].host_id')"

# Providers that do not do.  Nothing of ours may be left on the host.
add_host
nothing_left() {
	is "$1: nothing is left on the host" "$(host_state -r '
		"\([.accounts[] | select(.name | test("crm-"))] | length)" +
		" \([.groups[] | select(.name | test("crm-"))] | length)"')" \
		"0 0"
}

# broken NAME PERSONALITY CLASS
broken() {
	personality "$PROVIDER_URL" "$2"
	import "$SITE/etc/provider.key"
	is "$1: the run ends failed" "$RC" 1
	is "$1: done, broken, $3" "$(json '"\(.current_stage)
		\(.access_status) \(.failure_class)" | gsub("\\s+"; " ")')" \
		"done broken $3"
	is "$1: said in both languages" "$(json '(.failure_zh | length) > 0
		and (.failure_en | length) > 0')" true
	nothing_left "$1"
}

secret_file bad.key "bad-$(random_text 32)"
personality "$PROVIDER_URL" echo-key
import "$SITE/etc/bad.key"
is "a wrong key: the run ends failed" "$RC" 1
is "a wrong key: done, broken, key_invalid" "$(json '"\(.current_stage)
	\(.access_status) \(.failure_class)" | gsub("\\s+"; " ")')" \
	"done broken key_invalid"
like "a wrong key: the provider's own words" "$(json .failure_detail)" \
	'[Kk]ey'
nothing_left "a wrong key"

broken "no money" quota quota_exhausted
broken "no money, said with 400" arrears quota_exhausted
broken "no money, said with 429" quota-429 quota_exhausted
broken "no such model" model-missing model_not_found

# Providers that are odd, but good enough: the gateway has the last word.
# works NAME PERSONALITY
works() {
	personality "$PROVIDER_URL" "$2"
	new_key "$2"
	import "$SITE/etc/$2.key" --model mock-a
	is "$1: active" "$RC $(json '"\(.access_status) \(.failure_class)"')" \
		"0 active null"
}

works "both forms" dual
works "no list of models" no-models
works "a list for everybody" models-open
works "thinks before it speaks" length-empty

# A provider that is down for a moment.
personality "$PROVIDER_URL" chat-only-403
faults "$PROVIDER_URL" '[{"kind":"status","status":503,"count":2}]'
new_key moment
import "$SITE/etc/moment.key"
is "down for a moment: active" "$RC $(json .access_status)" "0 active"
faults "$PROVIDER_URL" '[]'

# A host whose answers get lost, doubled, cut or mangled while it works.
accounts=$(host_state '.accounts | length')
for kind in lost reset twice cut garbage; do
	faults "$HOST_URL" "[{\"kind\":\"$kind\",\"method\":\"POST\",
		\"count\":2}]"
	new_key "host-$kind"
	import "$SITE/etc/host-$kind.key"
	faults "$HOST_URL" '[]'
	accounts=$((accounts + 1))
	is "a host's answer, $kind: active" \
		"$RC $(json '"\(.access_status) \(.failure_class)"')" \
		"0 active null"
	is "a host's answer, $kind: one account more" \
		"$(host_state '.accounts | length')" "$accounts"
done
is "no account is there twice" "$(host_state '[.accounts[].name] |
	length == (unique | length)')" true
is "one group, one user, one key for it" "$(host_state -r '
	[.users[] | select(.email | startswith("relay-sub")) | .id] as $users |
	"\([.groups[] | select(.name | test("crm-"))] | length)" +
	" \($users | length)" +
	" \([.keys[] | select(.user_id as $u | $users | index($u))] |
		length)"')" "1 1 1"

# A cancelled run ends, and says so.
personality "$PROVIDER_URL" slow
new_key slow
ctl -o json run create --host "$HOST_ID" --base-url "$PROVIDER_URL/v1" \
	--key-file "$SITE/etc/slow.key"
run_id=$(json_of "$OUT" .run_id)
ctl run cancel "$run_id"
is "a run can be cancelled" "$RC" 0
ctl run watch "$run_id" --timeout 30
is "who watches it is told" "$RC" 1
wait_for "[ \$(db \"SELECT count(*) FROM tasks WHERE run_id = '$run_id'
	AND state <> 'done'\") = 0 ]"
ctl run cancel "$run_id"
is "it cannot be cancelled twice" "$RC" 8

no_secret_leaks
done_testing
