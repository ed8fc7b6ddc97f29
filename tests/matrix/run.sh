#!/bin/sh
# Every kind of provider, on every version of the host, in every way to get
# access: how its item ends, which hop is blamed, and that the host holds what
# is proven and nothing else.  The cases are in cases.tsv beside this file.
#
# Usage: tests/matrix/run.sh [URL=FILE_WITH_ADMIN_KEY]...
#
# Without hosts, three simulated ones.  Real hosts must reach the loopback
# addresses of this machine, where the simulated providers are; what a run
# proved is left on them, under endpoints that no other run shares.
# MODES and CASES (a pattern of personalities) may name fewer.  The table at
# the end is also in $B/matrix.md.
. tests/integration/lib.sh
. tests/integration/hosts.sh

# Longer than a slow provider takes.
# shellcheck disable=SC2034 # read by lib.sh
SITE_SETTINGS='
exchange = { connect_timeout_ms = 1000; timeout_ms = 4000;
	     chat_timeout_ms = 4000; answer_max = 262144; };
engine = { retry_first_ms = 50; retry_max_ms = 400; attempts_max = 3;
	   warm_up_ms = 6000; flag_wait_ms = 6000; };
watch = { every_s = 0; };'

MODES=${MODES:-subscription self_service probe_api_key access_api_key}
CASES=${CASES:-.}

# cases_of MODE VERSION: as JSON, one array.  Their numbers are those of lines.
cases_of() {
	jq -Rn --arg mode "$1" --arg version "$2" --arg wanted "$CASES" '
		def has($word): . == "*" or (split(",") | index($word));
		[inputs | {n: input_line_number, cells: split("\t")} |
		 select((.cells | length == 8) and (.cells[0][:1] != "#")) |
		 .n as $n | .cells |
		 select((.[3] | has($mode)) and (.[4] | has($version))) |
		 {n: $n, personality: .[0], key: .[1], ask: .[2],
		  status: .[5], class: .[6], hop: .[7],
		  name: (.[0] + (if .[1] == "good" then ""
				 else ", \(.[1]) key" end) +
			(if .[2] == "-" then "" else ", \(.[2])" end))} |
		 select(.name | test($wanted))]' tests/matrix/cases.tsv
}

# Runs are begun first and looked at when all have ended.

note_run() {
	run=$(json_of "$OUT" '.run_id // empty')
	[ -n "$run" ] || fail "$version, $1: the run is taken" "$ERR"
	[ -z "$run" ] || echo "$version $1 $run" >>"$WORK/runs"
}

# One run with all cases; each has an endpoint of its own, and a key, as CRM
# asks a provider little at a time with one key.
begin_run() {
	cases_of "$1" "$version" | jq --arg base "$PROVIDER_URL" \
		--arg tag "$tag-$1" --arg key "$matrix_key-$host_number" '[.[] |
		{base_url: "\($base)/as/\(.personality)/\($tag)-\(.n)/v1",
		 api_key: "\(.key)-\($key)-\($tag)-\(.n)",
		 requested_models: [.ask | select(. != "-")]}]' >"$WORK/items"
	ctl -o json run create -f "$WORK/items" --host "$HOST_ID" \
		--access-mode "$1"
	note_run "$1"
}

# many_posts HEADER_FILE: the requests of standard input, one a line: URL, file
# of the body, file for the answer; by one process.
many_posts() {
	awk -v head="$1" '
		NR > 1 { print "next" }
		{
			print "silent\nmax-time = 30"
			print "cacert = \"'"$SITE/etc/tls.pem"'\""
			print "header = \"@" head "\""
			print "header = \"Content-Type: application/json\""
			print "url = \"" $1 "\""
			print "data-binary = \"@" $2 "\""
			print "output = \"" $3 "\""
		}' >"$WORK/posts"
	curl -K "$WORK/posts"
	rm -f "$WORK/posts"
}

# keys_for CASES: a key of who is logged in for each case, in key.N.secret.
keys_for() {
	sed 's/^/Authorization: Bearer /' "$WORK/session" >"$WORK/head"
	jq -r '.[].n' "$1" | while read -r n; do
		echo "{\"name\":\"case $n\"}" >"$WORK/body.$n"
		echo "$HOST_URL/api/v1/keys $WORK/body.$n $WORK/made.$n"
	done | many_posts "$WORK/head"
	jq -r '.[].n' "$1" | while read -r n; do
		jq -r '.data.key // empty' "$WORK/made.$n" \
			>"$WORK/key.$n.secret"
	done
	cat "$WORK"/key.*.secret >>"$WORK/keys.secret"
	rm -f "$WORK"/body.* "$WORK"/made.* "$WORK/head"
}

# A run for each case, as a user's key can stand for one provider only.
# begin_runs MODE MEMBERS MEMBER: what all runs say; the key goes to MEMBER.
begin_runs() {
	new_user "$tag-$(echo "$1" | tr _ -)-$host_number" ||
		fail "$version, $1: there is a user"
	cases_of "$1" "$version" >"$WORK/cases"
	keys_for "$WORK/cases"
	jq -r '.[].n' "$WORK/cases" | while read -r n; do
		jq -c --argjson n "$n" --arg host "$HOST_ID" \
			--arg base "$PROVIDER_URL" --arg tag "$tag-$1" \
			--arg key "$matrix_key-$host_number" --arg member "$3" \
			--rawfile user "$WORK/key.$n.secret" '.[] |
			select(.n == $n) | {host_id: $host,
			($member): ($user | rtrimstr("\n")), items: [{
			base_url: "\($base)/as/\(.personality)/\($tag)-\($n)/v1",
			api_key: "\(.key)-\($key)-\($tag)-\(.n)", requested_models:
				[.ask | select(. != "-")]}]} + '"$2" \
			"$WORK/cases" >"$WORK/body.$n"
		echo "$CRM_URL/api/batch-import/runs $WORK/body.$n $WORK/made.$n"
	done >"$WORK/todo"
	sed 's/^/Authorization: Bearer /' "$SITE/etc/admin.token" \
		>"$WORK/head"
	many_posts "$WORK/head" <"$WORK/todo"
	jq -r '.[].n' "$WORK/cases" | while read -r n; do
		cat "$WORK/made.$n" >>"$SITE/log/replies"
		OUT=$(cat "$WORK/made.$n")
		ERR=$OUT
		note_run "$1"
	done
	rm -f "$WORK"/key.[0-9]*.secret "$WORK"/body.* "$WORK"/made.* \
		"$WORK/todo" "$WORK/head" "$WORK/session"
}

