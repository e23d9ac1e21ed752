"""Every public header compiles alone, twice in one file, as C99 and as C++17 (those in C++ as that
alone), and a NULL where none is allowed does not.

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


def passes_null(compiler, language, standard, folder):
    """Whether a NULL is let through where it is not allowed, or not where it is."""
    source = """#include <pbt/worker.h>
pbt_err f(pbt_population *p, pbt_worker *w, pbt_report *r, pbt_segment *s, pbt_error *e);
pbt_err f(pbt_population *p, pbt_worker *w, pbt_report *r, pbt_segment *s, pbt_error *e)
{ (void)p; (void)w; (void)r; (void)s; (void)e; return %s; }
"""
    allowed = "pbt_population_tell(p, r, NULL)", "pbt_worker_report(w, 1, NULL)"
    refused = ("pbt_population_tell(p, NULL, e)", "pbt_population_new(NULL, &p, e)",
               "pbt_population_ask(p, NULL) ? PBT_OK : PBT_ERR_STATE",
               "pbt_worker_report(NULL, 1, e)")
    for expression in allowed + refused:
        command = [*compiler, "-x", language, f"-std={standard}", "-O1", *WARNINGS[:-1], "-S",
                   "-o", "/dev/null", "-I", str(folder), "-"]
        done = subprocess.run(command, input=source % expression, capture_output=True, text=True,
                              check=False)
        if (done.returncode == 0) != (expression in allowed):
            return f"{expression}: {done.stderr}"
    return ""


def main():
    folder = pathlib.Path(sys.argv[1])
    arguments = sys.argv[2:] + ["--"]
    cut = arguments.index("--")
    compilers = (
        ("c", "c99", arguments[:cut]),
        ("c++", "c++17", [a for a in arguments[cut:] if a != "--"]),
    )
    headers = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.h*"))
    checks = [(header, *each) for each in compilers for header in headers
              if header.endswith(".h") or each[0] == "c++"]
    checks += [(None, *each) for each in compilers]
    print(f"1..{len(checks)}")
    failed = 0
    for header, language, standard, compiler in checks:
        name = f"{header or 'NULL'} as {standard}"
        if not compiler:
            print(f"ok - {name} # SKIP no compiler")
            continue
        arguments = compiler, language, standard, folder
        complaints = compile_alone(*arguments, header) if header else passes_null(*arguments)
        failed += bool(complaints)
        print("".join(f"# {line}\n" for line in complaints.splitlines()), end="")
        print(f"{'not ok' if complaints else 'ok'} - {name}")
    return 1 if failed or not headers else 0


if __name__ == "__main__":
    sys.exit(main())
