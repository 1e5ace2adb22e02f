#include "images/fat_boot_sector.h"

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

#include "images/fat_bytes.h"
#include "images/fat_layouts.h"
#include "images/fat_owners.h"
#include "volumes/volume.h"

namespace images {

namespace {

using flash::Status;
using volumes::BlockDevice;

// Of a way to read the volume. Where tables are damaged, no file may be whole; but files begin where there
// are clusters, and are no longer than the volume, and a folder begins with itself and the one above it. A
// file of one cluster fits everywhere, and says nothing of chains.
struct Verdict {
  int64_t plausible_entries = 0;  // less those that are not
  size_t chains = 0;              // of several clusters, and as long as their files
  size_t blank_files = 0;
  uint64_t surplus_clusters = 0;  // that are in use, and nobody's; or the other way round

  // Of the last two, less is better.
  bool is_better_than(const Verdict& other) const {
    return std::tuple(plausible_entries, chains, other.blank_files, other.surplus_clusters) >
           std::tuple(other.plausible_entries, other.chains, blank_files, surplus_clusters);
  }
};

void judge_owner(const FatBytes& fat, const FatOwner& owner, Verdict& verdict) {
  const bool is_empty = owner.first_cluster == 0 && owner.size_bytes == 0 && !owner.is_damaged;
  if (is_empty || owner.path == "/") return;
  const bool has_cluster = owner.first_cluster != 0;
  const bool is_plausible = has_cluster && (owner.is_folder ? begins_folder(fat.cluster(owner.first_cluster))
                                                            : owner.size_bytes <= fat.layout().size_bytes);
  verdict.plausible_entries += is_plausible ? 1 : -1;
  if (owner.is_folder || !has_cluster) return;
  const auto first = fat.cluster(owner.first_cluster);
  verdict.chains += owner.size_bytes > first.size() && !owner.is_damaged ? 1 : 0;
  const auto piece = first.first(std::min<size_t>(first.size(), owner.size_bytes));
  verdict.blank_files += std::all_of(piece.begin(), piece.end(), [](uint8_t byte) { return byte == 0xFF; });
}

Verdict judge(FatBytes& fat, const boards::Camera& camera) {
  Verdict verdict;
  fat.end_chains_where_table_is_lost();
  uint64_t needed = 0, used = 0;
  for (const FatOwner& owner : find_owners(fat, camera).all) {
    judge_owner(fat, owner, verdict);
    const uint32_t cluster_bytes = fat.layout().cluster_bytes;
    needed += owner.is_folder ? 1 : (owner.size_bytes + cluster_bytes - 1) / cluster_bytes;
  }
  for (uint32_t n = 2; n < fat.end_of_clusters(); ++n) used += fat.entry(n) != 0 ? 1 : 0;
  verdict.surplus_clusters = std::max(used, needed) - std::min(used, needed);
  return verdict;
}

using Sector = std::vector<uint8_t>;

// Those that the camera's formatter may have written. A length that it makes no FAT of has none.
void add_boot_sectors(BlockDevice& device, std::span<const uint32_t> lengths, std::vector<Sector>& boots) {
  for (const uint32_t length : lengths) {
    if (Sector boot; make_boot_sector(device, length, boot).ok()) boots.push_back(std::move(boot));
  }
}

}  // namespace

Status mend_fat_boot_sector(BlockDevice& device, const boards::Camera& camera,
                            std::span<const uint32_t> likely_lengths, bool& is_new) {
  // That which is there may be right, and what it leads to damaged.
  std::vector<Sector> boots(1, Sector(device.simple_block_bytes()));
  const bool is_readable = device.read(0, boots.front()).ok();
  if (!is_readable) boots.clear();
  add_boot_sectors(device, likely_lengths, boots);
  add_boot_sectors(device, possible_lengths_of_fat(device), boots);
  const Sector* best = nullptr;
  Verdict best_verdict;
  for (const Sector& boot : boots) {
    auto fat = FatBytes::load(device, boot);
    if (!fat) continue;
    const Verdict verdict = judge(*fat, camera);
    if (best != nullptr && !verdict.is_better_than(best_verdict)) continue;
    best = &boot;
    best_verdict = verdict;
  }
  if (best == nullptr) return volumes::kNoFilesystem;
  is_new = !is_readable || best != &boots.front();
  return FatBytes::load(device, *best)->store(device);
}

}  // namespace images
