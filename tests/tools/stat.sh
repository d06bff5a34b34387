#!/bin/sh
# tests/tools/stat.sh: kma stat of processes that are quiet, busy, or linked
# statically; and its forms.

# shellcheck source=tests/tools/lib.sh
. "${KMA_SRCDIR:-.}/tests/tools/lib.sh"

# inuse SIZE: the blocks in use in $out; `longer' is a size too.
inuse() {
	echo "$out" | $AWK -v size="$1" '
	/^Memory statistics by bucket/ { on = 1 }
	/^Memory totals/ { on = 0 }
	on && $1 == size { n += $2 }
	END { print n + 0 }'
}

# without LINES: the tables, but for what differs between inside and outside,
# and what the end of the program itself changes.
common() {
	grep -vE '^(libkma:|pinned|process-resident|heap)'
}

: "${AWK:=awk}"
sizes='64 1000 100 500 3000 77 50000 9 1000000 3'

# known COMMAND ...: exactly so many blocks, compared with the program without
# them; and the tables are those that the program prints itself at its end.
known() {
	what=$1
	shift
	begin "$@" quiet
	kma stat "$pid"
	for size in 64 128 4096 53248 longer; do
		eval "was_$size=\$(inuse $size)"
	done
	finish
	export KMA_OPTIONS="stats=$tmp/inside"
	# shellcheck disable=SC2086
	begin "$@" quiet $sizes
	kma stat "$pid"
	[ "$status" -eq 0 ] && [ -z "$err" ]
	result "$what: kma stat works" "$err"
	for pair in 64:1000 128:500 4096:77 53248:9 longer:3; do
		size=${pair%:*}
		eval "n=\$(($(inuse "$size") - was_$size))"
		# shellcheck disable=SC2154
		[ "$n" -eq "${pair#*:}" ]
		result "$what: ${pair#*:} blocks of $size in use" "$n"
	done
	echo "$out" | head -n 1 | grep -qx \
		"libkma: memory statistics of process $pid"
	result "$what: the tables are of that process" "$out"
	finish
	unset KMA_OPTIONS
	echo "$out" | common >"$tmp/outside"
	common <"$tmp/inside" | diff - "$tmp/outside" >"$tmp/diff"
	result "$what: the same tables as the program prints" "@$tmp/diff"
}

known preloaded "$kma" run "$subject"
if $CC -O2 -static -fno-builtin -pthread -o "$tmp/static" \
	"$KMA_SRCDIR/tests/tools/subject.c" "$KMA_BUILDDIR/lib/libkma.a" \
	2>"$tmp/log" && strip "$tmp/static"; then
	known 'static, without symbols' "$tmp/static"
else
	skip 'static' 'cannot link statically here'
fi
# -Wl,--gc-sections must leave the note.
$CC -O2 -fno-builtin -pthread -ffunction-sections -Wl,--gc-sections \
	-o "$tmp/linked" "$KMA_SRCDIR/tests/tools/subject.c" \
	"$KMA_BUILDDIR/lib/libkma.a" 2>"$tmp/log" && strip "$tmp/linked"
begin "$tmp/linked" quiet 64 1
kma stat "$pid"
says 0 '' 'linked with libkma.a and --gc-sections'
finish

# The library's file may be gone.
cp "$LIBKMA" "$tmp/libkma.so"
begin env LD_PRELOAD="$tmp/libkma.so" "$subject" quiet 64 1
rm "$tmp/libkma.so"
echo nothing >"$tmp/libkma.so"
kma stat "$pid"
says 0 '' 'a library whose file was replaced'
finish

# Two copies of the library: the one that serves malloc is meant.
cp "$LIBKMA" "$tmp/copy.so"
for order in "$LIBKMA $tmp/copy.so" "$tmp/copy.so $LIBKMA"; do
	begin env LD_PRELOAD="$order" "$subject" quiet 64 1000
	kma stat "$pid"
	[ "$status" -eq 0 ] && [ "$(inuse 64)" -ge 1000 ]
	result 'two copies of the library' "$err $out"
	finish
done

# A program that has not allocated yet.
cat >"$tmp/none.c" <<'END'
#include <unistd.h>
int main(void)
{
	char c;

	return (write(1, "ready\n", 6) != 6 || read(0, &c, 1) < 0);
}
END
$CC -o "$tmp/none" "$tmp/none.c" && begin env LD_PRELOAD="$LIBKMA" "$tmp/none"
kma stat "$pid"
[ "$status" -eq 0 ] && echo "$out" | grep -qx 'requests 0' &&
	echo "$out" | grep -qx 'in-use 0'
