#include "images/mend_fat.h"

#include <algorithm>
#include <cctype>
#include <cstdio>

#include "chipmap/little_endian.h"
#include "images/fat_bytes.h"
#include "images/fat_owners.h"
#include "images/words.h"
#include "volumes/volume.h"

namespace images {

namespace {

using chipmap::get_le16;
using flash::Status;
using volumes::BlockDevice;

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

bool is_filled_with(std::span<const uint8_t> bytes, uint8_t value) {
  return std::all_of(bytes.begin(), bytes.end(), [value](uint8_t byte) { return byte == value; });
}

class Mending {
 public:
  Mending(FatBytes& fat, const boards::Camera& camera, MendedFat& mended)
      : fat_(fat), camera_(camera), mended_(mended) {}

  void run() {
    fat_.end_chains_where_table_is_lost();
    for (FatOwner& owner : find_owners(fat_, camera_).all) clean(owner);
    name_folders();
    name_chains();
    for (const FatOwner& owner : find_owners(fat_, camera_).all) {
      if (owner.is_damaged) mended_.damaged_paths.insert(owner.path);
    }
    tell_of_names();
  }

 private:
  bool is_possible(std::span<const uint8_t> entry) const {
    return is_possible_entry(entry, fat_.end_of_clusters(), fat_.layout().size_bytes);
  }

  // Or did, before it was erased.
  bool may_begin_folder(uint32_t cluster) const {
    if (!fat_.is_cluster(cluster)) return true;  // the root, or an entry that is no one's
    const auto bytes = fat_.cluster(cluster);
    if (is_filled_with(bytes, 0xFF) || is_filled_with(bytes, 0)) return true;
    for (auto rest = bytes; !rest.empty(); rest = rest.subspan(kFatEntryBytes)) {
      if (is_live_entry(rest) && is_possible(rest.first(kFatEntryBytes))) return true;
    }
    return false;
  }

  // What leads to a folder where none begins is what remains of another entry.
  bool is_entry(std::span<const uint8_t> entry) const {
    if (entry[0] == kFatFree || !is_possible(entry)) return false;
    const bool is_folder = is_live_entry(entry) && entry[0] != '.' && (entry[11] & kFatFolder) != 0;
    return !is_folder || may_begin_folder(get_le16(&entry[26]));
  }

  // A free entry ends a folder, and so it must not come before another one.
  void clean(FatOwner& folder) {
    if (!may_begin_folder(folder.first_cluster)) return;  // the bytes of a file
    uint32_t lost_bytes = 0;
    bool is_followed = false;
    for (size_t i = folder.entries.size(); i-- > 0;) {
      const std::span<uint8_t> entry = folder.entries[i];
      is_followed = is_followed || is_entry(entry);
      if (is_entry(entry) || (entry[0] == kFatFree && !is_followed)) continue;
      entry[0] = is_followed ? kFatDeleted : kFatFree;
      lost_bytes += kFatEntryBytes;
    }
    if (lost_bytes == 0) return;
    mended_.remarks.push_back(printable(folder.path) + ": " + std::to_string(lost_bytes) +
                              " bytes of the folder are lost, and the names in them");
  }

  bool is_lost(const FatOwners& owners, uint32_t n) const {
    return fat_.is_cluster(n) && !owners.is_owned[n] && fat_.entry(n) != 0;
  }

  // Where chains of nobody's clusters begin. Those that run in a circle begin nowhere.
  std::vector<uint32_t> heads_of_lost_chains(const FatOwners& owners) const {
    std::set<uint32_t> followers;
    for (uint32_t n = 2; n < fat_.end_of_clusters(); ++n) {
      if (is_lost(owners, n) && fat_.entry(n) != n) followers.insert(fat_.entry(n));
    }
    std::vector<uint32_t> heads;
    for (uint32_t n = 2; n < fat_.end_of_clusters(); ++n) {
      if (is_lost(owners, n) && !followers.contains(n)) heads.push_back(n);
    }
    return heads;
  }

  std::vector<uint32_t> lost_chain(const FatOwners& owners, uint32_t head) const {
    std::vector<uint32_t> chain;
    std::set<uint32_t> seen;  // it may end in a circle
    for (uint32_t n = head; is_lost(owners, n) && seen.insert(n).second; n = fat_.entry(n))
      chain.push_back(n);
    return chain;
  }

  // The first of a folder, or a later one: nothing but entries up to where it ends, and of them one that
  // leads to something.
  bool is_of_folder(uint32_t cluster, std::set<uint32_t>& led_to) const {
    std::set<uint32_t> firsts;
    auto rest = fat_.cluster(cluster);
    for (; !rest.empty() && rest[0] != kFatFree; rest = rest.subspan(kFatEntryBytes)) {
      if (!is_possible(rest.first(kFatEntryBytes))) return false;
      if (is_live_entry(rest) && rest[0] != '.') firsts.insert(get_le16(&rest[26]));
    }
    led_to.insert(firsts.begin(), firsts.end());
    return !firsts.empty() && is_filled_with(rest, 0);
  }

