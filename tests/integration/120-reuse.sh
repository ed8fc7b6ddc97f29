#!/bin/sh
# A key that comes again: its account is used, widened, switched on again or
# made anew; accounts of others are shown, and adopted when somebody says so.
# REAL_HOSTS may name real hosts: see hosts.sh.  PARTS, a pattern, may name
# fewer of the parts below.
. tests/integration/lib.sh
. tests/integration/hosts.sh

SITE_SETTINGS="$quick_settings
watch = { every_s = 0; };"

parts='reused widened switched_off made_inactive expired benched deleted emptied
group_deleted key_replaced kind_changed base_changed twins foreign adopted adopt_undone
adopt_refused proxy_unknown short_key'

# bring NAME [MEMBERS] [KEY_FILE]: a run of one item at the endpoint NAME.
# Sets BODY to the item.
bring() {
	jq -n --arg url "$PROVIDER_URL/as/chat-only-403/$tag-$1/v1" \
		--rawfile key "${3:-$PROVIDER_KEY}" --argjson more "${2:-{\}}" \
		'[{base_url: $url, api_key: ($key | rtrimstr("\n")),
		   requested_models: ["mock-a"]} + $more]' >"$WORK/items"
	ctl -o json run create --wait --timeout 120 --host "$HOST_ID" \
		-f "$WORK/items"
	rm -f "$WORK/items"
	run=$(json_of "$OUT" .run_id)
	api GET "/api/batch-import/runs/$run/items"
	item=$(json '.items[0].item_id')
	api GET "/api/batch-import/runs/$run/items/$item"
}

# words FILTERS: of the item, with blanks between.
words() {
	json "[$1] | map(tostring) | join(\" \")"
}

# made NAME: brings it the first time.  Sets ACCOUNT and GROUP.
made() {
	bring "$1"
	is "$version, $1: made" \
		"$(words '.access_status, .account_resolution,
			.matched_account_state, .provision_reused')" \
		"active created none false"
	ACCOUNT=$(json .account_id)
	GROUP=$(json .group_id)
}

# ends NAME RESOLUTION STATE: the item in BODY, active.
ends() {
	is "$version, $1: $2, was $3" \
		"$(words '.access_status, .account_resolution,
			.matched_account_state, .failure_class')" \
		"active $2 $3 null"
}

# of NAME FILTER: of its accounts on the host, as an array.
of() {
	admin GET '/api/v1/admin/accounts?page_size=1000' |
		jq -c --arg part "/$tag-$1(/|\$)" "[.data.items[] |
		select(.credentials.base_url | test(\$part))] | $2"
}

# account FILTER
account() {
	admin GET "/api/v1/admin/accounts/$ACCOUNT" | jq -cS ".data | $1"
}

same_account() {
	is "$version, $1: it is the same account" \
		"$(words '.account_id, .reused_from_account_id,
			.provision_reused')" \
		"$ACCOUNT $ACCOUNT true"
	is "$version, $1: and the only one" "$(of "$1" length)" 1
}

# works NAME: a user of the group gets an answer.
works() {
	key_of_group "$(json .group_id)" "$WORK/user.secret" ||
		fail "$version, $1: has a key"
	answers() {
		chat "$WORK/user.secret"
		[ "$STATUS" = 200 ]
	}
	ok "$version, $1: a chat by the user's key" wait_for answers 5
}

# noted KIND: the item's trail has such an event.
noted() {
	json "[.events[] | select(.kind == \"$1\")] | length > 0"
}

do_reused() {
	made reused
	before=$(account '{group_ids, credentials, extra, name, notes}')
	bring reused
	ends reused reused active
	same_account reused
	is "$version, reused: nothing of it was written" \
		"$(account '{group_ids, credentials, extra, name, notes}')" \
		"$before"
	is "$version, reused: it is proven again" \
		"$(json '.proofs | length > 0')" true
	is "$version, reused: and says so" "$(noted reused)" true
}

do_widened() {
	made widened
	bring widened '{"requested_models":["mock-b"]}'
	ends widened reused active
	same_account widened
	is "$version, widened: nothing is narrowed" \
		"$(account '.credentials.model_mapping | keys')" \
		'["mock-a","mock-b"]'
	is "$version, widened: patch_only" "$(noted patch_only)" true
}

do_switched_off() {
	made switched_off
	admin POST "/api/v1/admin/accounts/$ACCOUNT/schedulable" \
		'{"schedulable":false}' >/dev/null
	bring switched_off
	ends switched_off reactivated disabled
	same_account switched_off
	is "$version, switched_off: on again" "$(account .schedulable)" true
	is "$version, switched_off: what it was is shown" \
		"$(json '.events[] | select(.kind == "reactivated") |
			.detail.was.schedulable')" false
	works switched_off
}

