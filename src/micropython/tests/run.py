#!/usr/bin/env python3
"""Runs the tests that need MicroPython, on every board.

    run.py --program build/release/src/cli/pybflash --micropython build/micropython-1.25.0

Two kinds: scripts that run on the camera (contract_*.py, property.py), and cases that drive the program
from outside (boot.py, recipes.py, images.py, examples.py).
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import boot  # noqa: F401  its cases register themselves, as those of the others do
import cases
import examples  # noqa: F401
import images  # noqa: F401
import recipes
from board_facts import BOARDS
from camera import HERE, Camera


class Result:
    def __init__(self, title, passed, failed, details=""):
        self.title = title
        self.passed = passed
        self.failed = failed
        self.details = details


def run_script(program, board, script, arguments):
    """A script prints a line "ok NAME" or "FAILED NAME" for each of its tests."""
    with tempfile.TemporaryDirectory(prefix="pybflash-") as folder:
        output = Camera(program, board, folder).run_script(script, *arguments)
    lines = output.text.splitlines()
    passed = sum(line.startswith("ok ") for line in lines)
    failed = sum(line.startswith("FAILED ") for line in lines)
    if not failed and (output.exit_code != 0 or not passed):
        failed = 1  # it ended before it could say so
    return Result("%-20s %s" % (board, script.stem), passed, failed, output.text if failed else "")


def run_case(program, board, a_case):
    title = "%-20s %s" % (board, a_case.name)
    with tempfile.TemporaryDirectory(prefix="pybflash-") as folder:
        try:
            a_case.function(Camera(program, board, folder))
        except AssertionError as error:
            return Result(title, 0, 1, str(error) or "assertion in %s" % a_case.name)
    return Result(title, 1, 0)


def jobs_for(options, boards):
    """(function, arguments) of everything that is to run."""
    scripts = [(script, ()) for script in sorted(HERE.glob("contract_*.py"))]
    scripts.append((HERE / "property.py", (str(options.seed), str(options.sequences))))
    for board in boards:
        for script, arguments in scripts:
            if options.filter in script.stem:
                yield run_script, (options.program, board, script, arguments)
        for a_case in cases.all_cases():
            if options.filter in a_case.name and a_case.fits(BOARDS[board]):
                yield run_case, (options.program, board, a_case)


def check_facts(program):
    """A board that the tests know nothing of would go untested."""
    table = subprocess.run([program, "boards"], stdout=subprocess.PIPE, text=True, check=True).stdout
    for name in re.findall(r"^(\w+)  ", table, re.M)[1:]:
        if name not in BOARDS:
            sys.exit("run.py: write the numbers of %s into board_facts.py" % name)


def boards_named(text):
    if text == "all":
        return list(BOARDS)
    names = text.upper().split(",")
    for name in names:
        if name not in BOARDS:
            raise argparse.ArgumentTypeError("%s is none of: %s" % (name, ", ".join(BOARDS)))
    return names


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--program", required=True, type=pathlib.Path, help="the built pybflash")
    parser.add_argument("--micropython", required=True, type=pathlib.Path, help="MicroPython's source tree")
    parser.add_argument(
        "--boards", type=boards_named, default="all", help="all, or names with commas between"
    )
    parser.add_argument("--filter", default="", help="only tests with this in their name")
    parser.add_argument("--seed", type=int, default=1, help="of property.py")
    parser.add_argument("--sequences", type=int, default=100, help="of property.py")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="tests at the same time")
    return parser.parse_args()


def main():
    options = parse_arguments()
    check_facts(options.program.resolve())
    recipes.load(options.micropython)
    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        futures = [
            pool.submit(function, *arguments) for function, arguments in jobs_for(options, options.boards)
        ]
        for future in futures:
            result = future.result()
            passed += result.passed
            failed += result.failed
            print(
                "%-6s %s (%d)"
                % ("FAILED" if result.failed else "ok", result.title, result.passed + result.failed),
                flush=True,
            )
            if result.details:
                print("    " + result.details.strip().replace("\n", "\n    "))
    print("%d passed, %d failed" % (passed, failed))
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
