// The storage of an OpenMV Cam H7 Plus in a firmware of your own: a W25Q256JV on QUADSPI, the first 24 MiB of
// it. What has to be set up before, and who may call what when: docs/porting.md. `./test arm` compiles this.
#include "flash/storage.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <new>

#include "drivers/spi_nor.h"
#include "drivers/stm32_quadspi.h"
#include "drivers/volatile_mmio.h"
#include "drivers/window_guard.h"
#include "flash/block_device.h"

// Yours.
extern "C" {
uint64_t board_now_us(void);  // of a timer or a cycle counter: a tick of a millisecond is too coarse
void board_wait(void);        // lets other tasks run; they must not touch the chip's memory meanwhile
void board_invalidate_dcache(uint32_t address, uint32_t size_bytes);
void board_open_window(bool is_open);  // the MPU's region over it: readable and cacheable, or no access
}

namespace {

constexpr uint32_t kMiB = 1024 * 1024;

constexpr drivers::Platform kPlatform = {
    .context = nullptr,
    .now_us = [](void*) { return board_now_us(); },
    .yield = [](void*) { board_wait(); },
    .memory_changed = [](void*, uint32_t address,
                         uint32_t size_bytes) { board_invalidate_dcache(address, size_bytes); }};

drivers::Stm32QuadSpi<drivers::VolatileMmio> bus({.register_base = 0x52005000,
                                                  .window_address = 0x90000000,
                                                  .prescaler = 1,  // of a kernel clock of 200 MHz
                                                  .cs_high_cycles = 2,
                                                  .platform = kPlatform,
                                                  .is_h7 = true});
drivers::WindowGuard guarded_bus(bus, [](void*, bool is_open) { board_open_window(is_open); });
drivers::SpiNor nor(guarded_bus, {.platform = kPlatform,
                                  .expected_size_bytes = 32 * kMiB,
                                  .four_lines = true,
                                  .mapped_reads = true});

constexpr flash::StorageConfig kConfig = {.offset = 0,
                                          .size_bytes = 24 * kMiB,
                                          .simple_block_bytes = 512,
                                          .native_block_bytes = 4096,
                                          .idle_flush_us = 1'000'000};

// Sixteen erase sectors wait in RAM at most; 4 KiB, one sector, is the least.
constexpr uint32_t kCacheBytes = 64 * 1024;
std::array<flash::CacheSlot, kCacheBytes / flash::kCacheBlockBytes> slots;
std::array<uint8_t, kCacheBytes> blocks;

alignas(flash::Storage) std::byte storage_room[sizeof(flash::Storage)];
flash::Storage* storage = nullptr;  // until the chip has come up

}  // namespace

// 0 or -errno. The chip is found out first: only then is its geometry known.
int firmware_storage_begin() {
  if (const flash::Status status = nor.init(); !status.ok()) return status.value();
  if (const flash::Status status = flash::Storage::check(nor, kConfig, {slots, blocks}); !status.ok())
    return status.value();
  storage = new (storage_room) flash::Storage(
      nor, kConfig, {slots, blocks}, [](void*) { return board_now_us(); }, nullptr);
  return 0;
}

// What follows may be called once firmware_storage_begin() has returned 0, and not before.

// From the main loop, some times a second, by the task that uses the storage.
int firmware_storage_tick() {
  return storage->poll().value();
}

// What a filesystem wants, on the second half of the storage.
int firmware_partition_write(uint32_t block, const uint8_t* data, size_t size_bytes) {
  flash::Partition partition(*storage, 12 * kMiB, 12 * kMiB);
  return partition.write_blocks(block, {data, size_bytes}).value();
}
int firmware_partition_sync() {
  flash::Partition partition(*storage, 12 * kMiB, 12 * kMiB);
  return partition.ioctl(static_cast<int>(flash::Ioctl::kSync), 0).status.value();
}
