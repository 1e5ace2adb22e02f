# The contract, "Reading and writing": the hardware reports a failure. `sim.fail` makes an operation of
# the flash stop half way.
import os
import time
import vfs
from harness import *

# Whole sectors: an erase that fails leaves the second half of its sector as it was, and the flash of the
# F4 and F7 does not report that. It is noticed by what does not read back.
LENGTH = max(SECTOR, 2 * NATIVE)


def part_with(data):
    part = pyb.Flash(start=0, len=LENGTH)
    part.writeblocks(0, data)
    part.ioctl(3, 0)
    assert in_flash(LENGTH) == data
    return part


def sync_or_eio(part, sync):
    try:
        assert part.ioctl(sync, 0) == 0
    except OSError as error:
        assert error.errno == EIO


@test
def a_failed_read_is_an_error_and_only_once():
    # The first of the tests: nothing of the flash is in the cache yet.
    part = pyb.Flash(start=STORAGE - NATIVE)
    sim.fail("read", 1)
    fails(EIO, part.readblocks, 0, bytearray(NATIVE), 0)
    assert content(part, NATIVE) == b"\xff" * NATIVE


@test
def a_file_that_could_not_be_stored_says_so():
    data = pattern(3000, 6)
    for kind in (vfs.VfsFat, vfs.VfsLfs1, vfs.VfsLfs2):
        kind.mkfs(pyb.Flash(start=0))
        vfs.mount(kind(pyb.Flash(start=0)), "/new")
        for name in ("/new/before", "/new/refused"):
            file = open(name, "wb")
            file.write(data)
            if name == "/new/refused":
                sim.fail("program", 1)
                fails(EIO, file.close)
            else:
                file.close()
        pyb.Flash().ioctl(3, 0)
        vfs.umount("/new")
        vfs.mount(kind(pyb.Flash(start=0)), "/new")
        with open("/new/before", "rb") as file:
            assert file.read() == data, kind
        vfs.umount("/new")


@test
def the_sync_of_all_filesystems_says_so_too():
    vfs.VfsFat.mkfs(pyb.Flash(start=0))
    vfs.mount(vfs.VfsFat(pyb.Flash(start=0)), "/new")
    part_of_nobody = pyb.Flash(start=STORAGE - NATIVE)
    part_of_nobody.writeblocks(0, pattern(NATIVE, 7))
    sim.fail("program", 1)
    fails(EIO, os.sync)
    os.sync()
    assert in_flash(NATIVE, STORAGE - NATIVE) == pattern(NATIVE, 7)
    vfs.umount("/new")


@test
def what_a_sync_could_not_write_waits_for_the_next():
    # Erasing is needed the first time, only programming the second.
    for old, new in ((bytes(LENGTH), pattern(LENGTH)), (b"\xff" * LENGTH, pattern(LENGTH, 2))):
        for kind in ("program", "erase"):
            if kind == "erase" and old[0] == 0xFF:
                continue
            for sync in (3, 2):
                part = part_with(old)
                part.writeblocks(0, new)
                sim.fail(kind, 1)
                if kind == "program":
                    fails(EIO, part.ioctl, sync, 0)
                else:
                    # Half an erase may be enough for these bytes; then nothing has failed.
                    sync_or_eio(part, sync)
                assert content(part, LENGTH) == new
                assert part.ioctl(sync, 0) == 0
                assert in_flash(LENGTH) == new
                assert content(part, LENGTH) == new


@test
def any_program_of_a_flush_may_fail():
    new = pattern(LENGTH, 3)
    for nth in (1, 2, 3):
        part = part_with(bytes(LENGTH))
        part.writeblocks(0, new)
        sim.fail("program", nth)
        fails(EIO, part.ioctl, 3, 0)
        assert content(part, LENGTH) == new
        pyb.Flash().ioctl(3, 0)
        assert in_flash(LENGTH) == new


@test
def an_idle_flush_that_failed_is_tried_again():
    new = pattern(LENGTH, 4)
    for kind in ("erase", "program"):
        part = part_with(bytes(LENGTH))
        part.writeblocks(0, new)
        sim.fail(kind, 1)
        sim.advance_ms(IDLE_MS + 100)
        assert content(part, LENGTH) == new
        sim.advance_ms(2 * IDLE_MS)
        assert in_flash(LENGTH) == new


@test
def a_failure_to_come_can_be_taken_back():
    part = part_with(bytes(LENGTH))
    for kind in ("read", "program", "erase"):
        sim.fail(kind, 1)
        sim.fail(kind, 3)
    sim.fail(None)
    sim.fail(None)
    part.writeblocks(0, pattern(LENGTH, 6))
    assert part.ioctl(3, 0) == 0
    assert in_flash(LENGTH) == pattern(LENGTH, 6)
    assert content(part, LENGTH) == pattern(LENGTH, 6)
    raises(TypeError, sim.fail, "erase")
    raises(TypeError, sim.fail, None, 1)
    part.writeblocks(0, b"\xff" * LENGTH)
    part.ioctl(3, 0)
    part.writeblocks(0, bytes(LENGTH))
    sim.fail("program", 1)
    fails(EIO, part.ioctl, 3, 0)


