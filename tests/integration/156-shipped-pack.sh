#!/bin/sh
# The pack that comes with CRM, on hosts that know nothing of us: installed, a
# host added, keys of its providers imported and proven.  The vendors' own
# addresses are never asked: mirrors of them are, which are simulated and act
# as the vendors do.
#
# On the three versions of the host, or on REAL_HOSTS; VERSIONS may name fewer.
. tests/integration/lib.sh
. tests/integration/hosts.sh
. tests/integration/planned.sh

# What the keys can do is asked in the background; here requests are counted.
SITE_SETTINGS="$quick_settings"'
probe = { capabilities = "off"; };'

# mirror PERSONALITY NAME PATH MODEL...: sets MIRROR, where a vendor is acted
# that has these models.
mirror() {
	as="$1/$tag-$2-$host_number"
	MIRROR=$PROVIDER_URL/as/$as$3
	shift 3
	for model; do
		curl -s -o /dev/null -H 'Content-Type: application/json' \
			-d "{\"do\":\"add-model\",\"model\":\"$model\",
			\"as\":\"$as\"}" "$PROVIDER_URL/__sim/control"
	done
}

# vendor_key NAME PREFIX: a key as this vendor's begin.  Sets KEY.
vendor_key() {
	secret_file "$1-$host_number.key" "$2good-$(random_text 32)"
	KEY=$SITE/etc/$1-$host_number.key
}

# warned CODE: does the last batch, or its item, say so?
warned() {
	BODY=$BATCH
	json "[.warnings[].code, .items[].warnings[].code] |
		any(. == \"$1\")"
}

# item FILTER: of the last batch.
item() {
	BODY=$BATCH
	json ".items[0] | $1"
}

# group_is NAME: the group of the last batch on the host, by its name.
group_name() {
	admin GET "/api/v1/admin/groups/$(item .group_id)" |
		jq -r '.data.name'
}

deepseek() {
	mirror dual deepseek /v1 deepseek-flash deepseek-v4-pro
	vendor_key deepseek sk-
	ctl provider import deepseek --host "$HOST_ID" --key-file "$KEY" \
		--base-url "$MIRROR"
	like "$HOST_IS: an address that the pack does not know is not taken for one" \
		"$RC $ERR" '^[1-9].*mirror_url'
	preview_is_what_happens deepseek "$HOST_IS: deepseek" \
		--key-file "$KEY" --mirror-url "$MIRROR"
	BODY=$PREVIEW
	is "$HOST_IS: the preview says that it is a mirror" \
		"$(json '[.plans[0].warnings[].code] | any(. == "mirror_url")')" \
		true
	is "$HOST_IS: and so does the item" "$(warned mirror_url)" true
	is "$HOST_IS: models, aliases and the first one are the manifest's" \
		"$(item '"\(.models | sort | join(" ")); \(.resolved_smoke_model)"')" \
		"deepseek-flash deepseek-v4-pro; deepseek-flash"
	preview_is_what_happens deepseek "$HOST_IS: deepseek again" \
		--key-file "$KEY" --mirror-url "$MIRROR"
	is "$HOST_IS: the account is used again" "$actions" reuse
}

# Two plans on one address, told apart by how their keys begin.
two_plans() {
	mirror chat-only-404 minimax /v1 MiniMax-M2.5 MiniMax-M3
	vendor_key minimax sk-api-
	preview_is_what_happens minimax-cn "$HOST_IS: minimax as it is used" \
		--key-file "$KEY" --mirror-url "$MIRROR"
	is "$HOST_IS: it has the place that every endpoint has" \
		"$(item .plan)" ""
	payg=$(item .group_id)
	key=$(item .endpoint_key)
	vendor_key minimax-plan sk-cp-
	preview_is_what_happens minimax-cn-plan "$HOST_IS: minimax's plan" \
		--key-file "$KEY" --mirror-url "$MIRROR"
	is "$HOST_IS: it has a place of its own" "$(item .plan)" \
		token-plan-m-plan
	is "$HOST_IS: at the same endpoint" "$(item .endpoint_key)" "$key"
	ok "$HOST_IS: in another group" test "$(item .group_id)" != "$payg"
	like "$HOST_IS: which is named for it" "$(group_name)" \
		"~token-plan-m-plan"
	api GET "/api/providers/minimax-cn-plan/resources?host_id=$HOST_ID"
	is "$HOST_IS: one account is the plan's" "$(json '[.resources[] |
		select(.resource_type == "account")] | length')" 1
	api GET "/api/providers/minimax-cn/access?host_id=$HOST_ID"
	is "$HOST_IS: and one access the other's" "$(json '[.access[] |
		.plan] | join(" ")')" ""
	# The same key, brought by its address, is the account that is there.
	new_run_by_url "$KEY"
	is "$HOST_IS: the key by URL is the same account" \
		"$(json '.items[0] | "\(.plan) \(.account_resolution)"')" \
		"token-plan-m-plan reused"
}

