#!/bin/sh
# SQLite 3.46.1 (in apsw 3.46.1.0), journal mode WAL, synchronous FULL: when the database's file has been
# removed or moved away under an open connection, every later commit, read, checkpoint and the close succeed.
# A new connection to the same name finds an empty database, and what was committed is gone with the close.
#
# Seen so with SQLite 3.40.1 of Debian 12 too.
#
# Why it matters here: a study whose store was cleaned away trained to its end and said "finished", with
# nothing on the disk. The run therefore compares device and inode of the store, its log and the log's index
# with what it opened, ends with status 1, and copies what the connection still sees into a file beside it.
#
# Fails where a commit or the close reports what happened.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet apsw==3.46.1.0
cat > "$folder/look.py" << 'PYTHON'
import os
import sys

import apsw

path = os.path.join(sys.argv[1], "store.db")
connection = apsw.Connection(path)
connection.execute("PRAGMA journal_mode = WAL")
connection.execute("PRAGMA synchronous = FULL")
connection.execute("CREATE TABLE event(body)")
connection.execute("INSERT INTO event VALUES('before')")
for suffix in ("", "-wal", "-shm"):
    os.unlink(path + suffix)
for number in range(100):
    with connection:
        connection.execute("INSERT INTO event VALUES(?)", (number,))
connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
(count,), = connection.execute("SELECT count(*) FROM event")
connection.close()
found = apsw.Connection(path).execute("SELECT count(*) FROM sqlite_schema").fetchall()
print(f"SQLite {apsw.sqlite_lib_version()}: {count} rows committed after the file was removed, and none is left")
assert count == 101 and found == [(0,)], (count, found)
PYTHON
"$folder/venv/bin/python" "$folder/look.py" "$folder"
