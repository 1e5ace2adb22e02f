// The XSPI with an MX25UM25645G at its pins, and its registers by name, for the tests of the controller.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

#include "sim/bus.h"
#include "sim/nor_chip_testing.h"
#include "sim/xspi.h"

namespace sim::xspi_testing {

inline constexpr uint32_t kBase = 0x5802A000;
inline constexpr uint32_t kWindow = 0x70000000;
inline constexpr uint32_t kCr = kBase + 0x000, kDcr1 = kBase + 0x008, kDcr2 = kBase + 0x00C,
                          kSr = kBase + 0x020;
inline constexpr uint32_t kFcr = kBase + 0x024, kDlr = kBase + 0x040, kAr = kBase + 0x048,
                          kDr = kBase + 0x050;
inline constexpr uint32_t kPsmkr = kBase + 0x080, kPsmar = kBase + 0x088, kPir = kBase + 0x090,
                          kCcr = kBase + 0x100;
inline constexpr uint32_t kTcr = kBase + 0x108, kIr = kBase + 0x110, kAbr = kBase + 0x120,
                          kLptr = kBase + 0x130;
inline constexpr uint32_t kWccr = kBase + 0x180;

inline constexpr uint32_t kEnable = 1, kAbort = 2, kTimeoutEnable = 1u << 3, kPollingStop = 1u << 22;
inline constexpr uint32_t kModeMask = 3u << 28, kReadMode = 1u << 28, kPollingMode = 2u << 28,
                          kMappedMode = 3u << 28;
inline constexpr uint32_t kTef = 1, kTcf = 2, kFtf = 4, kSmf = 8, kTof = 16, kBusy = 32;
inline constexpr uint32_t kMacronix = 1u << 24;

// CCR of single-line and octal double-rate commands, by their phases.
inline constexpr uint32_t kSingleInstruction = 1;
inline constexpr uint32_t kSingleAddress = 1u << 8 | 3u << 12;
inline constexpr uint32_t kSingleData = 1u << 24;
inline constexpr uint32_t kOctalInstruction = 4u | 1u << 3 | 1u << 4;
inline constexpr uint32_t kOctalAddress = 4u << 8 | 1u << 11 | 3u << 12;
inline constexpr uint32_t kOctalData = 4u << 24 | 1u << 27;
inline constexpr uint32_t kStrobe = 1u << 29;
inline constexpr uint32_t kOctalRead = kOctalInstruction | kOctalAddress | kOctalData | kStrobe;

constexpr uint32_t level(uint32_t sr) {
  return sr >> 8 & 0x7F;
}

class XspiTest : public testing::Test {
 protected:
  XspiTest() {
    space.map(kBase, Xspi::kRegisterBytes, xspi);
    space.map(kWindow, Xspi::kWindowBytes, xspi.window());
    write(kCr, kEnable | 3u << 8);
    write(kDcr1, kMacronix | 24u << 16 | 1u << 8);
  }

  uint32_t read(uint32_t address, unsigned width = 4) {
    return static_cast<uint32_t>(space.load(address, width));
  }
  void write(uint32_t address, uint32_t value, unsigned width = 4) { space.store(address, value, width); }
  void set_mode(uint32_t mode) { write(kCr, (read(kCr) & ~kModeMask) | mode); }

  void wait_for(uint32_t flag) {
    for (int i = 0; i < 1000; ++i) {
      if ((read(kSr) & flag) != 0) return;
    }
    FAIL() << "SR never showed " << flag;
  }

  void leave_mapped_mode() {
    write(kCr, read(kCr) | kAbort);
    while ((read(kSr) & kBusy) != 0) {
    }
    write(kFcr, kTcf);
  }

  struct Command {
    uint32_t mode;
    uint32_t ccr;
    uint32_t instruction;
    uint32_t address = 0;
    uint32_t length = 0;
    uint32_t dummy = 0;
  };
  void start(const Command& command) {
    set_mode(command.mode);
    write(kFcr, kTcf);
    if (command.length > 0) write(kDlr, command.length - 1);
    write(kTcr, command.dummy);
    write(kCcr, command.ccr);
    write(kIr, command.instruction);
    if ((command.ccr >> 8 & 7) != 0) write(kAr, command.address);
  }
  void execute(const Command& command) {
    start(command);
    wait_for(kTcf);
  }
  std::vector<uint8_t> fetch(Command command) {
    command.mode = kReadMode;
    start(command);
    std::vector<uint8_t> out(command.length);
    for (uint8_t& byte : out) {
      while (level(read(kSr)) == 0) {
      }
      byte = static_cast<uint8_t>(read(kDr, 1));
    }
    return out;
  }
  void send(const Command& command, std::span<const uint8_t> data) {
    start(command);
    for (const uint8_t byte : data) {
      wait_for(kFtf);
      write(kDr, byte, 1);
    }
    wait_for(kTcf);
  }
  void send(const Command& command, std::initializer_list<uint8_t> data) {
    send(command, std::span(data.begin(), data.size()));
  }

  void enter_octal() {
    execute({0, kSingleInstruction, 0x06});
    send({0, kSingleInstruction | kSingleAddress | kSingleData, 0x72, 0, 1}, {0x02});
  }
  void program_octal(uint32_t address, std::span<const uint8_t> data) {
    execute({0, kOctalInstruction, 0x06F9});
    send({0, kOctalInstruction | kOctalAddress | kOctalData, 0x12ED, address,
          static_cast<uint32_t>(data.size())},
         data);
    bench.wait_until_ready();
  }
  void map_octal() {
    set_mode(kMappedMode);
    write(kTcr, 20);
    write(kCcr, kOctalRead);
    write(kIr, 0xEE11);
  }

  ChipBench bench{mx25um25645g()};
  AddressSpace space{bench.clock, bench.violations};
  Xspi xspi{bench.chip, bench.clock, bench.violations, 200'000'000};
};

}  // namespace sim::xspi_testing
