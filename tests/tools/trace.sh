#!/bin/sh
# tests/tools/trace.sh: the option trace and kma trace: what a program asked
# for is in the file, in order, however the program ends and whatever the disk
# is like; summaries, texts, pictures; damaged files.

# shellcheck source=tests/tools/lib.sh
. "${KMA_SRCDIR:-.}/tests/tools/lib.sh"

traced=$(readlink -f "$KMA_BUILDDIR/tests/tools/traced")
check=$KMA_BUILDDIR/tests/tools/tracecheck
kma=$(readlink -f "$kma")
t=$tmp/t.kmt
python=/usr/bin/python3

# figure FILTER FILE: of the summary.
figure() {
	"$kma" trace --json "$2" 2>/dev/null | jq -r "$1"
}

# after_mark FILE: as text from behind the mark, objects numbered from 1, without
# threads and times.
after_mark() {
	"$kma" trace --text "$1" | "${AWK:-awk}" '
	function new(n) {
		return n == 0 ? 0 : number[n] = ++last
	}
	$1 == "alloc" && $3 == 77777 { mark = $2; next }
	$1 == "free" && $2 == mark { on = 1; next }
	!on { next }
	$1 == "alloc" { $2 = new($2) }
	$1 == "free" {
		if (!($2 in number))
			next
		$2 = number[$2]
	}
	$1 == "realloc" { $2 = number[$2]; $3 = new($3) }
	{ sub(/ thread=.*/, ""); print }'
}

# What a program says it does.
"$kma" run --trace "$t" -- "$traced" ops "$tmp/said" 2>"$tmp/err"
after_mark "$t" >"$tmp/got"
[ "$(wc -l <"$tmp/said")" -eq 20000 ] && diff "$tmp/said" "$tmp/got" >"$tmp/diff"
result 'each operation is recorded as it was' "@$tmp/err" "@$tmp/diff"
"$check" "$t" >"$tmp/out"
result 'no two objects share a byte' "@$tmp/out"
grep -q 'failed' "$tmp/got" && grep -q 'align=4096' "$tmp/got" &&
	grep -q 'zero' "$tmp/got"
result 'failed, aligned and zeroed requests'

# Threads.
"$kma" run --trace "$t" -- "$traced" threads 2>"$tmp/err"
"$check" "$t" >"$tmp/out"
result 'blocks from thread to thread: no free before its malloc, no overlap' \
	"@$tmp/err" "@$tmp/out"
[ "$(figure .totals.threads "$t")" = 5 ] &&
	[ "$(figure '.totals.unknown_frees + .totals.unrecorded_frees' "$t")" = 0 ]
result 'every thread, and nothing is missing'
[ "$("$kma" trace --text "$t" | grep -c '^alloc [0-9]* 100 ')" = 120000 ]
result 'every allocation of every thread'

# Fork: a file each.
rm -f "$t"*
"$kma" run --trace "$t" -- "$traced" fork
[ "$(find "$tmp" -name 't.kmt*' | wc -l)" = 2 ]
result 'a forked child has a file of its own'
child=$(find "$tmp" -name 't.kmt.*')
[ "$(figure .parent "$child")" = "$(figure .pid "$t")" ] &&
	[ "$child" = "$t.$(figure .pid "$child")" ]
result 'which names its parent'
[ "$(figure .totals.unknown_frees "$child")" -ge 50 ] &&
	[ "$("$kma" trace --text "$child" | grep -c '^alloc [0-9]* 5555 ')" = 10 ]
result "and leaves out its parent's blocks"
[ "$("$kma" trace --text "$t" | grep -c '^alloc [0-9]* 1000 ')" = 100 ]
result "the parent's file has the parent's blocks"
rm -f "$t"*
"$kma" run --trace "$t" -- "$KMA_BUILDDIR/tests/survival/circumstances" \
	without "$traced" fork
child=$(find "$tmp" -name 't.kmt.*')
[ -e "$t" ] && [ -e "$child" ] &&
	[ "$(figure .parent "$child")" = "$(figure .pid "$t")" ] &&
	[ "$(figure .totals.requests "$child")" = 10 ]
