#!/bin/sh
# Accounts on a host that are not ours and look like provider imports: listed,
# looked at before they are taken over, taken over by an ordinary import; what
# another CRM made is left alone.  REAL_HOSTS may name real hosts: see hosts.sh.
. tests/integration/lib.sh
. tests/integration/hosts.sh
. tests/integration/host_view.sh

SITE_SETTINGS="$quick_settings"

# by_hand NAME KEY_FILE URL: an account that somebody makes; sets ACCOUNT.
by_hand() {
	admin POST /api/v1/admin/accounts "$(jq -n --arg name "$1" \
		--arg url "$3" --rawfile key "$2" '{name: $name,
		 platform: "openai", type: "apikey", concurrency: 3,
		 priority: 7, credentials: {api_key: ($key | rtrimstr("\n")),
		 base_url: $url, model_mapping: {"mock-a": "mock-a"}}}')" \
		>"$WORK/made.secret"
	ACCOUNT=$(jq -r '.data.id // empty' "$WORK/made.secret")
	[ -n "$ACCOUNT" ] || fail "$version: somebody makes an account"
	made="$made $ACCOUNT"
}

account() {
	admin GET "/api/v1/admin/accounts/$ACCOUNT" | jq -c ".data | $1"
}

look_is_over() {
	api GET "/api/hosts/$HOST_ID/foreign"
	[ "$(json .look.state)" != running ]
}

look() {
	api POST "/api/hosts/$HOST_ID/foreign/look" '' -H 'Prefer: wait=20'
	wait_for look_is_over 60
	all_foreign
}

# found ID FILTER: of the row in BODY.
found() {
	json "[.accounts[] | select(.account_id == $1)][0] | $2"
}

body() {
	jq -cn --rawfile key "$KEY" "{api_key: (\$key | rtrimstr(\"\\n\"))
		${1:-}}"
}

adopt() {
	api POST "/api/hosts/$HOST_ID/foreign/$ACCOUNT/adopt" "$(body "${1:-}")"
}

run_is_over() {
	api GET "/api/batch-import/runs/$RUN"
	[ "$(json .state)" != running ]
}

# is_taken HOW: the adoption that STATUS and BODY are of ends well.
is_taken() {
	is "$where: $1, it is taken over" "$STATUS" 202
	RUN=$(json .run_id)
	ok "$where: $1, the run ends" wait_for run_is_over 90
	api GET "/api/batch-import/runs/$RUN/items"
	is "$where: $1, it is ours and works" "$(json '.items[0] |
		"\(.access_status) \(.account_id)"')" "active $ACCOUNT"
}

# An ordinary import that names it refuses like the adoption; force takes it.
takes_anothers_by_force() {
	KEY=$OTHER_KEY
	ACCOUNT=$other_crm
	api POST /api/batch-import/runs "$(jq -cn --arg host "$HOST_ID" \
		--arg url "$url" --arg id "$ACCOUNT" --rawfile key "$KEY" \
		'{host_id: $host, items: [{base_url: $url, adopt_account_id:
		$id, api_key: ($key | rtrimstr("\n"))}]}')"
	RUN=$(json .run_id)
	ok "$where: an import that names another CRM's ends" \
		wait_for run_is_over 90
	api GET "/api/batch-import/runs/$RUN/items"
	is "$where: as refused" "$(json '.items[0].failure_class')" adopt_refused
	like "$where: and says how to take it" \
		"$(json '.items[0].failure_detail')" "another CRM.*adopt_force"
	is "$where: nothing was changed of it" "$(account .name)" \
		"\"x $tag crm-zzz999-abcd1234\""
	adopt ', apply: true, force: true'
	is_taken "by force"
}

# As if the database were from before it was made: nobody knows of it, and its
# mark says whose it is.
takes_back_what_has_no_record() {
	secret_file "lost-$host_number.key" "good-$(random_text 32)"
	KEY=$SITE/etc/lost-$host_number.key
	ours=$(account .name | sed 's/.* \(crm-[a-z0-9]*\)-.*/\1/')
	by_hand "lost $tag $ours-abcd1234" "$KEY" "$url"
	lost=$ACCOUNT
	look
	is "$where: ours without a record is seen" "$(found "$lost" .kind)" \
		unrecorded
	adopt
	like "$where: it would get a new mark for the old one" \
		"$(json '.changes[0].after')" "^lost $tag crm-[^ ]*\$"
	adopt ", apply: true, plan: \"$(json .plan)\""
	is_taken "without force"
	like "$where: its name has one mark, and a new one" \
		"$(account .name)" "^\"lost $tag $ours-[a-z0-9]*\"\$"
	case $(account .name) in
	*abcd1234*) fail "$where: the mark is new" ;;
	esac
	look
	is "$where: it is no longer listed" "$(found "$lost" .account_id)" null
}

