#!/bin/sh
# crmctl pack verify: what a manifest expects, asked of providers of several
# kinds, directly and with the operator's key, which is shown nowhere.
. tests/integration/lib.sh

new_site
start_providersim dual || bail_out "no provider"
PACK=$WORK/pack
mkdir -p "$PACK/providers"

# manifest ID CONFORMANCE [JQ]: a provider of the pack, whose base URL is the
# personality of its name.
manifest() {
	jq -n --arg id "$1" --arg url "$PROVIDER_URL/as/$1/x/v1" \
		--argjson expects "$2" '{provider_id: $id, vendor: "test",
		kind: "relay", plan: "payg", region: "cn", status: "current",
		display_name: {zh: "测试", en: "Test"}, base_url: $url,
		families: {chat: "yes", responses: "unknown",
			   messages: "unknown", models: "yes"},
		models: [{id: "mock-a", canonical: "mock-a", family: "mock",
			  status: "current"}],
		smoke_test_model: "mock-a", key_prefixes: ["sk-"],
		conformance: $expects} | '"${3:-.}" \
		>"$PACK/providers/$1.json"
}

verify() {
	provider=$1
	shift
	ctl pack verify --pack "$PACK" "$provider" --allow-private \
		--key-file "$SITE/etc/provider.key" "$@"
}

# verdicts: "name verdict" of each line.
verdicts() {
	printf '%s' "$OUT" | jq -r '[.checks[] |
		"\(.expectation)=\(.verdict)"] | join(" ")'
}

check() {
	printf '%s' "$OUT" | jq -r --arg n "$1" ".checks[] |
		select(.expectation == \$n) | $2"
}

asked() {
	wc -l <"$SITE/log/providersim.requests"
}

# All as expected.
manifest dual '{"models": "listed", "must_list": ["mock-a"], "chat": "yes",
	"stream": "yes", "tools": "yes", "json_mode": "yes",
	"reasoning": "no", "responses": "yes", "error_key_status": [401]}'
before=$(asked)
verify dual -o json
is "a provider that is as its manifest says" "$RC $ERR" "0 "
is "each expectation has its verdict" "$(verdicts)" \
	"models=ok must_list=ok chat=ok stream=ok tools=ok json_mode=ok$(
	) reasoning=ok responses=ok error_key_status=ok"
like "with the moment" "$(json_of "$OUT" .verified_at)" \
	"^$(date -u +%Y)-[0-9]{2}-[0-9]{2}T[0-9:.]+Z\$"
is "a handful of questions" "$(printf '%s' "$OUT" | jq .requests) $((
	$(asked) - before))" "6 6"
is "what was seen" "$(check error_key_status .status)" 401
verify dual
is "as a table, too" "$RC" 0
like "a line for each" "$OUT" '^responses +yes +200 +yes +ok +[0-9]+$'
like "dated" "$OUT" '^verified_at +20[0-9-]+T'

# What differs.
manifest chat-only-403 '{"models": "listed", "must_list": ["mock-a",
	"gone-b"], "chat": "yes", "stream": "yes", "responses": "yes"}'
verify chat-only-403 -o json
is "what differs fails" "$RC" 1
is "line by line" "$(verdicts)" \
	"models=ok must_list=differs chat=ok stream=ok responses=differs"
is "and says what was seen" "$(check must_list .seen)" \
	"not listed: gone-b"
is "with the status" "$(check responses .status)" 403
like "in a sentence" "$ERR" "chat-only-403 differs from its manifest"
manifest chat-only-403 '{"chat": "yes", "responses": "no"}'
verify chat-only-403 -o json
is "a refusal that is expected" "$RC $(verdicts)" \
	"0 chat=ok responses=ok"

manifest no-models '{"models": "absent", "chat": "yes"}'
verify no-models -o json
is "no list, as expected" "$RC $(verdicts)" "0 models=ok chat=ok"
manifest no-models '{"models": "listed", "must_list": ["mock-a"]}'
verify no-models -o json
is "no list, and one was expected" "$RC $(verdicts)" \
	"1 models=differs must_list=unknown"
manifest models-open '{"models": "public"}'
verify models-open -o json
is "a list for everybody" "$RC $(verdicts)" "0 models=ok"
manifest dual '{"models": "public"}'
verify dual -o json
is "a list that wants a key" "$RC $(verdicts)" "1 models=differs"

manifest messages-only '{"chat": "yes", "stream": "yes"}'
verify messages-only -o json
is "no chat where chat is expected" "$RC $(verdicts)" \
	"1 chat=differs stream=differs"
manifest plain-chat '{"chat": "yes", "stream": "no", "tools": "no",
	"json_mode": "no", "responses": "no"}'
