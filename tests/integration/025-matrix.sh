#!/bin/sh
# Every kind of provider on every version of the host: how its item ends, and
# that the host holds what is proven and nothing else.
#
# The same cases run on real hosts:
#	REAL_HOSTS='http://127.0.0.1:8080=FILE_WITH_ADMIN_KEY ...' \
#		tests/integration/025-matrix.sh
# They must reach this machine's loopback addresses, where the simulated
# provider is.  Each case has an endpoint of its own; what it made is left.
. tests/integration/lib.sh

# personality, access_status, failure_class
cases='
chat-only-400    active -
chat-only-401    active -
chat-only-402    active -
chat-only-403    active -
chat-only-404    active -
chat-only-405    active -
chat-only-422    active -
chat-only-429    active -
chat-only-500    active -
chat-only-501    active -
chat-only-503    active -
chat-only-html   active -
chat-only-errjson active -
dual             active -
models-open      active -
length-empty     active -
model-400        active -
html             broken inspect_body
garbage-json     broken inspect_body
redirect         broken redirected
region           broken region_forbidden
base-resp        broken quota_exhausted
err-object       broken quota_exhausted
null-choices     broken inspect_body
quota            broken quota_exhausted
arrears          broken quota_exhausted
zhipu-1113       broken quota_exhausted
model-missing    broken model_not_found
relay-no-channel broken model_not_found
agents-only      broken client_not_allowed
fail-html        broken inspect_body
fail-403         broken upstream_forbidden
'

# count KIND ENDPOINT: what the host holds under an endpoint's name.  Not by
# ask: 0.1.126 shows keys, and replies are searched for them.
count() {
	tr -d '\n' <"$ADMIN_KEY" | sed 's/^/x-api-key: /' >"$WORK/admin"
	curl -s --max-time 20 -H "@$WORK/admin" \
		"$HOST_URL/api/v1/admin/$1?search=$2" | jq -r .data.total
	rm -f "$WORK/admin"
}

held() {
	echo "$(count accounts "$1") $(count groups "$1")"
}

one_case() {
	personality "$PROVIDER_URL" "$1"
	n=$((n + 1))
	ctl -o json run create --wait --timeout 120 --host "$HOST_ID" \
		--base-url "$PROVIDER_URL/case-$tag-$n/v1" \
		--key-file "$SITE/etc/matrix.key"
	run=$(printf '%s' "$OUT" | jq -r .run_id)
	api GET "/api/batch-import/runs/$run/items"
	endpoint=$(json '.items[0].endpoint_key')
	is "$version, $1" "$(json '.items[0] |
		"\(.access_status) \(.failure_class // "-")"')" "$2 $3"
	wanted='0 0'
	[ "$2" = broken ] || wanted='1 1'
	is "$version, $1: what the host holds" "$(held "$endpoint")" "$wanted"
}

all_cases() {
	ctl -o json host add --base-url "$HOST_URL" --auth-type api_key \
		--token-file "$ADMIN_KEY"
	HOST_ID=$(printf '%s' "$OUT" | jq -r .host_id)
	version=$(printf '%s' "$OUT" | jq -r .version)
	while read -r name status class; do
		[ -z "$name" ] || one_case "$name" "$status" "$class"
	done <<END
$cases
END
}

# No two runs of this test meet on a real host.
tag=$(random_text 8 | tr '[:upper:]' '[:lower:]')
n=0
start_stack 0.1.129 chat-only-403
new_key matrix
if [ -n "${REAL_HOSTS:-}" ]; then
	for pair in $REAL_HOSTS; do
		HOST_URL=${pair%%=*}
		ADMIN_KEY=$SITE/etc/real-$((n + 1)).key
		(umask 077 && cp "${pair#*=}" "$ADMIN_KEY")
		all_cases
	done
else
	for version in 0.1.126 0.1.129 0.1.179; do
		start_hostsim "$version" --poll-ms 1000 ||
			bail_out "no host $version"
		ADMIN_KEY=$SITE/etc/host.key
		all_cases
	done
fi
no_secret_leaks
done_testing
