# The contract, "Where we differ from the firmware on purpose": what was wrong there, done here as the
# users who reported it did it.
import os
import vfs
from harness import *


@test
def a_partition_does_not_read_or_write_past_its_len():
    part, neighbour = fresh(1, at=1), fresh(1, at=2)
    neighbour.writeblocks(0, pattern(NATIVE))
    fails(EINVAL, part.readblocks, 0, bytearray(2 * NATIVE), 0)
    fails(EINVAL, part.writeblocks, 0, bytes(2 * NATIVE), 0)
    fails(EINVAL, part.readblocks, NATIVE // SIMPLE, bytearray(SIMPLE))
    fails(EINVAL, part.writeblocks, NATIVE // SIMPLE, bytes(SIMPLE))
    assert content(neighbour, NATIVE) == pattern(NATIVE)


@test
def no_tail_is_dropped_silently():
    part = fresh(2)
    raises(ValueError, part.writeblocks, 0, bytes(SIMPLE + SIMPLE // 2))
    assert content(part, 2 * NATIVE) == b"\xff" * 2 * NATIVE


@test
def errors_are_exceptions_and_success_is_none():
    part = fresh(1)
    assert part.writeblocks(0, bytes(SIMPLE)) is None
    assert part.readblocks(0, bytearray(SIMPLE)) is None
    fails(EINVAL, part.readblocks, -1, bytearray(SIMPLE))


@test
def erase_works_on_every_flash_and_before_init():
    part = pyb.Flash(start=0, len=NATIVE)
    part.writeblocks(0, bytes(NATIVE))
    assert part.ioctl(6, 0) == 0
    assert content(part, NATIVE) == b"\xff" * NATIVE


@test
def fat_on_an_object_that_littlefs_used_does_not_overwrite_itself():
    part = pyb.Flash(start=0)
    part.ioctl(1, 1)
    vfs.VfsFat.mkfs(part)
    vfs.mount(part, "/fat")
    for name, seed in (("a", 1), ("b", 2), ("c", 3)):
        with open("/fat/" + name, "wb") as file:
            file.write(pattern(3000, seed))
    vfs.umount("/fat")
    vfs.mount(pyb.Flash(start=0), "/fat")
    for name, seed in (("a", 1), ("b", 2), ("c", 3)):
        with open("/fat/" + name, "rb") as file:
            assert file.read() == pattern(3000, seed)
    vfs.umount("/fat")


@test
def extended_writes_do_not_bypass_the_cache():
    part = fresh(1)
    part.writeblocks(0, pattern(NATIVE))
    part.ioctl(6, 0)
    part.writeblocks(0, b"extended", 0)
    buf = bytearray(SIMPLE)
    part.readblocks(0, buf)
    assert buf == b"extended" + b"\xff" * (SIMPLE - 8)
    part.ioctl(3, 0)
    assert content(part, NATIVE) == b"extended" + b"\xff" * (NATIVE - 8)


@test
def programming_over_other_bytes_does_not_merge_them():
    part = fresh(1)
    part.writeblocks(0, b"\x0f", 0)
    fails(EIO, part.writeblocks, 0, b"\xf0", 0)
    assert content(part, 1) == b"\x0f"


@test
def a_drive_block_has_no_leftovers_of_the_buffer():
    buf = bytearray(b"\xa5" * SIMPLE)
    pyb.Flash().readblocks(0, buf)
    assert b"\xa5" not in bytes(buf)


run_tests()
