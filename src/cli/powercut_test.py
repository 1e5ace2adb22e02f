#!/usr/bin/env python3
"""Tests of `pybflash powercut`, as a person or a job runner meets it.

    powercut_test.py --program build/release/src/cli/pybflash
"""

import json
import os
import pathlib
import pty
import subprocess
import sys
import unittest

from tested_program import ProgramTest, parse_arguments

TIMEOUT_S = 300
PROGRAM = ""
EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples" / "powercut"

# Three sectors, of which each holds its number when it was noted.
WRITE = """
import pyb, sim
flash = pyb.Flash(start=0)
flash.ioctl(1, 1)
for number in range(1, 4):
    flash.writeblocks(number, bytes((number,)) * flash.ioctl(5, 0))
    flash.ioctl(3, 0)
    sim.note((number, b"%d" % number))
"""
CHECK = """
import pyb, sim
flash = pyb.Flash(start=0)
flash.ioctl(1, 1)
for number, text in sim.notes():
    block = bytearray(flash.ioctl(5, 0))
    flash.readblocks(number, block)
    assert block == bytes((int(text),)) * len(block), "block %d is lost" % number
"""
# Rewrites one sector, so that each cut between its erase and its last program loses it.
REWRITE = WRITE.replace("writeblocks(number,", "writeblocks(0,")
CHECK_REWRITTEN = CHECK.replace("readblocks(number,", "readblocks(0,").replace(
    "in sim.notes()", "in sim.notes()[-1:]"
).replace("assert block ==", "assert block[0] >= number and len(set(block)) == 1 or block ==")


class PowerCut(ProgramTest):
    def powercut(self, write, check, *options, env=None):
        """Of scripts, or of the names of files."""
        paths = []
        for name, script in (("write.py", write), ("check.py", check)):
            path = script if isinstance(script, pathlib.Path) else self.folder / name
            if path is not script:
                path.write_text(script)
            paths += ["--" + name[:-3], str(path)]
        return subprocess.run(
            [PROGRAM, "powercut", *paths, *options],
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
            text=True,
            env=env,
        )

    def found(self, write, check, *options, env=None):
        path = self.folder / "found.json"
        path.unlink(missing_ok=True)
        result = self.powercut(write, check, "--json", str(path), *options, env=env)
        self.assertIn(result.returncode, (0, 1), result)
        found = json.loads(path.read_text())
        self.assertEqual(found["cuts"], found["survived"] + found["lost"])
        self.assertEqual(found["lost"], len(found["failures"]))
        self.assertEqual(result.returncode, 1 if found["lost"] else 0)
        return found, result


