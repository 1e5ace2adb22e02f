// What the tests of the layer stand on: a flash with the physics of the real ones, whose power can fail, and
// a user who knows what must be there.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "flash/nor_flash.h"
#include "ftl/ftl.h"
#include "sim/cells.h"
#include "sim/power_supply.h"

namespace ftl {

struct Shape {
  std::string name;
  uint32_t sector_size_bytes;
  uint32_t sector_count;
  uint32_t program_unit_bytes = 1;
  bool ecc = false;
  uint32_t large_erase_bytes = 0;
};

inline const std::vector<Shape>& shapes() {
  static const std::vector<Shape> all = {
      {"NorTwoSectors", 4096, 2},
      {"NorSmall", 4096, 6},
      {"NorLargeErase", 1024, 64, 1, false, 4096},
      {"F4", 16384, 2, 4},
      {"F7", 32768, 3, 4},
      {"H7", 16384, 2, 32, true},
      {"H7Three", 8192, 3, 32, true},
  };
  return all;
}

// A driver that does what the chips do: one page at a time, and no program where nothing is to be cleared.
class CellsNor final : public flash::NorFlash {
 public:
  explicit CellsNor(const Shape& shape)
      : NorFlash(flash::Geometry{}),
        region_{shape.sector_size_bytes, shape.sector_count},
        bytes_(size_t{shape.sector_size_bytes} * shape.sector_count, 0xFF),
        cells_({.sectors = {{shape.sector_size_bytes, shape.sector_count}},
                .word_bytes = shape.program_unit_bytes,
                .ecc = shape.ecc},
               bytes_) {
    set_geometry({.regions = {&region_, 1},
                  .program_unit_bytes = shape.program_unit_bytes,
                  .program_page_bytes = shape.program_unit_bytes == 1 ? 256 : shape.program_unit_bytes,
                  .reprogrammable = !shape.ecc,
                  .large_erase_bytes = {shape.large_erase_bytes, 0}});
    cells_.connect(&supply_);
  }

  sim::Cells& cells() { return cells_; }
  const sim::Cells& cells() const { return cells_; }
  sim::PowerSupply& supply() { return supply_; }
  std::vector<uint8_t>& bytes() { return bytes_; }
  uint64_t misuses() const { return misuses_; }
  // From 1. Neither says that anything went wrong.
  void misread_nth(uint64_t n) { reads_until_misread_ = n; }
  void ignore_nth_program(uint64_t n) { programs_until_ignored_ = n; }

 private:
  static flash::Status status_of(sim::CellResult result) {
    return result == sim::CellResult::kOk ? flash::Status() : flash::Status(flash::Error::kIo);
  }

  static bool is_blank(std::span<const uint8_t> bytes) {
    return std::ranges::all_of(bytes, [](uint8_t byte) { return byte == 0xFF; });
  }
  // Programmed over what is there already: the same once more, or zeros, where no unit has a code.
  bool is_harmless(std::span<const uint8_t> present, std::span<const uint8_t> piece) const {
    return geometry().reprogrammable &&
           (std::ranges::equal(present, piece) ||
            std::ranges::all_of(piece, [](uint8_t byte) { return byte == 0x00; }));
  }

  flash::Status do_read(uint32_t offset, uint8_t* out, uint32_t length) override {
    FLASH_TRY(status_of(cells_.read(offset, {out, length})));
    if (reads_until_misread_ != 0 && --reads_until_misread_ == 0) out[length / 2] ^= 0x10;
    return {};
  }

  flash::Status do_program(uint32_t offset, const uint8_t* data, uint32_t length) override {
    const uint32_t page = geometry().program_page_bytes;
    for (std::span<const uint8_t> rest(data, length); !rest.empty();) {
      const auto piece = rest.first(std::min<size_t>(rest.size(), page - offset % page));
      const auto present = cells_.bytes().subspan(offset, piece.size());
      if (!is_blank(present) && !is_harmless(present, piece)) ++misuses_;
      if (!is_blank(piece)) {
        const bool is_ignored = programs_until_ignored_ != 0 && --programs_until_ignored_ == 0;
        if (!is_ignored) FLASH_TRY(status_of(cells_.program(offset, piece)));
      }
      offset += static_cast<uint32_t>(piece.size());
      rest = rest.subspan(piece.size());
    }
    return {};
  }

  flash::Status do_erase(uint32_t offset, uint32_t length) override {
    return status_of(cells_.erase(offset, length));
  }

  flash::Region region_;
  std::vector<uint8_t> bytes_;
  sim::PowerSupply supply_;
  sim::Cells cells_;
  uint64_t misuses_ = 0;
  uint64_t reads_until_misread_ = 0;
  uint64_t programs_until_ignored_ = 0;
};

// The same cells, with all that is the matter with them, and power.
inline std::unique_ptr<CellsNor> copy_of(const Shape& shape, const CellsNor& other) {
  auto nor = std::make_unique<CellsNor>(shape);
  for (uint32_t i = 0; i < nor->cells().sector_count(); ++i) nor->cells().copy_sector(other.cells(), i);
  return nor;
}

inline Layout layout_of(flash::NorFlash& nor) {
  Layout layout;
  EXPECT_TRUE(make_layout(nor.geometry(), 0, nor.size_bytes(), layout).ok());
  return layout;
}

using Bytes = std::vector<uint8_t>;

// Blocks as they should be: those that matter, the others are zeros.
class Content {
 public:
  explicit Content(uint32_t block_count) : bytes_(size_t{block_count} * kBlockBytes) {}

  void set(uint32_t block, std::span<const uint8_t> data) {
    std::copy(data.begin(), data.end(), bytes_.begin() + block * kBlockBytes);
  }
  std::span<const uint8_t> block(uint32_t block) const {
    return std::span(bytes_).subspan(block * kBlockBytes, kBlockBytes);
  }
  friend bool operator==(const Content&, const Content&) = default;

 private:
  Bytes bytes_;
};

inline Content content_of(Ftl& layer) {
  Content content(layer.block_count());
  Bytes data(kBlockBytes);
  for (uint32_t block = 0; block < layer.block_count(); ++block) {
    const flash::Status status = layer.read(block, data);
    EXPECT_TRUE(status.ok()) << "block " << block << ": " << status.value();
    content.set(block, data);
  }
  return content;
}

inline Bytes random_block(std::mt19937& random) {
  Bytes data(kBlockBytes, static_cast<uint8_t>(random()));
  // A few bytes that make it unique are enough, and quick.
  for (uint32_t at = 0; at < kBlockBytes; at += 64) data[at] = static_cast<uint8_t>(random());
  return data;
}

}  // namespace ftl
