// The contender that people have today: MicroPython's storage.c with spibdev.c and spiflash.c, or with
// flashbdev.c, unmodified, on the models that our own drivers run on.
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>

#include "bench/device.h"
#include "boards/hardware.h"
#include "drivers/stm32_quadspi.h"
#include "sim/bus.h"
#include "sim/cells.h"
#include "sim/clock.h"
#include "sim/mmio.h"
#include "sim/nor_chip.h"
#include "sim/quadspi.h"

extern "C" {
// storage.c, once for each kind of board (see firmware_port.h).
void storage_init(void);
void storage_flush(void);
int storage_read_blocks(uint8_t* dest, uint32_t block, uint32_t count);
int storage_write_blocks(const uint8_t* src, uint32_t block, uint32_t count);
void FLASH_IRQHandler(void);
void internal_storage_init(void);
void internal_storage_flush(void);
int internal_storage_read_blocks(uint8_t* dest, uint32_t block, uint32_t count);
int internal_storage_write_blocks(const uint8_t* src, uint32_t block, uint32_t count);
void internal_FLASH_IRQHandler(void);
int flash_bdev_readblocks_ext(uint8_t* dest, uint32_t block, uint32_t offset, uint32_t length);
int flash_bdev_writeblocks_ext(const uint8_t* src, uint32_t block, uint32_t offset, uint32_t length);
int spi_bdev_readblocks_raw(void* bdev, uint8_t* dest, uint32_t block, uint32_t offset, uint32_t length);
int spi_bdev_writeblocks_raw(void* bdev, const uint8_t* src, uint32_t block, uint32_t offset,
                             uint32_t length);
int spi_bdev_eraseblocks_raw(void* bdev, uint32_t block, uint32_t length);
}

