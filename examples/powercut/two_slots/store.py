"""Settings in two places of the flash, which are written in turn.

What was saved last is never touched while the next settings are written. A number tells which of the two
is newer, and a checksum whether it is whole.

The places are half a storage apart, so that no erase sector holds both. (The storage of the OpenMV Cam H7
is one sector, and there no store can do it like this.)
"""

import binascii
import json
import pyb
import struct


class Store:
    HEADER = "<III"  # checksum of all that follows, number, length of the text

    def __init__(self):
        storage = pyb.Flash(start=0)
        storage.ioctl(1, 1)  # count in native blocks, of which partitions are made
        native_bytes = storage.ioctl(5, 0)
        half = storage.ioctl(4, 0) // 2 * native_bytes
        self._slots = [pyb.Flash(start=0, len=half), pyb.Flash(start=half)]
        self._block_bytes = self._slots[0].ioctl(5, 0)

    def _read(self, slot):
        """(number, settings); the number is 0 if nothing whole is there."""
        block = bytearray(self._block_bytes)
        try:
            slot.readblocks(0, block)
        except OSError:  # an STM32H7 refuses to read words that were being written
            return 0, None
        checksum, number, length = struct.unpack_from(self.HEADER, block)
        if length > len(block) or binascii.crc32(block[4 : 12 + length]) != checksum:
            return 0, None
        return number, json.loads(block[12 : 12 + length])

    def _number(self, slot):
        return self._read(slot)[0]

    def save(self, settings):
        older, newer = sorted(self._slots, key=self._number)
        text = json.dumps(settings).encode()
        data = struct.pack("<II", self._number(newer) + 1, len(text)) + text
        data = struct.pack("<I", binascii.crc32(data)) + data
        older.writeblocks(0, data + b"\0" * (self._block_bytes - len(data)))
        older.ioctl(3, 0)  # it is in the flash when save returns

    def load(self):
        """The settings that were saved last; None if there are none."""
        return self._read(max(self._slots, key=self._number))[1]
