# What the integration tests share: TAP, a stack of the real programs with
# simulated peers, and the search for plaintext secrets that ends every test.
# Sourced from the top of the tree.
#
#	. tests/integration/lib.sh
#	start_stack 0.1.129 chat-only-403
#	api GET /api/whoami
#	is "the token is known" "$STATUS" 200
#	done_testing
#
# B is the folder of the programs.  The site is in $SITE (scripts/site.sh).
#
# shellcheck shell=sh
set -u

B=${B:-build}
B=$(cd "$B" && pwd) || exit 1
# shellcheck source=scripts/site.sh
. scripts/site.sh

test_name=$(basename "$0" .sh)
test_count=0
test_failed=0
WORK=$(mktemp -d "${TMPDIR:-/tmp}/crm-$test_name.XXXXXX")
chmod 755 "$WORK"
BODY=
STATUS=
sites=

end_test() {
	status=$?
	trap - EXIT
	# timeout(1) asks twice, and impatient people do: what runs must end.
	trap '' INT TERM HUP
	each_site stop_stack
	if [ -n "${KEEP_WORK:-}" ] || { [ -n "${KEEP_FAILED:-}" ] &&
			[ "$test_failed" -gt 0 ]; }; then
		echo "# left in $WORK and${sites:- nowhere}"
	else
		each_site remove_site
		rm -rf "$WORK"
	fi
	exit "$status"
}
trap end_test EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# TAP.

pass() {
	test_count=$((test_count + 1))
	echo "ok $test_count - $1"
}

fail() {
	test_count=$((test_count + 1))
	test_failed=$((test_failed + 1))
	echo "not ok $test_count - $1"
	[ $# -lt 2 ] || printf '%s\n' "$2" | cut -c1-600 | sed 's/^/#   /'
}

# is NAME GOT WANTED
is() {
	if [ "$2" = "$3" ]; then
		pass "$1"
	else
		fail "$1" "got    $2
wanted $3"
	fi
}

# like NAME GOT PATTERN: an extended regular expression.
like() {
	if printf '%s' "$2" | grep -qE -- "$3"; then
		pass "$1"
	else
		fail "$1" "got      $2
not like $3"
	fi
}

# ok NAME COMMAND...: COMMAND succeeds.
ok() {
	what=$1
	shift
	if out=$("$@" 2>&1); then
		pass "$what"
	else
		fail "$what" "$out"
	fi
}

note() {
	echo "# $*"
}

bail_out() {
	echo "Bail out! $*"
	test_failed=1
	exit 1
}

# wait_for CONDITION [SECONDS]: false, with a note, if it does not come true.
# A machine that does much else at a time gets thrice as long.
wait_for() {
	wait_until "$((${2:-20} * 3))" "$1" || {
		note "in vain: waited $((${2:-20} * 3)) s for $1"
		return 1
	}
}

done_testing() {
	echo "1..$test_count"
	[ "$test_failed" -eq 0 ]
	exit
}

# The stack.

# Short times, so that what fails fails soon.  SITE_SETTINGS replaces them.
quick_settings='
exchange = { connect_timeout_ms = 1000; timeout_ms = 2500;
	     chat_timeout_ms = 4000; answer_max = 1048576; };
engine = { retry_first_ms = 50; retry_max_ms = 400; attempts_max = 3;
	   warm_up_ms = 6000; flag_wait_ms = 6000; };'

# new_site [NAME]: a folder with keys, settings and database; nothing runs yet.
# A test may have several; the last one made or entered is the one at hand.
new_site() {
	SITE_SETTINGS=${SITE_SETTINGS:-$quick_settings}
	case $SITE_SETTINGS in
	*'reconcile = {'*) ;;
	*)	# A new host's first one comes when chance has it.
		SITE_SETTINGS="$SITE_SETTINGS
reconcile = { every_minutes = 0; };" ;;
	esac
	site_new "$WORK/${1:-site}" "$B" || bail_out "cannot make a site"
	sites="$sites $SITE"
	: >"$SITE/log/replies"
}

