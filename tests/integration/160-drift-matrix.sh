#!/bin/sh
# The drift matrix: each field that CRM owns is edited, reset, deleted or
# replaced by the host's own API, and a reconcile finds that very field, says
# who moved it, and restores, accepts or asks: tests/data/drift/matrix.tsv.
# REAL_HOSTS may name real hosts: see hosts.sh.
. tests/integration/lib.sh
. tests/integration/hosts.sh

SITE_SETTINGS="$quick_settings
watch = { every_s = 0; };"

matrix=tests/data/drift/matrix.tsv

# A pack whose one provider has prices, for a channel.
install_pack() {
	mkdir -p "$WORK/pack/providers"
	echo '{"pack_id": "sim-pack", "version": "1.0.0", "name": {"zh":
		"模拟包", "en": "Simulated"}}' >"$WORK/pack/pack.json"
	jq -n '{provider_id: "priced", vendor: "sim", kind: "relay",
		plan: "payg", region: "cn", status: "current",
		display_name: {zh: "模拟", en: "Simulated"},
		base_url: null, base_url_required: true,
		families: {chat: "yes", responses: "no", messages: "no",
			models: "yes"},
		models: [{id: "mock-b", canonical: "second", family: "mock",
			status: "current", aliases: []},
			{id: "mock-a", canonical: "mock-a", family: "mock",
			status: "current", aliases: []}],
		smoke_test_model: "mock-a",
		templates: {account: {concurrency: 7, priority: 30},
			group: {description: "priced",
			rate_multiplier: "1.5"}},
		pricing: [{model: "mock-a", currency: "USD",
			unit: "per_million_tokens", input: "1.25",
			output: "5", source: "price list",
			date: "2026-11-01"}]}' >"$WORK/pack/providers/priced.json"
	ctl pack install "$WORK/pack"
	is "the pack is installed" "$RC" 0
}

run_is_over() {
	api GET "/api/batch-import/runs/$RUN"
	[ "$(json .finished_at)" != null ]
}

# bring: one import with a channel.  The run is made while its host is paused,
# and then said to be one by provider.
bring() {
	jq -n --arg url "$PROVIDER_URL/as/chat-only-403/$tag-drift/v1" \
		--rawfile key "$PROVIDER_KEY" '[{base_url: $url,
		api_key: ($key | rtrimstr("\n")), requested_models: []}]' \
		>"$WORK/items"
	ctl host pause "$HOST_ID"
	ctl -o json run create --host "$HOST_ID" -f "$WORK/items"
	RUN=$(json_of "$OUT" .run_id)
	rm -f "$WORK/items"
	edit_db "
		UPDATE import_runs SET origin = 'provider_import',
			pack_id = 'sim-pack', pack_version = '1.0.0'
			WHERE run_id = '$RUN';
		UPDATE import_run_items SET pack_provider_id = 'priced'
			WHERE run_id = '$RUN'"
	ctl host resume "$HOST_ID"
	wait_for run_is_over 120
	api GET "/api/batch-import/runs/$RUN/items"
	is "$version: imported, with a channel" \
		"$(json '.items[0] | "\(.access_status) \(.channel_id != null)"')" \
		"active true"
}

# its TYPE: the id of ours on this host, as CRM knows it by now.
its() {
	db "
		SELECT host_resource_id FROM managed_resources
		WHERE host_id = '$HOST_ID' AND resource_type = '$1'
		AND state <> 'gone' AND host_resource_id IS NOT NULL
		AND lookup NOT LIKE 'pro%' AND lookup <> 'parking'"
}

# know_ids: GROUP, ACCOUNT, CHANNEL, USER, SUBSCRIPTION, KEY.  What a check
# finds lost it gets anew.
know_ids() {
	GROUP=$(its group)
	ACCOUNT=$(its account)
	CHANNEL=$(its channel)
	USER=$(its user)
	SUBSCRIPTION=$(its subscription)
	KEY=$(its user_key)
}

