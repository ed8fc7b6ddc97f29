# A rollback of a run of many items, each with a key of its own, against the
# requests that it has to make; whether an item costs more in a bigger run; and
# what else reads all of a host: previews, lists, counts, export, diff.
#
# shellcheck shell=sh

ROLLBACK_ITEMS=${ROLLBACK_ITEMS:-10000}
ROLLBACK_CALL_MS=${ROLLBACK_CALL_MS:-2}

# worker_ticks: what all workers of crm-fcgi have had.
worker_ticks() {
	pgrep -P "$(pid_of pool)" | while read -r pid; do
		sed 's/^.*) //' "/proc/$pid/stat"
	done | awk '{ sum += $12 + $13 } END { print sum }'
}

rollback_ended() {
	api GET "/api/rollbacks/$ROLLBACK_ID?limit=1" >"$SITE/log/rollback"
	[ "$(jq -r .state "$SITE/log/rollback")" = "done" ]
}

# took NAME COMMAND...: milliseconds of it, the median of three, and processor
# time of crm-fcgi for one.
took() {
	name=$1
	shift
	rm -f "$SITE/log/took"
	ticks=$(worker_ticks)
	for _ in 1 2 3; do
		began=$(now_ms)
		"$@" >"$SITE/log/reply" || complain "$name failed"
		echo $(($(now_ms) - began)) >>"$SITE/log/took"
	done
	say "$count items: $name: $(median <"$SITE/log/took") ms," \
		"$((($(worker_ticks) - ticks) * 1000 / $(getconf CLK_TCK) / 3)) ms" \
		"of crm-fcgi, $(wc -c <"$SITE/log/reply") bytes"
}

delete_refused() {
	curl -sS --noproxy '*' -X DELETE -H "@$SITE/etc/authorization" \
		"$PREFIX_URL/api/hosts/$HOST_ID"
}

# As many accounts of somebody else: a look at all, and the first page.
foreign() {
	id=$(curl -sS --noproxy '*' -H "x-api-key: $(cat "$SITE/etc/host.key")" \
		-H 'Content-Type: application/json' --data-binary "{\"name\":
		\"theirs\",\"platform\":\"openai\",\"type\":\"apikey\",
		\"credentials\":{\"base_url\":\"https://their.example/v1\",
		\"api_key\":\"good-theirs-0123456789abcdef\"},
		\"group_ids\":[]}" "$HOST_URL/api/v1/admin/accounts" |
		jq -r .data.id)
	curl -sS --noproxy '*' -o /dev/null --data-binary "{\"do\":
		\"copy-account\",\"id\":$id,\"count\":$((count - 1))}" \
		"$HOST_URL/__sim/control"
	before=$(cpu_ticks)
	api POST "/api/hosts/$HOST_ID/foreign/look" "$SITE/log/preview.json" \
		-H 'Prefer: wait=60' >"$SITE/log/look"
	while [ "$(jq -r .look.state "$SITE/log/look")" = running ]; do
		sleep 0.5
		api GET "/api/hosts/$HOST_ID/foreign?limit=1" >"$SITE/log/look"
	done
	say "$count items: look at all and as many of others:" \
		"$(jq -c '.look | {state, cut}' "$SITE/log/look")," \
		"$((($(cpu_ticks) - before) * 1000 / $(getconf CLK_TCK))) ms" \
		"of processor time"
	took "page of what was found" api GET \
		"/api/hosts/$HOST_ID/foreign?limit=200"
}

# All that is read of a host with so much on it.
reads() {
	echo '{"apply":false}' >"$SITE/log/preview.json"
	took "preview of the rollback" api POST \
		"/api/batch-import/runs/$RUN_ID/rollback" \
		"$SITE/log/preview.json"
	took "refused delete of the host" delete_refused
	took "crmctl export" crmctl export
	cp "$SITE/log/reply" "$SITE/log/site.yaml"
	took "crmctl diff -f" crmctl diff -f "$SITE/log/site.yaml"
	foreign
}

