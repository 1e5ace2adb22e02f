"""A log on raw blocks: no filesystem, but a storage system of your own in a page of Python.

    ./pybflash run --no-mount --image log.bin examples/raw_log.py     (once more: it goes on)

The log is a ring of slots. Records are appended; when the ring comes round to a block, that block is
erased and its old records go. So all blocks wear alike, and the newest records are always there.
After a power cut the log finds its place again: a record counts only if its checksum does.
"""

import binascii
import os
import pyb
import struct
import sys
import vfs

LOG_BLOCKS = 16


class RingLog:
    # A word that says what this is, sequence number, length, text; then their checksum. 32 bytes are what
    # the STM32H7 programs at once, and only once between two erases: smaller records would make it erase
    # for each.
    MAGIC = b"rlog"
    RECORD = "<4sIB19s"
    RECORD_BYTES = 28
    TEXT_BYTES = 19
    SLOT_BYTES = 32
    BLANK = b"\xff" * SLOT_BYTES

    def __init__(self, flash):
        self._flash = flash
        flash.ioctl(1, 1)  # count in native blocks: what ioctl(6, n) erases
        self._block_bytes = flash.ioctl(5, 0)
        self._slots_per_block = self._block_bytes // self.SLOT_BYTES
        self._slot_count = flash.ioctl(4, 0) * self._slots_per_block
        self.is_foreign = False  # something that is no log lies here
        self._recover()

    def _read_slot(self, slot):
        data = bytearray(self.SLOT_BYTES)
        block, index = divmod(slot, self._slots_per_block)
        try:
            self._flash.readblocks(block, data, index * self.SLOT_BYTES)
        except OSError:  # an STM32H7 refuses to read words that were being written
            return bytes(self.SLOT_BYTES)  # neither blank nor a record
        return data

    def _record_in(self, slot):
        """(sequence number, text), or None where no whole record is."""
        data = self._read_slot(slot)
        magic, sequence, length, text = struct.unpack_from(self.RECORD, data)
        (checksum,) = struct.unpack_from("<I", data, self.RECORD_BYTES)
        if magic != self.MAGIC or binascii.crc32(data[: self.RECORD_BYTES]) != checksum:
            return None
        return sequence, text[:length]

    def _recover(self):
        self._sequence, newest = 0, None
        blank = True
        for slot in range(self._slot_count):
            record = self._record_in(slot)
            if record and record[0] > self._sequence:
                self._sequence, newest = record[0], slot
            # In slot 0, a power cut may have torn the very first record.
            blank = blank and (slot == 0 or self._read_slot(slot) == self.BLANK)
        if newest is None:
            self._next = 0
            self.is_foreign = not blank
            return
        self._next = (newest + 1) % self._slot_count
        # A record that a power cut tore spoils its slot until the block is erased.
        while self._next % self._slots_per_block and self._read_slot(self._next) != self.BLANK:
            self._next = (self._next + 1) % self._slot_count

    def append(self, text):
        text = text[: self.TEXT_BYTES]
        self._sequence += 1
        record = struct.pack(self.RECORD, self.MAGIC, self._sequence, len(text), text)
        block, index = divmod(self._next, self._slots_per_block)
        if index == 0:
            self._flash.ioctl(6, block)
        self._flash.writeblocks(
            block, record + struct.pack("<I", binascii.crc32(record)), index * self.SLOT_BYTES
        )
        self._flash.ioctl(3, 0)  # it is in the flash when append returns
        self._next = (self._next + 1) % self._slot_count

    def records(self):
        """All of them, oldest first."""
        for i in range(self._slot_count):
            record = self._record_in((self._next + i) % self._slot_count)
            if record:
                yield record


def make_room():
    """Gives up a /flash that holds no file; a blank storage was just formatted when that was mounted."""
    if not any(where == "/flash" for _, where in vfs.mount()) or os.listdir("/flash"):
        print("The first blocks of the storage hold something that is no log, and a log would destroy it.")
        print(
            "Use another --image; or erase them: pyb.Flash(start=0).ioctl(6, n) for n in 0..%d."
            % (LOG_BLOCKS - 1)
        )
        sys.exit(1)
    vfs.umount("/flash")


def native_block_bytes():
    flash = pyb.Flash(start=0)
    flash.ioctl(1, 1)
    return flash.ioctl(5, 0)


log = RingLog(pyb.Flash(start=0, len=LOG_BLOCKS * native_block_bytes()))
if log.is_foreign:
    make_room()

before = sum(1 for _ in log.records())
print("Found %d record(s)." % before)
for i in range(5):
    log.append(b"measurement %d" % i)

print("The newest of %d now:" % sum(1 for _ in log.records()))
for sequence, text in list(log.records())[-8:]:
    print("%6d  %s" % (sequence, text.decode()))
