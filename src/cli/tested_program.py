"""What the tests of the program have in common: which program it is, and their arguments."""

import argparse
import os
import sys


def parse_arguments(description, micropython=False, boards=False):
    """Takes what is ours from the command line; the rest is left there for unittest."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, type=os.path.abspath)
    if micropython:
        parser.add_argument("--micropython", required=True, type=os.path.abspath, help="its source tree")
    if boards:
        parser.add_argument("--boards", type=lambda names: names.split(","), help="only these, separated by commas")
    arguments, rest = parser.parse_known_args()
    sys.argv[1:] = rest
    return arguments
