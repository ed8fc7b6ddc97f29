# Target: a point GET of the API against a responder that does nothing, both
# behind the same nginx, four workers each.
#
# shellcheck shell=sh

GET_ROUNDS=${GET_ROUNDS:-7}
GET_SECONDS=${GET_SECONDS:-2}

# Called by site.sh for the plain server: beside CRM stands the responder,
# reached by the very settings by which CRM is reached.
site_prefix_server() {
	cat <<-END >"$SITE/nginx/conf.d/bare.conf"
	upstream crm_bare { server unix:$SITE/run/bare.sock max_fails=0; }
	END
	# Connections of the round before may still be closing.
	sed -i 's/^limit_conn .*/limit_conn crm_connections 1000;/' \
		"$SITE/nginx/snippets/crm-pass.conf"
	sed 's/fastcgi_pass .*/fastcgi_pass crm_bare;/' \
		"$SITE/nginx/snippets/crm-pass.conf" \
		>"$SITE/nginx/snippets/bare.conf"
	cat <<-END
	server {
		listen 127.0.0.1:$SITE_PREFIX_PORT;
		location ^~ /bare/ { include snippets/bare.conf; }
		include snippets/crm.conf;
	}
	END
}

# load URL: requests per second; complains about replies that are not 2xx.
load() {
	wrk -t1 -c16 -d"$GET_SECONDS" -s "$SITE/etc/wrk.lua" "$1" \
		>"$SITE/log/wrk.log" 2>&1 || :
	if ! grep -q '^Requests/sec' "$SITE/log/wrk.log" ||
		grep -q -e 'Non-2xx' -e 'Socket errors' "$SITE/log/wrk.log"; then
		cat "$SITE/log/wrk.log" >&2
		return 1
	fi
	sed -n 's,^Requests/sec: *,,p' "$SITE/log/wrk.log"
}

# The token reaches wrk by a file: a command line can be read by everybody.
write_wrk_script() {
	(
		umask 077
		sed 's/^Authorization: \(.*\)/wrk.headers["Authorization"] = "\1"/' \
			"$SITE/etc/authorization" >"$SITE/etc/wrk.lua"
	)
}

get_round() {
	load "$bare_url" >>"$SITE/log/get.bare" &&
		load "$ours_url" >>"$SITE/log/get.ours"
}

part_get() {
	begin_site get
	start_hostsim 0.1.129
	start_schedd
	start_pool 4
	start_nginx
	add_host bench "$HOST_URL" "$SITE/etc/host.key"
	bench_get
	end_site
}

bench_get() {
	say "point GET: $GET_ROUNDS rounds of $GET_SECONDS s each"
	start bare "$SITE/bin/pool" 4 "$SITE/run/bare.sock" \
		"$SITE/bin/bench_fcgi"
	started bare 10 "[ -S '$SITE/run/bare.sock' ]"
	write_wrk_script
	make_body 1 >"$SITE/log/one.json"
	run_id=$(api POST /api/batch-import/runs "$SITE/log/one.json" |
		jq -r .run_id)
	ours_url=$PREFIX_URL/api/batch-import/runs/$run_id
	bare_url=${PREFIX_URL%/crm}/bare/batch-import/runs/$run_id
	load "$ours_url" >/dev/null
	load "$bare_url" >/dev/null
	rounds "$GET_ROUNDS" get_round
	stop bare
	bare=$(median <"$SITE/log/get.bare")
	ours=$(median <"$SITE/log/get.ours")
	report "point GET" "$(fixed "$bare" 0)" "$(fixed "$ours" 0)" req/s \
		"$(ratio "$ours" "$bare")" 0.6 below
}
