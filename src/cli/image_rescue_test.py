#!/usr/bin/env python3
"""Tests of `pybflash image` where damage is in names and folders: what is told, what is saved, and under which name.

    image_rescue_test.py --program build/release/src/cli/pybflash
"""

from image_testing import DamagedImageCase, main

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
        del self.contents["lib/deep/c.bin"]
        self.assertEqual(files, {**self.contents, "two.py": b"2", "twp.py": b"3"})

    def test_a_folder_that_is_the_root(self):
        self.damage(self.entry("DEEP       ") + CLUSTER_AT, b"\0\0")
        self.assert_told("/lib/deep", "damaged, it lies in itself")


if __name__ == "__main__":
    main(__doc__)
