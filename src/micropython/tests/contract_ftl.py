# The class flash.Ftl: docs/ftl.md.
import flash

from harness import *

PART = pyb.Flash(start=0)


def layer():
    flash.Ftl.mkfs(PART)
    return flash.Ftl(PART)


@test
def it_says_why_there_is_nothing_to_mount():
    PART.writeblocks(0, bytes(NATIVE))
    PART.ioctl(3, 0)
    fails(19, flash.Ftl, PART)
    assert "mkfs" in str(raises(OSError, flash.Ftl, PART))
    layer()
    # The same medium, looked at as a smaller one.
    if STORAGE >= 1 << 20:
        error = raises(OSError, flash.Ftl, pyb.Flash(len=STORAGE // 2))
        assert error.errno == 19 and "another slice" in str(error)


@test
def a_slice_that_starts_elsewhere_is_another_one():
    if STORAGE < 1 << 20:
        return
    half = STORAGE // 2
    flash.Ftl.mkfs(pyb.Flash(start=0, len=half))
    layer = flash.Ftl(pyb.Flash(start=0, len=half))
    for block in range(200):
        layer.writeblocks(block, bytes([1 + block]) * 512)
    layer.ioctl(3, 0)
    # As long as the other, and some of its log is in it.
    error = raises(OSError, flash.Ftl, pyb.Flash(start=65536, len=half))
    assert error.errno == 19 and "another slice" in str(error)


@test
def the_last_one_made_over_a_slice_has_it():
    first = layer()
    for block in range(10):
        first.writeblocks(block, bytes([1 + block]) * 512)
    first.ioctl(3, 0)
    first.writeblocks(0, bytes(512))  # never synced
    second = flash.Ftl(PART)
    buf = bytearray(512)
    for call in (
        lambda: first.readblocks(0, buf),
        lambda: first.writeblocks(20, buf),
        lambda: first.ioctl(3, 0),
        lambda: first.ioctl(flash.Ftl.TRIM, 0),
        lambda: first.ioctl(flash.Ftl.IDLE, 0),
    ):
        error = raises(OSError, call)
        assert error.errno == 19 and "another flash.Ftl" in str(error)
    second.writeblocks(20, b"\x55" * 512)
    second.ioctl(3, 0)
    for block in range(10):
        second.readblocks(block, buf)
        assert buf == bytes([1 + block]) * 512
    flash.Ftl.mkfs(PART)
    fails(19, second.readblocks, 0, buf)


@test
def it_is_made_over_a_partition_only():
    raises(TypeError, flash.Ftl)
    raises(TypeError, flash.Ftl, 1)
    raises(TypeError, flash.Ftl, pyb.Flash())
    raises(TypeError, flash.Ftl, PART, start=0)
    raises(TypeError, flash.Ftl.mkfs, pyb.Flash())


@test
def it_prints_what_it_lies_on():
    assert str(layer()) == "Ftl(%s)" % PART


@test
def it_answers_ioctls_as_a_block_device():
    dev = layer()
    count = dev.ioctl(4, 0)
    assert 0 < count * 512 < STORAGE
    assert dev.ioctl(5, 0) == 512
    for command in (1, 2, 3, 6):
        assert dev.ioctl(command, 0) == 0
    assert dev.ioctl(99, 0) is None
    assert PART.ioctl(dev.TRIM, 0) is None and PART.ioctl(dev.IDLE, 0) is None


@test
def blocks_hold_what_was_written():
    dev = layer()
    last = dev.ioctl(4, 0) - 1
    two = bytearray(1024)
    dev.readblocks(0, two)
    assert two == bytes(1024)
    dev.writeblocks(0, pattern(1024))
    dev.writeblocks(last, pattern(512, 2))
    dev.readblocks(0, two)
    assert two == pattern(1024)
    assert dev.ioctl(3, 0) == 0
    dev = flash.Ftl(PART)
    one = bytearray(512)
    dev.readblocks(last, one)
    assert one == pattern(512, 2)


@test
def what_was_not_synced_is_as_if_never_written():
    dev = layer()
    dev.writeblocks(0, pattern(512))
    dev.ioctl(3, 0)
    dev.writeblocks(0, pattern(512, 2))
    dev.writeblocks(1, pattern(512, 3))
    two = bytearray(1024)
    flash.Ftl(PART).readblocks(0, two)
    assert two == pattern(512) + bytes(512)


@test
def what_lies_outside_is_refused():
    dev = layer()
    count = dev.ioctl(4, 0)
    for block in (-1, count, 1 << 31, 1 << 40, 1 << 70):
        fails(EINVAL, dev.writeblocks, block, bytes(512))
        fails(EINVAL, dev.readblocks, block, bytearray(512))
        fails(EINVAL, dev.ioctl, dev.TRIM, block)
    fails(EINVAL, dev.writeblocks, count - 1, bytes(1024))
    for length in (1, 511, 513):
        raises(ValueError, dev.writeblocks, 0, bytes(length))
        raises(ValueError, dev.readblocks, 0, bytearray(length))
    dev.writeblocks(count, b"")
    raises(TypeError, dev.readblocks, 0, bytes(512))
    raises(TypeError, dev.writeblocks, 0, 5)


@test
def trimmed_blocks_read_as_zeros():
    dev = layer()
    dev.writeblocks(0, pattern(8 * 512))
    dev.ioctl(dev.TRIM, 1)
    dev.ioctl(dev.TRIM, (3, 5))
    eight = bytearray(8 * 512)
    dev.readblocks(0, eight)
    expected = bytearray(8 * 512)
    expected[:512] = pattern(8 * 512)[:512]
    expected[1024:1536] = pattern(8 * 512)[1024:1536]
    assert eight == expected
    raises(TypeError, dev.ioctl, dev.TRIM, "x")
    raises(ValueError, dev.ioctl, dev.TRIM, (1, 2, 3))


@test
def idle_time_ends():
    dev = layer()
    for i in range(300):
        dev.writeblocks(i % 3, pattern(512, i))
        dev.ioctl(3, 0)
    for _ in range(10000):
        if dev.ioctl(dev.IDLE, 0) == 0:
            break
    else:
        assert False, "it never has enough"


@test
def a_flash_that_cannot_be_erased_any_more_can_be_read():
    part = pyb.Flash(start=0, len=min(STORAGE, 128 * 1024))
    flash.Ftl.mkfs(part)
    dev = flash.Ftl(part)
    dev.writeblocks(1, pattern(512))
    # Old records everywhere: an erase that failed is noticed where they are, if the chip does not report it.
    for i in range(500):
        dev.writeblocks(0, pattern(512, i))
        dev.ioctl(3, 0)
    for n in range(1, 1000):
        sim.fail("erase", n)
    try:
        for i in range(500):
            dev.writeblocks(0, pattern(512, i + 7))
            dev.ioctl(3, 0)
        assert False, "it needs no erase"
    except OSError as error:
        assert error.errno == EIO
    one = bytearray(512)
    dev.readblocks(1, one)
    assert one == pattern(512)
    dev = flash.Ftl(part)
    dev.readblocks(1, one)
    assert one == pattern(512)
    sim.fail(None)
    dev.writeblocks(0, pattern(512, 3))
    dev.ioctl(3, 0)
    dev.readblocks(0, one)
    assert one == pattern(512, 3)


@test
def a_failing_flash_is_an_error_or_got_over():
    dev = layer()
    sim.fail("program", 1)
    dev.writeblocks(0, pattern(512))
    dev.ioctl(3, 0)
    one = bytearray(512)
    flash.Ftl(PART).readblocks(0, one)
    assert one == pattern(512)


run_tests()
