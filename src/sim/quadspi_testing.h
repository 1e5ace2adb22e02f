// The QUADSPI with a W25Q256JV at its pins, and its registers by name, for the tests of the controller.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <span>
#include <vector>

#include "sim/bus.h"
#include "sim/nor_chip_testing.h"
#include "sim/quadspi.h"

namespace sim::quadspi_testing {

inline constexpr uint32_t kBase = 0x52005000;
inline constexpr uint32_t kWindow = 0x90000000;
inline constexpr uint32_t kCr = kBase + 0x00, kDcr = kBase + 0x04, kSr = kBase + 0x08, kFcr = kBase + 0x0C;
inline constexpr uint32_t kDlr = kBase + 0x10, kCcr = kBase + 0x14, kAr = kBase + 0x18, kAbr = kBase + 0x1C;
inline constexpr uint32_t kDr = kBase + 0x20, kPsmkr = kBase + 0x24, kPsmar = kBase + 0x28;
inline constexpr uint32_t kPir = kBase + 0x2C, kLptr = kBase + 0x30;

inline constexpr uint32_t kEnable = 1, kAbort = 2, kTimeoutEnable = 1u << 3;
inline constexpr uint32_t kPrescaler = 1u << 24;
inline constexpr uint32_t kTef = 1, kTcf = 2, kFtf = 4, kSmf = 8, kTof = 16, kBusy = 32;

inline constexpr uint32_t kSingleInstruction = 1u << 8;
inline constexpr uint32_t kSingleAddress = 1u << 10, kQuadAddress = 3u << 10;
inline constexpr uint32_t kAddress32 = 3u << 12;
inline constexpr uint32_t kQuadAlternate = 3u << 14;
inline constexpr uint32_t kSingleData = 1u << 24, kQuadData = 3u << 24;
inline constexpr uint32_t kReadMode = 1u << 26, kPollingMode = 2u << 26, kMappedMode = 3u << 26;
constexpr uint32_t dummy(uint32_t cycles) {
  return cycles << 18;
}
constexpr uint32_t threshold(uint32_t bytes) {
  return (bytes - 1) << 8;
}
constexpr uint32_t level(uint32_t sr) {
  return sr >> 8 & 0x3F;
}

inline constexpr uint32_t kWriteEnable = kSingleInstruction | 0x06;
inline constexpr uint32_t kReadId = kReadMode | kSingleData | kSingleInstruction | 0x9F;
inline constexpr uint32_t kReadStatus = kReadMode | kSingleData | kSingleInstruction | 0x05;
inline constexpr uint32_t kPollStatus = kPollingMode | kSingleData | kSingleInstruction | 0x05;
inline constexpr uint32_t kRead =
    kReadMode | kSingleData | kAddress32 | kSingleAddress | kSingleInstruction | 0x13;
inline constexpr uint32_t kQuadRead =
    kQuadData | dummy(4) | kQuadAlternate | kAddress32 | kQuadAddress | kSingleInstruction | 0xEC;
inline constexpr uint32_t kProgram = kSingleData | kAddress32 | kSingleAddress | kSingleInstruction | 0x12;
inline constexpr uint32_t kErase = kAddress32 | kSingleAddress | kSingleInstruction | 0x21;

class QuadSpiTest : public testing::Test {
 protected:
  explicit QuadSpiTest(QuadSpiErrata errata = {})
      : quadspi(bench.chip, bench.clock, bench.violations, 200'000'000, errata) {
    space.map(kBase, QuadSpi::kRegisterBytes, quadspi);
    space.map(kWindow, QuadSpi::kWindowBytes, quadspi.window());
    bench.chip.set_status(1, 0x02);
    write(kCr, kEnable | kPrescaler | threshold(4));
    write(kDcr, 24u << 16 | 1u << 8);
  }

  uint32_t read(uint32_t address, unsigned width = 4) {
    return static_cast<uint32_t>(space.load(address, width));
  }
  void write(uint32_t address, uint32_t value, unsigned width = 4) { space.store(address, value, width); }

  // Polls as a driver does.
  void wait_for(uint32_t flag) {
    for (int i = 0; i < 1000; ++i) {
      if ((read(kSr) & flag) != 0) return;
    }
    FAIL() << "SR never showed " << flag;
  }
  void wait_until_idle() {
    for (int i = 0; i < 1000; ++i) {
      if ((read(kSr) & kBusy) == 0) return;
    }
    FAIL() << "BUSY stays";
  }

  void command(uint32_t ccr) {
    write(kFcr, kTcf);
    write(kCcr, ccr);
    wait_for(kTcf);
    write(kFcr, kTcf);
  }

  void start_read(uint32_t ccr, uint32_t address, uint32_t length) {
    write(kDlr, length - 1);
    write(kCcr, kReadMode | ccr);
    write(kAbr, 0);
    write(kAr, address);
  }

  std::vector<uint8_t> read_flash(uint32_t ccr, uint32_t address, uint32_t length) {
    start_read(ccr, address, length);
    std::vector<uint8_t> out(length);
    for (uint8_t& byte : out) {
      while (level(read(kSr)) == 0) {
      }
      byte = static_cast<uint8_t>(read(kDr, 1));
    }
    write(kFcr, kTcf);
    return out;
  }

  void program(uint32_t address, std::span<const uint8_t> data) {
    command(kWriteEnable);
    write(kDlr, static_cast<uint32_t>(data.size()) - 1);
    write(kCcr, kProgram);
    write(kAr, address);
    for (const uint8_t byte : data) {
      wait_for(kFtf);
      write(kDr, byte, 1);
    }
    wait_for(kTcf);
    write(kFcr, kTcf);
  }

  void map() {
    write(kAbr, 0);
    write(kCcr, kMappedMode | kQuadRead);
  }

  ChipBench bench{w25q256jv()};
  AddressSpace space{bench.clock, bench.violations};
  QuadSpi quadspi;
};

}  // namespace sim::quadspi_testing
