# Hosts for tests that run on simulated and on real ones alike, and what a
# person does there by hand.  Sourced after lib.sh.
#
#	REAL_HOSTS='http://127.0.0.1:8080=FILE_WITH_ADMIN_KEY ...'
#
# names real ones.  They must reach the loopback addresses of this machine,
# where the simulated providers are; what a test made is left on them, under
# endpoints that no other run shares.
#
# shellcheck shell=sh

# No two runs meet on a real host.
tag=$(random_text 8 | tr '[:upper:]' '[:lower:]')

# start_hosts [OPTION of hostsim]...: all that are asked for, in $WORK/pairs.
# VERSIONS may name fewer.
start_hosts() {
	if [ -n "${REAL_HOSTS:-}" ]; then
		for pair in $REAL_HOSTS; do
			echo "$pair"
		done >"$WORK/pairs"
		return
	fi
	secret_file host.key "admin-$(random_text 32)"
	: >"$WORK/pairs"
	for version in ${VERSIONS:-0.1.126 0.1.129 0.1.179}; do
		port_file=$SITE/run/hostsim-$version.port
		start "hostsim-$version" "$SITE/bin/hostsim" \
			--version "$version" --port 0 --poll-ms 1000 \
			--port-file "$port_file" \
			--admin-key-file "$SITE/etc/host.key" \
			--log "$SITE/log/hostsim-$version.requests" "$@"
		started "hostsim-$version" 10 "[ -s '$port_file' ]" ||
			bail_out "no host $version"
		echo "http://127.0.0.1:$(cat "$port_file")=$SITE/etc/host.key" \
			>>"$WORK/pairs"
	done
}

# the_host PAIR: sets HOST_URL, ADMIN_KEY, and HOST_ID and version as CRM knows
# it.
the_host() {
	HOST_URL=${1%%=*}
	ADMIN_KEY=$SITE/etc/host-$host_number.key
	[ -s "$ADMIN_KEY" ] || (umask 077 && cp "${1#*=}" "$ADMIN_KEY")
	ctl -o json host add --base-url "$HOST_URL" --auth-type api_key \
		--token-file "$ADMIN_KEY"
	if [ "$RC" -ne 0 ]; then
		# An earlier turn has added it.
		ctl -o json host list
		OUT=$(printf '%s' "$OUT" | jq --arg url "$HOST_URL" \
			'.[] | select(.base_url == $url)')
	fi
	HOST_ID=$(json_of "$OUT" .host_id)
	# Few replies are held back at once: the probe may still run.
	wait_for host_is_known
}

host_is_known() {
	api GET "/api/hosts/$HOST_ID"
	version=$(json '.version // empty')
	[ -n "$version" ]
}

# each_host COMMAND: one after the other.
each_host() {
	host_number=0
	while read -r pair <&3; do
		host_number=$((host_number + 1))
		the_host "$pair"
		"$@" </dev/null
	done 3<"$WORK/pairs"
}

