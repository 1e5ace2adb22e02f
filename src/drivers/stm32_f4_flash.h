// The flash inside STM32F42x and STM32F76x: one controller in two generations (RM0090, 3; RM0410, 3).
//
// While an operation runs, every read of the same bank stalls the bus until it ends, instruction fetches
// too. With one bank the whole CPU stands still for an erase unless it runs from RAM or its caches; a
// timer that counts ticks in an interrupt then runs slow, and so do the time limits below.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "drivers/bounded_wait.h"
#include "drivers/mmio.h"
#include "drivers/register_file.h"
#include "drivers/stm32_f4_flash_registers.h"
#include "drivers/stm32_flash_array.h"
#include "flash/nor_flash.h"

namespace drivers {

// The longest that the erase of a sector may take.
struct EraseLimit {
  uint32_t sector_size_bytes;
  uint32_t maximum_us;
};

// What differs between the generations.
struct Stm32F42x {
  static constexpr Bits<stm32_f4::Sr> kErrors =
      stm32_f4::Sr::kOperationError | stm32_f4::Sr::kWriteProtection | stm32_f4::Sr::kAlignment |
      stm32_f4::Sr::kParallelism | stm32_f4::Sr::kF4Sequence | stm32_f4::Sr::kF4ReadProtection;

  static constexpr Bits<stm32_f4::Acr> kCaches =
      stm32_f4::Acr::kF4InstructionCache | stm32_f4::Acr::kF4DataCache;
  static constexpr Bits<stm32_f4::Acr> kCacheResets =
      stm32_f4::Acr::kF4InstructionCacheReset | stm32_f4::Acr::kF4DataCacheReset;

  // ES0206, 2.2.15: with two banks, reads of one while the other is written can corrupt the data cache.
  // It therefore stays off for the whole operation. (ES0206, 2.2.14 - a busy PA12 corrupts reads of the
  // second bank - can be worked around by the choice of pins only.)
  static constexpr Bits<stm32_f4::Acr> kOffWhileBusy = stm32_f4::Acr::kF4DataCache;

