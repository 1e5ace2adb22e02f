#!/usr/bin/env python3
"""Tests of `pybflash image` where a script has laid out several volumes in one storage.

    image_volumes_test.py --program build/release/src/cli/pybflash
"""

import random
import shutil

from image_testing import KIB, MIB, STORAGE, ImageCase, image, main, pybflash, tool

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
        for start in ("-4096", 2**32, "x", "", "01000", "256K", "0x1000"):
            self.refused("ls", "--start", start, self.image, words=["--start", f"{start} is no number of bytes"])

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

    def damage(self, at, content=bytes(512)):
        with open(self.image, "r+b") as file:
            file.seek(at)
            file.write(content)

    def rescue(self, code=1, board="OPENMV4P"):
        target = self.folder / "saved"
        shutil.rmtree(target, ignore_errors=True)
        told = image("rescue", "--board", board, self.image, target)
        self.assertEqual(told.returncode, code, told)
        return told.stdout.decode(), {path.name: path.read_bytes() for path in target.iterdir()}

    def test_a_damaged_one_ends_where_the_next_begins(self):
        self.lay_out("OPENMV4P", LARGE, OTHER)
        content = b"kept" * 1000
        self.at(0, "put", f"{self.image}:/kept.txt", self.write("kept.txt", content))
        self.damage(0)
        text, files = self.rescue()
        self.assertEqual(files, {"kept.txt": content})
        self.assertIn(f"--start {256 * KIB} looks into it", text)

    def test_a_damaged_one_that_ends_before_raw_data(self):
        # At some, the formatter takes another size of cluster than for those before and behind.
        small = {f"file {n}.bin": random.Random(n).randbytes(700) for n in range(40)}
        large = {f"log{n}.bin": random.Random(n).randbytes(30000) for n in range(3)}
        for length, contents in (
            *((length, small) for length in (100 * KIB, 256 * KIB, 1920 * KIB, 4 * MIB, 8 * MIB)),
            *((length, large) for length in (168 * KIB, 2000 * KIB, 4 * MIB, 20 * MIB)),
        ):
            with self.subTest(length=length, contents=len(contents)):
                self.lay_out("OPENMV4P", {0: "FAT"}, length)
                source = self.folder / "source"
                shutil.rmtree(source, ignore_errors=True)
                for name, content in contents.items():
                    self.write(f"source/{name}", content)
                self.at(0, "put", f"{self.image}:/", *source.iterdir())
                self.damage(0)
                self.damage(length, random.Random(length).randbytes(64 * KIB))
                self.assertEqual(self.rescue()[1], contents)

    def test_a_damaged_one_on_a_layer(self):
        for board in ("OPENMV4P", "OPENMV_N6"):
            with self.subTest(board=board):
                self.lay_out(board, {0: "FAT on a translation layer"})
                for name in ("a.txt", "b.txt"):
                    self.at(0, "put", f"{self.image}:/{name}", self.write(name, name.encode() * 300))
                self.run_on_camera("dev = flash.Ftl(pyb.Flash(start=0)); dev.writeblocks(0, bytes(512)); dev.ioctl(3, 0)")
                files = self.rescue(board=board)[1]
                self.assertEqual(files, {name: name.encode() * 300 for name in ("a.txt", "b.txt")})

    def test_a_table_that_is_damaged_leaves_a_sound_boot_sector_alone(self):
        contents = {f"a long name {n}.bin": random.Random(n).randbytes(1500) for n in range(8)}
        source = self.folder / "source"
        for name, content in contents.items():
            self.write(f"source/{name}", content)
        self.lay_out("OPENMV4P", {0: "FAT16"})
        volume = self.write("volume", b"")
        with open(volume, "r+b") as file:  # laid out otherwise than by the camera
            file.truncate(24 * MIB)
        tool("mkfs.fat", "-F", "16", "-s", "4", volume)
        tool("mcopy", "-i", volume, *source.iterdir(), "::")
        self.damage(0, volume.read_bytes())
        self.damage(4 * 512, bytes(1))  # the media byte; in the table's first sector
        self.assertEqual(self.rescue(code=0)[1], contents)

    def test_a_table_and_a_boot_sector_that_are_damaged(self):
        for length in (1920 * KIB, 4 * MIB, 20 * MIB):
            with self.subTest(length=length):
                self.lay_out("OPENMV4P", {0: "FAT"}, length)
                source = self.folder / "source"
                for n in range(40):
                    self.write(f"source/a long name {n}.bin", random.Random(n).randbytes(700))
                self.at(0, "put", f"{self.image}:/", *source.iterdir())
                self.damage(0, bytes(512))
                self.damage(512 + 8, bytes(504))
                names = {name.removesuffix(".damaged") for name in self.rescue()[1]}
                self.assertEqual(names, {path.name for path in source.iterdir()})

    def test_a_volume_directly_behind_another(self):
        start = 252 * KIB  # no round number, and one block before one
        self.lay_out("OPENMV4P", {0: "FAT12", start: "littlefs v2"})
        self.damage(start, b"\xff" * 4096)
        self.assertIn(f"littlefs v2, 24 MiB, start={start};", self.good("info", self.image))
        self.at(start, "put", self.image, self.write("name"))

    def test_a_raw_block_at_the_start_is_not_overwritten(self):
        self.lay_out("OPENMV4P", {4096: "littlefs v2"})
        self.damage(0, b"mine" * 1024)
        self.damage(8192, b"\xff" * 4096)
        self.refused("put", self.image, __file__, words=["the first block of its littlefs v2 is damaged"])

    def test_an_allocation_table_that_is_gone(self):
        self.lay_out("OPENMV4P", {0: "FAT12", MIB: "littlefs v2"})
        self.at(0, "put", self.image, self.write("kept.txt", b"kept"))
        self.damage(512)
        self.refused("put", self.image, __file__, words=["the allocation table of its FAT is damaged", "rescue"])
        checked = image("check", self.image)
        self.assertEqual(checked.returncode, 1, checked)
        self.assertIn("the allocation table of the FAT is damaged", checked.stdout.decode())

    def test_remains_of_a_filesystem_leave_the_board_open(self):
        self.lay_out("OPENMV4P", {0: "FAT16", 4 * MIB: "littlefs v2"})
        self.damage(0)
        self.refused("check", self.image, words=["cannot tell which board", "--board"])

    def test_remains_of_older_volumes_end_nothing(self):
        self.lay_out("OPENMV4P", LARGE, OTHER)
        self.run_on_camera("vfs.VfsFat.mkfs(pyb.Flash(start=0))")
        content = random.Random(1).randbytes(100000)
        self.good("put", self.image, self.write("kept.bin", content))
        self.damage(0)
        text, files = self.rescue()
        self.assertEqual(files, {"kept.bin": content})
        self.assertIn("littlefs v2", text, "which is still found")

    def test_one_block_before_a_littlefs_begins_none(self):
        self.lay_out("OPENMV4P", LARGE, OTHER)
        at = 256 * KIB
        self.at(at, "put", f"{self.image}:/kept.txt", self.write("kept.txt", b"kept"))
        for damaged in (None, at + 4096):  # its second superblock
            if damaged:
                self.damage(damaged, bytes(64))
            with self.subTest(damaged=damaged):
                for command in ("ls", "info", "check"):
                    words = [f"--start {at - 4096}: no volume begins here; --start {at} looks into the littlefs v2"]
                    self.refused(command, "--start", at - 4096, self.image, words=words)
                self.refused("put", "--start", at - 4096, self.image, __file__, words=["lies inside the FAT12"])
                self.at(at, "ls", self.image)

    def test_a_layer_whose_first_segment_is_erased(self):
        for start in (0, 2 * MIB):
            with self.subTest(start=start):
                self.lay_out("OPENMV4P", {start: "FAT12 on a translation layer", start + 3 * MIB: "littlefs v2"})
                self.at(start, "put", f"{self.image}:/kept.txt", self.write("kept.txt", b"kept"))
                for n in range(40):  # until the log has left its first segment
                    name = self.write("large", random.Random(n).randbytes(100000))
                    self.at(start, "put", f"{self.image}:/large", name)
                self.damage(start, b"\xff" * 4096)
                self.assertEqual(self.at(start, "cat", f"{self.image}:/kept.txt"), "kept")
                if start == 0:
                    self.assertEqual(self.good("cat", f"{self.image}:/kept.txt"), "kept", "and it tells the board")

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

    def test_what_is_no_volume_is_named_by_check(self):
        self.lay_out("OPENMV4P", LARGE, OTHER)
        self.assertIn(f"  unknown data, 4 KiB, start={OTHER}\n", self.good("check", self.image))
        self.damage(256 * KIB, bytes(8192))
        checked = self.good("check", self.image)
        self.assertIn(f", start={256 * KIB}\n", checked[checked.index("unknown data") :])

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