result 'a program that has not allocated yet' "$err $out"
finish

# JSON and Prometheus, of a busy process: whatever moment it is, the figures
# fit together.
cat >"$tmp/check.jq" <<'END'
def sum(f): map(f) | add // 0;
[inputs] |
(length | if . == $n then empty else "\(.) documents" end),
(.[] | select(
	(.totals.in_use !=
	    (.buckets | sum(.in_use * .size)) + .totals.long_run_bytes) or
	(.totals.in_pages < (.buckets | sum(.page_bytes))) or
	(.totals.in_pages > .totals.in_pages_max) or
	(.totals.in_use + .totals.cached > .totals.in_pages) or
	(.buckets | any((.in_use + .free) * .size > .page_bytes)) or
	(.buckets | any(.cached > .free)) or
	([.. | numbers] | any(. < 0 or . > 1e15))) | tojson),
([.[].totals.requests] | if . == sort then empty
    else "requests go down" end),
(map(.totals.requests) | if (last > first) or length == 1 then empty
    else "no requests" end)
END
if command -v jq >/dev/null; then
	begin "$kma" run "$subject" busy 3
	kma stat -w 0.01 -c 200 --json "$pid"
	[ "$status" -eq 0 ] && [ -z "$err" ]
	result 'busy: 200 looks' "status $status: $err"
	jq -nr --argjson n 200 -f "$tmp/check.jq" "$tmp/out" >"$tmp/log" 2>&1
	[ $? -eq 0 ] && [ ! -s "$tmp/log" ]
	result 'busy: each of them fits together' "@$tmp/log"
	i=0
	: >"$tmp/all"
	while [ $i -lt 20 ]; do
		i=$((i + 1))
		"$kma" stat --json "$pid" >>"$tmp/all" || break
	done
	jq -nr --argjson n 20 -f "$tmp/check.jq" "$tmp/all" >"$tmp/log" 2>&1
	[ $? -eq 0 ] && [ ! -s "$tmp/log" ]
	result 'busy: and 20 by themselves' "@$tmp/log"
	kill -0 "$pid"
	result 'busy: it goes on'
	finish
	begin "$kma" run "$subject" quiet 64 1000
	kma stat "$pid"
	blocks=$(inuse 64)
	kma stat --json "$pid"
	[ "$(jq '.buckets[] | select(.size == 64) | .in_use' "$tmp/out")" = \
		"$blocks" ] && [ "$(jq .pid "$tmp/out")" = "$pid" ] &&
		[ "$(jq '.types | type' "$tmp/out")" = '"array"' ]
	result 'json: the same figures' "@$tmp/out"
	finish
else
	skip 'json' 'jq is not installed'
fi

python=
for p in python3 /usr/bin/python3; do
	"$p" -c 'import prometheus_client.parser' 2>/dev/null && python=$p
done
begin "$kma" run "$subject" quiet 64 1000
kma stat "$pid"
blocks=$(inuse 64)
if [ -n "$python" ]; then
	kma stat --prometheus "$pid"
	"$python" - "$tmp/out" "$blocks" >"$tmp/log" 2>&1 <<'END'
import sys
from prometheus_client.parser import text_string_to_metric_families
families = list(text_string_to_metric_families(open(sys.argv[1]).read()))
names = [f.name for f in families]
assert len(names) == len(set(names)) > 20, names
samples = {(s.name, s.labels.get("size")): s.value
           for f in families for s in f.samples}
assert samples["kma_bucket_in_use_blocks", "64"] == int(sys.argv[2])
assert samples["kma_requests_total", None] >= 1000
assert all(f.documentation and f.type in ("counter", "gauge")
           for f in families)
assert all(v >= 0 for v in samples.values())
END
	result 'prometheus: parsed, and the same figures' "@$tmp/log"
else
	skip 'prometheus' 'python3-prometheus-client is not installed'
fi

finish

