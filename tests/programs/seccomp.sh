#!/bin/bash
# seccomp.sh: programs that deny themselves system calls, under libkma: man's
# pipeline, most parts of which have a filter, and tor with Sandbox 1, whose
# filter looks at arguments too: it lets mremap and mprotect pass only as the
# C library's malloc calls them.
. "$(dirname "$0")/lib.sh"

begin
need man man-db
need tor tor
need python3 python3

# A page of its own, long enough to make each part of the pipeline allocate.
awk 'BEGIN {
	print ".TH KMA 1"
	for (n = 1; n <= 400; n++) {
		print ".SH SECTION", n
		print ".TP\n.B \\-x" n "\nwhat it does, by \\fIname\\fP"
		for (k = 1; k <= n % 40; k++) print "word" k, "and", n * k
		print ".TS\nl l.\n" n "\tcell\n.TE"
	}
}' >"$work/page.1"
gzip -k "$work/page.1"

run_both -p 5 -r 10000 "man" man -P cat -E utf8 -t -l "$work/page.1.gz"
same "man: same pages" stdout
run_both -p 3 -r 10000 "man on a terminal" \
    env MANWIDTH=100 man -P cat -l "$work/page.1.gz"
same "man on a terminal: same page" stdout

# Inside the filter: answers of many lines, requests of 1 KB to 1 MB that grow
# in a buffer, and a configuration that is read again.
cat >"$work/ask.py" <<'END'
import socket, sys
tor = socket.socket(socket.AF_UNIX)
tor.connect(sys.argv[1])
answers = tor.makefile("rb")

def ask(text):
    tor.sendall(text.encode() + b"\r\n")
    while True:
        line = answers.readline().decode().rstrip()
        print(line[:200])
        if line[3:4] == "+":
            while answers.readline().rstrip() not in (b".", b""):
                pass
        elif line[3:4] != "-":
            return

ask("AUTHENTICATE")
for what in ("config/names", "config-defaults", "info/names"):
    ask("GETINFO " + what)
for n in (1000, 30000, 1000000):
    ask("+POSTDESCRIPTOR\r\n" + "a line of words\r\n" * (n // 17) + ".")
for n in range(500):
    ask("MAPADDRESS 10.2.%d.%d=host%d.example" % (n // 250, n % 250, n))
ask("SIGNAL HUP")
ask("GETINFO address-mappings/all")
ask("SIGNAL TERM")
END
: >"$work/torrc"
for who in glibc libkma; do
	mkdir -m 700 "$work/$who/data"
	socket=$work/$who/data/ctl
	launch "$who" tor --hush -f "$work/torrc" --Sandbox 1 \
	    --DisableNetwork 1 --SocksPort 0 --CookieAuthentication 0 \
	    --DataDirectory "$work/$who/data" \
	    --ControlPort "unix:$socket RelaxDirModeCheck"
	ok "tor on $who listens" wait_for 30 test -S "$socket"
	ok "tor on $who is behind a filter" \
	    wait_for 30 grep -q '^Seccomp:.*2$' "/proc/$pid/status"
	[ "$who" = glibc ] || mapped "tor" "$pid"
	timeout 60 python3 "$work/ask.py" "$socket" >"$work/$who/answers"
	result "tor on $who answers"
	ok "tor on $who ends well" finished "$job"
	grep -h -i -e libkma: -e 'syscall' "$work/$who/stdout" \
	    "$work/$who/stderr" | grep -v 'stats: cannot write' >"$work/bad"
	ok "tor on $who has nothing to say" test ! -s "$work/bad"
	note_file "$work/bad"
done
same "tor: same answers" answers

plan
