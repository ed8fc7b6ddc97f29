#!/bin/sh
# Plans in files: what would be done, signed, with the versions of all that it
# rests on; refused when a person moved any of it, and done when nobody did.
# On three simulated versions, or on REAL_HOSTS.
. tests/integration/lib.sh
. tests/integration/hosts.sh
. tests/integration/planned.sh

SITE_SETTINGS="$quick_settings"'
probe = { capabilities = "off"; };'

make_pack() {
	mkdir -p "$WORK/pack/providers"
	jq -n '{pack_id: "plan-pack", version: "1.0.0",
		name: {zh: "样例", en: "Sample"},
		min_host_version: "0.1.126"}' >"$WORK/pack/pack.json"
	jq -n --arg url "$PROVIDER_URL/$tag-pack/v1" '{
		provider_id: "plan-payg", vendor: "sample",
		kind: "first_party", plan: "payg", region: "cn",
		status: "current", base_url: $url,
		display_name: {zh: "样例", en: "Sample"},
		families: {chat: "yes", responses: "no", messages: "no",
			models: "yes"},
		models: [{id: "mock-a", canonical: "mock-a", family: "mock",
			status: "current"}],
		smoke_test_model: "mock-a"}' \
		>"$WORK/pack/providers/plan-payg.json"
	ctl pack install "$WORK/pack"
}

# one_import NAME: an endpoint of its own; sets RUN, ITEM and ACCOUNT.
one_import() {
	PROVIDER_KEY=$SITE/etc/$1-$host_number.key
	new_key "$1-$host_number"
	jq -n --arg url "$PROVIDER_URL/as/chat-only-403/$tag-$1/v1" \
		--rawfile key "$PROVIDER_KEY" '[{base_url: $url,
		 api_key: ($key | rtrimstr("\n")),
		 requested_models: ["mock-a"]}]' >"$WORK/items.secret"
	ctl -o json run create --wait --timeout 120 --host "$HOST_ID" \
		-f "$WORK/items.secret"
	RUN=$(json_of "$OUT" .run_id)
	rm -f "$WORK/items.secret"
	api GET "/api/batch-import/runs/$RUN/items"
	ITEM=$(json '.items[0].item_id')
	ACCOUNT=$(json '.items[0].account_id')
	is "$version: imported" "$(json '.items[0].access_status')" active
}

changes_made() {
	db "SELECT count(*) FROM account_changes WHERE item_id = '$ITEM'"
}

plan_of() {
	jq -r "$1" "$WORK/plan.json"
}

# make WORD...: a new plan in plan.json.
make() {
	rm -f "$WORK/plan.json"
	ctl plan "$@" -o "$WORK/plan.json"
	is "$version: a plan of $1 is written" "$RC" 0
	[ "$RC" = 0 ] || note "$ERR"
}

plan_of_models() {
	make models "$RUN" "$ITEM" --add mock-b
	is "$version: it shows what would be done" \
		"$(plan_of '.preview.after["mock-b"]')" mock-b
	ok "$version: it rests on versions" test "$(plan_of '[.rests_on[] |
		select(.resource_type == "account" and .version != null)] |
		length')" -eq 1
	is "$version: and nothing was done" "$(changes_made)" 0
}

# A person renames the account, then puts the name back.
after_a_foreign_edit() {
	name=$(admin GET "/api/v1/admin/accounts/$ACCOUNT" | jq -r .data.name)
	account_put "$(jq -cn --arg name "by hand $tag" '{name: $name}')"
	ctl apply "$WORK/plan.json" --wait --timeout 60
	is "$version: after a foreign edit it is refused" "$RC" 8
	like "$version: as stale" "$ERR" 'plan_stale'
	like "$version: naming the account" "$ERR" "account $ACCOUNT "
	like "$version: and the field" "$ERR" 'account .*name'
	is "$version: nothing was done" "$(changes_made)" 0
	account_put "$(jq -cn --arg name "$name" '{name: $name}')"
}

when_nothing_moved() {
	ctl -o json apply "$WORK/plan.json" --wait --timeout 60
	is "$version: when nothing moved it is done" "$RC" 0
	[ "$RC" = 0 ] || note "$ERR"
	is "$version: as the plan says" "$(admin GET \
		"/api/v1/admin/accounts/$ACCOUNT" | jq -r \
		'.data.credentials.model_mapping["mock-b"]')" mock-b
	ctl apply "$WORK/plan.json"
	is "$version: and not again" "$RC" 8
	like "$version: which is told" "$ERR" 'plan_applied'
}

