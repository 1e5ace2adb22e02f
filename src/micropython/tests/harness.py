# What the test scripts share: the board's numbers, assertions about errors, and a list of tests.
import sys

import pyb
import sim
from board_facts import BOARDS

_board = BOARDS[sim.board()]
STORAGE = _board.storage_bytes
SECTOR = _board.sector_bytes
SIMPLE = _board.simple_bytes
NATIVE = _board.native_bytes
IDLE_MS = _board.idle_ms
_STORAGE_OFFSET = _board.storage_offset

EIO = 5
EINVAL = 22
EOPNOTSUPP = 95
ETIMEDOUT = 110

_tests = []


def test(function):
    """Decorates a test. Tests run in the order in which they stand in the file."""
    _tests.append(function)
    return function


def run_tests():
    failed = 0
    for function in _tests:
        try:
            function()
            print("ok", function.__name__)
        except Exception as error:
            failed += 1
            print("FAILED", function.__name__)
            sys.print_exception(error)
    sys.exit(1 if failed else 0)


def raises(kind, call, *args, **keywords):
    """Asserts that the call raises exactly this class, and returns the exception."""
    try:
        answer = call(*args, **keywords)
    except Exception as error:
        assert type(error) is kind, "%s%r: %r instead of %s" % (call, args, error, kind)
        return error
    raise AssertionError("%s%r: %r instead of %s" % (call, args, answer, kind))


def fails(code, call, *args):
    """Asserts that the call raises OSError with this errno."""
    error = raises(OSError, call, *args)
    assert error.errno == code, "%s%r: errno %d instead of %d" % (call, args, error.errno, code)


def fresh(native_blocks, at=0):
    """A partition of erased blocks, `at` native blocks into the storage."""
    part = pyb.Flash(start=at * NATIVE, len=native_blocks * NATIVE)
    for n in range(native_blocks):
        part.ioctl(6, n)
    return part


def pattern(length, seed=1):
    """Bytes that differ from one place, and from one seed, to the next."""
    return bytes((i * 7 + i // 251 + seed * 31) & 0xFF for i in range(length))


def content(part, length, at=0):
    """The bytes of a partition, whatever its mode."""
    data = bytearray(length)
    part.readblocks(at // NATIVE, data, at % NATIVE)
    return bytes(data)


def in_flash(length, at=0):
    """What a programmer would read from the storage: without what still waits in the cache."""
    return sim.chip(_STORAGE_OFFSET + at, length)