# new_run_by_url KEY_FILE: at $MIRROR; BODY has its items.
new_run_by_url() {
	ctl -o json run create --wait --timeout 120 --host "$HOST_ID" \
		--base-url "$MIRROR" --key-file "$1" --model MiniMax-M2.5
	RUN_ID=$(json_of "$OUT" .run_id)
	api GET "/api/batch-import/runs/$RUN_ID/items"
}

with_terms() {
	mirror chat-only-403 kimi /coding/v1 kimi-for-coding k3
	vendor_key kimi sk-kimi-
	ctl provider import kimi-coding --host "$HOST_ID" --key-file "$KEY" \
		--mirror-url "$MIRROR"
	like "$HOST_IS: terms that forbid sharing are asked for" "$RC $ERR" \
		'^[1-9].*accept_plan_terms'
	preview_is_what_happens kimi-coding "$HOST_IS: a plan with terms" \
		--key-file "$KEY" --mirror-url "$MIRROR" --accept-plan-terms
	is "$HOST_IS: it is a plan for certain clients, and that is said" \
		"$(warned client_allowlisted)" true
}

static_list() {
	mirror no-models spark /v1 lite 4.0Ultra generalv3
	vendor_key spark ""
	preview_is_what_happens spark-v1 "$HOST_IS: no list of models" \
		--key-file "$KEY" --mirror-url "$MIRROR"
	is "$HOST_IS: all that the manifest has are mapped" \
		"$(item '.models | index("generalv3.5") != null')" true
	is "$HOST_IS: and the first one is the manifest's" \
		"$(item .resolved_smoke_model)" lite
}

other_path() {
	mirror chat-only-404 zhipu /api/paas/v4 glm-4.7-flash glm-5.3
	vendor_key zhipu ""
	preview_is_what_happens zhipu-cn "$HOST_IS: chat at another path" \
		--key-file "$KEY" --mirror-url "$MIRROR"
	is "$HOST_IS: it is found" "$(item .chat_url)" \
		"$MIRROR/chat/completions"
}

relay() {
	mirror chat-only-403 relay /v1
	vendor_key relay sk-
	ctl provider preview deepseek-2166 --host "$HOST_ID" --key-file "$KEY"
	like "$HOST_IS: a relay has to be told where it is" "$RC $ERR" \
		'^[1-9].*base_url'
	preview_is_what_happens deepseek-2166 "$HOST_IS: a relay" \
		--key-file "$KEY" --base-url "$MIRROR"
	is "$HOST_IS: that is no mirror" "$(warned mirror_url)" false
}

# Where the pack has prices they become a channel over the group.
priced() {
	mirror chat-only-404 moonshot /v1 kimi-k3 kimi-k2.6
	vendor_key moonshot sk-
	preview_is_what_happens moonshot "$HOST_IS: with prices" \
		--key-file "$KEY" --mirror-url "$MIRROR"
	is "$HOST_IS: of each model of the manifest that has one" \
		"$(admin GET "/api/v1/admin/channels/$(item .channel_id)" |
		jq -c '[.data.model_pricing[] | select(.models |
		index("kimi-k2.6")) | (.input_price * 1e8 | round),
		(.output_price * 1e8 | round)]')" "[95,400]"
}

# Hosts before 0.1.179 do not send what this vendor wants to see.
header() {
	mirror wants-agent zai /api/paas/v4 glm-4.7-flash glm-4.7
	vendor_key zai ""
	if [ "$version" = 0.1.179 ]; then
		preview_is_what_happens zai "$HOST_IS: a header is sent" \
			--key-file "$KEY" --mirror-url "$MIRROR"
		is "$HOST_IS: nothing is said of it" \
			"$(warned headers_not_sent)" false
		return
	fi
	ctl -o json provider preview zai --host "$HOST_ID" \
		--key-file "$KEY" --mirror-url "$MIRROR"
	BODY=$OUT
	is "$HOST_IS: the preview says that a header is not sent" \
		"$(json '[.plans[0].warnings[].code] |
		any(. == "headers_not_sent")')" true
	ctl -o json provider import zai --host "$HOST_ID" --wait \
		--timeout 120 --key-file "$KEY" --mirror-url "$MIRROR"
	BATCH=$OUT
	ok "$HOST_IS: without it the vendor answers nobody" test "$RC" -ne 0
	is "$HOST_IS: and the item says why" "$(warned headers_not_sent)" true
}

shipped_pack_works() {
	HOST_IS=$version
	ready=subscription_ready
	deepseek
	with_terms
	static_list
	other_path
	relay
	priced
	header
	two_plans
}

new_site
start_hosts --log "$SITE/log/hosts.requests"
start_providersim chat-only-403 && start_schedd && start_pool 4 &&
	start_nginx || bail_out "the stack does not start"
ctl pack install packs/openai-cn-pack
is "the pack that comes with it is installed" "$RC" 0
each_host shipped_pack_works

is "every address that a key went to is of this machine" "$(db "SELECT
	count(*) FROM import_run_items WHERE base_url NOT LIKE
	'http://127.0.0.1:%' OR coalesce(chat_url, base_url) NOT LIKE
	'http://127.0.0.1:%'")" 0
each_host leave_nothing
no_secret_leaks
done_testing
