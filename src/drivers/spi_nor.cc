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
  kPageProgram = 0x02,
  kReadStatus = 0x05,
  kWriteEnable = 0x06,
  kFastRead = 0x0B,
  kPageProgramFour = 0x12,
  kReadSecurity = 0x2B,  // Macronix
  kWriteStatus2 = 0x31,
  kReadStatus2 = 0x35,
  kWriteStatus2Old = 0x3E,
  kReadStatus2Old = 0x3F,
  kClearFlagStatus = 0x50,  // Micron
  kReadSfdp = 0x5A,
  kEnableReset = 0x66,
  kReadFlagStatus = 0x70,  // Micron
  kReadConfig2 = 0x71,     // Macronix
  kWriteConfig2 = 0x72,    // Macronix
  kReset = 0x99,
  kReadId = 0x9F,
  kReleasePowerDown = 0xAB,
  kEnterFourByte = 0xB7,
  kOctalRead = 0xEE,  // Macronix
};

constexpr uint8_t kBusy = 1u << 0;          // WIP
constexpr uint8_t kWriteEnabled = 1u << 1;  // WEL
constexpr uint8_t kNobody = 0xFF;           // what a bus reads that nobody drives

constexpr uint32_t kMacronix = 0xC2;
// How the last program ended; the bit above it is that of the last erase, and each stays as it is until the
// next change of its own kind.
constexpr uint8_t kSecurityProgramFail = 0x20;  // P_FAIL
constexpr uint8_t kFlagProgramFail = 0x10;

// MX25UM25645G: CR2[0] chooses the protocol, CR2[300h] the dummy cycles of array reads (20 after reset).
constexpr uint8_t kOctalDtr = 2;
constexpr uint8_t kOctalReadDummyCycles = 20;
constexpr uint8_t kOctalRegisterDummyCycles = 4;

// What a chip that is not identified yet may be busy with: a block erase at its slowest.
constexpr uint32_t kForeignChangeUs = 5'000'000;
// tW: MX25L12833F 40 ms, W25Q256JV 15 ms.
constexpr uint32_t kWriteRegisterUs = 40'000;
// After a reset (tRST: 30 to 40 us) or a release from deep power-down (tRES1: 3 to 30 us).
constexpr uint32_t kRestUs = 100;

constexpr uint32_t kThreeByteReach = 16u << 20;
// W25Q256JV: the first byte of a page takes 30 us, each further one 2.5 us (tBP1, tBP2).
constexpr uint32_t kProgramGapBytes = 12;

// Where the quad enable bit is, by QuadEnable from kStatus2Bit1 on.
struct QuadBit {
  uint8_t read;
  uint8_t mask;
  uint8_t write;
  bool after_status1;  // the write takes status register 1 first
};
constexpr QuadBit kQuadBits[] = {
    {kReadStatus2, 0x02, kWriteStatus, true},         {kReadStatus, 0x40, kWriteStatus, false},
    {kReadStatus2Old, 0x80, kWriteStatus2Old, false}, {kReadStatus2, 0x02, kWriteStatus, true},
    {kReadStatus2, 0x02, kWriteStatus, true},         {kReadStatus2, 0x02, kWriteStatus2, false},
};

}  // namespace

Status SpiNor::init() {
  set_geometry({});
  octal_ = mapped_ = false;
  settled_ = true;
  address_bytes_ = 3;
  FLASH_TRY(bus_.open());
  const Status status = bring_up();
  if (!status.ok()) bus_.close();
  return status;
}

Status SpiNor::bring_up() {
  FLASH_TRY(recover());
  FLASH_TRY(identify());
  FLASH_TRY(adopt());
  FLASH_TRY(map());
  return publish_geometry();
}

Status SpiNor::recover() {
  FLASH_TRY(read_id());
  const bool silent = id_ == 0;
  if (silent && config_.lines == NorLines::kEight) {
    octal_ = true;
    const Status status = revive(silent);
    octal_ = false;
    FLASH_TRY(status);
  }
  FLASH_TRY(revive(silent));
  FLASH_TRY(read_id());
  if (id_ != 0) return {};
  FLASH_TRY(wait_ready(0));
  return Error::kNoDevice;
}