@test
def a_flash_that_stays_busy_is_timed_out():
    # Erasing is needed the first time, only programming the second.
    for old, new in ((bytes(LENGTH), pattern(LENGTH, 8)), (b"\xff" * LENGTH, pattern(LENGTH, 9))):
        part = part_with(old)
        assert part.writeblocks(0, new) is None
        sim.fail("busy")
        for n in range(3):
            begin = time.ticks_ms()
            fails(ETIMEDOUT, part.ioctl, 3, 0)
            # No operation of any of these parts may take longer; an idle flush may come in between.
            assert 0 < time.ticks_diff(time.ticks_ms(), begin) < 10000
            assert content(part, LENGTH) == new, "it waits"
        if SECTOR < STORAGE:  # else all of it is in RAM; this is more than the cache holds
            fails(ETIMEDOUT, pyb.Flash(start=0).readblocks, 0, bytearray(min(STORAGE, 32 * SECTOR)), 0)
        sim.fail(None)
        assert part.ioctl(3, 0) == 0
        assert in_flash(LENGTH) == new
    raises(ValueError, sim.fail, "busy", 1)


@test
def the_neighbours_of_a_failure_are_kept():
    whole = pyb.Flash(start=0, len=LENGTH)
    expected = bytearray(pattern(LENGTH, 5))
    whole.writeblocks(0, expected)
    whole.ioctl(3, 0)
    for kind in ("erase", "program"):
        for n in (0, LENGTH // SIMPLE - 1):
            data = bytes((n & 0xFF ^ 0x5A,)) * SIMPLE
            whole.writeblocks(n, data)
            expected[n * SIMPLE : (n + 1) * SIMPLE] = data
            sim.fail(kind, 1)
            sync_or_eio(whole, 3)
            assert content(whole, LENGTH) == expected
            whole.ioctl(3, 0)
            assert in_flash(LENGTH) == expected

# FatFs never learns of the error: the exception jumps over it. What it reads and writes next is right.
@test
def a_failed_read_of_fat_spoils_nothing():
    sim.fail(None)
    vfs.VfsFat.mkfs(pyb.Flash(start=0))
    large = min(STORAGE // 4, 200000)

    def put(name, data):
        with open("/new/" + name, "wb") as file:
            file.write(data)

    def get(name):
        with open("/new/" + name, "rb") as file:
            return file.read()

    def mount():
        vfs.mount(pyb.Flash(start=0), "/new")

    mount()
    put("large", bytes(large))
    put("b", b"b" * 3000)
    put("a", b"old")
    for number in range(1, 12):
        for _ in range(2):  # the others leave the cache
            assert get("large") == bytes(large)
        os.listdir("/new")
        sim.fail("read", number)
        try:
            get("b")
        except OSError as error:
            assert error.errno == EIO
        sim.fail(None)
        data = b"new%d" % number
        put("a", data)
        if number % 2:
            os.sync()
            vfs.umount("/new")
            mount()
        assert sorted(os.listdir("/new")) == ["a", "b", "large"], (number, os.listdir("/new"))
        assert get("a") == data and get("b") == b"b" * 3000, number
    vfs.umount("/new")


@test
def blocks_that_could_not_be_read_leave_the_buffer_alone():
    sim.fail(None)
    part = pyb.Flash(start=0)
    size = part.ioctl(5, 0)
    count = min(part.ioctl(4, 0), 400)  # the first has left the cache when the last is written
    for number in range(count):
        part.writeblocks(number, bytes([number & 0x7F]) * size)
    part.ioctl(3, 0)
    failures = 0
    for number in range(count):
        buffer = bytearray(b"kept" * (size // 4))
        sim.fail("read", 1)
        try:
            part.readblocks(number, buffer)
        except OSError as error:
            assert error.errno == EIO and buffer == b"kept" * (size // 4), number
            failures += 1
        sim.fail(None)
        part.readblocks(number, buffer)
        assert buffer == bytes([number & 0x7F]) * size, number
    assert failures > 0 or STORAGE == SECTOR, "all of it is in the cache"


# An octal bus moves two bytes at a time.
@test
def what_a_failed_short_read_has_left_is_not_served():
    sim.fail(None)
    part = pyb.Flash(start=0)
    data = pattern(400 * part.ioctl(5, 0), 9)  # the first block has left the cache when the last is written
    part.writeblocks(0, data[: min(len(data), STORAGE)])
    part.ioctl(3, 0)
    for offset in range(8):
        for length in (1, 2, 3):
            sim.fail("read", 1)
            for _ in range(2):
                buffer = bytearray(length)
                try:
                    part.readblocks(0, buffer, offset)
                except OSError as error:
                    assert error.errno == EIO
                    continue
                assert buffer == data[offset : offset + length], (offset, length)
            sim.fail(None)


run_tests()
