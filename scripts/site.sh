# A throw-away site: nginx, a pool of crm-fcgi, crm-schedd, and a simulated
# host and provider, all in one folder and on free ports of 127.0.0.1.
# Sourced by scripts/demo and tests/integration/lib.sh; needs no root, and as
# root runs everything as a user of its own.
#
# The nginx files and units of the product are used as they are.  What is
# replaced in them, by site_nginx below: the socket of crm-fcgi, the addresses
# to listen on, the certificate, and the rate of requests.
#
# shellcheck shell=sh

# Nobody's number: no other process runs as this user.
SITE_UID=${SITE_UID:-61234}
case $(id -u) in 0) by_root=yes ;; *) by_root= ;; esac

# Nothing of a site goes through a proxy of the machine.
no_proxy=localhost,127.0.0.1
export no_proxy

# Its providers stand on this machine, which the settings do not allow unless
# somebody says so.
CRM_PRIVATE_PROVIDERS=${CRM_PRIVATE_PROVIDERS:-1}
export CRM_PRIVATE_PROVIDERS

# site_new DIR PROGRAMS: make the folder, with copies of the programs, keys,
# settings, database, certificate and an administrator's token.  SITE is then
# where it is: DIR, or a folder elsewhere if DIR cannot be reached by the user
# who is to own it.
site_new() {
	site_place "$1"
	mkdir -p "$SITE/bin" "$SITE/etc" "$SITE/run" "$SITE/var" "$SITE/log" \
		"$SITE/nginx"
	for program in crm-fcgi crm-schedd crmctl pool hostsim providersim \
		proxysim; do
		[ ! -x "$2/$program" ] || cp "$2/$program" "$SITE/bin/"
	done
	PATH=$SITE/bin:$PATH
	export PATH
	site_settings >"$SITE/etc/crm.conf"
	site_give
	as_site crmctl key init --dir "$SITE/etc" >/dev/null
	as_site crmctl db migrate --config "$SITE/etc/crm.conf" >/dev/null
	site_certificate
	site_token admin admin
	site_give
}

site_place() {
	mkdir -p "$1"
	SITE=$(cd "$1" && pwd -P)
	[ -n "$by_root" ] || return 0
	chmod 755 "$SITE"
	! setpriv --reuid "$SITE_UID" --regid "$SITE_UID" --clear-groups \
		test -x "$SITE" || return 0
	SITE=$(mktemp -d "/var/tmp/crm-$(basename "$1").XXXXXX")
	chmod 755 "$SITE"
	echo "$1" >"$SITE/.moved-from"
}

# What is in the folder belongs to the user of the site.
site_give() {
	[ -z "$by_root" ] || chown -R "$SITE_UID:$SITE_UID" "$SITE"
}

# as_site COMMAND...: run it as the user of the site.
as_site() {
	if [ -n "$by_root" ]; then
		setpriv --reuid "$SITE_UID" --regid "$SITE_UID" \
			--clear-groups "$@"
	else
		"$@"
	fi
}

# SITE_SETTINGS may hold more lines.
site_settings() {
	cat <<-END
	database = "$SITE/var/crm.db";
	runtime_dir = "$SITE/run";
	keys = {
		public = "$SITE/etc/seal.pub";
		private = "$SITE/etc/seal.key";
		fingerprint = "$SITE/etc/fingerprint.key";
	};
	${SITE_SETTINGS:-}
	END
}

site_certificate() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
		-nodes -days 30 -subj /CN=localhost \
		-addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' \
		-keyout "$SITE/etc/tls.key" -out "$SITE/etc/tls.pem" \
		>"$SITE/log/openssl.log" 2>&1 || {
		cat "$SITE/log/openssl.log" >&2
		return 1
	}
}

# site_token NAME SCOPE: into etc/NAME.token.
site_token() {
	(
		umask 077
		as_site crmctl token create --name "$1" --scope "$2" \
			--config "$SITE/etc/crm.conf" \
			>"$SITE/etc/$1.token" 2>>"$SITE/log/crmctl.log"
	)
}

# A port that nobody listens on.
free_port() {
	while :; do
		port=$(($(od -An -N2 -tu2 /dev/urandom) % 20000 + 12000))
		hex=$(printf '%04X' "$port")
		cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
			grep -qi ":$hex " || break
	done
	echo "$port"
}

