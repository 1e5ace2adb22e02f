// The serial NOR chips of the cameras: what their SFDP does not tell.
#pragma once

#include <cstdint>

#include "drivers/sfdp.h"

namespace drivers {

inline constexpr uint32_t kMacronix = 0xC2;
inline constexpr uint32_t kWinbond = 0xEF;

struct KnownChip {
  uint32_t id : 24;  // manufacturer, type, density
  uint32_t size_log2 : 5;
  uint32_t quad_enable : 3;  // QuadEnable

  constexpr KnownChip(uint32_t jedec_id, uint32_t log2, QuadEnable method)
      : id(jedec_id & 0xFFFFFF), size_log2(log2 & 0x1F), quad_enable(static_cast<uint32_t>(method) & 7) {}

  uint32_t maker() const { return id >> 16; }
};

inline constexpr KnownChip kKnownChips[] = {
    {0xEF4019, 25, QuadEnable::kStatus2Bit1Read},  // W25Q256JV
    {0xEF4018, 24, QuadEnable::kStatus2Bit1Read},  // W25Q128JV
    {0x1F8901, 24, QuadEnable::kStatus2Bit1Read},  // AT25SF128A
    {0xC22018, 24, QuadEnable::kStatus1Bit6},      // MX25L12833F
    {0xC28039, 25, QuadEnable::kUnknown},          // MX25UM25645G: never four lines
    {0, 0, QuadEnable::kUnknown},                  // any other: by itself without a size
};

// The last of the table if the chip is not known.
inline const KnownChip& find_known_chip(uint32_t id) {
  const KnownChip* chip = kKnownChips;
  while (chip->id != id && chip->id != 0) ++chip;
  return *chip;
}

}  // namespace drivers
