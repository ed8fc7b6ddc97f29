#!/bin/sh
# Random sequences of imports, changes, rotations, reconciles and rollbacks
# while other people work on the same host and crm-schedd is killed: nothing of
# theirs is touched, and after everything is rolled back the host is as it was.
# SEEDS says how many, SEED_FROM which is the first; each prints its steps when
# it fails.  REAL_HOSTS may name real hosts: see hosts.sh.  HOST_DUMP may name a
# program that prints the live rows of the database of a host, given its URL,
# without what the host moves by itself: they are compared as well.
. tests/integration/lib.sh
. tests/integration/hosts.sh
. tests/integration/host_view.sh
. tests/ownership/strangers.sh

SITE_SETTINGS="$quick_settings
watch = { every_s = 0; };"'
probe = { capabilities = "off"; };'

SEED_FROM=${SEED_FROM:-1}
if [ -n "${REAL_HOSTS:-}" ]; then
	SEEDS=${SEEDS:-20}
else
	SEEDS=${SEEDS:-3}
	# Nobody else is there.
	shown=.
fi

# A relay with prices, so that there are channels, too.
make_pack() {
	mkdir -p "$WORK/pack/providers"
	jq -n '{pack_id: "ownership-pack", version: "1.0.0",
		name: {zh: "模拟包", en: "Simulated"}}' >"$WORK/pack/pack.json"
	jq -n '{provider_id: "owned", vendor: "sim", kind: "relay",
		plan: "payg", region: "cn", status: "current",
		display_name: {zh: "模拟", en: "Simulated"}, base_url: null,
		base_url_required: true,
		families: {chat: "yes", responses: "no", messages: "no",
			models: "yes"},
		models: [{id: "mock-a", canonical: "mock-a", family: "mock",
			status: "current", aliases: []}],
		smoke_test_model: "mock-a",
		pricing: [{model: "mock-a", currency: "USD",
			unit: "per_million_tokens", input: "1.25", output: "5",
			source: "price list", date: "2026-11-01"}]}' \
		>"$WORK/pack/providers/owned.json"
	ctl pack install "$WORK/pack"
	is "the pack is installed" "$RC" 0
}

# Waiting for an end.

run_is_over() {
	api GET "/api/batch-import/runs/$RUN"
	[ "$(json .finished_at)" != null ]
}

rollback_is_over() {
	api GET "/api/rollbacks/$ROLLBACK"
	[ "$(json .state)" = done ]
}

reconcile_is_over() {
	api GET "/api/reconcile-runs/$RECONCILE"
	[ "$(json .state)" != running ]
}

change_is_over() {
	api GET "/api/account-changes/$CHANGE"
	[ "$(json .state)" != running ]
}

nothing_is_done() {
	[ "$(db "SELECT count(*) FROM tasks WHERE host_id = '$HOST_ID' AND
		state NOT IN ('done', 'waiting')")" = 0 ] &&
	[ "$(db "SELECT count(*) FROM access_checks WHERE
		state = 'running'")" = 0 ]
}

# ends CONDITION: it comes to an end, or the sequence is said to hang.  Not
# looked at so often that the hosts have no processor left.
ends() {
	for _ in $(seq 450); do
		! "$1" || return 0
		sleep 0.2
	done
	hung="$hung $1"
}

# What CRM is asked to do.

# url NAME
url() {
	echo "$PROVIDER_URL/as/chat-only-403/$place-$1/v1"
}

# bring NAME KEY [MEMBERS of the run]
bring() {
	jq -n --arg url "$(url "$1")" --rawfile key "$SITE/etc/$2.key" \
		--arg host "$HOST_ID" --argjson more "${3:-"{}"}" '{host_id:
		$host, access_mode: "subscription", items: [{base_url: $url,
		api_key: ($key | rtrimstr("\n")), requested_models: []}]} *
		($more | del(.item)) | .items[0] += ($more.item // {})' \
		>"$WORK/run.body"
	api POST /api/batch-import/runs "$(cat "$WORK/run.body")"
	is_brought .run_id
}

is_brought() {
	RUN=$(json "$1")
	[ "$STATUS" = 202 ] || {
		did="$did($STATUS)"
		return 0
	}
	runs="$runs $RUN"
	ends run_is_over
	imports=$((imports + 1))
	api GET "/api/batch-import/runs/$RUN/items"
	state=$(json '.items[0].access_status')
	[ "$state" != active ] || active=$((active + 1))
	did="$did($state)"
}

bring_provider() {
	jq -n --arg url "$(url p)" --rawfile key "$SITE/etc/one.key" \
		--arg host "$HOST_ID" '{host_id: $host, base_url: $url,
		keys: [$key | rtrimstr("\n")]}' >"$WORK/run.body"
	api POST /api/providers/owned/import "$(cat "$WORK/run.body")" \
		-H 'Prefer: respond-async'
	is_brought .batch_id
}

