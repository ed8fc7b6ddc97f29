#!/bin/sh
# The life of a run: canaries that stop it, pauses of hosts and endpoints,
# failures that are tried again, and a run of one beside a big one.
. tests/integration/lib.sh

# Few at once, so that a big run takes a while.
SITE_SETTINGS="$quick_settings
limits = { host = 4; provider = 4; };"
start_stack 0.1.129 chat-only-403
add_host

# items N PREFIX: N keys of the simulated provider, as JSON.
items() {
	for i in $(seq 1 "$1"); do
		printf '%s{"base_url":"%s/v1","api_key":"%s%s-%s"}' \
			"$([ "$i" -eq 1 ] || echo ,)" "$PROVIDER_URL" "$2" \
			"$(random_text 24)" "$i"
	done
}

# run_of ITEMS [MEMBERS]: sets RUN.
run_of() {
	api POST /api/batch-import/runs "{\"host_id\":\"$HOST_ID\"${2:+,$2},
		\"items\":[$1]}"
	RUN=$(json .run_id)
}

# run FILTER: of the run in $RUN.
run() {
	api GET "/api/batch-import/runs/$RUN"
	json "$1"
}

run_is() {
	[ "$(run .state)" = "$1" ]
}

# ---- a canary that stops the run -------------------------------------------

personality "$PROVIDER_URL" quota
run_of "$(items 12 good-)" '"canary":{"items":2,"stop_after":2}'
is "a run with a canary begins" "$STATUS $(json .canary_state)" "202 proving"
wait_for '[ "$(run .canary_state)" = held ]'
is "a provider that is out of money stops it" "$(run '"\(.state) \(.canary_state) \(.canary_class)
	\(.items_done) \(.items_broken)" | gsub("\\s+"; " ")')" \
	"running held quota_exhausted 2 2"
api GET "/api/batch-import/runs/$RUN/items?limit=50"
is "the others are held for it" "$(json '[.items[] |
	select(.held_for == "canary" and .current_stage == "probe")] |
	length')" 10
api GET "/api/notices?host_id=$HOST_ID"
is "somebody is told" "$(json ".notices[] | select(.kind == \"run_held\") |
	\"\(.subject) \(.detail.held)\"")" "$RUN 10"
ctl run watch "$RUN" --timeout 1
like "crmctl says how it goes on" "$ERR" 'the rest is held, for quota_exhausted'

# ---- resumed by hand --------------------------------------------------------

personality "$PROVIDER_URL" chat-only-403
ctl -o json run resume "$RUN"
is "crmctl resumes it" "$RC $(json_of "$OUT" .canary_state)" \
	"0 resumed"
wait_for 'run_is completed_with_warnings' 90
is "the rest is imported" "$(run '"\(.items_active) \(.items_broken)"')" \
	"10 2"
api GET "/api/notices?host_id=$HOST_ID"
is "the notice is over" "$(json '[.notices[] | select(.kind == "run_held" and
	.open)] | length')" 0
api POST "/api/batch-import/runs/$RUN/resume"
is "what is not held cannot be resumed" "$STATUS $(json .code)" \
	"409 run_not_held"

# What an operator is told at the end: why, how often, and what comes next.
ctl run watch "$RUN"
like "what failed is told by its causes" "$ERR" '^[a-z_]+ +[12]  '
like "with what comes next" "$ERR" "crmctl run retry $RUN --wait"
ctl run watch "$RUN" --lang zh
like "in the operator's language" "$ERR" '完成 12/12，可用 10，不可用 2'
ctl host delete "$HOST_ID"
is "a host in use stays" "$RC" 8
like "and what holds it is told" "$ERR" '^  imports: [1-9].* resources'
like "with the ways on" "$ERR" 'host delete .* --forget'

# ---- tried again ------------------------------------------------------------

api GET "/api/batch-import/runs/$RUN/items?access_status=broken"
FAILED=$(json '.items[0].item_id')
ctl -o json item retry "$RUN" "$FAILED" --model mock-b
is "an item begins again" "$RC $(printf '%s' "$OUT" | jq -r '"\(.current_stage)
	\(.generation) \(.failure_class) \(.requested_models[0])" |
	gsub("\\s+"; " ")')" "0 probe 2 null mock-b"
ctl -o json run retry "$RUN"
is "and so does what else failed" "$(printf '%s' "$OUT" |
	jq -r '"\(.retried) \(.run.state)"')" "1 running"
wait_for 'run_is completed' 60
is "all of it is well now" "$(run '"\(.items_active) \(.items_broken)
	\(.items_done)" | gsub("\\s+"; " ")')" "12 0 12"
api GET "/api/batch-import/runs/$RUN/items/$FAILED"
is "with the model that was asked for" "$(json .resolved_smoke_model)" mock-b
is "and all its events" "$(json '[.events[].kind] |
	"\(index("failed") != null) \(index("retried") > index("failed"))"')" \
	"true true"
