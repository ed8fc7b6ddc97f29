#!/bin/sh
# The API through nginx: who may what, and what bad input is told.
. tests/integration/lib.sh

SITE_SETTINGS="$quick_settings
api = { body_max = 2097152; wait_slots = 1; };"
start_stack 0.1.129 chat-only-403
site_token reader read
site_token operator operate
site_give
reader=$SITE/etc/reader.token
operator=$SITE/etc/operator.token

# problem NAME STATUS CODE: what the last request was told.
problem() {
	is "$1: status" "$STATUS" "$2"
	is "$1: code" "$(json .code)" "$3"
	is "$1: is a problem document" "$(printf '%s' "$HEADERS" |
		sed -n 's/^[Cc]ontent-[Tt]ype: //p')" application/problem+json
	is "$1: detail, error and id" "$(json 'if (.detail | length) > 0 and
		.error == .detail and (.request_id | length) > 0
		then "there" else "missing" end')" there
}

# Health, without a token.
for path in /healthz /readyz /version; do
	ask "$CRM_URL$path"
	is "$path answers" "$STATUS" 200
done
is "/version names the version of crmctl" "crmctl $(json .version)" \
	"$(crmctl version)"
ask "$PREFIX_URL/healthz"
is "below /crm of another server too" "$STATUS" 200
ask "$PREFIX_URL/api/whoami"
problem "below /crm, no token" 401 unauthorized
ask "$PLAIN_URL/healthz"
is "plain HTTP redirects" "$STATUS" 308
ask "$CRM_URL/elsewhere"
problem "a path of nobody" 404 not_found

# Who may what.
ask "$CRM_URL/api/whoami"
problem "no token" 401 unauthorized
echo crm_wrongwrongwrongwrongwrongwrongwrongwrongwro >"$WORK/wrong.secret"
TOKEN_FILE=$WORK/wrong.secret api GET /api/whoami
problem "an unknown token" 401 unauthorized
for name in admin reader operator; do
	TOKEN_FILE=$SITE/etc/$name.token api GET /api/whoami
	is "$name is known by name" "$(json .name)" "$name"
done
TOKEN_FILE=$reader api POST /api/hosts '{}'
problem "a reader may not add a host" 403 forbidden
TOKEN_FILE=$reader api POST /api/batch-import/runs '{}'
problem "a reader may not import" 403 forbidden
TOKEN_FILE=$operator api DELETE /api/hosts/hst_x
problem "an operator may not remove a host" 403 forbidden

# A token ends.
as_site crmctl token create --name short --scope read \
	--config "$SITE/etc/crm.conf" >"$WORK/short.secret" 2>/dev/null
TOKEN_FILE=$WORK/short.secret api GET /api/whoami
is "a new token works at once" "$STATUS" 200
local_ctl token revoke "$(json .token_id)"
is "it can be revoked" "$RC" 0
TOKEN_FILE=$WORK/short.secret api GET /api/whoami
problem "a revoked token" 401 unauthorized

# What is no request of ours.
api GET /api/nothing
problem "an unknown path" 404 not_found
api POST /api/whoami '{}'
problem "a wrong method" 405 method_not_allowed
like "it names the right ones" "$HEADERS" '[Aa]llow: .*GET'
api POST /api/hosts '{"base_url": '
problem "half a body" 400 malformed_json
api POST /api/hosts '{"a":1,"a":2}'
problem "a member that is there twice" 400 malformed_json
TYPE=text/plain api POST /api/hosts '{}'
problem "a body of another type" 415 unsupported_media_type
api GET '/api/hosts?nonsense=1'
problem "an unknown parameter" 400 invalid_parameter
api GET '/api/hosts?limit=0'
problem "a parameter out of range" 400 invalid_parameter
api GET '/api/hosts?cursor=zzz'
problem "a made-up cursor" 400 invalid_cursor

# Large bodies: the program's ceiling here is 2 MiB, nginx's is 4.
head -c 3000000 /dev/zero | tr '\0' ' ' >"$WORK/large"
head -c 5000000 /dev/zero | tr '\0' ' ' >"$WORK/larger"
api POST /api/hosts '{}' --data-binary "@$WORK/large"
problem "the program refuses a large body" 413 request_too_large
api POST /api/hosts '{}' --data-binary "@$WORK/larger"
problem "nginx refuses a larger one" 413 request_too_large
api POST /api/hosts '{}' --data-binary "@$WORK/large" \
	-H 'Transfer-Encoding: chunked' --http1.1
