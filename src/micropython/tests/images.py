"""What other programs find in an image, and what is in it when the program has ended."""

import re
import shutil
import subprocess

from cases import case


def tool(*command):
    assert shutil.which(command[0]), "%s is not installed (mtools, fdisk)" % command[0]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, "%s\n%s" % (" ".join(map(str, command)), done.stdout)
    return done.stdout


def mtools_image(camera):
    return "%s@@%d" % (camera.image, camera.board.storage_offset)


@case()
def mtools_read_the_fat(camera):
    camera.make_blank_image()
    camera.run_code(
        "import os\nos.mkdir('lib')\n"
        "with open('hello.txt', 'w') as f: f.write('hello from the camera')\n"
        "with open('lib/data.bin', 'wb') as f: f.write(bytes(range(256)) * 9)\n"
    )
    listing = tool("mdir", "-i", mtools_image(camera), "-/", "::")
    for word in ("hello    txt", "data     bin"):
        assert word in listing.lower(), listing
    assert tool("mtype", "-i", mtools_image(camera), "::hello.txt") == "hello from the camera"


@case()
def what_mtools_write_the_camera_reads(camera):
    camera.make_blank_image()
    camera.run_code("pass")
    source = camera.folder / "from-pc.txt"
    source.write_text("hello from the PC")
    tool("mcopy", "-o", "-i", mtools_image(camera), source, "::")
    assert "hello from the PC" in camera.run_code("print(open('/flash/from-pc.txt').read())")


LABELS = {"ARDUINO_PORTENTA_H7": "PORTENTA H7", "ARDUINO_GIGA": None, "ARDUINO_NICLA_VISION": None}


@case()
def a_blank_storage_gets_the_label_of_the_board(camera):
    camera.make_blank_image()
    camera.run_code("pass")
    label = tool("mlabel", "-s", "-i", mtools_image(camera), "::")
    expected = LABELS.get(camera.name, "OPENMV")
    if expected is None:  # the firmware's label is longer than FAT allows
        assert "no label" in label, label
    else:
        assert re.search(r"label is %s\b" % expected, label, re.I), label


@case()
def fdisk_reads_the_partition_table_of_the_drive(camera):
    camera.make_blank_image()
    dump = camera.folder / "drive.bin"
    camera.run_code(
        "import pyb\n"
        "drive = pyb.Flash()\n"
        "buf = bytearray(drive.ioctl(5, 0))\n"
        "with open('%s', 'wb') as f:\n"
        "    for n in range(drive.ioctl(4, 0)):\n"
        "        drive.readblocks(n, buf)\n"
        "        f.write(buf)\n" % dump
    )
    sector = camera.board.simple_bytes
    count = camera.board.storage_bytes // sector
    assert dump.stat().st_size == (0x100 + count) * sector
    table = tool("fdisk", "-b", str(sector), "-l", dump)
    row = re.search(r"drive\.bin1\s+(\d+)\s+(\d+)\s+(\d+)\s+\S+\s+(\S+)", table)
    assert row, table
    assert row.groups() == ("256", str(255 + count), str(count), "1"), table
    if sector == 512:  # sfdisk knows no other size for a file
        rows = tool("sfdisk", "-d", dump)
        assert re.search(r"start=\s*256, size=\s*%d, type=1" % count, rows), rows
    # Behind the lead-in stands the same filesystem.
    with open(dump, "rb") as drive:
        drive.seek(0x100 * sector)
        assert drive.read() == camera.storage()


@case()
def at_exit_everything_is_in_the_image(camera):
    for how in ("", "import sys; sys.exit(0)", "sim.reset()"):
        camera.make_blank_image()
        camera.run_code(
            "import pyb, sim\n"
            "pyb.Flash(start=0).writeblocks(0, b'S' * %d)\n"
            "pyb.Flash(start=%d).writeblocks(0, b'X', 5)\n"
            % (camera.board.simple_bytes, camera.board.native_bytes)
            + how,
            mount=False,
        )
        storage = camera.storage()
        assert storage[: camera.board.simple_bytes] == b"S" * camera.board.simple_bytes, how
        assert storage[camera.board.native_bytes + 5 : camera.board.native_bytes + 7] == b"X\xff", how


@case()
def an_image_is_a_dump_of_the_whole_chip(camera):
    camera.make_blank_image()
    sizes = {"OPENMV2": 1 << 20, "OPENMV3": 2 << 20, "OPENMV4": 2 << 20}
    mib = 16 if camera.name.startswith("ARDUINO") else 32
    assert camera.image.stat().st_size == sizes.get(camera.name, mib << 20)
    camera.run_code(
        "import pyb\npyb.Flash(start=0).writeblocks(0, bytes(pyb.Flash(start=0).ioctl(5, 0)))", mount=False
    )
    outside = bytearray(camera.image.read_bytes())
    start = camera.board.storage_offset
    del outside[start : start + camera.board.storage_bytes]
    assert outside.count(0xFF) == len(outside), "something outside of the storage was written"
