#!/bin/sh
# Does it work on a Debian 12 that has never heard of it?
# Usage: check-fresh.sh [--keep]        (as root)
#
# Makes a bare root by debootstrap, copies the tree into it as git has it (the
# files of HEAD, or with WORK_TREE=1 those that lie here), and runs
# scripts/demo and then scripts/check inside, as the only commands typed.
set -eu
cd "$(dirname "$0")/.."

[ "$(id -u)" -eq 0 ] || { echo "check-fresh: run it as root" >&2; exit 1; }
command -v debootstrap >/dev/null || scripts/deps.sh dev

root=$(mktemp -d "${FRESH_DIR:-/var/tmp}/crm-fresh.XXXXXX")
# It becomes /, which everybody may enter.
chmod 755 "$root"
mounted=

finish() {
	status=$?
	trap - EXIT INT TERM HUP
	for point in $mounted; do
		umount -l "$root/$point" || :
	done
	if [ "${1:-}" = --keep ] || ! rm -rf --one-file-system "$root"; then
		echo "check-fresh: the root is left in $root" >&2
	fi
	exit "$status"
}
trap 'finish "$@"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# The mirror of this machine: the first archive of its own sources.
mirror() {
	{
		sed -n 's/^deb \(\[[^]]*\] *\)\{0,1\}\(http[^ ]*\) .*/\2/p' \
			/etc/apt/sources.list /etc/apt/sources.list.d/*.list ||
			:
		sed -n 's/^URIs: *\(http[^ ]*\).*/\1/p' \
			/etc/apt/sources.list.d/*.sources || :
	} 2>/dev/null | grep -v security | head -n 1
}

# How apt gets out of here: sources, keys, proxies and certificates.
copy_apt() {
	for file in sources.list sources.list.d apt.conf apt.conf.d \
			trusted.gpg.d auth.conf.d preferences.d; do
		[ ! -e "/etc/apt/$file" ] ||
			cp -rT "/etc/apt/$file" "$root/etc/apt/$file"
	done
	# Sources may name their keys anywhere.
	sed -n 's/.*[Ss]igned-[Bb]y[:=] *\(\/[^] ]*\).*/\1/p' \
			/etc/apt/sources.list /etc/apt/sources.list.d/* \
			2>/dev/null | sort -u | while read -r key; do
		[ ! -f "$key" ] || install -D -m 644 "$key" "$root$key"
	done
	mkdir -p "$root/etc/ssl/certs"
	[ ! -f /etc/ssl/certs/ca-certificates.crt ] ||
		cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
	cp /etc/resolv.conf /etc/hosts "$root/etc/"
}

copy_tree() {
	mkdir -p "$root/root/crm"
	if [ -n "${WORK_TREE:-}" ] || ! git rev-parse -q --verify HEAD \
			>/dev/null; then
		git ls-files -coz --exclude-standard | tar -c --null -T - |
			tar -x -C "$root/root/crm"
	else
		git archive HEAD | tar -x -C "$root/root/crm"
	fi
}

# Programs of this machine's own, such as proxies, must not matter inside;
# what apt needs to get out stays.
inside() {
	env -i HOME=/root TERM="${TERM:-dumb}" LANG=C.UTF-8 \
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		${http_proxy:+http_proxy="$http_proxy"} \
		${https_proxy:+https_proxy="$https_proxy"} \
		chroot "$root" "$@"
}

from=$(mirror)
echo "== a bare Debian 12"
# Without an archive of this machine's, debootstrap knows one.
debootstrap --variant=minbase bookworm "$root" ${from:+"$from"} \
	>"$root.log" 2>&1 || {
	tail -20 "$root.log" >&2
	exit 1
}
rm -f "$root.log"
copy_apt
copy_tree
# Packages must not start services of this machine.
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
for point in proc sys dev dev/pts; do
	mkdir -p "$root/$point"
	mount --bind "/$point" "$root/$point"
	mounted="$point $mounted"
done

echo "== scripts/demo"
inside /root/crm/scripts/demo
echo "== scripts/demo, a second time"
inside /root/crm/scripts/demo >"$root/second.log" 2>&1 || {
	cat "$root/second.log"
	exit 1
}
echo "== scripts/check"
inside /root/crm/scripts/check
