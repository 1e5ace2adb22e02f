// What happened between two images of the same chip.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "chipmap/chip_map.h"

namespace chipmap {

enum class Change : uint8_t {
  kNone,
  kFilled,      // was blank, holds data
  kProgrammed,  // 1 bits became 0 bits, and no more: possible without an erase
  kRewritten,   // 0 bits became 1 bits: there was an erase
  kErased,      // held data, is blank
};
inline constexpr size_t kChangeCount = 5;

std::string_view name_of(Change change);

struct Changes {
  std::vector<Change> units;
  bool has_wear = false;             // both images have counters; else nothing is known of erases
  std::vector<uint32_t> wear_added;  // erases of each sector; all 0 where they are not known
  bool counters_went_back = false;   // those of the new image are younger: theirs are taken as they are

  uint32_t changed_sectors = 0;
  uint32_t worn_sectors = 0;
  uint64_t erases = 0;
  std::array<uint64_t, kChangeCount> bytes = {};
};

// Both maps are of boards with the same flash.
Changes compare(const ChipMap& before, const ChipMap& after);

// "3 sectors changed, ...": the totals.
std::string sentence_of(const Changes& changes);

}  // namespace chipmap
