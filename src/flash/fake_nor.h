// A NOR flash for tests of what is built on NorFlash: any geometry, the physics, a log of operations,
// and failures on demand. Misuse that a real part would punish later fails the test at once.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "flash/nor_flash.h"

namespace flash {

class FakeNor final : public NorFlash {
 public:
  struct Shape {
    std::string name;
    uint32_t sector_size_bytes;
    uint32_t sector_count;
    uint32_t program_unit_bytes = 1;
    bool reprogrammable = true;
    uint32_t program_gap_bytes = 0;
    std::array<uint32_t, 2> large_erase_bytes = {0, 0};
  };

  struct Operation {
    char kind;  // 'r', 'p', 'e'
    uint32_t offset;
    uint32_t length;
    friend bool operator==(const Operation&, const Operation&) = default;
  };

  explicit FakeNor(const Shape& shape)
      : NorFlash(Geometry{}), region_{shape.sector_size_bytes, shape.sector_count} {
    set_geometry({.regions = {&region_, 1},
                  .program_unit_bytes = shape.program_unit_bytes,
                  .program_page_bytes = std::max<uint32_t>(256, shape.program_unit_bytes),
                  .reprogrammable = shape.reprogrammable,
                  .program_gap_bytes = shape.program_gap_bytes,
                  .large_erase_bytes = shape.large_erase_bytes});
    cells.assign(size_bytes(), 0xFF);
  }

  // Asked before each operation; an error makes it fail, after half of its effect.
  std::function<Status(const Operation&)> fault = [](const Operation&) { return Status(); };

  std::vector<uint8_t> cells;
  std::vector<Operation> log;

  size_t count(char kind) const {
    return static_cast<size_t>(
        std::count_if(log.begin(), log.end(), [kind](const Operation& op) { return op.kind == kind; }));
  }
  size_t bytes(char kind) const {
    size_t sum = 0;
    for (const Operation& op : log) sum += op.kind == kind ? op.length : 0;
    return sum;
  }

 private:
  Status do_read(uint32_t offset, uint8_t* out, uint32_t length) override {
    const Status status = begin('r', offset, length);
    if (!status.ok() && geometry().reprogrammable) return status;
    const uint32_t unit = geometry().program_unit_bytes;
    for (uint32_t i = 0; i < length; ++i) {
      const bool is_torn = !status.ok() && !fault({'r', (offset + i) / unit * unit, unit}).ok();
      out[i] = is_torn ? 0xFF : cells[offset + i];
    }
    return status;
  }

  Status do_program(uint32_t offset, const uint8_t* data, uint32_t length) override {
    const Status status = begin('p', offset, length);
    const uint32_t carried_out = status.ok() ? length : length / 2;
    for (uint32_t i = 0; i < carried_out; ++i) {
      uint8_t& cell = cells[offset + i];
      if (!geometry().reprogrammable) EXPECT_EQ(cell, 0xFF) << "second program of byte " << offset + i;
      EXPECT_EQ(data[i] & ~cell, 0) << "program cannot set bits, byte " << offset + i;
      cell &= data[i];
    }
    return status;
  }

  Status do_erase(uint32_t offset, uint32_t length) override {
    const Status status = begin('e', offset, length);
    std::fill_n(cells.begin() + offset, status.ok() ? length : length / 2, uint8_t{0xFF});
    return status;
  }

  Status begin(char kind, uint32_t offset, uint32_t length) {
    log.push_back({kind, offset, length});
    return fault(log.back());
  }

  Region region_;
};

}  // namespace flash
