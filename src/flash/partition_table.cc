#include "flash/partition_table.h"

#include <cstring>

namespace flash {

namespace {

constexpr uint32_t kEntry = 446;
constexpr uint32_t kSignature = 508;  // its last two bytes
constexpr uint8_t kTypeFat12 = 0x01;

// By words, which lie two bytes off their boundaries in this table. Every machine this is built for is
// little-endian.
void put(uint8_t* at, uint32_t word) {
  __builtin_memcpy(at, &word, sizeof word);
}

}  // namespace

void read_partition_table(uint32_t storage_blocks, uint32_t block, uint8_t* out, size_t size_bytes) {
  if (size_bytes == 0) return;
  std::memset(out, 0, size_bytes);
  if (block > 0) return;
  // Cylinders, heads, sectors: "too large to be told", the blocks count.
  put(out + kEntry, 0xFFFFFF00);
  put(out + kEntry + 4, 0xFFFFFF00 | kTypeFat12);
  put(out + kEntry + 8, kFirstStorageBlock);
  put(out + kEntry + 12, storage_blocks);
  put(out + kSignature, 0xAA550000);
}

}  // namespace flash
