#!/usr/bin/env python3
"""Tests of `pybflash image` where two names are one, or lead nowhere: refused in words that say which.

    image_names_test.py --program build/release/src/cli/pybflash
"""

from image_testing import FILESYSTEMS, ImageCase, main


class OneNameOnFat(ImageCase):
    def test_names_that_fat_does_not_tell_apart(self):
        # The last two are UTF-8 C3 A4 and C3 A5, of which code page 437 makes the small and the large of one letter.
        pairs = (
            ("README", "readme"),
            ("Long name.txt", "long name.txt"),
            ("Folder/1.txt", "folder/2.txt"),
            ("\u00e4.txt", "\u00e5.txt"),
            ("\u00e4/1.txt", "\u00e5/2.txt"),
        )
        for n, names in enumerate(pairs):
            with self.subTest(names=names):
                source = self.folder / f"source{n}"
                for name in names:
                    self.write(source / name, b"kept")
                first, second = (source / name.split("/")[0] for name in names)
                words = [f"{second}: on FAT this is the same name as {first.name}, "]
                arguments = ["--board", "OPENMV4P", "--from", source, self.image]
                self.refused("create", "--fs", "fat", *arguments, words=words)
                self.good("create", "--fs", "littlefs", *arguments)
                self.make("fat")
                self.refused("put", self.image, first, second, words=words)
                self.good("put", self.image, first)
                self.refused("put", self.image, second, words=words)
                self.good("put", self.image, first)
                self.forget_image()


class OneNameInAnImage(ImageCase):
    def test_sources_of_one_name(self):
        for name in ("a/n", "b/n", "c/n/first", "d/n/second"):
            self.write(name, b"kept")
        (self.folder / "link").mkdir()
        (self.folder / "link/n").symlink_to("../a/n")
        for filesystem in FILESYSTEMS:
            self.make(filesystem)
            for sources in (["a/n", "b/n"], ["c/n", "d/n"], ["a/n", "d/n/"], ["a/n", "link/n"], ["a/n", "a/n"]):
                with self.subTest(filesystem=filesystem, sources=sources):
                    paths = [f"{self.folder}/{source}" for source in sources]
                    words = [f"{paths[1]}: would have the same name in the image as {paths[0]}; "]
                    self.refused("put", self.image, *paths, words=words)
            self.good("put", self.image, self.folder / "a/n", self.folder / "d/n/second")


class NewFolders(ImageCase):
    def test_the_folder_that_is_missing_is_named(self):
        for filesystem in FILESYSTEMS:
            with self.subTest(filesystem=filesystem):
                self.make(filesystem)
                no_folder = "no such folder; pybflash image mkdir makes one"
                self.refused("mkdir", f"{self.image}:/q/r/s", words=[f"{self.image}:/q: {no_folder}"])
                self.good("mkdir", f"{self.image}:/q")
                self.refused("mkdir", f"{self.image}:/q/r/s", words=[f"{self.image}:/q/r: {no_folder}"])
                self.good("mkdir", f"{self.image}:/q//r")
                self.good("mkdir", f"{self.image}:/q/r/s")
                self.good("put", f"{self.image}:/q/file", self.write("file"))
                self.refused("mkdir", f"{self.image}:/q/file/s", words=[f"{self.image}:/q/file: it is no folder"])

    def test_the_root(self):
        for filesystem in FILESYSTEMS:
            self.make(filesystem)
            for path in ("", ":/", "://"):
                self.refused("mkdir", f"{self.image}{path}", words=["/: the root is there already"])


if __name__ == "__main__":
    main(__doc__)
