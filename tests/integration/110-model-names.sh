#!/bin/sh
# Model names: offline by crmctl, over the API, and in an import.
. tests/integration/lib.sh

# resolve [OPTION...]: of the lines on standard input, with nothing in the
# environment.
resolve() {
	env -i PATH="$PATH" "$B/crmctl" model resolve "$@"
}
short() {
	jq -c '[.state, .canonical, .family, .wire]'
}

is "spaces and capitals do not matter" "$(echo 'KIMI 2.6' | resolve | short)" \
	'["corrected","kimi-k2.6","kimi","kimi-k2.6"]'
is "a canonical name is itself" "$(echo glm-5.3-flashx | resolve | short)" \
	'["resolved","glm-5.3-flashx","glm","glm-5.3-flashx"]'
is "a family alone is ambiguous" "$(echo kimi | resolve |
	jq -c '[.state, .canonical, (.candidates | length > 1)]')" \
	'["ambiguous",null,true]'
is "a version is never guessed" "$(echo glm-5.4 | resolve | short)" \
	'["unknown",null,"glm",null]'
is "a retired name is offered another" "$(echo deepseek-chat | resolve |
	jq -c '[.state, .candidates]')" '["retired",["deepseek-flash"]]'
is "an endpoint has its own ids" "$(echo 'kimi-k2.6(high)' |
	resolve --provider kimi-coding | short)" \
	'["corrected","kimi-k2.6","kimi","k2.6(high)"]'
like "notes are in two languages" "$(echo 'kimi 2.6' | resolve)" \
	'"note_zh":"[^"]*更正[^"]*","note_en":"[^}]*corrected'

echo '{"data":[{"id":"Pro/moonshotai/Kimi-K2.6"},{"id":"kimi-k9-code"}]}' \
	>"$WORK/models.json"
printf 'Pro/moonshotai/Kimi-K2.6\nkimi-k9-code\n' >"$WORK/models.txt"
for list in models.json models.txt; do
	is "$list: what is listed decides" \
		"$(printf 'kimi 2.6\n\nKimi K9 Code\nkimi-k3\r\n' |
		resolve --listed "$WORK/$list" | jq -r '[.input, .state, .wire //
		"-"] | join(" ")' | tr '\n' ';')" \
		"kimi 2.6 corrected Pro/moonshotai/Kimi-K2.6;$(
		)Kimi K9 Code corrected kimi-k9-code;kimi-k3 unknown -;"
done
status=0
echo kimi | resolve --provider nobody 2>/dev/null || status=$?
is "an endpoint that nobody knows is refused" "$status" 2

start_stack 0.1.179 chat-only-403
add_host

api POST /api/model-names/resolve \
	'{"names":["Mock A","MOCK_B"],"listed":["mock-a","mock-b"]}'
is "the API resolves the same" "$STATUS $(json '[.results[].wire] | join(" ")')" \
	'200 mock-a mock-b'

# An import is asked for a name as people write it; users of the host can use
# that name too.
import "$SITE/etc/provider.key" --model 'Mock A'
is "the import ends well" "$RC $(json .access_status)" "0 active"
is "the item says what was made of the name" "$(json '
	[.model_resolution[0] | .input, .state, .wire] | join(" ")')" \
	"Mock A corrected mock-a"
is "its models are the provider's ids" "$(json '.models | join(" ")')" mock-a
is "the name stays an alias" "$(json '.model_aliases["Mock A"]')" mock-a
is "it is warned of" "$(json '[.warnings[].code] | index("model_corrected") != null')" \
	true
ctl run watch "$RUN_ID"
like "the run's end tells the warnings of its items" "$ERR" \
	'^model_corrected +1 +[^ ]+ +.*Mock A'
like "and where each is" "$ERR" "crmctl item list $RUN_ID --warning"
is "the account maps both" "$(host_state -c '[.accounts[] |
	select(.name | test("crm-")) | .credentials.model_mapping][0] |
	[.["Mock A"], .["mock-a"]]')" '["mock-a","mock-a"]'

# A family alone is not sent anywhere.
new_key vague
import "$SITE/etc/vague.key" --model max
is "an ambiguous name ends the item" "$(json '"\(.current_stage)
	\(.access_status) \(.failure_class)" | gsub("\\s+"; " ")')" \
	"done broken model_ambiguous"
is "nothing was made of it" "$(host_state '[.accounts[] |
	select(.name | test("crm-"))] | length')" 1

no_secret_leaks
stop_stack
done_testing
