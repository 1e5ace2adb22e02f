#include "sim/xspi.h"

#include <algorithm>
#include <string>

namespace sim {
namespace {

enum Offset : uint32_t {
  kCr = 0x000,
  kDcr1 = 0x008,
  kDcr2 = 0x00C,
  kDcr3 = 0x010,
  kDcr4 = 0x014,
  kSr = 0x020,
  kFcr = 0x024,
  kDlr = 0x040,
  kAr = 0x048,
  kDr = 0x050,
  kPsmkr = 0x080,
  kPsmar = 0x088,
  kPir = 0x090,
  kCcr = 0x100,
  kTcr = 0x108,
  kIr = 0x110,
  kAbr = 0x120,
  kLptr = 0x130,
};

// The registers that only hold what was written: the write and wrap sets serve mapped accesses that this
// model does not carry out, HLCR and the calibration other memories.
struct PlainRegister {
  uint32_t offset;
  const char* name;
  uint32_t writable;
};
constexpr PlainRegister kPlainRegisters[] = {
    {kDcr1, "DCR1", 0x073F3F03},   {kDcr2, "DCR2", 0x000700FF},  {kDcr3, "DCR3", 0x001F00FF},
    {kDcr4, "DCR4", 0xFFFFFFFF},   {kDlr, "DLR", 0xFFFFFFFF},    {kPsmkr, "PSMKR", 0xFFFFFFFF},
    {kPsmar, "PSMAR", 0xFFFFFFFF}, {kPir, "PIR", 0xFFFF},        {kCcr, "CCR", 0x2F3F3F3F},
    {kTcr, "TCR", 0x5000001F},     {kAbr, "ABR", 0xFFFFFFFF},    {kLptr, "LPTR", 0xFFFF},
    {0x140, "WPCCR", 0x2F3F3F3F},  {0x148, "WPTCR", 0x5000001F}, {0x150, "WPIR", 0xFFFFFFFF},
    {0x160, "WPABR", 0xFFFFFFFF},  {0x180, "WCCR", 0x2F3F3F3F},  {0x188, "WTCR", 0x0000001F},
    {0x190, "WIR", 0xFFFFFFFF},    {0x1A0, "WABR", 0xFFFFFFFF},  {0x200, "HLCR", 0x00FFFF03},
    {0x210, "CALFCR", 0x801F007F}, {0x218, "CALMR", 0x001F007F}, {0x220, "CALSOR", 0x001F007F},
    {0x228, "CALSIR", 0x001F007F},
};

constexpr uint32_t kCrEnable = 1u << 0;
constexpr uint32_t kCrAbort = 1u << 1;
constexpr uint32_t kCrTimeout = 1u << 3;
constexpr uint32_t kCrDualMemory = 1u << 6;
constexpr uint32_t kCrPollingStop = 1u << 22;
constexpr uint32_t kCrPollingAny = 1u << 23;
constexpr uint32_t kCrChipSelect = 1u << 24;
constexpr uint32_t kCrWritable = 0xF7DF3FCD;
// RM0456 28.4.15: a register write while BUSY = 1 has no effect. What may be changed then is what ends or
// watches the operation: EN, ABORT, DMAEN, the threshold, the interrupt enables.
constexpr uint32_t kCrFrozenWhileBusy = kCrWritable & ~(kCrEnable | 1u << 2 | 0x3F00u | 0x001F0000u);

constexpr uint32_t kFcrClearable = SerialEngine::kTransferError | SerialEngine::kTransferComplete |
                                   SerialEngine::kStatusMatch | SerialEngine::kTimeout;

enum FunctionalMode : uint32_t { kIndirectWrite = 0, kIndirectRead = 1, kPolling = 2, kMapped = 3 };

constexpr uint32_t kMemoryTypeMacronix = 1;
constexpr uint32_t kUndefinedLength = 0xFFFFFFFF;

constexpr uint32_t field(uint32_t value, unsigned shift, unsigned bits) {
  return value >> shift & ((1u << bits) - 1);
}

// IMODE, ADMODE, ABMODE, DMODE and the DTR bit beside each.
Lanes lanes(uint32_t ccr, unsigned shift) {
  const uint32_t code = field(ccr, shift, 3);
  return {static_cast<uint8_t>(code == 0 ? 0 : 1u << (code - 1)), field(ccr, shift + 3, 1) != 0};
}

constexpr unsigned kInstruction = 0;
constexpr unsigned kAddress = 8;
constexpr unsigned kAlternate = 16;
constexpr unsigned kData = 24;

uint8_t phase_bytes(uint32_t ccr, unsigned shift) {
  return lanes(ccr, shift).lines == 0 ? uint8_t{0} : static_cast<uint8_t>(field(ccr, shift + 4, 2) + 1);
}

}  // namespace

Xspi::Xspi(NorChip& chip, Clock& clock, Violations& violations, uint64_t kernel_hz, SerialEngine::Fifo fifo)
    : clock_(clock),
      violations_(violations),
      engine_(chip, clock, fifo),
      kernel_hz_(kernel_hz),
      window_(*this) {
  engine_.set_period_ps(period_ps());
}

void Xspi::reset() {
  engine_.reset();
  registers_.fill(0);
  engine_.set_period_ps(period_ps());
}

uint64_t Xspi::load(uint32_t offset, unsigned width) {
  if (offset == kDr) return load_data(width);
  if (width != 4) {
    violate("registers", "a read that is not a word, or not of the low lane of DR");
    return 0;
  }
  engine_.catch_up();
  if (offset == kSr) {
    const uint32_t value = engine_.status(field(reg(kCr), 8, 6), is_enabled() && mode() == kIndirectWrite);
    engine_.wait();
    return value;
  }
  if (offset == kCr) {
    const uint32_t value = reg(kCr) | (engine_.is_aborting() ? kCrAbort : 0);
    if (engine_.is_aborting()) engine_.wait();
    return value;
  }
  return reg(offset);
}

uint64_t Xspi::load_data(unsigned width) {
  if (mode() == kMapped) return 0;
  engine_.catch_up();
  if (mode() == kPolling) return engine_.polled_status();
  if (mode() == kIndirectWrite || engine_.is_idle()) {
    violate("DR", "read without an indirect read under way");
    return 0;
  }
  return engine_.pop(width);
}

void Xspi::store(uint32_t offset, uint64_t value, unsigned width) {
  engine_.catch_up();
  const auto word = static_cast<uint32_t>(value);
  if (offset == kDr) return store_data(word, width);
  if (width != 4) return violate("registers", "a write that is not a word, or not of the low lane of DR");
  switch (offset) {
    case kCr:
      return store_control(word);
    case kFcr:
      return engine_.clear_flags(word & kFcrClearable);
    case kIr:
      return store_instruction(word);
    case kAr:
      return store_address(word);
    default:
      return store_plain(offset, word);
  }
}

void Xspi::store_plain(uint32_t offset, uint32_t value) {
  const auto* plain = std::ranges::find(kPlainRegisters, offset, &PlainRegister::offset);
  if (plain == std::end(kPlainRegisters)) {
    return violate("registers", "a write to a read-only or reserved address");
  }
  if (!engine_.is_idle()) return violate(plain->name, "written while BUSY = 1: no effect");
  reg(offset) = value & plain->writable;
  engine_.set_period_ps(period_ps());
  engine_.set_mapped_timeout((reg(kCr) & kCrTimeout) != 0, reg(kLptr));
}

void Xspi::store_control(uint32_t value) {
  uint32_t next = value & kCrWritable;
  if (!engine_.is_idle() && ((next ^ reg(kCr)) & kCrFrozenWhileBusy) != 0) {
    violate("CR", "a field written that can be modified only when BUSY = 0: no effect");
    next = (next & ~kCrFrozenWhileBusy) | (reg(kCr) & kCrFrozenWhileBusy);
  }
  if ((next & kCrDualMemory) != 0) violate("CR", "dual-memory mode with one chip");
  if ((next & kCrChipSelect) != 0) violate("CR", "NCS2 selected, where no chip is");
  const bool turned_off = is_enabled() && (next & kCrEnable) == 0;
  reg(kCr) = next;
  engine_.set_mapped_timeout((next & kCrTimeout) != 0, reg(kLptr));
  if (turned_off) engine_.disable();
  if ((value & kCrAbort) != 0) engine_.request_abort();
}

void Xspi::store_instruction(uint32_t value) {
  if (!engine_.is_idle()) return violate("IR", "written while BUSY = 1: no effect");
  reg(kIr) = value;
  if (mode() != kMapped && starts_without_data() && !has_address()) launch();
}

void Xspi::store_address(uint32_t value) {
  if (!engine_.is_idle()) {
    if (has_address()) violate("AR", "written while BUSY = 1: no effect");
    return;
  }
  if (mode() == kMapped) return violate("AR", "written in memory-mapped mode: no effect");
  reg(kAr) = value;
  if (!has_address()) return;
  if (value >= device_bytes()) return engine_.raise_transfer_error();
  if (starts_without_data()) launch();
}

void Xspi::store_data(uint32_t value, unsigned width) {
  const bool takes_data = mode() == kIndirectWrite && has_data();
  if (!takes_data || (!engine_.is_idle() && !engine_.is_writing())) {
    return violate("DR", "written without an indirect write");
  }
  if (engine_.is_idle()) launch();
  if (engine_.is_writing()) engine_.push(value, width);
}

void Xspi::launch() {
  if (!is_enabled()) return violate("CR", "a command is started with EN = 0");
  const WireCommand wire = wire_command();
  const bool is_empty = wire.instruction_bytes + wire.address_bytes + wire.alternate_bytes == 0 &&
                        wire.data == Direction::kNone;
  if (is_empty) return;
  check_format();
  const Transfer transfer = {.wire = wire, .length_bytes = data_length(), .swap_pairs = swaps_pairs()};
  if (mode() == kPolling) return launch_polling(transfer);
  if (has_address() && reg(kAr) + transfer.length_bytes > device_bytes()) {
    return engine_.raise_transfer_error();
  }
  if (moves_pairs() && transfer.length_bytes % 2 != 0) {
    violate("DLR", "an odd length on eight lines at both edges: the last clock carries a byte too many");
  }
  engine_.start(transfer);
}

void Xspi::launch_polling(const Transfer& transfer) {
  constexpr uint32_t kLargestStatusBytes = 4;
  if (reg(kDlr) >= kLargestStatusBytes) violate("DLR", "more than 4 bytes in status polling");
  Transfer status = transfer;
  status.length_bytes = std::min<uint64_t>(transfer.length_bytes, kLargestStatusBytes);
  engine_.start_polling(status, {.mask = reg(kPsmkr),
                                 .match = reg(kPsmar),
                                 .any_bit = (reg(kCr) & kCrPollingAny) != 0,
                                 .stop_at_match = (reg(kCr) & kCrPollingStop) != 0,
                                 .interval_cycles = reg(kPir)});
}

void Xspi::check_format() {
  const uint32_t ccr = reg(kCcr);
  const bool reads = mode() != kIndirectWrite;
  if (reads && !has_data()) violate("CCR", "a read without a data phase");
  const bool turns_round = reads && lanes(ccr, kData).lines > 1 && field(reg(kTcr), 0, 5) == 0;
  if (turns_round) violate("TCR", "a read on several lines without a dummy cycle to turn them round");
  const bool dtr = has_data() && lanes(ccr, kData).dtr;
  if (dtr && field(reg(kTcr), 30, 1) != 0) violate("TCR", "DTR data with SSHIFT = 1");
  // What ST's HAL heeds for each command (XSPI_ConfigCmd); on an STM32H735 the chip takes none that does not.
  const bool delays = lanes(ccr, kInstruction).dtr && field(reg(kTcr), 28, 1) != 0;
  if (delays && !lanes(ccr, kData).dtr) violate("CCR", "a command in DTR with DHQC = 1 and DDTR = 0");
}

uint64_t Xspi::data_length() const {
  if (!has_data()) return 0;
  if (reg(kDlr) != kUndefinedLength) return uint64_t{reg(kDlr)} + 1;
  return device_bytes() - (has_address() ? reg(kAr) : 0);
}

WireCommand Xspi::wire_command() const {
  const uint32_t ccr = reg(kCcr);
  WireCommand wire;
  wire.instruction = static_cast<uint16_t>(reg(kIr));
  wire.instruction_bytes = phase_bytes(ccr, kInstruction);
  wire.instruction_lanes = lanes(ccr, kInstruction);
  wire.address = reg(kAr);
  wire.address_bytes = phase_bytes(ccr, kAddress);
  wire.address_lanes = lanes(ccr, kAddress);
  wire.alternate = reg(kAbr);
  wire.alternate_bytes = phase_bytes(ccr, kAlternate);
  wire.alternate_lanes = lanes(ccr, kAlternate);
  wire.dummy_cycles = static_cast<uint8_t>(field(reg(kTcr), 0, 5));
  wire.data_lanes = lanes(ccr, kData);
  if (has_data()) wire.data = mode() == kIndirectWrite ? Direction::kToChip : Direction::kFromChip;
  wire.strobed = field(ccr, 29, 1) != 0;
  return wire;
}

// RM0456 28.4.14: with MTYP = 1 the controller takes the words of octal DTR data as D1/D0.
bool Xspi::swaps_pairs() const {
  return moves_pairs() && field(reg(kDcr1), 24, 3) == kMemoryTypeMacronix;
}

bool Xspi::moves_pairs() const {
  return lanes(reg(kCcr), kData) == Lanes{8, true};
}

uint32_t Xspi::mode() const {
  return field(reg(kCr), 28, 2);
}

bool Xspi::is_enabled() const {
  return (reg(kCr) & kCrEnable) != 0;
}

bool Xspi::has_address() const {
  return lanes(reg(kCcr), kAddress).lines != 0;
}

bool Xspi::has_data() const {
  return lanes(reg(kCcr), kData).lines != 0;
}

// No data has to come from the CPU before the command can start.
bool Xspi::starts_without_data() const {
  return mode() != kIndirectWrite || !has_data();
}

uint64_t Xspi::device_bytes() const {
  return uint64_t{1} << (field(reg(kDcr1), 16, 5) + 1);
}

uint64_t Xspi::period_ps() const {
  return 1'000'000'000'000 * (field(reg(kDcr2), 0, 8) + 1) / kernel_hz_;
}

bool Xspi::read_window(uint32_t offset, std::span<uint8_t> out) {
  engine_.catch_up();
  const bool is_mapped = is_enabled() && mode() == kMapped && has_data();
  const uint64_t end = uint64_t{offset} + out.size();
  if (!is_mapped || engine_.is_aborting() || end > device_bytes()) return false;
  if (engine_.is_idle()) check_format();
  engine_.read_mapped({.wire = wire_command(), .swap_pairs = swaps_pairs()}, offset, out);
  return !engine_.take_read_failure();
}

void Xspi::violate(std::string_view place, std::string_view what) {
  violations_.add(clock_.now_ns(), std::string("XSPI ").append(place), std::string(what));
}

}  // namespace sim
