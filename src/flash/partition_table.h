// The partition table that the camera makes up for the PC: the storage has none, and needs none.
#pragma once

#include <cstdint>
#include <span>

namespace flash {

// Bytes of the virtual drive before the storage: an MBR with one FAT12 entry for the whole storage, then
// zeros. `offset` is relative to the start of the drive; blocks are those of the simple form.
void read_partition_table(uint32_t first_storage_block, uint32_t storage_blocks, uint32_t offset,
                          std::span<uint8_t> out);

}  // namespace flash
