#!/bin/sh
# Rollback: what the host's administrator sees afterwards is what was there
# before, whatever an import made, used, widened, adopted or moved.
# REAL_HOSTS may name real hosts: see hosts.sh.
. tests/integration/lib.sh
. tests/integration/hosts.sh
. tests/integration/host_view.sh

SITE_SETTINGS="$quick_settings
watch = { every_s = 0; };"

# same NAME: as it was in $WORK/before.
same() {
	snapshot "$WORK/after"
	if cmp -s "$WORK/before" "$WORK/after"; then
		pass "$version: $1"
	else
		fail "$version: $1" "$(diff "$WORK/before" \
			"$WORK/after")"
	fi
}

# bring NAME KEY [JSON members of the run]: sets RUN_ID, and BODY to the item.
bring() {
	more=${3:-}
	[ -n "$more" ] || more='{}'
	jq -n --arg url "$PROVIDER_URL/as/chat-only-403/$tag-$1/v1" \
		--rawfile key "$SITE/etc/$2.key" --arg host "$HOST_ID" \
		--argjson more "$more" '{host_id: $host, access_mode:
		"subscription", items: [{base_url: $url, api_key: ($key |
		rtrimstr("\n")), requested_models: []}]} * ($more | del(.item))
		| .items[0] += ($more.item // {})' >"$WORK/run.body"
	api POST /api/batch-import/runs "$(cat "$WORK/run.body")"
	RUN_ID=$(json .run_id)
	[ "$STATUS" = 202 ] || bail_out "$1: $BODY"
	wait_for run_is_over 60
	api GET "/api/batch-import/runs/$RUN_ID/items"
	ITEM_ID=$(json '.items[0].item_id')
	api GET "/api/batch-import/runs/$RUN_ID/items/$ITEM_ID"
	[ "$(json .access_status)" = active ] ||
		note "$1: $(json '"\(.failure_class) \(.failure_detail)"')"
}

run_is_over() {
	api GET "/api/batch-import/runs/$RUN_ID"
	[ "$(json .finished_at)" != null ]
}

rollback_is_over() {
	api GET "/api/rollbacks/$ROLLBACK_ID"
	[ "$(json .state)" = done ]
}

# back [RUN_ID]: rolls a run back; BODY is then the rollback.
back() {
	api POST "/api/batch-import/runs/${1:-$RUN_ID}/rollback" \
		'{"apply": true}'
	ROLLBACK_ID=$(json .rollback_id)
	[ "$STATUS" = 202 ] || note "$BODY"
	wait_for rollback_is_over 60
}

is_clean() {
	is "$version: $1" "$(json '"\(.result) \(.counts.left)"')" "clean 0"
	[ "$(json .result)" = clean ] || note "$(json '.remains[] |
		"\(.kind) \(.failure_class) \(.failure_detail)"')"
}

fresh() {
	snapshot "$WORK/before"
	bring fresh one
	api POST "/api/batch-import/runs/$RUN_ID/rollback"
	is "$version: a preview says what goes" \
		"$STATUS $(json '"\(.applied) \(.counts.delete > 4)"')" \
		"200 false true"
	run_one=$RUN_ID
	back
	is_clean "a fresh import is rolled back"
	same "and nothing of it is left"
	api GET "/api/batch-import/runs/$RUN_ID"
	is "$version: the run says so" "$(json .rollback.result)" clean
	api GET "/api/batch-import/runs/$RUN_ID/items/$ITEM_ID"
	is "$version: the item says so" \
		"$(json '.rolled_back_at != null')" true
	is "$version: nobody has access any more" "$(api GET \
		"/api/accesses?host_id=$HOST_ID"; json '.accesses | length')" 0
	api POST "/api/batch-import/runs/$RUN_ID/items/$ITEM_ID/retry"
	is "$version: it cannot be tried again" "$STATUS $(json .code)" \
		"409 item_rolled_back"
	is "$version: its key is forgotten" "$(db "SELECT length(sealed)
		FROM secrets s JOIN import_run_items i
		ON i.api_key_secret_id = s.secret_id
		WHERE i.item_id = '$ITEM_ID'")" 0
	back "$run_one"
	is_clean "doing it again finds nothing"
}

second_key() {
	bring two one
	first=$RUN_ID
	snapshot "$WORK/before"
	bring two two
	back
	is_clean "a second key of a group is rolled back"
	same_but_proof "and the first one has what it had"
	bring two one
	is "$version: which is used again" "$(json .account_resolution)" reused
	back
	is_clean "a reuse is rolled back"
	same_but_proof "and costs it nothing"
	back "$first"
	is_clean "then the first is"
}

# Proofs of later accounts need a user and keys of their own: they go with the
# last import that used them.
same_but_proof() {
	same "$1"
}