class Verdicts(PowerCut):
    def test_a_check_that_always_passes_and_one_that_always_fails(self):
        passed, result = self.found(WRITE, "pass", "--no-mount")
        self.assertGreater(passed["cuts"], 40)
        self.assertEqual(passed["lost"], 0)
        self.assertEqual(result.stderr, "")
        failed, result = self.found(WRITE, "raise ValueError('never')", "--no-mount")
        self.assertEqual((failed["cuts"], failed["survived"]), (passed["cuts"], 0))
        self.assertEqual({failure["error"] for failure in failed["failures"]}, {"ValueError: never"})
        self.assertIn("fails without any cut: ValueError: never", result.stderr)

    def test_what_was_noted_before_the_cut_is_known(self):
        found, _ = self.found(WRITE, CHECK, "--no-mount", "--torn")
        self.assertEqual(found["lost"], 0)
        counts = self.found(WRITE, "import sim\nassert len(sim.notes()) == 2", "--no-mount")[0]
        third = counts["cuts"] // 3
        self.assertEqual(counts["survived"], third)

    def test_a_sector_that_is_rewritten_is_lost(self):
        found, result = self.found(REWRITE, CHECK_REWRITTEN, "--no-mount")
        self.assertGreater(found["lost"], 0)
        self.assertGreater(found["survived"], 0)
        self.assertIn(found["failures"][0]["replay"], result.stdout)

    def test_torn_operations_come_on_top(self):
        whole, _ = self.found(REWRITE, CHECK_REWRITTEN, "--no-mount")
        torn, result = self.found(REWRITE, CHECK_REWRITTEN, "--no-mount", "--torn")
        self.assertGreater(torn["cuts"], 2 * whole["cuts"])
        self.assertIn("within an erase", result.stdout)
        replays = [failure["replay"] for failure in torn["failures"]]
        for failure in whole["failures"]:
            self.assertIn(failure["replay"], replays)

    def test_a_boot_and_check_that_writes_is_cut_at_depth_2(self):
        check = CHECK + "flash.writeblocks(5, block if sim.notes() else bytes(flash.ioctl(5, 0)))\nflash.ioctl(3, 0)"
        flat, _ = self.found(WRITE, check, "--no-mount", "--cuts", "5")
        deep, result = self.found(WRITE, check, "--no-mount", "--cuts", "5", "--depth", "2")
        self.assertEqual(flat["cuts"], 5)
        self.assertEqual(deep["cuts"], 5 + 5 * 5)
        self.assertEqual(deep["lost"], 0)
        self.assertIn("in the boot or check after", result.stdout)

    def test_a_check_that_destroys_is_found_at_depth_2_only(self):
        check = CHECK + "flash.ioctl(6, 1); flash.ioctl(3, 0)\nflash.writeblocks(1, b'\\1' * flash.ioctl(5, 0))\nflash.ioctl(3, 0)"
        self.assertEqual(self.found(WRITE, check, "--no-mount", "--cuts", "5")[0]["lost"], 0)
        deep, _ = self.found(WRITE, check, "--no-mount", "--cuts", "5", "--depth", "2")
        self.assertGreater(deep["lost"], 0)
        failure = deep["failures"][0]
        self.assertRegex(failure["replay"], r"^\d+/\d+$")
        again, _ = self.found(WRITE, check, "--no-mount", "--replay", failure["replay"])
        self.assertEqual(again["failures"], [failure])

    def test_what_the_boot_says_starts_a_torn_storage_afresh(self):
        write = "for i in range(4):\n    with open('/flash/%d' % i, 'w') as f: f.write('text' * 200)\n"
        command = [PROGRAM, "run", "--board", "OPENMV4", "--image", str(self.folder / "cam.bin"), "-c"]
        for code in ("'a storage that is formatted'", "import sim; sim.fail('read', 1); sim.reset()"):
            said = subprocess.check_output([*command, code], timeout=TIMEOUT_S, text=True)
        start_afresh = said.split("which loses what is there: ")[1].splitlines()[0]
        check = f"""
{start_afresh}
vfs.mount(vfs.VfsFat(pyb.Flash()), "/new")
with open("/new/a", "w") as f: f.write("text" * 1000)
"""
        report = self.powercut(write, check, "--board", "OPENMV4", "--torn", "--cuts", "60")
        self.assertEqual(report.returncode, 0, report.stdout)

    def test_a_check_that_hangs_or_leaves_is_lost(self):
        hung, _ = self.found(WRITE, "while True: pass", "--no-mount", "--cuts", "1", "--time-limit", "1")
        self.assertIn("did not end within 1 s", hung["failures"][0]["error"])
        left, _ = self.found(WRITE, "import sys; sys.exit(3)", "--no-mount", "--cuts", "1")
        self.assertIn("exit code 3", left["failures"][0]["error"])

    def test_waiting_takes_no_time(self):
        waits = "import time; t = time.ticks_ms()\nwhile time.ticks_diff(time.ticks_ms(), t) < 5000: time.sleep_ms(1)"
        self.assertEqual(self.found(WRITE, waits, "--no-mount", "--cuts", "3")[0]["lost"], 0)


