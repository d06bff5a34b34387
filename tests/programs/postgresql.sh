#!/bin/bash
# postgresql.sh: a PostgreSQL server under libkma, on a Unix socket: initdb,
# pgbench from several clients, tables, indexes, joins, parallel queries,
# vacuum, and a dump; every answer is the same as on glibc.
. "$(dirname "$0")/lib.sh"

begin

# Debian keeps the server outside PATH: take the newest.
for dir in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V); do
	[ ! -x "$dir/postgres" ] || PATH=$dir:$PATH
done
need postgres postgresql
need pgbench postgresql

# It refuses to run as root.
if [ "$(id -u)" -eq 0 ]; then
	need setpriv util-linux
	user=postgres
	id "$user" >/dev/null 2>&1 || user=nobody
	as=(setpriv "--reuid=$user" "--regid=$(id -g "$user")" --clear-groups)
	chown "$user" "$work/glibc" "$work/libkma" "$work/home"
fi

cat >"$work/work.sql" <<'SQL'
\set ON_ERROR_STOP on
CREATE TABLE item(id int PRIMARY KEY, grp int, name text, price numeric,
    doc jsonb, tags text[]);
INSERT INTO item SELECT n, (n * 7919) % 997, 'item ' || md5(n::text),
    (n * 31337 % 100003) / 7.0,
    jsonb_build_object('n', n, 'list', ARRAY[n, n * 2], 'text',
    repeat('x', n % 300)), ARRAY['t' || n % 10, 't' || n % 13]
    FROM generate_series(1, 40000) n;
CREATE INDEX ON item(grp, price);
CREATE INDEX ON item USING gin(tags);
CREATE INDEX ON item USING gin(doc jsonb_path_ops);
ANALYZE item;
SELECT grp, count(*), round(sum(price), 4), max(name) FROM item
    GROUP BY grp ORDER BY grp;
SET work_mem = '256kB';
SELECT count(*), md5(string_agg(a.name || b.name, ',' ORDER BY a.id, b.id))
    FROM item a JOIN item b ON a.grp = b.grp AND a.id < b.id
    WHERE a.grp < 60;
SELECT id, rank() OVER (PARTITION BY grp ORDER BY price DESC, id)
    FROM item WHERE grp % 100 = 5 ORDER BY grp, 2, 1;
RESET work_mem;
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT count(*), sum(length(doc ->> 'text')), sum(length(name)) FROM item
    WHERE doc ->> 'text' LIKE '%xxx%';
SELECT count(*) FROM item WHERE tags @> ARRAY['t3', 't7'];
SELECT id FROM item WHERE doc @> '{"n": 4242}';
CREATE FUNCTION pile(n int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE s text := ''; i int;
BEGIN
    FOR i IN 1 .. n LOOP
        s := s || md5(i::text);
        BEGIN
            IF i % 50 = 0 THEN RAISE EXCEPTION 'x'; END IF;
        EXCEPTION WHEN OTHERS THEN s := s || '!';
        END;
    END LOOP;
    RETURN md5(s);
END $$;
SELECT pile(3000);
WITH RECURSIVE r(n, s) AS (SELECT 1, 'a' UNION ALL
    SELECT n + 1, md5(s) FROM r WHERE n < 20000) SELECT n, s FROM r
    ORDER BY n DESC LIMIT 3;
UPDATE item SET name = upper(name) WHERE grp % 3 = 0;
DELETE FROM item WHERE grp % 5 = 0;
VACUUM FULL ANALYZE item;
SELECT md5(string_agg(item::text, ',' ORDER BY id)) FROM item;
SELECT regexp_replace(name, '([0-9a-f]{4})', '<\1>', 'g') FROM item
    ORDER BY id LIMIT 100;
SQL

# shellcheck disable=SC2317	# balances and wait_for call it
sql() {
	client "$who" psql -X -h "$work/$who" -d postgres -Atq "$@"
}

# shellcheck disable=SC2317	# ok calls it
balances() {
	sql -c 'SELECT sum(abalance), count(*) FROM pgbench_accounts' \
	    -c 'SELECT sum(bbalance) FROM pgbench_branches' \
	    -c 'SELECT sum(tbalance) FROM pgbench_tellers' \
	    -c 'SELECT sum(delta), count(*) FROM pgbench_history' \
	    -c "SELECT md5(string_agg(aid || ':' || abalance, ','
	        ORDER BY aid)) FROM pgbench_accounts" >"$work/$who/balances"
}

# shellcheck disable=SC2317
queries() {
	sql -f "$work/work.sql" >"$work/$who/answers" 2>"$work/$who/errors"
}

# shellcheck disable=SC2317
dump() {
	client "$who" pg_dump -h "$work/$who" -T 'pgbench_history' \
	    postgres >"$work/$who/dump"
}

# shellcheck disable=SC2317
bench() {
	client "$who" pgbench -h "$work/$who" "$@" \
	    postgres >"$work/bench.out" 2>&1
}

for who in glibc libkma; do
	launch "$who" initdb -D "$work/$who/data" -A trust -N -U postgres \
	    --locale=C -E UTF8
	if ! finished "$job"; then
		fail "initdb on $who"
		note_file "$work/$who/stderr"
		continue
	fi
	[ "$who" = glibc ] || served initdb 3 10000

	export PGUSER=postgres
	launch "$who" postgres -D "$work/$who/data" -k "$work/$who" \
	    -c listen_addresses= -c fsync=off -c shared_buffers=16MB \
	    -c autovacuum_naptime=1 -c log_min_messages=warning \
	    -c dynamic_shared_memory_type=mmap
	if ! wait_for 30 sql -c 'SELECT 1'; then
		fail "postgres starts on $who"
		note_file "$work/$who/stderr"
		continue
	fi
	server=$pid server_job=$job server_stats=$stats
	new_stats
	client_stats=$stats
	[ "$who" = glibc ] || mapped "postgres" "$server"

	ok "pgbench on $who makes its tables" bench -i -s 2
	ok "pgbench on $who, reading and writing" \
	    bench --random-seed=1988 -n -c 6 -j 3 -t 300
	ok "pgbench on $who, reading" \
	    bench --random-seed=1988 -n -S -c 6 -j 3 -t 2000
	ok "pgbench on $who, connecting each time" \
	    bench --random-seed=1988 -n -S -c 4 -j 2 -t 80 -C
	ok "pgbench on $who, prepared" \
	    bench --random-seed=1988 -n -c 4 -j 2 -t 300 -M prepared
	ok "the balances on $who" balances
	ok "the queries run on $who" queries
	note_file "$work/$who/errors"
	ok "pg_dump on $who" dump

	kill -INT "$server"
	ok "postgres on $who ends well" finished "$server_job"
	if [ "$who" = libkma ]; then
		stats=$server_stats pid=$server
		# The server, its helpers and a process per connection.
		served "postgres" 100 100000
		read -r count sum < <(requests_in "$client_stats")
		ok "psql, pgbench, pg_dump: libkma served them ($sum requests)" \
		    test "$count" -ge 6
	fi
done

same "postgres: same balances after pgbench" balances
same "postgres: same answers" answers
# pgbench lets its clients race: the order of the rows in a table differs.
for who in glibc libkma; do
	grep -v '^\\\(un\)\?restrict ' "$work/$who/dump" | sort \
	    >"$work/$who/dump.sorted"
done
same "postgres: same dump" dump.sorted

plan
