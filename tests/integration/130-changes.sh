#!/bin/sh
# Around a key, after its import: other models and aliases, another proxy,
# pause and resume, each looked at first, proven, or taken back; also when
# crm-schedd is killed in the middle.  REAL_HOSTS may name real hosts: see
# hosts.sh.
. tests/integration/lib.sh
. tests/integration/hosts.sh

SITE_SETTINGS="$quick_settings
watch = { every_s = 2; recheck_s = 1; quorum = 3; };"

# one_import NAME: an endpoint of its own; sets RUN, ITEM, ENDPOINT, ACCOUNT,
# GROUP and ACCESS.
one_import() {
	jq -n --arg url "$PROVIDER_URL/as/chat-only-403/$tag-$1/v1" \
		--rawfile key "$PROVIDER_KEY" '[{base_url: $url,
		 api_key: ($key | rtrimstr("\n")),
		 requested_models: ["mock-a"]}]' >"$WORK/items"
	ctl -o json run create --wait --timeout 120 --host "$HOST_ID" \
		-f "$WORK/items"
	RUN=$(json_of "$OUT" .run_id)
	api GET "/api/batch-import/runs/$RUN/items"
	ITEM=$(json '.items[0].item_id')
	ENDPOINT=$(json '.items[0].endpoint_key')
	ACCOUNT=$(json '.items[0].account_id')
	GROUP=$(json '.items[0].group_id')
	is "$version: imported" "$(json '.items[0].access_status')" active
	access_of "$ENDPOINT"
	key_of_group "$GROUP" "$WORK/user.secret" ||
		fail "$version: a user has a key"
}

ITEMS='/api/batch-import/runs'

# item FILTER: of the item as it is now.
item() {
	api GET "$ITEMS/$RUN/items/$ITEM"
	json "$1"
}

change_is_over() {
	api GET "/api/account-changes/$CHANGE"
	[ "$(json .state)" != running ]
}

# change VERB JSON: ends, or is refused; BODY is the change, STATUS the first.
change() {
	api POST "$ITEMS/$RUN/items/$ITEM/$1" "$2" -H 'Prefer: wait=20'
	CHANGE=$(json '.change_id // empty')
	[ "$STATUS" != 202 ] || {
		wait_for change_is_over 60
		STATUS=200
	}
}

account() {
	admin GET "/api/v1/admin/accounts/$ACCOUNT" | jq -c ".data | $1"
}

names() {
	account '.credentials.model_mapping | keys'
}

# served MODEL: by the user's key, at once or as soon as the host knows it.
served() {
	gateway "$WORK/user.secret" /v1/chat/completions "{\"model\":\"$1\",
		\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}"
	[ "$STATUS" = 200 ]
}

not_served() {
	! served "$1"
}

models_are_widened() {
	what="$version, wider"
	change models '{"mode":"add","models":["mock-b"],
		"aliases":{"latest":"mock-b"}}'
	is "$what: a preview" "$STATUS $(json '"\(.kind) \(.applied)"')" \
		"200 models false"
	is "$what: what is new, and what stays" \
		"$(json '[(.added | sort), .unchanged] | tostring')" \
		'[["latest","mock-b"],["mock-a"]]'
	is "$what: nothing is touched by it" "$(names)" '["mock-a"]'
	ctl item models "$RUN" "$ITEM" --add mock-b --alias latest=mock-b
	like "$what: the same as a table" "$OUT" 'latest +mock-b +added'
	ctl item models "$RUN" "$ITEM" --add mock-b --alias latest=mock-b \
		--apply --wait
	is "$what: applied" "$RC" 0
	like "$what: told on stderr" "$ERR" 'change chg_.*: done'
	is "$what: the account" "$(names)" '["latest","mock-a","mock-b"]'
	is "$what: the item" "$(item '[(.models | sort), .model_aliases,
		.resolved_smoke_model] | tostring')" \
		'[["mock-a","mock-b"],{"latest":"mock-b"},"mock-a"]'
	for model in mock-a mock-b latest; do
		ok "$what: a chat by $model" served "$model"
	done
}

