#!/bin/sh
# tests/survival/calls.sh: libkma makes the system calls that kma(7) lists, and
# no others. strace tells from where each call is made.

. "${KMA_SRCDIR:-.}/tests/tap.sh"

strace -o "$tmp/log" true 2>"$tmp/err" ||
	skip_all "no strace: $(head -n 1 "$tmp/err")"

# listed ITEM...: the calls of these items of kma(7), all items without one.
listed() {
	awk -v items="$*" '
		BEGIN { n = split(items, item, " ") }
		/^\.Sh/ { on = /SYSTEM CALLS/ }
		on && /^\.It/ {
			wanted = n == 0
			for (i = 1; i <= n; i++)
				if (index($0, item[i]) > 0)
					wanted = 1
		}
		on && wanted && /^\.Ql/ {
			gsub(/[,;.]|Ql/, "")
			for (i = 1; i <= NF; i++)
				print $i
		}' "$KMA_SRCDIR/man/kma.7" | sort -u
}

# made: those that come from libkma, in a log of strace -f -i.
made() {
	awk '
		function number(hex, i, n) {
			for (i = 1; i <= length(hex); i++)
				n = n * 16 + index("0123456789abcdef",
				    substr(hex, i, 1)) - 1
			return n
		}
		!match($0, /\[[0-9a-f]+\] [a-z]/) { next }
		{
			at = number(substr($0, RSTART + 1, RLENGTH - 4))
			call = substr($0, RSTART + RLENGTH - 1)
			result = call
			sub(/.* = (0x)?/, "", result)
		}
		call ~ /^openat\(.*libkma\.so/ { fd = result }
		call ~ /^mmap\(/ && fd != "" && call ~ /PROT_EXEC/ &&
		    index(call, ", " fd ", ") > 0 {
			split(call, argument, ", ")
			from = number(result)
			to = from + argument[2]
			fd = ""
			next
		}
		at >= from && at < to { sub(/\(.*/, "", call); print call }
		END { if (from == 0) print "libkma-is-not-there" }
	' "$1" | sort -u
}

# A call more in the list would be a hole for no reason, and one in the source
# that is not in the list one that a test may not have met.
listed >"$tmp/listed"
cat "$KMA_SRCDIR"/lib/*.c | grep -o 'SYS_[a-z0-9_]*[a-z0-9]' |
	sed 's/^SYS_//' | sort -u >"$tmp/source"
[ "$(wc -l <"$tmp/listed")" -gt 20 ] &&
	diff "$tmp/listed" "$tmp/source" >"$tmp/log"
result 'kma(7) lists the calls of the source, and no others' "@$tmp/log"
nm -D --undefined-only "$LIBKMA" | sed 's/.* //; s/@.*//' |
	grep -xFf "$tmp/listed" >"$tmp/log"
[ $? -eq 1 ]
result 'and none of them is made through libc' "@$tmp/log"

# calls NAME OPTIONS ITEMS COMMAND...: it makes those of the items only.
calls() {
	name=$1
	options=$2
	items=$3
	shift 3
	# shellcheck disable=SC2086
	listed allocation each $items >"$tmp/may"
	# shellcheck disable=SC2086
	timeout 300 strace -f -i -o "$tmp/strace" $inject \
		-E LD_PRELOAD="$LIBKMA" -E KMA_OPTIONS="$options" "$@" \
		>"$tmp/log" 2>&1
	made "$tmp/strace" >"$tmp/made"
	cat "$tmp/made" >>"$tmp/seen"
	all=$(tr '\n' ' ' <"$tmp/made")
	grep -qx mmap "$tmp/made" &&
		! comm -13 "$tmp/may" "$tmp/made" | grep . >"$tmp/log"
	result "$name: $all" "@$tmp/log"
}

inject=
circumstances=$KMA_BUILDDIR/tests/survival/circumstances
while read -r options items; do
	[ "$options" != default ] || options=
	calls "${options:-default}" "$options" "$items" "$circumstances" plain
	rm -f "$tmp"/trace.*
done <<EOF
default
spacing=1
limit=4G
decay=0
stats=$tmp/stats stats
accounting=object accounting
diagnostic=leaks diagnostic message
hardened hardened
trace=$tmp/trace.%p trace
EOF
calls 'threads at once' '' '' "$KMA_BUILDDIR/tests/survival/chaos" 1 1 8
inject='-e inject=fallocate:error=EOPNOTSUPP'
calls 'a trace where no blocks can be set aside' "trace=$tmp/trace" trace \
	"$circumstances" sshd
inject=
calls 'a trace of several programs, in this folder' 'trace=calls-trace' trace \
	sh -c 'ls /; ls /'
rm -f calls-trace*
calls 'long blocks' '' '' "$KMA_BUILDDIR/tests/conform/realloc-big"
calls 'a misuse' abort=no message "$KMA_BUILDDIR/tests/misuse/free_stack"
calls 'a misuse, diagnostic' diagnostic,abort=no 'diagnostic message' \
	"$KMA_BUILDDIR/tests/misuse/double_free_later"
calls 'a misuse, hardened' hardened,abort=no 'hardened message' \
	"$KMA_BUILDDIR/tests/misuse/double_free_later"
calls 'a wait' '' 'M_WAITOK message' \
	"$KMA_BUILDDIR/tests/misuse/typed_wait" alone
# shellcheck disable=SC2016
calls 'a message that nobody can read' abort=no message \
	sh -c 'ulimit -f 0; exec "$0" >/dev/null' \
	"$KMA_BUILDDIR/tests/misuse/free_stack"
calls 'figures' '' 'stats message' "$KMA_BUILDDIR/tests/conform/info"

# All were met; sched_yield takes two threads at one instant of the start.
{ cat "$tmp/seen"; echo sched_yield; } | sort -u |
	comm -23 "$tmp/listed" - >"$tmp/log"
empty 'each of the list was made here' "$tmp/log"
plan
