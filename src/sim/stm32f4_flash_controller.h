// The flash controller of STM32F42x (RM0090, chapter 3) and STM32F76x (RM0410, chapter 3): one family,
// whose differences are the data of Stm32F4FlashVariant. One bank: DB1M = 0 and nDBANK = 1.
//
// Not modelled: option bytes other than write protection, OTP, interrupts, read protection.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "sim/bus.h"
#include "sim/cells.h"
#include "sim/clock.h"
#include "sim/key_lock.h"
#include "sim/violations.h"

namespace sim {

struct Stm32F4FlashVariant {
  // Bit 7 of SR: PGSERR on F42x, ERSERR on F76x; both mean "a write the controller was not set up for".
  bool has_caches;           // F42x: ICEN, DCEN, ICRST, DCRST in ACR; their D-cache holds what was written
  uint32_t access_writable;  // bits of ACR that keep what is written
  uint32_t option_control;   // OPTCR as loaded at reset; nWRP of protected sectors are 0 in it
  // By PSIZE (x8, x16, x32, x64). Erase times are those of the sector's size.
  std::function<uint64_t(uint32_t sector_size_bytes, unsigned psize)> erase_sector_ns;
  std::array<uint64_t, 4> program_ns;

  static Stm32F4FlashVariant f42x();
  static Stm32F4FlashVariant f76x();
};

class Stm32F4FlashController {
 public:
  static constexpr uint32_t kRegisterBytes = 0x1C;

  // `cells`: the sectors of the part, words of one byte (PSIZE decides how many go at once).
  Stm32F4FlashController(Cells& cells, Stm32F4FlashVariant variant, Clock& clock, Violations& violations);
  ~Stm32F4FlashController();

  BusDevice& registers() { return registers_; }  // at 0x40023C00
  BusDevice& array() { return array_; }          // at 0x08000000

  // Power-up or a system reset.
  void reset();

  // What tests do to it.
  void set_stuck_busy(bool stuck);  // an operation that begins does not end until this is taken back
  void set_error(uint32_t status_bits) { status_ |= status_bits; }
  void protect_sector(unsigned sector, bool on);

 private:
  class Registers : public BusDevice {
   public:
    explicit Registers(Stm32F4FlashController& owner) : owner_(owner) {}
    uint64_t load(uint32_t offset, unsigned width) override;
    void store(uint32_t offset, uint64_t value, unsigned width) override;
    using BusDevice::raise_bus_error;

   private:
    Stm32F4FlashController& owner_;
  };
  class Array : public MemoryDevice {
   public:
    explicit Array(Stm32F4FlashController& owner) : owner_(owner) {}
    void store(uint32_t offset, uint64_t value, unsigned width) override;
    void load_block(uint32_t offset, std::span<uint8_t> out) override;
    using BusDevice::raise_bus_error;

   private:
    Stm32F4FlashController& owner_;
  };

  bool is_busy() const { return clock_.now_ns() < done_ns_; }
  void stall();
  void settle();
  void begin_operation(uint64_t duration_ns, bool succeeds);
  uint32_t control() const;
  uint32_t option_control() const;
  void store_option_control(uint32_t offset, uint32_t value, unsigned width);
  void store_access_control(uint32_t value);
  void store_key(uint32_t value);
  void store_control(uint32_t value);
  void start_erase();
  void erase_sectors(unsigned first, unsigned count);
  void store_array(uint32_t offset, uint64_t value, unsigned width);
  void store_half(uint32_t offset, uint32_t value);
  void program(uint32_t offset, uint64_t value, unsigned width);
  void read_array(uint32_t offset, std::span<uint8_t> out);
  void fail(uint32_t status_bits);
  void violation(const char* where, const char* what) { violations_.add(clock_.now_ns(), where, what); }

  Cells& cells_;
  Stm32F4FlashVariant variant_;
  Clock& clock_;
  Violations& violations_;
  uint32_t access_control_ = 0;
  uint32_t status_ = 0;
  uint32_t control_ = 0;  // CR without what its lock says
  KeyLock control_lock_ = kControlLock;
  uint32_t options_ = 0;  // OPTCR without what its lock and its start bit say
  KeyLock option_lock_ = kOptionLock;
  bool stuck_busy_ = false;
  uint64_t done_ns_ = 0;
  uint32_t flags_when_done_ = 0;
  // The lower word of a double word whose upper one is still to come.
  std::optional<std::pair<uint32_t, uint32_t>> lower_half_;  // offset, value
  std::vector<bool> protected_;
  // What the F4's D-cache says of lines that it holds although the array changed under them.
  std::vector<uint8_t> cached_;
  std::vector<bool> cached_lines_;
  Registers registers_{*this};
  Array array_{*this};
};

}  // namespace sim
