#include "drivers/arm/guest_cpu.h"

#include <elf.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <vector>

#include "drivers/arm/guest_port.h"

namespace drivers::arm {

namespace {

// A call returns to here, where nothing is executed any more.
constexpr uint32_t kReturnPage = 0x0F000000;
constexpr uint32_t kPageBytes = 0x1000;

constexpr uint32_t kSystemControl = 0xE000E000;
constexpr uint32_t kConfigurationControl = 0xD14;  // SCB->CCR
constexpr uint32_t kBusFaultIgnore = 1u << 8;      // BFHFNMIGN
constexpr uint32_t kFaultStatus = 0xD28;           // SCB->CFSR, a 1 clears
constexpr uint32_t kPreciseError = 1u << 9;        // PRECISERR

// No call of these tests takes long; one that does not end is a fault of the driver.
constexpr uint64_t kCallLimitUs = 20'000'000;

constexpr uint64_t kLongestYieldNs = 10'000'000;

void check(uc_err error) {
  if (error != UC_ERR_OK) throw std::runtime_error(uc_strerror(error));
}

template <class T>
T part_of(std::span<const char> bytes, size_t offset) {
  T part;
  std::memcpy(&part, bytes.subspan(offset, sizeof(T)).data(), sizeof(T));
  return part;
}

}  // namespace

GuestCpu::GuestCpu(uc_cpu_arm core, const std::string& elf_path, sim::AddressSpace& space) : space_(space) {
  check(uc_open(UC_ARCH_ARM, static_cast<uc_mode>(UC_MODE_THUMB | UC_MODE_MCLASS), &engine_));
  check(uc_ctl_set_cpu_model(engine_, core));
  check(uc_mem_map(engine_, kRamBase, kRamSizeBytes, UC_PROT_ALL));
  check(uc_mem_map(engine_, kReturnPage, kPageBytes, UC_PROT_ALL));
  map_window(kPortBase, kPortSizeBytes, load_port, store_port);
  map_window(kSystemControl, kPageBytes, load_system, store_system);
  load_elf(elf_path);
}

GuestCpu::~GuestCpu() {
  if ((configuration_control_ & kBusFaultIgnore) != 0) space_.end_guard();
  uc_close(engine_);
}

void GuestCpu::map_hardware(uint32_t base, uint32_t size_bytes) {
  map_window(base, size_bytes, load_hardware, store_hardware);
}

void GuestCpu::map_window(uint32_t base, uint32_t size_bytes, uc_cb_mmio_read_t load,
                          uc_cb_mmio_write_t store) {
  windows_.push_back({this, base});
  check(uc_mmio_map(engine_, base, size_bytes, load, &windows_.back(), store, &windows_.back()));
}

void GuestCpu::load_elf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot open " + path);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const auto header = part_of<Elf32_Ehdr>(bytes, 0);
  for (size_t i = 0; i < header.e_phnum; ++i) {
    const auto segment = part_of<Elf32_Phdr>(bytes, header.e_phoff + i * sizeof(Elf32_Phdr));
    if (segment.p_type != PT_LOAD) continue;
    check(uc_mem_write(engine_, segment.p_paddr, bytes.data() + segment.p_offset, segment.p_filesz));
  }
  for (size_t i = 0; i < header.e_shnum; ++i) {
    const auto section = part_of<Elf32_Shdr>(bytes, header.e_shoff + i * sizeof(Elf32_Shdr));
    if (section.sh_type != SHT_SYMTAB) continue;
    const auto names = part_of<Elf32_Shdr>(bytes, header.e_shoff + section.sh_link * sizeof(Elf32_Shdr));
    for (size_t at = 0; at < section.sh_size; at += sizeof(Elf32_Sym)) {
      const auto symbol = part_of<Elf32_Sym>(bytes, section.sh_offset + at);
      symbols_[bytes.data() + names.sh_offset + symbol.st_name] = symbol.st_value;
    }
  }
}

uint32_t GuestCpu::address_of(const std::string& symbol) const {
  return symbols_.at(symbol) & ~1u;
}

void GuestCpu::write_ram(uint32_t address, std::span<const uint8_t> bytes) {
  check(uc_mem_write(engine_, address, bytes.data(), bytes.size()));
}

void GuestCpu::read_ram(uint32_t address, std::span<uint8_t> bytes) {
  check(uc_mem_read(engine_, address, bytes.data(), bytes.size()));
}

