# Target: POST of 1,000 items through nginx against a loop that parses, seals
# and inserts the same, each time on a fresh copy of one database.
#
# shellcheck shell=sh

POST_ROUNDS=${POST_ROUNDS:-7}
POST_ITEMS=1000

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
	stop pool
	post_checked
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
	rounds "$POST_ROUNDS" post_round
	bare=$(awk '{ print $1 / 1000 }' "$SITE/log/post.bare" | median)
	ours=$(awk '{ print $1 * 1000 }' "$SITE/log/post.ours" | median)
	report "POST of 1,000 items" "$(fixed "$bare" 1)" "$(fixed "$ours" 1)" \
		ms "$(ratio "$ours" "$bare")" 1.5 above
}
