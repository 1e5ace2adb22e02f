#!/usr/bin/env python3
"""Runs MicroPython's own tests on our build.

    upstream.py --program build/release/src/cli/pybflash --micropython build/micropython-1.25.0

First the whole suite, as it is. Then its tests of filesystems and block devices once more, on every
board, with the RAM disk that they use replaced by pyb.Flash. Nothing of MicroPython is kept here: the
changed tests are made in a temporary folder, from the source tree.
"""

import argparse
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import tempfile

from board_facts import BOARDS

# They need the module unittest, which is in another repository, and end the whole run without it.
NEED_UNITTEST = r"extmod/(vfs_rom|machine1|marshal_micropython)\.py"

# Returns wrong values from its own block device, and so says nothing about ours.
TESTS_NO_DEVICE = {"vfs_blockdev_invalid.py"}

# Stands in for the tests' RAM disk, with the block size that their expected output tells of. Each of
# its blocks has native blocks of the flash for itself, so that both can be erased alone. Disks of one
# test lie one behind the other, and begin again where the storage ends: @ALL_BLOCKS@ is the sum over all
# disks that it has at the same time.
FLASH_DISK = '''
import pyb as _pyb

_whole = _pyb.Flash(start=0)
_simple = _whole.ioctl(5, 0)
_storage = _simple * _whole.ioctl(4, 0)
_whole.ioctl(1, 1)
_native = _whole.ioctl(5, 0)
_stride = (@SIZE@ + _native - 1) // _native
if @ALL_BLOCKS@ * _stride * _native > _storage:
    print("SKIP")
    raise SystemExit


class _Data:
    """Some tests look into the RAM of their disk, or spoil it."""

    def __init__(self, disk, length):
        self._disk, self._length = disk, length

    def __len__(self):
        return self._length

    def __contains__(self, what):
        data = bytearray(self._length)
        self._disk.readblocks(0, data, 0)
        return what in bytes(data)

    def __setitem__(self, at, value):
        block = bytearray(@CLASS@.@SIZE_NAME@)
        self._disk.readblocks(at // len(block), block, 0)
        block[at % len(block)] = value
        self._disk.writeblocks(at // len(block), block)


class @CLASS@:
    @SIZE_NAME@ = @SIZE@
    _next_start = 0

    def __init__(self, blocks):
        length = blocks * _stride * _native
        if @CLASS@._next_start + length > _storage:
            @CLASS@._next_start = 0
        self.flash = _pyb.Flash(start=@CLASS@._next_start, len=length)
        @CLASS@._next_start += length
        self.data = _Data(self, blocks * @SIZE@)
        self.ret = 0
        for block in range(blocks):
            self.ioctl(6, block)

    def _pieces(self, block, offset, length):
        """(native block, offset in it, place in the buffer, length) for each block touched."""
        done = 0
        while done < length:
            at = block * @SIZE@ + offset + done
            piece = min(@SIZE@ - at % @SIZE@, length - done)
            native, inside = divmod(at % @SIZE@, _native)
            yield at // @SIZE@ * _stride + native, inside, done, piece
            done += piece

    def readblocks(self, block, buf, offset=0):
        view = memoryview(buf)
        for native, inside, at, length in self._pieces(block, offset, len(buf)):
            self.flash.readblocks(native, view[at : at + length], inside)
        return self.ret

    def _write_whole_block(self, native, data):
        if @SIZE@ % _simple == 0:
            self.flash.writeblocks(native * _native // _simple, data)
        else:
            self.flash.ioctl(6, native)
            self.flash.writeblocks(native, data, 0)

    def writeblocks(self, block, buf, offset=None):
        view = memoryview(buf)
        for native, inside, at, length in self._pieces(block, offset or 0, len(buf)):
            if offset is None:
                self._write_whole_block(native, view[at : at + length])
            else:
                self.flash.writeblocks(native, view[at : at + length], inside)
        return self.ret

    def ioctl(self, command, argument):
        if command == 4:
            return len(self.data) // @SIZE@
        if command == 5:
            return @SIZE@
        if command == 6:
            for i in range(_stride):
                self.flash.ioctl(6, argument * _stride + i)
            return 0


'''


