#!/bin/sh
# The site as a file: three hosts of three versions and thirty providers are
# made by site.yaml, exported, and applied again, which does nothing; a CRM
# that knows nothing becomes the same site from the same file.
. tests/integration/lib.sh
. tests/integration/hosts.sh

# Nothing but what the test asks for is in the logs of the hosts.
SITE_SETTINGS="$quick_settings"'
probe = { capabilities = "off"; };'

PROVIDERS=10		# of each host

make_pack() {
	mkdir -p "$WORK/pack/providers"
	jq -n '{pack_id: "site-pack", version: "1.0.0",
		name: {zh: "样例", en: "Sample"},
		min_host_version: "0.1.126"}' >"$WORK/pack/pack.json"
	jq -n --arg url "$PROVIDER_URL/$tag-pack/v1" '{
		provider_id: "site-payg", vendor: "sample",
		kind: "first_party", plan: "payg", region: "cn",
		status: "current", base_url: $url,
		display_name: {zh: "样例", en: "Sample"},
		families: {chat: "yes", responses: "no", messages: "no",
			models: "yes"},
		models: [{id: "mock-a", canonical: "mock-a", family: "mock",
			status: "current"}],
		smoke_test_model: "mock-a"}' \
		>"$WORK/pack/providers/site-payg.json"
	ctl pack install "$WORK/pack"
}

# One provider of a host; $1 the host's number, $2 its own.
write_provider() {
	secret_file "p$1-$2.key" "good-$(random_text 32)"
	if [ "$2" = 1 ]; then
		echo "      - provider_id: site-payg"
		echo "        pack_id: site-pack"
	else
		echo "      - base_url: $PROVIDER_URL/$tag-$2/v1"
	fi
	[ "$2" != 2 ] || echo "        subscription_users: [default, team-b]"
	[ "$2" != 3 ] || echo "        access_mode: self_service"
	echo "        subscription_days: $((30 + $2))"
	echo "        keys:"
	echo "          - key: {file: $SITE/etc/p$1-$2.key}"
	echo "            label: no $1-$2"
	[ "$2" != 4 ] || echo "            models: [mock-a]"
	[ "$2" != 4 ] || echo "            aliases: {the-best: mock-a}"
	[ "$2" != 5 ] || echo "            paused: true"
}

write_site() {
	echo "version: 1"
	echo "hosts:"
	number=0
	while IFS='=' read -r url key; do
		number=$((number + 1))
		cp "$key" "$SITE/etc/host-$number.key"
		echo "  - name: gateway $number"
		echo "    base_url: $url"
		echo "    auth_type: api_key"
		if [ "$number" = 1 ]; then
			echo "    auth: {env: HOST_ONE_KEY}"
		else
			echo "    auth: {file: $SITE/etc/host-$number.key}"
		fi
		echo "    providers:"
		i=0
		while [ "$i" -lt "$PROVIDERS" ]; do
			i=$((i + 1))
			write_provider "$number" "$i"
		done
	done <"$WORK/pairs"
	echo "endpoints:"
	echo "  - base_url: $PROVIDER_URL/$tag-2/v1"
	echo "    concurrency: 3"
	echo "    requests_per_minute: 600"
}

# What changes something, in the logs of the hosts; the watch proves accesses
# by chats meanwhile, as users ask.
writes_at_hosts() {
	cat "$SITE"/log/hostsim-*.requests |
		grep -E '"method":"(POST|PUT|PATCH|DELETE)"' |
		grep -cE '"path":"/api/v1/(admin|keys)'
}

runs_made() {
	db "SELECT count(*) FROM import_runs"
}

# Without what names the secrets of one database.
portable() {
	sed -E 's/stored: .*/stored: X/' "$1"
}

new_site
start_hosts
start_providersim chat-only-403 && start_schedd && start_pool 4 &&
	start_nginx || bail_out "the stack does not start"
make_pack
HOST_ONE_KEY=$(cat "$(head -n 1 "$WORK/pairs" | cut -d= -f2)")
export HOST_ONE_KEY

