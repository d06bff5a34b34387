#!/bin/sh
# tests/programs/modes.sh: some real programs in each mode of tests/modes: they
# do what they always do, and the mode has nothing to say.
#
# usage: modes.sh [PROGRAM ...]

. "${KMA_SRCDIR:-.}/tests/tap.sh"

programs=${*:-sqlite perl}

# try MODE OPTIONS PROGRAM: its own test, which compares it with libc's malloc.
try() {
	KMA_TEST_SLOW=4 KMA_OPTIONS=$2 bash "$KMA_SRCDIR/tests/programs/$3.sh" \
	    >"$tmp/out" 2>"$tmp/err"
	status=$?
	grep -h -A 5 -e '^not ok' -e '^Bail' -e '^libkma:' "$tmp/out" \
	    "$tmp/err" >"$tmp/bad"
	[ $status -eq 0 ] || echo "status $status" >>"$tmp/bad"
	empty "$1: $3" "$tmp/bad"
}

# Python, with an object a block: its own pools would hide most of them.
python='
import json, re, sqlite3, threading, zlib
def work(seed):
    rows = [{"id": i, "name": "n%d" % (i * seed % 977), "v": [i] * (i % 50)}
            for i in range(4000)]
    text = json.dumps(rows)
    assert json.loads(text) == rows
    assert zlib.decompress(zlib.compress(text.encode())).decode() == text
    words = re.findall(r"n[0-9]+", text)
    db = sqlite3.connect(":memory:")
    db.execute("create table t(w text, n int)")
    db.executemany("insert into t values(?, ?)",
                   [(w, len(w)) for w in words])
    sums.append(db.execute("select count(*), sum(n) from t").fetchone())
sums = []
threads = [threading.Thread(target=work, args=(k,)) for k in (3, 5, 7, 11)]
[t.start() for t in threads]
[t.join() for t in threads]
print(sorted(sums))
'

# try_python MODE OPTIONS
try_python() {
	PYTHONMALLOC=malloc python3 -c "$python" >"$tmp/want" 2>&1
	PYTHONMALLOC=malloc KMA_OPTIONS=$2 LD_PRELOAD=$LIBKMA \
	    python3 -c "$python" >"$tmp/got" 2>&1
	diff "$tmp/want" "$tmp/got" >"$tmp/bad"
	[ -s "$tmp/want" ] || echo "it says nothing" >>"$tmp/bad"
	empty "$1: python3" "$tmp/bad"
}

grep -v '^#' "$KMA_SRCDIR/tests/modes" >"$tmp/modes"
while read -r mode options; do
	for program in $programs; do
		try "$mode" "$options" "$program"
	done
	[ $# -gt 0 ] || try_python "$mode" "$options"
done <"$tmp/modes"
plan
