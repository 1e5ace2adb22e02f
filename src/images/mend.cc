#include "images/mend.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "chipmap/little_endian.h"
#include "images/sparse_device.h"

namespace images {

namespace {

using chipmap::get_le16;
using chipmap::get_le32;
using flash::Status;
using volumes::BlockDevice;

class FatTable {
 public:
  explicit FatTable(BlockDevice& device) : device_(device) {}

  Status load() {
    std::array<uint8_t, 512> boot;
    FLASH_TRY(device_.read(0, boot));
    const uint32_t sector = get_le16(&boot[11]), tables = boot[16], table_sectors = get_le16(&boot[22]);
    const uint32_t total = get_le16(&boot[19]) != 0 ? get_le16(&boot[19]) : get_le32(&boot[32]);
    const uint32_t root_sectors = sector == 0 ? 0 : (get_le16(&boot[17]) * 32 + sector - 1) / sector;
    const uint32_t data = get_le16(&boot[14]) + tables * table_sectors + root_sectors;
    if (boot[13] == 0 || table_sectors == 0 || data >= total) return volumes::kNoFilesystem;
    clusters_ = (total - data) / boot[13];
    bits_ = clusters_ <= 0xFF5 ? 12 : 16;  // the number of clusters alone decides
    offset_ = get_le16(&boot[14]) * sector;
    bytes_.resize(size_t{table_sectors} * sector);
    if ((size_t{clusters_} + 2) * bits_ > bytes_.size() * 8) return volumes::kNoFilesystem;
    return device_.read(offset_, bytes_);
  }

  void bridge() {
    for (uint32_t cluster = 2; cluster < clusters_ + 2; ++cluster) {
      const uint32_t next = entry(cluster);
      const bool is_end = next >= (bits_ == 12 ? 0xFF8u : 0xFFF8u);
      if (!is_end && (next < 2 || next >= clusters_ + 2)) set_entry(cluster, cluster + 1);
    }
  }

  Status store() { return device_.write(offset_, bytes_); }

 private:
  // FAT12: two entries share three bytes.
  uint32_t entry(uint32_t n) const {
    if (bits_ == 16) return get_le16(&bytes_[size_t{n} * 2]);
    const uint32_t pair = get_le16(&bytes_[n + n / 2]);
    return n % 2 != 0 ? pair >> 4 : pair & 0xFFF;
  }
  void set_entry(uint32_t n, uint32_t value) {
    const size_t at = bits_ == 16 ? size_t{n} * 2 : n + n / 2;
    if (bits_ == 12) {
      const uint32_t pair = get_le16(&bytes_[at]);
      value = n % 2 != 0 ? (pair & 0xF) | value << 4 : (pair & 0xF000) | value;
    }
    bytes_[at] = static_cast<uint8_t>(value);
    bytes_[at + 1] = static_cast<uint8_t>(value >> 8);
  }

  BlockDevice& device_;
  uint32_t clusters_ = 0, bits_ = 0, offset_ = 0;
  std::vector<uint8_t> bytes_;
};

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

bool is_blank(std::span<const uint8_t> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte == 0xFF; });
}

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

Status bridge_fat_table(BlockDevice& device) {
  FatTable table(device);
  FLASH_TRY(table.load());
  table.bridge();
  return table.store();
}

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