result 'files of their own also where madvise is not there'

# However it ends.
for how in kill _exit; do
	("$kma" run --trace "$t" -- "$traced" $how) >"$tmp/out" 2>&1
	[ "$(after_mark "$t" | grep -c '^alloc')" = 10000 ]
	result "nothing is lost by $how"
done
rm -f "$t"*
"$kma" run --trace "$t" -- "$traced" exec
[ "$(after_mark "$t" | grep -c '^alloc')" = 10000 ] &&
	[ "$(after_mark "$t.$(figure .pid "$t")" | grep -c '^alloc')" = 40000 ]
result 'what exec makes of the process has a file of its own'
"$kma" run --trace "$t" -- "$traced" close 2>"$tmp/err"
[ "$(after_mark "$t" | grep -c '^alloc')" = 40000 ] && [ ! -s "$tmp/err" ]
result 'a program that closes all descriptors and changes its directory' \
	"@$tmp/err"

# Files that were there.
(cd "$tmp" && KMA_OPTIONS=trace=t.kmt LD_PRELOAD="$LIBKMA" "$traced" _exit) \
	2>"$tmp/err"
grep -q "t.kmt exists: the trace goes to $tmp/t.kmt.[0-9]" "$tmp/err"
result 'a file that exists is not written to' "@$tmp/err"
echo mine >"$tmp/mine"
kma run --trace "$tmp/mine" -- true
says 125 'exists, and is no trace' 'nor does kma run remove what is no trace'
rm -f "$t"*
KMA_OPTIONS=trace=$tmp/%p.kmt LD_PRELOAD=$LIBKMA "$traced" fork
[ "$(find "$tmp" -name '[0-9]*.kmt' | wc -l)" = 2 ]
result '%p is the process'
KMA_OPTIONS=trace=$tmp/none/t LD_PRELOAD=$LIBKMA "$traced" _exit 2>"$tmp/err"
[ $? -eq 0 ] && grep -q 'libkma: trace: .*/none/t: .*no such folder' "$tmp/err"
result 'no such folder: the program runs' "@$tmp/err"
"$kma" run --trace "$t" -- "$traced" remove "$t" 2>"$tmp/err"
[ $? -eq 0 ] && grep -q 'it is not there any more' "$tmp/err"
result 'a file that is removed' "@$tmp/err"

# No room.
(
	# shellcheck disable=SC3045
	ulimit -f 256
	exec "$kma" run --trace "$t" -- "$traced" end
) 2>"$tmp/err"
[ $? -eq 0 ] && grep -q 'the limit on the size of files' "$tmp/err"
result 'a limit on files: a message, no signal' "@$tmp/err"
kma trace "$t"
says 0 'stopped before the program did' 'and what was recorded can be read'
"$check" "$t" >"$tmp/out"
result 'and is whole' "@$tmp/out"
mkdir "$tmp/disk"
full='mount -t tmpfs -o size=256k none "$1" || exit 99
	"$2" run --trace "$1/t" -- "$3" end || exit 1
	cp "$1/t" "$4"; dd if=/dev/zero of="$1/fill" 2>/dev/null; umount "$1"'
set -- -m
[ "$(id -u)" -eq 0 ] || set -- -rm
# Where / is no mount, in a chroot, it cannot be made private.
unshare "$@" true 2>/dev/null || set -- "$@" --propagation unchanged
if unshare "$@" true 2>/dev/null; then
	unshare "$@" sh -c "$full" sh "$tmp/disk" "$kma" "$traced" "$t" \
		2>"$tmp/err"
else
	(exit 99)
fi
case $? in
99) skip 'a full disk' 'no tmpfs can be mounted here' ;;
0)
	grep -q 'no room on the disk' "$tmp/err" && "$check" "$t" >"$tmp/out"
	result 'a full disk: a message, and a file that is whole' \
		"@$tmp/err" "@$tmp/out"
	;;
*)
	false
	result 'a full disk' "@$tmp/err"
	;;
