#!/bin/sh
# tests/options/run.sh: KMA_OPTIONS, each key of it, and what is wrong in it.

. "${KMA_SRCDIR:-.}/tests/tap.sh"

progs=$KMA_BUILDDIR/tests/options

# kma OPTIONS COMMAND [ARGS]: leaves $out, $err and $status.
kma() {
	opts=$1
	shift
	(
		(
			exec env LD_PRELOAD="$LIBKMA" KMA_OPTIONS="$opts" \
			    "$@" >"$tmp/out" 2>"$tmp/err"
		)
		exit $?
	) 2>/dev/null
	status=$?
	out=$(cat "$tmp/out")
	err=$(cat "$tmp/err")
}

# works OPTIONS NAME: the program does what it does without options, and
# leaves $err to be looked at.
works() {
	kma "$1" "$progs/usable" 33 65
	[ "$status" -eq 0 ] && [ "$out" = "${3:-64 128}" ]
	result "$2: the program runs on" "status $status: $out"
}

# says NAME LINE ...: standard error is exactly these lines.
says() {
	name=$1
	shift
	want=$(printf '%s\n' "$@")
	[ "$err" = "$want" ]
	result "$name" "want: $want
got: $err"
}

unknown() {
	echo "libkma: KMA_OPTIONS: unknown option '$1'"
}

bad() {
	echo "libkma: KMA_OPTIONS: bad value '$2' for '$1'"
}

# Without any, and with nothing in it.
for options in '' ',' ',,,,' ',abort=yes,' 'abort=yes,,deepbind=drop'; do
	works "$options" "'$options'"
	says "'$options': not a word"
done

# help
works help help
for key in help stats decay spacing reserve deepbind abort accounting limit; do
	echo "$err" | grep -qE "^libkma:  +$key(=|\[|:| )"
	result "help: names $key" "$err"
done
! echo "$err" | grep -q -e unknown -e bad
result "help: no complaint" "$err"
works help,spacing=4 "help and spacing=4" "48 80"

# Unknown keys.
for key in nonsense Stats STATS ' stats' 'stats ' stat statss 'no such key'; do
	works "$key" "'$key'"
	says "'$key': is unknown" "$(unknown "$key")"
done
works 'nonsense=1' "nonsense=1"
says "nonsense=1: names the key" "$(unknown nonsense)"
works '=4' "=4"
says "=4: an empty key" "$(unknown '')"
works 'one,spacing=4,two=2,,three=' "unknown keys around a good one" "48 80"
says "all of them are named" "$(unknown one)" "$(unknown two)" \
    "$(unknown three)"
works 'help=1' "help=1"
says "help=1: takes no value" "$(bad help 1)"