namespace bench {

namespace {

constexpr uint32_t kBlock = 512;
constexpr uint32_t kPart1StartBlock = 0x100;

void check(int result) {
  if (result == 0) return;
  std::fprintf(stderr, "pybflash: the firmware's driver failed in a benchmark: error %d\n", -result);
  std::abort();
}

// Memory below 4 GiB: the drivers keep addresses in 32 bits.
template <class T>
T* low_memory(size_t count) {
  void* memory = mmap(nullptr, count * sizeof(T), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  if (memory == MAP_FAILED) std::abort();
  return static_cast<T*>(memory);
}

class FirmwareDevice : public Device {
 public:
  FirmwareDevice(const boards::Board& board, std::span<const uint8_t> content)
      : board_(board),
        bytes_(low_memory<uint8_t>(board.part->geometry.size_bytes()), board.part->geometry.size_bytes()),
        cells_(boards::physics_of(*board.part), bytes_) {
    std::fill(bytes_.begin(), bytes_.end(), uint8_t{0xFF});
    std::copy(content.begin(), content.end(), bytes_.begin() + board.storage().offset);
    current_ = this;
  }

  const boards::Board& board() const override { return board_; }
  uint64_t now_ms() const override { return clock_.now_ns() / 1'000'000; }

  void pass_ms(uint32_t ms) override {
    constexpr uint32_t kDispatchMs = 512;
    while (ms > 0) {
      const auto step = std::min<uint32_t>(ms, kDispatchMs - static_cast<uint32_t>(now_ms() % kDispatchMs));
      clock_.pass_ns(uint64_t{step} * 1'000'000);
      ms -= step;
      run_systick();
    }
  }

  // The driver's state is in static variables: this is the end of the run.
  void power_cycle() override {}

  Cost cost() const override {
    const sim::Stats& stats = cells_.stats();
    return {clock_.device_ns() / 1000, stats.erases, cells_.max_wear(), stats.bytes_programmed,
            masked_ns_max_ / 1000};
  }

  std::span<const uint8_t> cells() const override {
    return cells_.bytes().subspan(board_.storage().offset, board_.storage().size_bytes);
  }

  // What firmware_port.h asks for.
  static FirmwareDevice& current() { return *current_; }
  void mask() {
    if (mask_depth_++ == 0) masked_since_ns_ = clock_.now_ns();
  }
  void unmask() {
    if (--mask_depth_ == 0) masked_ns_max_ = std::max(masked_ns_max_, clock_.now_ns() - masked_since_ns_);
  }
  void set_systick(void (*callback)(uint32_t)) { systick_ = callback; }
  sim::Clock& clock() { return clock_; }
  sim::Cells& flash() { return cells_; }

 protected:
  virtual void run_interrupt() = 0;

  // The systick looks at the storage whenever 512 ms have gone by.
  void run_systick();

  const boards::Board& board_;
  std::span<uint8_t> bytes_;
  sim::Clock clock_;
  sim::Cells cells_;

 private:
  static FirmwareDevice* current_;
  void (*systick_)(uint32_t) = nullptr;
  uint64_t last_dispatch_ = 0;
  int mask_depth_ = 0;
  uint64_t masked_since_ns_ = 0;
  uint64_t masked_ns_max_ = 0;
};

FirmwareDevice* FirmwareDevice::current_ = nullptr;

}  // namespace

}  // namespace bench

using bench::FirmwareDevice;

extern "C" {

struct {
  volatile uint32_t STIR;
} bench_nvic;

uint32_t HAL_GetTick(void) {
  return static_cast<uint32_t>(FirmwareDevice::current().now_ms());
}
void systick_enable_dispatch(size_t, void (*callback)(uint32_t)) {
  FirmwareDevice::current().set_systick(callback);
}
uint32_t raise_irq_pri(uint32_t) {
  FirmwareDevice::current().mask();
  return 0;
}
void restore_irq_pri(uint32_t) {
  FirmwareDevice::current().unmask();
}

// flash.h of the port: what its flash.c does through ST's library, on the cells. Every word is programmed.
int32_t flash_get_sector_info(uint32_t addr, uint32_t* start, uint32_t* size) {
  const FirmwareDevice& device = FirmwareDevice::current();
  const auto base =
      static_cast<uint32_t>(reinterpret_cast<uintptr_t>(FirmwareDevice::current().flash().bytes().data()));
  const flash::Sector sector = device.board().part->geometry.sector_at(addr - base);
  if (start != nullptr) *start = base + sector.offset;
  if (size != nullptr) *size = sector.size_bytes;
  return 0;
}

int flash_erase(uint32_t addr) {
  FirmwareDevice& device = FirmwareDevice::current();
  const auto base = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(device.flash().bytes().data()));
  const flash::Sector sector = device.board().part->geometry.sector_at(addr - base);
  for (const boards::EraseTime& erase : device.board().part->erase_times) {
    if (erase.size_bytes == sector.size_bytes) device.clock().work_ns(uint64_t{erase.time.typical_us} * 1000);
  }
  return device.flash().erase(sector.offset, sector.size_bytes) == sim::CellResult::kOk ? 0 : -5;
}

int flash_write(uint32_t addr, const uint32_t* src, uint32_t words) {
  FirmwareDevice& device = FirmwareDevice::current();
  const auto base = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(device.flash().bytes().data()));
  const uint32_t unit = device.board().part->geometry.program_unit_bytes;
  const uint8_t* data = reinterpret_cast<const uint8_t*>(src);
  for (uint32_t at = 0; at < words * 4; at += unit) {
    device.clock().work_ns(uint64_t{device.board().part->program_time.typical_us} * 1000);
    if (device.flash().program(addr - base + at, {data + at, unit}) != sim::CellResult::kOk) return -5;
  }
  return 0;
}

// flashbdev.c: where the linker script would place storage and cache. The end of the cache is a symbol of its
// own.
uint8_t* bench_storage_start;
uint8_t* bench_storage_end;
asm(".bss\n.balign 16\n.globl bench_ram_cache, bench_ram_cache_end\n"
    "bench_ram_cache: .skip 131072\nbench_ram_cache_end: .skip 16\n.text\n");

}  // extern "C"

namespace bench {

namespace {

void FirmwareDevice::run_systick() {
  const uint64_t dispatch = now_ms() / 512;
  if (dispatch == last_dispatch_ || systick_ == nullptr) return;
  last_dispatch_ = dispatch;
  systick_(static_cast<uint32_t>(dispatch * 512));
  if (bench_nvic.STIR == 0) return;
  bench_nvic.STIR = 0;
  mask();
  run_interrupt();
  unmask();
}

// ---- Flash inside the MCU

class InternalFirmware final : public FirmwareDevice {
 public:
  InternalFirmware(const boards::Board& board, std::span<const uint8_t> content)
      : FirmwareDevice(board, content) {
    bench_storage_start = bytes_.data() + board.storage().offset;
    bench_storage_end = bench_storage_start + board.storage().size_bytes;
    internal_storage_init();
  }

