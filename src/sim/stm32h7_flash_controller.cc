#include "sim/stm32h7_flash_controller.h"

#include <algorithm>

#include "sim/check.h"

namespace sim {

namespace {

// Offsets of bank 1; bank 2 is 0x100 further (RM0433, 4.9).
enum : uint32_t {
  kAcr = 0x00,
  kKeyr = 0x04,
  kOptkeyr = 0x08,
  kCr = 0x0C,
  kSr = 0x10,
  kCcr = 0x14,
  kOptcr = 0x18,
  kOptsrCur = 0x1C,
  kWpsnCur = 0x38,
  kWpsnPrg = 0x3C,
  kEccFa = 0x60
};
constexpr uint32_t kBankStride = 0x100;

// CR
constexpr uint32_t kLock = 1u << 0;
constexpr uint32_t kPg = 1u << 1;
constexpr uint32_t kSer = 1u << 2;
constexpr uint32_t kBer = 1u << 3;
constexpr uint32_t kFw = 1u << 6;
constexpr uint32_t kStart = 1u << 7;
constexpr uint32_t kCrReset = 0x30;  // and LOCK
constexpr uint32_t psize(uint32_t control) {
  return control >> 4 & 3;
}
constexpr uint32_t sector_number(uint32_t control) {
  return control >> 8 & 7;
}

// SR
constexpr uint32_t kBsy = 1u << 0;
constexpr uint32_t kWbne = 1u << 1;
constexpr uint32_t kQw = 1u << 2;
constexpr uint32_t kEop = 1u << 16;
constexpr uint32_t kWrpErr = 1u << 17;
constexpr uint32_t kPgsErr = 1u << 18;
constexpr uint32_t kStrbErr = 1u << 19;
constexpr uint32_t kIncErr = 1u << 21;
constexpr uint32_t kOpErr = 1u << 22;
constexpr uint32_t kSnEccErr = 1u << 25;
constexpr uint32_t kDbEccErr = 1u << 26;
constexpr uint32_t kClearable = 0x1FEF0000;

// OPTCR
constexpr uint32_t kOptLock = 1u << 0;
constexpr uint32_t kOptStart = 1u << 1;
constexpr uint32_t kMassErase = 1u << 4;
constexpr uint64_t kOptionsNs = 100'000'000;  // not printed

constexpr uint32_t kAcrReset = 0x37;
constexpr uint64_t kReadPsPerByte = 5'000;

}  // namespace

Stm32H7FlashController::Stm32H7FlashController(Cells& cells, const Stm32H7FlashTimes& times, Clock& clock,
                                               Violations& violations)
    : cells_(cells),
      times_(times),
      clock_(clock),
      violations_(violations),
      bank_bytes_(cells.size_bytes() / 2) {
  SIM_CHECK(cells.sector_count() == 16, "two banks of eight sectors");
  reset();
}

Stm32H7FlashController::~Stm32H7FlashController() {
  for (Bank& bank : banks_) clock_.set_deadline(&bank, 0);
}

void Stm32H7FlashController::reset() {
  for (Bank& bank : banks_) {
    const uint32_t protected_sectors = bank.protected_sectors;
    clock_.set_deadline(&bank, 0);
    bank = Bank{};
    bank.control = kCrReset;
    bank.protected_sectors = bank.sectors_to_protect = protected_sectors;
  }
  option_lock_.reset();
  options_done_ns_ = 0;
  access_control_ = kAcrReset;
}

void Stm32H7FlashController::protect_sector(unsigned bank, unsigned sector, bool on) {
  const uint32_t bit = 1u << sector;
  uint32_t& sectors = banks_[bank].protected_sectors;
  sectors = on ? sectors | bit : sectors & ~bit;
  banks_[bank].sectors_to_protect = sectors;
}

void Stm32H7FlashController::weaken_word(uint32_t offset) {
  weak_words_.insert(offset / kWordBytes);
}

// ---- Time -----------------------------------------------------------------------------------------

void Stm32H7FlashController::set_stuck_busy(bool stuck) {
  stuck_busy_ = stuck;
  for (Bank& bank : banks_) {
    const auto end = [&](uint64_t& done_ns) {
      if (!stuck && done_ns == kNeverNs) done_ns = clock_.now_ns();
    };
    end(bank.all_done_ns);
    for (Completion& completion : bank.completions) end(completion.at_ns);
  }
}

void Stm32H7FlashController::settle(Bank& bank) {
  while (!bank.completions.empty() && bank.completions.front().at_ns <= clock_.now_ns()) {
    bank.status |= bank.completions.front().flags;
    bank.completions.pop_front();
  }
}

// Where the operation never ends, the hardware would hold the bus for ever; tests could not go on.
void Stm32H7FlashController::stall_until(uint64_t at_ns) {
  if (at_ns > clock_.now_ns() && at_ns != kNeverNs) clock_.work_ns(at_ns - clock_.now_ns());
}

void Stm32H7FlashController::schedule(Bank& bank, uint64_t duration_ns, bool succeeds) {
  // One operation runs and one waits; a third is held on the bus.
  if (clock_.now_ns() < bank.first_done_ns && bank.first_done_ns < bank.all_done_ns)
    stall_until(bank.first_done_ns);
  const uint64_t begin = std::max(clock_.now_ns(), bank.all_done_ns);
  const uint64_t done_ns = stuck_busy_ ? kNeverNs : begin + duration_ns;
  bank.first_done_ns = clock_.now_ns() < bank.all_done_ns ? bank.all_done_ns : done_ns;
  bank.all_done_ns = done_ns;
  bank.completions.push_back({bank.all_done_ns, succeeds ? kEop : kOpErr});
  clock_.set_deadline(&bank, bank.all_done_ns);
}

uint32_t Stm32H7FlashController::status_of(Bank& bank) {
  settle(bank);
  uint32_t status = bank.status;
  if (is_busy(bank)) status |= kBsy | kQw;
  if (bank.buffer_mask != 0) status |= kWbne;
  return status;
}

// ---- Registers ------------------------------------------------------------------------------------

uint64_t Stm32H7FlashController::Registers::load(uint32_t offset, unsigned width) {
  if (width != 4) owner_.violation("FLASH", "registers are read by words");
  Bank& bank = owner_.banks_[offset / kBankStride & 1];
  owner_.clock_.work_ns(10);
  switch (offset % kBankStride) {
    case kAcr:
      return owner_.access_control_;
    case kCr:
      return bank.control | (bank.lock.is_locked() ? kLock : 0);
    case kSr:
      return owner_.status_of(bank);
    case kOptcr:
      return owner_.option_lock_.is_locked() ? kOptLock : 0;  // banks are not swapped
    case kOptsrCur:
      return owner_.clock_.now_ns() < owner_.options_done_ns_ ? 1 : 0;  // OPT_BUSY
    case kWpsnCur:
      return ~bank.protected_sectors & 0xFF;  // 0 protects
    case kWpsnPrg:
      return ~bank.sectors_to_protect & 0xFF;
    case kEccFa:
      return bank.failed_word;
    default:
      return 0;  // KEYR and CCR are write-only
  }
}

void Stm32H7FlashController::Registers::store(uint32_t offset, uint64_t value, unsigned width) {
  const unsigned index = offset / kBankStride & 1;
  Bank& bank = owner_.banks_[index];
  const uint32_t reg = offset % kBankStride;
  const auto word = static_cast<uint32_t>(value);
  owner_.clock_.work_ns(10);
  owner_.settle(bank);
  // Any other register of the bank between the two keys spoils the sequence.
  if (reg != kKeyr && reg != kAcr && bank.lock.is_half_open()) {
    bank.lock.close_until_reset();
    raise_bus_error();
  }
  switch (reg) {
    case kAcr:
      owner_.access_control_ = word & 0x3F;
      break;
    case kKeyr:
      owner_.store_key(index, word, width);
      break;
    case kCr:
      owner_.store_control(index, word);
      break;
    case kSr:  // read-only: some firmware believes to clear flags here, and clears none
      break;
    case kCcr:
      owner_.clear_flags(bank, word & kClearable);
      break;
    case kOptkeyr:
      if (!owner_.option_lock_.take(word)) raise_bus_error();
      break;
    case kOptcr:
      owner_.store_option_control(word);
      break;
    case kWpsnPrg:
      if (!owner_.option_lock_.is_locked()) bank.sectors_to_protect = ~word & 0xFF;
      break;
    default:
      break;
  }
}

void Stm32H7FlashController::store_key(unsigned index, uint32_t value, unsigned width) {
  KeyLock& lock = banks_[index].lock;
  if (!lock.is_locked()) violation("FLASH KEYR", "unlocking an unlocked register locks it until reset");
  if (!lock.is_locked() || width != 4) lock.close_until_reset();
  if (!lock.take(value)) registers_.raise_bus_error();
}

// One register at two addresses (RM0433, 4.9.7).
void Stm32H7FlashController::store_option_control(uint32_t value) {
  if (option_lock_.is_locked()) {
    if ((value & ~kOptLock) != 0) violation("FLASH OPTCR", "written while OPTLOCK is set: no effect");
    return;
  }
  if ((value & kMassErase) != 0) {
    for (unsigned bank = 0; bank < banks_.size(); ++bank) erase_sectors(bank, 0, 8);
  }
  if ((value & kOptStart) != 0) {
    for (Bank& bank : banks_) bank.protected_sectors = bank.sectors_to_protect;
    options_done_ns_ = clock_.now_ns() + kOptionsNs;
  }
  if ((value & kOptLock) != 0) option_lock_.lock();
}

// The address of the failed word goes with its flag.
void Stm32H7FlashController::clear_flags(Bank& bank, uint32_t flags) {
  bank.status &= ~flags;
  if ((bank.status & (kDbEccErr | kSnEccErr)) == 0) bank.failed_word = 0;
}

void Stm32H7FlashController::store_control(unsigned index, uint32_t value) {
  Bank& bank = banks_[index];
  if (bank.lock.is_locked()) {
    if ((value & ~kLock) != bank.control) violation("FLASH CR", "written while LOCK is set: no effect");
    return;
  }
  if (is_busy(bank) && psize(value) != psize(bank.control)) {
    violation("FLASH CR", "PSIZE must not change during an operation");
  }
  const bool leaves_program = (bank.control & kPg) != 0 && (value & kPg) == 0;
  bank.control = value & ~(kStart | kFw | kLock);
  if ((value & kLock) != 0) bank.lock.lock();
  if (leaves_program) drop_buffer(bank);
  if ((value & kFw) != 0 && bank.buffer_mask != 0) program_buffer(index);
  if ((value & kStart) != 0) start_erase(index);
}

// ---- Erasing and programming ----------------------------------------------------------------------

void Stm32H7FlashController::start_erase(unsigned index) {
  Bank& bank = banks_[index];
  if ((bank.control & (kSer | kBer)) == 0) {
    violation("FLASH CR", "START without SER or BER");
    return;
  }
  if ((bank.control & kBer) != 0) {
    erase_sectors(index, 0, 8);
  } else {
    erase_sectors(index, sector_number(bank.control), 1);
  }
}

void Stm32H7FlashController::erase_sectors(unsigned index, unsigned first, unsigned count) {
  Bank& bank = banks_[index];
  const uint32_t wanted = ((1u << count) - 1) << first;
  if ((bank.protected_sectors & wanted) != 0) {
    bank.status |= kWrpErr;
    return;
  }
  const uint32_t begin = cells_.sector_offset(index * 8 + first);
  const uint32_t length = count * cells_.sector_size_bytes(index * 8 + first);
  std::erase_if(weak_words_, [&](uint32_t word) { return word * kWordBytes - begin < length; });
  const CellResult result = cells_.erase(begin, length);
  schedule(bank, count * times_.erase_sector_ns[psize(bank.control)], result == CellResult::kOk);
}

void Stm32H7FlashController::Array::store(uint32_t offset, uint64_t value, unsigned width) {
  owner_.store_array(offset, value, width);
}

void Stm32H7FlashController::store_array(uint32_t offset, uint64_t value, unsigned width) {
  const unsigned index = bank_of(offset);
  Bank& bank = banks_[index];
  clock_.work_ns(5);
  // PGSERR and INCERR must be cleared before the next program; until then everything is refused.
  if ((bank.control & kPg) == 0 || (bank.status & (kPgsErr | kIncErr)) != 0) {
    bank.status |= kPgsErr;
    drop_buffer(bank);
    return;
  }
  const uint32_t word = offset / kWordBytes;
  if (bank.buffer_mask != 0 && word != bank.buffer_word) {
    bank.status |= kIncErr;
    drop_buffer(bank);
    return;
  }
  if (bank.buffer_mask == 0) bank.buffer.fill(0xFF);
  bank.buffer_word = word;
  for (unsigned i = 0; i < width; ++i) {
    const uint32_t at = offset % kWordBytes + i;
    if ((bank.buffer_mask >> at & 1) != 0) bank.status |= kStrbErr;  // the newer byte is kept
    bank.buffer[at] = static_cast<uint8_t>(value >> (8 * i));
    bank.buffer_mask |= 1u << at;
  }
  if (bank.buffer_mask == UINT32_MAX) program_buffer(index);
}

void Stm32H7FlashController::program_buffer(unsigned index) {
  Bank& bank = banks_[index];
  const uint32_t offset = bank.buffer_word * kWordBytes;
  const uint32_t sector = cells_.sector_index(offset) - index * 8;
  drop_buffer(bank);
  if ((bank.protected_sectors >> sector & 1) != 0) {
    bank.status |= kWrpErr;
    return;
  }
  const auto present = cells_.bytes().subspan(offset, kWordBytes);
  const bool blank = std::all_of(present.begin(), present.end(), [](uint8_t byte) { return byte == 0xFF; });
  const bool zeros =
      std::all_of(bank.buffer.begin(), bank.buffer.end(), [](uint8_t byte) { return byte == 0; });
  if ((!blank || cells_.has_ecc_error(offset)) && !zeros) {
    violation("FLASH array", "second program of a flash word that is not blank: its ECC breaks");
  }
  const CellResult result = cells_.program(offset, bank.buffer);
  schedule(bank, times_.program_word_ns[psize(bank.control)], result == CellResult::kOk);
}

// ---- Reading --------------------------------------------------------------------------------------

void Stm32H7FlashController::Array::load_block(uint32_t offset, std::span<uint8_t> out) {
  const uint32_t first = offset < owner_.bank_bytes_ ? owner_.bank_bytes_ - offset : UINT32_MAX;
  const size_t in_first_bank = std::min<size_t>(first, out.size());
  owner_.read_array(offset, out.first(in_first_bank));
  if (in_first_bank < out.size()) owner_.read_array(owner_.bank_bytes_, out.subspan(in_first_bank));
}

// Reads wait for what their bank is doing; the other bank reads on.
void Stm32H7FlashController::read_array(uint32_t offset, std::span<uint8_t> out) {
  Bank& bank = banks_[bank_of(offset)];
  stall_until(bank.all_done_ns);
  clock_.work_ns(out.size() * kReadPsPerByte / 1000);
  const CellResult result = cells_.read(offset, out);
  if (result == CellResult::kFailed) array_.raise_bus_error();
  if (result == CellResult::kEccError) {
    array_.raise_bus_error();
    note_ecc(offset, out.size(), true);
  }
  if (!weak_words_.empty()) note_ecc(offset, out.size(), false);
}

// Sets the flag and, if it is the first, the address of the flash word.
void Stm32H7FlashController::note_ecc(uint32_t offset, size_t length, bool double_error) {
  Bank& bank = banks_[bank_of(offset)];
  const uint32_t flag = double_error ? kDbEccErr : kSnEccErr;
  for (uint32_t word = offset / kWordBytes; word <= (offset + length - 1) / kWordBytes; ++word) {
    const bool hit = double_error ? cells_.has_ecc_error(word * kWordBytes) : weak_words_.contains(word);
    if (!hit) continue;
    if ((bank.status & (kDbEccErr | kSnEccErr)) == 0) bank.failed_word = word % (bank_bytes_ / kWordBytes);
    bank.status |= flag;
    return;
  }
}

}  // namespace sim