refusals() {
	make models "$RUN" "$ITEM" --remove mock-b
	sed 's/"mode": "remove"/"mode": "replace"/' "$WORK/plan.json" \
		>"$WORK/tampered.json"
	ctl apply "$WORK/tampered.json"
	like "$version: a plan that was changed is refused" "$ERR" \
		'plan_tampered'
	sed 's/"installation": "[a-z0-9]*"/"installation": "zzzzzz"/' \
		"$WORK/plan.json" >"$WORK/other.json"
	ctl apply "$WORK/other.json"
	like "$version: and one of another CRM" "$ERR" \
		'plan_of_other_installation'
	jq -c . "$WORK/plan.json" >"$WORK/compact.json"
	ctl apply "$WORK/compact.json" --wait --timeout 60
	is "$version: how it is laid out does not matter" "$RC" 0
	[ "$RC" = 0 ] || note "$ERR"
}

plan_of_import() {
	new_key "import-$host_number"
	make import plan-payg --host "$HOST_ID" \
		--key-file "$SITE/etc/import-$host_number.key"
	is "$version: without the key" "$(grep -cFf \
		"$SITE/etc/import-$host_number.key" "$WORK/plan.json")" 0
	ctl -o json apply "$WORK/plan.json" --wait --timeout 120
	is "$version: the import is done" "$RC" 0
	[ "$RC" = 0 ] || note "$ERR"
	make import plan-payg --host "$HOST_ID" \
		--key-file "$SITE/etc/import-$host_number.key"
	cat "$PROVIDER_KEY" >"$SITE/etc/import-$host_number.key"
	ctl apply "$WORK/plan.json"
	is "$version: with another key it is refused" "$RC" 9
}

# Another key at the endpoint of the account, by URL: the account is none of
# its own, and yet what it rests on.
plan_of_run() {
	key_file=$SITE/etc/run-$host_number.key
	new_key "run-$host_number"
	set -- --host "$HOST_ID" --key-file "$key_file" --model mock-a \
		--base-url "$PROVIDER_URL/as/chat-only-403/$tag-plan/v1"
	make run "$@"
	is "$version: without the key" "$(grep -cFf "$key_file" \
		"$WORK/plan.json")" 0
	runs=$(db 'SELECT count(*) FROM import_runs')
	name=$(admin GET "/api/v1/admin/accounts/$ACCOUNT" | jq -r .data.name)
	account_put "$(jq -cn --arg name "by hand $tag" '{name: $name}')"
	ctl apply "$WORK/plan.json" --wait --timeout 60
	is "$version: an import is refused after a foreign edit" "$RC" 8
	like "$version: naming account and field" "$ERR" \
		"account $ACCOUNT .*name"
	account_put "$(jq -cn --arg name "$name" '{name: $name}')"
	user=$(db "SELECT host_resource_id FROM managed_resources WHERE
		host_id = '$HOST_ID' AND resource_type = 'user' AND
		lookup = 'sub|default' AND state = 'present'")
	admin PUT "/api/v1/admin/users/$user" '{"status":"disabled"}' \
		>/dev/null
	ctl apply "$WORK/plan.json" --wait --timeout 60
	is "$version: and after one of the user" "$RC" 8
	like "$version: who is named" "$ERR" "user $user "
	admin PUT "/api/v1/admin/users/$user" '{"status":"active"}' >/dev/null
	is "$version: no run was begun" \
		"$(db 'SELECT count(*) FROM import_runs')" "$runs"
	all_present >"$WORK/before"
	BODY=$(plan_of .preview)
	planned >"$WORK/planned"
	creates=$(to_be create)
	passes=$(to_be create_and_remove)
	like "$version: an account is to be made" "$creates" '^account '
	ctl -o json apply "$WORK/plan.json" --wait --timeout 120
	is "$version: and done when nothing moved" "$RC" 0
	[ "$RC" = 0 ] || note "$ERR"
	that_happened "$version: by URL" "$(printf '%s' "$OUT" |
		jq -r .run_id)"
}