// In the present protocol: awake, done with what it was doing, and as after power-up.
Status SpiNor::revive(bool silent) {
  if (silent) {
    FLASH_TRY(send(kReleasePowerDown));
    rest();
    // An erase that the camera's reset did not stop is let finish: cutting it off leaves weak cells.
    // Whatever else comes of this wait, the reset below is the cure, or read_id() finds out.
    wait_ready(kForeignChangeUs).ignore();
  }
  FLASH_TRY(send(kEnableReset));
  FLASH_TRY(send(kReset));
  rest();
  return {};
}

Status SpiNor::identify() {
  const auto read = [](void* context, uint32_t address, std::span<uint8_t> out) {
    auto& self = *static_cast<SpiNor*>(context);
    NorCommand command = self.addressed(kReadSfdp, address);
    command.dummy_cycles = 8;
    command.in = out;
    return self.bus_.execute(command);
  };
  const Status status = parse_sfdp({read, this}, chip_);
  const KnownChip* known = find_known_chip(id_);
  if (!status.ok()) {
    if (status != Error::kNoDevice || known == nullptr) return status;
    chip_ = parameters_of(*known);
  }
  fail_opcode_ = chip_.flag_status_register ? kReadFlagStatus : 0;
  program_fail_ = kFlagProgramFail;
  if (known != nullptr) {
    take_printed_maxima(*known, chip_);
    if (chip_.quad_enable == QuadEnable::kUnknown) chip_.quad_enable = known->quad_enable;
    if (known->has_security_register) {
      fail_opcode_ = kReadSecurity;
      program_fail_ = kSecurityProgramFail;
    }
  }
  const uint32_t expected = config_.expected_size_bytes;
  return expected == 0 || expected == chip_.size_bytes ? Status{} : Error::kNoDevice;
}

Status SpiNor::adopt() {
  const bool octal = config_.lines == NorLines::kEight && id_ >> 16 == kMacronix && chip_.inverted_extension;
  dedicated_ = false;
  program_opcode_ = kPageProgram;
  if (octal || chip_.size_bytes > kThreeByteReach) FLASH_TRY(choose_four_bytes(octal));
  return octal ? enter_octal() : choose_read();
}

// One width for the whole chip, whatever the address. Opcodes that always take four bytes are right in
// every mode, also in that which another owner of the chip leaves it in.
Status SpiNor::choose_four_bytes(bool octal) {
  constexpr uint32_t kNeeded = kFastRead4 | kPageProgram4;
  address_bytes_ = 4;
  dedicated_ = (chip_.four_byte_instructions & kNeeded) == kNeeded;
  if (dedicated_) {
    program_opcode_ = kPageProgramFour;
    for (EraseType& type : chip_.erase) {
      type.opcode = type.opcode4;
      if (type.opcode4 == 0) type.size_bytes = 0;
    }
    return {};
  }
  if (octal) return Error::kNoDevice;
  const uint8_t entry = chip_.four_byte_entry;
  if (chip_.address_bytes == AddressBytes::kFour || (entry & kAlwaysFourByte) != 0) return {};
  if ((entry & (kEnterByB7 | kEnterByWriteEnableB7)) == 0) return Error::kNoDevice;
  if ((entry & kEnterByB7) == 0) FLASH_TRY(enable_write());
  return send(kEnterFourByte);
}

Status SpiNor::choose_read() {
  FastRead read = {8, kFastRead};
  read_ = command(0);
  if (config_.lines == NorLines::kFour && chip_.quad_enable != QuadEnable::kUnknown) {
    const uint32_t instructions = dedicated_ ? chip_.four_byte_instructions : kQuadIo4 | kQuadOutput4;
    if (chip_.quad_io.opcode != 0 && (instructions & kQuadIo4) != 0) {
      read = chip_.quad_io;
      read_.address_lines = read_.data_lines = 4;
    } else if (chip_.quad_output.opcode != 0 && (instructions & kQuadOutput4) != 0) {
      read = chip_.quad_output;
      read_.data_lines = 4;
    }
    if (read_.data_lines == 4) FLASH_TRY(enable_quad(chip_.quad_enable));
  }
  // 0Bh, 6Bh, EBh: the opcode with four address bytes is the next one.
  read_.opcode = static_cast<uint16_t>(read.opcode + (dedicated_ ? 1 : 0));
  read_.address_bytes = address_bytes_;
  read_.mode_bytes = static_cast<uint8_t>(read.mode_cycles() * read_.address_lines / 8);
  read_.dummy_cycles = read.dummy_cycles();
  return {};
}

