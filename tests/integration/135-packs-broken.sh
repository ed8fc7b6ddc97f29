#!/bin/sh
# Packs and bundles that are wrong: each is refused with the sentences beside
# it, which name the file, the line and the path; and bombs cost nothing.
. tests/integration/lib.sh

DATA=tests/data/packs

# lint PATH: what crmctl says of it, without its name and the summary.
lint() {
	RC=0
	# A gigabyte of address space and ten seconds are more than enough.
	(ulimit -v 1000000 && ulimit -t 10 && exec "$B/crmctl" pack lint "$1") \
		>"$WORK/out" 2>"$WORK/err" || RC=$?
	sed 's/^crmctl: //; /: [0-9]* problems\{0,1\}$/d' "$WORK/err" \
		>"$WORK/said"
}

# refused NAME PATH WANT
refused() {
	lint "$2"
	is "$1" "$RC: $(cat "$WORK/said")" "9: $(cat "$3")"
}

for folder in "$DATA"/good-*; do
	lint "$folder"
	is "$(basename "$folder")" "$RC $(cat "$WORK/err")" "0 "
done
for want in "$DATA"/*.want; do
	refused "$(basename "$want" .want)" "${want%.want}" "$want"
done
python3 "$DATA/make-bundles.py" "$B/crmctl" "$WORK" ||
	bail_out "the bundles cannot be made"
lint "$WORK/good.tar.gz"
is "a bundle as it should be" "$RC $(cat "$WORK/err")" "0 "
for want in "$DATA"/bundles/*.want; do
	name=$(basename "$want" .want)
	refused "bundle: $name" "$WORK/$name.tar.gz" "$want"
done

# A link in a folder, which no bundle could hold.
cp -r "$DATA/good-small" "$WORK/linked"
ln -s /etc/passwd "$WORK/linked/README.md"
lint "$WORK/linked"
is "a link in a folder" "$RC: $(cat "$WORK/said")" \
	"9: README.md: is a link; a pack holds files alone"

# The same files are the same bytes, whenever and however they lie there.
cp -r packs/openai-cn-pack "$WORK/copy"
touch -d 2001-01-01 "$WORK"/copy/providers/*
chmod 600 "$WORK"/copy/providers/d*
"$B/crmctl" pack build packs/openai-cn-pack -o "$WORK/a.tar.gz" >/dev/null
"$B/crmctl" pack build "$WORK/copy" -o "$WORK/b.tar.gz" >/dev/null
ok "two builds are the same bytes" cmp "$WORK/a.tar.gz" "$WORK/b.tar.gz"
ok "other tools read them" tar -xzf "$WORK/a.tar.gz" -C "$WORK/linked"
is "and so is what they hold" "$(cd "$WORK/linked" && cat providers/d*.json |
	cksum)" "$(cd packs/openai-cn-pack && cat providers/d*.json | cksum)"

done_testing
