// The cheapest chip there can be, for counting what stands above it: its commands cost a memcpy or a memset
// and are done at once.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <span>

#include "drivers/sfdp_dumps.h"

namespace instructions {

class RamChip {
 public:
  static constexpr uint32_t kSizeBytes = 8 << 20;    // as the SFDP of a W25Q64JW has it
  static constexpr uint32_t kCellBytes = 256 << 10;  // of them there are; they repeat

  void command(uint8_t opcode, uint32_t address, std::span<const uint8_t> out, std::span<uint8_t> in) {
    switch (opcode) {
      case 0x05:  // read status
        in[0] = write_enabled_ ? 2 : 0;
        return;
      case 0x06:  // write enable
        write_enabled_ = true;
        return;
      case 0x02:  // program a page
        write_enabled_ = false;
        std::memcpy(at(address), out.data(), out.size());
        return;
      case 0x20:  // erase 4 KiB
        write_enabled_ = false;
        erase(address);
        return;
      case 0x03:
      case 0x0B:
      case 0xEB:  // read
        std::memcpy(in.data(), at(address), in.size());
        return;
      default:
        return identify(opcode, address, in);
    }
  }

  void read(uint32_t address, std::span<uint8_t> in) { std::memcpy(in.data(), at(address), in.size()); }

 private:
  void identify(uint8_t opcode, uint32_t address, std::span<uint8_t> in) {
    constexpr std::array<uint8_t, 3> kId = {0xEF, 0x80, 0x17};
    constexpr uint8_t kQuadEnabled = 2;
    const std::span<const uint8_t> sfdp = drivers::kSfdpOfW25Q64JW;
    for (size_t i = 0; i < in.size(); ++i) {
      if (opcode == 0x9F) in[i] = kId[i];
      if (opcode == 0x35) in[i] = kQuadEnabled;
      if (opcode == 0x5A) in[i] = address + i < sfdp.size() ? sfdp[address + i] : 0xFF;
    }
  }

  // By words, where MicroPython's memset would go by bytes.
  void erase(uint32_t address) {
    constexpr uint32_t kErased = 0xFFFFFFFF;
    for (uint32_t i = 0; i < 4096; i += sizeof kErased)
      std::memcpy(at(address + i), &kErased, sizeof kErased);
  }

  uint8_t* at(uint32_t address) { return &cells_[address % kCellBytes]; }

  alignas(4) std::array<uint8_t, kCellBytes> cells_{};
  bool write_enabled_ = false;
};

}  // namespace instructions