# Our nginx files, in the tree that they have below /etc/nginx.
site_nginx() {
	to=$SITE/nginx
	from=${SITE_SOURCE:-.}/nginx
	mkdir -p "$to/conf.d" "$to/snippets" "$to/sites" "$to/tmp"
	cp "$from"/snippets/*.conf "$to/snippets/"
	sed -e "s|unix:/run/crm/fcgi.sock|unix:$SITE/run/fcgi.sock|" \
		-e "s|rate=50r/s|rate=${SITE_RATE:-5000r/s}|" \
		"$from/conf.d/crm.conf" >"$to/conf.d/crm.conf"
	sed -e '/listen \[::\]/d' \
		-e "s|listen 80;|listen 127.0.0.1:$SITE_PLAIN_PORT;|" \
		-e "s|listen 443 |listen 127.0.0.1:$SITE_PORT |" \
		-e "s|crm\.example\.com|localhost 127.0.0.1|" \
		-e "s|/etc/ssl/crm/fullchain.pem|$SITE/etc/tls.pem|" \
		-e "s|/etc/ssl/crm/privkey.pem|$SITE/etc/tls.key|" \
		"$from/site/crm.conf" >"$to/sites/crm.conf"
	site_prefix_server >"$to/sites/prefix.conf"
	cat >"$to/nginx.conf" <<-END
	daemon off;
	worker_processes 2;
	pid $to/nginx.pid;
	error_log $SITE/log/nginx-error.log warn;
	events { worker_connections 1024; }
	http {
		access_log $SITE/log/access.log;
		client_body_temp_path $to/tmp/body;
		fastcgi_temp_path $to/tmp/fastcgi;
		proxy_temp_path $to/tmp/proxy;
		scgi_temp_path $to/tmp/scgi;
		uwsgi_temp_path $to/tmp/uwsgi;
		include conf.d/*.conf;
		include sites/*.conf;
	}
	END
}

# A server that somebody has already, with CRM below /crm/.
site_prefix_server() {
	cat <<-END
	server {
		listen 127.0.0.1:$SITE_PREFIX_PORT;
		location / { return 200 "theirs"; }
		include snippets/crm.conf;
	}
	END
}

# start NAME COMMAND...: in the background, as the user of the site, in a
# session of its own so that Ctrl-C is ours alone.  Remembers its process, and
# ends an earlier one of that name, which would be forgotten.
start() {
	stop "$1"
	name=$1
	shift
	if [ -n "$by_root" ]; then
		setsid setpriv --reuid "$SITE_UID" --regid "$SITE_UID" \
			--clear-groups "$@" \
			</dev/null >>"$SITE/log/$name.log" 2>&1 &
	else
		setsid "$@" </dev/null >>"$SITE/log/$name.log" 2>&1 &
	fi
	echo "$!" >"$SITE/run/$name.pid"
}

pid_of() {
	cat "$SITE/run/$1.pid" 2>/dev/null
}

# Is there a process of that number, other than one that only waits to be
# reaped?
is_alive() {
	pid=$(pid_of "$1") && [ -n "$pid" ] || return 1
	state=$(sed -n 's/^State:[[:blank:]]*\(.\).*/\1/p' \
		"/proc/$pid/status" 2>/dev/null) || return 1
	[ -n "$state" ] && [ "$state" != Z ]
}

# The number can have passed to another process: ours names the site.  One that
# is being killed has lost its words, but not its files and locks yet.
is_running() {
	is_alive "$1" || return 1
	words=$({ tr '\0' ' ' <"/proc/$pid/cmdline"; } 2>/dev/null)
	case $words in
	'') is_alive "$1" ;;
	*"$SITE"*) ;;
	*) return 1 ;;
	esac
}

# stop NAME: ask, wait up to ten seconds, insist.
stop() {
	! is_running "$1" || {
		pid=$(pid_of "$1")
		kill -TERM "$pid" 2>/dev/null || :
		wait_until 10 "! is_running $1" || kill -KILL "$pid" || :
	}
	[ ! -f "$SITE/run/$1.pid" ] || {
		wait "$(pid_of "$1")" 2>/dev/null || :
		rm -f "$SITE/run/$1.pid"
	}
}

# wait_until SECONDS CONDITION: look again and again, at most so long.  At first
# often, then ever more rarely: looking takes time from what is looked at.
wait_until() {
	waited=0
	while ! eval "$2"; do
		[ "$waited" -lt "$(($1 * 1000))" ] || return 1
		if [ "$waited" -lt 200 ]; then
			pause
			waited=$((waited + 20))
		elif [ "$waited" -lt 2000 ]; then
			sleep 0.1
			waited=$((waited + 100))
		else
			sleep 0.25
			waited=$((waited + 250))
		fi
	done
}

# A fiftieth of a second.
pause() {
	sleep 0.02
}

complain() {
	echo "$*" >&2
	return 1
}

# started NAME SECONDS CONDITION: wait for what shows that it is at work.
started() {
	wait_until "$2" "{ $3; } || ! is_alive $1" || :
	if ! is_alive "$1" || ! eval "$3"; then
		tail -n 20 "$SITE/log/$1.log" >&2
		complain "$1 did not start"
	fi
}

