// The translation layer over the camera's storage, or a slice of it: what `flash.Ftl` is to a filesystem
// there.
#pragma once

#include "flash/storage.h"
#include "flash/storage_nor.h"
#include "ftl/ftl.h"
#include "volumes/block_device.h"

namespace volumes {

class FtlDevice final : public BlockDevice {
 public:
  // A slice that ftl::make_layout() accepts; the storage outlives the device.
  FtlDevice(flash::Storage& storage, uint32_t start, uint32_t len)
      : nor_(storage), rewriter_(storage), layer_(nor_, layout_for(nor_, start, len), &rewriter_) {}

  // One of them comes first.
  flash::Status format() { return layer_.format(); }
  flash::Status mount();  // kNoFilesystem where there is no layer

  ftl::Ftl& layer() { return layer_; }

  uint32_t size_bytes() const override { return layer_.block_count() * ftl::kBlockBytes; }
  uint32_t simple_block_bytes() const override { return ftl::kBlockBytes; }
  uint32_t native_block_bytes() const override { return ftl::kBlockBytes; }

  // Whole blocks only. There is no extended form: kNotSupported.
  flash::Status read(uint32_t offset, std::span<uint8_t> out) override;
  flash::Status write(uint32_t offset, std::span<const uint8_t> data) override;
  flash::Status program(uint32_t offset, std::span<const uint8_t> data) override;
  flash::Status erase_block(uint32_t offset) override;
  flash::Status sync() override { return layer_.sync(); }

 private:
  static ftl::Layout layout_for(flash::NorFlash& nor, uint32_t start, uint32_t len);

  flash::StorageNor nor_;
  ftl::StorageRewriter rewriter_;
  ftl::Ftl layer_;
};

}  // namespace volumes
