"""Every public header compiles alone, twice in one file, as C99 and as C++17.

Usage: alone.py INCLUDE C-COMPILER... [-- C++-COMPILER...]
"""
import pathlib
import subprocess
import sys

WARNINGS = ("-pedantic", "-Wall", "-Wextra", "-Werror", "-fsyntax-only")


def compile_alone(compiler, language, standard, folder, header):
    """The compiler's complaints, empty where there are none."""
    source = f"#include <{header}>\n#include <{header}>\n"
    command = [*compiler, "-x", language, f"-std={standard}", *WARNINGS, "-I", str(folder), "-"]
    done = subprocess.run(command, input=source, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stderr or "failed"


def main():
    folder = pathlib.Path(sys.argv[1])
    arguments = sys.argv[2:] + ["--"]
    cut = arguments.index("--")
    compilers = (
        ("c", "c99", arguments[:cut]),
        ("c++", "c++17", [a for a in arguments[cut:] if a != "--"]),
    )
    headers = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.h"))
    print(f"1..{len(compilers) * len(headers)}")
    failed = 0
    for language, standard, compiler in compilers:
        for header in headers:
            name = f"{header} as {standard}"
            if not compiler:
                print(f"ok - {name} # SKIP no compiler")
                continue
            complaints = compile_alone(compiler, language, standard, folder, header)
            failed += bool(complaints)
            print("".join(f"# {line}\n" for line in complaints.splitlines()), end="")
            print(f"{'not ok' if complaints else 'ok'} - {name}")
    return 1 if failed or not headers else 0


if __name__ == "__main__":
    sys.exit(main())
