#!/bin/sh
# Lists of runs and items, their counts, a report, and live progress: through
# the real programs, with good keys and dead ones.
. tests/integration/lib.sh

RUNS=/api/batch-import/runs
ITEMS=/api/batch-import/items

# What keys can do is asked after their run is over, and tells of it: not here.
SITE_SETTINGS="$quick_settings
probe = { capabilities = \"off\"; };"
start_stack 0.1.129 chat-only-403
add_host

# items GOOD DEAD: the items of a run with so many keys of each kind.
items() {
	list=
	n=0
	while [ $n -lt $(($1 + $2)) ]; do
		n=$((n + 1))
		kind=good
		[ $n -le "$1" ] || kind=dead
		key="$kind-$(random_text 32)"
		printf '%s\n' "$key" >>"$SITE/etc/given.key"
		list="$list${list:+,}{\"base_url\":\"$PROVIDER_URL/v1\",
			\"api_key\":\"$key\"}"
	done
	echo "$list"
}

# new_run GOOD DEAD: sets RUN_ID.
new_run() {
	api POST "$RUNS" "{\"host_id\":\"$HOST_ID\",\"items\":[$(items "$@")]}"
	RUN_ID=$(json .run_id)
}

# pages PATH FILTER: all ids of a list, by pages of two.
pages() {
	cursor=
	while :; do
		api GET "$1?limit=2&$2$cursor"
		json '.items[].item_id'
		[ "$(json .next_cursor)" != null ] || break
		cursor="&cursor=$(json '.next_cursor | @uri')"
	done
}

# Live progress: each answer is waited for, and nothing is missed.
new_run 4 2
run=$RUN_ID
after=0
asked=0
seen=0
while [ $asked -lt 100 ]; do
	api GET "$RUNS/$run/events?after=$after&limit=500" '' \
		-H 'Prefer: wait=20'
	asked=$((asked + 1))
	[ "$(json '.events[0].seq // 0')" -eq 0 ] ||
		[ "$(json '.events[0].seq')" -eq $((after + 1)) ] ||
		fail "the events go on where they ended"
	seen=$((seen + $(json '.events | length')))
	after=$(json .next_after)
	[ "$(json .state)" = running ] || break
done
is "the run is followed to its end" "$(json .state)" completed_with_warnings
is "its events are numbered without holes" "$seen" "$after"
is "and are all that its items have" "$seen" "$(db "SELECT count(*)
	FROM import_run_item_events e JOIN import_run_items i
	ON i.item_id = e.item_id WHERE i.run_id = '$run'")"
note "$asked answers for $seen events"
is "in few answers" "$([ $asked -le $((seen / 2)) ] && echo yes)" yes
is "the counts come along" "$(json '.counts.access_status |
	"\(.active) \(.broken) \(.unknown)"')" "4 2 0"
api GET "$RUNS/$run/events?after=$after" '' -H 'Prefer: wait=20'
is "of a run that is over nothing is waited for" \
	"$(json '.events | length')" 0

# A wait that ends in time.
stop crm-schedd
new_run 1 0
began=$(cut -d. -f1 /proc/uptime)
api GET "$RUNS/$RUN_ID/events" '' -H 'Prefer: wait=2'
took=$(($(cut -d. -f1 /proc/uptime) - began))
is "a wait ends in time" "$STATUS $([ $took -ge 1 ] && [ $took -lt 15 ] &&
	echo yes)" "200 yes"
like "and says that it was one" "$HEADERS" '[Pp]reference-[Aa]pplied: wait=2'
is "with the run as it stands" "$(json '"\(.state) \(.next_after)"')" \
	"running 0"
start_schedd
ctl run watch "$RUN_ID" --timeout 60
is "crmctl follows it to its end" "$RC" 0
like "and tells how it went" "$ERR" '#1 .*: done, active, model'

# Counts, and filters, each led by an index.
api GET "$RUNS/$run/items"
is "counts come with the items" "$(json '.counts |
	"\(.current_stage.done) \(.access_status.broken)"')" "6 2"
