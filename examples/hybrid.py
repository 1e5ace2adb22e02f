"""FAT and littlefs side by side, as in "Working with filesystems" of MicroPython's documentation.

    ./pybflash run --image camera.bin examples/hybrid.py        (once more: the count goes on)

Python files and settings on a small FAT that a PC can read, and data that changes all the time on
littlefs, which survives power cuts. Formats only where no file can be lost.
"""

import os
import pyb
import sys
import vfs

FAT_BYTES = 256 * 1024


def storage_bytes():
    flash = pyb.Flash(start=0)
    return flash.ioctl(4, 0) * flash.ioctl(5, 0)


def is_mounted(path):
    return any(where == path for _, where in vfs.mount())


def format_both(fat, littlefs):
    if not is_mounted("/flash") or os.listdir("/flash"):
        print("Formatting would lose what is on the storage. Copy the files of /flash away, remove them and")
        print("run this again, without --no-mount; or use another --image.")
        sys.exit(1)
    vfs.umount("/flash")
    vfs.VfsFat.mkfs(fat)
    vfs.VfsLfs2.mkfs(littlefs)
    vfs.mount(fat, "/flash")
    vfs.mount(littlefs, "/data")
    print(
        "Formatted: %d KiB FAT at /flash, %d KiB littlefs at /data."
        % (FAT_BYTES // 1024, (storage_bytes() - FAT_BYTES) // 1024)
    )


if storage_bytes() < 2 * FAT_BYTES:
    print(
        "This camera's storage has %d KiB: too small to share. examples/littlefs.py and"
        % (storage_bytes() // 1024)
    )
    print("examples/fat.py work on it.")
    sys.exit(0)

p1 = pyb.Flash(start=0, len=FAT_BYTES)
p2 = pyb.Flash(start=FAT_BYTES)
try:
    vfs.mount(vfs.VfsLfs2(p2), "/data")  # in a camera's boot.py this line is all it takes
except OSError:
    format_both(p1, p2)
if not is_mounted("/flash"):  # with --no-mount; the camera's start mounts it
    vfs.mount(p1, "/flash")
os.chdir("/flash")

try:
    with open("/data/count.txt") as file:
        count = int(file.read())
except OSError:
    count = 0
with open("/data/count.txt", "w") as file:
    file.write(str(count + 1))
with open("/flash/readme.txt", "w") as file:
    file.write("The measurements are on /data.\n")

print("/data/count.txt says %d." % (count + 1))
for path in ("/flash", "/data"):
    block_bytes, _, blocks, free_blocks = os.statvfs(path)[:4]
    print(
        "%-7s %6d blocks of %5d bytes, %6d free: %s"
        % (path, blocks, block_bytes, free_blocks, ", ".join(os.listdir(path)))
    )
