#include "sim/quadspi.h"

#include <algorithm>
#include <string>

namespace sim {
namespace {

enum Offset : uint32_t {
  kCr = 0x00,
  kDcr = 0x04,
  kSr = 0x08,
  kFcr = 0x0C,
  kDlr = 0x10,
  kCcr = 0x14,
  kAr = 0x18,
  kAbr = 0x1C,
  kDr = 0x20,
  kPsmkr = 0x24,
  kPsmar = 0x28,
  kPir = 0x2C,
  kLptr = 0x30,
};

constexpr uint32_t kCrEnable = 1u << 0;
constexpr uint32_t kCrAbort = 1u << 1;
constexpr uint32_t kCrTimeout = 1u << 3;
constexpr uint32_t kCrSampleShift = 1u << 4;
constexpr uint32_t kCrDualFlash = 1u << 6;
constexpr uint32_t kCrFlashSelect = 1u << 7;
constexpr uint32_t kCrPollingStop = 1u << 22;
constexpr uint32_t kCrPollingAny = 1u << 23;
constexpr uint32_t kCrPrescaler = 0xFFu << 24;
constexpr uint32_t kCrWritable = 0xFFDF1FDF & ~kCrAbort;
// RM0399 24.5.1: these bits can be modified only when BUSY = 0.
constexpr uint32_t kCrFrozenWhileBusy = kCrTimeout | kCrSampleShift | kCrDualFlash | kCrFlashSelect |
                                        kCrPollingStop | kCrPollingAny | kCrPrescaler;

constexpr uint32_t kDcrWritable = 0x001F0701;
constexpr uint32_t kCcrWritable = 0xFF7FFFFF;
constexpr uint32_t kFcrClearable = SerialEngine::kTransferError | SerialEngine::kTransferComplete |
                                   SerialEngine::kStatusMatch | SerialEngine::kTimeout;

enum FunctionalMode : uint32_t { kIndirectWrite = 0, kIndirectRead = 1, kPolling = 2, kMapped = 3 };

constexpr uint32_t kUndefinedLength = 0xFFFFFFFF;

// How much of the end a prefetch reaches past: reports range from 32 to 96 bytes.
constexpr uint32_t kPrefetchBytes = 96;

constexpr uint32_t field(uint32_t value, unsigned shift, unsigned bits) {
  return value >> shift & ((1u << bits) - 1);
}

constexpr SerialEngine::Fifo kFifo = {.size_bytes = 32, .resume_level = 11};

}  // namespace

struct QuadSpi::Format {
  explicit Format(uint32_t ccr)
      : instruction(static_cast<uint8_t>(ccr)),
        instruction_lines(lines(field(ccr, 8, 2))),
        address_lines(lines(field(ccr, 10, 2))),
        address_bytes(static_cast<uint8_t>(field(ccr, 12, 2) + 1)),
        alternate_lines(lines(field(ccr, 14, 2))),
        alternate_bytes(static_cast<uint8_t>(field(ccr, 16, 2) + 1)),
        dummy_cycles(static_cast<uint8_t>(field(ccr, 18, 5))),
        data_lines(lines(field(ccr, 24, 2))),
        mode(field(ccr, 26, 2)),
        once(field(ccr, 28, 1) != 0),
        free_running(field(ccr, 29, 1) != 0),
        ddr(field(ccr, 31, 1) != 0) {}

  static uint8_t lines(uint32_t code) { return static_cast<uint8_t>(code == 0 ? 0 : 1u << (code - 1)); }

  bool is_empty() const {
    return instruction_lines == 0 && address_lines == 0 && alternate_lines == 0 && data_lines == 0;
  }
  bool has_address() const { return address_lines != 0; }
  // No data has to come from the CPU before the command can start.
  bool starts_without_data() const { return mode != kIndirectWrite || data_lines == 0; }