models_are_narrowed() {
	what="$version, narrower"
	# Somebody's own name on our account.
	admin POST /api/v1/admin/accounts/bulk-update "$(account \
		"{account_ids: [.id], credentials: {model_mapping:
		  (.credentials.model_mapping + {theirs: \"mock-a\"})}}")" \
		>/dev/null
	change models '{"mode":"replace","models":["mock-b"],
		"aliases":{"newest":"mock-b"}}'
	is "$what: a preview" "$(json '[(.removed | sort), .smoke_model] |
		flatten | tostring')" '["latest","mock-a","mock-b"]'
	plan=$(json .plan)
	change models "{\"mode\":\"replace\",\"models\":[\"mock-b\"],
		\"aliases\":{\"newest\":\"mock-b\"},\"apply\":true,
		\"plan\":\"$plan\"}"
	is "$what: done as planned" "$STATUS $(json .state)" "200 done"
	is "$what: what is not ours stays" "$(names)" \
		'["mock-b","newest","theirs"]'
	is "$what: another model proves it" \
		"$(item .resolved_smoke_model)" mock-b
	ok "$what: a chat by the alias" served newest
	ok "$what: no chat by what went" wait_for 'not_served mock-a'
	ok "$what: nor by the alias that went" wait_for 'not_served latest'
	change models "{\"mode\":\"replace\",\"models\":[\"mock-b\"],
		\"aliases\":{\"newest\":\"mock-b\"},\"apply\":true,
		\"plan\":\"$plan\"}"
	is "$what: the plan is outdated" "$STATUS $(json .code)" \
		"409 plan_outdated"
}

no_such_model='model_not_found|upstream_failed|no_account'

bad_models_are_refused() {
	what="$version, bad models"
	change models '{"mode":"remove","models":["mock-b"]}'
	is "$what: not the last one" "$STATUS $(json .problems[0].field)" \
		"422 models"
	before=$(names)
	change models '{"mode":"add","models":["mock-none"],"apply":true}'
	# 0.1.179 says 503 for the provider's 404, and then for a while more.
	like "$what: tried" "$STATUS $(json '"\(.state) \(.failure_class)"')" \
		"^200 failed ($no_such_model)\$"
	is "$what: and taken back" "$(names)" "$before"
	is "$what: the item is as it was" "$(item '.models | tostring')" \
		'["mock-b"]'
	ok "$what: others are served" wait_for 'served mock-b'
	ctl item models "$RUN" "$ITEM" --add mock-none --apply --wait \
		--timeout 60
	is "$what: crmctl says so" "$RC" 1
	like "$what: in words" "$ERR" "$no_such_model"
}

watch_has() {
	api GET "/api/accesses/$ACCESS"
	[ "$(json "$1")" = true ]
}

key_rests() {
	what="$version, pause"
	ctl item pause "$RUN" "$ITEM" --wait
	is "$what: done" "$RC $(account .schedulable)" "0 false"
	like "$what: on the item" "$(item .paused_at)" '^20'
	ctl item list "$RUN"
	like "$what: in the list" "$OUT" " 20[0-9-]+T[0-9:.]+Z"
	ok "$what: users get no answer" wait_for 'not_served mock-b'
	ok "$what: the watch lets it be" \
		wait_for 'watch_has ".next_check_at == null"'
	check "$ACCESS"
	is "$what: a check is told so" "$(json '"\(.result)" + " " +
		"\(.failure_class)"')" "unknown account_paused"
	api GET "/api/accesses/$ACCESS"
	is "$what: and counts no failure" "$(json '"\(.status) \(.failures)"')" \
		"active 0"
	is "$what: nobody switched it on" "$(account .schedulable)" false
	change models '{"mode":"add","models":["mock-a"],"apply":true}'
	is "$what: changed meanwhile, not proven yet" "$(json .state)" done
	ctl item resume "$RUN" "$ITEM" --wait
	is "$what: resumed" "$RC $(account .schedulable)" "0 true"
	is "$what: not paused any more" "$(item .paused_at)" null
	ok "$what: users are served" wait_for 'served mock-b'
	ok "$what: with what was added" wait_for 'served mock-a'
	ok "$what: and it is watched again" \
		wait_for 'watch_has ".next_check_at != null"'
	change resume '{}'
	is "$what: not twice" "$STATUS $(json .code)" "409 not_paused"
}

proxy_is_changed() {
	what="$version, proxy"
	id=$(admin POST /api/v1/admin/proxies "{\"name\":\"by hand $tag\",
		\"protocol\":\"http\",\"host\":\"127.0.0.1\",
		\"port\":$proxy_port}" | jq -r .data.id)
	ctl item proxy "$RUN" "$ITEM" "$id" --apply --wait
	is "$what: set" "$RC $(account .proxy_id) $(item .account_proxy)" \
		"0 $id $id"
	ok "$what: users are served" wait_for 'served mock-b'
	like "$what: through it" "$(cat "$SITE/log/proxy.seen")" "$tag"
	ctl item proxy "$RUN" "$ITEM" none --apply --wait
	is "$what: cleared" "$RC $(account .proxy_id) $(item .account_proxy)" \
		"0 null null"
	ok "$what: users are served again" wait_for 'served mock-b'
	admin DELETE "/api/v1/admin/proxies/$id" >/dev/null
	change proxy '{"proxy_id":987654,"apply":true}'
	is "$what: one that the host does not know" \
		"$(json '"\(.state) \(.failure_class)"')" "failed account_proxy_unknown"
	# One that leads nowhere takes the key down, and is taken back.
	id=$(admin POST /api/v1/admin/proxies "{\"name\":\"nowhere $tag\",
		\"protocol\":\"http\",\"host\":\"127.0.0.1\",\"port\":1}" |
		jq -r .data.id)
	change proxy "{\"proxy_id\":$id,\"apply\":true}"
	is "$what: one that leads nowhere" \
		"$(json .state) $(account .proxy_id)" "failed null"
	ok "$what: and users are served" wait_for 'served mock-b' 30
	admin DELETE "/api/v1/admin/proxies/$id" >/dev/null
}

words_are_said() {
	what="$version, words"
	ctl item label "$RUN" "$ITEM" --label '客户甲 1' --note 'paid till May'
	is "$what: said" "$RC $(item '"\(.label), \(.note)"')" \
		"0 客户甲 1, paid till May"
	ctl item list "$RUN"
	like "$what: in the list" "$OUT" '客户甲 1'
	is "$what: noted" "$(item '[.events[] | select(.kind ==
		"relabelled")] | length')" 1
}

