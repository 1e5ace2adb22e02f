#!/usr/bin/env python3
"""All C++ of a build by its compiler, for the warnings: without making code, which nobody would run.

    clang_check.py BUILD JOBS
"""

import concurrent.futures
import json
import pathlib
import shlex
import subprocess
import sys


def check(entry):
    command = [word for word in shlex.split(entry["command"]) if word != "-c"]
    output = command.index("-o")
    del command[output : output + 2]
    return subprocess.run(
        [*command, "-fsyntax-only"], cwd=entry["directory"], stderr=subprocess.PIPE, text=True, check=False
    )


def main():
    build, jobs = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    entries = json.loads((build / "compile_commands.json").read_text())
    entries = [entry for entry in entries if "c++-header" not in entry["command"]]  # made before, and used here
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        failures = [result.stderr for result in pool.map(check, entries) if result.returncode != 0]
    print("".join(failures), end="")
    print(f"clang compiled {len(entries)} files, {len(failures)} failed")
    return 1 if failures or not entries else 0


if __name__ == "__main__":
    sys.exit(main())
