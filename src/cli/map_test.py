#!/usr/bin/env python3
"""Tests of `pybflash map`: pictures that tell the truth.

    map_test.py --program build/release/src/cli/pybflash
"""

import html.parser
import json
import os
import pathlib
import struct
import subprocess
import unittest
import xml.etree.ElementTree as ElementTree
import zlib

from tested_program import ProgramTest, parse_arguments

TIMEOUT_S = 120
PROGRAM = ""
SVG = "{http://www.w3.org/2000/svg}"

# A serial chip, one at an offset, and one, two and three sectors inside an MCU.
BOARDS = ("OPENMV4P", "OPENMV_N6", "OPENMV4", "OPENMV2", "OPENMV3")
USE = """
import os, sim
os.mkdir('/flash/folder')
size = {size}
for i in range(4):
    with open('/flash/folder/file%d.bin' % i, 'wb') as f: f.write(bytes([i]) * (size * i + 1))
for i in range(40):
    with open('/flash/log.txt', 'a') as f: f.write('x' * 30)
os.remove('/flash/folder/file1.bin')
open('/flash/a&b\\'c.txt', 'w').write('a name to escape')
"""


def pybflash(*args, cwd=None):
    return subprocess.run([PROGRAM, *map(str, args)], capture_output=True, timeout=TIMEOUT_S, cwd=cwd, check=False)


class WithFolder(ProgramTest):
    def run_code(self, image, code, *options):
        result = pybflash("run", "--image", image, *options, "-c", code)
        self.assertEqual(result.returncode, 0, result.stderr.decode())
        return result.stdout.decode()

    def used_image(self, board, filesystem="fat"):
        image = self.folder / f"{board}-{filesystem}.bin"
        if filesystem == "littlefs":
            self.run_code(image, "import vfs, pyb; vfs.VfsLfs2.mkfs(pyb.Flash(start=0))", "--board", board, "--no-mount")
        if filesystem == "ftl+fat":
            self.assertEqual(pybflash("image", "create", "--board", board, "--fs", filesystem, image).returncode, 0)
        self.run_code(image, USE.format(size=9000 if board in ("OPENMV4P", "OPENMV_N6") else 700), "--board", board)
        return image

    def map(self, *args):
        """What the map of these images says, as JSON."""
        output = self.folder / "map.json"
        result = pybflash("map", *args, "-o", output)
        self.assertEqual(result.returncode, 0, result.stderr.decode())
        return json.loads(output.read_text())


def wear_counters(image):
    data = pathlib.Path(f"{image}.wear").read_bytes()
    count = struct.unpack_from("<I", data, 16)[0]
    return struct.unpack_from(f"<{count}I", data, 24)