problem "in chunks too" 413 request_too_large
api POST /api/hosts '{}' --data-binary "@$WORK/larger" \
	-H 'Transfer-Encoding: chunked' --http1.1
problem "nginx in chunks too" 413 request_too_large
rm -f "$WORK/large" "$WORK/larger"

# All problems of a body at once.
api POST /api/hosts '{"base_url":"file:///etc/passwd","auth_type":"magic",
	"surprise":1}'
problem "a bad host" 422 invalid
is "all fields at once" "$(json '[.problems[].field] | sort | join(" ")')" \
	"auth_token auth_type base_url surprise"
for url in ftp://x.example http://user:pw@x.example http:// x.example \
		'http://x.example/?a=b' 'http://x.example/#f' ''; do
	api POST /api/hosts "{\"base_url\":\"$url\",\"auth_type\":\"api_key\",
		\"auth_token\":\"abcdefghijkl\"}"
	is "no host at '$url'" "$STATUS $(json '.problems[0].field')" \
		"422 base_url"
done
is "nothing of that was stored" "$(db 'SELECT count(*) FROM hosts') $(
	db 'SELECT count(*) FROM secrets')" "0 0"

# A host, once.
add_host
like "a host is registered" "$HOST_ID" '^hst_'
api GET "/api/hosts/$HOST_ID"
is "it is ready" "$(json .state)" ready
is "its version is known" "$(json .version)" 0.1.129
api GET /api/hosts/hst_nothing
problem "no such host" 404 not_found
ctl host add --base-url "$HOST_URL/" --auth-type api_key \
	--token-file "$SITE/etc/host.key"
is "the same host again is a conflict" "$RC" 8

# Runs that are refused leave nothing behind.
before=$(db 'SELECT count(*) FROM secrets')
api POST /api/batch-import/runs "{\"host_id\":\"$HOST_ID\",\"strict\":true,
	\"items\":[
	{\"base_url\":\"$PROVIDER_URL\",\"api_key\":\"good-1234567890123456\"},
	{\"base_url\":\"nonsense\",\"api_key\":\"\"},
	{\"base_url\":\"$PROVIDER_URL\",\"api_key\":\"k\",\"extra\":true}]}"
problem "a strict run with bad rows" 422 invalid
is "each row's problems are named" "$(json '[.problems[].field] |
	map(select(startswith("items[1].") or startswith("items[2]."))) |
	length >= 3')" true
is "nothing of it was stored" "$(db 'SELECT count(*) FROM import_runs') $(
	db 'SELECT count(*) FROM secrets')" "0 $before"
api POST /api/batch-import/runs '{"host_id":"hst_nothing","items":[{
	"base_url":"https://x.example","api_key":"good-1234567890123456"}]}'
is "a run for no host" "$STATUS $(json '.problems[0].field')" "422 host_id"

