// The lower bound for any scheme that keeps the data where the filesystem put it, from a run's own trace:
// at each sync, and not before, a sector is erased if a 0 bit must become 1, once, with the largest command
// that takes only such sectors; and the bytes that differ are programmed. Every read is charged once, at the
// speed of the bus.
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <vector>

#include "bench/device.h"
#include "boards/board.h"

namespace bench {

class Ideal {
 public:
  // `content` is what the storage holds at the start.
  Ideal(const boards::Board& board, std::span<const uint8_t> content);

  void read(size_t bytes);
  void write(uint32_t offset, std::span<const uint8_t> data);
  void erase(uint32_t offset, uint32_t length);
  void sync();

  uint64_t device_ns() const { return device_ns_; }
  uint64_t erases() const { return erases_; }

  // What the storage must hold: all that was written, and as of the last sync.
  std::span<const uint8_t> wanted() const { return wanted_; }
  std::span<const uint8_t> synced() const { return flash_; }

 private:
  bool needs_erase(uint32_t sector) const;
  void erase_sectors(std::set<uint32_t> sectors);
  void program_sector(uint32_t sector);
  uint64_t erase_ns(uint32_t size_bytes) const;
  uint64_t program_ns(uint32_t bytes) const;

  const boards::Board& board_;
  const boards::FlashPart& part_;
  uint32_t sector_bytes_;
  std::vector<uint8_t> flash_;
  std::vector<uint8_t> wanted_;
  std::set<uint32_t> touched_;
  uint64_t device_ns_ = 0;
  uint64_t erases_ = 0;
};

}  // namespace bench
