#include "flash/partition_table.h"

#include <array>

namespace flash {

namespace {

constexpr uint32_t kMbrBytes = 512;
constexpr uint32_t kFirstEntry = 446;
constexpr uint8_t kTypeFat12 = 0x01;
constexpr uint8_t kNoCylinderHeadSector = 0xFF;  // "too large to be told": the LBA fields count

void put_le32(uint8_t* at, uint32_t value) {
  for (int i = 0; i < 4; ++i) at[i] = static_cast<uint8_t>(value >> (8 * i));
}

std::array<uint8_t, kMbrBytes> make_mbr(uint32_t first_block, uint32_t blocks) {
  std::array<uint8_t, kMbrBytes> mbr = {};
  uint8_t* entry = &mbr[kFirstEntry];
  entry[4] = kTypeFat12;
  for (int i : {1, 2, 3, 5, 6, 7}) entry[i] = kNoCylinderHeadSector;
  put_le32(entry + 8, first_block);
  put_le32(entry + 12, blocks);
  mbr[510] = 0x55;
  mbr[511] = 0xAA;
  return mbr;
}

}  // namespace

void read_partition_table(uint32_t first_storage_block, uint32_t storage_blocks, uint32_t offset,
                          std::span<uint8_t> out) {
  const auto mbr = make_mbr(first_storage_block, storage_blocks);
  for (size_t i = 0; i < out.size(); ++i) out[i] = offset + i < kMbrBytes ? mbr[offset + i] : uint8_t{0};
}

}  // namespace flash