# each_host_at_once COMMAND: each in a process and with a $WORK of its own.
each_host_at_once() {
	host_number=0
	children=
	while read -r pair <&3; do
		host_number=$((host_number + 1))
		mkdir -p "$WORK/at-$host_number"
		(
			WORK=$WORK/at-$host_number
			test_count=0
			the_host "$pair"
			"$@"
		) </dev/null >"$WORK/at-$host_number.tap" 2>&1 3<&- &
		children="$children $!"
	done 3<"$WORK/pairs"
	for child in $children; do
		wait "$child" || fail "what goes on at a host goes on to its end"
	done
	cat "$WORK"/at-*.tap >"$WORK/at.tap"
	cat "$WORK"/at-*/*.secret >>"$WORK/at.secret" 2>/dev/null
	while IFS= read -r line; do
		case $line in
		'ok '*) pass "${line#* - }" ;;
		'not ok '*) fail "${line#* - }" ;;
		*) echo "$line" ;;
		esac
	done <"$WORK/at.tap"
	rm -rf "$WORK"/at-*
}

# The host's own API: admin METHOD PATH [JSON].  Not by ask, as replies are
# searched for secrets and 0.1.126 shows keys.
admin() {
	tr -d '\n' <"$ADMIN_KEY" | sed 's/^/x-api-key: /' >"$WORK/admin.head"
	printf '%s' "${3:-}" >"$WORK/admin.body"
	if [ -n "${3:-}" ]; then
		curl -s --max-time 20 -X "$1" -H "@$WORK/admin.head" \
			-H 'Content-Type: application/json' \
			--data-binary "@$WORK/admin.body" "$HOST_URL$2"
	else
		curl -s --max-time 20 -X "$1" -H "@$WORK/admin.head" \
			"$HOST_URL$2"
	fi
	rm -f "$WORK/admin.head" "$WORK/admin.body"
}

# as_user METHOD PATH [JSON]: with the session in $WORK/session, if one is
# there.
as_user() {
	printf '%s' "${3:-}" >"$WORK/user.body"
	: >"$WORK/user.head"
	[ ! -s "$WORK/session" ] || sed 's/^/Authorization: Bearer /' \
		"$WORK/session" >"$WORK/user.head"
	if [ -n "${3:-}" ]; then
		curl -s --max-time 20 -X "$1" -H "@$WORK/user.head" \
			-H 'Content-Type: application/json' \
			--data-binary "@$WORK/user.body" "$HOST_URL$2"
	else
		curl -s --max-time 20 -X "$1" -H "@$WORK/user.head" \
			"$HOST_URL$2"
	fi
	rm -f "$WORK/user.body" "$WORK/user.head"
}

# log_in EMAIL PASSWORD: $WORK/session is then theirs; false if they may not.
log_in() {
	rm -f "$WORK/session"
	token=$(as_user POST /api/v1/auth/login "$(jq -cn --arg email "$1" \
		--arg password "$2" '{email: $email, password: $password}')" |
		jq -r '.data.access_token // empty')
	[ -n "$token" ] || return 1
	(umask 077 && echo "$token" >"$WORK/session")
	echo "$token" >>"$WORK/sessions.secret"
}

# new_user NAME: an ordinary user with some money, logged in.  USER_ID.
new_user() {
	password=$(random_text 24)
	echo "$password" >>"$WORK/passwords.secret"
	USER_ID=$(admin POST /api/v1/admin/users "$(jq -cn \
		--arg email "$1@people.test" --arg password "$password" \
		'{email: $email, password: $password, balance: 100,
		  concurrency: 50}')" | jq -r '.data.id // empty')
	log_in "$1@people.test" "$password"
}

# user_key NAME FILE: a key of who is logged in, without a group.
user_key() {
	as_user POST /api/v1/keys "{\"name\":\"$1\"}" |
		jq -r '.data.key // empty' >"$2"
	cat "$2" >>"$WORK/keys.secret"
	[ -s "$2" ]
}

# key_of_group GROUP_ID FILE: the key by which users of the group come in.
key_of_group() {
	admin GET "/api/v1/admin/groups/$1/api-keys" |
		jq -r '.data.items[0].key // empty' >"$2"
	cat "$2" >>"$WORK/keys.secret"
	[ -s "$2" ]
}

# gateway KEY_FILE PATH JSON: as a user's program does.  Sets STATUS, BODY.
gateway() {
	sed 's/^/Authorization: Bearer /' "$1" >"$WORK/user.head"
	printf '%s' "$3" >"$WORK/question"
	ask -H "@$WORK/user.head" -H 'Content-Type: application/json' \
		-H 'anthropic-version: 2023-06-01' \
		--data-binary "@$WORK/question" "$HOST_URL$2"
	rm -f "$WORK/user.head" "$WORK/question"
}

# chat KEY_FILE [JSON members]
chat() {
	gateway "$1" /v1/chat/completions "{\"model\":\"mock-a\",
		\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]${2:-}}"
}

# access_of ENDPOINT: sets ACCESS.
access_of() {
	api GET "/api/accesses?host_id=$HOST_ID&provider_id=$1"
	ACCESS=$(json '.accesses[0].access_id // empty')
}

# leave_nothing: takes all that this site made off a real host.
leave_nothing() {
	[ -n "${REAL_HOSTS:-}" ] || return 0
	inst=$(db "SELECT inst FROM installation")
	for kind in channels accounts users groups; do
		admin GET "/api/v1/admin/$kind?page_size=1000&search=$inst" |
			jq -r '.data.items[].id' | while read -r id; do
			admin DELETE "/api/v1/admin/$kind/$id" >/dev/null
		done
	done
}

no_run_is_running() {
	api GET '/api/batch-import/runs?state=running&limit=1'
	[ "$(json '.runs | length')" = 0 ]
}

# held THING WORDS: the names of what the host has with these words in them,
# one on a line.
held() {
	page=1
	while :; do
		admin GET "/api/v1/admin/$1?search=$2&page=$page&page_size=500" \
			>"$WORK/page"
		jq -r '.data.items[].name' "$WORK/page"
		[ "$page" -lt "$(jq '.data.pages // 1' "$WORK/page")" ] ||
			break
		page=$((page + 1))
	done
	rm -f "$WORK/page"
}

# account_put JSON: change the account of $ACCOUNT, as its page does.
account_put() {
	admin PUT "/api/v1/admin/accounts/$ACCOUNT" "$1" >/dev/null
}

# credentials FILTER: put its credentials with a change.  The key, which most
# hosts do not show, is that of $PROVIDER_KEY unless the change names another.
credentials() {
	admin GET "/api/v1/admin/accounts/$ACCOUNT" >"$WORK/account.secret"
	account_put "$(jq -c --rawfile key "$PROVIDER_KEY" \
		"{credentials: (.data.credentials +
		{api_key: (\$key | rtrimstr(\"\n\"))} | $1)}" \
		"$WORK/account.secret")"
}

# begin_check ACCESS_ID [MEMBERS]: sets CHECK; does not wait.
begin_check() {
	api POST /api/access-checks "{\"access_id\":\"$1\"${2:-}}" \
		-H 'Prefer: respond-async'
	CHECK=$(json '.check_id // empty')
}

# end_check CHECK_ID: waits; BODY is then the check.
end_check() {
	check_is_done() {
		api GET "/api/access-checks/$1"
		[ "$(json .state)" != running ]
	}
	wait_for "check_is_done '$1'" 60
}

# check ACCESS_ID: by crmctl; sets RC and BODY.
check() {
	ctl -o json access check "$1" --wait --timeout 60
	BODY=$OUT
}
