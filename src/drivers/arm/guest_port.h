// How a program on the emulated CPU talks to the test around it: a page of registers that no camera has.
#pragma once

#include <cstdint>

namespace drivers::arm {

inline constexpr uint32_t kPortBase = 0x60000000;
inline constexpr uint32_t kPortSizeBytes = 0x1000;

inline constexpr uint32_t kPortNowLow = 0x00;  // microseconds; reading it freezes the other half
inline constexpr uint32_t kPortNowHigh = 0x04;
inline constexpr uint32_t kPortYield = 0x08;    // any write: the program waits for the hardware
inline constexpr uint32_t kPortChanged = 0x0C;  // address of memory that was changed behind the caches

// Where the program lives: RAM of every camera.
inline constexpr uint32_t kRamBase = 0x20000000;
inline constexpr uint32_t kRamSizeBytes = 0x20000;

}  // namespace drivers::arm