std::optional<int32_t> GuestCpu::call(const std::string& function, std::array<uint32_t, 3> arguments) {
  const uint32_t stack = kRamBase + kRamSizeBytes;
  const uint32_t link = kReturnPage | 1;
  check(uc_reg_write(engine_, UC_ARM_REG_SP, &stack));
  check(uc_reg_write(engine_, UC_ARM_REG_LR, &link));
  for (size_t i = 0; i < arguments.size(); ++i) {
    check(uc_reg_write(engine_, UC_ARM_REG_R0 + static_cast<int>(i), &arguments[i]));
  }
  check(uc_emu_start(engine_, address_of(function) | 1, kReturnPage, kCallLimitUs, 0));
  if (!has_power_) return std::nullopt;
  uint32_t counter = 0;
  check(uc_reg_read(engine_, UC_ARM_REG_PC, &counter));
  if ((counter & ~1u) != kReturnPage) throw std::runtime_error(function + " does not end");
  int32_t result = 0;
  check(uc_reg_read(engine_, UC_ARM_REG_R0, &result));
  return result;
}

uint64_t GuestCpu::load_hardware(uc_engine*, uint64_t offset, unsigned width, void* window) {
  const auto& [cpu, base] = *static_cast<Window*>(window);
  cpu->space_.clock().pass_ns(cpu->access_ns_);
  return cpu->has_power_ ? cpu->space_.load(base + static_cast<uint32_t>(offset), width) : 0;
}

// The emulator stops a little later than it is told to: what the CPU does until then happens without
// power, and reaches nothing.
void GuestCpu::store_hardware(uc_engine* engine, uint64_t offset, unsigned width, uint64_t value,
                              void* window) {
  const auto& [cpu, base] = *static_cast<Window*>(window);
  if (!cpu->has_power_) return;
  cpu->space_.clock().pass_ns(cpu->access_ns_);
  cpu->space_.store(base + static_cast<uint32_t>(offset), value, width);
  ++cpu->stores_;
  if (cpu->stores_left_ && --*cpu->stores_left_ == 0) {
    cpu->has_power_ = false;
    uc_emu_stop(engine);
  }
}

uint64_t GuestCpu::load_port(uc_engine*, uint64_t offset, unsigned, void* window) {
  GuestCpu* cpu = static_cast<Window*>(window)->cpu;
  if (offset == kPortNowHigh) return cpu->frozen_now_us_ >> 32;
  cpu->space_.clock().pass_ns(cpu->access_ns_);
  cpu->frozen_now_us_ = cpu->space_.clock().now_us();
  return cpu->frozen_now_us_ & 0xFFFFFFFF;
}

void GuestCpu::store_port(uc_engine*, uint64_t offset, unsigned, uint64_t, void* window) {
  GuestCpu* cpu = static_cast<Window*>(window)->cpu;
  if (!cpu->has_power_) return;
  if (offset == kPortYield) cpu->space_.clock().wait_ns(kLongestYieldNs);
  if (offset == kPortChanged) ++cpu->changes_;
}

uint64_t GuestCpu::load_system(uc_engine*, uint64_t offset, unsigned, void* window) {
  GuestCpu* cpu = static_cast<Window*>(window)->cpu;
  if (offset == kConfigurationControl) return cpu->configuration_control_;
  if (offset != kFaultStatus) return 0;
  cpu->collect_faults();
  return cpu->fault_status_;
}

// The address space tells at the end of a guarded stretch whether there was a bus error in it; the program
// may ask before.
void GuestCpu::collect_faults() {
  if ((configuration_control_ & kBusFaultIgnore) == 0) return;
  if (!space_.end_guard()) fault_status_ |= kPreciseError;
  space_.begin_guard();
}

void GuestCpu::store_system(uc_engine*, uint64_t offset, unsigned, uint64_t value, void* window) {
  GuestCpu* cpu = static_cast<Window*>(window)->cpu;
  if (offset == kFaultStatus) {
    cpu->collect_faults();
    cpu->fault_status_ &= ~static_cast<uint32_t>(value);
  }
  if (offset != kConfigurationControl) return;
  const bool was_guarded = (cpu->configuration_control_ & kBusFaultIgnore) != 0;
  const bool is_guarded = (value & kBusFaultIgnore) != 0;
  cpu->configuration_control_ = static_cast<uint32_t>(value);
  if (is_guarded && !was_guarded) cpu->space_.begin_guard();
  if (was_guarded && !is_guarded && !cpu->space_.end_guard()) cpu->fault_status_ |= kPreciseError;
}

}  // namespace drivers::arm
