// The block layer and its cache on the processor itself: random calls over three overlapping objects
// against a plain array, on flashes with the properties of the cameras'. Exit code 0: all agreed.
#include <array>
#include <cstdint>
#include <cstring>
#include <span>

#include "arm/ram_nor.h"
#include "arm/semihosting.h"
#include "flash/block_device.h"
#include "flash/storage.h"

namespace {

constexpr uint32_t kSizeBytes = 64 * 1024;
constexpr uint32_t kSteps = 800;

struct Kind {
  const char* name;
  flash::Region region;
  uint32_t program_unit_bytes;
  bool reprogrammable;
  uint32_t native_block_bytes;
};
constexpr Kind kKinds[] = {
    {"serial NOR, 4 KiB sectors", {4096, kSizeBytes / 4096}, 1, true, 4096},
    {"F4/F7, words of 4 bytes", {16384, kSizeBytes / 16384}, 4, true, 512},
    {"H7, flash words of 32 bytes", {kSizeBytes, 1}, 32, false, 512},
};

std::array<uint8_t, kSizeBytes> cells;
std::array<uint8_t, kSizeBytes> model;
std::array<uint8_t, kSizeBytes> buffer;
constexpr uint32_t kSlots = kSizeBytes / flash::kCacheBlockBytes;
std::array<flash::CacheSlot, kSlots> slots;
std::array<uint8_t, kSizeBytes> blocks;

uint32_t random_state = 2463534242;
uint32_t random_below(uint32_t limit) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 17;
  random_state ^= random_state << 5;
  return random_state % limit;
}

uint64_t ticks = 0;
uint64_t now_us(void*) {
  return ticks += 1000;
}

void fill(std::span<uint8_t> bytes) {
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random_below(256));
}

// One random call; false if it did not do what a plain array does.
bool step(flash::Partition& object, uint32_t native) {
  const uint32_t blocks_there = object.len() / native;
  const uint32_t block = random_below(blocks_there);
  const uint32_t room = object.len() - block * native;
  const std::span<uint8_t> target = std::span(model).subspan(object.start() + block * native, room);
  const uint32_t length = random_below(room < 6000 ? room : 6000);
  const std::span<uint8_t> data = std::span(buffer).first(length);
  fill(data);
  switch (random_below(5)) {
    case 0: {
      const std::span<uint8_t> whole = data.first(length / native * native);
      if (!object.write_blocks(block, whole).ok()) return false;
      std::memcpy(target.data(), whole.data(), whole.size());
      return true;
    }
    case 1:
      for (uint32_t i = 0; i < length; ++i) data[i] = static_cast<uint8_t>(data[i] & target[i]);
      if (!object.program_bytes(block, 0, data).ok()) return false;
      std::memcpy(target.data(), data.data(), length);
      return true;
    case 2:
      if (!object.ioctl(static_cast<int>(flash::Ioctl::kEraseBlock), block).status.ok()) return false;
      std::memset(target.data(), 0xFF, native);
      return true;
    case 3:
      return object.ioctl(static_cast<int>(flash::Ioctl::kSync), 0).status.ok();
    default:
      return object.read_bytes(block, 0, data).ok() && std::memcmp(target.data(), data.data(), length) == 0;
  }
}

bool run(const Kind& kind) {
  arm::RamNor nor({.regions = {&kind.region, 1},
                   .program_unit_bytes = kind.program_unit_bytes,
                   .reprogrammable = kind.reprogrammable},
                  cells);
  model.fill(0xFF);
  const uint32_t slot_count = kind.region.sector_size_bytes / flash::kCacheBlockBytes;
  flash::Storage storage(nor,
                         {.offset = 0,
                          .size_bytes = kSizeBytes,
                          .simple_block_bytes = 512,
                          .native_block_bytes = kind.native_block_bytes,
                          .idle_flush_us = 100'000},
                         {std::span(slots).first(slot_count), blocks}, now_us, nullptr);
  flash::Partition objects[] = {{storage, 0, kSizeBytes}, {storage, 8192, 24576}, {storage, 16384, 32768}};
  for (flash::Partition& object : objects) {
    if (!object.ioctl(static_cast<int>(flash::Ioctl::kInit), 1).status.ok()) return false;
  }
  for (uint32_t i = 0; i < kSteps; ++i) {
    if (!step(objects[random_below(3)], kind.native_block_bytes) || !storage.poll().ok()) return false;
  }
  if (!storage.sync().ok()) return false;
  return std::memcmp(cells.data(), model.data(), kSizeBytes) == 0 && nor.misuses() == 0 && nor.erases() > 0;
}

}  // namespace

int main() {
  uint32_t failed = 0;
  for (const Kind& kind : kKinds) {
    const bool agreed = run(kind);
    failed += agreed ? 0 : 1;
    semihosting::print(agreed ? "ok      " : "FAILED  ");
    semihosting::print(kind.name);
    semihosting::print("\n");
  }
  return static_cast<int>(failed);
}
