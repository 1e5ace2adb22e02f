"""Settings in one place of the flash, which is written over each time. Do not do this."""

import json
import pyb


class Store:
    def __init__(self):
        self._flash = pyb.Flash(start=0)
        self._block_bytes = self._flash.ioctl(5, 0)

    def save(self, settings):
        data = json.dumps(settings).encode()
        block = data + b"\0" * (self._block_bytes - len(data))
        self._flash.writeblocks(0, block)
        self._flash.ioctl(3, 0)  # it is in the flash when save returns

    def load(self):
        """The settings that were saved last; None if there are none."""
        block = bytearray(self._block_bytes)
        self._flash.readblocks(0, block)
        try:
            return json.loads(block.rstrip(b"\0"))
        except ValueError:
            return None
