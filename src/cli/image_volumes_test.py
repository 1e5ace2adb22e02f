#!/usr/bin/env python3
"""Tests of `pybflash image` where a script has laid out several volumes in one storage.

    image_volumes_test.py --program build/release/src/cli/pybflash
"""

from image_testing import KIB, LARGE_LAYOUT, MIB, OTHER_STORE, SMALL_LAYOUT, VolumesCase, image, main, pybflash


class Volumes(VolumesCase):
    def change_each(self):
        for start in self.starts:
            with self.subTest(board=self.board, start=start):
                outside = self.bytes_outside(start)
                self.at(start, "mkdir", f"{self.image}:/lib")
                self.at(start, "put", f"{self.image}:/lib/name", self.write("name", b"of %d" % start))
                self.at(start, "put", f"{self.image}:/large", self.write("large", bytes(range(256)) * 16))
                self.at(start, "rm", f"{self.image}:/large")
                self.assertTrue(self.bytes_outside(start) == outside)

    def look_at_each(self):
        code = ""
        for start, kind in self.starts.items():
            with self.subTest(board=self.board, start=start):
                self.assertEqual(self.at(start, "cat", f"{self.image}:/lib/name"), f"of {start}")
                self.assertIn("name", self.at(start, "ls", f"{self.image}:/lib"))
                self.assertIn("1 folder, 1 file", self.at(start, "tree", self.image))
                self.assertIn("free", self.at(start, "df", self.image))
            code += f"vfs.mount(volume({start}, {self.end(start)}, {kind!r}), '/{start}')\n"
            code += f"print(open('/{start}/lib/name').read())\n"
        self.assertEqual(self.run_on_camera(code).split("\n"), [f"of {start}" for start in self.starts] + [""])

    def expect_the_others_to_be_named(self, start):
        saved = self.folder / f"saved from {self.board} {start}"
        got = image("get", "--board", self.board, "--start", start, f"{self.image}:/lib/name", "/dev/stdout")
        self.assertEqual((got.returncode, got.stdout), (0, b"of %d" % start), got)
        checked = self.at(start, "check", self.image)
        self.assertIn("1 file, 1 folder, 1 of the files can be read\nsound\n", checked)
        told = [self.at(start, "info", self.image), self.at(start, "rescue", self.image, saved), got.stderr.decode()]
        for other, kind in self.starts.items():
            for text in told:
                is_told = f"start={other}; --start {other} looks into it" in text and f"also {kind}, " in text
                self.assertEqual(is_told, other != start, text)
            line = next(line for line in checked.splitlines() if f"start={other}" in line)
            self.assertEqual(line.endswith(", whose files are not read"), other != start, checked)
        self.assertEqual((saved / "lib/name").read_bytes(), b"of %d" % start)

    def test_each_is_looked_into_and_changed(self):
        for layout in (("OPENMV3", SMALL_LAYOUT), ("OPENMV4", SMALL_LAYOUT), ("OPENMV4P", LARGE_LAYOUT, OTHER_STORE)):
            self.lay_out(*layout)
            self.change_each()
            self.look_at_each()
            for start in self.starts:
                with self.subTest(board=self.board, start=start):
                    self.expect_the_others_to_be_named(start)

    def test_one_alone_has_no_others(self):
        self.make()
        self.assertNotIn("also", self.good("info", self.image))

    def test_a_start_that_is_none(self):
        self.lay_out("OPENMV4P", LARGE_LAYOUT, OTHER_STORE)
        inside = "no multiple of 4096 bytes inside the storage of 25165824 bytes"
        for start in (1, 512, 24 * MIB, 24 * MIB + 4096, 2**32 - 4096):
            for command in ("ls", "info", "check"):
                self.refused(command, "--start", start, self.image, words=[f"--start {start}: {inside}"])
            self.refused("put", "--start", start, self.image, __file__, words=[f"--start {start}: {inside}"])
        for start in ("-4096", 2**32, "x", "", "01000", "256K", "0x1000"):
            self.refused("ls", "--start", start, self.image, words=["--start", f"{start} is no number of bytes"])

    def test_a_start_that_has_no_filesystem(self):
        self.lay_out("OPENMV4P", LARGE_LAYOUT, OTHER_STORE)
        self.refused("ls", "--start", OTHER_STORE, self.image, words=["unknown data", f"start={OTHER_STORE}", "--start 0", "FAT12"])
        self.refused("put", "--start", OTHER_STORE, self.image, __file__, words=["unknown data", f"start={OTHER_STORE}"])

    def test_no_filesystem_at_the_start_of_the_storage(self):
        self.lay_out("OPENMV4P", LARGE_LAYOUT, OTHER_STORE)
        with open(self.image, "r+b") as file:
            file.write(b"mine" * (64 * KIB))
        self.refused("ls", "--board", "OPENMV4P", self.image, words=["holds unknown", f"--start {256 * KIB} looks into"])
        self.assertEqual(self.good("ls", "--board", "OPENMV4P", "--start", 256 * KIB, self.image), "")

    def test_a_raw_block_before_a_littlefs_is_not_its_first(self):
        self.lay_out("OPENMV4P", {4096: "littlefs v2"})
        self.run_on_camera("pyb.Flash(start=0).writeblocks(0, b'mine' * 1024)")
        for command in (("ls",), ("put", __file__)):
            self.refused(command[0], "--board", "OPENMV4P", self.image, *command[1:], words=["no volume begins", "--start 4096"])
        self.at(4096, "put", self.image, self.write("new"))
        self.assertEqual(self.image.read_bytes()[:4096], b"mine" * 1024)

    def test_a_layer_that_is_not_aligned(self):
        self.lay_out("OPENMV4P", {0: "littlefs v2", 100 * KIB: "FAT16 on a translation layer"})
        self.at(100 * KIB, "put", f"{self.image}:/name", self.write("name", b"text"))
        self.assertEqual(self.at(100 * KIB, "cat", f"{self.image}:/name"), "text")
        self.assertIn("start=131072; --start 131072 looks into it", self.good("info", self.image))
        self.assertEqual(self.at(128 * KIB, "cat", f"{self.image}:/name"), "text")

    def test_a_volume_within_another_is_not_changed(self):
        self.lay_out("OPENMV4P", {0: "FAT16", MIB: "littlefs v2"})
        self.run_on_camera("vfs.VfsFat.mkfs(pyb.Flash(start=0))")  # to the end of the storage
        self.at(MIB, "ls", self.image)
        self.refused("put", "--start", MIB, self.image, __file__, words=["lies inside the FAT16 that begins at 0"])
        checked = image("check", "--start", MIB, self.image)
        self.assertEqual(checked.returncode, 1, checked)
        self.assertIn(f"the littlefs v2 at start={MIB} lies inside the FAT16 at start=0", checked.stdout.decode())

    def test_a_littlefs_of_version_1(self):
        self.lay_out("OPENMV4P", {0: "FAT12", 256 * KIB: "littlefs v2", MIB: "littlefs v2"})
        self.run_on_camera(f"vfs.VfsLfs1.mkfs(pyb.Flash(start={256 * KIB}, len={MIB - 256 * KIB}))")
        self.assertIn(f"littlefs v1, 768 KiB, start={256 * KIB}", self.good("info", self.image))
        self.assertIn("littlefs v1, 768 KiB", self.at(256 * KIB, "check", self.image))
        self.at(256 * KIB, "ls", self.image)

    def test_a_layout_without_a_volume_at_its_start_runs_without_a_mount(self):
        self.lay_out("OPENMV4P", {4 * MIB: "littlefs v2", 6 * MIB: "FAT16"})
        self.assertEqual(self.run_on_camera("print('ran')"), "ran\n")
        refused = pybflash("run", "--image", self.image, "-c", "pass")
        self.assertIn(b"looks like an image of OPENMV_N6", refused.stderr)
        self.refused("dfu", self.image, self.folder / "new.dfu", words=["OPENMV4P, OPENMVPT, OPENMV_N6", "--board"])

    def test_a_layer_without_a_filesystem(self):
        self.board = "OPENMV4P"
        self.run_on_camera("flash.Ftl.mkfs(pyb.Flash(start=0))")
        self.refused("ls", self.image, words=["holds unknown data, no filesystem on a translation layer\n"])


if __name__ == "__main__":
    main(__doc__)
