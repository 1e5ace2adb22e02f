// Which blocks of a FAT's allocation table were lost with the sector of the flash that they lie in.
#pragma once

#include <cstdint>
#include <vector>

#include "images/fat_bytes.h"

namespace images {

class LostTable {
 public:
  // Those in which too many entries cannot be right: that lead nowhere, to a free cluster, or to where
  // another one leads.
  explicit LostTable(const FatBytes& fat);
  explicit LostTable(FatBytes&&) = delete;  // it is looked at later, too

  bool has(uint32_t cluster) const {
    return is(cluster, kLost) || blocks_[fat_.last_block_of_entry(cluster)] == kLost;
  }

  // Of a block whose entries are all free, or are all ends of chains, only the files can tell.
  bool is_all_free(uint32_t cluster) const { return is(cluster, kFree); }
  bool is_all_ends(uint32_t cluster) const { return is(cluster, kEnds); }
  void add(uint32_t cluster) { blocks_[fat_.block_of_entry(cluster)] = kLost; }

  // What a lost entry leads to may be anybody's. With an end there, a file of one cluster is whole, and a
  // longer one too short.
  void end_chains(FatBytes& fat) const;

 private:
  enum Block : uint8_t { kKept, kFree, kEnds, kLost };

  bool is(uint32_t cluster, Block what) const { return blocks_[fat_.block_of_entry(cluster)] == what; }

  const FatBytes& fat_;
  std::vector<Block> blocks_;
};

}  // namespace images