# One of theirs, if it is of the endpoint.
adopt() {
	of_theirs accounts
	[ -n "$PICKED" ] || return 0
	lend "$PICKED"
	key=theirs
	! admin GET "/api/v1/admin/accounts/$PICKED" | grep -qF \
		"$(cat "$SITE/etc/one.key")" || key=one
	bring a "$key" "{\"item\": {\"adopt_account_id\": \"$PICKED\"}}"
}

import_something() {
	random 7
	did="$did import$RANDOM_NUMBER"
	case $RANDOM_NUMBER in
	0 | 1) bring a one ;;
	2) bring a two ;;
	3) bring a one '{"access_mode": "self_service"}' ;;
	4) bring b one ;;
	5) bring_provider ;;
	*) adopt ;;
	esac
}

reconcile() {
	api POST /api/reconcile "{\"host_id\":\"$HOST_ID\",\"apply\":$1}" \
		-H 'Prefer: respond-async'
	RECONCILE=$(json '.reconcile_id // empty')
	[ -z "$RECONCILE" ] || ends reconcile_is_over
	did="$did($STATUS $(json .result))"
}

# change PATH JSON
change() {
	api POST "$1" "$2" -H 'Prefer: respond-async'
	CHANGE=$(json '.change_id // empty')
	[ -z "$CHANGE" ] || ends change_is_over
	did="$did($STATUS $(json '.state // .code'))"
}

# Sets RUN and ITEM.
some_item() {
	# shellcheck disable=SC2086 # several words
	one_of $runs
	RUN=$PICKED
	[ -n "$RUN" ] || return 1
	ITEM=$(db "SELECT item_id FROM import_run_items WHERE run_id = '$RUN'")
}

change_something() {
	some_item || return 0
	random 4
	did="$did change$RANDOM_NUMBER"
	item=/api/batch-import/runs/$RUN/items/$ITEM
	case $RANDOM_NUMBER in
	0) change "$item/models" '{"mode":"add","models":["mock-b"],
		"aliases":{"latest":"mock-b"},"apply":true}' ;;
	1) change "$item/models" '{"mode":"replace","models":["mock-a"],
		"apply":true}' ;;
	2) change "$item/pause" '{"apply":true}' ;;
	*) change "$item/resume" '{"apply":true}' ;;
	esac
}

rotate() {
	# shellcheck disable=SC2046 # several words
	one_of $(db "SELECT resource_id FROM managed_resources WHERE
		host_id = '$HOST_ID' AND resource_type = 'account' AND
		state = 'present' ORDER BY resource_id")
	[ -n "$PICKED" ] || return 0
	serial=$((serial + 1))
	(umask 077 && echo "good-$(random_text 32)" >"$WORK/new-$serial.secret")
	change "/api/accounts/$PICKED/rotate-key" "$(jq -cn --rawfile key \
		"$WORK/new-$serial.secret" '{api_key: ($key | rtrimstr("\n")),
		apply: true, overlap_s: 2}')"
}

# back PATH [MEMBERS]
back() {
	api POST "$1/rollback" "{\"apply\": true${2:-}}"
	ROLLBACK=$(json '.rollback_id // empty')
	[ -z "$ROLLBACK" ] || ends rollback_is_over
	did="$did($STATUS $(json '.result // .code'))"
}

roll_something_back() {
	some_item || return 0
	random 3
	did="$did rollback$RANDOM_NUMBER"
	case $RANDOM_NUMBER in
	0) back "/api/batch-import/runs/$RUN" ;;
	1) back "/api/batch-import/runs/$RUN/items/$ITEM" ;;
	*) back "/api/providers/$(db "SELECT endpoint_key FROM
		import_run_items WHERE item_id = '$ITEM'")" \
		", \"host_id\": \"$HOST_ID\"" ;;
	esac
}

# Killed somewhere in what comes next, and begun again.  All hosts share it.
kill_soon() {
	nap 900
	until mkdir "$SITE/run/being-killed" 2>/dev/null; do
		pause
	done
	kill -KILL "$(pid_of crm-schedd)"
	wait_until 10 '! is_running crm-schedd'
	start_schedd
	rmdir "$SITE/run/being-killed"
}

crm_acts() {
	random 12
	case $RANDOM_NUMBER in
	0 | 1 | 2 | 3) import_something ;;
	4 | 5) did="$did repair" ; reconcile true ;;
	6) did="$did look" ; reconcile false ;;
	7 | 8) change_something ;;
	9) did="$did rotate" ; rotate ;;
	*) roll_something_back ;;
	esac
}