is "dead keys are found by class" \
	"$(pages "$RUNS/$run/items" class=key_invalid | wc -l)" 2
is "good ones by access status" \
	"$(pages "$RUNS/$run/items" access_status=active | wc -l)" 4
is "in the order of the rows" "$(pages "$RUNS/$run/items" '')" \
	"$(db "SELECT item_id FROM import_run_items WHERE run_id = '$run'
	ORDER BY seq")"
is "those of all runs come newest first" "$(pages $ITEMS '')" \
	"$(db 'SELECT item_id FROM import_run_items ORDER BY item_id DESC')"
provider=$(db 'SELECT provider_id FROM import_run_items LIMIT 1')
is "all of them are of one provider" \
	"$(pages $ITEMS "provider_id=$provider&host_id=$HOST_ID" | wc -l)" 7
edit_db "UPDATE import_run_items
	SET label = 'team ' || seq WHERE run_id = '$run'"
is "a label is looked for in all runs" "$(pages $ITEMS 'q=team+3')" \
	"$(db "SELECT item_id FROM import_run_items WHERE label = 'team 3'")"
api GET "$RUNS?q=${PROVIDER_URL#http://}"
is "runs are found by the base URL" "$(json '.runs | length')" 2
api GET "$RUNS?q=$provider&state=completed"
is "and by the provider, with other filters" \
	"$(json '.runs | length') $(json '.counts.completed_with_warnings')" \
	"1 1"
ctl -o json item list --class key_invalid
is "crmctl finds items of all runs" "$(printf '%s' "$OUT" | jq length)" 2
ctl item list "$run" --lang zh --access broken
like "its table speaks Chinese" "$OUT" '不可用'

# Pages hold still while rows are added.
api GET "$ITEMS?limit=3"
first=$(json '.items[].item_id')
cursor=$(json '.next_cursor | @uri')
new_run 3 0
api GET "$ITEMS?limit=200&cursor=$cursor"
is "what is added meanwhile moves nothing" \
	"$(printf '%s\n' "$first" && json '.items[].item_id')" \
	"$(db "SELECT item_id FROM import_run_items WHERE run_id <> '$RUN_ID'
	ORDER BY item_id DESC")"
ctl run watch "$RUN_ID" --timeout 60
api GET "$RUNS"
is "counts of runs are kept" "$(json '.counts |
	"\(.running) \(.completed) \(.completed_with_warnings)"')" "0 2 1"

# A report.
edit_db "UPDATE import_run_items
	SET label = '=cmd()', note = 'a, \"b\"' WHERE run_id = '$run' AND seq = 1"
ctl run report "$run" --lang en
is "a report is printed" "$RC" 0
printf '%s\n' "$OUT" >"$WORK/report.csv"
is "its rows are those of the run" "$(python3 - "$WORK/report.csv" <<-'EOF'
	import csv, sys
	rows = list(csv.DictReader(open(sys.argv[1], encoding="utf-8-sig",
	                                newline="")))
	print(len(rows), rows[0]["label"], rows[0]["note"],
	      sum(r["access"] == "active" for r in rows),
	      sum(r["failure_class"] == "key_invalid" for r in rows))
	EOF
	)" "6 '=cmd() a, \"b\" 4 2"
api GET "$RUNS/$run/items?format=csv&class=key_invalid" '' \
	-H 'Accept-Language: zh-CN'
is "in Chinese, of some" "$STATUS $(printf '%s\n' "$BODY" | wc -l)" "200 3"
like "with Chinese titles" "$BODY" '标签,备注'
like "as a file to be saved" "$HEADERS" \
	"[Cc]ontent-[Dd]isposition: attachment; filename=\"$run.csv\""
ctl run report run_none
is "of no run there is none" "$RC:$OUT" "7:"

api GET /api/badges
is "badges are there for pages" "$(json '.badges.access_status.broken |
	"\(.zh) \(.tone)"')" "不可用 bad"

no_secret_leaks
done_testing