  uint8_t instruction;
  uint8_t instruction_lines;
  uint8_t address_lines;
  uint8_t address_bytes;
  uint8_t alternate_lines;
  uint8_t alternate_bytes;
  uint8_t dummy_cycles;
  uint8_t data_lines;
  uint32_t mode;
  bool once;
  bool free_running;
  bool ddr;
};

QuadSpi::QuadSpi(NorChip& chip, Clock& clock, Violations& violations, uint64_t kernel_hz,
                 QuadSpiErrata errata)
    : clock_(clock),
      violations_(violations),
      engine_(chip, clock, kFifo),
      kernel_hz_(kernel_hz),
      errata_(errata),
      window_(*this) {
  engine_.set_period_ps(period_ps());
}

void QuadSpi::reset() {
  engine_.reset();
  was_mapped_ = false;
  cr_ = dcr_ = dlr_ = ccr_ = ar_ = abr_ = psmkr_ = psmar_ = pir_ = lptr_ = 0;
  engine_.set_period_ps(period_ps());
}

uint64_t QuadSpi::load(uint32_t offset, unsigned width) {
  if (offset == kDr) return load_data(width);
  if (width != 4) {
    violate("registers", "a read that is not a word, or not of the low lane of DR");
    return 0;
  }
  engine_.catch_up();
  switch (offset) {
    case kCr: {
      const uint32_t value = cr_ | (engine_.is_aborting() ? kCrAbort : 0);
      if (engine_.is_aborting()) engine_.wait();
      return value;
    }
    case kDcr:
      return dcr_;
    case kSr: {
      const bool waits_for_data = is_enabled() && Format(ccr_).mode == kIndirectWrite;
      const uint32_t value = engine_.status(field(cr_, 8, 5), waits_for_data);
      engine_.wait();
      return value;
    }
    case kFcr:
      return 0;
    case kDlr:
      return dlr_;
    case kCcr:
      return ccr_;
    case kAr:
      return ar_;
    case kAbr:
      return abr_;
    case kPsmkr:
      return psmkr_;
    case kPsmar:
      return psmar_;
    case kPir:
      return pir_;
    case kLptr:
      return lptr_;
    default:
      violate("registers", "a read of a reserved address");
      return 0;
  }
}

uint64_t QuadSpi::load_data(unsigned width) {
  const uint32_t mode = Format(ccr_).mode;
  if (mode == kMapped) return 0;
  if (mode == kPolling) {
    engine_.catch_up();
    return engine_.polled_status();
  }
  if (mode == kIndirectWrite || engine_.is_idle()) {
    violate("DR", "read without an indirect read under way");
    return 0;
  }
  engine_.catch_up();
  return engine_.pop(width);
}

void QuadSpi::store(uint32_t offset, uint64_t value, unsigned width) {
  engine_.catch_up();
  const auto word = static_cast<uint32_t>(value);
  if (offset == kDr) return store_data(word, width);
  if (width != 4) return violate("registers", "a write that is not a word, or not of the low lane of DR");
  switch (offset) {
    case kCr:
      return store_control(word);
    case kFcr:
      return engine_.clear_flags(word & kFcrClearable);
    case kCcr:
      return store_format(word);
    case kAr:
      return store_address(word);
    default:
      if (!store_plain(offset, word)) violate("registers", "a write to a read-only or reserved address");
  }
}

// The registers that do nothing by themselves.
bool QuadSpi::store_plain(uint32_t offset, uint32_t value) {
  struct Plain {
    uint32_t offset;
    const char* name;
    uint32_t QuadSpi::*storage;
    uint32_t writable;
  };
  static constexpr Plain kPlain[] = {
      {kDcr, "DCR", &QuadSpi::dcr_, kDcrWritable},     {kDlr, "DLR", &QuadSpi::dlr_, 0xFFFFFFFF},
      {kAbr, "ABR", &QuadSpi::abr_, 0xFFFFFFFF},       {kPsmkr, "PSMKR", &QuadSpi::psmkr_, 0xFFFFFFFF},
      {kPsmar, "PSMAR", &QuadSpi::psmar_, 0xFFFFFFFF}, {kPir, "PIR", &QuadSpi::pir_, 0xFFFF},
      {kLptr, "LPTR", &QuadSpi::lptr_, 0xFFFF},
  };
  const auto* plain = std::ranges::find(kPlain, offset, &Plain::offset);
  if (plain == std::end(kPlain)) return false;
  if (!engine_.is_idle()) {
    violate(plain->name, "written while BUSY = 1: no effect");
    return true;
  }
  this->*plain->storage = value & plain->writable;
  engine_.set_mapped_timeout((cr_ & kCrTimeout) != 0, lptr_);
  return true;
}

void QuadSpi::store_control(uint32_t value) {
  uint32_t next = value & kCrWritable;
  if (!engine_.is_idle() && ((next ^ cr_) & kCrFrozenWhileBusy) != 0) {
    violate("CR", "a field written that can be modified only when BUSY = 0: no effect");
    next = (next & ~kCrFrozenWhileBusy) | (cr_ & kCrFrozenWhileBusy);
  }
  if ((next & kCrDualFlash) != 0) violate("CR", "dual-flash mode with one chip");
  if ((next & kCrFlashSelect) != 0) violate("CR", "bank 2 selected, where no chip is");
  const bool turned_off = is_enabled() && (next & kCrEnable) == 0;
  cr_ = next;
  engine_.set_period_ps(period_ps());
  engine_.set_mapped_timeout((cr_ & kCrTimeout) != 0, lptr_);
  if (turned_off) engine_.disable();
  if ((value & kCrAbort) != 0) engine_.request_abort();
}

void QuadSpi::store_format(uint32_t value) {
  if (!engine_.is_idle()) return violate("CCR", "written while BUSY = 1: no effect");
  was_mapped_ = was_mapped_ || Format(ccr_).mode == kMapped;
  ccr_ = value & kCcrWritable;
  const Format format(ccr_);
  if (format.is_empty()) return;
  check_format(format);
  if (format.mode != kMapped && format.starts_without_data() && !format.has_address()) launch();
}

void QuadSpi::check_format(const Format& format) {
  if (format.free_running) violate("CCR", "free-running clock mode");
  if (format.once) violate("CCR", "SIOO, which this model lacks");
  const bool reads = format.mode != kIndirectWrite;
  if (reads && format.data_lines == 0) violate("CCR", "a read without a data phase");
  if (reads && format.data_lines > 1 && format.dummy_cycles == 0) {
    violate("CCR", "a read on several lines without a dummy cycle to turn them round");
  }
  if (!format.ddr) return;
  if (field(cr_, 24, 8) == 0) violate("CCR", "DDR without a prescaler");
  if ((cr_ & kCrSampleShift) != 0) violate("CCR", "DDR with SSHIFT = 1");
}

void QuadSpi::store_address(uint32_t value) {
  const Format format(ccr_);
  if (!engine_.is_idle()) {
    if (format.has_address()) violate("AR", "written while BUSY = 1: no effect");
    return;
  }
  if (format.mode == kMapped) return violate("AR", "written in memory-mapped mode: no effect");
  ar_ = value;
  if (!format.has_address()) return;
  const bool misfires = errata_.transfer_error_after_mapped && was_mapped_ && format.mode == kIndirectRead;
  was_mapped_ = false;
  if (ar_ >= device_bytes() || misfires) return engine_.raise_transfer_error();
  if (format.starts_without_data()) launch();
}

void QuadSpi::store_data(uint32_t value, unsigned width) {
  const Format format(ccr_);
  const bool takes_data = format.mode == kIndirectWrite && format.data_lines != 0;
  if (!takes_data || (!engine_.is_idle() && !engine_.is_writing())) {
    return violate("DR", "written without an indirect write");
  }
  if (engine_.is_idle()) launch();
  if (engine_.is_writing()) engine_.push(value, width);
}

void QuadSpi::launch() {
  const Format format(ccr_);
  if (!is_enabled()) return violate("CR", "a command is started with EN = 0");
  if (format.mode == kPolling) return launch_polling(format);
  const uint64_t length = data_length(format);
  if (format.has_address() && ar_ + length > device_bytes()) return engine_.raise_transfer_error();
  engine_.start({.wire = wire_command(format), .length_bytes = length});
}

void QuadSpi::launch_polling(const Format& format) {
  constexpr uint32_t kLargestStatusBytes = 4;
  if (dlr_ >= kLargestStatusBytes) violate("DLR", "more than 4 bytes in status polling");
  const StatusPolling polling = {.mask = psmkr_,
                                 .match = psmar_,
                                 .any_bit = (cr_ & kCrPollingAny) != 0,
                                 .stop_at_match = (cr_ & kCrPollingStop) != 0,
                                 .interval_cycles = pir_};
  const uint32_t length = std::min(dlr_, kLargestStatusBytes - 1) + 1;
  engine_.start_polling({.wire = wire_command(format), .length_bytes = length}, polling);
}

uint64_t QuadSpi::data_length(const Format& format) const {
  if (format.data_lines == 0) return 0;
  if (dlr_ != kUndefinedLength) return uint64_t{dlr_} + 1;
  return device_bytes() - (format.has_address() ? ar_ : 0);
}

WireCommand QuadSpi::wire_command(const Format& format) const {
  WireCommand wire;
  wire.instruction = format.instruction;
  wire.instruction_bytes = format.instruction_lines != 0 ? 1 : 0;
  wire.instruction_lanes = {format.instruction_lines, false};
  wire.address = ar_;
  wire.address_bytes = format.has_address() ? format.address_bytes : uint8_t{0};
  wire.address_lanes = {format.address_lines, format.ddr};
  wire.alternate = abr_;
  wire.alternate_bytes = format.alternate_lines != 0 ? format.alternate_bytes : uint8_t{0};
  wire.alternate_lanes = {format.alternate_lines, format.ddr};
  wire.dummy_cycles = format.dummy_cycles;
  if (format.data_lines != 0) {
    wire.data = format.mode == kIndirectWrite ? Direction::kToChip : Direction::kFromChip;
  }
  wire.data_lanes = {format.data_lines, format.ddr};
  return wire;
}

bool QuadSpi::is_enabled() const {
  return (cr_ & kCrEnable) != 0;
}

uint64_t QuadSpi::device_bytes() const {
  return uint64_t{1} << (field(dcr_, 16, 5) + 1);
}

uint64_t QuadSpi::period_ps() const {
  return 1'000'000'000'000 * (field(cr_, 24, 8) + 1) / kernel_hz_;
}

bool QuadSpi::read_window(uint32_t offset, std::span<uint8_t> out) {
  engine_.catch_up();
  const Format format(ccr_);
  const bool is_mapped = is_enabled() && format.mode == kMapped && format.data_lines != 0;
  const uint64_t end = uint64_t{offset} + out.size();
  if (!is_mapped || engine_.is_aborting() || end > device_bytes()) return false;
  if (errata_.mapped_end_hangs && end + kPrefetchBytes > device_bytes()) {
    violate("window", "the prefetch behind this read runs past FSIZE and hangs the bus (ES0392 2.4.4)");
    return false;
  }
  engine_.read_mapped({.wire = wire_command(format)}, offset, out);
  return !engine_.take_read_failure();
}

void QuadSpi::violate(std::string_view place, std::string_view what) {
  violations_.add(clock_.now_ns(), std::string("QUADSPI ").append(place), std::string(what));
}

}  // namespace sim
