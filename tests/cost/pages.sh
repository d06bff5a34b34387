#!/bin/sh
# tests/cost/pages.sh: counts the pages that libkma holds in fixed sequences of
# operations, and holds them against pages.txt. pages.c has the sequences.
#
# The count is libkma's own, and the same in every run and on a busy machine:
# one thread, one process for each sequence, random numbers from a fixed seed,
# an environment that does not change, and a clock that counts calls.

set -u

: "${LIBKMA:?the path of libkma.so}"
: "${KMA_BUILDDIR:=.}"
: "${KMA_SRCDIR:=.}"
pages=$KMA_BUILDDIR/tests/cost/pages
bars=$KMA_SRCDIR/tests/cost/pages.txt
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM

for name in $("$pages"); do
	if ! env -i LD_PRELOAD="$LIBKMA" "$pages" "$name" \
	    >>"$tmp/pages.tab" 2>"$tmp/err"; then
		echo "# $name: $(head -n 1 "$tmp/err")"
	fi
done

awk -F '\t+' '
	NR == FNR {
		pages[$1] = $2
		next
	}
	/^#/ || NF < 2 {
		next
	}
	{
		got = $1 in pages ? pages[$1] : "not measured"
		good = $1 in pages && pages[$1] + 0 <= $2 + 0
		printf("%sok %d - %s: %s pages, of at most %d\n",
		    good ? "" : "not ", ++n, $1, got, $2)
		# A cluster more or less is no news.
		if (good && pages[$1] + 4 < $2 * 0.99)
			printf("# the bar could be lowered: %s\t%d\n", $1, got)
	}
	END {
		print "1.." n
	}' "$tmp/pages.tab" "$bars"
