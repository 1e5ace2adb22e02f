#!/usr/bin/env python3
"""Tests of `pybflash image` where damage is in names and folders: what is told, what is saved, and under which name.

    image_rescue_test.py --program build/release/src/cli/pybflash
"""

import random

from image_testing import FILESYSTEMS, DamagedImageCase, main

# In an entry of a FAT's folder.
CASE_AT, CLUSTER_AT = 12, 26


class Entries(DamagedImageCase):
    """Entries of a FAT that lead to where another one leads."""

    def setUp(self):
        super().setUp()
        self.write("source/two.py", b"2")
        self.write("source/twp.py", b"3")
        self.fill_image("fat")

    def entry(self, name):
        return self.storage().index(name.encode())

    def assert_told(self, path, reason):
        """By check, get and rescue. Returns what is saved."""
        self.assertIn(f"{path}: {reason}\n", self.outcome("check", code=1))
        self.refused("get", self.image, self.folder / "back", words=[f"{path}: {reason}"])
        text, files = self.rescued()
        self.assertIn(f"{path}: {reason}; ", text)
        return text, files

    def test_what_can_be_no_entry_among_entries_is_told(self):
        self.damage(self.entry("TWO     PY"), b"\xff" * 32)
        self.assertIn("/: 32 bytes of the folder are lost", self.outcome("check", code=1))
        self.assertIn("/: 32 bytes of the folder are lost", self.rescued()[0])

    def test_behind_the_end_of_a_folder_there_was_none(self):
        self.damage(self.entry("TWP     PY") + 2 * 32, b"\xff" * 64)
        self.assertIn("sound", self.outcome("check", code=0))
        self.assertEqual(self.rescued(code=0)[1], {**self.contents, "two.py": b"2", "twp.py": b"3"})

    def test_two_with_one_name(self):
        self.damage(self.entry("TWP     PY"), b"TWO")
        text, files = self.assert_told("/two.py", "damaged, another entry has this name")
        self.assertIn("4 whole files, 0 damaged files, 1 lost file,", text)
        self.assertEqual(files, {**self.contents, "two.py": b"2"})
        self.assertIn("5 files, 2 folders, 4 of the files can be read", self.outcome("check", code=1))

    def test_two_names_that_differ_in_case_alone(self):
        at = self.entry("TWP     PY")
        self.damage(at, b"TWO")
        self.damage(at + CASE_AT, b"\0")
        text, files = self.assert_told("/TWO.PY", "damaged, another entry has this name")
        self.assertIn("1 lost file,", text)
        self.assertEqual(files, {**self.contents, "two.py": b"2"})

    def test_a_file_and_a_folder_with_one_name(self):
        self.damage(self.entry("TWP     PY "), b"LIB        ")
        text, files = self.assert_told("/lib", "damaged, another entry has this name")
        self.assertIn("1 lost file,", text)
        self.assertEqual(files, {**self.contents, "two.py": b"2"})

    def test_a_folder_in_itself(self):
        storage = self.storage()
        lib = storage[self.entry("LIB        ") + CLUSTER_AT :][:2]
        self.damage(self.entry("DEEP       ") + CLUSTER_AT, lib)
        _, files = self.assert_told("/lib/deep", "damaged, it lies in itself")
        self.refused("rm", "-r", f"{self.image}:/lib", words=["/lib/deep: damaged, it lies in itself"])
        self.contents["LOST0001/c.bin"] = self.contents.pop("lib/deep/c.bin")
        self.assertEqual(files, {**self.contents, "two.py": b"2", "twp.py": b"3"})

    def test_a_folder_that_is_the_root(self):
        self.damage(self.entry("DEEP       ") + CLUSTER_AT, b"\0\0")
        self.assert_told("/lib/deep", "damaged, it lies in itself")


class Names(DamagedImageCase):
    """Names that this computer does not have, or has for another file."""

    def fill_with(self, filesystem, name, *others):
        """Files, of which the first cannot be read to its end."""
        content = random.Random(2).randbytes(2000)
        for other in others:
            self.contents[other] = other.encode()
            self.write(f"source/{other}", other.encode())
        self.write(f"source/{name}", content)
        self.fill_image(filesystem)
        self.make_unreadable(content[1024:1100])

    def test_the_name_of_a_damaged_file_is_shortened(self):
        for filesystem in FILESYSTEMS:
            with self.subTest(filesystem=filesystem):
                self.fill_with(filesystem, "n" * 250)
                text, files = self.rescued()
                self.assertIn("3 whole files, 1 damaged file, 0 lost files,", text)
                name = "n" * (255 - len(".damaged")) + ".damaged"
                self.assertEqual({*files}, {*self.contents, name})

    def test_a_damaged_file_replaces_no_whole_one(self):
        for filesystem in FILESYSTEMS:
            with self.subTest(filesystem=filesystem):
                self.fill_with(filesystem, "x", "x.damaged", "x.damaged.2")
                text, files = self.rescued()
                self.assertIn("5 whole files, 1 damaged file, 0 lost files,", text)
                self.assertEqual(len(files.pop("x.damaged.3")), 2000)
                self.assertEqual(files, self.contents)

    def test_a_path_that_is_too_long_here_costs_what_is_there(self):
        deep = self.source.joinpath(*["d" * 250] * 15)
        deep.mkdir(parents=True)
        (deep / "bottom").touch()
        for filesystem in FILESYSTEMS:
            self.fill_image(filesystem)
            target = self.folder / filesystem / ("t" * 250) / ("t" * 250)
            text = self.outcome("rescue", target, code=1)
            self.assertIn("3 whole files, 0 damaged files, 1 lost file,", text)
            self.assertRegex(text, r"/bottom: lost; it cannot have its name on this computer: File name too long\n")
            for name, content in self.contents.items():
                self.assertEqual((target / name).read_bytes(), content)


if __name__ == "__main__":
    main(__doc__)
