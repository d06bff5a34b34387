-- report.sql: the queries of postgresql.sh that want memory for sorting,
-- hashing, and documents.
SELECT a.bid, count(*), sum(a.abalance), max(b.filler)
    FROM pgbench_accounts a JOIN pgbench_branches b ON a.bid = b.bid
    GROUP BY a.bid;
SELECT md5(string_agg(filler || aid, ',' ORDER BY md5(aid::text)))
    FROM pgbench_accounts WHERE aid <= 20000;
SELECT length(jsonb_agg(jsonb_build_object('id', aid, 'list',
    ARRAY[bid, abalance, aid % 7]))::text)
    FROM pgbench_accounts WHERE aid <= 15000;
SELECT count(*) FROM (SELECT DISTINCT substr(md5(aid::text), 1, 4)
    FROM pgbench_accounts) AS prefixes;
SELECT max(length(regexp_replace(md5(aid::text), '([a-f]+)', '<\1>', 'g')))
    FROM pgbench_accounts WHERE aid <= 10000;