do_made_inactive() {
	made made_inactive
	account_put '{"status":"inactive"}'
	bring made_inactive
	ends made_inactive reactivated disabled
	same_account made_inactive
	is "$version, made_inactive: active again" \
		"$(account '[.status, .schedulable]')" '["active",true]'
	works made_inactive
}

do_expired() {
	made expired
	account_put '{"expires_at":1700000000}'
	bring expired
	ends expired reactivated deprecated
	same_account expired
	is "$version, expired: no end any more" "$(account .expires_at)" null
	works expired
}

# The provider refuses it for a moment, and somebody calls.
do_benched() {
	made benched
	key_of_group "$GROUP" "$WORK/user.secret"
	admin POST /api/v1/admin/accounts/bulk-update "{\"account_ids\":
		[$ACCOUNT],\"status\":\"error\",\"schedulable\":false}" \
		>/dev/null
	bring benched
	ends benched reactivated "$(json .matched_account_state)"
	like "$version, benched: was broken or off" \
		"$(json .matched_account_state)" '^(broken|disabled)$'
	same_account benched
	works benched
}

do_deleted() {
	made deleted
	admin DELETE "/api/v1/admin/accounts/$ACCOUNT" >/dev/null
	bring deleted
	ends deleted replaced broken
	is "$version, deleted: another account" \
		"$(json "(.account_id != \"$ACCOUNT\") and
			.provision_reused == false")" true
	is "$version, deleted: the only one" "$(of deleted length)" 1
	works deleted
}

do_emptied() {
	made emptied
	admin POST /api/v1/admin/accounts/bulk-update \
		"{\"account_ids\":[$ACCOUNT],\"group_ids\":[]}" >/dev/null
	bring emptied
	ends emptied reactivated deprecated
	same_account emptied
	is "$version, emptied: back in its group" "$(account .group_ids)" \
		"[$GROUP]"
	works emptied
}

do_group_deleted() {
	made group_deleted
	admin DELETE "/api/v1/admin/groups/$GROUP" >/dev/null
	bring group_deleted
	ends group_deleted reactivated deprecated
	same_account group_deleted
	is "$version, group_deleted: in a new group" \
		"$(account .group_ids)" "[$(json .group_id)]"
	works group_deleted
}

# Only where the host shows keys can it be seen before the proof.
do_key_replaced() {
	made key_replaced
	credentials '. + {api_key: "bad-key-of-somebody-else"}'
	bring key_replaced
	if [ "$version" != 0.1.126 ]; then
		is "$version, key_replaced: named" \
			"$(words '.access_status, .failure_class')" \
			"broken key_replaced"
		return
	fi
	ends key_replaced replaced broken
	is "$version, key_replaced: the old one is let go of" \
		"$(account '.group_ids // []')" '[]'
	is "$version, key_replaced: and said so" "$(noted retired)" true
	works key_replaced
}

# is_ours: whether CRM has the account among its own.
is_ours() {
	api GET "/api/accounts?host_id=$HOST_ID&limit=200"
	json "[.accounts[] | select(.account_id == \"$ACCOUNT\")] | length"
}

# One that takes its place and cannot be made leaves it as it was, and ours.
do_kind_changed() {
	made kind_changed
	admin PUT "/api/v1/admin/accounts/$ACCOUNT" '{"type":"upstream"}' \
		>/dev/null
	bring kind_changed '{"account_proxy":"99999999"}'
	is "$version, kind_changed: no other can be made" \
		"$(words '.access_status, .failure_class')" \
		"broken account_proxy_unknown"
	is "$version, kind_changed: it is the only one" \
		"$(of kind_changed length)" 1
	is "$version, kind_changed: in its group" "$(account .group_ids)" \
		"[$GROUP]"
	is "$version, kind_changed: and ours" "$(is_ours)" 1
	bring kind_changed
	ends kind_changed replaced broken
	is "$version, kind_changed: then it is let go of" "$(is_ours)" 0
	works kind_changed
}

do_base_changed() {
	made base_changed
	admin POST /api/v1/admin/accounts/bulk-update "{\"account_ids\":
		[$ACCOUNT],\"credentials\":{\"base_url\":
		\"http://127.0.0.1:9/v1\"}}" >/dev/null
	bring base_changed
	ends base_changed reactivated broken
	same_account base_changed
	works base_changed
}

# Two runs bring the same key at once.
do_twins() {
	jq -n --arg url "$PROVIDER_URL/as/chat-only-403/$tag-twins/v1" \
		--rawfile key "$PROVIDER_KEY" --arg host "$HOST_ID" \
		'{host_id: $host, access_mode: "subscription",
		  subscription_users: ["default"],
		  items: [{base_url: $url, api_key: ($key | rtrimstr("\n")),
			   requested_models: ["mock-a"]}]}' >"$WORK/twin"
	twins=
	for _ in 1 2; do
		api POST /api/batch-import/runs "$(cat "$WORK/twin")"
		twins="$twins $(json .run_id)"
	done
	rm -f "$WORK/twin"
	: >"$WORK/twins"
	for run in $twins; do
		run_is_over() {
			api GET "/api/batch-import/runs/$run"
			[ "$(json .state)" != running ]
		}
		wait_for run_is_over 60
		api GET "/api/batch-import/runs/$run/items"
		json '.items[0] | "\(.account_resolution) \(.access_status)"' \
			>>"$WORK/twins"
	done
	is "$version, twins: one makes it, the other uses it" \
		"$(sort "$WORK/twins" | tr '\n' ' ')" \
		"created active reused active "
	is "$version, twins: one account" "$(of twins length)" 1
}

