#!/bin/sh
# What CRM says of an item, an access, a host: in the operator's language,
# from end to end, and with the statuses that scripts rely on.
. tests/integration/lib.sh
. tests/integration/hosts.sh

SITE_SETTINGS="$quick_settings
watch = { every_s = 0; };"

# Any byte that Chinese characters begin with.
chinese=$(printf '[\344-\351]')
LC_ALL=C
export LC_ALL

# explained NAME KIND ID ZH EN: patterns that the texts have.
explained() {
	ctl explain "$2" "$3" --lang zh
	is "$1, zh: can be asked" "$RC" 0
	like "$1, zh" "$OUT" "$4"
	like "$1, zh: is Chinese" "$OUT" "$chinese"
	ctl explain "$2" "$3" --lang en
	like "$1, en" "$OUT" "$5"
	is "$1, en: without Chinese" \
		"$(printf '%s' "$OUT" | grep -acE "$chinese")" 0
	is "$1: in a few lines" "$(printf '%s\n' "$OUT" |
		awk 'END { print (NR >= 2 && NR <= 30) }')" 1
	ctl -o json explain "$2" "$3" --lang en
	is "$1: as JSON" "$(printf '%s' "$OUT" | jq -r --arg id "$3" '
		.id == $id and (.text | length) > 20 and
		(.headline | length) > 5')" true
}

start_stack 0.1.179 chat-only-403
ADMIN_KEY=$SITE/etc/host.key
PROVIDER_KEY=$SITE/etc/provider.key
add_host
explained "a host" host "$HOST_ID" '就绪|正常' '[Rr]eady|fine'

import "$SITE/etc/provider.key" --model mock-a
is "the item is active" "$(json .access_status)" active
explained "an item that is active" item "$ITEM_ID" '验证' '[Pp]ro(of|ve)'
ACCOUNT=$(json .account_id)
access_of "$(json .endpoint_key)"
explained "an access that is active" access "$ACCESS" '验证' '[Pp]ro(of|ve)'

# The API says the same, as JSON and as text.
api GET "/api/explain?access_id=$ACCESS&lang=zh" '' -H 'Accept: text/plain'
like "text for people" "$STATUS $BODY" '^200 .'
like "it is plain text" "$HEADERS" '[Cc]ontent-[Tt]ype: text/plain'
api GET "/api/explain?access_id=$ACCESS" '' -H 'Accept-Language: en'
is "the language of the browser" "$(json .lang)" en

# A key without money.
personality "$PROVIDER_URL" quota
new_key poor
import "$SITE/etc/poor.key" --model mock-a
is "an item without money: broken" "$(json .access_status)" broken
explained "an item without money" item "$ITEM_ID" '额度|余额|欠费|充值' \
	'money|quota|balance|top'
ctl item show "$RUN_ID" "$ITEM_ID" --lang en
like "item show: which hop, in words" "$OUT" '^diagnosis +[A-Z].*provider'
like "item show: what each hop showed" "$OUT" \
	'^provider +402 +quota_exhausted'
ctl item show "$RUN_ID" "$ITEM_ID" --lang zh
like "item show: in Chinese" "$OUT" "^diagnosis +.*$chinese"
personality "$PROVIDER_URL" chat-only-403

# Somebody switched the account off: only he may switch it on again.
admin POST "/api/v1/admin/accounts/$ACCOUNT/schedulable" \
	'{"schedulable":false}' >/dev/null
check "$ACCESS"
is "an account that is off: degraded" "$RC $(json .failure_class)" \
	"11 account_off"
explained "an account that is off" access "$ACCESS" '停用|关闭' 'off'
ctl access list
like "the list says so" "$OUT" "$ACCESS .*degraded .*account_off"
ctl access show "$ACCESS" --lang en
like "access show: the diagnosis" "$OUT" '^diagnosis +[A-Z]'
like "access show: its events" "$OUT" 'degraded +account_off'
ctl -o yaml access show "$ACCESS"
like "access show: as YAML" "$OUT" '^failure_class: account_off$'

# A host that does not answer.
stop hostsim
ctl host probe "$HOST_ID"
is "a host that is gone: not ready" "$RC" 1
explained "a host that is gone" host "$HOST_ID" '连不上|拒绝|无法连接' \
	'reach|refuse'
check "$ACCESS"
is "its access: not active" "$((RC == 0))" 0
explained "its access" access "$ACCESS" '主机' '[Hh]ost'

# What cannot be explained.
ctl explain access acc_nothing
is "there is no such access" "$RC" 7
ctl explain weather "$ACCESS"
is "nor such a thing" "$RC" 2
ctl explain item "$ITEM_ID" --lang fr
is "nor this language" "$RC" 2
LC_ALL=zh_CN.UTF-8 ctl explain host "$HOST_ID"
like "the terminal's language is taken" "$OUT" "$chinese"

no_secret_leaks
done_testing
