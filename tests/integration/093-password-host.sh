#!/bin/sh
# A host that is known by an administrator's e-mail and password: CRM gets a
# session by itself, renews it before its end, and when the host forgot it.
# On the three versions.
. tests/integration/lib.sh
. tests/integration/hosts.sh

SITE_SETTINGS="$quick_settings
watch = { every_s = 0; };"

logins() {
	grep -c '"path":"/api/v1/auth/login"' "$SITE/log/hostsim.requests" || :
}

control() {
	curl -s --max-time 20 -o /dev/null --data-binary "$1" \
		"$HOST_URL/__sim/control"
}

# start_host OPTION...
start_host() {
	rm -f "$SITE/log/hostsim.requests"
	HOSTSIM_OPTIONS="--admin-email boss@host.test
		--admin-password-file $SITE/etc/password.key $*"
	# shellcheck disable=SC2086 # several options
	start_hostsim "$version" --poll-ms 1000 $HOSTSIM_OPTIONS ||
		bail_out "no host"
}

# add_by_password FILE
add_by_password() {
	ctl -o json host add --base-url "$HOST_URL" --auth-type password \
		--admin-email boss@host.test --token-file "$1"
	HOST_ID=$(json_of "$OUT" .host_id)
	BODY=$OUT
}

import_is_active() {
	new_key "$2"
	import "$SITE/etc/$2.key" --model mock-a
	is "$1" "$RC $(json '"\(.access_status) \(.failure_class)"')" \
		"0 active null"
}

# How often the administrator logged in, those of managed users left out.
sessions() {
	db "SELECT count(*) FROM hosts WHERE session_secret_id IS NOT NULL
		AND session_expires_at > 0 AND host_id = '$HOST_ID'"
}

one_version() {
	start_host
	before=$(logins)
	add_by_password "$SITE/etc/password.key"
	is "$version: ready" "$(json '"\(.state) \(.version)"')" \
		"ready $version"
	is "$version: it shows whose password, and no more" "$(json '
		.admin_email == "boss@host.test" and .session_expires_at != null
		and (has("auth_token") | not)')" true
	is "$version: one login" "$(($(logins) - before))" 1
	is "$version: one session is kept" "$(sessions)" 1
	is "$version: what the mode says of users" "$(json .run_mode)" \
		standard

	before=$(logins)
	import_is_active "$version: an import" "first-$version"
	is "$version: with the session that was there, and a user's login" \
		"$(($(logins) - before))" 1

	# The host forgets all sessions.
	before=$(logins)
	control '{"do":"revoke-tokens"}'
	import_is_active "$version: sessions were revoked" "second-$version"
	is "$version: one login of the administrator, one of the user" \
		"$(($(logins) - before <= 2))" 1

	# In the middle of an import: the fifth admin call gets 401.
	before=$(logins)
	faults "$HOST_URL" '[{"kind":"status","status":401,"skip":4,
		"count":1,"path":"/api/v1/admin/","body":
		"{\"code\":\"TOKEN_REVOKED\",\"message\":\"revoked\"}"}]'
	import_is_active "$version: revoked in the middle" "third-$version"
	faults "$HOST_URL" '[]'
	is "$version: that costs one login" "$(($(logins) - before <= 2))" 1

	# 401 whatever the session is: asked once more, and no more.
	before=$(logins)
	faults "$HOST_URL" '[{"kind":"status","status":401,
		"path":"/api/v1/admin/","body":
		"{\"code\":\"TOKEN_REVOKED\",\"message\":\"revoked\"}"}]'
	new_key "fourth-$version"
	import "$SITE/etc/fourth-$version.key" --model mock-a
	is "$version: always 401: broken, and named" \
		"$(json '"\(.access_status) \(.failure_class)"')" \
		"broken host_auth"
	is "$version: always 401: not a storm of logins" \
		"$(($(logins) - before <= 4))" 1
	faults "$HOST_URL" '[]'

	# Another password: the host says no; the right one mends it.
	(umask 077 && random_text 20 >"$SITE/etc/wrong.key")
	ctl -o json host set "$HOST_ID" --token-file "$SITE/etc/wrong.key"
	ctl host probe "$HOST_ID"
	is "$version: a wrong password: not ready" "$RC" 1
	like "$version: a wrong password: said" "$ERR" 'unauthorized'
	ctl -o json host set "$HOST_ID" --token-file "$SITE/etc/password.key"
	is "$version: the right one" "$RC $(printf '%s' "$OUT" |
		jq -r .state)" "0 ready"
	import_is_active "$version: an import again" "fifth-$version"
	ctl host delete "$HOST_ID"
	stop hostsim
}

# Sessions that last but seconds are renewed before they end: no 401 is seen.
short_sessions() {
	start_host --token-ms 4000
	add_by_password "$SITE/etc/password.key"
	is "short sessions: ready" "$(json .state)" ready
	import_is_active "short sessions: an import" short
	refused() {
		grep '"path":"/api/v1/admin/' "$SITE/log/hostsim.requests" |
			grep -c '"status":401' || :
	}
	sleep 4.2
	import_is_active "short sessions: and one later" shorter
	is "short sessions: none was used after its end" "$(refused)" 0
	stop hostsim
}

new_site
start_providersim chat-only-403
secret_file password.key "$(random_text 20) and blanks"
start_schedd && start_pool 4 && start_nginx ||
	bail_out "the stack does not start"
for version in ${VERSIONS:-0.1.126 0.1.129 0.1.179}; do
	one_version
done
version=0.1.129
short_sessions
no_secret_leaks
done_testing
