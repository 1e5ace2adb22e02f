#include "bench/instructions/operations.h"

#include <array>
#include <cstring>
#include <span>

#include "bench/instructions/ram_chip.h"
#include "bench/upstream/firmware.h"
#include "boards/openmv4p_board.h"
#include "drivers/nor_bus.h"
#include "drivers/spi_nor.h"
#include "flash/block_device.h"
#include "flash/storage.h"

namespace instructions {

namespace {

constexpr uint32_t kBytes = 4096;
constexpr uint32_t kFirstBlock = flash::Drive::kFirstStorageBlock;
constexpr uint32_t kBlocks = kBytes / 512;
constexpr uint32_t kStorageBytes = RamChip::kCellBytes;

// Which native block each operation is at, so that none is in another's way.
constexpr uint32_t kRewritten = 0, kAppended = 1, kPeeked = 2, kRead = 16;

RamChip chip;
using Buffer = std::array<uint8_t, kBytes>;
alignas(4) Buffer target;
alignas(4) Buffer contents[2];
uint32_t turn = 0;

// From one to the other every bit changes, so a sector that holds one has to be erased for the other.
Buffer& new_content() {
  return contents[++turn % 2];
}
Buffer& same_content() {
  return contents[turn % 2];
}

// ---- Ours: the H7 Plus's configuration on a small chip -----------------------------------------------

class RamBus final : public drivers::NorBus {
 public:
  RamBus() : NorBus(0x90000000) {}

  flash::Status open() override { return {}; }
  void close() override {}
  flash::Status execute(const drivers::NorCommand& command) override {
    chip.command(command.frame.opcode(), command.address, command.out(), command.in());
    return {};
  }
  flash::Status map(drivers::NorFrame, uint32_t) override { return {}; }
  flash::Status unmap() override { return {}; }
  flash::Status read_mapped(const drivers::NorCommand& read) override {
    chip.read(read.address, read.in());
    return {};
  }
};

uint64_t now_us(void*) {
  static uint64_t us = 0;
  return ++us;
}

constexpr const boards::Board& kBoard = boards::openmv4p::kBoard;
std::array<flash::CacheSlot, kBoard.cache_bytes / flash::kCacheBlockBytes> slots;
std::array<uint8_t, kBoard.cache_bytes> blocks;

struct OurStack {
  RamBus bus;
  drivers::SpiNor nor{bus,
                      {.platform = {.context = nullptr,
                                    .now_us = now_us,
                                    .yield = [](void*) {},
                                    .memory_changed = [](void*, uint32_t, uint32_t) {}},
                       .mapped_reads = true}};
  flash::Status opened = nor.init();
  flash::Storage storage{nor,
                         {.offset = 0,
                          .size_bytes = kStorageBytes,
                          .simple_block_bytes = kBoard.simple_block_bytes,
                          .native_block_bytes = kBoard.native_block_bytes,
                          .idle_flush_us = kBoard.idle_flush_ms * 1000},
                         {slots, blocks},
                         now_us,
                         nullptr};
  flash::Drive drive{storage};
  flash::Partition partition{storage, 0, kStorageBytes};
};

OurStack& ours() {
  static OurStack stack;
  return stack;
}

constexpr int kSync = static_cast<int>(flash::Ioctl::kSync);
constexpr int kErase = static_cast<int>(flash::Ioctl::kEraseBlock);

void write_ours(std::span<const uint8_t> data) {
  ours().drive.write_blocks(kFirstBlock + kRewritten * kBlocks, data).ignore();
  ours().drive.ioctl(kSync, 0).status.ignore();
}
void append_ours() {
  ours().partition.ioctl(kErase, kAppended).status.ignore();
  ours().partition.program_bytes(kAppended, 0, new_content()).ignore();
  ours().partition.ioctl(kSync, 0).status.ignore();
}

// ---- The firmware's ----------------------------------------------------------------------------------

const firmware_driver_t& firmware = firmware_qspi;

void write_firmware(std::span<const uint8_t> data) {
  firmware.write_blocks(data.data(), kFirstBlock + kRewritten * kBlocks, kBlocks);
  firmware.ioctl(kSync, 0);
}
void append_firmware() {
  firmware.ioctl(kErase, kAppended);
  firmware.program_bytes(kAppended, 0, new_content().data(), kBytes);
  firmware.ioctl(kSync, 0);
}

}  // namespace

bool begin() {
  contents[0].fill(0x5A);
  contents[1].fill(0xA5);
  firmware.power_up();
  return ours().opened.ok() && firmware.ioctl(static_cast<int>(flash::Ioctl::kInit), 1) == 0;
}

const Operation kOperations[kOperationCount] = {
    {"memcpy", Stack::kNone, [] { std::memcpy(target.data(), contents[0].data(), kBytes); }},
    {"read", Stack::kOurs, [] { ours().drive.read_blocks(kFirstBlock + kRead * kBlocks, target).ignore(); }},
    {"read", Stack::kFirmware,
     [] { firmware.read_blocks(target.data(), kFirstBlock + kRead * kBlocks, kBlocks); }},
    {"rewrite", Stack::kOurs, [] { write_ours(new_content()); }},
    {"rewrite", Stack::kFirmware, [] { write_firmware(new_content()); }},
    {"same", Stack::kOurs, [] { write_ours(same_content()); }},
    {"same", Stack::kFirmware, [] { write_firmware(same_content()); }},
    {"append", Stack::kOurs, append_ours},
    {"append", Stack::kFirmware, append_firmware},
    {"peek", Stack::kOurs,
     [] { ours().partition.read_bytes(kPeeked, 0, std::span(target).first(128)).ignore(); }},
    {"peek", Stack::kFirmware, [] { firmware.read_bytes(kPeeked, 0, target.data(), 128); }},
};

}  // namespace instructions

// ---- What the firmware's driver wants from around it -------------------------------------------------

extern "C" {

firmware_nvic_t firmware_nvic;

uint32_t firmware_now_ms(void) {
  return 0;
}
uint32_t firmware_raise_priority(void) {
  return 0;
}
void firmware_restore_priority(uint32_t) {}

void* firmware_ram(void) {
  alignas(8) static std::array<uint8_t, 128> configuration;
  return configuration.data();
}

uint32_t firmware_storage_bytes(void) {
  return instructions::kStorageBytes;
}

int firmware_bus_command(uint8_t opcode, const uint8_t* data, size_t length) {
  instructions::chip.command(opcode, 0, {data, length}, {});
  return 0;
}
int firmware_bus_query(uint8_t opcode, uint8_t* out, size_t length) {
  instructions::chip.command(opcode, 0, {}, {out, length});
  return 0;
}
int firmware_bus_write(uint8_t opcode, uint32_t address, bool, const uint8_t* data, size_t length) {
  instructions::chip.command(opcode, address, {data, length}, {});
  return 0;
}
int firmware_bus_read(uint8_t opcode, uint32_t address, bool, unsigned, uint8_t* out, size_t length) {
  instructions::chip.command(opcode, address, {}, {out, length});
  return 0;
}

}  // extern "C"
