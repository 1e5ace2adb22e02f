// Counts on this computer, run under callgrind: a dump for each operation, called "name stack".
#include <valgrind/callgrind.h>

#include <string>

#include "bench/instructions/operations.h"

int main() {
  if (!instructions::begin()) return 1;
  constexpr const char* kStacks[] = {" none", " ours", " firmware"};
  for (const instructions::Operation& operation : instructions::kOperations) {
    const std::string name = std::string(operation.name) + kStacks[static_cast<int>(operation.stack)];
    operation.run();  // what is only done the first time
    CALLGRIND_ZERO_STATS;
    for (unsigned i = 0; i < instructions::kHostRepeats; ++i) operation.run();
    CALLGRIND_DUMP_STATS_AT(name.c_str());
  }
  return 0;
}
