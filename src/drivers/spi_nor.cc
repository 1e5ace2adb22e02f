#include "drivers/spi_nor.h"

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
  kWriteStatus2 = 0x31,
  kReadStatus2 = 0x35,
  kWriteStatus2Old = 0x3E,
  kReadStatus2Old = 0x3F,
  kEnableReset = 0x66,
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
// next change of its own kind, or is to be cleared.
constexpr FailRegister kMacronixSecurity = {.read = 0x2B, .program_bit = 5, .clear = 0};
constexpr FailRegister kMicronFlagStatus = {.read = 0x70, .program_bit = 4, .clear = 0x50};

// What a chip that is not identified yet may be busy with: a block erase at its slowest, five
// seconds, rounded to what an instruction can hold.
constexpr uint32_t kForeignChangeUs = 5u << 20;
// tW: MX25L12833F 40 ms, W25Q256JV 15 ms.
constexpr uint32_t kWriteRegisterUs = 40'000;
// After a reset (tRST: 30 to 40 us) or a release from deep power-down (tRES1: 3 to 30 us).
constexpr uint32_t kRestUs = 100;

// SFDP rounds a chip's maxima up, to twice as much and more. Those of W25Q256JV and W25Q128JV, AC
// characteristics: tSE, tBE1, tBE2 of 4, 32 and 64 KiB; tPP.
constexpr uint32_t kWinbondEraseUs[] = {400'000, 1'600'000, 2'000'000};
constexpr uint32_t kWinbondProgramUs = 3'000;

constexpr uint32_t kThreeByteReach = 16u << 20;
// W25Q256JV: the first byte of a page takes 30 us, each further one 2.5 us (tBP1, tBP2).
constexpr uint32_t kProgramGapBytes = 12;

// Where the quad enable bit is, by QuadEnable.
struct QuadBit {
  uint8_t read;
  uint8_t mask;
  uint8_t write;
  uint8_t written_bytes;  // of two, the first is status register 1
};
constexpr QuadBit kQuadBits[] = {
    {kReadStatus, 0x00, kWriteStatus, 1},  // there is none to set
    {kReadStatus2, 0x02, kWriteStatus, 2},        {kReadStatus, 0x40, kWriteStatus, 1},
    {kReadStatus2Old, 0x80, kWriteStatus2Old, 1}, {kReadStatus2, 0x02, kWriteStatus, 2},
    {kReadStatus2, 0x02, kWriteStatus, 2},        {kReadStatus2, 0x02, kWriteStatus2, 1},
};

constexpr uint32_t lowest_bit(uint32_t bits) {
  return bits & (0 - bits);
}

}  // namespace

Status SpiNor::init() {
  framing_ = {};
  id_ = 0;
  state_ = State::kIdle;
  const Status status = bring_up();
  if (!status.ok()) {
    bus_.close();
    region_.sector_count = 0;
    geometry_changed();
  }
  return status;
}

inline Status SpiNor::bring_up() {
  FLASH_TRY(bus_.open());
  FLASH_TRY(recover());
  NorParameters chip = kPlainChip;
  const KnownChip& known = find_known_chip(id_);
  FLASH_TRY(identify(known, chip));
  FLASH_TRY(adopt(chip));
  FLASH_TRY(publish_geometry(known, chip));
  return settle();
}

