#!/usr/bin/env python3
"""Tests of the program as a person or a script meets it: command line, exit codes, serial protocol.

    cli_test.py --program build/release/src/cli/pybflash --micropython build/micropython-1.25.0
"""

import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from tested_program import ProgramTest, parse_arguments

TIMEOUT_S = 60
PROGRAM = ""
PYBOARD = ""


def pybflash(*args, stdin=b"", cwd=None):
    return subprocess.run(
        [PROGRAM, *args], input=stdin, capture_output=True, timeout=TIMEOUT_S, cwd=cwd, check=False
    )


def run(code, *options):
    return pybflash("run", *options, "-c", code)


class CommandLine(ProgramTest):
    def test_help_everywhere_with_examples(self):
        for args in ((), ("run",), ("boards",)):
            result = pybflash(*args, "--help")
            self.assertEqual(result.returncode, 0)
            self.assertIn(b"Example", result.stdout)

    def test_help_fits_a_terminal(self):
        for command in ((), ("run",), ("boards",), ("camera",)):
            for line in pybflash(*command, "--help").stdout.decode().splitlines():
                self.assertLessEqual(len(line), 110, line)

    def test_mistakes_are_one_line_that_says_what_to_do(self):
        self.assert_one_line(pybflash(), "pybflash run", "--help")
        self.assert_one_line(pybflash("fly"), "fly", "--help")
        self.assert_one_line(pybflash("run", "--bored", "X"), "--bored", "run --help")
        self.assert_one_line(pybflash("run", "--board"), "--board", "run --help")
        self.assert_one_line(pybflash("run", "no/such.py"), "no/such.py", "No such file")
        self.assert_one_line(pybflash("run", "/"), "/", "directory")
        self.assert_one_line(pybflash("image", "put", "cam.bin"), "pybflash image put --help")

    def test_the_bench_checks_its_rows(self):
        if not os.path.exists(PROGRAM + "-bench"):
            self.skipTest("a build with sanitizers has no bench")
        result = pybflash(
            *("bench", "--board", "OPENMV2", "--workload", "W6", "--fs", "FAT", "--scale", "0.2", "--check")
        )
        self.assertEqual(result.returncode, 0, result)
        self.assertTrue(result.stdout.endswith(b"\n2 rows, 0 beyond the limits\n"), result)
        self.assert_one_line(pybflash("bench", "--workload", "W9"), "W9", "W6b")
        self.assert_one_line(pybflash("bench", "--scale", "0"), "--scale", "0.001", "1000")
        self.assert_one_line(pybflash("bench", "--scale", "nan"), "--scale", "number")
        self.assert_one_line(pybflash("bench", "--workload", "W1", "--fs", "raw"), "W5 W8")

    def test_unknown_board_names_the_known_ones(self):
        names = re.findall(r"^([A-Z]\w+)  ", pybflash("boards").stdout.decode(), re.M)[1:]
        self.assertGreaterEqual(len(names), 9)
        self.assert_one_line(pybflash("run", "--board", "OPENMV9"), "OPENMV9", *names)

    def test_image_that_is_none(self):
        with tempfile.NamedTemporaryFile() as image:
            image.write(b"too short")
            image.flush()
            self.assert_one_line(run("", "--image", image.name), image.name)
        self.assert_one_line(run("", "--image", "/no/such/folder/cam.bin"), "/no/such/folder/cam.bin")
        self.assert_one_line(run("", "--image", "/"), "/: Is a directory")
        self.assert_one_line(run("", "--image", "/dev/null"), "/dev/null", "regular file")
        # What `--image "$CAM"` is where CAM is not set. In RAM, the files would be gone.
        self.assert_one_line(run("", "--image", ""), "--image", "empty")

    def test_boards_table(self):
        line = re.search(r"^OPENMV4P .*$", pybflash("boards").stdout.decode(), re.M).group(0)
        for fact in ("STM32H743", "24 MiB", "6144 x 4 KiB", "512/4096"):
            self.assertIn(fact, line)

    def test_output_that_does_not_arrive_is_an_error(self):
        with tempfile.TemporaryDirectory() as folder:
            image, large = f"{folder}/cam.bin", pathlib.Path(folder, "large")
            large.write_bytes(bytes(1 << 20))
            self.assertEqual(pybflash("image", "create", image).returncode, 0)
            self.assertEqual(pybflash("image", "put", image, large).returncode, 0)
            calls = [["--help"], ["boards"], ["map", image], ["image", "ls", image], ["image", "cat", f"{image}:/large"]]
            if os.path.exists(PROGRAM + "-bench"):
                few = ("--board", "OPENMV2", "--workload", "W6", "--fs", "FAT", "--scale", "0.01")
                calls += [["bench", "--help"], ["bench", *few]]
            for call in calls:
                with open("/dev/full", "wb") as full:
                    result = subprocess.run([PROGRAM, *call], stdout=full, stderr=subprocess.PIPE, check=False)
                self.assertEqual(result.returncode, 2, call)
                self.assertEqual(result.stderr, b"pybflash: standard output: No space left on device\n", call)
            shell = '"$0" image cat "$1" | head -c 1; "$0" boards | head -n 1'
            result = subprocess.run(["sh", "-c", shell, PROGRAM, f"{image}:/large"], capture_output=True, check=False)
            self.assertEqual((result.stdout[:6], result.stderr), (b"\0BOARD", b""))

    def test_every_board_runs(self):
        for name in re.findall(r"^([A-Z]\w+)  ", pybflash("boards").stdout.decode(), re.M)[1:]:
            result = run("import sim, os; print(sim.board(), os.getcwd())", "--board", name)
            self.assertEqual(result.stdout.decode(), name + " /flash\n")


