#include "chipmap/fat_reader.h"

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "chipmap/little_endian.h"
#include "chipmap/unicode.h"

namespace chipmap {

namespace {

bool is_power_of_two(uint32_t n) {
  return n != 0 && (n & (n - 1)) == 0;
}

class FatSurvey {
 public:
  FatSurvey(ChipMap& map, const Place& place, const FatLayout& layout)
      : map_(map),
        place_(place),
        layout_(layout),
        bytes_(place.bytes.first(layout.size_bytes)),
        owner_of_(layout.cluster_count + 2, kNobody) {}

  void run() {
    place_.claim(0, layout_.table_offset, Content::kMetadata, map_.add_owner("boot sector"));
    for (uint32_t i = 0; i < layout_.table_count; ++i) {
      const uint32_t owner = map_.add_owner("allocation table " + std::to_string(i + 1));
      place_.claim(layout_.table_offset + i * layout_.table_bytes, layout_.table_bytes, Content::kMetadata,
                   owner);
    }
    if (layout_.bits == 32) {
      walk_directory(chain("/", layout_.root_cluster, Content::kDirectory, 0), "", 0);
    } else {
      place_.claim(layout_.root_offset, layout_.root_bytes, Content::kDirectory, map_.add_owner("/"));
      walk_entries({{layout_.root_offset, layout_.root_bytes}}, "", 0);
    }
    claim_the_rest();
  }

 private:
  struct Piece {
    uint32_t offset;
    uint32_t size_bytes;
  };

  uint32_t next_of(uint32_t cluster) const { return table_entry(layout_, bytes_, cluster); }
  bool is_cluster(uint32_t n) const { return n >= 2 && n - 2 < layout_.cluster_count; }
  Piece piece_of(uint32_t cluster) const {
    return {layout_.data_offset + (cluster - 2) * layout_.cluster_bytes, layout_.cluster_bytes};
  }

  // Claims the clusters from `first` on for a new owner, up to the end of the chain or where it breaks.
  std::vector<Piece> chain(const std::string& path, uint32_t first, Content content, uint64_t size_bytes) {
    std::vector<Piece> pieces;
    const uint32_t owner = map_.add_owner(path, size_bytes);
    uint32_t cluster = first;
    while (is_cluster(cluster) && owner_of_[cluster] == kNobody) {
      owner_of_[cluster] = owner;
      pieces.push_back(piece_of(cluster));
      place_.claim(pieces.back().offset, layout_.cluster_bytes, content, owner);
      cluster = next_of(cluster);
    }
    if (is_cluster(cluster)) {
      map_.set_damaged(owner_of_[cluster]);  // which of the two it belongs to is not known
      add_fault(owner, " shares clusters with another file");
    } else if (cluster < first_end_mark(layout_)) {
      add_fault(owner, " breaks off after " + std::to_string(pieces.size()) + " clusters");
    } else if (content == Content::kFile && uint64_t{pieces.size()} * layout_.cluster_bytes < size_bytes) {
      add_fault(owner, " is shorter than its directory says");
    }
    return pieces;
  }

  void add_fault(uint32_t owner, const std::string& what) {
    map_.set_damaged(owner);
    map_.add_fault(map_.owners()[owner].name + what);
  }

  void walk_directory(const std::vector<Piece>& pieces, const std::string& path, unsigned depth) {
    if (depth > kMaxFolderDepth) {
      has_unseen_ = true;
      return map_.add_unseen(path);
    }
    walk_entries(pieces, path, depth);
  }

  void walk_entries(const std::vector<Piece>& pieces, const std::string& path, unsigned depth) {
    LongName long_name;
    for (const Piece& piece : pieces) {
      for (uint32_t at = 0; at < piece.size_bytes; at += kFatEntryBytes) {
        const uint8_t* entry = &bytes_[piece.offset + at];
        if (entry[0] == kFatFree) return;
        if (entry[0] == kFatDeleted) {
          long_name = {};
        } else if ((entry[11] & 0x3F) == kFatLongName) {
          long_name.add(entry);
        } else {
          enter(entry, path, std::exchange(long_name, {}), depth);
        }
      }
    }
  }

