#!/bin/sh
# tests/survival/chaos.sh: chaos.c with options at random, in each mode.
#
#	KMA_CHAOS_SEED		repeats what an earlier run did
#	KMA_CHAOS_SECONDS	of each run: 2

. "${KMA_SRCDIR:-.}/tests/tap.sh"
# shellcheck source=tests/modes.sh
. "$KMA_SRCDIR/tests/modes.sh"
program=$KMA_BUILDDIR/tests/survival/chaos
seconds=${KMA_CHAOS_SECONDS:-2}
seed=${KMA_CHAOS_SEED:-$(date +%s)}
state=$seed
export KMA_OPTIONS

# pick WORD ...: one of them, at random; leaves $word.
pick() {
	state=$(((state * 1103515245 + 12345) % 2147483648))
	shift $((state / 65536 % $#))
	word=$1
}

echo "# KMA_CHAOS_SEED=$seed"
modes "$tmp/trace" >"$tmp/modes"
while IFS= read -r mode; do
	KMA_OPTIONS=$mode
	for choice in 'spacing=1 spacing=2 spacing=4 spacing=learn' \
		'decay=0 decay=1 decay=500 decay=100000' \
		'abort=yes reserve=1G reserve=64G' \
		'limit=4G limit=libc.so.6:1G stats=/dev/null'; do
		# shellcheck disable=SC2086
		pick $choice
		case $KMA_OPTIONS in
		*"${word%%=*}="*) ;;
		*) KMA_OPTIONS=${KMA_OPTIONS:+$KMA_OPTIONS,}$word ;;
		esac
	done
	pick 1 2 3 5 8
	LD_PRELOAD=$LIBKMA timeout 300 "$program" "$seconds" "$state" \
		"$word" >"$tmp/log" 2>&1
	result "$KMA_OPTIONS, $word threads"
	head -n 10 "$tmp/log" | sed 's/^\(# \)*/# /'
	rm -f "$tmp"/trace*
done <"$tmp/modes"
plan
