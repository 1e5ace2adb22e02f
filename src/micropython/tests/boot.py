"""What the boot does with a storage in any condition: it mounts, or it says why not and writes nothing."""

import random

from cases import case

LOOK = """
import os, sim, vfs
mounts = [(type(fs).__name__, path) for fs, path in vfs.mount() if path == "/flash"]
print("MOUNTS", mounts, "CWD", os.getcwd())
print("WORK", sim.stats()["programs"] + sim.stats()["erases"])
"""


def boot_refuses(camera, *words):
    """Boots; the boot must say each of these, mount nothing and leave every byte as it was."""
    before = camera.image.read_bytes()
    text = camera.run_code(LOOK)
    assert "/flash is not mounted" in text, text
    for word in words:
        assert word in text, "%r is not said:\n%s" % (word, text)
    assert "MOUNTS []" in text, text
    assert "WORK 0" in text, text
    assert camera.image.read_bytes() == before, "the boot changed the image"
    # The prompt comes up as well, without /flash.
    prompt = camera.type("print(6 * 7)\n")
    assert "/flash is not mounted" in prompt and "42" in prompt, prompt
    assert camera.image.read_bytes() == before, "the prompt changed the image"


def boot_mounts(camera, kind):
    text = camera.run_code(LOOK)
    assert "MOUNTS [('%s', '/flash')] CWD /flash" % kind in text, text
    return text


def formatted(camera, kind):
    """An image with a filesystem of this kind and a file."""
    camera.make_blank_image()
    camera.run_code(
        "import vfs, pyb\n"
        "vfs.{0}.mkfs(pyb.Flash(start=0))\n"
        "vfs.mount(vfs.{0}(pyb.Flash(start=0)), '/new')\n"
        "with open('/new/kept.txt', 'w') as f: f.write('kept')\n"
        "vfs.umount('/new')\n".format(kind),
        mount=False,
    )


def noise(seed, length):
    return random.Random(seed).randbytes(length)


@case()
def a_blank_storage_becomes_fat(camera):
    camera.make_blank_image()
    boot_mounts(camera, "VfsFat")
    camera.run_code("open('kept.txt', 'w').write('kept')")
    assert "kept" in camera.run_code("print(open('/flash/kept.txt').read())")
    assert "WORK 0" in boot_mounts(camera, "VfsFat"), "the second boot wrote something"


