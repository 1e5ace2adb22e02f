// The flash inside STM32H743 and STM32H747: two banks, flash words of 256 bits with ECC (RM0433, 4).
//
// While an operation runs, reads of its bank stall the bus until it ends, instruction fetches too; the
// other bank reads on. A timer that counts ticks in an interrupt runs slow while the CPU stands still, and
// so do the time limits below.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "drivers/bounded_wait.h"
#include "drivers/mmio.h"
#include "drivers/register_file.h"
#include "drivers/stm32_flash_array.h"
#include "drivers/stm32_h7_flash_registers.h"
#include "flash/nor_flash.h"

namespace drivers {

struct Stm32H7FlashConfig {
  uint32_t register_base;
  uint32_t array_address;
  // Two banks of equal size, sectors of one size, and no gap between the banks: parts of 2 MB. In those of 1
  // MB with two banks the second one begins at 0x08100000.
  flash::Geometry geometry;
  Platform platform;
};

// The controller belongs to this object: CR is written as a whole, so interrupts that other code enabled
// in it are off after an operation. A bank is locked after every operation, also where it was found
// unlocked. WRHIGHFREQ is a matter of the clock set-up.
template <Mmio M>
class Stm32H7Flash final : public flash::NorFlash {
 public:
  Stm32H7Flash(const Stm32H7FlashConfig& config, M mmio = {})
      : NorFlash(config.geometry), config_(config), mmio_(mmio) {}

 private:
  using Ccr = stm32_h7::Ccr;
  using Cr = stm32_h7::Cr;
  using Keyr = stm32_h7::Keyr;
  using Sr = stm32_h7::Sr;
  using Registers = RegisterFile<M>;

  // At x32: DS12110, table 43.
  static constexpr uint32_t kEraseLimitUs = 2'200'000;
  static constexpr uint32_t kProgramLimitUs = 260;

  // INCERR and PGSERR must be clear before a word is stored; STRBERR, which the manual allows to ignore,
  // says that somebody else stored into our word.
  static constexpr Bits<Sr> kWriteErrors =
      Sr::kWriteProtection | Sr::kSequence | Sr::kStrobe | Sr::kInconsistency | Sr::kOperationError;
  static constexpr Bits<Sr> kReadErrors = Sr::kReadProtection | Sr::kReadSecure | Sr::kDoubleEcc;

  static constexpr uint32_t kWordBytes = 32;

  // A bank's CR unlocked for one operation.
  class Unlocked {
   public:
    explicit Unlocked(Registers& bank) : bank_(bank) {
      if (!is_locked()) return;  // keys to an unlocked CR lock it until reset (RM0433, 4.9.2)
      // If somebody used a wrong key before, these are answered by a bus error, and LOCK stays.
      bank_.mmio().begin_guarded_read();
      bank_.write(Keyr::kFirst);
      bank_.write(Keyr::kSecond);
      static_cast<void>(bank_.mmio().end_guarded_read());
    }

    // Clearing PG drops what an incomplete flash word left in the buffer.
    ~Unlocked() {
      if (is_locked()) return;
      bank_.write(Cr::kParallelism32);
      bank_.write(Cr::kLock | Cr::kParallelism32);
    }

    Unlocked(const Unlocked&) = delete;
    Unlocked& operator=(const Unlocked&) = delete;

    bool is_locked() { return (bank_.template read<Cr>() & Cr::kLock).any(); }

   private:
    Registers& bank_;
  };

  // After an error word by word, to learn which one it is: that reads as erased, and the others as they are.
  flash::Status do_read(uint32_t offset, uint8_t* out, uint32_t length) override {
    memory_changed(offset, length);  // a second read is to be one of the cells
    flash::Status error;
    for (std::span<uint8_t> rest(out, length); !rest.empty();) {
      const bool by_words = !error.ok();
      const std::span<uint8_t> piece = by_words ? first_word(offset, rest) : first_piece(offset, rest);
      Registers bank = bank_at(offset);
      FLASH_TRY(prepare(bank, kReadErrors | Sr::kSingleEcc));
      if (const flash::Status status = guarded_read(bank, offset, piece); !status.ok()) {
        error = status;
        if (!by_words) continue;
        std::fill(piece.begin(), piece.end(), uint8_t{0xFF});
      }
      offset += static_cast<uint32_t>(piece.size());
      rest = rest.subspan(piece.size());
    }
    return error;
  }

  // Each flash word is an operation of its own: nothing is held while another word, or another master,
  // is let in between.
  flash::Status do_program(uint32_t offset, const uint8_t* data, uint32_t length) override {
    const uint32_t end = offset + length;
    for (; offset != end; offset += kWordBytes, data += kWordBytes) {
      const std::span<const uint8_t, kWordBytes> word(data, kWordBytes);
      if (is_blank(word)) continue;
      Registers bank = bank_at(offset);
      FLASH_TRY(prepare(bank, kReadErrors | Sr::kSingleEcc | kWriteErrors));
      FLASH_TRY(check_blank(bank, offset));
      const flash::Status status = program_word(bank, offset, word);
      memory_changed(offset, kWordBytes);
      if (!status.ok()) return status;
    }
    return {};
  }