class Repeatable(PowerCut):
    def test_a_replay_is_the_same_to_the_last_letter(self):
        check = CHECK_REWRITTEN.replace('"block', '"%s block').replace("% number", "% (bytes(block[-9:]), number)")
        found, _ = self.found(REWRITE, check, "--no-mount", "--torn")
        torn = [failure for failure in found["failures"] if not failure["replay"].isdigit()]
        for failure in (found["failures"][0], torn[0], torn[-1]):
            again, first = self.found(REWRITE, check, "--no-mount", "--replay", failure["replay"])
            _, second = self.found(REWRITE, check, "--no-mount", "--replay", failure["replay"])
            self.assertEqual(again["failures"], [failure])
            self.assertEqual(first.stdout, second.stdout)
            self.assertIn("Traceback", first.stdout)

    def test_a_replay_prints_what_the_check_prints(self):
        _, result = self.found(WRITE, "print('all is', 'well')", "--no-mount", "--replay", "3")
        self.assertIn("\nall is well\n", result.stdout)
        self.assertIn("3: survived", result.stdout)

    def test_what_a_replay_leaves_can_be_kept(self):
        found, _ = self.found(REWRITE, CHECK_REWRITTEN, "--no-mount", "--torn", "--board", "OPENMV4")
        whole = [failure for failure in found["failures"] if failure["replay"].isdigit()]
        in_programs = [failure for failure in found["failures"] if "b" in failure["replay"]]
        for failure in (whole[0], whole[-1], in_programs[0]):
            saved = self.folder / f"{failure['replay']}.bin"
            options = ("--no-mount", "--board", "OPENMV4", "--replay", failure["replay"])
            self.found(REWRITE, CHECK_REWRITTEN, *options, "--save", str(saved))
            # The same is lost there: with its broken words, and without the notes.
            check = CHECK_REWRITTEN.replace("sim.notes()[-1:]", "[(3, b'3')]")
            again = [PROGRAM, "run", "--no-mount", "--board", "OPENMV4", "--image", str(saved), "-c", check]
            result = subprocess.run(again, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
            self.assertEqual(result.returncode, 1, result)
            self.assertEqual("Errno 5" in result.stderr, "Errno 5" in failure["error"], (failure, result))
            refused = self.powercut(REWRITE, CHECK_REWRITTEN, *options, "--save", str(saved))
            self.assert_one_line(refused, str(saved))
        self.assert_one_line(self.powercut(WRITE, CHECK, "--save", str(self.folder / "x.bin")), "--save", "--replay")
        nowhere = self.powercut(WRITE, CHECK, "--replay", "3", "--save", "/no/such/x.bin")
        self.assert_one_line(nowhere, "/no/such/x.bin", "No such file")

    def test_json_on_standard_output_is_alone_there(self):
        for options, words in (("--cuts", "3"), "THE POWER WENT"), (("--replay", "3"), "\nall is well\n"):
            check = "print('all is', 'well')"
            result = self.powercut(WRITE, check, "--no-mount", "--json", "/dev/stdout", *options)
            self.assertEqual(json.loads(result.stdout)["lost"], 0)
            self.assertIn(words, result.stderr)

    def test_json_is_not_written_over_what_is_read_or_saved(self):
        image, saved, link = (self.folder / name for name in ("cam.bin", "cut.bin", "link.json"))
        subprocess.run([PROGRAM, "run", "--image", str(image), "-c", "pass"], check=True)
        link.symlink_to("write.py")
        before = {path: path.read_bytes() for path in (image, self.folder / "cam.bin.wear")}
        options = ("--no-mount", "--cuts", "1", "--image", str(image))
        replay = ("--replay", "1", "--save", str(saved))
        for path, what, more in (
            (self.folder / "write.py", "the script of --write", ()),
            (self.folder / "check.py", "the script of --check", ()),
            (link, "the script of --write", ()),
            (image, "the image", ()),
            (self.folder / "cam.bin.wear", f"the wear of {image}", ()),
            (saved, "the image of --save", replay),
            (self.folder / "cut.bin.wear", f"the wear of {saved}", replay),
        ):
            result = self.powercut(WRITE, "pass", *options, *more, "--json", str(path))
            self.assert_one_line(result, f"--json {path}: is {what} itself; name another file")
            self.assertEqual((self.folder / "write.py").read_text(), WRITE)
            self.assertEqual({path: path.read_bytes() for path in before}, before)

    def test_neither_clock_nor_chance_of_the_host_is_seen(self):
        write = "import os, random, time, sim\n" + WRITE.replace(
            "bytes((number,)) * flash.ioctl(5, 0)",
            "(os.urandom(8) + repr((random.random(), time.time(), time.ticks_us())).encode() + bytes(4096))[:4096]",
        )
        check = "import sim\nassert not any(sim.chip(0, 32768)[i] & 1 == 0 for i in range(4096, 8192)), hash(sim.chip(0, 32768))"
        first, _ = self.found(write, check, "--no-mount")
        second, _ = self.found(write, check, "--no-mount")
        self.assertEqual(first, second)
        self.assertGreater(first["lost"], 0)

    def test_jobs_find_the_same(self):
        one, _ = self.found(REWRITE, CHECK_REWRITTEN, "--no-mount", "--torn", "--jobs", "1")
        three, _ = self.found(REWRITE, CHECK_REWRITTEN, "--no-mount", "--torn", "--jobs", "3")
        self.assertEqual(one, three)

    def test_the_shards_are_the_whole(self):
        whole, _ = self.found(REWRITE, CHECK_REWRITTEN, "--no-mount", "--torn")
        shards = [
            self.found(REWRITE, CHECK_REWRITTEN, "--no-mount", "--torn", "--shard", "%d/3" % i)[0] for i in (1, 2, 3)
        ]
        self.assertEqual(sum(shard["cuts"] for shard in shards), whole["cuts"])
        failures = [failure["replay"] for shard in shards for failure in shard["failures"]]
        self.assertEqual(sorted(failures), sorted(failure["replay"] for failure in whole["failures"]))
        env = dict(os.environ, GTEST_TOTAL_SHARDS="3", GTEST_SHARD_INDEX="1")
        self.assertEqual(self.found(REWRITE, CHECK_REWRITTEN, "--no-mount", "--torn", env=env)[0], shards[1])

    def test_another_seed_tears_otherwise(self):
        one, _ = self.found(REWRITE, "assert False", "--no-mount", "--torn")
        other, _ = self.found(REWRITE, "assert False", "--no-mount", "--torn", "--seed", "2")
        self.assertEqual(one["cuts"], other["cuts"])
        self.assertNotEqual(one, other)


class CommandLine(PowerCut):
    def test_a_writer_that_cannot_be_cut(self):
        self.assert_one_line(self.powercut("1/0", "pass"), "write.py fails", "ZeroDivisionError")
        self.assert_one_line(self.powercut("pass", "pass"), "changes nothing in the flash")
        self.assert_one_line(self.powercut("def", "pass"), "write.py fails", "SyntaxError")

    def test_mistakes_are_one_line(self):
        for option, value, word in (
            ("--shard", "4/3", "3/16"),
            ("--shard", "0/3", "3/16"),
            ("--shard", "3", "3/16"),
            ("--replay", "x7", "x7"),
            ("--replay", "41b", "41b"),
            ("--replay", "9999", "operations"),
            ("--replay", "0e1", "is the program"),
            ("--cuts", "few", "few"),
            ("--cuts", "0", "0"),
            ("--depth", "3", "--depth"),
            ("--jobs", "0", "--jobs"),
            ("--board", "OPENMV9", "OPENMV4P"),
            ("--image", "/no/such/cam.bin", "/no/such/cam.bin"),
            ("--json", "/no/such/found.json", "/no/such/found.json"),
            ("--json", "", "--json"),
            ("--replay", "", "--replay"),
            ("--image", "", "--image"),
        ):
            with self.subTest(option=option, value=value):
                self.assert_one_line(self.powercut(WRITE, "pass", "--no-mount", option, value), word)
        self.assert_one_line(self.powercut(pathlib.Path("no/such.py"), "pass"), "no/such.py")
        self.assert_one_line(self.powercut(WRITE, pathlib.Path("/")), "directory")
        env = dict(os.environ, GTEST_TOTAL_SHARDS="3", GTEST_SHARD_INDEX="3")
        self.assert_one_line(self.powercut(WRITE, "pass", env=env), "GTEST_SHARD_INDEX")

    def test_an_image_is_where_it_starts_and_stays_as_it_is(self):
        image = self.folder / "cam.bin"
        code = "open('old.txt', 'w').write('old')"
        subprocess.run([PROGRAM, "run", "--image", str(image), "-c", code], check=True, timeout=TIMEOUT_S)
        before = image.read_bytes()
        write, check = "open('new.txt', 'w').write('new')", "assert open('old.txt').read() == 'old'"
        found, _ = self.found(write, check, "--image", str(image), "--replay", "0")
        self.assertEqual(found["lost"], 0)
        self.assertEqual(image.read_bytes(), before)

    def test_help_tells_of_the_scripts(self):
        result = subprocess.run([PROGRAM, "powercut", "--help"], capture_output=True, text=True, check=True)
        for word in ("sim.note()", "Examples:", "--replay", "Exit codes:"):
            self.assertIn(word, result.stdout)

    def test_progress_is_for_terminals(self):
        _, quiet = self.found(WRITE, "pass", "--no-mount")
        self.assertEqual(quiet.stderr, "")
        reader, terminal = pty.openpty()
        # Long enough to be drawn: a bar that would be gone at once is not.
        command = [PROGRAM, "powercut", "--no-mount", "--torn", "--depth", "2", "--jobs", "1"]
        command += ["--write", str(self.folder / "write.py"), "--check", str(self.folder / "check.py")]
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=terminal, check=True, timeout=TIMEOUT_S)
        os.close(terminal)
        shown = os.read(reader, 65536).decode()
        os.close(reader)
        self.assertRegex(shown, r"\[#*\.*\] +\d+% .*cuts/s, 0 lost")


