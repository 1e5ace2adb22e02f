"""FAT on the whole storage, as in "Working with filesystems" of MicroPython's documentation.

    ./pybflash run --image camera.bin examples/fat.py           (once more: the log has grown)

FAT is what a PC reads over USB; a power cut while it is written can damage it.
Formats only where no file can be lost: the storage is FAT already, or /flash is empty.
"""

import os
import pyb
import sys
import vfs


def mounted(path):
    for filesystem, where in vfs.mount():
        if where == path:
            return filesystem
    return None


def format_fat():
    if not mounted("/flash") or os.listdir("/flash"):
        print("Formatting would lose what is on the storage. Copy the files of /flash away, remove them and")
        print("run this again, without --no-mount; or use another --image.")
        sys.exit(1)
    vfs.umount("/flash")
    vfs.VfsFat.mkfs(pyb.Flash(start=0))
    vfs.mount(pyb.Flash(start=0), "/flash")
    print("Formatted the storage as FAT.")


# A blank storage was formatted before this script began, as the camera does it.
if not isinstance(mounted("/flash"), vfs.VfsFat):
    format_fat()
os.chdir("/flash")

with open("log.txt", "a") as file:
    file.write("one more line\n")
with open("log.txt") as file:
    print("log.txt has %d line(s)." % len(file.readlines()))

block_bytes, _, blocks, free_blocks = os.statvfs("/flash")[:4]
print("%d clusters of %d bytes, %d free:" % (blocks, block_bytes, free_blocks))
for name, kind, _, length in os.ilistdir("/flash"):
    print("  %-16s %s" % (name, "directory" if kind == 0x4000 else "%d bytes" % length))
