#!/bin/sh
# crmctl verdict: a line in, a line out, without server, settings or token.
. tests/integration/lib.sh

# verdict: of the lines on standard input, with nothing in the environment.
verdict() {
	env -i PATH="$PATH" "$B/crmctl" verdict
}
short() {
	jq -c '[.class, .retry, .retry_after_s] // .' 2>/dev/null
}

is "an error of a provider has its class" "$(echo \
	'{"provider":"zhipu","status":429,"headers":{"RETRY-AFTER":"7"},"body":{"error":{"code":"1302"}}}' |
	verdict | short)" '["rate_limited",true,7]'
is "a body may be a text" "$(echo \
	'{"provider":"x","status":401,"headers":{},"body":"Authentication Fails"}' |
	verdict | short)" '["key_invalid",false,null]'
is "a completion is ok" "$(echo \
	'{"status":200,"headers":{},"body":{"choices":[{"message":{"content":"pong"}}]}}' |
	verdict | short)" '["ok",false,null]'
is "a success without one is not" "$(echo \
	'{"status":200,"headers":{"content-type":"text/html"},"body":"<html>pong</html>"}' |
	verdict | short)" '["inspect_body",false,null]'
is "what was cut is asked again" "$(echo \
	'{"status":200,"body":{"choices":[{"message":{"content":""},"finish_reason":"length"}]}}' |
	verdict | short)" '["empty_completion",true,0]'
is "no answer is an answer" "$(echo '{"transport":"dns"}' | verdict | short)" \
	'["dns",true,60]'
is "a gateway has rules of its own" "$(echo \
	'{"peer":"gateway","status":403,"body":{"code":"GROUP_DELETED","message":"x"}}' |
	verdict | short)" '["group_unusable",false,null]'
like "causes are said in two languages" "$(echo '{"status":402}' | verdict)" \
	'"cause_zh":"[^"]*充值[^"]*","cause_en":"[^"]*Top up'

cat >"$WORK/lines" <<'END'
{"status":429,"body":""}
not JSON

{"status":"many"}
[1]
{"status":500,"body":null}
END
status=0
verdict <"$WORK/lines" >"$WORK/verdicts" 2>"$WORK/errors" || status=$?
is "a bad line does not stop the others" \
	"$(jq -c '[.class, .line]' <"$WORK/verdicts" | tr '\n' ' ')" \
	'["rate_limited",null] [null,2] [null,4] [null,5] ["transient",null] '
is "the status says that there was one" "$status" 9
like "and so does the message" "$(cat "$WORK/errors")" '3 of 6 lines'

head -c 9000000 /dev/zero | tr '\0' 'x' >"$WORK/long"
printf '\n{"status":500}\n' >>"$WORK/long"
verdict <"$WORK/long" 2>/dev/null >"$WORK/verdicts" || :
is "a line has a ceiling" "$(jq -c '[.class, .line]' <"$WORK/verdicts" |
	tr '\n' ' ')" '[null,1] ["transient",null] '

done_testing
