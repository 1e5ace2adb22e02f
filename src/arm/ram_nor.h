// A NOR flash in RAM for programs that run on the processor itself: the physics, and misuse counted.
#pragma once

#include <cstdint>
#include <span>

#include "flash/nor_flash.h"

namespace arm {

class RamNor final : public flash::NorFlash {
 public:
  RamNor(const flash::Geometry& geometry, std::span<uint8_t> cells) : NorFlash(geometry), cells_(cells) {
    for (uint8_t& cell : cells_) cell = 0xFF;
  }

  std::span<uint8_t> cells() { return cells_; }
  uint32_t erases() const { return erases_; }
  uint32_t misuses() const { return misuses_; }

 private:
  flash::Status do_read(uint32_t offset, std::span<uint8_t> out) override {
    for (uint8_t& byte : out) byte = cells_[offset++];
    return {};
  }

  flash::Status do_program(uint32_t offset, std::span<const uint8_t> data) override {
    for (const uint8_t byte : data) {
      uint8_t& cell = cells_[offset++];
      const bool legal = geometry().reprogrammable ? (byte & ~cell) == 0 : cell == 0xFF;
      if (!legal) ++misuses_;
      cell = static_cast<uint8_t>(cell & byte);
    }
    return {};
  }

  flash::Status do_erase(uint32_t offset, uint32_t length) override {
    for (uint8_t& cell : cells_.subspan(offset, length)) cell = 0xFF;
    ++erases_;
    return {};
  }

  std::span<uint8_t> cells_;
  uint32_t erases_ = 0;
  uint32_t misuses_ = 0;
};

}  // namespace arm