  // The pieces of a long name come before the entry they belong to, the last one first.
  class LongName {
   public:
    void add(const uint8_t* entry) {
      constexpr std::array kCharacters = {1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30};
      std::u16string piece;
      for (const int at : kCharacters) {
        const auto unit = static_cast<char16_t>(get_le16(entry + at));
        if (unit == 0 || unit == 0xFFFF) break;
        piece += unit;
      }
      text_.insert(0, piece);
    }
    const std::u16string& text() const { return text_; }

   private:
    std::u16string text_;
  };

  void enter(const uint8_t* entry, const std::string& folder, const LongName& long_name, unsigned depth) {
    if ((entry[11] & kFatLabel) != 0 || entry[0] == '.') return;
    const std::string path =
        folder + "/" + (long_name.text().empty() ? short_name(entry) : utf8_of_camera_name(long_name.text()));
    const uint32_t high = layout_.bits == 32 ? get_le16(entry + 20) : 0u;
    const uint32_t first = high << 16 | get_le16(entry + 26);
    const uint32_t size_bytes = get_le32(entry + 28);
    if ((entry[11] & kFatFolder) != 0) {
      walk_directory(chain(path, first, Content::kDirectory, 0), path, depth + 1);
    } else if (first != 0 || size_bytes != 0) {
      chain(path, first, Content::kFile, size_bytes);
    } else {
      map_.add_owner(path);
    }
  }

  static std::string short_name(const uint8_t* entry) {
    constexpr uint8_t kLowerBase = 0x08, kLowerExtension = 0x10;
    std::string name = trimmed(entry, 8, (entry[12] & kLowerBase) != 0);
    const std::string extension = trimmed(entry + 8, 3, (entry[12] & kLowerExtension) != 0);
    return extension.empty() ? name : name + "." + extension;
  }

  static std::string trimmed(const uint8_t* text, size_t length, bool lower) {
    std::string name;
    for (size_t i = 0; i < length; ++i) {
      const uint8_t byte = i == 0 && text[i] == kFatStandsForDeleted ? kFatDeleted : text[i];
      name += static_cast<char>(lower && byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte);
    }
    while (name.ends_with(' ')) name.pop_back();
    return utf8_of_bytes(name);
  }

  // Clusters that are taken but that no directory leads to, and those the formatter found bad. What lies too
  // deep takes some, too.
  void claim_the_rest() {
    const uint32_t bad_mark = first_end_mark(layout_) - 1;
    const uint32_t lost = map_.add_owner("lost clusters"), bad = map_.add_owner("bad clusters");
    uint32_t lost_count = 0;
    for (uint32_t cluster = 2; cluster < layout_.cluster_count + 2; ++cluster) {
      const uint32_t entry = next_of(cluster);
      if (owner_of_[cluster] != kNobody || entry == 0) continue;
      const bool is_bad = entry == bad_mark;
      place_.claim(piece_of(cluster).offset, layout_.cluster_bytes,
                   is_bad ? Content::kDamaged : Content::kUnknown, is_bad ? bad : lost);
      if (!is_bad) ++lost_count;
    }
    if (lost_count != 0 && !has_unseen_)
      map_.add_fault(std::to_string(lost_count) + " clusters are taken, but by no file");
  }