somebody_elses_group() {
	OTHER=$(admin POST /api/v1/admin/groups "{\"name\":\"other $tag-$host_number\",
		\"platform\":\"openai\",\"rate_multiplier\":1}" |
		jq .data.id)
}

id_of() {
	case $1 in
	group) echo "$GROUP" ;;
	account) echo "$ACCOUNT" ;;
	channel) echo "$CHANNEL" ;;
	user) echo "$USER" ;;
	user_key) echo "$KEY" ;;
	subscription) echo "$SUBSCRIPTION" ;;
	esac
}

# live TYPE: how the host shows it now, in $WORK/live.secret.
live() {
	case $1 in
	group | account | channel | user)
		admin GET "/api/v1/admin/$1s/$(id_of "$1")" | jq .data ;;
	subscription)
		admin GET "/api/v1/admin/subscriptions/$SUBSCRIPTION" |
			jq .data ;;
	user_key)
		admin GET "/api/v1/admin/users/$USER/api-keys?page_size=100" |
			jq ".data.items[] | select(.id == $KEY)" ;;
	esac >"$WORK/live.secret"
}

# see FILTER: of what live() got; "-" shows when it ends.
see() {
	[ "$1" != - ] || { jq -r .expires_at "$WORK/live.secret"; return; }
	jq -cS "$1" "$WORK/live.secret"
}

# write TYPE CALL BODY VALUE
write() {
	words=$(jq -cn --argjson v "$4" --slurpfile l "$WORK/live.secret" \
		"\$l[0] as \$live | $3")
	if [ "$2" = BULK ]; then
		admin POST /api/v1/admin/accounts/bulk-update "$(printf '%s' \
			"$words" | jq -c ". + {account_ids: [$ACCOUNT]}")"
	else
		admin "${2%% *}" "/api/v1/admin$(printf '%s' "${2#* }" |
			sed "s/ID/$(id_of "$1")/")" "$words"
	fi >"$WORK/answer.secret"
	[ "$(jq -r .code "$WORK/answer.secret")" = 0 ] ||
		echo "# $2 $words: $(head -c 300 "$WORK/answer.secret")"
}

# remove TYPE CALL: what has its place afterwards is somebody else's.
remove() {
	live "$1"
	path=/api/v1/admin$(printf '%s' "${2#* }" | sed "s/ID/$(id_of "$1")/")
	admin DELETE "$path" >/dev/null
	[ "${2%% *}" = REPLACE ] || return 0
	admin POST "${path%/*}" "$(jq -c --rawfile key "$PROVIDER_KEY" \
		'del(.id, .created_at, .updated_at, .status) |
		if .credentials then .credentials.api_key = ($key |
			rtrimstr("\n")) else . end' "$WORK/live.secret")" |
		jq .data.id >"$WORK/replaced"
	like "$what: something has its place" "$(cat "$WORK/replaced")" '^[0-9]'
}

reconcile_is_over() {
	api GET "/api/reconcile-runs/$RECONCILE"
	[ "$(json .state)" != running ]
}

repair() {
	api POST /api/reconcile "{\"batch_id\":\"$RUN\",\"apply\":true}" \
		-H 'Prefer: wait=20'
	RECONCILE=$(json '.reconcile_id // empty')
	[ "$STATUS" != 202 ] || wait_for reconcile_is_over 60
	checks="$checks $(json '.checks[]?')"
}

# found: each finding in a word or two; what is sure is not said to be.
found() {
	json '[.findings[] | "\(.resource_type).\(.field) \(.moved) \(.state)" +
		(if .certainty == "certain" then "" else " \(.certainty)" end)]
		| sort | join(", ") | if . == "" then "none" else . end'
}

# forget: what is gone is no longer ours.
forget() {
	for seq in $(json '.findings[] | select(.field == "exists") | .seq'); do
		api POST "/api/reconcile-runs/$RECONCILE/findings/$seq" \
			'{"decision":"accept"}' -H 'Prefer: wait=20'
	done
}

