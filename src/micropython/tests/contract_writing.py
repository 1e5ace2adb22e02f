# The contract, "Reading and writing": the calls that write.
from harness import *

BLOCKS = 4
LENGTH = BLOCKS * NATIVE


def surrounded():
    """An erased partition between two native blocks of 0x5a."""
    around = pyb.Flash(start=0, len=LENGTH + 2 * NATIVE)
    around.writeblocks(0, b"\x5a" * (LENGTH + 2 * NATIVE))
    part = fresh(BLOCKS, at=1)
    return part, around


def assert_neighbours(around):
    assert content(around, NATIVE) == b"\x5a" * NATIVE
    assert content(around, NATIVE, LENGTH + NATIVE) == b"\x5a" * NATIVE


@test
def the_simple_form_writes_whole_blocks():
    part, around = surrounded()
    assert part.writeblocks(0, pattern(LENGTH)) is None
    assert content(part, LENGTH) == pattern(LENGTH)
    assert part.writeblocks(1, pattern(SIMPLE, 2)) is None
    assert content(part, SIMPLE, SIMPLE) == pattern(SIMPLE, 2)
    assert content(part, SIMPLE, 0) == pattern(LENGTH)[:SIMPLE]
    assert_neighbours(around)


@test
def the_caller_never_erases():
    part, around = surrounded()
    for data in (bytes(LENGTH), b"\xff" * LENGTH, pattern(LENGTH, 3), bytes(LENGTH), pattern(LENGTH, 4)):
        part.writeblocks(0, data)
        assert content(part, LENGTH) == data
        part.ioctl(3, 0)
        assert content(part, LENGTH) == data
    assert_neighbours(around)


@test
def a_part_of_a_block_is_refused_and_nothing_written():
    part, _ = surrounded()
    for mode, block in ((0, SIMPLE), (1, NATIVE)):
        part.ioctl(1, mode)
        for length in (1, block - 1, block + 1, 2 * block - 1):
            raises(ValueError, part.writeblocks, 0, bytes(length))
    assert content(part, LENGTH) == b"\xff" * LENGTH


@test
def the_extended_form_programs_any_bytes():
    part, around = surrounded()
    expected = bytearray(b"\xff" * LENGTH)
    for n, offset, length in (
        (0, 0, 1),
        (0, 3, 5),
        (1, NATIVE - 1, 1),
        (2, NATIVE - 3, 6),
        (3, 100, NATIVE - 100),
    ):
        data = pattern(length, n + 5)
        assert part.writeblocks(n, data, offset) is None
        at = n * NATIVE + offset
        expected[at : at + length] = data
        assert content(part, LENGTH) == expected
    part.ioctl(3, 0)
    assert content(part, LENGTH) == expected
    assert_neighbours(around)


@test
def the_extended_form_clears_further_bits():
    part, _ = surrounded()
    for value in (0x7F, 0x3F, 0x1C, 0x18, 0x10, 0x00, 0x00):
        part.writeblocks(1, bytes([value]) * 40, 20)
        part.ioctl(3, 0)
        assert content(part, 42, NATIVE + 19) == b"\xff" + bytes([value]) * 40 + b"\xff"


@test
def the_extended_form_never_erases():
    part, _ = surrounded()
    part.writeblocks(0, bytes(LENGTH))
    fails(EIO, part.writeblocks, 0, b"\x01", 0)
    fails(EIO, part.writeblocks, 1, b"\xff" * NATIVE, 0)
    part.ioctl(3, 0)
    fails(EIO, part.writeblocks, 0, b"\x01", 0)
    assert content(part, LENGTH) == bytes(LENGTH)


@test
def programming_erased_bytes_costs_no_erase():
    # In words of 32 bytes: the flash of the H7 takes each of them only once.
    part, _ = surrounded()
    for mode in (0, 1):
        part.ioctl(1, mode)
        part.ioctl(6, 0)
        part.ioctl(6, 1)
        part.ioctl(3, 0)
        before = sim.stats()["erases"]
        expected = bytearray(b"\xff" * 2 * NATIVE)
        for at in range(0, 2 * NATIVE, NATIVE // 8):
            for offset, data in ((at + 3, b"two"), (at + 6, b"calls"), (at + 32, pattern(32, at))):
                part.writeblocks(offset // NATIVE, data, offset % NATIVE)
                expected[offset : offset + len(data)] = data
            part.ioctl(3, 0)
            assert in_flash(2 * NATIVE, NATIVE) == expected
        assert sim.stats()["erases"] == before


@test
def a_bit_that_would_have_to_rise_leaves_the_page_alone():
    part, _ = surrounded()
    before = bytearray(b"\xff" * NATIVE)
    part.writeblocks(0, b"\x0f", 200)
    before[200] = 0x0F
    for data, offset in ((b"\x00\x00\x10\x00", 198), (b"\x10", 200), (b"\x00" * 10 + b"\x1f", 190)):
        for synced in (False, True):
            if synced:
                part.ioctl(3, 0)
            fails(EIO, part.writeblocks, 0, data, offset)
            assert content(part, NATIVE) == before
    part.writeblocks(0, b"\x0e", 200)
    assert content(part, 1, 200) == b"\x0e"


@test
def what_is_written_as_it_was_needs_no_erase():
    part, _ = surrounded()
    part.writeblocks(0, pattern(100), 0)
    assert part.writeblocks(0, pattern(100), 0) is None
    assert content(part, 100) == pattern(100)


@test
def outside_of_the_partition_nothing_is_carried_out():
    part, around = surrounded()
    count = LENGTH // SIMPLE
    for n, length in ((count, SIMPLE), (count - 1, 2 * SIMPLE), (0, LENGTH + SIMPLE), (count + 1, SIMPLE)):
        fails(EINVAL, part.writeblocks, n, bytes(length))
    for n, length, offset in (
        (BLOCKS, 1, 0),
        (BLOCKS - 1, 2, NATIVE - 1),
        (0, LENGTH, 1),
        (BLOCKS + 1, 1, 0),
    ):
        fails(EINVAL, part.writeblocks, n, bytes(length), offset)
    fails(EINVAL, part.ioctl, 6, BLOCKS)
    assert content(part, LENGTH) == b"\xff" * LENGTH
    assert_neighbours(around)


@test
def a_length_of_zero_writes_nothing():
    part, _ = surrounded()
    part.ioctl(3, 0)
    before = sim.stats()
    assert part.writeblocks(0, b"") is None
    assert part.writeblocks(LENGTH // SIMPLE, b"") is None
    assert part.writeblocks(0, b"", NATIVE - 1) is None
    assert part.writeblocks(BLOCKS, b"", 0) is None
    part.ioctl(3, 0)
    after = sim.stats()
    assert after["programs"] == before["programs"]
    assert after["erases"] == before["erases"]


@test
def a_write_may_take_the_whole_storage():
    flash = pyb.Flash(start=0)
    data = pattern(4096) * (STORAGE // 4096)
    assert flash.writeblocks(0, data) is None
    flash.ioctl(3, 0)
    buf = bytearray(STORAGE)
    flash.readblocks(0, buf)
    assert buf == data


run_tests()