# by_hand NAME KEY [MEMBERS]: somebody makes an account.  Sets ACCOUNT.
by_hand() {
	ACCOUNT=$(admin POST /api/v1/admin/accounts "$(jq -cn \
		--arg name "by hand $1 $tag" --arg key "$2" \
		--arg url "$PROVIDER_URL/as/chat-only-403/$tag-$1" \
		--argjson more "${3:-{\}}" '{name: $name, platform: "openai",
		type: "apikey", notes: "mine", concurrency: 3, priority: 40,
		credentials: {base_url: $url, api_key: $key,
			model_mapping: {"their-name": "mock-b"}}} + $more')" |
		jq -r .data.id)
	flag_is_there() {
		[ "$(account '.extra.openai_responses_supported != null')" = \
			true ]
	}
	wait_for flag_is_there 10 || :
}

own_group() {
	admin POST /api/v1/admin/groups "{\"name\":\"by hand $1 $tag\",
		\"platform\":\"openai\",\"rate_multiplier\":1,
		\"is_exclusive\":true,\"subscription_type\":\"standard\"}" |
		jq -r .data.id
}

# What a person would see of it.
seen='{name, notes, status, schedulable, group_ids: (.group_ids // [] | sort),
	mapping: .credentials.model_mapping, base: .credentials.base_url,
	extra: (.extra // {}), concurrency, priority}'

do_foreign() {
	by_hand foreign "$(cat "$PROVIDER_KEY")"
	before=$(account "$seen")
	bring foreign
	ends foreign created none
	case $version in
	0.1.126) same=yes ;;
	*) same=unknown ;;
	esac
	is "$version, foreign: shown" \
		"$(json '.foreign_accounts | map({id, name, same_key}) |
			tostring')" \
		"[{\"id\":\"$ACCOUNT\",\"name\":\"by hand foreign $tag\",\"same_key\":\"$same\"}]"
	is "$version, foreign: with a warning" \
		"$(json '[.warnings[].code] | index("foreign_account") != null')" \
		true
	is "$version, foreign: and left alone" "$(account "$seen")" "$before"
	bring foreign
	ends foreign reused active
}

do_adopted() {
	theirs=$(own_group adopted)
	by_hand adopted "$(cat "$PROVIDER_KEY")" "{\"group_ids\":[$theirs]}"
	bring adopted "{\"adopt_account_id\":\"$ACCOUNT\"}"
	ends adopted reused active
	same_account adopted
	is "$version, adopted: in its own group and in ours" \
		"$(account '.group_ids | sort')" \
		"$(printf '%s\n%s\n' "$theirs" "$(json .group_id)" |
			jq -cs sort)"
	like "$version, adopted: the name stays, and carries a mark" \
		"$(account .name)" "^\"by hand adopted $tag crm-"
	like "$version, adopted: notes stay" "$(account .notes)" '^"mine'
	is "$version, adopted: its mapping is widened" \
		"$(account '.credentials.model_mapping')" \
		'{"mock-a":"mock-a","their-name":"mock-b"}'
	is "$version, adopted: an event" "$(noted adopted)" true
	works adopted
	# It is ours now, and a second adoption is no other.
	bring adopted "{\"adopt_account_id\":\"$ACCOUNT\"}"
	ends adopted reused active
	# Beside one that is proven: alone first.
	new_key "later-$version"
	by_hand adopted "$(cat "$SITE/etc/later-$version.key")" \
		"{\"group_ids\":[$theirs]}"
	bring adopted "{\"adopt_account_id\":\"$ACCOUNT\"}" \
		"$SITE/etc/later-$version.key"
	ends adopted reused active
	is "$version, adopted later: in its own group and in ours" \
		"$(account '.group_ids | sort')" \
		"$(printf '%s\n%s\n' "$theirs" "$(json .group_id)" |
			jq -cs sort)"
	works adopted
}

