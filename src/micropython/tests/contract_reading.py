# The contract, "Reading and writing": the calls that read, and what both kinds of calls refuse.
from harness import *

BLOCKS = 4
LENGTH = BLOCKS * NATIVE
FILL = b"\xa5"


def written():
    part = pyb.Flash(start=NATIVE, len=LENGTH)
    part.writeblocks(0, pattern(LENGTH))
    return part, pattern(LENGTH)


def reads(part, n, length, *offset):
    buf = bytearray(FILL * length)
    assert part.readblocks(n, buf, *offset) is None
    return bytes(buf)


@test
def the_simple_form_reads_whole_blocks():
    part, expected = written()
    count = LENGTH // SIMPLE
    assert reads(part, 0, LENGTH) == expected
    assert reads(part, 1, SIMPLE) == expected[SIMPLE : 2 * SIMPLE]
    assert reads(part, count - 2, 2 * SIMPLE) == expected[-2 * SIMPLE :]


@test
def a_part_of_a_block_is_refused_and_nothing_read():
    part, _ = written()
    for mode, block in ((0, SIMPLE), (1, NATIVE)):
        part.ioctl(1, mode)
        for length in (1, block - 1, block + 1, 2 * block - 1):
            buf = bytearray(FILL * length)
            raises(ValueError, part.readblocks, 0, buf)
            assert buf == FILL * length


@test
def the_extended_form_reads_any_bytes():
    part, expected = written()
    for n in range(BLOCKS):
        for offset in (0, 1, 31, 255, NATIVE - 1):
            for length in (1, 2, 33, 257):
                at = n * NATIVE + offset
                if at + length <= LENGTH:
                    assert reads(part, n, length, offset) == expected[at : at + length]


@test
def the_extended_form_runs_on_into_later_blocks():
    part, expected = written()
    assert reads(part, 0, LENGTH - 3, 3) == expected[3:]
    assert reads(part, 0, LENGTH, 0) == expected


@test
def a_wrong_offset_is_refused():
    part, _ = written()
    for wrong in (-1, -NATIVE, NATIVE, NATIVE + 1, 1 << 31, 1 << 32, 1 << 64, -(1 << 64)):
        buf = bytearray(FILL)
        raises(ValueError, part.readblocks, 0, buf, wrong)
        assert buf == FILL
        raises(ValueError, part.writeblocks, 0, b"\0", wrong)
    assert content(part, LENGTH) == pattern(LENGTH)


@test
def outside_of_the_partition_nothing_is_read():
    part, _ = written()
    count = LENGTH // SIMPLE
    for n, length in ((count, SIMPLE), (count - 1, 2 * SIMPLE), (0, LENGTH + SIMPLE), (count + 100, SIMPLE)):
        buf = bytearray(FILL * length)
        fails(EINVAL, part.readblocks, n, buf)
        assert buf == FILL * length
    for n, length, offset in ((BLOCKS, 1, 0), (BLOCKS - 1, 2, NATIVE - 1), (0, LENGTH, 1), (1000000, 1, 0)):
        buf = bytearray(FILL * length)
        fails(EINVAL, part.readblocks, n, buf, offset)
        assert buf == FILL * length


@test
def a_negative_block_is_outside():
    part, _ = written()
    for n in (-1, -2, -(1 << 31), -(1 << 64)):
        fails(EINVAL, part.readblocks, n, bytearray(SIMPLE))
        fails(EINVAL, part.readblocks, n, bytearray(1), 0)
        fails(EINVAL, part.writeblocks, n, bytes(SIMPLE))
        fails(EINVAL, part.writeblocks, n, b"\0", 0)
    assert content(part, LENGTH) == pattern(LENGTH)


@test
def products_that_overflow_do_not_wrap_around():
    part, _ = written()
    for bits in (32, 64):
        for block in (SIMPLE, NATIVE):
            n = (1 << bits) // block
            fails(EINVAL, part.readblocks, n, bytearray(SIMPLE))
            fails(EINVAL, part.readblocks, n, bytearray(1), 0)
            fails(EINVAL, part.writeblocks, n, bytes(SIMPLE))
            fails(EINVAL, part.writeblocks, n, b"\0", 0)
            fails(EINVAL, part.ioctl, 6, n)
    fails(EINVAL, part.readblocks, 1 << 100, bytearray(1), 0)
    assert content(part, LENGTH) == pattern(LENGTH)


@test
def only_a_buffer_is_read_into():
    part, _ = written()
    for wrong in (None, 1, [0] * SIMPLE, object()):
        raises(TypeError, part.readblocks, 0, wrong)
        raises(TypeError, part.readblocks, 0, wrong, 0)
        raises(TypeError, part.writeblocks, 0, wrong)
        raises(TypeError, part.writeblocks, 0, wrong, 0)


@test
def a_read_only_buffer_is_not_read_into():
    part, _ = written()
    raises(TypeError, part.readblocks, 0, bytes(SIMPLE))
    raises(TypeError, part.readblocks, 0, b"", 0)
    raises(TypeError, part.readblocks, 0, memoryview(bytes(SIMPLE)))
    raises(TypeError, part.readblocks, 0, "text", 0)


@test
def any_kind_of_buffer_will_do():
    import array

    part, expected = written()
    words = array.array("I", [0] * (SIMPLE // 4))
    part.readblocks(0, words)
    assert bytes(words) == expected[:SIMPLE]
    middle = bytearray(3 * SIMPLE)
    part.readblocks(1, memoryview(middle)[SIMPLE : 2 * SIMPLE])
    assert middle == bytes(SIMPLE) + expected[SIMPLE : 2 * SIMPLE] + bytes(SIMPLE)


@test
def a_length_of_zero_reads_nothing():
    part, _ = written()
    before = sim.stats()
    assert part.readblocks(0, bytearray(0)) is None
    assert part.readblocks(LENGTH // SIMPLE, bytearray(0)) is None
    assert part.readblocks(0, bytearray(0), 5) is None
    assert part.readblocks(BLOCKS, bytearray(0), 0) is None
    assert sim.stats()["bytes_read"] == before["bytes_read"]


@test
def the_range_of_a_length_of_zero_is_checked():
    part, _ = written()
    fails(EINVAL, part.readblocks, LENGTH // SIMPLE + 1, bytearray(0))
    fails(EINVAL, part.readblocks, BLOCKS, bytearray(0), 1)
    fails(EINVAL, part.readblocks, -1, bytearray(0))
    fails(EINVAL, part.writeblocks, LENGTH // SIMPLE + 1, b"")
    fails(EINVAL, part.writeblocks, BLOCKS, b"", 1)
    raises(ValueError, part.readblocks, 0, bytearray(0), NATIVE)
    raises(ValueError, part.writeblocks, 0, b"", -1)


run_tests()