step() {
	random 12
	case $RANDOM_NUMBER in
	0 | 1 | 2 | 3 | 4)
		strangers_act
		see_theirs "$WORK/theirs.seen"
		;;
	5 | 6)
		did="$did kill"
		kill_soon </dev/null >/dev/null 2>&1 &
		killer=$!
		crm_acts
		wait "$killer"
		;;
	*) crm_acts ;;
	esac
	theirs_is_the_same "$did"
}

# From the last to the first, as what is shared goes with the last; once more
# if something was in the way.
roll_all_back() {
	for _ in 1 2; do
		remains=
		for RUN in $(echo "$runs" | tr ' ' '\n' | sed '1!G;h;$!d'); do
			back "/api/batch-import/runs/$RUN"
			remains="$remains$(json '.remains[]? | "\(.kind) " +
				"\(.host_resource_id) \(.failure_class) " +
				"\(.failure_detail); "')"
		done
		[ -n "$remains" ] || break
	done
}

# Things that were here long before, whoever made them.
old_things() {
	for thing in groups accounts channels users; do
		pages "$thing" | jq -c --arg before "$old" --arg thing "$thing" \
			"select(.created_at < \$before) | $seen | $own |
			[\$thing, .]"
	done | sort >"$1"
}

# What has our mark and should be gone, so that the host is left clean.
sweep() {
	for kind in channels accounts users groups; do
		pages "$kind" | grep -F "$inst" | jq -r .id | while read -r id; do
			admin DELETE "/api/v1/admin/$kind/$id" >/dev/null
		done
	done
}

# dump FILE
dump() {
	[ -n "${HOST_DUMP:-}" ] || return 0
	"$HOST_DUMP" "$HOST_URL" >"$1" && [ -s "$1" ] ||
		bail_out "$HOST_DUMP $HOST_URL prints no rows"
}

sequence() {
	what="$version, seed $1"
	dump "$WORK/rows.before"
	began=$(date +%s)
	place=$tag-$host_number-$1
	seed=$(($1 * 7919 + 13))
	random 2
	theirs='' lent='' runs='' did='' hung='' touched='' serial=0
	: >"$WORK/theirs.seen"
	: >"$WORK/lent"
	snapshot "$WORK/before"
	make_group
	make_account
	make_user
	see_theirs "$WORK/theirs.seen"
	import_something
	random 6
	for _ in $(seq $((RANDOM_NUMBER + 4))); do
		step
	done
	did="$did end"
	roll_all_back
	ends nothing_is_done
	theirs_is_the_same end
	is "$what: nothing of others was touched" "$touched" ""
	kept=$(given_back)
	is "$what: what was lent is given back as it was" "$kept" ""
	is "$what: only what others use remains" "$(echo "$remains" |
		tr ';' '\n' | grep '[a-z]' | grep -v in_use_by_others)" ""
	strangers_leave
	[ -z "$remains" ] || did="$did [$remains]"
	did="$did alone"
	[ -z "$remains" ] || roll_all_back
	is "$what: and nothing when they are gone" "$remains" ""
	snapshot "$WORK/after"
	is "$what: the host is as it was" "$(diff "$WORK/before" \
		"$WORK/after")" ""
	dump "$WORK/rows.after"
	[ -z "${HOST_DUMP:-}" ] || is "$what: and so are the rows of its database" \
		"$(diff "$WORK/rows.before" "$WORK/rows.after")" ""
	is "$what: everything came to an end" "$hung" ""
	cmp -s "$WORK/before" "$WORK/after" && [ -z "$touched$kept$remains$hung" ] &&
		failed= || failed=FAILED
	note "$what: $failed$did, $(($(date +%s) - began)) s"
	[ -z "$failed" ] || sweep
}

on_a_host() {
	inst=$(db "SELECT inst FROM installation")
	imports=0 active=0
	old=$(date -u -d '1 hour ago' +%Y-%m-%dT%H:%M:%S)
	[ -z "${REAL_HOSTS:-}" ] || old_things "$WORK/old"
	for number in $(seq "$SEED_FROM" $((SEED_FROM + SEEDS - 1))); do
		sequence "$number"
	done
	[ -z "${REAL_HOSTS:-}" ] || {
		old_things "$WORK/old.now"
		is "$version: what was there before is as it was" \
			"$(diff "$WORK/old" "$WORK/old.now")" ""
	}
	is "$version: of $imports imports many served, $active" \
		"$((active * 2 > imports))" 1
}

new_site
start_providersim chat-only-403
start_hosts
for key in one two theirs; do
	new_key "$key"
done
start_schedd && start_pool 4 && start_nginx ||
	bail_out "the stack does not start"
make_pack
each_host_at_once on_a_host
no_secret_leaks
done_testing
