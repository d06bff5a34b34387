#!/bin/sh
# tests/tools/probes.sh: the USDT probes. They are in the library's notes with
# the arguments that kma_debug(7) tells of, they fire where they should, as gdb
# sees them, and the library builds without them.

# shellcheck source=tests/tools/lib.sh
. "${KMA_SRCDIR:-.}/tests/tools/lib.sh"

page=$KMA_SRCDIR/man/kma_debug.7
echo '#include <sys/sdt.h>' | $CC -E - >/dev/null 2>&1 ||
	skip_all 'built without sys/sdt.h: package systemtap-sdt-dev'

# Lines "name arguments", of the library and of the manual page.
LC_ALL=C readelf -n "$LIBKMA" >"$tmp/notes"
awk '$1 == "Provider:" { provider = $2 }
	$1 == "Name:" { name = $2 }
	$1 == "Arguments:" { print provider, name, NF - 1 }' "$tmp/notes" |
	sort -u >"$tmp/probes"
[ -s "$tmp/probes" ] && ! grep -v '^libkma ' "$tmp/probes"
result 'the library has probes, of one provider' @"$tmp/notes"
awk '/^\.Sh/ { on = $2 == "PROBES" }
	on && $1 == ".It" && $2 == "Ic" {
		n = 0
		for (i = 3; i <= NF; i++)
			n += $i == "Ar"
		print "libkma", $3, n
	}' "$page" | sort >"$tmp/told"
diff "$tmp/told" "$tmp/probes" >"$tmp/diff"
result 'they are those of the manual page, and so are their arguments' \
	@"$tmp/diff"
grep -o 'libkma\.so:libkma:[a-z_]*' "$page" | sed 's/.*://' | sort -u \
	>"$tmp/used"
[ -s "$tmp/used" ] && while read -r name; do
	grep -q "^libkma $name " "$tmp/probes" || echo "$name"
done <"$tmp/used" >"$tmp/diff" && [ ! -s "$tmp/diff" ]
result "the page's examples use these" @"$tmp/diff"
LC_ALL=C readelf -n "$LIBKMA" | sed -n 's/.*Semaphore: //p' | sort -u \
	>"$tmp/semaphores"
[ "$(cat "$tmp/semaphores")" = 0x0000000000000000 ]
result 'none asks whether it is watched' @"$tmp/semaphores"

# Without <sys/sdt.h>.
for file in "$KMA_SRCDIR"/lib/*.c; do
	grep -q '"probe.h"' "$file" || continue
	$CC -std=gnu11 -UHAVE_SYS_SDT_H -I"$KMA_SRCDIR/include" \
		-I"$KMA_SRCDIR/lib" -O1 -Wall -Wextra -Werror -c \
		-o "$tmp/without.o" "$file" || break
	readelf -n "$tmp/without.o"
done >"$tmp/log" 2>&1
[ -e "$tmp/without.o" ] && ! grep -q 'error\|stapsdt' "$tmp/log"
result 'the library builds without them' "@$tmp/log"

# --- as they fire -----------------------------------------------------------

gdb -nx -q -batch -ex 'python print(gdb.VERSION)' >/dev/null 2>&1 || {
	skip 'the probes fire' 'there is no gdb with Python'
	plan
}
cat >"$tmp/watch.py" <<'END'
import gdb

TEXT = {"limit": [0], "misuse": [0, 2]}

class Probe(gdb.Breakpoint):
    def __init__(self, name, count):
        super().__init__("-probe-stap libkma:" + name)
        self.name, self.count = name, count

    def stop(self):
        said = [self.name]
        for n in range(self.count):
            value = gdb.parse_and_eval("$_probe_arg%d" % n)
            if n in TEXT.get(self.name, []):
                char = gdb.lookup_type("char").pointer()
                said.append(value.cast(char).string())
            else:
                said.append(str(int(value) & (2**64 - 1)))
        print(" ".join(said))
        return False

for line in open(gdb.convenience_variable("probes").string()):
    _, name, count = line.split()
    Probe(name, int(count))
END
KMA_OPTIONS=spacing=1,limit=64M,abort=no timeout 120 gdb -nx -q -batch \
	-ex "set \$probes = \"$tmp/probes\"" \
	-ex 'break main' -ex run -ex 'info probes stap libkma' \
	-ex "source $tmp/watch.py" -ex continue \
	"$KMA_BUILDDIR/tests/tools/probed" >"$tmp/run" 2>"$tmp/err"
grep -q 'exited normally' "$tmp/run"
result 'a program runs under gdb' @"$tmp/err"
bad=$(while read -r _ name _; do
	grep -q "^stap *libkma *$name " "$tmp/run" || echo "$name"
done <"$tmp/probes")
[ -z "$bad" ]
result 'gdb lists them' "$bad"
sed -n 's/^expect //p' "$tmp/run" >"$tmp/expected"
for name in run_alloc run_free sample limit misuse; do
	grep "^$name " "$tmp/expected" >"$tmp/these"
	while read -r line; do
		grep -q "^$line" "$tmp/run" || echo "$line"
	done <"$tmp/these" >"$tmp/missing"
	[ -s "$tmp/these" ] && [ ! -s "$tmp/missing" ]
	result "$name: told what the program did" @"$tmp/missing"
done
grep -q '^misuse free [0-9]* unaligned addr$' "$tmp/run"
result 'misuse: the reason'

# sum NAME SIZE FIELD CONDITION: over those of a list.
sum() {
	awk -v name="$1" -v size="$2" "\$1 == name && \$$3 == size && $4 {
		n += $5 }
	END { print n + 0 }" "$tmp/run"
}
out=$(sum refill 8192 2 '1' '$3')
in=$(sum flush 8192 2 '1' '$3')
[ "$out" -ge 200 ] && [ "$in" -ge 200 ]
result 'refill, flush: the blocks of a list come and go' "$out $in"
[ "$(sum refill 8192 2 '$4 == 1' '$3')" -gt 0 ] &&
	[ "$(sum flush 8192 2 '$4 == 1' '$3')" -gt 0 ]
result 'refill, flush: from and to clusters'
new=$(sum cluster_new 8192 3 '1' 1)
free=$(sum cluster_free 8192 3 '1' 1)
[ "$new" -gt 10 ] && [ "$new" -eq "$free" ]
result 'cluster_new, cluster_free: as many' "$new $free"
awk '$1 == "cluster_new" && $3 == 8192 { here[$2] = $4 }
	$1 == "cluster_free" && $3 == 8192 {
		bad += here[$2] != $4
		delete here[$2]
	}
	END { for (at in here) bad++; exit bad }' "$tmp/run"
result 'cluster_new, cluster_free: the same ones'
bytes=$(sum cluster_new 8192 3 '1' '$4')
weight=$(awk '$1 == "sample" && $3 == 5000 { n += $4 } END { print n + 0 }' \
	"$tmp/run")
[ "$weight" -ge $((200 * 8192)) ] && [ "$weight" -le "$bytes" ]
result 'sample: the weights add up to what was taken from clusters' \
	"$weight of $bytes"
plan
