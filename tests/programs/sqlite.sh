#!/bin/bash
# sqlite.sh: the sqlite3 shell under libkma: inserts, indexes, joins, JSON,
# full-text search, a vacuum, and the dump of it all.
. "$(dirname "$0")/lib.sh"

begin
need_core sqlite3 sqlite3

# A linear congruential sequence stands for chance: random() would differ.
cat >"$work/work.sql" <<'END'
.bail on
PRAGMA journal_mode = WAL;
PRAGMA cache_size = 500;
BEGIN;
CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT, grp INT, price REAL,
    body BLOB);
WITH RECURSIVE r(n, s) AS (
    SELECT 1, 1988
    UNION ALL
    SELECT n + 1, (s * 1103515245 + 12345) & 0x7fffffff FROM r
    WHERE n < 60000)
INSERT INTO item SELECT n, printf('item %08x', s), s / 256 % 1000,
    s / 7.0, substr(hex(zeroblob(s / 256 % 300)), 1, s / 256 % 500) FROM r;
COMMIT;
CREATE INDEX by_group ON item(grp, price);
CREATE UNIQUE INDEX by_name ON item(name, id);
CREATE TABLE grp AS SELECT grp AS g, count(*) AS n, sum(price) AS total,
    group_concat(name) AS names FROM (SELECT * FROM item ORDER BY id)
    GROUP BY grp;
SELECT count(*), sum(length(names)), sum(total) FROM grp;
SELECT a.name, b.name, round(a.price - b.price, 3)
    FROM item a JOIN item b ON a.grp = b.grp AND a.id < b.id
    WHERE a.grp BETWEEN 100 AND 104 ORDER BY 3, 1, 2 LIMIT 500;
SELECT grp, name, rank() OVER (PARTITION BY grp ORDER BY price DESC, id) AS k,
    sum(price) OVER (PARTITION BY grp ORDER BY id) FROM item
    WHERE grp < 40 ORDER BY grp, k, id;
UPDATE item SET body = body || upper(name) || body WHERE id % 3 = 0;
DELETE FROM item WHERE id % 7 = 0;
SELECT json_group_array(json_object('id', id, 'name', name, 'len',
    length(body))) FROM item WHERE grp = 77;
CREATE TABLE doc(j TEXT);
INSERT INTO doc SELECT json_object('g', g, 'n', n, 'names',
    json('["' || replace(names, ',', '","') || '"]')) FROM grp;
SELECT j ->> '$.g', e.value FROM doc, json_each(j, '$.names') e
    WHERE j ->> '$.g' % 100 = 3 ORDER BY 1, 2;
CREATE VIRTUAL TABLE text USING fts5(body);
INSERT INTO text SELECT replace(name, 'item ', 'word' || grp % 50 || ' ')
    FROM item;
SELECT count(*) FROM text WHERE text MATCH 'word7 OR word8';
SELECT * FROM text WHERE text MATCH 'word9' ORDER BY rowid LIMIT 20;
VACUUM;
PRAGMA integrity_check;
ANALYZE;
.dump
END

input=$work/work.sql
run_both -r 100000 "sqlite3" sqlite3 -batch work.db
same_output "sqlite3"
input=/dev/null
run_both -r 1000 "sqlite3 -readonly" sqlite3 -readonly work.db .dump
same_output "sqlite3 -readonly"
same "sqlite3: same database file" work.db

plan
