#!/bin/sh
# tests/cost/replay.sh: counts the instructions of kma replay for an operation
# of a trace, and holds them against bars.
#
# Callgrind counts instructions one by one, so that the figures are the same
# in every run and on a busy machine. Of two made traces of one program one is
# longer: what it takes more, for each operation that it has more, is the whole
# command's without its beginning and its end. Both are so long that nothing is
# repeated for the clock's sake.

# shellcheck source=tests/tools/lib.sh
. "${KMA_SRCDIR:-.}/tests/tools/lib.sh"

few=210000
many=310000

command -v valgrind >/dev/null 2>&1 ||
	skip_all 'valgrind is not installed'
for ops in $few $many; do
	"$KMA_BUILDDIR/tests/tools/maketrace" "$tmp/$ops.kmt" "$ops" 20000 ||
		exit 1
done

# instructions NAME OPERATIONS: of a replay through that allocator; or 0.
instructions() {
	env -i PATH="$PATH" LC_ALL=C TMPDIR="$tmp" valgrind -q \
	    --tool=callgrind --callgrind-out-file="$tmp/cg" \
	    "$kma" replay --csv --allocator "$1" "$tmp/$2.kmt" \
	    >"$tmp/out" 2>"$tmp/err" || echo 'summary: 0' >"$tmp/cg"
	sed -n 's/^summary: //p' "$tmp/cg"
}

while read -r name bar; do
	low=$(instructions "$name" $few)
	high=$(instructions "$name" $many)
	each=$(((high - low) / (many - few)))
	[ "$low" -gt 0 ] && [ "$each" -gt 0 ] && [ "$each" -le "$bar" ]
	result "$name: $each instructions an operation, of at most $bar" \
	    "@$tmp/err"
done <<EOF
pow2		780
buddy		890
slab		810
EOF
plan
