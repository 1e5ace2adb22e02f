// A register behind a key register: two keys in their order open it; any other write closes it until reset,
// and ends in a bus error.
#pragma once

#include <cstdint>

namespace sim {

class KeyLock {
 public:
  constexpr KeyLock(uint32_t first, uint32_t second) : first_(first), second_(second) {}

  bool is_locked() const { return locked_; }
  bool has_key(uint32_t key) const { return key == first_ || key == second_; }
  bool is_half_open() const { return half_open_; }
  void lock() { locked_ = true; }
  void close_until_reset() {
    locked_ = closed_until_reset_ = true;
    half_open_ = false;
  }
  void reset() { *this = KeyLock(first_, second_); }

  // False: a bus error.
  bool take(uint32_t key) {
    if (!locked_) return true;
    if (closed_until_reset_ || key != (half_open_ ? second_ : first_)) {
      close_until_reset();
      return false;
    }
    locked_ = !half_open_;
    half_open_ = locked_;
    return true;
  }

 private:
  uint32_t first_;
  uint32_t second_;
  bool locked_ = true;
  bool half_open_ = false;
  bool closed_until_reset_ = false;
};

// KEYR and OPTKEYR of all families (RM0090, 3.6.1 and 3.7.2; RM0433, 4.9.2 and 4.9.3).
inline constexpr KeyLock kControlLock{0x45670123, 0xCDEF89AB};
inline constexpr KeyLock kOptionLock{0x08192A3B, 0x4C5D6E7F};

}  // namespace sim