  // Where a folder's chain is lost, its clusters may be anywhere, and not even taken.
  void name_folders() {
    const FatOwners owners = find_owners(fat_, camera_);
    const bool is_any_damaged = std::any_of(owners.all.begin(), owners.all.end(), [](const FatOwner& owner) {
      return owner.is_folder && owner.is_damaged;
    });
    std::vector<uint32_t> found;
    std::set<uint32_t> led_to;
    for (uint32_t n = 2; n < fat_.end_of_clusters(); ++n) {
      const bool is_possible = is_any_damaged ? !owners.is_owned[n] : is_lost(owners, n);
      if (!is_possible || !is_of_folder(n, led_to)) continue;
      found.push_back(n);
      led_to.insert(fat_.entry(n));  // where it goes on
    }
    for (const uint32_t folder : found) {
      if (!led_to.contains(folder)) add_name(owners, folder, kFatFolder, 0);
    }
  }

  // Where the table is lost, nothing tells what is taken.
  void name_chains() {
    const FatOwners owners = find_owners(fat_, camera_);
    for (const uint32_t head : heads_of_lost_chains(owners)) {
      if (fat_.is_table_lost_at(head)) continue;
      const auto chain = lost_chain(owners, head);
      const bool is_blank = std::all_of(chain.begin(), chain.end(),
                                        [&](uint32_t n) { return is_filled_with(fat_.cluster(n), 0xFF); });
      const auto size_bytes = static_cast<uint32_t>(chain.size() * fat_.layout().cluster_bytes);
      if (!is_blank) add_name(owners, head, kFatArchive, size_bytes);
    }
  }

  void add_name(const FatOwners& owners, uint32_t cluster, uint8_t attributes, uint32_t size_bytes) {
    const auto root = fat_.root();
    size_t at = 0;
    while (at < root.size() && root[at] != kFatFree && root[at] != kFatDeleted) at += kFatEntryBytes;
    if (at >= root.size()) {
      ++nameless_;
      return;
    }
    const std::span<uint8_t> entry = root.subspan(at, kFatEntryBytes);
    std::fill(entry.begin(), entry.end(), uint8_t{0});
    const std::string name = free_name(owners) + (attributes == kFatFolder ? "   " : "BIN");
    std::copy(name.begin(), name.end(), entry.begin());
    entry[11] = attributes;
    put_le16(&entry[20], cluster >> 16);
    put_le16(&entry[26], cluster);
    put_le16(&entry[28], size_bytes);
    put_le16(&entry[30], size_bytes >> 16);
  }

  static void put_le16(uint8_t* at, uint32_t value) {
    at[0] = static_cast<uint8_t>(value);
    at[1] = static_cast<uint8_t>(value >> 8);
  }

  std::string free_name(const FatOwners& owners) {
    std::string name;
    do {
      char text[16];
      std::snprintf(text, sizeof text, "LOST%04u", ++last_number_ % 10000);
      name = text;
    } while (std::any_of(owners.all.begin(), owners.all.end(),
                         [&](const FatOwner& owner) { return upper(owner.path).starts_with("/" + name); }));
    names_.push_back(name);
    return name;
  }

  void tell_of_names() {
    if (!names_.empty()) {
      mended_.remarks.push_back("what no folder leads to is saved as " + names_.front() +
                                (names_.size() == 1 ? "" : " to " + names_.back()));
    }
    if (nameless_ != 0) {
      mended_.remarks.push_back(std::to_string(nameless_) +
                                " more that no folder leads to have no room in the root, and are lost");
    }
  }

  FatBytes& fat_;
  const boards::Camera& camera_;
  MendedFat& mended_;
  unsigned last_number_ = 0;
  std::vector<std::string> names_;
  size_t nameless_ = 0;
};

}  // namespace

Status mend_fat(BlockDevice& device, const boards::Camera& camera, MendedFat& mended) {
  auto fat = FatBytes::load(device);
  if (!fat) return volumes::kNoFilesystem;
  Mending(*fat, camera, mended).run();
  return fat->store(device);
}

Status bridge_fat_table(BlockDevice& device) {
  auto fat = FatBytes::load(device);
  if (!fat) return volumes::kNoFilesystem;
  std::vector<uint32_t> leading_to(fat->end_of_clusters());
  for (uint32_t n = 2; n < fat->end_of_clusters(); ++n) {
    if (fat->is_cluster(fat->entry(n))) ++leading_to[fat->entry(n)];
  }
  const FatBytes before = *fat;
  for (uint32_t n = 2; n < fat->end_of_clusters(); ++n) {
    const uint32_t next = before.entry(n);
    const bool is_right = !before.is_table_lost_at(n) && before.is_cluster(next) && before.entry(next) != 0 &&
                          leading_to[next] == 1;
    if (!is_right) fat->set_entry(n, n + 1);
  }
  return fat->store(device);
}

}  // namespace images
