#!/bin/bash
# python.sh: Debian's python3 under libkma: a program that uses json, re,
# threads, subprocess and sqlite3, on Python's own small-object allocator and
# with PYTHONMALLOC=malloc, and then part of Python's own test suite.
. "$(dirname "$0")/lib.sh"

python=/usr/bin/python3
begin
need_core $python python3

cat >"$work/work.py" <<'END'
import hashlib, io, json, os, queue, random, re, sqlite3, subprocess, sys
import threading, zlib

rnd = random.Random(1988)

def say(name, text):
    print(name, hashlib.sha256(text.encode()).hexdigest())

def a_json():
    doc = [{"key%d" % i: [rnd.random(), "x" * rnd.randrange(300), None]
            for i in range(40)} for _ in range(300)]
    for indent in (None, 1):
        text = json.dumps(doc, indent=indent)
        assert json.loads(text) == doc
        say("json", text)

def a_re():
    words = " ".join("%s%d" % (rnd.choice("abcdef") * rnd.randrange(1, 9),
                               rnd.randrange(10**6)) for _ in range(40000))
    out = re.sub(r"(a+)(\d+)", lambda m: m[2] + m[1], words)
    say("re", out + " ".join(re.findall(r"\b[b-d]+\d{3}\b", words)))

def threads():
    jobs, done = queue.Queue(), queue.Queue()

    def worker():
        while (n := jobs.get()) is not None:
            data = b"".join(b"%d," % (i * n) for i in range(2000))
            done.put((n, zlib.crc32(zlib.decompress(zlib.compress(data)))))

    team = [threading.Thread(target=worker) for _ in range(8)]
    for t in team:
        t.start()
    for n in range(400):
        jobs.put(n)
    for t in team:
        jobs.put(None)
    for t in team:
        t.join()
    say("threads", repr(sorted(done.queue)))
    for n in range(300):        # and many short ones
        t = threading.Thread(target=lambda: bytearray(n * 1000))
        t.start()
        t.join()

def processes():
    out = [subprocess.run([sys.executable, "-c", "print(sum(range(%d)))" % n],
                          capture_output=True, check=True).stdout
           for n in range(12)]
    say("subprocess", repr(out))
    stop = threading.Event()

    def churn():
        while not stop.is_set():
            [bytes(n) for n in range(0, 5000, 100)]

    team = [threading.Thread(target=churn) for _ in range(3)]
    for t in team:
        t.start()
    for n in range(30):         # fork while other threads allocate
        pid = os.fork()
        if pid == 0:
            junk = [bytes(i) for i in range(3000)]
            os._exit(len(junk) % 251)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 3000 % 251
    stop.set()
    for t in team:
        t.join()

def database():
    db = sqlite3.connect(":memory:")
    db.execute("create table t(a integer primary key, b text, c real)")
    db.executemany("insert into t(b, c) values(?, ?)",
                   (("row %d" % rnd.randrange(5000), rnd.random())
                    for _ in range(60000)))
    db.execute("create index i on t(b)")
    rows = db.execute("select x.b, count(*), max(y.c) from t x join t y"
                      " using (b) group by x.b order by x.b").fetchall()
    say("sqlite3", repr(rows) + "\n".join(db.iterdump()))

def big():
    pile = [bytearray(rnd.randrange(200000)) for _ in range(300)]
    for n, b in enumerate(pile):
        b.extend(b"%d" % n * 1000)
    out = io.StringIO()
    for n in range(100000):
        out.write(str(n))
    say("big", out.getvalue() + str(zlib.crc32(b"".join(pile))))

for step in (a_json, a_re, threads, processes, database, big):
    step()
END

run_both -p 12 -r 100000 "python3" $python "$work/work.py"
same_output "python3"
run_both -p 12 -r 1000000 "python3 with PYTHONMALLOC=malloc" \
    env PYTHONMALLOC=malloc $python "$work/work.py"
same_output "python3 with PYTHONMALLOC=malloc"

# Its own tests, two modules at a time, the slow ones first; suites.sh runs
# all modules (test_subprocess takes longer than all of these).  What is compared
# is the verdict on every single test, as "TEST (MODULE) ... ok".
suite="test_threading test_fork1 test_queue test_weakref
    test_json test_dict test_list test_set test_re test_unicode test_str
    test_bytes test_thread test_gc test_collections test_mmap test_zlib
    test_array test_memoryview test_descr test_pickle test_deque
    test_itertools"
verdicts() {
	local who
	for who in glibc libkma; do
		grep -aE '^test.* \.\.\. (ok|skipped|FAIL|ERROR|expected)' \
		    "$work/$who/stdout" | sort >"$work/$who/verdicts"
		[ "$(wc -l <"$work/$who/verdicts")" -gt 1000 ] ||
		    : >"$work/$who/verdicts"
	done
}
if ! $python -c 'import test.test_json' 2>/dev/null; then
	if [ "${CI:-}" = true ]; then
		fail "python3's own test suite is installed"
	else
		skip "python3's own test suite" \
		    "Debian package: libpython3.11-testsuite"
	fi
else
	# Python 3.12 renamed test_unicode to test_str: only those it has.
	# shellcheck disable=SC2086	# a list of words
	suite=$($python - $suite <<'END'
import importlib.util as util, sys
print(*(m for m in sys.argv[1:] if util.find_spec("test." + m)))
END
	)
	# shellcheck disable=SC2086
	run_both -p 2 -r 100000 "python3's own tests" \
	    $python -m test -j2 -v $suite
	verdicts
	same "python3's own tests: same verdicts" verdicts
fi

plan