# The host does not show that it has another key; the proof does.
do_adopt_undone() {
	theirs=$(own_group adopt_undone)
	by_hand adopt_undone bad-key-of-somebody-else \
		"{\"group_ids\":[$theirs]}"
	before=$(account "$seen")
	bring adopt_undone "{\"adopt_account_id\":\"$ACCOUNT\"}"
	is "$version, adopt_undone: fails" "$(json .access_status)" broken
	is "$version, adopt_undone: as it was" "$(account "$seen")" "$before"
	is "$version, adopt_undone: no group of ours stays" \
		"$(admin GET '/api/v1/admin/groups?page_size=1000' |
			jq --arg key "$tag-adopt-undone" '[.data.items[].name |
			select(contains($key))] | length')" 0
	# Without it the key is imported as any other.
	bring adopt_undone
	ends adopt_undone created none
}

do_adopt_refused() {
	by_hand adopt_elsewhere "$(cat "$PROVIDER_KEY")"
	before=$(account "$seen")
	bring adopt_refused "{\"adopt_account_id\":\"$ACCOUNT\"}"
	is "$version, adopt_refused: named" \
		"$(words '.access_status, .failure_class')" \
		"broken adopt_refused"
	like "$version, adopt_refused: says why" "$(json .failure_detail)" \
		'another base URL'
	is "$version, adopt_refused: untouched" "$(account "$seen")" "$before"
	bring adopt_refused '{"adopt_account_id":"99999999"}'
	like "$version, adopt_refused: nobody there" \
		"$(json .failure_detail)" 'no such account'
}

do_proxy_unknown() {
	bring proxy_unknown '{"account_proxy":"99999999"}'
	is "$version, proxy_unknown: named" \
		"$(words '.access_status, .failure_class')" \
		"broken account_proxy_unknown"
	is "$version, proxy_unknown: nothing stays" \
		"$(of proxy_unknown length)" 0
}

# A key too short to be shown by a fingerprint is known all the same.
do_short_key() {
	key=$SITE/etc/short-$version.key
	(umask 077 && echo "good-$(random_text 8)" >"$key")
	bring short_key '{}' "$key"
	ends short_key created none
	ACCOUNT=$(json .account_id)
	is "$version, short_key: shown by nothing" \
		"$(json .api_key_fingerprint)" null
	bring short_key '{}' "$key"
	ends short_key reused active
	same_account short_key
}

# What this test made, on a host that others use, too.
clean_up() {
	inst=$(db "SELECT inst FROM installation")
	admin GET '/api/v1/admin/accounts?page_size=1000' | jq -r --arg tag \
		"/$tag-" '.data.items[] | select(.credentials.base_url |
		contains($tag)) | .id' | while read -r id; do
		admin DELETE "/api/v1/admin/accounts/$id" >/dev/null
	done
	admin GET "/api/v1/admin/users?page_size=1000&search=$inst" |
		jq -r '.data.items[].id' | while read -r id; do
		admin DELETE "/api/v1/admin/users/$id" >/dev/null
	done
	admin GET '/api/v1/admin/groups?page_size=1000' | jq -r --arg inst \
		"crm-$inst-" --arg tag "$tag" '.data.items[] |
		select((.name | contains($inst)) or (.name | contains($tag))) |
		.id' | while read -r id; do
		admin DELETE "/api/v1/admin/groups/$id" >/dev/null
	done
}

on_a_host() {
	for part in $(printf '%s\n' $parts | grep -E "${PARTS:-.}"); do
		"do_$part"
	done
	[ -z "${REAL_HOSTS:-}" ] || clean_up
}

new_site
start_providersim chat-only-403
start_hosts
new_key reuse
PROVIDER_KEY=$SITE/etc/reuse.key
start_schedd && start_pool 4 && start_nginx ||
	bail_out "the stack does not start"
each_host_at_once on_a_host

no_secret_leaks
done_testing
