#!/bin/sh
# A state database that does not do: each program says in one sentence what is
# wrong and what helps, and ends with its status.
. tests/integration/lib.sh

new_site
base=$SITE/var/crm.db
as_site cp "$base" "$base.good"

# try NAME PATTERN: the three programs refuse to start on what is there.
try() {
	local_ctl db check
	is "$1: crmctl ends with 3" "$RC" 3
	like "$1: and says why" "$ERR" "$2"
	is "$1: in one line" "$(printf '%s\n' "$ERR" | wc -l)" 1
	for program in crm-schedd crm-fcgi; do
		rc=0
		out=$(as_site timeout 20 "$SITE/bin/$program" --config \
			"$SITE/etc/crm.conf" --listen "$SITE/run/x.sock" \
			</dev/null 2>&1) || rc=$?
		[ $program = crm-fcgi ] || {
			rc=0
			out=$(as_site timeout 20 "$SITE/bin/$program" \
				--config "$SITE/etc/crm.conf" </dev/null \
				2>&1) || rc=$?
		}
		is "$1: $program ends with 3" "$rc" 3
		like "$1: $program says why" "$out" "$2"
	done
}

# again: the good database, as it was.
again() {
	rm -f "$base" "$base-wal" "$base-shm"
	as_site cp "$base.good" "$base"
}

rm -f "$base"
try "missing" 'does not exist; make it with `crmctl db migrate`'
again
as_site sqlite3 "$base" "INSERT INTO schema_migrations VALUES (999, 'later',
	'x', 0)"
try "newer" 'schema 999.*upgrade the program'
local_ctl db migrate
is "newer: migrate refuses too" "$RC" 3
again
as_site sqlite3 "$base" 'DELETE FROM schema_migrations'
try "older" 'schema 0.*run `crmctl db migrate`'
again
rm -f "$base"
as_site sqlite3 "$base" 'CREATE TABLE theirs (x)'
try "of another program" 'another program'
local_ctl db migrate
is "of another program: migrate leaves it alone" "$RC $(as_site sqlite3 \
	"$base" 'SELECT count(*) FROM sqlite_schema')" "3 1"
again
head -c 40000 /dev/zero | tr '\0' 'x' >"$base"
site_give
try "no database at all" 'no SQLite database'

# Damaged: the check finds it.
again
head -c 4096 /dev/urandom | dd of="$base" bs=4096 seek=20 conv=notrunc \
	2>/dev/null
local_ctl db check
is "damaged: db check ends with 3" "$RC" 3

# Read-only: nobody may write, not even beside it.
again
as_site chmod 444 "$base"
as_site chmod 555 "$SITE/var"
if as_site touch "$SITE/var/x" 2>/dev/null; then
	rm -f "$SITE/var/x"
	note "this user may write everywhere: read-only is not tested"
else
	try "read-only" 'read-only|cannot be opened'
fi
as_site chmod 755 "$SITE/var"
again
as_site chmod 640 "$base"

# A copy has all that the log beside the database still holds, for its owner.
local_ctl token create --name copied --scope read
local_ctl db backup "$SITE/var/copy.db"
is "a backup is made" "$RC" 0
is "with what was written last" "$(as_site sqlite3 "$SITE/var/copy.db" \
	"SELECT count(*) FROM tokens WHERE name = 'copied'")" 1
is "for its owner alone" "$(stat -c %a "$SITE/var/copy.db")" 600
local_ctl db backup "$SITE/var/copy.db"
is "a file that is there is not written over" "$RC" 2

# Settings and keys have statuses of their own.
as_site crmctl --config /nonexistent db check >/dev/null 2>&1
is "no settings: 2" "$?" 2
mv "$SITE/etc/seal.pub" "$SITE/etc/seal.away"
rc=0
out=$(as_site timeout 20 "$SITE/bin/crm-fcgi" --config "$SITE/etc/crm.conf" \
	--listen "$SITE/run/x.sock" </dev/null 2>&1) || rc=$?
