#!/bin/sh
# The API by provider as scripts of the predecessor use it: plain requests
# without Prefer or Idempotency-Key, names of fields, words of states, the
# sentences of ambiguity, 409 with counts.  What stands here must not change.
. tests/integration/lib.sh

# has NAME FILTER: the last body has what the filter says.
has() {
	is "$1" "$(json "$2")" true
}

start_stack 0.1.129 chat-only-403
key() {
	cat "$SITE/etc/$1.key"
}

# A host, as it is registered by a script.
api POST /api/hosts "{\"name\":\"contract\",\"base_url\":\"$HOST_URL\",
	\"auth_type\":\"api_key\",\"auth_token\":\"$(key host)\"}"
like "a host is registered" "$STATUS" '^20[12]$'
HOST_ID=$(json .host_id)
has "with its version" '.version == "0.1.129" and (.capabilities | type) ==
	"object"'
api DELETE /api/hosts/none
is "a host that is not there is not deleted" "$STATUS" 404

# A pack with one provider that is the simulated one.
make_pack() {
	mkdir -p "$WORK/$1/providers"
	jq -n --arg id "$1" '{pack_id: $id, version: "1.0.0",
		name: {zh: "样例", en: "Sample"}}' >"$WORK/$1/pack.json"
	jq -n --arg url "$PROVIDER_URL/v1" '{provider_id: "deepseek",
		vendor: "deepseek", kind: "first_party", plan: "payg",
		region: "cn", status: "current",
		display_name: {zh: "深度求索", en: "DeepSeek"}, base_url: $url,
		families: {chat: "yes", responses: "no", messages: "no",
			models: "yes"},
		models: [{id: "mock-a", canonical: "mock-a", family: "mock",
			status: "current"}],
		smoke_test_model: "mock-a"}' >"$WORK/$1/providers/deepseek.json"
	ctl pack install "$WORK/$1"
}
make_pack first-pack
is "a pack is installed" "$RC" 0
api GET /api/packs/first-pack
has "and shown" '.pack_id == "first-pack" and .version == "1.0.0"'
api GET /api/providers/deepseek
has "its provider is known" '.provider_id == "deepseek" and
	.pack_id == "first-pack"'

# Preview and import.
body() {
	printf '{"host_id":"%s","keys":["%s"],"access_mode":"%s"%s}' \
		"$HOST_ID" "$(key "$1")" "$2" "${3:-}"
}
api POST /api/providers/deepseek/preview "$(body provider subscription)"
is "a preview is answered" "$STATUS" 200
has "and says what would be made" '(.plans[0].resources | length) > 3'
api POST /api/providers/nobody/import "$(body provider subscription)"
is "a provider that nobody knows" "$STATUS" 404
api POST /api/providers/deepseek/import "$(body provider subscription \
	',"subscription_users":["default"],"subscription_days":30')"
is "an import is waited for" "$STATUS" 201
BATCH=$(json .batch_id)
has "it names the batch" '.batch_id | length > 0'
is "batch_status" "$(json .batch_status)" succeeded
is "provider_status" "$(json .provider_status)" active
is "access_status" "$(json .access_status)" subscription_ready
has "its item" '.items[0] | .current_stage == "done" and
	.access_status == "active" and .account_resolution == "created" and
	.resolved_smoke_model == "mock-a" and
	(.api_key_fingerprint | length) == 32'

api GET /api/import-batches
has "batches are listed" ".import_batches[0].batch_id == \"$BATCH\" and
	.next_cursor == null"
api GET "/api/import-batches?host_id=$HOST_ID&state=succeeded"
has "by host and state" '(.import_batches | length) == 1'
api GET "/api/import-batches?state=finished"
is "a state that does not exist is refused" "$STATUS" 400
api GET "/api/import-batches/$BATCH"
has "a batch is shown" ".batch_id == \"$BATCH\" and
	.batch_status == \"succeeded\""
api GET /api/import-batches/none
is "one that is not there is not" "$STATUS" 404
api GET "/api/batch-import/runs/$BATCH"
has "it is the run of the same id" ".run_id == \"$BATCH\" and
	.origin == \"provider_import\""

