# The contract, "One flash, many objects".
import time
from harness import *

LENGTH = 4 * NATIVE
AT = NATIVE  # bytes into the storage; SIMPLE divides it

whole = pyb.Flash(start=0)
tail = pyb.Flash(start=AT)
native = pyb.Flash(start=0)
native.ioctl(1, 1)
drive = pyb.Flash()


def write_simple(data):
    whole.writeblocks(AT // SIMPLE, data)


def write_native(data):
    native.writeblocks(AT // NATIVE, data)


def write_extended(data):
    for n in range(len(data) // NATIVE):
        tail.ioctl(6, n)
    tail.writeblocks(0, data, 0)


def write_drive(data):
    drive.writeblocks(0x100 + AT // SIMPLE, data)


def read_simple(buf):
    whole.readblocks(AT // SIMPLE, buf)


def read_native(buf):
    native.readblocks(AT // NATIVE, buf)


def read_extended(buf):
    tail.readblocks(0, buf, 0)


def read_drive(buf):
    drive.readblocks(0x100 + AT // SIMPLE, buf)


WRITERS = (write_simple, write_native, write_extended, write_drive)
READERS = (read_simple, read_native, read_extended, read_drive)


@test
def what_one_writes_is_what_any_other_reads():
    seed = 0
    for write in WRITERS:
        for synced in (False, True):
            seed += 1
            data = pattern(LENGTH, seed)
            write(data)
            if synced:
                whole.ioctl(3, 0)
            for read in READERS:
                buf = bytearray(LENGTH)
                read(buf)
                assert buf == data, (write, read, synced)


@test
def writers_may_take_turns_in_one_block():
    for first in WRITERS:
        for second in WRITERS:
            first(pattern(LENGTH, 1))
            second(pattern(NATIVE, 2))
            buf = bytearray(LENGTH)
            read_simple(buf)
            assert buf == pattern(NATIVE, 2) + pattern(LENGTH, 1)[NATIVE:], (first, second)


@test
def an_erase_is_seen_by_all():
    for write in WRITERS:
        write(pattern(LENGTH))
        native.ioctl(6, AT // NATIVE)
        for read in READERS:
            buf = bytearray(LENGTH)
            read(buf)
            assert buf == b"\xff" * NATIVE + pattern(LENGTH)[NATIVE:], (write, read)


@test
def after_sync_everything_is_in_the_flash():
    for write in WRITERS:
        write(pattern(LENGTH, 30))
        assert tail.ioctl(3, 0) == 0
        assert in_flash(LENGTH, AT) == pattern(LENGTH, 30), write
        write(pattern(LENGTH, 31))
        assert drive.ioctl(3, 0) == 0
        assert in_flash(LENGTH, AT) == pattern(LENGTH, 31), write


@test
def a_soft_reset_writes_what_waits():
    for write in WRITERS:
        write(pattern(LENGTH, 40))
        sim.reset()
        assert in_flash(LENGTH, AT) == pattern(LENGTH, 40), write
        assert content(tail, LENGTH) == pattern(LENGTH, 40)
        write(pattern(LENGTH, 41))
        sim.reset()
        assert in_flash(LENGTH, AT) == pattern(LENGTH, 41), write


def flash_work():
    stats = sim.stats()
    return stats["programs"] + stats["erases"]


@test
def after_sync_nothing_is_left_to_do():
    for seed, write in enumerate(WRITERS):
        write(pattern(LENGTH, 50 + seed))
        before = flash_work()
        tail.ioctl(3, 0)
        assert flash_work() > before, write
        before = flash_work()
        drive.ioctl(3, 0)
        sim.advance_ms(2 * IDLE_MS)
        assert flash_work() == before, write


@test
def an_idle_storage_flushes_by_itself():
    for write in WRITERS:
        write(pattern(NATIVE, 10))
        whole.ioctl(3, 0)
        write(pattern(NATIVE, 11))
        before = flash_work()
        sim.advance_ms(IDLE_MS * 9 // 10)
        assert flash_work() == before, write
        sim.advance_ms(IDLE_MS * 2 // 10)
        assert in_flash(NATIVE, AT) == pattern(NATIVE, 11), write
        before = flash_work()
        whole.ioctl(3, 0)
        assert flash_work() == before, write


@test
def each_change_puts_the_flush_off():
    changes = (
        lambda i: whole.writeblocks(AT // SIMPLE, pattern(SIMPLE, 60 + i)),
        lambda i: drive.writeblocks(0x100 + AT // SIMPLE, pattern(SIMPLE, 70 + i)),
        lambda i: tail.writeblocks(1, bytes((i,)), i),
        lambda i: tail.ioctl(6, i % 3),
    )
    for change in changes:
        write_simple(bytes(LENGTH) if change is changes[3] else b"\xff" * LENGTH)
        whole.ioctl(3, 0)
        before = flash_work()
        for i in range(5):
            change(i)
            sim.advance_ms(IDLE_MS * 6 // 10)
            assert flash_work() == before, changes.index(change)
        sim.advance_ms(IDLE_MS * 6 // 10)
        assert flash_work() > before, changes.index(change)


@test
def sleeping_is_idle_time():
    write_simple(pattern(NATIVE, 20))
    whole.ioctl(3, 0)
    write_simple(pattern(NATIVE, 21))
    before = flash_work()
    time.sleep_ms(IDLE_MS + 100)
    sim.advance_ms(0)
    assert flash_work() > before


@test
def no_more_than_a_year_passes_at_once():
    for wrong in (-1, 366 * 24 * 3600 * 1000):
        try:
            sim.advance_ms(wrong)
        except ValueError as error:
            assert str(error) == "n=%d is not from 0 ms to 365 days" % wrong, error
        else:
            raise AssertionError(wrong)


run_tests()
