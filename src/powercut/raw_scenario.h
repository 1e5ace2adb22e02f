// Users of raw blocks: random calls of pyb.Flash objects, and what must be left of their data.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "boards/board.h"
#include "flash/block_device.h"
#include "powercut/campaign.h"
#include "powercut/work_area.h"
#include "sim/noise.h"

namespace powercut {

class RawScenario final : public Scenario {
 public:
  struct Style {
    bool simple = true;        // calls of the simple form
    bool extended = false;     // calls of the extended form
    bool overlapping = false;  // several objects over the same bytes
    bool failing = false;      // now and then the hardware fails, and the call is made once more
    size_t calls = 60;
  };

  RawScenario(const boards::Board& board, const Style& style, uint32_t seed);

  void prepare(Target& target) override;
  std::string write(Target& target) override;
  uint64_t progress() const override { return done_; }

  // Only sectors that were written to since the last sync are being rewritten. Every block outside them
  // holds what it held when that sync returned, or what was written since. And the storage is as good as
  // new: it takes data, and gives it back.
  std::string check(Target& target, const Moment& moment) override;

 private:
  using Bytes = std::vector<uint8_t>;
  enum class Kind { kWrite, kProgram, kErase, kSync };
  struct Call {
    Kind kind;
    size_t object;
    uint32_t block;
    uint32_t offset;
    Bytes data;
  };
  struct Object {
    uint32_t start;
    uint32_t len;
  };

  void make_objects(sim::Noise& noise, bool overlapping);
  Call make_call(sim::Noise& noise, const Style& style) const;
  Call make_write(sim::Noise& noise, const Object& object) const;
  Call make_program(sim::Noise& noise, const Object& object) const;
  Extent extent_of(const Call& call) const;
  void apply(const Call& call, Bytes& content) const;
  flash::Status perform(const Call& call, flash::Partition& partition) const;

  // The states of the window that a cut may have left: from the last sync on, and what the call under way
  // makes of them.
  size_t first_state(const Moment& moment) const { return synced_[moment.progress]; }
  size_t last_state(const Moment& moment) const;

  std::string check_rewritten(const Moment& moment, const std::vector<Extent>& rewritten) const;
  std::string check_block(Target& target, const Moment& moment, uint32_t block) const;
  std::string check_words(Target& target, const Moment& moment, uint32_t block) const;
  bool is_possible(std::span<const uint8_t> content, uint32_t at, const Moment& moment) const;
  std::string check_use(Target& target, uint32_t seed, uint32_t most_bytes) const;

  const boards::Board& board_;
  Style style_;
  uint32_t seed_;
  uint32_t window_;
  std::vector<Object> objects_;
  std::vector<Call> calls_;
  std::vector<Bytes> states_;     // the window after so many calls
  std::vector<uint32_t> synced_;  // the state that was durable after so many calls
  uint64_t done_ = 0;
};

}  // namespace powercut
