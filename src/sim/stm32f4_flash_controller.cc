#include "sim/stm32f4_flash_controller.h"

#include <algorithm>
#include <utility>

#include "sim/check.h"

namespace sim {

namespace {

enum : uint32_t { kAcr = 0x00, kKeyr = 0x04, kOptkeyr = 0x08, kSr = 0x0C, kCr = 0x10, kOptcr = 0x14 };

// CR
constexpr uint32_t kPg = 1u << 0;
constexpr uint32_t kSer = 1u << 1;
constexpr uint32_t kMer = 1u << 2;
constexpr uint32_t kStrt = 1u << 16;
constexpr uint32_t kEopIe = 1u << 24;
constexpr uint32_t kErrIe = 1u << 25;
constexpr uint32_t kLock = 1u << 31;
constexpr uint32_t psize(uint32_t control) {
  return control >> 8 & 3;
}
constexpr uint32_t kX64 = 3;
constexpr uint32_t sector_code(uint32_t control) {
  return control >> 3 & 0x1F;
}

// SR
constexpr uint32_t kEop = 1u << 0;
constexpr uint32_t kOpErr = 1u << 1;
constexpr uint32_t kWrpErr = 1u << 4;
constexpr uint32_t kPgaErr = 1u << 5;
constexpr uint32_t kPgpErr = 1u << 6;
constexpr uint32_t kPgsErr = 1u << 7;
constexpr uint32_t kBsy = 1u << 16;
constexpr uint32_t kClearable = 0x1F3;

// OPTCR
constexpr uint32_t kOptLock = 1u << 0;
constexpr uint32_t kOptStrt = 1u << 1;
constexpr unsigned kNotWriteProtected = 16;   // nWRP of sector 0
constexpr uint64_t kOptionsNs = 100'000'000;  // not printed; that of a small erase

// ACR of the F42x
constexpr uint32_t kDcen = 1u << 10;
constexpr uint32_t kDcrst = 1u << 12;

constexpr uint32_t kRowBytes = 16;
constexpr uint32_t kCacheLineBytes = 16;
constexpr uint64_t kReadPsPerByte = 5'000;
constexpr uint32_t kKiB = 1024;

// Sector codes of the second bank lie above a gap of four (RM0090, 3.9.8).
bool decode_sector(uint32_t code, uint32_t& sector) {
  if ((code & 0xF) > 11) return false;
  sector = (code & 0xF) + (code >= 16 ? 12 : 0);
  return true;
}

}  // namespace

// DocID024030 (F427) and its sibling's table in DS10314; x32 as measured, narrower ones slower.
Stm32F4FlashVariant Stm32F4FlashVariant::f42x() {
  return {.has_caches = true,
          .access_writable = 0x1F0F,
          .option_control = 0x0FFFAAED,  // DB1M = 0 (RM0090, 3.9)
          .erase_sector_ns =
              [](uint32_t size, unsigned width) {
                const uint64_t x32_ms = size == 16 * kKiB ? 250 : size == 64 * kKiB ? 550 : 1000;
                const uint64_t percent = width == 0 ? 200 : width == 1 ? 140 : 100;
                return x32_ms * percent * 10'000;
              },
          .program_ns = {16'000, 16'000, 16'000, 16'000}};
}

Stm32F4FlashVariant Stm32F4FlashVariant::f76x() {
  return {.has_caches = false,
          .access_writable = 0x0B0F,
          .option_control = 0xFFFFAAFD,  // nDBANK = 1 (RM0410, 3.7)
          .erase_sector_ns =
              [](uint32_t size, unsigned width) {
                const uint64_t x32_ms = size == 32 * kKiB ? 200 : size == 128 * kKiB ? 500 : 1000;
                const uint64_t percent = width == 0 ? 200 : width == 1 ? 140 : 100;
                return x32_ms * percent * 10'000;
              },
          .program_ns = {16'000, 16'000, 16'000, 16'000}};
}

Stm32F4FlashController::Stm32F4FlashController(Cells& cells, Stm32F4FlashVariant variant, Clock& clock,
                                               Violations& violations)
    : cells_(cells),
      variant_(std::move(variant)),
      clock_(clock),
      violations_(violations),
      options_(variant_.option_control),
      protected_(cells.sector_count(), false) {
  if (variant_.has_caches) {
    cached_.assign(cells.size_bytes(), 0xFF);
    cached_lines_.assign(cells.size_bytes() / kCacheLineBytes, false);
  }
  reset();
}

Stm32F4FlashController::~Stm32F4FlashController() {
  clock_.set_deadline(this, 0);
}

void Stm32F4FlashController::reset() {
  access_control_ = 0;
  status_ = 0;
  control_ = 0;
  control_lock_.reset();
  option_lock_.reset();
  lower_half_.reset();
  done_ns_ = 0;
  flags_when_done_ = 0;
  clock_.set_deadline(this, 0);
  cached_lines_.assign(cached_lines_.size(), false);
}

// ---- Time -----------------------------------------------------------------------------------------

void Stm32F4FlashController::set_stuck_busy(bool stuck) {
  stuck_busy_ = stuck;
  if (!stuck && done_ns_ == kNeverNs) done_ns_ = clock_.now_ns();
}

// Reads of the array and writes to CR hold the bus until the operation is over. Where it never is, the
// hardware would hold it for ever; tests could not go on.
void Stm32F4FlashController::stall() {
  if (is_busy() && done_ns_ != kNeverNs) clock_.work_ns(done_ns_ - clock_.now_ns());
}

// What an operation leaves in SR appears with its end, as STRT goes (RM0090, 3.9.6 and 3.9.8).
void Stm32F4FlashController::settle() {
  if (is_busy()) return;
  status_ |= std::exchange(flags_when_done_, 0);
  control_ &= ~kStrt;
}

void Stm32F4FlashController::begin_operation(uint64_t duration_ns, bool succeeds) {
  done_ns_ = stuck_busy_ ? kNeverNs : clock_.now_ns() + duration_ns;
  clock_.set_deadline(this, done_ns_);
  const bool is_told = (control_ & (succeeds ? kEopIe : kErrIe)) != 0;
  if (is_told) flags_when_done_ |= succeeds ? kEop : kOpErr;
}

// OPERR goes with the others, if its interrupt is enabled (RM0090, 3.9.6).
void Stm32F4FlashController::fail(uint32_t status_bits) {
  if ((control_ & kErrIe) != 0) status_bits |= kOpErr;
  status_ |= status_bits;
}

// ---- Registers ------------------------------------------------------------------------------------

uint64_t Stm32F4FlashController::Registers::load(uint32_t offset, unsigned width) {
  owner_.clock_.work_ns(10);
  owner_.settle();
  if (offset >= kOptcr && offset < kOptcr + 4) return owner_.option_control() >> (8 * (offset - kOptcr));
  if (width != 4) owner_.violation("FLASH", "registers are read by words");
  switch (offset) {
    case kAcr:
      return owner_.access_control_;
    case kSr:
      return owner_.status_ | (owner_.is_busy() ? kBsy : 0);
    case kCr:
      return owner_.control();
    default:
      return 0;
  }
}

void Stm32F4FlashController::Registers::store(uint32_t offset, uint64_t value, unsigned width) {
  const auto word = static_cast<uint32_t>(value);
  owner_.clock_.work_ns(10);
  owner_.settle();
  if (offset >= kOptcr && offset < kOptcr + 4)
    return owner_.store_option_control(offset - kOptcr, word, width);
  if (width != 4) owner_.violation("FLASH", "registers are written by words");
  switch (offset) {
    case kAcr:
      owner_.store_access_control(word);
      break;
    case kKeyr:
      owner_.store_key(word);
      break;
    case kOptkeyr:
      if (!owner_.option_lock_.take(word)) raise_bus_error();
      break;
    case kSr:
      owner_.status_ &= ~(word & kClearable);
      break;
    case kCr:
      owner_.store_control(word);
      break;
    default:
      break;
  }
}

uint32_t Stm32F4FlashController::control() const {
  return control_ | (control_lock_.is_locked() ? kLock : 0);
}

uint32_t Stm32F4FlashController::option_control() const {
  uint32_t value = options_ & ~(kOptLock | kOptStrt);
  if (option_lock_.is_locked()) value |= kOptLock;
  return value;
}

void Stm32F4FlashController::protect_sector(unsigned sector, bool on) {
  protected_[sector] = on;
  const uint32_t bit = 1u << (kNotWriteProtected + sector);
  options_ = on ? options_ & ~bit : options_ | bit;
}

// A HAL writes the register in its bytes and halves.
void Stm32F4FlashController::store_option_control(uint32_t offset, uint32_t value, unsigned width) {
  const uint32_t mask = (width == 4 ? UINT32_MAX : (1u << (8 * width)) - 1) << (8 * offset);
  const uint32_t next = (option_control() & ~mask) | (value << (8 * offset) & mask);
  if (option_lock_.is_locked()) {
    if (next != option_control()) violation("FLASH OPTCR", "written while OPTLOCK is set: no effect");
    return;
  }
  stall();
  settle();
  options_ = next;
  if ((next & kOptLock) != 0) option_lock_.lock();
  if ((next & kOptStrt) == 0) return;
  for (size_t sector = 0; sector < protected_.size(); ++sector) {
    protected_[sector] = (next >> (kNotWriteProtected + sector) & 1) == 0;
  }
  begin_operation(kOptionsNs, true);
}

void Stm32F4FlashController::store_access_control(uint32_t value) {
  if (variant_.has_caches && (value & kDcrst) != 0) {
    if ((value & kDcen) != 0) violation("FLASH ACR", "DCRST works only while the data cache is off");
    if ((value & kDcen) == 0) cached_lines_.assign(cached_lines_.size(), false);
  }
  access_control_ = value & variant_.access_writable;
}

void Stm32F4FlashController::store_key(uint32_t value) {
  // Firmware that unlocks once too often sends keys that change nothing (RM0090, 3.6.1 knows no more of it).
  if (!control_lock_.is_locked() && !control_lock_.has_key(value)) {
    violation("FLASH KEYR", "written with what is no key");
  }
  if (!control_lock_.take(value)) registers_.raise_bus_error();
}

void Stm32F4FlashController::store_control(uint32_t value) {
  if (control_lock_.is_locked()) {
    if (value != control()) violation("FLASH CR", "written while LOCK is set: no effect");
    return;
  }
  if (is_busy()) {
    violation("FLASH CR", "written during an operation: the bus stalls until it ends");
    stall();
    settle();
  }
  control_ = value & ~(kStrt | kLock);
  if ((value & kLock) != 0) control_lock_.lock();
  lower_half_.reset();
  if ((value & kStrt) != 0) start_erase();
}

// ---- Erasing and programming ----------------------------------------------------------------------

void Stm32F4FlashController::start_erase() {
  if ((control_ & kMer) != 0) return erase_sectors(0, cells_.sector_count());
  if ((control_ & kSer) == 0) {
    violation("FLASH CR", "STRT without SER or MER");
    return;
  }
  uint32_t sector = 0;
  if (!decode_sector(sector_code(control_), sector)) {
    violation("FLASH CR", "SNB names no sector");
    return;
  }
  // A sector that the part does not have is silently not erased.
  if (sector >= cells_.sector_count()) {
    violation("FLASH CR", "SNB names a sector that this part does not have");
    return;
  }
  erase_sectors(sector, 1);
}

// One operation, refused as a whole if one of the sectors is protected.
void Stm32F4FlashController::erase_sectors(unsigned first, unsigned count) {
  uint64_t duration_ns = 0;
  for (unsigned sector = first; sector < first + count; ++sector) {
    if (protected_[sector]) return fail(kWrpErr);
    duration_ns += variant_.erase_sector_ns(cells_.sector_size_bytes(sector), psize(control_));
  }
  const uint32_t begin = cells_.sector_offset(first);
  const uint32_t end = cells_.sector_offset(first + count - 1) + cells_.sector_size_bytes(first + count - 1);
  begin_operation(duration_ns, cells_.erase(begin, end - begin) == CellResult::kOk);
  control_ |= kStrt;
}

void Stm32F4FlashController::Array::store(uint32_t offset, uint64_t value, unsigned width) {
  owner_.store_array(offset, value, width);
}

void Stm32F4FlashController::store_array(uint32_t offset, uint64_t value, unsigned width) {
  stall();
  settle();
  if ((control_ & kPg) == 0) return fail(kPgsErr | kPgpErr);  // both, as measured on an F411
  if (psize(control_) == kX64 && width == 4) return store_half(offset, static_cast<uint32_t>(value));
  if (width != 1u << psize(control_)) return fail(kPgpErr);
  program(offset, value, width);
}

// The data bus of a Cortex-M is 32 bits wide: at x64 a double word comes as its lower and its upper word.
void Stm32F4FlashController::store_half(uint32_t offset, uint32_t value) {
  const auto lower = std::exchange(lower_half_, std::nullopt);
  if (offset % 8 == 0) {
    lower_half_ = {offset, value};
  } else if (lower && offset == lower->first + 4) {
    program(lower->first, uint64_t{value} << 32 | lower->second, 8);
  } else {
    fail(kPgpErr);
  }
}

void Stm32F4FlashController::program(uint32_t offset, uint64_t value, unsigned width) {
  if (offset / kRowBytes != (offset + width - 1) / kRowBytes) return fail(kPgaErr);
  if (protected_[cells_.sector_index(offset)]) return fail(kWrpErr);
  std::array<uint8_t, 8> bytes{};
  for (unsigned i = 0; i < width; ++i) bytes[i] = static_cast<uint8_t>(value >> (8 * i));
  const CellResult result = cells_.program(offset, std::span(bytes).first(width));
  begin_operation(variant_.program_ns[psize(control_)], result == CellResult::kOk);
  // The F4's D-cache takes over the value written, not the AND that the array now holds.
  if (variant_.has_caches && cached_lines_[offset / kCacheLineBytes]) {
    std::copy_n(bytes.begin(), width, cached_.begin() + offset);
  }
}

// ---- Reading --------------------------------------------------------------------------------------

void Stm32F4FlashController::Array::load_block(uint32_t offset, std::span<uint8_t> out) {
  owner_.read_array(offset, out);
}

void Stm32F4FlashController::read_array(uint32_t offset, std::span<uint8_t> out) {
  stall();
  clock_.work_ns(out.size() * kReadPsPerByte / 1000);
  if (cells_.read(offset, out) != CellResult::kOk) array_.raise_bus_error();
  if (!variant_.has_caches || (access_control_ & kDcen) == 0) return;
  // The cache remembers every line it was asked for; the worst one for a driver that forgets to flush it.
  const auto last = static_cast<uint32_t>(offset + out.size() - 1) / kCacheLineBytes;
  for (uint32_t line = offset / kCacheLineBytes; line <= last; ++line) {
    if (cached_lines_[line]) continue;
    const auto content = cells_.bytes().subspan(line * kCacheLineBytes, kCacheLineBytes);
    std::copy(content.begin(), content.end(), cached_.begin() + line * kCacheLineBytes);
    cached_lines_[line] = true;
  }
  std::copy_n(cached_.begin() + offset, out.size(), out.begin());
}

}  // namespace sim