  void read(uint32_t offset, std::span<uint8_t> out) override {
    charge_read(out.size());
    check(internal_storage_read_blocks(out.data(), kPart1StartBlock + offset / kBlock,
                                       static_cast<uint32_t>(out.size() / kBlock)));
  }
  void write(uint32_t offset, std::span<const uint8_t> data) override {
    check(internal_storage_write_blocks(data.data(), kPart1StartBlock + offset / kBlock,
                                        static_cast<uint32_t>(data.size() / kBlock)));
    run_systick();
  }
  void read_raw(uint32_t offset, std::span<uint8_t> out) override {
    charge_read(out.size());
    check(flash_bdev_readblocks_ext(out.data(), offset / kBlock, offset % kBlock,
                                    static_cast<uint32_t>(out.size())));
  }
  void program(uint32_t offset, std::span<const uint8_t> data) override {
    check(flash_bdev_writeblocks_ext(data.data(), offset / kBlock, offset % kBlock,
                                     static_cast<uint32_t>(data.size())));
    run_systick();
  }
  void erase_block(uint32_t) override {}
  bool erases_blocks() const override { return false; }
  void sync() override {
    internal_storage_flush();
    run_systick();
  }

 private:
  void run_interrupt() override { internal_FLASH_IRQHandler(); }
  void charge_read(size_t bytes) { clock_.work_ns(bytes * board_.part->read_ps_per_byte / 1000); }
};

// ---- Serial chip behind QUADSPI

// drivers/bus/qspi.h
struct QspiProto {
  int (*ioctl)(void* self, uint32_t command, uintptr_t argument);
  int (*write_cmd_data)(void* self, uint8_t command, size_t length, uint32_t data);
  int (*write_cmd_addr_data)(void* self, uint8_t command, uint32_t address, size_t length,
                             const uint8_t* src);
  int (*read_cmd)(void* self, uint8_t command, size_t length, uint32_t* dest);
  int (*read_cmd_qaddr_qdata)(void* self, uint8_t command, uint32_t address, uint8_t dummy_bytes,
                              size_t length, uint8_t* dest);
};

// drivers/memory/spiflash.h and storage.h, with the cache on.
struct SpiflashCache {
  alignas(4) uint8_t buffer[4096];
  void* user;
  uint32_t block;
};
struct SpiflashConfig {
  uint32_t bus_kind;
  union {
    struct {
      int cs;
      void* data;
      const void* proto;
    } spi;
    struct {
      void* data;
      const QspiProto* proto;
    } qspi;
  } bus;
  SpiflashCache* cache;
};
struct SpiBdev {
  const SpiflashConfig* config;
  volatile uint32_t flags;
  uint32_t last_write;
};

}  // namespace

}  // namespace bench

extern "C" {
bench::SpiBdev bench_spi_bdev;
uint32_t bench_block_count;
uint32_t bench_spiflash_config;
}

namespace bench {

namespace {

class SerialFirmware final : public FirmwareDevice {
 public:
  SerialFirmware(const boards::Board& board, std::span<const uint8_t> content)
      : FirmwareDevice(board, content),
        space_(clock_, violations_),
        chip_(sim::w25q256jv(), cells_, clock_, violations_),
        controller_(chip_, clock_, violations_, kKernelHz),
        bus_({.register_base = kRegisters,
              .window_address = kWindow,
              .prescaler = 1,
              .cs_high_cycles = 2,
              .platform = {&clock_, [](void* clock) { return static_cast<sim::Clock*>(clock)->now_us(); },
                           [](void* clock) { static_cast<sim::Clock*>(clock)->wait_ns(1'000'000); },
                           [](void*, uint32_t, uint32_t) {}}},
             sim::ModelMmio(space_)),
        config_(low_memory<SpiflashConfig>(1)) {
    space_.map(kRegisters, sim::QuadSpi::kRegisterBytes, controller_);
    space_.map(kWindow, sim::QuadSpi::kWindowBytes, controller_.window());
    check(bus_.open().value());
    config_->bus_kind = 1;  // MP_SPIFLASH_BUS_QSPI
    config_->bus.qspi = {this, &kProto};
    config_->cache = low_memory<SpiflashCache>(1);
    config_->cache->block = UINT32_MAX;
    bench_spiflash_config = static_cast<uint32_t>(reinterpret_cast<uintptr_t>(config_));
    bench_block_count = board.storage().size_bytes / kBlock;
    storage_init();
  }

