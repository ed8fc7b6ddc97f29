#!/bin/sh
# Files of keys as operators have them: CSV in Chinese and English, from Excel
# or by hand, JSON lines and JSON; wrong rows, what is said around a key, and
# no key anywhere.
. tests/integration/lib.sh

new_site
start_stack 0.1.129 chat-only-403
add_host

# key NAME: a new key in NAME.secret that the provider takes; shows it.
key() {
	[ -s "$WORK/$1.secret" ] ||
		printf 'good-%s' "$(random_text 40)" >"$WORK/$1.secret"
	cat "$WORK/$1.secret"
}

for name in one two three four five six gbk wide label stray; do
	key "$name" >/dev/null
done
url=$PROVIDER_URL/v1

# A file of an operator: a mark, CRLF, a cell over two lines, and rows that
# are wrong.
{
	printf '\357\273\277接口地址,密钥,模型,标签,备注\r\n'
	printf '%s,%s,mock-a,团队甲,"买于 11 月\r\n同事 ""小李"""\r\n' "$url" "$(key one)"
	printf '\r\n'
	printf '%s,%s,,,\r\n' "not an address" "$(key two)"
	printf '%s,"%s,,,\r\n' "$url" "$(key three)"
	printf '%s,%s,mock-a,团队乙,\r\n' "$url" "$(key four)"
	printf '%s,%s,,,\r\n' "$url" "$(key one)"
} >"$WORK/keys.csv"
ctl run preview -f "$WORK/keys.csv" --host "$HOST_ID" --user alice
is "a file can be looked at beforehand" "$RC" 0
like "with what would be made" "$OUT" 'create +account '
like "and which rows are left out" "$ERR" '^5 +2 +base_url +must'
is "and no run is begun" "$(db 'SELECT count(*) FROM import_runs')" 0
ctl -o json run create -f "$WORK/keys.csv" --host "$HOST_ID" --user alice \
	--wait --timeout 60
is "a file with good and bad rows is imported" "$RC" 0
BODY=$OUT
run_id=$(json .run_id)
is "good rows became items" "$(json '"\(.items_total) \(.items_active)
	\(.items_rejected) \(.state)" | gsub("\\s+"; " ")')" \
	"2 2 2 completed_with_warnings"
like "a wrong address is told with its line" "$ERR" \
	'^5 +2 +base_url +must'
like "so is a quote that is never closed" "$ERR" '^6 +3 +.*quote'
is "lines stand in what the API keeps" "$(json \
	'[.rejected[] | "\(.row) \(.line)"] | join(", ")')" "2 5, 3 6"
ctl item list "$run_id"
like "lists show the label" "$OUT" '团队甲'
api GET "/api/batch-import/runs/$run_id/items"
is "label, note and line are the item's" "$(json '.items[0] |
	"\(.label) \(.note) \(.line)"')" '团队甲 买于 11 月 同事 "小李" 2'
is "a key that came again is one item" "$(json \
	'.items[0].warnings[0].detail')" "line 8 is line 2 again"

# Strict: all or nothing.
before=$(db 'SELECT count(*) FROM import_runs')
ctl run create -f "$WORK/keys.csv" --host "$HOST_ID" --strict
is "a strict file with bad rows is refused" "$RC" 9
like "with all that is wrong" "$ERR" 'line 6'
is "nothing of it is stored" "$(db 'SELECT count(*) FROM import_runs')" \
	"$before"

# What a Chinese Excel saves, and its "Unicode text".
printf '地址,密钥,备注\r\n%s,%s,测试\r\n' "$url" "$(key gbk)" |
	iconv -t GB18030 >"$WORK/gbk.csv"
ctl -o json run create -f "$WORK/gbk.csv" --host "$HOST_ID"
is "a file in GBK is taken" "$RC" 0
like "and it is said" "$ERR" 'gb18030'
is "its Chinese is right" "$(db 'SELECT note FROM import_run_items
	ORDER BY item_id DESC LIMIT 1')" 测试
{
	printf '\377\376'
	printf '地址\t密钥\t标签\r\n%s\t%s\t测试 二\r\n' "$url" "$(key wide)" |
		iconv -t UTF-16LE
} >"$WORK/wide.tsv"
ctl -o json run create -f "$WORK/wide.tsv" --host "$HOST_ID"
is "so is UTF-16 with tabs" "$RC" 0
is "and its Chinese is right" "$(db 'SELECT label FROM import_run_items
	ORDER BY item_id DESC LIMIT 1')" "测试 二"
