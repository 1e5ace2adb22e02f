#include "powercut/fat_image.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <vector>

namespace powercut {

namespace {

using flash::Status;
using Bytes = std::vector<uint8_t>;

constexpr uint32_t kBlock = 512;
constexpr uint32_t kEntryBytes = 32;

uint32_t get16(const Bytes& bytes, uint32_t at) {
  return bytes[at] | uint32_t{bytes[at + 1]} << 8;
}

void put16(Bytes& bytes, uint32_t at, uint32_t value) {
  bytes[at] = static_cast<uint8_t>(value);
  bytes[at + 1] = static_cast<uint8_t>(value >> 8);
}

// The parts of a volume that say which cluster belongs to whom.
class Fat {
 public:
  std::string load(volumes::BlockDevice& device) {
    Bytes boot(kBlock);
    if (!device.read(0, boot).ok()) return "the boot sector cannot be read";
    if (get16(boot, 510) != 0xAA55 || get16(boot, 11) != kBlock) return "no boot sector";
    cluster_bytes_ = boot[13] * kBlock;
    const uint32_t reserved = get16(boot, 14);
    const uint32_t fat_blocks = get16(boot, 22);
    const uint32_t root_blocks = get16(boot, 17) * kEntryBytes / kBlock;
    const uint32_t blocks = get16(boot, 19) != 0 ? get16(boot, 19) : get16(boot, 32) | get16(boot, 34) << 16;
    const uint32_t system_blocks = reserved + boot[16] * fat_blocks + root_blocks;
    clusters_ = (blocks - system_blocks) / boot[13];
    table_.resize(fat_blocks * kBlock);
    root_.resize(root_blocks * kBlock);
    if (!device.read(reserved * kBlock, table_).ok()) return "the allocation table cannot be read";
    if (!device.read((system_blocks - root_blocks) * kBlock, root_).ok()) return "the root cannot be read";
    return "";
  }

  std::string check() {
    for (uint32_t at = 0; at < root_.size() && root_[at] != 0; at += kEntryBytes) {
      constexpr uint8_t kLabelOrLongName = 0x08;
      if (root_[at] == 0xE5 || (root_[at + 11] & kLabelOrLongName) != 0) continue;
      const uint32_t size = get16(root_, at + 28) | get16(root_, at + 30) << 16;
      const std::string name(root_.begin() + at, root_.begin() + at + 11);
      if (std::string error = follow(get16(root_, at + 26), size); !error.empty()) return name + ": " + error;
    }
    for (uint32_t cluster = 2; cluster < clusters_ + 2; ++cluster) {
      if (next(cluster) != 0 && !owned_.contains(cluster)) return "a cluster that nobody owns";
    }
    return "";
  }

 private:
  bool is_fat12() const { return clusters_ < 4085; }

  uint32_t next(uint32_t cluster) const {
    if (!is_fat12()) return get16(table_, cluster * 2);
    const uint32_t pair = get16(table_, cluster * 3 / 2);
    return cluster % 2 == 0 ? pair & 0xFFF : pair >> 4;
  }

  std::string follow(uint32_t cluster, uint32_t size) {
    const uint32_t last = is_fat12() ? 0xFF8 : 0xFFF8;
    for (uint32_t left = (size + cluster_bytes_ - 1) / cluster_bytes_; left > 0; --left) {
      if (cluster < 2 || cluster >= clusters_ + 2) return "its chain ends early";
      if (!owned_.insert(cluster).second) return "its chain crosses another";
      cluster = next(cluster);
    }
    return cluster == 0 || cluster >= last ? "" : "its chain is longer than the file";
  }

  uint32_t cluster_bytes_ = 0;
  uint32_t clusters_ = 0;
  Bytes table_;
  Bytes root_;
  std::set<uint32_t> owned_;
};

}  // namespace

Status format_tiny_fat(volumes::BlockDevice& device) {
  Bytes boot(kBlock);
  const uint8_t jump[] = {0xEB, 0x3C, 0x90};
  std::copy(std::begin(jump), std::end(jump), boot.begin());
  const std::string system = "MSDOS5.0";
  std::copy(system.begin(), system.end(), boot.begin() + 3);
  put16(boot, 11, kBlock);
  boot[13] = 1;        // blocks of a cluster
  put16(boot, 14, 1);  // blocks before the table
  boot[16] = 1;        // tables
  put16(boot, 17, kBlock / kEntryBytes);
  put16(boot, 19, device.size_bytes() / kBlock);
  boot[21] = 0xF8;
  put16(boot, 22, 1);  // blocks of a table
  boot[38] = 0x29;     // what follows is valid
  const std::string label_and_kind = "NO NAME    FAT12   ";
  std::copy(label_and_kind.begin(), label_and_kind.end(), boot.begin() + 43);
  put16(boot, 510, 0xAA55);
  Bytes table(kBlock);
  table[0] = 0xF8;
  table[1] = table[2] = 0xFF;
  FLASH_TRY(device.write(0, boot));
  FLASH_TRY(device.write(kBlock, table));
  FLASH_TRY(device.write(2 * kBlock, Bytes(kBlock)));
  return device.sync();
}

std::string find_fat_errors(volumes::BlockDevice& device) {
  Fat fat;
  std::string error = fat.load(device);
  return error.empty() ? fat.check() : error;
}

std::string ask_fsck(volumes::BlockDevice& device) {
  Bytes image(device.size_bytes());
  if (!device.read(0, image).ok()) return "the device cannot be read";
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("pybflash_fsck_" + std::to_string(getpid()));
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(image.data()), static_cast<std::streamsize>(image.size()));
  const int answer =
      std::system(("PATH=$PATH:/usr/sbin fsck.fat -n " + path.string() + " > /dev/null").c_str());
  std::filesystem::remove(path);
  return answer == 0 ? "" : "fsck.fat is not content";
}

}  // namespace powercut
