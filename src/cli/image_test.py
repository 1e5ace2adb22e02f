#!/usr/bin/env python3
"""Tests of `pybflash image`: what it makes is read by others, what others make is read by it.

    image_test.py --program build/release/src/cli/pybflash [--boards OPENMV2,OPENMV4P]
"""

import filecmp
import os
import pathlib
import random
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest

from tested_program import parse_arguments

TIMEOUT_S = 120
PROGRAM = ""
KIB, MIB = 1024, 1024 * 1024

# offset and size of the storage, and its simple block
STORAGE = {
    "OPENMV2": (32 * KIB, 32 * KIB, 512),
    "OPENMV3": (32 * KIB, 96 * KIB, 512),
    "OPENMV4": (128 * KIB, 128 * KIB, 512),
    "OPENMV4P": (0, 24 * MIB, 512),
    "OPENMVPT": (0, 24 * MIB, 512),
    "OPENMV_N6": (4 * MIB, 4 * MIB, 4096),
    "ARDUINO_PORTENTA_H7": (0, 11 * MIB, 512),
    "ARDUINO_GIGA": (0, 11 * MIB, 512),
    "ARDUINO_NICLA_VISION": (0, 11 * MIB, 512),
}
BOARDS = list(STORAGE)
FILESYSTEMS = {"fat": "VfsFat", "littlefs": "VfsLfs2"}


def pybflash(*args):
    command = [PROGRAM, *map(str, args)]
    return subprocess.run(command, capture_output=True, timeout=TIMEOUT_S, check=False)


def image(*args):
    return pybflash("image", *args)


def tool(*command, ok=(0,)):
    assert shutil.which(command[0]), f"{command[0]} is not installed"
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    assert done.returncode in ok, f"{command}\n{done.stdout.decode(errors='replace')}"
    return done.stdout.decode(errors="replace")