write_site >"$WORK/site.yaml"
ctl apply -f "$WORK/site.yaml"
is "without --apply it is only shown" "$RC $(runs_made)" "0 0"
like "and everything would be done" "$OUT" "gateway 3 / .*-10/v1"
ctl diff -f "$WORK/site.yaml"
is "a difference is a status of its own" "$RC" 1

# As after a crash: who asks again finds what was begun.
ctl apply -f "$WORK/site.yaml" --apply
ctl apply -f "$WORK/site.yaml" --apply
is "said twice, each import is made once" "$(runs_made)" 30
ctl apply -f "$WORK/site.yaml" --apply --wait --timeout 300
is "the site becomes what the file says" "$RC" 0
[ "$RC" = 0 ] || note "$(printf '%s\n' "$ERR" | grep -vE '^ ' | tail -n 20)"
is "thirty providers, a run each" "$(runs_made)" 30
is "all of them are active" "$(db "SELECT count(*) FROM import_run_items
	WHERE access_status = 'active'")" 30
is "one account of each host is paused" "$(db "SELECT count(*)
	FROM managed_resources WHERE paused_at IS NOT NULL")" 3
is "another name leads to a model" "$(db "SELECT count(*)
	FROM import_run_items WHERE model_aliases LIKE '%the-best%'")" 3
ok "what it began has ended" wait_for no_run_is_running 60

ctl diff -f "$WORK/site.yaml"
is "then there is nothing to do" "$RC" 0
[ "$RC" = 0 ] || note "$OUT"

ctl export -o "$WORK/export.yaml"
is "the site is exported" "$RC" 0
ok "without any secret" sh -c "! grep -qE 'good-|admin-' '$WORK/export.yaml'"
before="$(writes_at_hosts) $(runs_made)"
ctl apply -f "$WORK/export.yaml" --apply --wait
is "applying what was exported succeeds" "$RC" 0
like "and does nothing" "$OUT" "nothing to do"
is "no host was written to, and no run made" \
	"$(writes_at_hosts) $(runs_made)" "$before"
crmctl export >"$WORK/again.yaml"
ok "the next export is the same" cmp "$WORK/export.yaml" "$WORK/again.yaml"

# Wrong files.
sed 's/label: no 2-7/lable: no 2-7/; s/concurrency: 3/concurrency: many/' \
	"$WORK/site.yaml" >"$WORK/wrong.yaml"
ctl diff -f "$WORK/wrong.yaml"
is "a wrong file is refused" "$RC" 9
line=$(grep -n 'lable:' "$WORK/wrong.yaml" | cut -d: -f1)
like "with line and path" "$ERR" \
	"wrong.yaml:$line: hosts\[1\].providers\[6\].keys\[0\].lable: is not"
like "all at once" "$ERR" "endpoints\[0\].concurrency: must be"
sed '0,/fingerprint: "\{0,1\}[0-9a-f]*"\{0,1\}/s//fingerprint: "0123456789abcdef0123456789abcdef"/' \
	"$WORK/export.yaml" >"$WORK/unknown.yaml"
ctl diff -f "$WORK/unknown.yaml"
is "a fingerprint that CRM does not know is refused" "$RC" 9
line=$(grep -n '0123456789abcdef0' "$WORK/unknown.yaml" | cut -d: -f1)
like "with its line" "$ERR" "unknown.yaml:$line: "
unset HOST_ONE_KEY
ctl diff -f "$WORK/site.yaml"
like "a variable that is not set is told" "$ERR" \
	"hosts\[0\].auth: environment variable HOST_ONE_KEY is not set"
HOST_ONE_KEY=$(cat "$(head -n 1 "$WORK/pairs" | cut -d= -f2)")
export HOST_ONE_KEY

# What changes.
sed 's/label: no 1-6/label: renamed/; s/concurrency: 3/concurrency: 5/
	s/paused: true/paused: false/' "$WORK/site.yaml" >"$WORK/next.yaml"
