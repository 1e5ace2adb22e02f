#include "images/fat_names.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "chipmap/little_endian.h"
#include "images/fat_bytes.h"

namespace images {

namespace {

using chipmap::put_le16;

constexpr size_t kNameBytes = 8;
constexpr unsigned kLastNumber = 9999;

}  // namespace

// Short names are in capitals, whatever the long ones are, and the camera compares with both.
FatNames::FatNames(std::span<uint8_t> root) : root_(root) {
  for (size_t at = 0; at < root.size() && root[at] != kFatFree; at += kFatEntryBytes) {
    if (!is_live_entry(root.subspan(at, kFatEntryBytes))) continue;
    const auto name = root.subspan(at, kNameBytes);
    taken_.emplace(name.begin(), name.end());
  }
}

void FatNames::add_folder(uint32_t cluster) {
  add(cluster, kFatFolder, 0);
}

void FatNames::add_file(uint32_t cluster, uint32_t size_bytes) {
  add(cluster, kFatArchive, size_bytes);
}

void FatNames::add(uint32_t cluster, uint8_t attributes, uint32_t size_bytes) {
  size_t at = 0;
  while (at < root_.size() && root_[at] != kFatFree && root_[at] != kFatDeleted) at += kFatEntryBytes;
  std::string name = at < root_.size() ? free_name() : "";
  if (name.empty()) {
    ++nameless_;
    return;
  }
  names_.push_back(name);
  name += attributes == kFatFolder ? "   " : "BIN";
  const auto entry = root_.subspan(at, kFatEntryBytes);
  std::fill(entry.begin(), entry.end(), uint8_t{0});
  std::copy(name.begin(), name.end(), entry.begin());
  entry[11] = attributes;
  put_le16(&entry[26], cluster);
  put_le16(&entry[28], size_bytes);
  put_le16(&entry[30], size_bytes >> 16);
}

std::string FatNames::free_name() {
  while (last_number_ < kLastNumber) {
    std::array<char, kNameBytes + 1> name;
    std::snprintf(name.data(), name.size(), "LOST%04u", ++last_number_);
    if (!taken_.contains(name.data())) return name.data();
  }
  return {};
}

std::string FatNames::remark() const {
  std::string text;
  if (!names_.empty()) {
    text = "what no folder leads to is saved as " + names_.front();
    if (names_.size() > 1) text += " to " + names_.back();
  }
  if (nameless_ != 0) {
    text += (text.empty() ? "" : "; ") + std::to_string(nameless_) +
            " more that no folder leads to have no room in the root, and are lost";
  }
  return text;
}

}  // namespace images