  flash::Status do_erase(uint32_t offset, uint32_t length) override {
    const uint32_t sector_size_bytes = geometry().largest_sector_bytes();
    for (const uint32_t end = offset + length; offset != end; offset += sector_size_bytes) {
      Registers bank = bank_at(offset);
      FLASH_TRY(prepare(bank, kWriteErrors));
      const flash::Status status = erase_sector(bank, offset % bank_size_bytes() / sector_size_bytes);
      memory_changed(offset, sector_size_bytes);
      if (!status.ok()) return status;
    }
    return {};
  }

  flash::Status erase_sector(Registers& bank, uint32_t number_in_bank) {
    Unlocked unlocked(bank);
    if (unlocked.is_locked()) return flash::Error::kIo;
    const Bits<Cr> command = Cr::kSectorErase | Cr::kParallelism32 | Cr::sector(number_in_bank);
    bank.write(command);
    bank.write(command | Cr::kStart);
    mmio_.barrier();
    return finish(bank, kEraseLimitUs);
  }

  // The eight stores must reach the controller without a store to another flash word between them, or
  // INCERR drops them (RM0433, 4.3.9). An interrupt may come between: only one that stores to this bank
  // would harm, and nobody but this object does.
  flash::Status program_word(Registers& bank, uint32_t offset, std::span<const uint8_t, kWordBytes> word) {
    Unlocked unlocked(bank);
    if (unlocked.is_locked()) return flash::Error::kIo;
    bank.write(Cr::kProgram | Cr::kParallelism32);
    mmio_.barrier();  // or the CPU may store before PG is set, which is PGSERR
    for (uint32_t at = 0; at < kWordBytes; at += sizeof(uint32_t)) {
      mmio_.write32(config_.array_address + offset + at, load_le32(word, at));
    }
    mmio_.barrier();  // or SR may be read before the word is queued
    FLASH_TRY(finish(bank, kProgramLimitUs));
    // A store that got lost leaves the buffer waiting for it.
    if ((bank.template read<Sr>() & Sr::kBufferNotEmpty).any()) return flash::Error::kIo;
    return {};
  }

  // A second program would leave the word with an ECC that does not belong to its data: a bus error at
  // each read from then on (RM0433, 4.3.9).
  flash::Status check_blank(Registers& bank, uint32_t offset) {
    std::array<uint8_t, kWordBytes> cells;
    FLASH_TRY(guarded_read(bank, offset, cells));
    if (!is_blank(cells)) return flash::Error::kIo;
    return {};
  }

  // A flash word whose program was cut by a power failure may hold two wrong bits. Each read of it is then
  // a bus error with DBECCERR: survived here, and reported. One wrong bit is corrected on the way.
  flash::Status guarded_read(Registers& bank, uint32_t offset, std::span<uint8_t> out) {
    mmio_.begin_guarded_read();
    mmio_.read_memory(config_.array_address + offset, out);
    const bool clean = mmio_.end_guarded_read();
    FLASH_TRY(take_errors(bank, kReadErrors));
    if (!clean) return flash::Error::kIo;
    return {};
  }

  static std::span<uint8_t> first_word(uint32_t offset, std::span<uint8_t> out) {
    return out.first(std::min<size_t>(out.size(), kWordBytes - offset % kWordBytes));
  }

  flash::Status prepare(Registers& bank, Bits<Sr> stale) {
    // Mostly there is nothing to do, and a short read is not much more than this access.
    if (!(bank.template read<Sr>() & (Sr::kQueueWaiting | stale)).any()) return {};
    FLASH_TRY(wait_idle(bank, kEraseLimitUs));
    bank.write(Ccr::clearing(stale));
    return {};
  }

  flash::Status finish(Registers& bank, uint32_t limit_us) {
    FLASH_TRY(wait_idle(bank, limit_us));
    return take_errors(bank, kWriteErrors);
  }

  flash::Status wait_idle(Registers& bank, uint32_t limit_us) {
    return wait_while(config_.platform, limit_us,
                      [&bank] { return (bank.template read<Sr>() & Sr::kQueueWaiting).any(); });
  }

  static flash::Status take_errors(Registers& bank, Bits<Sr> of_interest) {
    const Bits<Sr> flags = bank.template read<Sr>() & (of_interest | Sr::kSingleEcc | Sr::kEndOfOperation);
    if (flags.any()) bank.write(Ccr::clearing(flags));
    if ((flags & of_interest).any()) return flash::Error::kIo;
    return {};
  }

  static bool is_blank(std::span<const uint8_t, kWordBytes> word) {
    return std::all_of(word.begin(), word.end(), [](uint8_t cell) { return cell == 0xFF; });
  }

  uint32_t bank_size_bytes() const { return size_bytes() / 2; }

  Registers bank_at(uint32_t offset) const {
    return {mmio_, config_.register_base + offset / bank_size_bytes() * stm32_h7::kBankStride};
  }

  void memory_changed(uint32_t offset, uint32_t size_bytes) {
    config_.platform.memory_changed(config_.platform.context, config_.array_address + offset, size_bytes);
  }

  Stm32H7FlashConfig config_;
  [[no_unique_address]] M mmio_;
};

}  // namespace drivers
