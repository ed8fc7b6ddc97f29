# Target: one item from POST to proof, against the very exchanges that CRM made
# for it, said again one after another by one process on kept connections.
#
# cold: the managed user is made too.  warm: it is there, with its token.
#
# shellcheck shell=sh

PROOF_ROUNDS=${PROOF_ROUNDS:-5}

# What calls of a stock host take on a small machine, and password hashes.
PROOF_CALL_MS=5
PROOF_HASH_MS=60

# The installation names of all that was made on the host.
insts=

part_proof() {
	begin_site proof
	proof_peers
	proof_tap
	say "one item from POST to proof on $proof_where:" \
		"$PROOF_ROUNDS rounds; $(sync_ms) ms to sync 4 KB"
	record_imports
	rounds "$PROOF_ROUNDS" proof_round
	clean_host
	for case in $proof_cases; do
		bare=$(median <"$SITE/log/$case.bare")
		ours=$(median <"$SITE/log/$case.ours")
		report "POST to proof, $case" "$(fixed "$bare" 1)" \
			"$(fixed "$ours" 1)" ms "$(ratio "$ours" "$bare")" \
			1.5 above
	done
	end_site
}

# Where host and provider are: PROVIDER_ORIGIN is a URL without a path.
proof_peers() {
	proof_cases="cold warm"
	if [ -n "$real_host" ]; then
		HOST_URL=$real_host
		host_token=$real_token
		proof_where="a real host"
	else
		start_hostsim 0.1.129 --call-ms "$PROOF_CALL_MS" \
			--hash-ms "$PROOF_HASH_MS"
		host_token=$SITE/etc/host.key
		proof_where="a simulated host"
	fi
	if [ -n "$provider" ]; then
		PROVIDER_ORIGIN=$(expr "$provider" : '\(https*://[^/]*\)')
		# A second import would find the first one's group.
		proof_cases=cold
	else
		start_providersim chat-only-403
		PROVIDER_ORIGIN=$PROVIDER_URL
		provider_key=$SITE/etc/provider.key
	fi
	write_host_header
}

# The recorder, between CRM and both of them.
proof_tap() {
	start tap "$SITE/bin/bench_tap" "$SITE/var/record" "$SITE/run/tap" \
		"$HOST_URL" "$PROVIDER_ORIGIN"
	started tap 10 "[ -s '$SITE/run/tap' ]"
	read -r host_port provider_port <"$SITE/run/tap"
	TAP_HOST=http://127.0.0.1:$host_port
	TAP_PROVIDER=http://127.0.0.1:$provider_port
}

# A CRM that has never seen the host: the next import makes everything.
fresh_crm() {
	stop pool
	stop crm-schedd
	rm -f "$SITE"/var/crm.db*
	as_site crmctl db migrate --config "$SITE/etc/crm.conf" >/dev/null
	site_token admin admin
	site_give
	write_authorization
	start_schedd
	start_pool 4
	[ -n "${PREFIX_URL:-}" ] && is_running nginx || start_nginx
	inst=$(as_site sqlite3 "$SITE/var/crm.db" \
		'SELECT inst FROM installation')
	insts="$insts $inst"
	add_host bench "$1" "$host_token"
}

# A simulated provider serves any path, and each path is a provider of its own
# to CRM.  endpoint ORIGIN CASE
endpoint() {
	if [ -n "$provider" ]; then
		echo "$1${provider#"$PROVIDER_ORIGIN"}"
	else
		echo "$1/$2/v1"
	fi
}

# import URL: one item; prints the milliseconds from POST to proof.  The last
# of them stands for what both moments lack in precision.
import() {
	(
		umask 077
		jq -n --arg host "$HOST_ID" --arg url "$1" \
			--rawfile key "$provider_key" '{ host_id: $host, items:
			[{ base_url: $url, api_key: $key | rtrimstr("\n") }] }' \
			>"$SITE/etc/import.json"
	)
	api POST /api/batch-import/runs "$SITE/etc/import.json" \
		-H 'Prefer: wait=25' >"$SITE/log/run.json"
	[ "$(jq -r .state "$SITE/log/run.json")" = completed ] || not_proven
	jq -r 'def ms: .[:19] + "Z" | fromdate * 1000;
		def all: ms + (.[20:23] | tonumber);
		(.finished_at | all) - (.created_at | all) + 1' \
		"$SITE/log/run.json"
}

not_proven() {
	api GET "/api/batch-import/runs/$(jq -r .run_id \
		"$SITE/log/run.json")/items" | jq -r '.items[] |
		"the import came to nothing: \(.failure_class): " +
		"\(.failure_detail)"' >&2
	return 1
}

# What has been written down since the last time, into a file of its own.
take_record() {
	tail -n "+$((recorded + 1))" "$SITE/var/record" >"$SITE/var/$1.record"
	recorded=$(grep -c . "$SITE/var/record")
}

record_imports() {
	fresh_crm "$TAP_HOST"
	recorded=0
	take_record probe
	for case in $proof_cases; do
		import "$(endpoint "$TAP_PROVIDER" "$case")" >/dev/null
		take_record "$case"
		say "$case: $(grep -c . "$SITE/var/$case.record") exchanges"
	done
	recorded_inst=$inst
}

# The key that CRM drew for the user.
drawn_key() {
	jq -r '.body | fromjson? | .custom_key? // empty' "$1"
}

# The same words in the name of another installation, so that nothing that is
# made collides with what was made before.
prepare_replay() {
	inst=$(random_text 6)
	insts="$insts $inst"
	for case in $proof_cases; do
		user_key=$(drawn_key "$SITE/var/$case.record")
		sed -e "s/$recorded_inst/$inst/g" \
			-e "s|$TAP_PROVIDER|$PROVIDER_ORIGIN|g" \
			-e "s/$user_key/${user_key%??????}$inst/g" \
			-e "s/itm_[0-9a-z]*/&$inst/g" \
			"$SITE/var/$case.record" >"$SITE/var/$case.replay"
	done
}

proof_round() {
	fresh_crm "$HOST_URL"
	for case in $proof_cases; do
		import "$(endpoint "$PROVIDER_ORIGIN" "$case")" \
			>>"$SITE/log/$case.ours"
	done
	prepare_replay
	set -- "$HOST_URL" "$PROVIDER_ORIGIN"
	for case in $proof_cases; do
		set -- "$@" "$SITE/var/$case.replay"
	done
	"$SITE/bin/bench_replay" "$@" >"$SITE/log/replay"
	line=0
	for case in $proof_cases; do
		line=$((line + 1))
		awk -v line="$line" 'NR == line { print $1 / 1000 }' \
			"$SITE/log/replay" >>"$SITE/log/$case.bare"
	done
}

# The host's token for curl, in a file.
write_host_header() {
	case $(auth_type "$host_token") in
	bearer) name='Authorization: Bearer' ;;
	*) name='x-api-key:' ;;
	esac
	(
		umask 077
		echo "$name $(cat "$host_token")" >"$SITE/etc/host.header"
	)
}

host_call() {
	curl -sS --noproxy '*' -H "@$SITE/etc/host.header" -X "$1" \
		"$HOST_URL/api/v1/admin/$2"
}

# Remove what bears one of our names from a host that outlives us.
clean_host() {
	[ -n "$real_host" ] || return 0
	for inst in $insts; do
		for kind in accounts users groups; do
			host_call GET "$kind?search=$inst&page=1&page_size=100" |
				jq -r '.data.items[]?.id'  |
				while read -r id; do
				host_call DELETE "$kind/$id" >/dev/null
			done
		done
	done
	insts=
}
