#!/bin/sh
# Rollback: what the host's administrator sees afterwards is what was there
# before, whatever an import made, used, widened, adopted or moved.
# REAL_HOSTS may name real hosts: see hosts.sh.
. tests/integration/lib.sh
. tests/integration/hosts.sh

SITE_SETTINGS="$quick_settings
watch = { every_s = 0; };"

# pages THING: every object of a list of the administrator's, one on a line.
pages() {
	page=1
	while :; do
		admin GET "/api/v1/admin/$1?page=$page&page_size=1000" \
			>"$WORK/page"
		jq -c '.data.items[]' "$WORK/page"
		[ "$page" -lt "$(jq '.data.pages // 1' "$WORK/page")" ] ||
			break
		page=$((page + 1))
	done
}

# What the host itself moves, and what passes: times, usage, counters.
seen='walk(if type == "object" then with_entries(select(.key | test(
	"_at$|^last_used|usage|used|_count$|^current_|counts$|_stats$|balance$"
	) | not)) else . end)'

# snapshot FILE: what bears our tag or a mark, and whose list that is.
snapshot() {
	for thing in groups accounts channels users; do
		pages "$thing" | jq -c "$seen" | grep -E "$tag|$inst" |
			sed "s/^/$thing /"
	done | sort >"$1"
	for user in $(sed -n 's/^users //p' "$1" | jq -r .id); do
		admin GET "/api/v1/admin/users/$user/api-keys?page_size=100" |
			jq -c "[.data.items[] | $seen | del(.user, .group)]"
		admin GET "/api/v1/admin/users/$user/subscriptions" |
			jq -c "[.data[] | $seen | del(.group, .user,
			.assigned_by_user)]"
	done >>"$1"
}

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
	wait_for run_is_over 120
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
	wait_for rollback_is_over 120
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

on_a_host() {
	inst=$(db "SELECT inst FROM installation")
	fresh
	second_key
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
no_secret_leaks
done_testing