# What was not restored is as they made it; what was asked about is put back
# by hand, for the next line.
judge_field() {
	live "$type"
	is_now=$(see "$view")
	case $want in
	*repaired*)
		is "$what: ours is there again" "$is_now" "$before" ;;
	*) is "$what: theirs is left" "$is_now" "$theirs" ;;
	esac
	case $want in
	*asked* | none) write "$type" "$call" "$how" "$back" ;;
	esac
}

edit() {
	view=$(printf '%s' "$view" | sed "s/GROUP/$GROUP/")
	live "$type"
	before=$(see "$view")
	back=$before
	[ "$field" != key ] || back=$(jq -cR . "$PROVIDER_KEY")
	write "$type" "$call" "$how" "$value"
	live "$type"
	theirs=$(see "$view")
	[ "$theirs" != "$before" ] || fail "$what: the host takes the edit"
}

# What is deleted takes others along, another version of a host more of them
# than this one: "FINDING|PATTERN of those that may be told besides".
judge_gone() {
	others=$(found | tr ',' '\n' | sed 's/^ //' | grep -vxF "${want%%|*}" |
		grep -vxE "${want#*|}" | tr '\n' ' ')
	is "$what: what is found" "$(found | tr ',' '\n' | sed 's/^ //' |
		grep -cxF "${want%%|*}") $others" "1 "
}

# Checks that a reconcile asked for mend and heal: not amid the next edit.  What
# is asked about stands last in the matrix, for nothing mends that.
end_checks() {
	for id in $checks; do
		end_check "$id"
	done
	checks=
}

# What was put back by hand is so; then it goes, one thing after the other.  Who
# checks meanwhile is not waited for: without what is gone that takes minutes.
before_it_goes() {
	[ -z "$goes" ] || return 0
	goes=yes
	end_checks
	repair
	is "$version: nothing is left to be found" "$(found)" none
}

one_line() {
	what="$version, $type.$field $change"
	case $call in DELETE* | REPLACE*) before_it_goes ;; esac
	value=$(printf '%s' "$value" | sed "s/TAG/$tag-$host_number/;
		s/OTHER/$OTHER/")
	know_ids
	case $call in
	DELETE* | REPLACE*)
		remove "$type" "$call"
		repair
		judge_gone
		forget
		;;
	*)
		edit
		repair
		is "$what: what is found" "$(found)" "$want"
		judge_field
		;;
	esac
	case $call$type$want in
	DELETE* | REPLACE*) ;;
	*user_key* | *repaired*) end_checks ;;
	esac
}

# Is a line for hosts of this version?
is_for() {
	case $1 in
	'*') true ;;
	'>'*) [ "$version" != "${1#>}" ] ;;
	*) [ "$version" = "$1" ] ;;
	esac
}

on_a_host() {
	bring
	know_ids
	somebody_elses_group
	checks=
	goes=
	repair
	is "$version: what nobody touched is in sync" \
		"$(json .result) $(found)" "in_sync none"
	lines=0
	while IFS="$(printf '\t')" read -r versions type field change call \
		how view value want <&4; do
		case $versions in '#'* | versions) continue ;; esac
		is_for "$versions" || continue
		lines=$((lines + 1))
		one_line
	done 4<"$matrix"
	leave_nothing
	# What was renamed, or made in the place of ours.
	for kind in channels accounts groups; do
		admin GET "/api/v1/admin/$kind?page_size=100&search=$tag" |
			jq -r '.data.items[].id' | while read -r id; do
			admin DELETE "/api/v1/admin/$kind/$id" >/dev/null
		done
	done
	echo "# $version: $lines lines of the matrix"
}

new_site
start_providersim chat-only-403
# The oldest and the newest, unless somebody wants others: it takes minutes.
VERSIONS=${VERSIONS:-0.1.126 0.1.179}
start_hosts
new_key drift
PROVIDER_KEY=$SITE/etc/drift.key
start_schedd && start_pool 4 && start_nginx ||
	bail_out "the stack does not start"
install_pack
each_host on_a_host

no_secret_leaks
done_testing
