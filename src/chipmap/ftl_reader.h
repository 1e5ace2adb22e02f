// What lies where in the log of a translation layer, by the layer's own checker: and if a FAT is on it, whose
// blocks these are.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "chipmap/chip_map.h"
#include "ftl/check.h"

namespace chipmap {

// A layer that mounts, and all that is on it.
struct FoundLayer {
  ftl::CheckReport report;
  // Of each block. kNowhere: it holds nothing; kLost: nobody knows.
  std::vector<ftl::Location> locations;
  std::vector<bool> is_damaged;  // of each block
  std::vector<uint8_t> content;  // all blocks, as they read; zeros where they do not

  uint32_t offset() const { return report.layout.base; }
  uint32_t size_bytes() const { return report.layout.segment_count * report.layout.segment_bytes; }
};

// Nothing if no segment of a log starts at `at`, or its log leaves the bytes from `from` to `end`. The log
// may start before `at`: segments have no header when they were never used, or were erased to be used next.
std::optional<FoundLayer> recognise_layer(const boards::Board& board, const sim::CellMemory& memory,
                                          uint32_t from, uint32_t at, uint32_t end);

void survey_layer(ChipMap& map, const FoundLayer& layer);

}  // namespace chipmap
