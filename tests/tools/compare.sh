#!/bin/sh
# tests/tools/compare.sh: kma compare: each part, its forms, what is missing,
# programs that fail, and the examples of kma(1).

# shellcheck source=tests/tools/lib.sh
. "${KMA_SRCDIR:-.}/tests/tools/lib.sh"

# What make gives may be a pipe, of which kma compare has something to say.
exec </dev/null

compared=$KMA_BUILDDIR/tests/tools/compared
for tool in valgrind gnuplot jq; do
	command -v "$tool" >/dev/null || {
		skip_all "no $tool"
	}
done
TMPDIR=$tmp/tmp
export TMPDIR
mkdir "$TMPDIR"
nap="sleep 900.$$"	# to be told from all others

# clean NAME: nothing is left in TMPDIR.
clean() {
	left=$(ls -A "$TMPDIR")
	[ -z "$left" ]
	result "$1: leaves nothing behind" "$left"
}

# has NAME REGEX ...: $out has such lines, once each, in this order.
has() {
	name=$1
	shift
	lines=0
	missing=
	for regex in "$@"; do
		line=$(echo "$out" | grep -nE -e "$regex" | cut -d : -f 1)
		case $line in
		'' | *[!0-9]*) missing="$missing $regex" ;;
		*)
			[ "$line" -gt $lines ] || missing="$missing >$regex"
			lines=$line
			;;
		esac
	done
	[ -z "$missing" ]
	result "$name" "$missing
$out"
}

# figure CONTENDER MEASURE: of the JSON in $out.
figure() {
	echo "$out" | jq ".contenders[$1].measures.$2.value"
}

# --- the table --------------------------------------------------------------

number='[0-9,]+'
ratio='[0-9]+[.][0-9][0-9]x'
spread='[+]-[0-9.]+%'
kma compare --rounds 2 --plot "$tmp/all.svg" -- "$compared"
[ "$status" -eq 0 ]
result 'all parts' "status $status: $err"
has 'the table' "^$compared\$" '^ +glibc +libkma$' \
	'^time, median of 2$' \
	"^  wall time, ms +[0-9.]+ +$spread +[0-9.]+ +$spread +$ratio\$" \
	"^  processor time, ms +[0-9.]+ +$spread +[0-9.]+ +$spread( +$ratio)?\$" \
	'^memory, median of 2$' \
	"^  peak resident, KB +$number +$spread +$number +$spread +$ratio\$" \
	'^instructions \(callgrind\)$' \
	"^  in the allocator +$number +$number +$ratio\$" \
	"^  in total +$number +$number +$ratio\$" \
	'^cache misses \(cachegrind\)$' \
	"^  data, first level +$number +$number +$ratio\$" \
	"^  last level +$number +$number +$ratio\$" \
	'^heap \(massif\)$' \
	'^  peak useful bytes +500,000 +500,000 +1.00x$' \
	"^  peak pages, KB +$number +$number +$ratio\$" \
	'^errors and leaks \(memcheck\)$' \
	'^  errors +0 +0 +equal$'
! echo "$out" | grep -q ' $'
result 'no line ends with a blank'
echo "$err" | grep -qx '\[1/16\] first run, glibc' &&
	echo "$err" | grep -qx '\[16/16\] memcheck, libkma' &&
	[ "$(echo "$err" | grep -c '^\[')" -eq 16 ]
result 'progress on standard error' "$err"
head -c 300 "$tmp/all.svg" | grep -q '<svg' &&
	grep -qx '</svg>' "$tmp/all.svg" &&
	grep -q '>libkma<' "$tmp/all.svg" &&
	grep -q '>peak pages<' "$tmp/all.svg"
result '--plot writes a picture' "@$tmp/all.svg"
clean 'all parts'

# --- each part --------------------------------------------------------------

