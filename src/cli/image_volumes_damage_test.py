#!/usr/bin/env python3
"""Tests of `pybflash image` where one of several volumes is damaged: where it is looked for, and what is saved.

    image_volumes_damage_test.py --program build/release/src/cli/pybflash
"""

import random
import shutil

from image_testing import KIB, LARGE_LAYOUT, MIB, OTHER_STORE, VolumesCase, image, main, tool


class DamagedVolumes(VolumesCase):
    def test_a_damaged_one_ends_where_the_next_begins(self):
        self.lay_out("OPENMV4P", LARGE_LAYOUT, OTHER_STORE)
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

    def test_an_allocation_table_that_looks_like_a_folder(self):
        self.lay_out("OPENMV4P", {0: "FAT"}, MIB)
        logs = {f"log{n}": bytes((65 + n,)) * 320 * KIB for n in range(3)}
        # In turn: the table's entries go up in steps of three, through all that letters can be.
        code = f"vfs.mount(volume(0, {MIB}, 'FAT'), '/v')\nlogs = [open('/v/log%d' % n, 'wb') for n in range(3)]\n"
        code += "for piece in range(640):\n    for n in range(3): logs[n].write(bytes((65 + n,)) * 512)\n"
        self.run_on_camera(code + "for log in logs: log.close()\n")
        self.damage(0)
        self.damage(MIB, random.Random(1).randbytes(64 * KIB))
        self.assertEqual(self.rescue()[1], logs)

    def test_remains_of_older_volumes_end_nothing(self):
        self.lay_out("OPENMV4P", LARGE_LAYOUT, OTHER_STORE)
        self.run_on_camera("vfs.VfsFat.mkfs(pyb.Flash(start=0))")
        content = random.Random(1).randbytes(100000)
        self.good("put", self.image, self.write("kept.bin", content))
        self.damage(0)
        text, files = self.rescue()
        self.assertEqual(files, {"kept.bin": content})
        self.assertIn("littlefs v2", text, "which is still found")

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

    def test_one_block_before_a_littlefs_begins_none(self):
        self.lay_out("OPENMV4P", LARGE_LAYOUT, OTHER_STORE)
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

    def test_what_is_no_volume_is_named_by_check(self):
        self.lay_out("OPENMV4P", LARGE_LAYOUT, OTHER_STORE)
        self.assertIn(f"  unknown data, 4 KiB, start={OTHER_STORE}\n", self.good("check", self.image))
        self.damage(256 * KIB, bytes(8192))
        checked = self.good("check", self.image)
        self.assertIn(f", start={256 * KIB}\n", checked[checked.index("unknown data") :])

    def test_a_later_one_whose_beginning_is_lost_is_found_by_check(self):
        blank, zeros = b"\xff" * 4096, bytes(512)
        fat, littlefs = 512 * KIB, 2 * MIB
        for at, damage in ((fat, [(0, blank)]), (fat, [(0, zeros)]), (littlefs, [(8, bytes(8)), (4096 + 8, bytes(8))])):
            with self.subTest(at=at, damage=damage[0][0]):
                self.lay_out("OPENMV4P", {0: "littlefs v2", fat: "FAT", littlefs: "littlefs v2"})
                for start in self.starts:
                    self.at(start, "put", self.image, self.write("kept.txt", b"kept"))
                self.good("check", self.image)
                for offset, content in damage:
                    self.damage(at + offset, content)
                checked = image("check", self.image)
                self.assertEqual(checked.returncode, 1, checked)
                looks_like = "a damaged FAT filesystem" if at == fat else "a half-written littlefs"
                line = f"  what looks like {looks_like} is at start={at}; --start {at} looks into it\n"
                self.assertIn("1 fault:\n" + line, checked.stdout.decode())
                there = image("check", "--start", at, self.image)
                self.assertIn(f"what looks like {looks_like}\n".encode(), there.stdout)
                self.assertEqual(there.stdout.count(b"looks into it"), 0, there.stdout)

    def test_data_of_a_script_looks_like_nothing(self):
        for content in (
            random.Random(1).randbytes(64 * KIB),
            (-8).to_bytes(4, "little", signed=True) * 4 * KIB,  # begins as an allocation table does
            b"I know a little of it\n" * 400,
            bytes(510) + b"\x55\xaa" + b"data" * KIB,
            b"README  TXT" + bytes(21),
        ):
            for at in (OTHER_STORE, OTHER_STORE + 4096):
                with self.subTest(content=content[:16], at=at):
                    self.lay_out("OPENMV4P", {0: "FAT12", 256 * KIB: "littlefs v2", 9 * MIB: "FAT16"}, OTHER_STORE)
                    self.damage(OTHER_STORE, b"\xff" * 64 * KIB)
                    self.damage(at, content)
                    self.assertIn(f", start={at}\n", self.good("check", self.image))

    def test_what_is_left_of_an_older_fat_is_no_fault(self):
        self.lay_out("OPENMV4P", {0: "FAT"})
        self.at(0, "put", self.image, self.write("kept.txt", b"kept"))
        self.run_on_camera(f"volume(0, {32 * KIB}, 'littlefs v2', True)")
        self.assertIn("unknown data", self.good("check", "--board", "OPENMV4P", self.image))


if __name__ == "__main__":
    main(__doc__)
