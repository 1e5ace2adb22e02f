# Whatever the arguments, a call ends in one of the contract's answers, and the neighbours stay as they are.
import array
import random
from harness import *

SEED = 1
CALLS = 1500
# Native blocks that the objects here may reach, and one to either side that they may not.
FIRST, END = 1, min(25, STORAGE // NATIVE - 1)
NEIGHBOURS = (FIRST - 1) * NATIVE, END * NATIVE

edges = [0, 1, 2, SIMPLE, NATIVE, STORAGE, STORAGE // SIMPLE, STORAGE // NATIVE, 1 << 20, 1 << 31, 1 << 32]
edges += [(1 << 32) // SIMPLE, (1 << 32) // NATIVE, 1 << 63, 1 << 64, 1 << 100]
INTEGERS = [sign * number + step for number in edges for step in (-1, 0, 1) for sign in (1, -1)] + [True]
OTHERS = (None, "text", b"", 1.5, [], (0,), {}, object(), pyb, pyb.Flash)
LENGTHS = (0, 1, 3, SIMPLE - 1, SIMPLE, SIMPLE, 2 * SIMPLE, NATIVE, NATIVE + 1, 3 * NATIVE)


def any_number():
    if random.randrange(2):
        return random.randrange(-1, 9)
    return random.choice(INTEGERS if random.randrange(6) else OTHERS)


def any_buffer():
    length = random.choice(LENGTHS)
    kind = random.randrange(6)
    if kind < 2:
        return bytearray(length)
    if kind == 2:
        return bytes((random.randrange(256),)) * length
    if kind == 3:
        return memoryview(bytearray(length + 2))[1 : length + 1]
    if kind == 4:
        return array.array("H", [random.randrange(1 << 16)] * (length // 2))
    return random.choice(OTHERS)


def any_part():
    first = random.randrange(FIRST, END)
    count = random.randrange(1, min(END - first, 16) + 1)
    return pyb.Flash(start=first * NATIVE, len=count * NATIVE)


def any_call(part):
    kind = random.randrange(8)
    if kind == 0:
        return lambda: pyb.Flash(start=any_number(), len=any_number())
    if kind < 3:
        offset = (any_number(),) * random.randrange(2)
        return lambda: part.readblocks(any_number(), any_buffer(), *offset)
    if kind < 5:
        offset = (any_number(),) * random.randrange(2)
        return lambda: part.writeblocks(any_number(), any_buffer(), *offset)
    if kind == 5:
        drive_call = random.choice((pyb.Flash().readblocks, pyb.Flash().ioctl))
        return lambda: drive_call(any_number(), any_buffer())
    return lambda: part.ioctl(random.choice((1, 1, 6, 6, any_number())), any_number())


@test
def any_call_ends_in_an_answer_of_the_contract():
    storage = pyb.Flash(start=0)
    for start in NEIGHBOURS:
        storage.writeblocks(start // SIMPLE, pattern(NATIVE, start))
    random.seed(SEED)
    answers = set()
    for number in range(CALLS):
        call = any_call(any_part())
        try:
            call()
            answers.add(None)
        except (TypeError, ValueError) as error:
            answers.add(type(error))
        except OSError as error:
            assert error.errno in (EIO, EINVAL, EOPNOTSUPP), "call %d of seed %d: %r" % (number, SEED, error)
            answers.add(error.errno)
    assert answers == {None, TypeError, ValueError, EIO, EINVAL, EOPNOTSUPP}, answers
    for synced in (False, True):
        if synced:
            storage.ioctl(3, 0)
        for start in NEIGHBOURS:
            assert content(storage, NATIVE, start) == pattern(NATIVE, start)


run_tests()