esac

# A real program; types; bytes.
PYTHONMALLOC=malloc "$kma" run --trace "$t" --accounting object -- "$python" \
	-c 'import json; json.dumps([str(i) for i in range(20000)])'
"$check" "$t" >"$tmp/out"
result 'python' "@$tmp/out"
[ "$(figure '[.types[].name | select(. != null) | select(startswith("python"))] |
	length' "$t")" = 1 ]
result 'types by name'
[ "$(figure '.totals.file_bytes < 8 * .totals.operations' "$t")" = true ]
result 'less than 8 bytes an operation'
[ "$(figure '([.sizes[].requests] | add) == .totals.requests and
	([.lifetimes[].objects] | add) + .totals.live_objects ==
	.totals.requests and ([.types[].live_bytes] | add) ==
	.totals.live_bytes and ([.live[].peak_bytes] | max) ==
	.totals.peak_bytes and .live[-1].bytes == .totals.live_bytes' "$t")" = true ]
result 'histograms and curve are of all operations'

# kma_malloc and object caches; a fork from a handler that interrupts malloc.
rm -f "$t"*
KMA_OPTIONS=trace=$t "$KMA_BUILDDIR/tests/typed/model" >"$tmp/out" 2>&1
result 'a program with types' "@$tmp/out"
[ "$(figure '.totals.unknown_frees + .totals.unrecorded_frees == 0 and
	([.types[].name] | index("model 1")) != null' "$t")" = true ]
result 'each of its blocks, with its type'
"$kma" run --trace "$tmp/f.kmt" -- \
	"$KMA_BUILDDIR/tests/traps/fork-from-signal-handler" >"$tmp/out" 2>&1
result "a fork from a signal's handler" "@$tmp/out"
rm -f "$tmp"/f.kmt*

# Other modes below it.
for other in spacing=4 limit=1G decay=0; do
	"$kma" run --trace "$t" --option $other -- "$traced" ops "$tmp/said"
	after_mark "$t" | cmp -s - "$tmp/said"
	result "with $other"
done

# The traces that are kept: whole, small, and what make traces still makes.
mkdir "$tmp/traces"
sh "$KMA_SRCDIR/examples/classic/traces/make.sh" "$kma" "$tmp/traces" \
	2>"$tmp/err"
result 'traces of five programs' "@$tmp/err"
for name in python perl sqlite cc1 redis; do
	old=$KMA_SRCDIR/examples/classic/traces/$name.kmt
	new=$tmp/traces/$name.kmt
	[ "$(wc -c <"$old")" -lt 300000 ] &&
		[ "$(figure '.totals.operations > 10000 and .missing == null and
		.totals.unknown_frees + .totals.unrecorded_frees == 0' "$old")" = true ] &&
		[ "$(figure '.totals.operations > 10000' "$new")" = true ]
	result "the trace of $name"
done

# Texts.
cat >"$tmp/text" <<END
# by hand
alloc 1 53 time=1000
alloc 2 8192 align=4096 zero thread=2 time=2048
realloc 1 3 100 type=vnode
realloc 3 0 9999999999 failed

free 2 thread=1
alloc 0 5 failed
free 3 time=1000000
END
kma trace --from-text "$tmp/text" "$t"
says 0 '' 'a trace from a text'
"$kma" trace --text "$t" >"$tmp/got"
cat >"$tmp/want" <<END
alloc 1 53 thread=1 time=896
alloc 2 8192 align=4096 zero thread=2 time=2048
realloc 1 3 100 thread=2 time=2048
realloc 3 0 9999999999 failed thread=2 time=2048
free 2 thread=1 time=2048
alloc 0 5 failed thread=1 time=2048
free 3 thread=1 time=999936
END
diff "$tmp/want" "$tmp/got" >"$tmp/diff"
result 'and back' "@$tmp/diff"
kma trace "$t"
echo "$out" | grep -q '^Operations   7: 3 alloc, 2 free, 2 realloc; 2 failed$' &&
	echo "$out" | grep -q '^Live, most   8292 bytes in 2 objects' &&
	echo "$out" | grep -q '^Small        66.7 %'
result 'the table' "$out"
"$kma" run --trace "$t" -- "$traced" ops "$tmp/said"
kma trace --pack "$tmp/packed" "$t"
"$kma" trace --text "$t" | sed 's/time=.*//' >"$tmp/a"
"$kma" trace --text "$tmp/packed" | sed 's/time=.*//' | cmp -s - "$tmp/a" &&
	[ "$(wc -c <"$tmp/packed")" -lt "$(wc -c <"$t")" ]
result 'packed, it says the same'
"$kma" trace --text "$tmp/packed" >"$tmp/a"
kma trace --from-text "$tmp/a" "$tmp/again"
"$kma" trace --text "$tmp/again" | sed 's/time=.*//' >"$tmp/b"
sed 's/time=.*//' "$tmp/a" | cmp -s - "$tmp/b"
result 'through a text, too'
for line in 'malloc 1 2' 'alloc 1' 'alloc 1 x' 'free 0' 'alloc 0 5' \
	'alloc 1 2 failed' 'alloc 1 2 align=3' 'alloc 1 2 blue' \
	'realloc 0 1 2' 'free 1 time=1' 'alloc 1 2 thread=0'; do
	printf 'alloc 7 1 time=5\n%s\n' "$line" >"$tmp/text"
	kma trace --from-text "$tmp/text" "$tmp/no"
	says 9 'text: line 2: ' "refused: $line"
done

# Pictures.
kma trace --plot "$tmp/t.svg" "$t"
[ "$status" -eq 0 ] && grep -q '</svg>' "$tmp/t.svg"
result 'a picture' "status $status: $err"
err=$(PATH=/nowhere "$kma" trace --plot "$tmp/t.svg" "$t" 2>&1)
[ $? -eq 1 ] && echo "$err" | grep -q 'gnuplot-nox'
result 'no gnuplot: the message names the package' "$err"

# Damage.
size=$(wc -c <"$tmp/packed")
for part in 3 300 600 9000 $((size - 1)); do
	head -c "$part" "$tmp/packed" >"$tmp/cut"
	kma trace "$tmp/cut"
	says 9 "cut: \(not a trace\|offset $part: cut off\)" "cut after $part bytes"
done
kma trace "$tmp/cut"
echo "$out" | grep -q '^Operations   2'
result 'what is left of it is shown'
head -c 3000 "$t" >"$tmp/cut"
kma trace --text "$tmp/cut"
says 9 'cut off within' "a library's file that is cut"
cp "$tmp/packed" "$tmp/bad"
printf '\377' | dd of="$tmp/bad" bs=1 seek=9000 conv=notrunc 2>/dev/null
printf '\007' | dd of="$tmp/bad" bs=1 seek=8752 conv=notrunc 2>/dev/null
kma trace "$tmp/bad"
says 9 'bad: offset 8752: no record' 'a damaged record: where it is'
printf '\002' | dd of="$tmp/bad" bs=1 seek=12 conv=notrunc 2>/dev/null
kma trace "$tmp/bad"
says 6 'version 2 of the format; this command knows version 1' 'a newer version'
kma trace "$tmp/none"
says 1 'No such file' 'no file'
kma trace "$tmp/text"
says 9 'not a trace' 'another file'
kma trace "$tmp"
says 9 'not a file' 'a folder'
kma trace
says 2 'no file' 'no argument'
kma trace --json --text "$t"
says 2 'one of these' 'two at a time'
kma trace --blue "$t"
says 2 'usage' 'an unknown option'
echo mine >"$tmp/mine"
kma trace --pack "$tmp/mine" "$t"
[ "$status" -eq 1 ] && [ "$(cat "$tmp/mine")" = mine ]
result 'another file is not overwritten' "$err"
"$kma" trace --text "$t" >/dev/full 2>"$tmp/err"
[ $? -eq 1 ] && grep -q 'No space' "$tmp/err"
result 'nowhere to write to' "@$tmp/err"

plan
