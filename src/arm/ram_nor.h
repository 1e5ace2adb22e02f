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
  flash::Status do_read(uint32_t offset, uint8_t* out, uint32_t length) override {
    for (uint32_t i = 0; i < length; ++i) out[i] = cells_[offset + i];
    return {};
  }

  flash::Status do_program(uint32_t offset, const uint8_t* data, uint32_t length) override {
    for (uint32_t i = 0; i < length; ++i) {
      uint8_t& cell = cells_[offset + i];
      const bool legal = geometry().reprogrammable ? (data[i] & ~cell) == 0 : cell == 0xFF;
      if (!legal) ++misuses_;
      cell = static_cast<uint8_t>(cell & data[i]);
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
