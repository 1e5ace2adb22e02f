#!/usr/bin/env python3
"""Tests of `pybflash image rescue` where one erase sector of a FAT is lost: what its files are saved as.

    image_lost_sector_test.py --program build/release/src/cli/pybflash
"""

import json
import random
import re
import shutil
import struct

from image_testing import STORAGE, ImageCase, image, main, pybflash, tool

# What is left where the power was cut between erase and program, and in the middle of each.
LEFT = {
    "blank": lambda old, numbers: b"\xff" * len(old),
    "zeros": lambda old, numbers: bytes(len(old)),
    "erased in part": lambda old, numbers: bytes(byte | numbers.randrange(256) for byte in old),
    "hardly erased": lambda old, numbers: bytes(byte | (numbers.randrange(256) & numbers.randrange(256)) for byte in old),
}
# What lies in a sector of its own, beside the boards of one large sector, where less may be overwritten.
BOARDS = {"OPENMV4P": 4096, "OPENMV_N6": 4096, "ARDUINO_GIGA": 4096, "OPENMV2": 512}


class LostSectors(ImageCase):
    def fill(self, board):
        self.forget_image()
        self.board, (self.offset, size, _) = board, STORAGE[board]
        numbers = random.Random(size)
        sizes = [700, 1300, 20000, 33000, 4096, 1, 9000] if size > 1 << 20 else [700, 1300, 1, 0]
        self.contents = {f"file {n}.bin": numbers.randbytes(n_bytes) for n, n_bytes in enumerate(sizes)}
        self.contents["lib/deep/last.py"] = b"last"
        for n in range(60 if size > 1 << 20 else 3):  # a folder of several clusters
            self.contents[f"lib/a_module_{n}.py"] = numbers.randbytes(numbers.randrange(1, 600 if n < 3 else 6000))
        shutil.rmtree(self.folder / "source", ignore_errors=True)
        for name, content in self.contents.items():
            self.write(f"source/{name}", content)
        self.good("create", "--board", board, "--from", self.folder / "source", self.image)
        self.whole = self.image.read_bytes()
        boot = self.whole[self.offset :][:64]
        sector, clusters_of, reserved, tables, entries = struct.unpack_from("<HBHBH", boot, 11)
        self.table, self.cluster = reserved * sector, clusters_of * sector
        self.root = (reserved + tables * struct.unpack_from("<H", boot, 22)[0]) * sector
        self.data = self.root + entries * 32

    def lose(self, at, length, left):
        content = bytearray(self.whole)
        place = slice(self.offset + at, self.offset + at + length)
        content[place] = LEFT[left](content[place], random.Random(at))
        self.image.write_bytes(content)

    def rescue(self):
        target = self.folder / "saved"
        shutil.rmtree(target, ignore_errors=True)
        told = image("rescue", "--board", self.board, self.image, target)
        self.assertIn(told.returncode, (0, 1), told)
        return told.stdout.decode(), {str(p.relative_to(target)): p.read_bytes() for p in target.rglob("*") if p.is_file()}

    def known_name(self, path):
        """That of the file which was saved as this; None: it has lost its name."""
        path = path.removesuffix(".damaged")
        known = [name for name in self.contents if name == path or name.endswith("/" + path.partition("/")[2])]
        return known[0] if known and not path.endswith(".BIN") else None

    def assert_all_is_saved(self, text, files):
        """With all of its bytes, and its name, or a new one with the bytes to the end of its cluster."""
        missing = dict(self.contents)
        for path, content in files.items():
            name = self.known_name(path)
            if name:
                self.assertEqual(content, missing.pop(name), f"{path}: {text}")
                continue
            self.assertRegex(path, r"^LOST\d{4}(\.BIN$|/A_M)", "or a part of its name is lost")
            name = next((name for name in missing if missing[name] and content.startswith(missing[name])), None)
            self.assertIsNotNone(name, f"{path} is nobody's, or twice: {text}")
            size = len(missing.pop(name))
            clusters = (size + self.cluster - 1) // self.cluster
            self.assertEqual(len(content), clusters * self.cluster if path.endswith(".BIN") else size, path)
        self.assertEqual([name for name in missing if missing[name]], [], text)

    def assert_whole_are(self, files, is_whole):
        """Of those that are at their places."""
        for path in files:
            name = path.removesuffix(".damaged")
            if name in self.contents:
                self.assertEqual(path == name, is_whole(self.contents[name]), path)

    def test_in_front_of_the_clusters(self):
        for board, length in BOARDS.items():
            self.fill(board)
            for at in range(0, self.data - length + 1, length):
                for left in LEFT:
                    if at >= self.root and left == "hardly erased":
                        continue  # names may be others then
                    with self.subTest(board=board, at=at, left=left):
                        self.lose(at, length, left)
                        text, files = self.rescue()
                        self.assert_all_is_saved(text, files)
                        is_table_lost = at <= self.table < at + length and board != "OPENMV2"
                        if is_table_lost:
                            self.assert_whole_are(files, lambda content: len(content) <= self.cluster)
                        elif at < self.table or at >= self.root:
                            self.assert_whole_are(files, lambda content: True)

    def test_a_name_is_not_that_of_other_bytes(self):
        for board, length in BOARDS.items():
            self.fill(board)
            for at in range(self.root // length * length, self.data - length + 1, length):
                self.lose(at, length, "hardly erased")
                for path, content in self.rescue()[1].items():
                    if path in self.contents:
                        self.assertEqual(content, self.contents[path], f"{board} {path}")

    def test_the_board_is_known_although_the_boot_sector_is_lost(self):
        self.fill("OPENMV4P")
        self.lose(0, 4096, "blank")
        self.assertIn("what looks like a damaged FAT filesystem", self.good("info", self.image))

    def test_a_part_of_a_file(self):
        self.fill("OPENMV4P")
        at = self.whole.index(self.contents["file 3.bin"]) - self.offset
        self.lose((at // 4096 + 2) * 4096, 4096, "blank")
        text, files = self.rescue()
        self.assertIn("/file 3.bin: 4096 bytes from byte ", text)
        self.assertEqual(files["file 3.bin"].count(b"\xff" * 4096), 1)
        del self.contents["file 3.bin"], files["file 3.bin"]
        self.assertEqual(files, self.contents)

    def test_a_part_of_a_folder(self):
        for board in ("OPENMV4P", "OPENMV_N6"):
            self.fill(board)
            for left in ("blank", "zeros", "erased in part"):
                with self.subTest(board=board, left=left):
                    at = self.whole.index(b".          \x10") - self.offset  # the first of /lib
                    self.lose(at // 4096 * 4096, 4096, left)
                    text, files = self.rescue()
                    self.assertIn("bytes of the folder are lost", text)
                    lost = [content for path, content in files.items() if path.startswith("LOST")]
                    known = [c for c in lost if any(c.startswith(content) for content in self.contents.values())]
                    self.assertGreater(len(known), 5)
                    self.assertLessEqual(len(lost) - len(known), 1, "what was the folder")


class OfAnotherFormatter(ImageCase):
    """Where the root lies, and how large a cluster is, only the boot sector knows."""

    def test_a_lost_boot_sector(self):
        for size, options in ((24, ["-f1"]), (16, []), (8, ["-f1", "-s1", "-R1"]), (2, ["-f1"])):
            with self.subTest(size=size, options=options):
                source, volume = self.folder / "source", self.write("volume")
                numbers = random.Random(size)
                contents = {f"FILE{n}.BIN": numbers.randbytes(numbers.choice((200, 3000, 20000))) for n in range(60)}
                for name, content in contents.items():
                    self.write(f"source/{name}", content)
                with open(volume, "r+b") as file:
                    file.truncate(size << 20)
                tool("mkfs.fat", *options, volume)
                tool("mcopy", "-o", "-i", volume, *sorted(source.iterdir()), "::")
                self.good("create", "--board", "OPENMV4P", "--force", self.image)
                with open(self.image, "r+b") as file:
                    file.write(bytes(512) + volume.read_bytes()[512:])
                saved = self.folder / "saved"
                shutil.rmtree(saved, ignore_errors=True)
                told = image("rescue", "--board", "OPENMV4P", self.image, saved)
                self.assertIn(told.returncode, (1, 2), told)
                for path in saved.iterdir() if saved.exists() else ():
                    self.assertEqual(path.read_bytes(), contents.get(path.name, path.read_bytes()), path.name)

    def test_two_tables_of_which_the_first_lost_a_sector(self):
        source, volume = self.folder / "source", self.write("volume")
        contents = {f"FILE{n}.BIN": random.Random(n).randbytes(20000) for n in range(20)}
        for name, content in contents.items():
            self.write(f"source/{name}", content)
        with open(volume, "r+b") as file:
            file.truncate(24 << 20)
        tool("mkfs.fat", "-F16", volume)
        tool("mcopy", "-i", volume, *source.iterdir(), "::")
        self.good("create", "--board", "OPENMV4P", "--force", self.image)
        content = bytearray(volume.read_bytes())
        table = struct.unpack_from("<H", content, 14)[0] * 512
        content[table : table + 4096] = b"\xff" * 4096
        with open(self.image, "r+b") as file:
            file.write(content)
        self.good("rescue", "--board", "OPENMV4P", self.image, self.folder / "saved")
        self.assertEqual({path.name: path.read_bytes() for path in (self.folder / "saved").iterdir()}, contents)


class RealCuts(ImageCase):
    """A log grows, and the power goes in the middle: what becomes of the files beside it."""

    MAKE = """
import os
os.mkdir("/flash/lib")
for n in range(12):
    for name, size in (("file%d.bin" % n, 700 * n + 100), ("lib/module%d.py" % n, 300 * n + 100)):
        with open(name, "wb") as file: file.write(bytes((n + 1,)) * size)
"""
    WRITE = """
with open("/flash/log.txt", "a") as log:
    for _ in range(8): log.write("x" * 3000); log.flush()
"""
    CHECK = """
for n in range(12):
    for name, size in (("file%d.bin" % n, 700 * n + 100), ("lib/module%d.py" % n, 300 * n + 100)):
        with open(name, "rb") as file: assert file.read() == bytes((n + 1,)) * size, name
"""

    def powercut(self, *options):
        scripts = ("--write", self.write("write.py", self.WRITE.encode()), "--check", self.write("check.py", self.CHECK.encode()))
        return pybflash("powercut", "--torn", "--image", self.image, "--board", self.board, *scripts, *options)

    def saved_of(self, replay):
        """Of 24 files, those whose bytes are all there; and those that are called whole, and are not."""
        cut, target = (self.folder / f"{self.board} {replay}{end}" for end in (".bin", ""))
        again = self.powercut("--replay", replay, "--save", cut)
        self.assertEqual(again.returncode, 1, again)
        image("rescue", "--board", self.board, cut, target)
        files = {str(path.relative_to(target)): path.read_bytes() for path in target.rglob("*") if path.is_file()}
        files = {path.removesuffix(".damaged"): content for path, content in files.items()}
        found = 0
        for n in range(12):
            for name, size in ((f"file{n}.bin", 700 * n + 100), (f"lib/module{n}.py", 300 * n + 100)):
                content = bytes((n + 1,)) * size
                nameless = any(path.startswith("LOST") and files[path].startswith(content) for path in files)
                found += files.get(name) == content or nameless
        return found

    def test_nearly_all_is_saved(self):
        for self.board in ("OPENMV4P", "OPENMV_N6", "ARDUINO_GIGA"):
            self.forget_image()
            made = pybflash("run", "--board", self.board, "--image", self.image, "-c", self.MAKE)
            self.assertEqual(made.returncode, 0, made)
            self.powercut("--cuts", "40", "--json", self.folder / "found.json")
            losses = [loss["replay"] for loss in json.loads((self.folder / "found.json").read_text())["failures"]]
            self.assertGreater(len(losses), 4)
            saved = [self.saved_of(replay) for replay in losses]
            # What shares the sector of the log's end may be lost.
            self.assertGreaterEqual(min(saved), 23, dict(zip(losses, saved)))
            self.assertGreaterEqual(saved.count(24), len(saved) * 3 // 4, dict(zip(losses, saved)))


class Sound(ImageCase):
    """What says nothing of a loss."""

    def assert_nothing_is_told(self, board="OPENMV2"):
        told = self.good("rescue", "--board", board, self.image, self.folder / "saved")
        self.assertEqual(told.count("\n"), 1, told)
        shutil.rmtree(self.folder / "saved")

    def test_a_full_one_of_files_of_one_cluster_each(self):
        self.good("create", "--board", "OPENMV2", self.image)
        self.good("mkdir", "--board", "OPENMV2", f"{self.image}:/lib")
        files = [self.write(f"in/f{n:02}", b"x") for n in range(14)]
        self.good("put", "--board", "OPENMV2", f"{self.image}:/lib", *files)  # full to the last entry, too
        self.good("put", "--board", "OPENMV2", self.image, *(self.write(f"root/{n}", b"x") for n in range(15)))
        self.assert_nothing_is_told()

    def test_blank_bytes_are_only_a_hint(self):
        for filesystem, lines in (("fat", 2), ("littlefs", 2), ("ftl+fat", 1)):
            self.write("source/white", b"BM" + b"\xff" * 3000)
            self.write("source/one", b"\xff")
            self.good("create", "--board", "OPENMV4P", "--fs", filesystem, "--from", self.folder / "source", "--force", self.image)
            shutil.rmtree(self.folder / "saved", ignore_errors=True)
            told = self.good("rescue", "--board", "OPENMV4P", self.image, self.folder / "saved")
            self.assertEqual(told.count("\n"), lines, told)
            self.assertEqual("/white: 3000 bytes from byte 2 on are blank" in told, lines == 2)

    def test_names_that_the_camera_shows_otherwise(self):
        """Of a chain that is torn, whatever the name."""
        volume = self.write("volume")
        names = ["Café photo.bin", "日本語 long name.bin", "plain one.bin"]
        with open(volume, "r+b") as file:
            file.truncate(24 << 20)
        tool("mkfs.fat", "-F16", "-f1", "-s4", volume)
        contents = {name: random.Random(name).randbytes(20000) for name in (*names, "target.bin")}
        tool("mcopy", "-i", volume, *(self.write(f"source/{name}", content) for name, content in contents.items()), "::")
        content = bytearray(volume.read_bytes())
        table = struct.unpack_from("<H", content, 14)[0] * 512
        self.good("create", "--board", "OPENMV4P", "--force", self.image)
        for n in range(3):  # ten clusters each; the second one leads into the last file
            struct.pack_into("<H", content, table + 2 * (2 + 10 * n + 1), 2 + 30 + 4)
        with open(self.image, "r+b") as file:
            file.write(content)
        told = image("rescue", "--board", "OPENMV4P", self.image, self.folder / "saved")
        self.assertEqual(told.returncode, 1, told)
        saved = [path.name for path in (self.folder / "saved").iterdir() if not path.name.startswith("LOST")]
        self.assertEqual([name for name in saved if not name.endswith(".damaged")], [], told.stdout.decode(errors="replace"))
        self.assertEqual(len(saved), 4)


class LostChains(ImageCase):
    """Clusters that are taken, and that no folder leads to."""

    def setUp(self):
        super().setUp()
        self.content = random.Random(1).randbytes(5000)
        self.write("source/rec.bin", self.content)
        self.write("source/kept.txt", b"kept")
        self.good("create", "--board", "OPENMV4", "--from", self.folder / "source", self.image)
        self.offset, _, self.sector = STORAGE["OPENMV4"]
        self.entry = self.image.read_bytes().index(b"REC     BIN")

    def change(self, at, content):
        with open(self.image, "r+b") as file:
            file.seek(at)
            file.write(content)

    def rescued(self):
        target = self.folder / "saved"
        shutil.rmtree(target, ignore_errors=True)
        told = image("rescue", "--board", "OPENMV4", self.image, target)
        self.assertEqual(told.returncode, 1, told)
        return told.stdout.decode(), {path.name: path.read_bytes() for path in target.iterdir()}

    def test_a_recording_whose_entry_was_not_written(self):
        self.change(self.entry, b"\xe5")
        text, files = self.rescued()
        self.assertIn("what no folder leads to is saved as LOST0001\n", text)
        self.assertEqual(files["LOST0001.BIN"][:5000], self.content)
        self.assertEqual(len(files["LOST0001.BIN"]), 5120, "whole clusters")
        self.assertEqual(files["kept.txt"], b"kept")

    def test_a_name_that_is_taken(self):
        self.good("put", f"{self.image}:/lost0001.bin", self.write("x", b"mine"))
        self.change(self.entry, b"\xe5")
        _, files = self.rescued()
        self.assertEqual(files["lost0001.bin"], b"mine")
        self.assertEqual(files["LOST0002.BIN"][:5000], self.content)

    def test_a_chain_that_ends_in_a_circle(self):
        first = struct.unpack_from("<H", self.image.read_bytes(), self.entry + 26)[0]
        self.change(self.entry, b"\xe5")
        second = first + 1  # leads to itself
        table, at = bytearray(self.image.read_bytes()), self.offset + self.sector + second + second // 2
        pair = struct.unpack_from("<H", table, at)[0]
        pair = pair & 0xF | second << 4 if second % 2 else pair & 0xF000 | second
        self.change(at, struct.pack("<H", pair))
        text, files = self.rescued()
        saved = [content for name, content in files.items() if re.fullmatch(r"LOST\d{4}\.BIN", name)]
        self.assertTrue(any(self.content[1024:].startswith(content[:512]) for content in saved), text)

    def test_a_root_without_room(self):
        """Of 512 entries: a label, two files, a folder, and two for each long name."""
        many = [self.write(f"many/long name {n}") for n in range(254)]
        self.good("mkdir", f"{self.image}:/lost")
        self.good("put", f"{self.image}:/lost", *(self.write(f"in/{n}", bytes((65 + n,)) * 600) for n in range(3)))
        self.good("put", self.image, *many)
        self.change(self.image.read_bytes().index(b"LOST    "), b"\xe5")
        self.change(self.image.read_bytes().index(b".          \x10"), b"\xe5" * 512)
        text, files = self.rescued()
        self.assertIn("; 3 more that no folder leads to have no room in the root, and are lost\n", text)
        self.assertEqual([name for name in files if name.startswith("LOST")], ["LOST0001.BIN"])
        self.assertEqual(len(files), 2 + len(many) + 1)


if __name__ == "__main__":
    main(__doc__)
