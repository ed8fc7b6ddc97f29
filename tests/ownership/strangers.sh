# What other people do on a host, through the host's own API, by $seed.
# Sourced after host_view.sh.  $theirs lists what they made, as "accounts/12";
# $lent what of that CRM was given to work with.
#
# shellcheck shell=sh

# one_of LINE...: sets PICKED to one of the words, or to nothing.
one_of() {
	PICKED=
	[ $# -gt 0 ] || return 0
	random $#
	shift "$RANDOM_NUMBER"
	PICKED=$1
}

# ours TYPE: sets PICKED to the id of one thing that CRM made here, if any.
ours() {
	# shellcheck disable=SC2046 # several words
	one_of $(db "SELECT host_resource_id FROM managed_resources
		WHERE host_id = '$HOST_ID' AND resource_type = '$1' AND
		state = 'present' AND origin = 'created' AND
		host_resource_id IS NOT NULL AND coalesce(lookup, '') NOT LIKE
		'%proof%' ORDER BY resource_id")
}

# theirs THING: sets PICKED to one that people made and nobody lent.
of_theirs() {
	# shellcheck disable=SC2046 # several words
	one_of $(for word in $theirs; do
		case " $lent " in *" $word "*) continue ;; esac
		case $word in "$1"/*) echo "${word#*/}" ;; esac
	done)
}

# bulk ID MEMBERS: a change of an account as scripts make it.
bulk() {
	admin POST /api/v1/admin/accounts/bulk-update \
		"{\"account_ids\":[$1],$2}" >/dev/null
}

put() {
	admin PUT "/api/v1/admin/$1" "$2" >/dev/null
}

# edit_account ID
edit_account() {
	random 9
	did="$did edit$RANDOM_NUMBER"
	case $RANDOM_NUMBER in
	0) put "accounts/$1" "{\"name\":\"renamed $tag $1\"}" ;;
	1) bulk "$1" '"priority":7' ;;
	2) bulk "$1" '"group_ids":[]' ;;
	3) bulk "$1" '"schedulable":false' ;;
	4) bulk "$1" '"credentials":{"model_mapping":{"mock-a":"mock-a",
		"theirs":"mock-b"}}' ;;
	5) bulk "$1" '"credentials":{"model_mapping":{"mock-a":"mock-b"}}' ;;
	6) put "accounts/$1" '{"notes":"do not touch"}' ;;
	7) bulk "$1" '"status":"inactive"' ;;
	*) admin DELETE "/api/v1/admin/accounts/$1" >/dev/null ;;
	esac
}

# edit_other: a group, user or channel of ours.
edit_other() {
	random 9
	did="$did other$RANDOM_NUMBER"
	edit=$RANDOM_NUMBER
	case $edit in
	0 | 1 | 2) thing=groups ; ours group ;;
	3 | 4 | 5) thing=users ; ours user ;;
	6 | 7) thing=channels ; ours channel ;;
	*) thing=subscriptions ; ours subscription ;;
	esac
	[ -n "$PICKED" ] || return 0
	case $edit in
	0) put "groups/$PICKED" "{\"name\":\"renamed $tag $PICKED\"}" ;;
	1) put "groups/$PICKED" '{"daily_limit_usd":5}' ;;
	3) put "users/$PICKED" '{"notes":"robot","concurrency":9}' ;;
	4) put "users/$PICKED" '{"status":"disabled"}' ;;
	6) put "channels/$PICKED" "{\"name\":\"renamed $tag $PICKED\"}" ;;
	*) admin DELETE "/api/v1/admin/$thing/$PICKED" >/dev/null ;;
	esac
}

# name_like_ours TYPE LIST: sets NAME to nearly that of a thing of ours, that
# of another CRM, or neither.
name_like_ours() {
	serial=$((serial + 1))
	NAME="theirs $tag $place $serial"
	random 3
	case $RANDOM_NUMBER in
	0) NAME="relay $tag $serial crm-zzzzzz-0a1b2c3d" ;;
	1)
		ours "$1"
		[ -z "$PICKED" ] || NAME="$(admin GET \
			"/api/v1/admin/$2/$PICKED" |
			jq -r '.data.name // empty') copy $tag $serial"
		;;
	esac
}

# made THING JSON: MADE is its id.
made() {
	MADE=$(admin POST "/api/v1/admin/$1" "$2" | jq -r '.data.id // empty')
	[ -z "$MADE" ] || theirs="$theirs $1/$MADE"
}

make_group() {
	name_like_ours group groups
	random 2
	kind=standard
	[ "$RANDOM_NUMBER" = 0 ] || kind=subscription
	made groups "$(jq -cn --arg name "$NAME" --arg kind "$kind" '{name:
		$name, platform: "openai", rate_multiplier: 1,
		subscription_type: $kind}')"
}