# The provider on its host.
api GET "/api/providers/deepseek/status?host_id=$HOST_ID"
has "status" '.provider_status == "active" and
	.access_status == "subscription_ready"'
api GET "/api/providers/deepseek/resources?host_id=$HOST_ID&pack_id=first-pack"
has "resources" '([.resources[].resource_type] | sort | unique) ==
	["account", "group", "subscription", "user", "user_key"] and
	all(.resources[]; .state == "present" and .mark != null and
		.origin == "created" and .host_resource_id != null)'
api GET /api/providers/deepseek/access
has "access, with the key that proved it" '.access[0] |
	.requested_probe_api_key == null and
	.effective_probe_key_source == "managed_subscription" and
	(.effective_probe_key_fingerprint | length) == 32 and
	.completion_ok == true and .completion_status == 200 and
	(.completion_type | startswith("application/json")) and
	(.completion_preview | length) > 0 and
	.latest_access_status == "active"'

# A key that is wrong, beside one that is right, and alone.
secret_file bad.key "bad-$(random_text 32)"
new_key good
api POST /api/providers/deepseek/import "{\"host_id\":\"$HOST_ID\",
	\"keys\":[\"$(key good)\",\"$(key bad)\"],
	\"access_mode\":\"subscription\"}"
is "one of two fails" "$(json '"\(.batch_status) \(.provider_status)"')" \
	"partially_succeeded degraded"
api POST /api/providers/deepseek/import "$(body bad subscription)"
is "all fail" "$(json '"\(.batch_status) \(.provider_status)
	\(.access_status)" | gsub("\\s+"; " ")')" "failed broken broken"
api POST /api/providers/deepseek/import "$(body provider self_service)"
is "both ways in" "$(json '"\(.batch_status) \(.access_status)"')" \
	"succeeded fully_ready"

# What is ambiguous.
make_pack second-pack
api GET "/api/providers/deepseek/status?host_id=$HOST_ID"
is "several packs" "$STATUS $(json .error)" \
	"400 provider exists in multiple packs; pack_id is required"
is "the sentence is the detail, too" "$(json .detail)" "$(json .error)"
api POST /api/providers/deepseek/import "$(body provider subscription)"
is "for imports as well" "$STATUS $(json .error)" \
	"400 provider exists in multiple packs; pack_id is required"
start_other_host() {
	port_file=$SITE/run/other.port
	start other "$SITE/bin/hostsim" --version 0.1.179 --port 0 \
		--poll-ms 1000 --port-file "$port_file" \
		--admin-key-file "$SITE/etc/host.key"
	started other 10 "[ -s '$port_file' ]" || bail_out "no other host"
	api POST /api/hosts "{\"base_url\":
		\"http://127.0.0.1:$(cat "$port_file")\",
		\"auth_type\":\"api_key\",\"auth_token\":\"$(key host)\"}"
	OTHER=$(json .host_id)
}
start_other_host
api POST /api/providers/deepseek/import "{\"host_id\":\"$OTHER\",
	\"pack_id\":\"first-pack\",\"keys\":[\"$(key provider)\"],
	\"access_mode\":\"subscription\"}"
is "on another host" "$(json .batch_status)" succeeded
for view in status resources access; do
	api GET "/api/providers/deepseek/$view?pack_id=first-pack"
	is "several hosts: $view" "$STATUS $(json .error)" \
		"400 provider exists on multiple hosts; host_id is required"
	api GET "/api/providers/deepseek/$view?pack_id=first-pack&host_id=$OTHER"
	is "named: $view" "$STATUS $(json .host_id)" "200 $OTHER"
done

# A host that is in use.
api DELETE "/api/hosts/$OTHER"
is "a host in use is not deleted" "$STATUS $(json .code)" "409 host_in_use"
has "and what holds it is counted" '.import_batches == 1 and
	.managed_resources >= 5 and .reconcile_runs == 0'

# At once, if that is preferred.
api POST /api/providers/deepseek/import "{\"host_id\":\"$OTHER\",
	\"pack_id\":\"first-pack\",\"keys\":[\"$(key provider)\"],
	\"access_mode\":\"subscription\"}" -H 'Prefer: respond-async'
is "at once, where that is preferred" "$STATUS $(json .batch_status)" \
	"202 running"

no_secret_leaks
done_testing
