// How many instructions the processor spends on 4 KiB, down to the commands of the bus: instructions/ counted
// by QEMU on a Cortex-M7, and by valgrind on this computer.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace bench {

struct InstructionCounts {
  uint64_t ours = 0;
  uint64_t firmware = 0;  // of "memcpy" neither: it is in `ours`
};

// By operation: memcpy, read, rewrite, same, append, peek.
using InstructionTable = std::map<std::string, InstructionCounts>;

// `folder` holds the programs that the build makes for it. Nothing if one is missing, or what runs it.
std::optional<InstructionTable> count_on_m7(const std::string& folder);
std::optional<InstructionTable> count_on_host(const std::string& folder);

}  // namespace bench
