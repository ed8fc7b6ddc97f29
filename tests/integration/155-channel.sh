#!/bin/sh
# Prices of a manifest as a channel: made, used by the next import, written
# again when they change, left alone where somebody else has one, and removed
# with a group that was never proven.
# REAL_HOSTS may name real hosts: see hosts.sh.
. tests/integration/lib.sh
. tests/integration/hosts.sh

SITE_SETTINGS="$quick_settings
watch = { every_s = 0; };"

# provider ID [MEMBERS]: a manifest of the pack in $WORK/pack.
provider() {
	jq -n --arg id "$1" --argjson more "${2:-{\}}" '{
		provider_id: $id, vendor: "sim", kind: "relay", plan: "payg",
		region: "cn", status: "current",
		display_name: {zh: "模拟", en: "Simulated"},
		base_url: null, base_url_required: true,
		families: {chat: "yes", responses: "no", messages: "no",
			models: "yes"},
		models: [{id: "mock-b", canonical: "second",
			family: "mock", status: "current", aliases: []},
			{id: "mock-a", canonical: "mock-a", family: "mock",
			status: "current", aliases: ["the first"]},
			{id: "mock-9", canonical: "mock-9", family: "mock",
			status: "current", aliases: []}],
		smoke_test_model: "mock-a",
		pricing: [{model: "mock-a", currency: "USD",
			unit: "per_million_tokens", input: "1.25",
			output: "5", cache_read: "0.125",
			source: "price list", date: "2026-11-01"}]
		} * $more' >"$WORK/pack/providers/$1.json"
}

# pack VERSION PRICE: made and installed.
pack() {
	mkdir -p "$WORK/pack/providers"
	jq -n --arg version "$1" '{pack_id: "sim-pack", version: $version,
		name: {zh: "模拟包", en: "Simulated"}}' >"$WORK/pack/pack.json"
	provider priced "{\"templates\": {\"account\": {\"concurrency\": 7,
		\"priority\": 30}, \"group\": {\"description\": \"priced\",
		\"rate_multiplier\": \"1.5\"}}}"
	jq --arg price "$2" '.pricing[0].input = $price' \
		"$WORK/pack/providers/priced.json" >"$WORK/changed"
	mv "$WORK/changed" "$WORK/pack/providers/priced.json"
	provider yuan '{"pricing": [{"model": "mock-a", "currency": "CNY",
		"unit": "per_million_tokens", "input": "2", "output": "3",
		"source": "price list", "date": "2026-11-01"}],
		"requires_allowlisted_client": true,
		"required_headers": {"X-Plan": "sim"},
		"force_disable_openai_responses_api": true}'
	ctl pack install "$WORK/pack"
	is "$1 of the pack is installed" "$RC" 0
}

# bring NAME PROVIDER VERSION [MEMBERS]: a key at the endpoint NAME.  The run
# is made while its host is paused, and then said to be one by provider ("-":
# it stays what it is).  Sets BODY to the item.
bring() {
	jq -n --arg url "$PROVIDER_URL/as/chat-only-403/$tag-$1/v1" \
		--rawfile key "$PROVIDER_KEY" --argjson more "${4:-{\}}" \
		'[{base_url: $url, api_key: ($key | rtrimstr("\n")),
		   requested_models: []} + $more]' >"$WORK/items"
	ctl host pause "$HOST_ID"
	ctl -o json run create --host "$HOST_ID" -f "$WORK/items"
	run=$(json_of "$OUT" .run_id)
	rm -f "$WORK/items"
	[ "$2" = - ] || edit_db "
		UPDATE import_runs SET origin = 'provider_import',
			pack_id = 'sim-pack', pack_version = '$3'
			WHERE run_id = '$run';
		UPDATE import_run_items SET pack_provider_id = '$2'
			WHERE run_id = '$run'"
	ctl host resume "$HOST_ID"
	wait_for run_is_over 120
	api GET "/api/batch-import/runs/$run/items"
	item=$(json '.items[0].item_id')
	api GET "/api/batch-import/runs/$run/items/$item"
}

run_is_over() {
	api GET "/api/batch-import/runs/$run"
	[ "$(json .finished_at)" != null ]
}

warns() {
	json '[.warnings[].code] | join(" ")'
}

# channels_of GROUP FILTER: those over a group.
channels_of() {
	admin GET '/api/v1/admin/channels?page_size=100' | jq -c \
		--argjson group "$1" \
		"[.data.items[] | select(.group_ids | index(\$group))] | $2"
}

