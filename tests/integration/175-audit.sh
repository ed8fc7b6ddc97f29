#!/bin/sh
# The audit log: a session of commands, read back: who, when, what, before and
# after, by which request; that it cannot be changed by hand unnoticed; and
# that it holds no secret.
. tests/integration/lib.sh

start_stack 0.1.129 chat-only-403
begun=$(date -u +%Y-%m-%dT%H:%M:%SZ)
site_token night operate
site_token looker read
add_host

# row FILTER: of the newest row of the audit log.
row() {
	api GET '/api/audit?limit=1'
	json ".rows[0] | $1"
}

is "a new host is told" "$(row '"\(.actor) \(.token_name) \(.action)
	\(.object) \(.object_id) \(.result) \(.what.fields | index("base_url")
	!= null) \(.after.base_url)" | gsub("\\s+"; " ")')" \
	"token admin host.create host $HOST_ID 202 true $HOST_URL"
api PATCH "/api/hosts/$HOST_ID" '{"name":"Osaka"}' -H 'X-Request-Id: req-session-1'
is "so is a change of it" "$(row '"\(.action) \(.after.name) \(.request_id)"')" \
	"host.update Osaka req-session-1"
is "with what was before" "$(row '.before.name != .after.name')" true

# ---- what changes nothing leaves none ---------------------------------------

n=$(db 'SELECT count(*) FROM audit_log')
api PATCH "/api/hosts/$HOST_ID" '{"nonsense":1}'
api POST /api/model-names/resolve '{"names":["deepseek-chat"]}'
api DELETE /api/hosts/hst_none
api GET "/api/hosts/$HOST_ID"
is "refused and read-only requests leave no row" \
	"$(db 'SELECT count(*) FROM audit_log')" "$n"
for i in 1 2 3 4 5 6 7 8 9; do
	TOKEN_FILE=$SITE/etc/looker.token api POST "/api/hosts/$HOST_ID/pause"
done
is "who may not is refused" "$STATUS" 403
nine_are_counted() {
	api GET /api/audit/refused
	[ "$(json '[.rows[] | select(.action == "host.pause") | .count] |
		add')" = 9 ]
}
ok "nine refusals are counted" wait_for nine_are_counted
is "and leave no row" "$(db 'SELECT count(*) FROM audit_log')" "$n"

# ---- an import, by another token --------------------------------------------

new_key one
printf '%s' "$(cat "$SITE/etc/admin.token")" >"$WORK/admin.secret"
CRM_TOKEN_FILE=$SITE/etc/night.token import "$SITE/etc/one.key" --user alice
is "an import works" "$RC" 0
night=$(db "SELECT token_id FROM tokens WHERE name = 'night'")
api GET "/api/audit?object_id=$RUN_ID"
is "who asked for it is told" "$(json '"\(.rows[0].action) \(.rows[0].token_name)
	\(.rows[0].host_id)" | gsub("\\s+"; " ")')" \
	"run.create night $HOST_ID"
api GET "/api/audit?actor=schedd&host_id=$HOST_ID&limit=200"
is "what crm-schedd made on the host is told, and for whom" "$(json '[.rows[] |
	select(.action | endswith(".created")) | .object] | sort | unique |
	map(select(IN("group", "account", "user", "subscription",
	"user-key"))) | join(" ")') $(json '[.rows[].token_id] | unique |
	join(" ")')" "account group subscription user user-key $night"
