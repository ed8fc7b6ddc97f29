#!/bin/sh
# Our pack over the real stack: installed, listed, two versions side by side,
# gone back; broken bundles with their sentence; signatures enforced.
. tests/integration/lib.sh

new_site
start_stack 0.1.129 chat-only-403
PACK=packs/openai-cn-pack

ctl pack install "$PACK"
is "our pack is installed from its folder" "$RC" 0
like "and counts" "$ERR" '^openai-cn-pack 2.0.0 is installed$'
ctl pack install "$PACK"
like "once more, it is there already" "$ERR" 'is there already'
ctl -o json pack list
BODY=$OUT
is "it is listed" "$(json '.[0] | "\(.pack_id) \(.version) \(.providers)"')" \
	"openai-cn-pack 2.0.0 $(find "$PACK/providers" -name '*.json' | wc -l)"
ctl -o json provider list
BODY=$OUT
is "so are its 94 providers" "$(json length)" 94
ctl provider list --vendor deepseek --lang zh
like "by vendor, in Chinese" "$OUT" '^deepseek-chat-official +DeepSeek（官方）'
ctl -o json provider list -q minimax-m2
BODY=$OUT
is "by the beginning of an id" "$(json '.[].provider_id')" \
	minimax-m2-7-official
ctl -o json provider show deepseek
BODY=$OUT
is "one is shown with its manifest" "$(json \
	'"\(.pack_id) \(.manifest.base_url)"')" \
	"openai-cn-pack https://api.deepseek.com"

# A second version: one provider gone, one new, one model retired.
cp -r "$PACK" "$WORK/next"
chmod -R u+w "$WORK/next"
change() {
	jq "$2" "$WORK/next/$1" >"$WORK/changed" &&
		mv "$WORK/changed" "$WORK/next/$1"
}
change pack.json '.version = "2.1.0"'
change providers/deepseek.json '.models[0].status = "retired"'
rm "$WORK/next/providers/yi.json"
jq '.provider_id = "new-one" | .base_url = "https://new.example.com/v1"' \
	"$PACK/providers/302ai.json" >"$WORK/next/providers/new-one.json"
ctl -o json pack diff openai-cn-pack@2.0.0 "$WORK/next"
BODY=$OUT
is "the difference to what is installed is told" "$(json '[.[] |
	"\(.provider_id) \(.what) \(.member | sub("\\[.*\\]"; ""))"] | sort |
	join(", ")')" \
	"deepseek changed models.status, new-one added , yi removed "
ctl pack build "$WORK/next" -o "$WORK/next.tar.gz"
is "a bundle is built" "$RC" 0
ctl -o json pack install "$WORK/next.tar.gz"
BODY=$OUT
is "the later version counts" "$(json '"\(.version) \(.active)"')" "2.1.0 true"
api GET /api/providers/new-one
is "with what is new in it" "$STATUS" 200
ctl -o json pack diff openai-cn-pack@2.1.0 "$WORK/next.tar.gz"
is "what is installed is what was sent" "$OUT" "[]"
ctl -o json pack rollback openai-cn-pack
BODY=$OUT
is "one goes back" "$(json '"\(.version) \(.versions | length)"')" "2.0.0 2"
api GET /api/providers/new-one
is "and what was new is not there" "$STATUS" 404
api GET /api/providers/yi
is "while what was gone is" "$STATUS" 200
ctl pack remove openai-cn-pack 2.0.0
is "what counts is not removed" "$RC" 8
ctl pack remove openai-cn-pack 2.1.0
is "what does not is" "$RC" 0
ctl pack activate openai-cn-pack 2.1.0
is "and is gone then" "$RC" 7

# The same version, other content.
change pack.json '.version = "2.0.0"'
ctl pack install "$WORK/next"
is "a version does not change" "$RC" 8
like "and this is said" "$ERR" 'pack_version_exists'

# Broken ones, straight to the API as no crmctl sends them.
python3 tests/data/packs/make-bundles.py "$B/crmctl" "$WORK" ||
	bail_out "the bundles cannot be made"
# send FILE [CURL OPTION]...
send() {
	file=$1
	shift
	printf 'Authorization: Bearer %s\n' "$(cat "$SITE/etc/admin.token")" \
		>"$WORK/bearer"
	ask -X POST -H "@$WORK/bearer" -H 'Content-Type: application/gzip' \
		-H 'Expect:' --data-binary "@$file" "$@" \
		"$CRM_URL/api/packs/install"
	rm -f "$WORK/bearer"
}
for name in path-up symlink twice bomb-announced bomb-layers grows \
		too-many-files checksum-wrong unknown-member truncated; do
	send "$WORK/$name.tar.gz"
	is "refused: $name" "$STATUS $(json .detail)" \
		"422 $(cat "tests/data/packs/bundles/$name.want")"
done
send "$WORK/bomb-10-gigabytes.tar.gz"
is "what is larger than a bundle may be stops at nginx" \
	"$STATUS $(json .code)" "413 request_too_large"
head -c 6000000 /dev/urandom >"$WORK/six-megabytes"
send "$WORK/six-megabytes"
is "what is not gets to the program" "$STATUS $(json .code)" \
	"422 invalid_bundle"
most=$(for worker in $(pgrep -P "$(pid_of pool)"); do
	sed -n 's/^VmHWM:[[:blank:]]*\([0-9]*\) kB/\1/p' "/proc/$worker/status"
done | sort -n | tail -n1)
ok "no worker ever needed 64 MB ($most kB)" test "$most" -lt 65536
is "nothing of them is stored" "$(db 'SELECT count(*) FROM packs')" 1
is "nginx kept no body" "$(find "$SITE/nginx/tmp" -type f 2>/dev/null)" ""

# Signatures.
mkdir "$WORK/keys" "$WORK/other"
"$B/crmctl" pack keygen --dir "$WORK/keys" >"$WORK/keygen"
"$B/crmctl" pack keygen --dir "$WORK/other" >/dev/null
key=$(sed -n 's/.*trusted_keys: //p' "$WORK/keygen")
stop pool
printf 'packs = { trusted_keys = "%s"; require_signature = true; };\n' \
	"$key" >>"$SITE/etc/crm.conf"
start_pool 2
ctl pack install tests/data/packs/good-small
is "without a signature nothing is taken" "$RC" 9
like "and this is said" "$ERR" 'pack_signature_required'
ctl pack install tests/data/packs/good-small \
	--sign "$WORK/other/pack-sign.key"
like "nor with one of a stranger" "$ERR" 'pack_signature_invalid'
"$B/crmctl" pack build tests/data/packs/good-small -o "$WORK/small.tar.gz" \
	--sign "$WORK/keys/pack-sign.key" >/dev/null
ctl -o json pack install "$WORK/small.tar.gz"
BODY=$OUT
is "the signature beside a bundle goes with it" "$RC $(json .signed_by)" \
	"0 $key"
"$B/crmctl" pack build "$PACK" -o "$WORK/ours.tar.gz" >/dev/null
cp "$WORK/small.tar.gz.sig" "$WORK/ours.tar.gz.sig"
ctl pack install "$WORK/ours.tar.gz"
like "a signature is good for one bundle" "$ERR" 'pack_signature_invalid'
cp "$WORK/keys/pack-sign.key" "$SITE/etc/pack-sign.key"
no_secret_leaks
done_testing
