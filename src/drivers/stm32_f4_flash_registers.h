// Registers of the flash interface of STM32F42x (RM0090, 3.9) and STM32F76x (RM0410, 3.7).
// A name without a family stands in both.
#pragma once

#include <cstdint>

#include "drivers/register_file.h"

namespace drivers::stm32_f4 {

// Access control (3.9.2). The resets may be changed only while the cache they belong to is off.
struct Acr {
  static constexpr uint32_t kOffset = 0x00;
  static constexpr Bits<Acr> kF4InstructionCache = Bits<Acr>::bit(9);        // ICEN
  static constexpr Bits<Acr> kF4DataCache = Bits<Acr>::bit(10);              // DCEN
  static constexpr Bits<Acr> kF4InstructionCacheReset = Bits<Acr>::bit(11);  // ICRST
  static constexpr Bits<Acr> kF4DataCacheReset = Bits<Acr>::bit(12);         // DCRST
  static constexpr Bits<Acr> kF7Accelerator = Bits<Acr>::bit(9);             // ARTEN
  static constexpr Bits<Acr> kF7AcceleratorReset = Bits<Acr>::bit(11);       // ARTRST
};

// Both keys, in this order, clear CR.LOCK; anything else is a bus error and locks CR until reset (3.6.1).
struct Keyr {
  static constexpr uint32_t kOffset = 0x04;
  static constexpr Bits<Keyr> kFirst = {0x45670123};
  static constexpr Bits<Keyr> kSecond = {0xCDEF89AB};
};

// Status (3.9.6). Writing 1 clears a flag; BSY is read-only.
struct Sr {
  static constexpr uint32_t kOffset = 0x0C;
  static constexpr Bits<Sr> kEndOfOperation = Bits<Sr>::bit(0);    // EOP, only with CR.EOPIE
  static constexpr Bits<Sr> kOperationError = Bits<Sr>::bit(1);    // OPERR, only with CR.ERRIE
  static constexpr Bits<Sr> kWriteProtection = Bits<Sr>::bit(4);   // WRPERR
  static constexpr Bits<Sr> kAlignment = Bits<Sr>::bit(5);         // PGAERR: over a 128-bit row
  static constexpr Bits<Sr> kParallelism = Bits<Sr>::bit(6);       // PGPERR: width is not PSIZE
  static constexpr Bits<Sr> kF4Sequence = Bits<Sr>::bit(7);        // PGSERR: store with PG = 0
  static constexpr Bits<Sr> kF7EraseSequence = Bits<Sr>::bit(7);   // ERSERR
  static constexpr Bits<Sr> kF4ReadProtection = Bits<Sr>::bit(8);  // RDERR: a PCROP sector was read
  static constexpr Bits<Sr> kBusy = Bits<Sr>::bit(16);             // BSY
};

// Control (3.9.8). Writes are ignored while LOCK = 1, and stall the bus while SR.BSY = 1 (3.6.1).
struct Cr {
  static constexpr uint32_t kOffset = 0x10;
  static constexpr Bits<Cr> kProgram = Bits<Cr>::bit(0);             // PG
  static constexpr Bits<Cr> kSectorErase = Bits<Cr>::bit(1);         // SER
  static constexpr Bits<Cr> kParallelism32 = Bits<Cr>::field(8, 2);  // PSIZE: x32, for 2.7 V to 3.6 V
  static constexpr Bits<Cr> kStart = Bits<Cr>::bit(16);              // STRT
  static constexpr Bits<Cr> kLock = Bits<Cr>::bit(31);               // LOCK, set-only

  // SNB: the second bank counts from 16 whatever number of sectors the first one has (3.9.8).
  static constexpr Bits<Cr> sector(uint32_t bank, uint32_t number_in_bank) {
    return Bits<Cr>::field(3, bank * 16 + number_in_bank);
  }
};

}  // namespace drivers::stm32_f4
