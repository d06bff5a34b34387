#!/bin/sh
# compare.sh: each trace in traces/ through every allocator, into figures/: a
# table and a picture of each, and a summary of all. make comparison calls it.
# usage: compare.sh KMA FOLDER

set -u

kma=$1
cd "$2" || exit 1
mkdir -p figures
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

for trace in traces/*.kmt; do
	name=$(basename "$trace" .kmt)
	echo "$name"
	"$kma" replay --plot "figures/$name.svg" "$trace" \
		>"figures/$name.txt" || exit 1
	"$kma" replay --csv "$trace" | sed "1d; s/^/$name,/" \
		>>"$dir/all.csv" || exit 1
	"$kma" replay --real glibc,libkma --csv --runs 20 "$trace" |
		sed "1d; s/^/$name,/" >>"$dir/real.csv" || exit 1
done

# column TITLE COLUMN FACTOR FORMAT: a table, allocators by programs.
column() {
	echo
	echo "$1"
	echo
	awk -F, -v column="$2" -v factor="$3" -v format="$4" '
	!($1 in program) { program[$1]; title[++programs] = $1 }
	!($2 in row) { row[$2]; name[++rows] = $2 }
	{ value[$1, $2] = $column }
	END {
		line = "| |"
		rule = "|---|"
		for (i = 1; i <= programs; i++) {
			line = line " " title[i] " |"
			rule = rule "---:|"
		}
		print line
		print rule
		for (j = 1; j <= rows; j++) {
			line = "| `" name[j] "` |"
			for (i = 1; i <= programs; i++)
				line = line sprintf(" " format " |",
				    factor * value[title[i], name[j]])
			print line
		}
	}' "$5"
}

{
	echo '<!-- written by make comparison -->'
	column 'Mean utilisation, %' 4 100 %.0f "$dir/all.csv"
	column 'Peak required, KB' 3 0.0009765625 %.0f "$dir/all.csv"
	column 'Steps a request, mean' 8 1 %.1f "$dir/all.csv"
	column 'Steps of the worst request' 10 1 %d "$dir/all.csv"
	column 'Nanoseconds a request' 11 1 %.0f "$dir/all.csv"
	column 'For real: peak of resident memory, KB' 5 0.0009765625 %.0f \
		"$dir/real.csv"
} >figures/summary.md
