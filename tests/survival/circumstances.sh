#!/bin/sh
# tests/survival/circumstances.sh: each of circumstances.c, in each mode.

. "${KMA_SRCDIR:-.}/tests/tap.sh"
# shellcheck source=tests/modes.sh
. "$KMA_SRCDIR/tests/modes.sh"
program=$KMA_BUILDDIR/tests/survival/circumstances

modes "$tmp/trace" >"$tmp/modes"
"$program" list >"$tmp/names"
# Addresses that are not random lie closest together.
fixed="setarch $(uname -m) -R"
$fixed true 2>/dev/null || fixed=
while IFS= read -r mode; do
	while read -r name; do
		: >"$tmp/log"
		case $name in
		closed)
			# shellcheck disable=SC2016
			KMA_OPTIONS=abort=no,$mode LD_PRELOAD=$LIBKMA \
				timeout 300 sh -c 'exec <&- >&- 2>&- "$0" closed' \
				"$program"
			;;
		*)
			KMA_OPTIONS=$mode LD_PRELOAD=$LIBKMA timeout 300 \
				"$program" "$name" >"$tmp/log" 2>&1 </dev/null
			;;
		esac
		result "${mode:-default}: $name" "@$tmp/log"
		rm -f "$tmp"/trace*
		if [ "$name" != spare ] || [ -z "$fixed" ]; then
			continue
		fi
		# shellcheck disable=SC2086
		KMA_OPTIONS=$mode LD_PRELOAD=$LIBKMA timeout 300 $fixed \
			"$program" spare >"$tmp/log" 2>&1 </dev/null
		result "${mode:-default}: spare, $fixed" "@$tmp/log"
		rm -f "$tmp"/trace*
	done <"$tmp/names"

	seq 20000 -1 1 >"$tmp/numbers"
	KMA_OPTIONS=$mode LD_PRELOAD=$LIBKMA timeout 300 "$program" without \
		sort -n "$tmp/numbers" >"$tmp/sorted" 2>"$tmp/log"
	seq 1 20000 | cmp -s - "$tmp/sorted"
	result "${mode:-default}: a program without the calls that can be spared" "@$tmp/log"
done <"$tmp/modes"
rmdir /tmp/circumstances.?????? 2>/dev/null
plan
