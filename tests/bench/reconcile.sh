# Target: a reconcile of a host with 10,000 accounts, of which 1,000 are ours,
# against the very requests that it made, said again by one curl on a kept
# connection; what it writes where nothing changed, and whether memory grows
# with the host.
#
# shellcheck shell=sh

RECONCILE_ACCOUNTS=${RECONCILE_ACCOUNTS:-10000}
RECONCILE_OURS=1000
RECONCILE_ROUNDS=${RECONCILE_ROUNDS:-5}
# What a stock host takes more than a simulated one for such a page.
RECONCILE_CALL_MS=${RECONCILE_CALL_MS:-20}

# more_accounts COUNT: as many more like ours.
more_accounts() {
	curl -sS --noproxy '*' -o /dev/null --data-binary "{\"do\":
		\"copy-account\",\"id\":$ours,\"count\":$1}" \
		"$HOST_URL/__sim/control"
}

# One account that was really imported, and a first page of others.
first_accounts() {
	make_body 1 "$PROVIDER_URL/v1" >"$SITE/log/one.json"
	api POST /api/batch-import/runs "$SITE/log/one.json" \
		-H 'Prefer: wait=60' >"$SITE/log/run"
	[ "$(jq -r .items_active "$SITE/log/run")" = 1 ] ||
		complain "the import failed"
	ours=$(as_site sqlite3 "$SITE/var/crm.db" "SELECT host_resource_id
		FROM managed_resources WHERE resource_type = 'account'")
	more_accounts 999
}

# The rest of them; every tenth of all is ours from now on.
many_accounts() {
	more_accounts $((RECONCILE_ACCOUNTS - 1000))
	as_site sqlite3 "$SITE/var/crm.db" <<-END
	PRAGMA busy_timeout = 5000;
	WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n
		WHERE i < $RECONCILE_OURS - 1)
	INSERT INTO managed_resources (resource_id, host_id, resource_type,
		lookup, mark, state, host_resource_id, wanted_json,
		written_json, origin, created_at, updated_at)
	SELECT printf('res_bench_%06d', i), host_id, resource_type,
		printf('bench|subscription|%d', i), printf('crm-bench-%d', i),
		'present', $ours + i * ($RECONCILE_ACCOUNTS / $RECONCILE_OURS),
		wanted_json, written_json, origin, 1, 1
	FROM n, managed_resources WHERE host_resource_id = '$ours'
		AND resource_type = 'account';
	END
}

# What CRM asked the host, as a list of URLs for curl.
requests_seen() {
	curl -sS --noproxy '*' "$HOST_URL/__sim/requests?after=$1"
}

last_request() {
	requests_seen 0 | jq 'map(.number) | max // 0'
}

write_urls() {
	requests_seen "$1" | jq -r --arg url "$HOST_URL" '.[] |
		"url = \"\($url)\(.path)\"", "output = /dev/null"' \
		>"$SITE/log/pages"
}

now_ms() {
	date +%s%3N
}

reconcile_bare() {
	began=$(now_ms)
	curl -sS --noproxy '*' -H "@$SITE/log/host.header" \
		-K "$SITE/log/pages"
	echo $(($(now_ms) - began)) >>"$SITE/log/reconcile.bare"
}

reconcile_ours() {
	echo "{\"host_id\":\"$HOST_ID\",\"apply\":true}" \
		>"$SITE/log/reconcile.json"
	api POST /api/reconcile "$SITE/log/reconcile.json" \
		-H 'Prefer: wait=60' >"$SITE/log/reconcile.reply"
	[ "$(jq -r .result "$SITE/log/reconcile.reply")" = in_sync ] ||
		complain "$(cut -c1-300 "$SITE/log/reconcile.reply")"
	as_site sqlite3 "$SITE/var/crm.db" "SELECT finished_at - created_at
		FROM reconcile_runs ORDER BY reconcile_id DESC LIMIT 1"
}

reconcile_round() {
	reconcile_bare
	reconcile_ours >>"$SITE/log/reconcile.ours"
}

rows_touched() {
	as_site sqlite3 "$SITE/var/crm.db" "SELECT count(*) FROM
		managed_resources WHERE updated_at > $1"
}

part_reconcile() {
	SITE_SETTINGS="watch = { every_s = 0; };
		reconcile = { every_minutes = 0; };
		limits = { host_per_minute = 0; };"
	begin_site reconcile
	SITE_SETTINGS=
	start_hostsim 0.1.129 --call-ms "$RECONCILE_CALL_MS"
	start_providersim chat-only-403
	start_schedd
	start_pool 2
	start_nginx
	add_host bench "$HOST_URL" "$SITE/etc/host.key"
	first_accounts
	sed 's/^/x-api-key: /' "$SITE/etc/host.key" >"$SITE/log/host.header"
	reconcile_ours >/dev/null
	small=$(status_kb VmHWM)
	many_accounts >/dev/null
	say "reconcile: $RECONCILE_OURS of $RECONCILE_ACCOUNTS accounts," \
		"$RECONCILE_ROUNDS rounds"
	reconcile_ours >/dev/null
	seen=$(now_ms)
	mark=$(last_request)
	reconcile_ours >/dev/null
	write_urls "$mark"
	say "reconcile: $(grep -c '^url' "$SITE/log/pages") requests"
	before=$(cpu_ticks)
	rounds "$RECONCILE_ROUNDS" reconcile_round
	say "reconcile: $((($(cpu_ticks) - before) * 1000 /
		$(getconf CLK_TCK) / RECONCILE_ROUNDS)) ms of processor time" \
		"each"
	say "reconcile: $(jq -r .counts.compared "$SITE/log/reconcile.reply")" \
		"compared; rows written where nothing changed:" \
		"$(rows_touched "$seen")"
	kb=$(status_kb VmHWM)
	bare=$(median <"$SITE/log/reconcile.bare")
	ours=$(median <"$SITE/log/reconcile.ours")
	end_site
	report "reconcile, pages by curl" "$bare" "$ours" ms \
		"$(ratio "$ours" "$bare")" 1.2 above
	report "reconcile, peak at 1/10 of them" \
		"$(ratio "$small" 1024 | cut -c1-4)" \
		"$(ratio "$kb" 1024 | cut -c1-4)" MB "$(ratio "$kb" "$small")" \
		1.2 above
}
