# Target: many items against a provider and a host that take 50 ms for each
# answer, with 64 exchanges allowed at once, compared with what these exchanges
# take if 64 of them are always under way.  And what crm-schedd needs in memory
# meanwhile.
#
# shellcheck shell=sh

THROUGHPUT_ITEMS=${THROUGHPUT_ITEMS:-10000}
THROUGHPUT_VERSION=${THROUGHPUT_VERSION:-0.1.179}
THROUGHPUT_AT_ONCE=64
THROUGHPUT_CALL_MS=50
THROUGHPUT_LIMIT_MB=48

# asked URL: how many requests a simulated peer has had.
asked() {
	curl -sS --noproxy '*' "$1/__sim/health" | jq .requests
}

# core_s NAME: seconds of a core that this process has had.
core_s() {
	sed 's/^.*) //' "/proc/$(pid_of "$1")/stat" |
		awk -v hz="$(getconf CLK_TCK)" '{ print ($12 + $13) / hz }'
}

throughput_ended() {
	api GET "/api/batch-import/runs/$RUN_ID" >"$SITE/log/run.json"
	[ "$(jq -r .state "$SITE/log/run.json")" != running ]
}

# Milliseconds that all exchanges take, one after the other.  A chat through
# the gateway takes both: the host's time, and the provider's behind it.
exchange_ms() {
	host=$(asked "$HOST_URL")
	provider=$(asked "$PROVIDER_URL")
	echo $(((host - host_before + provider) * THROUGHPUT_CALL_MS))
}

measure_throughput() {
	host_before=$(asked "$HOST_URL")
	make_body "$THROUGHPUT_ITEMS" "$PROVIDER_URL/v1" >"$SITE/log/many.json"
	api POST /api/batch-import/runs "$SITE/log/many.json" \
		>"$SITE/log/run.json"
	RUN_ID=$(jq -r .run_id "$SITE/log/run.json")
	until throughput_ended; do
		sleep 0.5
	done
	[ "$(jq -r .state "$SITE/log/run.json")" = completed ] || not_proven
	ours=$(jq -r 'def ms: .[:19] + "Z" | fromdate * 1000;
		def all: ms + (.[20:23] | tonumber);
		(.finished_at | all) - (.created_at | all)' \
		"$SITE/log/run.json")
	bare=$(($(exchange_ms) / THROUGHPUT_AT_ONCE))
	kb=$(status_kb VmHWM)
}

part_throughput() {
	SITE_SETTINGS="limits = { concurrency = $THROUGHPUT_AT_ONCE;
		host = $THROUGHPUT_AT_ONCE; provider = $THROUGHPUT_AT_ONCE;
		logins_per_minute = 1000; user_calls_per_minute = 100000; };
		watch = { every_s = 0; };"
	begin_site throughput
	SITE_SETTINGS=
	start_hostsim "$THROUGHPUT_VERSION" --call-ms "$THROUGHPUT_CALL_MS"
	start_providersim chat-only-403 --delay-ms "$THROUGHPUT_CALL_MS"
	start_schedd
	start_pool 2
	start_nginx
	add_host bench "$HOST_URL" "$SITE/etc/host.key"
	say "throughput: $THROUGHPUT_ITEMS items of one provider on one host," \
		"$THROUGHPUT_AT_ONCE exchanges at once," \
		"$THROUGHPUT_CALL_MS ms each"
	measure_throughput
	for name in crm-schedd hostsim providersim; do
		say "$name: $(core_s "$name") s of a core"
	done
	end_site
	report "$THROUGHPUT_ITEMS items" "$(fixed "$(ratio "$bare" 1000)" 1)" \
		"$(fixed "$(ratio "$ours" 1000)" 1)" s \
		"$(ratio "$bare" "$ours")" 0.8 below
	report "schedd meanwhile, at most" "$THROUGHPUT_LIMIT_MB" \
		"$(fixed "$(ratio "$kb" 1024)" 1)" MB \
		"$(ratio "$kb" $((THROUGHPUT_LIMIT_MB * 1024)))" 1 above
}