# Of the same provider and, now and then, by one of our keys.
make_account() {
	name_like_ours account accounts
	of_theirs groups
	one_of_ours=theirs
	random 3
	[ "$RANDOM_NUMBER" -gt 0 ] || one_of_ours=one
	jq -cn --arg name "$NAME" --argjson group "[$PICKED]" \
		--arg url "$PROVIDER_URL/as/chat-only-403/$place-a/v1" \
		--rawfile key "$SITE/etc/$one_of_ours.key" '{name: $name, notes:
		$name, platform: "openai", type: "apikey", credentials: {
		base_url: $url, api_key: ($key | rtrimstr("\n")),
		model_mapping: {"mine": "mock-a"}}, group_ids: $group,
		concurrency: 3, priority: 9}' >"$WORK/theirs.secret"
	made accounts "$(cat "$WORK/theirs.secret")"
	[ -z "$MADE" ] || wait_for "account_is_settled $MADE" 15
}

# 0.1.126 looks at a new account by itself, and writes what it found.
account_is_settled() {
	[ "$version" != 0.1.126 ] || [ "$(admin GET \
		"/api/v1/admin/accounts/$1" | jq \
		'.data.extra | has("openai_responses_supported")')" = true ]
}

make_user() {
	serial=$((serial + 1))
	made users "$(jq -cn --arg email "$place-$serial@people.test" \
		--arg password "$(random_text 24)" '{email: $email, password:
		$password, balance: 1, concurrency: 2}')"
}

# Theirs meet ours: an account in our group, a subscription of it, a channel
# over it.
join_ours() {
	ours group
	group=$PICKED
	[ -n "$group" ] && ! admin GET "/api/v1/admin/groups/$group" |
		grep -q 'proof' || return 0
	random 3
	did="$did join$RANDOM_NUMBER"
	case $RANDOM_NUMBER in
	0)
		of_theirs accounts
		[ -z "$PICKED" ] || bulk "$PICKED" "\"group_ids\":[$group]"
		;;
	1)
		of_theirs users
		[ -n "$PICKED" ] || return 0
		made subscriptions/assign "{\"user_id\":$PICKED,
			\"group_id\":$group,\"validity_days\":30}"
		theirs=$(echo "$theirs" | sed 's|subscriptions/assign|subscriptions|')
		;;
	*)
		made channels "{\"name\":\"prices $tag $place $serial\",
			\"group_ids\":[$group]}"
		;;
	esac
}

make_something() {
	random 4
	did="$did make$RANDOM_NUMBER"
	case $RANDOM_NUMBER in
	0) make_group ;;
	1) make_user ;;
	*) make_account ;;
	esac
}

strangers_act() {
	random 10
	case $RANDOM_NUMBER in
	0 | 1 | 2)
		ours account
		[ -z "$PICKED" ] || edit_account "$PICKED"
		;;
	3 | 4 | 5) edit_other ;;
	6 | 7) join_ours ;;
	*) make_something ;;
	esac
}

# What they see of a thing of theirs, without what it is in.
own='del(.groups, .account_groups, .group, .user, .assigned_by_user)'

# see_theirs FILE: all of it, but for what they lent.
see_theirs() {
	for word in $theirs; do
		case " $lent " in *" $word "*) continue ;; esac
		echo "$word"
		admin GET "/api/v1/admin/$word" | jq -c ".data | $seen | $own"
		case $word in users/*) of_user "${word#*/}" ;; esac
	done >"$1"
}

# theirs_is_the_same AFTER: since it was last looked at.
theirs_is_the_same() {
	see_theirs "$WORK/theirs.now"
	cmp -s "$WORK/theirs.seen" "$WORK/theirs.now" && return 0
	touched="$touched after $1: $(diff "$WORK/theirs.seen" \
		"$WORK/theirs.now" | cut -c1-700)"
	cp "$WORK/theirs.now" "$WORK/theirs.seen"
}

# lend ACCOUNT: CRM may work with it, and is to give it back as it is now.
lend() {
	case " $lent " in *" accounts/$1 "*) return 0 ;; esac
	lent="$lent accounts/$1"
	see_theirs "$WORK/theirs.seen"
	see_lent "accounts/$1" >>"$WORK/lent"
}

# Which groups it is in, in any order.  A key that was rotated stays: the one
# before is not kept, and may have been revoked.
see_lent() {
	for word in "$@"; do
		echo "$word"
		admin GET "/api/v1/admin/$word" |
			jq -cS ".data | $seen | $own | .group_ids |= sort |
			del(.credentials.api_key)"
	done
}

# given_back: what differs from when it was lent.
given_back() {
	# shellcheck disable=SC2086 # several words
	see_lent $lent | diff "$WORK/lent" - | cut -c1-700
}

# Subscriptions and channels before what they are of.
strangers_leave() {
	for kind in subscriptions channels accounts users groups; do
		for word in $theirs; do
			case $word in
			"$kind"/*) admin DELETE "/api/v1/admin/$word" \
				>/dev/null ;;
			esac
		done
	done
}
