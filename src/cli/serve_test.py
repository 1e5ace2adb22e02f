#!/usr/bin/env python3
"""Tests of `pybflash serve`: nbdinfo, nbdcopy, qemu-io and mtools on the drive of a camera.

    serve_test.py --program build/release/src/cli/pybflash
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import unittest
import urllib.parse

from tested_program import ProgramTest, parse_arguments

TIMEOUT_S = 60
FIRST_STORAGE_BLOCK = 256
PROGRAM = ""

# Board, bytes of a block: one of each kind.
BOARDS = (("OPENMV4P", 512), ("OPENMV_N6", 4096), ("OPENMV4", 512), ("OPENMV2", 512))


def call(*command, **options):
    return subprocess.run(command, capture_output=True, timeout=TIMEOUT_S, check=False, **options)


class ServeTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.image = str(self.folder / "cam.bin")
        self.server = None
        self.addCleanup(self.kill)

    def camera(self, code, board="OPENMV4P", image=None, options=()):
        command = [PROGRAM, "run", "--board", board, "--image", image or self.image, *options, "-c", code]
        return subprocess.run(command, capture_output=True, timeout=TIMEOUT_S, check=True).stdout

    def serve(self, *options, image=None):
        """The URI."""
        self.kill()
        image = image or self.image
        command = [PROGRAM, "serve", image, *options]
        self.server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        uri = "nbd+unix:///?socket=" + urllib.parse.quote(image + ".sock")
        self.said = [self.server.stdout.readline().decode() for _ in range(3)]
        self.assertIn(uri, self.said[1])
        deadline = time.monotonic() + TIMEOUT_S
        while not os.path.exists(image + ".sock") and time.monotonic() < deadline:
            time.sleep(0.02)
        return uri

    def kill(self):
        if self.server:
            self.server.kill()
            self.server.communicate()

    def end(self, number=signal.SIGINT):
        self.server.send_signal(number)
        errors = self.server.communicate(timeout=TIMEOUT_S)[1]
        self.assertEqual(self.server.returncode, 0, errors)
        return errors.decode()

    def check(self, *command):
        result = call(*command)
        self.assertEqual(result.returncode, 0, result)
        return result.stdout

    def qemu_io(self, uri, *commands):
        words = [word for command in commands for word in ("-c", command)]
        result = call("qemu-io", "-f", "raw", *words, uri)
        return result.returncode, (result.stdout + result.stderr).decode()


class Drive(ServeTest):
    def test_every_kind_of_board(self):
        for board, block in BOARDS:
            with self.subTest(board=board):
                self.image = str(self.folder / (board + ".bin"))
                self.camera("open('a.txt', 'w').write('from the camera')", board)
                uri = self.serve("--board", board)
                info = json.loads(self.check("nbdinfo", "--json", "--no-content", uri))["exports"][0]
                self.assertEqual(info["block_size_minimum"], block)
                self.assertTrue(info["can_flush"] and info["can_multi_conn"] and not info["is_read_only"])

                # As the camera's own singleton reads it.
                drive = self.folder / "drive.img"
                self.check("nbdcopy", uri, str(drive))
                self.assertEqual(drive.stat().st_size, info["export-size"])
                code = """
