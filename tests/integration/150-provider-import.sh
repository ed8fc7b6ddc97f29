#!/bin/sh
# A pack, a host, a key of a provider that the pack knows: preview, import,
# proof.  On the three versions of the host, or on REAL_HOSTS; VERSIONS may
# name fewer.  What the preview says is what the import then does, resource by
# resource.
. tests/integration/lib.sh
. tests/integration/hosts.sh
. tests/integration/planned.sh

# What the keys can do is asked in the background; here requests are counted.
SITE_SETTINGS="$quick_settings"'
probe = { capabilities = "off"; };'

# manifest ID MEMBERS: a provider of the test's pack.
manifest() {
	jq -n --arg id "$1" "{provider_id: \$id, vendor: \"sample\",
		kind: \"first_party\", plan: \"payg\", region: \"cn\",
		status: \"current\",
		display_name: {zh: \$id, en: \$id},
		families: {chat: \"yes\", responses: \"no\", messages: \"no\",
			models: \"yes\"},
		models: [{id: \"mock-a\", canonical: \"mock-a\",
			family: \"mock\", status: \"current\"},
			{id: \"mock-b\", canonical: \"mock-b\",
			family: \"mock\", status: \"current\"}],
		smoke_test_model: \"mock-a\"} + $2" \
		>"$WORK/pack/providers/$1.json"
}

# make_pack: its provider is the simulated one, at an endpoint that no other
# run of this test shares.
make_pack() {
	mkdir -p "$WORK/pack/providers"
	jq -n '{pack_id: "sample-pack", version: "1.0.0",
		name: {zh: "样例", en: "Sample"},
		min_host_version: "0.1.126"}' >"$WORK/pack/pack.json"
	manifest sample-payg "{base_url: \"$PROVIDER_URL/$tag/v1\",
		key_prefixes: [\"good-\"],
		pricing: [{model: \"mock-a\", currency: \"USD\",
			unit: \"per_million_tokens\", input: \"1\",
			output: \"2\", source: \"price list\",
			date: \"2026-11-01\"}]}"
	manifest sample-coding "{plan: \"coding_plan\",
		base_url: \"$PROVIDER_URL/$tag-coding/v1\",
		key_prefixes: [\"good-cp-\"],
		plan_terms: {shared_use: \"forbidden\", text: {
			zh: \"只供一人使用\", en: \"For one person only\"}}}"
	manifest sample-relay '{base_url: null, base_url_required: true}'
}

# by_url KEY_FILE [OPTION]...: BODY has the items.
by_url() {
	key_file=$1
	shift
	ctl -o json run create --wait --timeout 120 --host "$HOST_ID" \
		--base-url "$PROVIDER_URL/$tag/v1" --key-file "$key_file" "$@"
	RUN_ID=$(json_of "$OUT" .run_id)
	api GET "/api/batch-import/runs/$RUN_ID/items"
}

# rows KEY...: a file of rows: the first at the pack's URL, the others at one
# that it does not know.
rows() {
	url=$PROVIDER_URL/$tag/v1
	for key; do
		jq -n --arg url "$url" \
			--rawfile key "$SITE/etc/$key-$host_number.key" \
			'{base_url: $url, api_key: ($key | rtrimstr("\n"))}'
		url=$PROVIDER_URL/$tag-unknown/v1
	done | jq -s . >"$WORK/rows.secret"
}

# Several endpoints in one run, what is there and what is not.
import_by_url() {
	new_key "fifth-$host_number"
	new_key "sixth-$host_number"
	rows first fifth sixth
	run_preview_is_what_happens "$HOST_IS: by URL, two endpoints" \
		-f "$WORK/rows.secret"
	is "$HOST_IS: by URL, an account is re-used" "$actions" \
		"reuse create create"
	run_preview_is_what_happens "$HOST_IS: by URL, the same again" \
		-f "$WORK/rows.secret"
	is "$HOST_IS: by URL, all are re-used" "$actions" "reuse reuse reuse"
	is "$HOST_IS: by URL, nothing is made" "$creates$passes" ""
	new_key "seventh-$host_number"
	rows seventh fifth
	run_preview_is_what_happens "$HOST_IS: by URL, for two users" \
		-f "$WORK/rows.secret" --user default --user third
	is "$HOST_IS: by URL, one is new" "$actions" "create reuse"
	rm -f "$WORK/rows.secret"
}

provider_is_imported() {
	HOST_IS="$version"
	new_key "first-$host_number"
	new_key "second-$host_number"
	first=$SITE/etc/first-$host_number.key
	second=$SITE/etc/second-$host_number.key

	new_key "third-$host_number"
	third=$SITE/etc/third-$host_number.key

	ready=subscription_ready
	preview_is_what_happens sample-payg "$HOST_IS: a first key" --key-file "$first"
	is "$HOST_IS: an account is created" "$actions" create
	BODY=$BATCH
	is "$HOST_IS: the item names provider and endpoint" "$(json '.items[0] |
		.pack_provider_id == "sample-payg" and
		.provider_id == .endpoint_key')" true
	is "$HOST_IS: the access has a whole proof" "$(json '.access[0] |
		"\(.completion_ok) \(.completion_status)
		\(.effective_probe_key_source) \(.latest_access_status)" |
		gsub("\\s+"; " ")')" "true 200 managed_subscription active"
	is "$HOST_IS: with a text" "$(json '.access[0] |
		(.completion_preview | length) > 0 and
		(.completion_type | startswith("application/json"))')" true

	preview_is_what_happens sample-payg "$HOST_IS: the same key" --key-file "$first"
	is "$HOST_IS: its account is used again" "$actions" reuse

	preview_is_what_happens sample-payg "$HOST_IS: a second key" --key-file "$second"
	is "$HOST_IS: it gets an account of its own" "$actions" create

	preview_is_what_happens sample-payg "$HOST_IS: one model of it" \
		--key-file "$third" --model mock-a
	preview_is_what_happens sample-payg "$HOST_IS: another model" \
		--key-file "$third" --model mock-b
	is "$HOST_IS: its account is changed" "$actions" change
	BODY=$BATCH
	is "$HOST_IS: that is a re-use" "$(json '.items[0].account_resolution')" \
		reused

	api GET "/api/providers/sample-payg/status?host_id=$HOST_ID"
	is "$HOST_IS: the provider is active there" \
		"$(json '"\(.provider_status) \(.access_status)"')" \
		"active subscription_ready"
	api GET "/api/providers/sample-payg/resources?host_id=$HOST_ID"
	is "$HOST_IS: three accounts, a group with prices, a user with subscription and key" \
		"$(json '[.resources[].resource_type] | group_by(.) |
		map("\(length) \(.[0])") | join(", ")')" \
		"3 account, 1 channel, 1 group, 1 subscription, 1 user, 1 user_key"
	api GET "/api/providers/sample-payg/access?host_id=$HOST_ID"
	is "$HOST_IS: one access" "$(json '.access | length')" 1

	# By URL and key it is the same provider, and the same account.
	by_url "$first"
	is "$HOST_IS: by URL it is the account of the provider" \
		"$(json '.items[0] | "\(.pack_id) \(.pack_provider_id)
		\(.account_resolution) \(.provision_reused)" |
		gsub("\\s+"; " ")')" "sample-pack sample-payg reused true"
	new_key "fourth-$host_number"
	by_url "$SITE/etc/fourth-$host_number.key"
	is "$HOST_IS: a new key by URL goes by the manifest" \
		"$(json '.items[0] | "\(.access_status) \(.resolved_smoke_model)
		\(.models | join(" ")) \(.channel_id != null)" |
		gsub("\\s+"; " ")')" "active mock-a mock-a mock-b true"
	by_url "$SITE/etc/fourth-$host_number.key" --ignore-packs
	is "$HOST_IS: unless that is not wanted" "$(json '.items[0] |
		"\(.pack_id) \(.pack_provider_id) \(.account_resolution)"')" \
		"null null reused"

	import_by_url

	ready=fully_ready
	preview_is_what_happens sample-payg "$HOST_IS: self service, two keys" \
		--key-file "$first" --key-file "$second" \
		--access-mode self_service
	is "$HOST_IS: with accounts of their own" "$actions" "create create"
	ready=fully_ready
	preview_is_what_happens sample-payg "$HOST_IS: two users" --key-file "$first" \
		--user default --user second
}

new_site
start_hosts --log "$SITE/log/hosts.requests"
start_providersim chat-only-403 && start_schedd && start_pool 4 &&
	start_nginx || bail_out "the stack does not start"
make_pack
ctl pack install "$WORK/pack"
is "the pack is installed" "$RC" 0
each_host provider_is_imported

api GET /api/providers/sample-payg/status
if [ "$(wc -l <"$WORK/pairs")" -gt 1 ]; then
	is "on several hosts one has to be named" "$STATUS $(json .error)" \
		"400 provider exists on multiple hosts; host_id is required"
fi

# A plan that forbids sharing.
new_key plan
ctl -o json provider import sample-coding --host "$HOST_ID" \
	--key-file "$SITE/etc/plan.key"
like "a plan that forbids sharing is not imported unasked" "$RC $ERR" \
	'^[1-9].*accept_plan_terms'
ctl -o json provider import sample-coding --host "$HOST_ID" \
	--key-file "$SITE/etc/plan.key" --accept-plan-terms --wait
is "but when its terms were accepted" "$RC" 0

# A relay, wherever it is.
ctl -o json provider import sample-relay --host "$HOST_ID" \
	--key-file "$SITE/etc/plan.key"
like "a relay has to be told where it is" "$RC $ERR" '^[1-9].*base_url'
ctl -o json provider import sample-relay --host "$HOST_ID" --wait \
	--base-url "$PROVIDER_URL/$tag-relay/v1" \
	--key-file "$SITE/etc/plan.key"
is "and is imported then" "$RC" 0
ctl batch list --provider sample-payg
is "batches are listed" "$RC" 0
like "with their provider" "$OUT" 'sample-payg.*succeeded'

# Several hosts: one goes ahead.
all_hosts() {
	set --
	for id in $(db 'SELECT host_id FROM hosts ORDER BY host_id'); do
		set -- "$@" --host "$id"
	done
	echo "$@"
}

wave_is() {
	[ "$(db "SELECT group_concat(state || ' ' || canary_state) FROM
		(SELECT * FROM import_runs WHERE wave_id = '$WAVE'
		ORDER BY wave_place)")" = "$1" ]
}

if [ "$(wc -l <"$WORK/pairs")" -eq 3 ]; then
	new_key wave
	# shellcheck disable=SC2046 # several options
	ctl -o json provider import sample-payg $(all_hosts) --wait \
		--timeout 120 --key-file "$SITE/etc/wave.key"
	is "the first host of a wave is served" "$RC" 0
	BODY=$OUT
	WAVE=$(json .wave_id)
	ok "then the others, and well" wait_for "wave_is \
		'completed off,completed resumed,completed resumed'" 60
	secret_file bad.key "bad-$(random_text 32)"
	# shellcheck disable=SC2046 # several options
	ctl -o json provider import sample-payg $(all_hosts) --wait \
		--timeout 120 --key-file "$SITE/etc/bad.key"
	BODY=$(printf '%s' "$OUT" | jq -s '.[0]')
	WAVE=$(json .wave_id)
	ok "a wave stops where its first host fails" wave_is \
		'failed off,running held,running held'
	run=$(db "SELECT run_id FROM import_runs WHERE wave_id = '$WAVE'
		AND wave_place = 1")
	api POST "/api/batch-import/runs/$run/resume"
	ok "and goes on by hand" wait_for "wave_is \
		'failed off,failed resumed,running held'" 60
fi

if [ -z "${REAL_HOSTS:-}" ]; then
	is "the simulators kept count" "$([ "$(grep -c . \
		"$SITE/log/hosts.requests")" -gt 100 ] && echo yes)" yes
fi

each_host leave_nothing
no_secret_leaks
done_testing
