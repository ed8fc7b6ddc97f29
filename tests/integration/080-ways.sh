#!/bin/sh
# Ways out to the world: proxies, private CAs, and addresses that nobody is
# asked at; and what the operator sees of each.
. tests/integration/lib.sh

# A certificate that only who knows etc/ca.pem believes.
make_ca() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
		-nodes -days 30 -subj "/CN=A private CA" \
		-keyout "$WORK/ca.key" -out "$SITE/etc/ca.pem" &&
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
		-subj /CN=host -keyout "$SITE/etc/host-tls.pem.key" \
		-out "$WORK/host.csr" &&
	echo "subjectAltName=IP:127.0.0.1" >"$WORK/host.ext" &&
	openssl x509 -req -in "$WORK/host.csr" -days 30 -CAcreateserial \
		-CA "$SITE/etc/ca.pem" -CAkey "$WORK/ca.key" \
		-extfile "$WORK/host.ext" -out "$SITE/etc/host-tls.pem"
}

# The host, once more, behind TLS.
tls_server() {
	mkdir -p "$SITE/nginx/sites"
	cat >"$SITE/nginx/sites/tls.conf" <<-END
	server {
		listen 127.0.0.1:$TLS_PORT ssl;
		ssl_certificate $SITE/etc/host-tls.pem;
		ssl_certificate_key $SITE/etc/host-tls.pem.key;
		location / { proxy_pass $HOST_URL; }
	}
	END
}

# start_proxy: knows where provider.invalid is, and wants credentials.
start_proxy() {
	secret_file proxy.key "alice:$(random_text 24)"
	start proxysim "$SITE/bin/proxysim" --port 0 \
		--port-file "$SITE/run/proxysim.port" \
		--map "provider.invalid=$PROVIDER_PORT" \
		--credentials-file "$SITE/etc/proxy.key" \
		--log "$SITE/log/proxysim.requests"
	started proxysim 10 "[ -s '$SITE/run/proxysim.port' ]" || return 1
	PROXY_PORT=$(cat "$SITE/run/proxysim.port")
}

new_site
make_ca >"$SITE/log/openssl.log" 2>&1 || bail_out "no certificate"
site_give
TLS_PORT=$(free_port)
start_providersim chat-only-403 || bail_out "no provider"
PROVIDER_PORT=$(cat "$SITE/run/providersim.port")
# The host finds the provider by its name; CRM does not.
SIM_CONNECT_TO=provider.invalid:80:127.0.0.1:$PROVIDER_PORT
export SIM_CONNECT_TO
start_hostsim 0.1.129 --poll-ms 1000 && start_proxy ||
	bail_out "no host or proxy"
tls_server
start_schedd && start_pool 2 && start_nginx ||
	bail_out "the stack does not start"
add_host
is "the host is ready" "$(json_of "$OUT" .state)" ready

# proxy_file NAME URL
proxy_file() {
	(umask 077 && echo "$2" >"$SITE/etc/by-$1.url")
}

# through FILE: the way to the provider.
through() {
	ctl -o json endpoint set http://provider.invalid/v1 \
		--proxy-file "$SITE/etc/by-$1.url"
	is "$1: the way to the provider is set" "$RC" 0
}

# imports NAME WANTED: a new key; its "status class".
imports() {
	new_key "$1"
	import "$SITE/etc/$1.key"
	is "$1: $2" "$(json '"\(.access_status) \(.failure_class)"')" "$2"
}

LOCAL_URL=$PROVIDER_URL
PROVIDER_URL=http://provider.invalid
imports direct "broken dns"
like "direct: it says which name" "$(json .failure_detail)" provider.invalid

who=$(cat "$SITE/etc/proxy.key")
proxy_file forward "http://$who@127.0.0.1:$PROXY_PORT"
through forward
is "the proxy is shown without its credentials" \
	"$(json_of "$OUT" .proxy)" "http://127.0.0.1:$PROXY_PORT"
imports forward "active null"
like "forward: asked through the proxy" \
	"$(cat "$SITE/log/proxysim.requests")" \
	'^GET provider.invalid/v1/models$'

proxy_file socks "socks5h://$who@127.0.0.1:$PROXY_PORT"
# What the keys before can do may be asked by this way, too, as soon as it is
# set, and its connection be used again.
: >"$SITE/log/proxysim.requests"
through socks
imports socks "active null"
like "socks: asked through the proxy" \
	"$(cat "$SITE/log/proxysim.requests")" '^SOCKS provider.invalid:80$'