def fill(folder, size_bytes):
    """200 files of every awkward kind where there is room for them, fewer where there is not."""
    numbers = random.Random(size_bytes)
    is_large = size_bytes >= 4 * MIB
    sizes = [0, 1, 511, 512, 513, 4095, 4096, 4097]
    names = ["plain.txt", "UPPER.TXT", "naïve café.txt", "日本語.py", ".hidden", "two  words", "a.b.c", "x" * 200]
    deep = pathlib.Path(*["deep"] * 10)
    for part in (".", "lib", "lib/ünder/more", str(deep), "empty folder"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    if not is_large:
        for name, size in zip(names, [0, 1, 511, 513, 40, 0, 3, 5]):
            (folder / name).write_bytes(numbers.randbytes(size))
        (folder / deep / "bottom").write_bytes(numbers.randbytes(600 if size_bytes >= 96 * KIB else 1))
        return
    for name, size in zip(names, sizes):
        (folder / name).write_bytes(numbers.randbytes(size))
        (folder / "lib" / name).write_bytes(numbers.randbytes(size))
        (folder / "lib/ünder/more" / name).write_bytes(numbers.randbytes(size))
    (folder / "one MiB.bin").write_bytes(numbers.randbytes(MIB))
    (folder / deep / "bottom").write_bytes(b"reached")
    for n in range(200 - 3 * len(names) - 2):
        (folder / "lib" / f"module {n}.py").write_bytes(numbers.randbytes(numbers.choice(sizes)))


def difference(first, second):
    """Paths that differ; empty: the folders are equal byte for byte."""
    compared = filecmp.dircmp(first, second, ignore=[])
    _, wrong, unreadable = filecmp.cmpfiles(first, second, compared.common_files, shallow=False)
    found = compared.left_only + compared.right_only + compared.common_funny + wrong + unreadable
    for name in compared.common_dirs:
        found += difference(first / name, second / name)
    return found


class ImageCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.image = self.folder / "cam.bin"

    def good(self, *args):
        result = image(*args)
        self.assertEqual(result.returncode, 0, result)
        self.assertEqual(result.stderr, b"")
        return result.stdout.decode()

    def refused(self, *args, words=()):
        """Exit code 2, one line with these words, and no change or remains in the folder."""
        before = self.files()
        result = image(*args)
        text = result.stderr.decode()
        self.assertEqual(result.returncode, 2, result)
        self.assertEqual(len(text.splitlines()), 1, text)
        self.assertTrue(text.startswith("pybflash: "), text)
        for word in words:
            self.assertIn(word, text)
        self.assertEqual(self.files(), before)

    def files(self):
        return {p: p.read_bytes() for p in self.folder.rglob("*") if p.is_file()}

    def forget_image(self):
        for path in self.folder.glob("cam.bin*"):
            path.unlink()

    def write(self, name, content=b""):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def make(self, filesystem="fat", board="OPENMV2"):
        self.good("create", "--board", board, "--fs", filesystem, "--force", self.image)


class RoundTrips(ImageCase):
    def each(self):
        for board in BOARDS:
            for filesystem in FILESYSTEMS:
                with self.subTest(board=board, filesystem=filesystem):
                    source = self.folder / "source"
                    source.mkdir()
                    fill(source, STORAGE[board][1])
                    arguments = ["--board", board, "--fs", filesystem, "--from", source]
                    self.good("create", *arguments, self.image)
                    yield board, filesystem, source
                shutil.rmtree(self.folder)
                self.folder.mkdir()

    def test_pybflash_reads_what_it_wrote_and_the_board_is_seen(self):
        for board, _, source in self.each():
            before = self.image.read_bytes()
            self.good("get", self.image, self.folder / "back")
            self.assertEqual(difference(source, self.folder / "back"), [])
            tree = self.good("tree", self.image)
            self.assertIn("bottom", tree)
            self.assertEqual(self.image.read_bytes(), before, "reading changed the image")
            self.assertFalse((self.folder / "cam.bin.wear").exists())

    def test_micropython_reads_it(self):
        script = self.write(
            "copy.py",
            b"import os, sys, vfs\n"
            b"print(type(vfs.mount()[0][0]).__name__, [type(f).__name__ for f, p in vfs.mount() if p == '/flash'])\n"
            b"def copy(path, to):\n"
            b"    for name, kind, *_ in os.ilistdir(path):\n"
            b"        a, b = path + '/' + name, to + '/' + name\n"
            b"        if kind == 0x4000:\n"
            b"            os.mkdir(b)\n"
            b"            copy(a, b)\n"
            b"        else:\n"
            b"            with open(a, 'rb') as f, open(b, 'wb') as g: g.write(f.read())\n"
            b"copy('/flash', sys.argv[1])\n",
        ).read_bytes()
        for board, filesystem, source in self.each():
            path = self.write("copy.py", script)
            back = self.folder / "back"
            back.mkdir()
            result = pybflash("run", "--board", board, "--image", self.image, path, back)
            self.assertEqual(result.returncode, 0, result)
            self.assertIn(FILESYSTEMS[filesystem].encode(), result.stdout)
            self.assertEqual(difference(source, back), [])

    def test_what_micropython_writes_is_read(self):
        for board in BOARDS:
            for filesystem, kind in FILESYSTEMS.items():
                with self.subTest(board=board, filesystem=filesystem):
                    code = (
                        f"import os, pyb, vfs\nvfs.{kind}.mkfs(pyb.Flash(start=0))\n"
                        f"vfs.mount(vfs.{kind}(pyb.Flash(start=0)), '/new')\nos.mkdir('/new/lib')\n"
                        "with open('/new/lib/é.txt', 'w') as f: f.write('kept' * 100)\nvfs.umount('/new')"
                    )
                    pybflash("run", "--no-mount", "--board", board, "--image", self.image, "-c", code)
                    self.assertEqual(self.good("cat", f"{self.image}:/lib/é.txt"), "kept" * 100)
                    self.forget_image()

    def test_a_blank_image_made_here_is_the_one_the_camera_makes(self):
        for board in BOARDS:
            with self.subTest(board=board):
                made = self.folder / "made.bin"
                self.good("create", "--board", board, "--fs", "fat", made)
                pybflash("run", "--board", board, "--image", self.image, "-c", "pass")
                here, there = bytearray(made.read_bytes()), bytearray(self.image.read_bytes())
                self.assertEqual(len(here), len(there))
                where = [n for n in range(len(here)) if here[n] != there[n]] if here != there else []
                # The serial number is a time, and so is the label's date.
                self.assertLessEqual(len(where), 8, [hex(n) for n in where[:20]])
                made.unlink()
                self.forget_image()

    def test_fsck_and_mtools_read_the_fat(self):
        bottom = "/".join(["deep"] * 10 + ["bottom"])
        for board, filesystem, source in self.each():
            offset, size, block = STORAGE[board]
            if filesystem != "fat" or block != 512:  # fsck.fat and mtools know no other sector in a file
                continue
            area = self.write("area.bin", self.image.read_bytes()[offset : offset + size])
            # FatFs keeps the label in the root folder alone, which fsck.fat would like to mend.
            for line in tool("fsck.fat", "-n", area, ok=(0, 1)).splitlines():
                self.assertRegex(line, r"^$|^fsck.fat 4|label|Leaving|area.bin: \d+ files")
            tool("mcopy", "-i", f"{self.image}@@{offset}", f"::{bottom}", self.folder / "bottom")
            self.assertEqual((self.folder / "bottom").read_bytes(), (source / bottom).read_bytes())

    def test_equal_folders_make_equal_images(self):
        source = self.folder / "source"
        source.mkdir()
        fill(source, 32 * KIB)
        for filesystem in FILESYSTEMS:
            images = []
            for n in range(2):
                path = self.folder / f"{filesystem}{n}.bin"
                self.good("create", "--board", "OPENMV2", "--fs", filesystem, "--from", source, path)
                images.append(path.read_bytes())
            self.assertEqual(images[0], images[1])


class TranslationLayer(ImageCase):
    """FAT on a translation layer: every command looks through it."""

    def make_filled(self, board):
        source = self.folder / "source"
        self.write("source/a.txt", b"hello")
        self.write("source/lib/b.bin", random.Random(3).randbytes(9000))
        self.good("create", "--board", board, "--fs", "ftl+fat", "--from", source, "--force", self.image)
        return source

    def test_every_board_with_room_for_a_fat(self):
        for board in BOARDS:
            if board == "OPENMV2":
                continue  # 22 blocks; FatFs formats no fewer than 50
            with self.subTest(board=board):
                source = self.make_filled(board)
                self.assertIn("FAT on a translation layer", self.good("info", "--board", board, self.image))
                self.good("put", "--board", board, self.image, self.write("new.txt", b"new"))
                self.assertIn("sound", self.good("check", "--board", board, self.image))
                (source / "new.txt").write_bytes(b"new")
                self.good("get", "--board", board, self.image, self.folder / "back")
                self.assertEqual(difference(source, self.folder / "back"), [])
                script = "print(open('/flash/new.txt').read())"
                result = pybflash("run", "--board", board, "--image", self.image, "-c", script)
                self.assertEqual((result.returncode, result.stdout), (0, b"new\n"), result)
                shutil.rmtree(self.folder / "back")

    def test_a_layer_that_lost_data_is_not_sound(self):
        self.make_filled("OPENMV3")
        content = bytearray(self.image.read_bytes())
        at = content.find(random.Random(3).randbytes(9000)[:64])
        self.assertGreater(at, 0)
        content[at] ^= 0x10
        self.image.write_bytes(content)
        result = image("check", "--board", "OPENMV3", self.image)
        self.assertEqual(result.returncode, 1, result)
        self.assertIn(b"translation layer: 1 of ", result.stdout)
        self.assertIn(b"/lib/b.bin", result.stdout)

    def test_only_fat_goes_on_it(self):
        self.refused("create", "--board", "OPENMV4P", "--fs", "ftl+littlefs", self.image, words=["ftl+fat"])

    def test_a_storage_with_too_few_blocks(self):
        self.refused("create", "--board", "OPENMV2", "--fs", "ftl+fat", self.image, words=["cannot be made"])


class Dfu(ImageCase):
    def test_dfu_util_takes_the_file_and_it_holds_the_storage(self):
        for board in BOARDS:
            with self.subTest(board=board):
                dfu = self.folder / "cam.dfu"
                text = self.good("create", "--board", board, "--force", "--dfu", dfu, self.image)
                self.assertIn("dfu-util", text)
                said = tool("dfu-suffix", "-c", dfu)
                self.assertIn("0x2341" if board.startswith("ARDUINO") else "0x37C5", said)
                offset, size, _ = STORAGE[board]
                content = dfu.read_bytes()
                storage = self.image.read_bytes()[offset : offset + size]
                start = 293 if board.startswith("ARDUINO") else 0
                self.assertEqual(content[start:-16], storage)


class Changes(ImageCase):
    def test_put_get_rm_mkdir(self):
        self.write("a.txt", b"first")
        self.write("folder/b.txt", b"second")
        for filesystem in FILESYSTEMS:
            self.make(filesystem)
            self.good("put", self.image, self.folder / "a.txt", self.folder / "folder")
            self.good("put", f"{self.image}:/renamed.txt", self.folder / "a.txt")
            self.good("mkdir", f"{self.image}:/lib")
            self.good("put", f"{self.image}:lib/", self.folder / "a.txt")
            self.assertEqual(self.good("cat", f"{self.image}:/folder/b.txt"), "second")
            self.assertEqual(self.good("cat", f"{self.image}:renamed.txt"), "first")
            self.assertEqual(self.good("cat", f"{self.image}:/lib/a.txt"), "first")
            self.write("a.txt", b"newer")
            self.good("put", self.image, self.folder / "a.txt")
            self.assertEqual(self.good("cat", f"{self.image}:/a.txt"), "newer")
            self.refused("rm", f"{self.image}:/folder", words=["not empty", "-r"])
            self.good("rm", "-r", f"{self.image}:/folder")
            self.good("rm", f"{self.image}:/a.txt")
            listing = self.good("ls", self.image)
            self.assertEqual([line.split()[-1] for line in listing.splitlines()], ["lib/", "renamed.txt"])
            self.write("a.txt", b"first")

    def test_changes_count_as_wear_and_keep_the_sidecar(self):
        self.make()
        self.write("a.txt", b"text")
        pybflash("run", "--image", self.image, "--board", "OPENMV2", "-c", "open('x', 'w').write('x')")
        wear = (self.folder / "cam.bin.wear").read_bytes()
        self.good("put", self.image, self.folder / "a.txt")
        self.assertEqual(len((self.folder / "cam.bin.wear").read_bytes()), len(wear))
        result = pybflash("run", "--image", self.image, "--board", "OPENMV2", "-c", "print(open('a.txt').read())")
        self.assertEqual(result.stdout, b"text\n", result)

    def test_a_new_image_has_no_wear(self):
        self.make()
        self.write("cam.bin.wear", b"of an older image")
        self.make()
        self.assertFalse((self.folder / "cam.bin.wear").exists())

    def test_a_linked_image_stays_a_link(self):
        self.make()
        link = self.folder / "link.bin"
        link.symlink_to(self.image)
        self.good("mkdir", f"{link}:/lib")
        self.assertTrue(link.is_symlink())
        self.assertIn("lib/", self.good("ls", self.image))


class WrongUse(ImageCase):
    def test_images_that_are_none(self):
        self.write("short.bin", b"\xff" * 1000)
        self.refused("ls", self.folder / "short.bin", words=["1000 bytes", "cut short"])
        self.refused("ls", self.folder / "none.bin", words=["No such file"])
        self.write("blank.bin", b"\xff" * (2 * MIB))
        self.refused("ls", self.folder / "blank.bin", words=["--board", "OPENMV3", "OPENMV4"])
        self.refused("ls", "--board", "OPENMV4", self.folder / "blank.bin", words=["blank"])
        self.refused("ls", "--board", "OPENMV4P", self.folder / "blank.bin", words=["2097152", "33554432"])
        self.refused("ls", "--board", "OPENMV9", self.folder / "blank.bin", words=["OPENMV9", "OPENMV4P"])

    def test_paths_that_are_not_there(self):
        for filesystem in FILESYSTEMS:
            self.make(filesystem)
            for command in ("ls", "tree", "cat", "get", "rm"):
                self.refused(command, f"{self.image}:/none", words=["/none", "not there"])
            self.refused("cat", f"{self.image}:/", words=["folder"] if filesystem == "littlefs" else [])
            self.refused("put", f"{self.image}:/none/x", __file__, words=["/none", "mkdir"])
            self.refused("put", self.image, self.folder / "nothing", words=["nothing", "no such file"])
            self.refused("mkdir", f"{self.image}:/none/x", words=["not there"])
            self.refused("rm", f"{self.image}:/", words=["root"])

    def test_no_room(self):
        self.write("large.bin", bytes(64 * KIB))
        for filesystem in FILESYSTEMS:
            self.make(filesystem)
            self.refused("put", self.image, self.folder / "large.bin", words=["large.bin", "no room", "64 KiB"])
            (self.folder / "source").mkdir(exist_ok=True)
            shutil.copy(self.folder / "large.bin", self.folder / "source")
            arguments = ["--board", "OPENMV2", "--fs", filesystem, "--from", self.folder / "source"]
            self.refused("create", *arguments, self.folder / "new.bin", words=["large.bin", "no room"])

    def test_no_room_for_one_more_name(self):
        source = self.folder / "source"
        source.mkdir()
        for n in range(600):
            (source / f"{n}").touch()
        arguments = ["--board", "OPENMV4P", "--fs", "fat", "--from", source]
        self.refused("create", *arguments, self.folder / "new.bin", words=["no room"])

    def test_names_that_a_filesystem_has_not(self):
        for name in ("a:b", "dot.", "q?", "back\\slash"):
            self.write(f"source/{name}", b"")
            arguments = ["--board", "OPENMV4P", "--fs", "fat", "--from", self.folder / "source"]
            self.refused("create", *arguments, self.folder / "new.bin", words=[name, "FAT"])
            (self.folder / "source" / name).unlink()

    def test_names_that_are_one_on_fat(self):
        self.write("source/README", b"1")
        self.write("source/readme", b"2")
        arguments = ["--board", "OPENMV4P", "--from", self.folder / "source"]
        self.refused("create", "--fs", "fat", *arguments, self.image, words=["readme", "README", "same name"])
        self.good("create", "--fs", "littlefs", *arguments, self.image)

    def test_files_and_folders_do_not_replace_each_other(self):
        for filesystem in FILESYSTEMS:
            self.make(filesystem)
            self.good("mkdir", f"{self.image}:/x")
            self.write("other/x", b"")
            self.refused("create", "--board", "OPENMV2", self.image, words=["there already", "--force"])
            self.write("source/x/y", b"")
            self.good("rm", f"{self.image}:/x")
            self.good("put", self.image, self.folder / "other" / "x")
            self.refused("put", self.image, self.folder / "source" / "x", words=["x", "file"])

    def test_read_only(self):
        self.make("fat")
        self.write("a.txt", b"text")
        self.good("put", self.image, self.folder / "a.txt")
        tool("mattrib", "-i", f"{self.image}@@{32 * KIB}", "+r", "::a.txt")
        self.assertIn("read-only", self.good("ls", self.image))
        self.refused("put", self.image, self.folder / "a.txt", words=["read-only"])
        self.refused("rm", f"{self.image}:/a.txt", words=["read-only"])
        self.image.chmod(stat.S_IRUSR)
        self.refused("mkdir", f"{self.image}:/x", words=["read-only"])

    def test_special_files(self):
        (self.folder / "source").mkdir()
        os.mkfifo(self.folder / "source" / "pipe")
        arguments = ["--board", "OPENMV2", "--from", self.folder / "source"]
        self.refused("create", *arguments, self.folder / "new.bin", words=["pipe"])
        (self.folder / "source" / "pipe").unlink()
        (self.folder / "source" / "loop").symlink_to(self.folder / "source")
        self.refused("create", *arguments, self.folder / "new.bin", words=["loop", "levels of symbolic links"])

    def test_create_wants_what_there_is(self):
        self.refused("create", "--board", "OPENMV2", "--fs", "ntfs", self.image, words=["ntfs", "littlefs", "fat"])
        self.refused("create", "--board", "X", self.image, words=["'X'"])
        self.refused("create", "--from", self.folder / "none", self.image, words=["none"])
        self.refused("create", "--from", __file__, self.image, words=["not a folder"])
        self.refused(words=["image"])

    def test_an_image_in_use_is_left_alone(self):
        self.make()
        command = [PROGRAM, "run", "--board", "OPENMV2", "--image", str(self.image), "-c", "print('up'); input()"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as camera:
            camera.stdout.readline()
            for command in ("ls", "mkdir"):
                result = image(command, f"{self.image}:/x")
                self.assertEqual(result.returncode, 2)
                self.assertIn(b"in use", result.stderr)
            camera.communicate(b"\n", timeout=TIMEOUT_S)


class Damage(ImageCase):
    """What check says of damaged images, and what rescue saves of them."""

    def setUp(self):
        super().setUp()
        self.source = self.folder / "source"
        numbers = random.Random(1)
        self.contents = {name: numbers.randbytes(3000) for name in ("a.bin", "lib/b.bin", "lib/deep/c.bin")}
        for name, content in self.contents.items():
            self.write(f"source/{name}", content)

    def fill_image(self, filesystem, board="OPENMV4"):
        self.good("create", "--board", board, "--fs", filesystem, "--from", self.source, "--force", self.image)
        self.offset, self.size, self.block = STORAGE[board]

    def storage(self):
        return self.image.read_bytes()[self.offset : self.offset + self.size]

    def damage(self, at, content):
        with open(self.image, "r+b") as file:
            file.seek(self.offset + at)
            file.write(content)

    def outcome(self, command, *args, code):
        before = self.image.read_bytes()
        result = image(command, "--board", "OPENMV4", self.image, *args)
        self.assertEqual(result.returncode, code, result)
        self.assertEqual(self.image.read_bytes(), before, f"{command} changed the image")
        return result.stdout.decode()

    def rescued(self, code=1):
        target = self.folder / "saved"
        shutil.rmtree(target, ignore_errors=True)
        text = self.outcome("rescue", target, code=code)
        return text, {str(p.relative_to(target)): p.read_bytes() for p in target.rglob("*") if p.is_file()}

    def test_sound_images(self):
        for filesystem in FILESYSTEMS:
            self.fill_image(filesystem)
            text = self.outcome("check", code=0)
            for word in ("sound", "3 files", "2 folders", filesystem.upper()[:3] if filesystem == "fat" else filesystem):
                self.assertIn(word, text)
            self.assertEqual(self.rescued(code=0)[1], self.contents)

    def test_contents_that_are_no_filesystem(self):
        self.fill_image("fat")
        self.damage(0, b"\xff" * self.size)
        self.assertIn("blank", self.outcome("check", code=0))
        self.damage(0, random.Random(2).randbytes(self.size))
        self.assertIn("unknown data", self.outcome("check", code=1))
        self.outcome("rescue", self.folder / "saved", code=2)

    def test_rescue_wants_an_empty_folder(self):
        self.fill_image("fat")
        self.refused("rescue", self.image, self.source, words=["not empty"])

    def test_a_fat_without_its_boot_sector(self):
        self.fill_image("fat")
        self.damage(0, bytes(512))
        self.assertIn("damaged FAT", self.outcome("check", code=1))
        text, files = self.rescued()
        self.assertIn("boot sector", text)
        self.assertEqual(files, self.contents)

    def test_a_fat_without_its_table(self):
        self.fill_image("fat")
        self.damage(512 + 3, bytes(500))
        self.assertIn("fault", self.outcome("check", code=1))
        text, files = self.rescued()
        self.assertIn("in a row", text)
        self.assertEqual(files, {name + ".damaged": content for name, content in self.contents.items()})

    def test_a_littlefs_with_one_damaged_folder(self):
        self.fill_image("littlefs")
        storage = self.storage()
        # The folder "lib" is where the name of its file is; a pair of blocks, of which one may be of before.
        for at in range(2 * self.block, self.size, self.block):
            block = storage[at : at + self.block]
            if b"b.bin" in block and b"deep" in block:
                self.damage(at + 4, bytes(40))
        self.assertIn("does not mount", self.outcome("check", code=1))
        text, files = self.rescued()
        self.assertIn("folder", text)
        self.assertEqual(files["a.bin"], self.contents["a.bin"])

    def test_a_littlefs_with_one_superblock(self):
        # The other one is a whole state of the filesystem, if an older one.
        self.fill_image("littlefs")
        storage = self.storage()
        states = []
        for block in (0, 1):
            self.damage(0, storage)
            self.damage(block * self.block, b"\xff" * self.block)
            self.assertIn("littlefs v2", image("check", "--board", "OPENMV4", self.image).stdout.decode())
            states.append(self.rescued(code=0)[1])
            self.assertLessEqual(states[-1].items(), self.contents.items())
        self.assertIn(self.contents, states)

    def test_words_that_the_flash_cannot_correct(self):
        self.fill_image("fat")
        pybflash("run", "--no-mount", "--board", "OPENMV4", "--image", self.image, "-c", "pass")
        at = self.image.read_bytes().index(self.contents["lib/b.bin"][1024:1100])
        sidecar = self.folder / "cam.bin.wear"
        bits = bytearray(sidecar.read_bytes())
        bits[-(2 * MIB // 32 // 8) + at // 32 // 8] |= 1 << at // 32 % 8
        sidecar.write_bytes(bits)
        self.assertIn("lib/b.bin", self.outcome("check", code=1))
        text, files = self.rescued()
        self.assertIn("512 of 3000 bytes are lost", text)
        saved, whole = files["lib/b.bin.damaged"], self.contents["lib/b.bin"]
        self.assertEqual(len(saved), len(whole))
        self.assertEqual(sum(a != b for a, b in zip(saved, whole)), 512 - whole[1024:1536].count(0))
        self.assertEqual(files["a.bin"], self.contents["a.bin"])

    def test_any_wrong_byte_ends_in_words_and_not_in_a_crash(self):
        numbers = random.Random(3)
        for filesystem in FILESYSTEMS:
            self.fill_image(filesystem)
            whole = self.storage()
            used = max(n for n in range(self.size) if whole[n] != 0xFF)
            for _ in range(25):
                self.damage(0, whole)
                for _ in range(numbers.choice((1, 4, 200))):
                    self.damage(numbers.randrange(used), numbers.randbytes(numbers.choice((1, 64))))
                for command in (["check"], ["rescue", self.folder / "saved"], ["tree"], ["info"]):
                    shutil.rmtree(self.folder / "saved", ignore_errors=True)
                    result = image(command[0], "--board", "OPENMV4", self.image, *command[1:])
                    self.assertIn(result.returncode, (0, 1, 2), result)

    def test_littlefs_1_is_read_and_not_written(self):
        code = (
            "import os, pyb, vfs\nvfs.VfsLfs1.mkfs(pyb.Flash(start=0))\n"
            "vfs.mount(vfs.VfsLfs1(pyb.Flash(start=0)), '/new')\nos.mkdir('/new/lib')\n"
            "with open('/new/lib/x', 'w') as f: f.write('kept' * 300)\nvfs.umount('/new')"
        )
        pybflash("run", "--no-mount", "--board", "OPENMV4", "--image", self.image, "-c", code)
        self.assertIn("littlefs v1", self.good("info", self.image))
        self.assertEqual(self.good("cat", f"{self.image}:/lib/x"), "kept" * 300)
        self.good("get", self.image, self.folder / "back")
        self.assertEqual((self.folder / "back/lib/x").read_text(), "kept" * 300)
        self.refused("mkdir", f"{self.image}:/new", words=["littlefs v1"])
        self.refused("put", self.image, self.source, words=["littlefs v1"])
        self.assertEqual(self.rescued(code=0)[1], {"lib/x": b"kept" * 300})


if __name__ == "__main__":
    ARGUMENTS = parse_arguments(__doc__, boards=True)
    PROGRAM = ARGUMENTS.program
    BOARDS[:] = ARGUMENTS.boards or BOARDS
    unittest.main()
