#!/bin/sh
# Chat-only providers end active, whatever they answer on /responses; then
# each is broken by hand on the host, and CRM names what is wrong and mends
# what is its own to mend.  REAL_HOSTS may name real hosts: see hosts.sh.
# BREAKS, a pattern, and CHAT_ONLY, statuses, may name fewer of them.
. tests/integration/lib.sh
. tests/integration/hosts.sh

# The watch is off until its own part of the test.
SITE_SETTINGS="$quick_settings
watch = { every_s = 0; recheck_s = 1; quorum = 3; repairs = 2; };"

# What is broken below, each at an endpoint of its own:
# break, then class, hop, and what becomes of it:
#	mended by REPAIR: active again, and the trail names the repair;
#	left: degraded, as a person did it or has to do something.
breaks='
mode_removed         responses_forced     account mended raw_chat
switched_off         account_off          account left   -
made_inactive        account_off          account left   -
key_replaced         key_replaced         account left   -
group_emptied        group_empty          account mended regroup
account_deleted      gone                 account left   -
errors_hidden        error_codes_hide     account mended error_codes
channel_restricts    channel_restricts    gateway left   -
subscription_revoked subscription_missing key     mended resubscribe
key_deleted          key_refused          key     mended key
'

breaks=$(echo "$breaks" | grep -E "${BREAKS:-.}" || :)

# What each answers on /responses.
chat_only=${CHAT_ONLY-400 401 403 404 405 422 500}

# begin_imports: one run; $WORK/plan has a line for each endpoint: its name,
# its personality.
begin_imports() {
	jq -Rn --arg base "$PROVIDER_URL" --arg tag "$tag" \
		--rawfile key "$PROVIDER_KEY" '
		[inputs | split(" ") |
		 {base_url: "\($base)/as/\(.[1])/\($tag)-\(.[0])/v1",
		  api_key: ($key | rtrimstr("\n")),
		  requested_models: ["mock-a"]}]' <"$WORK/plan" >"$WORK/items"
	ctl -o json run create --wait --timeout 120 --host "$HOST_ID" \
		-f "$WORK/items"
	run=$(json_of "$OUT" .run_id)
	api GET "/api/batch-import/runs/$run/items?limit=200"
	# name, endpoint, account, group
	json '.items[] | [(.base_url | capture("-(?<n>[a-z_0-9]+)/v1$").n),
		.endpoint_key, .account_id, .group_id, .access_status] |
		@tsv' >"$WORK/items"
	cp "$WORK/items" "$WORK/made"
}

# made NAME: sets ENDPOINT, ACCOUNT, GROUP, ACCESS.
made() {
	IFS='	' read -r _ ENDPOINT ACCOUNT GROUP _ <<-END
	$(grep "^$1	" "$WORK/made")
	END
	access_of "$ENDPOINT"
}

all_are_active() {
	while IFS='	' read -r name _ _ group status; do
		is "$version, $name: active" "$status" active
		key_of_group "$group" "$WORK/user.secret" ||
			fail "$version, $name: has a key"
		chat "$WORK/user.secret"
		is "$version, $name: a chat by the user's key" "$STATUS" 200
		chat "$WORK/user.secret" ',"stream":true'
		is "$version, $name: streamed" \
			"$STATUS $(printf '%s' "$BODY" | grep -c '\[DONE\]')" \
			"200 1"
	done <"$WORK/made"
}

# What a person does by hand on the host.

do_mode_removed() {
	account_put '{"extra":{"openai_responses_supported":true}}'
}

do_switched_off() {
	admin POST "/api/v1/admin/accounts/$ACCOUNT/schedulable" \
		'{"schedulable":false}' >/dev/null
}

do_made_inactive() {
	account_put '{"status":"inactive"}'
}

do_key_replaced() {
	credentials '. + {api_key: "bad-key-of-somebody-else"}'
}

do_group_emptied() {
	admin POST /api/v1/admin/accounts/bulk-update \
		"{\"account_ids\":[$ACCOUNT],\"group_ids\":[]}" >/dev/null
}

do_account_deleted() {
	admin DELETE "/api/v1/admin/accounts/$ACCOUNT" >/dev/null
}

