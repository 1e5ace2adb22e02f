// Accesses to a serial controller in the order of ST's HAL, for the tests of the controllers.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include "sim/bus.h"

namespace sim::hal_order {

inline constexpr uint32_t kTcf = 2, kFtf = 4, kSmf = 8, kTof = 16, kBusy = 32;
inline constexpr uint32_t kEnable = 1, kAbort = 2, kTimeoutEnable = 1u << 3, kPollingStop = 1u << 22;

inline std::vector<uint8_t> counting(size_t length, uint8_t first) {
  std::vector<uint8_t> data(length);
  std::iota(data.begin(), data.end(), first);
  return data;
}

// The order differs from that of our drivers: a command is written as a write first and turned into a read, a
// poll or a window by a second write; what started an operation is written again to start it; an abort clears
// the functional mode afterwards.
class HalOrder {
 public:
  HalOrder(AddressSpace& space, uint32_t base, uint32_t status, uint32_t flag_clear, uint32_t data)
      : space_(space), base_(base), status_(status), flag_clear_(flag_clear), data_(data) {}

  uint32_t get(uint32_t offset) { return static_cast<uint32_t>(space_.load(base_ + offset, 4)); }
  void set(uint32_t offset, uint32_t value) { space_.store(base_ + offset, value, 4); }
  void modify(uint32_t offset, uint32_t mask, uint32_t value) { set(offset, (get(offset) & ~mask) | value); }

  void await(uint32_t flag, bool is_set) {
    for (int i = 0; i < 1'000'000; ++i) {
      if (((get(status_) & flag) != 0) == is_set) return;
    }
    FAIL() << "SR never came to " << flag << " = " << is_set;
  }
  void await_and_clear(uint32_t flag) {
    await(flag, true);
    set(flag_clear_, flag);
  }

  // Byte by byte; the flag that is waited for may also be that of the end.
  std::vector<uint8_t> take(size_t length) {
    std::vector<uint8_t> out(length);
    for (uint8_t& byte : out) {
      await(kFtf | kTcf, true);
      byte = static_cast<uint8_t>(space_.load(base_ + data_, 1));
    }
    await_and_clear(kTcf);
    return out;
  }
  void give(const std::vector<uint8_t>& bytes) {
    for (const uint8_t byte : bytes) {
      await(kFtf, true);
      space_.store(base_ + data_, byte, 1);
    }
    await_and_clear(kTcf);
  }
  void abort() {
    modify(0, 0, kAbort);
    await_and_clear(kTcf);
    await(kBusy, false);
  }

 private:
  AddressSpace& space_;
  uint32_t base_;
  uint32_t status_;
  uint32_t flag_clear_;
  uint32_t data_;
};

}  // namespace sim::hal_order