is "one account for each key" "$(host_state '[.accounts[] |
	select(.name | test("crm-"))] | length')" 12
api POST "/api/batch-import/runs/$RUN/retry?only=failed"
is "nothing is left to be tried again" "$STATUS $(json .retried)" "202 0"

# ---- a run of one beside a big one ------------------------------------------

started=$(date +%s%N)
run_of "$(items 1 good-)"
wait_for 'run_is completed' 60
alone=$((($(date +%s%N) - started) / 1000000))
run_of "$(items 300 good-)"
BIG=$RUN
wait_for '[ "$(run .items_done)" -gt 0 ]' 60
started=$(date +%s%N)
run_of "$(items 1 good-)"
wait_for 'run_is completed' 120
beside=$((($(date +%s%N) - started) / 1000000))
RUN=$BIG
is "the big run is not done yet" "$(run .state)" running
note "a run of one took $alone ms alone, $beside ms beside one of 300"
ok "a run of one soon ends beside it" [ "$beside" -le $((3 * alone + 3000)) ]

# ---- paused in the middle ---------------------------------------------------

ctl -o json host pause "$HOST_ID"
is "crmctl pauses the host" "$RC $(printf '%s' "$OUT" |
	jq -r '.paused_at != null')" "0 true"
# Everything that is under way ends, everything else is held.
quiet() {
	[ "$(db "SELECT count(*) FROM tasks WHERE state IN ('due', 'leased')")" \
		-eq 0 ]
}
wait_for quiet 60
ok "nothing is due any more" quiet
before=$(wc -l <"$SITE/log/hostsim.requests" 2>/dev/null)
done_before=$(run .items_done)
like "items are held for it" "$(db "SELECT count(*) FROM tasks WHERE
	held_for = 'host'")" '^[1-9]'
run_of "$(items 1 good-)"
wait_for "[ \"\$(db \"SELECT state FROM tasks WHERE run_id = '\$RUN'\")\" = held ]"
is "a new run is accepted and held" "$(run .state)" running
api POST "/api/hosts/$HOST_ID/probe"
is "a probe is refused" "$STATUS $(json .code)" "409 paused"
like "with what to do" "$(json .detail)" 'crmctl host resume'
ACCESS=$(db "SELECT access_id FROM accesses LIMIT 1")
api POST /api/access-checks "{\"access_id\":\"$ACCESS\"}"
is "a check is refused" "$STATUS $(json .code)" "409 paused"
api GET "/api/explain?host_id=$HOST_ID&lang=en"
like "explain says so" "$(json .text)" 'paused'
small=$RUN
RUN=$BIG
is "the host was not asked meanwhile" \
	"$(wc -l <"$SITE/log/hostsim.requests" 2>/dev/null) $(run .items_done)" \
	"$before $done_before"
is "its run stays running" "$(run .state)" running

# ---- and the endpoint, while the host goes on -------------------------------

KEY=$(db "SELECT endpoint_key FROM accesses LIMIT 1")
ctl -o json endpoint pause "$PROVIDER_URL/v1"
is "crmctl pauses the endpoint" "$RC $(printf '%s' "$OUT" |
	jq -r '"\(.endpoint_key) \(.paused_at != null)"')" "0 $KEY true"
ctl host resume "$HOST_ID"
wait_for quiet 60
is "now it is the endpoint that holds" "$(db "SELECT DISTINCT held_for FROM
	tasks WHERE state = 'held'")" endpoint
RUN=$small
api GET "/api/batch-import/runs/$RUN/items"
is "items say so" "$(json '.items[0].held_for')" endpoint
ctl endpoint resume "$PROVIDER_URL/v1"
wait_for 'run_is completed' 60
is "the small run ends" "$(run .state)" completed

# ---- cancelled with things held, parked, due and under way ------------------

RUN=$BIG
ctl endpoint pause no-such-provider
is "what is no provider is not paused" "$RC" 7
ctl endpoint pause "$PROVIDER_URL/v1"
wait_for quiet 60
ctl endpoint resume "$PROVIDER_URL/v1"
ctl run cancel "$RUN"
wait_for '[ "$(run .finished_at)" != null ]' 90
is "a cancelled run ends whole" "$(run '"\(.state) \(.items_done)"')" \
	"cancelled 300"
is "no task of it is left" "$(db "SELECT count(*) FROM tasks WHERE
	run_id = '$RUN' AND state <> 'done'")" 0
is "every account belongs to an active item" "$(host_state '[.accounts[] |
	select(.name | test("crm-"))] | length')" \
	"$(db "SELECT count(DISTINCT account_id) FROM import_run_items WHERE
	access_status = 'active'")"
api POST "/api/batch-import/runs/$RUN/retry"
is "what was cancelled stays so" "$STATUS $(json .code)" "409 run_cancelled"

no_secret_leaks
done_testing
