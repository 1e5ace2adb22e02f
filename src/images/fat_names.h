// Names in a FAT's root for what has none.
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace images {

class FatNames {
 public:
  explicit FatNames(std::span<uint8_t> root);

  // LOST0001, LOST0002.BIN, ...: those that are free.
  void add_folder(uint32_t cluster);
  void add_file(uint32_t cluster, uint32_t size_bytes);

  // What was named, and what could not be. Nothing if nothing was asked for.
  std::string remark() const;

 private:
  void add(uint32_t cluster, uint8_t attributes, uint32_t size_bytes);
  std::string free_name();

  std::span<uint8_t> root_;
  std::set<std::string> taken_;  // without what is behind the dot
  unsigned last_number_ = 0;
  std::vector<std::string> names_;
  size_t nameless_ = 0;
};

}  // namespace images
