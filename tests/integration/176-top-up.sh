#!/bin/sh
# Our own users of self service run out of money: they are topped up before and
# when that happens, within a budget, and somebody hears when it is used up.
# REAL_HOSTS may name real hosts: see hosts.sh.
. tests/integration/lib.sh
. tests/integration/hosts.sh

SITE_SETTINGS="$quick_settings
watch = { every_s = 0; };
top_up = { amount = 2; per_day = 5; };"

balance() {
	admin GET "/api/v1/admin/users/$user" | jq -r .data.balance
}

# leave_him AMOUNT: as if he had used up the rest.
leave_him() {
	admin POST "/api/v1/admin/users/$user/balance" "{\"balance\":$1,
		\"operation\":\"set\",\"notes\":\"used up\"}" >/dev/null
	[ "$(balance | jq ". == $1")" = true ] || {
		# A host may not let one set nothing.
		admin POST "/api/v1/admin/users/$user/balance" "{\"balance\":$(
			balance | jq ". - $1"),\"operation\":\"subtract\",
			\"notes\":\"used up\"}" >/dev/null
	}
	is "$version: $1 is left" "$(balance | jq ". == $1")" true
}

notices() {
	api GET "/api/notices?host_id=$HOST_ID"
	json '[.notices[] | select(.open) | .kind] | sort | join(" ")'
}

spent() {
	db "SELECT count(*) || ' ' || coalesce(sum(amount), 0) FROM top_ups
		WHERE host_id = '$HOST_ID' AND state = 'done'"
}

run_dry() {
	key=$SITE/etc/$version.key
	new_key "$version"
	ctl -o json run create --wait --timeout 120 --host "$HOST_ID" \
		--base-url "$PROVIDER_URL/as/chat-only-403/$tag/v1" \
		--key-file "$key" --access-mode self_service
	is "$version: a key for self service is imported" "$RC" 0
	ACCESS=$(db "SELECT access_id FROM accesses
		WHERE host_id = '$HOST_ID'")
	user=$(db "SELECT host_resource_id FROM managed_resources WHERE
		host_id = '$HOST_ID' AND resource_type = 'user' AND
		lookup LIKE 'self%'")
	is "$version: its user begins with a little" "$(balance |
		jq '. > 0 and . <= 1')" true
	ctl access check "$ACCESS" --wait
	is "$version: a check of it is good" "$RC" 0
	is "$version: and gives nothing" "$(spent)" "0 0"

	leave_him 0
	ctl access check "$ACCESS" --wait
	is "$version: who has nothing is topped up" "$RC" 0
	is "$version: to the amount that is set" "$(balance |
		jq '. > 1.9 and . <= 2')" true
	is "$version: which is in the ledger" "$(spent)" "1 2"
	api GET "/api/audit?host_id=$HOST_ID&action=user.repaired"
	is "$version: and in the audit log" "$(json '.rows[0] |
		"\(.actor) \(.object_id) \(.after.repair) \(.after.balance)"')" \
		"schedd $user top_up 2"
	api GET "/api/accesses/$ACCESS"
	is "$version: and among what happened to the access" "$(json '[.events[]
		| select(.kind == "repaired" and .detail.repair == "top_up")] |
		length')" 1

	leave_him 0.25
	ctl access check "$ACCESS" --wait
	is "$version: who has little is topped up before it is nothing" \
		"$RC $(balance | jq '. > 1.9') $(spent)" "0 true 2 4"

	# 4 of 5 are spent.
	leave_him 0.25
	ctl access check "$ACCESS" --wait
	is "$version: beyond the budget nobody gets anything" \
		"$RC $(balance | jq '. < 1') $(spent)" "0 true 2 4"
	like "$version: somebody hears of both" "$(notices)" \
		'^top_ups_(low )?(top_ups_)?spent user_balance_low$'
	leave_him 0
	ctl access check "$ACCESS" --wait
	like "$version: who has nothing then gets nothing" "$RC" '^1[12]$'
	api GET "/api/accesses/$ACCESS"
	is "$version: and that is why" "$(json .failure_class)" \
		balance_exhausted

	admin POST "/api/v1/admin/users/$user/balance" \
		'{"balance":5,"operation":"set","notes":"by hand"}' >/dev/null
	ctl access check "$ACCESS" --wait
	is "$version: topped up by hand it is well again" "$RC" 0
	is "$version: and the notice of it ends" "$(notices |
		grep -c user_balance_low)" 0
	ctl notice list
	like "$version: the one of the budget says what to do" "$OUT" \
		'top_ups_spent|Raise the budget|提高预算'
}

# A managed user is ours whatever password somebody gave it, or we forgot.
other_password() {
	admin PUT "/api/v1/admin/users/$user" \
		'{"password":"not-ours-any-more"}' >/dev/null
	new_key "other-$version"
	ctl -o json run create --wait --timeout 120 --host "$HOST_ID" \
		--base-url "$PROVIDER_URL/as/chat-only-403/$tag-other/v1" \
		--key-file "$SITE/etc/other-$version.key" \
		--access-mode self_service
	api GET "/api/batch-import/runs/$(json_of "$OUT" .run_id)/items"
	is "$version: whose password was changed gets another key" \
		"$(json '.items[0] | "\(.access_status) \(.failure_class)"')" \
		"active null"
	is "$version: is given ours again" "$(db "SELECT count(*) FROM
		import_run_item_events WHERE kind = 'password' AND
		item_id = '$(json '.items[0].item_id')'")" 1
	is "$version: and is the same as before" "$(db "SELECT
		group_concat(DISTINCT host_resource_id) FROM managed_resources
		WHERE host_id = '$HOST_ID' AND resource_type = 'user' AND
		lookup LIKE 'self%'")" "$user"
}

run_dry_and_on() {
	run_dry
	other_password
}

new_site
start_providersim chat-only-403
start_hosts
start_schedd
start_pool 4
start_nginx
each_host run_dry_and_on
each_host leave_nothing
no_secret_leaks
done_testing
