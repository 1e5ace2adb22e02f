#include "images/layer.h"

#include "ftl/check.h"
#include "images/words.h"
#include "volumes/storage_device.h"

namespace images {

namespace {

// Of the whole storage, through the driver: nothing waits in the cache of an image that is looked at.
flash::Status check_layer(boards::Camera& camera, ftl::CheckReport& report) {
  const boards::Area& area = camera.board().storage();
  return ftl::check(camera.nor(), area.offset, area.size_bytes, report);
}

}  // namespace

std::unique_ptr<volumes::BlockDevice> new_device(boards::Camera& camera, bool has_layer,
                                                 flash::Status& status) {
  if (!has_layer) return std::make_unique<volumes::StorageDevice>(camera.storage());
  auto layer = std::make_unique<volumes::FtlDevice>(camera.storage(), 0, camera.storage().size_bytes());
  status = layer->format();
  return layer;
}

std::unique_ptr<volumes::FtlDevice> mount_layer(boards::Camera& camera) {
  auto device =
      std::make_unique<volumes::FtlDevice>(camera.storage(), 0, camera.board().storage().size_bytes);
  return device->mount().ok() ? std::move(device) : nullptr;
}

std::string describe_remains_of_layer(boards::Camera& camera) {
  ftl::CheckReport report;
  if (!check_layer(camera, report).ok()) return {};
  switch (report.finding) {
    case ftl::Finding::kOtherVersion:
      return "a translation layer of another version";
    case ftl::Finding::kOtherLayout:
      return "a translation layer that was made for a storage of another size";
    case ftl::Finding::kDamaged:
      return "a translation layer that is damaged";
    case ftl::Finding::kSound:
    case ftl::Finding::kBlank:
    case ftl::Finding::kForeign:
      break;
  }
  return {};
}

std::vector<std::string> faults_of_layer(boards::Camera& camera) {
  ftl::CheckReport report;
  if (const flash::Status status = check_layer(camera, report); !status.ok()) {
    return {"the translation layer cannot be read: " + reason_of(status)};
  }
  std::vector<std::string> faults;
  if (report.damaged_blocks > 0) {
    faults.push_back("translation layer: " + std::to_string(report.damaged_blocks) + " of " +
                     std::to_string(report.live_blocks) + " blocks cannot be read, the first is block " +
                     std::to_string(report.first_damaged_block));
  }
  if (report.map_is_damaged) faults.push_back("translation layer: the map is damaged, blocks may be missing");
  return faults;
}

}  // namespace images
