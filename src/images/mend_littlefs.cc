#include "images/mend_littlefs.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "images/bytes.h"
#include "images/sparse_device.h"

namespace images {

namespace {

using flash::Status;
using volumes::BlockDevice;

// Remembers which two blocks were looked at last: when a mount fails, they are the damaged folder.
class Witness final : public BlockDevice {
 public:
  explicit Witness(BlockDevice& device) : device_(device) {}

  std::pair<uint32_t, uint32_t> last_blocks() const { return {last_, before_}; }

  uint32_t size_bytes() const override { return device_.size_bytes(); }
  uint32_t simple_block_bytes() const override { return device_.simple_block_bytes(); }
  uint32_t native_block_bytes() const override { return device_.native_block_bytes(); }
  Status read(uint32_t offset, std::span<uint8_t> out) override {
    const uint32_t block = offset / native_block_bytes();
    if (block != last_) before_ = std::exchange(last_, block);
    return device_.read(offset, out);
  }
  Status write(uint32_t offset, std::span<const uint8_t> data) override {
    return device_.write(offset, data);
  }
  Status program(uint32_t offset, std::span<const uint8_t> data) override {
    return device_.program(offset, data);
  }
  Status erase_block(uint32_t offset) override { return device_.erase_block(offset); }
  Status sync() override { return device_.sync(); }

 private:
  BlockDevice& device_;
  uint32_t last_ = 0, before_ = 0;
};

// A block of a folder that holds nothing: what littlefs writes for one, behind its two superblocks.
Status empty_folder(BlockDevice& like, std::vector<uint8_t>& block) {
  SparseDevice donor(like, like.size_bytes());
  const auto volume = volumes::make_littlefs(donor);
  FLASH_TRY(volume->format());
  FLASH_TRY(volume->mount());
  FLASH_TRY(volume->make_directory("/x"));
  block.resize(like.native_block_bytes());
  for (uint32_t at = 2 * like.native_block_bytes(); at < like.size_bytes(); at += like.native_block_bytes()) {
    FLASH_TRY(donor.read(at, block));
    if (!is_blank(block)) return {};
  }
  return volumes::kNotFound;
}

}  // namespace

Status mount_without_damaged_folders(BlockDevice& device, std::unique_ptr<volumes::Volume>& volume,
                                     size_t& lost_folders) {
  const uint32_t block_bytes = device.native_block_bytes();
  Witness witness(device);
  std::vector<uint8_t> folder;
  Status status = volumes::make_littlefs(witness)->mount();
  for (lost_folders = 0; status == volumes::kCorrupt || status == flash::Error::kIo; ++lost_folders) {
    const auto blocks = witness.last_blocks();
    const bool is_root = std::min(blocks.first, blocks.second) < 2;
    if (is_root || lost_folders == device.size_bytes() / block_bytes) return status;
    if (folder.empty()) FLASH_TRY(empty_folder(device, folder));
    for (const uint32_t block : {blocks.first, blocks.second}) {
      FLASH_TRY(device.erase_block(block * block_bytes));
    }
    FLASH_TRY(device.program(blocks.first * block_bytes, folder));
    status = volumes::make_littlefs(witness)->mount();
  }
  FLASH_TRY(status);
  volume = volumes::make_littlefs(device);
  return volume->mount();
}

}  // namespace images
