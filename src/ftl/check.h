// What a log holds, found without changing it and without trusting it: for a person who has an image of a
// chip.
#pragma once

#include <cstdint>
#include <span>

#include "flash/nor_flash.h"
#include "flash/status.h"
#include "ftl/layout.h"
#include "ftl/log.h"

namespace ftl {

struct CheckReport {
  Finding finding = Finding::kForeign;
  Layout layout = {};

  // Only for kSound:
  uint32_t sequence = 0;  // of the head segment: so many segments have been taken into use
  Location last_commit = kNowhere;
  uint32_t head = 0;  // segments
  uint32_t tail = 0;
  uint32_t used_segments = 0;        // from the tail to the head; the others are free
  uint32_t live_blocks = 0;          // that hold something
  uint32_t damaged_blocks = 0;       // of them, those that cannot be read
  uint32_t first_damaged_block = 0;  // if there are any
  bool map_is_damaged = false;       // further blocks may be missing: the way to them is
  uint32_t least_erases = 0;         // of the segments that tell
  uint32_t most_erases = 0;
};

// Is told of every block that holds something.
class BlockVisitor {
 public:
  // `data` is empty where it cannot be read; `at` is kLost where the way to the block is damaged.
  virtual void visit(uint32_t block, Location at, std::span<const uint8_t> data) = 0;

 protected:
  ~BlockVisitor() = default;
};

// Reads all of the slice.
//   kInvalid  no log can be in a slice like this
//   and what the flash reports, but for words that cannot be read
flash::Status check(flash::NorFlash& nor, uint32_t offset, uint32_t size_bytes, CheckReport& report,
                    BlockVisitor* visitor = nullptr);

}  // namespace ftl