Status SpiNor::enable_quad(QuadEnable method) {
  if (method == QuadEnable::kAlways) return {};
  const QuadBit& bit = kQuadBits[static_cast<uint8_t>(method) - 1];
  uint8_t value = 0;
  FLASH_TRY(read_register(bit.read, value));
  if ((value & bit.mask) != 0) return {};
  uint8_t data[2];
  FLASH_TRY(read_status(data[0]));
  data[bit.after_status1 ? 1 : 0] = value | bit.mask;
  NorCommand write = command(bit.write);
  write.out = {data, bit.after_status1 ? 2u : 1u};
  FLASH_TRY(change(write, kWriteRegisterUs, Change::kRegister));
  FLASH_TRY(read_register(bit.read, value));
  return (value & bit.mask) != 0 ? Status{} : Error::kIo;
}

Status SpiNor::enter_octal() {
  NorCommand write = addressed(kWriteConfig2, 0);
  write.out = {&kOctalDtr, 1};
  FLASH_TRY(enable_write());
  FLASH_TRY(bus_.execute(write));
  octal_ = true;
  uint8_t protocol = 0;
  FLASH_TRY(read_register(kReadConfig2, protocol));
  if (protocol != kOctalDtr) return Error::kIo;
  read_ = addressed(kOctalRead, 0);
  read_.dummy_cycles = kOctalReadDummyCycles;
  return {};
}

Status SpiNor::publish_geometry() {
  const auto take_smallest = [](uint32_t& sizes) {
    const uint32_t smallest = sizes & (0 - sizes);
    sizes ^= smallest;
    return smallest;
  };
  uint32_t sizes = 0;
  for (const EraseType& type : chip_.erase) sizes |= type.size_bytes;
  const uint32_t sector = take_smallest(sizes);
  if (sector == 0) return Error::kNoDevice;
  region_ = {sector, chip_.size_bytes / sector};
  flash::Geometry geometry;
  geometry.regions = {&region_, 1};
  geometry.program_page_bytes = chip_.page_bytes;
  geometry.program_gap_bytes = kProgramGapBytes;
  for (uint32_t& size : geometry.large_erase_bytes) size = take_smallest(sizes);
  set_geometry(geometry);
  return {};
}

NorCommand SpiNor::command(uint8_t opcode) const {
  NorCommand command;
  command.opcode = opcode;
  if (octal_) {
    command.opcode = static_cast<uint16_t>(opcode << 8 | (~opcode & 0xFF));
    command.opcode_lines = command.address_lines = command.data_lines = 8;
    command.dtr = true;
  }
  return command;
}

NorCommand SpiNor::addressed(uint8_t opcode, uint32_t address) const {
  NorCommand addressed = command(opcode);
  addressed.address_bytes = address_bytes_;
  addressed.address = address;
  return addressed;
}

Status SpiNor::send(uint8_t opcode) {
  return bus_.execute(command(opcode));
}

// In octal DTR registers have addresses, here always 0.
Status SpiNor::read_register(uint8_t opcode, uint8_t& value) {
  NorCommand read = command(opcode);
  read.in = {&value, 1};
  if (octal_) {
    read.address_bytes = 4;
    read.dummy_cycles = kOctalRegisterDummyCycles;
  }
  return bus_.execute(read);
}

Status SpiNor::read_status(uint8_t& status) {
  FLASH_TRY(read_register(kReadStatus, status));
  return status == kNobody ? Error::kNoDevice : Status{};
}

Status SpiNor::read_id() {
  uint8_t bytes[3];
  NorCommand read = command(kReadId);
  read.in = bytes;
  FLASH_TRY(bus_.execute(read));
  id_ = static_cast<uint32_t>(bytes[0] << 16 | bytes[1] << 8 | bytes[2]);
  if (id_ == 0xFFFFFF) id_ = 0;
  return {};
}

