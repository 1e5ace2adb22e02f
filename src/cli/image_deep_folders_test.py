#!/usr/bin/env python3
"""Tests of `pybflash image` with folders in many folders: no damage, however many there are.

    image_deep_folders_test.py --program build/release/src/cli/pybflash
"""

from image_testing import FILESYSTEMS, MIB, ImageCase, image, main, pybflash

BOARD = "OPENMV4P"
LIMIT = 256


class DeepFolders(ImageCase):
    def fill(self, filesystem, folders):
        """A file in so many folders, each in the one before."""
        code = f"import os, pyb, vfs\nKind = vfs.{FILESYSTEMS[filesystem]}\ndev = pyb.Flash(start=0, len={4 * MIB})\n"
        code += "Kind.mkfs(dev)\nvfs.mount(Kind(dev), '/v')\nos.chdir('/v')\n"
        code += f"for n in range({folders}):\n    os.mkdir('d')\n    os.chdir('d')\n"
        code += "with open('bottom', 'w') as f: f.write('reached')\n"
        self.forget_image()
        result = pybflash("run", "--no-mount", "--board", BOARD, "--image", self.image, "-c", code)
        self.assertEqual(result.returncode, 0, result)

    def path(self, folders):
        return "/d" * folders

    def test_a_tree_within_the_limit_is_like_any_other(self):
        for filesystem in FILESYSTEMS:
            for folders in (70, LIMIT):
                with self.subTest(filesystem=filesystem, folders=folders):
                    self.fill(filesystem, folders)
                    bottom = self.path(folders) + "/bottom"
                    checked = self.good("check", self.image)
                    self.assertIn(f"1 file, {folders} folders, 1 of the files can be read\nsound\n", checked)
                    for command in ("get", "rescue"):
                        target = self.folder / f"{command} {filesystem} {folders}"
                        self.good(command, self.image, target)
                        self.assertEqual((target / bottom[1:]).read_bytes(), b"reached")
                    self.good("create", "--board", BOARD, "--fs", filesystem, "--from", target, self.folder / "new.bin")
                    self.assertEqual(self.good("cat", f"{self.folder}/new.bin:{bottom}"), "reached")
                    (self.folder / "new.bin").unlink()
                    self.good("rm", "-r", f"{self.image}:/d")

    def test_what_lies_deeper_is_told_and_not_damaged(self):
        for filesystem in FILESYSTEMS:
            with self.subTest(filesystem=filesystem):
                self.fill(filesystem, LIMIT + 2)
                too_deep = f"{self.path(LIMIT + 1)}: more than {LIMIT} folders deep; not looked at"
                checked = self.good("check", self.image)
                self.assertEqual(checked.count(too_deep), 1, checked)
                self.assertIn(f"  {too_deep}\nsound, as far as it was looked at\n", checked)
                self.refused("get", self.image, self.folder / "back", words=[too_deep])
                self.refused("rm", "-r", f"{self.image}:/d", words=[f"more than {LIMIT} folders deep"])
                rescued = image("rescue", self.image, self.folder / f"saved {filesystem}")
                self.assertEqual(rescued.returncode, 1, rescued)
                self.assertIn(f"{too_deep}; image get copies it by its path\n", rescued.stdout.decode())
                below = self.path(LIMIT + 1)
                self.good("get", f"{self.image}:{below}", self.folder / f"below {filesystem}")
                self.assertEqual((self.folder / f"below {filesystem}/d/bottom").read_bytes(), b"reached")


if __name__ == "__main__":
    main(__doc__)
