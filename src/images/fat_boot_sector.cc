#include "images/fat_boot_sector.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "images/bytes.h"
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
  int64_t plausible = 0, implausible = 0;  // entries of folders
  size_t chains = 0;                       // of several clusters, and as long as their files
  size_t folders = 0;                      // that begin where they should
  size_t blank_files = 0;
  uint64_t surplus_clusters = 0;  // that are in use, and nobody's; or the other way round

  // Of the last two, less is better.
  bool is_better_than(const Verdict& other) const {
    return std::tuple(plausible - implausible, chains, other.blank_files, other.surplus_clusters) >
           std::tuple(other.plausible - other.implausible, other.chains, blank_files, surplus_clusters);
  }
};

class Judge {
 public:
  Judge(FatBytes& fat, const boards::Camera& camera) : fat_(fat), lost_table_(fat) {
    lost_table_.end_chains(fat_);
    const uint32_t cluster_bytes = fat_.layout().cluster_bytes;
    for (const FatOwner& owner : find_owners(fat_, lost_table_, camera).all) {
      if (owner.path == "/") {
        judge_root(owner);
      } else {
        judge(owner);
        needed_ += owner.is_folder ? 1 : (owner.size_bytes + cluster_bytes - 1) / cluster_bytes;
      }
    }
    uint64_t used = 0;
    for (uint32_t n = 2; n < fat_.end_of_clusters(); ++n) used += fat_.entry(n) != 0 ? 1 : 0;
    verdict_.surplus_clusters = std::max(used, needed_) - std::min(used, needed_);
  }

  const Verdict& verdict() const { return verdict_; }

 private:
  void judge(const FatOwner& owner) {
    const bool has_cluster = !owner.clusters.empty();
    const bool is_empty = !has_cluster && owner.size_bytes == 0 && !owner.is_damaged;
    if (is_empty) return;
    const bool is_plausible =
        has_cluster && (owner.is_folder ? begins_folder(fat_.cluster(owner.first_cluster()))
                                        : owner.size_bytes <= fat_.layout().size_bytes);
    ++(is_plausible ? verdict_.plausible : verdict_.implausible);
    if (!has_cluster) return;
    if (owner.is_folder) {
      verdict_.folders += is_plausible ? 1 : 0;
    } else {
      judge_file(owner);
    }
  }

  void judge_root(const FatOwner& root) {
    bool is_followed = false;
    for (auto entry = root.entries.rbegin(); entry != root.entries.rend(); ++entry) {
      const bool is_free = (*entry)[0] == kFatFree;
      verdict_.implausible += is_free ? is_followed : !fat_.is_possible(*entry);
      is_followed = is_followed || (!is_free && fat_.is_possible(*entry));
    }
  }

  void judge_file(const FatOwner& file) {
    const auto first = fat_.cluster(file.first_cluster());
    verdict_.chains += file.size_bytes > first.size() && !file.is_damaged ? 1 : 0;
    const auto piece = first.first(std::min<size_t>(first.size(), file.size_bytes));
    verdict_.blank_files += is_blank(piece) ? 1 : 0;
  }

  FatBytes& fat_;
  LostTable lost_table_;
  uint64_t needed_ = 0;
  Verdict verdict_;
};

struct Candidate {
  std::vector<uint8_t> sector;
  bool is_likely = false;
  Verdict verdict = {};
  uint32_t data_offset = 0, cluster_bytes = 0;
  bool is_one_of_several = false;  // that nothing tells apart

  bool lies_as(const Candidate& other) const {
    return data_offset == other.data_offset && cluster_bytes == other.cluster_bytes;
  }
  bool is_certain() const {
    if (verdict.implausible != 0 || verdict.plausible == 0) return false;
    const bool fits_table = verdict.surplus_clusters == 0 && verdict.blank_files == 0;
    return verdict.chains + verdict.folders != 0 || ((is_likely || fits_table) && !is_one_of_several);
  }
};

class Choice {
 public:
  Choice(BlockDevice& device, const boards::Camera& camera) : device_(device), camera_(camera) {}

  void enter(Candidate candidate) {
    auto fat = FatBytes::load(device_, candidate.sector);
    if (!fat) return;
    candidate.verdict = Judge(*fat, camera_).verdict();
    candidate.data_offset = fat->layout().data_offset;
    candidate.cluster_bytes = fat->layout().cluster_bytes;
    entered_.push_back({candidate.data_offset, candidate.cluster_bytes});
    if (!best_ || candidate.verdict.is_better_than(best_->verdict)) {
      best_ = std::move(candidate);
    } else if (!best_->verdict.is_better_than(candidate.verdict) && !best_->lies_as(candidate)) {
      best_->is_one_of_several = true;
    }
  }

  // What the formatter writes for this length. It makes no FAT of some.
  void enter_length(uint32_t length, bool is_likely) {
    Candidate candidate = {.sector = {}, .is_likely = is_likely};
    if (make_boot_sector(device_, length, candidate.sector).ok()) enter(std::move(candidate));
  }

  const std::optional<Candidate>& best() const { return best_; }

  // Does another one say so, too?
  bool confirms(const Candidate& candidate) const {
    const std::pair place = {candidate.data_offset, candidate.cluster_bytes};
    return std::count(entered_.begin(), entered_.end(), place) > 1;
  }

 private:
  BlockDevice& device_;
  const boards::Camera& camera_;
  std::optional<Candidate> best_;
  std::vector<std::pair<uint32_t, uint32_t>> entered_;  // where their clusters begin, and how large they are
};

}  // namespace

Status mend_fat_boot_sector(BlockDevice& device, const boards::Camera& camera, bool mounts,
                            std::span<const uint32_t> likely_lengths, FatBootSector& boot_sector) {
  Choice choice(device, camera);
  Candidate present = {.sector = std::vector<uint8_t>(device.simple_block_bytes()), .is_likely = true};
  if (mounts && device.read(0, present.sector).ok()) choice.enter(present);
  const auto kept = choice.best();
  const bool is_sound = kept && kept->verdict.implausible == 0;
  if (!is_sound) {
    for (const uint32_t length : likely_lengths) choice.enter_length(length, true);
    for (const uint32_t length : possible_lengths_of_fat(device)) choice.enter_length(length, false);
  }
  const auto& best = choice.best();
  const bool is_replaced = best && (!mounts || best->is_certain()) && !(kept && best->sector == kept->sector);
  if (is_replaced) {
    boot_sector = {true, best->is_certain()};
    return FatBytes::load(device, best->sector)->store(device);
  }
  if (!mounts) return volumes::kNoFilesystem;
  // With other numbers than the formatter's, something has to fit; where the root is lost, nothing can.
  boot_sector.is_certain = kept && (is_sound || choice.confirms(*kept) || kept->verdict.plausible == 0 ||
                                    kept->verdict.folders != 0);
  return kept ? FatBytes::load(device, kept->sector)->store(device) : Status{};
}

}  // namespace images
