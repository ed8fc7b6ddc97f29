# What a preview says, against what the import then does, resource by resource.
# Sourced after lib.sh.
#
# shellcheck shell=sh

# The plan, and what is there after it, as lines that can be compared: what is
# made for a proof and removed after it is not there any more.
planned() {
	json '.plans[].resources[] | select(.action != "create_and_remove") |
		"\(.resource_type) \(.lookup)"' | sort
}

# to_be ACTION: those that the plan has for it.
to_be() {
	json ".plans[].resources[] | select(.action == \"$1\") |
		\"\\(.resource_type) \\(.lookup)\"" | sort
}

made() {
	db "SELECT DISTINCT r.resource_type || ' ' || r.lookup
		FROM managed_resources r JOIN resource_uses u
		ON u.resource_id = r.resource_id
		JOIN import_run_items i ON i.item_id = u.item_id
		WHERE i.run_id = '$1' AND r.state = 'present'
		AND r.resource_type <> 'user_token'" | sort
}

# newly RUN_ID: those of them that were not there when the preview was made.
newly() {
	made "$1" | while IFS= read -r line; do
		grep -qxF "$line" "$WORK/before" || echo "$line"
	done
}

passing() {
	db "SELECT DISTINCT r.resource_type || ' ' || r.lookup
		FROM managed_resources r JOIN resource_uses u
		ON u.resource_id = r.resource_id
		JOIN import_run_items i ON i.item_id = u.item_id
		WHERE i.run_id = '$1' AND r.state = 'gone'" | sort
}

all_present() {
	db "SELECT resource_type || ' ' || lookup FROM managed_resources
		WHERE host_id = '$HOST_ID' AND state = 'present'" | sort
}

# preview WHAT WORD...: BODY is what `crmctl WORD...` says beforehand.
preview() {
	what=$1
	shift
	all_present >"$WORK/before"
	asked_before=$(requests_seen)
	ctl -o json "$@"
	is "$what: the preview is answered" "$RC" 0
	is "$what: and nobody was asked anything" "$(requests_seen)" \
		"$asked_before"
	PREVIEW=$OUT
	BODY=$OUT
	planned >"$WORK/planned"
	creates=$(to_be create)
	passes=$(to_be create_and_remove)
	actions=$(json '[.plans[].resources[] |
		select(.resource_type == "account").action] | join(" ")')
}

# that_happened WHAT RUN_ID: compares.
that_happened() {
	is "$1: it rests on what was planned, and on nothing else" \
		"$(made "$2")" "$(cat "$WORK/planned")"
	is "$1: what was to be made was made, the rest was there" \
		"$(newly "$2")" "$creates"
	is "$1: what is made for a proof is gone" "$(passing "$2")" "$passes"
}

# preview_is_what_happens PROVIDER WHAT OPTION...: previews, imports, compares.
# $ready is how the access is then.
preview_is_what_happens() {
	provider=$1
	what=$2
	shift 2
	preview "$what" provider preview "$provider" --host "$HOST_ID" "$@"
	ctl -o json provider import "$provider" --host "$HOST_ID" --wait \
		--timeout 120 "$@"
	is "$what: the import ends well" "$RC" 0
	BATCH=$OUT
	BODY=$OUT
	RUN_ID=$(json .batch_id)
	is "$what: as a batch, a provider and an access" \
		"$(json '"\(.batch_status) \(.provider_status)
		\(.access_status)" | gsub("\\s+"; " ")')" \
		"succeeded active $ready"
	that_happened "$what" "$RUN_ID"
}

# The same of an import by URL: run_preview_is_what_happens WHAT OPTION...
run_preview_is_what_happens() {
	what=$1
	shift
	preview "$what" run preview --host "$HOST_ID" "$@"
	ctl -o json run create --host "$HOST_ID" --wait --timeout 120 "$@"
	is "$what: the import ends well" "$RC" 0
	BODY=$OUT
	RUN_ID=$(json .run_id)
	that_happened "$what" "$RUN_ID"
}

# How many requests hosts and provider have seen, and how much there is to do.
requests_seen() {
	[ -n "${REAL_HOSTS:-}" ] || cat "$SITE"/log/*.requests | wc -l
	db 'SELECT count(*) FROM tasks'
}
