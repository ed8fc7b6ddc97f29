#!/bin/sh
# A mixed batch of 200 rows: good keys, dead ones, the same key twice, names
# that are wrong or mean several models, limits, no money, pages, silence.
# Each item ends as the table beside this file says, and the host holds what
# is proven and nothing else.
#
# Usage: tests/batch/run.sh [URL=FILE_WITH_ADMIN_KEY]...
#
# Without hosts, three simulated ones, all at once.  Real hosts get the core of
# 40 rows (SCOPE=rows: all); they must reach the loopback addresses of this
# machine.  The table at the end is also in $B/batch.md.
[ $# -eq 0 ] || REAL_HOSTS=$*
. tests/integration/lib.sh
. tests/integration/hosts.sh
. tests/batch/batch.sh

SCOPE=${SCOPE:-$([ -n "${REAL_HOSTS:-}" ] && echo core || echo rows)}

begin_host() {
	begin_batch "$SCOPE"
	echo "$version $HOST_URL $ADMIN_KEY $RUN_ID" >>"$WORK/runs"
}

judge_host() {
	api GET "/api/batch-import/runs/$RUN_ID"
	is "$version: the run is what such runs are called" \
		"$(json .state)" completed_with_warnings
	endings "$RUN_ID"
	judge_batch "$SCOPE" "$version"
	is "$version: no group for a proof is left" \
		"$(held groups "CRM%20proof" | grep -cF "crm-$inst-")" 0
	jq -c --arg version "$version" '.[] | {version: $version, seq: .seq,
		end: .end}' \
		"$WORK/items.json" >>"$WORK/seen"
}

# For people: what was seen.
write_table() {
	jq -rn --slurpfile rows "$WORK/rows.json" --slurpfile seen "$WORK/seen" '
		def row: "| " + join(" | ") + " |";
		def tally: group_by(.) | map(if length == 1 then .[0]
			else "\(.[0]) (\(length))" end) | join(", ");
		$rows[0] as $rows |
		($seen | map(.version) | unique) as $versions |
		(["kind"] + $versions | row),
		([range(($versions | length) + 1) | "---"] | row),
		([$rows[].kind] | unique[]) as $kind |
		[$kind] + [$versions[] as $v | [$seen[] |
			select(.version == $v and
			       $rows[.seq - 1].kind == $kind) |
			.end | map(select(. != "-")) | join(" ")] | tally] |
		row'
}

new_site
start_providers
start_hosts
: >"$WORK/runs" >"$WORK/seen"
start_schedd && start_pool 4 && start_nginx ||
	bail_out "the stack does not start"
inst=$(db "SELECT inst FROM installation")
each_host begin_host
ok "every run ends" wait_for no_run_is_running 120
while read -r version HOST_URL ADMIN_KEY RUN_ID <&3; do
	judge_host
done 3<"$WORK/runs"
write_table >"$B/batch.md"
cat "$B/batch.md"
no_secret_leaks
done_testing
