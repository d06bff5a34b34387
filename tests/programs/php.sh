#!/bin/bash
# php.sh: php under libkma, with extensions that it loads with RTLD_DEEPBIND
# (pdo, pdo_sqlite, tokenizer): under a preloaded allocator that does not know
# about it they free with the C library what the other one allocated.  With
# the Zend memory manager and without it.
. "$(dirname "$0")/lib.sh"

begin
need php php-cli

extensions() {
	php -m 2>/dev/null | grep -c -x -i -E 'pdo|pdo_sqlite|tokenizer'
}
if [ "$(extensions)" -ne 3 ]; then
	skip_all "php without pdo_sqlite (Debian package: php-sqlite3)"
fi

cat >"$work/work.php" <<'END'
<?php
function say($name, $text) { echo $name, " ", hash("sha256", $text), "\n"; }
mt_srand(1988);

$db = new PDO("sqlite::memory:");
$db->setAttribute(PDO::ATTR_ERRMODE, PDO::ERRMODE_EXCEPTION);
$db->exec("CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT, body BLOB)");
$put = $db->prepare("INSERT INTO t(name, body) VALUES(?, ?)");
$db->beginTransaction();
for ($n = 0; $n < 30000; $n++)
	$put->execute(["name" . mt_rand(0, 999), str_repeat("b", mt_rand(0, 400))]);
$db->commit();
$db->exec("CREATE INDEX i ON t(name)");
$out = "";
foreach ($db->query("SELECT name, count(*) AS n, sum(length(body)) AS l FROM t
    GROUP BY name ORDER BY name", PDO::FETCH_ASSOC) as $row)
	$out .= implode(",", $row) . "\n";
say("pdo", $out);
$db->sqliteCreateFunction("twice", fn($s) => $s . $s);
say("function", implode($db->query("SELECT twice(name) FROM t ORDER BY id
    LIMIT 5000")->fetchAll(PDO::FETCH_COLUMN)));
try { $db->exec("NONSENSE"); } catch (PDOException $e) { say("error", $e->getMessage()); }

$source = "<?php\n";
for ($n = 0; $n < 2000; $n++)
	$source .= "function f$n(\$a, ?int \$b = $n): string { /* text */ return \"\$a {\$b}\" . 'x$n'; }\n";
$names = [];
foreach (token_get_all($source) as $t)
	$names[] = is_array($t) ? token_name($t[0]) . strlen($t[1]) : $t;
say("tokenizer", implode(" ", $names));
say("tokens", implode(array_map(fn($t) => $t->text, PhpToken::tokenize($source))));

$tree = [];
for ($n = 0; $n < 60000; $n++)
	$tree["k" . mt_rand(0, 300)]["l" . mt_rand(0, 300)][] = $n;
say("json", json_encode(json_decode(json_encode($tree), true), JSON_PRETTY_PRINT));
say("serialize", serialize(unserialize(serialize($tree))));
say("preg", preg_replace_callback('/(\w)(\d+)/', fn($m) => $m[2] . strtoupper($m[1]), implode(" ", array_keys($tree))));
say("gz", gzuncompress(gzcompress(str_repeat(json_encode($tree), 3), 6)));
$big = [];
for ($n = 0; $n < 400; $n++)
	$big[$n % 37] = str_repeat(chr(65 + $n % 26), mt_rand(1, 3000000));
say("big", implode($big));
END

run_both -r 100 "php -m" php -m
same_output "php -m"
ok "php -m lists pdo, pdo_sqlite and tokenizer under libkma" \
    [ "$(grep -c -x -i -E 'pdo|pdo_sqlite|tokenizer' \
    "$work/libkma/stdout")" -eq 3 ]
run_both -r 10000 "php" php "$work/work.php"
same_output "php"
run_both -r 500000 "php with USE_ZEND_ALLOC=0" \
    env USE_ZEND_ALLOC=0 php -d memory_limit=-1 "$work/work.php"
same_output "php with USE_ZEND_ALLOC=0"

plan