widened() {
	bring wide one '{"item": {"requested_models": ["mock-a"]}}'
	first=$RUN_ID
	snapshot "$WORK/before"
	bring wide one '{"item": {"requested_models": ["mock-b"]}}'
	is "$version: an account is widened" "$(admin GET \
		"/api/v1/admin/accounts/$(json .account_id)" | jq -c \
		'.data.credentials.model_mapping | keys')" '["mock-a","mock-b"]'
	api POST "/api/batch-import/runs/$RUN_ID/rollback"
	is "$version: the preview names what it will map no more" \
		"$(json '.parts[] | select(.action == "restore") | .models[]')" \
		mock-b
	back
	is_clean "a widening is rolled back"
	same "and what others added stays"
	back "$first"
	is_clean "then the account goes"
}

# by_hand NAME KEY GROUP: an account of somebody.  ACCOUNT.
by_hand() {
	ACCOUNT=$(admin POST /api/v1/admin/accounts "$(jq -cn --arg name \
		"by hand $tag $1" --rawfile key "$SITE/etc/$2.key" --arg url \
		"$PROVIDER_URL/as/chat-only-403/$tag-$1/v1" --argjson group "$3" \
		'{name: $name, notes: "mine", platform: "openai", type: "apikey",
		credentials: {base_url: $url, api_key: ($key | rtrimstr("\n")),
		model_mapping: {"mine": "mock-a"}}, group_ids: [$group],
		concurrency: 3, priority: 9}')" | jq -r .data.id)
}

# group_by_hand NAME: GROUP.
group_by_hand() {
	GROUP=$(admin POST /api/v1/admin/groups "{\"name\": \"$tag $1\",
		\"platform\": \"openai\", \"rate_multiplier\": 1}" |
		jq -r .data.id)
}

adopted() {
	group_by_hand theirs
	by_hand adopted one "$GROUP"
	mine="$mine accounts/$ACCOUNT groups/$GROUP"
	wait_for account_is_settled 15
	snapshot "$WORK/before"
	bring adopted one "{\"item\": {\"adopt_account_id\": \"$ACCOUNT\"}}"
	is "$version: somebody's account is adopted" \
		"$(json '"\(.account_id) \(.account_resolution)"')" \
		"$ACCOUNT reused"
	back
	is_clean "an adoption is rolled back"
	same "and the account is what it was"
	bring adopted one "{\"item\": {\"adopt_account_id\": \"$ACCOUNT\"}}"
	account=$(db "SELECT resource_id FROM managed_resources WHERE host_id =
		'$HOST_ID' AND origin = 'adopted' AND state = 'present'")
	ctl account release "$account" --apply --wait
	is "$version: crmctl account release" "$RC" 0
	same "gives it back, and takes with it what it was used by"
}

self_service() {
	snapshot "$WORK/before"
	bring self one '{"access_mode": "self_service"}'
	back
	is_clean "self service is rolled back"
	same "and its user is gone"
}

# Somebody real, whose key is bound to a group of people.
lend_key() {
	group_by_hand "given $1"
	mine="$mine groups/$GROUP"
	new_user "$1-$tag-$host_number"
	mine="$mine users/$USER_ID"
	user_key "$tag" "$WORK/given.key"
	key=$(admin GET "/api/v1/admin/users/$USER_ID/api-keys?page_size=10" |
		jq -r '.data.items[0].id')
	admin PUT "/api/v1/admin/api-keys/$key" "{\"group_id\": $GROUP}" \
		>/dev/null
	by_given=$(jq -cn --rawfile key "$WORK/given.key" '{rebind: true,
		access_mode: "self_service", probe_api_key: ($key | rtrimstr("\n"))}')
}

group_of_key() {
	admin GET "/api/v1/admin/users/$USER_ID/api-keys?page_size=10" |
		jq -r '.data.items[0].group_id'
}

may_use() {
	admin GET "/api/v1/admin/users/$USER_ID" |
		jq ".data.allowed_groups // [] | any(. == $1)"
}

given() {
	lend_key alone
	snapshot "$WORK/before"
	bring given one "$by_given"
	is "$version: a given key was moved" "$(group_of_key)" "$(json .group_id)"
	back
	is_clean "a run by a given key is rolled back"
	same "and the key is where it was"
}

# A group of ours that stays, and two imports that rest on one given key.
given_shared() {
	lend_key shared
	bring shared one '{"access_mode": "self_service"}'
	stays=$RUN_ID
	snapshot "$WORK/before"
	bring shared two "$by_given"
	first=$RUN_ID
	ours=$(json .group_id)
	bring shared one "$by_given"
	is "$version: two imports share a given key" \
		"$(group_of_key) $(may_use "$ours")" "$ours true"
	back "$first"
	is_clean "one of them is rolled back"
	is "$version: and the other keeps key and right" \
		"$(group_of_key) $(may_use "$ours")" "$ours true"
	back
	is_clean "then the other is"
	is "$version: and the key is where it was" "$(group_of_key)" "$GROUP"
	is "$version: without a right to a group that stays" \
		"$(may_use "$ours")" false
	same_but_proof "and all else is as before"
	back "$stays"
	is_clean "then the group goes too"
}

by_provider() {
	mkdir -p "$WORK/pack/providers"
	jq -n '{pack_id: "rollback-pack", version: "1.0.0",
		name: {zh: "模拟包", en: "Simulated"}}' >"$WORK/pack/pack.json"
	jq -n --arg url "$PROVIDER_URL/as/chat-only-403/$tag-priced/v1" '{
		provider_id: "priced", vendor: "sim", kind: "relay", plan: "payg",
		region: "cn", status: "current",
		display_name: {zh: "模拟", en: "Simulated"}, base_url: $url,
		families: {chat: "yes", responses: "no", messages: "no",
			models: "yes"},
		models: [{id: "mock-a", canonical: "mock-a", family: "mock",
			status: "current", aliases: []}],
		smoke_test_model: "mock-a",
		pricing: [{model: "mock-a", currency: "USD",
			unit: "per_million_tokens", input: "1.25", output: "5",
			source: "price list", date: "2026-11-01"}]}' \
		>"$WORK/pack/providers/priced.json"
	ctl pack install "$WORK/pack"
	snapshot "$WORK/before"
	ctl -o json provider import priced --host "$HOST_ID" \
		--key-file "$SITE/etc/one.key" --wait --timeout 120
	is "$version: a provider is imported, with a channel" "$(db "SELECT
		count(*) FROM managed_resources WHERE host_id = '$HOST_ID' AND
		resource_type = 'channel' AND state = 'present'")" 1
	ctl provider rollback priced --host "$HOST_ID"
	is "$version: crmctl shows what a rollback of it is" "$RC" 0
	ctl provider rollback priced --host "$HOST_ID" --apply --wait
	is "$version: and does it" "$RC" 0
	same "its channel is gone, too"
}

