#!/bin/sh
# Two installations on one host at the same time: the same provider, the same
# key, users of the same name; whatever one of them does, what the other has
# there stays as it is byte for byte, works, and is told as nobody's drift.
# REAL_HOSTS may name real hosts: see hosts.sh.
. tests/integration/lib.sh
. tests/integration/hosts.sh
. tests/integration/host_view.sh

SITE_SETTINGS="$quick_settings
watch = { every_s = 0; };"

# Of the two at one host, $WORK is a folder each, below $top.

# as CRM: what follows is asked of this one.  Sets inst and who, too.
as() {
	me=$1
	WORK=$top/$me
	enter_site "$(cat "$WORK/site")"
	HOST_ID=$(cat "$WORK/host" 2>/dev/null)
	ADMIN_KEY=$SITE/etc/host-$host_number.key
	inst=$(db "SELECT inst FROM installation")
	who="$version, $me"
}

other() {
	[ "$me" = a ] && echo b || echo a
}

# of CRM FILE: what that one kept of itself.
of() {
	cat "$top/$1/$2"
}

# both COMMAND...: of both at once.
both() {
	pids=
	for crm in a b; do
		(
			as "$crm"
			"$@"
		) >"$top/$crm.tap" 2>&1 &
		pids="$pids $!"
	done
	for pid in $pids; do
		wait "$pid" || fail "$version: both go on to the end"
	done
	cat "$top/a.tap" "$top/b.tap"
}

# Everything, on a host that nobody else has.
whole_host() {
	pattern=.
	[ -z "${REAL_HOSTS:-}" ] ||
		pattern="$tag|$(of a inst)|$(of b inst)"
	shown=$pattern snapshot "$1"
}

# rows FILE CRM: of that one.
rows() {
	shown=$(of "$2" inst) snapshot "$1"
}

# equal NAME FILE FILE
equal() {
	if cmp -s "$2" "$3"; then
		pass "$1"
	else
		fail "$1" "$(diff "$2" "$3")"
	fi
}

# ---- what one of them does --------------------------------------------------

run_is_over() {
	api GET "/api/batch-import/runs/$RUN_ID"
	[ "$(json .finished_at)" != null ]
}

# import_by MODE: for alice, where somebody is to be named; BODY is then the
# item.
import_by() {
	jq -n --arg url "$PROVIDER_URL/as/chat-only-403/$tag/v1" \
		--rawfile key "$SITE/etc/shared.key" --arg host "$HOST_ID" \
		--arg mode "$1" '{host_id: $host, access_mode: $mode,
		items: [{base_url: $url, api_key: ($key | rtrimstr("\n")),
		requested_models: ["mock-a"]}]} + if $mode == "subscription"
		then {subscription_users: ["alice"]} else {} end' \
		>"$WORK/run.body"
	api POST /api/batch-import/runs "$(cat "$WORK/run.body")"
	RUN_ID=$(json .run_id)
	[ "$STATUS" = 202 ] || fail "$who: $1" "$BODY"
	[ "$STATUS" != 202 ] || wait_for run_is_over 90
	api GET "/api/batch-import/runs/$RUN_ID/items"
	ITEM_ID=$(json '.items[0].item_id')
	api GET "/api/batch-import/runs/$RUN_ID/items/$ITEM_ID"
	is "$who: works by $1" "$(json '"\(.access_status) \(.failure_class)"')" \
		"active null"
}

import_both_ways() {
	import_by subscription
	is "$who: with an account of its own" "$(json .account_resolution)" \
		created
	echo "$RUN_ID/items/$ITEM_ID" >"$WORK/item"
	json .account_id >"$WORK/account"
	json .group_id >"$WORK/group"
	json .endpoint_key >"$WORK/endpoint"
	import_by self_service
	is "$who: by users of the same names" "$(db "SELECT access_mode || ' ' ||
		selector FROM accesses WHERE host_id = '$HOST_ID' ORDER BY 1" |
		tr '\n' ' ')" "self_service default subscription alice "
}

change_is_over() {
	api GET "/api/account-changes/$CHANGE"
	[ "$(json .state)" != running ]
}

# change VERB JSON
change() {
	api POST "/api/batch-import/runs/$(of "$me" item)/$1" "$2" \
		-H 'Prefer: respond-async'
	CHANGE=$(json '.change_id // empty')
	[ -n "$CHANGE" ] || note "$STATUS $BODY"
	[ -z "$CHANGE" ] || wait_for change_is_over 60
	is "$who: its account is changed: $1" "$(json .state)" done
}

