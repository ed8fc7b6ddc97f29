#!/bin/sh
# What a key can do is asked after its import, without the import waiting for
# it, and on demand; within the set time nobody is asked again, and what one
# provider refuses is found out beside what it serves.
. tests/integration/lib.sh

SITE_SETTINGS="$quick_settings
probe = { capabilities = \"basic\"; };
watch = { every_s = 0; };"

# On demand everything is asked: chat, /responses, /messages; then of the
# model chat, stream, tools, JSON mode, and whether it thinks.
expected='
dual           yes yes no  yes yes yes yes unknown
chat-only-403  yes no  no  yes yes yes yes unknown
chat-only-401  yes no  no  yes yes yes yes unknown
chat-only-503  yes unknown no yes yes yes yes unknown
chat-only-429  yes unknown unknown yes yes unknown unknown unknown
all-surfaces   yes yes yes yes yes yes yes unknown
messages-apart yes yes yes yes yes yes yes unknown
plain-chat     yes no  no  yes no  no  no  unknown
think-tags     yes yes no  yes yes yes yes yes
'

# import_as PERSONALITY KEY: sets RUN_ID and ITEM_ID.
import_as() {
	ctl -o json run create --wait --timeout 60 --host "$HOST_ID" \
		--base-url "$PROVIDER_URL/as/$1/x/v1" --key-file "$2" \
		--model mock-a
	RUN_ID=$(json_of "$OUT" .run_id)
	api GET "/api/batch-import/runs/$RUN_ID/items"
	ITEM_ID=$(json '.items[0].item_id')
}

item() {
	api GET "/api/batch-import/runs/$RUN_ID/items/$ITEM_ID"
}

# What was asked of this provider but for the list: a line for each.
questions() {
	jq -r 'select(.method == "POST") | .path' \
		"$SITE/log/providersim.requests" | grep "/as/$1/" || :
}

states() {
	json '.capability_profile | [.transport.chat_completions.state,
		.transport.responses.state, .transport.messages.state] +
		[.models[0] | .chat, .stream, .tools, .json_mode, .reasoning |
		 .state // "none"] | join(" ")'
}

is_profiled() {
	item
	[ "$(json '.capability_profile != null')" = true ]
}

# ask_all: on demand, to the end.
ask_all() {
	api POST "/api/batch-import/runs/$RUN_ID/items/$ITEM_ID/profile" \
		'{"level":"full"}' -H 'Prefer: wait=20'
}

start_stack 0.1.129 chat-only-403
add_host

# After an import.
new_key first
import_as dual "$SITE/etc/first.key"
is "the import ends well" "$RC" 0
wait_for is_profiled
is "its key was asked for a stream and for /responses" \
	"$(json '[.capability_profile | .level, .complete, .probes] |
		map(tostring) | join(" ")')" "basic true 2"
is "what was not asked is unknown" "$(states)" \
	"yes yes unknown yes yes unknown unknown unknown"
is "each has its evidence and its age" "$(json '.capability_profile |
	[.transport.responses, .models[0].stream] |
	map(.status == 200 and .learnt == "probed" and (.at | length > 10)) |
	all')" true
is "the event trail says so" "$(json '[.events[] |
	select(.kind == "profiled")] | length')" 1
is "the item is as the import left it" \
	"$(json '"\(.current_stage) \(.access_status) \(.warnings | length)"')" \
	"done active 0"

# The same key again.
before=$(questions dual | grep -c responses)
first_at=$(json .capability_profile.at)
import_as dual "$SITE/etc/first.key"
item
is "the same key again: the profile is there at once" \
	"$(json .capability_profile.at)" "$first_at"
is "and says that it was kept" "$(json '[.events[] |
	select(.kind == "profile_kept")] | length')" 1
is "nobody was asked for it" "$(questions dual | grep -c responses)" "$before"

# On demand it is asked anew, and all of it.
ask_all
is "on demand the answer waits for the profile" \
	"$STATUS $(json '"\(.state) \(.capability_profile.level)"')" \
	"200 done full"
is "all of it" "$(states)" "yes yes no yes yes yes yes unknown"

# Every kind of provider.
echo "$expected" | while read -r personality rest; do
	[ -z "$personality" ] || echo "$personality $(echo $rest)"
done >"$WORK/rows"
while read -r personality want; do
	new_key "$personality"
	import_as "$personality" "$SITE/etc/$personality.key"
	wait_for is_profiled
	ask_all
	is "$personality" "$(states)" "$want"
done <"$WORK/rows"

# Where there is no chat the import fails, and the key can do something yet.
new_key anthropic
import_as messages-only "$SITE/etc/anthropic.key"
item
is "without chat the import fails" "$(json .access_status)" broken
is "and asks no more" "$(json .capability_profile)" null
ask_all
is "messages-only" "$(states)" \
	"no no yes unknown unknown unknown unknown unknown"

# A key that is used up is asked once.
secret_file poor.key "quota-$(random_text 32)"
import_as all-surfaces "$SITE/etc/poor.key"
before=$(questions all-surfaces | wc -l)
ask_all
is "a key without money is asked once" \
	"$(json '.capability_profile | "\(.complete) \(.stopped_by)"') $((
	$(questions all-surfaces | wc -l) - before))" "false quota_exhausted 1"

# The day's budget of one key.
import_as dual "$SITE/etc/first.key"
for _ in 1 2 3 4; do
	ask_all
done
is "when the day's budget is used up, nothing is asked" \
	"$(json .capability_profile.stopped_by)" budget
is "and what was known is still said" "$(states)" \
	"yes yes no yes yes yes yes unknown"
before=$(questions dual | wc -l)
ask_all
is "whoever asks" "$(questions dual | wc -l)" "$before"

# crmctl.
ctl item profile "$RUN_ID" "$ITEM_ID"
is "crmctl shows it" "$RC" 0
like "crmctl: a line for a path" "$OUT" '^responses +yes +probed +200'
like "crmctl: a line for each thing" "$OUT" '^mock-a +tools +yes'
ctl item profile "$RUN_ID" "$ITEM_ID" -o json
is "crmctl: as JSON" "$(printf '%s' "$OUT" | jq -r \
	.capability_profile.transport.responses.state)" yes

no_secret_leaks
done_testing
