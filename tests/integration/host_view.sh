# What the host's administrator sees, as text that can be compared.  Sourced
# after hosts.sh; $inst is the mark of this installation.
#
# shellcheck shell=sh

# pages THING [FILTER]: every object of a list of the administrator's, one on a
# line.
pages() {
	page=1
	while :; do
		admin GET "/api/v1/admin/$1?page=$page&page_size=1000" \
			>"$WORK/page"
		jq -c ".data.items[] | ${2:-.}" "$WORK/page"
		more=$("$B/member" '.data.pages // empty' <"$WORK/page")
		[ "$page" -lt "${more:-1}" ] || break
		page=$((page + 1))
	done
}

# What the host itself moves, and what passes: times, usage, counters.  A pool
# mode that is off is none: a host takes no member of credentials away.
seen='walk(if type == "object" then with_entries(select(.key | test(
	"_at$|^last_used|usage|used|_count$|^current_|counts$|_stats$|balance$"
	) | not) | select((.key | startswith("pool_mode")) and
	(.value == false or .value == 0) | not)) else . end)'

# of_user ID: keys and subscriptions.
of_user() {
	admin GET "/api/v1/admin/users/$1/api-keys?page_size=100" |
		jq -c "[.data.items[]? | $seen | del(.user, .group)]"
	admin GET "/api/v1/admin/users/$1/subscriptions" |
		jq -c "[.data[]? | $seen | del(.group, .user,
		.assigned_by_user)]"
}

# snapshot FILE: what bears our tag or a mark, and whose list that is.
snapshot() {
	for thing in groups accounts channels users; do
		pages "$thing" "$seen" |
			grep -E "${shown:-$tag|$inst}" |
			sed "s/^/$thing /"
	done | sort >"$1"
	for user in $(sed -n 's/^users //p' "$1" | jq -r .id); do
		of_user "$user"
	done >>"$1"
}

# 0.1.126 looks at a new account by itself, and writes what it found.
account_is_settled() {
	[ "$version" != 0.1.126 ] || [ "$(admin GET \
		"/api/v1/admin/accounts/$ACCOUNT" | jq \
		'.data.extra | has("openai_responses_supported")')" = true ]
}

# all_foreign: BODY is then all that a look at foreign accounts saw; on a real
# host there are many.
all_foreign() {
	: >"$WORK/all"
	from=
	while :; do
		api GET "/api/hosts/$HOST_ID/foreign?limit=200$from"
		printf '%s\n' "$BODY" >>"$WORK/all"
		from=$(json '.next_cursor // empty')
		[ -n "$from" ] || break
		from="&cursor=$from"
	done
	BODY=$(jq -cs '{look: .[0].look, accounts: map(.accounts[])}' \
		"$WORK/all")
}
