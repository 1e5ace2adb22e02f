// What a chip's commands do once chip select has risen.
#include <algorithm>
#include <bit>

#include "sim/nor_chip.h"

namespace sim {
namespace {

constexpr uint8_t kWip = 0x01;
constexpr uint8_t kWel = 0x02;
// Of the security register (Macronix, 2Bh).
constexpr uint8_t kProgramFail = 0x20;
constexpr uint8_t kEraseFail = 0x40;

}  // namespace

void NorChip::perform() {
  using enum ChipAction;
  switch (now_.command->action) {
    case kProgram:
      return program_page();
    case kErase:
      return erase();
    case kEraseChip:
      return erase_chip();
    case kWriteEnable:
      write_enabled_ = true;
      return;
    case kWriteEnableVolatile:
      volatile_write_enabled_ = true;
      return;
    case kWriteDisable:
      write_enabled_ = false;
      return;
    case kWriteStatus:
      return write_status_registers();
    case kWriteExtendedAddress:
      return write_extended_address();
    case kWriteConfig2:
      return write_config2();
    case kEnterFourByteMode:
      four_byte_mode_ = true;
      return;
    case kExitFourByteMode:
      four_byte_mode_ = false;
      return;
    case kSleep:
      asleep_ = true;
      return;
    case kWake:
      return wake();
    case kEnableReset:
      reset_enabled_ = true;
      return;
    case kReset:
      return reset();
    case kSuspend:
      return suspend();
    case kResume:
      return resume();
    case kRead:
    case kReadStatus:
    case kReadId:
    case kReadSfdp:
    case kReadExtendedAddress:
    case kReadConfig2:
    case kReadSecurity:
    case kNothing:
      return;
  }
}

bool NorChip::require_write_enable() {
  if (!write_enabled_) violate(now_.command->opcode, "without write enable");
  return write_enabled_;
}

// Only Macronix' security register tells; the other chips have no way to say that cells did not obey.
void NorChip::note_result(uint8_t fail_bit, CellResult result) {
  security_ = static_cast<uint8_t>(security_ & ~fail_bit);
  if (result != CellResult::kOk) security_ |= fail_bit;
}

void NorChip::program_page() {
  if (!require_write_enable()) return;
  if (now_.position == 0) return violate(now_.command->opcode, "without data");
  if (is_dtr() && now_.position % 2 != 0) {
    return violate(now_.command->opcode, "chip select rose inside a 16-bit word");
  }
  const uint32_t offset = now_.address % part_.size_bytes;
  const uint32_t base = offset - offset % kPageBytes;
  const uint32_t length = std::min(now_.position, kPageBytes);
  if (is_protected(base, kPageBytes)) {
    write_enabled_ = false;
    return;
  }
  const uint32_t start = length == kPageBytes ? 0 : offset % kPageBytes;
  const uint32_t first = std::min(length, kPageBytes - start);
  const std::span<const uint8_t> page = page_;
  CellResult result = cells_.program(base + start, page.subspan(start, first));
  if (result == CellResult::kOk && first < length) result = cells_.program(base, page.first(length - first));
  note_result(kProgramFail, result);

  const uint64_t typical_ns = part_.program_first_byte_ns + (length - 1) * part_.program_next_byte_ns;
  begin_busy({ChipAction::kProgram, base, kPageBytes},
             {std::min(typical_ns, part_.program_page.typical_ns), part_.program_page.maximum_ns});
}

void NorChip::erase() {
  if (!require_write_enable()) return;
  const uint32_t size_bytes = now_.command->argument;
  const uint32_t offset = now_.address % part_.size_bytes / size_bytes * size_bytes;
  if (is_protected(offset, size_bytes)) {
    write_enabled_ = false;
    return;
  }
  note_result(kEraseFail, cells_.erase(offset, size_bytes));
  const auto* entry = std::ranges::find(part_.erase_times, size_bytes, &ChipEraseTime::size_bytes).base();
  begin_busy({ChipAction::kErase, offset, size_bytes}, entry->time);
}

void NorChip::erase_chip() {
  if (!require_write_enable()) return;
  if (is_protected(0, part_.size_bytes)) {
    write_enabled_ = false;
    return;
  }
  note_result(kEraseFail, cells_.erase(0, part_.size_bytes));
  begin_busy({ChipAction::kErase, 0, part_.size_bytes}, part_.erase_chip);
}

void NorChip::write_status_registers() {
  const bool only_volatile = volatile_write_enabled_ && !write_enabled_;
  if (!only_volatile && !require_write_enable()) return;
  if (now_.position == 0) return violate(now_.command->opcode, "without data");
  const bool is_octal = protocol_ != ChipProtocol::kSpi;
  const uint32_t first = is_octal ? now_.address & 1 : now_.command->argument;
  // The octal protocols address one register; in DTR its byte has a meaningless partner.
  const uint32_t count = is_octal ? 1 : std::min(now_.position, 2u);
  for (uint32_t i = 0; i < count && first + i < status_.size(); ++i) {
    const uint8_t writable = part_.status_writable[first + i];
    const auto value = static_cast<uint8_t>((status_[first + i] & ~writable) | (page_[i] & writable));
    status_[first + i] = value;
    if (!only_volatile) stored_status_[first + i] = value;
  }
  volatile_write_enabled_ = false;
  if (!only_volatile) begin_busy({ChipAction::kWriteStatus, 0, 0}, part_.write_status);
}

void NorChip::write_extended_address() {
  if (!require_write_enable() || now_.position == 0) return;
  extended_address_ = page_[0];
  write_enabled_ = false;
}

void NorChip::write_config2() {
  if (!require_write_enable()) return;
  write_enabled_ = false;
  if (now_.position == 0) return violate(now_.command->opcode, "without data");
  switch (now_.address) {
    case 0x000:
      if (page_[0] > 2) return violate(now_.command->opcode, "CR2[0] has no such protocol");
      protocol_ = static_cast<ChipProtocol>(page_[0]);
      return;
    case 0x200:
      return;  // how DQS precedes the data
    case 0x300:
      dummy_code_ = page_[0] & 0x07;
      return;
    default:
      return violate(now_.command->opcode, "CR2 has no such address");
  }
}

void NorChip::wake() {
  if (!asleep_) return;
  asleep_ = false;
  deaf_until_ns_ = clock_.now_ns() + part_.wake_ns;
}

void NorChip::reset() {
  if (now_.follows_missed_reset_enable) return;
  if (!now_.follows_reset_enable) return violate(now_.command->opcode, "not right after reset enable");
  tear_operation();
  forget_volatile_state();
  deaf_until_ns_ = clock_.now_ns() + part_.reset_ns;
}

void NorChip::power_cycle() {
  settle();
  tear_operation();
  forget_volatile_state();
  deaf_until_ns_ = 0;
}

void NorChip::suspend() {
  const bool can_wait = operation_.action == ChipAction::kErase || operation_.action == ChipAction::kProgram;
  if (!busy_ || !can_wait) return;
  suspended_rest_ns_ = busy_until_ns_ == kNeverNs ? kNeverNs : busy_until_ns_ - clock_.now_ns();
  suspended_ = true;
  busy_ = false;
  clock_.set_deadline(this, 0);
  deaf_until_ns_ = clock_.now_ns() + part_.suspend_ns;
}

void NorChip::resume() {
  if (!suspended_) return;
  suspended_ = false;
  busy_ = true;
  busy_until_ns_ = suspended_rest_ns_ == kNeverNs ? kNeverNs : clock_.now_ns() + suspended_rest_ns_;
  if (busy_until_ns_ != kNeverNs) clock_.set_deadline(this, busy_until_ns_);
}

bool NorChip::is_protected(uint32_t offset, uint32_t size_bytes) const {
  const ChipProtection& protection = part_.protection;
  const unsigned level =
      static_cast<unsigned>(status_[0] & protection.mask) >> std::countr_zero(protection.mask);
  if (level == 0) return false;
  const uint64_t area = std::min<uint64_t>(part_.size_bytes, uint64_t{protection.unit_bytes} << (level - 1));
  if (is_set({protection.bottom_index, protection.bottom_mask})) return offset < area;
  return uint64_t{offset} + size_bytes > part_.size_bytes - area;
}

void NorChip::begin_busy(Operation operation, ChipTime time) {
  operation_ = operation;
  busy_ = true;
  if (options_.stuck_busy) {
    busy_until_ns_ = kNeverNs;
    return;
  }
  busy_until_ns_ = clock_.now_ns() + (options_.worst_case_times ? time.maximum_ns : time.typical_ns);
  clock_.set_deadline(this, busy_until_ns_);
}

void NorChip::settle() {
  const bool is_over = busy_until_ns_ == kNeverNs ? !options_.stuck_busy : clock_.now_ns() >= busy_until_ns_;
  if (!busy_ || !is_over) return;
  busy_ = false;
  write_enabled_ = false;
  operation_ = {};
  clock_.set_deadline(this, 0);
}

// An erase first programs all bits to zero: where it was cut off, that is what remains. The array has
// had its final content since chip select rose, so only an erase can be torn here; a torn program comes
// from the cells' fault hook.
void NorChip::tear_operation() {
  const bool was_cut = (busy_ || suspended_) && operation_.action == ChipAction::kErase;
  if (!was_cut) return;
  constexpr uint32_t kPieceBytes = 2048;
  static constexpr std::array<uint8_t, kPieceBytes> kZeros{};
  const uint32_t end = operation_.offset + operation_.length;
  for (uint32_t at = operation_.offset + operation_.length / 2; at < end; at += kPieceBytes) {
    static_cast<void>(cells_.program(at, kZeros));
  }
}

void NorChip::forget_volatile_state() {
  status_ = stored_status_;
  extended_address_ = 0;
  dummy_code_ = 0;
  security_ = 0;
  protocol_ = ChipProtocol::kSpi;
  write_enabled_ = false;
  volatile_write_enabled_ = false;
  four_byte_mode_ = is_set(part_.four_byte_power_up);
  asleep_ = false;
  reset_enabled_ = false;
  busy_ = false;
  suspended_ = false;
  operation_ = {};
  now_ = {};
  clock_.set_deadline(this, 0);
}

bool NorChip::is_busy() {
  settle();
  return busy_;
}

uint8_t NorChip::status(unsigned index) {
  settle();
  uint8_t value = status_[index];
  const auto show = [&](StatusBit bit, bool on) {
    if (on && bit.index == index) value |= bit.mask;
  };
  show({0, kWip}, busy_);
  show({0, kWel}, write_enabled_);
  show(part_.four_byte_mode, four_byte_mode_);
  show(part_.suspended, suspended_);
  return value;
}

void NorChip::set_status(unsigned index, uint8_t value) {
  status_[index] = value;
  stored_status_[index] = value;
}

}  // namespace sim
