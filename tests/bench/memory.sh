# Target: resident memory of crm-schedd with 500 exchanges under way.
#
# shellcheck shell=sh

MEMORY_ITEMS=1000
MEMORY_CONCURRENCY=512
MEMORY_ENOUGH=500
MEMORY_DELAY_MS=4000
MEMORY_LIMIT_MB=32

under_way() {
	curl -sS --noproxy '*' "$PROVIDER_URL/__sim/requests" |
		jq '[.[] | select(.done | not)] | length'
}

# status_kb FIELD: of crm-schedd.
status_kb() {
	sed -n "s/^$1:[[:blank:]]*\([0-9]*\) kB/\1/p" \
		"/proc/$(pid_of crm-schedd)/status"
}

# look_at_memory: note it if enough is under way at this moment.
look_at_memory() {
	n=$(under_way)
	[ "$n" -lt "$MEMORY_ENOUGH" ] ||
		status_kb VmRSS >>"$SITE/log/memory"
}

# In this time all models are asked for, and all chats, and the first calls of
# the host.
watch_memory() {
	until_s=$(($(date +%s) + 6 * MEMORY_DELAY_MS / 1000))
	while [ "$(date +%s)" -lt "$until_s" ]; do
		look_at_memory
		sleep 0.2
	done
}

part_memory() {
	SITE_SETTINGS="limits = { concurrency = $MEMORY_CONCURRENCY;
		provider = $MEMORY_CONCURRENCY; host = $MEMORY_CONCURRENCY;
		key = 10; };"
	begin_site memory
	SITE_SETTINGS=
	start_hostsim 0.1.129
	start_providersim chat-only-403 --delay-ms "$MEMORY_DELAY_MS"
	start_schedd
	start_pool 2
	start_nginx
	add_host bench "$HOST_URL" "$SITE/etc/host.key"
	say "memory: $MEMORY_ITEMS items, each waiting for its provider"
	idle=$(status_kb VmRSS)
	make_body "$MEMORY_ITEMS" "$PROVIDER_URL/v1" >"$SITE/log/many.json"
	api POST /api/batch-import/runs "$SITE/log/many.json" >/dev/null
	: >"$SITE/log/memory"
	watch_memory
	[ -s "$SITE/log/memory" ] ||
		complain "never were $MEMORY_ENOUGH exchanges under way"
	kb=$(sort -n "$SITE/log/memory" | tail -n1)
	end_site
	say "at rest $(ratio "$idle" 1024 | cut -c1-4) MB"
	mb=$(ratio "$kb" 1024)
	report "schedd, $MEMORY_ENOUGH under way" "$MEMORY_LIMIT_MB" \
		"$(fixed "$mb" 1)" MB "$(ratio "$mb" "$MEMORY_LIMIT_MB")" 1 above
}
