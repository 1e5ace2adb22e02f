"""What the tests of the program have in common: their arguments, how it refuses, a terminal to talk to it."""

import argparse
import os
import pathlib
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
import unittest

TIMEOUT_S = 60
INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def parse_arguments(description, micropython=False, boards=False):
    """Takes what is ours from the command line; the rest is left there for unittest."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, type=os.path.abspath)
    parser.add_argument("--micropython", required=micropython, type=os.path.abspath, help="its source tree")
    if boards:
        parser.add_argument("--boards", type=lambda names: names.split(","), help="only these, separated by commas")
    arguments, rest = parser.parse_known_args()
    sys.argv[1:] = rest
    return arguments


def wait_until(condition):
    deadline = time.monotonic() + TIMEOUT_S
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("waited for what does not come")
        time.sleep(0.001)


def heed_interruptions():
    for number in INTERRUPTIONS:
        signal.signal(number, signal.SIG_DFL)  # under nohup it would be ignored


def interrupt(command, number, is_time, **options):
    """Sends the signal as soon as `is_time`, which gets the process. Returns how that ended: 0, it was too late."""
    with subprocess.Popen(command, preexec_fn=heed_interruptions, **options) as process:
        try:
            wait_until(lambda: process.poll() is not None or is_time(process))
            process.send_signal(number)
            return process.wait(TIMEOUT_S)
        finally:
            process.kill()


class ProgramTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def assert_one_line(self, result, *words):
        """The program refused, in one line with these words, and did nothing else."""
        error = result.stderr if isinstance(result.stderr, str) else result.stderr.decode()
        self.assertEqual(result.returncode, 2, result)
        self.assertEqual(len(error.splitlines()), 1, result)
        self.assertTrue(error.startswith("pybflash: "), result)
        for word in words:
            self.assertIn(word, error)
        self.assertFalse(result.stdout, result)


class Stream:
    """What comes out of a terminal, and goes into it."""

    def __init__(self, fd):
        self.fd = fd
        self.seen = b""

    def send(self, data):
        os.write(self.fd, data)

    def expect(self, pattern):
        """What came up to and with the pattern."""
        deadline = time.monotonic() + TIMEOUT_S
        while not (match := re.search(pattern, self.seen, re.S)):
            if not select.select([self.fd], [], [], max(0, deadline - time.monotonic()))[0]:
                raise AssertionError(f"waited for {pattern}, saw {self.seen}")
            self.seen += self.read()
        text, self.seen = self.seen[: match.end()], self.seen[match.end() :]
        return text

    def read(self):
        try:
            data = os.read(self.fd, 4096)
        except OSError:
            data = b""
        if not data:
            raise AssertionError(f"the other end was closed, saw {self.seen}")
        return data

    def line(self, text):
        self.send(text.encode() + b"\r")
        return self.expect(rb">>> $")
