#!/bin/sh
# make.sh: the traces of five real programs, small enough to be kept:
#
#	make.sh KMA FOLDER [LONG]
#
# KMA is the kma command. With LONG, a factor, the programs have that much more
# to do. Each trace is packed, so it has no addresses and no idle room.

set -u

kma=$(readlink -f "$1")
folder=$(readlink -f "$2")
long=${3:-1}
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
cd "$tmp" || exit 1
status=0

# record NAME PROGRAM ARGUMENTS
record() {
	name=$1
	shift
	if ! "$kma" run --trace "$tmp/$name" -- "$@" >"$tmp/out" 2>"$tmp/err" ||
		! "$kma" trace --pack "$folder/$name.kmt" "$tmp/$name"; then
		echo "make.sh: no trace of $name:" >&2
		tail -n 5 "$tmp/err" >&2
		status=1
	fi
}

# A table of words, written out, read again and turned round.
cat >words.py <<END
words = ["word%d" % (i * 7919 % 1009) for i in range(300 * $long)]
table = {}
for number, word in enumerate(words):
    table.setdefault(word, []).append(number)
text = "\n".join("%s: %s" % (w, " ".join(map(str, table[w])))
    for w in sorted(table))
again = {}
for line in text.split("\n"):
    word, numbers = line.split(": ")
    for number in numbers.split():
        again[int(number)] = word
print(sum(len(again[n]) for n in sorted(again)))
END
PYTHONMALLOC=malloc record python /usr/bin/python3 -S words.py

# Words counted and sorted.
cat >count.pl <<END
my %count;
for my \$i (1 .. 3000 * $long) {
	my @words = map { "w" . (\$i * \$_ * 7919 % 2003) } 1 .. 4;
	\$count{\$_}++ for @words;
}
my @top = sort { \$count{\$b} <=> \$count{\$a} || \$a cmp \$b } keys %count;
print "\$_ \$count{\$_}\n" for @top[0 .. 9];
END
record perl perl count.pl

# A table with an index, filled, joined and changed.
cat >table.sql <<END
CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, size INT);
CREATE INDEX t_size ON t (size);
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n
	WHERE i < 2000 * $long)
INSERT INTO t SELECT i, 'name ' || (i * 7919 % 1009), i * i % 4096 FROM n;
SELECT size % 64, count(*), max(name), group_concat(id) FROM t GROUP BY 1;
SELECT a.name, b.size FROM t a JOIN t b ON a.size = b.id
	ORDER BY a.name, b.size LIMIT 500;
UPDATE t SET name = upper(name) || size WHERE size % 3 = 0;
DELETE FROM t WHERE id % 5 = 0;
END
i=0
while [ $i -lt $((150 * long)) ]; do
	echo "SELECT count(*), sum(size) FROM t WHERE name LIKE '%$i%';"
	i=$((i + 1))
done >>table.sql
record sqlite sqlite3 -batch -init table.sql :memory: .quit

# A source file of some functions, optimised.
i=0
while [ $i -lt $((2 * long)) ]; do
	cat <<END
struct s$i { int n; struct s$i *next; double d[$((i % 9 + 1))]; };
int f$i(struct s$i *p, int n)
{
	int sum = 0;
	for (int i = 0; i < n && p; i++, p = p->next)
		for (int j = 0; j < $((i % 9 + 1)); j++)
			sum += p->d[j] > i ? p->n * j : $i;
	return sum;
}
END
	i=$((i + 1))
done >source.c
record cc1 "$(cc -print-prog-name=cc1)" -quiet -O2 source.c -o source.s

# Keys of each kind set, read, expired and removed.
i=0
while [ $i -lt $((250 * long)) ]; do
	echo "SET str:$((i * 7919 % 503)) value-$i-$((i * i))"
	echo "RPUSH list:$((i % 17)) $i $((i * i))"
	echo "HSET hash:$((i % 23)) field$((i % 97)) $((i * 31))"
	echo "ZADD zset:$((i % 5)) $((i * 7919 % 1009)) member$((i % 211))"
	[ $((i % 7)) -eq 0 ] && echo "DEL str:$((i % 503))"
	[ $((i % 11)) -eq 0 ] && echo "LTRIM list:$((i % 17)) 2 20"
	i=$((i + 1))
done >commands
echo 'SHUTDOWN NOSAVE' >>commands
feed() {
	n=0
	while [ $n -lt 100 ] && [ ! -S "$tmp/socket" ]; do
		sleep 0.1
		n=$((n + 1))
	done
	redis-cli -s "$tmp/socket" <commands
}
feed >/dev/null 2>&1 &
feeder=$!
record redis redis-server --port 0 --unixsocket socket --save '' \
	--daemonize no --databases 1
wait $feeder
exit $status
