#!/bin/sh
# Put everything in its place; `make install` calls this.
# Usage: install.sh BUILD DESTDIR PREFIX
#
# BUILD holds the programs.  A settings or nginx file that is there already
# and was changed is left alone; ours is then put beside it as FILE.new.
set -eu

[ $# -eq 3 ] || { sed -n '3p' "$0" >&2; exit 2; }
build=$1
root=$2
prefix=$3
cd "$(dirname "$0")/.."

staging=$(mktemp -d)
trap 'rm -rf "$staging"' EXIT

# put MODE FILE PLACE: replaces what is there.
put() {
	install -D -m "$1" "$2" "$root$3"
}

# put_for_admin FILE PLACE: what the administrator may have changed stays.
put_for_admin() {
	if [ -e "$root$2" ] && ! cmp -s "$1" "$root$2"; then
		put 644 "$1" "$2.new"
		echo "$2 was changed: ours is $2.new"
	else
		put 644 "$1" "$2"
	fi
}

# with_prefix FILE: a copy that names programs and pages below our prefix.
with_prefix() {
	sed "s,/usr/\(bin\|sbin\|share\)/,$prefix/\1/,g" "$1" \
		>"$staging/$(basename "$1")"
	echo "$staging/$(basename "$1")"
}

for program in crm-fcgi crm-schedd; do
	put 755 "$build/$program" "$prefix/sbin/$program"
done
put 755 "$build/crmctl" "$prefix/bin/crmctl"

for unit in crm-fcgi.socket crm-fcgi@.service crm-schedd.service; do
	put 644 "$(with_prefix "conf/$unit")" "$prefix/lib/systemd/system/$unit"
done
put 644 conf/crm.sysusers "$prefix/lib/sysusers.d/crm.conf"
put 644 conf/crm.tmpfiles "$prefix/lib/tmpfiles.d/crm.conf"
put 644 conf/crm.conf.example /etc/crm/crm.conf.example

put_for_admin nginx/conf.d/crm.conf /etc/nginx/conf.d/crm.conf
for snippet in nginx/snippets/*.conf; do
	put_for_admin "$snippet" "/etc/nginx/snippets/$(basename "$snippet")"
done
put_for_admin nginx/site/crm.conf /etc/nginx/sites-available/crm.conf

"$build/crmctl" completion bash >"$staging/crmctl"
put 644 "$staging/crmctl" "$prefix/share/bash-completion/completions/crmctl"
for page in docs/* README* LICENSE CHANGELOG.md; do
	[ ! -f "$page" ] ||
		put 644 "$page" "$prefix/share/doc/crm/$(basename "$page")"
done

for schema in docs/schema/*.json; do
	put 644 "$schema" "$prefix/share/doc/crm/schema/$(basename "$schema")"
done
# What is left of packs of a release before is not part of this one.
rm -rf "$root$prefix/share/crm/packs"
find packs -type f ! -path 'packs/sources/*' | while read -r file; do
	put 644 "$file" "$prefix/share/crm/$file"
done

[ -n "$root" ] || echo "Installed; $prefix/share/doc/crm/install.md says what comes next."
