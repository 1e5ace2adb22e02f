#include "images/layer.h"

#include <array>

#include "flash/storage_nor.h"
#include "ftl/check.h"
#include "ftl/record.h"
#include "volumes/storage_device.h"

namespace images {

namespace {

// What the header says that stands there; all 0 where there is none.
ftl::LogExtent extent_at(flash::Storage& storage, uint32_t start) {
  std::array<uint8_t, ftl::kSegmentHeaderBytes> header{};
  return storage.read(start, header).ok() ? ftl::extent_of(header) : ftl::LogExtent{};
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

std::optional<uint32_t> start_of_layer(flash::Storage& storage, uint32_t start, uint32_t end) {
  if (start >= end) return {};
  ftl::Layout layout;
  const flash::StorageNor nor(storage);
  const bool fits = ftl::make_layout(nor.geometry(), start, end - start, layout).ok();
  return fits ? std::optional(layout.base) : std::nullopt;
}

std::unique_ptr<volumes::FtlDevice> mount_layer(flash::Storage& storage, uint32_t start, uint32_t end) {
  if (!start_of_layer(storage, start, end)) return nullptr;
  auto device = std::make_unique<volumes::FtlDevice>(storage, start, end - start);
  return device->mount().ok() ? std::move(device) : nullptr;
}

std::string describe_remains_of_layer(boards::Camera& camera, uint32_t start, uint32_t end) {
  const uint32_t offset = camera.board().storage().offset;
  const ftl::LogExtent extent = extent_at(camera.storage(), start);
  const uint64_t told_length = uint64_t{extent.segment_bytes} * extent.segment_count;
  const bool is_first = told_length != 0 && extent.segment == 0 && told_length <= end - start;
  const uint32_t length = is_first ? static_cast<uint32_t>(told_length) : end - start;
  ftl::CheckReport report;
  // Through the driver: nothing waits in the cache of an image that is looked at.
  if (!ftl::check(camera.nor(), offset + start, length, report).ok()) return {};
  switch (report.finding) {
    case ftl::Finding::kOtherVersion:
      return "a translation layer of another version";
    case ftl::Finding::kOtherLayout:  // or another one, that begins later
      return told_length != 0 ? "a translation layer that was made for another slice of the flash" : "";
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
