# The contract, "ioctl".
from harness import *


def costs(call, *args):
    """What the call made the flash do."""
    before = sim.stats()
    assert call(*args) == 0
    after = sim.stats()
    return after["programs"] - before["programs"] + after["erases"] - before["erases"]


@test
def init_switches_the_block_size():
    part = pyb.Flash(start=0)
    assert part.ioctl(1, 1) == 0
    assert part.ioctl(5, 0) == NATIVE
    assert part.ioctl(1, 0) == 0
    assert part.ioctl(5, 0) == SIMPLE


@test
def init_with_anything_but_one_means_simple():
    part = pyb.Flash(start=0)
    for argument in (0, 2, -1, 1 << 70, None, "1"):
        part.ioctl(1, 1)
        assert part.ioctl(1, argument) == 0
        assert part.ioctl(5, 0) == SIMPLE
        assert pyb.Flash().ioctl(1, argument) == 0


@test
def the_singleton_has_no_extended_mode():
    drive = pyb.Flash()
    assert drive.ioctl(1, 1) == -1
    assert drive.ioctl(1, 0) == 0
    assert drive.ioctl(1, 2) == 0
    assert drive.ioctl(5, 0) == SIMPLE


@test
def deinit_syncs():
    for flash in (pyb.Flash(start=0), pyb.Flash()):
        data = repr(flash).encode()
        fresh(1).writeblocks(0, data, 0)
        assert costs(flash.ioctl, 2, 0) > 0
        assert in_flash(len(data)) == data
        assert costs(flash.ioctl, 2, 0) == 0


@test
def sync_takes_what_any_object_wrote():
    for flash in (pyb.Flash(start=STORAGE - NATIVE), pyb.Flash()):
        data = repr(flash).encode()
        fresh(1).writeblocks(0, data, 0)
        assert costs(flash.ioctl, 3, 0) > 0
        assert in_flash(len(data)) == data
        assert costs(flash.ioctl, 3, 0) == 0


@test
def block_count_and_block_size():
    part = pyb.Flash(start=0)
    assert part.ioctl(4, 0) == STORAGE // SIMPLE
    assert part.ioctl(5, 0) == SIMPLE
    part.ioctl(1, 1)
    assert part.ioctl(4, 0) == STORAGE // NATIVE
    assert part.ioctl(5, 0) == NATIVE
    small = pyb.Flash(start=NATIVE, len=3 * NATIVE)
    assert small.ioctl(4, 0) == 3 * NATIVE // SIMPLE
    drive = pyb.Flash()
    assert drive.ioctl(4, 0) == 0x100 + STORAGE // SIMPLE
    assert drive.ioctl(5, 0) == SIMPLE


@test
def erase_makes_the_block_all_ones():
    part = pyb.Flash(start=0, len=4 * NATIVE)
    for mode in (0, 1):
        part.ioctl(1, 0)
        part.writeblocks(0, bytes(4 * NATIVE))
        part.ioctl(1, mode)
        for synced in (False, True):
            assert part.ioctl(6, 1) == 0
            assert content(part, NATIVE, NATIVE) == b"\xff" * NATIVE
            assert content(part, NATIVE, 0) == bytes(NATIVE)
            assert content(part, 2 * NATIVE, 2 * NATIVE) == bytes(2 * NATIVE)
            part.ioctl(3, 0)


@test
def erase_keeps_the_neighbours_in_the_sector():
    part = pyb.Flash(start=0, len=max(SECTOR, 2 * NATIVE))
    length = part.ioctl(4, 0) * SIMPLE
    expected = bytearray((b"neighbour " * (length // 10 + 1))[:length])
    part.writeblocks(0, expected)
    part.ioctl(3, 0)
    for n in (1, length // NATIVE - 1):
        part.ioctl(6, n)
        expected[n * NATIVE : (n + 1) * NATIVE] = b"\xff" * NATIVE
    part.ioctl(3, 0)
    assert content(part, length) == expected


@test
def erase_stays_inside():
    part = fresh(2, at=1)
    around = pyb.Flash(start=0, len=4 * NATIVE)
    around.writeblocks(0, bytes(4 * NATIVE))
    for wrong in (2, 3, -1, STORAGE // NATIVE, 1 << 20, 1 << 31, 1 << 32, 1 << 64, -(1 << 64)):
        fails(EINVAL, part.ioctl, 6, wrong)
    assert content(around, 4 * NATIVE) == bytes(4 * NATIVE)


@test
def only_init_and_erase_look_at_their_argument():
    for flash in (pyb.Flash(start=0), pyb.Flash()):
        for command in (2, 3, 4, 5):
            assert flash.ioctl(command, None) == flash.ioctl(command, 1 << 70) == flash.ioctl(command, 0)
    for wrong in (None, "0", 0.0):
        raises(TypeError, pyb.Flash(start=0).ioctl, 6, wrong)
    raises(TypeError, pyb.Flash(start=0).ioctl, "4", 0)
    raises(TypeError, pyb.Flash(start=0).ioctl, 4)


@test
def the_singleton_does_not_erase():
    part = pyb.Flash(start=0, len=NATIVE)
    part.writeblocks(0, bytes(NATIVE))
    for n in (0, 0x100, -1, 1 << 40, 1 << 70, None):
        fails(EOPNOTSUPP, pyb.Flash().ioctl, 6, n)
    assert content(part, NATIVE) == bytes(NATIVE)


@test
def other_commands_have_no_answer():
    for flash in (pyb.Flash(start=0), pyb.Flash()):
        for command in (0, 7, 8, 100, -1, 1 << 31, -(1 << 31)):
            assert flash.ioctl(command, 0) is None, command


run_tests()