# enter_site SITE: one whose nginx runs.
enter_site() {
	SITE=$1
	site_address
}

# each_site COMMAND: the last one first, as its peers may be those of the first.
each_site() {
	at_hand=${SITE:-}
	newest_first=
	for SITE in $sites; do
		newest_first="$SITE $newest_first"
	done
	for SITE in $newest_first; do
		"$@"
	done
	SITE=$at_hand
}

# start_stack VERSION PERSONALITY: everything.  HOSTSIM_OPTIONS and WORKERS
# may say more.
start_stack() {
	[ -n "${SITE:-}" ] || new_site
	# shellcheck disable=SC2086 # several options
	start_hostsim "$1" --poll-ms 1000 ${HOSTSIM_OPTIONS:-} &&
		start_providersim "$2" && start_schedd &&
		start_pool "${WORKERS:-4}" && start_nginx ||
		bail_out "the stack does not start"
}

stop_stack() {
	stop_site
}

# ask [CURL OPTION]... URL: sets STATUS, BODY and HEADERS, and keeps the reply
# for the search for secrets.
ask() {
	: >"$WORK/body"
	: >"$WORK/headers"
	STATUS=$(curl -s --max-time 60 --cacert "$SITE/etc/tls.pem" \
		-o "$WORK/body" -D "$WORK/headers" -w '%{http_code}' "$@") || :
	BODY=$(cat "$WORK/body")
	HEADERS=$(tr -d '\r' <"$WORK/headers")
	cat "$WORK/headers" "$WORK/body" >>"$SITE/log/replies"
}

# api METHOD PATH [JSON] [CURL OPTION]...: with the token in TOKEN_FILE, else
# the administrator's.  Secrets go through files, as the command line of curl
# is there for all to see.
api() {
	method=$1
	path=$2
	body=${3:-}
	shift 2
	[ $# -eq 0 ] || shift
	bearer=
	read -r bearer <"${TOKEN_FILE:-$SITE/etc/admin.token}"
	printf 'Authorization: Bearer %s\n' "$bearer" >"$WORK/bearer"
	if [ -n "$body" ]; then
		printf '%s' "$body" >"$WORK/request"
		set -- -H "Content-Type: ${TYPE:-application/json}" \
			--data-binary "@$WORK/request" "$@"
	fi
	ask -X "$method" -H "@$WORK/bearer" "$@" "$CRM_URL$path"
}

# jq WORD...: by gojq, if it is here: it starts eight times as fast, and jq is
# started ten thousand times.  Members are sorted anyway, so it has no -S.
if command -v gojq >/dev/null; then
	jq() {
		case $* in
		*input_line_number*) command jq "$@" ;;
		-cS* | -Sc*) shift && gojq -c "$@" ;;
		-S*) shift && gojq "$@" ;;
		*) gojq "$@" ;;
		esac
	}
fi

# json FILTER: of the last body.
json() {
	json_of "$BODY" "$1"
}

# json_of TEXT FILTER: by jq, if it takes more than following a path.
json_of() {
	case $2 in
	*['|("{,+=']*) ;;
	*) ! printf '%s' "$1" | "$B/member" "$2" 2>/dev/null || return 0 ;;
	esac
	printf '%s' "$1" | jq -r "$2" 2>/dev/null || echo "(no JSON)"
}

# ctl WORD...: crmctl; sets OUT, ERR and RC.
ctl() {
	RC=0
	crmctl "$@" >"$WORK/out" 2>"$WORK/err" || RC=$?
	OUT=$(cat "$WORK/out")
	ERR=$(cat "$WORK/err")
	cat "$WORK/out" "$WORK/err" >>"$SITE/log/replies"
}

# local_ctl WORD...: crmctl on the machine itself, as the site's user.
local_ctl() {
	RC=0
	as_site crmctl --config "$SITE/etc/crm.conf" "$@" >"$WORK/out" \
		2>"$WORK/err" || RC=$?
	OUT=$(cat "$WORK/out")
	ERR=$(cat "$WORK/err")
}

