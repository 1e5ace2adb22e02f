// What was written to a storage, call by call, and what a cut of power may have left of it.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "boards/board.h"
#include "powercut/campaign.h"
#include "powercut/work_area.h"

namespace powercut {

class History {
 public:
  explicit History(const boards::Board& board) : board_(board) {}

  // Calls are counted from here; what the storage holds is in its flash.
  void begin(Target& target);

  // What the call under way makes of the bytes from `offset` on; then, that it has returned.
  void change(uint32_t offset, std::span<const uint8_t> data);
  void end_call(bool is_sync);

  // How many calls have returned: what a scenario that keeps a history calls its progress.
  uint64_t calls() const { return synced_.size() - 1; }

  // Returns what is wrong, or nothing. Only sectors that were written to since the last sync may be under
  // rewriting. Every block outside them holds what it held when that sync returned, or what was written
  // since, or, where a program was cut, something on the way. A word that has lost its ECC is one of that
  // program.
  std::string check(Target& target, const Moment& moment) const;

  // Had anything reached the flash since the last sync returned?
  bool is_flush_under_way(const Moment& moment) const;

 private:
  static constexpr uint32_t kBlockBytes = 512;
  using Bytes = std::vector<uint8_t>;
  struct Version {
    uint64_t call;
    Bytes data;
  };

  // The calls whose effect the flash may or may not show.
  uint64_t first_call(const Moment& moment) const { return synced_[moment.progress]; }
  static uint64_t last_call(const Moment& moment) { return moment.progress + 1; }

  std::span<const uint8_t> base(uint32_t block) const;
  std::vector<std::span<const uint8_t>> versions(uint32_t block, const Moment& moment) const;
  bool is_written(const flash::Sector& sector, const Moment& moment) const;
  bool is_possible(std::span<const uint8_t> content, uint32_t at, const Moment& moment) const;
  std::string check_rewritten(const Moment& moment) const;
  std::string check_sector(Target& target, const Moment& moment, const flash::Sector& sector) const;
  std::string check_block(Target& target, const Moment& moment, uint32_t block) const;
  std::string check_words(Target& target, const Moment& moment, uint32_t block) const;

  const boards::Board& board_;
  Bytes before_;
  std::map<uint32_t, std::vector<Version>> versions_;  // by block; ascending
  std::vector<uint64_t> synced_ = {0};                 // how many calls were durable after so many calls
};

}  // namespace powercut
