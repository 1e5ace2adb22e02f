#!/usr/bin/env python3
"""Tests of the prompt of `pybflash run`: on a terminal, which gets back what it was, and in a pipe.

    prompt_test.py --program build/release/src/cli/pybflash
"""

import os
import pty
import signal
import subprocess
import sys
import termios
import time
import unittest

from tested_program import INTERRUPTIONS, Stream, heed_interruptions, parse_arguments

CTRL_A, CTRL_B, CTRL_C, CTRL_D, CTRL_X = b"\x01", b"\x02", b"\x03", b"\x04", b"\x18"
TIMEOUT_S = 60
PROGRAM = ""


def pybflash(*args, stdin=b""):
    return subprocess.run([PROGRAM, *args], input=stdin, capture_output=True, timeout=TIMEOUT_S, check=False)


class Terminal(Stream):
    """The program on a terminal of its own."""

    def __init__(self, *args):
        self.pid, fd = pty.fork()
        if self.pid == 0:
            os.execv(PROGRAM, [PROGRAM, "run", *args])
        super().__init__(fd)

    def exit_code(self):
        try:
            while os.read(self.fd, 4096):
                pass
        except OSError:  # the other end is closed
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


class Prompt(unittest.TestCase):
    def open(self, *args):
        terminal = Terminal(*args)
        self.addCleanup(os.close, terminal.fd)
        greeting = terminal.expect(rb">>> ")
        return terminal, greeting

    def test_greeting_says_where_one_is(self):
        terminal, greeting = self.open("--board", "OPENMV_N6")
        for word in (b"OpenMV N6", b"RAM", b"Ctrl-D", b"MicroPython v1."):
            self.assertIn(word, greeting)
        terminal.send(CTRL_X)
        self.assertEqual(terminal.exit_code(), 0)

    def test_soft_reset_keeps_the_flash_and_nothing_else(self):
        terminal, _ = self.open()
        terminal.line("open('x', 'w').write('kept'); name = 1")
        terminal.send(CTRL_D)
        terminal.expect(rb"MPY: soft reboot\r\n.*>>> ")
        self.assertIn(b"kept", terminal.line("open('x').read()"))
        self.assertIn(b"NameError", terminal.line("name"))
        terminal.send(b"import sys; sys.exit(5)\r")
        self.assertEqual(terminal.exit_code(), 5)

    def test_interrupt_ends_the_line_that_runs(self):
        terminal, _ = self.open("--no-mount")
        terminal.send(b"while True: pass\r\r")
        terminal.expect(rb"pass\r\n")
        time.sleep(0.3)
        terminal.send(CTRL_C)
        terminal.expect(rb"KeyboardInterrupt: \r\n>>> ")
        self.assertIn(b"\r\n3\r\n", terminal.line("print(1 + 2)"))
        terminal.send(CTRL_X)
        self.assertEqual(terminal.exit_code(), 0)

    def test_leaving_from_within_a_line(self):
        terminal, _ = self.open("--no-mount")
        terminal.send(b"half a li" + CTRL_X)
        self.assertEqual(terminal.exit_code(), 0)

    def test_data_reaches_the_flash_at_the_idle_prompt(self):
        terminal, _ = self.open("--no-mount")
        terminal.line("import sim, pyb; pyb.Flash(start=0).writeblocks(0, bytes(512))")
        self.assertIn(b"\r\n0\r\n", terminal.line("sim.stats()['programs']"))
        time.sleep(2.5)
        self.assertNotIn(b"\r\n0\r\n", terminal.line("sim.stats()['programs']"))

    def test_end_of_input_is_an_end(self):
        for text in (b"", b"print(3 * 14)\n", b"pass\nprint(3 * 14)", b"print(3 *"):
            result = pybflash("run", "--no-mount", stdin=text)
            self.assertEqual(result.returncode, 0, result)
            self.assertEqual(result.stdout.count(b"\r\n42\n") + result.stdout.count(b"\r\n42\r\n"), b"14" in text, result)
        self.assertEqual(pybflash("run", "--no-mount", stdin=b"import sys; sys.exit(3)").returncode, 3)

    def test_raw_repl(self):
        code = CTRL_A + b"print('raw')" + CTRL_D + b"1/0" + CTRL_D + CTRL_D + CTRL_B
        output = pybflash("run", "--no-mount", stdin=code).stdout
        self.assertIn(b"raw REPL; CTRL-B to exit\r\n>OKraw\n\x04\x04>", output)
        self.assertIn(b"ZeroDivisionError", output)
        self.assertIn(b"soft reboot", output)


class Signals(unittest.TestCase):
    def settings_after(self, number, line):
        """Of a terminal that stays when the program ends, before and after that."""
        host, camera = pty.openpty()
        self.addCleanup(os.close, host)
        self.addCleanup(os.close, camera)
        before = termios.tcgetattr(camera)
        child = subprocess.Popen(
            [PROGRAM, "run", "--no-mount"], stdin=camera, stdout=camera, stderr=camera, preexec_fn=heed_interruptions
        )
        self.addCleanup(child.kill)
        terminal = Stream(host)
        terminal.expect(rb">>> $")
        terminal.send(line)
        terminal.expect(line.strip())
        time.sleep(0.3)
        self.assertNotEqual(termios.tcgetattr(camera), before)
        child.send_signal(number)
        self.assertEqual(child.wait(TIMEOUT_S), -number)
        return before, termios.tcgetattr(camera)

    def test_a_signal_that_ends_the_program_leaves_the_terminal_as_it_was(self):
        for number in INTERRUPTIONS:
            for line in (b"half", b"while True: pass\r\r"):
                if number == signal.SIGINT and b"while" in line:
                    continue  # there it is Ctrl-C
                with self.subTest(number=number, line=line):
                    before, after = self.settings_after(number, line)
                    self.assertEqual(after, before)


@unittest.skipUnless(sys.platform == "linux", "exec: needs a shell")
class HangUp(unittest.TestCase):
    def test_a_terminal_that_is_gone_ends_the_prompt(self):
        # Not the terminal's own session: no signal says that it is gone.
        host, camera = pty.openpty()
        child = subprocess.Popen([PROGRAM, "run"], stdin=camera, stdout=camera, stderr=camera)
        os.close(camera)
        seen = b""
        while b">>> " not in seen:
            seen += os.read(host, 1024)
        os.close(host)
        try:
            child.wait(timeout=TIMEOUT_S)
        finally:
            child.kill()


if __name__ == "__main__":
    PROGRAM = parse_arguments(__doc__).program
    unittest.main()