  ChipMap& map_;
  const Place& place_;
  FatLayout layout_;
  std::span<const uint8_t> bytes_;
  std::vector<uint32_t> owner_of_;  // by cluster
  bool has_unseen_ = false;
};

}  // namespace

std::optional<FatLayout> recognise_fat(std::span<const uint8_t> bytes) {
  if (bytes.size() < 512 || bytes[510] != 0x55 || bytes[511] != 0xAA) return {};
  if (bytes[0] != 0xEB && bytes[0] != 0xE9) return {};
  FatLayout fat = {};
  fat.sector_bytes = get_le16(&bytes[11]);
  fat.cluster_bytes = bytes[13] * fat.sector_bytes;
  const uint32_t reserved = get_le16(&bytes[14]);
  fat.table_count = bytes[16];
  const uint64_t total = get_le16(&bytes[19]) != 0 ? get_le16(&bytes[19]) : get_le32(&bytes[32]);
  const uint64_t table_sectors = get_le16(&bytes[22]) != 0 ? get_le16(&bytes[22]) : get_le32(&bytes[36]);
  if (!is_power_of_two(fat.sector_bytes) || fat.sector_bytes < 512 || fat.sector_bytes > 4096) return {};
  if (!is_power_of_two(bytes[13]) || reserved == 0 || fat.table_count == 0 || fat.table_count > 2) return {};
  if (total * fat.sector_bytes > bytes.size()) return {};

  const uint32_t root_entries = get_le16(&bytes[17]);
  const uint64_t root_sectors =
      (uint64_t{root_entries} * kFatEntryBytes + fat.sector_bytes - 1) / fat.sector_bytes;
  const uint64_t root_start = reserved + fat.table_count * table_sectors;
  if (table_sectors == 0 || root_start + root_sectors >= total) return {};
  fat.table_offset = reserved * fat.sector_bytes;
  fat.table_bytes = static_cast<uint32_t>(table_sectors) * fat.sector_bytes;
  fat.root_offset = static_cast<uint32_t>(root_start) * fat.sector_bytes;
  fat.root_bytes = static_cast<uint32_t>(root_sectors) * fat.sector_bytes;
  fat.data_offset = fat.root_offset + fat.root_bytes;
  fat.size_bytes = static_cast<uint32_t>(total) * fat.sector_bytes;
  fat.cluster_count = (fat.size_bytes - fat.data_offset) / fat.cluster_bytes;

  // The number of clusters alone decides the width of an entry.
  const bool has_root_cluster = get_le16(&bytes[22]) == 0;
  fat.bits = has_root_cluster ? 32 : fat.cluster_count <= 0xFF5 ? 12 : 16;
  fat.root_cluster = has_root_cluster ? get_le32(&bytes[44]) : 0;
  const uint64_t entries_bytes = (uint64_t{fat.cluster_count + 2} * fat.bits + 7) / 8;
  if (entries_bytes > fat.table_bytes || (has_root_cluster && root_entries != 0)) return {};
  // Every formatter puts the media byte into the table's first entry, and ones above it.
  if (bytes[fat.table_offset] != bytes[21] || bytes[fat.table_offset + 1] != 0xFF) return {};
  return fat;
}

std::string name_of(const FatLayout& layout) {
  return "FAT" + std::to_string(layout.bits);
}

uint32_t table_entry(const FatLayout& layout, std::span<const uint8_t> volume, uint32_t cluster) {
  const auto table = volume.subspan(layout.table_offset, layout.table_bytes);
  if (layout.bits == 32) return get_le32(&table[cluster * 4]) & 0x0FFFFFFF;
  if (layout.bits == 16) return get_le16(&table[cluster * 2]);
  const uint32_t pair = get_le16(&table[cluster + cluster / 2]);  // FAT12: two entries share three bytes
  return cluster % 2 != 0 ? pair >> 4 : pair & 0xFFF;
}

uint32_t first_end_mark(const FatLayout& layout) {
  return layout.bits == 32 ? 0x0FFFFFF8 : layout.bits == 16 ? 0xFFF8 : 0xFF8;
}

void survey_fat(ChipMap& map, uint32_t offset, const FatLayout& layout) {
  map.add_volume({name_of(layout), offset, layout.size_bytes, {}});
  const auto claim = [&map, offset](uint32_t at, uint32_t length, Content content, uint32_t owner) {
    map.claim(offset + at, length, content, owner);
  };
  survey_fat(map, {map.bytes().subspan(offset), claim}, layout);
}

void survey_fat(ChipMap& map, const Place& place, const FatLayout& layout) {
  FatSurvey(map, place, layout).run();
}

}  // namespace chipmap