Status SpiNor::enable_write() {
  uint8_t status = 0;
  FLASH_TRY(send(kWriteEnable));
  FLASH_TRY(read_status(status));
  return (status & kWriteEnabled) != 0 ? Status{} : Error::kIo;
}

Status SpiNor::change(const NorCommand& command, uint32_t maximum_us, Change kind) {
  FLASH_TRY(enable_write());
  settled_ = false;
  FLASH_TRY(bus_.execute(command));
  FLASH_TRY(wait_ready(maximum_us));
  return check_result(kind);
}

Status SpiNor::wait_ready(uint32_t maximum_us) {
  Status reading;
  const Status waiting = wait_while(config_.platform, maximum_us, [&] {
    uint8_t status = 0;
    reading = read_status(status);
    return reading.ok() && (status & kBusy) != 0;
  });
  FLASH_TRY(reading);
  settled_ = waiting.ok();
  return waiting;
}

Status SpiNor::check_result(Change kind) {
  if (fail_opcode_ == 0 || kind == Change::kRegister) return {};
  uint8_t value = 0;
  FLASH_TRY(read_register(fail_opcode_, value));
  if ((value & program_fail_ << (kind == Change::kErase ? 1 : 0)) == 0) return {};
  if (fail_opcode_ == kReadFlagStatus) FLASH_TRY(send(kClearFlagStatus));
  return Error::kIo;
}

void SpiNor::rest() {
  wait_while(config_.platform, kRestUs, [] { return true; }).ignore();
}

Status SpiNor::do_read(uint32_t offset, std::span<uint8_t> out) {
  if (mapped_) return bus_.read_mapped(offset, out);
  if (!settled_) FLASH_TRY(wait_ready(0));
  read_.address = offset;
  read_.in = out;
  return bus_.execute(read_);
}

Status SpiNor::do_program(uint32_t offset, std::span<const uint8_t> data) {
  FLASH_TRY(begin_change());
  return end_change(offset, static_cast<uint32_t>(data.size()), program_pages(offset, data));
}

Status SpiNor::program_pages(uint32_t offset, std::span<const uint8_t> data) {
  while (!data.empty()) {
    const size_t room = chip_.page_bytes - (offset & (chip_.page_bytes - 1));
    NorCommand program = addressed(program_opcode_, offset);
    program.out = data.first(std::min(room, data.size()));
    FLASH_TRY(change(program, chip_.program_maximum_us, Change::kProgram));
    offset += static_cast<uint32_t>(program.out.size());
    data = data.subspan(program.out.size());
  }
  return {};
}

Status SpiNor::do_erase(uint32_t offset, uint32_t length) {
  FLASH_TRY(begin_change());
  return end_change(offset, length, erase_run(offset, length));
}

Status SpiNor::erase_run(uint32_t offset, uint32_t length) {
  while (length > 0) {
    const EraseType* best = nullptr;
    for (const EraseType& type : chip_.erase) {
      const uint32_t size = type.size_bytes;
      const bool fits = size != 0 && size <= length && (offset & (size - 1)) == 0;
      if (fits && (best == nullptr || size > best->size_bytes)) best = &type;
    }
    FLASH_TRY(change(addressed(best->opcode, offset), best->maximum_us, Change::kErase));
    offset += best->size_bytes;
    length -= best->size_bytes;
  }
  return {};
}

Status SpiNor::begin_change() {
  if (mapped_) FLASH_TRY(bus_.unmap());
  mapped_ = false;
  return settled_ ? Status{} : wait_ready(0);
}

// Also after an error: part of the range may have changed. A chip that is still busy is no memory.
Status SpiNor::end_change(uint32_t offset, uint32_t length, Status status) {
  if (!config_.mapped_reads) return status;
  if (settled_) {
    const Status mapping = map();
    if (status.ok()) status = mapping;
  }
  const Platform& platform = config_.platform;
  platform.memory_changed(platform.context, bus_.mapped_address() + offset, length);
  return status;
}

Status SpiNor::map() {
  if (!config_.mapped_reads) return {};
  const Status status = bus_.map(read_, chip_.size_bytes);
  mapped_ = status.ok();
  return status;
}

}  // namespace drivers
