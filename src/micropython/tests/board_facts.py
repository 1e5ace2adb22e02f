# The cameras as Python sees them, written out. For MicroPython and CPython alike.


class Board:
    def __init__(self, storage_offset, storage_bytes, sector_bytes, simple_bytes, native_bytes, idle_ms):
        self.storage_offset = storage_offset  # in the flash, and so in an image
        self.storage_bytes = storage_bytes
        self.sector_bytes = sector_bytes
        self.simple_bytes = simple_bytes
        self.native_bytes = native_bytes
        self.idle_ms = idle_ms


BOARDS = {
    "OPENMV2": Board(32768, 32768, 16384, 512, 512, 5000),
    "OPENMV3": Board(32768, 98304, 32768, 512, 512, 5000),
    "OPENMV4": Board(131072, 131072, 131072, 512, 512, 5000),
    "OPENMV4P": Board(0, 25165824, 4096, 512, 4096, 1000),
    "OPENMVPT": Board(0, 25165824, 4096, 512, 4096, 1000),
    "OPENMV_N6": Board(4194304, 4194304, 4096, 4096, 4096, 1000),
    "ARDUINO_PORTENTA_H7": Board(0, 11534336, 4096, 512, 4096, 1000),
    "ARDUINO_GIGA": Board(0, 11534336, 4096, 512, 4096, 1000),
    "ARDUINO_NICLA_VISION": Board(0, 11534336, 4096, 512, 4096, 1000),
}
