#include "images/mend_fat.h"

#include <algorithm>
#include <utility>

#include "chipmap/little_endian.h"
#include "images/bytes.h"
#include "images/fat_bytes.h"
#include "images/fat_lost_table.h"
#include "images/fat_names.h"
#include "images/fat_owners.h"
#include "images/words.h"
#include "volumes/volume.h"

namespace images {

namespace {

using chipmap::get_le16;
using flash::Status;
using volumes::BlockDevice;

class Mending {
 public:
  Mending(FatBytes& fat, const boards::Camera& camera, MendedFat& mended)
      : fat_(fat), camera_(camera), mended_(mended), lost_table_(fat) {}

  void run(bool is_guess) {
    find_more_of_lost_table();
    lost_table_.end_chains(fat_);
    // Those that begin as folders do come first: what they take out of themselves may lead to the others.
    for (const bool begins_as_one : {true, false}) {
      for (FatOwner& owner : owners().all) {
        const uint32_t first = owner.first_cluster();
        if ((first == 0 || begins_folder(std::as_const(fat_).cluster(first))) == begins_as_one)
          mend_folder(owner);
      }
    }
    FatNames names(fat_.root());
    name_folders(names);
    if (!is_guess) name_chains(names);
    if (std::string remark = names.remark(); !remark.empty()) mended_.remarks.push_back(std::move(remark));
    if (!is_guess) find_whole_files();
  }

 private:
  FatOwners owners() { return find_owners(fat_, lost_table_, camera_); }

  // Where a chain ends too soon, in a block that has nothing but ends; or begins and breaks off in one that
  // has none. A link that leads to an unused block tells nothing of that.
  void find_more_of_lost_table() {
    for (const FatOwner& owner : owners().all) {
      is_anything_damaged_ = is_anything_damaged_ || owner.is_damaged;
      if (!owner.is_damaged || owner.clusters.empty()) continue;
      const uint32_t first = owner.first_cluster(), last = owner.last_cluster();
      const bool is_in_one_block = fat_.block_of_entry(first) == fat_.block_of_entry(last);
      const bool is_lost =
          lost_table_.is_all_ends(last) || (is_in_one_block && lost_table_.is_all_free(last));
      if (is_lost) lost_table_.add(last);
    }
  }

  // Or was one, before it was erased.
  bool may_be_of_folder(uint32_t cluster) const {
    const auto bytes = std::as_const(fat_).cluster(cluster);
    if (is_blank(bytes) || is_filled_with(bytes, 0)) return fat_.entry(cluster) != 0;
    for (auto rest = bytes; !rest.empty(); rest = rest.subspan(kFatEntryBytes)) {
      if (is_live_entry(rest) && fat_.is_possible(rest.first(kFatEntryBytes))) return true;
    }
    return false;
  }

  // What leads to a folder where none begins is what remains of another entry.
  bool is_entry(std::span<const uint8_t> entry) const {
    if (entry[0] == kFatFree || !fat_.is_possible(entry)) return false;
    const bool is_folder = is_live_entry(entry) && entry[0] != '.' && (entry[11] & kFatFolder) != 0;
    const uint32_t first = get_le16(&entry[26]);
    return !is_folder || first == 0 || may_be_of_folder(first);
  }

  // A chain that breaks off, or leads into a file, ends before that: what is behind could not be reached.
  void mend_folder(FatOwner& folder) {
    if (!folder.is_folder) return;
    const auto alien = std::find_if(folder.clusters.begin(), folder.clusters.end(),
                                    [this](uint32_t n) { return !may_be_of_folder(n); });
    const auto kept = static_cast<size_t>(alien - folder.clusters.begin());
    if (kept < folder.clusters.size()) {
      if (kept == 0) return;  // what leads to it is no entry
      folder.is_damaged = true;
      folder.entries.resize(kept * (fat_.layout().cluster_bytes / kFatEntryBytes));
    }
    if (folder.is_damaged) {
      mended_.damaged_folders.insert(folder.first_cluster());
      if (kept != 0) fat_.set_entry(folder.clusters[kept - 1], kFatEnd);
    }
    clean(folder);
  }

  // A free entry ends a folder, and so it must not come before another one. What is behind the end was never
  // used.
  void clean(const FatOwner& folder) {
    const auto& entries = folder.entries;
    const auto last =
        std::find_if(entries.rbegin(), entries.rend(), [this](auto entry) { return is_entry(entry); });
    const auto after = entries.end() - (last - entries.rbegin());
    const auto end = std::find_if(after, entries.end(), [](auto entry) { return entry[0] == kFatFree; });
    uint32_t lost_bytes = 0;
    for (auto at = entries.begin(); at != entries.end(); ++at) {
      const std::span<uint8_t> entry = *at;
      if (is_entry(entry) || at == end || (at > end && entry[0] == kFatFree)) continue;
      entry[0] = at < after ? kFatDeleted : kFatFree;
      is_anything_damaged_ = true;
      if (at < end) lost_bytes += kFatEntryBytes;
    }
    if (lost_bytes == 0) return;
    mended_.lost_names.push_back(printable(folder.path) + ": " + std::to_string(lost_bytes) +
                                 " bytes of the folder are lost, and the names in them");
  }

  bool is_stray(const FatOwners& owners, uint32_t n) const {
    return fat_.is_cluster(n) && !owners.is_owned[n] && fat_.entry(n) != 0;
  }

