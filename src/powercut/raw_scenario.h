// Users of raw blocks: random calls of pyb.Flash objects, and what must be left of their data.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "boards/board.h"
#include "flash/block_device.h"
#include "powercut/campaign.h"
#include "powercut/history.h"
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
  uint64_t progress() const override { return history_.calls(); }

  // As History::check(). And the storage is as good as new: it takes data, and gives it back.
  std::string check(Target& target, const Moment& moment) override;

 private:
  using Bytes = std::vector<uint8_t>;
  enum class Kind { kWrite, kProgram, kErase, kSync };
  struct Call {
    Kind kind;
    size_t object;
    uint32_t block;
    uint32_t offset;
    Bytes data;  // what is there afterwards
  };
  struct Object {
    uint32_t start;
    uint32_t len;
  };

  void make_objects(sim::Noise& noise, bool overlapping);
  Call make_call(sim::Noise& noise, const Style& style) const;
  Call make_write(sim::Noise& noise, const Object& object) const;
  Call make_program(sim::Noise& noise, const Object& object) const;
  uint32_t offset_of(const Call& call) const;
  flash::Status perform(const Call& call, flash::Partition& partition) const;

  std::string check_use(Target& target, uint32_t seed, uint32_t most_bytes) const;

  const boards::Board& board_;
  Style style_;
  uint32_t seed_;
  uint32_t window_;
  std::vector<Object> objects_;
  std::vector<Call> calls_;
  Bytes first_content_;
  Bytes content_;  // while calls are made up: after those there are
  History history_;
};

}  // namespace powercut