on_a_host() {
	one_import changes
	models_are_widened
	models_are_narrowed
	bad_models_are_refused
	key_rests
	proxy_is_changed
	words_are_said
	is "$version: the trail tells all" "$(item '[.changes[].kind] |
		unique | tostring')" '["models","pause","proxy","resume"]'
}

kill_schedd() {
	kill -KILL "$(pid_of crm-schedd)"
	wait "$(pid_of crm-schedd)" 2>/dev/null || :
	rm -f "$SITE/run/crm-schedd.pid"
	start_schedd || fail "$version: crm-schedd starts again"
}

change_has_begun() {
	api GET "/api/account-changes/$CHANGE"
	[ "$(json .before)" != null ]
}

on_a_host_that_sees_crashes() {
	what="$version, killed"
	one_import killed
	api POST "$ITEMS/$RUN/items/$ITEM/models" '{"mode":"replace",
		"models":["mock-b"],"aliases":{"latest":"mock-b"},
		"apply":true}' -H 'Prefer: respond-async'
	CHANGE=$(json .change_id)
	is "$what: begun" "$STATUS" 202
	change models '{"mode":"add","models":["mock-a"],"apply":true}' \
		-H 'Prefer: respond-async'
	is "$what: one at a time" "$STATUS $(json '"\(.code) \(.change_id)"')" \
		"409 change_in_progress $CHANGE"
	kill_schedd
	wait_for change_has_begun
	kill_schedd
	ok "$what: it ends" wait_for change_is_over 60
	api GET "/api/account-changes/$CHANGE"
	is "$what: well" "$(json .state)" done
	is "$what: as it should" "$(names)" '["latest","mock-b"]'
	ok "$what: a chat by the alias" served latest
}

new_site
start_providersim chat-only-403
start_hosts
start proxysim "$B/proxysim" --port 0 --port-file "$SITE/run/proxysim.port" \
	--log "$SITE/log/proxy.seen"
started proxysim 10 "[ -s '$SITE/run/proxysim.port' ]" ||
	bail_out "no proxy"
proxy_port=$(cat "$SITE/run/proxysim.port")
new_key changes
PROVIDER_KEY=$SITE/etc/changes.key
start_schedd && start_pool 4 && start_nginx ||
	bail_out "the stack does not start"
each_host_at_once on_a_host
each_host on_a_host_that_sees_crashes

no_secret_leaks
done_testing
