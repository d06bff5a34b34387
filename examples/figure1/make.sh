#!/bin/sh
# make.sh: figure 1 of the paper for five programs, and a picture of them all.
#
#	make.sh FOLDER		(make figure1: into the build's figure1/)
#
# Each does some work of its kind, holds what it needs for that, and rests.

set -u

out=${1:?usage: make.sh FOLDER}
here=$(cd "$(dirname "$0")" && pwd) || exit 1
figure1=$here/../06-figure1.sh
kma=${KMA:-$(command -v kma)}
work=$(mktemp -d) || exit 1
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
mkdir -p "$out" || exit 1

# figure NAME COMMAND: by 06-figure1.sh, into a file of that name.
figure() {
	name=$1
	shift
	if "$figure1" "$@" >"$work/$name" 2>"$work/log"; then
		mv "$work/$name" "$out/$name.txt"
		echo "$out/$name.txt"
	else
		echo "make.sh: no figure of $name: $(tail -n 1 "$work/log")" >&2
	fi
}

have() {
	command -v "$1" >/dev/null || {
		echo "make.sh: $1 is not installed" >&2
		return 1
	}
}

# Python's own allocator is left out: it would take small objects from pages.
python3_figure() {
	cat >"$work/work.py" <<'END'
import json, re, sqlite3, ssl, time, zlib
rows = [{"name": "row %d" % i, "values": [i, i * i, str(i)]}
        for i in range(40000)]
text = json.dumps(rows)
names = re.findall(r'"name": "([^"]*)"', text)
table = sqlite3.connect(":memory:")
table.execute("create table t(name, value)")
table.executemany("insert into t values(?, ?)",
                  ((n, "x" * (i % 60)) for i, n in enumerate(names)))
table.execute("create index names on t(name)")
context = ssl.create_default_context()
packed = zlib.compressobj()
packed.compress(text.encode())
time.sleep(600)
END
	figure python3 env PYTHONMALLOC=malloc python3 "$work/work.py"
}

perl_figure() {
	cat >"$work/work.pl" <<'END'
use strict; use POSIX; use Storable qw(dclone); use Encode;
my (%index, @lines);
for my $i (1 .. 60000) {
	push @lines, "line $i of " . ($i * 7919 % 1009);
	push @{ $index{$1} }, $i if $lines[-1] =~ /of (\d+)/;
}
my $copy = dclone(\%index);
my $wide = decode("UTF-8", join("\n", @lines));
sleep 600;
END
	figure perl perl "$work/work.pl"
}

# It reads on after the file, from what never ends.
sqlite3_figure() {
	cat >"$work/work.sql" <<'END'
create table t(id integer primary key, name text, value real);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 100000)
insert into t select i, 'name ' || i, i * 0.5 from n;
create index names on t(name);
create temp table u as select name, sum(value) from t group by name;
END
	mkfifo "$work/input"
	figure sqlite3 sqlite3 -init "$work/work.sql" :memory: <>"$work/input"
}

redis_figure() {
	have redis-benchmark || return
	(cd "$work" && exec "$kma" run --accounting object -- redis-server \
	    --port 0 --unixsocket "$work/socket" --save '' >/dev/null 2>&1) &
	server=$!
	for _ in $(seq 50); do
		[ -S "$work/socket" ] && break
		sleep 0.1
	done
	redis-benchmark -s "$work/socket" -q -n 40000 -r 20000 -d 100 \
	    -t set,lpush,hset,sadd >/dev/null 2>&1
	figure redis-server "$server"
	kill "$server" && wait "$server"
	server=
}

node_figure() {
	cat >"$work/work.js" <<'END'
const zlib = require("zlib"), crypto = require("crypto");
const rows = [];
for (let i = 0; i < 50000; i++)
	rows.push({ name: "row " + i, data: Buffer.alloc(i % 300, 1) });
const text = JSON.stringify(rows.slice(0, 5000));
const packed = zlib.gzipSync(text);
const key = crypto.generateKeyPairSync("rsa", { modulusLength: 1024 });
const map = new Map(rows.map((row) => [row.name, row]));
setTimeout(() => console.log(map.size, packed.length, key), 600000);
END
	figure node node "$work/work.js"
}

[ -n "$kma" ] || {
	echo "make.sh: no kma command: set KMA" >&2
	exit 1
}
have python3 && python3_figure
have perl && perl_figure
have sqlite3 && sqlite3_figure
have redis-server && redis_figure
have node && node_figure

for python in ${PYTHON:-python3 /usr/bin/python3}; do
	"$python" -c 'import matplotlib' 2>/dev/null &&
		{ "$python" "$here/plot.py" "$out"; exit; }
done
echo "make.sh: no picture: no python3 has matplotlib (set PYTHON)" >&2
