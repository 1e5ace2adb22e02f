// A NOR flash in RAM, of which one operation may fail. Misuse ends the program.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "flash/nor_flash.h"
#include "fuzz/check.h"

namespace fuzz {

using flash::Status;

class FailingNor final : public flash::NorFlash {
 public:
  FailingNor(flash::Region region, flash::Geometry geometry)
      : NorFlash({}), region_(region), cells_(region_.size_bytes(), 0xFF) {
    geometry.regions = {&region_, 1};
    set_geometry(geometry);
  }

  std::span<uint8_t> cells() { return cells_; }
  void fail_after(uint32_t operations) { until_failure_ = operations; }
  void fail_no_more() { until_failure_.reset(); }
  bool will_fail() const { return until_failure_.has_value(); }

  // Somebody else has changed the cells: a unit may not be as blank as its user knows it.
  void allow_misuse() { misuse_allowed_ = true; }

 private:
  bool fails() {
    if (!until_failure_) return false;
    if (*until_failure_ > 0) return --*until_failure_, false;
    until_failure_.reset();
    return true;
  }

  Status do_read(uint32_t offset, uint8_t* out, uint32_t length) override {
    const bool has_failed = fails();
    std::copy_n(cells_.begin() + offset, length, out);
    if (has_failed) std::fill_n(out, length, uint8_t{0xFF});
    return has_failed ? Status(flash::Error::kIo) : Status();
  }

  Status do_program(uint32_t offset, const uint8_t* data, uint32_t length) override {
    if (fails()) return flash::Error::kIo;
    for (uint32_t i = 0; i < length; ++i) {
      uint8_t& cell = cells_[offset + i];
      FUZZ_CHECK(misuse_allowed_ || (geometry().reprogrammable ? (data[i] & ~cell) == 0 : cell == 0xFF));
      cell &= data[i];
    }
    return {};
  }

  Status do_erase(uint32_t offset, uint32_t length) override {
    if (fails()) return flash::Error::kIo;
    std::fill_n(cells_.begin() + offset, length, uint8_t{0xFF});
    return {};
  }

  flash::Region region_;
  std::vector<uint8_t> cells_;
  std::optional<uint32_t> until_failure_;
  bool misuse_allowed_ = false;
};

}  // namespace fuzz