class Scripts(ProgramTest):
    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return str(path)

    def test_exit_codes(self):
        self.assertEqual(run("").returncode, 0)
        self.assertEqual(run("1/0").returncode, 1)
        self.assertEqual(run("import sys; sys.exit()").returncode, 0)
        self.assertEqual(run("import sys; sys.exit(7)").returncode, 7)
        self.assertEqual(run("import sys; sys.exit('no')").returncode, 1)
        self.assertEqual(pybflash("run", self.write("syntax.py", "def")).returncode, 1)

    def test_traceback_goes_to_stderr(self):
        result = run("print('before'); 1/0")
        self.assertEqual(result.stdout, b"before\n")
        self.assertIn(b"ZeroDivisionError", result.stderr)

    def test_script_has_its_arguments_and_its_folder(self):
        self.write("beside.py", "name = 'imported'")
        script = self.write("script.py", "import sys, beside\nprint(sys.argv[1:], beside.name, __file__, __name__)")
        result = pybflash("run", "script.py", "a", "--board", "-c", cwd=self.folder)
        self.assertEqual(result.stdout.decode(), f"['a', '--board', '-c'] imported {script} __main__\n")

    def test_script_from_standard_input(self):
        code = b"import sys\nprint(6 * 7, sys.argv)"
        for name in ("-", "/dev/stdin"):
            result = pybflash("run", name, "a", stdin=code)
            self.assertEqual(result.stdout.decode(), f"42 ['{name}', 'a']\n", result)

    def test_code_has_its_arguments(self):
        result = pybflash("run", "-c", "import sys; print(sys.argv)", "a", "-b")
        self.assertEqual(result.stdout, b"['-c', 'a', '-b']\n")

    def test_storage_is_the_working_directory_and_the_host_is_reachable(self):
        self.write("host.txt", "from the host")
        code = f"with open('x', 'w') as x: x.write(open('{self.folder}/host.txt').read())\nprint(open('/flash/x').read())"
        result = run(code)
        self.assertEqual(result.stdout, b"from the host\n", result.stderr)

    def test_no_mount_leaves_the_storage_alone(self):
        result = run("import sim, os; print('flash' in os.listdir('/'), sim.stats()['bytes_read'])", "--no-mount")
        self.assertEqual(result.stdout, b"False 0\n")

    def test_image_keeps_files_even_open_ones(self):
        image = str(self.folder / "cam.bin")
        run("f = open('kept', 'w'); f.write('text')", "--image", image)
        result = run("print(open('kept').read())", "--image", image)
        self.assertEqual(result.stdout, b"text\n", result.stderr)

    def test_what_the_camera_starts_is_started_by_import_alone(self):
        image = str(self.folder / "cam.bin")
        code = "for name in ('boot', 'main'): open(name + '.py', 'w').write('print(\"%s runs\")' % name)"
        self.assertEqual(run(code, "--image", image).stdout, b"")
        self.assertEqual(run("import main", "--image", image).stdout, b"main runs\n")

    def test_image_is_not_touched_by_another_board(self):
        image = self.folder / "cam.bin"
        run("", "--image", str(image), "--board", "OPENMV2")
        before = image.read_bytes()
        self.assertEqual(run("", "--image", str(image), "--board", "OPENMV4").returncode, 2)
        self.assertEqual(image.read_bytes(), before)

    def test_image_of_another_board_whose_flash_is_as_large(self):
        for ours, other in (("OPENMV4P", "OPENMV_N6"), ("OPENMV_N6", "OPENMV4P"), ("OPENMV3", "OPENMV4")):
            image = self.folder / (ours + ".bin")
            run("", "--image", str(image), "--board", ours)
            before = image.read_bytes()
            for command in (("run", "--board", other, "-c", ""), ("camera", "--board", other)):
                result = pybflash(command[0], "--image", str(image), *command[1:])
                self.assertEqual(result.returncode, 2, result)
                self.assertRegex(result.stderr.decode(), f"^pybflash: .*{ours}.bin.*--board {ours},.*--image\n$")
            self.assertEqual(image.read_bytes(), before)

    def test_image_without_a_filesystem_may_be_of_any_board(self):
        image = self.folder / "cam.bin"
        for board in ("OPENMV4P", "OPENMV_N6"):
            for content in (b"\xff", b"my own "):
                image.write_bytes((content * (1 << 25))[: 1 << 25])
                result = run("print('runs')", "--no-mount", "--image", str(image), "--board", board)
                self.assertEqual(result.stdout, b"runs\n", result.stderr)

    def test_image_is_not_where_a_closed_stream_was(self):
        image = str(self.folder / "cam.bin")
        run("", "--image", image)
        before = pathlib.Path(image).read_bytes()
        for closed in ("<&-", ">&-", "2>&-", "<&- >&- 2>&-"):
            shell = ["sh", "-c", f'exec "$0" "$@" {closed}', PROGRAM, "run", "--image", image, "-c", "print(1); 1/0"]
            self.assertEqual(subprocess.run(shell, capture_output=True, timeout=TIMEOUT_S, check=False).returncode, 1)
            self.assertEqual(pathlib.Path(image).read_bytes(), before, closed)

    def test_refused_data_is_reported(self):
        for failure, why in (("'program', 1", b"Input/output error"), ("'busy'", b"it stays busy")):
            code = f"import pyb, sim; pyb.Flash(start=0).writeblocks(0, bytes(4096)); sim.fail({failure})"
            result = run(code, "--no-mount")
            self.assertEqual(result.returncode, 1)
            self.assertEqual(len(result.stderr.splitlines()), 1)
            self.assertIn(b"refused data that was still to be written: " + why, result.stderr)

    def test_sleeping_takes_no_time(self):
        begin = time.monotonic()
        code = """
import asyncio, time
async def sleeper(): await asyncio.sleep(1000)
begin = time.ticks_ms()
time.sleep(1000); time.sleep_ms(1000_000); asyncio.run(sleeper())
print(time.ticks_diff(time.ticks_ms(), begin) // 1000)
"""
        self.assertEqual(run(code, "--no-mount").stdout, b"3000\n")
        self.assertLess(time.monotonic() - begin, 10)

    def test_waiting_for_the_clock_ends(self):
        code = "import time; t = time.ticks_ms()\nwhile time.ticks_diff(time.ticks_ms(), t) < 30: pass"
        self.assertEqual(run(code, "--no-mount").returncode, 0)

    def test_interrupt(self):
        process = subprocess.Popen(
            [PROGRAM, "run", "-c", "print('up')\nwhile True: pass"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self.assertEqual(process.stdout.readline(), b"up\n")
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=TIMEOUT_S)
        self.assertEqual(process.returncode, 1)
        self.assertIn(b"KeyboardInterrupt", errors)


class Sim(unittest.TestCase):
    def outcome(self, code):
        result = run("import sim\n" + code, "--no-mount")
        return (result.stdout + result.stderr).decode().splitlines()[-1]

    def test_reset_keeps_the_script_and_the_files(self):
        code = """
import os, sim
open('x', 'w').write('kept'); kept = 1
os.mkdir('/flash/dir'); os.chdir('/flash/dir')
sim.reset()
print(kept, sorted(os.listdir()), os.getcwd())
"""
        self.assertEqual(run(code).stdout.decode(), "1 ['dir', 'x'] /flash\n")

    def test_reset_reports_refused_data(self):
        code = "import pyb\npyb.Flash(start=0).writeblocks(0, bytes(4096)); sim.fail('program', 1); sim.reset()"
        self.assertIn("EIO", self.outcome(code))

    def test_chip_shows_the_raw_flash(self):
        self.assertEqual(self.outcome("print(sim.chip(0, 2), sim.chip(1 << 25, 0))"), r"b'\xff\xff' b''")
        for outside in ("-1, 1", "0, -1", "1 << 25, 1", "1, 1 << 25"):
            self.assertIn("ValueError: the chip has 33554432 bytes", self.outcome(f"sim.chip({outside})"))

    def test_fail_and_advance_refuse_nonsense(self):
        self.assertIn("ValueError", self.outcome("sim.fail('melt', 1)"))
        self.assertIn("ValueError", self.outcome("sim.fail('erase', 0)"))
        self.assertIn("ValueError", self.outcome("sim.advance_ms(-1)"))
        self.assertIn("ValueError", self.outcome("sim.advance_ms(1 << 50)"))

    def test_idle_flush_by_sleeping(self):
        code = """
import pyb, sim, time
pyb.Flash(start=0).writeblocks(0, bytes(512))
before = sim.stats()['programs']
{sleep}
print(before, sim.stats()['programs'] > 0)
"""
        for sleep in ("time.sleep(5)", "time.sleep_ms(5000)", "time.sleep_us(5_000_000)", "sim.advance_ms(5000)"):
            self.assertEqual(self.outcome(code.format(sleep=sleep)), "0 True", sleep)


class SerialProtocol(unittest.TestCase):
    """MicroPython's own client of the raw REPL."""

    def pyboard(self, *args):
        command = [sys.executable, PYBOARD, "--device", f"exec:{PROGRAM} run", *args]
        return subprocess.run(command, capture_output=True, timeout=TIMEOUT_S, check=False)

    def test_pyboard_runs_code(self):
        result = self.pyboard("-c", "import sim; print(sim.board())")
        self.assertEqual(result.stdout.split(), [b"OPENMV4P"], result)

    def test_pyboard_copies_files(self):
        with tempfile.TemporaryDirectory() as folder:
            source = pathlib.Path(folder, "source.bin")
            source.write_bytes(os.urandom(20000))
            commands = ["--no-soft-reset", "-f", "cp", str(source), ":/flash/copy.bin"]
            self.assertEqual(self.pyboard(*commands).returncode, 0)


if __name__ == "__main__":
    ARGUMENTS = parse_arguments(__doc__, micropython=True)
    PROGRAM = ARGUMENTS.program
    PYBOARD = os.path.join(ARGUMENTS.micropython, "tools/pyboard.py")
    unittest.main()
