#!/bin/sh
# SQLite 3.40.1 (in apsw 3.40.1.0): where a commit fails because the system refuses a write, here beyond the
# limit of a file's size, sqlite3_system_errno says 0. In 3.46.1 (apsw 3.46.1.0) it says EFBIG (27). Both say
# "disk I/O error", with the extended code 778 (SQLITE_IOERR_WRITE), which is the same for every reason.
#
# Why it matters here: a full disk, a limit and a file system that is read-only have different remedies, and
# Debian 12 has 3.40.1. A store's error therefore takes errno itself, set to 0 before the call, where
# sqlite3_system_errno says nothing, and names the reason with its remedy.
#
# Fails where either version says something else.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
cat > "$folder/look.py" << 'PYTHON'
import os
import resource
import signal
import sys

import apsw

path, expected = os.path.join(sys.argv[1], sys.argv[2]), int(sys.argv[3])
connection = apsw.Connection(path)
connection.execute("PRAGMA journal_mode = WAL")
connection.execute("CREATE TABLE event(body)")
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 1024, resource.RLIM_INFINITY))
connection.execute("BEGIN")
for _ in range(1000):
    connection.execute("INSERT INTO event VALUES(?)", ("x" * 1000,))
try:
    connection.execute("COMMIT")
    raise SystemExit("the commit succeeded")
except apsw.IOError as error:
    said = connection.system_errno
    print(f"{sys.argv[2]}: {error}, extended {error.extendedresult}, system errno {said}")
    assert (error.extendedresult, said) == (778, expected), (error.extendedresult, said)
PYTHON
while read -r version expected; do
    "$folder/venv/bin/pip" install --quiet "apsw==$version.0"
    "$folder/venv/bin/python" "$folder/look.py" "$folder" "SQLite-$version" "$expected"
done << 'VERSIONS'
3.40.1 0
3.46.1 27
VERSIONS
