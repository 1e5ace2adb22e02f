"""A tour of pyb.Flash: each method once, both protocols, the errors and the partition table.

    ./pybflash run examples/tour.py
    ./pybflash run --board OPENMV4 examples/tour.py

Whatever stands behind >>> below is run as it stands, and what follows is the camera's answer.
The tour writes to the last few kilobytes of the storage only and puts back what was there.
"""

import pyb


def say(text):
    print("\n" + text)


def chapter(title):
    print("\n\n%s\n%s" % (title, "-" * len(title)))


def run(*lines):
    for line in lines:
        print(">>> " + line)
        try:
            try:
                answer = eval(line, globals())
            except SyntaxError:  # a statement, no expression
                exec(line, globals())
                answer = None
        except Exception as error:
            print("%s: %s" % (type(error).__name__, error))
        else:
            if answer is not None:
                print(repr(answer))


try:
    import sim  # only a simulated camera has it

    print("pyb.Flash, call by call, on a simulated %s" % sim.board())
except ImportError:
    sim = None
    print("pyb.Flash, call by call")

chapter("1. The storage")
say("With start= or len= you get a block device of your own over the camera's storage: all of it, here.")
run("flash = pyb.Flash(start=0)", "flash")
say("It counts in blocks. ioctl(4, 0) says how many there are, ioctl(5, 0) how many bytes each has.")
run("blocks = flash.ioctl(4, 0)", "size = flash.ioctl(5, 0)", "blocks, size, blocks * size")
say(
    "This is the block of the simple protocol, which FAT uses. ioctl(1, 1) changes this object to the\n"
    "extended protocol, which littlefs uses, and with it to the native block: what ioctl(6, n) erases."
)
run("flash.ioctl(1, 1)", "native = flash.ioctl(5, 0)", "flash.ioctl(4, 0), native")

chapter("2. A partition")
say(
    "start and len cut a slice out of the storage. A slice cannot reach beyond itself, so many can live\n"
    "side by side: a FAT, a littlefs, and a few raw blocks for you. Ours is the last of the storage."
)
run("length = max(4096, 2 * native)", "part = pyb.Flash(start=blocks * size - length, len=length)", "part")
saved = bytearray(length)
part.readblocks(0, saved)
costs_before = sim.stats() if sim else None

chapter("3. The simple protocol: whole blocks, and no care about erasing")
say(
    "writeblocks(n, buf) replaces whole blocks. Flash can only be erased in large sectors; the cache in\n"
    "front of it does that when it must, and keeps the neighbours."
)
run(
    "block = part.ioctl(5, 0)", "text = b'The quick brown fox. '", "part.writeblocks(0, (text * 256)[:block])"
)
say("readblocks(n, buf) fills a buffer of yours. Its length says how many blocks you want.")
run("buf = bytearray(block)", "part.readblocks(0, buf)", "bytes(buf[:21])")
say("Writing again just works.")
run("part.writeblocks(0, bytes(block))", "part.readblocks(0, buf)", "bytes(buf[:8])")

chapter("4. The extended protocol: any bytes, and you erase")
say(
    "A third argument, the offset inside the block, selects the extended protocol. It takes any length,\n"
    "never erases, and n counts native blocks. So first erase block 0: every byte is 0xff then."
)
run("part.ioctl(6, 0)", "buf = bytearray(12)", "part.readblocks(0, buf, 100)", "bytes(buf)")
say("Now program five bytes at byte 103, and read around them.")
run("part.writeblocks(0, b'flash', 103)", "part.readblocks(0, buf, 100)", "bytes(buf)")
say("Programming turns ones into zeros. 'F' is 'f' with one bit cleared, so this needs no erase ...")
run("part.writeblocks(0, b'FLASH', 103)", "part.readblocks(0, buf, 100)", "bytes(buf)")
say("... and the way back does. Without an erase it is refused, and nothing is changed.")
run("part.writeblocks(0, b'flash', 103)", "part.readblocks(0, buf, 100)", "bytes(buf)")

chapter("5. Sync")
say(
    "What you write waits in RAM until the storage is idle for a moment, or until you say: now.\n"
    "After ioctl(3, 0) everything that was written, by any object, is in the flash."
)
run("part.ioctl(3, 0)")
say(
    "Now turn the small letters back, the simple way. The cache must erase a sector for it, once, and\n"
    "does so when it syncs."
)
run(
    "block = part.ioctl(5, 0)",
    "whole = bytearray(block)",
    "part.readblocks(0, whole)",
    "whole[103:108] = b'flash'",
    "part.writeblocks(0, whole)",
    "part.ioctl(3, 0)",
)

chapter("6. What is refused")
say(
    "A refused call does nothing at all, and says so with an exception: OSError outside of the slice,\n"
    "ValueError for a shape that no flash could take, TypeError for what is no buffer to read into."
)
run(
    "part.readblocks(part.ioctl(4, 0), bytearray(block))",
    "part.writeblocks(0, b'half a block')",
    "pyb.Flash(start=100)",
    "pyb.Flash(start=0, len=1 << 40)",
    "part.readblocks(0, b'read-only')",
)

chapter("7. pyb.Flash(), the old way")
say(
    "Without arguments you get the one object that USB mass storage shows to a PC: the whole storage\n"
    "behind a partition table. It is deprecated, and speaks the simple protocol only."
)
run("drive = pyb.Flash()", "drive, drive is pyb.Flash()", "drive.ioctl(4, 0), drive.ioctl(5, 0)")
say(
    "Its block 0 is made up on the fly: a master boot record with one partition (type 1) that starts at\n"
    "block 0x100 and has as many blocks as the storage."
)
run(
    "buf = bytearray(drive.ioctl(5, 0))",
    "drive.readblocks(0, buf)",
    "bytes(buf[446:462])",
    "int.from_bytes(buf[454:458], 'little'), int.from_bytes(buf[458:462], 'little')",
    "bytes(buf[510:512])",
)
say("Block 0x100 + n of the drive is block n of the storage.")
run(
    "other = bytearray(len(buf))",
    "drive.readblocks(0x100, buf)",
    "pyb.Flash(start=0).readblocks(0, other)",
    "buf == other",
    "drive.readblocks(0, buf, 0)",
)

if sim:
    chapter("8. What it cost")
    say(
        "A simulated camera counts what its flash went through, with the times of the chip's datasheet.\n"
        "All the writing above came to this: the cache programs only bytes that differ from the flash,\n"
        "and erases only if a zero must become a one."
    )
    after = sim.stats()
    for name, unit in (
        ("erases", "sectors erased"),
        ("programs", "programs"),
        ("bytes_programmed", "bytes programmed"),
        ("bytes_read", "bytes read"),
        ("device_us", "microseconds of the flash at work"),
    ):
        print("%10d  %s" % (after[name] - costs_before[name], unit))

part.ioctl(1, 0)
part.writeblocks(0, saved)
part.ioctl(2, 0)
print("\nThat was all of it: ioctl(2, 0) syncs for the last time. Next: examples/littlefs.py, fat.py,")
print("hybrid.py and raw_log.py.")
