#!/bin/sh
# tests/tools/replay.sh: kma replay: its tables, JSON, CSV and picture, memory
# that is short, zones, replays for real, and every error.

# shellcheck source=tests/tools/lib.sh
. "${KMA_SRCDIR:-.}/tests/tools/lib.sh"

maketrace=$KMA_BUILDDIR/tests/tools/maketrace
trace=$tmp/app.kmt
names='rmap-first rmap-best rmap-worst pow2 mk mk-keep buddy lazy-buddy pages
slab slob'
"$maketrace" "$trace" 40000 2000 4 || exit 1

# json FILTER NAME: jq finds it true of the last command's output.
json() {
	printf '%s\n' "$out" | jq -e "$1" >/dev/null
	result "$2" "$(printf '%s\n' "$out" | head -c 1000)"
}

# written TEXT: makes $tmp/text.kmt of such lines.
written() {
	printf '%s\n' "$1" >"$tmp/text"
	rm -f "$tmp/text.kmt"
	"$kma" trace --from-text "$tmp/text" "$tmp/text.kmt" || exit 1
}

# --- the table ---------------------------------------------------------------

kma replay "$trace"
[ "$status" -eq 0 ] && [ -z "$err" ]
result 'the table' "$err"
for name in $names; do
	echo "$out" | grep -qE "^$name +[0-9.]+[BKM] +[0-9]+\.[0-9] "
	result "$name has a line" "$out"
done
echo "$out" | grep -q '40000 operations, 4 threads'
result 'it says what the trace holds' "$out"

kma replay --allocator slob,buddy "$trace"
[ "$(echo "$out" | sed -n '/^allocator/,$p' | sed 1d | cut -d' ' -f1 |
	tr '\n' ' ')" = 'slob buddy ' ]
result '--allocator: those, in that order' "$out"

# --- figures that can be counted by hand -------------------------------------

# 53 bytes go to a block of 64; a page is taken for it; and go again.
written 'alloc 1 53
alloc 2 53
free 1
alloc 3 5000
free 2
free 3'
kma replay --json --allocator mk,pow2,rmap-first "$tmp/text.kmt"
json '.trace.operations == 6 and .trace.requested_peak == 5053 and
	.trace.objects_peak == 2 and .trace.largest_request == 5000' \
	'JSON: the trace'
json '.allocators[0] | .name == "mk" and .required_peak == 12288 and
	.peak.operation == 4 and .peak.granted == 64 + 8192' \
	'JSON: McKusick-Karels has a page of 64s and two pages'
json '.allocators[1] | .name == "pow2" and .required_peak == 12288 and
	.peak.headers == 16 and .failed.requests == 0' \
	'JSON: 4.2BSD has a header for each block'
json '[.allocators[].timeline | length] == [6, 6, 6]' \
	'JSON: utilisation after each operation of a short trace'
json '.allocators[2].timeline[0] | .requested == 53 and .required == 4096' \
	'JSON: the first of them'

# A realloc has both blocks for a moment.
written 'alloc 1 4096
realloc 1 2 8192
free 2'
kma replay --json --allocator rmap-first --page 1024 "$tmp/text.kmt"
json '.allocators[0] | .required_peak == 12288 and .peak.required == 8192 or
	.required_peak == 12288' 'a realloc: a new block, then the old goes'
json '.page == 1024 and .memory % 1024 == 0' '--page'

written ''
kma replay --json "$tmp/text.kmt"
json '.trace.operations == 0 and (.allocators | length) == 11' \
	'an empty trace'
kma replay --plot "$tmp/empty.svg" "$tmp/text.kmt"
says 0 '' 'an empty trace as a picture'

# --- JSON and CSV ------------------------------------------------------------

kma replay --json "$trace"
json '.allocators | length == 11' 'JSON: all allocators'
json 'all(.allocators[]; .utilisation_mean > 0 and .utilisation_mean <= 1 and
	.utilisation_worst <= .utilisation_mean and
	.required_peak >= 65536 and .metadata > 0 and
	.steps.worst >= .steps.p999 and .steps.worst >= .steps.mean and
	.failed.requests == 0 and .ns >= 0)' 'JSON: the figures make sense'
