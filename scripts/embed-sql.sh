#!/bin/sh
# Print a C table of the migrations named as arguments, in their order.
# Usage: embed-sql.sh migrations/0001_first.sql ... >build/migrations.c
set -eu
echo '#include "shared/migrate.h"'
echo
echo 'const struct migration migrations[] = {'
for file in "$@"; do
	name=$(basename "$file" .sql)
	number=$(printf '%s' "${name%%_*}" | sed 's/^0*//')
	printf '\t{ %s, "%s",\n' "$number" "$name"
	# Comments explain the file, not the database: they stay out of it.
	sed -e 's/[[:blank:]]*--.*$//' -e '/^[[:blank:]]*$/d' \
	    -e 's/\\/\\\\/g' -e 's/"/\\"/g' \
	    -e 's/^.*$/\t  "&\\n"/' "$file"
	printf '\t},\n'
done
printf '\t{ 0 }\n};\n'