add_model() {
	change models "{\"mode\":\"add\",\"models\":[\"mock-b\"],
		\"aliases\":{\"of-$me\":\"mock-b\"},\"apply\":true}"
}

# Short, as no models must become known for it.
pause_and_resume() {
	change pause '{"apply":true}'
	change resume '{"apply":true}'
}

# names CRM: what its account maps.
names() {
	admin GET "/api/v1/admin/accounts/$(of "$1" account)" |
		jq -r '.data.credentials.model_mapping | keys | join(" ")'
}

# somebody_edits CRM: the account of that one loses its models.
somebody_edits() {
	admin POST /api/v1/admin/accounts/bulk-update "{\"account_ids\":
		[$(of "$1" account)],\"credentials\":
		{\"model_mapping\":{\"theirs\":\"mock-b\"}}}" >/dev/null
}

reconcile_is_over() {
	api GET "/api/reconcile-runs/$RECONCILE"
	[ "$(json .state)" != running ]
}

repair() {
	api POST /api/reconcile "{\"host_id\":\"$HOST_ID\",\"apply\":true}" \
		-H 'Prefer: respond-async'
	RECONCILE=$(json '.reconcile_id // empty')
	[ -n "$RECONCILE" ] || note "$STATUS $BODY"
	[ -z "$RECONCILE" ] || wait_for reconcile_is_over 60
	FOUND=$(json '"\(.result) \([.findings[] | "\(.resource_type) " +
		"\(.host_resource_id) \(.field) \(.state)"] | join(", "))"')
	json '.checks[]' >"$WORK/checks"
}

checks_are_good() {
	while read -r id; do
		end_check "$id"
		is "$who: it is proven again" "$(json .result)" active
	done <"$WORK/checks"
}

finds_nothing() {
	repair
	is "$who: nothing of its own has moved" "$FOUND" "in_sync "
	like "$who: something was looked at" "$(json .counts.compared)" \
		'^[1-9]'
}

finds_its_own() {
	repair
	is "$who: finds what is its own, and mends it" "$FOUND" \
		"repaired account $(of "$me" account) model_mapping repaired"
	like "$who: access by that account is looked at again" \
		"$(wc -l <"$WORK/checks")" '^[1-9]'
	checks_are_good
}

look_is_over() {
	api GET "/api/hosts/$HOST_ID/foreign"
	[ "$(json .look.state)" != running ]
}

# kind_of ID: of which kind the account is, in what was seen.
kind_of() {
	json ".accounts[] | select(.account_id == $1) | .kind"
}

sees_the_other() {
	theirs=$(of "$(other)" account)
	api POST "/api/hosts/$HOST_ID/foreign/look" '' -H 'Prefer: wait=20'
	wait_for look_is_over 60
	all_foreign
	is "$who: the other's is another CRM's" "$(kind_of "$theirs")" another_crm
	is "$who: its own is none" "$(kind_of "$(of "$me" account)")" ""
	api POST "/api/hosts/$HOST_ID/foreign/$theirs/adopt" "$(jq -cn \
		--rawfile key "$SITE/etc/shared.key" \
		'{api_key: ($key | rtrimstr("\n")), apply: true}')"
	is "$who: which it does not take" "$STATUS $(json .code)" \
		"409 another_crm"
}

# is_proven: each way to its account, now.
is_proven() {
	for access in $accesses; do
		check "$access"
		is "$who: $1" "$RC $(json .result)" "0 active"
	done
}

takes_all_back() {
	ctl -o json provider rollback "$(of "$me" endpoint)" \
		--host "$HOST_ID" --apply --wait --timeout 90
	is "$who: all is taken back" "$RC $(printf '%s' "$OUT" |
		jq -r '"\(.result) \(.counts.left)"')" "0 clean 0"
	[ "$RC" = 0 ] || note "$OUT $ERR"
	rows "$WORK/left" "$me"
	is "$who: nothing of it is left" "$(cat "$WORK/left")" ""
	touch "$top/$me.gone"
}

# ---- the two of them --------------------------------------------------------

# A thing of somebody who knows neither.
by_hand() {
	GROUP=$(admin POST /api/v1/admin/groups "{\"name\": \"$tag theirs\",
		\"platform\": \"openai\", \"rate_multiplier\": 1}" |
		jq -r .data.id)
	ACCOUNT=$(admin POST /api/v1/admin/accounts "$(jq -cn --arg name \
		"$tag theirs" --rawfile key "$SITE/etc/shared.key" --arg url \
		"$PROVIDER_URL/as/chat-only-403/$tag/v1" --argjson group "$GROUP" \
		'{name: $name, platform: "openai", type: "apikey",
		credentials: {base_url: $url, api_key: ($key | rtrimstr("\n")),
		model_mapping: {"mine": "mock-a"}}, group_ids: [$group],
		concurrency: 3, priority: 9}')" | jq -r .data.id)
	wait_for account_is_settled 15
}

