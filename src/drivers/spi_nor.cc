#include "drivers/spi_nor.h"

#include <algorithm>

#include "drivers/bounded_wait.h"
#include "drivers/known_chips.h"

namespace drivers {
namespace {

using flash::Error;
using flash::Status;

enum Opcode : uint8_t {
  kWriteStatus = 0x01,
  kReadStatus = 0x05,
  kWriteEnable = 0x06,
  kFastRead = 0x0B,
  kReadSecurity = 0x2B,  // Macronix
  kWriteStatus2 = 0x31,
  kReadStatus2 = 0x35,
  kWriteStatus2Old = 0x3E,
  kReadStatus2Old = 0x3F,
  kClearFlagStatus = 0x50,  // Micron
  kEnableReset = 0x66,
  kReadFlagStatus = 0x70,  // Micron
  kReset = 0x99,
  kReadId = 0x9F,
  kReleasePowerDown = 0xAB,
  kEnterFourByte = 0xB7,
  kExitFourByte = 0xE9,
};

constexpr uint8_t kBusy = 1u << 0;          // WIP
constexpr uint8_t kWriteEnabled = 1u << 1;  // WEL
constexpr uint8_t kNobody = 0xFF;           // what a bus reads that nobody drives

// How the last program ended; the bit above it is that of the last erase, and each stays as it is until the
// next change of its own kind.
constexpr unsigned kSecurityProgramFail = 5;  // P_FAIL
constexpr unsigned kFlagProgramFail = 4;

// What a chip that is not identified yet may be busy with: a block erase at its slowest.
constexpr uint32_t kForeignChangeUs = 5'000'000;
// tW: MX25L12833F 40 ms, W25Q256JV 15 ms.
constexpr uint32_t kWriteRegisterUs = 40'000;
// After a reset (tRST: 30 to 40 us) or a release from deep power-down (tRES1: 3 to 30 us).
constexpr uint32_t kRestUs = 100;

// SFDP rounds a chip's maxima up, to twice as much and more. Those of W25Q256JV and W25Q128JV, AC
// characteristics: tSE, tBE1, tBE2 of 4, 32 and 64 KiB; tPP.
constexpr uint16_t kWinbondEraseMs[] = {400, 1600, 2000};
constexpr uint32_t kWinbondProgramUs = 3'000;

constexpr uint32_t kThreeByteReach = 16u << 20;
// W25Q256JV: the first byte of a page takes 30 us, each further one 2.5 us (tBP1, tBP2).
constexpr uint32_t kProgramGapBytes = 12;

constexpr NorFraming kOneLineFraming = {
    .command = NorFrame(0),
    .read_register = NorFrame(0).with_read(),
    .addressed = NorFrame(0).with_address(3),
};

// Where the quad enable bit is, by QuadEnable from kStatus2Bit1 on.
struct QuadBit {
  uint8_t read;
  uint8_t mask;
  uint8_t write;
  uint8_t written_bytes;  // of two, the first is status register 1
};
constexpr QuadBit kQuadBits[] = {
    {kReadStatus2, 0x02, kWriteStatus, 2},        {kReadStatus, 0x40, kWriteStatus, 1},
    {kReadStatus2Old, 0x80, kWriteStatus2Old, 1}, {kReadStatus2, 0x02, kWriteStatus, 2},
    {kReadStatus2, 0x02, kWriteStatus, 2},        {kReadStatus2, 0x02, kWriteStatus2, 1},
};

}  // namespace

Status SpiNor::init() {
  framing_ = kOneLineFraming;
  mapped_ = false;
  settled_ = true;
  const Status status = bring_up();
  if (!status.ok()) {
    bus_.close();
    region_.sector_count = 0;
    set_geometry(geometry());
  }
  return status;
}

inline Status SpiNor::bring_up() {
  FLASH_TRY(bus_.open());
  FLASH_TRY(recover());
  NorParameters chip = kPlainChip;
  const KnownChip* known = find_known_chip(id_);
  FLASH_TRY(identify(known, chip));
  FLASH_TRY(adopt(chip));
  FLASH_TRY(publish_geometry(known, chip));
  return map();
}

// In the present protocol: awake, done with what it was doing, and as after power-up.
Status SpiNor::recover() {
  FLASH_TRY(read_id());
  if (id_ == 0) {
    FLASH_TRY(send_and_rest(kReleasePowerDown));
    // An erase that the camera's reset did not stop is let finish: cutting it off leaves weak cells.
    // Whatever else comes of this wait, the reset below is the cure, or read_id() finds out.
    wait_ready(kForeignChangeUs).ignore();
  }
  FLASH_TRY(send(kEnableReset));
  FLASH_TRY(send_and_rest(kReset));
  FLASH_TRY(read_id());
  if (id_ != 0) return {};
  FLASH_TRY(wait_ready(0));
  return Error::kNoDevice;
}

inline Status SpiNor::identify(const KnownChip* known, NorParameters& chip) {
  if (known != nullptr) chip.word2 = (8u << known->size_log2) - 1;
  FLASH_TRY(read_sfdp(bus_, chip));
  fail_opcode_ = chip.has_flag_status() ? kReadFlagStatus : 0;
  if (known != nullptr) {
    if (chip.quad_enable() == QuadEnable::kUnknown) chip.word15 = known->quad_enable << 20;
    if (known->maker() == kMacronix) fail_opcode_ = kReadSecurity;
  }
  const uint32_t expected = config_.expected_size_bytes;
  const bool fits = expected == 0 || expected == chip.size_bytes();
  return fits && chip.is_possible() ? Status{} : Error::kNoDevice;
}

Status SpiNor::adopt(const NorParameters& chip) {
  dedicated_ = false;
  if (chip.size_bytes() > kThreeByteReach) FLASH_TRY(choose_four_bytes(chip));
  return choose_read(chip);
}

// One width for the whole chip, whatever the address. Opcodes that always take four bytes are right in
// every mode, also in that which another owner of the chip leaves it in.
inline Status SpiNor::choose_four_bytes(const NorParameters& chip) {
  framing_.addressed = framing_.addressed.with_address(4);
  dedicated_ = chip.has_dedicated_opcodes();
  const uint32_t entry = chip.four_byte_entry();
  if (dedicated_ || chip.address_bytes() == AddressBytes::kFour || (entry & kAlwaysFourByte) != 0) return {};
  if ((entry & (kEnterByB7 | kEnterByWriteEnableB7)) == 0) return Error::kNoDevice;
  if ((entry & kEnterByB7) == 0) FLASH_TRY(enable_write());
  return send(kEnterFourByte);
}

inline Status SpiNor::choose_read(const NorParameters& chip) {
  FastRead read = {.cycles = 8, .opcode = kFastRead};
  NorFrame frame = framing_.addressed;
  const uint32_t quad_reads = chip.quad_read_bits(dedicated_);
  if (config_.four_lines && chip.quad_enable() != QuadEnable::kUnknown && quad_reads != 0) {
    FLASH_TRY(enable_quad(chip.quad_enable()));
    frame = frame.with_data(kFourLines);
    read = chip.quad_reads[1];
    if ((quad_reads & 1) != 0) {
      frame = frame.with_address(1, kFourLines);
      read = chip.quad_reads[0];
    }
  }
  uint32_t wait_cycles = read.mode_cycles() + read.dummy_cycles();
  if (frame.address_lines() == kFourLines && read.mode_cycles() == 2) {
    frame = frame.with_mode(1);
    wait_cycles -= 2;
  }
  // 0Bh, 6Bh, EBh: the opcode with four address bytes is the next one.
  const auto opcode = static_cast<uint8_t>(read.opcode + (dedicated_ ? 1 : 0));
  read_ = frame.with_opcode(opcode).with_dummies(wait_cycles).with_read();
  return {};
}

Status SpiNor::enable_quad(QuadEnable method) {
  if (method == QuadEnable::kAlways) return {};
  const QuadBit& bit = kQuadBits[static_cast<uint8_t>(method) - 1];
  Reading value = read_register(bit.read);
  if (!value.ok()) return value.error();
  if ((value.value() & bit.mask) != 0) return {};
  const Reading status = read_status();
  if (!status.ok()) return status.error();
  uint8_t data[2] = {static_cast<uint8_t>(status.value())};
  data[bit.written_bytes - 1] = static_cast<uint8_t>(value.value() | bit.mask);
  const NorFrame frame = framing_.command.with_opcode(bit.write).with_data();
  FLASH_TRY(change(NorCommand::writing(frame, 0, {data, bit.written_bytes}), kWriteRegisterUs));
  value = read_register(bit.read);
  if (!value.ok()) return value.error();
  return (value.value() & bit.mask) != 0 ? Status{} : Error::kIo;
}

inline Status SpiNor::publish_geometry(const KnownChip* known, const NorParameters& chip) {
  chip.tell_operations(framing_.addressed, dedicated_, operations_);
  uint32_t sizes = 0;
  const bool prints = known != nullptr && known->maker() == kWinbond;
  if (prints) operations_.program.maximum_us = kWinbondProgramUs;
  for (NorOperation& erase : operations_.erases) {
    if (prints) erase.maximum_us = kWinbondEraseMs[erase.size_bytes >> 15] * 1000u;
    sizes |= erase.size_bytes;
  }
  if (sizes == 0) return Error::kNoDevice;
  uint32_t ascending[3];
  for (uint32_t& size : ascending) {
    size = sizes & (0 - sizes);
    sizes ^= size;
  }
  region_ = {ascending[0], chip.size_bytes() / ascending[0]};
  set_geometry({.regions = {&region_, 1},
                .program_page_bytes = operations_.program.size_bytes,
                .program_gap_bytes = kProgramGapBytes,
                .large_erase_bytes = {ascending[1], ascending[2]}});
  return {};
}

Status SpiNor::send(uint8_t opcode) {
  return bus_.execute(NorCommand(framing_.command.with_opcode(opcode)));
}

Status SpiNor::send_and_rest(uint8_t opcode) {
  FLASH_TRY(send(opcode));
  const Platform& platform = config_.platform;
  for (const Deadline rest(platform, kRestUs); !rest.has_passed();) platform.yield(platform.context);
  return {};
}

// Up to three bytes, the first one lowest.
SpiNor::Reading SpiNor::read_register(uint8_t opcode, size_t bytes) {
  uint32_t value = 0;
  FLASH_TRY(bus_.execute(NorCommand::reading(framing_.read_register.with_opcode(opcode), 0,
                                             {reinterpret_cast<uint8_t*>(&value), bytes})));
  return value;
}

SpiNor::Reading SpiNor::read_status() {
  const Reading status = read_register(kReadStatus);
  return status.value() == kNobody ? Reading(Status(Error::kNoDevice)) : status;
}

Status SpiNor::read_id() {
  const Reading id = read_register(kReadId, 3);
  if (!id.ok()) return id.error();
  id_ = id.value() == 0xFFFFFF ? 0 : __builtin_bswap32(id.value()) >> 8;
  return {};
}

Status SpiNor::enable_write() {
  FLASH_TRY(send(kWriteEnable));
  const Reading status = read_status();
  if (!status.ok()) return status.error();
  return (status.value() & kWriteEnabled) != 0 ? Status{} : Error::kIo;
}

Status SpiNor::change(const NorCommand& command, uint32_t maximum_us) {
  const bool by_mode = dedicated_ && command.frame.opcode() == kErase32K;
  if (by_mode) FLASH_TRY(send(kEnterFourByte));
  FLASH_TRY(enable_write());
  settled_ = false;
  FLASH_TRY(bus_.execute(command));
  FLASH_TRY(wait_ready(maximum_us));
  // At once: a boot loader may read the chip with three bytes.
  return by_mode ? send(kExitFourByte) : Status{};
}

Status SpiNor::wait_ready(uint32_t maximum_us) {
  const Platform& platform = config_.platform;
  const Deadline deadline(platform, maximum_us);
  for (;;) {
    const bool expired = deadline.has_passed();
    const Reading status = read_status();
    if (!status.ok()) return status.error();
    settled_ = (status.value() & kBusy) == 0;
    if (settled_) return {};
    if (expired) return Error::kTimedOut;
    platform.yield(platform.context);
  }
}

inline Status SpiNor::check_result(bool is_erase) {
  if (fail_opcode_ == 0) return {};
  const Reading result = read_register(fail_opcode_);
  if (!result.ok()) return result.error();
  const bool is_micron = fail_opcode_ == kReadFlagStatus;
  const unsigned position = (is_micron ? kFlagProgramFail : kSecurityProgramFail) + (is_erase ? 1 : 0);
  if ((result.value() >> position & 1) == 0) return {};
  if (is_micron) FLASH_TRY(send(kClearFlagStatus));
  return Error::kIo;
}

Status SpiNor::do_read(uint32_t offset, std::span<uint8_t> out) {
  if (mapped_) return bus_.read_mapped(offset, out);
  if (!settled_) FLASH_TRY(wait_ready(0));
  return bus_.execute(NorCommand::reading(read_, offset, out));
}

Status SpiNor::do_program(uint32_t offset, std::span<const uint8_t> data) {
  return change_range(offset, data.data(), static_cast<uint32_t>(data.size()));
}

Status SpiNor::do_erase(uint32_t offset, uint32_t length) {
  return change_range(offset, nullptr, length);
}

// Memory is to be had again also after an error, when part of the range may have changed; but a chip that is
// still busy is none.
Status SpiNor::change_range(uint32_t offset, const uint8_t* data, uint32_t length) {
  if (mapped_) FLASH_TRY(bus_.unmap());
  mapped_ = false;
  if (!settled_) FLASH_TRY(wait_ready(0));
  Status status = change_pieces(offset, data, length);
  if (!config_.mapped_reads) return status;
  if (settled_) {
    const Status mapping = map();
    if (status.ok()) status = mapping;
  }
  const Platform& platform = config_.platform;
  platform.memory_changed(platform.context, bus_.mapped_address() + offset, length);
  return status;
}

inline Status SpiNor::change_pieces(uint32_t offset, const uint8_t* data, uint32_t length) {
  while (length > 0) {
    const NorOperation& operation = data != nullptr ? operations_.program : largest_erase(offset, length);
    const uint32_t room = operation.size_bytes - (offset & (operation.size_bytes - 1));
    const uint32_t step = length < room ? length : room;
    NorCommand command(operation.frame, offset);
    if (data != nullptr) {
      command.from = data;
      command.length_bytes = step;
      data += step;
    }
    FLASH_TRY(change(command, operation.maximum_us));
    FLASH_TRY(check_result(data == nullptr));
    offset += step;
    length -= step;
  }
  return {};
}

inline const NorOperation& SpiNor::largest_erase(uint32_t offset, uint32_t length) const {
  const NorOperation* largest = nullptr;
  for (const NorOperation& erase : operations_.erases) {
    const uint32_t size = erase.size_bytes;
    const bool fits = size != 0 && size <= length && (offset & (size - 1)) == 0;
    if (fits && (largest == nullptr || size > largest->size_bytes)) largest = &erase;
  }
  return *largest;
}

Status SpiNor::map() {
  if (!config_.mapped_reads) return {};
  const Status status = bus_.map(read_, size_bytes());
  mapped_ = status.ok();
  return status;
}

}  // namespace drivers