on_a_host() {
	made=
	where="$version, others"
	secret_file "foreign-$host_number.key" "good-$(random_text 32)"
	KEY=$SITE/etc/foreign-$host_number.key
	url=$PROVIDER_URL/as/chat-only-403/$tag-foreign/v1
	by_hand "by hand $tag" "$KEY" "$url"
	theirs=$ACCOUNT
	secret_file "other-$host_number.key" "good-$(random_text 32)"
	OTHER_KEY=$SITE/etc/other-$host_number.key
	by_hand "x $tag crm-zzz999-abcd1234" "$OTHER_KEY" "$url"
	other_crm=$ACCOUNT
	by_hand "openai $tag" "$KEY" https://api.openai.com/v1
	plain=$ACCOUNT
	look
	is "$where: the look has ended" "$(json .look.state)" done
	is "$where: one is seen" "$(found "$theirs" '"\(.kind) \(.why)"')" \
		"foreign not_openai"
	is "$where: with what it maps" "$(found "$theirs" \
		'.models | tostring')" '["mock-a"]'
	is "$where: another CRM's is told apart" \
		"$(found "$other_crm" .kind)" another_crm
	is "$where: OpenAI's own is none" "$(found "$plain" .account_id)" null
	ctl foreign list "$HOST_ID"
	like "$where: as a table" "$OUT" "by hand $tag"

	ACCOUNT=$other_crm
	adopt ', apply: true'
	is "$where: another CRM's is not taken" "$STATUS $(json .code)" \
		"409 another_crm"
	ACCOUNT=$theirs
	before=$(account '[.name, .notes, .priority, .credentials.base_url]')
	adopt
	is "$where: a preview" "$STATUS $(json .applied)" "200 false"
	like "$where: of the name" "$(json '.changes[0].after')" \
		"by hand $tag crm-"
	like "$where: of the group that it joins" \
		"$(json '.changes[] | select(.field == "groups") | .after')" \
		'and a new group, .* crm-'
	like "$where: of its models" \
		"$(json '.changes[] | select(.field == "models") | .after')" \
		'^\["mock-a"\] and all that the provider lists'
	is "$where: and of what is made beside it" \
		"$(json '.made_beside | contains(["group", "user_key"])')" true
	is "$where: which changes nothing" "$(account '[.name, .notes,
		.priority, .credentials.base_url]')" "$before"
	plan=$(json .plan)
	adopt ", apply: true, plan: \"nonsense\""
	is "$where: another plan is refused" "$STATUS $(json .code)" \
		"409 plan_outdated"
	adopt ", apply: true, plan: \"$plan\", requested_models: [\"mock-a\"]"
	is "$where: nor is it the plan of another wish" \
		"$STATUS $(json .code)" "409 plan_outdated"
	adopt ", apply: true, plan: \"$plan\""
	is_taken "by its plan"
	like "$where: it has our mark" "$(account .name)" "by hand $tag crm-"
	look
	is "$where: and is no longer listed" \
		"$(found "$theirs" .account_id)" null
	api GET "/api/accounts?host_id=$HOST_ID&limit=200"
	is "$where: but among ours" "$(json "[.accounts[] |
		select(.account_id == \"$theirs\")][0].origin")" adopted

	takes_back_what_has_no_record
	takes_anothers_by_force
	admin DELETE "/api/v1/admin/accounts/$other_crm" >/dev/null
	look
	is "$where: what went is forgotten" \
		"$(found "$other_crm" .account_id)" null
	for id in $made; do
		admin DELETE "/api/v1/admin/accounts/$id" >/dev/null
	done
}

new_site
start_providersim chat-only-403
start_hosts
start_schedd && start_pool 4 && start_nginx ||
	bail_out "the stack does not start"
each_host_at_once on_a_host

no_secret_leaks
done_testing