# Each knows the host; what they are is in $top/a and $top/b.
they_meet() {
	top=$WORK
	for crm in a b; do
		mkdir -p "$top/$crm"
		eval "echo \"\$site_$crm\"" >"$top/$crm/site"
		as "$crm"
		the_host "$pair"
		echo "$HOST_ID" >"$WORK/host"
		echo "$inst" >"$WORK/inst"
	done
}

each_has_its_own() {
	for what in account group; do
		like "$version: each has its own $what" \
			"$(of a "$what") $(of b "$what")" '^[0-9]+ [0-9]+$'
		is "$version: not one $what for both" \
			"$([ "$(of a "$what")" != "$(of b "$what")" ] ||
			echo one)" ""
	done
	for crm in a b; do
		rows "$WORK/rows" "$crm"
		is "$version, $crm: all that is compared below is there" \
			"$(grep -c ^accounts "$WORK/rows") $(sed 's/ .*//
			s/^\[.*/list/' "$WORK/rows" | sort -u | tr '\n' ' ')" \
			"2 accounts groups list users "
	done
}

# acts_alone CRM: while what the other has, which somebody has just edited, stays.
acts_alone() {
	as "$1"
	somebody_edits "$(other)"
	rows "$WORK/theirs" "$(other)"
	pause_and_resume
	finds_nothing
	sees_the_other
	rows "$WORK/theirs.now" "$(other)"
	equal "$who: the other has what it had, drift and all" \
		"$WORK/theirs" "$WORK/theirs.now"
	rows "$WORK/ours" "$me"
	ours=$WORK/ours
	as "$(other)"
	finds_its_own
	rows "$WORK/theirs.now" "$1"
	equal "$who: to mend it costs the first nothing" "$ours" \
		"$WORK/theirs.now"
}

both_mend() {
	somebody_edits "$me"
	finds_its_own
	finds_nothing
	is "$who: what somebody else put there stays" "$(names "$me")" \
		"$(of "$me" names)"
}

# a goes; b is asked all the while, and does not notice.
one_goes_or_is_asked() {
	if [ "$me" = a ]; then
		takes_all_back
		return
	fi
	asked=0
	: >"$WORK/answers"
	while [ ! -e "$top/a.gone" ] && [ "$asked" -lt 200 ]; do
		for access in $accesses; do
			check "$access"
			echo "$RC $(json .result)" >>"$WORK/answers"
			asked=$((asked + 1))
		done
	done
	is "$who: works while the other goes" "$(sort -u "$WORK/answers")" \
		"0 active"
}

one_goes() {
	as b
	accesses=$(db "SELECT access_id FROM accesses WHERE host_id =
		'$HOST_ID'")
	rows "$WORK/before.gone" b
	both one_goes_or_is_asked
	as b
	rows "$WORK/after.gone" b
	equal "$who: it has what it had" "$WORK/before.gone" "$WORK/after.gone"
	finds_nothing
	is_proven "works when the other is gone"
	pause_and_resume
	is_proven "goes on"
	as a
	repair
	is "$who: has nothing that could move" "$FOUND" "in_sync "
}

on_a_host() {
	they_meet
	as a
	by_hand
	whole_host "$top/before"
	both import_both_ways
	each_has_its_own
	both add_model
	acts_alone a
	acts_alone b
	for crm in a b; do
		names "$crm" >"$top/$crm/names"
	done
	both both_mend
	one_goes
	as b
	takes_all_back
	whole_host "$top/after"
	equal "$version: the host is what it was before both" \
		"$top/before" "$top/after"
	admin DELETE "/api/v1/admin/accounts/$ACCOUNT" >/dev/null
	admin DELETE "/api/v1/admin/groups/$GROUP" >/dev/null
	cat "$top"/[ab]/*.secret >"$top/two.secret" 2>/dev/null || :
}

new_site b
site_b=$SITE
start_schedd && start_pool 4 && start_nginx || bail_out "b does not start"
new_site a
site_a=$SITE
start_providersim chat-only-403
start_hosts
new_key shared
start_schedd && start_pool 4 && start_nginx || bail_out "a does not start"
cp -p "$site_a/etc/shared.key" "$site_b/etc/"
each_host_at_once on_a_host

for site in "$site_a" "$site_b"; do
	enter_site "$site"
	no_secret_leaks
done
done_testing
