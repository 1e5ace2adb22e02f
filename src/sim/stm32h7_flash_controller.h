// The flash controller of STM32H743/H747 (RM0433 and RM0399, chapter 4): two banks, flash words of
// 256 bits with ECC, a write buffer and a queue of one a bank.
//
// Not modelled: option bytes, CRC, write protection areas other than by protect_sector(), RDP/PCROP.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <span>
#include <unordered_set>

#include "sim/bus.h"
#include "sim/cells.h"
#include "sim/clock.h"
#include "sim/key_lock.h"
#include "sim/violations.h"

namespace sim {

// Durations by PSIZE (x8, x16, x32, x64).
struct Stm32H7FlashTimes {
  std::array<uint64_t, 4> erase_sector_ns;
  std::array<uint64_t, 4> program_word_ns;
};

class Stm32H7FlashController {
 public:
  static constexpr uint32_t kRegisterBytes = 0x200;
  static constexpr uint32_t kWordBytes = 32;

  // `cells`: 16 sectors of 128 KiB, words of 32 bytes with ECC.
  Stm32H7FlashController(Cells& cells, const Stm32H7FlashTimes& times, Clock& clock, Violations& violations);
  ~Stm32H7FlashController();

  BusDevice& registers() { return registers_; }  // at 0x52002000
  BusDevice& array() { return array_; }          // at 0x08000000

  // Power-up or a system reset: registers, buffers and queues are as after either.
  void reset();

  // What tests do to it.
  void set_stuck_busy(bool stuck);  // an operation that begins does not end until this is taken back
  void set_error(unsigned bank, uint32_t status_bits) { banks_[bank].status |= status_bits; }
  void protect_sector(unsigned bank, unsigned sector, bool on);
  void weaken_word(uint32_t offset);  // reads with one wrong bit that ECC corrects, until erased

 private:
  class Registers : public BusDevice {
   public:
    explicit Registers(Stm32H7FlashController& owner) : owner_(owner) {}
    uint64_t load(uint32_t offset, unsigned width) override;
    void store(uint32_t offset, uint64_t value, unsigned width) override;
    using BusDevice::raise_bus_error;

   private:
    Stm32H7FlashController& owner_;
  };
  class Array : public MemoryDevice {
   public:
    explicit Array(Stm32H7FlashController& owner) : owner_(owner) {}
    void store(uint32_t offset, uint64_t value, unsigned width) override;
    void load_block(uint32_t offset, std::span<uint8_t> out) override;
    using BusDevice::raise_bus_error;

   private:
    Stm32H7FlashController& owner_;
  };

  // The flags that an operation leaves appear with its end.
  struct Completion {
    uint64_t at_ns;
    uint32_t flags;
  };

  struct Bank {
    uint32_t control = 0;  // CR without what its lock says
    KeyLock lock = kControlLock;
    uint32_t status = 0;  // the flags that stay until cleared
    uint32_t failed_word = 0;
    uint32_t protected_sectors = 0;
    uint32_t sectors_to_protect = 0;  // WPSN_PRG: takes effect with OPTSTART
    // The write buffer.
    std::array<uint8_t, kWordBytes> buffer{};
    uint32_t buffer_mask = 0;  // a bit a byte
    uint32_t buffer_word = 0;
    // Programs and erases run one after the other.
    uint64_t first_done_ns = 0;  // the operation that runs
    uint64_t all_done_ns = 0;    // and the one that waits, if there is one
    std::deque<Completion> completions;
  };

  unsigned bank_of(uint32_t offset) const { return offset < bank_bytes_ ? 0 : 1; }
  bool is_busy(const Bank& bank) const { return clock_.now_ns() < bank.all_done_ns; }
  void settle(Bank& bank);
  void stall_until(uint64_t at_ns);
  void schedule(Bank& bank, uint64_t duration_ns, bool succeeds);
  uint32_t status_of(Bank& bank);

  void store_key(unsigned bank, uint32_t value, unsigned width);
  void store_control(unsigned bank, uint32_t value);
  void store_option_control(uint32_t value);
  void clear_flags(Bank& bank, uint32_t flags);
  void start_erase(unsigned bank);
  void erase_sectors(unsigned bank, unsigned first, unsigned count);
  void store_array(uint32_t offset, uint64_t value, unsigned width);
  void drop_buffer(Bank& bank) { bank.buffer_mask = 0; }
  void program_buffer(unsigned bank);
  void read_array(uint32_t offset, std::span<uint8_t> out);
  void note_ecc(uint32_t offset, size_t length, bool double_error);
  void violation(const char* where, const char* what) { violations_.add(clock_.now_ns(), where, what); }

  Cells& cells_;
  Stm32H7FlashTimes times_;
  Clock& clock_;
  Violations& violations_;
  uint32_t bank_bytes_;
  std::array<Bank, 2> banks_;
  uint32_t access_control_ = 0;
  KeyLock option_lock_ = kOptionLock;
  uint64_t options_done_ns_ = 0;
  bool stuck_busy_ = false;
  std::unordered_set<uint32_t> weak_words_;
  Registers registers_{*this};
  Array array_{*this};
};

}  // namespace sim
