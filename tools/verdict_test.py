#!/usr/bin/env python3
"""Does tools/verdict.sh see what failed? The logs are what CTest, GoogleTest, unittest and our own parts print."""

import pathlib
import subprocess
import tempfile
import unittest

VERDICT = pathlib.Path(__file__).resolve().parent / "verdict.sh"

GOOGLETEST_FAILED = """\
[  PASSED  ] 6 tests.
[  FAILED  ] 2 tests, listed below:
[  FAILED  ] Cache.Reads
[  FAILED  ] Cache.Writes
"""
CTEST_FAILED = "98% tests passed, 2 tests failed out of 100\n"
UNITTEST_PASSED = "Ran 7 tests in 0.123s\n\nOK\n"

# name, how the part ended, its output, the words that are expected
CASES = [
    ("own lines add up", "ok", "3 passed, 0 failed\n5 passed, 0 failed\n", "ok 8 0"),
    ("an own line with failures", "ok", "3 passed, 2 failed\n", "FAILED 3 2"),
    ("CTest passed", "ok", "100% tests passed, 0 tests failed out of 100\n", "ok 100 0"),
    ("CTest failed", "FAILED", CTEST_FAILED, "FAILED 98 2"),
    ("CTest's failures are not counted twice", "FAILED", GOOGLETEST_FAILED + CTEST_FAILED, "FAILED 98 2"),
    ("GoogleTest passed", "ok", "[  PASSED  ] 6 tests.\n", "ok 6 0"),
    ("GoogleTest failed", "FAILED", GOOGLETEST_FAILED, "FAILED 6 2"),
    ("unittest passed", "ok", UNITTEST_PASSED, "ok 7 0"),
    ("what unittest skipped has not passed", "ok", "Ran 7 tests in 1s\n\nOK (skipped=2)\n", "ok 5 0"),
    ("a failure that unittest expects is none", "ok", "Ran 7 tests in 1s\n\nOK (expected failures=1)\n", "ok 7 0"),
    ("failures of both kinds", "FAILED", "Ran 7 tests in 1s\n\nFAILED (failures=2, expected failures=1)\n", "FAILED 5 2"),
    (
        "unittest failed",
        "FAILED",
        UNITTEST_PASSED + "Ran 9 tests in 1s\n\nFAILED (failures=2, errors=1, skipped=1)\n",
        "FAILED 12 3",
    ),
    ("more sub-tests failed than tests ran", "FAILED", "Ran 1 test in 1s\n\nFAILED (failures=3)\n", "FAILED 0 3"),
    ("a part that dies between its tests", "FAILED", UNITTEST_PASSED + "Segmentation fault\n", "FAILED 7 1"),
    ("a part that says failed and ends well", "ok", "Ran 2 tests in 1s\n\nFAILED (errors=1)\n", "FAILED 1 1"),
    ("no test at all", "ok", "nothing to do\n", "FAILED 0 1"),
    ("nothing written", "ok", "", "FAILED 0 1"),
]


class Verdicts(unittest.TestCase):
    def test_each_kind_of_log(self):
        with tempfile.TemporaryDirectory() as folder:
            log = pathlib.Path(folder) / "test part.log"
            for name, ended, output, expected in CASES:
                with self.subTest(name):
                    log.write_text(output)
                    said = subprocess.run([VERDICT, ended, log], capture_output=True, text=True, check=True)
                    self.assertEqual(said.stdout, expected + "\n")


if __name__ == "__main__":
    unittest.main()
