#!/bin/sh
# torch 2.15.0: torch.distributed.checkpoint.async_save returns a concurrent.futures.Future before the
# folder even exists; *.distcp files come first and .metadata last.
#
# Why it matters: a folder with *.distcp and without .metadata is a torn checkpoint, which torch refuses to
# load; the python client of this project knows it by that, and waits for a future that save returns. Fails
# where the order, or what is returned, changes. (The package is large: some gigabytes with its libraries.)
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.15.0 numpy
cat > "$folder/look.py" << 'PYTHON'
import concurrent.futures
import os
import sys

import torch
import torch.distributed as distributed
import torch.distributed.checkpoint as checkpoint

folder = sys.argv[1]
distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=0, world_size=1)
state = {f"w{i}": torch.rand(6_000_000) for i in range(8)}
path = f"{folder}/saved"
future = checkpoint.async_save(state, checkpoint_id=path)
assert isinstance(future, concurrent.futures.Future), type(future)
assert not future.done()
seen = set()
while not future.done():
    if os.path.isdir(path):
        seen.add(tuple(sorted(os.listdir(path))))
future.result()
assert ("__0_0.distcp",) in seen, seen
assert (".metadata",) not in seen, seen
assert sorted(os.listdir(path)) == [".metadata", "__0_0.distcp"], os.listdir(path)
print("as said: async_save returns a future, and .metadata comes last")
PYTHON
"$folder/venv/bin/python" "$folder/look.py" "$folder"
