"""FAT that survives a power cut: the translation layer `flash.Ftl` under it.

    ./pybflash run --image camera.bin --no-mount examples/ftl.py        (once more: the log has grown)

What is written between two syncs - FAT syncs when a file is closed - happens as a whole or not at all.
Formats only a storage that is blank.
"""

import os
import pyb
import sys
import vfs

import flash


def blank(part):
    block = bytearray(part.ioctl(5, 0))
    for n in range(part.ioctl(4, 0)):
        part.readblocks(n, block)
        if block.count(b"\xff") != len(block):
            return False
    return True


part = pyb.Flash(start=0)
is_new = blank(part)
if is_new:
    flash.Ftl.mkfs(part)
try:
    dev = flash.Ftl(part)
except OSError as error:
    print("No translation layer here (%s)." % error)
    print("Use another --image, or format it yourself if nothing on it is needed any more.")
    sys.exit(1)
print("%s: %d blocks of 512 bytes" % (dev, dev.ioctl(4, 0)))

if is_new:
    try:
        vfs.VfsFat.mkfs(dev)
    except OSError:
        print("That is too small for a FAT; block by block it can be used.")
        dev.writeblocks(0, b"one block" + bytes(503))
        dev.ioctl(3, 0)
        sys.exit()
if dev.ioctl(4, 0) < 50:
    sys.exit()
vfs.mount(dev, "/safe")
with open("/safe/log.txt", "a") as file:
    file.write("one more line\n")
with open("/safe/log.txt") as file:
    print("log.txt has %d line(s)." % len(file.readlines()))

# When there is nothing better to do: the next writes will not have to wait for an erase.
while dev.ioctl(dev.IDLE, 0):
    pass
vfs.umount("/safe")