json 'all(.allocators[].peak; (.internal + .external + .headers / .required +
	.requested / .required - 1 | fabs) < 0.0001)' \
	'JSON: requested, both fragmentations and headers are all'
json 'all(.allocators[].timeline[]; .requested <= .granted and
	.granted + .headers <= .required)' 'JSON: at every moment'
json '[.allocators[] | select(.name == "buddy") | .steps | .splits, .merges] |
	min > 0' 'JSON: buddies split and merge'
json '.complete == null and .trace.complete' 'JSON: the trace is complete'
first=$(echo "$out" | jq -c '[.allocators[] | del(.ns)]')
kma replay --json "$trace"
[ "$(echo "$out" | jq -c '[.allocators[] | del(.ns)]')" = "$first" ]
result 'the same again: only the nanoseconds differ'

kma replay --csv "$trace"
[ "$(echo "$out" | awk -F, '{ print NF }' | sort -u)" = 14 ] &&
	[ "$(echo "$out" | sed 1d | cut -d, -f1 | tr '\n' ' ')" = \
	"$(echo "$names" | tr '\n' ' ')" ]
result 'CSV: a line an allocator, all as long' "$out"
peak=$(echo "$out" | sed -n 's/^slab,\([0-9]*\),.*/\1/p')
[ "$(echo "$first" | jq '.[] | select(.name == "slab").required_peak')" = \
	"$peak" ]
result 'CSV: as in JSON' "$peak"

# --- memory that is short ----------------------------------------------------

kma replay --memory 256K --allocator buddy,slab "$trace"
echo "$out" | grep -qE '^buddy +[1-9][0-9]* +[0-9.]+[KM] +[1-9][0-9]* '
result '--memory: what fails' "$out"
kma replay --json --memory 256K "$trace"
json '.memory == 262144' '--memory'
json 'all(.allocators[]; .required_peak <= 262144 and
	.failed.largest_possible <= 262144)' 'nobody has more than that'
json '.allocators[] | select(.name == "buddy").failed | .requests > 0 and
	.first_size > .largest_possible and .left_out > 0 and
	.first_operation > 0' 'what failed was larger than what was possible'
# The largest request does succeed: a trace up to there, and one more.
written 'alloc 1 4096
alloc 2 20000
alloc 3 9000'
kma replay --json --memory 65536 --allocator buddy "$tmp/text.kmt"
json '.allocators[0].failed | .requests == 0 and .largest_possible == 8192' \
	'the largest request possible at the peak' "$out"
written 'alloc 1 4096
alloc 2 20000
alloc 3 9000
alloc 4 8192
alloc 5 8192'
kma replay --json --memory 65536 --allocator buddy "$tmp/text.kmt"
json '.allocators[0].failed | .requests == 1 and .first_operation == 5 and
	.bytes == 8192' 'it succeeds, and then fails'
# A realloc that fails leaves the old block, which is freed later.
written 'alloc 1 8192
realloc 1 2 12288
free 2
alloc 3 16384'
kma replay --json --memory 16384 --allocator buddy "$tmp/text.kmt"
json '.allocators[0].failed | .requests == 1 and .first_operation == 2 and
	.left_out == 0' 'a realloc that fails keeps the old block'

# --- zones -------------------------------------------------------------------

kma replay --zones --memory 64M --allocator pages,slob,buddy "$trace"
echo "$out" | grep -qE '^zones +DMA +NORMAL +HIGHMEM' &&
	echo "$out" | grep -qE '^pages +0B +[0-9.]+[KM] +0B'
result '--zones: NORMAL before DMA' "$out"
kma replay --zones --memory 18M --json --allocator pages "$trace"
json '.allocators[0].peak | .zones.NORMAL == 2097152 and .zones.DMA > 0 and
	.zones.DMA + .zones.NORMAL == .required' '--zones: DMA at last'

# --- the picture -------------------------------------------------------------

if command -v gnuplot >/dev/null; then
	kma replay --plot "$tmp/all.svg" "$trace"
	[ "$status" -eq 0 ] && grep -q '</svg>' "$tmp/all.svg"
	result '--plot: a picture' "$err"
	for text in utilisation internal external rmap-worst 'at the peak'; do
		grep -q ">[^<]*$text" "$tmp/all.svg"
		result "--plot: it shows $text"
	done
	kma replay --allocator mk --plot "$tmp/none/mk.svg" "$trace"
	says 1 'No such file' '--plot: where nothing can be written'
