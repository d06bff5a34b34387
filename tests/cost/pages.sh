#!/bin/sh
# tests/cost/pages.sh: counts the pages that libkma holds in fixed sequences of
# operations, and holds them against pages.txt. pages.c has the sequences.
#
# The count is libkma's own, and the same in every run and on a busy machine:
# one thread, one process for each sequence, random numbers from fixed seeds,
# an environment that does not change, and a clock that counts calls. It is the
# mean of eight seeds, since which lists are learned is a matter of luck too.

. "${KMA_SRCDIR:-.}/tests/tap.sh"

pages=$KMA_BUILDDIR/tests/cost/pages
bars=$KMA_SRCDIR/tests/cost/pages.txt

for name in $("$pages"); do
	for seed in 0 1 2 3 4 5 6 7; do
		if ! env -i LD_PRELOAD="$LIBKMA" "$pages" "$name" "$seed" \
		    >>"$tmp/all.tab" 2>"$tmp/err"; then
			echo "# $name: $(head -n 1 "$tmp/err")"
			sed -i "/^$name /d" "$tmp/all.tab"
			break
		fi
	done
done
awk -F '\t' '
	{
		sum[$1] += $2
	}
	END {
		for (name in sum)
			printf("%s\t%.0f\n", name, sum[name] / 8)
	}' "$tmp/all.tab" >"$tmp/pages.tab"

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
		printf("%sok - %s: %s pages, of at most %d\n",
		    good ? "" : "not ", $1, got, $2)
		# A cluster more or less is no news.
		if (good && pages[$1] + 4 < $2 * 0.99)
			printf("# the bar could be lowered: %s\t%d\n", $1, got)
	}' "$tmp/pages.tab" "$bars" >"$tmp/tap"
also "$tmp/tap"
plan
