#!/bin/sh
# What a part of ./test came to, in three words: ok or FAILED, how many tests passed, how many failed.
#
#   tools/verdict.sh ok build/test-cpp.log      the first word says how the part ended itself
#
# A part that counts no test at all has failed, and so has one that ended badly whatever its counts are.
set -eu

# The numbers in a part's output: its own closing lines, CTest's, unittest's, GoogleTest's. Those before CTest's are
# of tests that it counts itself.
count() {
    awk '
        # The whole word: "expected failures" are none.
        function number_after(word) {
            if (!match($0, "(\\(|, )" word "=[0-9]+")) return 0
            return substr($0, RSTART + index(substr($0, RSTART), "=")) + 0
        }
        /^[0-9]+ passed, [0-9]+ failed/ { passed += $1; failed += $3 }
        /tests failed out of/ { failed += $4; passed += $NF - $4; g_passed = g_failed = 0 }
        /^Ran [0-9]+ tests? in/ { ran = $2 }
        /^\[  PASSED  \] [0-9]+ test/ { g_passed += $4 }
        /^\[  FAILED  \] [0-9]+ test.*listed below/ { g_failed += $4 }
        (/^OK/ || /^FAILED \(/) && ran {
            bad = number_after("failures") + number_after("errors")  # of sub-tests, which can be more than ran
            good = ran - bad - number_after("skipped")
            failed += bad
            passed += good > 0 ? good : 0
            ran = 0
        }
        END { print passed + g_passed, failed + g_failed }' "$1"
}

ended=$1
# shellcheck disable=SC2046  # two words
set -- $(count "$2")
passed=$1
failed=$2
[ "$((passed + failed))" -gt 0 ] || failed=1
[ "$ended" = ok ] || [ "$failed" -gt 0 ] || failed=1
[ "$failed" -eq 0 ] && verdict=ok || verdict=FAILED
echo "$verdict $passed $failed"
