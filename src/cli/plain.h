// `pybflash --plain[=BOARD] ...`: the command line of MicroPython's own unix port, for its test suite.
#pragma once

namespace cli {

// -1 if the command line is not of that kind; else it was run, and this is the exit code.
int run_if_plain(int argc, char** argv);

}  // namespace cli
