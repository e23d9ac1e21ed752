#!/bin/sh
# orbax-checkpoint 0.12.8 (with jax 0.10.2): CheckpointManager.save, and StandardCheckpointer.save, whose
# name does not say so, return before the checkpoint is there. Meanwhile a folder NAME.orbax-checkpoint-tmp
# stands in its place, no file of it is open at the moment of the return, and nothing that is returned says
# that there is something to wait for (True and None).
#
# Why it matters: whoever takes "save has returned" for "it is saved" publishes a torn checkpoint, or none.
# The python client of this project knows the name. Fails where that name, or the behaviour, changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet orbax-checkpoint==0.12.8 jax==0.10.2
cat > "$folder/look.py" << 'PYTHON'
import os
import sys

import numpy
import orbax.checkpoint as ocp

TEMPORARY = ".orbax-checkpoint-tmp"
folder = sys.argv[1]
state = {f"w{i}": numpy.random.rand(4_000_000) for i in range(8)}

manager = ocp.CheckpointManager(f"{folder}/manager")
assert manager.save(0, args=ocp.args.StandardSave(state)) is True
assert os.listdir(f"{folder}/manager") == [f"0{TEMPORARY}"], os.listdir(f"{folder}/manager")
manager.wait_until_finished()
assert os.listdir(f"{folder}/manager") == ["0"], os.listdir(f"{folder}/manager")

checkpointer = ocp.StandardCheckpointer()
assert checkpointer.save(f"{folder}/alone", state) is None
assert not os.path.exists(f"{folder}/alone") and os.path.exists(f"{folder}/alone{TEMPORARY}")
checkpointer.wait_until_finished()
assert os.path.exists(f"{folder}/alone") and not os.path.exists(f"{folder}/alone{TEMPORARY}")
print("as said: save returns while only NAME.orbax-checkpoint-tmp is there")
PYTHON
"$folder/venv/bin/python" "$folder/look.py" "$folder"
