#!/bin/sh
# crmctl overlay: a copy of a host's source is patched, whole or not at all;
# the source itself is only read.
. tests/integration/lib.sh

new_site
DATA=tests/data/overlays
PACK=$WORK/pack
SOURCE=$WORK/source
OUTPUT=$WORK/output
NAME=tiny-chat-path
PATCHES=$PACK/overlays/$NAME

fresh() {
	rm -rf "$PACK" "$SOURCE" "$OUTPUT"
	cp -r "$DATA/pack" "$PACK"
	cp -r "$DATA/source" "$SOURCE"
}

hash_of() {
	(cd "$1" && find . -type f -exec sha256sum {} + && find . -type l \
		-printf '%p -> %l\n') | sort | sha256sum
}

apply() {
	before=$(hash_of "$SOURCE")
	ctl overlay apply --provider-id tiny --host-version 0.0.1 \
		--source "$SOURCE" --output "$OUTPUT" --pack "$PACK" "$@"
	[ "$(hash_of "$SOURCE")" = "$before" ] ||
		fail "the source is as it was" "$*"
}

# refused NAME RC PATTERN: the last apply, and it left nothing behind.
refused() {
	is "$1" "$RC" "$2"
	like "$1: the sentence" "$ERR" "$3"
	is "$1: nothing is left" "$(ls -d "$OUTPUT"* 2>/dev/null)" ""
}

# patch_file TEXT: instead of the second patch.
patch_file() {
	printf '%s\n' "$1" >"$PATCHES/0002-probe.patch"
}

new_file() {
	printf '%s\n' "diff --git a/$1 b/$1" "new file mode ${2:-100644}" \
		'--- /dev/null' "+++ b/$1" '@@ -0,0 +1 @@' '+x'
}

# List.
ctl overlay list --pack "$DATA/pack"
is "overlays are listed" "$RC" 0
like "with who uses them" "$OUT" "^$NAME +0.0.1 +tiny +0001-route.patch"
ctl overlay list --pack "$DATA/pack" -o json
is "as JSON" "$(printf '%s' "$OUT" | jq -r '.[0].providers[0]')" tiny
ctl overlay list --pack packs/openai-cn-pack -o json
is "openai-cn-pack needs none" "$RC $OUT" "0 []"
ctl overlay list --pack "$WORK"
is "no pack" "$RC" 7

# It applies.
fresh
source_before=$(hash_of "$SOURCE")
apply -o json
is "an overlay is applied" "$RC $ERR" "0 "
is "the source is untouched" "$(hash_of "$SOURCE")" "$source_before"
ok "the copy is changed" grep -q ChatOnly "$OUTPUT/gateway/route.go"
ok "a file is made" test -f "$OUTPUT/gateway/chat_only.go"
is "a link inside stays a link" "$(readlink "$OUTPUT/current.go")" \
	gateway/route.go
is "what is printed is the record" \
	"$(printf '%s' "$OUT" | jq -Sc .)" \
	"$(jq -Sc . "$OUTPUT/crm-overlay.json")"
is "hashes before" "$(jq -r '.files[] | select(.path ==
	"gateway/route.go").before' "$OUTPUT/crm-overlay.json")" \
	"$(sha256sum <"$SOURCE/gateway/route.go" | cut -d' ' -f1)"
is "and after, of each file that changed" \
	"$(jq -r '.files[] | "\(.after)  \(.path)"' \
		"$OUTPUT/crm-overlay.json" | (cd "$OUTPUT" &&
		sha256sum -c --quiet) 2>&1)" ""
is "the same files differ" "$(diff -rq --no-dereference "$SOURCE" "$OUTPUT" |
	grep -c -v crm-overlay.json)" "$(jq '.files | length' \
	"$OUTPUT/crm-overlay.json")"
is "the patches' hashes" "$(jq -r '.patches[] |
	"\(.sha256)  \(.name)"' "$OUTPUT/crm-overlay.json" |
	(cd "$PATCHES" && sha256sum -c --quiet) 2>&1)" ""
like "the tool" "$(jq -r .tool "$OUTPUT/crm-overlay.json")" \
	'^git version [0-9]'
apply
is "an output that is there is not touched" "$RC" 8
like "and named" "$ERR" 'output. is there already'
mv "$OUTPUT" "$WORK/patched"
ctl overlay apply --provider-id tiny --host-version 0.0.1 --source \
	"$WORK/patched" --output "$OUTPUT" --pack "$PACK"
refused "a source that was patched" 8 'base has it'
rm -rf "$WORK/patched"

# Inside of somebody's repository, whose settings have no say.
fresh
git init -q "$WORK/repo"
OUTPUT=$WORK/repo/sub
apply
is "inside of a repository" "$RC" 0
ok "it is changed there, too" grep -q ChatOnly \
	"$WORK/repo/sub/gateway/route.go"
