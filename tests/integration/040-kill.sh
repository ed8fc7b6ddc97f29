#!/bin/sh
# kill -9 at random instants.  Of crm-schedd while runs go on: every item ends
# as it would have, and the host holds nothing twice and nothing forgotten.
# Of crm-fcgi during a POST: it happened once or not at all.
#
# KILLS and SEED may be given; a seed repeats the instants, not the races.
. tests/integration/lib.sh

kills=${KILLS:-200}
seed=${SEED:-$(od -An -N2 -tu2 /dev/urandom | tr -d ' ')}
note "SEED=$seed KILLS=$kills"
IN_FLIGHT=20

# Leases of a dead schedd pass to the next one at once; a step that was cut
# off often must not run out of tries.
SITE_SETTINGS='
exchange = { timeout_ms = 10000; chat_timeout_ms = 10000; };
engine = { retry_first_ms = 20; retry_max_ms = 200; attempts_max = 50;
	   warm_up_ms = 20000; };
limits = { logins_per_minute = 1000; user_calls_per_minute = 100000; };'
HOSTSIM_OPTIONS='--call-ms 30'
start_stack 0.1.129 chat-only-403
start_provider other chat-only-403
OTHER_URL=$ADDRESS
add_host

# Two endpoints; each run has one key that is bad.
good=0
bad=0
post_run() {
	: >"$WORK/rows"
	i=0
	while [ $i -lt $IN_FLIGHT ]; do
		i=$((i + 1))
		url=$PROVIDER_URL
		[ $((i % 2)) -eq 0 ] || url=$OTHER_URL
		word=good
		[ $i -ne 7 ] || word=bad
		echo "$word-$(random_text 24)" >>"$WORK/rows"
		eval "$word=\$((\$$word + 1))"
		echo "$url" >>"$WORK/rows"
	done
	grep -v '^http' "$WORK/rows" >>"$WORK/rows.secret"
	jq -Rn '[inputs] | [range(0; length; 2) as $i | {api_key: .[$i],
		base_url: (.[$i + 1] + "/v1")}]' <"$WORK/rows" >"$WORK/run.json"
	ctl run create --host "$HOST_ID" -f "$WORK/run.json"
	[ "$RC" -eq 0 ] || fail "a run is accepted" "$ERR"
	rm -f "$WORK/rows" "$WORK/run.json"
}

unfinished() {
	db "SELECT count(*) FROM import_run_items WHERE finished_at IS NULL"
}

# schedd again, without waiting for it to be ready.
launch_schedd() {
	start crm-schedd "$SITE/bin/crm-schedd" --config "$SITE/etc/crm.conf"
}