def blocks_of(owner, block):
    found = set()
    for offset, length in owner["runs"]:
        found.update(range(offset // block, (offset + length - 1) // block + 1))
    return found


class WrongUse(WithFolder):
    def test_what_is_missing_is_said(self):
        self.assert_one_line(pybflash("map"), "image", "map --help")
        self.assert_one_line(pybflash("map", "no.bin"), "no.bin", "No such file")
        self.assert_one_line(pybflash("map", ""), "IMG: names no file")
        for names in (("", "no.bin"), ("no.bin", "")):
            self.assert_one_line(pybflash("map", "--diff", *names), "--diff: names no file")
        self.assert_one_line(pybflash("map", "no.bin", "--board", ""), "--board", "empty")
        self.assert_one_line(pybflash("map", "--diff", "a.bin"), "--diff")
        self.assert_one_line(pybflash("map", "c.bin", "--diff", "a.bin", "b.bin"), "--diff", "two")

    def test_what_is_no_image_is_said(self):
        (self.folder / "short.bin").write_bytes(b"short")
        self.assert_one_line(pybflash("map", self.folder / "short.bin"), "short.bin", "5 bytes")
        os.mkfifo(self.folder / "pipe")
        for path in (self.folder, "/dev/null", self.folder / "pipe"):
            self.assert_one_line(pybflash("map", path), str(path), "no regular file")
        image = self.used_image("OPENMV2")
        self.assert_one_line(pybflash("map", image, "--board", "OPENMV4P"), "holds", "bytes")
        self.assert_one_line(pybflash("map", image, "--board", "NONE"), "NONE", "OPENMV4P")

    def test_a_blank_image_leaves_the_board_open(self):
        (self.folder / "blank.bin").write_bytes(b"\xff" * (32 << 20))
        image = self.folder / "blank.bin"
        self.assert_one_line(pybflash("map", image), "OPENMV4P", "OPENMV_N6", "--board")
        self.assertEqual(pybflash("map", image, "--board", "OPENMV_N6").returncode, 0)

    def test_outputs_are_whole_or_not_there(self):
        image = self.used_image("OPENMV2")
        self.assert_one_line(pybflash("map", image, "-o", "map.gif", cwd=self.folder), "map.gif", ".svg", ".png")
        self.assert_one_line(pybflash("map", image, "-o", "/no/such/folder/map.svg"), "/no/such/folder/map.svg")
        self.assertEqual([name for name in os.listdir(self.folder) if "map" in name], [])

    def test_images_of_two_boards_have_no_diff(self):
        self.assert_one_line(pybflash("map", "--diff", self.used_image("OPENMV2"), self.used_image("OPENMV3")), "bytes")
        as_large = [self.used_image(board) for board in ("OPENMV4P", "OPENMV_N6")]
        for options in ((), ("--board", "OPENMV_N6")):
            refusal = pybflash("map", *options, "--diff", *as_large)
            self.assert_one_line(refusal, "4P-fat.bin", "of OPENMV4P, not of OPENMV_N6; two images of one board")


class Truth(WithFolder):
    def test_files_own_what_the_filesystem_says_is_used(self):
        code = "import os; print(os.statvfs('/flash')[0], os.statvfs('/flash')[2], os.statvfs('/flash')[3])"
        for board in BOARDS:
            for filesystem in ("fat", "littlefs"):
                with self.subTest(board=board, filesystem=filesystem):
                    image = self.used_image(board, filesystem)
                    block, total, free = map(int, self.run_code(image, code, "--board", board).split())
                    told = self.map(image, "--board", board)
                    self.assertEqual(len(told["volumes"]), 1)
                    self.assertEqual(told["faults"], [])
                    if filesystem == "littlefs":
                        used = set().union(*(blocks_of(owner, block) for owner in told["owners"]))
                        # littlefs counts the pair of each folder twice: where it is, and where it is named.
                        folders = [o for o in told["owners"] if o["content"] == "directory" and o["name"] != "/"]
                        self.assertEqual(len(used) + 2 * len(folders), total - free)
                    else:
                        owners = [o for o in told["owners"] if o["content"] in ("file", "directory") and o["name"] != "/"]
                        self.assertEqual(sum(sum(n for _, n in o["runs"]) for o in owners), (total - free) * block)

    def test_files_are_where_their_bytes_are(self):
        for filesystem in ("fat", "littlefs"):
            with self.subTest(filesystem=filesystem):
                image = self.used_image("OPENMV_N6", filesystem)
                told = self.map(image)
                owner = next(o for o in told["owners"] if o["name"] == "/folder/file3.bin")
                self.assertEqual((owner["content"], owner["size_bytes"]), ("file", 27001))
                chip = image.read_bytes()
                data = b"".join(chip[offset : offset + length] for offset, length in owner["runs"])
                self.assertEqual(data.count(b"\x03"), 27001)
                names = [o["name"] for o in told["owners"]]
                self.assertIn("/a&b'c.txt", names)
                self.assertNotIn("/folder/file1.bin", names)

    def test_files_on_a_layer_are_where_their_bytes_are(self):
        for board in (name for name in BOARDS if name != "OPENMV2"):  # too few blocks for a FAT
            with self.subTest(board=board):
                image = self.used_image(board, "ftl+fat")
                told = self.map(image, "--board", board)
                (volume,) = told["volumes"]
                self.assertRegex(volume["kind"], "^FAT1[26] on a translation layer$")
                self.assertEqual(told["faults"], [])
                self.assertGreater(told["content_bytes"]["outdated"], 0)
                self.assertEqual(told["content_bytes"]["unknown data"], 0)
                self.assertLess(volume["log"]["live_blocks"], volume["log"]["blocks"])
                owner = next(o for o in told["owners"] if o["name"] == "/folder/file3.bin")
                self.assertEqual(owner["content"], "file")
                chip = image.read_bytes()
                data = b"".join(chip[offset : offset + length] for offset, length in owner["runs"])
                # Between the blocks of a file are the records' headers, and its ends are rounded.
                blocks = -(-owner["size_bytes"] // 512)
                self.assertAlmostEqual(data.count(b"\x03"), owner["size_bytes"], delta=1024)
                self.assertLessEqual(len(data), blocks * 600 + 1024)

    def test_names_are_those_that_the_listing_shows(self):
        source, image = self.folder / "source", self.folder / "cam.bin"
        source.mkdir()
        for filesystem, name, shown in (
            ("littlefs", b"bad\xff\x82.txt", r"bad\xff\x82.txt"),
            ("littlefs", "gpj.\u202enot".encode(), r"gpj.\xe2\x80\xaenot"),
            ("fat", "gpj.\u202enot".encode(), r"gpj.\xe2\x80\xaenot"),
        ):
            with self.subTest(filesystem=filesystem, name=name):
                path = os.path.join(os.fsencode(source), name)
                pathlib.Path(os.fsdecode(path)).write_text("text")
                create = ("create", "--board", "OPENMV2", "--fs", filesystem, "--from", source, "--force", image)
                self.assertEqual(pybflash("image", *create).returncode, 0)
                os.unlink(path)
                for command in ("ls", "tree"):
                    self.assertIn(shown, pybflash("image", command, image).stdout.decode())
                owners = [owner["name"] for owner in self.map(image)["owners"]]
                self.assertIn("/" + (shown if filesystem == "littlefs" else name.decode()), owners)

    def test_a_layer_says_how_much_of_its_log_is_in_use(self):
        text = pybflash("map", self.used_image("OPENMV_N6", "ftl+fat")).stdout.decode()
        self.assertRegex(text, "(?m)^FAT12 on a translation layer of 4 MiB at 0x00400000$")
        self.assertRegex(text, r"(?m)^The layer's log takes \d+ of 64 segments of 64 KiB, from segment 0 on; ")

    def test_partitions_are_found(self):
        image = self.folder / "cam.bin"
        code = """
import pyb, vfs
fat, rest = pyb.Flash(start=0, len=131072), pyb.Flash(start=131072)
vfs.VfsFat.mkfs(fat); vfs.VfsLfs2.mkfs(rest)
"""
        self.run_code(image, code, "--board", "OPENMV4P", "--no-mount")
        volumes = [(v["kind"], v["offset"], v["size_bytes"]) for v in self.map(image)["volumes"]]
        self.assertEqual(volumes, [("FAT12", 0, 131072), ("littlefs v2", 131072, (24 << 20) - 131072)])

    def test_a_littlefs_behind_unknown_data_is_found_where_it_begins(self):
        image = self.folder / "cam.bin"
        at, size = 131072, (24 << 20) - 131072
        code = f"import pyb, vfs\npyb.Flash(start=0).writeblocks(0, b'mine' * {at // 4})\nvfs.VfsLfs2.mkfs(pyb.Flash(start={at}))"
        self.run_code(image, code, "--board", "OPENMV4P", "--no-mount")
        sound = image.read_bytes()
        for damaged in ((), (at,), (at + 4096,)):  # either of its superblocks
            with self.subTest(damaged=damaged):
                content = bytearray(sound)
                for place in damaged:
                    content[place : place + 64] = bytes(64)
                image.write_bytes(content)
                told = self.map(image, "--board", "OPENMV4P")
                self.assertEqual([(v["kind"], v["offset"], v["size_bytes"]) for v in told["volumes"]], [("littlefs v2", at, size)])

    def test_a_layer_between_partitions_is_found(self):
        image = self.folder / "cam.bin"
        code = """
import flash, pyb, vfs
vfs.VfsFat.mkfs(pyb.Flash(start=0, len=131072))
part = pyb.Flash(start=131072, len=2 << 20)
flash.Ftl.mkfs(part)
vfs.VfsFat.mkfs(flash.Ftl(part))
vfs.VfsLfs2.mkfs(pyb.Flash(start=131072 + (2 << 20)))
"""
        self.run_code(image, code, "--board", "OPENMV4P", "--no-mount")
        volumes = [(v["kind"], v["offset"], v["size_bytes"]) for v in self.map(image)["volumes"]]
        layer = ("FAT12 on a translation layer", 131072, 2 << 20)
        rest = ("littlefs v2", 131072 + (2 << 20), (22 << 20) - 131072)
        self.assertEqual(volumes, [("FAT12", 0, 131072), layer, rest])

    def test_unknown_data_is_unknown(self):
        image = self.folder / "cam.bin"
        self.run_code(image, "import pyb; pyb.Flash(start=0).writeblocks(3, b'x' * 512)", "--no-mount")
        told = self.map(image, "--board", "OPENMV4P")
        self.assertEqual(told["volumes"], [])
        self.assertEqual(told["content_bytes"]["unknown data"], 512)

    def test_hot_spots_are_those_of_the_counters(self):
        for board in BOARDS:
            with self.subTest(board=board):
                image = self.used_image(board)
                told = self.map(image, "--board", board)
                counters = [n for n in wear_counters(image) if n]
                self.assertEqual([n for _, n in told["erases"]], counters)
                summary = pybflash("map", image, "--board", board).stdout.decode()
                hottest = max(told["erases"], key=lambda entry: entry[1])
                first = summary[summary.index("HOTTEST") :].splitlines()[1].split()
                self.assertEqual((int(first[0], 16), int(first[1])), (hottest[0], hottest[1]))

    def test_without_counters_it_says_so(self):
        image = self.used_image("OPENMV4P")
        os.remove(f"{image}.wear")
        self.assertIn(b"no wear counters", pybflash("map", image).stdout)
        self.assertFalse(os.path.exists(f"{image}.wear"), "looking makes no counters")

    def test_nothing_is_changed_by_looking(self):
        image = self.used_image("OPENMV_N6", "littlefs")
        before = (image.read_bytes(), pathlib.Path(f"{image}.wear").read_bytes())
        pybflash("map", image, "-o", self.folder / "map.svg")
        self.assertEqual(before, (image.read_bytes(), pathlib.Path(f"{image}.wear").read_bytes()))

    def test_diff_is_exactly_what_changed(self):
        old = self.used_image("OPENMV4P")
        new = self.folder / "new.bin"
        new.write_bytes(old.read_bytes())
        pathlib.Path(f"{new}.wear").write_bytes(pathlib.Path(f"{old}.wear").read_bytes())
        self.run_code(new, "open('/flash/log.txt', 'a').write('more'); open('/flash/new', 'w').write('n' * 9000)")
        told = self.map("--diff", old, new)["changes"]
        a, b = old.read_bytes(), new.read_bytes()
        expected = [at for at in range(0, len(a), 4096) if a[at : at + 4096] != b[at : at + 4096]]
        self.assertTrue(expected)
        self.assertEqual(told["changed_sectors"], expected)
        counters = zip(wear_counters(old), wear_counters(new))
        added = [[i * 4096, after - before] for i, (before, after) in enumerate(counters) if after != before]
        self.assertEqual(told["erases_added"], added)
        self.assertEqual(self.map("--diff", old, old)["changes"]["changed_sectors"], [])

    def test_diff_without_counters_does_not_know_of_erases(self):
        old = self.used_image("OPENMV4P")
        new = self.folder / "new.bin"
        new.write_bytes(old.read_bytes())
        self.run_code(new, "open('/flash/log.txt', 'a').write('more')")
        counters = [pathlib.Path(f"{image}.wear") for image in (old, new)]
        for missing, words in (
            (counters[:1], "beside the old image"),
            (counters[1:], "beside the new image"),
            (counters, "beside either image"),
        ):
            kept = {path: path.read_bytes() for path in counters}
            for path in missing:
                path.unlink()
            told = self.map("--diff", old, new)["changes"]
            self.assertTrue(told["changed_sectors"])
            self.assertIsNone(told["erases_added"])
            page = self.folder / "diff.html"
            text = pybflash("map", "--diff", old, new, "-o", page).stdout.decode()
            self.assertIn("not known", text)
            self.assertIn(words, text)
            self.assertNotIn("anew", text)
            self.assertNotIn("Wear added", page.read_text())
            for path, content in kept.items():
                path.write_bytes(content)


class PageReader(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.references = []

    def handle_starttag(self, tag, attrs):
        self.references += [value for name, value in attrs if name in ("src", "href")]


class Pictures(WithFolder):
    def pictures(self, *args):
        names = [self.folder / f"map.{kind}" for kind in ("svg", "png", "html")]
        result = pybflash("map", *args, *(word for name in names for word in ("-o", name)))
        self.assertEqual(result.returncode, 0, result.stderr.decode())
        return [name.read_bytes() for name in names]

    def check(self, board, *args):
        svg, png, page = self.pictures(*args)
        root = ElementTree.fromstring(svg)
        width, height = float(root.get("width")), float(root.get("height"))
        texts = [element.text for element in root.iter(SVG + "text")]
        self.assertTrue(any(board in text for text in texts), texts)
        for rectangle in root.iter(SVG + "rect"):
            x, y, w, h = (float(rectangle.get(name)) for name in ("x", "y", "width", "height"))
            self.assertTrue(x >= 0 and y >= 0 and x + w <= width and y + h <= height, ElementTree.tostring(rectangle))

        self.assertEqual(png[:8], b"\x89PNG\r\n\x1a\n")
        self.assertEqual(struct.unpack(">II", png[16:24]), (round(2 * width), round(2 * height)))
        self.check_png(png)

        reader = PageReader()
        reader.feed(page.decode())
        self.assertEqual(reader.references, [], "a page of its own")
        body = ElementTree.fromstring(page.decode().split("\n", 1)[1])  # without the doctype
        data = json.loads(body.find(".//script[@id='data']").text)
        self.assertEqual(sum(count for _, _, count in data["units"]) * data["unit"], data["size"])
        self.assertEqual(sum(sector[1] for sector in data["sectors"]), data["size"])
        return data

    def check_png(self, png):
        at, pixels = 8, b""
        while at < len(png):
            length, kind = struct.unpack(">I4s", png[at : at + 8])
            body = png[at + 8 : at + 8 + length]
            self.assertEqual(struct.unpack(">I", png[at + 8 + length : at + 12 + length])[0], zlib.crc32(kind + body))
            pixels += body if kind == b"IDAT" else b""
            at += 12 + length
        width, height = struct.unpack(">II", png[16:24])
        self.assertEqual(len(zlib.decompress(pixels)), height * (3 * width + 1))

    def test_every_board(self):
        for board in BOARDS:
            for filesystem in ("fat", "littlefs", *(["ftl+fat"] if board != "OPENMV2" else [])):
                with self.subTest(board=board, filesystem=filesystem):
                    image = self.used_image(board, filesystem)
                    self.check(board, image, "--board", board)
            with self.subTest(board=board, whole=True):
                self.check(board, image, "--board", board, "--whole-chip")

    def test_the_longest_name(self):
        picture = self.folder / ("n" * 251 + ".svg")
        self.assertEqual(pybflash("map", self.used_image("OPENMV2"), "-o", picture).returncode, 0)
        self.assertTrue(picture.exists())

    def test_numbers_on_standard_output_are_alone_there(self):
        link = self.folder / "map.json"
        link.symlink_to("/dev/stdout")
        result = pybflash("map", self.used_image("OPENMV2"), "-o", link)
        self.assertEqual(json.loads(result.stdout)["board"], "OPENMV2")
        self.assertIn(b"OPENMV2", result.stderr)

    def test_diff(self):
        old = self.used_image("OPENMV4P")
        for filesystem in ("littlefs", "ftl+fat"):
            new = self.used_image("OPENMV4P", filesystem)
            data = self.check("OPENMV4P", "--diff", old, new)
            self.assertEqual(len(data["changes"]) * data["unit"], data["size"])
            self.assertEqual(sum(count for _, _, count in data["unitsBefore"]) * data["unit"], data["size"])


if __name__ == "__main__":
    PROGRAM = parse_arguments(__doc__).program
    unittest.main()