is "no key: crm-fcgi ends with 4" "$rc" 4
like "no key: and names the remedy" "$out" 'crmctl key init'
mv "$SITE/etc/seal.away" "$SITE/etc/seal.pub"
local_ctl key init --dir "$SITE/etc"
is "keys are not overwritten: 4" "$RC" 4

# Locked by another process while the API runs.
SITE_SETTINGS="$quick_settings"
site_settings | sed "s|^database = .*|database = \"file:$base?_busy_timeout=500\";|" \
	>"$SITE/etc/crm.conf"
start_stack 0.1.129 chat-only-403
add_host
stop crm-schedd
mkfifo "$WORK/lock"
as_site sqlite3 "$base" <"$WORK/lock" >"$WORK/locked" 2>&1 &
locker=$!
exec 9>"$WORK/lock"
echo "BEGIN IMMEDIATE; SELECT 'held';" >&9
wait_for "grep -q held '$WORK/locked'" 10
run="{\"host_id\":\"$HOST_ID\",\"items\":[{\"base_url\":\"$PROVIDER_URL/v1\",
	\"api_key\":\"$(cat "$SITE/etc/provider.key")\"}]}"
api POST /api/batch-import/runs "$run"
is "locked: the API says so" "$STATUS $(json .code)" "503 busy"
like "locked: and when to try again" "$HEADERS" '[Rr]etry-[Aa]fter:'
api GET /api/hosts
is "locked: reading goes on" "$STATUS" 200
local_ctl token create --name x --scope read
is "locked: crmctl ends with 3" "$RC" 3
like "locked: and says what to do" "$ERR" 'holds the database'
echo "ROLLBACK;" >&9
exec 9>&-
wait $locker
api POST /api/batch-import/runs "$run"
is "released: all is well again" "$STATUS" 202
start_schedd
ctl run watch "$(json .run_id)" --timeout 60
is "released: the run ends well" "$RC" 0
no_secret_leaks
stop_stack

# Full: a file system of its own, of a few pages.
if [ "$(id -u)" -eq 0 ] && mkdir -p "$SITE/small" &&
		mount -t tmpfs -o size=1m,mode=755 tmpfs "$SITE/small" \
			2>/dev/null; then
	trap 'umount "$SITE/small"; end_test' EXIT
	chown "$SITE_UID:$SITE_UID" "$SITE/small"
	as_site cp "$base.good" "$SITE/small/crm.db"
	sed -i "s|^database = .*|database = \"$SITE/small/crm.db\";|" \
		"$SITE/etc/crm.conf"
	site_token full admin
	start_schedd
	start_pool 2
	start_nginx
	TOKEN_FILE=$SITE/etc/full.token
	api GET /api/whoami
	is "a small disk: the API answers" "$STATUS" 200
	api POST /api/hosts "{\"base_url\":\"$PROVIDER_URL\",\"auth_type\":
		\"api_key\",\"auth_token\":\"$(cat "$SITE/etc/host.key")\"}"
	host=$(json .host_id)
	stop crm-schedd
	as_site dd if=/dev/zero of="$SITE/small/ballast" bs=4096 2>/dev/null
	jq -n --arg host "$host" --arg url "$PROVIDER_URL" '{host_id: $host,
		items: [range(2000) | {base_url: $url, api_key:
		"good-full-\(.)-key-for-tests"}]}' >"$WORK/full.json"
	api POST /api/batch-import/runs "$(cat "$WORK/full.json")"
	is "full: the API says so" "$STATUS $(json .code)" "503 disk_full"
	local_ctl db check
	rc=0
	as_site rm "$SITE/small/ballast"
	as_site rm -f "$SITE/small/crm.db-wal.x"
	api GET "/api/hosts/$host"
	is "room again: reading works" "$STATUS" 200
	is "room again: nothing of the refused run is there" \
		"$(as_site sqlite3 "$SITE/small/crm.db" \
		'SELECT count(*) FROM import_runs')" 0
	api POST "/api/hosts/$host/probe" ''  -H 'Prefer: respond-async'
	is "room again: writing works" "$STATUS" 202
	stop_stack
else
	note "no file system can be mounted here: a full disk is not tested"
fi
done_testing
