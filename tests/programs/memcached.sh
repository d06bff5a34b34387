#!/bin/bash
# memcached.sh: memcached under libkma, with threads: items of all sizes in its
# own slabs, its hash table as it grows, and clients by the dozen.
. "$(dirname "$0")/lib.sh"

begin
need memcached memcached
need python3 python3

cat >"$work/clients.py" <<'END'
import hashlib, socket, sys, threading

path, sums, failed = sys.argv[1], {}, []

def client(k):
    try:
        talk(k)
    except Exception as error:
        failed.append(error)

def talk(k):
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(path)
    answers = sock.makefile("rb")
    digest = hashlib.sha256()

    def value():
        head = answers.readline()
        if head == b"END\r\n":
            return head
        text = answers.read(int(head.split()[3]) + 2)
        assert answers.readline() == b"END\r\n"
        return text

    for n in range(2000):
        text = b"%d " % n * (n * k % 400)
        sock.sendall(b"set c%d.%d 0 0 %d\r\n%s\r\n" %
                     (k, n % 701, len(text), text))
        digest.update(answers.readline())
        if n % 3 == 0:
            sock.sendall(b"append c%d.%d 0 0 4\r\nmore\r\n" % (k, n % 500))
            digest.update(answers.readline())
        if n % 5 == 0:
            sock.sendall(b"delete c%d.%d\r\n" % (k, n % 97))
            digest.update(answers.readline())
        sock.sendall(b"get c%d.%d\r\n" % (k, n * 7 % 701))
        digest.update(value())
    for n in range(4000):	# a table that has to grow
        sock.sendall(b"set t%d.%d 0 0 1 noreply\r\nx\r\n" % (k, n))
    sock.sendall(b"set big%d 0 0 900000\r\n%s\r\n" % (k, b"b" * 900000))
    digest.update(answers.readline())
    sock.sendall(b"get big%d\r\n" % k)
    digest.update(value())
    sums[k] = digest.hexdigest()

team = [threading.Thread(target=client, args=(k,)) for k in range(1, 13)]
for t in team:
    t.start()
for t in team:
    t.join()
for k in sorted(sums):
    print(k, sums[k])
sys.exit(str(failed[0]) if failed else 0)
END

as_user=()
[ "$(id -u)" -ne 0 ] || as_user=(-u root)
for who in glibc libkma; do
	socket=$work/$who/socket
	launch "$who" memcached "${as_user[@]}" -s "$socket" -m 128 -t 4 \
	    -o hashpower=13
	ok "memcached on $who listens" wait_for 20 test -S "$socket"
	[ "$who" = glibc ] || mapped "memcached" "$pid"
	timeout 100 python3 "$work/clients.py" "$socket" >"$work/$who/sums"
	result "its clients on $who are content"
	kill "$pid"
	ok "memcached on $who ends well" finished "$job"
	note_file "$work/$who/stderr"
done
served "memcached" 1 100
same "memcached: same answers" sums

plan