do_errors_hidden() {
	credentials '. + {custom_error_codes_enabled: true,
			  custom_error_codes: [599]}'
}

do_channel_restricts() {
	CHANNEL=$(admin POST /api/v1/admin/channels "{
		\"name\":\"by hand $tag\",\"status\":\"active\",
		\"group_ids\":[$GROUP],\"restrict_models\":true,
		\"model_pricing\":[{\"platform\":\"openai\",
			\"models\":[\"another-model\"],
			\"billing_mode\":\"token\",\"input_price\":1e-06,
			\"output_price\":2e-06}]}" | jq -r .data.id)
}

do_subscription_revoked() {
	id=$(admin GET "/api/v1/admin/groups/$GROUP/subscriptions" |
		jq -r '.data.items[0].id')
	admin DELETE "/api/v1/admin/subscriptions/$id" >/dev/null
}

# Its owner deletes it; CRM's own secrets let us in as him.
do_key_deleted() {
	owner=$(admin GET "/api/v1/admin/groups/$GROUP/api-keys" |
		jq -r '.data.items[0].user_id')
	email=$(admin GET "/api/v1/admin/users/$owner" | jq -r .data.email)
	log_in_as_managed "$email" || return 1
	key=$(as_user GET '/api/v1/keys?page_size=200' | jq -r --argjson g \
		"$GROUP" '.data.items[] | select(.group_id == $g) | .id')
	as_user DELETE "/api/v1/keys/$key" >/dev/null
}

log_in_as_managed() {
	"$B/unseal" "$SITE/var/crm.db" "$SITE/etc/seal.key" \
		"$SITE/etc/fingerprint.key" 2>/dev/null >"$WORK/sealed.secret"
	while read -r secret; do
		case $secret in
		sk-* | good-* | eyJ* | admin-*) continue ;;
		esac
		! log_in "$1" "$secret" || return 0
	done <"$WORK/sealed.secret"
	return 1
}

# And takes it back, where CRM does not.

undo_switched_off() {
	admin POST "/api/v1/admin/accounts/$ACCOUNT/schedulable" \
		'{"schedulable":true}' >/dev/null
}

undo_made_inactive() {
	account_put '{"status":"active"}'
	undo_switched_off
}

undo_key_replaced() {
	credentials .
	admin POST "/api/v1/admin/accounts/$ACCOUNT/recover-state" '{}' \
		>/dev/null
	undo_switched_off
}

undo_channel_restricts() {
	admin DELETE "/api/v1/admin/channels/$CHANNEL" >/dev/null
}

# named NAME CLASS HOP: what a check that failed says.
named() {
	is "$1: named" "$(json '"\(.failure_class) \(.diagnosis.hop)"')" \
		"$2 $3"
	is "$1: in both languages" "$(json '(.diagnosis_zh | length) > 10 and
		(.diagnosis_en | length) > 10')" true
	is "$1: and what comes next" "$(json '.diagnosis.next.action |
		. == "operator" or . == "retry"')" true
}

