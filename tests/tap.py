"""Runs a unittest program, its cases printed in the Test Anything Protocol, so that each counts.

    import tap
    tap.main()

A case's name is its method's, without `test_`. Standard library only.
"""

import signal
import sys
import unittest


class Result(unittest.TestResult):
    """Prints what went wrong as comments, then one line for each case."""

    def __init__(self):
        super().__init__()
        self.count = 0
        self.broken = None  # the case of which a sub-test failed

    def line(self, verdict, test, note=""):
        self.count += 1
        name = test.id().rsplit(".", 1)[-1]
        name = name[len("test_"):] if name.startswith("test_") else name
        print(f"{verdict} {self.count} - {name}{note}", flush=True)

    def comment(self, test, error):
        for text in self._exc_info_to_string(error, test).splitlines():
            print(f"# {text}")

    def addSuccess(self, test):
        self.line("ok", test)

    def addError(self, test, error):
        super().addError(test, error)
        self.comment(test, error)
        self.line("not ok", test)

    addFailure = addError

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error is not None:
            self.comment(subtest, error)
            self.broken = test

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.line("ok", test, f" # SKIP {reason}")

    def stopTest(self, test):
        if self.broken is test:
            self.line("not ok", test)
        self.broken = None
        super().stopTest(test)


def main():
    """Run the cases, or those named on the command line; exit with 1 where one failed."""
    module = sys.modules["__main__"]
    loader = unittest.TestLoader()
    suite = loader.loadTestsFromModule(module)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup's would be inherited by what is started
    if sys.argv[1:]:
        suite = loader.loadTestsFromNames(sys.argv[1:], module)
    print(f"1..{suite.countTestCases()}", flush=True)
    result = Result()
    suite.run(result)
    sys.exit(0 if result.wasSuccessful() else 1)
