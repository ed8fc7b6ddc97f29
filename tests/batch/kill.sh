#!/bin/sh
# The mixed batch while crm-schedd is killed ten times: each item ends as it
# would have, the host holds nothing twice, and the same file once more finds
# all that is good there already and asks for nothing new.
#
# KILLS and SEED may be given; a seed repeats the instants, not the races.
# VERSIONS names hosts (0.1.129), which are served at once.
VERSIONS=${VERSIONS:-0.1.129}
REAL_HOSTS=
. tests/integration/lib.sh
. tests/integration/hosts.sh
. tests/batch/batch.sh

kills=${KILLS:-10}
seed=${SEED:-$(od -An -N2 -tu2 /dev/urandom | tr -d ' ')}
note "SEED=$seed KILLS=$kills"

begin_host() {
	begin_batch rows
	echo "$version $HOST_URL $ADMIN_KEY $RUN_ID" >>"$WORK/runs"
}

# begin_all: a batch on each host, in $WORK/runs.
begin_all() {
	: >"$WORK/runs"
	each_host begin_host
}

# each_run COMMAND: for each line of $WORK/runs.
each_run() {
	while read -r version HOST_URL ADMIN_KEY RUN_ID <&3; do
		"$@"
	done 3<"$WORK/runs"
}

ended() {
	db "SELECT coalesce(sum(items_done), 0) FROM import_runs"
}

# kill_between FROM TO: when some number of items between the two has ended,
# and a moment more.
kill_between() {
	random $(($2 - $1))
	wait_for "[ \"\$(ended)\" -ge $(($1 + RANDOM_NUMBER)) ]" 60
	nap 200
	running=$((running + $(db "SELECT count(*) FROM import_runs
		WHERE state = 'running'")))
	pid=$(pid_of crm-schedd)
	kill -KILL "$pid" && killed=$((killed + 1))
	wait "$pid" 2>/dev/null
	leased=$((leased + $(db "SELECT count(*) FROM tasks
		WHERE state = 'leased'")))
	start crm-schedd "$SITE/bin/crm-schedd" --config "$SITE/etc/crm.conf"
}

# The instants are spread over the run by what is done, as nobody knows how
# long it takes.  What hangs ends last, so that the last tenth is long.
kill_all_along() {
	total=$(db "SELECT sum(items_total) FROM import_runs")
	killed=0 leased=0 running=0
	while [ "$killed" -lt "$kills" ]; do
		kill_between $((total * killed * 9 / kills / 10)) \
			$((total * (killed + 1) * 9 / kills / 10))
	done
	note "on average $((leased / kills)) tasks were leased when it was killed"
	is "it was killed so often while the batch went on" "$running" \
		$((kills * $(grep -c . "$WORK/runs")))
}

# twice THING KEY: what the host has more than once of, by that key.
twice() {
	host_state -c "[.$1[] | $2] | group_by(.) | map(select(length > 1)[0])"
}

known() {
	db "SELECT host_resource_id FROM managed_resources r
		JOIN hosts h ON h.host_id = r.host_id
		WHERE h.base_url = '$HOST_URL' AND resource_type = '$1' AND
		r.state = 'present'" | sort
}

ours() {
	host_state -r ".$1[] | select($2) | .id" | sort
}

nothing_is_there_twice() {
	is "$version: no account is there twice" \
		"$(twice accounts .credentials.api_key)" '[]'
	is "$version: no group" "$(twice groups .name)" '[]'
	is "$version: no user" "$(twice users .email)" '[]'
	is "$version: no key" "$(twice keys .name)" '[]'
	is "$version: no subscription" \
		"$(twice subscriptions '[.user_id, .group_id]')" '[]'
	is "$version: every account is known" \
		"$(ours accounts true)" "$(known account)"
	is "$version: every group" \
		"$(ours groups '.name | test("crm-")')" "$(known group)"
	is "$version: every user" \
		"$(ours users '.email | startswith("relay-")')" "$(known user)"
	is "$version: every key" "$(ours keys true)" "$(known user_key)"
	is "$version: every subscription" "$(ours subscriptions true)" \
		"$(known subscription)"
}

judge_killed() {
	api GET "/api/batch-import/runs/$RUN_ID"
	is "$version: the run is what such runs are called" \
		"$(json .state)" completed_with_warnings
	endings "$RUN_ID"
	# A key that is good for one question may have spent it on an answer
	# that was lost with crm-schedd: it ends sooner then.
	judge_batch rows "$version" created
	nothing_is_there_twice
	host_state -S '[.accounts, .groups, .users, .keys, .subscriptions |
		map(.id)]' >"$WORK/holds-$version"
	wc -l <"$SITE/log/hostsim-$version.requests" \
		>"$WORK/asked-$version"
}

# asked_for PATH: how many POSTs there were since the batch came again.
asked_for() {
	tail -n "+$(($(cat "$WORK/asked-$version") + 1))" \
		"$SITE/log/hostsim-$version.requests" | jq -rn --arg path "$1" \
		'[inputs | select(.method == "POST" and .path == $path)] |
		length'
}

# What is broken for good may be tried again, and leaves nothing.
judge_again() {
	endings "$RUN_ID"
	judge_batch rows "$version, again" reused
	undone=$(db "SELECT count(DISTINCT e.item_id)
		FROM import_run_item_events e JOIN import_run_items USING (item_id)
		WHERE run_id = '$RUN_ID' AND e.step = 'undo.account'
		AND e.kind = 'removed'")
	is "$version: no account is asked for what is good" \
		"$(asked_for /api/v1/admin/accounts)" "$undone"
	is "$version: no group" "$(asked_for /api/v1/admin/groups)" "$undone"
	is "$version: no user" "$(asked_for /api/v1/admin/users)" 0
	is "$version: no key" "$(asked_for /api/v1/keys)" "$undone"
	is "$version: no subscription" \
		"$(asked_for /api/v1/admin/subscriptions/assign)" "$undone"
	is "$version: the host holds what it held" "$(host_state -S \
		'[.accounts, .groups, .users, .keys, .subscriptions |
		map(.id)]')" "$(cat "$WORK/holds-$version")"
}

new_site
start_providers
start_hosts --call-ms 20
start_schedd && start_pool 4 && start_nginx ||
	bail_out "the stack does not start"
begin_all
kill_all_along
ok "every run ends" wait_for no_run_is_running 120
each_run judge_killed
begin_all
ok "every run ends again" wait_for no_run_is_running 120
each_run judge_again
no_secret_leaks
done_testing