verify plain-chat -o json
is "what it cannot do, as expected" "$RC $(verdicts)" \
	"0 chat=ok stream=ok tools=ok json_mode=ok responses=ok"
manifest think-tags '{"reasoning": "yes"}'
verify think-tags -o json
is "it thinks" "$RC $(verdicts)" "0 reasoning=ok"
manifest rate-limited '{"chat": "yes", "tools": "yes", "responses": "yes"}'
before=$(asked)
verify rate-limited -o json
is "a limit decides nothing" "$RC $(verdicts)" \
	"1 chat=unknown tools=unknown responses=unknown"
is "and is not asked on" "$(($(asked) - before))" 1
manifest redirect '{"chat": "yes"}'
verify redirect -o json
like "no redirect is followed" "$RC $(verdicts) $(check chat .seen)" \
	"^1 chat=unknown redirected"

# Keys.
secret_file bad.key "bad-$(random_text 32)"
manifest dual '{"models": "listed", "chat": "yes", "tools": "yes",
	"error_key_status": [401]}'
verify dual -o json
ctl pack verify --pack "$PACK" dual --allow-private -o json \
	--key-file "$SITE/etc/bad.key"
is "a wrong key decides nothing but what a wrong key gets" \
	"$RC $(verdicts)" \
	"1 models=unknown chat=unknown tools=unknown error_key_status=ok"
like "and the reason is told" "$ERR" \
	'not everything could be found out about dual; models: key_invalid'
for personality in echo-key mask-key; do
	manifest $personality '{"chat": "yes", "error_key_status": [401]}'
	ctl pack verify --pack "$PACK" $personality --allow-private \
		--key-file "$SITE/etc/bad.key" -o json
	printf '%s%s' "$OUT" "$ERR" >"$WORK/echoed"
	is "$personality: the key is not in the output" \
		"$(grep -cF "$(cat "$SITE/etc/bad.key")" "$WORK/echoed")" 0
done
sed -n 's/.*"\([A-Za-z0-9]\{40\}\)".*/\1/p' "$SITE/log/replies" \
	>"$WORK/long"
is "nor the wrong one" "$(wc -l <"$WORK/long")" 0

# What is refused before anybody is asked.
before=$(asked)
ctl pack verify --pack "$PACK" dual --key-file "$SITE/etc/provider.key"
is "a private address must be meant" "$RC" 2
like "and is named" "$ERR" 'base_url: .*loopback.*--allow-private'
ctl pack verify --pack "$PACK" nobody --key-file "$SITE/etc/provider.key"
is "no such provider" "$RC" 7
ctl pack verify --pack packs/openai-cn-pack nobody \
	--key-file "$SITE/etc/provider.key"
like "of many: how to see them" "$RC $ERR" \
	"^7 .*'nobody'; it has 94: ls packs/openai-cn-pack/providers"
mkdir -p "$WORK/two/providers"
cp "$PACK/providers/dual.json" "$WORK/two/providers"
ctl pack verify --pack "$WORK/two" nobody --key-file "$SITE/etc/provider.key"
like "of few: which there are" "$RC $ERR" "^7 .*is 'nobody'; there is dual"
ctl pack verify --pack "$PACK/providers/dual.json" dual \
	--key-file "$SITE/etc/provider.key"
like "a pack is a folder" "$RC $ERR" "^2 .*--pack takes a pack's folder"
ctl pack verify --pack "$WORK/none" dual --key-file "$SITE/etc/provider.key"
like "no folder" "$RC $ERR" "^7 .*No such file or directory; say --pack DIR"
ctl pack verify --pack "$PACK" dual --key-file "$SITE/etc/provider.key" \
	--model mock-a --model mock-b --allow-private
like "one model is asked" "$RC $ERR" "^2 .*say --model once"
ctl pack verify --pack "$PACK" ../dual --key-file "$SITE/etc/provider.key"
is "no id" "$RC" 9
manifest html '{"chat": "yes"}' '.colour = "red"'
verify html
is "a manifest that is wrong" "$RC" 9
like "with its place" "$ERR" 'html.json:[0-9]+: colour '
manifest html null
verify html
is "a manifest that expects nothing" "$RC" 9
manifest html '{"chat": "yes"}' '.base_url = null | .base_url_required = true'
verify html
is "a relay's address must be said" "$RC" 2
is "nobody was asked" "$(asked)" "$before"
verify html --base-url "$PROVIDER_URL/as/dual/x/v1" -o json
is "and then it is asked there" "$RC $(verdicts)" "0 chat=ok"
is "a base URL without its version is tried with /v1" "$(
	verify html --base-url "$PROVIDER_URL/as/dual/x" -o json
	echo "$RC $(verdicts)")" "0 chat=ok"

no_secret_leaks
done_testing