printf 'PK\003\004 and so on' >"$WORK/book.csv"
ctl run create -f "$WORK/book.csv" --host "$HOST_ID"
is "a workbook is refused" "$RC" 9
like "and told once" "$ERR" '^crmctl: the body is an? '
like "by name" "$ERR" 'xlsx'

# JSON lines by standard input, JSON with the same members.
{
	printf '{"base_url":"%s","api_key":"%s","label":"lines"}\n' "$url" \
		"$(key five)"
	printf '{"base_url":"%s","api_key":"%s"\n' "$url" "$(key stray)"
} >"$WORK/lines"
RC=0
crmctl -o json run create -f - --form jsonl --host "$HOST_ID" \
	--canary 1 --stop-after 1 <"$WORK/lines" >"$WORK/out" 2>"$WORK/err" ||
	RC=$?
cat "$WORK/out" "$WORK/err" >>"$SITE/log/replies"
BODY=$(cat "$WORK/out")
is "JSON lines come from standard input" "$RC $(json .items_total)" "0 1"
like "a broken line is told" "$(cat "$WORK/err")" '^2 +2 +- +is not JSON'
is "the canary is the run's" "$(json \
	'"\(.canary_items) \(.canary_stop_after)"')" "1 1"
secret_file six.key "$(key six)"
ctl -o json run create --host "$HOST_ID" --base-url "$url" \
	--key-file "$SITE/etc/six.key" --label "by hand" --note "one key"
BODY=$OUT
api GET "/api/batch-import/runs/$(json .run_id)/items"
is "a single key has label and note" "$(json '.items[0] |
	"\(.label), \(.note)"')" "by hand, one key"

# What is no file of keys.
printf '%s,%s\n' "$url" "$(key stray)" >"$WORK/bare.csv"
ctl run create -f "$WORK/bare.csv" --host "$HOST_ID"
is "a file without a header is refused" "$RC" 9
printf 'url,key,label\n%s,%s,sk-%s\n' "$url" "$(key label)" "$(key stray)" \
	>"$WORK/mixed.csv"
ctl -o json run create -f "$WORK/mixed.csv" --host "$HOST_ID"
is "a key in the column of labels is masked" "$(db 'SELECT label FROM
	import_run_items ORDER BY item_id DESC LIMIT 1')" "[redacted]"
TYPE=text/csv api POST "/api/batch-import/runs?host_id=$HOST_ID&api_key=x" \
	"$(printf 'url,key\n%s,%s\n' "$url" "$(key stray)")"
is "no key may stand in a URL" "$STATUS $(json .code)" "400 invalid_parameter"
TYPE=text/csv api POST /api/hosts "$(printf 'url,key\nx,%s\n' "$(key stray)")"
is "other endpoints take no files" "$STATUS $(json .code)" \
	"415 unsupported_media_type"

# The template is a file that is taken, but for its key.
crmctl run template --lang zh >"$WORK/template.csv"
ctl run create -f "$WORK/template.csv" --host "$HOST_ID" --strict
is "the template is a file" "$RC" 9
like "whose key is to be filled in" "$ERR" 'line 2: api_key'
unlike=$(printf '%s' "$ERR" | grep -c header)
is "its header is known" "$unlike" 0

# Large, so that it would go to the disk of a web server that is not told to
# keep it in memory.
{
	echo url,key,note
	i=0
	while [ "$i" -lt 3000 ]; do
		i=$((i + 1))
		echo "$url,$(key stray)-$i,a note that makes the file longer"
	done
} >"$WORK/large.csv"
stop crm-schedd
ctl -o json run create -f "$WORK/large.csv" --host "$HOST_ID"
BODY=$OUT
is "a file of 3,000 rows is one run" "$RC $(json .items_total)" "0 3000"
is "nginx kept no body" "$(find "$SITE/nginx/tmp" -type f 2>/dev/null)" ""
start_schedd
api POST "/api/batch-import/runs/$(json .run_id)/cancel"
no_secret_leaks
done_testing
