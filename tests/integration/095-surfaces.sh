#!/bin/sh
# Which ways of calling work is tried: what could take an account out for
# everybody on a copy of it, in a group of its own.  Somebody who chats all
# the while through the live account notices nothing, and afterwards the host
# holds nothing more.  REAL_HOSTS may name real hosts: see hosts.sh.
. tests/integration/lib.sh
. tests/integration/hosts.sh

SITE_SETTINGS="$quick_settings
watch = { every_s = 0; };"

question='"model":"mock-a","max_tokens":16'
messages='"messages":[{"role":"user","content":"hello"}]'

# personality, version, dispatch on, surface: verdict, tried where.
expected='
chat-alone-403 0.1.126 off responses   refused live
chat-alone-403 0.1.126 off embeddings  refused live
chat-alone-403 0.1.129 on  messages    unsafe  copy
chat-alone-403 0.1.129 off responses   works   live
chat-alone-403 0.1.179 off embeddings  unsafe  copy
chat-alone-403 0.1.179 on  count_tokens unsafe copy
chat-alone-403 0.1.179 on  messages    works   live
chat-only-403  0.1.179 off embeddings  works   copy
chat-only-hang 0.1.126 off responses   unknown copy
all-surfaces   0.1.126 off responses   works   live
all-surfaces   0.1.129 off responses   works   live
all-surfaces   0.1.179 off embeddings  works   live
'

# The other one chats all the while, in the background; a line for each.
other_chats() {
	sed 's/^/Authorization: Bearer /' "$WORK/other.secret" \
		>"$WORK/other.head"
	printf '{%s,%s}' "$question" "$messages" >"$WORK/other.question"
	while [ ! -e "$WORK/enough" ]; do
		curl -s --max-time 20 -o /dev/null -w '%{http_code}\n' \
			-H "@$WORK/other.head" \
			-H 'Content-Type: application/json' \
			--data-binary "@$WORK/other.question" \
			"$HOST_URL/v1/chat/completions"
		pause
	done >"$WORK/other.statuses"
}

# What the host holds that could have been left behind.  On a real host others
# may be at work: only what carries this installation's mark is looked at.
holdings() {
	admin GET '/api/v1/admin/accounts?page=1&page_size=1000' |
		jq -r --arg m "crm-$INST-" \
			'.data.items[] | select(.name | contains($m)) |
			"account \(.id) \(.name)"'
	admin GET '/api/v1/admin/groups?page=1&page_size=1000' |
		jq -r --arg m "crm-$INST-" \
			'.data.items[] | select(.name | contains($m)) |
			"group \(.id) \(.name)"'
}

# What anybody could have changed about the live account.
live() {
	admin GET "/api/v1/admin/accounts/$ACCOUNT" | jq -Sc '.data |
		{status, schedulable, temp_unschedulable_until,
		 rate_limit_reset_at, error_message, extra, group_ids,
		 mapping: .credentials.model_mapping,
		 pool: .credentials.pool_mode, base: .credentials.base_url}'
}

# dispatch ON: as the group's page does.
dispatch() {
	admin PUT "/api/v1/admin/groups/$GROUP" \
		"{\"allow_messages_dispatch\":$1}" >/dev/null
	sleep 1.3
}

# surface NAME FILTER: of the last check.
surface() {
	json ".access.surfaces.surfaces[] | select(.surface == \"$1\") | $2"
}

# try_surfaces WHAT: while somebody chats.
try_surfaces() {
	holdings >"$WORK/before"
	live >"$WORK/live.before"
	rm -f "$WORK/enough"
	other_chats &
	other=$!
	access_of "$ENDPOINT"
	begin_check "$ACCESS" ',"surfaces":true'
	end_check "$CHECK"
	is "$1: proven" "$(json .result)" active
	: >"$WORK/enough"
	wait "$other"
	is "$1: who chats meanwhile gets answers" \
		"$(sort -u "$WORK/other.statuses")" 200
	note "$1: $(wc -l <"$WORK/other.statuses") chats"
	is "$1: the live account is as it was" "$(live)" \
		"$(cat "$WORK/live.before")"
	holdings >"$WORK/after"
	is "$1: nothing is left on the host" \
		"$(diff "$WORK/before" "$WORK/after")" ""
	is "$1: whole" "$(json '.access.surfaces |
		(.surfaces | length == 8) and (.clients | length > 3) and
		(.private == null or .private == "done")')" true
}

# as_expected WHAT PERSONALITY DISPATCH
as_expected() {
	echo "$expected" | while read -r who which switch name verdict where; do
		[ "$who $which $switch" = "$2 $version $3" ] || continue
		echo "$name $verdict $where"
	done >"$WORK/rows"
	while read -r name verdict where; do
		is "$1: $name" "$(surface "$name" \
			'"\(.verdict) \(.evidence) \(.private)"')" \
			"$verdict tried $([ "$where" = copy ] && echo true ||
				echo false)"
		is "$1: $name has its proof" "$(surface "$name" \
			'.proof_id | startswith("prf_")')" true
	done <"$WORK/rows"
}

offered() {
	is "$1: what can be switched on is said in both languages" \
		"$(surface messages '(.offer_zh | length > 20) and
			(.offer_en | length > 20)')" true
}

on_a_host() {
	hanging=
	[ "$version" != 0.1.126 ] || hanging=chat-only-hang
	for personality in chat-alone-403 chat-only-403 all-surfaces \
			$hanging; do
		what="$version, $personality"
		ctl -o json run create --wait --timeout 60 --host "$HOST_ID" \
			--base-url \
			"$PROVIDER_URL/as/$personality/$tag-surf/v1" \
			--key-file "$PROVIDER_KEY" --model mock-a \
			--user "one-$tag"
		run=$(json_of "$OUT" .run_id)
		api GET "/api/batch-import/runs/$run/items"
		is "$what: active" "$(json '.items[0].access_status')" active
		ACCOUNT=$(json '.items[0].account_id')
		GROUP=$(json '.items[0].group_id')
		ENDPOINT=$(json '.items[0].endpoint_key')
		if ! key_of_group "$GROUP" "$WORK/other.secret"; then
			fail "$what: a user's key"
			continue
		fi
		try_surfaces "$what"
		as_expected "$what" "$personality" off
		offered "$what"
		[ "$personality" = chat-alone-403 ] || continue
		# With the switch on there is more that could do harm.
		dispatch true
		try_surfaces "$what, messages on"
		as_expected "$what, messages on" "$personality" on
		dispatch false
	done
}

new_site
start_providersim chat-only-403
start_hosts
new_key surf
PROVIDER_KEY=$SITE/etc/surf.key
start_schedd && start_pool 4 && start_nginx ||
	bail_out "the stack does not start"
INST=$(db 'SELECT inst FROM installation')
each_host on_a_host
no_secret_leaks
done_testing
