// A chip and its bus in one, for tests of the driver above: a list of the commands that came, registers
// to look into, and calls that fail on demand. It judges nothing but misuse of the bus; how chips and
// controllers really behave is the models' business.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "drivers/mmio.h"
#include "drivers/nor_bus.h"

namespace drivers {

class FakeNorBus final : public NorBus {
 public:
  static constexpr size_t kNever = std::numeric_limits<size_t>::max();
  static constexpr uint8_t kWip = 1, kWel = 2;

  struct Call {
    NorCommand command;  // its data is not to be looked into
    std::vector<uint8_t> out;
    size_t in_bytes = 0;
  };

  explicit FakeNorBus(uint32_t size_bytes) : NorBus(0x90000000), bytes(size_bytes, 0xFF) {}

  flash::Status open() override {
    FLASH_TRY(next_call());
    is_open = true;
    is_mapped = false;
    return {};
  }
  void close() override { is_open = is_mapped = false; }

  flash::Status execute(const NorCommand& command) override {
    EXPECT_TRUE(is_open) << "a command on a closed bus";
    EXPECT_FALSE(is_mapped) << "a command on a mapped bus";
    const flash::Status status = next_call();
    if (!status.ok() && !takes_failed_commands) return status;
    calls.push_back({command, {command.out().begin(), command.out().end()}, command.in().size()});
    std::ranges::fill(command.in(), uint8_t{0xFF});
    if (!is_silent) carry_out(command);
    return status;
  }

  flash::Status map(NorFrame read, uint32_t size_bytes) override {
    EXPECT_TRUE(is_open && !is_mapped);
    EXPECT_EQ(size_bytes, bytes.size());
    FLASH_TRY(next_call());
    mapped_read = read;
    is_mapped = true;
    return {};
  }
  flash::Status unmap() override {
    EXPECT_TRUE(is_mapped);
    FLASH_TRY(next_call());
    is_mapped = false;
    return {};
  }
  flash::Status read_mapped(const NorCommand& read) override {
    EXPECT_TRUE(is_mapped) << "a read of memory that is none";
    EXPECT_EQ(read.frame, mapped_read);
    std::copy_n(bytes.begin() + read.address, read.length_bytes, read.into);
    return {};
  }

  // "06 05 20@1000": opcodes in hex, addresses where a command has one.
  std::string wire() const {
    std::string text;
    for (const Call& call : calls) {
      char one[32];
      const unsigned opcode = call.command.frame.opcode();
      const bool addressed = call.command.frame.address_bytes() != 0;
      std::snprintf(one, sizeof one, addressed ? "%s%02X@%X" : "%s%02X", text.empty() ? "" : " ", opcode,
                    static_cast<unsigned>(call.command.address));
      text += one;
    }
    return text;
  }
  size_t count(uint8_t opcode) const {
    return static_cast<size_t>(std::ranges::count_if(
        calls, [&](const Call& call) { return call.command.frame.opcode() == opcode; }));
  }
  const Call* last(uint8_t opcode) const {
    const auto found = std::find_if(calls.rbegin(), calls.rend(),
                                    [&](const Call& call) { return call.command.frame.opcode() == opcode; });
    return found == calls.rend() ? nullptr : &*found;
  }

  // As an operation that began before us and never ends.
  void hang() {
    registers[0x05] = kWip;
    polls_left_ = kNever;
  }

  std::vector<uint8_t> bytes;
  std::vector<uint8_t> sfdp;
  std::array<uint8_t, 3> id = {0x12, 0x34, 0x56};
  std::map<uint8_t, uint8_t> registers;  // by the opcode that reads them
  std::map<uint8_t, uint32_t> erases = {
      {0x20, 4096}, {0x21, 4096}, {0x52, 32768}, {0xD8, 65536}, {0xDC, 65536}};

  bool is_silent = false;             // no chip is there
  bool refuses_write_enable = false;  // WEL stays 0
  bool keeps_registers = false;       // writes to them change nothing
  size_t busy_polls = 1;              // status reads until a change is done
  size_t failing_call = kNever;       // of open, execute, map and unmap
  flash::Status failure = flash::Error::kIo;
  bool takes_failed_commands = false;  // the bus is wrong about what reached the chip

  std::vector<Call> calls;
  size_t call_count = 0;
  NorFrame mapped_read;
  bool is_open = false;
  bool is_mapped = false;
  bool is_octal = false;

 private:
  flash::Status next_call() { return call_count++ == failing_call ? failure : flash::Status{}; }

  void carry_out(const NorCommand& command) {
    if (command.frame.is_octal_dtr() != is_octal) return;
    const uint8_t opcode = command.frame.opcode();
    const std::span<const uint8_t> out = command.out();
    const std::span<uint8_t> in = command.in();
    switch (opcode) {
      case 0x05:
        return fill(command, status());
      case 0x06:
        if (!refuses_write_enable) registers[0x05] |= kWel;
        return;
      case 0x01:
      case 0x31:
      case 0x3E:
        return write_registers(opcode, out);
      case 0x72:
        if (!keeps_registers) registers[0x71] = out[0];
        is_octal = registers[0x71] == 2;
        registers[0x05] = 0;
        return;
      case 0x99:
        is_octal = false;
        return;
      case 0x9F:
        std::copy_n(id.begin(), in.size(), in.begin());
        return;
      case 0x5A:
        for (size_t i = 0; i < in.size(); ++i) {
          const size_t at = command.address + i;
          if (at < sfdp.size()) in[i] = sfdp[at];
        }
        return;
      case 0x02:
      case 0x12:
        for (size_t i = 0; i < out.size(); ++i) bytes[command.address + i] &= out[i];
        return begin_change();
      default:
        break;
    }
    if (const auto erase = erases.find(opcode); erase != erases.end()) {
      std::fill_n(bytes.begin() + command.address, erase->second, uint8_t{0xFF});
      begin_change();
    } else if (registers.contains(opcode)) {
      fill(command, registers[opcode]);
    } else if (!in.empty() && command.frame.address_bytes() != 0) {
      std::copy_n(bytes.begin() + command.address, in.size(), in.begin());
    }
  }

  static void fill(const NorCommand& command, uint8_t value) { std::ranges::fill(command.in(), value); }

  void write_registers(uint8_t opcode, std::span<const uint8_t> out) {
    begin_change();
    if (keeps_registers) return;
    if (opcode == 0x01) registers[0x05] = static_cast<uint8_t>((out[0] & ~3) | registers[0x05]);
    if (opcode == 0x01 && out.size() > 1) registers[0x35] = out[1];
    if (opcode == 0x31) registers[0x35] = out[0];
    if (opcode == 0x3E) registers[0x3F] = out[0];
  }

  void begin_change() {
    EXPECT_EQ(registers[0x05] & 3, kWel) << "a change without write enable, or while busy";
    registers[0x05] |= kWip;
    polls_left_ = busy_polls;
  }

  uint8_t status() {
    const uint8_t value = registers[0x05];
    if ((value & kWip) != 0 && polls_left_ != kNever && polls_left_-- == 0) registers[0x05] &= ~3;
    return registers[0x05];
  }

  size_t polls_left_ = 0;
};

}  // namespace drivers
