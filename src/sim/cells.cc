#include "sim/cells.h"

#include <algorithm>
#include <bit>
#include <optional>

#include "sim/check.h"
#include "sim/power_supply.h"

namespace sim {

namespace {

constexpr uint8_t kErased = 0xFF;

bool all_are(std::span<const uint8_t> bytes, uint8_t value) {
  return std::all_of(bytes.begin(), bytes.end(), [value](uint8_t byte) { return byte == value; });
}

bool is_inside(uint64_t offset, uint64_t length, uint64_t size) {
  return length <= size && offset <= size - length;
}

}  // namespace

Stats operator-(Stats a, const Stats& b) {
  a.reads -= b.reads;
  a.programs -= b.programs;
  a.erases -= b.erases;
  a.bytes_read -= b.bytes_read;
  a.bytes_programmed -= b.bytes_programmed;
  return a;
}

Cells::Cells(CellPhysics physics, CellMemory memory)
    : physics_(std::move(physics)),
      bytes_(memory.bytes),
      wear_(memory.wear),
      broken_words_(memory.broken_words),
      unstable_bits_(memory.unstable_bits != nullptr ? memory.unstable_bits : &own_unstable_bits_) {
  uint32_t offset = 0;
  for (const SectorRun& run : physics_.sectors) {
    for (uint32_t i = 0; i < run.sector_count; ++i, offset += run.sector_size_bytes)
      sector_offsets_.push_back(offset);
  }
  SIM_CHECK(offset == bytes_.size(), "the content has another size than the sectors together");
  SIM_CHECK(physics_.word_bytes > 0 && offset % physics_.word_bytes == 0, "a word must divide the flash");
  if (wear_.empty()) {
    own_wear_.assign(sector_offsets_.size(), 0);
    wear_ = own_wear_;
  }
  const uint32_t words = physics_.ecc ? offset / physics_.word_bytes : 0;
  if (broken_words_.empty()) {
    own_broken_words_.assign((words + 7) / 8, 0);
    broken_words_ = own_broken_words_;
  }
  SIM_CHECK(wear_.size() == sector_offsets_.size(), "one wear counter a sector");
  SIM_CHECK(broken_words_.size() == (words + 7) / 8, "one bit a word with ECC");
  for (uint8_t bits : broken_words_) broken_count_ += static_cast<uint32_t>(std::popcount(bits));
}

uint32_t Cells::size_bytes() const {
  return static_cast<uint32_t>(bytes_.size());
}
uint32_t Cells::sector_count() const {
  return static_cast<uint32_t>(sector_offsets_.size());
}
uint32_t Cells::sector_offset(uint32_t index) const {
  SIM_CHECK(index < sector_count(), "no such sector");
  return sector_offsets_[index];
}

uint32_t Cells::sector_index(uint32_t offset) const {
  SIM_CHECK(offset < size_bytes(), "no sector holds this offset");
  const auto after = std::upper_bound(sector_offsets_.begin(), sector_offsets_.end(), offset);
  return static_cast<uint32_t>(after - sector_offsets_.begin() - 1);
}

uint32_t Cells::sector_size_bytes(uint32_t index) const {
  SIM_CHECK(index < sector_count(), "no such sector");
  const uint32_t end = index + 1 < sector_count() ? sector_offsets_[index + 1] : size_bytes();
  return end - sector_offsets_[index];
}

uint32_t Cells::max_wear() const {
  return wear_.empty() ? 0 : *std::max_element(wear_.begin(), wear_.end());
}

bool Cells::has_ecc_error(uint32_t offset) const {
  SIM_CHECK(offset < size_bytes(), "no word holds this offset");
  return physics_.ecc && is_broken(offset / physics_.word_bytes);
}

CellResult Cells::read(uint32_t offset, std::span<uint8_t> out) {
  SIM_CHECK(is_inside(offset, out.size(), bytes_.size()), "read outside the flash");
  if (!has_power()) return CellResult::kFailed;
  const uint64_t index = stats_.reads++;
  if (fault_hook_ && fault_hook_(Operation::kRead, index, offset)) return CellResult::kFailed;
  stats_.bytes_read += out.size();
  std::copy_n(bytes_.begin() + offset, out.size(), out.begin());
  if (!unstable_bits_->empty()) disturb(offset, out);
  if (broken_count_ == 0 || out.empty()) return CellResult::kOk;
  const auto last = static_cast<uint32_t>(offset + out.size() - 1);
  for (uint32_t word = offset / physics_.word_bytes; word <= last / physics_.word_bytes; ++word) {
    if (is_broken(word)) return CellResult::kEccError;
  }
  return CellResult::kOk;
}

CellResult Cells::program(uint32_t offset, std::span<const uint8_t> data) {
  const uint32_t word = physics_.word_bytes;
  SIM_CHECK(is_inside(offset, data.size(), bytes_.size()), "program outside the flash");
  SIM_CHECK(offset % word == 0 && data.size() % word == 0, "program of a part of a word");
  if (!has_power()) return CellResult::kFailed;
  const uint64_t index = stats_.programs++;
  const bool fails = fault_hook_ && fault_hook_(Operation::kProgram, index, offset);
  const FlashOperation operation = {.kind = Operation::kProgram,
                                    .offset = offset,
                                    .length = static_cast<uint32_t>(data.size()),
                                    .data = data,
                                    .fails = fails};
  const std::optional<Cut> cut = supply_ != nullptr ? supply_->begin(operation) : std::nullopt;
  if (cut) {
    tear_program(offset, data, *cut);
  } else {
    program_cells(offset, fails ? data.first(data.size() / 2) : data);
  }
  return fails || cut ? CellResult::kFailed : CellResult::kOk;
}

void Cells::program_cells(uint32_t offset, std::span<const uint8_t> data) {
  const uint32_t word = physics_.word_bytes;
  for (size_t at = 0; physics_.ecc && at < data.size(); at += word) {
    program_ecc_word(static_cast<uint32_t>(offset + at),
                     data.subspan(at, std::min<size_t>(word, data.size() - at)));
  }
  for (size_t i = 0; i < data.size(); ++i) bytes_[offset + i] &= data[i];
  if (!unstable_bits_->empty()) make_firm(offset, data);
  stats_.bytes_programmed += data.size();
}

// The ECC bits are ANDed as the data are. What was blank takes any code; all zeros are reported to be
// readable over anything (the code of zeros is zeros); everything else leaves a code that fits nothing.
void Cells::program_ecc_word(uint32_t offset, std::span<const uint8_t> data) {
  const uint32_t word = offset / physics_.word_bytes;
  const bool is_blank = all_are(bytes_.subspan(offset, physics_.word_bytes), kErased) && !is_broken(word);
  const bool is_torn = data.size() < physics_.word_bytes;
  if (is_torn) {
    set_broken(word, true);
  } else if (all_are(data, 0)) {
    set_broken(word, false);
  } else if (!is_blank) {
    set_broken(word, true);
  }
}

void Cells::set_broken(uint32_t word, bool broken) {
  if (is_broken(word) == broken) return;
  broken_words_[word / 8] = static_cast<uint8_t>(broken_words_[word / 8] ^ (1u << (word % 8)));
  broken_count_ += broken ? 1 : -1;
}

CellResult Cells::erase(uint32_t offset, uint32_t length) {
  SIM_CHECK(is_inside(offset, length, bytes_.size()), "erase outside the flash");
  while (length > 0) {
    const uint32_t sector = sector_index(offset);
    const uint32_t size = sector_size_bytes(sector);
    SIM_CHECK(offset == sector_offset(sector) && size <= length, "erase of a part of a sector");
    if (erase_sector(sector, length) != CellResult::kOk) return CellResult::kFailed;
    offset += size;
    length -= size;
  }
  return CellResult::kOk;
}

CellResult Cells::erase_sector(uint32_t sector, uint32_t rest_of_command) {
  if (!has_power()) return CellResult::kFailed;
  const uint32_t offset = sector_offset(sector);
  const uint32_t size = sector_size_bytes(sector);
  const uint64_t index = stats_.erases++;
  ++wear_[sector];
  const bool fails = fault_hook_ && fault_hook_(Operation::kErase, index, offset);
  const FlashOperation operation = {
      .kind = Operation::kErase, .offset = offset, .length = rest_of_command, .data = {}, .fails = fails};
  const std::optional<Cut> cut = supply_ != nullptr ? supply_->begin(operation) : std::nullopt;
  if (cut) {
    tear_erase(offset, rest_of_command, *cut);
  } else {
    erase_cells(offset, fails ? size / 2 : size);
  }
  return fails || cut ? CellResult::kFailed : CellResult::kOk;
}

void Cells::erase_cells(uint32_t offset, uint32_t length) {
  std::fill_n(bytes_.begin() + offset, length, kErased);
  const uint32_t sector = sector_index(offset);
  if (length == sector_size_bytes(sector)) unstable_bits_->erase(sector);
  if (broken_count_ == 0) return;
  for (uint32_t at = offset; at < offset + length; at += physics_.word_bytes) {
    set_broken(at / physics_.word_bytes, false);
  }
}

bool Cells::has_power() const {
  return supply_ == nullptr || supply_->is_on();
}

void Cells::copy_sector(const Cells& other, uint32_t index) {
  const uint32_t offset = sector_offset(index);
  const uint32_t size = sector_size_bytes(index);
  std::copy_n(other.bytes_.begin() + offset, size, bytes_.begin() + offset);
  wear_[index] = other.wear_[index];
  for (uint32_t at = offset; physics_.ecc && at < offset + size; at += physics_.word_bytes) {
    set_broken(at / physics_.word_bytes, other.is_broken(at / physics_.word_bytes));
  }
  unstable_bits_->erase(index);
  if (const auto found = other.unstable_bits_->find(index); found != other.unstable_bits_->end()) {
    unstable_bits_->insert(*found);
  }
}

}  // namespace sim