# part NAME MEASURES: it alone, as JSON with these measures in both columns.
part() {
	kma compare --rounds 2 --json --only "$1" -- "$compared"
	names=$(echo "$out" | jq -r \
		'[.contenders[].measures | keys | join(" ")] | unique[]')
	[ "$status" -eq 0 ] && [ "$names" = "$2" ] &&
		[ "$(echo "$out" | jq -r '.parts | join(",")')" = "$1" ] &&
		[ "$(echo "$out" | jq '[.contenders[].measures[].value |
			type] | unique | . == ["number"]')" = true ]
	result "--only $1" "status $status: $names: $err"
}

kma compare --rounds 1 --only time --json="$tmp/json" -- "$compared"
has '--json=FILE: the table' '^time, median of 1$' '^  wall time, ms'
[ "$(jq -r '.contenders[1].name' "$tmp/json")" = libkma ]
result '--json=FILE: the file' "@$tmp/json"
kma compare --json="$tmp/nowhere/x" -- "$compared"
says 1 'x: No such file' '--json=FILE: in no folder'
part time 'processor_seconds wall_seconds'
[ "$(echo "$out" | jq '[.contenders[].measures.wall_seconds |
	(.samples | length) == 2 and .least > 0 and .value >= .least and
	.value <= .most and .spread >= 0] | all')" = true ]
result 'time: samples, median and spread' "$out"
part memory peak_resident_bytes
[ "$(figure 0 peak_resident_bytes)" -gt 500000 ] &&
	[ "$(figure 1 peak_resident_bytes)" -gt 500000 ] &&
	[ "$(figure 1 peak_resident_bytes)" -lt 20000000 ]
result 'memory: makes sense' "$out"
part instructions 'allocator_instructions instructions'
# 5000 calls at 18 at least, and 500 KB to be written by memset outside.
for n in 0 1; do
	[ "$(figure $n allocator_instructions)" -gt 90000 ] &&
		[ "$(figure $n allocator_instructions)" -lt \
			"$(figure $n instructions)" ]
	result "instructions: make sense ($n)" "$out"
done
part cache 'd1_misses ll_misses'
part massif 'peak_page_bytes peak_useful_bytes'
[ "$(figure 0 peak_useful_bytes)" -eq 500000 ] &&
	[ "$(figure 1 peak_useful_bytes)" -eq 500000 ]
result 'massif: peak useful bytes are what was asked for' "$out"
for n in 0 1; do
	[ "$(figure $n peak_page_bytes)" -gt 1000000 ] &&
		[ "$(figure $n peak_page_bytes)" -lt 50000000 ]
	result "massif: peak pages make sense ($n)" "$out"
done
plain=$(figure 1 peak_page_bytes)
kma compare --json --only massif -- "$compared" small
[ "$(figure 1 peak_useful_bytes)" -eq 3200000 ] &&
	[ "$(figure 1 peak_page_bytes)" -gt $((plain + 3000000)) ] &&
	[ "$(figure 1 peak_page_bytes)" -lt $((plain + 7000000)) ]
result 'massif: peak pages are those of a plain run' "$plain $out"
part memcheck "definitely_lost_blocks definitely_lost_bytes errors \
indirectly_lost_blocks indirectly_lost_bytes possibly_lost_blocks \
possibly_lost_bytes still_reachable_blocks still_reachable_bytes"
kma compare --only memcheck --json -- "$compared" faulty
[ "$(figure 0 errors)" -eq 3 ] &&
	[ "$(figure 0 definitely_lost_bytes)" -eq 77 ] &&
	[ "$(figure 0 definitely_lost_blocks)" -eq 1 ] &&
	[ "$(figure 0 still_reachable_bytes)" -eq 123 ] &&
	[ "$(echo "$out" | jq '.contenders[0].memcheck.InvalidWrite.count')" \
		-eq 3 ]
