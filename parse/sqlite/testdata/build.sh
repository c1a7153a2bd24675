#!/bin/sh
# Builds the sample databases with the sqlite3 shell (made with 3.40.1).
# The results are committed: salts in a WAL are random, so a new run differs.
set -eu
cd "$(dirname "$0")"
rm -f ./*.db ./*.db-wal

# Every storage class, overflow, a rowid alias, columns added later, UTF-8.
sqlite3 types.db <<'SQL'
PRAGMA page_size = 512;
CREATE TABLE raft_nodes (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    address TEXT NOT NULL, -- a comment, with a comma
    role INTEGER NOT NULL,
    UNIQUE (address)
);
INSERT INTO raft_nodes(id, address, role) VALUES (1, '10.0.0.1:8443', 0), (2, '10.0.0.2:8443', 0);
ALTER TABLE raft_nodes ADD COLUMN name TEXT NOT NULL DEFAULT 'none';
INSERT INTO raft_nodes VALUES (5, '10.0.0.5:8443', 1, 'five');
CREATE TABLE "odd ""name""" ([a b] REAL, `c` BLOB, d, CHECK (d IS NOT ','));
INSERT INTO "odd ""name""" VALUES (1, x'00ff', NULL), (1.5, zeroblob(1100), 0), (-2, x'', 1), (1e300, 'text', -1),
    (0, NULL, 127), (0, NULL, 128), (0, NULL, -32769), (0, NULL, 8388608), (0, NULL, -2147483649), (0, NULL, 9223372036854775807),
    (0, NULL, -9223372036854775808), (NULL, replace(hex(zeroblob(300)), '00', 'ab'), 'ü');
CREATE TABLE deep (k TEXT PRIMARY KEY, v);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 45)
    INSERT INTO deep SELECT 'key-' || i, i * i FROM n;
CREATE TABLE keyed (a TEXT, b INTEGER, c, PRIMARY KEY (a, b)) WITHOUT ROWID;
INSERT INTO keyed VALUES ('x', 1, 'one'), ('x', 2, 'two');
CREATE TABLE made (a INTEGER, b AS (a * 2), c INTEGER AS (a * 3) STORED, d TEXT);
INSERT INTO made(a, d) VALUES (7, 'seven');
CREATE VIEW v AS SELECT id FROM raft_nodes;
CREATE TRIGGER t AFTER INSERT ON deep BEGIN DELETE FROM keyed; END;
SQL

# UTF-16, auto-vacuum, so that page 2 is a pointer map.
for e in le be; do
    sqlite3 utf16$e.db "PRAGMA page_size = 512; PRAGMA encoding = 'UTF-16$e'; PRAGMA auto_vacuum = FULL;
        CREATE TABLE config (id INTEGER PRIMARY KEY, key VARCHAR(255), value TEXT);
        INSERT INTO config VALUES (1, 'cluster.https_address', '10.0.0.1:8443'), (2, 'größe', '𝄞');
        WITH RECURSIVE n(i) AS (SELECT 3 UNION ALL SELECT i + 1 FROM n WHERE i < 60) INSERT INTO config SELECT i, 'k' || i, NULL FROM n;"
done

# A WAL that holds newer rows, and one that was restarted and keeps stale frames.
rm -f live.db*
sqlite3 live.db <<'SQL'
PRAGMA page_size = 512;
PRAGMA journal_mode = wal;
PRAGMA wal_autocheckpoint = 0;
CREATE TABLE raft_nodes (id INTEGER PRIMARY KEY, address TEXT NOT NULL, role INTEGER NOT NULL);
INSERT INTO raft_nodes VALUES (1, 'old:1', 0);
PRAGMA wal_checkpoint(PASSIVE);
UPDATE raft_nodes SET address = 'new:1';
INSERT INTO raft_nodes VALUES (2, 'new:2', 0);
INSERT INTO raft_nodes VALUES (3, 'new:3', 2);
.shell cp live.db wal.db
.shell cp live.db-wal wal.db-wal
SQL
rm -f live.db*
sqlite3 live.db <<'SQL'
PRAGMA page_size = 512;
PRAGMA journal_mode = wal;
PRAGMA wal_autocheckpoint = 0;
CREATE TABLE a (x);
CREATE TABLE b (x);
CREATE TABLE c (x);
PRAGMA wal_checkpoint(RESTART);
INSERT INTO a VALUES (1);
.shell cp live.db stale.db
.shell cp live.db-wal stale.db-wal
SQL
rm -f live.db*
