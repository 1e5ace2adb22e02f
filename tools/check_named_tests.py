#!/usr/bin/env python3
"""Are the tests that a page names there? `Suite.Name` is a GoogleTest, `file.py: case` a function of a script.

    tools/check_named_tests.py docs/power-loss.md
"""

import pathlib
import re
import sys

SOURCE = pathlib.Path(__file__).resolve().parent.parent / "src"


def google_tests():
    macro = re.compile(r"\bTEST(?:_P|_F)?\((\w+),\s*(\w+)\)")
    return {
        f"{suite}.{name}"
        for file in SOURCE.rglob("*_test.cc")
        for suite, name in macro.findall(file.read_text())
    }


def script_cases():
    return {
        f"{file.name}: {name}"
        for file in SOURCE.rglob("*.py")
        for name in re.findall(r"^ *def (\w+)\(", file.read_text(), re.MULTILINE)
    }


def names_in(page):
    text = page.read_text()
    named = re.findall(r"`([A-Z]\w+\.[A-Z]\w+)`", text)
    return named + re.findall(r"`(\w+\.py: \w+)`", text)


def main():
    there = google_tests() | script_cases()
    missing = 0
    for page in map(pathlib.Path, sys.argv[1:]):
        names = names_in(page)
        if not names:
            print(f"{page}: names no test")
            missing += 1
        for name in names:
            if name not in there:
                print(f"{page}: there is no test '{name}'")
                missing += 1
    return 1 if missing or len(sys.argv) < 2 else 0


if __name__ == "__main__":
    sys.exit(main())
