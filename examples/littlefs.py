"""littlefs on the whole storage, as in "Working with filesystems" of MicroPython's documentation.

    ./pybflash run --image camera.bin examples/littlefs.py      (once more: the file is still there)

Formats only where no file can be lost: the storage is littlefs already, or /flash is empty.
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


def format_littlefs():
    if not mounted("/flash") or os.listdir("/flash"):
        print("Formatting would lose what is on the storage. Copy the files of /flash away, remove them and")
        print("run this again, without --no-mount; or use another --image.")
        sys.exit(1)
    vfs.umount("/flash")
    vfs.VfsLfs2.mkfs(pyb.Flash(start=0))
    vfs.mount(pyb.Flash(start=0), "/flash")
    print("Formatted the storage as littlefs.")


if not isinstance(mounted("/flash"), vfs.VfsLfs2):
    format_littlefs()
os.chdir("/flash")

# littlefs survives a power cut at any moment: a file holds its old or its new contents.
try:
    with open("runs.txt") as file:
        runs = int(file.read())
except OSError:
    runs = 0
with open("runs.txt", "w") as file:
    file.write(str(runs + 1))
print("runs.txt counts %d run(s)." % (runs + 1))

block_bytes, _, blocks, free_blocks = os.statvfs("/flash")[:4]
print("%d blocks of %d bytes, %d free:" % (blocks, block_bytes, free_blocks))
for name, kind, _, length in os.ilistdir("/flash"):
    print("  %-16s %s" % (name, "directory" if kind == 0x4000 else "%d bytes" % length))
