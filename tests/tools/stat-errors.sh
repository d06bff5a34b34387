#!/bin/sh
# tests/tools/stat-errors.sh: what kma stat cannot do, each with its message and
# its exit status; and memory that changes or ends while it is read.

# shellcheck source=tests/tools/lib.sh
. "${KMA_SRCDIR:-.}/tests/tools/lib.sh"

# Usage.
kma
says 2 '^usage: kma COMMAND' 'kma without a command'
kma nonsense
says 2 'no such command: nonsense' 'an unknown command'
kma stat
says 2 'one process or core file is wanted' 'stat of nothing'
kma stat 1 2
says 2 'one process or core file is wanted' 'stat of two'
kma stat --nonsense 1
says 2 '^usage: kma stat' 'an unknown option'
for w in 0 -1 x '' 1x nan; do
	kma stat -w "$w" 1
	says 2 'bad interval' "-w '$w'"
done
for c in 0 -1 x '' 1x; do
	kma stat -c "$c" 1
	says 2 'bad count' "-c '$c'"
done
kma stat --prometheus -w 1 1
says 2 'without -w' '--prometheus and -w'
for args in --help 'stat --help' 'run --help' help --version; do
	# shellcheck disable=SC2086
	kma $args
	[ "$status" -eq 0 ] && [ -n "$out" ] && [ -z "$err" ]
	result "kma $args" "status $status: $err"
done
"$kma" --version | grep -q '^kma (libkma) [0-9]'
result '--version has a version'

# No such process.
for p in 0 999999999 4194304 99999999999999999999; do
	kma stat $p
	says 3 "no such process: $p" "no process $p"
done
kma stat "$tmp/nothing"
says 3 'is no process, and as a file: No such file' 'neither process nor file'
kma stat ''
says 3 'is no process' 'an empty name'

# Ended, and not waited for.
begin "$kma" run "$subject" zombie
kma stat "$(pgrep -P "$pid")"
says 7 'has exited' 'a process that nobody has waited for'
finish

# Without libkma.
begin "$subject" quiet 64 10
kma stat "$pid"
says 5 "process $pid has no libkma" 'a process without libkma'
finish

# With a libkma of another version: the word for the layout is changed in a
# copy of the library.
at=$(grep -abo 'libkma figures' "$LIBKMA" | head -n 1 | cut -d : -f 1)
begin "$kma" run "$subject" quiet 64 10
kma stat "$pid"
says 0 '' 'a process with this libkma'
finish
for layout in 2 0 255; do
	cp "$LIBKMA" "$tmp/other.so"
	# shellcheck disable=SC2059
	{
		printf "\\$(printf %o $layout)" |
			dd of="$tmp/other.so" bs=1 seek=$((at + 16)) conv=notrunc
		printf '7.8.9\0' |
			dd of="$tmp/other.so" bs=1 seek=$((at + 24)) conv=notrunc
	} 2>"$tmp/log"
	begin env LD_PRELOAD="$tmp/other.so" "$subject" quiet 64 10
	kma stat "$pid"
	own=$("$kma" --version | sed 's/.* //')
	says 6 "process $pid has libkma 7.8.9, whose figures have layout \
$layout: this is kma $own for layout 1" "layout $layout"
	finish
done

# No permission.
if [ "$(id -u)" -ne 0 ] || ! command -v setpriv >/dev/null; then
	skip 'no permission' 'needs root and setpriv'
else
	cp "$kma" "$tmp/kma"
	chmod 755 "$tmp/kma"
	as_nobody() {
		setpriv --reuid 65534 --regid 65534 --clear-groups \
			--bounding-set -all --inh-caps -all "$@"
	}
	begin env LD_PRELOAD="$LIBKMA" "$subject" quiet 64 10
	as_nobody "$tmp/kma" stat "$pid" >"$tmp/out" 2>"$tmp/err"
	status=$?
	err=$(cat "$tmp/err")
	says 4 "no permission to read process $pid: it is of user 0" \
		"another user's process"
	finish
	cp "$subject" "$tmp/subject"
	cp "$LIBKMA" "$tmp/libkma.so"
	chmod 755 "$tmp/subject" "$tmp/libkma.so"
	begin setpriv --reuid 65534 --regid 65534 --clear-groups \
		env LD_PRELOAD="$tmp/libkma.so" "$tmp/subject" hidden
	as_nobody "$tmp/kma" stat "$pid" >"$tmp/out" 2>"$tmp/err"
	status=$?
	err=$(cat "$tmp/err")
	says 4 'it is not dumpable' "one's own, not dumpable"
	finish
	begin setpriv --reuid 65534 --regid 65534 --clear-groups \
		env LD_PRELOAD="$tmp/libkma.so" "$tmp/subject" quiet 64 10
	as_nobody "$tmp/kma" stat "$pid" >"$tmp/out" 2>"$tmp/err"
	status=$?
	err=$(cat "$tmp/err")
	if [ "$(cat /proc/sys/kernel/yama/ptrace_scope 2>/dev/null)" -gt 0 \
		] 2>/dev/null; then
		says 4 'Yama forbids it (kernel.yama.ptrace_scope is' \
			"one's own, under Yama"
	else
		says 0 '' "one's own"
	fi
	kma stat "$pid"
	says 0 '' "root looks at another user's"
	finish
fi

# Nowhere to write to.
begin "$kma" run "$subject" quiet 64 10
"$kma" stat "$pid" 2>"$tmp/err" >/dev/full
status=$?
err=$(cat "$tmp/err")
says 1 'cannot write: No space left' 'a full device'

# What happens while it reads: each read may be the one that fails.
if $CC -shared -fPIC -O2 -o "$tmp/spoil.so" \
	"$KMA_SRCDIR/tests/tools/spoil.c" 2>"$tmp/log"; then
	# spoilt HOW: kma stat, that way.
	spoilt() {
		SPOIL=$1 LD_PRELOAD=$tmp/spoil.so "$kma" stat "$pid" \
			>"$tmp/out" 2>"$tmp/err"
		status=$?
		out=$(cat "$tmp/out")
		err=$(cat "$tmp/err")
	}
	bad=
	for n in 1 2 3 5 8 13 21 34 55 89 144 233 300; do
		spoilt after:$n:3	# ESRCH
		[ "$status" -eq 7 ] &&
			[ "$err" = "kma: process $pid has exited" ] &&
			[ -z "$out" ] || bad="$bad $n: $status $err"
		spoilt after:$n:14	# EFAULT
		[ "$status" -eq 7 ] || { [ "$status" -eq 5 ] &&
			[ -z "$out" ]; } || bad="$bad $n: $status $err"
		spoilt after:$n:1	# EPERM
		[ "$status" -eq 4 ] || bad="$bad $n: $status $err"
		spoilt after:$n:5	# EIO
		[ "$status" -eq 1 ] || bad="$bad $n: $status $err"
	done
	[ -z "$bad" ]
	result 'each read may fail: a message, and no table' "$bad"
	spoilt after:1000000:3
	says 0 '' 'later than that, it is all there'
	bad=
	n=0
	while [ $n -lt 100 ]; do
		n=$((n + 1))
		spoilt bytes:$n
		case $status in
		0 | 5 | 6 | 7) ;;
		*) bad="$bad $n: $status $err" ;;
		esac
	done
	[ -z "$bad" ]
	result 'garbage instead of what is there: no crash, and an end' "$bad"
else
	skip 'memory that changes' 'cannot build a shared object'
fi
finish
plan
