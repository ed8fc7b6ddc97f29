# A mixed batch: its rows, how it is begun, and whether each item ended as
# cases.tsv says.  Sourced after lib.sh and hosts.sh.
#
# shellcheck shell=sh

# Simulated hosts do not count the calls of users.
case ${REAL_HOSTS:-} in
'') calls='logins_per_minute = 1000; user_calls_per_minute = 100000;' ;;
*) calls= ;;
esac

# What nobody answers is given up soon.
# shellcheck disable=SC2034 # read by lib.sh
SITE_SETTINGS="
exchange = { connect_timeout_ms = 1000; timeout_ms = 1500;
	     chat_timeout_ms = 2500; answer_max = 262144; };
engine = { retry_first_ms = 50; retry_max_ms = 400; attempts_max = 3;
	   warm_up_ms = 6000; flag_wait_ms = 6000; };
limits = { $calls };
watch = { every_s = 0; };"

# start_providers: all kinds on one address, and one where a key is good for
# one question.
start_providers() {
	models=mock-a,mock-b,kimi-k2.5,kimi-k2.6
	start_providersim chat-only-403 --retry-after 1 --models "$models"
	start_provider revoking chat-only-403 --revoke-after 1 \
		--models "$models"
	REVOKING_URL=$ADDRESS
	secret_file batch.key "$(random_text 32)"
}

# batch_rows SCOPE: as a JSON array, one row of each kind after the other.
# SCOPE is rows, for all, or core.  No two hosts share an endpoint.
batch_rows() {
	jq -Rn --arg scope "$1" --arg base "$PROVIDER_URL" --arg tag "$tag-$host_number" \
		--arg revoking "$REVOKING_URL" \
		--rawfile key "$SITE/etc/batch.key" '
		def number: if . == "-" then 0 else tonumber end;
		def place: if .at == "own" then "\(.kind)-\(.i)"
			elif .at == "twin" then "\(.kind)-\(.i / 2 | floor)"
			else .at[1:] end;
		[inputs | select(.[:1] != "#") | split("\t")] |
		[to_entries[] | .key as $kind | .value |
		 (if $scope == "core" then .[6] else .[5] end | number) as $n |
		 range($n) as $i |
		 {order: [$i, $kind], i: $i, kind: .[0], personality: .[1],
		  begins: .[2], at: .[3], ask: .[4]}] |
		sort_by(.order) | map(. + {place: place}) |
		map({kind, label: "\(.kind) \(.i)",
		base_url: (if .personality == "revoking" then $revoking
			   else $base end +
			   "/as/\(.personality)/\($tag)-\(.place)/v1"),
		api_key: ("\(.begins)-\($key | rtrimstr("\n"))-" +
			  if .at == "twin" then .place
			  else "\(.kind)-\(.i)" end),
		requested_models: [.ask | select(. != "-")]})' \
		tests/batch/cases.tsv
}

# batch_file: the rows of standard input as a table program writes them.
batch_file() {
	jq -rj '"\ufeff", (["接口地址", "密钥", "模型", "标签"],
		(.[] | [.base_url, .api_key, .requested_models[0], .label]) |
		@csv, "\r\n")'
}

# begin_batch SCOPE: on the host HOST_ID.  Sets RUN_ID.
begin_batch() {
	batch_rows "$1" >"$WORK/rows.json"
	jq -r '.[].api_key' "$WORK/rows.json" >"$WORK/rows-$host_number.secret"
	batch_file <"$WORK/rows.json" >"$WORK/batch.csv"
	ctl -o json run create -f "$WORK/batch.csv" --host "$HOST_ID" \
		--access-mode subscription
	rm -f "$WORK/batch.csv"
	RUN_ID=$(json_of "$OUT" '.run_id // empty')
	[ -n "$RUN_ID" ] || fail "$version: the batch is taken" "$ERR"
}

