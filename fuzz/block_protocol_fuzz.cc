// Any calls of pyb.Flash objects with any arguments, on any kind of flash, some of its operations failing:
// what is read is what was written, and after a sync that succeeded it is in the flash.
#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "flash/block_device.h"
#include "flash/storage.h"
#include "fuzz/check.h"
#include "fuzz/failing_nor.h"

namespace {

using flash::Status;

struct Shape {
  flash::Region region;
  uint32_t program_unit_bytes;
  bool reprogrammable;
  std::array<uint32_t, 2> large_erase_bytes;
  uint32_t simple_block_bytes;
  uint32_t native_block_bytes;
  uint32_t cache_slots;
};
constexpr Shape kShapes[] = {
    {{16384, 3}, 4, true, {}, 512, 512, 56},   // inside an STM32F4
    {{8192, 3}, 32, false, {}, 512, 512, 18},  // units that are programmed once
    {{4096, 48}, 1, true, {32768, 65536}, 512, 4096, 144},
    {{4096, 20}, 1, true, {32768, 0}, 4096, 4096, 9},  // hardly any cache
};
constexpr uint32_t kSliceSector = 1;  // the storage does not begin where the flash does

class Session {
 public:
  Session(FuzzedDataProvider& input, const Shape& shape)
      : input_(input),
        shape_(shape),
        slice_offset_(kSliceSector * shape.region.sector_size_bytes),
        nor_(shape.region, {.program_unit_bytes = shape.program_unit_bytes,
                            .reprogrammable = shape.reprogrammable,
                            .large_erase_bytes = shape.large_erase_bytes}),
        slots_(shape.cache_slots),
        blocks_(shape.cache_slots * flash::kCacheBlockBytes),
        storage_(
            nor_,
            {.offset = slice_offset_,
             .size_bytes = shape.region.size_bytes() - slice_offset_,
             .simple_block_bytes = shape.simple_block_bytes,
             .native_block_bytes = shape.native_block_bytes,
             .idle_flush_us = 1000},
            {slots_, blocks_}, [](void* now) { return ++*static_cast<uint64_t*>(now) * 100; }, &now_),
        drive_(storage_),
        wanted_(storage_.size_bytes(), 0xFF) {}

  void run() {
    for (flash::Partition& partition : partitions_) partition = make_partition();
    while (input_.remaining_bytes() > 0) step();
    nor_.fail_no_more();
    FUZZ_CHECK(storage_.sync().ok());
    check_flash();
  }

 private:
  flash::Partition make_partition() {
    const int64_t start = number(), len = number();
    if (!flash::Partition::accepts(storage_, start, len)) return {storage_, 0, storage_.size_bytes()};
    FUZZ_CHECK(start >= 0 && len > 0 && start + len <= storage_.size_bytes());
    return {storage_, static_cast<uint32_t>(start), static_cast<uint32_t>(len)};
  }

  // Mostly something sensible; sometimes anything.
  int64_t number() {
    switch (input_.ConsumeIntegralInRange(0, 7)) {
      case 0:
        return input_.ConsumeIntegral<int64_t>();
      case 1:
        return input_.ConsumeIntegralInRange<int64_t>(-2, 520);
      case 2:
        return input_.ConsumeIntegralInRange<int64_t>(0, 48) * shape_.native_block_bytes;
      default:
        return input_.ConsumeIntegralInRange<int64_t>(0, 40);
    }
  }

  std::vector<uint8_t> data() {
    size_t size = input_.ConsumeIntegralInRange<size_t>(0, 20) * shape_.simple_block_bytes;
    if (input_.ConsumeBool()) size = input_.ConsumeIntegralInRange<size_t>(0, 600);
    std::vector<uint8_t> bytes(size, input_.ConsumeIntegral<uint8_t>());
    const auto varied = input_.ConsumeBytes<uint8_t>(input_.ConsumeIntegralInRange<size_t>(0, 8));
    std::copy_n(varied.begin(), std::min(varied.size(), size), bytes.begin());
    return bytes;
  }

  void step() {
    flash::Partition& partition = partitions_[input_.ConsumeIntegralInRange<size_t>(0, 1)];
    const int64_t block = number();
    switch (input_.ConsumeIntegralInRange(0, 9)) {
      case 0:
        return nor_.fail_after(input_.ConsumeIntegralInRange(0u, 40u));
      case 1:
        if (storage_.sync().ok()) check_flash();
        return;
      case 2:
        return storage_.poll().ignore();
      case 3:
        return control(partition, block);
      case 4:
        return read_blocks(partition, block);
      case 5:
        return read_bytes(partition, block);
      case 6:
        return program(partition, block);
      case 7:
        return use_drive(block);
      default:
        return write(partition, block);
    }
  }

  void control(flash::Partition& partition, int64_t argument) {
    const int64_t command = input_.ConsumeIntegralInRange<int64_t>(-1, 8);
    const flash::IoctlAnswer answer = partition.ioctl(command, argument);
    if (command != static_cast<int>(flash::Ioctl::kEraseBlock)) return;
    const uint64_t unit = shape_.native_block_bytes;
    if (argument < 0 || static_cast<uint64_t>(argument) >= partition.len() / unit) {
      FUZZ_CHECK(answer.status == Status(flash::Error::kInvalid));
      return;
    }
    const std::vector<uint8_t> erased(unit, 0xFF);
    settle(partition.start() + static_cast<uint64_t>(argument) * unit, erased, answer.status);
  }