killed=0
leased=0
while [ $killed -lt "$kills" ]; do
	[ "$(unfinished)" -ge $IN_FLIGHT ] || post_run
	nap 300
	pid=$(pid_of crm-schedd)
	kill -KILL "$pid" && killed=$((killed + 1))
	wait "$pid" 2>/dev/null
	leased=$((leased + $(db "SELECT count(*) FROM tasks
		WHERE state = 'leased'")))
	launch_schedd
done
note "on average $((leased / kills)) tasks were leased when it was killed"
note "$good good keys, $bad bad ones"
wait_for '[ "$(unfinished)" -eq 0 ]' 120
is "$killed kills later every item has ended" "$(unfinished)" 0
is "every task too" "$(db "SELECT count(*) FROM tasks
	WHERE state <> 'done'")" 0
is "every run has ended" "$(db "SELECT count(*) FROM import_runs
	WHERE state = 'running'")" 0
is "every good key is active" "$(db "SELECT count(*) FROM import_run_items
	WHERE access_status = 'active'")" $good
is "every bad key is broken, for its own reason" "$(db "SELECT count(*)
	FROM import_run_items WHERE access_status = 'broken' AND
	failure_class = 'key_invalid'")" $bad
is "the rest is nothing" "$(db "SELECT group_concat(failure_class || ' ' ||
	coalesce(failure_detail, '')) FROM import_run_items
	WHERE failure_class IS NOT NULL AND failure_class <> 'key_invalid'")" ""
is "counters agree with items" "$(db "SELECT count(*) FROM import_runs r
	WHERE items_done <> items_total OR items_active <> (SELECT count(*)
	FROM import_run_items i WHERE i.run_id = r.run_id AND
	access_status = 'active')")" 0
is "no event is lost" "$(db "SELECT count(*) FROM (SELECT item_id
	FROM import_run_item_events GROUP BY item_id
	HAVING count(*) <> max(seq))")" 0
is "every active item has a proof" "$(db "SELECT count(*)
	FROM import_run_items i WHERE access_status = 'active' AND NOT EXISTS
	(SELECT 1 FROM proofs p WHERE p.item_id = i.item_id AND ok)")" 0

# What the host holds is what we know of, each once.
is "no account is there twice" "$(host_state '[.accounts[].credentials.api_key]
	| length == (unique | length)')" true
is "one account for each good key" "$(host_state '.accounts | length')" $good
ours() {
	host_state -r ".$1[] | select($2) | .id" | sort
}
known() {
	db "SELECT host_resource_id FROM managed_resources
		WHERE resource_type = '$1' AND state = 'present'" | sort
}
is "every account is known" "$(ours accounts true)" "$(known account)"
is "every group is known" "$(ours groups '.name | test("crm-")')" \
	"$(known group)"
is "every user is known" "$(ours users '.email | startswith("relay-")')" \
	"$(known user)"
is "every key is known" "$(ours keys true)" "$(known user_key)"
is "every subscription is known" "$(ours subscriptions true)" \
	"$(known subscription)"
is "every account hangs in a group" "$(host_state '[.accounts[] |
	select(.group_ids | length == 0)] | length')" 0
is "the database is sound" "$(local_ctl db check; echo $RC)" 0

# crm-fcgi.  Nobody works on these runs: only the POST is of interest.
stop crm-schedd
runs=$(db 'SELECT count(*) FROM import_runs')
posts=${POSTS:-40}
jq -n --arg host "$HOST_ID" --arg url "$PROVIDER_URL/v1" '{host_id: $host,
	items: [range(300) | {base_url: $url, api_key: "good-kill-\(.)-key-for-tests"}]}' \
	>"$WORK/post"
jq -r '.items[].api_key' "$WORK/post" >>"$WORK/rows.secret"

# post NUMBER: under a key of its own.
post() {
	curl -s --max-time 60 --cacert "$SITE/etc/tls.pem" -o /dev/null \
		-w '%{http_code}' -H "@$WORK/bearer" -H "Idempotency-Key: post-$1" \
		-H 'Content-Type: application/json' --data-binary "@$WORK/post" \
		"$CRM_URL/api/batch-import/runs"
}

printf 'Authorization: Bearer %s\n' "$(cat "$SITE/etc/admin.token")" \
	>"$WORK/bearer"
n=0
cut=0
while [ $n -lt "$posts" ]; do
	n=$((n + 1))
	post $n >"$WORK/code" &
	poster=$!
	nap 60
	for worker in $(pgrep -P "$(pid_of pool)"); do
		kill -KILL "$worker" 2>/dev/null || :
	done
	wait $poster
	[ "$(cat "$WORK/code")" = 202 ] || cut=$((cut + 1))
	wait_for "[ \"\$(post $n)\" = 202 ]" 20
done
rm -f "$WORK/bearer"
note "$cut of $posts POSTs were cut off"
is "each POST made one run" "$(($(db 'SELECT count(*) FROM import_runs') -
	runs))" "$posts"
is "each run is whole" "$(db "SELECT count(*) FROM import_runs r WHERE
	items_total <> (SELECT count(*) FROM import_run_items i
	WHERE i.run_id = r.run_id)")" 0
is "each item has its task" "$(db "SELECT count(*) FROM import_run_items i
	WHERE NOT EXISTS (SELECT 1 FROM tasks t WHERE t.subject_id =
	i.item_id)")" 0
no_secret_leaks
done_testing
