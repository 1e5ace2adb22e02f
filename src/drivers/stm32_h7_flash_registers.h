// Registers of the flash interface of STM32H743 and STM32H747 (RM0433, 4.9; RM0399, 4.9). Each bank has a
// set of its own. OPTCR.SWAP_BANK exchanges the arrays and the sets together, so a set always belongs to
// the half of the array with its number.
#pragma once

#include <cstdint>

#include "drivers/register_file.h"

namespace drivers::stm32_h7 {

inline constexpr uint32_t kBankStride = 0x100;

// Both keys, in this order, clear CR.LOCK. A wrong or a third key, and a write to another register of the
// bank between the two, are a bus error and lock CR until reset (4.9.2).
struct Keyr {
  static constexpr uint32_t kOffset = 0x04;
  static constexpr Bits<Keyr> kFirst = {0x45670123};
  static constexpr Bits<Keyr> kSecond = {0xCDEF89AB};
};

// Control (4.9.4). Every field needs LOCK = 0.
struct Cr {
  static constexpr uint32_t kOffset = 0x0C;
  static constexpr Bits<Cr> kLock = Bits<Cr>::bit(0);         // LOCK, set-only
  static constexpr Bits<Cr> kProgram = Bits<Cr>::bit(1);      // PG; clearing it drops a part-filled buffer
  static constexpr Bits<Cr> kSectorErase = Bits<Cr>::bit(2);  // SER
  static constexpr Bits<Cr> kParallelism32 = Bits<Cr>::field(4, 2);  // PSIZE: x32; trades current for time
  static constexpr Bits<Cr> kStart = Bits<Cr>::bit(7);               // START

  static constexpr Bits<Cr> sector(uint32_t number_in_bank) { return Bits<Cr>::field(8, number_in_bank); }
};

// Status (4.9.5), read-only. A flag is cleared by a 1 at its place in CCR.
struct Sr {
  static constexpr uint32_t kOffset = 0x10;
  static constexpr Bits<Sr> kBufferNotEmpty = Bits<Sr>::bit(1);    // WBNE: a flash word is partly there
  static constexpr Bits<Sr> kQueueWaiting = Bits<Sr>::bit(2);      // QW: something is pending or running
  static constexpr Bits<Sr> kEndOfOperation = Bits<Sr>::bit(16);   // EOP
  static constexpr Bits<Sr> kWriteProtection = Bits<Sr>::bit(17);  // WRPERR
  static constexpr Bits<Sr> kSequence = Bits<Sr>::bit(18);        // PGSERR: store with PG = 0, or with INCERR
  static constexpr Bits<Sr> kStrobe = Bits<Sr>::bit(19);          // STRBERR: a byte was stored twice
  static constexpr Bits<Sr> kInconsistency = Bits<Sr>::bit(21);   // INCERR: two words were mixed
  static constexpr Bits<Sr> kOperationError = Bits<Sr>::bit(22);  // OPERR: the cells failed
  static constexpr Bits<Sr> kReadProtection = Bits<Sr>::bit(23);  // RDPERR
  static constexpr Bits<Sr> kReadSecure = Bits<Sr>::bit(24);      // RDSERR
  static constexpr Bits<Sr> kSingleEcc = Bits<Sr>::bit(25);       // SNECCERR: corrected on the way out
  static constexpr Bits<Sr> kDoubleEcc = Bits<Sr>::bit(26);       // DBECCERR: every read is a bus error
};

// Clears flags of SR (4.9.6); needs no unlocking.
struct Ccr {
  static constexpr uint32_t kOffset = 0x14;
  static constexpr Bits<Ccr> clearing(Bits<Sr> flags) { return {flags.value}; }
};

}  // namespace drivers::stm32_h7
