# Random sequences of everything that can be done to the flash, compared with a plain array of bytes.
#
#   pybflash run --no-mount --board OPENMV3 property.py [SEED [SEQUENCES]]
import random

from harness import *

DEFAULT_SEED = 1
DEFAULT_SEQUENCES = 100
OPERATIONS = 40
# More than the cache of any camera holds, where the storage is that large.
WINDOW = min(STORAGE, 160 * 1024)


class Part:
    """An object over a part of the window, and the unit of its simple form."""

    def __init__(self, base):
        blocks = WINDOW // NATIVE
        first = random.randrange(blocks)
        self.start = first * NATIVE
        self.length = (1 + random.randrange(blocks - first)) * NATIVE
        self.block = SIMPLE
        self.flash = pyb.Flash(start=base + self.start, len=self.length)


class Sequence:
    def __init__(self, seed, number):
        random.seed(seed * 100003 + number)
        self.base = random.randrange((STORAGE - WINDOW) // NATIVE + 1) * NATIVE
        self.whole = pyb.Flash(start=self.base, len=WINDOW)
        self.whole.writeblocks(0, b"\xff" * WINDOW)
        self.model = bytearray(b"\xff" * WINDOW)
        self.parts = [Part(self.base) for _ in range(5)]
        self.operations = (
            self.write_simple,
            self.write_simple,
            self.write_drive,
            self.program,
            self.program,
            self.program_over_other_bytes,
            self.erase,
            self.read_simple,
            self.read_extended,
            self.change_mode,
            self.sync,
            self.idle,
            self.soft_reset,
        )

    def _data(self, length):
        kind = random.randrange(4)
        if kind == 0:
            return b"\xff" * length
        seed = random.getrandbits(16)
        return bytes((seed & 0xFF,)) * length if kind == 1 else pattern(length, seed)

    def _some_blocks(self, length, block, most=24):
        """(first block, bytes) of a random run of blocks."""
        first = random.randrange(length // block)
        return first, block * (1 + random.randrange(min(most, length // block - first)))

    def _some_bytes(self, length):
        """(offset, bytes) of a random run of bytes."""
        at = random.randrange(length)
        return at, 1 + random.randrange(min(random.choice((1, 40, 700)), length - at))

    def write_simple(self):
        part = random.choice(self.parts)
        first, size = self._some_blocks(part.length, part.block)
        data = self._data(size)
        part.flash.writeblocks(first, data)
        at = part.start + first * part.block
        self.model[at : at + size] = data

    def write_drive(self):
        first, size = self._some_blocks(WINDOW, SIMPLE, 4)
        data = self._data(size)
        pyb.Flash().writeblocks(0x100 + self.base // SIMPLE + first, data)
        self.model[first * SIMPLE : first * SIMPLE + size] = data

    def program(self):
        part = random.choice(self.parts)
        at, size = self._some_bytes(part.length)
        begin, end = part.start + at, part.start + at + size
        data = bytes(a & b for a, b in zip(self._data(size), self.model[begin:end]))
        part.flash.writeblocks(at // NATIVE, data, at % NATIVE)
        self.model[begin:end] = data

    def program_over_other_bytes(self):
        part = random.choice(self.parts)
        at = random.randrange(part.length)
        old = self.model[part.start + at]
        if old != 0xFF:
            fails(EIO, part.flash.writeblocks, at // NATIVE, bytes((~old & 0xFF,)), at % NATIVE)

    def erase(self):
        part = random.choice(self.parts)
        block = random.randrange(part.length // NATIVE)
        part.flash.ioctl(6, block)
        at = part.start + block * NATIVE
        self.model[at : at + NATIVE] = b"\xff" * NATIVE

    def read_simple(self):
        part = random.choice(self.parts)
        first, size = self._some_blocks(part.length, part.block)
        buf = bytearray(size)
        part.flash.readblocks(first, buf)
        at = part.start + first * part.block
        assert buf == self.model[at : at + size], "simple read of %d bytes at %d" % (size, at)

    def read_extended(self):
        part = random.choice(self.parts)
        at, size = self._some_bytes(part.length)
        buf = bytearray(size)
        part.flash.readblocks(at // NATIVE, buf, at % NATIVE)
        at += part.start
        assert buf == self.model[at : at + size], "extended read of %d bytes at %d" % (size, at)

    def change_mode(self):
        part = random.choice(self.parts)
        extended = random.randrange(2)
        part.flash.ioctl(1, extended)
        part.block = NATIVE if extended else SIMPLE

    def sync(self):
        random.choice(self.parts).flash.ioctl(3, 0)
        assert in_flash(WINDOW, self.base) == self.model, "in the flash after a sync"

    def idle(self):
        sim.advance_ms(random.randrange(2 * IDLE_MS))

    def soft_reset(self):
        sim.reset()
        assert in_flash(WINDOW, self.base) == self.model, "in the flash after a soft reset"

    def run(self):
        for _ in range(OPERATIONS):
            random.choice(self.operations)()
        buf = bytearray(WINDOW)
        self.whole.readblocks(0, buf)
        assert buf == self.model, "the whole window at the end"


def main():
    numbers = [int(argument) for argument in sys.argv[1:]]
    seed = numbers[0] if numbers else DEFAULT_SEED
    sequences = numbers[1] if len(numbers) > 1 else DEFAULT_SEQUENCES
    print("# seed %d" % seed)
    for number in range(sequences):
        try:
            Sequence(seed, number).run()
        except Exception as error:
            print("FAILED sequence %d of seed %d" % (number, seed))
            sys.print_exception(error)
            sys.exit(1)
    print("ok %d sequences" % sequences)


main()
