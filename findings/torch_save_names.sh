#!/bin/sh
# torch 2.15.0: torch.save writes the same tensors as other bytes under another file name: the archive's
# inner folder has the name of the file, up to its last dot, and the records are aligned behind that name, so
# even the length may differ. Into a file object they are alike, for then the folder is called "archive".
#
# Seen so with torch 1.13.0 of Debian 12 too.
#
# Why it matters here: checkpoints are compared by digest, to find a trainer that does not save all its state
# (`pbt try`). Two files that hold the same weights differ when their paths do, so a difference of bytes alone
# is no verdict there, and a study's checkpoints are named by member and segment when they are published.
#
# Fails where the bytes are alike. It installs torch (5 GB) into a temporary folder; PYTHON names a Python
# that has one.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python=${PYTHON-}
if test -z "$python"; then
    python3 -m venv "$folder/venv"
    "$folder/venv/bin/pip" install --quiet torch==2.15.0 numpy
    python=$folder/venv/bin/python
fi
cat > "$folder/look.py" << 'PYTHON'
import io
import os
import sys
import zipfile

import torch

folder = sys.argv[1]
state = {"weights": torch.arange(1000, dtype=torch.float32), "step": 40}


def saved(name):
    path = os.path.join(folder, name)
    torch.save(state, path)
    with open(path, "rb") as file:
        return file.read()


def in_memory():
    file = io.BytesIO()
    torch.save(state, file)
    return file.getvalue()


one, same, other = saved("m0s4.pt"), saved("m0s4.pt"), saved("m0s12.pt")
folders = [zipfile.ZipFile(io.BytesIO(data)).namelist()[0].split("/")[0] for data in (one, other)]
print(f"torch {torch.__version__}: the same tensors as m0s4.pt and m0s12.pt:", "alike" if one == other else "differ")
assert one == same and one != other, "the name is no part of the bytes any more"
assert folders == ["m0s4", "m0s12"], folders
assert in_memory() == in_memory()
PYTHON
"$python" "$folder/look.py" "$folder"