stop_schedd_hard() {
	pid=$(pid_of crm-schedd)
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null
}

launch_schedd() {
	start crm-schedd "$SITE/bin/crm-schedd" --config "$SITE/etc/crm.conf"
}

killed() {
	snapshot "$WORK/before"
	bring killed one
	bring killed two
	second=$RUN_ID
	first=$(db "SELECT min(run_id) FROM import_runs WHERE host_id =
		'$HOST_ID' AND run_id IN (SELECT run_id FROM import_run_items
		WHERE base_url LIKE '%$tag-killed/%')")
	stop_schedd_hard
	api POST "/api/batch-import/runs/$first/rollback" '{"apply": true}'
	ROLLBACK_ID=$(json .rollback_id)
	api POST "/api/batch-import/runs/$second/rollback" '{"apply": true}'
	is "$version: one rollback of a host at a time" \
		"$STATUS $(json '"\(.code) \(.rollback_id)"')" \
		"409 rollback_in_progress $ROLLBACK_ID"
	launch_schedd
	wait_for rollback_is_over 60
	api POST "/api/import-batches/$second/rollback" '' \
		-H 'Prefer: respond-async'
	is "$version: a batch is rolled back at once, as old scripts expect" \
		"$STATUS" 202
	ROLLBACK_ID=$(json .rollback_id)
	for _ in 1 2 3 4 5 6; do
		nap 40
		stop_schedd_hard
		launch_schedd
	done
	wait_for rollback_is_over 120
	is_clean "a rollback that was killed goes on"
	same "and nothing is left of either run"
}

by_people() {
	snapshot "$WORK/before"
	bring people one
	admin DELETE "/api/v1/admin/accounts/$(json .account_id)" >/dev/null
	admin DELETE "/api/v1/admin/groups/$(json .group_id)" >/dev/null
	back
	is_clean "what people deleted is no trouble"
	is "$version: it was gone before" "$(json '[.parts[] | select(.state ==
		"gone") | .kind] | contains(["account", "group"])')" true
	same "and the rest is gone as well"
}

