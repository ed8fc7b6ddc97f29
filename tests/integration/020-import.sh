#!/bin/sh
# A key in, a proven model out: on the three versions of the host, through
# every real program.  VERSIONS may name fewer.
. tests/integration/lib.sh

# gateway JSON: asks the host as its user, with the key that CRM made.
gateway() {
	host_state -r '.keys[0].key' | sed 's/^/Authorization: Bearer /' \
		>"$WORK/user"
	printf '%s' "$1" >"$WORK/question"
	ask -H "@$WORK/user" -H 'Content-Type: application/json' \
		--data-binary "@$WORK/question" \
		"$HOST_URL/v1/chat/completions"
	rm -f "$WORK/user" "$WORK/question"
}

item_is_proven() {
	is "$1: the run ends well" "$RC" 0
	is "$1: the item is done and active" \
		"$(json '"\(.current_stage) \(.access_status)"')" "done active"
	is "$1: the account is confirmed" "$(json .confirmation_status)" \
		confirmed
	is "$1: no failure is left" "$(json .failure_class)" null
	is "$1: events are in order" "$(json '[.events[].seq] as $s |
		($s | length) > 3 and $s == ($s | sort)')" true
}

proof_is_whole() {
	proof_id=$(json '.proofs | map(select(.ok)) | last.proof_id')
	api GET "/api/proofs/$proof_id"
	is "$1: the proof can be read" "$STATUS $(json .ok)" "200 true"
	is "$1: models and completion" "$(json '"\(.models_status)
		\(.models_listed) \(.completion_status) \(.completion_ok)" |
		gsub("\\s+"; " ")')" "200 true 200 true"
	is "$1: it has a text, a type and a date" "$(json '
		(.completion_preview | length) > 0 and
		(.completion_type | startswith("application/json")) and
		.expires_at > .at')" true
	is "$1: it names the key by fingerprint" "$(json '
		.effective_probe_key_source == "managed_subscription" and
		(.effective_probe_key_fingerprint | length) == 32')" true
	ctl proof show "$proof_id" -o yaml
	like "$1: crmctl shows it" "$OUT" '^completion_ok: true$'
}

user_is_served() {
	gateway '{"model":"mock-a","messages":[{"role":"user",
		"content":"hello"}]}'
	is "$1: a user's chat is answered" "$STATUS" 200
	is "$1: with a completion" "$(json '.choices[0].message.content |
		type == "string" and length > 0')" true
	gateway '{"model":"mock-a","stream":true,"messages":[{"role":"user",
		"content":"hello"}]}'
	is "$1: streamed as well" "$STATUS" 200
	like "$1: to the end of the stream" "$BODY" '^data: \[DONE\]'
	like "$1: in pieces" "$BODY" '"delta"'
}

host_holds_one_of_each() {
	is "$1: one account, marked" "$(host_state '[.accounts[] |
		select(.name | test("crm-[a-z0-9]{6}-[a-z0-9]{8}$"))] |
		length')" 1
	is "$1: it is told to use raw chat" "$(host_state '.accounts[0].extra |
		.openai_responses_mode == "force_chat_completions" or
		.openai_responses_supported == false')" true
	is "$1: one managed user" "$(host_state '[.users[] |
		select(.email | startswith("relay-sub-"))] | length')" 1
	is "$1: one subscription, one key" "$(host_state -r '
		"\(.subscriptions | length) \(.keys | length)"')" "1 1"
}

for version in ${VERSIONS:-0.1.126 0.1.129 0.1.179}; do
	start_stack "$version" chat-only-403
	add_host
	is "$version: the host is ready" "$(printf '%s' "$OUT" |
		jq -r '"\(.state) \(.version)"')" "ready $version"
	import "$SITE/etc/provider.key"
	item_is_proven "$version"
	is "$version: made anew" "$(json .account_resolution)" created
	proof_is_whole "$version"
	user_is_served "$version"
	host_holds_one_of_each "$version"

	# The same key again uses what is there.
	import "$SITE/etc/provider.key"
	item_is_proven "$version, again"
	is "$version: used again" "$(json '"\(.account_resolution)
		\(.provision_reused)" | gsub("\\s+"; " ")')" "reused true"
	host_holds_one_of_each "$version, again"

	# A second key of the same provider joins the group of the first.
	new_key second
	import "$SITE/etc/second.key" --model mock-b
	item_is_proven "$version, second key"
	is "$version: the model that was asked for" \
		"$(json .resolved_smoke_model)" mock-b
	is "$version: two accounts" "$(host_state '[.accounts[] |
		select(.name | test("crm-"))] | length')" 2
	user_is_served "$version, both keys"

	no_secret_leaks
	stop_stack
	rm -rf "$SITE"
	SITE=
done
done_testing