import pyb, sys
flash = pyb.Flash()
buf = bytearray(flash.ioctl(5, 0) * 16)
for n in range(0, flash.ioctl(4, 0), 16): flash.readblocks(n, buf); sys.stdout.buffer.write(buf)
"""
                self.end()
                self.assertEqual(self.camera(code, board), drive.read_bytes())

                # A PC's tools find the filesystem, and the camera what they put there.
                fat = f"{drive}@@{FIRST_STORAGE_BLOCK * block}"
                self.assertEqual(self.check("mtype", "-i", fat, "::a.txt"), b"from the camera")
                (self.folder / "b.txt").write_text("from the PC")
                self.check("mcopy", "-i", fat, str(self.folder / "b.txt"), "::b.txt")
                uri = self.serve("--board", board)
                self.check("nbdcopy", "--flush", str(drive), uri)
                self.check("qemu-img", "compare", "-f", "raw", "-F", "raw", str(drive), uri)
                self.end()
                self.assertEqual(self.camera("print(open('b.txt').read(), open('a.txt').read())", board),
                                 b"from the PC from the camera\n")

    def test_a_drive_is_copied_to_another_camera_byte_for_byte(self):
        self.camera("with open('x', 'wb') as f:\n for n in range(300): f.write(bytes(range(256)) * 4)")
        drive = str(self.folder / "drive.img")
        self.check("nbdcopy", self.serve(), drive)
        self.end()
        other = str(self.folder / "other.bin")
        self.camera("", image=other, options=["--no-mount"])
        self.check("nbdcopy", "--flush", drive, self.serve("--board", "OPENMV4P", image=other))
        self.end()
        self.assertEqual(pathlib.Path(other).read_bytes(), pathlib.Path(self.image).read_bytes())

    def test_the_command_that_is_printed_works(self):
        folder = self.folder / "Ann's & 50% more? 日本"
        folder.mkdir()
        image = str(folder / "my cam.bin")
        self.camera("", image=image)
        self.serve("--board", "OPENMV4P", image=image)
        self.assertIn(b"export-size", self.check("sh", "-c", self.said[1].removeprefix("Connect: ")))

    def test_read_only(self):
        self.camera("open('a.txt', 'w').write('kept')")
        before = pathlib.Path(self.image).read_bytes()
        uri = self.serve("--read-only")
        self.assertTrue(json.loads(self.check("nbdinfo", "--json", "--no-content", uri))["exports"][0]["is_read_only"])
        self.assertNotEqual(self.qemu_io(uri, "write 131072 512")[0], 0)
        self.end()
        self.assertEqual(pathlib.Path(self.image).read_bytes(), before)


class Client:
    """A connection that stays."""

    def __init__(self, uri, *options):
        command = ["qemu-io", "-f", "raw", *options, uri]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        self.wait_for_prompt()

    def wait_for_prompt(self):
        seen = b""
        while not seen.endswith(b"qemu-io> "):
            chunk = self.process.stdout.read1(4096)
            if not chunk:
                raise AssertionError(f"the client ended, saw {seen}")
            seen += chunk

    def command(self, text):
        self.process.stdin.write(text.encode() + b"\n")
        self.process.stdin.flush()
        self.wait_for_prompt()

    def kill(self):
        self.process.kill()
        self.process.communicate()


class Durability(ServeTest):
    def setUp(self):
        super().setUp()
        self.camera("", options=["--no-mount"])

    def options(self, *more):
        return ["--board", "OPENMV4P", *more]  # a blank chip tells no board

    def storage(self, offset, length):
        """What the camera finds in it."""
        code = (
            f"import pyb, sys; data = bytearray({length}); pyb.Flash(start=0).readblocks({offset // 512}, data); "
            "sys.stdout.buffer.write(data)"
        )
        return self.camera(code, options=["--no-mount"])

    def test_what_was_flushed_survives_the_death_of_client_and_server(self):
        client = Client(self.serve(*self.options()))
        client.command("write -P 0x5a 131072 8192")
        client.command("flush")
        client.command("write -P 0xa5 1179648 512")
        client.kill()
        self.kill()
        self.assertEqual(self.storage(0, 8192), b"\x5a" * 8192)

    def test_a_client_that_never_flushes_is_flushed_when_it_goes(self):
        client = Client(self.serve(*self.options()), "-t", "unsafe")
        client.command("write -P 0x5a 131072 512")
        client.kill()
        self.end(signal.SIGTERM)
        self.assertEqual(self.storage(0, 512), b"\x5a" * 512)
        self.assertFalse(os.path.exists(self.image + ".sock"))

    def test_what_nobody_flushes_reaches_the_flash_when_it_is_idle(self):
        client = Client(self.serve(*self.options()), "-t", "unsafe")
        client.command("write -P 0x5a 131072 512")
        deadline = time.monotonic() + TIMEOUT_S
        while pathlib.Path(self.image).read_bytes()[:512] != b"\x5a" * 512:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)
        client.kill()

    def test_an_idle_flush_that_failed_is_told_and_tried_again(self):
        client = Client(self.serve(*self.options("--fail", "program:1")), "-t", "unsafe")
        client.command("write -P 0x5a 131072 512")
        self.assertIn(b"refused data when it was idle", self.server.stderr.readline())
        client.command("flush")
        client.kill()
        self.end()
        self.assertEqual(self.storage(0, 512), b"\x5a" * 512)

    def test_an_error_of_the_flash_reaches_the_client(self):
        uri = self.serve(*self.options("--fail", "program:1"))
        code, said = self.qemu_io(uri, "write -P 0x5a 131072 512", "flush")
        self.assertNotEqual(code, 0)
        self.assertIn("Input/output error", said)
        self.assertIn("refused data", self.end())

    def test_a_failed_flush_can_be_repeated(self):
        uri = self.serve(*self.options("--fail", "program:1"))
        _, said = self.qemu_io(uri, "write -P 0x5a 131072 512", "flush", "flush")
        self.assertEqual(said.count("Input/output error"), 1, said)
        self.end()
        self.assertEqual(self.storage(0, 512), b"\x5a" * 512)

    def test_a_failed_read_reaches_the_client(self):
        uri = self.serve(*self.options("--fail", "read:1"))
        code, said = self.qemu_io(uri, "read 131072 512")
        self.assertNotEqual(code, 0)
        self.assertIn("Input/output error", said)

    def test_nbdcopy_tells_of_an_error(self):
        drive = self.folder / "drive.img"
        drive.write_bytes(os.urandom(1 << 20))
        uri = self.serve(*self.options("--fail", "program:100"))
        self.assertNotEqual(call("nbdcopy", "--flush", str(drive), uri).returncode, 0)


class Mistakes(ServeTest):
    def test_mistakes_are_one_line(self):
        self.camera("")
        short = self.folder / "short.bin"
        short.write_bytes(b"too short")
        for options, words in (
            (["/no/such.bin"], ("/no/such.bin",)),
            ([str(short)], ("short.bin",)),
            ([self.image, "--board", "OPENMV9"], ("OPENMV9",)),
            ([self.image, "--fail", "melt:1"], ("melt:1", "program:N")),
            ([self.image, "--socket", str(short)], ("short.bin", "--socket")),
            ([self.image, "--socket", "/tmp/" + "x" * 120], ("too long", "--socket")),
            ([self.image, "--socket", "/no/such/x.sock"], ("/no/such/x.sock: No such file or directory", "--socket")),
            ([self.image, "--board", ""], ("--board", "empty")),
            ([""], ("IMG", "names no file")),
            ([], ("IMG",)),
        ):
            with self.subTest(options=options):
                self.assert_one_line(call(PROGRAM, "serve", *options), *words)
        self.assertEqual(short.read_bytes(), b"too short")

    def test_without_nbdkit(self):
        self.camera("")
        self.assert_one_line(call(PROGRAM, "serve", self.image, env={"PATH": "/no/such"}), "apt-get install nbdkit")

    def test_one_server_an_image(self):
        self.camera("")
        self.serve()
        self.assert_one_line(call(PROGRAM, "serve", self.image), self.image)
        self.assertNotEqual(call(PROGRAM, "run", "--image", self.image, "-c", "").returncode, 0)

    def test_a_dead_servers_socket_is_in_nobodys_way(self):
        self.camera("")
        self.serve()
        self.kill()
        self.assertTrue(os.path.exists(self.image + ".sock"))
        self.check("nbdinfo", self.serve())


if __name__ == "__main__":
    PROGRAM = parse_arguments(__doc__).program
    unittest.main()
