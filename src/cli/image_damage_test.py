#!/usr/bin/env python3
"""Tests of `pybflash image` where something is wrong: use that is refused, and damaged images.

    image_damage_test.py --program build/release/src/cli/pybflash
"""

import contextlib
import fcntl
import os
import random
import shutil
import stat
import subprocess

from image_testing import (
    FILESYSTEMS,
    KIB,
    MIB,
    TIMEOUT_S,
    DamagedImageCase,
    ImageCase,
    image,
    main,
    pybflash,
    pybflash_command,
    tool,
)

# All but one block of it.
FILL_DISK = "cat /dev/zero > disk/zero 2> /dev/null; truncate -s -4096 disk/zero\n"


class WrongUse(ImageCase):
    def test_images_that_are_none(self):
        self.write("short.bin", b"\xff" * 1000)
        self.refused("ls", self.folder / "short.bin", words=["1000 bytes", "cut short"])
        self.refused("ls", self.folder / "none.bin", words=["No such file"])
        self.refused("rescue", self.folder / "none.bin", self.folder / "out", words=["No such file"])
        self.write("blank.bin", b"\xff" * (2 * MIB))
        self.refused("ls", self.folder / "blank.bin", words=["--board", "OPENMV3", "OPENMV4"])
        self.refused("ls", "--board", "OPENMV4", self.folder / "blank.bin", words=["blank"])
        self.refused("ls", "--board", "OPENMV4P", self.folder / "blank.bin", words=["2097152", "33554432"])
        self.refused("ls", "--board", "OPENMV9", self.folder / "blank.bin", words=["OPENMV9", "OPENMV4P"])

    def test_a_dump_that_is_cut_short(self):
        self.make("fat")
        self.good("put", self.image, self.write("a.txt", b"text"))
        content = self.image.read_bytes()
        short = self.write("short.bin", content[:-1])
        for board in ([], ["--board", "OPENMV2"]):
            words = [f"holds {len(content) - 1} bytes", "cut short, fill it up with bytes FF"]
            self.refused("rescue", *board, short, self.folder / "saved", words=words)
            self.refused("put", *board, short, self.folder / "a.txt", words=[f"{short}: ", *words])
        short.write_bytes(content[:-1] + b"\xff")
        self.good("rescue", short, self.folder / "saved")
        self.assertEqual((self.folder / "saved/a.txt").read_bytes(), b"text")

    def test_names_of_no_file(self):
        for command in ("info", "ls", "check", "get", "mkdir"):
            for name in ("", ":", ":/x"):
                self.refused(command, name, words=["image: names no file"])
                self.refused(command, "--board", "OPENMV4P", name, words=["image: names no file"])
        self.refused("ls", "--board", "", self.image, words=["--board", "empty"])

    def test_a_name_that_begins_with_a_colon(self):
        self.make()
        self.image.rename(self.folder / ":x")
        listing = pybflash_command("image", "ls", ":x:/")
        self.assertEqual(subprocess.run(listing, cwd=self.folder, capture_output=True, check=False).returncode, 0)

    def test_paths_with_dots(self):
        source = self.write("x", b"text")
        for filesystem in FILESYSTEMS:
            self.make(filesystem)
            self.good("mkdir", f"{self.image}:/a")
            self.good("mkdir", f"{self.image}:/a/b")
            for command, *more in (["ls"], ["tree"], ["cat"], ["get"], ["put", source], ["mkdir"], ["rm"], ["rm", "-r"]):
                for path in ("/a/b/..", "/a/../a", "/a/.", "..", "./a"):
                    self.refused(command, f"{self.image}:{path}", *more, words=[path, "no . and .."])
            self.good("mkdir", f"{self.image}:/a/..c")
            self.good("rm", "-r", f"{self.image}:/a")

    def test_images_that_are_no_regular_files(self):
        source = self.write("x")
        os.mkfifo(self.folder / "pipe")
        (self.folder / "folder").mkdir()
        names = ["pipe", "folder"]
        with contextlib.suppress(PermissionError):  # which root alone does not meet
            os.mknod(self.folder / "device", stat.S_IFCHR | 0o666, os.makedev(1, 3))
            names.append("device")
        for name in names:
            for board in ([], ["--board", "OPENMV2"]):
                self.refused("ls", *board, self.folder / name, words=[name, "no regular file"])
                self.refused("put", *board, self.folder / name, source, words=[name, "no regular file"])

    def test_wear_counters_that_are_no_regular_file(self):
        self.make()
        os.mkfifo(self.folder / "cam.bin.wear")
        for call in (("ls", self.image), ("mkdir", f"{self.image}:/x")):
            self.refused(*call, words=["cam.bin.wear: no regular file"])

    def test_paths_that_are_not_there(self):
        for filesystem in FILESYSTEMS:
            self.make(filesystem)
            for command in ("ls", "tree", "cat", "get", "rm"):
                self.refused(command, f"{self.image}:/none", words=["/none", "not there"])
            self.refused("put", f"{self.image}:/none/x", __file__, words=["/none", "mkdir"])
            self.refused("put", f"{self.image}:/none/", __file__, words=["/none", "mkdir"])
            self.refused("put", f"{self.image}:/none", __file__, __file__, words=["/none", "mkdir"])
            self.refused("put", self.image, self.folder / "nothing", words=["nothing", "no such file"])
            self.refused("mkdir", f"{self.image}:/none/x", words=["/none: no such folder"])
            self.refused("rm", f"{self.image}:/", words=["root"])

    def test_folders_that_are_files_and_files_that_are_folders(self):
        for filesystem in FILESYSTEMS:
            self.make(filesystem)
            self.good("mkdir", f"{self.image}:/lib")
            self.good("put", f"{self.image}:/main.py", self.write("main.py", b"pass"))
            for path in ("", ":/", ":/lib"):
                self.refused("cat", f"{self.image}{path}", words=["cam.bin:/", "it is a folder"])
            for path in ("/main.py/x", "/main.py/"):
                self.refused("put", f"{self.image}:{path}", __file__, words=["cam.bin:/main.py: it is no folder"])

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
        self.refused("create", *arguments, self.folder / "new.bin", words=["no room left for names in the root folder"])

    def test_many_small_files_fill_the_blocks(self):
        source = self.folder / "source"
        source.mkdir()
        for n in range(100):
            (source / f"{n}").write_bytes(b"x")
        arguments = ["--board", "OPENMV2", "--fs", "fat", "--from", source]
        self.refused("create", *arguments, self.folder / "new.bin", words=["100 bytes were to be", "blocks of 512 bytes"])

    def test_names_that_a_filesystem_has_not(self):
        for name in ("a:b", "dot.", "q?", "back\\slash"):
            self.write(f"source/{name}", b"")
            arguments = ["--board", "OPENMV4P", "--fs", "fat", "--from", self.folder / "source"]
            self.refused("create", *arguments, self.folder / "new.bin", words=[name, "FAT"])
            (self.folder / "source" / name).unlink()

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
        self.make()
        (self.folder / "itself").symlink_to("itself")
        self.refused("get", self.image, self.folder / "itself", words=["itself", "levels of symbolic links"])

    def test_create_wants_what_there_is(self):
        self.refused("create", "--board", "OPENMV2", "--fs", "ntfs", self.image, words=["ntfs", "littlefs", "fat"])
        self.refused("create", "--board", "X", self.image, words=["'X'"])
        self.refused("create", "--from", self.folder / "none", self.image, words=["none"])
        for name in (self.image, f"{self.folder}/./cam.bin"):
            self.refused("create", "--dfu", name, self.image, words=["cam.bin", "--dfu"])
        self.refused("create", "--from", __file__, self.image, words=["not a folder"])
        self.refused(words=["image"])

    def test_get_leaves_the_image_itself_alone(self):
        self.make()
        self.good("put", f"{self.image}:/cam.bin", self.write("x", b"text"))
        (self.folder / "link").symlink_to(self.image)
        for target in (self.image, self.folder, self.folder / "link"):
            self.refused("get", f"{self.image}:/cam.bin", target, words=["the image itself"])
        self.refused("get", self.image, self.folder, words=["cam.bin", "in use"])

    def test_an_image_in_use_is_left_alone(self):
        self.make()
        self.good("put", f"{self.image}:/x", self.write("x", b"text"))
        other = self.write("other.bin", self.image.read_bytes())
        command = pybflash_command("run", "--board", "OPENMV2", "--image", self.image, "-c", "print('up'); input()")
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as camera:
            camera.stdout.readline()
            for call in (
                ("ls", self.image),
                ("mkdir", f"{self.image}:/x"),
                ("get", f"{other}:/x", self.image),
                ("create", "--force", "--board", "OPENMV2", "--dfu", self.folder / "cam.dfu", self.image),
            ):
                self.refused(*call, words=["in use"])
            camera.communicate(b"\n", timeout=TIMEOUT_S)

    def test_what_is_wrong_with_the_file_is_said_without_the_board_too(self):
        for size in (MIB, 32 * MIB):  # of one board, and of several
            self.write("cam.bin", b"\xff" * size)
            self.write("cam.bin.wear", b"garbage")
            self.refused("ls", self.image, words=["cam.bin.wear", "delete it"])
            (self.folder / "cam.bin.wear").unlink()
            with open(self.image, "rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                self.refused("ls", self.image, words=["in use"])
        for path in (self.folder, "/dev/null"):
            self.refused("ls", path, words=["no regular file"])


class FullDisk(ImageCase):
    """On a disk of 3 MiB, with an image of 2 MiB."""

    def setUp(self):
        super().setUp()
        self.make(board="OPENMV4")
        self.write("x.txt", b"text" * 2000)
        if self.call_on_small_disk(":").returncode != 0:
            self.skipTest("nobody may mount a disk here")

    def call_on_small_disk(self, script):
        """The disk is mounted for this call alone. In the script, $0 is the program."""
        mount = 'mkdir -p disk && mount -t tmpfs -o size=3m disk disk || exit 1\n'
        command = ["unshare", "--map-root-user", "--mount", "sh", "-c", mount + script, *pybflash_command()]
        return subprocess.run(command, cwd=self.folder, capture_output=True, timeout=TIMEOUT_S, check=False)

    def assert_no_space(self, script, *words):
        result = self.call_on_small_disk(script)
        self.assertRegex(result.stderr.decode(), r"^pybflash: .*No space left on device[^\n]*\n$")
        for word in words:
            self.assertIn(word, result.stderr.decode())
        self.assertEqual((result.returncode, result.stdout), (2, b""), result)

    def test_put(self):
        self.assert_no_space('cp cam.bin disk && "$0" image put --board OPENMV4 disk/cam.bin x.txt', "disk/cam.bin:")

    def test_cat(self):
        self.good("put", "--board", "OPENMV4", self.image, self.folder / "x.txt")
        self.assert_no_space(FILL_DISK + '"$0" image cat --board OPENMV4 cam.bin:/x.txt > disk/x', "standard output:")

    def test_rescue(self):
        self.good("put", "--board", "OPENMV4", self.image, self.folder / "x.txt")
        self.assert_no_space(FILL_DISK + '"$0" image rescue --board OPENMV4 cam.bin disk/saved', "disk/saved/x.txt:")

    def test_an_image_with_holes(self):
        script = "head -c 2M /dev/zero > disk/zero; truncate -s 2M disk/cam.bin\n"
        self.assert_no_space(script + '"$0" run --board OPENMV4 --image disk/cam.bin -c pass', "disk/cam.bin:", "holes")


class Damage(DamagedImageCase):
    """What check says of damaged images, and what rescue saves of them."""

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
        self.make_unreadable(self.contents["lib/b.bin"][1024:1100])
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
    main(__doc__)