  void read(uint32_t offset, std::span<uint8_t> out) override {
    check(storage_read_blocks(out.data(), kPart1StartBlock + offset / kBlock,
                              static_cast<uint32_t>(out.size() / kBlock)));
  }
  void write(uint32_t offset, std::span<const uint8_t> data) override {
    check(storage_write_blocks(data.data(), kPart1StartBlock + offset / kBlock,
                               static_cast<uint32_t>(data.size() / kBlock)));
    run_systick();
  }
  void read_raw(uint32_t offset, std::span<uint8_t> out) override {
    check(spi_bdev_readblocks_raw(&bench_spi_bdev, out.data(), offset / kNative, offset % kNative,
                                  static_cast<uint32_t>(out.size())));
  }
  void program(uint32_t offset, std::span<const uint8_t> data) override {
    check(spi_bdev_writeblocks_raw(&bench_spi_bdev, data.data(), offset / kNative, offset % kNative,
                                   static_cast<uint32_t>(data.size())));
    run_systick();
  }
  void erase_block(uint32_t offset) override {
    check(spi_bdev_eraseblocks_raw(&bench_spi_bdev, offset / kNative, kNative));
    run_systick();
  }
  void sync() override {
    storage_flush();
    run_systick();
  }

 private:
  static constexpr uint32_t kNative = 4096;
  static constexpr uint64_t kKernelHz = 200'000'000;
  static constexpr uint32_t kRegisters = 0x52005000, kWindow = 0x90000000;
  static const QspiProto kProto;

  void run_interrupt() override { FLASH_IRQHandler(); }

  static int execute(void* self, const drivers::NorCommand& command) {
    return static_cast<SerialFirmware*>(self)->bus_.execute(command).value();
  }
  static uint8_t address_bytes(uint32_t address) { return (address & 0xFF000000) != 0 ? 4 : 3; }

  static int ioctl(void*, uint32_t, uintptr_t) { return 0; }
  static int write_cmd_data(void* self, uint8_t opcode, size_t length, uint32_t data) {
    std::array<uint8_t, 4> bytes;
    std::memcpy(bytes.data(), &data, bytes.size());
    drivers::NorCommand command;
    command.opcode = opcode;
    command.out = std::span<const uint8_t>(bytes).first(length);
    return execute(self, command);
  }
  static int write_cmd_addr_data(void* self, uint8_t opcode, uint32_t address, size_t length,
                                 const uint8_t* src) {
    drivers::NorCommand command;
    command.opcode = opcode;
    command.address_bytes = address_bytes(address);
    command.address = address;
    command.out = {src, length};
    return execute(self, command);
  }
  // The driver polls the chip a hundred thousand times for an erase. What it sees is the same if time jumps
  // to the moment when the answer changes.
  static int read_cmd(void* self, uint8_t opcode, size_t length, uint32_t* dest) {
    constexpr uint8_t kReadStatus = 0x05;
    auto* device = static_cast<SerialFirmware*>(self);
    while (opcode == kReadStatus && device->chip_.is_busy()) device->clock_.wait_ns(1'000'000);
    std::array<uint8_t, 4> bytes{};
    drivers::NorCommand command;
    command.opcode = opcode;
    command.in = std::span(bytes).first(length);
    const int status = execute(self, command);
    std::memcpy(dest, bytes.data(), bytes.size());
    return status;
  }
  static int read_cmd_qaddr_qdata(void* self, uint8_t opcode, uint32_t address, uint8_t dummy_bytes,
                                  size_t length, uint8_t* dest) {
    drivers::NorCommand command;
    command.opcode = opcode;
    command.address_bytes = address_bytes(address);
    command.address_lines = command.data_lines = 4;
    command.mode_bytes = 1;
    command.dummy_cycles = static_cast<uint8_t>(2 * dummy_bytes);
    command.address = address;
    command.in = {dest, length};
    return execute(self, command);
  }

  sim::Violations violations_;
  sim::AddressSpace space_;
  sim::NorChip chip_;
  sim::QuadSpi controller_;
  drivers::Stm32QuadSpi<sim::ModelMmio> bus_;
  SpiflashConfig* config_;
};

const QspiProto SerialFirmware::kProto = {ioctl, write_cmd_data, write_cmd_addr_data, read_cmd,
                                          read_cmd_qaddr_qdata};

}  // namespace

bool has_firmware(const boards::Board& board) {
  return board.part->jedec_id == 0 || board.part->jedec_id == 0xEF4019;
}

std::unique_ptr<Device> make_firmware_device(const boards::Board& board, std::span<const uint8_t> content) {
  if (board.part->jedec_id == 0) return std::make_unique<InternalFirmware>(board, content);
  return std::make_unique<SerialFirmware>(board, content);
}

}  // namespace bench