proxy_file stranger "http://alice:wrong@127.0.0.1:$PROXY_PORT"
through stranger
imports stranger "broken proxy_failed"
like "stranger: the proxy's answer" "$(json .failure_detail)" 407
is "stranger: said in both languages" "$(json '(.failure_zh | length) > 0 and
	(.failure_en | length) > 0')" true

proxy_file nobody "http://127.0.0.1:1"
through nobody
imports nobody "broken proxy_failed"

ctl endpoint set http://provider.invalid/v1 --no-proxy
imports without "broken dns"

# The host by a proxy, and by a certificate of its own.
: >"$SITE/log/proxysim.requests"
ctl -o json host set "$HOST_ID" --proxy-file "$SITE/etc/by-forward.url"
ctl -o json host probe "$HOST_ID"
is "a host behind a proxy is ready" \
	"$(json_of "$OUT" .state)" ready
like "it was asked through the proxy" \
	"$(cat "$SITE/log/proxysim.requests")" '^GET .*/api/v1/'
ctl -o json host set "$HOST_ID" --proxy-file "$SITE/etc/by-stranger.url"
ctl -o json host probe "$HOST_ID"
is "a proxy that refuses us is not the host" "$(printf '%s' "$OUT" |
	jq -r '"\(.state) \(.reason)"')" "unreachable proxy_failed"
ctl host set "$HOST_ID" --no-proxy

# tls_host [OPTION]...: "state reason".
tls_host() {
	ctl -o json host add --base-url "https://127.0.0.1:$TLS_PORT" \
		--auth-type api_key --token-file "$SITE/etc/host.key" "$@"
	seen=$(printf '%s' "$OUT" | jq -r '"\(.state) \(.reason)"')
	detail=$(json_of "$OUT" .reason_detail)
	api DELETE "/api/hosts/$(json_of "$OUT" .host_id)"
}

tls_host
is "a private CA is not believed" "$seen" "unreachable tls"
like "it says what is wrong with it" "$detail" certificate
tls_host --ca-file "$SITE/etc/ca.pem"
is "it is, where somebody gave it" "$seen" "ready null"
tls_host --ca-file "$SITE/etc/tls.pem"
is "another one does not help" "$seen" "unreachable tls"

# Addresses that are never asked.
for url in http://169.254.169.254 'http://[::ffff:169.254.169.254]' \
		http://100.100.100.200 'http://[fd00:ec2::254]' \
		http://metadata.google.internal 'http://[fe80::1]'; do
	api POST /api/hosts "{\"base_url\":\"$url\",\"auth_type\":\"api_key\",
		\"auth_token\":\"0123456789\"}"
	is "$url: no host" "$STATUS" 422
	like "$url: names base_url" "$BODY" '"base_url"'
	api POST /api/batch-import/runs "{\"host_id\":\"$HOST_ID\",\"items\":
		[{\"base_url\":\"$url/v1\",\"api_key\":\"0123456789\"}]}"
	is "$url: no provider" "$STATUS" 422
	like "$url: names the item's base_url" "$BODY" 'items\[0\]\.base_url'
done
api PUT /api/endpoints/p '{"proxy":"http://169.254.169.254:80"}'
is "nor is one a proxy" "$STATUS" 422

# Private ones, where they are not allowed.
provider_calls() {
	grep -c . "$SITE/log/providersim.requests"
}

stop crm-schedd
CRM_PRIVATE_PROVIDERS=0 start_schedd || bail_out "crm-schedd does not start"
PROVIDER_URL=$LOCAL_URL
before=$(provider_calls)
imports private "broken address_forbidden"
like "private: names the address" "$(json .failure_detail)" 127.0.0.1
like "private: names the setting" "$(json .failure_detail)" \
	exchange.private_providers
is "private: said in both languages" "$(json '(.failure_zh | length) > 0 and
	(.failure_en | length) > 0')" true
is "private: the provider was not asked" "$(provider_calls)" "$before"
stop crm-schedd
CRM_PRIVATE_HOSTS=0 start_schedd || bail_out "crm-schedd does not start"
ctl -o json host probe "$HOST_ID"
is "private: the host is not asked" "$(printf '%s' "$OUT" |
	jq -r '"\(.state) \(.reason)"')" "unreachable address_forbidden"
like "private: the host's setting is named" "$(printf '%s' "$OUT" |
	jq -r .reason_detail)" exchange.private_hosts

cut -d: -f2 "$SITE/etc/proxy.key" >"$WORK/password.secret"
no_secret_leaks
done_testing
