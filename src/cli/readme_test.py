#!/usr/bin/env python3
"""Types what a page shows and compares what comes: every block of a page that begins with `$ ./pybflash`.

    readme_test.py --program build/release/src/cli/pybflash
"""

import pathlib
import re
import shlex
import subprocess
import unittest

from tested_program import ProgramTest, parse_arguments

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PAGES = ("README.md", "docs/pyb-flash.md", "examples/powercut/README.md")
TIMEOUT_S = 120
PROGRAM = ""


def commands_of(page):
    """(command line, what the page shows after it) of each command in a page."""
    for block in re.findall(r"^```\n(\$ \./pybflash .*?)^```$", (ROOT / page).read_text(), re.M | re.S):
        for shown in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, rest = shown.partition("\n")
            yield command, rest


def split_typed(shown):
    """What is typed at a prompt, and what is shown from the first prompt on."""
    from_prompt = shown[shown.index(">>> ") :] if ">>> " in shown else shown
    return "".join(line + "\n" for line in re.findall(r"^>>> (.*)$", shown, re.M)), from_prompt


class Pages(ProgramTest):
    maxDiff = None

    def setUp(self):
        super().setUp()
        (self.folder / "examples").symlink_to(ROOT / "examples")

    def run_in_folder(self, arguments, typed=""):
        done = subprocess.run(
            [PROGRAM, *arguments],
            input=typed,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT_S,
            cwd=self.folder,
            check=False,
        )
        return done.stdout.replace(f"{ROOT}/", "")

    def test_commands_print_what_the_page_shows(self):
        for page in PAGES:
            commands = list(commands_of(page))
            self.assertTrue(commands, page)
            for command, shown in commands:
                with self.subTest(page=page, command=command):
                    typed, expected = split_typed(shown)
                    printed = self.run_in_folder(shlex.split(command)[1:], typed)
                    if typed:
                        printed = printed[printed.index(">>> ") :]
                    # A page may leave out the end.
                    self.assertEqual(printed[: len(expected)], expected)

    def test_python_blocks_run(self):
        blocks = re.findall(r"^```python\n(.*?)^```$", (ROOT / "README.md").read_text(), re.M | re.S)
        self.assertTrue(blocks)
        for code in blocks:
            self.assertEqual(self.run_in_folder(["run", "-c", code + "print(len(vfs.mount()))"]), "4\n")


if __name__ == "__main__":
    PROGRAM = parse_arguments(__doc__).program
    unittest.main()