def with_flash_disk(source):
    """The test on pyb.Flash, or None if it has no RAM disk of the usual shape."""
    ram_disk = re.search(r"^class (RAMBlockDevice|RAMFS):\n(?:[ \t].*\n|\n)*", source, re.M)
    if not ram_disk or "def __init__(self, blocks):" not in ram_disk.group():
        return None
    name = ram_disk.group(1)
    size_name, size = re.search(r"(ERASE_BLOCK_SIZE|SEC_SIZE) = (\d+)", ram_disk.group()).groups()
    all_blocks = sum(int(blocks) for blocks in re.findall(name + r"\((\d+)\)", source))
    disk = FLASH_DISK
    for place, text in (
        ("CLASS", name),
        ("SIZE_NAME", size_name),
        ("SIZE", size),
        ("ALL_BLOCKS", str(all_blocks)),
    ):
        disk = disk.replace("@%s@" % place, text)
    return source[: ram_disk.start()] + disk + source[ram_disk.end() :]


def make_flash_tests(tests, folder):
    """Writes the changed tests; returns their paths."""
    made = []
    for test in sorted((tests / "extmod").glob("vfs_*.py")):
        changed = with_flash_disk(test.read_text())
        if changed is None or test.name in TESTS_NO_DEVICE:
            continue
        path = folder / test.name
        path.write_text(changed)
        shutil.copy(str(test) + ".exp", folder)
        made.append(path)
    return made


def make_wrapper(program, board, folder):
    """run-tests.py wants one program, without arguments."""
    wrapper = folder / ("micropython-" + board)
    wrapper.write_text('#!/bin/sh\nexec "%s" --plain=%s "$@"\n' % (program, board))
    wrapper.chmod(0o755)
    return wrapper


def run_tests(tests, wrapper, results, *arguments):
    """(passed, failed). Some tests look at the clock and fail on a machine that is busy: one more try."""
    results.mkdir()
    passed, failed = run_suite(tests, wrapper, results, *arguments)
    if passed and failed:
        print("    the failed ones once more", flush=True)
        passed_now, failed = run_suite(tests, wrapper, results, *arguments, "--run-failures", "-j", "1")
        passed += passed_now
    return passed, failed


def run_suite(tests, wrapper, results, *arguments):
    """(passed, failed). The suite fails as a whole if it does not come to its end."""
    # select_poll_fd.py fails with a limit above 6000.
    limit = min(1024, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    environment = {
        "PATH": os.environ["PATH"],
        "LC_ALL": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(results),
        "MICROPY_MICROPYTHON": str(wrapper),
    }
    done = subprocess.run(
        [sys.executable, "run-tests.py", "-r", results, *arguments],
        cwd=tests,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit)),
    )
    passed = re.search(r"^(\d+) tests passed", done.stdout, re.M)
    failed = re.search(r"^(\d+) tests failed: (.*)", done.stdout, re.M)
    skipped = re.search(r"^(\d+) tests skipped", done.stdout, re.M)
    if not passed or (done.returncode != 0 and not failed):
        print("    " + done.stdout[-3000:].strip().replace("\n", "\n    "))
        return int(passed.group(1)) if passed else 0, 1
    counts = int(passed.group(1)), int(failed.group(1)) if failed else 0
    print(
        "    %d passed, %d failed, %s skipped" % (*counts, skipped.group(1) if skipped else "0"), flush=True
    )
    if failed:
        print("    failed: " + failed.group(2))
        for output in sorted(results.glob("*.out")):
            print("    ---- %s\n%s" % (output.name, output.read_text(errors="replace")[-1500:]))
    return counts


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--program", required=True, type=pathlib.Path, help="the built pybflash")
    parser.add_argument("--micropython", required=True, type=pathlib.Path, help="MicroPython's source tree")
    parser.add_argument(
        "--boards", default="all", help="for the tests on pyb.Flash: all, or names with commas between"
    )
    parser.add_argument("--only-flash", action="store_true", help="leave out the whole suite")
    return parser.parse_args()


def main():
    options = parse_arguments()
    program, tests = options.program.resolve(), options.micropython.resolve() / "tests"
    boards = list(BOARDS) if options.boards == "all" else options.boards.upper().split(",")
    counts = []
    with tempfile.TemporaryDirectory(prefix="pybflash-") as temporary:
        folder = pathlib.Path(temporary)
        if not options.only_flash:
            print("MicroPython's whole suite", flush=True)
            wrapper = make_wrapper(program, "OPENMV4P", folder)
            counts.append(run_tests(tests, wrapper, folder / "suite", "-e", NEED_UNITTEST))
        (folder / "tests").mkdir()
        flash_tests = make_flash_tests(tests, folder / "tests")
        for board in boards:
            print(
                "MicroPython's %d tests of block devices on pyb.Flash: %s" % (len(flash_tests), board),
                flush=True,
            )
            wrapper = make_wrapper(program, board, folder)
            counts.append(run_tests(tests, wrapper, folder / board, *flash_tests))
    passed, failed = (sum(column) for column in zip(*counts))
    print("%d passed, %d failed" % (passed, failed))
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
