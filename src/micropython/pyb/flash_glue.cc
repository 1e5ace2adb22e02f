#include "micropython/pyb/flash_glue.h"

#include <memory>
#include <new>
#include <span>
#include <type_traits>

#include "flash/block_device.h"
#include "flash/storage.h"
#include "micropython/pyb/whole_read.h"

namespace {

using flash::Drive;
using flash::Partition;

static_assert(sizeof(Partition) <= sizeof(flash_glue_partition_t));
static_assert(alignof(Partition) <= alignof(flash_glue_partition_t));
static_assert(std::is_trivially_copyable_v<Partition> && std::is_trivially_destructible_v<Partition>);

flash::Storage* storage = nullptr;

Partition& partition_in(flash_glue_partition_t* room) {
  return *std::launder(reinterpret_cast<Partition*>(room->words));
}

const Partition& partition_in(const flash_glue_partition_t* room) {
  return *std::launder(reinterpret_cast<const Partition*>(room->words));
}

std::span<uint8_t> bytes_to_fill(void* buf, size_t len) {
  return {static_cast<uint8_t*>(buf), len};
}

std::span<const uint8_t> bytes_to_store(const void* buf, size_t len) {
  return {static_cast<const uint8_t*>(buf), len};
}

flash_glue_answer_t in_c(const flash::IoctlAnswer& answer) {
  return {answer.status.value(), answer.value, answer.known};
}

}  // namespace

void flash_glue_attach(flash::Storage* new_storage) {
  storage = new_storage;
}

flash::Storage* flash_glue_storage() {
  return storage;
}

uint32_t flash_glue_storage_bytes(void) {
  return storage == nullptr ? 0 : storage->size_bytes();
}

uint32_t flash_glue_simple_block_bytes(void) {
  return storage->simple_block_bytes();
}

uint32_t flash_glue_native_block_bytes(void) {
  return storage->native_block_bytes();
}

bool flash_glue_accepts(int64_t start, int64_t len) {
  return Partition::accepts(*storage, start, len);
}

void flash_glue_partition_init(flash_glue_partition_t* partition, uint32_t start, uint32_t len) {
  std::construct_at(reinterpret_cast<Partition*>(partition->words), *storage, start, len);
}

uint32_t flash_glue_partition_start(const flash_glue_partition_t* partition) {
  return partition_in(partition).start();
}

uint32_t flash_glue_partition_len(const flash_glue_partition_t* partition) {
  return partition_in(partition).len();
}

uint32_t flash_glue_partition_block_bytes(const flash_glue_partition_t* partition) {
  return partition_in(partition).block_bytes();
}

int flash_glue_partition_read_blocks(flash_glue_partition_t* partition, int64_t block, void* buf,
                                     size_t len) {
  return read_whole(buf, len,
                    [=](std::span<uint8_t> out) { return partition_in(partition).read_blocks(block, out); });
}

int flash_glue_partition_write_blocks(flash_glue_partition_t* partition, int64_t block, const void* buf,
                                      size_t len) {
  return partition_in(partition).write_blocks(block, bytes_to_store(buf, len)).value();
}

int flash_glue_partition_read_bytes(flash_glue_partition_t* partition, int64_t block, int64_t offset,
                                    void* buf, size_t len) {
  return partition_in(partition).read_bytes(block, offset, bytes_to_fill(buf, len)).value();
}

int flash_glue_partition_program_bytes(flash_glue_partition_t* partition, int64_t block, int64_t offset,
                                       const void* buf, size_t len) {
  return partition_in(partition).program_bytes(block, offset, bytes_to_store(buf, len)).value();
}

flash_glue_answer_t flash_glue_partition_ioctl(flash_glue_partition_t* partition, int64_t command,
                                               int64_t argument) {
  return in_c(partition_in(partition).ioctl(command, argument));
}

int flash_glue_drive_read_blocks(int64_t block, void* buf, size_t len) {
  return read_whole(buf, len,
                    [=](std::span<uint8_t> out) { return Drive(*storage).read_blocks(block, out); });
}

int flash_glue_drive_write_blocks(int64_t block, const void* buf, size_t len) {
  return Drive(*storage).write_blocks(block, bytes_to_store(buf, len)).value();
}

flash_glue_answer_t flash_glue_drive_ioctl(int64_t command, int64_t argument) {
  return in_c(Drive(*storage).ioctl(command, argument));
}