OUTPUT=$WORK/output

# Hunks that are not clean.
fresh
sed -i 's/return 8/return 9/' "$SOURCE/gateway/route.go"
apply
refused "a source that is another" 8 'gateway/route.go is not as the .* base'
jq '.base.files = {"README": "'"$(sha256sum <"$SOURCE/README" |
	cut -d' ' -f1)"'"}' "$DATA/pack/overlays/$NAME/overlay.json" \
	>"$PATCHES/overlay.json"
apply
refused "an unclean hunk" 8 \
	'0001-route.patch: hunk 2 of gateway/route.go \(@@ -17,5 \+17,5 @@'
cp "$DATA/source/gateway/route.go" "$SOURCE/gateway/route.go"
sed -i '1i // moved' "$SOURCE/gateway/route.go"
apply
refused "a hunk that is elsewhere" 8 \
	'0001-route.patch does not apply cleanly: Hunk #1 .*offset 1 line'
cp "$DATA/source/gateway/route.go" "$SOURCE/gateway/route.go"
sed -i 's/404/405/' "$SOURCE/gateway/probe.go"
apply
refused "an unclean hunk of the second patch" 8 \
	'0002-probe.patch: hunk 1 of gateway/probe.go'

# Patches that would do more than their hunks show.
fresh
for path in ../evil gateway/../../evil .git/config gateway/./x; do
	patch_file "$(new_file "$path")"
	apply
	refused "a path that leaves: $path" 9 \
		'0002-probe.patch: line 4: a path that leaves the tree'
done
patch_file "$(new_file /etc/evil | sed 's,b//etc,/etc,')"
apply
refused "an absolute path" 9 'a path that leaves the tree'
patch_file "$(new_file link 120000)"
apply
refused "a patch that makes a link" 9 'line 2: only plain files'
patch_file "$(printf '%s\n' 'diff --git a/README b/README' 'old mode 100644' \
	'new mode 100755')"
apply
refused "a patch that changes a mode" 9 'line 2: renames, modes'
patch_file "$(printf '%s\n' 'diff --git a/README b/empty' \
	'similarity index 100%' 'rename from README' 'rename to empty')"
apply
refused "a patch that renames" 9 'line 2: renames, modes'
patch_file "$(sed 's,gateway/probe.go,current.go,' \
	"$DATA/pack/overlays/$NAME/0002-probe.patch")"
apply
refused "a patch of a link" 9 "current.go' is a link, or behind one"
ln -s gateway "$SOURCE/way"
patch_file "$(new_file way/evil)"
apply
refused "a patch behind a link" 9 "way/evil' is a link, or behind one"
ok "nothing came behind it" test ! -e "$SOURCE/gateway/evil"
patch_file 'nothing at all'
apply
refused "no patch" 9 'there is no patch in it'

# Sources that are more than files.
fresh
for target in /etc/passwd ../.. ../../outside ../gateway/../../outside \
	./../.. way/../../outside; do
	ln -s "$target" "$SOURCE/gateway/out"
	apply
	rm "$SOURCE/gateway/out"
	refused "a link that leaves: $target" 9 \
		"gateway/out' is a link that leaves"
done
mkfifo "$SOURCE/gateway/pipe"
apply
refused "a pipe" 9 "gateway/pipe' is a pipe"
rm "$SOURCE/gateway/pipe"
echo '{}' >"$SOURCE/crm-overlay.json"
apply
refused "a source with a record" 8 'not stock'
rm "$SOURCE/crm-overlay.json"
OUTPUT=$SOURCE/gateway/inside
apply
refused "an output inside of the source" 9 'inside of the source'
OUTPUT=$WORK/output
real=$SOURCE
SOURCE=$WORK/nowhere
ctl overlay apply --provider-id tiny --host-version 0.0.1 --source \
	"$SOURCE" --output "$OUTPUT" --pack "$PACK"
refused "no source" 1 'nowhere'
SOURCE=$real

# Which overlay.
ctl overlay apply --provider-id tiny --host-version 0.1.126 \
	--source "$SOURCE" --output "$OUTPUT" --pack "$PACK"
refused "a version that needs none" 7 'it works without one'
ctl overlay apply --provider-id tiny --host-version 0.1.129 \
	--source "$SOURCE" --output "$OUTPUT" --pack "$PACK"
refused "an overlay of another version" 9 'is for 0.0.1'
jq '.colour = 1' "$DATA/pack/overlays/$NAME/overlay.json" \
	>"$PATCHES/overlay.json"
apply
refused "an overlay.json that is wrong" 9 'overlay.json:[0-9]+: colour '
ctl overlay apply --provider-id tiny --host-version x --source a --output b
is "no version" "$RC" 2

done_testing
