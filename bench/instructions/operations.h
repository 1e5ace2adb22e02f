// What is counted: 4 KiB through the whole of a storage stack, down to the commands of the bus.
#pragma once

#include <cstdint>

namespace instructions {

enum class Stack : uint8_t { kNone, kOurs, kFirmware };

struct Operation {
  const char* name;  // one word
  Stack stack;
  void (*run)();  // once
};

inline constexpr unsigned kHostRepeats = 100;

// Sets both stacks up; false if one does not come up.
bool begin();

inline constexpr uint32_t kOperationCount = 11;
extern const Operation kOperations[kOperationCount];

}  // namespace instructions