result 'memcheck: errors and leaks of a faulty program' "$out"
[ "$(echo "$out" | jq '.contenders[0].memcheck == .contenders[1].memcheck and
	(.contenders[0].measures | map_values(.value)) ==
	(.contenders[1].measures | map_values(.value))')" = true ]
result 'memcheck: the same with libkma' "$out"
kma compare --only memcheck -- "$compared" faulty
has 'memcheck: kinds of errors' '^  errors +3 +3 +equal$' \
	'^    InvalidWrite +3 +3$' '^  definitely lost, bytes +77 +77 +equal$' \
	'^  still reachable, blocks +1 +1 +equal$'
! echo "$out" | grep -q 'indirectly'
result 'memcheck: no lines of leaks that are not'
kma compare --only time,memory --rounds 1 --json -- "$compared"
[ "$(echo "$out" | jq -c .parts)" = '["time","memory"]' ]
result 'two parts' "$out"
clean 'each part'
sed -n 's/.*\[MEASURE_.* = { "\(.*\)",$/\1/p' "$KMA_SRCDIR/tools/measure.c" \
	>"$tmp/names"
missing=$(while read -r name; do
	grep -qE "(Ql|,) $name( |\$)" "$KMA_SRCDIR/man/kma.1" || echo "$name"
done <"$tmp/names")
[ -z "$missing" ] && [ "$(wc -l <"$tmp/names")" -eq 18 ]
result 'kma(1) names each measure' "$missing"

# --- other allocators -------------------------------------------------------

lib=$(readlink -f "$LIBKMA")
cp "$lib" "$tmp/other.so"
kma compare --with "$tmp/other.so" --rounds 1 --json \
	--only time,memory,instructions,cache,memcheck -- "$compared"
[ "$(echo "$out" | jq -c '[.contenders[].name]')" = \
	'["glibc","libkma","other.so"]' ] &&
	[ "$(figure 2 allocator_instructions)" -gt 90000 ] &&
	[ "$(figure 2 errors)" = null ] && [ "$(figure 0 errors)" = 0 ]
result '--with a library' "$err$out"
if [ -e "$(ls /usr/lib/*/libjemalloc.so.2 2>/dev/null)" ]; then
	kma compare --with jemalloc --rounds 1 --only time -- "$compared"
	has '--with jemalloc' '^ +glibc +libkma +jemalloc$'
else
	skip '--with jemalloc' 'libjemalloc2 is not installed'
fi
kma compare --with "$tmp/nothing" -- "$compared"
says 2 'nothing: No such file' '--with a file that is not there'
echo text >"$tmp/text.so"
kma compare --with "$tmp/text.so" -- "$compared"
says 2 'text.so: not a shared library' '--with a file that is no library'
kma compare --with nonsense -- "$compared"
says 2 'no allocator is called nonsense, and no file' '--with nonsense'

# --- programs that fail -----------------------------------------------------

kma compare --rounds 1 -- "$compared" fails
says 10 'nothing compared: .* ended with exit status 3 with glibc' 'status 3'
[ -z "$out" ] && echo "$err" | grep -qx '    cannot go on'
result 'no table, and its last words' "$out$err"
kma compare --rounds 1 -- "$compared" crash
says 10 'was ended by signal 11 (Segmentation fault) with glibc' 'a signal'
[ -z "$out" ]
result 'no table' "$out"
kma compare --rounds 1 -- "$compared" under libkma
says 10 'ended with exit status 4 with libkma' 'with libkma alone'
kma compare --only memcheck -- "$compared" under vgpreload_memcheck
says 10 'ended with exit status 4 with glibc under valgrind: left out' \
	'under valgrind alone'
kma compare --rounds 1 -- nonsense-of-the-tests
says 127 'nonsense-of-the-tests: not found' 'no such program'
kma compare --rounds 1 -- "$tmp/text.so"
says 126 'not executable' 'no program'
printf '#!/nothing/at/all\n' >"$tmp/bad"
chmod 755 "$tmp/bad"
kma compare --rounds 1 -- "$tmp/bad"
says 126 'bad: No such file' 'an interpreter that is not there'
LD_PRELOAD=$lib "$kma" compare --rounds 1 -- "$compared" \
	>"$tmp/out" 2>"$tmp/err"
status=$?
err=$(cat "$tmp/err")
says 10 'has libkma already' 'glibc, but with libkma'
kma compare --rounds 1 -- sh -c "unset LD_PRELOAD; exec '$compared'"
says 10 'libkma does not get into sh: it drops LD_PRELOAD' 'no LD_PRELOAD'
clean 'what fails'

# Signals, a stop, and a thread that ends the process: all is as without a
# tracer, and the look is had.
cat >"$tmp/thread.c" <<'EOF2'
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static void *
end(void *arg)
{
	exit(arg != NULL);
}

int
main(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, end, NULL) != 0)
		return (1);
	for (;;)
		pause();
}
EOF2
# shellcheck disable=SC2016
for script in 'trap "n=1" USR1; kill -USR1 $$; [ "$n" = 1 ]' \
	'(sleep 0.2; kill -CONT $$) & kill -STOP $$; wait' \
	"$nap & exit 0"; do
	kma compare --rounds 1 --only time -- sh -c "$script"
	[ "$status" -eq 0 ] && ! echo "$err" | grep -q '^kma'
	result "sh -c '$script'" "status $status: $err"
