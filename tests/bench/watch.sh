# Target: what 10,000 accesses in background confirmation cost crm-schedd while
# none of them is due.
#
# shellcheck shell=sh

WATCH_ACCESSES=10000
WATCH_SECONDS=${WATCH_SECONDS:-20}
WATCH_LIMIT_PERCENT=5
WATCH_SPREAD_MS=86400000

# write_accesses: on a host that never has to be asked, each due at a moment of
# its own between ten minutes and a day from now.
write_accesses() {
	as_site sqlite3 "$SITE/var/crm.db" <<-END
	PRAGMA busy_timeout = 5000;
	BEGIN IMMEDIATE;
	INSERT INTO secrets (secret_id, kind, sealed, created_at)
		VALUES ('sec_bench', 'host_token', x'00', 1);
	INSERT INTO hosts (host_id, name, base_url, auth_type, auth_secret_id,
		state, probed_at, created_at, updated_at)
	VALUES ('hst_bench', 'bench', 'http://127.0.0.1:9', 'api_key',
		'sec_bench', 'ready', unixepoch() * 1000, 1, 1);
	WITH RECURSIVE n(i) AS
		(SELECT 1 UNION ALL
		 SELECT i + 1 FROM n WHERE i < $WATCH_ACCESSES)
	INSERT INTO accesses (access_id, host_id, endpoint_key, access_mode,
		selector, status, status_since, next_check_at, created_at,
		updated_at)
	SELECT printf('acc_%08d', i), 'hst_bench',
		printf('endpoint-%d', i / 20), 'subscription',
		printf('s%d', i), 'active', 1, unixepoch() * 1000 + 600000 +
		i * ($WATCH_SPREAD_MS - 600000) / $WATCH_ACCESSES, 1, 1
	FROM n;
	COMMIT;
	END
}

part_watch() {
	begin_site watch
	write_accesses >/dev/null
	start_schedd
	say "watch: $WATCH_ACCESSES accesses, none due, $WATCH_SECONDS s"
	before=$(cpu_ticks)
	began=$(cut -d' ' -f1 /proc/uptime)
	sleep "$WATCH_SECONDS"
	ended=$(cut -d' ' -f1 /proc/uptime)
	ticks=$(($(cpu_ticks) - before))
	kb=$(status_kb VmRSS)
	end_site
	percent=$(awk -v t="$ticks" -v hz="$(getconf CLK_TCK)" -v a="$began" \
		-v b="$ended" 'BEGIN { print 100 * t / hz / (b - a) }')
	say "watch: resident $(ratio "$kb" 1024 | cut -c1-4) MB"
	report "watch of $WATCH_ACCESSES, core" "$WATCH_LIMIT_PERCENT" \
		"$(fixed "$percent" 2)" % \
		"$(ratio "$percent" "$WATCH_LIMIT_PERCENT")" 1 above
}
