# Target: a page of 50 items out of a million, with filters and without,
# against a responder that sends as many bytes; and the 10,000th page against
# the first.
#
# shellcheck shell=sh

PAGE_ITEMS=${PAGE_ITEMS:-1000000}
PAGE_ROUNDS=${PAGE_ROUNDS:-5}
PAGE_RUN_ITEMS=1000
PAGE_FAR=10000

# write_items: in runs of a thousand, each with a proof; one of a hundred keys
# is dead, one of fifty has a warning.
write_items() {
	as_site sqlite3 "$SITE/var/crm.db" <<-END
	PRAGMA journal_mode = OFF;
	PRAGMA synchronous = OFF;
	PRAGMA cache_size = -400000;
	BEGIN;
	INSERT INTO secrets (secret_id, kind, sealed, fingerprint, last4,
		created_at)
	VALUES ('sec_host', 'host_token', x'00', NULL, NULL, 1),
		('sec_key', 'api_key', x'00',
		'0123456789abcdef0123456789abcdef', 'wxyz', 1);
	INSERT INTO hosts (host_id, name, base_url, auth_type, auth_secret_id,
		state, probed_at, created_at, updated_at)
	VALUES ('hst_bench', 'bench', 'http://127.0.0.1:9', 'api_key',
		'sec_host', 'ready', unixepoch() * 1000, 1, 1);
	WITH RECURSIVE n(i) AS
		(SELECT 0 UNION ALL SELECT i + 1 FROM n
		 WHERE i < $PAGE_ITEMS / $PAGE_RUN_ITEMS - 1)
	INSERT INTO import_runs (run_id, host_id, origin, access_mode,
		subscription_users, subscription_days, state, items_total,
		items_done, items_active, items_broken, created_by,
		created_at, updated_at, finished_at)
	SELECT printf('run_%06d', i), 'hst_bench', 'batch_import',
		'subscription', '["default"]', 30, 'completed_with_warnings',
		1000, 1000, 990, 10, 'tok_bench', 1000 * i, 1000 * i, 1000 * i
	FROM n;
	WITH RECURSIVE n(i) AS
		(SELECT 0 UNION ALL SELECT i + 1 FROM n
		 WHERE i < $PAGE_ITEMS - 1)
	INSERT INTO import_run_items (item_id, run_id, seq, provider_id,
		endpoint_key, base_url, api_key_secret_id, requested_models,
		current_stage, confirmation_status, access_status,
		account_resolution, canonical_model_families, models,
		resolved_smoke_model, chat_url, group_id, account_id,
		failure_class, warnings, label, created_at, updated_at,
		finished_at)
	SELECT printf('itm_%09d00000000', i),
		printf('run_%06d', i / $PAGE_RUN_ITEMS),
		i % $PAGE_RUN_ITEMS + 1,
		printf('api-%03d-example-com-0123abcd', i % 300),
		printf('api-%03d-example-com-0123abcd', i % 300),
		printf('https://api-%03d.example.com/v1', i % 300), 'sec_key',
		'["model-a","model-b"]', 'done',
		CASE i % 100 WHEN 7 THEN 'failed' ELSE 'confirmed' END,
		CASE i % 100 WHEN 7 THEN 'broken' ELSE 'active' END,
		'created', '["model-a","model-b"]', '["model-a","model-b"]',
		'model-a',
		printf('https://api-%03d.example.com/v1/chat/completions',
		i % 300), '7', '' || i,
		CASE i % 100 WHEN 7 THEN 'key_invalid' END,
		CASE i % 50 WHEN 9 THEN '[{"code":"duplicate_of",
		"detail":"row 3 is row 2 again"}]' ELSE '[]' END,
		printf('key %07d', i), i, i, i
	FROM n;
	INSERT INTO proofs (proof_id, item_id, host_id, kind, ok, model,
		models_listed, completion_ok, key_source, key_fingerprint,
		request_json, answer_json, at, expires_at)
	SELECT 'prf' || substr(item_id, 4), item_id, 'hst_bench', 'access', 1,
		'model-a', 1, 1, 'managed_subscription',
		'fedcba9876543210fedcba9876543210', '{}', '{}', 1, 2
	FROM import_run_items ORDER BY item_id;
	COMMIT;
	PRAGMA journal_mode = WAL;
	END
}

