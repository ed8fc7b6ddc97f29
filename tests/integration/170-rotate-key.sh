#!/bin/sh
# Another key for an account while users are served: nothing fails meanwhile;
# what fails is taken back; late, when the old key is revoked already; also
# when crm-schedd is killed in the middle.  REAL_HOSTS may name real hosts: see
# hosts.sh.
. tests/integration/lib.sh
. tests/integration/hosts.sh

SITE_SETTINGS="$quick_settings"
CLIENTS=8

# import_with KEY_FILE: into the endpoint of $place; sets RUN and ITEM.
import_with() {
	jq -n --arg url "$PROVIDER_URL/as/chat-only-403/$tag-$place/v1" \
		--rawfile key "$1" '[{base_url: $url,
		 api_key: ($key | rtrimstr("\n")),
		 requested_models: ["mock-a"]}]' >"$WORK/items"
	ctl -o json run create --wait --timeout 120 --host "$HOST_ID" \
		-f "$WORK/items"
	RUN=$(json_of "$OUT" .run_id)
	api GET "/api/batch-import/runs/$RUN/items"
	ITEM=$(json '.items[0].item_id')
	is "$where: imported" "$(json '.items[0].access_status')" active
}

# one_import NAME: an endpoint of its own; sets besides ENDPOINT, ACCOUNT,
# GROUP, RESOURCE and OLD, the file with its key.
one_import() {
	place=$1
	where="$version, $place"
	OLD=$(key_for old)
	import_with "$OLD"
	ENDPOINT=$(json '.items[0].endpoint_key')
	ACCOUNT=$(json '.items[0].account_id')
	GROUP=$(json '.items[0].group_id')
	access_of "$ENDPOINT"
	key_of_group "$GROUP" "$WORK/user.secret" ||
		fail "$where: a user has a key"
	api GET "/api/accounts?host_id=$HOST_ID&provider_id=$ENDPOINT"
	RESOURCE=$(json '.accounts[0].resource_id')
	# "crm-abc123-" of a mark.
	INSTALLATION=$(json '.accounts[0].mark | sub("[^-]*$"; "")')
}

# key_for WORD [TEXT]: the file of a key of $place on this host.
key_for() {
	file=$1-$place-$host_number.key
	secret_file "$file" "good-${2:-}$(random_text 32)"
	echo "$SITE/etc/$file"
}

provider_control() {
	printf '%s' "$1" >"$WORK/wish"
	ask -X POST --data-binary "@$WORK/wish" "$PROVIDER_URL/__sim/control"
	rm -f "$WORK/wish"
	rm -f "$SITE/log/control"
}

# revoke KEY_FILE: from now on the provider does not know it.
revoke() {
	provider_control "$(jq -cn --rawfile key "$1" \
		--arg at "chat-only-403/$tag-$place" \
		'{do: "revoke-key", as: $at, key: ($key | rtrimstr("\n"))}')"
}

account() {
	admin GET "/api/v1/admin/accounts/$ACCOUNT" | jq -c ".data | $1"
}

change_is() {
	api GET "/api/account-changes/$CHANGE"
	[ "$(json .state)" = "$1" ]
}

change_is_over() {
	api GET "/api/account-changes/$CHANGE"
	[ "$(json .state)" != running ]
}

# body KEY_FILE [MEMBERS]
body() {
	jq -cn --rawfile key "$1" "{api_key: (\$key | rtrimstr(\"\\n\"))
		${2:-}}"
}

# rotate KEY_FILE [MEMBERS]: ends, or is refused; BODY is the change, STATUS
# the first.
rotate() {
	api POST "/api/accounts/$RESOURCE/rotate-key" \
		"$(body "$1" ", apply: true${2:-}")" -H 'Prefer: wait=20'
	CHANGE=$(json '.change_id // empty')
	[ "$STATUS" != 202 ] || {
		wait_for change_is_over 90
		STATUS=200
	}
}

# A client: asks again and again, as a stream and not, until told to stop.
client() {
	stream=
	while [ ! -e "$WORK/stop" ]; do
		printf '{"model":"mock-a","messages":[{"role":"user",
			"content":"hello"}]%s}' "$stream" >"$WORK/ask-$1"
		curl -s --max-time 60 -o "$WORK/told-$1" -w '%{http_code}\n' \
			-H "@$WORK/client.head" \
			-H 'Content-Type: application/json' \
			--data-binary "@$WORK/ask-$1" \
			"$HOST_URL/v1/chat/completions" >>"$WORK/status-$1"
		if [ -n "$stream" ] && ! grep -q '\[DONE\]' "$WORK/told-$1"; then
			echo cut >>"$WORK/status-$1"
		fi
		[ -z "$stream" ] && stream=',"stream":true' || stream=
	done
}

