// A benchmark has no use for half a run: what goes wrong ends the program.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

namespace bench {

[[noreturn]] inline void fail(const std::string& what) {
  std::fprintf(stderr, "pybflash: bench: %s\n", what.c_str());
  std::_Exit(1);
}

inline void demand(bool holds, const std::string& what) {
  if (!holds) fail(what);
}

}  // namespace bench