# cursor_of ID: as the API makes it.
cursor_of() {
	printf 'items.%s' "$1" | base64 -w0 | tr '+/' '-_' | tr -d '='
}

# start_bare BYTES: the responder, with replies of that size.
start_bare() {
	rm -f "$SITE/run/bare.sock"
	start bare "$SITE/bin/pool" 4 "$SITE/run/bare.sock" \
		"$SITE/bin/bench_fcgi" "$1"
	started bare 10 "[ -S '$SITE/run/bare.sock' ]"
}

page_round() {
	load "$bare_url" >>"$SITE/log/page.bare" &&
		load "$ours_url" >>"$SITE/log/page.ours"
}

# page NAME QUERY: measure one list.
page() {
	ours_url=$PREFIX_URL/api/batch-import/$2
	bytes=$(api GET "/api/batch-import/$2" | wc -c)
	rows=$(api GET "/api/batch-import/$2" | jq '.items // .runs | length')
	[ "$rows" -eq 50 ] || {
		echo "bench: $2 has $rows rows" >&2
		return 1
	}
	start_bare "$bytes"
	rm -f "$SITE/log/page.bare" "$SITE/log/page.ours"
	load "$ours_url" >/dev/null
	load "$bare_url" >/dev/null
	rounds "$PAGE_ROUNDS" page_round
	stop bare
	bare=$(median <"$SITE/log/page.bare")
	ours=$(median <"$SITE/log/page.ours")
	report "page of 50, $1" "$(fixed "$bare" 0)" "$(fixed "$ours" 0)" \
		req/s "$(ratio "$ours" "$bare")" 0.35 below
	say "$1: $bytes bytes"
}

far_round() {
	load "$first_url" >>"$SITE/log/page.first" &&
		load "$far_url" >>"$SITE/log/page.far"
}

page_far() {
	skip=$((PAGE_FAR * 50 - 51))
	[ "$skip" -lt "$PAGE_ITEMS" ] || skip=$((PAGE_ITEMS / 2))
	id=$(as_site sqlite3 -readonly "$SITE/var/crm.db" "SELECT item_id FROM
		import_run_items ORDER BY item_id DESC LIMIT 1 OFFSET $skip")
	first_url=$PREFIX_URL/api/batch-import/items?limit=50\&view=brief
	far_url="$first_url&cursor=$(cursor_of "$id")"
	load "$first_url" >/dev/null
	load "$far_url" >/dev/null
	rounds "$PAGE_ROUNDS" far_round
	first=$(median <"$SITE/log/page.first")
	far=$(median <"$SITE/log/page.far")
	report "page $PAGE_FAR, page 1" "$(fixed "$first" 0)" \
		"$(fixed "$far" 0)" req/s "$(ratio "$far" "$first")" 0.9 below
}

part_page() {
	begin_site page
	say "pages: writing $PAGE_ITEMS items"
	write_items >/dev/null
	start_schedd
	start_pool 4
	start_nginx
	bare_url=${PREFIX_URL%/crm}/bare/batch-import/items
	write_wrk_script
	say "pages: $PAGE_ROUNDS rounds of $GET_SECONDS s each"
	middle=$(printf 'run_%06d' $((PAGE_ITEMS / PAGE_RUN_ITEMS / 2)))
	brief=limit=50\&view=brief
	page "all items, brief" "items?$brief"
	page "of one run, brief" "runs/$middle/items?$brief"
	page "by class, brief" "items?$brief&class=key_invalid"
	page "by class and host, brief" \
		"items?$brief&class=key_invalid&host_id=hst_bench"
	page "with a warning, brief" "items?$brief&warning=true"
	page "of a provider, brief" \
		"items?$brief&provider_id=api-123-example-com-0123abcd"
	page "by label, brief" "items?$brief&q=key%200500"
	page "all items, in full" "items?limit=50"
	page "runs of a URL" "runs?limit=50&q=api-123.example.com"
	page_far
	end_site
}