begin_host() {
	echo "$version $HOST_URL $ADMIN_KEY" >>"$WORK/hosts"
	for mode in $MODES; do
		case $mode in
		subscription | self_service)
			begin_run "$mode" ;;
		probe_api_key)
			begin_runs "$mode" '{access_mode: "self_service",
				rebind: true}' probe_api_key ;;
		access_api_key)
			begin_runs "$mode" '{access_mode: "subscription"}' \
				access_api_key ;;
		esac
	done
}

# What became of the items: a line for each, in $WORK/results.
collect() {
	while read -r version mode run; do
		api GET "/api/batch-import/runs/$run/items?limit=200"
		printf '%s' "$BODY" | jq -r --arg version "$version" \
			--arg mode "$mode" '.items[] | [$version, $mode,
			(.base_url | capture("-(?<n>[0-9]+)/v1$").n),
			.endpoint_key, .access_status, .failure_class // "-",
			.diagnosis.hop // "-"] | @tsv'
	done <"$WORK/runs" >"$WORK/results"
}

judge_host() {
	endpoint_prefix=$(echo "${PROVIDER_URL#http://}" | tr '.:' '--')
	held accounts "$endpoint_prefix" >"$WORK/accounts"
	held groups "$endpoint_prefix" >"$WORK/groups"
	for mode in $MODES; do
		cases_of "$mode" "$version" | judge_mode >"$WORK/judged"
		while IFS='	' read -r name got wanted held fits; do
			name="$version, $mode, $name"
			is "$name" "$got" "$wanted"
			is "$name: what the host holds" "$held" "$fits"
		done <"$WORK/judged"
	done
}

# Five columns: name; got and wanted; what is held and what should be.
judge_mode() {
	jq -r --arg version "$version" --arg mode "$mode" \
		--rawfile results "$WORK/results" \
		--rawfile accounts "$WORK/accounts" \
		--rawfile groups "$WORK/groups" '
		def lines: split("\n") | map(select(. != ""));
		($results | lines | map(split("\t")) |
		 map(select(.[0] == $version and .[1] == $mode)) |
		 INDEX(.[2])) as $seen |
		($accounts | lines) as $accounts |
		($groups | lines) as $groups |
		.[] | $seen[.n | tostring] as $got |
		($got[3] // "nowhere") as $endpoint |
		def held(list): [list[] | select(contains($endpoint))] | length;
		[.name, ($got[4:7] // ["lost"] | join(" ")),
		 "\(.status) \(.class) \(.hop)",
		 "\(held($accounts)) \(held($groups))",
		 if .status == "broken" then "0 0" else "1 1" end] | @tsv'
}

# For people: what was seen, not what was wanted.
write_table() {
	while read -r version HOST_URL ADMIN_KEY; do
		for mode in $MODES; do
			cases_of "$mode" "$version" | jq -r '.[] |
				"\(.n)\t\(.name)"'
		done
	done <"$WORK/hosts" | sort -nu >"$WORK/names"
	jq -Rrn --rawfile results "$WORK/results" '
		def cell: if .[4] == "active" then .[4]
			else .[5] + (if .[6] == "-" then ""
				     else " @ " + .[6] end) end;
		def row: "| " + join(" | ") + " |";
		($results | split("\n") | map(select(. != "") |
			split("\t"))) as $cells |
		(reduce $cells[] as $c ([]; . as $all |
			"\($c[0]) \($c[1])" as $column |
			if $all | index($column) then .
			else . + [$column] end)) as $columns |
		($cells | map({("\(.[2]) \(.[0]) \(.[1])"): cell}) |
			add) as $at |
		(["personality"] + $columns | row),
		([range(($columns | length) + 1) | "---"] | row),
		(inputs | split("\t") | . as [$n, $name] |
			[$name] + [$columns[] | $at["\($n) \(.)"] // ""] |
			row)' <"$WORK/names"
}

[ $# -eq 0 ] || REAL_HOSTS=$*
new_site
start_providersim chat-only-403 --retry-after 1
"$B/providersim" --list | awk '{ print $1 }' >"$WORK/names"
is "every personality has a case" "$(while read -r name; do
		grep -q "^$name	" tests/matrix/cases.tsv || echo "$name"
	done <"$WORK/names")" ""
start_hosts
secret_file matrix.key "$(random_text 32)"
matrix_key=$(cat "$SITE/etc/matrix.key")
: >"$WORK/runs" >"$WORK/hosts" >"$WORK/results"
start_schedd && start_pool 4 && start_nginx ||
	bail_out "the stack does not start"
each_host begin_host
ok "every run ends" wait_for no_run_is_running 120
collect
while read -r version HOST_URL ADMIN_KEY <&3; do
	judge_host
done 3<"$WORK/hosts"
write_table >"$B/matrix.md"
cat "$B/matrix.md"
no_secret_leaks
done_testing