class Examples(PowerCut):
    def lost(self, name, *options):
        found, _ = self.found(EXAMPLES / name / "write.py", EXAMPLES / name / "check.py", *options)
        self.assertGreater(found["cuts"], 20)
        return found["lost"]

    def test_the_naive_store_loses(self):
        for board in ("OPENMV2", "OPENMV4P", "OPENMV_N6"):
            self.assertGreater(self.lost("naive", "--no-mount", "--board", board, "--cuts", "200"), 0, board)

    def test_the_raw_log_starts_after_every_cut(self):
        script = EXAMPLES.parent / "raw_log.py"
        for board in ("OPENMV2", "OPENMV4", "OPENMV4P"):
            found, result = self.found(script, script, "--no-mount", "--torn", "--board", board, "--cuts", "200")
            self.assertEqual(found["lost"], 0, result.stdout)

    def test_the_store_with_two_slots_holds(self):
        for board in ("OPENMV2", "OPENMV3", "OPENMV4P", "OPENMV_N6", "ARDUINO_GIGA"):
            options = ("--no-mount", "--torn", "--board", board, "--cuts", "200")
            self.assertEqual(self.lost("two_slots", *options), 0, board)

    def test_littlefs_holds(self):
        for board in ("OPENMV4P", "OPENMV_N6", "ARDUINO_NICLA_VISION"):
            self.assertEqual(self.lost("littlefs", "--torn", "--board", board), 0, board)
        self.assertEqual(self.lost("littlefs", "--torn", "--depth", "2", "--cuts", "20"), 0)

    def test_fat_loses(self):
        self.assertGreater(self.lost("fat", "--cuts", "60"), 0)


if __name__ == "__main__":
    PROGRAM = parse_arguments(__doc__).program
    unittest.main()
