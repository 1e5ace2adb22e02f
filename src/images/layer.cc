#include "images/layer.h"

#include <array>

#include "flash/storage_nor.h"
#include "ftl/check.h"
#include "ftl/record.h"
#include "volumes/storage_device.h"

namespace images {

namespace {

// By the header of its first segment, or else all there is.
uint32_t length_of_layer(flash::Storage& storage, uint32_t start, uint32_t end) {
  std::array<uint8_t, ftl::kSegmentHeaderBytes> header{};
  if (!storage.read(start, header).ok()) return end - start;
  const ftl::LogExtent extent = ftl::extent_of(header);
  const uint64_t length = uint64_t{extent.segment_bytes} * extent.segment_count;
  const bool is_first = extent.segment == 0 && length != 0 && length <= end - start;
  return is_first ? static_cast<uint32_t>(length) : end - start;
}

std::unique_ptr<volumes::FtlDevice> mount_slice(flash::Storage& storage, uint32_t start, uint32_t length) {
  ftl::Layout layout;
  const flash::StorageNor nor(storage);
  if (!ftl::make_layout(nor.geometry(), start, length, layout).ok()) return nullptr;
  auto device = std::make_unique<volumes::FtlDevice>(storage, start, length);
  return device->mount().ok() ? std::move(device) : nullptr;
}

}  // namespace

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

std::unique_ptr<volumes::FtlDevice> mount_layer(flash::Storage& storage, uint32_t start, uint32_t end) {
  if (auto layer = mount_slice(storage, start, end - start)) return layer;
  return mount_slice(storage, start, length_of_layer(storage, start, end));
}

std::string describe_remains_of_layer(boards::Camera& camera, uint32_t start, uint32_t end) {
  const uint32_t offset = camera.board().storage().offset;
  const uint32_t length = length_of_layer(camera.storage(), start, end);
  ftl::CheckReport report;
  // Through the driver: nothing waits in the cache of an image that is looked at.
  if (!ftl::check(camera.nor(), offset + start, length, report).ok()) return {};
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
