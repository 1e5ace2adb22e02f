"""What the tests of `pybflash image` have in common: folders to fill and compare, calls that succeed or are refused."""

import filecmp
import pathlib
import random
import shutil
import subprocess
import sys
import unittest

from tested_program import ProgramTest, parse_arguments

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "micropython" / "tests"))
import board_facts  # noqa: E402  which is there

TIMEOUT_S = 120
PROGRAM = ""
KIB, MIB = 1024, 1024 * 1024

# offset and size of the storage, and its simple block
STORAGE = {name: (at.storage_offset, at.storage_bytes, at.simple_bytes) for name, at in board_facts.BOARDS.items()}
BOARDS = list(STORAGE)
FILESYSTEMS = {"fat": "VfsFat", "littlefs": "VfsLfs2"}


def pybflash_command(*args):
    return [PROGRAM, *map(str, args)]


def pybflash(*args):
    return subprocess.run(pybflash_command(*args), capture_output=True, timeout=TIMEOUT_S, check=False)


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


class ImageCase(ProgramTest):
    def setUp(self):
        super().setUp()
        self.image = self.folder / "cam.bin"

    def good(self, *args):
        result = image(*args)
        self.assertEqual(result.returncode, 0, result)
        self.assertEqual(result.stderr, b"")
        return result.stdout.decode()

    def refused(self, *args, words=()):
        """One line with these words, and no change or remains in the folder."""
        before = self.files()
        self.assert_one_line(image(*args), *words)
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


class DamagedImageCase(ImageCase):
    """An OPENMV4 with three files, to be damaged, checked and rescued."""

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

    def make_unreadable(self, content):
        """The word of the flash where this begins has more wrong bits than its ECC corrects."""
        pybflash("run", "--no-mount", "--board", "OPENMV4", "--image", self.image, "-c", "pass")
        at = self.image.read_bytes().index(content)
        sidecar = self.folder / "cam.bin.wear"
        bits = bytearray(sidecar.read_bytes())
        bits[-(2 * MIB // 32 // 8) + at // 32 // 8] |= 1 << at // 32 % 8
        sidecar.write_bytes(bits)


# Where volumes begin in a storage; the last one goes on to its end. Between the second and the third large one is a
# store that is none of ours.
SMALL_LAYOUT = {0: "FAT12", 32 * KIB: "littlefs v2"}
LARGE_LAYOUT = {0: "FAT12", 256 * KIB: "littlefs v2", 9 * MIB: "FAT16 on a translation layer"}
OTHER_STORE = 8 * MIB
OPEN_VOLUME = """
import flash, pyb, vfs
def volume(start, end, kind, is_new=False):
    dev = pyb.Flash(start=start, len=end - start)
    if is_new and "layer" in kind: flash.Ftl.mkfs(dev)
    if "layer" in kind: dev = flash.Ftl(dev)
    if is_new: (vfs.VfsFat if "FAT" in kind else vfs.VfsLfs2).mkfs(dev)
    return dev
"""


class VolumesCase(ImageCase):
    """Several volumes in one storage, as a script lays them out."""

    def lay_out(self, board, starts, other=None):
        self.board, self.starts, self.borders = board, starts, sorted([*starts, STORAGE[board][1]] + [other] * bool(other))
        code = "".join(f"volume({start}, {self.end(start)}, {kind!r}, True)\n" for start, kind in starts.items())
        if other:
            code += f"pyb.Flash(start={other}).writeblocks(0, b'mine' * 1024)\n"
        self.forget_image()
        self.run_on_camera(code)

    def run_on_camera(self, code):
        result = pybflash("run", "--no-mount", "--board", self.board, "--image", self.image, "-c", OPEN_VOLUME + code)
        self.assertEqual(result.returncode, 0, result)
        return result.stdout.decode()

    def end(self, start):
        return min(border for border in self.borders if border > start)

    def bytes_outside(self, start):
        content, offset = self.image.read_bytes(), STORAGE[self.board][0]
        return content[: offset + start] + content[offset + self.end(start) :]

    def at(self, start, command, *args):
        return self.good(command, "--board", self.board, "--start", start, *args)

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


def main(description, boards=False):
    global PROGRAM  # the file that is run knows it, and the calls above want it
    arguments = parse_arguments(description, boards=boards)
    PROGRAM = arguments.program
    if boards:
        BOARDS[:] = arguments.boards or BOARDS
    unittest.main()
