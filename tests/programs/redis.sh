#!/bin/bash
# redis.sh: redis-server under libkma, on a Unix socket: redis-benchmark, a
# data set of every type, a BGSAVE while clients write, and the dump loaded
# again.  The digest of all keys and values is the same as on glibc.
. "$(dirname "$0")/lib.sh"

begin
need_core redis-server redis-server
need_core redis-benchmark redis-tools

socket=$work/socket

# The data set, as commands; no chance in it.
awk 'BEGIN {
	seed = 1988
	for (n = 1; n <= 20000; n++) {
		seed = (seed * 16807) % 2147483647
		v = sprintf("%*s", seed % 700, seed); gsub(/ /, "v", v)
		print "SET str:" n " " v
		print "APPEND str:" seed % 20000 " " seed
		print "RPUSH list:" seed % 200 " " n " " seed " " v
		print "HSET hash:" seed % 300 " f" seed % 997 " " v
		print "SADD set:" seed % 100 " " seed % 5000
		print "ZADD zset:" seed % 50 " " seed % 10007 " m" seed % 3000
		if (n % 7 == 0) print "DEL str:" seed % n
		if (n % 11 == 0) print "UNLINK list:" seed % 200
		if (n % 13 == 0) print "LTRIM list:" seed % 100 " 3 40"
		if (n % 5 == 0) print "XADD stream:" seed % 9 " " n "-1 k " v
		if (n % 9 == 0) print "SETRANGE str:" n " " seed % 9000 " end"
		if (n % 17 == 0) print "PFADD hll " seed
	}
}' >"$work/commands"

start() { # WHO
	launch "$1" redis-server --port 0 --unixsocket "$socket" --save '' \
	    --dir "$work/$1" --daemonize no --databases 16 \
	    --enable-debug-command yes --activedefrag no
	wait_for 20 client "$1" redis-cli -s "$socket" PING
}

ask() {
	client "$who" redis-cli -s "$socket" "$@"
}

# shellcheck disable=SC2317	# ok calls it
bench() {
	client "$who" redis-benchmark -s "$socket" -q "$@" >"$work/bench"
}

# shellcheck disable=SC2317	# wait_for calls it
saved() {
	[ "$(ask LASTSAVE)" -gt "$1" ] &&
	    ask INFO persistence | grep -q '^rdb_bgsave_in_progress:0'
}

for who in glibc libkma; do
	if ! start "$who"; then
		fail "redis-server starts on $who"
		note_file "$work/$who/stdout"
		continue
	fi
	[ "$who" = glibc ] || mapped "redis-server" "$pid"
	server_stats=$stats
	new_stats		# the clients' figures go elsewhere
	client_stats=$stats

	ok "redis-benchmark on $who" bench -n 20000 -r 5000 -c 30 -d 200 -P 4 \
	    --dbnum 9 -t set,get,incr,lpush,rpop,sadd,hset,zadd,mset
	ask --pipe <"$work/commands" >"$work/$who/pipe"

	# The child writes the dump while the parent goes on allocating.
	last=$(ask LASTSAVE)
	sleep 1
	ask BGSAVE >/dev/null
	ok "redis-benchmark on $who, meanwhile" bench -n 20000 -r 2000 -c 10 \
	    --dbnum 8 -t set,lpush
	ok "BGSAVE ends on $who" wait_for 60 saved "$last"
	ok "BGSAVE succeeded on $who" \
	    grep -q 'last_bgsave_status:ok' <(ask INFO persistence)
	ask FLUSHALL ASYNC >/dev/null
	cp "$work/$who/dump.rdb" "$work/$who/bgsave.rdb"

	# What the dump holds: read it back, look, save, read that again.
	ask SHUTDOWN NOSAVE >/dev/null
	ok "redis-server on $who ends well" finished "$job"
	if [ "$who" = libkma ]; then
		stats=$server_stats
		served "redis-server" 1 100000
	fi
	cp "$work/$who/bgsave.rdb" "$work/$who/dump.rdb"
	start "$who"
	stats=$client_stats
	ask -n 9 DBSIZE >"$work/bench-keys"
	ok "the benchmark's keys are back on $who" \
	    test "$(cat "$work/bench-keys")" -gt 9000
	ask -n 9 FLUSHDB >/dev/null
	ask -n 8 FLUSHDB >/dev/null
	{
		ask DBSIZE
		ask DEBUG DIGEST
		ask LRANGE list:7 0 -1
		ask HLEN hash:5
		ask ZRANGE zset:3 0 20 WITHSCORES
		ask XRANGE stream:3 - +
		ask PFCOUNT hll
		ask STRLEN str:99
	} >"$work/$who/contents"
	ask SAVE >/dev/null
	ask DEBUG RELOAD >/dev/null
	ask DEBUG DIGEST >"$work/$who/digest"
	ask SHUTDOWN NOSAVE >/dev/null
	ok "redis-server on $who ends well again" finished "$job"
done

same "redis: same keys and values in the dump" contents
same "redis: same digest after a reload" digest
read -r count sum < <(requests_in "$client_stats")
ok "redis-cli, redis-benchmark: libkma served them ($count processes)" \
    test "$count" -ge 10

plan
