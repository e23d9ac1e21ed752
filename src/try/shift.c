/*
 * shift.c: other random numbers for programs in Python, without their help.
 *
 * A command that seeds its generators with a fixed number draws the same in every process, so
 * chance in its scores cannot be seen from outside. Python reads a file `sitecustomize.py` before a
 * program: ours adds a number to every seed, then gives way to the user's own file of that name. It
 * is there in the probes PBT__PROBE_SHIFTED alone.
 */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "try/train.h"

static const char TEXT[] =
    "\"\"\"Made by `pbt try`: adds a number to every seed, to see what chance does.\"\"\"\n"
    "import builtins, os, random, sys\n"
    "\n"
    "SHIFT = 1000003 * int(os.environ.get('PBT_SHIFT_RANDOM', '0'))\n"
    "SEEDS = {'numpy.random': ('seed', 'default_rng'), 'torch': ('manual_seed',)}\n"
    "LIMIT = 2 ** 32\n"
    "\n"
    "def moved(seed):\n"
    "    is_seed = isinstance(seed, int) and not isinstance(seed, bool)\n"
    "    return (seed + SHIFT) % LIMIT if is_seed else seed\n"
    "\n"
    "def shifted(function):\n"
    "    def call(*words, **more):\n"
    "        words = tuple(moved(one) for one in words[:1]) + words[1:]\n"
    "        return function(*words, **{key: moved(one) for key, one in more.items()})\n"
    "    call.is_shifted = True\n"
    "    return call\n"
    "\n"
    "def reach(name):\n"
    "    module = sys.modules.get(name)\n"
    "    if getattr(getattr(module, '__spec__', None), '_initializing', False):\n"
    "        return\n"
    "    for one in SEEDS[name]:\n"
    "        function = getattr(module, one, None)\n"
    "        if function is not None and not hasattr(function, 'is_shifted'):\n"
    "            setattr(module, one, shifted(function))\n"
    "            if one == 'manual_seed':\n"
    "                function(SHIFT)\n"
    "\n"
    "def import_and_reach(name, *words, **more):\n"
    "    module = plain(name, *words, **more)\n"
    "    for one in SEEDS:\n"
    "        if one in sys.modules:\n"
    "            reach(one)\n"
    "    return module\n"
    "\n"
    "class Random(random.Random):\n"
    "    def seed(self, a=None, version=2):\n"
    "        super().seed(moved(a), version)\n"
    "\n"
    "plain, builtins.__import__ = builtins.__import__, import_and_reach\n"
    "random.seed = shifted(random.seed)\n"
    "random.Random = Random\n"
    "own, here = sys.modules.get(__name__), os.path.dirname(os.path.abspath(__file__))\n"
    "sys.path[:] = [path for path in sys.path if os.path.abspath(path) != here]\n"
    "sys.modules.pop(__name__, None)\n"
    "try:\n"
    "    import sitecustomize\n"
    "except ImportError:\n"
    "    sys.modules[__name__] = own\n";

pbt_err pbt__shift_make(const pbt__probe *probe, pbt_error *error)
{
    char folder[PBT__PATH_SIZE], path[PBT__PATH_SIZE];
    pbt_err err = pbt__probe_shift_folder(probe, folder, error);
    if (err == PBT_OK) {
        err = pbt__file_make_folder(folder, error);
    }
    if (err == PBT_OK) {
        err = pbt__path_join(folder, "sitecustomize.py", path, error);
    }
    return err == PBT_OK ? pbt__file_write(path, TEXT, strlen(TEXT), error) : err;
}
