# Targets: the install of a pack with 500 providers through nginx against
# parsing its files by jansson alone; and a page of the list of these 500
# against a FastCGI program that answers as many bytes.
#
# shellcheck shell=sh

PACKS_ROUNDS=${PACKS_ROUNDS:-7}
PACKS_PROVIDERS=500
PACKS_SECONDS=${PACKS_SECONDS:-2}

# make_pack DIR: ours, over and over, each provider under a name of its own.
make_pack() {
	mkdir -p "$1/providers"
	set -- "$1" packs/openai-cn-pack/providers/*.json
	dir=$1
	shift
	jq '.pack_id = "bench-pack"' packs/openai-cn-pack/pack.json \
		>"$dir/pack.json"
	jq -c --argjson count "$PACKS_PROVIDERS" -n '[inputs] as $all |
		range($count) | . as $n | $all[$n % ($all | length)] |
		.provider_id = "p\($n)"' "$@" |
		while read -r manifest; do
			name=$(printf '%s' "$manifest" |
				sed 's/.*"provider_id":"\([a-z0-9]*\)".*/\1/')
			printf '%s\n' "$manifest" >"$dir/providers/$name.json"
		done
	# As people write them, not in one line.
	python3 - "$dir" <<-'END'
	import glob, json, sys
	for path in glob.glob(sys.argv[1] + "/providers/*.json"):
	    with open(path, encoding="utf-8") as file:
	        made = json.load(file)
	    with open(path, "w", encoding="utf-8") as file:
	        json.dump(made, file, ensure_ascii=False, indent=1)
	END
}

packs_round() {
	fresh_database
	"$SITE/bin/bench_parse" "$SITE/var/pack/providers" 5 \
		>>"$SITE/log/packs.bare"
	start_pool 4
	# The first connection of a worker to anything is not what we measure.
	api GET /api/whoami >/dev/null
	TYPE=application/gzip api POST /api/packs/install \
		"$SITE/var/pack.tar.gz" -o /dev/null -w '%{time_total}\n' \
		>>"$SITE/log/packs.ours"
	note_pack_memory
	stop pool
	rows=$(as_site sqlite3 "$SITE/var/crm.db" \
		'SELECT count(*) FROM pack_providers')
	[ "$rows" = "$PACKS_PROVIDERS" ] || {
		echo "bench: an install stored $rows providers" >&2
		return 1
	}
}

note_pack_memory() {
	for worker in $(pgrep -P "$(pid_of pool)"); do
		sed -n 's/^VmHWM:[[:blank:]]*\([0-9]*\) kB/\1/p' \
			"/proc/$worker/status"
	done >>"$SITE/log/packs.memory"
}

list_round() {
	GET_SECONDS=$PACKS_SECONDS
	load "$bare_url" >>"$SITE/log/list.bare" &&
		load "$ours_url" >>"$SITE/log/list.ours"
}

part_packs() {
	begin_site packs
	start_pool 4
	start_nginx
	api GET /api/whoami >/dev/null
	stop pool
	bench_packs
	end_site
}

bench_packs() {
	say "install of $PACKS_PROVIDERS providers: $PACKS_ROUNDS rounds"
	make_pack "$SITE/var/pack"
	"$SITE/bin/crmctl" pack build "$SITE/var/pack" \
		-o "$SITE/var/pack.tar.gz" >/dev/null
	site_give
	as_site sqlite3 "$SITE/var/crm.db" "VACUUM INTO '$SITE/var/template.db'"
	as_site sqlite3 "$SITE/var/template.db" 'PRAGMA journal_mode = WAL' \
		>/dev/null
	rounds "$PACKS_ROUNDS" packs_round
	bare=$(awk '{ print $1 / 1000 }' "$SITE/log/packs.bare" | median)
	ours=$(awk '{ print $1 * 1000 }' "$SITE/log/packs.ours" | median)
	report "install of $PACKS_PROVIDERS providers" "$(fixed "$bare" 1)" \
		"$(fixed "$ours" 1)" ms "$(ratio "$ours" "$bare")" 3 above
	kb=$(sort -n "$SITE/log/packs.memory" | tail -n1)
	mb=$(ratio "$kb" 1024)
	report "a worker's memory, at most" 64 "$(fixed "$mb" 1)" MB \
		"$(ratio "$mb" 64)" 1 above
	bench_list
}

bench_list() {
	start_pool 4
	ours_url="$PREFIX_URL/api/providers?limit=$PACKS_PROVIDERS"
	api GET "/api/providers?limit=$PACKS_PROVIDERS" >"$SITE/log/page.json"
	bytes=$(wc -c <"$SITE/log/page.json")
	say "a page of $PACKS_PROVIDERS providers, $bytes bytes"
	start bare "$SITE/bin/pool" 4 "$SITE/run/bare.sock" \
		"$SITE/bin/bench_fcgi" "$bytes"
	started bare 10 "[ -S '$SITE/run/bare.sock' ]"
	write_wrk_script
	bare_url=${PREFIX_URL%/crm}/bare/providers
	rounds "$PACKS_ROUNDS" list_round
	stop bare
	stop pool
	bare=$(median <"$SITE/log/list.bare")
	ours=$(median <"$SITE/log/list.ours")
	report "page of $PACKS_PROVIDERS providers" "$(fixed "$bare" 0)" \
		"$(fixed "$ours" 0)" req/s "$(ratio "$ours" "$bare")" 0.5 below
}
