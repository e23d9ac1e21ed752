#!/bin/sh
# SQLite 3.46.1 (in apsw 3.46.1.0): after "PRAGMA journal_mode = WAL" has answered "wal" for a new database, the
# connection has no log yet and holds no lock. Another process that then reads the database and closes it is its
# last user: it makes the -wal file, and removes it. The first connection makes another one, with another inode,
# at its next statement. From that statement on it holds the log: nobody's close removes it.
#
# Seen so with SQLite 3.40.1 of Debian 12 too.
#
# Why it matters here: a run remembers device and inode of the log when it opens a store, and ends where another
# file has taken its place. Of several runs that made one store at the same moment, one found its log "replaced".
# The store now reads once between the pragma and that look.
#
# Fails where the pragma keeps the log, or where a read does not.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet apsw==3.46.1.0
cat > "$folder/look.py" << 'PYTHON'
import os
import subprocess
import sys

import apsw

path = os.path.join(sys.argv[1], "store.db")
log = path + "-wal"
VISIT = """
import os, sys, apsw
c = apsw.Connection(sys.argv[1])
c.execute("SELECT count(*) FROM sqlite_schema").fetchall()
print(os.stat(sys.argv[1] + "-wal").st_ino)
c.close()
"""


def visit():
    """Read the database in another process, and close it there: the inode of the log that it saw."""
    done = subprocess.run([sys.executable, "-c", VISIT, path], check=True, capture_output=True, text=True)
    return int(done.stdout)


connection = apsw.Connection(path)
assert connection.execute("PRAGMA journal_mode = WAL").fetchall() == [("wal",)]
before = os.path.exists(log)
visit()
after_visit = os.path.exists(log)
connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()
held = os.stat(log).st_ino
seen = visit()
kept = os.path.exists(log) and os.stat(log).st_ino == held == seen
print(f"SQLite {apsw.sqlite_lib_version()}: log after the pragma: {before}; after a visit: {after_visit}; "
      f"after the first read a visit leaves it: {kept}")
assert (before, after_visit, kept) == (False, False, True)
PYTHON
"$folder/venv/bin/python" "$folder/look.py" "$folder"
