#include "volumes/ftl_device.h"

#include <cstdlib>

#include "volumes/volume.h"

namespace volumes {

using flash::Error;
using flash::Status;

ftl::Layout FtlDevice::layout_for(flash::NorFlash& nor, uint32_t start, uint32_t len) {
  ftl::Layout layout;
  if (!ftl::make_layout(nor.geometry(), start, len, layout).ok()) std::abort();
  return layout;
}

Status FtlDevice::mount() {
  ftl::Finding finding = ftl::Finding::kForeign;
  FLASH_TRY(layer_.mount(finding));
  return finding == ftl::Finding::kSound ? Status() : Status(kNoFilesystem);
}

Status FtlDevice::read(uint32_t offset, std::span<uint8_t> out) {
  if (offset % ftl::kBlockBytes != 0) return Error::kBadShape;
  return layer_.read(offset / ftl::kBlockBytes, out);
}

Status FtlDevice::write(uint32_t offset, std::span<const uint8_t> data) {
  if (offset % ftl::kBlockBytes != 0) return Error::kBadShape;
  return layer_.write(offset / ftl::kBlockBytes, data);
}

Status FtlDevice::program(uint32_t, std::span<const uint8_t>) {
  return Error::kNotSupported;
}

Status FtlDevice::erase_block(uint32_t) {
  return Error::kNotSupported;
}

}  // namespace volumes
