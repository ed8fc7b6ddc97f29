#!/bin/sh
# No secret is written anywhere in plaintext, whatever happens to it: in the
# database and its log, in logs, replies, artifacts and command lines.  Every
# other test ends with the same search over what it used; this one provokes.
. tests/integration/lib.sh

new_site
start_stack 0.1.129 chat-only-403

# The first token may come from the environment, as the original took it.
printf 'env-%s' "$(random_text 32)" >"$WORK/environment.secret"
stop pool
SUB2API_CRM_ADMIN_TOKEN=$(cat "$WORK/environment.secret")
export SUB2API_CRM_ADMIN_TOKEN
start_pool 2
unset SUB2API_CRM_ADMIN_TOKEN
TOKEN_FILE=$WORK/environment.secret api GET /api/whoami
is "the token of the environment works" "$STATUS $(json .scope)" "200 admin"
for worker in $(pgrep -P "$(pid_of pool)"); do
	is "a worker wipes it out of its environment" "$(cat \
		"/proc/$worker/environ" 2>/dev/null | tr '\0' '\n' |
		grep -cF -f "$WORK/environment.secret")" 0
done
add_host

# Imports that work and imports that do not; a provider that shows the key it
# was given, whole or in part, when it refuses it.
import "$SITE/etc/provider.key" --user alice
is "an import works" "$RC" 0
for kind in echo-key mask-key plain-401 html cut garbage-json; do
	personality "$PROVIDER_URL" "$kind"
	secret_file "$kind.key" "bad-$(random_text 40)"
	import "$SITE/etc/$kind.key"
	is "an import of a bad key, $kind, fails" "$RC" 1
done
personality "$PROVIDER_URL" chat-only-403

# A host that shows what it was sent.
key=$(cat "$SITE/etc/host.key")
faults "$HOST_URL" "[{\"kind\":\"status\",\"status\":401,\"count\":50,
	\"body\":\"{\\\"message\\\":\\\"bad key $key\\\"}\"}]"
ctl host probe "$HOST_ID"
is "a host that refuses our token is not ready" "$RC" 1
faults "$HOST_URL" '[]'
ctl host probe "$HOST_ID"
is "later it is again" "$RC" 0

# Requests that are refused while they hold a key.
secret_file stray.key "good-stray-$(random_text 32)"
stray=$(cat "$SITE/etc/stray.key")
api POST /api/batch-import/runs "{\"items\":[{\"api_key\":\"$stray\"}]}"
is "a run without a host is refused" "$STATUS" 422
api POST /api/batch-import/runs "{\"host_id\":\"$stray\",\"items\":[
	{\"base_url\":\"$stray\",\"api_key\":\"$stray $stray\"}],
	\"more\":\"$stray\"}"
is "a key in every place is refused" "$STATUS" 422
api POST /api/hosts "{\"base_url\":\"http://user:$stray@x.example\",
	\"auth_type\":\"$stray\",\"auth_token\":\"$stray\"}"
is "a key inside an address is refused" "$STATUS" 422
api POST /api/hosts "{\"auth_token\":\"$stray\""
is "half a body is refused" "$STATUS" 400
api POST /api/hosts "[\"$stray\"]"
is "a body of another form is refused" "$STATUS" 422
TOKEN_FILE=$SITE/etc/stray.key api GET /api/whoami
is "a key instead of a token is refused" "$STATUS" 401

# Every view of what there is.
api GET "/api/hosts?limit=200"
for run_id in $(db 'SELECT run_id FROM import_runs'); do
	api GET "/api/batch-import/runs/$run_id/items?limit=200"
	for item_id in $(json '.items[].item_id'); do
		api GET "/api/batch-import/runs/$run_id/items/$item_id"
		ctl item show "$run_id" "$item_id"
	done
done
for proof_id in $(db 'SELECT proof_id FROM proofs'); do
	ctl proof show "$proof_id" -o yaml
done
ctl -o json run list

# Programs that write while they die.
pid=$(pid_of crm-schedd)
kill -KILL "$pid"
wait "$pid" 2>/dev/null
start_schedd
no_secret_leaks

# A piece of a key is a leak too: sixteen characters out of its middle.
all_secrets | awk 'length($0) >= 24 { print substr($0, 5, 16) }' |
	sort -u >"$WORK/secrets"
is "nor sixteen characters of one" "$(search_secrets)" ""

# The search itself finds what is there.
tail -n 1 "$WORK/secrets" >"$SITE/log/planted"
is "a planted one is found" "$(search_secrets)" "$SITE/log/planted"
rm -f "$SITE/log/planted" "$WORK/secrets"

# Files that hold secrets are their owner's alone.
is "the private key is its owner's alone" "$(stat -c %a \
	"$SITE/etc/seal.key")" 600
is "nobody else may read the database" "$(stat -c %a "$SITE/var/crm.db" |
	cut -c3)" 0
done_testing
