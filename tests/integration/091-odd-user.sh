#!/bin/sh
# One user does what his client does: /v1/responses, /v1/messages, token
# counting, at a provider that knows chats only.  The others, who chat, must
# not notice.  REAL_HOSTS may name real hosts: see hosts.sh.
. tests/integration/lib.sh
. tests/integration/hosts.sh

SITE_SETTINGS="$quick_settings
watch = { every_s = 0; };"

# What the provider answers on everything but chats.
answers='403 401 429 500'

question='"model":"mock-a","max_tokens":16'
messages='"messages":[{"role":"user","content":"hello"}]'

# keys_of GROUP: of the odd one and of another, as files.
keys_of() {
	admin GET "/api/v1/admin/groups/$1/api-keys" |
		jq -r '.data.items[].key' >"$WORK/both.secret"
	sed -n 1p "$WORK/both.secret" >"$WORK/odd.secret"
	sed -n 2p "$WORK/both.secret" >"$WORK/other.secret"
	[ -s "$WORK/other.secret" ]
}

odd_things() {
	gateway "$WORK/odd.secret" /v1/responses \
		'{"model":"mock-a","input":"hello"}'
	gateway "$WORK/odd.secret" /v1/responses \
		'{"model":"mock-a","input":"hello","stream":true}'
	gateway "$WORK/odd.secret" /v1/messages "{$question,$messages}"
	gateway "$WORK/odd.secret" /v1/messages/count_tokens \
		"{\"model\":\"mock-a\",$messages}"
	gateway "$WORK/odd.secret" /v1/responses/compact \
		'{"model":"mock-a","input":"hello"}'
	gateway "$WORK/odd.secret" /v1/embeddings \
		'{"model":"mock-a","input":"hello"}'
	gateway "$WORK/odd.secret" /v1/messages "{$question,$messages,
		\"stream\":true}"
}

# The other one chats all the while, in the background; a line for each.
other_chats() {
	sed 's/^/Authorization: Bearer /' "$WORK/other.secret" \
		>"$WORK/other.head"
	printf '{%s,%s}' "$question" "$messages" >"$WORK/other.question"
	while [ ! -e "$WORK/enough" ]; do
		curl -s --max-time 20 -o /dev/null -w '%{http_code}\n' \
			-H "@$WORK/other.head" \
			-H 'Content-Type: application/json' \
			--data-binary "@$WORK/other.question" \
			"$HOST_URL/v1/chat/completions"
		pause
	done >"$WORK/other.statuses"
}

# nobody_notices NAME
nobody_notices() {
	rm -f "$WORK/enough"
	other_chats &
	other=$!
	for _ in 1 2 3; do
		odd_things
	done
	chat "$WORK/other.secret" ',"stream":true'
	is "$1: a stream to its end" \
		"$STATUS $(printf '%s' "$BODY" | grep -c '\[DONE\]')" "200 1"
	: >"$WORK/enough"
	wait "$other"
	is "$1: others get answers all the while" \
		"$(sort -u "$WORK/other.statuses")" 200
	note "$1: $(wc -l <"$WORK/other.statuses") chats"
	chat "$WORK/odd.secret"
	is "$1: and so does the odd one, who chats" "$STATUS" 200
	is "$1: the account is in service" "$(admin GET \
		"/api/v1/admin/accounts/$ACCOUNT" | jq -r '.data |
		"\(.status) \(.schedulable) \(.temp_unschedulable_until)
		\(.rate_limit_reset_at)" | gsub("\\s+"; " ")')" \
		"active true null null"
}

on_a_host() {
	for answer in $answers; do
		what="$version, $answer"
		ctl -o json run create --wait --timeout 60 --host "$HOST_ID" \
			--base-url \
			"$PROVIDER_URL/as/chat-only-$answer/$tag-odd/v1" \
			--key-file "$PROVIDER_KEY" --model mock-a \
			--user "odd-$tag" --user "other-$tag"
		run=$(json_of "$OUT" .run_id)
		api GET "/api/batch-import/runs/$run/items"
		is "$what: active" "$(json '.items[0].access_status')" active
		ACCOUNT=$(json '.items[0].account_id')
		GROUP=$(json '.items[0].group_id')
		ENDPOINT=$(json '.items[0].endpoint_key')
		if ! keys_of "$GROUP"; then
			fail "$what: two users, two keys"
			continue
		fi
		nobody_notices "$what"
		[ "$answer" != 403 ] || unarmoured
	done
}

armour() {
	admin GET "/api/v1/admin/accounts/$ACCOUNT" |
		jq -r '.data.credentials.pool_mode // false'
}

# Somebody took the armour off, or the account is from before it was known.
unarmoured() {
	what="$version, armour taken off"
	worn=$(armour)
	credentials 'del(.pool_mode, .pool_mode_retry_count)'
	sleep 1.3
	access_of "$ENDPOINT"
	check "$ACCESS"
	is "$what: a check proves it" "$RC $(json .result)" "0 active"
	is "$what: and has put on what was worn" "$(armour)" "$worn"
	sleep 1.3
	nobody_notices "$what"
}

new_site
start_providersim chat-only-403
start_hosts
new_key odd
PROVIDER_KEY=$SITE/etc/odd.key
start_schedd && start_pool 4 && start_nginx ||
	bail_out "the stack does not start"
each_host_at_once on_a_host
no_secret_leaks
done_testing