  void write(flash::Partition& partition, int64_t block) {
    const std::vector<uint8_t> bytes = data();
    const Status status = partition.write_blocks(block, bytes);
    if (is_legal(partition, block, partition.block_bytes(), 0, bytes.size(), status)) {
      settle(partition.start() + static_cast<uint64_t>(block) * partition.block_bytes(), bytes, status);
    }
  }

  void program(flash::Partition& partition, int64_t block) {
    const std::vector<uint8_t> bytes = data();
    const int64_t offset = number();
    const Status status = partition.program_bytes(block, offset, bytes);
    const uint32_t unit = shape_.native_block_bytes;
    if (!is_legal(partition, block, unit, offset, bytes.size(), status)) return;
    const uint64_t at =
        partition.start() + static_cast<uint64_t>(block) * unit + static_cast<uint64_t>(offset);
    for (size_t i = 0; i < bytes.size() && status.ok(); ++i) {
      FUZZ_CHECK((bytes[i] & ~wanted_[at + i]) == 0);
    }
    settle(at, bytes, status);
  }

  void read_blocks(flash::Partition& partition, int64_t block) {
    std::vector<uint8_t> out = data();
    const Status status = partition.read_blocks(block, out);
    const uint32_t unit = partition.block_bytes();
    if (!is_legal(partition, block, unit, 0, out.size(), status) || !status.ok()) return;
    check_read(partition.start() + static_cast<uint64_t>(block) * unit, out);
  }

  void read_bytes(flash::Partition& partition, int64_t block) {
    std::vector<uint8_t> out = data();
    const int64_t offset = number();
    const Status status = partition.read_bytes(block, offset, out);
    const uint32_t unit = shape_.native_block_bytes;
    if (!is_legal(partition, block, unit, offset, out.size(), status) || !status.ok()) return;
    check_read(partition.start() + static_cast<uint64_t>(block) * unit + static_cast<uint64_t>(offset), out);
  }

  // The blocks of the drive from kFirstStorageBlock on are those of the storage.
  void use_drive(int64_t block) {
    std::vector<uint8_t> bytes = data();
    if (input_.ConsumeBool() && block <= UINT32_MAX) block += flash::Drive::kFirstStorageBlock - 4;
    const Status status = drive_.write_blocks(block, bytes);
    const uint32_t unit = drive_.block_bytes();
    if (bytes.size() % unit != 0 || block < 0 || block > drive_.block_count() ||
        bytes.size() / unit > drive_.block_count() - static_cast<uint64_t>(block)) {
      FUZZ_CHECK(!status.ok());
      return;
    }
    const size_t first = std::max<int64_t>(block, flash::Drive::kFirstStorageBlock);
    const size_t skipped = std::min((first - static_cast<size_t>(block)) * unit, bytes.size());
    settle((first - flash::Drive::kFirstStorageBlock) * unit, std::span(bytes).subspan(skipped), status);
  }

  // Says whether the range is one that the partition has; demands the right error if it is not.
  static bool is_legal(const flash::Partition& partition, int64_t block, uint32_t unit, int64_t offset,
                       size_t length, Status status) {
    const auto limit = static_cast<int64_t>(partition.len());
    const bool fits = block >= 0 && block <= limit / unit && offset >= 0 && offset <= limit &&
                      static_cast<int64_t>(length) <= limit - block * unit - offset;
    if (!fits) FUZZ_CHECK(!status.ok());
    return fits && status != Status(flash::Error::kBadShape);
  }

  // After a success the bytes are what the storage holds. After a failure each is old or new.
  void settle(uint64_t at, std::span<const uint8_t> bytes, Status status) {
    if (bytes.empty()) return;
    FUZZ_CHECK(at + bytes.size() <= wanted_.size());
    if (status.ok()) {
      std::copy(bytes.begin(), bytes.end(), wanted_.begin() + static_cast<std::ptrdiff_t>(at));
      return;
    }
    nor_.fail_no_more();
    std::vector<uint8_t> present(bytes.size());
    FUZZ_CHECK(storage_.read(at, present).ok());
    for (size_t i = 0; i < bytes.size(); ++i) {
      FUZZ_CHECK(present[i] == wanted_[at + i] || present[i] == bytes[i]);
      wanted_[at + i] = present[i];
    }
  }

  void check_read(uint64_t at, std::span<const uint8_t> out) {
    FUZZ_CHECK(std::equal(out.begin(), out.end(), wanted_.begin() + static_cast<std::ptrdiff_t>(at)));
  }

  void check_flash() {
    FUZZ_CHECK(!storage_.is_dirty());
    FUZZ_CHECK(std::equal(wanted_.begin(), wanted_.end(), nor_.cells().begin() + slice_offset_));
    for (const uint8_t cell : nor_.cells().first(slice_offset_)) FUZZ_CHECK(cell == 0xFF);
  }

  FuzzedDataProvider& input_;
  const Shape& shape_;
  uint32_t slice_offset_;
  fuzz::FailingNor nor_;
  std::vector<flash::CacheSlot> slots_;
  std::vector<uint8_t> blocks_;
  uint64_t now_ = 0;
  flash::Storage storage_;
  flash::Drive drive_;
  std::vector<uint8_t> wanted_;
  std::array<flash::Partition, 2> partitions_ = {flash::Partition(storage_, 0, storage_.size_bytes()),
                                                 flash::Partition(storage_, 0, storage_.size_bytes())};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzedDataProvider input(data, size);
  const Shape& shape = kShapes[input.ConsumeIntegralInRange<size_t>(0, std::size(kShapes) - 1)];
  Session(input, shape).run();
  return 0;
}