account=$(db "SELECT host_resource_id FROM managed_resources WHERE
	resource_type = 'account'")
is "with the host's own id and the mark" "$(json '.rows[] |
	select(.action == "account.created") |
	"\(.object_id) \(.after.mark | startswith("crm-"))"')" "$account true"
api GET "/api/batch-import/runs/$RUN_ID/items/$ITEM_ID"
ctl item label "$RUN_ID" "$ITEM_ID" --label spare
is "a label is told with the item" "$(row '"\(.action) \(.object_id)
	\(.after.label)" | gsub("\\s+"; " ")')" "item.update $ITEM_ID spare"
ctl item pause "$RUN_ID" "$ITEM_ID" --wait
is "a key is paused" "$RC" 0
api GET "/api/audit?actor=schedd&limit=1"
is "what that changed on the host is told" "$(json '.rows[0] |
	"\(.action) \(.result)"')" "item.changed ok"

# ---- the key that CRM made for a user ---------------------------------------

access=$(db "SELECT access_id FROM accesses WHERE selector = 'alice'")
local_ctl access reveal-key "$access"
printf '%s' "$OUT" >"$WORK/alice.secret"
OUT=
like "the key of a managed user is printed on the machine" \
	"$RC $(wc -c <"$WORK/alice.secret")" '^0 [45][0-9]$'
printf 'Authorization: Bearer %s\n' "$(cat "$WORK/alice.secret")" \
	>"$WORK/alice.head"
is "it is the one that works" "$(curl -s -o /dev/null -w '%{http_code}' \
	-H "@$WORK/alice.head" "$HOST_URL/v1/models")" 200
is "that it was shown is told" "$(row '"\(.actor) \(.action) \(.object_id)
	\(.after.selector)" | gsub("\\s+"; " ")')" \
	"machine access.reveal-key $access alice"
mv "$SITE/etc/seal.key" "$SITE/etc/seal.away"
local_ctl access reveal-key "$access"
is "without the private key nothing is shown" "$RC $OUT" "4 "
mv "$SITE/etc/seal.away" "$SITE/etc/seal.key"
# somebody PATH JSON HEADER_FILE: asks the host itself.
somebody() {
	curl -s -H "@$3" -H 'Content-Type: application/json' \
		--data-binary "$2" "$HOST_URL/api/v1$1"
}
printf 'x-api-key: %s\n' "$(cat "$SITE/etc/host.key")" >"$WORK/host.head"
random_text 20 >"$WORK/bob.secret"
login="{\"email\":\"bob@example.com\",\"password\":\"$(cat \
	"$WORK/bob.secret")\"}"
somebody /admin/users "$login" "$WORK/host.head" >/dev/null
printf 'Authorization: Bearer %s\n' "$(somebody /auth/login "$login" \
	"$WORK/host.head" | jq -r .data.access_token)" >"$WORK/bob.head"
somebody /keys '{"name":"mine"}' "$WORK/bob.head" |
	jq -j .data.key >"$SITE/etc/given.key"
new_key two
import "$SITE/etc/two.key" --access-key-file "$SITE/etc/given.key"
is "an import with a key that somebody gave works" "$RC" 0
given=$(db "SELECT access_id FROM accesses WHERE selector LIKE 'key:%'")
n=$(db "SELECT count(*) FROM audit_log")
local_ctl access reveal-key "$given"
is "that one is not shown" "$RC $OUT" "8 "
like "which is said" "$ERR" 'somebody gave'
local_ctl access reveal-key acc_none
is "nor one of no access" "$RC $OUT" "7 "
is "and nothing is told of it" "$(db "SELECT count(*) FROM audit_log")" "$n"
for path in "/api/accesses/$access/key" "/api/accesses/$access/reveal-key"; do
	api POST "$path" '{}'
	is "over HTTP nobody gets it: $path" "$STATUS" 404
done

# ---- on the machine itself --------------------------------------------------

local_ctl token revoke "$night"
is "a token is revoked" "$RC" 0
is "which is told as of the machine" "$(row '"\(.actor) \(.action)
	\(.object_id)" | gsub("\\s+"; " ")')" "machine token.revoke $night"
is "as are the tokens that were made" "$(db "SELECT count(*) FROM audit_log
	WHERE action = 'token.create' AND actor = 'machine'")" 3

# ---- reading ----------------------------------------------------------------

ctl audit list --action host
like "crmctl lists them" "$OUT" 'host\.update'
is "by a kind of action" "$(printf '%s' "$OUT" | grep -c 'run\.create')" 0
ctl -o json audit list --by "$night" --since "$begun" --limit 3
is "by a token, since a moment" "$(printf '%s' "$OUT" | jq length)" 3
ctl audit list --since 2001-01-01T00:00:00Z --until 2002-01-01T00:00:00Z -o json
is "until a moment" "$OUT" "[]"
ctl -o json audit show 1
like "crmctl shows one" "$OUT" '"seq": 1'
CRM_TOKEN_FILE=$SITE/etc/looker.token ctl -o json audit list --limit 1
is "a reader is not told what tokens are called" "$(printf '%s' "$OUT" |
	jq '.[0] | has("token_name")')" false
ctl audit refused
like "crmctl lists what was refused" "$OUT" 'host\.pause'

# ---- nobody changes it unnoticed --------------------------------------------

ctl -o json audit verify
is "the chain holds" "$RC $(printf '%s' "$OUT" | jq .ok)" "0 true"
head=$(json_of "$OUT" .head)
for change in "UPDATE audit_log SET result = '999' WHERE seq = 3" \
	'DELETE FROM audit_log WHERE seq = 3' 'DELETE FROM audit_log'; do
	like "refused: $change" "$(edit_db "$change" 2>&1)" 'rows of the audit log are never'
done
ctl audit verify --expect "$head"
is "it still holds, as it was" "$RC" 0
edit_db "DROP TRIGGER audit_log_is_not_changed;
	UPDATE audit_log SET after = replace(after, 'Osaka', 'Osaki')
	WHERE after LIKE '%Osaka%'"
seq=$(db "SELECT seq FROM audit_log WHERE after LIKE '%Osaki%' LIMIT 1")
ctl audit verify
is "a changed byte is found" "$RC" 1
like "and where" "$ERR" "at row $seq: changed"
edit_db "UPDATE audit_log SET
	after = replace(after, 'Osaki', 'Osaka') WHERE after LIKE '%Osaki%'"
ctl audit verify --expect "$head"
is "the byte that was there holds" "$RC" 0
edit_db "DROP TRIGGER audit_log_is_not_shortened;
	DELETE FROM audit_log WHERE seq = (SELECT max(seq) FROM audit_log)"
ctl audit verify
is "a chain that lost its end holds" "$RC" 0
ctl audit verify --expect "$head"
is "but not for who kept the head" "$RC" 1
like "which is said" "$ERR" missing

no_secret_leaks
done_testing
