#!/bin/sh
# Print the files named as arguments as C strings, each under its own name.
# Usage: embed-text.sh verdict_provider_tsv=FILE ... >build/verdict_data.c
set -eu
for pair in "$@"; do
	name=${pair%%=*}
	printf 'extern const char %s[];\nconst char %s[] =\n' "$name" "$name"
	sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/?/\\?/g' \
	    -e 's/^.*$/\t"&\\n"/' "${pair#*=}"
	printf '\t"";\n'
done