else
	skip '--plot' 'gnuplot is not installed: package gnuplot-nox'
fi
err=$(PATH=$tmp "$kma" replay --plot "$tmp/x.svg" "$trace" 2>&1)
status=$?
says 1 'package gnuplot-nox' 'without gnuplot: which package has it'

# --- progress ----------------------------------------------------------------

kma replay --progress --allocator mk "$trace"
[ "$status" -eq 0 ] && echo "$err" | grep -qx 'mk: 100 %'
result '--progress' "$err"

# --- for real ----------------------------------------------------------------

kma replay --real glibc,libkma --runs 1 "$trace"
[ "$status" -eq 0 ] && echo "$out" | grep -qE '^glibc .* 0$' &&
	echo "$out" | grep -qE '^libkma .* 0$' && ! echo "$out" | grep -q ^mk
result '--real glibc,libkma' "$out$err"
kma replay --real libkma,"$LIBKMA" --runs 1 --json --allocator mk "$trace"
json '[.real[].name] == ["libkma", "libkma.so"] and
	all(.real[]; .failed == 0 and .resident_peak > 300000 and
	.processor_seconds >= 0) and (.allocators | length) == 1' \
	'--real: a file, and a classic allocator besides'
# What libkma was asked for is what the trace has: it was really there.
calls=$(KMA_OPTIONS=stats="$tmp/stats" "$kma" replay --real libkma --runs 1 \
	"$trace" >/dev/null; sed -n 's/^.*Requests.*$/yes/p' "$tmp/stats" |
	head -n 1)
[ "$calls" = yes ]
result '--real: KMA_OPTIONS counts' "$calls"
# One thread's block is freed by another, again and again.
i=0
while [ $i -lt 3000 ]; do
	i=$((i + 1))
	echo "alloc $i 100 thread=$((i % 3 + 1))"
	[ $i -gt 2 ] && echo "free $((i - 2)) thread=$((i % 3 + 1))"
done >"$tmp/lines"
written "$(cat "$tmp/lines")"
kma replay --real glibc,libkma --runs 2 "$tmp/text.kmt"
says 0 '' '--real: threads that free what others allocated'
# A block of 64 MB in each of 20 threads, one after the other.
i=0
while [ $i -lt 20 ]; do
	i=$((i + 1))
	echo "alloc $i 67108864 thread=$i"
	echo "free $i thread=$i"
	j=0
	while [ $j -lt 2100 ]; do
		j=$((j + 1))
		echo "alloc $((i * 10000 + j)) 16 thread=$i"
		echo "free $((i * 10000 + j)) thread=$i"
	done
done >"$tmp/lines"
written "$(cat "$tmp/lines")"
kma replay --json --real glibc --runs 1 "$tmp/text.kmt"
json '.real[0].resident_peak < 200000000' \
	'--real: threads have their memory when the program had it'

# --- errors ------------------------------------------------------------------

kma replay --allocator mk,fancy "$trace"
says 2 'no such allocator: fancy' 'an unknown allocator'
for bad in 0 -1 12 100 4097 2M 4096x '' 99999999999999999999; do
	kma replay --page "$bad" "$trace"
	says 2 'page' "--page $bad"
done
for bad in -1 x 12Q '' 99999999999999999999 99999999999999999T; do
	kma replay --memory "$bad" "$trace"
	says 2 'bad number of bytes' "--memory $bad"
done
kma replay --memory 4095 "$trace"
says 2 'less than a page' '--memory below a page'
kma replay --memory 60000T "$trace"
says 2 'too many pages' '--memory of too many pages'
for bad in 0 -1 x 1001; do
	kma replay --runs "$bad" "$trace"
	says 2 'count of runs' "--runs $bad"
