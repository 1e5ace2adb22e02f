#include "drivers/known_chips.h"

namespace drivers {
namespace {

constexpr uint32_t method(QuadEnable method) {
  return static_cast<uint32_t>(method);
}

constexpr KnownChip kChips[] = {
    {0xEF4019, 25, method(QuadEnable::kStatus2Bit1Read)},  // W25Q256JV
    {0xEF4018, 24, method(QuadEnable::kStatus2Bit1Read)},  // W25Q128JV
    {0x1F8901, 24, method(QuadEnable::kStatus2Bit1Read)},  // AT25SF128A
    {0xC22018, 24, method(QuadEnable::kStatus1Bit6)},      // MX25L12833F
    {0xC28039, 25, method(QuadEnable::kUnknown)},          // MX25UM25645G: never four lines
};

}  // namespace

const KnownChip* find_known_chip(uint32_t id) {
  for (const KnownChip& chip : kChips) {
    if (chip.id == id) return &chip;
  }
  return nullptr;
}

}  // namespace drivers