done
! pgrep -f "$nap" >/dev/null
result 'what a program leaves behind is ended'
if $CC -pthread -o "$tmp/thread" "$tmp/thread.c" 2>"$tmp/log"; then
	kma compare --rounds 1 --only memory -- "$tmp/thread"
	[ "$status" -eq 0 ] && ! echo "$err" | grep -q '^kma'
	result 'a thread ends the process' "status $status: $err"
else
	skip 'a thread ends the process' 'cannot compile'
fi

# Without the right to trace: all the same, but for the proof.
echo 'long ptrace(int r, ...) { return (r > 0 ? -1 : -2); }' >"$tmp/no.c"
if $CC -shared -fPIC -o "$tmp/no.so" "$tmp/no.c" 2>"$tmp/log"; then
	LD_PRELOAD=$tmp/no.so "$kma" compare --rounds 1 --only memory -- \
		"$compared" >"$tmp/out" 2>"$tmp/err"
	status=$?
	err=$(cat "$tmp/err")
	out=$(cat "$tmp/out")
	says 0 'could not be looked into: no proof that libkma serves it' \
		'no tracing: it says so'
	has 'no tracing: figures' '^  peak resident, KB +[0-9,]+ '
else
	skip 'no tracing' 'cannot build a shared object'
fi

# Interrupted: an end, and the program's too.
# shellcheck disable=SC2086
"$kma" compare --rounds 1 --only time -- $nap >"$tmp/out" 2>&1 &
pid=$!
n=0
while [ $n -lt 100 ] && ! pgrep -P $pid >/dev/null; do
	sleep 0.1
	n=$((n + 1))
done
child=$(pgrep -P $pid)
kill -TERM $pid
wait $pid
[ $? -eq 143 ] && ! kill -0 "$child" 2>/dev/null
result 'SIGTERM ends it and the program' "$child"
pid=
clean 'SIGTERM'

# --- what is missing --------------------------------------------------------

# A PATH with all but one.
mkdir "$tmp/bin"
for tool in sh gnuplot; do
	ln -s "$(command -v $tool)" "$tmp/bin/$tool"
done
PATH=$tmp/bin "$kma" compare --rounds 1 -- "$compared" \
	>"$tmp/out" 2>"$tmp/err"
status=$?
out=$(cat "$tmp/out")
err=$(cat "$tmp/err")
says 0 "^kma: compare: cache: needs valgrind: install Debian's package \
valgrind\$" 'no valgrind: it says so'
has 'no valgrind: the other parts are there' '^time, median of 1$' '^memory'
! echo "$out" | grep -q callgrind
result 'no valgrind: no other'
PATH=$tmp/bin "$kma" compare --only massif -- "$compared" 2>"$tmp/err"
status=$?
err=$(cat "$tmp/err")
says 1 'massif: needs valgrind' 'no valgrind, and nothing else to do'
rm "$tmp/bin/gnuplot"
PATH=$tmp/bin "$kma" compare --plot "$tmp/x.svg" -- "$compared" \
	>"$tmp/out" 2>"$tmp/err"
status=$?
err=$(cat "$tmp/err")
says 1 'no gnuplot: Debian has it in the package gnuplot-nox' 'no gnuplot'
[ ! -e "$tmp/x.svg" ]
result 'no gnuplot: no picture'

