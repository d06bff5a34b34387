#!/bin/sh
# postgresql.sh: a PostgreSQL server answers pgbench: transactions, prepared
# statements, reads with a connection each, and queries that group, sort and
# build documents. Only the server with its processes is on the allocator
# under test and measured. Each run starts from the same files.
#
# usage: postgresql.sh FOLDER

. "$(dirname "$0")/lib.sh"

programs=$(cd "$(dirname "$0")" && pwd)
enter "$1"

# Debian keeps the server outside PATH: take the newest.
for dir in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V); do
	[ ! -x "$dir/postgres" ] || PATH=$dir:$PATH
done

# A path for a socket has 107 bytes; the scratch folder's may be longer. The
# server refuses to run as root, and its user cannot look into every folder.
folder=$(mktemp -d /tmp/bench-postgres.XXXXXX) || exit 1
trap 'rm -rf "$folder"' EXIT
as=
if [ "$(id -u)" -eq 0 ]; then
	user=postgres
	id "$user" >/dev/null 2>&1 || user=nobody
	as="setpriv --reuid=$user --regid=$(id -g "$user") --clear-groups"
	chown "$user" "$folder"
	if [ -n "${BENCH_PROBE:-}" ]; then
		: >"$BENCH_PROBE"
		chmod 666 "$BENCH_PROBE"
		chmod a+x "$(dirname "$BENCH_PROBE")"
	fi
fi
export PGHOST="$folder" PGUSER=bench PGDATABASE=postgres

# start [COMMAND...]: the server, behind that command.
start() {
	(
		here=$(pwd)
		cd "$folder" || exit 1
		# shellcheck disable=SC2086	# words
		"$@" $as postgres -D "$folder/data" -k "$folder" \
		    -c listen_addresses= -c fsync=off -c shared_buffers=8MB \
		    -c autovacuum=off -c max_parallel_workers=0 \
		    -c dynamic_shared_memory_type=mmap -c max_wal_senders=0 \
		    >"$here/log" 2>&1
	) &
	job=$!
	trap 'stop; rm -rf "$folder"' EXIT
	if ! wait_for psql -Xc 'SELECT 1'; then
		tail -n 1 log >&2
		exit 1
	fi
}

stop() {
	kill -INT "$(head -n 1 "$folder/data/postmaster.pid")"
	wait $job
}

load() {
	pgbench -n --random-seed=1988 "$@" >>pgbench.log 2>&1 || {
		tail -n 1 pgbench.log >&2
		exit 1
	}
}

if [ -z "${BENCH_LAUNCH:-}" ]; then
	# shellcheck disable=SC2086
	(cd "$folder" && $as initdb -D "$folder/data" -A trust -N \
	    -U "$PGUSER" --locale=C -E UTF8) >initdb.log || exit 1
	start
	pgbench -i -s 1 -q >initdb.log 2>&1 || exit 1
	stop
	rm -rf files
	cp -a "$folder/data" files
else
	cp -a files "$folder/data"
fi

: >pgbench.log
start under_test
load -c 4 -j 1 -t 250
load -c 4 -j 1 -t 500 -M prepared
load -c 4 -j 1 -t 1500 -S
load -c 2 -j 1 -t 40 -S -C
load -c 2 -j 1 -t 3 -f "$programs/report.sql"
psql -XAtc 'SELECT sum(abalance), count(*) FROM pgbench_accounts' \
    -c 'SELECT sum(delta), count(*) FROM pgbench_history' >output
stop
status=$?
trap 'rm -rf "$folder"' EXIT
end_like $status
same
report
