#!/usr/bin/env python3
"""Tests of `pybflash image` where a script has laid out several volumes in one storage.

    image_volumes_test.py --program build/release/src/cli/pybflash
"""

from image_testing import KIB, MIB, STORAGE, ImageCase, image, main, pybflash

# Where they begin in the storage; the last one goes on to its end.
SMALL = {0: "FAT12", 32 * KIB: "littlefs v2"}
# Between the second and the third is a store that is none of ours.
OTHER = 8 * MIB
LARGE = {0: "FAT12", 256 * KIB: "littlefs v2", 9 * MIB: "FAT16 on a translation layer"}
OPEN = """
import flash, pyb, vfs
def volume(start, end, kind, is_new=False):
    dev = pyb.Flash(start=start, len=end - start)
    if is_new and "layer" in kind: flash.Ftl.mkfs(dev)
    if "layer" in kind: dev = flash.Ftl(dev)
    if is_new: (vfs.VfsFat if "FAT" in kind else vfs.VfsLfs2).mkfs(dev)
    return dev
"""


class Volumes(ImageCase):
    def lay_out(self, board, starts, other=None):
        self.board, self.starts, self.borders = board, starts, sorted([*starts, STORAGE[board][1]] + [other] * bool(other))
        code = "".join(f"volume({start}, {self.end(start)}, {kind!r}, True)\n" for start, kind in starts.items())
        if other:
            code += f"pyb.Flash(start={other}).writeblocks(0, b'mine' * 1024)\n"
        self.forget_image()
        self.run_on_camera(code)

    def run_on_camera(self, code):
        result = pybflash("run", "--no-mount", "--board", self.board, "--image", self.image, "-c", OPEN + code)
        self.assertEqual(result.returncode, 0, result)
        return result.stdout.decode()

    def end(self, start):
        return min(border for border in self.borders if border > start)

    def bytes_outside(self, start):
        content, offset = self.image.read_bytes(), STORAGE[self.board][0]
        return content[: offset + start] + content[offset + self.end(start) :]

    def at(self, start, command, *args):
        return self.good(command, "--board", self.board, "--start", start, *args)

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
        for layout in (("OPENMV3", SMALL), ("OPENMV4", SMALL), ("OPENMV4P", LARGE, OTHER)):
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
        self.lay_out("OPENMV4P", LARGE, OTHER)
        inside = "no multiple of 4096 bytes inside the storage of 25165824 bytes"
        for start in (1, 512, 24 * MIB, 24 * MIB + 4096, 2**32 - 4096):
            for command in ("ls", "info", "check"):
                self.refused(command, "--start", start, self.image, words=[f"--start {start}: {inside}"])
            self.refused("put", "--start", start, self.image, __file__, words=[f"--start {start}: {inside}"])
        for start in ("-4096", 2**32, "x", ""):
            self.refused("ls", "--start", start, self.image, words=["--start"])

    def test_a_start_that_has_no_filesystem(self):
        self.lay_out("OPENMV4P", LARGE, OTHER)
        self.refused("ls", "--start", OTHER, self.image, words=["unknown data", f"start={OTHER}", "--start 0", "FAT12"])
        self.refused("put", "--start", OTHER, self.image, __file__, words=["unknown data", f"start={OTHER}"])

    def test_no_filesystem_at_the_start_of_the_storage(self):
        self.lay_out("OPENMV4P", LARGE, OTHER)
        with open(self.image, "r+b") as file:
            file.write(b"mine" * (64 * KIB))
        self.refused("ls", "--board", "OPENMV4P", self.image, words=["holds unknown", f"--start {256 * KIB} looks into"])
        self.assertEqual(self.good("ls", "--board", "OPENMV4P", "--start", 256 * KIB, self.image), "")

    def test_a_damaged_one_ends_where_the_next_begins(self):
        self.lay_out("OPENMV4P", LARGE, OTHER)
        content = b"kept" * 1000
        self.at(0, "put", f"{self.image}:/kept.txt", self.write("kept.txt", content))
        with open(self.image, "r+b") as file:
            file.write(bytes(512))  # the boot sector
        told = image("rescue", "--board", "OPENMV4P", self.image, self.folder / "saved")
        self.assertEqual(told.returncode, 1, told)
        self.assertEqual((self.folder / "saved/kept.txt").read_bytes(), content)
        self.assertIn(f"--start {256 * KIB} looks into it", told.stdout.decode())


if __name__ == "__main__":
    main(__doc__)