# Types.
begin "$KMA_BUILDDIR/tests/tools/typed"
kma stat "$pid"
echo "$out" | tr -s ' ' | grep -qx 'node 20 2560 [67][0-9]* 65536 21 0 128,4K'
result 'types: In Use, Mem Use, High Use, Limit, Requests, Waits, Sizes' "$out"
echo "$out" | tr -s ' ' | grep -qx ' 128 node' &&
	echo "$out" | tr -s ' ' | grep -qx ' 16 o"d\\d'
result 'types by bucket size' "$out"
if command -v jq >/dev/null; then
	kma stat --json "$pid"
	[ "$(jq -c '.types[] | select(.name == "node") |
		[.in_use, .memory_use, .limit, .requests, .sizes]' \
		"$tmp/out")" = '[20,2560,65536,21,[128,4096]]' ] &&
		[ "$(jq -c '.types[1] | [.name, .limit]' "$tmp/out")" = \
		'["o\"d\\d",null]' ]
	result 'types in JSON' "@$tmp/out"
else
	skip 'types in JSON' 'jq is not installed'
fi
if [ -n "$python" ]; then
	kma stat --prometheus "$pid"
	"$python" - "$tmp/out" >"$tmp/log" 2>&1 <<'END'
import sys
from prometheus_client.parser import text_string_to_metric_families
samples = {(s.name, s.labels.get("type")): s.value
           for f in text_string_to_metric_families(open(sys.argv[1]).read())
           for s in f.samples}
assert samples["kma_type_in_use_blocks", "node"] == 20
assert samples["kma_type_limit_bytes", "node"] == 65536
assert samples["kma_type_bytes", 'o"d\\d'] == 16
assert ("kma_type_limit_bytes", 'o"d\\d') not in samples
END
	result "types in Prometheus's format" "@$tmp/log" "@$tmp/out"
else
	skip "types in Prometheus's format" 'no parser is installed'
fi
finish

# -w: tables first, then lines with rates.
begin "$kma" run "$subject" quiet 64 1000
kma stat -w 0.05 -c 4 "$pid"
[ "$status" -eq 0 ] && [ "$(echo "$out" | tail -n 4 | head -n 1 |
	tr -s ' ')" = ' In Use Cached In Pages Free Res. Resident Requests/s Growth/s Threads' ] &&
	[ "$(echo "$out" | tail -n 3 | $AWK '$6 == 0 && $7 == 0 && $1 >= 64000' |
		wc -l)" -eq 3 ]
result '-w of a quiet process: three lines, nothing a second' "$out"
finish
begin "$kma" run "$subject" busy 2
kma stat -w 0.2 -c 3 "$pid"
[ "$(echo "$out" | tail -n 2 | $AWK '$6 > 10000' | wc -l)" -eq 2 ]
result '-w of a busy one: requests a second' "$out"
finish

# It needs nothing of the process but that it is there: not even that it runs.
begin "$kma" run "$subject" quiet 64 1000
kill -STOP "$pid"
kma stat "$pid"
[ "$status" -eq 0 ] && [ "$(inuse 64)" -ge 1000 ] &&
	grep -q '^State:.T (stopped)' "/proc/$pid/status"
result 'a process that is stopped, and stays so' "$err"
kill -CONT "$pid"
kma stat "$pid"
grep -q '^TracerPid:.0' "/proc/$pid/status"
result 'no tracer'
finish

# Exits while it is watched: that is said, and no failure.
begin "$kma" run "$subject" quiet 64 10
(sleep 2) &		# holds the other end of the pipe for so long
exec 8>&-
kma stat -w 0.2 "$pid"
says 0 "process $pid has exited" 'exits while it is watched'
[ "$(echo "$out" | grep -c '^libkma: memory statistics')" -eq 1 ]
result 'and there was a table' "$out"
finish
wait

# Becomes another program while it is watched.
begin "$kma" run "$subject" exec sleep 1
(
	sleep 0.5
	echo >&8
) &
exec 8>&-
kma stat -w 0.1 "$pid"
says 0 "process $pid has exited" 'becomes another program, and then exits'
finish
wait

# Many that come and go: never more than a message.
bad=
i=0
while [ $i -lt 60 ]; do
	i=$((i + 1))
	LD_PRELOAD=$LIBKMA "$subject" short >/dev/null &
	pid=$!
	kma stat "$pid"
	case $status in
	0 | 3 | 5 | 7) ;;
	*) bad="$bad $status: $err" ;;
	esac
	wait "$pid"
	pid=
done
[ -z "$bad" ]
result '60 that exit meanwhile' "$bad"
plan
