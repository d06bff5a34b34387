#!/bin/sh
# tests/accounting/programs.sh: real programs under accounting=object do what
# they do without, and their memory is charged to their objects.

. "${KMA_SRCDIR:-.}/tests/tap.sh"

# type FILE PATTERN: bytes in use at most, of the types that match.
type() {
	awk -v pattern="$2" '
		/^Memory statistics by type/ { table = 1; next }
		/^Memory/ { table = 0 }
		table && $1 ~ pattern { sum += $4 }
		END { print sum + 0 }' "$1"
}

# program NAME PATTERN: a program whose memory is mostly that of PATTERN.
program() {
	name=$1
	pattern=$2
	shift 2
	if ! command -v "$1" >/dev/null; then
		skip "$name" "no $1"
		return
	fi
	"$@" >"$tmp/want" 2>&1
	LD_PRELOAD=$LIBKMA KMA_OPTIONS=accounting=object,stats=$tmp/stats.%p \
	    "$@" >"$tmp/have" 2>&1
	diff "$tmp/want" "$tmp/have" >"$tmp/diff"
	result "$name: the same output" "@$tmp/diff"
	cat "$tmp"/stats.* >"$tmp/stats"
	rm -f "$tmp"/stats.*
	[ "$(type "$tmp/stats" "$pattern")" -gt 100000 ]
	result "$name: its objects' memory" "@$tmp/stats"
}

program python3 '^(python|libpython)' python3 -c '
import json, re, threading
data = {str(i): [i, str(i) * 3] for i in range(3000)}
text = json.dumps(data, sort_keys=True)
def work():
    for i in range(20):
        assert json.loads(text) == data
threads = [threading.Thread(target=work) for i in range(4)]
for t in threads: t.start()
for t in threads: t.join()
print(len(text), len(re.findall("[0-9]+", text)))
'
# shellcheck disable=SC2016
program perl '^(perl|libperl)' perl -e '
my %h = map { $_ => "x" x ($_ % 100) } 1 .. 20000;
my $n = 0;
$n += length($h{$_}) for sort keys %h;
print "$n\n";
print scalar(`echo hello`);
'

# A program of which it is known what it leaves: the table has exactly that.
LD_PRELOAD=$LIBKMA KMA_TEST_REEXEC=1 \
    KMA_OPTIONS="accounting=object,stats=$tmp/stats" \
    "$KMA_BUILDDIR/tests/accounting/objects" >/dev/null
awk '$1 == "libone.so" && NF > 6 { print $2, $3 }
	$1 == "libtwo.so" && NF > 6 { print $2, $3 }
	$1 == "libthree.so" && NF > 6 { print $2, $3 }' \
    "$tmp/stats" >"$tmp/have"
printf '%s\n' '4 8576' '0 0' '0 0' | diff - "$tmp/have" >"$tmp/diff"
result "the table says what is left" "@$tmp/diff"

# Rules that cannot be read: said once, and the program runs on.
out=$(LD_PRELOAD=$LIBKMA KMA_OPTIONS=accounting=$tmp/none \
    sh -c 'echo $((6 * 7))' 2>"$tmp/err")
[ "$out" = 42 ] && [ "$(cat "$tmp/err")" = \
    "libkma: KMA_OPTIONS: accounting: cannot read '$tmp/none'" ]
result "rules that are not there" "@$tmp/err"

plan
