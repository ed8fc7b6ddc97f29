# Target: a million names resolved in a list, against their NFKC alone: those
# of the tables of tests, spelled as people do, a tenth of them full-width.
#
# shellcheck shell=sh

NAMES_ROUNDS=${NAMES_ROUNDS:-5}
NAMES_COUNT=1000000
NAMES_DATA=tests/data/providers

# All spellings, what they mean, and what means nothing.
names_input() {
	cut -f1 "$NAMES_DATA/model-aliases.tsv" | tail -n +2
	cut -f3 "$NAMES_DATA/model-aliases.tsv" | tail -n +2
	cut -f1 "$NAMES_DATA/model-aliases-negative.tsv" | tail -n +2
	cut -f1 "$NAMES_DATA/model-aliases.tsv" | tail -n +2 |
		awk 'NR % 4 == 0' | python3 -c '
import sys

for line in sys.stdin:
    print("".join(chr(ord(c) + 0xfee0) if "!" <= c <= "~" else c
                  for c in line.rstrip("\n")))
'
}

names_round() {
	for way in nfkc resolve; do
		"$B/bench_names" "$way" "$NAMES_COUNT" <"$WORK/names" |
			cut -d ' ' -f1 >>"$WORK/names.$way"
	done
}

part_names() {
	say "$NAMES_COUNT model names: $NAMES_ROUNDS rounds"
	names_input >"$WORK/names"
	rounds "$NAMES_ROUNDS" names_round
	bare=$(awk '{ print $1 / 1000 }' "$WORK/names.nfkc" | median)
	ours=$(awk '{ print $1 / 1000 }' "$WORK/names.resolve" | median)
	report "1,000,000 model names" "$(fixed "$bare" 0)" \
		"$(fixed "$ours" 0)" ms "$(ratio "$ours" "$bare")" 3 above
}
