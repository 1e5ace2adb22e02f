// The partition table that the camera makes up for the PC: the storage has none, and needs none.
#pragma once

#include <cstddef>
#include <cstdint>

namespace flash {

inline constexpr uint32_t kFirstStorageBlock = 0x100;

// Blocks of the virtual drive before the storage, from `block` on: an MBR with one FAT12 entry for the whole
// storage, then zeros. `size_bytes` is a multiple of the block, which is at least 512.
void read_partition_table(uint32_t storage_blocks, uint32_t block, uint8_t* out, size_t size_bytes);

}  // namespace flash
