"""The recipes of "Working with filesystems" in MicroPython's documentation, typed as they stand there."""

import re

from cases import case

TYPED_RECIPES = {}  # heading -> lines of code; filled from MicroPython's source tree

FAT = "To format the entire flash using FAT::"
LITTLEFS = "To format the entire flash using littlefs v2::"
HYBRID = "and the remainder as littlefs::"
HYBRID_BYTES = 256 * 1024


def load(micropython):
    """Takes the STM32 part of each recipe out of the documentation."""
    text = (micropython / "docs/reference/filesystem.rst").read_text()
    for heading in (FAT, LITTLEFS, HYBRID):
        block = re.search(re.escape(heading) + r"\n\n((?:    .*\n|\n)+)", text).group(1)
        code = re.sub(r"^    ", "", block, flags=re.M)
        if "# STM32" in code:
            code = code.split("# STM32\n")[1]
        TYPED_RECIPES[heading] = code.strip() + "\n"


def format_by(camera, heading):
    """Types the recipe at the prompt of a camera that came up with its own filesystem."""
    camera.make_blank_image()
    screen = camera.type(TYPED_RECIPES[heading])
    assert "Traceback" not in screen, screen


def assert_survives(camera, kind, path="/flash", before=""):
    """Files written in one run are there in the next."""
    camera.run_code(
        before + "import os\nos.chdir('%s')\nos.mkdir('lib')\n"
        "for i in range(4):\n"
        "    with open('lib/%%d.bin' %% i, 'wb') as f: f.write(bytes((i,)) * 700)\n" % path
    )
    text = camera.run_code(
        before + "import os, vfs\n"
        "print([type(fs).__name__ for fs, path in vfs.mount() if path == '%s'])\n"
        "print([open('%s/lib/%%d.bin' %% i, 'rb').read() == bytes((i,)) * 700 for i in range(4)])"
        % (path, path)
    )
    assert text.splitlines()[-2:] == ["['%s']" % kind, "[True, True, True, True]"], text


@case()
def littlefs_on_the_whole_storage(camera):
    format_by(camera, LITTLEFS)
    assert_survives(camera, "VfsLfs2")


@case()
def fat_on_the_whole_storage(camera):
    format_by(camera, FAT)
    assert_survives(camera, "VfsFat")


@case()
def from_littlefs_to_fat_and_back(camera):
    format_by(camera, LITTLEFS)
    for heading, kind in ((FAT, "VfsFat"), (LITTLEFS, "VfsLfs2")):
        camera.type(TYPED_RECIPES[heading])
        assert_survives(camera, kind)


@case(fits=lambda board: board.storage_bytes > HYBRID_BYTES)
def fat_and_littlefs_side_by_side(camera):
    format_by(camera, HYBRID)
    assert_survives(camera, "VfsFat")
    mount_data = "import vfs, pyb\nvfs.mount(pyb.Flash(start=%d), '/data')\n" % HYBRID_BYTES
    assert_survives(camera, "VfsLfs2", "/data", mount_data)
