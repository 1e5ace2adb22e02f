// The lower bound for what changing the flash costs any scheme that keeps the data where the filesystem put
// it, from a run's own trace: at each sync, and not before, a sector is erased if a 0 bit must become 1,
// once, with the largest command that takes only such sectors; and the bytes that differ are programmed, a
// command a page. Every read is charged once, at the speed of the bus; a cache that saves a read may be
// faster.
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <vector>

#include "boards/board.h"

namespace bench {

class Ideal {
 public:
  // `content` is what the storage holds at the start.
  Ideal(const boards::Board& board, std::span<const uint8_t> content);

  // Offsets are relative to the storage.
  void read(size_t length);
  void write(uint32_t offset, std::span<const uint8_t> data);
  void erase(uint32_t offset, uint32_t length);
  void sync();

  uint64_t device_ns() const { return read_ns_ + change_ns_; }
  uint64_t change_ns() const { return change_ns_; }  // without the reads
  uint64_t erases() const { return erases_; }

  // Has nothing been written since the last sync? What the storage must hold then.
  bool is_synced() const { return touched_.empty(); }
  std::span<const uint8_t> content() const { return wanted_; }

  // The bytes that were erased and not written since: what a driver that ignores erases leaves in them is up
  // to it.
  bool is_erased(uint32_t offset) const { return erased_[offset]; }

 private:
  bool needs_erase(uint32_t sector) const;
  bool unit_needs_erase(size_t at) const;
  void erase_sectors(std::set<uint32_t> sectors);
  void erase_areas(std::set<uint32_t>& sectors, uint32_t area_bytes);
  void program_sector(uint32_t sector);
  uint64_t erase_ns(uint32_t size_bytes) const;
  uint64_t program_ns(uint32_t bytes) const;

  const boards::FlashPart& part_;
  uint32_t sector_bytes_;
  uint32_t first_sector_;  // of the storage, in the flash
  std::vector<uint8_t> flash_;
  std::vector<uint8_t> wanted_;
  std::vector<bool> erased_;
  std::set<uint32_t> touched_;
  uint64_t read_ns_ = 0;
  uint64_t change_ns_ = 0;
  uint64_t erases_ = 0;
};

}  // namespace bench
