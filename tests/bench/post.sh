# Target: POST of 5,000 items through nginx against a loop that parses, seals
# and inserts the same, each time on a fresh copy of one database; and the most
# memory that any worker ever had, the same rows as CSV and JSON lines included.
#
# shellcheck shell=sh

POST_ROUNDS=${POST_ROUNDS:-7}
POST_ITEMS=${POST_ITEMS:-5000}
POST_MEMORY_MB=64

# make_body COUNT [BASE_URL]: a run of so many items, each with its own key.
make_body() {
	jq -cn --argjson count "$1" --arg host "$HOST_ID" \
		--arg url "${2:-https://provider.example.com/v1}" '{
		host_id: $host,
		items: [range($count) | {
			base_url: $url,
			api_key: "good-\(. + 1000000)-0123456789abcdef0123456789"
		}] }'
}

fresh_database() {
	rm -f "$SITE/var/crm.db" "$SITE/var/crm.db-wal" "$SITE/var/crm.db-shm"
	cp "$SITE/var/template.db" "$SITE/var/crm.db"
	site_give
}

rows_written() {
	as_site sqlite3 "$SITE/var/crm.db" 'SELECT
		(SELECT count(*) FROM import_runs),
		(SELECT count(*) FROM secrets WHERE kind = '\''api_key'\''),
		(SELECT count(*) FROM import_run_items),
		(SELECT count(*) FROM tasks WHERE flow = '\''import'\'')'
}

# post_checked: both must have stored the same number of rows.
post_checked() {
	rows=$(rows_written)
	[ "$rows" = "1|$POST_ITEMS|$POST_ITEMS|$POST_ITEMS" ] ||
		complain "POST stored $rows rows"
}

post_round() {
	fresh_database
	as_site "$SITE/bin/bench_post" "$SITE/var/crm.db" "$SITE/etc" \
		"$SITE/log/many.json" >>"$SITE/log/post.bare"
	post_checked
	fresh_database
	start_pool 4
	# The first connection of a worker to anything is not what we measure.
	api GET /api/whoami >/dev/null
	api POST /api/batch-import/runs "$SITE/log/many.json" -o /dev/null \
		-w '%{time_total}\n' >>"$SITE/log/post.ours"
	note_memory
	stop pool
	post_checked
}

# The most that any worker of the pool ever had, in kB.
note_memory() {
	for worker in $(pgrep -P "$(pid_of pool)"); do
		sed -n 's/^VmHWM:[[:blank:]]*\([0-9]*\) kB/\1/p' \
			"/proc/$worker/status"
	done >>"$SITE/log/post.memory"
}

# post_form TYPE FILE: the same rows in another form, for the same table.
post_form() {
	fresh_database
	start_pool 4
	api GET /api/whoami >/dev/null
	TYPE=$1 api POST "/api/batch-import/runs?host_id=$HOST_ID" "$2" \
		-o /dev/null -w '%{time_total}\n' >>"$SITE/log/post.$3"
	note_memory
	stop pool
	post_checked
}

# The files of the other forms.
make_files() {
	jq -c '.items[]' "$SITE/log/many.json" >"$SITE/log/many.jsonl"
	{
		echo '接口地址,密钥'
		jq -r '.items[] | "\(.base_url),\(.api_key)"' \
			"$SITE/log/many.json"
	} >"$SITE/log/many.csv"
}

# report_form NAME FILE BARE: its median against the bare loop.
report_form() {
	took=$(awk '{ print $1 * 1000 }' "$2" | median)
	report "$1" "$(fixed "$3" 1)" "$(fixed "$took" 1)" ms \
		"$(ratio "$took" "$3")" 1.5 above
}

post_files_round() {
	post_form text/csv "$SITE/log/many.csv" csv
	post_form application/x-ndjson "$SITE/log/many.jsonl" jsonl
}

part_post() {
	begin_site post
	start_hostsim 0.1.129
	start_schedd
	start_pool 4
	start_nginx
	add_host bench "$HOST_URL" "$SITE/etc/host.key"
	stop pool
	stop crm-schedd
	bench_post
	end_site
}

bench_post() {
	say "POST of $POST_ITEMS items: $POST_ROUNDS rounds"
	make_body "$POST_ITEMS" >"$SITE/log/many.json"
	as_site sqlite3 "$SITE/var/crm.db" "VACUUM INTO '$SITE/var/template.db'"
	as_site sqlite3 "$SITE/var/template.db" 'PRAGMA journal_mode = WAL' \
		>/dev/null
	make_files
	rounds "$POST_ROUNDS" post_round
	rounds 3 post_files_round
	bare=$(awk '{ print $1 / 1000 }' "$SITE/log/post.bare" | median)
	report_form "POST of $POST_ITEMS items" "$SITE/log/post.ours" "$bare"
	report_form "the same as CSV" "$SITE/log/post.csv" "$bare"
	report_form "the same as JSON lines" "$SITE/log/post.jsonl" "$bare"
	kb=$(sort -n "$SITE/log/post.memory" | tail -n1)
	mb=$(ratio "$kb" 1024)
	report "a worker's memory, at most" "$POST_MEMORY_MB" \
		"$(fixed "$mb" 1)" MB "$(ratio "$mb" "$POST_MEMORY_MB")" 1 above
}