db() {
	as_site sqlite3 -readonly -cmd '.timeout 5000' "$SITE/var/crm.db" "$1"
}

# edit_db SQL: waits for those who write.
edit_db() {
	as_site sqlite3 -cmd '.timeout 5000' "$SITE/var/crm.db" "$1"
}

# What the simulated host holds; jq options may follow.
host_state() {
	curl -s --max-time 20 "$HOST_URL/__sim/state" | jq "$@"
}

# faults URL JSON: "[]" ends them.
faults() {
	curl -s -X DELETE -o /dev/null "$1/__sim/faults"
	[ "$2" = '[]' ] || curl -s -o /dev/null --data-binary "$2" \
		"$1/__sim/faults"
}

# personality URL NAME
personality() {
	curl -s -o /dev/null --data-binary "{\"name\":\"$2\"}" \
		"$1/__sim/personality"
}

# add_host: registers the simulated host; sets HOST_ID.
add_host() {
	ctl -o json host add --base-url "$HOST_URL" --auth-type api_key \
		--token-file "$SITE/etc/host.key"
	HOST_ID=$(json_of "$OUT" .host_id)
}

# new_key NAME: a provider key of its own in etc/NAME.key.
new_key() {
	secret_file "$1.key" "good-$(random_text 32)"
}

# import KEY_FILE [OPTION]...: one item; waits for its end.  Sets RUN_ID,
# ITEM_ID, and BODY to the item.
import() {
	key_file=$1
	shift
	ctl -o json run create --wait --timeout 120 --host "$HOST_ID" \
		--base-url "$PROVIDER_URL/v1" --key-file "$key_file" "$@"
	RUN_ID=$(json_of "$OUT" .run_id)
	api GET "/api/batch-import/runs/$RUN_ID/items"
	ITEM_ID=$(json '.items[0].item_id')
	api GET "/api/batch-import/runs/$RUN_ID/items/$ITEM_ID"
}

# Instants, by $seed.

# random N: sets RANDOM_NUMBER to one below N.
random() {
	seed=$(((seed * 1103515245 + 12345) % 2147483648))
	RANDOM_NUMBER=$((seed / 65536 % $1))
}

# nap MAX_MS: some time below that.
nap() {
	random "$1"
	sleep "$(printf '0.%03d' "$RANDOM_NUMBER")"
}

# Secrets.

# Every secret that this test used or caused, one on a line.
all_secrets() {
	cat "$SITE"/etc/*.token "$SITE"/etc/*.key "$WORK"/*.secret 2>/dev/null |
		sed 's/^crm-[a-z0-9-]* //; /^-----/d'
	[ ! -x "$B/unseal" ] || "$B/unseal" "$SITE/var/crm.db" \
		"$SITE/etc/seal.key" "$SITE/etc/fingerprint.key" 2>/dev/null
}

# Where plaintext has no business: the database with its log, what the
# programs wrote, replies, and command lines.  The simulators' own notes and
# files that hold secrets by purpose are left out.
search_secrets() {
	cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' '\n' >"$WORK/cmdlines"
	find "$SITE/var" "$SITE/log" "$SITE/run" "$SITE/nginx" "$WORK/cmdlines" \
		-type f ! -name '*.requests' -print0 |
		xargs -0 grep -aFl -f "$WORK/secrets"
	# A token that a host gave, whoever it belongs to.
	find "$SITE/var" "$SITE/log" -type f ! -name '*.requests' -print0 |
		xargs -0 grep -aElE 'eyJ[A-Za-z0-9_-]{8,}\.eyJ'
}

# no_secret_leaks: with the stack still running, so that the log of the
# database is there.
no_secret_leaks() {
	all_secrets | grep -E '.{8}' | sort -u >"$WORK/secrets"
	found=$(search_secrets)
	is "none of $(wc -l <"$WORK/secrets") secrets is anywhere in plaintext" \
		"$found" ""
	rm -f "$WORK/secrets" "$WORK/cmdlines"
}