  // At x8, the slowest: DS8626, table 40; DocID024030, table 48.
  static constexpr std::array<EraseLimit, 3> kEraseLimits = {
      {{16 * 1024, 800'000}, {64 * 1024, 2'400'000}, {128 * 1024, 4'000'000}}};
  static constexpr uint32_t kProgramLimitUs = 100;
};

struct Stm32F76x {
  static constexpr Bits<stm32_f4::Sr> kErrors = stm32_f4::Sr::kOperationError |
                                                stm32_f4::Sr::kWriteProtection | stm32_f4::Sr::kAlignment |
                                                stm32_f4::Sr::kParallelism | stm32_f4::Sr::kF7EraseSequence;

  static constexpr Bits<stm32_f4::Acr> kCaches = stm32_f4::Acr::kF7Accelerator;
  static constexpr Bits<stm32_f4::Acr> kCacheResets = stm32_f4::Acr::kF7AcceleratorReset;
  static constexpr Bits<stm32_f4::Acr> kOffWhileBusy = {};

  // As programmers of the part use them. The sectors of two banks (nDBANK = 0) are half as large.
  static constexpr std::array<EraseLimit, 3> kEraseLimits = {
      {{32 * 1024, 800'000}, {128 * 1024, 2'400'000}, {256 * 1024, 4'000'000}}};
  static constexpr uint32_t kProgramLimitUs = 100;
};

struct Stm32F4FlashConfig {
  uint32_t register_base;
  uint32_t array_address;
  flash::Geometry geometry;
  Platform platform;

  // The numbers of the second bank start at 16 (RM0090, 3.9.8). 8 on an F42x of 1 MB with DB1M = 1.
  uint32_t sectors_per_bank = 12;
};

// The controller belongs to this object: CR is written as a whole, so interrupts that other code enabled
// in it are off after an operation. CR is locked after every operation, also where it was found unlocked;
// but for one case, see Unlocked.
template <Mmio M, class Family>
class Stm32F4Flash final : public flash::NorFlash {
 public:
  Stm32F4Flash(const Stm32F4FlashConfig& config, M mmio = {})
      : NorFlash(config.geometry),
        registers_(mmio, config.register_base),
        array_address_(config.array_address),
        sectors_per_bank_(config.sectors_per_bank),
        platform_(config.platform) {}

 private:
  using Acr = stm32_f4::Acr;
  using Cr = stm32_f4::Cr;
  using Keyr = stm32_f4::Keyr;
  using Sr = stm32_f4::Sr;
  using Registers = RegisterFile<M>;

  // Nothing here starts an operation without waiting for its end; BSY at the entry is what an operation
  // left that timed out, or somebody else.
  static constexpr uint32_t kLongestOperationUs = Family::kEraseLimits.back().maximum_us;

  // CR unlocked for one operation.
  class Unlocked {
   public:
    explicit Unlocked(Registers& registers) : registers_(registers) {
      if (!is_locked()) return;  // keys would be one too many, and lock until reset
      // If somebody used a wrong key before, these are answered by a bus error, and LOCK stays.
      registers_.mmio().begin_guarded_read();
      registers_.write(Keyr::kFirst);
      registers_.write(Keyr::kSecond);
      static_cast<void>(registers_.mmio().end_guarded_read());
    }

    // After a timeout, a write to CR would stall the bus for as long as the hardware is stuck
    // (RM0090, 3.6.1). CR then stays open until the end of the next operation.
    ~Unlocked() {
      if (is_locked() || (registers_.template read<Sr>() & Sr::kBusy).any()) return;
      registers_.write(Cr::kParallelism32);
      registers_.write(Cr::kLock | Cr::kParallelism32);
    }

    Unlocked(const Unlocked&) = delete;
    Unlocked& operator=(const Unlocked&) = delete;

    bool is_locked() { return (registers_.template read<Cr>() & Cr::kLock).any(); }

   private:
    Registers& registers_;
  };

  // The caches of the flash interface know nothing of an erase, and after a program over a word that was
  // not blank the data cache holds what was stored instead of what the cells made of it. They are
  // emptied at the end; that needs them off (RM0090, 3.5.2).
  class CachesEmptiedAfter {
   public:
    explicit CachesEmptiedAfter(Registers& registers)
        : registers_(registers), found_(registers.template read<Acr>() & ~Family::kCacheResets) {
      if (Family::kOffWhileBusy.any()) registers_.write(found_ & ~Family::kOffWhileBusy);
    }

    ~CachesEmptiedAfter() {
      const Bits<Acr> off = found_ & ~Family::kCaches;
      registers_.write(off);
      registers_.write(off | Family::kCacheResets);
      registers_.write(off);
      registers_.write(found_);
      registers_.mmio().barrier();
    }

    CachesEmptiedAfter(const CachesEmptiedAfter&) = delete;
    CachesEmptiedAfter& operator=(const CachesEmptiedAfter&) = delete;

   private:
    Registers& registers_;
    Bits<Acr> found_;
  };

  flash::Status do_read(uint32_t offset, uint8_t* out, uint32_t length) override {
    FLASH_TRY(prepare());
    memory_changed(offset, length);  // a second read is to be one of the cells
    for (std::span<uint8_t> rest(out, length); !rest.empty();) {
      const std::span<uint8_t> piece = first_piece(offset, rest);
      FLASH_TRY(guarded_read(offset, piece));
      offset += static_cast<uint32_t>(piece.size());
      rest = rest.subspan(piece.size());
    }
    return {};
  }

  flash::Status do_program(uint32_t offset, const uint8_t* data, uint32_t length) override {
    FLASH_TRY(prepare());
    const flash::Status status = program_words(offset, {data, length});
    memory_changed(offset, length);
    if (!status.ok()) return status;
    return check_cells(offset, length, [data](uint32_t at, uint8_t cell) { return (cell & ~data[at]) == 0; });
  }

  flash::Status do_erase(uint32_t offset, uint32_t length) override {
    uint32_t begin = 0;
    uint32_t index = 0;
    for (const flash::Region& region : geometry().regions) {
      for (uint32_t i = 0; i < region.sector_count; ++i, ++index, begin += region.sector_size_bytes) {
        if (begin < offset || begin - offset >= length) continue;
        FLASH_TRY(erase_sector({begin, region.sector_size_bytes}, index));
      }
    }
    return {};
  }

  flash::Status erase_sector(const flash::Sector& sector, uint32_t index) {
    FLASH_TRY(prepare());
    const flash::Status status = command_erase(sector.size_bytes, index);
    memory_changed(sector.offset, sector.size_bytes);
    if (!status.ok()) return status;
    return check_cells(sector.offset, sector.size_bytes, [](uint32_t, uint8_t cell) { return cell == 0xFF; });
  }

  flash::Status command_erase(uint32_t sector_size_bytes, uint32_t index) {
    CachesEmptiedAfter caches(registers_);
    Unlocked unlocked(registers_);
    if (unlocked.is_locked()) return flash::Error::kIo;
    const Bits<Cr> command = Cr::kSectorErase | Cr::kParallelism32 |
                             Cr::sector(index / sectors_per_bank_, index % sectors_per_bank_);
    registers_.write(command);
    registers_.write(command | Cr::kStart);
    registers_.mmio().barrier();
    return finish(erase_limit_us(sector_size_bytes));
  }

  // No interrupt need be masked: each word is an operation of its own, and the pause between two may be of
  // any length.
  flash::Status program_words(uint32_t offset, std::span<const uint8_t> data) {
    CachesEmptiedAfter caches(registers_);
    Unlocked unlocked(registers_);
    if (unlocked.is_locked()) return flash::Error::kIo;
    registers_.write(Cr::kProgram | Cr::kParallelism32);
    registers_.mmio().barrier();
    for (uint32_t at = 0; at < data.size(); at += sizeof(uint32_t)) {
      const uint32_t word = load_le32(data, at);
      if (word == kBlankWord) continue;
      registers_.mmio().write32(array_address_ + offset + at, word);
      registers_.mmio().barrier();
      FLASH_TRY(finish(Family::kProgramLimitUs));
    }
    return {};
  }

  // There is no ECC here, but protected flash may answer with a bus error (RM0090, 3.7.3).
  flash::Status guarded_read(uint32_t offset, std::span<uint8_t> out) {
    registers_.mmio().begin_guarded_read();
    registers_.mmio().read_memory(array_address_ + offset, out);
    const bool clean = registers_.mmio().end_guarded_read();
    FLASH_TRY(take_errors());
    if (!clean) return flash::Error::kIo;
    return {};
  }

  // Ready for an operation whose flags are its own: flags stay until somebody clears them, and a stale one
  // would be taken for a failure.
  flash::Status prepare() {
    constexpr Bits<Sr> kStale = Family::kErrors | Sr::kEndOfOperation;
    // Mostly there is nothing to do, and a short read is not much more than this access.
    if (!(registers_.template read<Sr>() & (Sr::kBusy | kStale)).any()) return {};
    FLASH_TRY(wait_idle(kLongestOperationUs));
    registers_.write(kStale);
    return {};
  }

  flash::Status finish(uint32_t limit_us) {
    FLASH_TRY(wait_idle(limit_us));
    return take_errors();
  }

  flash::Status wait_idle(uint32_t limit_us) {
    return wait_while(platform_, limit_us,
                      [this] { return (registers_.template read<Sr>() & Sr::kBusy).any(); });
  }

  flash::Status take_errors() {
    const Bits<Sr> errors = registers_.template read<Sr>() & Family::kErrors;
    if (!errors.any()) return {};
    registers_.write(errors);
    return flash::Error::kIo;
  }

  // The controller has no flag for cells that did not obey (OPERR only repeats the others: RM0090,
  // 3.9.6), so they are looked at.
  template <class Expected>
  flash::Status check_cells(uint32_t offset, uint32_t length, Expected expected) {
    std::array<uint8_t, 64> cells;
    for (uint32_t at = 0; at < length;) {
      const std::span<uint8_t> part = std::span(cells).first(std::min<size_t>(cells.size(), length - at));
      FLASH_TRY(guarded_read(offset + at, part));
      for (const uint8_t cell : part) {
        if (!expected(at++, cell)) return flash::Error::kIo;
      }
    }
    return {};
  }

  static uint32_t erase_limit_us(uint32_t sector_size_bytes) {
    for (const EraseLimit& limit : Family::kEraseLimits) {
      if (sector_size_bytes <= limit.sector_size_bytes) return limit.maximum_us;
    }
    return kLongestOperationUs;
  }

  void memory_changed(uint32_t offset, uint32_t size_bytes) {
    platform_.memory_changed(platform_.context, array_address_ + offset, size_bytes);
  }

  Registers registers_;
  uint32_t array_address_;
  uint32_t sectors_per_bank_;
  Platform platform_;
};

}  // namespace drivers
