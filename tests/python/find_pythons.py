"""find_pythons.py: the Pythons at hand from 3.8, a line each: name, path, whether pip builds there,
and whether it is at an end: Debian's own, the oldest or the newest.

Debian's own comes first, then those on the PATH, then those that pyenv keeps aside.
"""

import glob
import os
import shutil
import subprocess

PROBE = """
import importlib.util, os, sys
if sys.version_info >= (3, 8):
    tools = [importlib.util.find_spec(name) for name in ("pip", "setuptools", "wheel")]
    name = "python%d.%d.%d" % sys.version_info[:3]
    print(name, os.path.realpath(sys.executable), "no-pip" if None in tools else "pip")
"""


def candidates():
    yield "/usr/bin/python3"
    for name in ["python3"] + [f"python3.{minor}" for minor in range(8, 20)]:
        yield shutil.which(name)
    root = os.environ.get("PYENV_ROOT", os.path.expanduser("~/.pyenv"))
    yield from sorted(glob.glob(os.path.join(root, "versions", "*", "bin", "python3")))


found = {}
for path in candidates():
    if path is not None:
        run = [path, "-c", PROBE]
        done = subprocess.run(run, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for line in done.stdout.splitlines():
            found.setdefault(line.split()[0], line)


def version(name):
    return tuple(int(number) for number in name[len("python"):].split("."))


names = sorted(found, key=version)
ends = {next(iter(found)), names[0], names[-1]}
for name, line in found.items():
    print(line, "end" if name in ends else "between")
