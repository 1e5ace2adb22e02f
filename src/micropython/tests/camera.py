"""A simulated camera as the tests see it: a program that is run, and an image that stays."""

import pathlib
import subprocess

from board_facts import BOARDS

HERE = pathlib.Path(__file__).resolve().parent
TIMEOUT_S = 300


class Output:
    def __init__(self, exit_code, text):
        self.exit_code = exit_code
        self.text = text


class Camera:
    """One board, with an image of its own in `folder`."""

    def __init__(self, program, name, folder):
        self.program = pathlib.Path(program).resolve()
        self.name = name
        self.board = BOARDS[name]
        self.folder = pathlib.Path(folder)
        self.image = self.folder / "camera.bin"

    def run(self, arguments, text_in=""):
        command = [self.program, "run", "--board", self.name, *arguments]
        try:
            done = subprocess.run(
                command,
                input=text_in,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=TIMEOUT_S,
                cwd=self.folder,
            )
        except subprocess.TimeoutExpired:
            return Output(-1, "no end after %d s" % TIMEOUT_S)
        return Output(done.returncode, done.stdout)

    def run_script(self, script, *arguments):
        """In RAM, nothing mounted."""
        return self.run(["--no-mount", script, *arguments])

    def run_code(self, code, mount=True):
        """On the image. Returns what was printed; the code must succeed."""
        output = self.run(["--image", self.image, *([] if mount else ["--no-mount"]), "-c", code])
        assert output.exit_code == 0, output.text
        return output.text

    def type(self, lines):
        """At the prompt, on the image, with the storage mounted. Returns all that was on the screen."""
        output = self.run(["--image", self.image], lines)
        assert output.exit_code == 0, output.text
        return output.text

    def make_blank_image(self):
        for leftover in self.folder.glob(self.image.name + "*"):
            leftover.unlink()
        self.run_code("pass", mount=False)

    def storage(self):
        """The bytes of the storage in the image."""
        with open(self.image, "rb") as image:
            image.seek(self.board.storage_offset)
            return bytearray(image.read(self.board.storage_bytes))

    def set_storage(self, data, at=0):
        with open(self.image, "r+b") as image:
            image.seek(self.board.storage_offset + at)
            image.write(data)