# All that CRM has on the host goes, behind its back.
lose_all() {
	for kind in account group user; do
		for id in $(db "SELECT host_resource_id FROM managed_resources
			WHERE host_id = '$HOST_ID' AND resource_type = '$kind'
			AND state = 'present'"); do
			admin DELETE "/api/v1/admin/${kind}s/$id" >/dev/null
		done
	done
}

records() {
	db "SELECT count(*) FROM managed_resources
		WHERE host_id = '$HOST_ID' AND state = 'present'"
}

lost() {
	snapshot "$WORK/before"
	bring lost one
	first=$RUN_ID
	bring lost_too two
	lose_all
	known=$(records)
	back
	is "$version: a host that shows nothing of ours is not believed" \
		"$(json '"\(.result) \(.failure_class) \(.counts.gone)"')" \
		"failed host_unrecognised 0"
	api GET "/api/batch-import/runs/$RUN_ID/items/$ITEM_ID"
	is "$version: and no record is closed" \
		"$(records) $(json .rolled_back_at)" "$known null"
	ctl run rollback "$RUN_ID" --apply --force --wait
	is "$version: somebody may say that all is gone" "$RC" 0
	ctl run rollback "$first" --apply --wait
	is "$version: what one import made may be gone" "$RC $(records)" "0 0"
	same "and nothing of it comes back"
}

in_use() {
	bring inuse one
	group=$(json .group_id)
	by_hand inuse two "$group"
	mine="$mine accounts/$ACCOUNT"
	back
	is "$version: a group that others use is left" \
		"$(json '"\(.result) \(.remains[0].kind)
		\(.remains[0].failure_class)" | gsub("\\s+"; " ")')" \
		"remains group in_use_by_others"
	is "$version: and so is what they put there" "$(admin GET \
		"/api/v1/admin/accounts/$ACCOUNT" | jq -c .data.group_ids)" \
		"[$group]"
	admin DELETE "/api/v1/admin/accounts/$ACCOUNT" >/dev/null
	back
	is_clean "once it is empty, it goes"
}

# What this test made by hand.
clean_up() {
	for thing in $mine; do
		admin DELETE "/api/v1/admin/$thing" >/dev/null
	done
}

on_a_host() {
	inst=$(db "SELECT inst FROM installation")
	mine=
	for scenario in ${SCENARIOS:-fresh second_key widened adopted self_service \
			given given_shared by_provider killed by_people lost in_use}; do
		[ "$scenario" = forget ] || "$scenario"
	done
	clean_up
}

new_site
start_providersim chat-only-403
start_hosts
new_key one
new_key two
PROVIDER_KEY=$SITE/etc/one.key
start_schedd && start_pool 4 && start_nginx ||
	bail_out "the stack does not start"
each_host on_a_host

is "what was taken back is in the audit log, and for whom" "$(db "SELECT
	count(*) > 0 AND count(*) = count(token_id) FROM audit_log
	WHERE actor = 'schedd' AND action = 'account.deleted'")" 1
# What CRM knows of a host goes; what is on the host stays.
host_is_gone() {
	api GET "/api/hosts/$HOST_ID"
	[ "$STATUS" = 404 ]
}

nothing_is_known() {
	[ "$(db "SELECT
		(SELECT count(*) FROM managed_resources WHERE host_id = '$HOST_ID') +
		(SELECT count(*) FROM import_runs WHERE host_id = '$HOST_ID') +
		(SELECT count(*) FROM rollbacks WHERE host_id = '$HOST_ID') +
		(SELECT count(*) FROM tasks WHERE host_id = '$HOST_ID' AND
		state <> 'done')")" = 0 ]
}

forget() {
	inst=$(db "SELECT inst FROM installation")
	bring forget one
	account=$(json .account_id)
	api DELETE "/api/hosts/$HOST_ID"
	is "$version: a host in use is not deleted" \
		"$STATUS $(json '"\(.code) \(.import_batches > 0)
		\(.managed_resources > 0) \(.reconcile_runs)" |
		gsub("\\s+"; " ")')" "409 host_in_use true true 0"
	ctl -o json host delete "$HOST_ID" --forget
	is "$version: but what is known of it can be forgotten" "$RC" 0
	is "$version: the answer says what is left there" \
		"$(printf '%s' "$OUT" | jq -r --arg id "$account" '.left |
		map(select(.kind == "account" and .host_resource_id == $id)) |
		length')" 1
	wait_for host_is_gone 30
	# The task that forgets it ends a moment after the host is gone.
	ok "$version: nothing of it is known" wait_for nothing_is_known 10
	is "$version: the host is as it was" "$(admin GET \
		"/api/v1/admin/accounts/$account" | jq .data.id)" "$account"
	for kind in channels accounts users groups; do
		admin GET "/api/v1/admin/$kind?page_size=1000&search=$inst" |
			jq -r '.data.items[].id' | while read -r id; do
			admin DELETE "/api/v1/admin/$kind/$id" >/dev/null
		done
	done
}
[ -n "${SCENARIOS:-}" ] || each_host forget
[ "${SCENARIOS:-}" != forget ] || each_host forget
is "no secret is kept without its host" "$([ -n "${SCENARIOS:-}" ] ||
	db "SELECT count(*) FROM secrets" | grep -v '^0$')" ""

no_secret_leaks
done_testing
