// A Cortex-M that executes one program from RAM and sees the models where the camera has hardware.
#pragma once

#include <unicorn/unicorn.h>

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "sim/bus.h"
#include "sim/clock.h"

namespace drivers::arm {

class GuestCpu {
 public:
  GuestCpu(uc_cpu_arm core, const std::string& elf_path, sim::AddressSpace& space);
  ~GuestCpu();
  GuestCpu(const GuestCpu&) = delete;
  GuestCpu& operator=(const GuestCpu&) = delete;

  // The CPU's accesses to these addresses go to the address space, and count as stores if they are.
  void map_hardware(uint32_t base, uint32_t size_bytes);

  // What each access outside of RAM takes of the CPU's time; a program that polls would see no time pass
  // else.
  void set_access_ns(uint64_t ns) { access_ns_ = ns; }

  // Calls a function of the program and returns what it returns; nothing if the power failed first.
  // A CPU without power stays where it is: power on means a new one.
  std::optional<int32_t> call(const std::string& function, std::array<uint32_t, 3> arguments);

  uint32_t address_of(const std::string& symbol) const;
  void write_ram(uint32_t address, std::span<const uint8_t> bytes);
  void read_ram(uint32_t address, std::span<uint8_t> bytes);

  // The power fails right after the n-th store to the hardware from now on (1 = the next one).
  void fail_power_after_store(uint64_t n) { stores_left_ = n; }
  bool has_power() const { return has_power_; }
  uint64_t stores() const { return stores_; }

  // How often the program said that memory changed behind its caches.
  uint64_t changes() const { return changes_; }

 private:
  struct Window {
    GuestCpu* cpu;
    uint32_t base;
  };

  void load_elf(const std::string& path);
  void collect_faults();
  void map_window(uint32_t base, uint32_t size_bytes, uc_cb_mmio_read_t load, uc_cb_mmio_write_t store);

  static uint64_t load_hardware(uc_engine*, uint64_t offset, unsigned width, void* window);
  static void store_hardware(uc_engine*, uint64_t offset, unsigned width, uint64_t value, void* window);
  static uint64_t load_port(uc_engine*, uint64_t offset, unsigned width, void* window);
  static void store_port(uc_engine*, uint64_t offset, unsigned width, uint64_t value, void* window);
  static uint64_t load_system(uc_engine*, uint64_t offset, unsigned width, void* window);
  static void store_system(uc_engine*, uint64_t offset, unsigned width, uint64_t value, void* window);

  uc_engine* engine_ = nullptr;
  sim::AddressSpace& space_;
  std::map<std::string, uint32_t> symbols_;
  std::deque<Window> windows_;
  uint64_t access_ns_ = 0;
  uint64_t frozen_now_us_ = 0;
  uint32_t configuration_control_ = 0;  // SCB->CCR
  uint32_t fault_status_ = 0;           // SCB->CFSR
  uint64_t stores_ = 0;
  std::optional<uint64_t> stores_left_;
  bool has_power_ = true;
  uint64_t changes_ = 0;
};

}  // namespace drivers::arm
