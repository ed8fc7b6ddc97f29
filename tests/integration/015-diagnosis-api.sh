#!/bin/sh
# Hosts that are changed, checks, explanations and notices, through nginx and
# every real program.
HOSTSIM_OPTIONS="--compliance required"
. tests/integration/lib.sh

start_stack 0.1.179 chat-only-403
site_token reader read
site_token operator operate
site_give
reader=$SITE/etc/reader.token
operator=$SITE/etc/operator.token

phrase="I have read, understood, and agree to the Sub2API Deployment and"
phrase="$phrase Operation Compliance Commitment"

# A person has to accept before anything else, and is told so.
api POST /api/hosts "{\"base_url\":\"$HOST_URL\",\"auth_type\":\"password\",
	\"admin_email\":\"admin@example.test\",
	\"auth_token\":\"admin-password\"}"
HOST_ID=$(json .host_id)
is "a host with a password is added" "$STATUS $(json .auth_type)" \
	"201 password"
is "it waits for a person" "$(json .state)" compliance_required
like "and says what to type" "$(json .sentence_en)" "type exactly: $phrase"
api POST "/api/hosts/$HOST_ID/accept-compliance" '{"phrase":"whatever"}'
is "another phrase opens nothing" "$STATUS $(json .state)" \
	"200 compliance_required"
TOKEN_FILE=$operator api POST "/api/hosts/$HOST_ID/accept-compliance" \
	"{\"phrase\":\"$phrase\"}"
is "only an administrator may" "$STATUS" 403
api POST "/api/hosts/$HOST_ID/accept-compliance" "{\"phrase\":\"$phrase\"}"
is "the phrase opens the host" "$STATUS $(json .state)" "200 ready"
like "its session has an end" "$(json .session_expires_at)" '^20'

# What is changed of a host is seen at once.
api PATCH "/api/hosts/$HOST_ID" '{"auth_token":"wrong-password","name":"one"}'
is "a wrong password is noticed" "$STATUS $(json .name) $(json .state)" \
	"200 one unauthorized"
api PATCH "/api/hosts/$HOST_ID" '{"auth_token":"admin-password"}'
is "and so is the right one" "$STATUS $(json .state)" "200 ready"
api PATCH "/api/hosts/$HOST_ID" '{"proxy":"http://crm:pw-of-proxy@127.0.0.1:9"}'
is "a proxy is shown without its password" "$(json .proxy)" \
	"http://127.0.0.1:9"
is "and one that is not there is noticed" "$(json .state)" unreachable
api PATCH "/api/hosts/$HOST_ID" '{"proxy":null}'
is "without it all is well" "$(json .state)" ready

# An import, and what its access says.
new_key one
import "$SITE/etc/one.key" --model mock-a
is "a key is imported" "$(json .access_status)" active
TOKEN_FILE=$reader api GET "/api/accesses?host_id=$HOST_ID&status=active"
is "it gives one access" "$(json '.accesses | length')" 1
access=$(json '.accesses[0].access_id')
endpoint=$(json '.accesses[0].endpoint_key')
is "which is ready" "$(json '.accesses[0].access_status')" subscription_ready

api POST /api/access-checks "{\"provider_id\":\"$endpoint\"}" \
	-H 'Prefer: wait=25'
is "a check proves it again" "$STATUS $(json .state) $(json .result)" \
	"200 done active"
is "with a proof" "$(json .proof.ok)" true
check=$(json .check_id)
api GET "/api/access-checks/$check"
is "it can be read again" "$(json .result)" active
api GET "/api/access-checks?access_id=$access"
is "and is listed" "$(json '.checks[0].check_id')" "$check"
api GET "/api/accesses/$access/proofs"
is "beside the import's proof" "$(json '.proofs | length > 1')" true

# Plain words, in the language and form that are wanted.
api GET "/api/explain?access_id=$access&lang=en"
like "it is explained" "$(json .text)" '[a-z]'
ask -H "Authorization: Bearer $(cat "$reader")" -H 'Accept: text/plain' \
	-H 'Accept-Language: zh-CN' "$CRM_URL/api/explain?host_id=$HOST_ID"
like "and as text" "$(printf '%s' "$HEADERS" | grep -i '^content-type')" \
	'text/plain; charset=utf-8'

# Providers, and notices.
api PUT "/api/endpoints/$endpoint" '{"concurrency":2}' \
	-H 'Idempotency-Key: put-1'
is "an endpoint gets a limit" "$STATUS $(json .concurrency)" "200 2"
api PUT "/api/endpoints/$endpoint" '{"concurrency":2}' \
	-H 'Idempotency-Key: put-1'
like "once" "$HEADERS" '[Ii]dempotency-[Rr]eplayed: true'
api GET "/api/notices?host_id=$HOST_ID"
is "notices are listed" "$STATUS $(json '.notices | type')" "200 array"

no_secret_leaks
done_testing
