#include "sim/spi_controller.h"

#include <algorithm>
#include <string>

namespace sim {
namespace {

enum Offset : uint32_t { kCr1 = 0x00, kCr2 = 0x04, kSr = 0x08, kDr = 0x0C };

constexpr uint32_t kCr1Phase = 1u << 0;
constexpr uint32_t kCr1Polarity = 1u << 1;
constexpr uint32_t kCr1Master = 1u << 2;
constexpr uint32_t kCr1Enable = 1u << 6;
constexpr uint32_t kCr1LsbFirst = 1u << 7;
constexpr uint32_t kCr1InternalSelect = 1u << 8;
constexpr uint32_t kCr1SoftwareSelect = 1u << 9;
constexpr uint32_t kCr1ReceiveOnly = 1u << 10;
constexpr uint32_t kCr1Frame16 = 1u << 11;
constexpr uint32_t kCr1Crc = 1u << 13;
constexpr uint32_t kCr1OneLine = 1u << 15;
constexpr uint32_t kCr1Unmodelled = kCr1LsbFirst | kCr1ReceiveOnly | kCr1Frame16 | kCr1Crc | kCr1OneLine;

constexpr uint32_t kSrReceived = 1u << 0;  // RXNE
constexpr uint32_t kSrEmpty = 1u << 1;     // TXE
constexpr uint32_t kSrOverrun = 1u << 6;
constexpr uint32_t kSrBusy = 1u << 7;

enum GpioOffset : uint32_t { kModer = 0x00, kIdr = 0x10, kOdr = 0x14, kBsrr = 0x18 };
constexpr uint32_t kModeOutput = 1;

}  // namespace

void NorChipBytes::select() {
  is_selected_ = true;
  header_sent_ = false;
  bytes_ = 0;
  wire_ = {};
}

uint8_t NorChipBytes::exchange(uint8_t out) {
  if (!is_selected_) return 0xFF;
  if (!header_sent_) {
    take_header_byte(out);
    return 0xFF;
  }
  uint8_t in = 0xFF;
  if (framing_.data == Direction::kToChip) {
    chip_.write({&out, 1});
  } else {
    chip_.read({&in, 1});
  }
  return in;
}

void NorChipBytes::take_header_byte(uint8_t byte) {
  constexpr Lanes kOneLine = {1, false};
  if (bytes_ == 0) {
    framing_ = chip_.framing(byte);
    wire_ = {.instruction = byte,
             .instruction_bytes = 1,
             .instruction_lanes = kOneLine,
             .address_lanes = kOneLine,
             .alternate_lanes = kOneLine,
             .data_lanes = kOneLine};
  } else if (bytes_ <= framing_.address_bytes) {
    wire_.address = wire_.address << 8 | byte;
    ++wire_.address_bytes;
  } else if (bytes_ <= framing_.address_bytes + uint32_t{framing_.mode_bytes}) {
    wire_.alternate = wire_.alternate << 8 | byte;
    ++wire_.alternate_bytes;
  } else {
    constexpr int kMostCycles = 248;
    wire_.dummy_cycles = static_cast<uint8_t>(std::min(wire_.dummy_cycles + 8, kMostCycles));
  }
  // A command that has no data phase is handed over when chip select rises: more bytes may come.
  if (++bytes_ == header_bytes() && framing_.data != Direction::kNone) send_header();
}

void NorChipBytes::send_header() {
  header_sent_ = true;
  wire_.data = framing_.data;
  chip_.select(wire_);
}

void NorChipBytes::deselect() {
  if (!is_selected_) return;
  is_selected_ = false;
  if (bytes_ == 0) return;
  if (!header_sent_) chip_.select(wire_);
  chip_.deselect();
}

void NorChipBytes::deselect_within_byte() {
  if (!is_selected_) return;
  is_selected_ = false;
  if (bytes_ == 0) return;
  if (!header_sent_) chip_.select(wire_);
  chip_.deselect_within_byte();
}

SpiController::SpiController(NorChip& chip, Clock& clock, Violations& violations, uint64_t kernel_hz,
                             unsigned pin)
    : bytes_(chip), clock_(clock), violations_(violations), kernel_hz_(kernel_hz), pin_(pin), gpio_(*this) {}

void SpiController::reset() {
  if (is_shifting_) {
    bytes_.deselect_within_byte();
  } else {
    bytes_.deselect();
  }
  gpio_.reset();
  cr1_ = cr2_ = 0;
  received_ = 0;
  is_shifting_ = is_buffered_ = has_received_ = overrun_ = overrun_data_read_ = false;
}

uint64_t SpiController::load(uint32_t offset, unsigned) {
  catch_up();
  switch (offset) {
    case kCr1:
      return cr1_;
    case kCr2:
      return cr2_;
    case kDr:
      return load_data();
    case kSr: {
      const uint32_t value = status();
      if (overrun_data_read_) overrun_ = overrun_data_read_ = false;
      wait();
      return value;
    }
    default:
      violate("registers", "a read of a register that this model lacks");
      return 0;
  }
}

void SpiController::store(uint32_t offset, uint64_t value, unsigned) {
  catch_up();
  switch (offset) {
    case kCr1:
      return store_control(static_cast<uint32_t>(value));
    case kCr2:
      cr2_ = static_cast<uint32_t>(value & 0xF7);
      return;
    case kDr:
      return store_data(static_cast<uint8_t>(value));
    default:
      return violate("registers", "a write to a read-only register, or one that this model lacks");
  }
}

uint32_t SpiController::status() const {
  uint32_t value = 0;
  if (has_received_) value |= kSrReceived;
  if (!is_buffered_) value |= kSrEmpty;
  if (overrun_) value |= kSrOverrun;
  if (is_shifting_) value |= kSrBusy;
  return value;
}

void SpiController::store_control(uint32_t value) {
  const uint32_t next = value & 0xFFFF;
  if ((next & kCr1Unmodelled) != 0) violate("CR1", "a frame format that this model lacks");
  if (is_shifting_ && (cr1_ & ~kCr1Enable) != (next & ~kCr1Enable)) {
    violate("CR1", "the format changed during a frame");
  }
  if (is_shifting_ && (next & kCr1Enable) == 0) violate("CR1", "disabled during a frame");
  const bool mode_0_or_3 = ((next & kCr1Phase) != 0) == ((next & kCr1Polarity) != 0);
  if ((next & kCr1Enable) != 0 && !mode_0_or_3)
    violate("CR1", "a clock mode that serial NOR chips do not have");
  const bool selected = (next & kCr1SoftwareSelect) == 0 || (next & kCr1InternalSelect) != 0;
  // A master whose NSS is pulled low falls back to a slave (MODF; RM0090, SPI error flags).
  if ((next & kCr1Enable) != 0 && ((next & kCr1Master) == 0 || !selected)) {
    violate("CR1", "enabled without MSTR, or with SSM and no SSI");
  }
  cr1_ = next;
}

void SpiController::store_data(uint8_t value) {
  if (!is_enabled()) return violate("DR", "written with SPE = 0");
  if (is_buffered_) return violate("DR", "written with TXE = 0: a byte is lost");
  if (is_shifting_) {
    buffered_ = value;
    is_buffered_ = true;
    return;
  }
  shifting_ = value;
  is_shifting_ = true;
  shift_since_ns_ = clock_.now_ns();
}

uint8_t SpiController::load_data() {
  if (!has_received_ && !overrun_) violate("DR", "read with RXNE = 0");
  has_received_ = false;
  overrun_data_read_ = overrun_;
  return received_;
}

void SpiController::wait() {
  constexpr uint64_t kLookNs = 10;
  if (!is_shifting_) return clock_.pass_ns(kLookNs);
  // With a byte to take, the CPU is not waiting: it has until the end of the frame.
  if (has_received_) return clock_.work_ns(kLookNs);
  const uint64_t elapsed_ns = clock_.now_ns() - shift_since_ns_;
  if (elapsed_ns < frame_ns()) clock_.work_ns(frame_ns() - elapsed_ns);
  shift_in();
}

void SpiController::catch_up() {
  while (is_shifting_ && clock_.now_ns() - shift_since_ns_ >= frame_ns()) {
    const uint64_t end_ns = shift_since_ns_ + frame_ns();
    shift_in();
    shift_since_ns_ = end_ns;
  }
}

void SpiController::shift_in() {
  const uint8_t byte = bytes_.exchange(shifting_);
  // At an overrun the new byte is lost, the old one stays (RM0090, SPI error flags).
  if (has_received_) {
    overrun_ = true;
    overrun_data_read_ = false;
  } else {
    received_ = byte;
  }
  has_received_ = true;
  is_shifting_ = is_buffered_;
  shifting_ = buffered_;
  is_buffered_ = false;
  shift_since_ns_ = clock_.now_ns();
}

void SpiController::set_chip_select(bool high) {
  catch_up();
  if (high == !bytes_.is_selected()) return;
  if (!high) return bytes_.select();
  if (!is_shifting_) return bytes_.deselect();
  violate("SR", "chip select raised with BSY = 1");
  bytes_.deselect_within_byte();
}

bool SpiController::is_enabled() const {
  return (cr1_ & kCr1Enable) != 0;
}

uint64_t SpiController::frame_ns() const {
  const uint64_t divider = uint64_t{2} << (cr1_ >> 3 & 7);
  return 8 * divider * 1'000'000'000 / kernel_hz_;
}

uint64_t SpiController::Gpio::load(uint32_t offset, unsigned) {
  if (offset == kIdr) return registers_[kOdr / 4];
  return offset == kBsrr ? 0 : registers_[offset / 4];
}

void SpiController::Gpio::store(uint32_t offset, uint64_t value, unsigned width) {
  const auto word = static_cast<uint32_t>(value);
  uint32_t& output = registers_[kOdr / 4];
  switch (offset) {
    case kOdr:
      output = word & 0xFFFF;
      break;
    case kBsrr: {
      const uint32_t set = word & 0xFFFF;
      const uint32_t clear = width == 4 ? word >> 16 : 0;
      output = (output & ~clear) | set;  // set wins (RM0090 8.4.7)
      break;
    }
    case kBsrr + 2:
      output &= ~(word & 0xFFFF);
      break;
    case kIdr:
      return owner_.violate("GPIO IDR", "written, but read-only");
    default:
      registers_[offset / 4] = word;
      break;
  }
  // A pin that is no output does not pull the chip's select line down: the board's resistor holds it up.
  const bool drives = (registers_[kModer / 4] >> (2 * owner_.pin_) & 3) == kModeOutput;
  owner_.set_chip_select(!drives || (output >> owner_.pin_ & 1) != 0);
}

void SpiController::violate(std::string_view place, std::string_view what) {
  violations_.add(clock_.now_ns(), std::string("SPI ").append(place), std::string(what));
}

}  // namespace sim
