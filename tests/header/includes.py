"""tools/check-includes: what it must find, and what it must let pass."""
import importlib.machinery
import importlib.util
import pathlib
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
sys.dont_write_bytecode = True
import tap


def load_tool():
    """Import the tool, which has no .py in its name."""
    path = str(ROOT / "tools" / "check-includes")
    loader = importlib.machinery.SourceFileLoader("check_includes", path)
    spec = importlib.util.spec_from_loader("check_includes", loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


check = load_tool()


class Includes(unittest.TestCase):
    def found(self, path, text):
        command = check.named_command(["amend", "run"])
        return [fault.removeprefix(f"{path}:") for fault in check.faults(path, text, command)]

    def test_arrows_point_down(self):
        order = list(check.LAYERS)
        for layer, allowed in check.LAYERS.items():
            self.assertTrue(all(order.index(below) < order.index(layer) for below in allowed))

    def test_names_what_points_up_or_aside(self):
        pairs = (("base", "core"), ("core", "base"), ("store", "spec"), ("spec", "store"),
                 ("study", "executor"), ("executor", "cli"))
        for layer, other in pairs:
            with self.subTest(layer=layer, other=other):
                text = f'#include <stdint.h>\n  #  include "{other}/x.h"\n'
                self.assertEqual(self.found(f"src/{layer}/x.c", text),
                                 [f"2: {layer} may not include {other}"])

    def test_lets_pass_what_points_down(self):
        for layer, allowed in check.LAYERS.items():
            for below in {layer} | allowed:
                self.assertEqual(self.found(f"src/{layer}/x.h", f'#include "{below}/y.h"\n'), [])

    def test_wants_the_layer_in_the_path(self):
        for name in ("x.h", "../core/x.h", "nowhere/x.h"):
            self.assertEqual(self.found("src/study/x.c", f'#include "{name}"\n'),
                             [f'1: "{name}" does not begin with a layer'])
        self.assertEqual(self.found("src/nowhere/x.c", ""), [" no layer of that name"])

    def test_core_is_pure(self):
        for name in ("time.h", "unistd.h", "pthread.h", "threads.h", "stdatomic.h", "signal.h",
                     "xxhash.h", "Random123/threefry.h", "pbt/trainer.h"):
            self.assertEqual(self.found("src/core/x.c", f"#include <{name}>\n"),
                             [f"1: core may not include <{name}>"])
        for name in ("math.h", "string.h", "Random123/philox.h", "pbt/pbt.h"):
            self.assertEqual(self.found("src/core/x.c", f"#include <{name}>\n"), [])

    def test_core_calls_nothing_impure(self):
        text = '/* printf(1) */\nint a = snprintf(0, 0, "exit(1)"); // getenv(x)\n  printf ("x");\n'
        self.assertEqual(self.found("src/core/x.c", text), ["3: core may not call printf"])
        self.assertEqual(self.found("src/core/x.c", "a.remove(x); a->exit(x); my_rand();\n"), [])
        self.assertEqual(self.found("src/cli/x.c", text), [])

    def test_texts_below_the_command_line_name_no_command(self):
        text = 'f("see \'pbt amend x\'"); /* "pbt run" */\ng("`amend x`, pbt runs, pbt__run");\n'
        self.assertEqual(self.found("src/study/x.c", text),
                         ["1: below the command line no text names 'pbt amend'"])
        self.assertEqual(self.found("src/cli/x.c", text), [])

    def test_public_headers_need_nothing_of_ours(self):
        path = "include/pbt/x.h"
        self.assertEqual(self.found(path, "#include <stdint.h>\n#include <pbt/pbt.h>\n"), [])
        self.assertEqual(self.found(path, "#include <unistd.h>\n"),
                         ["1: public may not include <unistd.h>"])
        self.assertEqual(self.found(path, '#include "pbt.h"\n'),
                         ['1: a public header may not include "pbt.h"'])


if __name__ == "__main__":
    tap.main()
