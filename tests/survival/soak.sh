#!/bin/sh
# tests/survival/soak.sh: chaos.c for hours, KMA_SOAK_SECONDS in all (an hour
# by default), shared among the modes; in constant memory, with a line each
# minute.

set -u

: "${LIBKMA:?the path of libkma.so}"
: "${KMA_BUILDDIR:=.}"
: "${KMA_SRCDIR:=.}"
# shellcheck source=tests/modes.sh
. "$KMA_SRCDIR/tests/modes.sh"
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
count=0

# A record of hours would fill the disk.
modes /dev/null | grep -v '^trace' >"$tmp/modes"
total=${KMA_SOAK_SECONDS:-3600}
each=$((total / $(wc -l <"$tmp/modes")))
while IFS= read -r mode; do
	count=$((count + 1))
	echo "# ${mode:-default}: $each s"
	if KMA_OPTIONS=$mode LD_PRELOAD=$LIBKMA \
		"$KMA_BUILDDIR/tests/survival/chaos" "$each" "$count" 6 60 2>&1
	then
		echo "ok $count - ${mode:-default}"
	else
		echo "not ok $count - ${mode:-default}: status $?"
	fi
done <"$tmp/modes"
echo "1..$count"
