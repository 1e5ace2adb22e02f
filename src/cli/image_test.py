#!/usr/bin/env python3
"""Tests of `pybflash image`: what it makes is read by others, what others make is read by it.

    image_test.py --program build/release/src/cli/pybflash [--boards OPENMV2,OPENMV4P]

Wrong use and damaged images are the matter of image_damage_test.
"""

import os
import random
import shutil
import subprocess

from image_testing import (
    BOARDS,
    FILESYSTEMS,
    KIB,
    MIB,
    STORAGE,
    ImageCase,
    difference,
    fill,
    image,
    main,
    pybflash,
    pybflash_command,
    tool,
)
from tested_program import INTERRUPTIONS, interrupt


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
        self.refused("create", "--board", "OPENMV2", "--fs", "ftl+fat", self.image, words=["22 blocks on OPENMV2", "needs 50"])


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
                again = self.folder / "again.dfu"
                said = self.good("dfu", "--board", board, "--force", self.image, again)
                self.assertEqual(again.read_bytes(), content)
                self.assertIn(text.splitlines()[-1].replace(str(dfu), str(again)), said)

    def test_of_an_image_that_has_been_changed(self):
        self.make()
        self.good("put", self.image, self.write("main.py", b"print('changed')"))
        self.good("dfu", self.image, self.folder / "cam.dfu")
        self.good("dfu", "--force", self.image, self.folder / "cam.dfu")
        content = (self.folder / "cam.dfu").read_bytes()
        self.assertIn(b"print('changed')", content)
        made = image("dfu", "--force", self.image, "/dev/stdout")
        self.assertEqual(made.returncode, 0, made.stderr)
        self.assertTrue(made.stdout == content, made.stdout[-200:])
        self.assertIn(b"dfu-util", made.stderr)

    def test_boards_that_share_a_layout(self):
        self.make(board="ARDUINO_GIGA")
        self.refused("dfu", self.image, self.folder / "new.dfu", words=["ARDUINO_PORTENTA_H7, ARDUINO_GIGA", "--board"])
        self.assertIn("Arduino GIGA", self.good("dfu", "--board", "ARDUINO_GIGA", self.image, self.folder / "new.dfu"))

    def test_what_is_refused(self):
        self.make()
        taken = self.write("taken.dfu", b"somebody's")
        self.refused("dfu", self.image, taken, words=["is there already", "--force"])
        for name in (self.image, f"{self.folder}/./cam.bin"):
            self.refused("dfu", "--force", self.image, name, words=["is the image itself"])
        wear = self.folder / "cam.bin.wear"
        self.refused("dfu", "--force", self.image, wear, words=["wear counters", "name another"])
        self.refused("create", "--force", "--dfu", wear, self.image, words=["wear counters", "name another"])
        (self.folder / "link.bin").symlink_to(self.image)
        self.refused("dfu", "--force", self.folder / "link.bin", wear, words=["wear counters", "name another"])
        self.refused("create", "--force", "--dfu", wear, self.folder / "link.bin", words=["wear counters"])
        (self.folder / "to wear").symlink_to("cam.bin.wear")
        self.refused("dfu", "--force", self.image, self.folder / "to wear", words=["wear counters", "name another"])
        self.refused("dfu", self.image, "", words=["out"])
        self.refused("dfu", self.folder / "none.bin", self.folder / "new.dfu", words=["none.bin"])
        self.refused("dfu", self.image, self.folder / "none" / "new.dfu", words=["none/new.dfu"])


