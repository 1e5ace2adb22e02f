#!/usr/bin/env python3
"""Runs m25p80_probe.elf on one chip model of QEMU's and judges the run, its complaints and the wire.

    m25p80_test.py --qemu qemu-system-arm --elf m25p80_probe.elf --chip w25q256 --bytes 33554432
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

WRITE_ENABLE = 0x06
PROGRAMS = {0x02, 0x12}
ERASES = {0x20: 4096, 0x21: 4096, 0x52: 32768, 0x5C: 32768, 0xD8: 65536, 0xDC: 65536}


def run(options, folder):
    image = folder / "chip.img"
    with image.open("wb") as file:
        for _ in range(options.bytes >> 20):
            file.write(b"\xff" * (1 << 20))
    log = folder / "log"
    command = [options.qemu, "-M", "ast1030-evb,spi-model=%s" % options.chip]
    command += ["-drive", "if=mtd,index=2,format=raw,file=%s" % image, "-kernel", options.elf]
    command += ["-display", "none", "-monitor", "none", "-serial", "null", "-no-reboot", "-semihosting"]
    command += ["-d", "guest_errors", "-trace", "m25p80_*", "-D", str(log)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return result, log.read_text().splitlines() if log.exists() else []


def complaints(lines, known):
    found = [line for line in lines if line.startswith(("M25P80:", "aspeed_smc"))]
    return [line for line in found if not known or known not in line]


def commands(lines):
    """The command bytes, as QEMU's model decoded them."""
    found = (re.search(r"m25p80_command_decoded.* new command:0x([0-9a-f]+)", line) for line in lines)
    return [int(match.group(1), 16) for match in found if match]


def misuse(lines):
    wire = commands(lines)
    faults = []
    enabled = False
    for command in wire:
        if command == WRITE_ENABLE:
            enabled = True
        elif command in PROGRAMS or command in ERASES:
            if not enabled:
                faults.append("command %02Xh without write enable" % command)
            enabled = False
    for line in lines:
        match = re.search(r"erase.*offset = 0x([0-9a-f]+), len = (\d+)", line)
        if match and int(match.group(1), 16) % int(match.group(2)) != 0:
            faults.append("an erase that is not aligned: " + line)
    if not wire:
        faults.append("the trace holds no command")
    return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--qemu", required=True)
    parser.add_argument("--elf", required=True)
    parser.add_argument("--chip", required=True)
    parser.add_argument("--bytes", required=True, type=int, help="size of the chip")
    parser.add_argument("--exit-code", type=int, default=0, help="what the probe is to end with")
    parser.add_argument("--known-complaint", default="", help="what QEMU says of this chip without reason")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pybflash-") as folder:
        result, lines = run(options, pathlib.Path(folder))
    faults = complaints(lines, options.known_complaint) + misuse(lines)
    if result.returncode != options.exit_code:
        faults.append("exit code %d: %s" % (result.returncode, result.stderr.strip()))
    print("%s: %s" % (options.chip, result.stderr.strip()))
    for fault in faults:
        print("FAILED", fault)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
