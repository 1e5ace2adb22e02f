# The contract, "Which block a number means".
import os
import vfs
from harness import *


def fill(part):
    """Whole partition, each native block with bytes of its own."""
    length = part.ioctl(4, 0) * part.ioctl(5, 0)
    part.writeblocks(0, pattern(length))
    return pattern(length)


@test
def the_simple_form_counts_simple_blocks():
    part = fresh(4)
    assert part.ioctl(5, 0) == SIMPLE
    assert part.ioctl(4, 0) == 4 * NATIVE // SIMPLE
    expected = fill(part)
    buf = bytearray(SIMPLE)
    for n in range(part.ioctl(4, 0)):
        part.readblocks(n, buf)
        assert buf == expected[n * SIMPLE : (n + 1) * SIMPLE]


@test
def after_init_1_it_counts_native_blocks():
    part = fresh(4)
    expected = fill(part)
    assert part.ioctl(1, 1) == 0
    assert part.ioctl(5, 0) == NATIVE
    assert part.ioctl(4, 0) == 4
    buf = bytearray(NATIVE)
    for n in range(4):
        part.readblocks(n, buf)
        assert buf == expected[n * NATIVE : (n + 1) * NATIVE]
    part.writeblocks(3, pattern(NATIVE, 9))
    assert content(part, NATIVE, 3 * NATIVE) == pattern(NATIVE, 9)


@test
def after_init_0_it_counts_simple_blocks_again():
    part = fresh(4)
    expected = fill(part)
    part.ioctl(1, 1)
    assert part.ioctl(1, 0) == 0
    assert part.ioctl(5, 0) == SIMPLE
    assert part.ioctl(4, 0) == 4 * NATIVE // SIMPLE
    buf = bytearray(SIMPLE)
    part.readblocks(1, buf)
    assert buf == expected[SIMPLE : 2 * SIMPLE]


@test
def the_extended_form_always_counts_native_blocks():
    part = fresh(4)
    expected = fill(part)
    buf = bytearray(20)
    for mode in (0, 1, 0):
        part.ioctl(1, mode)
        part.readblocks(2, buf, 5)
        assert buf == expected[2 * NATIVE + 5 : 2 * NATIVE + 25]
    part.ioctl(6, 3)
    part.writeblocks(3, b"there", 7)
    assert content(part, 5, 3 * NATIVE + 7) == b"there"


@test
def erase_always_counts_native_blocks():
    for mode in (0, 1):
        part = fresh(4)
        expected = bytearray(fill(part))
        part.ioctl(1, mode)
        assert part.ioctl(6, 2) == 0
        expected[2 * NATIVE : 3 * NATIVE] = b"\xff" * NATIVE
        assert content(part, 4 * NATIVE) == expected


@test
def the_mode_belongs_to_the_object():
    one, other = fresh(4), pyb.Flash(start=0, len=4 * NATIVE)
    one.ioctl(1, 1)
    assert one.ioctl(5, 0) == NATIVE
    assert other.ioctl(5, 0) == SIMPLE
    other.ioctl(1, 1)
    one.ioctl(1, 0)
    assert one.ioctl(5, 0) == SIMPLE
    assert other.ioctl(5, 0) == NATIVE
    assert pyb.Flash(start=0).ioctl(5, 0) == SIMPLE


@test
def a_littlefs_is_found_before_any_ioctl():
    for kind in (vfs.VfsLfs1, vfs.VfsLfs2):
        kind.mkfs(pyb.Flash(start=0))
        vfs.mount(pyb.Flash(start=0), "/found")
        assert [type(fs) for fs, path in vfs.mount() if path == "/found"] == [kind]
        vfs.umount("/found")


@test
def what_served_littlefs_can_serve_fat():
    part = pyb.Flash(start=0)
    for kind in (vfs.VfsLfs2, vfs.VfsFat, vfs.VfsLfs1, vfs.VfsFat):
        kind.mkfs(part)
        vfs.mount(part, "/same")
        with open("/same/file", "w") as file:
            file.write(str(kind))
        vfs.umount("/same")
        vfs.mount(kind(part), "/same")
        assert os.listdir("/same") == ["file"]
        with open("/same/file") as file:
            assert file.read() == str(kind)
        vfs.umount("/same")


run_tests()
