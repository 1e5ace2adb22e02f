#!/usr/bin/env python3
"""Tests of `pybflash forecast`: numbers that add up, and nothing left behind.

    forecast_test.py --program build/release/src/cli/pybflash
"""

import json
import os
import pathlib
import re
import subprocess
import unittest

from tested_program import INTERRUPTIONS, ProgramTest, interrupt, parse_arguments, wait_until

TIMEOUT_S = 120
PROGRAM = ""

SCRIPT = """
import os, pyb, sim, sys
with open('/flash/count.txt', 'a') as f: f.write('.')
with open('/flash/state.bin', 'wb') as f: f.write(os.urandom(3000))
pyb.Flash().ioctl(3, 0)
open(sys.argv[1], 'a').write('%(erases)d %(device_us)d %(programs)d\\n' % sim.stats())
print('not shown')
"""


def pybflash(*args):
    return subprocess.run([PROGRAM, *map(str, args)], capture_output=True, timeout=TIMEOUT_S, check=False)


def is_running(process):
    try:
        return pathlib.Path(f"/proc/{process}/stat").read_text().split(") ")[-1][0] != "Z"
    except FileNotFoundError:
        return False


class Forecasts(ProgramTest):
    def forecast(self, script, *args):
        path = self.folder / "day.py"
        path.write_text(script)
        numbers = self.folder / "forecast.json"
        result = pybflash("forecast", "--script", path, "--json", numbers, *args)
        return result, json.loads(numbers.read_text())

    def test_numbers_are_those_of_the_script_times_n(self):
        log = self.folder / "stats.txt"
        result, told = self.forecast(SCRIPT, "--times-per-day", "100", "--runs", "5", "--", log)
        self.assertEqual(result.returncode, 0, result)
        self.assertNotIn(b"not shown", result.stdout)
        self.assertEqual(told["endurance_cycles"], 100000)
        lines = [list(map(int, line.split())) for line in log.read_text().splitlines()]
        self.assertEqual([f["filesystem"] for f in told["filesystems"]], ["FAT", "littlefs", "FAT on flash.Ftl"])
        for found in told["filesystems"]:
            mine, lines = lines[: found["warm_up_runs"] + 5], lines[found["warm_up_runs"] + 5 :]
            erases, device_us, programs = (sum(column) / 5 for column in zip(*mine[-5:]))
            self.assertAlmostEqual(found["erases_per_run"], erases)
            self.assertAlmostEqual(found["device_us_per_run"], device_us, delta=0.02 * device_us)
            self.assertAlmostEqual(found["programs_per_run"], programs)
            self.assertAlmostEqual(found["device_s_per_day"], found["device_us_per_run"] * 100 / 1e6)
            self.assertLessEqual(found["hottest_sector_erases_per_run"], erases)
            if found["hottest_sector_erases_per_run"] > 0:
                years = 100000 / (found["hottest_sector_erases_per_run"] * 100 * 365.25)
                self.assertAlmostEqual(found["years"], years)
        self.assertEqual(lines, [])

    def test_a_script_that_only_reads_wears_nothing_out(self):
        result, told = self.forecast("import os; os.listdir('/flash')", "--times-per-day", "1", "--runs", "2")
        for found in told["filesystems"]:
            self.assertEqual(found["hottest_sector_erases_per_run"], 0)
            self.assertNotIn("years", found)
        self.assertIn(b"nothing wears out", result.stdout)

    def test_runs_too_few_for_an_erase_leave_it_open(self):
        script = "open('/flash/log.txt', 'a').write('23.4 degrees\\n')"
        result, told = self.forecast(script, "--board", "OPENMV4", "--times-per-day", "24", "--runs", "4")
        layer = told["filesystems"][2]
        self.assertGreater(layer["programs_per_run"], 0)
        self.assertNotIn("years", layer)
        self.assertNotIn(b"nothing wears out", result.stdout)
        self.assertRegex(result.stdout, rb"Ftl .* none +not known yet +not known yet")
        more = re.search(rb"Ftl: .*no erase in 4 runs.* try --runs (\d+)", result.stdout).group(1)
        result, told = self.forecast(script, "--board", "OPENMV4", "--times-per-day", "24", "--runs", more.decode())
        self.assertGreater(told["filesystems"][2]["years"], 0)

    def test_one_run_is_one(self):
        script = "open('/flash/log.txt', 'a').write('23.4 degrees\\n')"
        result, _ = self.forecast(script, "--board", "OPENMV4", "--times-per-day", "24", "--runs", "1")
        self.assertIn(b"the 1 run measured.", result.stdout)
        self.assertIn(b"; no erase in 1 run, and", result.stdout)

    def test_more_runs_are_advised_only_where_they_help(self):
        script = "open('/flash/log.txt', 'a').write('23.4 degrees\\n')"
        result, _ = self.forecast(script, "--times-per-day", "24", "--runs", "4")
        self.assertRegex(result.stdout, rb"Ftl: .*no erase in 4 runs, and \d\d \d{3} fill .*: so many cannot be measured")
        self.assertNotIn(b"try --runs", result.stdout)

    def test_a_table_is_not_lost_with_its_json(self):
        link = self.folder / "forecast.json"
        link.symlink_to("no/such/folder/forecast.json")
        script = self.folder / "day.py"
        script.write_text("")
        result = pybflash("forecast", "--script", script, "--times-per-day", "1", "--runs", "1", "--json", link)
        self.assertEqual(result.returncode, 2, result)
        self.assertRegex(result.stderr, rb"^pybflash: .*forecast.json: No such file")
        self.assertIn(b"WORN OUT AFTER", result.stdout)

    def test_json_on_standard_output_is_alone_there(self):
        script = self.folder / "day.py"
        script.write_text("")
        result = pybflash("forecast", "--script", script, "--times-per-day", "1", "--runs", "1", "--json", "/dev/stdout")
        self.assertEqual(json.loads(result.stdout)["runs"], 1)
        self.assertIn(b"WORN OUT AFTER", result.stderr)

    def test_json_is_not_written_over_the_script(self):
        script = self.folder / "day.py"
        script.write_text("pass")
        (self.folder / "link.py").symlink_to("day.py")
        os.link(script, self.folder / "same.py")
        for name in ("day.py", "./day.py", "link.py", "same.py"):
            path = os.path.join(self.folder, name)
            result = pybflash("forecast", "--script", script, "--times-per-day", "1", "--runs", "1", "--json", path)
            self.assert_one_line(result, f"--json {path}: is the script itself; name another file")
            self.assertEqual(script.read_text(), "pass")

    def test_every_board_with_room(self):
        for board in ("OPENMV_N6", "OPENMV4", "OPENMV2"):
            with self.subTest(board=board):
                script = "import os; open('/flash/a', 'wb').write(os.urandom(600))"
                result, told = self.forecast(script, "--board", board, "--times-per-day", "1", "--runs", "2")
                self.assertEqual(result.returncode, 0, result.stdout.decode())
                names = [found["filesystem"] for found in told["filesystems"]]
                layer = [] if board == "OPENMV2" else ["FAT on flash.Ftl"]  # too few blocks for a FAT
                self.assertEqual(names, ["FAT", "littlefs", *layer])
                self.assertTrue(all(found["erases_per_run"] > 0 for found in told["filesystems"][:2]))
                self.assertTrue(all(found["device_us_per_run"] > 0 for found in told["filesystems"]))

    def test_a_script_that_fails_is_told_with_its_reason(self):
        result, told = self.forecast("raise ValueError('no camera')", "--times-per-day", "1")
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"run 1 of the script: ValueError: no camera", result.stdout)
        self.assertIn("failure", told["filesystems"][0])

    def test_nothing_is_left_behind(self):
        folder = self.folder / "tmp"
        folder.mkdir()
        script = self.folder / "day.py"
        script.write_text("")
        environment = {**os.environ, "TMPDIR": str(folder)}
        command = [PROGRAM, "forecast", "--script", str(script), "--times-per-day", "1", "--runs", "1"]
        self.assertEqual(subprocess.run(command, env=environment, capture_output=True, check=False).returncode, 0)
        self.assertEqual(os.listdir(folder), [])
        script.write_text("while True: pass")
        children = []

        def has_child(process):
            children[:] = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            return children

        for number in INTERRUPTIONS:
            ending = interrupt(command, number, has_child, env=environment, stderr=subprocess.DEVNULL)
            self.assertEqual(ending, -number)
            self.assertEqual(os.listdir(folder), [])
            wait_until(lambda: not is_running(children[0]))

    def test_without_a_place_for_its_folder(self):
        script = self.folder / "day.py"
        script.write_text("")
        for place, words in ((self.folder / "none", "No such file"), (script, "Not a directory")):
            command = [PROGRAM, "forecast", "--script", script, "--times-per-day", "1"]
            result = subprocess.run(command, env={**os.environ, "TMPDIR": str(place)}, capture_output=True, check=False)
            self.assert_one_line(result, words, "set TMPDIR to another place")

    def test_wrong_use_is_one_line(self):
        (self.folder / "day.py").write_text("")
        script = self.folder / "day.py"
        self.assert_one_line(pybflash("forecast", "--times-per-day", "1"), "--script")
        self.assert_one_line(pybflash("forecast", "--script", script), "--times-per-day")
        self.assert_one_line(pybflash("forecast", "--script", "no.py", "--times-per-day", "1"), "no.py", "No such file")
        self.assert_one_line(pybflash("forecast", "--script", self.folder, "--times-per-day", "1"), "directory")
        for path, words in ((self.folder / "no" / "such.json", "No such file"), (self.folder, "directory")):
            options = ("--times-per-day", "1", "--json", path)
            self.assert_one_line(pybflash("forecast", "--script", script, *options), f"--json {path}", words)
        for wrong in ("0", "-1", "many", "nan", "inf"):
            self.assert_one_line(pybflash("forecast", "--script", script, "--times-per-day", wrong), "--times-per-day")
        self.assert_one_line(
            pybflash("forecast", "--board", "NONE", "--script", script, "--times-per-day", "1"), "NONE", "OPENMV4P"
        )


if __name__ == "__main__":
    PROGRAM = parse_arguments(__doc__).program
    unittest.main()