class StandardOutput(ImageCase):
    """Where a new image goes there, nothing else does."""

    def create(self, *args):
        command = pybflash_command("image", "create", "--board", "OPENMV2", *args)
        return subprocess.run(command, cwd=self.folder, capture_output=True, check=False)

    def test_an_image(self):
        self.make()
        wear = self.write(".wear", b"of something else")
        made = self.create("--force", "/dev/stdout")
        self.assertEqual(made.returncode, 0, made.stderr)
        self.assertTrue(made.stdout == self.image.read_bytes(), made.stdout[-100:])
        self.assertIn(b"FAT", made.stderr)
        self.assertTrue(wear.exists())

    def test_a_file_for_dfu_util(self):
        self.good("create", "--board", "OPENMV2", "--dfu", self.folder / "cam.dfu", self.image)
        made = self.create("--force", "--dfu", "/dev/stdout", self.image)
        self.assertEqual(made.returncode, 0, made.stderr)
        self.assertTrue(made.stdout == (self.folder / "cam.dfu").read_bytes(), made.stdout[-100:])
        self.assertIn(b"dfu-util", made.stderr)

    def test_not_both(self):
        made = self.create("--force", "--dfu", "/dev/stdout", "/dev/stdout")
        self.assertEqual((made.returncode, len(made.stdout)), (2, 0), made.stderr)
        self.assertIn(b"--dfu /dev/stdout: is the image itself; name another file", made.stderr)


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

    def test_one_of_those_who_make_an_image_at_once_has_made_it(self):
        makers = [
            subprocess.Popen(
                pybflash_command("image", "create", "--board", "OPENMV4P", "--dfu", f"{self.image}.{number}", self.image),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
            for number in range(6)
        ]
        complaints = [maker.communicate()[1].decode() for maker in makers]
        self.assertEqual([maker.returncode for maker in makers].count(0), 1, complaints)
        for number, (maker, complaint) in enumerate(zip(makers, complaints)):
            if maker.returncode != 0:
                self.assertRegex(complaint, r"^pybflash: .*cam.bin: (is there already|in use by another program).*\n$")
            self.assertEqual((self.folder / f"cam.bin.{number}").exists(), maker.returncode == 0)
        self.assertEqual(len(self.files()), 2)

    def test_what_is_put_has_the_name_that_it_goes_by(self):
        self.make()
        self.write("app_v3.py", b"print(3)")
        self.write("library/a.txt", b"text")
        (self.folder / "main.py").symlink_to("app_v3.py")
        (self.folder / "lib").symlink_to("library")
        self.good("put", self.image, self.folder / "main.py", f"{self.folder}/lib/")
        self.good("put", self.image, f"{self.folder}/library/.")
        names = [line.split()[-1] for line in self.good("ls", self.image).splitlines()]
        self.assertEqual(names, ["lib/", "library/", "main.py"])
        self.assertEqual(self.good("cat", f"{self.image}:/main.py"), "print(3)")

    def test_the_longest_name_comes_in_and_out(self):
        name = "n" * 255
        self.write(name, b"text")
        for filesystem in FILESYSTEMS:
            self.make(filesystem)
            self.good("put", self.image, self.folder / name)
            self.good("get", self.image, self.folder / filesystem)
            self.assertEqual((self.folder / filesystem / name).read_bytes(), b"text")

    def test_what_is_interrupted_leaves_nothing_behind(self):
        self.make(board="OPENMV4P")
        source = self.write("x", bytes(16 * MIB))
        before = self.files()
        command = pybflash_command("image", "put", self.image, source)
        for number in INTERRUPTIONS:
            for _ in range(10):
                ending = interrupt(command, number, lambda _: list(self.folder.glob("*.tmp")))
                if ending != 0:
                    break
                self.image.write_bytes(before[self.image])
            self.assertEqual(ending, -number)
            self.assertEqual(self.files(), before)

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

    def test_a_link_stays_a_link_and_its_file_is_written(self):
        self.make()
        self.good("put", f"{self.image}:/x", self.write("x", b"text"))
        self.write("there")
        for name in ("there", "new"):
            link = self.folder / f"link to {name}"
            link.symlink_to(name)
            self.good("get", f"{self.image}:/x", link)
            self.assertTrue(link.is_symlink())
            self.assertEqual((self.folder / name).read_bytes(), b"text")

    def test_pipes_terminals_and_descriptors_are_written_as_they_are(self):
        self.make()
        self.good("put", f"{self.image}:/x", self.write("x", b"text"))
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        self.good("get", f"{self.image}:/x", pipe)
        self.assertEqual(os.read(reader, 100), b"text")
        self.assertTrue(pipe.is_fifo())
        main_end, terminal = os.openpty()
        self.good("get", f"{self.image}:/x", os.ttyname(terminal))
        self.assertEqual(os.read(main_end, 100), b"text")
        self.assertEqual(self.good("get", f"{self.image}:/x", "/dev/fd/1"), "text")
        with open(self.folder / "file", "wb") as file:
            subprocess.run(pybflash_command("image", "get", f"{self.image}:/x", "/dev/fd/1"), stdout=file, check=True)
            file.write(b" and more")
        self.assertEqual((self.folder / "file").read_bytes(), b"text and more")
        self.refused("get", f"{self.image}:/x", "/dev/fd/99", words=["/dev/fd/99", "Bad file descriptor"])


if __name__ == "__main__":
    main(__doc__, boards=True)
