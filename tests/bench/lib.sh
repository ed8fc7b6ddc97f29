# What the benchmarks share: a site of the real programs, numbers, and the
# table of results.  Sourced by run.sh from the top of the tree.
#
# shellcheck shell=sh
# shellcheck source=scripts/site.sh
. scripts/site.sh

# Requests must not meet the limit that a deployment has.
SITE_RATE=1000000r/s

# median: of the numbers on standard input, one a line.
median() {
	sort -g | awk '{ n[NR] = $1 } END {
		if (NR % 2) print n[(NR + 1) / 2]
		else if (NR) print (n[NR / 2] + n[NR / 2 + 1]) / 2
	}'
}

# rounds COUNT COMMAND...: run it so often.
rounds() {
	last=$1
	shift
	round=0
	while [ "$round" -lt "$last" ]; do
		round=$((round + 1))
		"$@"
	done
}

# One line of the table.  It tells; nothing fails because of it.
#
# report NAME BASELINE OURS UNIT RATIO TARGET WORSE: WORSE is "below" or
# "above", the side of the target on which a ratio is short of it.
report() {
	printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$@" | awk -F '\t' '{
		short = $7 == "below" ? $5 < $6 : $5 > $6
		printf "%-34s %12s %12s %-6s %7.2f  %s %-4s  %s\n", $1, $2,
			$3, $4, $5, $7 == "below" ? ">=" : "<=", $6,
			short ? "short" : "ok"
	}' | tee -a "$RESULTS"
}

heading() {
	printf '%-34s %12s %12s %-6s %7s  %-7s\n' what baseline ours unit ratio \
		target | tee -a "$RESULTS"
}

say() {
	echo "# $*"
}

# ratio A B: A / B.
ratio() {
	awk -v a="$1" -v b="$2" 'BEGIN { printf "%.4f\n", b ? a / b : 0 }'
}

fixed() {
	awk -v n="$1" -v places="$2" 'BEGIN { printf "%.*f\n", places, n }'
}

# The API without TLS, as JSON or what TYPE says.  The token stands in a file
# that curl reads.
# api METHOD PATH [BODYFILE [OPTION]...]
api() {
	method=$1
	path=$2
	shift 2
	if [ $# -gt 0 ]; then
		body=$1
		shift
		set -- -H "Content-Type: ${TYPE:-application/json}" -H 'Expect:' \
			--data-binary "@$body" "$@"
	fi
	curl -sS --fail-with-body --noproxy '*' -X "$method" \
		-H "@$SITE/etc/authorization" "$@" "$PREFIX_URL$path"
}

# In the table of everybody's processes no secret shows.
write_authorization() {
	(
		umask 077
		printf 'Authorization: Bearer %s\n' \
			"$(cat "$SITE/etc/admin.token")" \
			>"$SITE/etc/authorization"
	)
}

# add_host NAME URL TOKENFILE: its id is then HOST_ID.
add_host() {
	HOST_ID=$(crmctl -o json host add --name "$1" --base-url "$2" \
		--auth-type "$(auth_type "$3")" --token-file "$3" |
		jq -r .host_id)
	[ -n "$HOST_ID" ]
}

# An admin key of a host, or a JWT: the latter has two dots.
auth_type() {
	case $(cat "$1") in
	*.*.*) echo bearer ;;
	*) echo api_key ;;
	esac
}

# A site of its own for each part: what one left behind slows no other.
begin_site() {
	site_new "$WORK/$1" "$B"
	cp "$B"/bench_* "$SITE/bin/"
	site_give
	write_authorization
}

end_site() {
	stop bare
	stop tap
	stop_site
	remove_site
	SITE=
}

# Milliseconds until 4 KB are on the disk below WORK.
sync_ms() {
	dd if=/dev/zero of="$WORK/sync" bs=4k count=200 oflag=dsync 2>&1 |
		sed -n 's/.* copied, \([0-9.e-]*\) s,.*/\1/p' |
		awk '{ printf "%.2f\n", $1 * 1000 / 200 }'
	rm -f "$WORK/sync"
}

# cpu_ticks: of user and system time that crm-schedd has had.
cpu_ticks() {
	sed 's/^.*) //' "/proc/$(pid_of crm-schedd)/stat" |
		awk '{ print $12 + $13 }'
}

# Which machine this is, as far as it explains the figures.
machine() {
	cpu=$(sed -n 's/^model name[[:blank:]]*: //p' /proc/cpuinfo | head -n1)
	system=$(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' /etc/os-release)
	say "$(nproc) cores, ${cpu:-unknown processor}, ${system:-Linux}," \
		"kernel $(uname -r | cut -d. -f1-2)"
}
