#include "powercut/history.h"

#include <algorithm>
#include <set>

#include "sim/check.h"

namespace powercut {

namespace {

// Can programming bits of `from` have led there on the way to `to`?
bool is_between(std::span<const uint8_t> bytes, std::span<const uint8_t> from, std::span<const uint8_t> to) {
  for (size_t i = 0; i < bytes.size(); ++i) {
    if ((bytes[i] & ~from[i]) != 0 || (to[i] & ~bytes[i]) != 0) return false;
  }
  return true;
}

// Their offsets; no others can have changed.
std::set<uint32_t> sectors_touched(const Moment& moment, const flash::Geometry& geometry) {
  std::set<uint32_t> offsets;
  const size_t end = std::min(moment.cut.operation + 1, moment.journal.size());
  for (size_t i = 0; i < end; ++i) {
    const sim::FlashOperation operation = moment.journal.operation(i);
    for (uint32_t at = operation.offset; at < operation.offset + operation.length;) {
      const flash::Sector sector = geometry.sector_at(at);
      offsets.insert(sector.offset);
      at = sector.offset + sector.size_bytes;
    }
  }
  return offsets;
}

}  // namespace

void History::begin(Target& target) {
  const boards::Area& storage = board_.storage();
  const auto content = target.cells().bytes().subspan(storage.offset, storage.size_bytes);
  before_.assign(content.begin(), content.end());
  versions_.clear();
  synced_ = {0};
}

void History::change(uint32_t offset, std::span<const uint8_t> data) {
  SIM_CHECK(flash::in_range(offset, data.size(), before_.size()), "outside the storage");
  while (!data.empty()) {
    const uint32_t block = offset / kBlockBytes;
    const uint32_t begin = offset % kBlockBytes;
    const size_t length = std::min<size_t>(data.size(), kBlockBytes - begin);
    std::vector<Version>& list = versions_[block];
    const std::span<const uint8_t> present =
        list.empty() ? base(block) : std::span<const uint8_t>(list.back().data);
    Version version = {calls() + 1, Bytes(present.begin(), present.end())};
    std::ranges::copy(data.first(length), version.data.begin() + begin);
    list.push_back(std::move(version));
    offset += static_cast<uint32_t>(length);
    data = data.subspan(length);
  }
}

void History::end_call(bool is_sync) {
  synced_.push_back(is_sync ? synced_.size() : synced_.back());
}

std::string History::check(Target& target, const Moment& moment) const {
  if (std::string error = check_rewritten(moment); !error.empty()) return error;
  const flash::Geometry& geometry = board_.part->geometry;
  std::set<uint32_t> sectors = sectors_touched(moment, geometry);
  for (const auto& [block, list] : versions_) {
    sectors.insert(geometry.sector_at(board_.storage().offset + block * kBlockBytes).offset);
  }
  for (const uint32_t offset : sectors) {
    const std::string error = check_sector(target, moment, geometry.sector_at(offset));
    if (!error.empty()) return error;
  }
  return "";
}

bool History::is_flush_under_way(const Moment& moment) const {
  const size_t now = moment.cut.operation;
  return moment.cut.tear != sim::Tear::kBefore ||
         (now > 0 && moment.journal.mark(now - 1) >= first_call(moment));
}

std::span<const uint8_t> History::base(uint32_t block) const {
  return std::span(before_).subspan(size_t{block} * kBlockBytes, kBlockBytes);
}

// Oldest first.
std::vector<std::span<const uint8_t>> History::versions(uint32_t block, const Moment& moment) const {
  std::vector<std::span<const uint8_t>> possible = {base(block)};
  const auto found = versions_.find(block);
  if (found == versions_.end()) return possible;
  for (const Version& version : found->second) {
    if (version.call > last_call(moment)) break;
    if (version.call <= first_call(moment)) possible.clear();
    possible.push_back(version.data);
  }
  return possible;
}

bool History::is_written(const flash::Sector& sector, const Moment& moment) const {
  const uint32_t begin = sector.offset - board_.storage().offset;
  const auto end = versions_.lower_bound((begin + sector.size_bytes) / kBlockBytes);
  for (auto found = versions_.lower_bound(begin / kBlockBytes); found != end; ++found) {
    for (const Version& version : found->second) {
      if (first_call(moment) < version.call && version.call <= last_call(moment)) return true;
    }
  }
  return false;
}

std::string History::check_rewritten(const Moment& moment) const {
  for (const Extent& area : rewritten_at(moment)) {
    for (uint32_t at = area.begin; at < area.end;) {
      const flash::Sector sector = board_.part->geometry.sector_at(at);
      if (!is_written(sector, moment)) {
        return "the sector at " + std::to_string(at - board_.storage().offset) +
               " is erased, and nobody wrote to it";
      }
      at = sector.offset + sector.size_bytes;
    }
  }
  return "";
}

std::string History::check_sector(Target& target, const Moment& moment, const flash::Sector& sector) const {
  for (const Extent& area : rewritten_at(moment)) {
    if (area.contains(sector.offset)) return "";
  }
  const uint32_t first = (sector.offset - board_.storage().offset) / kBlockBytes;
  for (uint32_t i = 0; i < sector.size_bytes / kBlockBytes; ++i) {
    if (std::string error = check_block(target, moment, first + i); !error.empty()) return error;
  }
  return "";
}

std::string History::check_block(Target& target, const Moment& moment, uint32_t block) const {
  Bytes content(kBlockBytes);
  if (!target.storage().read(uint64_t{block} * kBlockBytes, content).ok()) {
    return check_words(target, moment, block);
  }
  if (is_possible(content, block * kBlockBytes, moment)) return "";
  return "block " + std::to_string(block) + " holds what was never written there";
}

std::string History::check_words(Target& target, const Moment& moment, uint32_t block) const {
  const uint32_t unit = board_.part->geometry.program_unit_bytes;
  Bytes word(unit);
  for (uint32_t at = block * kBlockBytes; at < (block + 1) * kBlockBytes; at += unit) {
    if (!target.storage().read(at, word).ok()) {
      if (programmed_at(moment).contains(board_.storage().offset + at)) continue;
      return "block " + std::to_string(block) + " cannot be read";
    }
    if (!is_possible(word, at, moment)) {
      return "a word at " + std::to_string(at) + " holds what was never written there";
    }
  }
  return "";
}

bool History::is_possible(std::span<const uint8_t> content, uint32_t at, const Moment& moment) const {
  const auto possible = versions(at / kBlockBytes, moment);
  const auto part = [&](size_t i) { return possible[i].subspan(at % kBlockBytes, content.size()); };
  for (size_t to = 0; to < possible.size(); ++to) {
    if (std::ranges::equal(content, part(to))) return true;
    for (size_t from = 0; from < to; ++from) {
      if (is_between(content, part(from), part(to))) return true;
    }
  }
  return false;
}

}  // namespace powercut