# Two items that were really imported: the second is like all that follow.
import_two() {
	make_body 2 "$PROVIDER_URL/v1" >"$SITE/log/two.json"
	api POST /api/batch-import/runs "$SITE/log/two.json" \
		-H 'Prefer: wait=60' >"$SITE/log/run.json"
	[ "$(jq -r .items_active "$SITE/log/run.json")" = 2 ] ||
		complain "the import failed"
	RUN_ID=$(jq -r .run_id "$SITE/log/run.json")
	ITEM_ID=$(as_site sqlite3 "$SITE/var/crm.db" "SELECT item_id FROM
		import_run_items ORDER BY CAST(account_id AS INTEGER) DESC
		LIMIT 1")
	ours=$(as_site sqlite3 "$SITE/var/crm.db" "SELECT account_id FROM
		import_run_items WHERE item_id = '$ITEM_ID'")
}

# copies TABLE ID CONDITION CHANGES: of the row, with what tells them apart.
copies() {
	cat <<-END
	CREATE TEMP TABLE copies AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL
		SELECT i + 1 FROM n WHERE i < $more) SELECT * FROM $1, n
		WHERE $3;
	UPDATE copies SET $2 = printf('$4_bench_%06d', i), $5;
	ALTER TABLE copies DROP COLUMN i;
	INSERT INTO $1 SELECT * FROM copies;
	DROP TABLE copies;
	END
}

# make_many COUNT: as many more as are needed, here and on the host.
make_many() {
	more=$(($1 - 2))
	account="(SELECT r.resource_id FROM managed_resources r
		WHERE r.resource_type = 'account'
		AND r.host_resource_id = '$ours')"
	curl -sS --noproxy '*' -o /dev/null --data-binary "{\"do\":
		\"copy-account\",\"id\":$ours,\"count\":$more}" \
		"$HOST_URL/__sim/control"
	as_site sqlite3 "$SITE/var/crm.db" >/dev/null <<-END
	PRAGMA busy_timeout = 5000;
	BEGIN IMMEDIATE;
	$(copies secrets secret_id "secret_id = (SELECT api_key_secret_id FROM
		import_run_items WHERE item_id = '$ITEM_ID')" sec \
		"fingerprint = printf('%032d', i)")
	$(copies import_run_items item_id "item_id = '$ITEM_ID'" itm \
		"seq = 10 + i, account_id = CAST($ours + i AS TEXT),
		api_key_secret_id = printf('sec_bench_%06d', i)")
	$(copies managed_resources resource_id "resource_id = $account" res \
		"lookup = printf('%s%d', lookup, i), mark =
		printf('crm-bench-%d', i), host_resource_id =
		CAST($ours + i AS TEXT)")
	INSERT INTO resource_uses SELECT u.resource_id, i.item_id, 1
		FROM resource_uses u, import_run_items i
		WHERE u.item_id = '$ITEM_ID' AND i.item_id LIKE 'itm_bench%'
		AND u.resource_id <> $account;
	INSERT INTO resource_uses SELECT 'res' || substr(item_id, 4), item_id, 1
		FROM import_run_items WHERE item_id LIKE 'itm_bench%';
	UPDATE import_runs SET items_total = $1;
	COMMIT;
	END
}

rollback_many() {
	before=$(cpu_ticks)
	asked_before=$(asked "$HOST_URL")
	api POST "/api/batch-import/runs/$RUN_ID/rollback" \
		"$SITE/log/apply.json" >"$SITE/log/rollback"
	ROLLBACK_ID=$(jq -r .rollback_id "$SITE/log/rollback")
	until rollback_ended; do
		sleep 0.5
	done
	requests=$(($(asked "$HOST_URL") - asked_before))
	wall=$(as_site sqlite3 "$SITE/var/crm.db" "SELECT finished_at - created_at
		FROM rollbacks WHERE rollback_id = '$ROLLBACK_ID'")
	cpu=$((($(cpu_ticks) - before) * 1000 / $(getconf CLK_TCK)))
	say "$count items: $(jq -c '{result, counts, failure_class}' \
		"$SITE/log/rollback")"
	status_kb VmHWM >"$WORK/rollback.kb"
	say "$count items: $wall ms, $requests requests, $cpu ms of" \
		"processor time"
}

# The two requests for each of them, said again: it is gone, which takes the
# host as long.  Sets bare.
rollback_bare() {
	sed 's/^/x-api-key: /' "$SITE/etc/host.key" >"$SITE/log/host.header"
	last=$((ours + count - 2))
	began=$(now_ms)
	for method in GET DELETE; do
		curl -sS --noproxy '*' -H "@$SITE/log/host.header" -o /dev/null \
			-X "$method" \
			"$HOST_URL/api/v1/admin/accounts/[$ours-$last]"
	done
	bare=$(($(now_ms) - began))
}

# with_items COUNT: sets wall, bare and cpu.
with_items() {
	count=$1
	SITE_SETTINGS="watch = { every_s = 0; };
		reconcile = { every_minutes = 0; };
		limits = { host_per_minute = 0; };"
	begin_site "rollback$1"
	SITE_SETTINGS=
	start_hostsim 0.1.129 --call-ms "$ROLLBACK_CALL_MS"
	start_providersim chat-only-403
	start_schedd
	start_pool 2
	start_nginx
	add_host bench "$HOST_URL" "$SITE/etc/host.key"
	echo '{"apply":true}' >"$SITE/log/apply.json"
	import_two
	make_many "$1"
	reads
	rollback_many
	rollback_bare
	end_site
}

part_rollback() {
	with_items $((ROLLBACK_ITEMS / 10))
	few=$cpu
	few_kb=$(cat "$WORK/rollback.kb")
	with_items "$ROLLBACK_ITEMS"
	many_kb=$(cat "$WORK/rollback.kb")
	report "rollback, its requests by curl" "$bare" "$wall" ms \
		"$(ratio "$wall" "$bare")" 2 above
	report "rollback, 10 x processor of 1/10" "$((few * 10))" "$cpu" ms \
		"$(ratio "$cpu" $((few * 10)))" 1.3 above
	report "rollback, peak at 1/10 of them" \
		"$(ratio "$few_kb" 1024 | cut -c1-4)" \
		"$(ratio "$many_kb" 1024 | cut -c1-4)" MB \
		"$(ratio "$many_kb" "$few_kb")" 1.2 above
}
