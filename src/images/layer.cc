#include "images/layer.h"

#include "ftl/check.h"
#include "volumes/storage_device.h"

namespace images {

std::unique_ptr<volumes::BlockDevice> new_device(boards::Camera& camera, bool has_layer,
                                                 flash::Status& status) {
  if (!has_layer) return std::make_unique<volumes::StorageDevice>(camera.storage());
  auto layer = std::make_unique<volumes::FtlDevice>(camera.storage(), 0, camera.storage().size_bytes());
  status = layer->format();
  return layer;
}

uint32_t blocks_of_layer(boards::Camera& camera) {
  return volumes::FtlDevice(camera.storage(), 0, camera.storage().size_bytes()).layer().block_count();
}

std::unique_ptr<volumes::FtlDevice> mount_layer(boards::Camera& camera) {
  auto device =
      std::make_unique<volumes::FtlDevice>(camera.storage(), 0, camera.board().storage().size_bytes);
  return device->mount().ok() ? std::move(device) : nullptr;
}

std::string describe_remains_of_layer(boards::Camera& camera) {
  const boards::Area& area = camera.board().storage();
  ftl::CheckReport report;
  // Through the driver: nothing waits in the cache of an image that is looked at.
  if (!ftl::check(camera.nor(), area.offset, area.size_bytes, report).ok()) return {};
  switch (report.finding) {
    case ftl::Finding::kOtherVersion:
      return "a translation layer of another version";
    case ftl::Finding::kOtherLayout:
      return "a translation layer that was made for another slice of the flash";
    case ftl::Finding::kDamaged:
      return "a translation layer that is damaged";
    case ftl::Finding::kSound:
    case ftl::Finding::kBlank:
    case ftl::Finding::kForeign:
      break;
  }
  return {};
}

}  // namespace images