# Keys in a file, of two endpoints; the file is read again when it is done.
plan_of_file() {
	rows=$SITE/etc/rows-$host_number.json
	new_key "one-$host_number"
	new_key "two-$host_number"
	for number in one two; do
		jq -n --arg url "$PROVIDER_URL/as/chat-only-403/$tag-$number/v1" \
			--rawfile key "$SITE/etc/$number-$host_number.key" \
			'{base_url: $url, api_key: ($key | rtrimstr("\n")),
			 requested_models: ["mock-a"]}'
	done | jq -s . >"$rows"
	make run --host "$HOST_ID" -f "$rows"
	is "$version: it has a plan for each endpoint" \
		"$(plan_of '.preview.plans | length')" 2
	is "$version: and no key" "$(jq -r '.[].api_key' "$rows" |
		grep -cFf - "$WORK/plan.json")" 0
	rows_kept=$rows.kept
	cp "$rows" "$rows_kept"
	jq 'reverse' "$rows.kept" >"$rows"
	ctl apply "$WORK/plan.json"
	is "$version: with keys in another order it is refused" "$RC" 9
	cp "$rows.kept" "$rows"
	ctl -o json apply "$WORK/plan.json" --wait --timeout 120
	is "$version: both are imported" "$RC" 0
	[ "$RC" = 0 ] || note "$ERR"
	run=$(printf '%s' "$OUT" | jq -r .run_id)
	make rollback run "$run"
	ctl -o json apply "$WORK/plan.json" --wait --timeout 60
	is "$version: and taken back" "$RC" 0
}

# The same as a spreadsheet saves it, in GBK and under another name.
plan_of_lines() {
	rows=$SITE/etc/rows-$host_number.txt
	{
		printf '\275\323\277\332\265\330\326\267,\303\334\324\277,models\r\n'
		jq -r '.[] | [.base_url, .api_key, "mock-a"] | join(",")' \
			"$rows_kept"
	} >"$rows"
	make run --host "$HOST_ID" -f "$rows" --form csv
	like "$version: it is read as it was saved" "$ERR" 'read as gb18030'
	is "$version: lines have no key in a plan either" "$(jq -r \
		'.[].api_key' "$rows_kept" | grep -cFf - "$WORK/plan.json")" 0
	cp "$rows" "$rows.kept"
	sed -i '2{h;d};3{G}' "$rows"
	ctl apply "$WORK/plan.json"
	is "$version: with rows in another order it is refused" "$RC" 9
	cp "$rows.kept" "$rows"
	ctl -o json apply "$WORK/plan.json" --wait --timeout 120
	is "$version: lines are imported" "$RC" 0
	[ "$RC" = 0 ] || note "$ERR"
	make rollback run "$(printf '%s' "$OUT" | jq -r .run_id)"
	ctl -o json apply "$WORK/plan.json" --wait --timeout 60
	is "$version: and taken back, too" "$RC" 0
}

plan_of_reconcile() {
	# Nothing that the watch would mend by itself meanwhile.
	account_put "$(jq -cn --arg name "kept $tag" '{name: $name}')"
	make reconcile batch "$RUN"
	is "$version: what somebody moved is in the plan" \
		"$(plan_of '.preview.findings | length > 0')" true
	ctl -o json apply "$WORK/plan.json" --wait --timeout 60
	is "$version: and is settled" "$RC" 0
	[ "$RC" = 0 ] || note "$ERR"
}

# Last: what the test made goes, on real hosts too.
plan_of_rollback() {
	make rollback run "$RUN"
	name=$(admin GET "/api/v1/admin/accounts/$ACCOUNT" | jq -r .data.name)
	account_put "$(jq -cn --arg name "by hand $tag" '{name: $name}')"
	ctl apply "$WORK/plan.json" --wait --timeout 60
	is "$version: a rollback is refused after a foreign edit" "$RC" 8
	like "$version: naming the field" "$ERR" "account $ACCOUNT .*name"
	account_put "$(jq -cn --arg name "$name" '{name: $name}')"
	make rollback run "$RUN" --force
	is "$version: the plan says that it is forced" \
		"$(plan_of .request.body.force)" true
	ctl -o json apply "$WORK/plan.json" --wait --timeout 60
	is "$version: and done when nothing moved" "$RC" 0
	[ "$RC" = 0 ] || note "$ERR"
	is "$version: the account is gone" "$(admin GET \
		"/api/v1/admin/accounts/$ACCOUNT" | jq -r \
		'.data.id // "gone"')" gone
	make rollback provider plan-payg --host "$HOST_ID"
	ctl -o json apply "$WORK/plan.json" --wait --timeout 60
	is "$version: what a provider has goes, too" "$RC" 0
	[ "$RC" = 0 ] || note "$ERR"
}

at_a_host() {
	one_import plan
	plan_of_models
	after_a_foreign_edit
	when_nothing_moved
	refusals
	plan_of_reconcile
	plan_of_run
	plan_of_file
	plan_of_lines
	plan_of_import
	plan_of_rollback
}

new_site
start_hosts
start_providersim chat-only-403 && start_schedd && start_pool 4 &&
	start_nginx || bail_out "the stack does not start"
make_pack
each_host at_a_host

no_secret_leaks
done_testing