# For a million tokens, as jq writes small numbers in several ways.
prices='map([.id, .restrict_models, (.model_pricing | map([.platform, .models,
	.billing_mode, ((.input_price, .output_price, .cache_read_price) *
	1000000000 | round / 1000)]))])'

on_a_host() {
	bring priced priced 1.0.0
	is "$version: an import by provider ends well" \
		"$(json '"\(.access_status) \(.resolved_smoke_model)"')" \
		"active mock-a"
	group=$(json .group_id)
	channel=$(json .channel_id)
	is "$version: it maps what the manifest knows, of what is listed" \
		"$(json '"\(.models) \(.model_aliases)"' | tr -d '"')" \
		"[mock-a,mock-b] {second:mock-b}"
	is "$version: its channel has the prices, in USD per token" \
		"$(channels_of "$group" "$prices")" \
		"[[$channel,false,[[\"openai\",[\"mock-a\",\"the first\"],\"token\",1.25,5,0.125]]]]"
	is "$version: group and account are as the templates say" \
		"$(admin GET "/api/v1/admin/groups/$group" | jq -r \
			'.data.rate_multiplier'
		admin GET "/api/v1/admin/accounts/$(json .account_id)" |
			jq -r '.data.concurrency, .data.priority')" \
		"$(printf '1.5\n7\n30')"
	if [ -n "${REAL_HOSTS:-}" ]; then
		key_of_group "$group" "$WORK/user.secret"
		chat "$WORK/user.secret"
		is "$version: a user is answered" "$STATUS" 200
		wait_for priced_usage ||
			fail "$version: what is used is billed by it"
		pass "$version: what is used is billed by it"
	fi

	bring priced priced 1.0.0
	is "$version: the next import uses it" "$(json .channel_id)" "$channel"
	is "$version: and makes none" "$(channels_of "$group" length)" 1

	bring priced priced 1.1.0
	is "$version: other prices are written to it" \
		"$(channels_of "$group" 'map([.id, (.model_pricing[0].input_price * 1000000000 |
			round / 1000)])')" "[[$channel,1.5]]"

	bring undone priced 1.0.0 '{"account_proxy": "999999"}'
	is "$version: an import fails behind it" "$(json .failure_class)" \
		account_proxy_unknown
	is "$version: and nothing of it is left" "$(admin GET \
		'/api/v1/admin/channels?page_size=100' | jq -c --argjson \
		known "$channel" --arg inst "$inst" '[.data.items[] |
		select((.name | contains($inst)) and .id != $known)] | length')" 0

	bring barred - 0
	group=$(json .group_id)
	admin POST /api/v1/admin/channels "{\"name\": \"$tag-theirs\",
		\"group_ids\": [$group]}" >/dev/null
	theirs=$(channels_of "$group" '.[0].id')
	bring barred priced 1.0.0
	is "$version: a group in somebody's channel is left there" \
		"$(json '"\(.access_status) \(.channel_id)"') $(warns)" \
		"active null channel_exists"
	is "$version: and theirs as it was" "$(channels_of "$group" \
		'map([.id, (.model_pricing | length)])')" "[[$theirs,0]]"

	bring yuan yuan 1.0.0
	is "$version: no rate, no channel, and this is said" \
		"$(json '"\(.access_status) \(.channel_id)"')" "active null"
	unsent=" headers_not_sent"
	[ "$version" != 0.1.179 ] || unsent=
	is "$version: as is what no host does, or not this one" \
		"$(json '[.warnings[].code] | sort | join(" ")')" \
		"channel_no_rate client_allowlisted$unsent"
	is "$version: nobody asks for /responses" \
		"$(json .responses_status)" null
	[ -z "${REAL_HOSTS:-}" ] || clean_up
}

priced_usage() {
	[ "$(admin GET "/api/v1/admin/usage?group_id=$group" | jq \
		'[.data.items[].total_cost] | add > 0')" = true ]
}

# What this test made, on a host that others use, too.
clean_up() {
	for kind in channels accounts users groups; do
		admin GET "/api/v1/admin/$kind?page_size=1000&search=$inst" |
			jq -r '.data.items[].id' | while read -r id; do
			admin DELETE "/api/v1/admin/$kind/$id" >/dev/null
		done
	done
	admin DELETE "/api/v1/admin/channels/$theirs" >/dev/null
}

new_site
start_providersim chat-only-403
start_hosts
new_key priced
PROVIDER_KEY=$SITE/etc/priced.key
start_schedd && start_pool 4 && start_nginx ||
	bail_out "the stack does not start"
pack 1.0.0 1.25
pack 1.1.0 1.5
inst=$(db "SELECT inst FROM installation")
each_host on_a_host

no_secret_leaks
done_testing
