PRAGMA journal_mode = WAL;
CREATE TABLE "event" ("sequence" INTEGER NOT NULL PRIMARY KEY, "device" TEXT NOT NULL, "type" TEXT NOT NULL, "subject" TEXT, "time" INTEGER NOT NULL, "timequality" TEXT NOT NULL, "boot" TEXT NOT NULL, "monotonic" REAL NOT NULL, "data" BLOB NOT NULL) STRICT;
CREATE TABLE "memory" ("device" TEXT NOT NULL PRIMARY KEY, "data" BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE "progress" ("destination" TEXT NOT NULL PRIMARY KEY, "cursor" INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE "parked" ("destination" TEXT NOT NULL, "sequence" INTEGER NOT NULL, "reason" TEXT NOT NULL, PRIMARY KEY ("destination", "sequence")) STRICT, WITHOUT ROWID;
CREATE TABLE "identity" ("id" INTEGER NOT NULL PRIMARY KEY CHECK (id = 1), "journal" TEXT NOT NULL, "box" TEXT NOT NULL) STRICT;
INSERT INTO identity VALUES (1, '5f3a9c01', '0123456789ab');
WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 300)
INSERT INTO event
SELECT n, 'pbx1', 'call.ended', NULL, 1774080000000000 + n, 'synced', '5f1e0c6a', n, CAST('{"number": ' || n || '}' AS BLOB)
FROM number;
INSERT INTO memory VALUES ('pbx1', X'6F70656E2063616C6C73');
INSERT INTO progress VALUES ('crm', 120);
INSERT INTO parked VALUES ('crm', 7, 'no call_id');
PRAGMA application_id = 1348565366;
PRAGMA user_version = 1;
