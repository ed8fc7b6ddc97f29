#!/bin/sh
# Our pack is what its sources say, and the schemas are what the decoder is.
. tests/integration/lib.sh

ok "openai-cn-pack is what make-pack makes" scripts/make-pack --check
ok "no fact of the sources is lost" python3 tests/data/packs/facts.py
for kind in pack provider overlay; do
	"$B/crmctl" pack schema "$kind" >"$WORK/schema"
	ok "docs/schema/$kind.schema.json is printed from the table" \
		cmp "$WORK/schema" "docs/schema/$kind.schema.json"
done
ok "schema and decoder agree, both ways" \
	python3 tests/data/packs/agree.py "$B/shapes"
done_testing
