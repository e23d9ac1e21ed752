-- A store of layout version 1, with one study in it. Never edited: it stands for the files people have.
CREATE TABLE study (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE event (
  study INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  time_us INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  digest BLOB NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (study, sequence)
) STRICT;
CREATE TABLE claim (
  study INTEGER NOT NULL,
  member INTEGER NOT NULL,
  number INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  lease_until_us INTEGER NOT NULL,
  step INTEGER NOT NULL,
  step_changed_us INTEGER NOT NULL,
  worker TEXT NOT NULL,
  session TEXT NOT NULL,
  revision INTEGER NOT NULL,
  PRIMARY KEY (study, member)
) STRICT, WITHOUT ROWID;
CREATE INDEX claim_revision ON claim (study, revision);
CREATE TABLE blob (
  study INTEGER NOT NULL,
  member INTEGER NOT NULL,
  number INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  PRIMARY KEY (study, member, number)
) STRICT;
INSERT INTO study (id, name) VALUES (7, 'toy');
INSERT INTO event (study, sequence, time_us, kind, digest, body) VALUES
  (7, 1, 1700000000000000, 1, x'000102030405060708090a0b0c0d0e0f', '{"event":1}'),
  (7, 2, 1700000000000123, 2, x'ffffffffffffffffffffffffffffffff', '{"event":2}');
INSERT INTO claim (study, member, number, attempt, lease_until_us, step, step_changed_us, worker, session, revision)
  VALUES (7, 0, 3, 2, 1700000300000000, 40, 1700000000000100, 'worker-0', '0123456789abcdef0123456789abcdef', 5);
INSERT INTO blob (study, member, number, bytes) VALUES (7, 0, 2, x'00ff00');
PRAGMA application_id = 1885500531;
PRAGMA user_version = 1;