@case()
def only_a_storage_that_is_blank_to_the_last_byte_is_formatted(camera):
    for at in (camera.board.storage_bytes - 1, camera.board.storage_bytes // 2):
        camera.make_blank_image()
        camera.set_storage(b"\xfe", at)
        boot_refuses(camera, "unknown data")


@case()
def a_fat_is_mounted(camera):
    formatted(camera, "VfsFat")
    boot_mounts(camera, "VfsFat")
    assert "kept" in camera.run_code("print(open('kept.txt').read())")


LAYER = """
import flash, pyb, vfs
flash.Ftl.mkfs(pyb.Flash(start=0))
layer = flash.Ftl(pyb.Flash(start=0))
if %s:
    vfs.VfsFat.mkfs(layer)
    vfs.mount(layer, "/new")
    with open("/new/kept.txt", "w") as f: f.write("kept")
    vfs.umount("/new")
"""


@case()
def a_fat_on_a_translation_layer_is_mounted(camera):
    camera.make_blank_image()
    has_fat = camera.board.storage_bytes > 32 * 1024  # less has too few blocks for one
    camera.run_code(LAYER % has_fat, mount=False)
    if not has_fat:
        boot_refuses(camera, "a translation layer", "no FAT that mounts")
        return
    assert "WORK 0" in boot_mounts(camera, "VfsFat")
    assert "kept" in camera.run_code("print(open('kept.txt').read())")


@case()
def littlefs_is_mounted_by_its_version(camera):
    for kind in ("VfsLfs1", "VfsLfs2"):
        formatted(camera, kind)
        boot_mounts(camera, kind)
        assert "kept" in camera.run_code("print(open('kept.txt').read())")


@case()
def littlefs_is_found_by_its_second_superblock(camera):
    for kind in ("VfsLfs1", "VfsLfs2"):
        formatted(camera, kind)
        camera.set_storage(b"\xff" * camera.board.native_bytes)
        boot_mounts(camera, kind)


@case()
def a_torn_superblock_gives_no_wrong_length(camera):
    # A cut in the program of one superblock: bits of its length are still 1. The other one holds.
    length = 32 * camera.board.native_bytes
    for first in (0, 1):
        for blocks in (33, 48, 0xFFFFFFFF):
            camera.make_blank_image()
            camera.run_code(
                "import vfs, pyb\nvfs.VfsLfs2.mkfs(pyb.Flash(start=0, len=%d))" % length, mount=False
            )
            camera.set_storage(blocks.to_bytes(4, "little"), first * camera.board.native_bytes + 28)
            boot_mounts(camera, "VfsLfs2")


@case()
def a_littlefs_shorter_than_the_storage_is_mounted(camera):
    camera.make_blank_image()
    length = 32 * camera.board.native_bytes
    camera.run_code("import vfs, pyb\nvfs.VfsLfs2.mkfs(pyb.Flash(start=0, len=%d))" % length, mount=False)
    boot_mounts(camera, "VfsLfs2")
    text = camera.run_code("import os\nprint(os.statvfs('/flash')[2] * os.statvfs('/flash')[0])")
    assert text.split() == [str(length)], text


@case()
def random_bytes_are_left_alone(camera):
    for seed in range(3):
        camera.make_blank_image()
        camera.set_storage(noise(seed, camera.board.storage_bytes))
        boot_refuses(camera, "unknown data")


@case()
def zeros_are_left_alone(camera):
    camera.make_blank_image()
    camera.set_storage(bytes(camera.board.storage_bytes))
    boot_refuses(camera, "unknown data")


@case()
def a_damaged_boot_sector_is_left_alone(camera):
    formatted(camera, "VfsFat")
    whole = camera.storage()
    for at, damage in (
        (0, bytes(512)),
        (0, b"\xff" * 512),
        (0, noise(1, 512)),
        (510, b"\0\0"),
        (3, noise(2, 60)),
    ):
        camera.set_storage(whole)
        camera.set_storage(damage, at)
        boot_refuses(camera, "damaged FAT")


@case()
def a_damaged_allocation_table_is_left_alone(camera):
    formatted(camera, "VfsFat")
    whole = camera.storage()
    for damage in (bytes(512), b"\xff" * 512, noise(3, 512)):
        camera.set_storage(whole)
        camera.set_storage(damage, camera.board.simple_bytes)
        boot_refuses(camera, "damaged FAT")


@case()
def a_fat_of_a_larger_storage_is_left_alone(camera):
    formatted(camera, "VfsFat")
    sectors = camera.board.storage_bytes // camera.board.simple_bytes + 1
    camera.set_storage(sectors.to_bytes(2, "little"), 19)
    boot_refuses(camera, "FAT", "larger storage")


@case()
def a_half_written_littlefs_superblock_is_left_alone(camera):
    formatted(camera, "VfsLfs2")
    whole = camera.storage()
    native = camera.board.native_bytes
    for written in (8, 10, 14, 16, 24, 31, 40):
        camera.set_storage(whole)
        camera.set_storage(b"\xff" * (2 * native - written), written)
        boot_refuses(camera, "littlefs")


@case()
def a_half_erased_littlefs_superblock_is_left_alone(camera):
    formatted(camera, "VfsLfs2")
    native = camera.board.native_bytes
    camera.set_storage(bytes(24), 20)
    camera.set_storage(bytes(24), native + 20)
    boot_refuses(camera, "damaged littlefs")


@case()
def a_damaged_littlefs_1_is_left_alone(camera):
    formatted(camera, "VfsLfs1")
    native = camera.board.native_bytes
    for block in (0, 1):
        camera.set_storage(noise(4, 8), block * native + 20)
    boot_refuses(camera, "damaged littlefs")


@case()
def other_filesystems_are_named(camera):
    for at, magic, name in ((3, b"EXFAT   ", "exFAT"), (3, b"NTFS    ", "NTFS"), (0x438, b"\x53\xef", "ext")):
        camera.make_blank_image()
        camera.set_storage(magic, at)
        boot_refuses(camera, name)


@case()
def any_read_error_is_told_and_nothing_formatted(camera):
    for kind in ("VfsFat", "VfsLfs1", "VfsLfs2"):
        formatted(camera, kind)
        before = camera.image.read_bytes()
        text = camera.run_code(
            "import pyb, sim, vfs\n"
            "def is_mounted(): return any(path == '/flash' for fs, path in vfs.mount())\n"
            "failures = 1\n"
            "while True:\n"
            "    sim.fail('read', failures)\n"
            "    sim.reset()\n"
            "    if is_mounted(): break\n"
            "    failures += 1\n"
            "print('FAILURES', failures - 1)\n"
            "try:\n"  # the last failure still waits for its read; one block would come from the cache
            "    while True: pyb.Flash(start=0).readblocks(0, bytearray(16384), 0)\n"
            "except OSError: pass\n" + LOOK
        )
        failures = int(text.split("FAILURES")[1].split()[0])
        assert failures >= 4, "the boot cannot have read so little:\n" + text
        assert text.count("cannot be read") == failures and text.count("[Errno 5] EIO") == failures, text
        assert "WORK 0" in text and "MOUNTS [('%s', '/flash')]" % kind in text, text
        assert camera.image.read_bytes() == before


@case()
def a_littlefs_that_begins_at_block_1_is_not_mounted(camera):
    if camera.board.storage_bytes == camera.board.sector_bytes:
        return
    for kind in ("VfsLfs1", "VfsLfs2"):
        camera.make_blank_image()
        camera.run_code(
            "import vfs, pyb\n"
            "size = %d\n"
            "pyb.Flash(start=0).writeblocks(0, b'mine' * (size // 4))\n"
            "vfs.%s.mkfs(pyb.Flash(start=size))" % (camera.board.native_bytes, kind),
            mount=False,
        )
        boot_refuses(camera, "unknown data, and a littlefs behind it, at pyb.Flash(start=%d)" % camera.board.native_bytes)


@case()
def a_flash_that_stays_busy_is_not_called_damaged(camera):
    for kind in ("VfsFat", "VfsLfs1", "VfsLfs2"):
        formatted(camera, kind)
        screen = camera.type(
            "import sim, pyb\n"
            "part = pyb.Flash(start=0)\n"
            "part.writeblocks(part.ioctl(4, 0) - 1, bytes(part.ioctl(5, 0)))\n"
            "sim.fail('busy')\n"
            "\x04"
            "import sim; sim.fail(None)\n"
            "\x04"
            "print(open('kept.txt').read())\n"
        )
        assert screen.count("/flash is not mounted: the flash stays busy ([Errno 110] ETIMEDOUT)") == 1, screen
        assert "afresh" not in screen and "\nkept" in screen, screen


@case()
def a_flash_that_gets_stuck_while_it_is_formatted(camera):
    camera.make_blank_image()
    screen = camera.type(
        "import sim, vfs, pyb\nvfs.umount('/flash')\npart = pyb.Flash(start=0)\n"
        "for n in range(part.ioctl(4, 0)): _ = part.ioctl(6, n)\n\n"
        "part.ioctl(3, 0)\nsim.fail('busy')\n"
        "\x04"
        "import sim; sim.fail(None)\n"
    )
    assert "the flash stays busy" in screen and "Nothing was written" not in screen, screen


@case()
def what_it_says_starts_the_storage_afresh(camera):
    if camera.board.storage_bytes > 4 << 20:
        return  # a minute, for nothing else
    fault = "import sim, pyb\nwhole = pyb.Flash(start=0)\n%s\nwhole.ioctl(3, 0)\nsim.reset()\n"
    for what in ("whole.writeblocks(0, b'unknown ' * (whole.ioctl(5, 0) // 8))", "sim.fail('read', 1)"):
        camera.make_blank_image()
        boot_mounts(camera, "VfsFat")
        text = camera.run_code(fault % what)
        assert "/flash is not mounted" in text, text
        camera.run_code(text.split("which loses what is there: ")[1].splitlines()[0], mount=False)
        assert "WORK 0" in boot_mounts(camera, "VfsFat")


@case()
def no_mount_looks_at_nothing(camera):
    camera.make_blank_image()
    text = camera.run_code(LOOK + "print('READ', sim.stats()['bytes_read'])", mount=False)
    assert "MOUNTS []" in text and "WORK 0" in text and "READ 0" in text, text
    assert camera.storage().count(0xFF) == camera.board.storage_bytes


@case()
def the_boot_leaves_no_names_behind(camera):
    camera.make_blank_image()
    look = "print(sorted(n for n in globals()))\nimport sys\nprint(sorted(sys.modules))"
    assert camera.run_code(look) == camera.run_code(look, mount=False)


@case()
def a_soft_reset_mounts_again(camera):
    camera.make_blank_image()
    text = camera.run_code(
        "import sim, sys\n"
        "with open('kept.txt', 'w') as f: f.write('kept')\n"
        "paths = list(sys.path)\n"
        "sim.reset()\n"
        "print(open('kept.txt').read(), paths == sys.path)\n" + LOOK
    )
    assert "kept True" in text and "[('VfsFat', '/flash')] CWD /flash" in text, text


@case()
def ctrl_d_at_the_prompt_mounts_again(camera):
    camera.make_blank_image()
    screen = camera.type(
        "f = open('kept.txt', 'w'); f.write('kept'); f.close()\n"
        "\x04"
        "print('still', open('kept.txt').read())\n"
    )
    assert "soft reboot" in screen and "still kept" in screen, screen


def wrong_bytes(random_numbers, first, end):
    """Places and values of a few wrong bytes, first <= place < end."""
    return [
        (
            random_numbers.randrange(first, end),
            random_numbers.choice((b"\0", b"\xff", random_numbers.randbytes(1))),
        )
        for _ in range(random_numbers.choice((1, 1, 3, 8)))
    ]


@case()
def wrong_bytes_in_a_superblock_never_make_the_boot_write(camera):
    # Whether it mounts what is left is the filesystem's affair.
    random_numbers = random.Random(5)
    for kind, end in (("VfsFat", 64), ("VfsLfs1", 60), ("VfsLfs2", 60)):
        formatted(camera, kind)
        whole = camera.storage()
        for _ in range(12):
            camera.set_storage(whole)
            for at, value in wrong_bytes(random_numbers, 0, end):
                camera.set_storage(value, at)
                if kind != "VfsFat":
                    camera.set_storage(value, camera.board.native_bytes + at)
            before = camera.image.read_bytes()
            text = camera.run_code(LOOK)
            assert "WORK 0" in text and "Traceback" not in text, text
            assert ("/flash is not mounted" in text) == ("MOUNTS []" in text), text
            assert camera.image.read_bytes() == before
