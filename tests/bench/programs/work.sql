-- work.sql: what the sqlite3 shell does with memory, in a database that is
-- all in memory: inserts, indexes, joins, groups, window functions, JSON, full
-- text, updates, a vacuum.  A linear congruential sequence stands for chance.
.bail on
CREATE TABLE customer(id INTEGER PRIMARY KEY, name TEXT, city TEXT);
CREATE TABLE sale(id INTEGER PRIMARY KEY, customer INT, amount REAL, day INT,
    note TEXT);
BEGIN;
WITH RECURSIVE r(n, s) AS (
    SELECT 1, 1988 UNION ALL
    SELECT n + 1, s * 16807 % 2147483647 FROM r WHERE n < 8000)
INSERT INTO customer SELECT n, printf('name %x', s), 'city ' || s % 90 FROM r;
WITH RECURSIVE r(n, s) AS (
    SELECT 1, 4711 UNION ALL
    SELECT n + 1, s * 16807 % 2147483647 FROM r WHERE n < 90000)
INSERT INTO sale SELECT n, s % 8000 + 1, s % 9973 / 7.0, s % 365,
    substr('a note on the sale that is cut somewhere', 1, s % 40) FROM r;
COMMIT;
CREATE INDEX sale_customer ON sale(customer, day);
CREATE INDEX sale_day ON sale(day, amount);
CREATE UNIQUE INDEX customer_name ON customer(name, id);
SELECT city, count(*), round(sum(amount), 3), max(name)
    FROM customer c JOIN sale s ON s.customer = c.id GROUP BY city ORDER BY 1;
SELECT day, group_concat(DISTINCT note) FROM sale WHERE day < 30
    GROUP BY day ORDER BY day;
SELECT a.id, b.id FROM sale a JOIN sale b
    ON a.customer = b.customer AND a.day = b.day AND a.id < b.id
    ORDER BY a.amount - b.amount, a.id, b.id LIMIT 300;
SELECT customer, day, rank() OVER (PARTITION BY day ORDER BY amount DESC, id),
    sum(amount) OVER (PARTITION BY customer ORDER BY day, id)
    FROM sale WHERE customer < 300 ORDER BY id;
CREATE TABLE doc(id INTEGER PRIMARY KEY, j TEXT);
INSERT INTO doc SELECT c.id, json_object('name', name, 'sales',
    json_group_array(json_object('day', day, 'amount', amount)))
    FROM customer c JOIN sale s ON s.customer = c.id GROUP BY c.id;
SELECT d.id, count(*), round(sum(e.value ->> '$.amount'), 3)
    FROM doc d, json_each(d.j, '$.sales') e GROUP BY d.id ORDER BY 3, 1
    LIMIT 100;
CREATE VIRTUAL TABLE word USING fts5(body);
INSERT INTO word SELECT 'w' || day || ' ' || note FROM sale WHERE id % 3 = 0;
SELECT count(*) FROM word WHERE word MATCH 'w7 OR w8 OR somewhere';
UPDATE sale SET note = note || upper(note) WHERE id % 3 = 0;
DELETE FROM sale WHERE id % 5 = 0;
VACUUM;
PRAGMA integrity_check;
