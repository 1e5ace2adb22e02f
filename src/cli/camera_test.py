#!/usr/bin/env python3
"""Tests of `pybflash camera`: the real mpremote, and bare clients, on its serial port.

    camera_test.py --program build/release/src/cli/pybflash --micropython build/micropython-1.25.0
"""

import hashlib
import os
import pathlib
import pty
import shlex
import shutil
import signal
import subprocess
import sys
import termios
import time
import tty
import unittest

from tested_program import ProgramTest, Stream, parse_arguments

CTRL_A, CTRL_B, CTRL_C, CTRL_D, CTRL_X = b"\x01", b"\x02", b"\x03", b"\x04", b"\x18"
TIMEOUT_S = 60
PROGRAM = ""
MPREMOTE = []
MPREMOTE_FOLDER = ""

# One of each kind: external flash, 4096-byte blocks, large and small sectors inside the MCU.
BOARDS = ("OPENMV4P", "OPENMV_N6", "OPENMV4", "OPENMV2")


class CameraTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.image = str(self.folder / "cam.bin")
        self.link = str(self.folder / "port")
        self.process = None
        self.addCleanup(self.kill)

    def switch_on(self, *options, files=None):
        """With these files in its storage."""
        for name, text in (files or {}).items():
            self.run_on_image(f"open({name!r}, 'w').write({text!r})", *options)
        self.kill()
        self.process = subprocess.Popen(
            [PROGRAM, "camera", "--image", self.image, "--link", self.link, *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.said = [self.process.stdout.readline().decode().strip() for _ in range(4)]

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.communicate()

    def switch_off(self, number=signal.SIGTERM):
        """The exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout=TIMEOUT_S)

    def run_on_image(self, code, *options):
        command = [PROGRAM, "run", "--image", self.image, *options, "-c", code]
        return subprocess.run(command, capture_output=True, timeout=TIMEOUT_S, check=True).stdout

    def connect(self):
        fd = os.open(self.link, os.O_RDWR | os.O_NOCTTY)
        self.addCleanup(self.disconnect, fd)
        tty.setraw(fd, termios.TCSANOW)
        return Stream(fd)

    @staticmethod
    def disconnect(fd):
        try:
            os.close(fd)
        except OSError:  # a test closed it before
            pass

    def prompt(self):
        client = self.connect()
        client.send(b"\r'ready'\r")
        client.expect(rb"\r\n'ready'\r\n>>> $")
        return client

    def mpremote(self, *commands):
        """Its output, with the line ends of this computer."""
        result = subprocess.run(
            [*MPREMOTE, "connect", self.link, *commands],
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
            env=dict(os.environ, PYTHONPATH=MPREMOTE_FOLDER, PYTHONDONTWRITEBYTECODE="1"),
        )
        self.assertEqual(result.returncode, 0, result)
        return result.stdout.decode().replace("\r\n", "\n")


class Mpremote(CameraTest):
    def test_files_on_every_kind_of_board(self):
        content = os.urandom(3000)
        source = self.folder / "source.bin"
        source.write_bytes(content)
        text = self.folder / "text.txt"
        text.write_text("one\ntwo\n")
        for board in BOARDS:
            with self.subTest(board=board):
                self.image = str(self.folder / (board + ".bin"))
                self.switch_on("--board", board)
                copies = f"fs mkdir :d + fs cp {source} :d/copy.bin + fs cp {text} :text.txt".split()
                self.mpremote(*copies)
                listed = self.mpremote("fs", "ls", ":", "+", "fs", "ls", ":d")
                self.assertIn("3000 copy.bin", listed)
                self.assertIn("8 text.txt", listed)
                self.assertIn(hashlib.sha256(content).hexdigest(), self.mpremote("fs", "sha256sum", ":d/copy.bin"))
                self.assertEqual(self.mpremote("fs", "cat", ":text.txt"), "one\ntwo\n")
                self.assertRegex(self.mpremote("df"), r"(?m)^flash\s+\d+\s+\d+\s+\d+")
                back = self.folder / "back.bin"
                self.mpremote("fs", "cp", ":d/copy.bin", str(back), "+", "fs", "rm", ":text.txt")
                self.assertEqual(back.read_bytes(), content)
                self.assertEqual(self.switch_off(), 0)
                kept = self.run_on_image(
                    "import os, sys; sys.stdout.write(repr(os.listdir())); "
                    "sys.stdout.buffer.write(open('d/copy.bin', 'rb').read())",
                    *("--board", board),
                )
                self.assertEqual(kept, b"['d']" + content)

    def test_exec_run_and_soft_reset(self):
        self.switch_on()
        script = self.folder / "script.py"
        script.write_text("print('ran', __name__)\nname = 1\n")
        self.assertEqual(self.mpremote("exec", "import sim; print(sim.board())"), "OPENMV4P\n")
        self.assertEqual(self.mpremote("run", str(script)), "ran __main__\n")
        self.assertEqual(self.mpremote("resume", "exec", "print(name)"), "1\n")
        self.mpremote("soft-reset")
        self.assertEqual(self.mpremote("resume", "exec", "print('name' in globals())"), "False\n")

    def test_an_exception_is_reported(self):
        self.switch_on()
        command = [*MPREMOTE, "connect", self.link, "exec", "1/0"]
        environment = dict(os.environ, PYTHONPATH=MPREMOTE_FOLDER, PYTHONDONTWRITEBYTECODE="1")
        result = subprocess.run(command, capture_output=True, timeout=TIMEOUT_S, check=False, env=environment)
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"ZeroDivisionError", result.stdout + result.stderr)

    def test_a_folder_of_this_computer_is_mounted(self):
        self.switch_on()
        (self.folder / "beside.py").write_text("name = 'from the host'\n")
        code = "import beside, os; print(beside.name, os.getcwd())"
        self.assertIn("from the host /remote\n", self.mpremote("mount", str(self.folder), "exec", code))
        self.assertEqual(self.mpremote("exec", "import os; print(os.getcwd(), os.listdir('/'))"), "/flash ['flash']\n")

    def test_a_mounted_folder_at_the_prompt(self):
        # The frames of `mount` go through the friendly prompt then, where text has other line ends.
        self.switch_on()
        content = bytes(range(256)) * 4
        (self.folder / "every_byte.bin").write_bytes(content)
        pid, fd = pty.fork()
        if pid == 0:
            os.environ.update(PYTHONPATH=MPREMOTE_FOLDER, PYTHONDONTWRITEBYTECODE="1", TERM="dumb")
            os.execv(MPREMOTE[0], [*MPREMOTE, "connect", self.link, "mount", str(self.folder), "repl"])
        self.addCleanup(os.close, fd)
        terminal = Stream(fd)
        terminal.send(b"\r'ready'\r")
        terminal.expect(rb"\r\n'ready'\r\n>>> $")
        seen = terminal.line("open('every_byte.bin', 'rb').read() == bytes(range(256)) * 4")
        self.assertIn(b"\r\nTrue\r\n", seen)
        terminal.send(CTRL_X)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 0)


class Start(CameraTest):
    def test_it_says_where_it_is(self):
        self.switch_on("--board", "OPENMV_N6")
        self.assertRegex(self.said[0], r"^OpenMV N6 \(OPENMV_N6\), flash in .*cam.bin\.$")
        self.assertIn(os.readlink(self.link), self.said[1])
        self.assertEqual(self.said[2], "Connect: mpremote connect " + self.link)

    def test_the_command_that_is_printed_is_for_a_shell(self):
        self.link = str(self.folder / "Ann's & my port")
        self.switch_on()
        self.assertEqual(shlex.split(self.said[2])[1:], ["mpremote", "connect", self.link])

    def test_boot_at_every_start_and_main_at_the_first(self):
        self.switch_on(
            files={
                "boot.py": "with open('log', 'a') as log: log.write('boot ')",
                "main.py": "with open('log', 'a') as log: log.write('main ')",
            }
        )
        client = self.prompt()
        self.assertIn(b"'boot main boot '", client.line("open('log').read()"))
        client.send(CTRL_D)
        client.expect(rb"soft reboot.*>>> $")
        self.assertIn(b"'boot main boot boot '", client.line("open('log').read()"))

    def test_an_interrupted_boot_keeps_main_from_running(self):
        # A client that is there in time to send Ctrl-C.
        self.switch_on(
            files={
                "boot.py": "open('up', 'w').close()\nwhile True: pass",
                "main.py": "open('main_ran', 'w').close()",
            }
        )
        client = self.connect()
        time.sleep(0.3)
        client.send(CTRL_C)
        client.expect(rb"KeyboardInterrupt.*>>> $")
        self.assertNotIn(b"main_ran", client.line("import os; os.listdir()"))

    def test_a_broken_main_leads_to_the_prompt(self):
        self.switch_on(files={"main.py": "1/0"})
        self.assertIn(b"\r\n3\r\n", self.prompt().line("1 + 2"))

    def test_nobody_needs_to_listen(self):
        self.switch_on(files={"main.py": "for n in range(100000): print('a line of text', n)\nopen('done', 'w').close()"})
        client = self.connect()
        client.expect(rb">>> $")
        self.assertIn(b"'done'", client.line("import os; os.listdir()"))

    def test_mistakes_are_one_line(self):
        mine = self.folder / "mine"
        mine.write_text("kept")
        for options, word in (
            (("--link", str(mine)), str(mine)),
            (("--link", str(self.folder / "no" / "such")), "No such file"),
            (("--board", "OPENMV9"), "OPENMV9"),
        ):
            result = subprocess.run([PROGRAM, "camera", *options], capture_output=True, timeout=TIMEOUT_S, check=False)
            self.assertEqual(result.returncode, 2, result)
            self.assertEqual(len(result.stderr.splitlines()), 1, result)
            self.assertIn(word, result.stderr.decode())
        self.assertEqual(mine.read_text(), "kept")


class Line(CameraTest):
    def test_ctrl_c_interrupts_what_runs(self):
        self.switch_on()
        client = self.prompt()
        for code in (b"while True: pass\r\r", b"input()\r", b"import sys; sys.stdin.read(1)\r"):
            client.send(code)
            time.sleep(0.3)
            client.send(CTRL_C)
            client.expect(rb"KeyboardInterrupt: \r\n>>> $")
        self.assertIn(b"\r\n3\r\n", client.line("1 + 2"))

    def test_text_and_bytes(self):
        self.switch_on()
        client = self.prompt()
        client.line("import sys")
        self.assertIn(b"\r\na\r\nb\r\n", client.line("print('a\\nb')"))
        self.assertIn(b"\r\na\r\nb", client.line("print('a\\nb', end='', file=sys.stderr)"))
        self.assertIn(b"\r\na\nb", client.line("_ = sys.stdout.buffer.write(b'a\\nb')"))

    def test_exit_is_a_soft_reset(self):
        self.switch_on()
        client = self.prompt()
        client.send(b"import sys; sys.exit(3)\r")
        client.expect(rb"soft reboot\r\n.*>>> $")

    def test_the_next_client_starts_afresh(self):
        self.switch_on()
        first = self.prompt()
        first.line("kept = 1")
        first.send(b"print('x' * 20000)\r")
        time.sleep(0.3)
        sane = termios.tcgetattr(first.fd)
        sane[3] |= termios.ECHO | termios.ICANON
        termios.tcsetattr(first.fd, termios.TCSANOW, sane)
        os.close(first.fd)
        time.sleep(0.3)
        second = Stream(os.open(self.link, os.O_RDWR | os.O_NOCTTY))
        self.addCleanup(os.close, second.fd)
        self.assertEqual(second.line("print(kept)"), b"print(kept)\r\n1\r\n>>> ")

    def test_a_client_may_leave_at_once(self):
        self.switch_on()
        pathlib.Path(self.link).write_bytes(b"open('told', 'w').close()\r")
        client = self.prompt()
        self.assertIn(b"'told'", client.line("import os; os.listdir()"))

    def test_nothing_of_this_computer_is_there(self):
        self.switch_on()
        client = self.prompt()
        self.assertIn(b"['flash']", client.line("import os; os.listdir('/')"))
        self.assertIn(b"ENODEV", client.line("open('/etc/passwd')"))


class SwitchingOff(CameraTest):
    def assert_kept(self):
        self.assertEqual(self.run_on_image("print(open('x').read())"), b"text\n")

    def test_what_was_written_is_in_the_image(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(signal=number):
                self.switch_on()
                self.prompt().line("f = open('x', 'w'); _ = f.write('text')")  # still open, not yet flushed
                self.assertEqual(self.switch_off(number), 0)
                self.assertFalse(os.path.lexists(self.link))
                self.assert_kept()

    def test_a_program_that_catches_everything(self):
        self.switch_on(files={"main.py": "f = open('x', 'w'); f.write('text')\nwhile True:\n try:\n  pass\n except: pass"})
        time.sleep(0.3)
        self.assertEqual(self.switch_off(), 0)
        self.assert_kept()

    def test_a_client_that_does_not_listen(self):
        self.switch_on()
        client = self.prompt()
        client.send(b"open('x', 'w').write('text')\rwhile True: print('a line of text')\r\r")
        time.sleep(0.5)
        self.assertEqual(self.switch_off(), 0)
        self.assert_kept()

    def test_the_link_of_a_running_camera_stays(self):
        self.switch_on()
        command = [PROGRAM, "camera", "--link", self.link]
        result = subprocess.run(command, capture_output=True, timeout=TIMEOUT_S, check=False)
        self.assertEqual(result.returncode, 2, result)
        self.assertRegex(result.stderr.decode(), "^pybflash: .*port leads to a camera that is running.*--link\n$")
        self.assertIn(b"\r\n3\r\n", self.prompt().line("1 + 2"))

    @unittest.skipUnless(os.geteuid() == 0, "nobody else can become another user")
    def test_a_link_that_cannot_be_replaced_leaves_nothing_beside_it(self):
        self.folder.chmod(0o1777)  # where only its owner may take a link away
        os.symlink("/dev/pts/no", self.link)
        program = shutil.copy(PROGRAM, self.folder)  # nobody may not come to where it lies, as below /root
        before = os.listdir(self.folder)
        command = [program, "camera", "--link", self.link]
        options = {"cwd": self.folder, "timeout": TIMEOUT_S, "user": "nobody"}
        result = subprocess.run(command, capture_output=True, check=False, **options)
        self.assertEqual(result.returncode, 2, result)
        self.assertRegex(result.stderr.decode(), "^pybflash: cannot make the link .*port: Operation not permitted\n$")
        self.assertEqual(os.listdir(self.folder), before)

    def test_idle_data_survives_a_kill(self):
        self.switch_on()
        self.prompt().line("f = open('x', 'w'); _ = f.write('text'); f.close()")
        time.sleep(2.5)
        self.kill()
        self.assert_kept()
        # The dead one's link is in nobody's way.
        self.switch_on()
        self.assertIn(b"'text'", self.prompt().line("open('x').read()"))

    def test_refused_data_is_reported(self):
        self.switch_on()
        self.prompt().line("import pyb, sim; pyb.Flash(start=0).writeblocks(0, bytes(4096)); sim.fail('program', 1)")
        self.assertEqual(self.switch_off(), 1)
        self.assertIn(b"refused data", self.process.stderr.read())


def python_with_serial():
    """This Python, or Debian's: mpremote needs pyserial, which is Debian's python3-serial."""
    for python in (sys.executable, "/usr/bin/python3"):
        if subprocess.run([python, "-c", "import serial"], capture_output=True, check=False).returncode == 0:
            return python
    sys.exit("mpremote needs Debian's python3-serial")


if __name__ == "__main__":
    ARGUMENTS = parse_arguments(__doc__, micropython=True)
    PROGRAM = ARGUMENTS.program
    MPREMOTE = [python_with_serial(), "-m", "mpremote"]
    MPREMOTE_FOLDER = os.path.join(ARGUMENTS.micropython, "tools/mpremote")
    unittest.main()