  // Where a folder's chain is lost, its clusters may be anywhere, and not even taken.
  void name_folders(FatNames& names) {
    const FatOwners owners = this->owners();
    std::vector<uint32_t> found;
    std::set<uint32_t> led_to;
    for (uint32_t n = 2; n < fat_.end_of_clusters(); ++n) {
      const bool may_be_stray =
          is_stray(owners, n) || (!mended_.damaged_folders.empty() && !owners.is_owned[n]);
      if (!may_be_stray || !is_part_of_folder(owners, n, led_to)) continue;
      found.push_back(n);
      if (is_stray(owners, fat_.entry(n))) {
        led_to.insert(fat_.entry(n));
      } else {
        fat_.set_entry(n, kFatEnd);
      }
    }
    for (const uint32_t folder : found) {
      if (!led_to.contains(folder)) names.add_folder(folder);
    }
  }

  // The first part of a folder, or a later one: nothing but entries up to where it ends, and of them one that
  // leads to something. One that was removed is free, and what it led to may be another's now.
  bool is_part_of_folder(const FatOwners& owners, uint32_t cluster, std::set<uint32_t>& led_to) const {
    std::set<uint32_t> firsts;
    auto rest = std::as_const(fat_).cluster(cluster);
    for (; !rest.empty() && rest[0] != kFatFree; rest = rest.subspan(kFatEntryBytes)) {
      if (!fat_.is_possible(rest.first(kFatEntryBytes))) return false;
      if (is_live_entry(rest) && rest[0] != '.') firsts.insert(get_le16(&rest[26]));
    }
    if (firsts.empty() || !is_filled_with(rest, 0)) return false;
    const bool leads_to_others =
        std::any_of(firsts.begin(), firsts.end(), [&](uint32_t n) { return owners.is_owned[n]; });
    if (leads_to_others && fat_.entry(cluster) == 0) return false;
    led_to.insert(firsts.begin(), firsts.end());
    return true;
  }

  // Where the table is lost, nothing tells what is taken. Of a chain in a circle, any cluster is the first.
  void name_chains(FatNames& names) {
    const FatOwners owners = this->owners();
    std::vector<uint32_t> heads, others;
    std::set<uint32_t> followers, seen;
    for (uint32_t n = 2; n < fat_.end_of_clusters(); ++n) {
      if (is_stray(owners, n) && fat_.entry(n) != n) followers.insert(fat_.entry(n));
    }
    for (uint32_t n = 2; n < fat_.end_of_clusters(); ++n) {
      if (is_stray(owners, n) && !lost_table_.has(n)) (followers.contains(n) ? others : heads).push_back(n);
    }
    heads.insert(heads.end(), others.begin(), others.end());
    for (const uint32_t head : heads) name_chain(owners, head, seen, names);
  }

  void name_chain(const FatOwners& owners, uint32_t head, std::set<uint32_t>& seen, FatNames& names) {
    uint32_t size_bytes = 0, last = head;
    bool is_empty = true;
    for (uint32_t n = head; is_stray(owners, n) && seen.insert(n).second; n = fat_.entry(n)) {
      is_empty = is_empty && is_blank(std::as_const(fat_).cluster(n));
      size_bytes += fat_.layout().cluster_bytes;
      last = n;
    }
    if (is_empty) return;  // or it was seen
    fat_.set_entry(last, kFatEnd);
    names.add_file(head, size_bytes);
  }

  // A chain that is longer than its file is left by a recording that was not closed; but where others are
  // broken, it may be broken, too.
  void find_whole_files() {
    for (const FatOwner& owner : owners().all) {
      if (owner.is_folder && owner.is_damaged) mended_.damaged_folders.insert(owner.first_cluster());
      const uint64_t room_bytes = uint64_t{owner.clusters.size()} * fat_.layout().cluster_bytes;
      const bool is_too_long = room_bytes >= owner.size_bytes + fat_.layout().cluster_bytes;
      if (owner.is_folder || owner.is_damaged || (is_too_long && is_anything_damaged_)) continue;
      mended_.sizes_of_whole_files.emplace(owner.first_cluster(), owner.size_bytes);
    }
  }

  FatBytes& fat_;
  const boards::Camera& camera_;
  MendedFat& mended_;
  LostTable lost_table_;
  bool is_anything_damaged_ = false;
};

}  // namespace

Status mend_fat(BlockDevice& device, const boards::Camera& camera, bool is_guess, MendedFat& mended) {
  auto fat = FatBytes::load(device);
  if (!fat) return volumes::kNoFilesystem;
  Mending(*fat, camera, mended).run(is_guess);
  return fat->store(device);
}

Status bridge_fat_table(BlockDevice& device) {
  auto fat = FatBytes::load(device);
  if (!fat) return volumes::kNoFilesystem;
  const FatBytes before = *fat;
  std::vector<uint32_t> leading_to(fat->end_of_clusters());
  for (uint32_t n = 2; n < fat->end_of_clusters(); ++n) {
    if (fat->is_cluster(fat->entry(n))) ++leading_to[fat->entry(n)];
  }
  for (uint32_t n = 2; n < fat->end_of_clusters(); ++n) {
    const uint32_t next = before.entry(n);
    const bool is_right = before.is_cluster(next) && before.entry(next) != 0 && leading_to[next] == 1;
    if (!is_right) fat->set_entry(n, n + 1);
  }
  return fat->store(device);
}

}  // namespace images