# start_hostsim VERSION [OPTION]...: its address is then HOST_URL, its admin
# key is in etc/host.key.
start_hostsim() {
	version=$1
	shift
	secret_file host.key "admin-$(random_text 32)"
	rm -f "$SITE/run/hostsim.port"
	start hostsim "$SITE/bin/hostsim" --version "$version" --port 0 \
		--port-file "$SITE/run/hostsim.port" \
		--admin-key-file "$SITE/etc/host.key" \
		--log "$SITE/log/hostsim.requests" "$@"
	started hostsim 10 "[ -s '$SITE/run/hostsim.port' ]" || return 1
	HOST_URL=http://127.0.0.1:$(cat "$SITE/run/hostsim.port")
}

# start_providersim PERSONALITY [OPTION]...: its address is then PROVIDER_URL.
# It takes every key that begins with good-, so that none stands in its
# command line; one is in etc/provider.key.
start_providersim() {
	secret_file provider.key "good-$(random_text 32)"
	start_provider providersim "$@" || return 1
	PROVIDER_URL=$ADDRESS
}

# start_provider NAME PERSONALITY [OPTION]...: one more; sets ADDRESS.
start_provider() {
	name=$1
	personality=$2
	shift 2
	rm -f "$SITE/run/$name.port"
	start "$name" "$SITE/bin/providersim" --personality "$personality" \
		--port 0 --port-file "$SITE/run/$name.port" \
		--log "$SITE/log/$name.requests" "$@"
	started "$name" 10 "[ -s '$SITE/run/$name.port' ]" || return 1
	ADDRESS=http://127.0.0.1:$(cat "$SITE/run/$name.port")
}

# secret_file NAME TEXT: unless it is there already.
secret_file() {
	[ ! -s "$SITE/etc/$1" ] || return 0
	(umask 077 && echo "$2" >"$SITE/etc/$1")
	[ -z "$by_root" ] || chown "$SITE_UID" "$SITE/etc/$1"
}

random_text() {
	od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n' | cut -c "1-$1"
}

# start_pool WORKERS
start_pool() {
	rm -f "$SITE/run/fcgi.sock"
	start pool "$SITE/bin/pool" "$1" "$SITE/run/fcgi.sock" \
		"$SITE/bin/crm-fcgi" --config "$SITE/etc/crm.conf"
	started pool 10 "[ -S '$SITE/run/fcgi.sock' ]"
}

start_schedd() {
	rm -f "$SITE/run/wake.sock"
	start crm-schedd "$SITE/bin/crm-schedd" --config "$SITE/etc/crm.conf"
	started crm-schedd 10 "[ -S '$SITE/run/wake.sock' ]"
}

# start_nginx: CRM_URL is then the API's address, PREFIX_URL the one below
# /crm of another server, PLAIN_URL the one that redirects.
start_nginx() {
	tries_left=5
	while [ "$tries_left" -gt 0 ]; do
		tries_left=$((tries_left - 1))
		SITE_PORT=$(free_port)
		SITE_PLAIN_PORT=$(free_port)
		SITE_PREFIX_PORT=$(free_port)
		site_nginx
		site_give
		start nginx nginx -e "$SITE/log/nginx-error.log" -p "$SITE/nginx/" \
			-c "$SITE/nginx/nginx.conf"
		echo "$SITE_PORT" >"$SITE/run/nginx.port"
		site_address
		# Another process may have been quicker to take a port.
		! started nginx 10 "nginx_answers" || break
	done
	[ "$tries_left" -gt 0 ] || return 1
	PREFIX_URL=http://127.0.0.1:$SITE_PREFIX_PORT/crm
	PLAIN_URL=http://127.0.0.1:$SITE_PLAIN_PORT
	export PREFIX_URL PLAIN_URL
}

# Where this site's API is, and who asks there.
site_address() {
	CRM_URL=https://localhost:$(cat "$SITE/run/nginx.port")
	CRM_CA_FILE=$SITE/etc/tls.pem
	CRM_TOKEN_FILE=$SITE/etc/admin.token
	export CRM_URL CRM_CA_FILE CRM_TOKEN_FILE
}

nginx_answers() {
	curl -s --noproxy '*' --cacert "$SITE/etc/tls.pem" -o /dev/null \
		"$CRM_URL/nothing"
}

# Who asks ends before whom it asks, so that nobody has something to complain.
stop_site() {
	for name in nginx pool crm-schedd; do
		stop "$name"
	done
	for file in "$SITE"/run/*.pid; do
		[ ! -f "$file" ] || stop "$(basename "$file" .pid)"
	done
}

# Remove the folder, wherever it is.
remove_site() {
	[ -z "${SITE:-}" ] || rm -rf "$SITE"
}