# --- options, input and output ----------------------------------------------

kma compare
says 2 'no program' 'no program is named'
kma compare --nonsense "$compared"
says 2 '^usage: kma compare' 'an unknown option'
for value in 0 -1 x '' 1001; do
	kma compare --rounds "$value" "$compared"
	says 2 'rounds are 1 to 1000' "--rounds '$value'"
done
for value in x time,x '' 'time,'; do
	kma compare --only "$value" "$compared"
	says 2 'no such part' "--only '$value'"
done
kma compare --help
[ "$status" -eq 0 ] && [ -n "$out" ] && [ -z "$err" ]
result '--help' "$err"
kma compare --plot "$tmp/nowhere/x.svg" -- "$compared"
says 1 'x.svg: No such file' 'a picture in no folder'
kma compare --output "$tmp/nowhere/x" -- "$compared"
says 1 'x: No such file' 'an output in no folder'
"$kma" compare --rounds 1 --only time -- "$compared" >/dev/full 2>"$tmp/err"
status=$?
err=$(cat "$tmp/err")
says 1 'cannot write: No space left' 'a full device'

kma compare --rounds 2 --only time --output "$tmp/said" -- \
	sh -c "'$compared'; echo too >&2"
[ "$(sort "$tmp/said" | uniq -c | tr -s ' \n' ' ')" = ' 6 too 6 worked ' ]
result '--output has all of both' "@$tmp/said"
echo x >"$tmp/input"
"$kma" compare --rounds 2 --only time,instructions -- "$compared" input \
	<"$tmp/input" >"$tmp/out" 2>"$tmp/err"
result 'a file as standard input is there in each run' "@$tmp/err"
echo x | "$kma" compare --rounds 1 --only time -- "$compared" input \
	>"$tmp/out" 2>"$tmp/err"
status=$?
err=$(cat "$tmp/err")
says 10 'the program gets /dev/null' 'a pipe is not'

# --- make compare -----------------------------------------------------------

COMPARE_OUT=$tmp/kept COMPARE_PROGRAMS='jq cc1' \
	COMPARE_OPTIONS='--rounds 1 --only time' \
	sh "$KMA_SRCDIR/tests/bench/compare.sh" >"$tmp/out" 2>"$tmp/err"
result 'make compare: two of its programs' "@$tmp/err"
for name in jq cc1; do
	[ "$(jq -r '.program[0]' "$tmp/kept/compare-$name.json")" = $name ] &&
		grep -q '^  wall time, ms  *[0-9]' \
			"$tmp/kept/compare-$name.txt" &&
		grep -q '</svg>' "$tmp/kept/compare-$name.svg"
	result "make compare: the files of $name"
done
! grep -E '/(tmp|home|work|root|build)/' "$tmp/kept"/*.json "$tmp/kept"/*.txt
result 'make compare: no folders of this machine'

# --- the examples -----------------------------------------------------------

$AWK '/^\.Sh/ { on = $2 == "EXAMPLES" } /^\.Ed/ { open = 0 }
on && open { gsub(/\\e/, "\\"); sub(/^\$ /, ""); print }
on && /^\.Bd/ { open = 1 }' "$KMA_SRCDIR/man/kma.1" |
	grep -A 1 '^kma compare' | grep -v '^--' >"$tmp/examples"
$AWK -v dir="$tmp" '/^kma compare/ { n++ } { print > (dir "/example" n) }' \
	"$tmp/examples"
PATH=$(dirname "$kma"):$PATH
cd "$tmp" || exit 1
for example in example[0-9]*; do
	name=$(head -n 1 "$example")
	timeout 60 sh -e "$example" >"$tmp/out" 2>"$tmp/err" &&
		grep -q '[0-9]' "$tmp/out"
	result "kma(1): $name" "@$tmp/err"
done
[ "$(ls example[0-9]* | wc -l)" -eq 3 ] && [ -s perl.svg ]
result 'kma(1) has three of them'
plan
