# Mounts the camera's storage at /flash as the firmware does.
#
# A filesystem that does not mount is somebody's data: nothing here writes to it. Only a storage that is
# blank to the last byte is formatted. A FAT on a translation layer is mounted through the layer.
import _camera
import errno
import flash
import os
import pyb
import sys
import vfs

_CHUNK_BYTES = 65536


def _u16(data, at):
    return data[at] | data[at + 1] << 8


def _u32(data, at):
    return _u16(data, at) | _u16(data, at + 2) << 16


class _Storage:
    """The storage, to be looked at only."""

    def __init__(self):
        self._flash = pyb.Flash(start=0)
        self.sector_bytes = self._flash.ioctl(5, 0)
        self.size_bytes = self._flash.ioctl(4, 0) * self.sector_bytes
        self._flash.ioctl(1, 1)
        self.block_bytes = self._flash.ioctl(5, 0)

    def read(self, at, length):
        data = bytearray(min(length, self.size_bytes - at))
        self._flash.readblocks(at // self.block_bytes, data, at % self.block_bytes)
        return data

    def is_blank(self):
        blank = b"\xff" * _CHUNK_BYTES
        for at in range(0, self.size_bytes, _CHUNK_BYTES):
            data = self.read(at, _CHUNK_BYTES)
            if data != (blank if len(data) == _CHUNK_BYTES else blank[: len(data)]):
                return False
        return True


def _littlefs_in(block):
    """(class, length in bytes) by the superblock in this block: SPEC.md of littlefs v1 and v2."""
    if block[8:16] == b"littlefs":
        return vfs.VfsLfs2, _u32(block, 24) * _u32(block, 28)
    if block[40:48] == b"littlefs":
        return vfs.VfsLfs1, _u32(block, 28) * _u32(block, 32)
    return None


def _begins_at_block_1(storage, blocks):
    """Is what block 1 and its copy behind it say a littlefs that begins there?"""
    found = _littlefs_in(blocks[1])
    if _littlefs_in(blocks[0]) or not found or _littlefs_in(storage.read(2 * storage.block_bytes, 64)) != found:
        return False
    return found[1] + storage.block_bytes <= storage.size_bytes


def _is_torn_littlefs(block):
    # The first tag of a v2 superblock block is always the same; a v2 or v1 magic may be cut short.
    if block[4:8] == b"\xf0\x0f\xff\xf7":
        return True
    return block[8:12] == b"litt" or block[40:44] == b"litt"


def _is_fat_boot_sector(sector):
    # Jump instruction, signature, and a sector size that FAT can have.
    return (
        sector[0] in (0xEB, 0xE9)
        and sector[510:512] == b"\x55\xaa"
        and _u16(sector, 11) in (512, 1024, 2048, 4096)
    )


def _fault_of_fat(storage, sector):
    """What FatFs would not notice before it writes; None if there is nothing."""
    sector_bytes = _u16(sector, 11)
    total_sectors = _u16(sector, 19) or _u32(sector, 32)
    if total_sectors * sector_bytes > storage.size_bytes:
        return "it was made for a larger storage"
    table = _u16(sector, 14) * sector_bytes
    if not 0 < table < storage.size_bytes:
        return "its boot sector is damaged"
    # Every formatter puts the media byte into the table's first entry, and ones above it.
    if storage.read(table, 2) != bytes((sector[21], 0xFF)):
        return "its allocation table is damaged"
    return None


def _has_fat_remains(storage, head):
    if head[510:512] == b"\x55\xaa" or head[54:57] == b"FAT" or head[82:85] == b"FAT":
        return True
    # An allocation table behind the reserved sectors: media byte, then ones.
    table_starts = range(storage.sector_bytes, len(head) - 2, storage.sector_bytes)
    return any(head[at : at + 3] in (b"\xf8\xff\xff", b"\xf0\xff\xff") for at in table_starts)


_OTHER_FILESYSTEMS = (
    (3, b"EXFAT   ", "exFAT"),
    (3, b"NTFS    ", "NTFS"),
    (0, b"\xd2\xcd\x31", "a MicroPython ROMFS"),
    (0, b"hsqs", "squashfs"),
    (1080, b"\x53\xef", "a Linux ext filesystem"),
)


def _description(storage, head, blocks):
    for at, magic, name in _OTHER_FILESYSTEMS:
        if head[at : at + len(magic)] == magic:
            return name + ", which the camera cannot mount"
    if any(_is_torn_littlefs(block) for block in blocks):
        return "what looks like a half-written littlefs"
    if _has_fat_remains(storage, head):
        return "what looks like a damaged FAT filesystem"
    return "unknown data, no filesystem"


def _format_blank():
    vfs.VfsFat.mkfs(pyb.Flash(start=0))
    fat = vfs.VfsFat(pyb.Flash())
    label = _camera.board_label()
    if label:
        _camera.set_label(fat, label)
    vfs.mount(fat, "/flash")


def _mount_littlefs(superblocks):
    # There are two, and a cut of the power may have left one of them with a length that is not its own. The
    # filesystem itself knows which of them holds; with no right length at all, it tells what is wrong.
    for kind, length in superblocks + [(superblocks[0][0], -1)]:
        try:
            return vfs.mount(kind(pyb.Flash(start=0, len=length)), "/flash")
        except ValueError:  # no length for this storage
            pass
        except OSError as error:
            if length == -1 or error.errno == errno.EIO:
                raise


def _mount_fat():
    vfs.mount(vfs.VfsFat(pyb.Flash()), "/flash")


def _layer(storage):
    """(translation layer, what else is known of it); no layer: (None, why, or None if there is no trace)."""
    # Each of its segments begins so; a look at all that a mount looks at takes long.
    starts = range(0, storage.size_bytes, storage.block_bytes)
    if not any(storage.read(at, 4) == b"pFTL" for at in starts):
        return None, None
    try:
        return flash.Ftl(pyb.Flash(start=0)), None
    except ValueError:  # not enough room for one
        return None, None
    except OSError as error:
        if error.errno != errno.ENODEV:
            raise
        why = error.args[1]
        return None, why if why.startswith("a flash.Ftl") else None


def _mount_layer(layer):
    try:
        vfs.mount(vfs.VfsFat(layer), "/flash")
    except OSError as error:
        if error.errno == errno.EIO:
            raise
        return "a translation layer (flash.Ftl), and on it no FAT that mounts (errno %d)" % error.errno


def _mount(storage):
    """Mounts what is there, or what a blank storage gets. Returns what else was found."""
    blocks = [storage.read(n * storage.block_bytes, 64) for n in (0, 1)]
    head = storage.read(0, _CHUNK_BYTES)
    littlefs = [found for found in map(_littlefs_in, blocks) if found]
    if _begins_at_block_1(storage, blocks):
        return "unknown data, and a littlefs behind it, at pyb.Flash(start=%d)" % storage.block_bytes
    if littlefs:
        what = "littlefs v2" if littlefs[0][0] is vfs.VfsLfs2 else "littlefs v1"
        mount, fault = lambda: _mount_littlefs(littlefs), None
    elif _is_fat_boot_sector(head):
        what = "FAT"
        mount, fault = _mount_fat, _fault_of_fat(storage, head)
    elif storage.is_blank():
        return _format_blank()
    else:
        layer, why = _layer(storage)
        return _mount_layer(layer) if layer else why or _description(storage, head, blocks)
    try:
        if not fault:
            return mount()
    except OSError as error:
        if error.errno == errno.EIO:
            raise
        fault = "it does not mount (errno %d)" % error.errno
    return "a damaged %s filesystem: %s" % (what, fault)


def _say(found, is_readable):
    print("/flash is not mounted: the storage holds %s." % found)
    start_afresh = "vfs.VfsFat.mkfs(pyb.Flash(start=0))"
    if is_readable:
        print("Nothing was written. pyb.Flash(start=0).readblocks(0, buf) reads its bytes as they are.")
    else:
        print("Nothing was written. pyb.Flash(start=0).readblocks(n, buf) reads those blocks that can be read.")
        # mkfs looks at what is there before it writes.
        start_afresh = (
            "p = pyb.Flash(start=0); p.ioctl(1, 1); [p.ioctl(6, n) for n in range(p.ioctl(4, 0))]; "
            "vfs.VfsFat.mkfs(p)"
        )
    print("To start afresh, which loses what is there: import vfs, pyb; %s" % start_afresh)


def run():
    is_readable = True
    try:
        found = _mount(_Storage())
    except OSError as error:
        if error.errno == errno.ETIMEDOUT:
            return print("/flash is not mounted: the flash stays busy (%s). Ctrl-D tries again." % error)
        found = "what cannot be read (%s)" % error
        is_readable = False
    if found is not None:
        return _say(found, is_readable)
    os.chdir("/flash")
    sys.path.extend(path for path in ("/flash", "/flash/lib") if path not in sys.path)
