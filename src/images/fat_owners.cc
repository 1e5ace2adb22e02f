#include "images/fat_owners.h"

#include <map>
#include <utility>

#include "chipmap/chip_map.h"

namespace images {

namespace {

class Finder {
 public:
  Finder(FatBytes& fat, const LostTable& lost_table, const boards::Camera& camera)
      : fat_(fat), lost_table_(lost_table), map_(camera.board(), camera.memory()) {
    found_.is_owned.resize(fat.end_of_clusters());
  }

  FatOwners run() {
    const auto claim = [this](uint32_t at, uint32_t length, chipmap::Content content, uint32_t owner) {
      enter(at, length, content, owner);
    };
    survey_fat(map_, {std::as_const(fat_).all(), claim}, fat_.layout());
    for (uint32_t owner = 0; owner < map_.owners().size(); ++owner) {
      const chipmap::Owner& known = map_.owners()[owner];
      if (!known.name.starts_with('/')) continue;  // a part of the filesystem
      FatOwner& entered = with_clusters_[owner];
      entered.path = known.name;
      entered.size_bytes = known.size_bytes;
      entered.is_damaged = known.is_damaged || may_go_on(entered);
      found_.all.push_back(std::move(entered));
    }
    return std::move(found_);
  }

 private:
  // A folder that is full to the last entry, where the table is lost.
  bool may_go_on(const FatOwner& owner) const {
    return owner.is_folder && !owner.clusters.empty() && owner.entries.back()[0] != kFatFree &&
           lost_table_.has(owner.last_cluster());
  }

  void enter(uint32_t at, uint32_t length, chipmap::Content content, uint32_t owner) {
    const uint32_t cluster = at < fat_.layout().data_offset ? 0 : fat_.cluster_at(at);
    if (content != chipmap::Content::kUnknown) found_.is_owned[cluster] = true;
    if (content != chipmap::Content::kFile && content != chipmap::Content::kDirectory) return;
    FatOwner& entered = with_clusters_[owner];
    if (cluster != 0) entered.clusters.push_back(cluster);
    if (content == chipmap::Content::kFile) return;
    entered.is_folder = true;
    for (uint32_t i = 0; i < length; i += kFatEntryBytes) {
      entered.entries.push_back(fat_.all().subspan(at + i, kFatEntryBytes));
    }
  }

  FatBytes& fat_;
  const LostTable& lost_table_;
  chipmap::ChipMap map_;
  FatOwners found_;
  std::map<uint32_t, FatOwner> with_clusters_;
};

}  // namespace

FatOwners find_owners(FatBytes& fat, const LostTable& lost_table, const boards::Camera& camera) {
  return Finder(fat, lost_table, camera).run();
}

}  // namespace images
