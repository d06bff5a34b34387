#!/bin/sh
# tests/bench/compare.sh: `make compare': kma compare of five real programs,
# some minutes in all on a quiet machine.
#
#	COMPARE_PROGRAMS	python perl sqlite3 jq cc1, or fewer of them
#	COMPARE_OPTIONS		for kma compare: --rounds 20, --only time, ...
#	COMPARE_OUT		where compare-PROGRAM.txt, .json and .svg go, by
#				default tests/bench/figures, which the README
#				quotes
#
# The programs and their inputs are those of the bench's group c, with less to
# do: under valgrind they take 10 to 100 times as long.

set -u

: "${KMA_SRCDIR:=.}"
: "${KMA_BUILDDIR:=.}"
: "${COMPARE_PROGRAMS:=python perl sqlite3 jq cc1}"
: "${COMPARE_OPTIONS:=}"
: "${COMPARE_OUT:=$KMA_SRCDIR/tests/bench/figures}"
bench=$KMA_SRCDIR/tests/bench
programs=$bench/programs
out=$COMPARE_OUT
failed=0

dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
mkdir -p "$out" || exit 1
unset LD_PRELOAD KMA_OPTIONS

# Not whatever comes first in PATH, which may be a script that looks for one.
python=/usr/bin/python3
PYTHONDONTWRITEBYTECODE=1
PYTHONHASHSEED=0
PERL_HASH_SEED=0
LC_ALL=C
export PYTHONDONTWRITEBYTECODE PYTHONHASHSEED PERL_HASH_SEED LC_ALL

# generate EXPRESSION FILE: an input, by what the bench has for that.
generate() {
	PYTHONPATH=$bench $python -c \
		"from programs import document, source; print($1, end='')" >"$2"
}

# plain FILE: without the folders of this machine.
plain() {
	sed "s|$dir/||g; s|$programs/||g; s|\"/[^\" ]*/|\"|; s|^/[^ ]*/||" "$1"
}

# one NAME COMMAND ...: the three files.
one() {
	name=$1
	shift
	echo "== $name, $(date +%T)" >&2
	# shellcheck disable=SC2086
	"$KMA_BUILDDIR/tools/kma" compare $COMPARE_OPTIONS \
		--plot "$dir/svg" --json="$dir/json" -- "$@" >"$dir/txt" &&
		cp "$dir/svg" "$out/compare-$name.svg" &&
		plain "$dir/json" >"$out/compare-$name.json" &&
		plain "$dir/txt" | tee "$out/compare-$name.txt" || failed=1
}

for name in $COMPARE_PROGRAMS; do
	case $name in
	python)
		one python $python "$programs/work.py" 1
		;;
	perl)
		one perl perl "$programs/work.pl" 1
		;;
	sqlite3)
		sed 's/90000/15000/; s/8000/2000/g' "$programs/work.sql" \
			>"$dir/work.sql"
		one sqlite3 sqlite3 -batch :memory: ".read $dir/work.sql"
		;;
	jq)
		generate 'document.orders(1 << 20)' "$dir/orders.json"
		one jq jq -f "$programs/shop.jq" "$dir/orders.json"
		;;
	cc1)
		generate 'source.c_source(5)' "$dir/input.c"
		gcc -E "$dir/input.c" -o "$dir/input.i"
		one cc1 "$(gcc -print-prog-name=cc1)" -quiet -fpreprocessed \
			-O1 "$dir/input.i" -o -
		;;
	*)
		echo "compare.sh: no such program: $name" >&2
		failed=1
		;;
	esac
done
exit $failed
