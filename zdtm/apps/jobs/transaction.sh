# One long transaction of sqlite3 in a database file with its journal. $1: rows.
# vfs=unix-none: the shell's own choice for a database that nobody else opens; it takes no file locks.
sqlite3 "file:bank.db?vfs=unix-none" <<SQL
PRAGMA temp_store = MEMORY;
CREATE TABLE account (id INTEGER PRIMARY KEY, owner TEXT, money INTEGER);
BEGIN IMMEDIATE;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
  INSERT INTO account SELECT i, hex(i * 7919), i % 1000 FROM n;
UPDATE account SET money = money + (SELECT count(*) FROM account WHERE id % 977 = 1) WHERE id % 500 = 0;
CREATE INDEX by_owner ON account (owner);
UPDATE account SET owner = owner || '!' WHERE money % 7 = 3;
COMMIT;
SELECT count(*), sum(money), max(owner) FROM account;
PRAGMA integrity_check;
SQL
