#include "flash/partition_table.h"

#include <cstring>

namespace flash {

namespace {

constexpr uint32_t kFirstEntry = 446;
constexpr uint32_t kSignature = 510;
constexpr uint8_t kTypeFat12 = 0x01;

void put_le32(uint8_t* at, uint32_t value) {
  for (int i = 0; i < 4; ++i) at[i] = static_cast<uint8_t>(value >> (8 * i));
}

}  // namespace

void read_partition_table(uint32_t storage_blocks, uint32_t block, uint8_t* out, size_t size_bytes) {
  if (size_bytes == 0) return;
  std::memset(out, 0, size_bytes);
  if (block > 0) return;
  uint8_t* const entry = out + kFirstEntry;
  std::memset(entry + 1, 0xFF, 7);  // cylinders, heads, sectors: "too large to be told", the blocks count
  entry[4] = kTypeFat12;
  put_le32(entry + 8, kFirstStorageBlock);
  put_le32(entry + 12, storage_blocks);
  out[kSignature] = 0x55;
  out[kSignature + 1] = 0xAA;
}

}  // namespace flash
