#!/bin/sh
# redis.sh: redis-server works through a file of commands that redis-cli sends.
# Only the server is on the allocator under test, and only it is measured.
#
# usage: redis.sh FOLDER	with the file "commands" in it

. "$(dirname "$0")/lib.sh"

enter "$1"

# Debian's server is linked with jemalloc. The C library, preloaded behind the
# allocator under test, comes before that: glibc's column is then glibc's.
late=libc.so.6

# A path for a socket has 107 bytes; the scratch folder's may be longer.
folder=$(mktemp -d /tmp/bench-redis.XXXXXX) || exit 1
trap 'rm -rf "$folder"' EXIT
socket=$folder/socket

ask() {
	redis-cli -s "$socket" "$@"
}

(under_test redis-server --port 0 --unixsocket "$socket" --save '' \
    --daemonize no --activedefrag no --dir "$folder") >log 2>&1 &
server=$!
trap 'kill $server; wait $server; rm -rf "$folder"' EXIT
if ! wait_for ask PING; then
	tail -n 1 log >&2
	exit 1
fi
ask --pipe <commands >replies || exit 1
{
	grep errors replies
	ask DBSIZE
	for n in 1 7 42; do
		ask STRLEN "str:$n"
		ask LRANGE "list:$n" 0 -1
		ask HLEN "hash:$n"
		ask SCARD "set:$n"
		ask ZRANGE "zset:$n" 0 -1 WITHSCORES
	done
} >output
ask SHUTDOWN NOSAVE
wait $server
status=$?
trap 'rm -rf "$folder"' EXIT
end_like $status
same
report
