#!/bin/sh
# tests/tools/stat-core.sh: kma stat of core files: gdb's and the kernel's,
# whole, cut short, and of another version.

# shellcheck source=tests/tools/lib.sh
. "${KMA_SRCDIR:-.}/tests/tools/lib.sh"

# common: the tables, but for what a core file does not have.
common() {
	grep -vE '^(process-resident|heap)'
}

# alike CORE NAME: its tables are $tmp/live.
alike() {
	kma stat "$1"
	[ "$status" -eq 0 ] && [ -z "$err" ]
	result "$2" "status $status: $err"
	echo "$out" | common | diff "$tmp/live" - >"$tmp/diff"
	result "$2: the tables are those of the process" "@$tmp/diff"
}

# cores NAME COMMAND ...: of a program that is started so.
cores() {
	name=$1
	shift
	rm -f "$tmp"/core*
	# shellcheck disable=SC3045
	ulimit -c unlimited 2>/dev/null
	cd "$tmp" || exit 1
	begin "$@" quiet 64 1000 100 500 50000 9 1000000 3
	cd "$OLDPWD" || exit 1
	"$kma" stat "$pid" | common >"$tmp/live"
	if command -v gcore >/dev/null &&
		gcore -o "$tmp/gdb" "$pid" >"$tmp/log" 2>&1; then
		alike "$tmp/gdb.$pid" "$name, gcore"
	else
		skip "$name, gcore" 'gdb is not installed, or may not trace'
	fi
	case $(cat /proc/sys/kernel/core_pattern) in
	'|'* | /*)
		skip "$name, the kernel's" 'core_pattern is no plain file'
		finish
		return
		;;
	esac
	kill -ABRT "$pid"
	finish 2>/dev/null
	core=$(find "$tmp" -maxdepth 1 -name 'core*' | head -n 1)
	if [ -n "$core" ]; then
		mv "$core" "$tmp/kernel"
		alike "$tmp/kernel" "$name, the kernel's"
	else
		skip "$name, the kernel's" 'no core file was written'
	fi
}

cores preloaded env LD_PRELOAD="$LIBKMA" "$subject"
if $CC -O2 -static -fno-builtin -pthread -o "$tmp/static" \
	"$KMA_SRCDIR/tests/tools/subject.c" "$KMA_BUILDDIR/lib/libkma.a" \
	2>"$tmp/log" && strip "$tmp/static"; then
	cores static "$tmp/static"
else
	skip 'static' 'cannot link statically here'
fi

# Not core files.
kma stat "$KMA_SRCDIR/README.md"
says 8 'is no core file' 'a text'
kma stat "$kma"
says 8 'is no core file' 'a program'
: >"$tmp/empty"
kma stat "$tmp/empty"
says 8 'is no core file' 'an empty file'
kma stat "$tmp"
says 8 'is no core file' 'a folder'

core=$(find "$tmp" -maxdepth 1 -name 'gdb.*' -o -name kernel | head -n 1)
if [ -z "$core" ]; then
	skip 'core files that lack something' 'there is none'
	plan
fi

# Cut short: at any place, a message and no table.
size=$(wc -c <"$core")
bad=
parts=0
for part in 1 2 5 10 20 35 50 65 80 90; do
	head -c $((size * part / 100)) "$core" >"$tmp/cut"
	kma stat "$tmp/cut"
	case $status in
	0) ;;
	8)
		parts=$((parts + 1))
		[ -z "$out" ] || bad="$bad $part %: $out"
		;;
	*) bad="$bad $part %: $status $err" ;;
	esac
done
[ -z "$bad" ]
result 'cut short: a message' "$bad"
[ $parts -gt 0 ]
result 'cut short: at some of these places, what is needed is not there'
head -c 100 "$core" >"$tmp/cut"
kma stat "$tmp/cut"
says 8 'does not hold the pages\|makes no sense' 'cut short after the heading'

# Of another version: what is in memory counts. The library's own file in the
# core file, if it is there, has the same words.
grep -abo 'libkma figures' "$core" | cut -d : -f 1 >"$tmp/places"
cp "$core" "$tmp/other"
while read -r at; do
	printf '\011' | dd of="$tmp/other" bs=1 seek=$((at + 16)) conv=notrunc
	printf '7.8.9\0' | dd of="$tmp/other" bs=1 seek=$((at + 24)) conv=notrunc
done <"$tmp/places" 2>"$tmp/log"
kma stat "$tmp/other"
says 6 'has libkma 7.8.9, whose figures have layout 9' 'of another version'
kma stat --json "$core"
[ "$status" -eq 0 ] && echo "$out" | grep -q '"process_resident": null'
result 'what is resident is not known' "$err"
plan