ctl apply -f "$WORK/next.yaml" --yes --wait --timeout 60
is "a changed file changes the site" "$RC" 0
[ "$RC" = 0 ] || note "$ERR"
is "the label" "$(db "SELECT count(*) FROM import_run_items
	WHERE label = 'renamed'")" 1
is "the limits" "$(db "SELECT concurrency FROM endpoints
	WHERE concurrency = 5")" 5
is "accounts serve again" "$(db "SELECT count(*)
	FROM managed_resources WHERE paused_at IS NOT NULL")" 0
is "and no import was needed" "$(runs_made)" 30
ctl apply -f "$WORK/site.yaml" --yes --wait --timeout 60
is "and back" "$RC" 0

# What fails keeps nothing else from being done; doing it again goes on.
secret_file bad.key "bad-$(random_text 32)"
secret_file late.key "good-$(random_text 32)"
awk -v bad="$SITE/etc/bad.key" -v late="$SITE/etc/late.key" \
	-v url="$PROVIDER_URL/$tag" '/^endpoints:/ {
	print "      - base_url: " url "-bad/v1"
	print "        keys: [{key: {file: " bad "}, label: bad}]"
	print "      - base_url: " url "-late/v1"
	print "        keys: [{key: {file: " late "}, label: late}]" }
	{ print }' "$WORK/site.yaml" >"$WORK/more.yaml"
ctl apply -f "$WORK/more.yaml" --apply --wait --timeout 60
is "a key that is refused is a failure" "$RC" 1
is "the other one was imported" "$(db "SELECT access_status
	FROM import_run_items WHERE label = 'late'")" active
personality "$PROVIDER_URL" chat-only-403
ctl apply -f "$WORK/more.yaml" --apply --wait --timeout 60
is "the next time only what failed is tried" \
	"$RC $(runs_made)" "1 33"

# What is in the site and not in the file goes when it is asked to.
ctl diff -f "$WORK/site.yaml"
like "a key that the file lacks is told" "$OUT" '\? .*-late/v1'
ctl apply -f "$WORK/site.yaml" --prune --apply --wait --timeout 60
is "pruning takes its import back" "$RC" 0
[ "$RC" = 0 ] || note "$ERR"
ctl diff -f "$WORK/site.yaml"
is "and then there is nothing more to tell" "$(echo "$OUT" |
	grep -c late)" 0

# A host that nothing was imported on goes, too; one in use does not.
ctl -o json host add --name spare --base-url http://127.0.0.1:9 \
	--auth-type api_key --token-file "$SITE/etc/host.key"
ctl apply -f "$WORK/site.yaml" --prune --apply
is "pruning forgets a host that nothing uses" \
	"$RC $(db "SELECT count(*) FROM hosts WHERE name = 'spare'")" "0 0"
like "which is told" "$ERR" '^- .*http://127.0.0.1:9: done'

# The same file and a CRM that knows nothing.
ok "nothing is under way" wait_for no_run_is_running 60
portable "$WORK/export.yaml" >"$WORK/wanted.yaml"
stop crm-schedd
stop pool
mkdir "$WORK/old"
mv "$SITE"/var/crm.db* "$WORK/old/"
as_site crmctl db migrate --config "$SITE/etc/crm.conf" >/dev/null
site_token admin admin
start_schedd && start_pool 4 || bail_out "the fresh CRM does not start"
make_pack
ctl apply -f "$WORK/site.yaml" --apply --wait --timeout 300
is "a fresh CRM becomes the same site" "$RC" 0
[ "$RC" = 0 ] || note "$(printf '%s\n' "$ERR" | grep -vE '^ ' | tail -n 20)"
crmctl export >"$WORK/fresh.yaml"
portable "$WORK/fresh.yaml" >"$WORK/got.yaml"
ok "and its export is the same" diff "$WORK/wanted.yaml" "$WORK/got.yaml"

no_secret_leaks
done_testing
