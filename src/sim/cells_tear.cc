// What remains in the cells when the power goes in the middle of an operation.
//
// Data sheets only say that the data under work may be corrupted. What is modelled is what people have
// met: a program has not reached all of its bits; an erase first programs everything to 0, so bits that
// were 1 are in danger as well; and a bit that was left half way is read now as 0, now as 1. Sectors and
// words that are not under work stay as they are.
#include <algorithm>
#include <bit>
#include <vector>

#include "sim/cells.h"
#include "sim/noise.h"
#include "sim/power_supply.h"

namespace sim {

namespace {

constexpr uint8_t kErased = 0xFF;
constexpr unsigned kCertain = 256;  // of 256

// Random bytes whose bits are 1 with one probability.
class RandomBytes {
 public:
  RandomBytes(Noise& noise, unsigned of_256) : noise_(noise), of_256_(of_256) {}

  uint8_t next() {
    if (left_ == 0) bits_ = noise_.bits(of_256_);
    left_ = (left_ + 7) % 8;
    const auto byte = static_cast<uint8_t>(bits_);
    bits_ >>= 8;
    return byte;
  }

 private:
  Noise& noise_;
  unsigned of_256_;
  uint64_t bits_ = 0;
  unsigned left_ = 0;
};

// All zeros first, all ones later.
uint8_t target_of(Tear tear) {
  return tear == Tear::kZeroing ? 0x00 : kErased;
}

// Of the data of a program, what got as far as the cells: programming it has the same effect.
std::vector<uint8_t> data_that_arrived(std::span<const uint8_t> data, Tear tear, Noise& noise) {
  std::vector<uint8_t> arrived(data.begin(), data.end());
  if (tear == Tear::kPrefix) {
    const uint64_t length = data.size() < 2 ? 0 : 1 + noise.below(data.size() - 1);
    std::fill(arrived.begin() + static_cast<ptrdiff_t>(length), arrived.end(), kErased);
  } else if (tear == Tear::kBits) {
    RandomBytes missing(noise, static_cast<unsigned>(noise.below(kCertain)));
    for (uint8_t& byte : arrived) byte |= missing.next();
  }
  return arrived;
}

// Each bit that had to change has changed, has not, or does not know.
void mix(std::span<uint8_t> bytes, std::span<uint8_t> unstable, uint8_t target, Noise& noise) {
  RandomBytes arrived(noise, static_cast<unsigned>(16 + noise.below(kCertain - 32)));
  RandomBytes half_way(noise, static_cast<unsigned>(32 + noise.below(kCertain - 64)));
  for (size_t i = 0; i < bytes.size(); ++i) {
    const uint8_t under_way = static_cast<uint8_t>(bytes[i] ^ target) | unstable[i];
    const uint8_t done = under_way & arrived.next();
    bytes[i] = static_cast<uint8_t>((bytes[i] & ~done) | (target & done));
    unstable[i] = under_way & ~done & half_way.next();
  }
}

// A handful of the bits that had to change is not firm yet.
void leave_weak(std::span<uint8_t> bytes, std::span<uint8_t> unstable, Noise& noise) {
  constexpr uint64_t kFewest = 4;
  constexpr uint64_t kMost = 32;
  struct Byte {
    uint32_t index;
    uint8_t changed;
  };
  std::vector<Byte> under_work;
  for (uint32_t i = 0; i < bytes.size(); ++i) {
    const auto changed = static_cast<uint8_t>((bytes[i] ^ kErased) | unstable[i]);
    if (changed != 0) under_work.push_back({i, changed});
  }
  std::ranges::fill(bytes, kErased);
  std::ranges::fill(unstable, uint8_t{0});
  if (under_work.empty()) return;
  for (uint64_t n = kFewest + noise.below(kMost - kFewest + 1); n > 0; --n) {
    const Byte& byte = under_work[noise.below(under_work.size())];
    unstable[byte.index] |= std::bit_floor(byte.changed);
  }
}

}  // namespace

void Cells::tear_program(uint32_t offset, std::span<const uint8_t> data, const Cut& cut) {
  Noise noise(cut.seed);
  if (cut.tear == Tear::kFaint) {
    program_faintly(offset, data, noise);
  } else if (cut.tear != Tear::kBefore) {
    const std::vector<uint8_t> arrived = data_that_arrived(data, cut.tear, noise);
    const uint32_t word = physics_.word_bytes;
    for (uint32_t at = 0; at < data.size(); at += word) {
      const auto wanted = data.subspan(at, word);
      const auto reached = std::span(arrived).subspan(at, word);
      const auto present = bytes_.subspan(offset + at, word);
      bool has_effect = false;
      for (uint32_t i = 0; i < word; ++i) has_effect = has_effect || (present[i] & ~reached[i]) != 0;
      const bool is_complete = std::ranges::equal(wanted, reached);
      if (!has_effect && !is_complete) continue;
      program_cells(offset + at, reached);
      if (physics_.ecc && !is_complete) set_broken((offset + at) / word, true);
    }
  }
  noise_ = noise;
  supply_->end_cut();
}

// A few of the bits that had to change are not firm yet. With ECC, it is the words that they are in: their
// code does not hold.
void Cells::program_faintly(uint32_t offset, std::span<const uint8_t> data, Noise& noise) {
  constexpr uint64_t kMost = 4;
  std::vector<std::pair<uint32_t, uint8_t>> changed;  // bytes, and the bits of each
  for (uint32_t i = 0; i < data.size(); ++i) {
    const auto bits = static_cast<uint8_t>(bytes_[offset + i] & ~data[i]);
    if (bits != 0) changed.emplace_back(offset + i, bits);
  }
  program_cells(offset, data);
  for (uint64_t n = changed.empty() ? 0 : 1 + noise.below(kMost); n > 0; --n) {
    const auto [at, bits] = changed[noise.below(changed.size())];
    if (physics_.ecc) {
      set_broken(at / physics_.word_bytes, true);
      continue;
    }
    const uint32_t sector = sector_index(at);
    std::vector<uint8_t>& unstable = (*unstable_bits_)[sector];
    unstable.resize(sector_size_bytes(sector));
    unstable[at - sector_offset(sector)] |= std::bit_floor(bits);
  }
}

void Cells::tear_erase(uint32_t offset, uint32_t length, const Cut& cut) {
  Noise noise(cut.seed);
  if (cut.tear == Tear::kAfter) {
    erase_cells(offset, sector_size_bytes(sector_index(offset)));
  } else if (cut.tear != Tear::kBefore) {
    // A command erases all of its sectors at the same time.
    for (const uint32_t end = offset + length; offset < end;) {
      const uint32_t sector = sector_index(offset);
      physics_.ecc ? tear_ecc_sector(sector, cut, noise) : tear_sector(sector, cut, noise);
      offset += sector_size_bytes(sector);
    }
  }
  noise_ = noise;
  supply_->end_cut();
}

void Cells::tear_sector(uint32_t sector, const Cut& cut, Noise& noise) {
  const std::span<uint8_t> bytes = bytes_.subspan(sector_offset(sector), sector_size_bytes(sector));
  std::vector<uint8_t>& unstable = (*unstable_bits_)[sector];
  unstable.resize(bytes.size());
  if (cut.tear == Tear::kWeak) {
    leave_weak(bytes, unstable, noise);
  } else {
    mix(bytes, unstable, target_of(cut.tear), noise);
  }
}

// Whole words: the ECC of one that is half erased does not hold. Some have not begun to change, some are
// done; near the end of the erase, nearly all.
void Cells::tear_ecc_sector(uint32_t sector, const Cut& cut, Noise& noise) {
  const bool is_weak = cut.tear == Tear::kWeak;
  const uint64_t done_of_256 = is_weak ? 250 : noise.below(192);
  const uint64_t torn_of_256 = is_weak ? kCertain : 192;
  const uint8_t target = target_of(cut.tear);
  RandomBytes arrived(noise, kCertain / 2);
  const uint32_t end = sector_offset(sector) + sector_size_bytes(sector);
  for (uint32_t at = sector_offset(sector); at < end; at += physics_.word_bytes) {
    const std::span<uint8_t> bytes = bytes_.subspan(at, physics_.word_bytes);
    const uint32_t word = at / physics_.word_bytes;
    const bool is_done = std::ranges::all_of(bytes, [target](uint8_t byte) { return byte == target; });
    if (is_done && !is_broken(word)) continue;
    if (noise.below(kCertain) < done_of_256) {
      std::ranges::fill(bytes, target);
      set_broken(word, false);
    } else if (noise.below(kCertain) < torn_of_256) {
      for (uint8_t& byte : bytes) byte ^= static_cast<uint8_t>((byte ^ target) & arrived.next());
      set_broken(word, true);
    }
  }
}

// Unstable bits are read as chance has it.
void Cells::disturb(uint32_t offset, std::span<uint8_t> out) {
  for (const auto& [sector, mask] : *unstable_bits_) {
    const uint32_t begin = std::max(offset, sector_offset(sector));
    const auto end =
        static_cast<uint32_t>(std::min<size_t>(offset + out.size(), sector_offset(sector) + mask.size()));
    for (uint32_t at = begin; at < end; ++at) {
      const uint8_t unstable = mask[at - sector_offset(sector)];
      if (unstable == 0) continue;
      uint8_t& byte = out[at - offset];
      byte = static_cast<uint8_t>((byte & ~unstable) | (noise_.next() & unstable));
    }
  }
}

// A bit that was programmed is a 0 for certain.
void Cells::make_firm(uint32_t offset, std::span<const uint8_t> data) {
  for (auto& [sector, mask] : *unstable_bits_) {
    const uint32_t begin = std::max(offset, sector_offset(sector));
    const auto end =
        static_cast<uint32_t>(std::min<size_t>(offset + data.size(), sector_offset(sector) + mask.size()));
    for (uint32_t at = begin; at < end; ++at) mask[at - sector_offset(sector)] &= data[at - offset];
  }
}

}  // namespace sim