# Bad values; what else there is still counts.
for pair in spacing=0 spacing=3 spacing=5 spacing=8 spacing=-1 spacing=x \
    spacing= spacing=1x spacing=18446744073709551617 'spacing=1 ' \
    decay= decay=x decay=-1 decay=1x decay=99999999999999999999 \
    reserve= reserve=x reserve=-1 reserve=0 reserve=10Q \
    reserve=99999999999999999999 reserve=99999999T \
    deepbind= deepbind=yes deepbind=Drop abort= abort=maybe abort=YES \
    abort=yess abort=n stats= accounting= limit= limit=x limit=1Q \
    limit=a: limit=:1; do
	key=${pair%%=*}
	value=${pair#*=}
	works "$pair" "$pair"
	says "$pair: a bad value" "$(bad "$key" "$value")"
done
for key in spacing decay reserve deepbind abort accounting limit; do
	works "$key" "$key without a value"
	says "$key without a value" "$(bad $key '')"
done
works 'decay=x,spacing=4,abort=maybe' "a good one between two bad" "48 80"
says "both are named" "$(bad decay x)" "$(bad abort maybe)"
works 'spacing=4,spacing=x' "a bad one after a good one" "48 80"
works 'spacing=2,spacing=4' "the last one counts" "48 80"
works 'spacing=1=4' "two equal signs"
says "two equal signs" "$(bad spacing 1=4)"

# Very long ones.
long=$(printf '%05000d' 0)
works "$long,spacing=4" "a key of 5000 characters" "48 80"
echo "$err" | grep -q "^libkma: KMA_OPTIONS: unknown option '000"
result "a key of 5000 characters is unknown" "$err"
works "spacing=$long,spacing=4" "a value of 5000 characters" "48 80"
echo "$err" | grep -q "^libkma: KMA_OPTIONS: bad value '000"
result "a value of 5000 characters is bad" "$err"
works "stats=/$long,spacing=4" "a file name of 5000 characters" "48 80"
echo "$err" | grep -q "^libkma: KMA_OPTIONS: bad value '/000.*for 'stats'\$"
result "a file name of 5000 characters is bad" "$err"
many=$(printf 'abort=yes,%.0s' 1 2 3 4 5 6 7 8 9 10)
many=$many$many$many$many$many$many$many$many$many$many
many=$many$many$many$many$many$many$many$many$many$many
works "${many}spacing=4" "1000 options" "48 80"
says "1000 options: not a word"
commas=$(printf '%05000d' 0 | tr 0 ,)
works "$commas" "5000 commas"
says "5000 commas: not a word"
works "$(printf '\001\377\200=\033')" "bytes of all kinds"
[ -n "$err" ]
result "bytes of all kinds: a message"

# spacing
for row in 1:64:128:256 learn:64:128:256 2:48:96:192 4:48:80:160; do
	IFS=: read -r spacing small large larger <<END
$row
END
	kma "spacing=$spacing" "$progs/usable" 33 65 129 32 64 128 16 1
	[ "$out" = "$small $large $larger 32 64 128 16 16" ]
	result "spacing=$spacing: lists between the powers of two" "$out"
done

# reserve and decay take their units, and change no result.
for options in reserve=64M reserve=1G reserve=1g reserve=67108864 \
    reserve=65536K reserve=1T decay=0 decay=1 decay=1000 decay=1073741824; do
	works $options $options
	says "$options: not a word"
done
kma reserve=64M "$progs/load" 1000 40000 0
[ "$status" -eq 0 ]
result "reserve=64M: there is room for 40 MB" "status $status: $err"
kma reserve=64M "$progs/load" 1000 80000 0
[ "$status" -eq 3 ] && [ -z "$err" ]
result "reserve=64M: malloc of 80 MB in all fails" "status $status: $err"

# abort: the messages themselves are in tests/misuse.
kma abort=no "$KMA_BUILDDIR/tests/misuse/double_free" 64
[ "$status" -eq 0 ]
result "abort=no: goes on after a misuse" "status $status: $err"
for options in '' abort=yes abort=no,abort=yes; do
	kma "$options" "$KMA_BUILDDIR/tests/misuse/double_free" 64
	[ "$status" -eq 134 ]
	result "'$options': aborts at a misuse" "status $status: $err"
done

# deepbind
if $CC -shared -fPIC -o "$tmp/plugin.so" "$KMA_SRCDIR/tests/options/plugin.c"
then
	for options in '' deepbind=drop; do
		kma "$options" "$progs/deepbind" "$tmp/plugin.so"
		[ "$status" -eq 0 ] && [ "$out" = freed ] && [ -z "$err" ]
		result "'$options': a plugin's memory can be freed" \
		    "status $status: $err"
	done
	kma deepbind=keep "$progs/deepbind" "$tmp/plugin.so"
	[ "$status" -eq 134 ] && echo "$err" |
	    grep -q '^libkma: free(0x[0-9a-f]*): non-malloced addr$'
	result "deepbind=keep: the plugin has another malloc" \
	    "status $status: $err"
else
	skip "deepbind" "cannot build a shared object"
fi

# Ignored for a set-user-ID program. LD_PRELOAD is too, so the program has to
# be linked with the library.
secure="set-user-ID: KMA_OPTIONS is ignored"
soname=$(LC_ALL=C readelf -d "$LIBKMA" |
    sed -n 's/.*SONAME.*\[\(.*\)\].*/\1/p')
if [ "$(id -u)" -ne 0 ]; then
	skip "$secure" "needs root, to give a program to another user"
elif ! cp "$LIBKMA" "$tmp/$soname" ||
    ! $CC -D_GNU_SOURCE -o "$tmp/suid" "$KMA_SRCDIR/tests/options/usable.c" \
	"$tmp/$soname" -Wl,-rpath,"$tmp"; then
	skip "$secure" "cannot link a program with libkma"
else
	chmod 755 "$tmp" "$tmp/$soname"
	out=$(KMA_OPTIONS=spacing=4 "$tmp/suid" 33 65)
	[ "$out" = "48 80" ]
	result "linked with libkma: KMA_OPTIONS counts" "$out"
	chown 65534 "$tmp/suid" && chmod 4755 "$tmp/suid"
	if [ "$("$tmp/suid" '?')" != secure ]; then
		skip "$secure" "set-user-ID has no effect in $tmp"
	else
		out=$(KMA_OPTIONS=help,spacing=4,stats,nonsense \
		    "$tmp/suid" 33 65 2>"$tmp/err")
		err=$(cat "$tmp/err")
		[ "$out" = "64 128" ] && [ -z "$err" ]
		result "$secure" "$out
$err"
	fi
fi

# stats
kma stats "$progs/usable" 33 65
[ "$status" -eq 0 ] && [ "$out" = "64 128" ]
result "stats: the program's output is as before" "$out"
echo "$err" | grep -qE '^ *Size +In Use +Free +Requests +High Water$'
result "stats: the table's heading, on standard error" "$err"
[ "$(echo "$err" | grep -cE '^requests [0-9]+$')" -eq 1 ]
result "stats: one line 'requests N'" "$err"
kma "stats=$tmp/file" "$progs/usable" 33 65
[ "$status" -eq 0 ] && [ "$out" = "64 128" ] && [ -z "$err" ] &&
    grep -qE '^requests [0-9]+$' "$tmp/file"
result "stats=FILE: into the file, nothing on standard error" "$err"
# shellcheck disable=SC2016
kma "stats=$tmp/f%p.%p" sh -c 'echo $$; exec "$0" 100' "$progs/usable"
pid=$(echo "$out" | head -n 1)
[ "$status" -eq 0 ] && grep -q '^requests' "$tmp/f$pid.$pid"
result "stats=FILE: %p is the PID"
kma "stats=$tmp/no/such/folder" "$progs/usable" 33 65
[ "$status" -eq 0 ] && [ "$out" = "64 128" ] && [ -n "$err" ]
result "stats=FILE that cannot be made: a message, and it runs on" "$err"
# shellcheck disable=SC2016
kma stats sh -c 'exec 2>&-; exec "$0" 33 65' "$progs/usable"
[ "$status" -eq 0 ] && [ "$out" = "64 128" ]
result "stats with standard error closed: it runs on" "$status $out"
# shellcheck disable=SC2016
kma stats sh -c 'exec <&- >&- 2>&-; exec "$0" 64 100 100' "$progs/load"
[ "$status" -eq 0 ]
result "stats with everything closed: it runs on" "status $status"

# row FILE SIZE: In Use, Free, Requests of the list of that size.
row() {
	awk -v size="$2" '$1 == size && NF == 5 { print $2, $3, $4 }' "$1"
}

requests() {
	sed -n 's/^requests //p' "$1"
}

# exact SIZE LIST LIVE FREED THREADS: what LIVE and FREED more in each thread
# change is exactly that.
exact() {
	what="stats, $1 bytes, $3 live and $4 freed in $5 threads"
	kma "spacing=1,stats=$tmp/a" "$progs/load" "$1" 100 50 "$5"
	kma "spacing=1,stats=$tmp/b" "$progs/load" "$1" $((100 + $3)) $((50 + $4)) "$5"
	times=$(($5 > 0 ? $5 : 1))
	a=$(row "$tmp/a" "$2")
	b=$(row "$tmp/b" "$2")
	if [ "$2" = longer ]; then
		a=$(awk '$1 == "longer" { print $2, $3, $4 }' "$tmp/a")
		b=$(awk '$1 == "longer" { print $2, $3, $4 }' "$tmp/b")
	fi
	[ $((${b%% *} - ${a%% *})) -eq $(($3 * times)) ]
	result "$what: In Use" "$a
$b"
	[ $((${b##* } - ${a##* })) -eq $((($3 + $4) * times)) ]
	result "$what: Requests" "$a
$b"
	ra=$(requests "$tmp/a")
	rb=$(requests "$tmp/b")
	[ $((rb - ra)) -eq $((($3 + $4) * times)) ]
	result "$what: requests in all" "$ra, $rb"
}

exact 64 64 1000 0 0
exact 64 64 0 1000 0
exact 64 64 1000 5000 0
exact 16 16 12345 6789 0
exact 100 128 777 1 0
exact 1000 1024 1 77777 0
exact 4096 4096 500 500 0
exact 8000 8192 500 500 0
exact 10000 12288 100 1000 0
exact 200000 200704 30 100 0
exact 300000 longer 10 100 0
exact 64 64 1000 5000 1
exact 64 64 1000 5000 16
exact 4096 4096 10 100 8
exact 20000 20480 10 100 8

# The columns add up: all requests are in some row, and all live bytes.
kma "stats=$tmp/sum" "$progs/load" 500 1000 1000 3
awk '
	/^ *(Memory statistics|Page runs)/ || $1 == "Size" { next }
	/^Memory totals/ { rows = 1 }
	!rows && NF >= 4 && $1 ~ /^([0-9]+|longer)$/ { sum += $4 }
	$1 == "requests" { total = $2 }
	END { exit !(total > 0 && sum == total) }' "$tmp/sum"
result "stats: the rows' requests add up to the total"

# mallinfo2 and the table tell the same: see tests/conform.

plan
