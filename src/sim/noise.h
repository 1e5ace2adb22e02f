// Repeatable randomness: the same on every machine and with every library.
#pragma once

#include <cstdint>

namespace sim {

class Noise {
 public:
  explicit Noise(uint64_t seed) : state_(seed) {}

  // SplitMix64.
  uint64_t next() {
    uint64_t z = state_ += 0x9E3779B97F4A7C15;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    return z ^ z >> 31;
  }

  // 0 <= result < bound
  uint64_t below(uint64_t bound) { return next() % bound; }

  // 64 bits, each of them 1 with a probability of `of_256` / 256.
  uint64_t bits(unsigned of_256) {
    if (of_256 >= 256) return UINT64_MAX;
    uint64_t bits = 0;
    for (unsigned digit = 0; digit < 8; ++digit) {
      bits = (of_256 >> digit & 1) != 0 ? bits | next() : bits & next();
    }
    return bits;
  }

 private:
  uint64_t state_;
};

}  // namespace sim