repairs_of_access() {
	api GET "/api/accesses/$ACCESS"
	json '[.events[] | select(.kind == "repaired") | .detail |
		(.repair // empty), (.repairs[]?.name)] | join(" ")'
}

# broken_by NAME CLASS HOP OUTCOME REPAIR
broken_by() {
	what="$version, $1"
	made "$1"
	"do_$1" || fail "$what: is done by hand"
	settle
	began=$(date +%s)
	check "$ACCESS"
	if [ "$4" = left ]; then
		is "$what: not proven, degraded" "$RC $(json .result)" \
			"11 degraded"
		named "$what" "$2" "$3"
		if [ "$(command -v "undo_$1")" ]; then
			"undo_$1"
			settle
			check "$ACCESS"
			is "$what: taken back, proven again" \
				"$RC $(json .result)" "0 active"
		fi
		return
	fi
	is "$what: mended and proven" "$RC $(json .result)" "0 active"
	is "$what: within ten seconds" \
		"$(($(date +%s) - began <= 10))" 1
	like "$what: by" "$(repairs_of_access)" "(^| )$5( |\$)"
	key_of_group "$GROUP" "$WORK/user.secret"
	chat "$WORK/user.secret"
	is "$what: a user is served again" "$STATUS" 200
}

# A host of before 0.1.137 loses the second of two changes within a second.
settle() {
	sleep 1.3
}

# The mode is removed from all seven at once, then all are checked at once.
all_lose_the_mode() {
	for status in $chat_only; do
		made "responses_$status"
		do_mode_removed
		echo "$status $ACCESS $GROUP $ACCOUNT"
	done >"$WORK/seven"
	settle
	while read -r status access _; do
		begin_check "$access"
		echo "$status $CHECK"
	done <"$WORK/seven" >"$WORK/checks"
	while read -r status check; do
		end_check "$check"
		is "$version, $status, mode removed: active again" \
			"$(json .result)" active
	done <"$WORK/checks"
	while read -r status _ group _; do
		key_of_group "$group" "$WORK/user.secret"
		chat "$WORK/user.secret"
		is "$version, $status, mode removed: a user is served" \
			"$STATUS" 200
	done <"$WORK/seven"
}

on_a_host() {
	{
		for status in $chat_only; do
			echo "responses_$status chat-only-$status"
		done
		echo "$breaks" | awk 'NF { print $1, "chat-only-403" }'
	} >"$WORK/plan"
	begin_imports
	all_are_active
	all_lose_the_mode
	while read -r name class hop outcome repair; do
		[ -z "$name" ] || broken_by "$name" "$class" "$hop" \
			"$outcome" "$repair" </dev/null
	done <<-END
	$breaks
	END
}

# The watch.

# watch_has CONDITION: of the access, in words of jq.
watch_has() {
	api GET "/api/accesses/$ACCESS"
	[ "$(json "$1")" = true ]
}

count_repairs='([.events[] | select(.kind == "repaired")] | length)'

on_a_watched_host() {
	echo "watched chat-only-403" >"$WORK/plan"
	begin_imports
	made watched
	do_mode_removed
	ok "$version, watch: a regression is noticed and mended" \
		wait_for "watch_has '$count_repairs >= 1 and
			.status == \"active\"'"
	settle
	do_mode_removed
	ok "$version, watch: and the second time" \
		wait_for "watch_has '$count_repairs >= 2 and
			.status == \"active\"'"
	settle
	do_mode_removed
	ok "$version, watch: the third time CRM stops and says so" \
		wait_for "watch_has '(.status != \"active\") and
			.diagnosis.next.action == \"gave_up\"'"
	api GET "/api/accesses/$ACCESS"
	is "$version, watch: it mended twice, as it may" \
		"$(json "$count_repairs")" 2
	ctl notice list --lang en
	like "$version, watch: a notice says so" "$OUT" 'gave_up'
	ctl explain access "$ACCESS" --lang en
	like "$version, watch: explain names it" "$OUT" 'responses'
	is "$version, watch: the account is left as it is" "$(admin GET \
		"/api/v1/admin/accounts/$ACCOUNT" | jq '.data.extra |
		.openai_responses_mode == "force_chat_completions" or
		.openai_responses_supported == false')" false
	# Who asks for it gets it.
	check "$ACCESS"
	is "$version, watch: mended when somebody asks" \
		"$RC $(json .result)" "0 active"
	ctl notice list --lang en
	is "$version, watch: the notice is over" \
		"$(printf '%s' "$OUT" | grep -c "$ACCESS")" 0
}

new_site
start_providersim chat-only-403
start_hosts
new_key break
PROVIDER_KEY=$SITE/etc/break.key
start_schedd && start_pool 4 && start_nginx ||
	bail_out "the stack does not start"
each_host_at_once on_a_host

stop crm-schedd
sed 's/every_s = 0/every_s = 2/' "$SITE/etc/crm.conf" >"$SITE/etc/crm.conf.new"
cat "$SITE/etc/crm.conf.new" >"$SITE/etc/crm.conf"
start_schedd || bail_out "crm-schedd does not start again"
each_host_at_once on_a_watched_host

no_secret_leaks
done_testing
