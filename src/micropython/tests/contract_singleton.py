# The contract, "The singleton's virtual partition table".
from harness import *

drive = pyb.Flash()
storage = pyb.Flash(start=0)
STORAGE_BLOCKS = STORAGE // SIMPLE

TABLE = (
    bytes(446)
    + b"\x00\xff\xff\xff\x01\xff\xff\xff"
    + (0x100).to_bytes(4, "little")
    + STORAGE_BLOCKS.to_bytes(4, "little")
    + bytes(48)
    + b"\x55\xaa"
    + bytes(SIMPLE - 512)
)


def block(n, flash=drive):
    buf = bytearray(b"\xa5" * SIMPLE)
    assert flash.readblocks(n, buf) is None
    return bytes(buf)


@test
def block_0_is_the_partition_table():
    assert len(TABLE) == SIMPLE
    assert block(0) == TABLE


@test
def blocks_1_to_0xff_are_zero():
    for n in range(1, 0x100):
        assert block(n) == bytes(SIMPLE)


@test
def writes_to_the_first_0x100_blocks_change_nothing():
    first = block(0, storage)
    for n in (0, 1, 0x80, 0xFF):
        assert drive.writeblocks(n, pattern(SIMPLE)) is None
        assert block(n) == (TABLE if n == 0 else bytes(SIMPLE))
    drive.ioctl(3, 0)
    assert block(0) == TABLE
    assert block(0, storage) == first


@test
def block_0x100_is_the_first_of_the_storage():
    for k in (0, 1, 5, STORAGE_BLOCKS - 1):
        drive.writeblocks(0x100 + k, pattern(SIMPLE, k))
        assert block(k, storage) == pattern(SIMPLE, k)
        storage.writeblocks(k, pattern(SIMPLE, k + 1))
        assert block(0x100 + k) == pattern(SIMPLE, k + 1)


@test
def one_read_may_cross_from_the_table_into_the_storage():
    storage.writeblocks(0, pattern(2 * SIMPLE))
    buf = bytearray(b"\xa5" * (0x102 * SIMPLE))
    drive.readblocks(0, buf)
    assert buf[:SIMPLE] == TABLE
    assert buf[SIMPLE : 0x100 * SIMPLE] == bytes(0xFF * SIMPLE)
    assert buf[0x100 * SIMPLE :] == pattern(2 * SIMPLE)


@test
def one_write_may_cross_into_the_storage():
    drive.writeblocks(0xFF, pattern(2 * SIMPLE, 7))
    assert block(0xFF) == bytes(SIMPLE)
    assert block(0, storage) == pattern(2 * SIMPLE, 7)[SIMPLE:]


@test
def it_ends_where_the_storage_ends():
    end = 0x100 + STORAGE_BLOCKS
    last = block(end - 1)
    for n, length in (
        (end, SIMPLE),
        (end - 1, 2 * SIMPLE),
        (-1, SIMPLE),
        ((1 << 32) // SIMPLE, SIMPLE),
        (1 << 64, SIMPLE),
    ):
        buf = bytearray(b"\xa5" * length)
        fails(EINVAL, drive.readblocks, n, buf)
        assert buf == b"\xa5" * length
        fails(EINVAL, drive.writeblocks, n, bytes(length))
    assert block(end - 1) == last


@test
def parts_of_blocks_are_refused():
    for length in (1, SIMPLE - 1, SIMPLE + 1):
        raises(ValueError, drive.readblocks, 0, bytearray(length))
        raises(ValueError, drive.writeblocks, 0x100, bytes(length))


@test
def a_length_of_zero_is_checked_and_does_nothing():
    assert drive.readblocks(0, bytearray(0)) is None
    assert drive.writeblocks(0x100, b"") is None
    fails(EINVAL, drive.readblocks, 0x100 + STORAGE_BLOCKS + 1, bytearray(0))


@test
def buffers_are_checked():
    raises(TypeError, drive.readblocks, 0, bytes(SIMPLE))
    raises(TypeError, drive.readblocks, 0, None)
    raises(TypeError, drive.writeblocks, 0, None)


@test
def it_has_no_extended_form():
    before = block(0x100)
    for n in (0, 1, 0x100):
        fails(EOPNOTSUPP, drive.readblocks, n, bytearray(4), 0)
        fails(EOPNOTSUPP, drive.writeblocks, n, b"\x00", 0)
    assert block(0x100) == before


run_tests()