begin_load() {
	rm -f "$WORK/stop" "$WORK"/status-*
	(umask 077 && sed 's/^/Authorization: Bearer /' "$WORK/user.secret" \
		>"$WORK/client.head")
	clients=
	for i in $(seq "$CLIENTS"); do
		client "$i" &
		clients="$clients $!"
	done
	wait_for 'grep -q . "$WORK/status-1" 2>/dev/null'
}

# end_load: ASKED is how many questions there were, FAILED what was not 200.
end_load() {
	touch "$WORK/stop"
	# shellcheck disable=SC2086 # a list
	wait $clients
	ASKED=$(cat "$WORK"/status-* | wc -l)
	FAILED=$(cat "$WORK"/status-* | grep -v '^200$' | sort | uniq -c |
		tr -s ' \n' ' ')
	rm -f "$WORK"/status-* "$WORK"/ask-* "$WORK"/told-* \
		"$WORK/client.head"
}

old_key_is_free() {
	api GET "/api/notices?host_id=$HOST_ID"
	[ "$(json "[.notices[] | select(.kind == \"old_key_free\" and
		.subject == \"$CHANGE\")] | length")" = 1 ]
}

more_is_asked() {
	[ "$(cat "$WORK"/status-* | wc -l)" -gt "$1" ]
}

nothing_fails_under_load() {
	one_import load
	new=$(key_for new)
	begin_load
	ctl account rotate-key "$RESOURCE" --key-file "$new"
	is "$where: a preview" "$RC" 0
	like "$where: of the keys" "$OUT" "$(tail -c 5 "$new")"
	ctl -o json account rotate-key "$RESOURCE" --key-file "$new" \
		--overlap 3 --apply --wait --timeout 90
	is "$where: applied" "$RC" 0
	CHANGE=$(json_of "$OUT" .change_id)
	like "$where: told on stderr" "$ERR" 'change chg_.*: (overlap|done)'
	ok "$where: the old key is declared free" wait_for old_key_is_free
	ok "$where: and the change has ended" change_is done
	api GET "/api/account-changes/$CHANGE"
	like "$where: which says since when" \
		"$(json .old_key_free_to_revoke_at)" '^20'
	# Whoever used the old one now would fail.
	revoke "$OLD"
	ok "$where: users go on" wait_for \
		"more_is_asked $(($(cat "$WORK"/status-* | wc -l) + 40))"
	end_load
	is "$where: of many requests none failed" "$FAILED" ""
	echo "# $where: $ASKED requests by $CLIENTS clients, none failed"
	is "$where: the account is well" "$(account .status)" '"active"'
	no_copies_stay
}

# copies: how many groups there are that are made to prove something.  Others
# may have some on this host, too.
copies() {
	held groups CRM%20proof | grep -cF "$INSTALLATION" || :
}

# What was made to prove the key is gone again.
no_copies_stay() {
	is "$where: the group has one account" "$(admin GET \
		"/api/v1/admin/accounts?group=$GROUP&page_size=50" |
		jq -c '.data.total')" 1
	is "$where: no proof group stays" "$(copies)" 0
}

# The account is found by its new key from now on, and not by the old one.
reuse_goes_by_the_new_key() {
	import_with "$new"
	api GET "/api/batch-import/runs/$RUN/items/$ITEM"
	is "$where: the new key again" \
		"$(json '"\(.account_resolution) \(.account_id)"')" \
		"reused $ACCOUNT"
	api GET "/api/accounts/$RESOURCE"
	is "$where: the account shows it" "$(json .api_key_last4)" \
		"$(tail -c 5 "$new")"
	is "$where: two imports rest on it" "$(json .uses)" 2
	api POST "/api/accounts/$RESOURCE/rotate-key" "$(body "$new")"
	is "$where: not the same key" "$STATUS $(json .code)" "409 same_key"
}

keys_in_use_are_refused() {
	RESOURCE_1=$RESOURCE
	other=$(key_for other)
	import_with "$other"
	RESOURCE=$RESOURCE_1
	api POST "/api/accounts/$RESOURCE/rotate-key" "$(body "$other")"
	is "$where: not another account's key" "$STATUS $(json .code)" \
		"409 key_in_use"
	api POST "/api/accounts/$RESOURCE/rotate-key" '{"api_key":"short"}'
	is "$where: not one that is too short" \
		"$STATUS $(json .problems[0].field)" "422 api_key"
}

serves() {
	chat "$WORK/user.secret"
	[ "$STATUS" = 200 ]
}

failures_go_back() {
	one_import bad
	bad=$(key_for bad)
	revoke "$bad"
	rotate "$bad" ', overlap_s: 2'
	is "$where: refused by the provider" \
		"$STATUS $(json '"\(.state) \(.failure_class)"')" \
		"200 failed key_invalid"
	ok "$where: users are served" serves
	# Good for the direct question, and no more.
	brief=$(key_for brief for-1-)
	rotate "$brief" ', overlap_s: 2'
	is "$where: refused through the host" "$STATUS $(json .state)" \
		"200 failed"
	like "$where: and why" "$(json .failure_class)" \
		'upstream_auth|account_error|no_account|upstream_failed'
	ok "$where: users are served again" serves
	no_copies_stay
	is "$where: the account is well" "$(account .status)" '"active"'
	# Good until the account has it.
	later=$(key_for later for-3-)
	rotate "$later" ', overlap_s: 2'
	is "$where: refused when it was set" "$STATUS $(json .state)" \
		"200 failed"
	ok "$where: users are served with the old one" wait_for serves
	is "$where: in service" "$(account '"\(.status) \(.schedulable)"')" \
		'"active true"'
	import_with "$OLD"
	api GET "/api/batch-import/runs/$RUN/items/$ITEM"
	is "$where: the account is still the old key's" \
		"$(json '"\(.account_resolution) \(.account_id)"')" \
		"reused $ACCOUNT"
	no_copies_stay
}

nobody_is_served() {
	! serves
}

late_is_mended() {
	one_import late
	revoke "$OLD"
	ok "$where: nobody is served" wait_for nobody_is_served
	new=$(key_for new)
	rotate "$new" ', overlap_s: 2, old_key_revoked: true'
	is "$where: done" "$STATUS $(json .failure_class)" "200 null"
	like "$where: and why" "$(json .state)" 'overlap|done'
	ok "$where: users are served" serves
	is "$where: in service" "$(account '"\(.status) \(.schedulable)"')" \
		'"active true"'
}

on_a_host() {
	nothing_fails_under_load
	reuse_goes_by_the_new_key
	keys_in_use_are_refused
	failures_go_back
	late_is_mended
}

kill_schedd() {
	kill -KILL "$(pid_of crm-schedd)"
	wait "$(pid_of crm-schedd)" 2>/dev/null || :
	rm -f "$SITE/run/crm-schedd.pid"
	start_schedd || fail "$version: crm-schedd starts again"
}

# The new key is being proven; or we missed that.
copy_is_there() {
	[ "$(copies)" -gt 0 ] || change_is_over
}

crashes_are_harmless() {
	one_import killed
	new=$(key_for new)
	begin_load
	api POST "/api/accounts/$RESOURCE/rotate-key" \
		"$(body "$new" ', apply: true, overlap_s: 2')" \
		-H 'Prefer: respond-async'
	CHANGE=$(json .change_id)
	is "$where: begun" "$STATUS" 202
	# Unless it was so quick that it has ended.
	api POST "/api/accounts/$RESOURCE/rotate-key" \
		"$(body "$new" ', apply: true')"
	like "$where: one at a time" "$STATUS $(json .code)" \
		'409 (change_in_progress|same_key)'
	kill_schedd
	wait_for copy_is_there
	kill_schedd
	sleep_a_little
	kill_schedd
	ok "$where: it ends" wait_for change_is_over 90
	kill_schedd
	ok "$where: well" wait_for 'change_is done' 90
	revoke "$OLD"
	wait_for "more_is_asked $(($(cat "$WORK"/status-* | wc -l) + 24))"
	end_load
	is "$where: of many requests none failed" "$FAILED" ""
	reuse_goes_by_the_new_key
	no_copies_stay
}

# Somewhere in the middle: when a few more have been asked.
sleep_a_little() {
	wait_for "more_is_asked $(($(cat "$WORK"/status-* | wc -l) + 8))"
}

new_site
start_providersim chat-only-403 --delay-ms 200
start_hosts
start_schedd && start_pool 4 && start_nginx ||
	bail_out "the stack does not start"
each_host_at_once on_a_host
each_host crashes_are_harmless

no_secret_leaks
done_testing
