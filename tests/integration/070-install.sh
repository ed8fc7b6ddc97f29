#!/bin/sh
# `make install` puts everything in place, and what it puts there is right.
. tests/integration/lib.sh

root=$WORK/root
ok "it installs" scripts/install.sh "$B" "$root" /usr
for file in usr/bin/crmctl usr/sbin/crm-fcgi usr/sbin/crm-schedd \
		usr/lib/systemd/system/crm-fcgi.socket \
		usr/lib/systemd/system/crm-fcgi@.service \
		usr/lib/systemd/system/crm-schedd.service \
		usr/lib/sysusers.d/crm.conf usr/lib/tmpfiles.d/crm.conf \
		etc/crm/crm.conf.example etc/nginx/conf.d/crm.conf \
		etc/nginx/snippets/crm.conf etc/nginx/snippets/crm-root.conf \
		etc/nginx/sites-available/crm.conf \
		usr/share/bash-completion/completions/crmctl; do
	ok "there is /$file" test -s "$root/$file"
done
ok "the programs run" "$root/usr/bin/crmctl" version
ok "the completions are bash" bash -n \
	"$root/usr/share/bash-completion/completions/crmctl"

# What an administrator changed stays.
echo '# mine' >>"$root/etc/nginx/conf.d/crm.conf"
ok "it installs again" scripts/install.sh "$B" "$root" /usr
is "a changed file stays, ours lies beside it" "$(tail -n 1 \
	"$root/etc/nginx/conf.d/crm.conf") $(test -s \
	"$root/etc/nginx/conf.d/crm.conf.new" && echo new)" "# mine new"
ok "another prefix" scripts/install.sh "$B" "$WORK/local" /usr/local
is "the units name it" "$(grep -ho '/usr[a-z/]*/crm[a-z-]*' \
	"$WORK"/local/usr/local/lib/systemd/system/*.service | grep -c \
	'^/usr/local/')" 5

# The example says what is in force without a file.
for program in crm-fcgi crm-schedd; do
	is "the example is what $program --check prints" \
		"$(env -u CRM_PRIVATE_PROVIDERS -u CRM_CONF "$B/$program" \
		--check --config conf/crm.conf.example)" "$(cat conf/crm.conf.example)"
done
ok "the programs know its every setting" "$B/crm-schedd" --check --config \
	"$root/etc/crm/crm.conf.example"

# Units, with their programs where they are.
if command -v systemd-analyze >/dev/null; then
	mkdir "$WORK/units"
	for unit in "$root"/usr/lib/systemd/system/*; do
		sed "s#=/usr/\(s\{0,1\}bin\)/#=$root/usr/\1/#" "$unit" \
			>"$WORK/units/$(basename "$unit")"
	done
	cp "$WORK/units/crm-fcgi@.service" "$WORK/units/crm-fcgi@1.service"
	# It returns 0 for keys that it does not know, but it says so.
	is "systemd finds nothing wrong" "$(cd "$WORK/units" &&
		systemd-analyze verify ./crm-fcgi.socket \
		./crm-fcgi@1.service ./crm-schedd.service 2>&1)" ""
	ok "crm-fcgi is confined" systemd-analyze security --offline=true \
		--threshold=10 "$WORK/units/crm-fcgi@1.service"
	ok "crm-schedd is confined" systemd-analyze security --offline=true \
		--threshold=15 "$WORK/units/crm-schedd.service"
else
	note "no systemd-analyze here: units are not verified"
fi
if command -v systemd-sysusers >/dev/null; then
	mkdir -p "$WORK/users/etc"
	ok "the user can be made" systemd-sysusers --root="$WORK/users" \
		"$root/usr/lib/sysusers.d/crm.conf"
	like "it is a system user" "$(cat "$WORK/users/etc/passwd")" \
		'^crm:.*nologin'
fi

# nginx, with the files as they are installed.
if command -v nginx >/dev/null; then
	new_site
	mkdir -p "$WORK/nginx/snippets"
	cp "$root"/etc/nginx/snippets/* "$WORK/nginx/snippets/"
	sed -e "s|/etc/ssl/crm/fullchain.pem|$SITE/etc/tls.pem|" \
		-e "s|/etc/ssl/crm/privkey.pem|$SITE/etc/tls.key|" \
		-e '/listen \[::\]/d' \
		-e "s|listen 80;|listen 127.0.0.1:$(free_port);|" \
		-e "s|listen 443 |listen 127.0.0.1:$(free_port) |" \
		"$root/etc/nginx/sites-available/crm.conf" \
		>"$WORK/nginx/site"
	cp nginx/conf.d/crm.conf "$WORK/nginx/crm.conf"
	cat >"$WORK/nginx/nginx.conf" <<-END
	pid $WORK/nginx/pid;
	error_log $WORK/nginx/log;
	events { }
	http {
		access_log off;
		client_body_temp_path $WORK/nginx/body;
		fastcgi_temp_path $WORK/nginx/fastcgi;
		proxy_temp_path $WORK/nginx/proxy;
		scgi_temp_path $WORK/nginx/scgi;
		uwsgi_temp_path $WORK/nginx/uwsgi;
		include crm.conf;
		include site;
		server {
			listen 127.0.0.1:$(free_port);
			location / { return 204; }
			include snippets/crm.conf;
		}
	}
	END
	ok "nginx takes site and snippet" nginx -t -q -e "$WORK/nginx/log" \
		-p "$WORK/nginx/" -c "$WORK/nginx/nginx.conf"
fi
done_testing