// In the present protocol: awake, done with what it was doing, and as after power-up.
Status SpiNor::recover() {
  read_id().ignore();  // a chip that drives no strobe now may do so after the reset
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

inline Status SpiNor::identify(const KnownChip& known, NorParameters& chip) {
  chip.word2 = (8u << known.size_log2) - 1;
  chip.word15 = known.quad_enable << 20;
  FLASH_TRY(read_sfdp(bus_, chip));
  fail_register_ = chip.has_flag_status() ? &kMicronFlagStatus : nullptr;
  if (known.maker() == kMacronix) fail_register_ = &kMacronixSecurity;
  const uint32_t expected = config_.expected_size_bytes;
  const bool fits = expected == 0 || expected == chip.size_bytes();
  return fits && chip.has_possible_size() ? Status{} : Error::kNoDevice;
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
  if ((entry & kEnterByWriteEnableB7) != 0) FLASH_TRY(enable_write());
  return send(kEnterFourByte);
}

inline Status SpiNor::choose_read(const NorParameters& chip) {
  FastRead read = {.cycles = 8, .opcode = kFastRead};
  NorFrame frame = framing_.addressed;
  const uint32_t quad_reads = chip.quad_read_bits(dedicated_);
  if (config_.four_lines && chip.quad_enable() != QuadEnable::kUnknown && quad_reads != 0) {
    FLASH_TRY(enable_quad(chip.quad_enable(), false));
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

Status SpiNor::enable_quad(QuadEnable method, bool is_written) {
  const QuadBit& bit = kQuadBits[static_cast<uint8_t>(method)];
  const Reading value = read_register(bit.read);
  if (!value.ok()) return value.error();
  if ((~value.value() & bit.mask) == 0) return {};
  if (is_written) return Error::kIo;
  uint32_t data = value.value() | bit.mask;
  if (bit.written_bytes == 2) {
    const Reading status = read_status();
    if (!status.ok()) return status.error();
    data = data << 8 | status.value();
  }
  const NorFrame frame = framing_.command.with_opcode(bit.write).with_data();
  const std::span bytes(reinterpret_cast<const uint8_t*>(&data), bit.written_bytes);
  FLASH_TRY(change(NorCommand::writing(frame, 0, bytes), kWriteRegisterUs));
  return enable_quad(method, true);
}

inline Status SpiNor::publish_geometry(const KnownChip& known, const NorParameters& chip) {
  const uint32_t sizes = chip.tell_operations(framing_.addressed, dedicated_, operations_);
  if (known.maker() == kWinbond) {
    operations_.program.maximum_us = kWinbondProgramUs;
    for (NorOperation& erase : operations_.erases) {
      erase.maximum_us = kWinbondEraseUs[erase.size_bytes >> 15];
    }
  }
  if (sizes == 0) return Error::kNoDevice;
  const uint32_t sector = lowest_bit(sizes);
  const uint32_t block = lowest_bit(sizes ^ sector);
  region_ = {sector, chip.size_bytes() / sector};
  flash::Geometry& geometry = changing_geometry();
  geometry.regions = {&region_, 1};
  geometry.program_page_bytes = operations_.program.size_bytes;
  geometry.program_gap_bytes = kProgramGapBytes;
  geometry.large_erase_bytes = {block, lowest_bit(sizes ^ sector ^ block)};
  geometry_changed();
  return {};
}

Status SpiNor::send(uint8_t opcode) {
  return bus_.execute(NorCommand(framing_.command.with_opcode(opcode)));
}

Status SpiNor::send_and_rest(uint8_t opcode) {
  FLASH_TRY(send(opcode));
  wait(kRestUs, Until::kOver).ignore();
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
  if (dedicated_ && command.frame.opcode() == kErase32K) {
    exit_mode_ = kExitFourByte;
    FLASH_TRY(send(kEnterFourByte));
  }
  FLASH_TRY(enable_write());
  state_ = State::kChanging;
  // Whatever the bus makes of it, the chip may have taken the command up.
  const Status sent = bus_.execute(command);
  const Status done = wait_ready(maximum_us);
  return sent.ok() ? done : sent;
}

inline Status SpiNor::wait_ready(uint32_t maximum_us) {
  return wait(maximum_us, Until::kReady);
}

Status SpiNor::wait(uint32_t maximum_us, Until until) {
  const Platform& platform = config_.platform;
  const Deadline deadline(platform, maximum_us);
  for (;;) {
    const bool expired = deadline.has_passed();
    if (until == Until::kReady) {
      const Reading status = read_status();
      if (!status.ok()) return status.error();
      if ((status.value() & kBusy) == 0) {
        state_ = State::kIdle;
        return {};
      }
    }
    if (expired) return Error::kTimedOut;
    platform.yield(platform.context);
  }
}

inline Status SpiNor::check_result(bool is_erase) {
  if (fail_register_ == nullptr) return {};
  const Reading result = read_register(fail_register_->read);
  if (!result.ok()) return result.error();
  if ((result.value() >> fail_register_->program_bit >> (is_erase ? 1 : 0) & 1) == 0) return {};
  if (fail_register_->clear != 0) FLASH_TRY(send(fail_register_->clear));
  return Error::kIo;
}

Status SpiNor::do_read(uint32_t offset, uint8_t* out, uint32_t length) {
  FLASH_TRY(settle());
  forget_cached(offset, length);  // who reads twice wants to know whether the chip says the same twice
  const NorCommand read = NorCommand::reading(read_, offset, {out, length});
  return state_ == State::kMapped ? bus_.read_mapped(read) : bus_.execute(read);
}

// What the processor's caches hold of the chip.
void SpiNor::forget_cached(uint32_t offset, uint32_t length) {
  const Platform& platform = config_.platform;
  if (config_.mapped_reads) platform.memory_changed(platform.context, bus_.mapped_address() + offset, length);
}

Status SpiNor::do_program(uint32_t offset, const uint8_t* data, uint32_t length) {
  return change_range(offset, data, length);
}

Status SpiNor::do_erase(uint32_t offset, uint32_t length) {
  return change_range(offset, nullptr, length);
}

Status SpiNor::change_range(uint32_t offset, const uint8_t* data, uint32_t length) {
  FLASH_TRY(settle());
  const bool was_mapped = state_ == State::kMapped;
  state_ = State::kIdle;  // whatever becomes of it: the next settle() maps anew
  if (was_mapped) FLASH_TRY(bus_.unmap());
  Status status = change_pieces(offset, data, length);
  const Status settled = settle();
  if (status.ok()) status = settled;
  forget_cached(offset, length);
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
  const NorOperation* largest = operations_.erases;
  uint32_t largest_bytes = 0;
  for (const NorOperation& erase : operations_.erases) {
    const uint32_t size = erase.size_bytes;
    if (size <= largest_bytes || size > length || (offset & (size - 1)) != 0) continue;
    largest = &erase;
    largest_bytes = size;
  }
  return *largest;
}

// Memory is to be had again also after an error, when part of the range may have changed; but a chip that is
// still busy is none. Nor is one left counting four bytes: a boot loader may read it with three.
Status SpiNor::settle() {
  if (state_ == State::kMapped) return {};
  if (state_ == State::kChanging) FLASH_TRY(wait_ready(0));
  if (exit_mode_ != 0) FLASH_TRY(send(static_cast<uint8_t>(exit_mode_)));
  exit_mode_ = 0;
  if (!config_.mapped_reads) return {};
  FLASH_TRY(bus_.map(read_, size_bytes()));
  state_ = State::kMapped;
  return {};
}

}  // namespace drivers