# endings RUN_ID: the items in $WORK/items.json.
endings() {
	api GET "/api/batch-import/runs/$1/items?limit=200"
	printf '%s' "$BODY" | jq '[.items[] | {seq, endpoint_key, label: .label,
		api_key_fingerprint, end: [.access_status,
			.failure_class // "-", .account_resolution // "-",
			([.warnings[].code] | unique | join(",") |
			 if . == "" then "-" else . end)],
		offers: (.recommended_models // [])}]' >"$WORK/items.json"
}

# judge_batch SCOPE NAME [RESOLUTION]: each kind, and what the host holds.
# RESOLUTION is that of what is active, if not the table's; how far the rest
# came does not matter then.
judge_batch() {
	is "$2: each item has the label of its row" "$(jq -n \
		--slurpfile rows "$WORK/rows.json" \
		--slurpfile items "$WORK/items.json" \
		'[$items[0][] | .label == $rows[0][.seq - 1].label] |
		all')" true
	prefix=$(echo "${PROVIDER_URL#http://}" | tr '.:' '--')
	held accounts "$prefix" >"$WORK/accounts"
	held groups "$prefix" >"$WORK/groups"
	prefix=$(echo "${REVOKING_URL#http://}" | tr '.:' '--')
	held accounts "$prefix" >>"$WORK/accounts"
	held groups "$prefix" >>"$WORK/groups"
	judge_kinds "$1" "${3:-}" >"$WORK/judged"
	while IFS='	' read -r kind got wanted; do
		is "$2, $kind" "$got" "$wanted"
	done <"$WORK/judged"
}

# Three columns: kind, what was seen and how often, what should be.
judge_kinds() {
	jq -Rrn --arg scope "$1" --arg resolution "$2" \
		--slurpfile rows "$WORK/rows.json" \
		--slurpfile items "$WORK/items.json" \
		--rawfile accounts "$WORK/accounts" \
		--rawfile groups "$WORK/groups" '
		def lines: split("\n") | map(select(. != ""));
		def number: if . == "-" then 0 else tonumber end;
		def tally: group_by(.) | map("\(length) x \(.[0])") |
			join("; ");
		def words: if . == "-" then [] else split(",") end;
		($accounts | lines) as $accounts | ($groups | lines) as $groups |
		$rows[0] as $rows |
		($items[0] | map(. + {kind: $rows[.seq - 1].kind})) as $items |
		# How many accounts should stand at each endpoint.
		(reduce ($items[] | select(.end[0] == "active")) as $i ({};
			.[$i.endpoint_key] += 1)) as $keys |
		def held(list; $key):
			[list[] | select(contains($key))] | length;
		inputs | select(.[:1] != "#") | split("\t") |
		.[0] as $kind |
		(if $scope == "core" then .[6] else .[5] end | number) as $n |
		select($n > 0) |
		(if .[3] == "twin" then ($n + 1) / 2 | floor else $n end)
			as $n |
		(if $resolution == "" then .[9] elif .[7] == "active"
		 then $resolution else "-" end) as $made |
		(.[11] | words) as $offers |
		[$items[] | select(.kind == $kind)] as $mine |
		[$kind,
		 ([$mine[] | .endpoint_key as $e |
		   (if $resolution != "" and .end[0] == "broken"
		    then .end[2] = "-" else . end | .end | join(" ")) +
		   (if ($offers - .offers) == [] then "" else
		    " offering \(.offers | join(","))" end) +
		   (if held($accounts; $e) == ($keys[$e] // 0) then ""
		    else " with \(held($accounts; $e)) accounts" end) +
		   (if held($groups; $e) == ($keys[$e] // 0 |
			if . > 0 then 1 else 0 end) then ""
		    else " in \(held($groups; $e)) groups" end)] | tally),
		 ([range($n) as $i | "\(.[7]) \(.[8]) \($made) \(.[10])"] |
		  tally)] | @tsv' tests/batch/cases.tsv
}