done
kma replay --json --csv "$trace"
says 2 'not both' '--json --csv'
kma replay
says 2 'no trace' 'no trace'
kma replay "$trace" "$trace"
says 2 'more than one' 'two traces'
kma replay --frills "$trace"
says 2 'frills' 'an unknown option'
kma replay --real fancy "$trace"
says 2 'no allocator is called fancy' '--real: an unknown allocator'
kma replay --real "$tmp/none.so" "$trace"
says 2 'No such file' '--real: a file that is not there'
kma replay --real "$trace" "$trace"
says 2 'no such allocator\|not a shared library' '--real: a file that is none'
lib=$(ls /lib/*/libm.so.6 /lib64/libm.so.6 2>/dev/null | head -n 1)
kma replay --real "$lib" --runs 1 "$trace"
says 1 'malloc is not its own' '--real: a library without malloc'
kma replay --plot "$tmp/x.svg" --real glibc "$trace"
says 2 'classic' '--plot with nothing to show'

kma replay --memory 4096 "$trace"
says 2 'operation [0-9]* requests [0-9]* bytes, more than the whole' \
	'a size beyond the memory'
kma replay "$tmp/none.kmt"
says 1 'none.kmt: No such file' 'a trace that is not there'
kma replay "$kma"
says 9 'not a trace' 'no trace'
: >"$tmp/bad.kmt"
kma replay "$tmp/bad.kmt"
says 9 'bad.kmt: ' 'an empty file'

# spoil OFFSET BYTE: the trace with another byte there.
spoil() {
	cp "$trace" "$tmp/bad.kmt"
	printf "\\$2" | dd of="$tmp/bad.kmt" bs=1 seek="$1" conv=notrunc \
		2>/dev/null
}
spoil 12 007
kma replay "$tmp/bad.kmt"
says 6 'version 7' 'a newer version'
size=$(wc -c <"$trace")
head -c $((size - 20000)) "$trace" >"$tmp/bad.kmt"
kma replay --allocator mk "$tmp/bad.kmt"
[ "$status" -eq 9 ] && echo "$err" | grep -q 'offset [0-9]*: cut off' &&
	echo "$out" | grep -q '^mk '
result 'a trace that was cut: as far as it goes' "$status $out $err"
kma replay --json "$tmp/bad.kmt"
json '.trace.complete | not' 'JSON: it is not complete'
# Damage anywhere is an error or another trace, and never a crash.
offset=64
failed=
while [ $offset -lt "$size" ]; do
	spoil $offset 377
	kma replay --csv --memory 16384T --allocator mk "$tmp/bad.kmt"
	case $status in
	0 | 1 | 2 | 6 | 9) ;;
	*) failed="$failed offset $offset: $status $err" ;;
	esac
	[ "$status" -eq 0 ] || [ -n "$err" ] || failed="$failed $offset silent"
	offset=$((offset + size / 40 + 1))
done
[ -z "$failed" ]
result 'damage is an error, never a crash' "$failed"
err=$(TMPDIR=$tmp/none "$kma" replay "$trace" 2>&1)
status=$?
says 1 'TMPDIR' 'no room for the temporary file'
"$kma" replay "$trace" >/dev/full 2>"$tmp/err"
status=$?
err=$(cat "$tmp/err")
says 1 'cannot write' 'nowhere to write to'

# --- the manual --------------------------------------------------------------

page=$KMA_SRCDIR/man/kma-replay.1
sed 's/\\&//g; s/^\.[A-Z][a-z] //' "$page" | tr '\n' ' ' >"$tmp/text"
kma replay --help
for option in $(echo "$out" | grep -oE -e '--[a-z]+' | sort -u); do
	grep -q -e "Fl Fl ${option#--}" "$tmp/text"
	result "kma-replay(1) has $option"
done
# shellcheck disable=SC2086
for name in $names; do
	grep -qE -e "^\.Cm $name( |\$)" "$page"
	result "kma-replay(1) has $name"
done
mkdir "$tmp/bin"
ln -s "$(cd "$(dirname "$kma")" && pwd)/kma" "$tmp/bin/kma"
grep '^\$ kma replay' "$page" | sed 's/^\$ //; s/\\e/\\/g' >"$tmp/examples"
while read -r example; do
	(cd "$tmp" && PATH=$tmp/bin:$PATH sh -c "$example") >"$tmp/out" \
		2>"$tmp/err" </dev/null && [ -s "$tmp/out" ] &&
		[ ! -s "$tmp/err" ]
	result "example: $example" "$(cat "$tmp/err")"
done <"$tmp/examples"
[ -s "$tmp/examples" ]
result 'there are examples'
plan