# The same POST twice is one.
printf 'good-%s' "$(random_text 32)" >"$WORK/first.secret"
key=$(cat "$WORK/first.secret")
run="{\"host_id\":\"$HOST_ID\",\"items\":[
	{\"base_url\":\"$PROVIDER_URL/v1\",\"api_key\":\"$key\"},
	{\"base_url\":\"$PROVIDER_URL/v1/\",\"api_key\":\"$key\"}]}"
api POST /api/batch-import/runs "$run" -H 'Idempotency-Key: one'
is "a run is accepted" "$STATUS" 202
first=$BODY
like "it says where it is" "$HEADERS" \
	"[Ll]ocation: /api/batch-import/runs/$(json .run_id)"
run_id=$(json .run_id)
api POST /api/batch-import/runs "$run" -H 'Idempotency-Key: one'
is "the same key gets the same answer" "$STATUS $BODY" "202 $first"
api POST /api/batch-import/runs '{}' -H 'Idempotency-Key: one'
problem "the key with another body" 409 idempotency_key_reused
TOKEN_FILE=$operator api POST /api/batch-import/runs '{}' \
	-H 'Idempotency-Key: one'
problem "another token's key is another key" 422 invalid
is "there is one run" "$(db 'SELECT count(*) FROM import_runs')" 1
api GET "/api/batch-import/runs/$run_id/items"
is "a duplicate row is one item with a warning" \
	"$(json '.items | length') $(json '.items[0].warnings[0].code')" \
	"1 duplicate_of"
ctl run watch "$run_id" --timeout 60
is "the run ends well" "$RC" 0

# Waiting.
api POST "/api/hosts/$HOST_ID/probe" '' -H 'Prefer: wait=10'
is "Prefer: wait gets the result" "$STATUS $(json .state)" "200 ready"
api POST "/api/hosts/$HOST_ID/probe" '' -H 'Prefer: respond-async'
is "without it the answer is 202" "$STATUS" 202

# Pages.
i=0
while [ $i -lt 5 ]; do
	i=$((i + 1))
	api POST /api/batch-import/runs "{\"host_id\":\"$HOST_ID\",\"items\":[
		{\"base_url\":\"$PROVIDER_URL/v1\",\"api_key\":\"$key\"}]}"
done
seen=
cursor=
pages=0
while [ $pages -lt 10 ]; do
	api GET "/api/batch-import/runs?limit=2$cursor"
	seen="$seen $(json '.runs[].run_id' | tr '\n' ' ')"
	pages=$((pages + 1))
	[ "$(json .next_cursor)" != null ] || break
	cursor="&cursor=$(json '.next_cursor | @uri')"
done
is "pages of two hold six runs" "$pages $(echo "$seen" | wc -w)" "3 6"
is "none comes twice" "$(echo "$seen" | tr ' ' '\n' | grep . | sort -u |
	wc -l)" 6
api GET "/api/hosts?${cursor#&}"
problem "a cursor of another list" 400 invalid_cursor
ctl -o json run list
is "crmctl lists them all" "$(printf '%s' "$OUT" | jq length)" 6

# Removing a host that is in use.
api DELETE "/api/hosts/$HOST_ID"
problem "a host in use stays" 409 host_in_use
is "what holds it is counted" "$(json '.import_batches > 0 and
	.managed_resources > 0 and .reconcile_runs == 0')" true
ctl host add --base-url http://127.0.0.1:9 --auth-type api_key \
	--token-file "$SITE/etc/host.key" -o json
api DELETE "/api/hosts/$(json_of "$OUT" .host_id)"
is "an unused one goes" "$STATUS" 204

# crmctl's ways to fail.
ctl --url "$CRM_URL" host show hst_nothing
is "crmctl: not found" "$RC" 7
CRM_TOKEN_FILE=$reader ctl host delete "$HOST_ID"
is "crmctl: not authorised" "$RC" 6
ctl host add --base-url nonsense --auth-type api_key \
	--token-file "$SITE/etc/host.key"
is "crmctl: refused input" "$RC" 9
like "crmctl names the field" "$ERR" '^  base_url: '
ctl --url https://127.0.0.1:1 host list
is "crmctl: nobody there" "$RC" 5
ctl host
is "crmctl: half a command" "$RC" 2
personality "$PROVIDER_URL" reset
ctl --url "$PROVIDER_URL" run cancel run_x
is "crmctl: the connection breaks" "$RC" 5
is "crmctl asked once more, and no more" "$(curl -s \
	"$PROVIDER_URL/__sim/requests?after=0" | jq '[.. | objects |
	select((.path? // "") | endswith("/cancel"))] | length')" 2
personality "$PROVIDER_URL" html
ctl --url "$PROVIDER_URL" host list
is "crmctl: a server that is no API" "$RC" 5
personality "$PROVIDER_URL" chat-only-403

# nginx's own words.
stop pool
api GET /api/whoami
problem "no worker" 503 unavailable
ctl whoami
is "crmctl: no worker" "$RC" 5
start_pool 2
api GET /api/whoami
is "workers are back without a word to nginx" "$STATUS" 200

no_secret_leaks
stop nginx
# So rarely that a slow machine makes no difference.
SITE_RATE=1r/m
start_nginx
codes=$(i=0; while [ $i -lt 130 ]; do
	i=$((i + 1))
	echo "url = \"$CRM_URL/healthz\""
	echo 'output = "/dev/null"'
done >"$WORK/many"; curl -s --cacert "$SITE/etc/tls.pem" -K "$WORK/many" \
	-w '%{http_code}\n' | sort | uniq -c | awk '{ print $2 }' |
	tr '\n' ' ')
is "too many requests get 429" "$codes" "200 429 "
ask "$CRM_URL/healthz"
problem "one too many" 429 rate_limited
done_testing
