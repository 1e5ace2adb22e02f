// The flashes of the cameras: serial chips, and the flash inside the MCUs.
//
// Geometry and typical times come from the documents named at each part. A time that no datasheet at hand
// gives is taken from the nearest relative, and says so. Serial NOR datasheets give no law for short
// page programs; "first byte + further bytes" is Winbond's (W25Q256JV: tBP1 30 us, tBP2 2.5 us) and is
// scaled by the page time for the other chips.
#pragma once

#include <array>

#include "boards/board.h"
#include "drivers/stm32_flash_geometry.h"

namespace boards {

inline constexpr uint32_t kKiB = 1024;
inline constexpr uint32_t kMiB = 1024 * kKiB;

// The cache of a board with RAM to spare. A stream of data fills an aligned 64 KiB, which one command erases,
// only if its 128 blocks find room beside those that wait anyway: directory and allocation table.
inline constexpr uint32_t kStreamingCacheBytes = 64 * kKiB + 8 * kKiB;

// STM32F427, 1 MB in one bank (option bit DB1M = 0). RM0090 table 6: sectors; 3.6.4: a word may be
// programmed again.
inline constexpr std::array kF427EraseTimes = {EraseTime{16 * kKiB, 250'000}, EraseTime{64 * kKiB, 550'000},
                                               EraseTime{128 * kKiB, 1'000'000}};
inline constexpr FlashPart kF427 = {
    .name = "STM32F427 internal, 1 MB",
    .controller = Controller::kF4,
    .jedec_id = 0,
    .geometry = drivers::kStm32F427Geometry,
    .erase_times = kF427EraseTimes,
    .program_typical_us = 16,
    .program_first_byte_ns = 16'000,
    .program_next_byte_ns = 0,
    .command_ns = 0,
    .read_ps_per_byte = 5'000,
    .write_ps_per_byte = 0,
    .endurance_cycles = 10'000,
};

// STM32F765, 2 MB in one bank (option bit nDBANK = 1). RM0410: sectors. Times are those of the family at x32.
inline constexpr std::array kF765EraseTimes = {EraseTime{32 * kKiB, 200'000}, EraseTime{128 * kKiB, 500'000},
                                               EraseTime{256 * kKiB, 1'000'000}};
inline constexpr FlashPart kF765 = {
    .name = "STM32F765 internal, 2 MB",
    .controller = Controller::kF7,
    .jedec_id = 0,
    .geometry = drivers::kStm32F765Geometry,
    .erase_times = kF765EraseTimes,
    .program_typical_us = 16,
    .program_first_byte_ns = 16'000,
    .program_next_byte_ns = 0,
    .command_ns = 0,
    .read_ps_per_byte = 5'000,
    .write_ps_per_byte = 0,
    .endurance_cycles = 10'000,
};

// STM32H743, 2 MB. RM0433 table 16: 2 banks of 8 sectors; 4.3.9: a flash word of 32 bytes carries ECC.
// Times at x32 parallelism: DS12110 table 43.
inline constexpr std::array kH743EraseTimes = {EraseTime{128 * kKiB, 1'100'000}};
inline constexpr FlashPart kH743 = {
    .name = "STM32H743 internal, 2 MB",
    .controller = Controller::kH7,
    .jedec_id = 0,
    .geometry = drivers::kStm32H743Geometry,
    .erase_times = kH743EraseTimes,
    .program_typical_us = 130,
    .program_first_byte_ns = 130'000,
    .program_next_byte_ns = 0,
    .command_ns = 0,
    .read_ps_per_byte = 5'000,
    .write_ps_per_byte = 0,
    .endurance_cycles = 10'000,
};

// Winbond W25Q256JV on QUADSPI at 100 MHz: reads on four lines, writes on one. Datasheet: 8.6 (AC).
// The 32 KiB time is that of its sister W25Q64JV.
inline constexpr std::array kW25Q256JvRegions = {flash::Region{4 * kKiB, 8192}};
inline constexpr std::array kW25Q256JvEraseTimes = {
    EraseTime{4 * kKiB, 50'000}, EraseTime{32 * kKiB, 120'000}, EraseTime{64 * kKiB, 150'000}};
inline constexpr FlashPart kW25Q256Jv = {
    .name = "W25Q256JV QSPI, 32 MiB",
    .controller = Controller::kQuadSpi,
    .jedec_id = 0xEF4019,
    .geometry = {.regions = kW25Q256JvRegions, .large_erase_bytes = {32 * kKiB, 64 * kKiB}},
    .erase_times = kW25Q256JvEraseTimes,
    .program_typical_us = 700,
    .program_first_byte_ns = 30'000,
    .program_next_byte_ns = 2'500,
    .command_ns = 300,
    .read_ps_per_byte = 20'000,
    .write_ps_per_byte = 80'000,
    .endurance_cycles = 100'000,
};

// Macronix MX25UM25645G on XSPI, octal DTR at 200 MHz. Times as its SFDP tells them; it has no 32 KiB erase.
inline constexpr std::array kMx25Um25645GRegions = {flash::Region{4 * kKiB, 8192}};
inline constexpr std::array kMx25Um25645GEraseTimes = {EraseTime{4 * kKiB, 25'000},
                                                       EraseTime{64 * kKiB, 256'000}};
inline constexpr FlashPart kMx25Um25645G = {
    .name = "MX25UM25645G octal, 32 MiB",
    .controller = Controller::kXspi,
    .jedec_id = 0xC28039,
    .geometry = {.regions = kMx25Um25645GRegions, .large_erase_bytes = {64 * kKiB, 0}},
    .erase_times = kMx25Um25645GEraseTimes,
    .program_typical_us = 152,
    .program_first_byte_ns = 6'500,
    .program_next_byte_ns = 545,
    .command_ns = 120,
    .read_ps_per_byte = 2'500,
    .write_ps_per_byte = 2'500,
    .endurance_cycles = 100'000,
};

// 16 MiB parts on QUADSPI at 100 MHz.
inline constexpr std::array k16MiBSerialRegions = {flash::Region{4 * kKiB, 4096}};

constexpr FlashPart serial_16_mib(std::string_view name, uint32_t jedec_id,
                                  std::span<const EraseTime> erase_times, uint32_t program_typical_us,
                                  uint32_t program_first_byte_ns, uint32_t program_next_byte_ns) {
  return {
      .name = name,
      .controller = Controller::kQuadSpi,
      .jedec_id = jedec_id,
      .geometry = {.regions = k16MiBSerialRegions, .large_erase_bytes = {32 * kKiB, 64 * kKiB}},
      .erase_times = erase_times,
      .program_typical_us = program_typical_us,
      .program_first_byte_ns = program_first_byte_ns,
      .program_next_byte_ns = program_next_byte_ns,
      .command_ns = 300,
      .read_ps_per_byte = 20'000,
      .write_ps_per_byte = 80'000,
      .endurance_cycles = 100'000,
  };
}

// DS-AT25SF128A-168E.
inline constexpr std::array kAt25Sf128AEraseTimes = {
    EraseTime{4 * kKiB, 70'000}, EraseTime{32 * kKiB, 150'000}, EraseTime{64 * kKiB, 250'000}};
inline constexpr FlashPart kAt25Sf128A =
    serial_16_mib("AT25SF128A QSPI, 16 MiB", 0x1F8901, kAt25Sf128AEraseTimes, 600, 30'000, 2'236);

// As the SFDP of the MX25L128 family tells them.
inline constexpr std::array kMx25L12833FEraseTimes = {
    EraseTime{4 * kKiB, 25'000}, EraseTime{32 * kKiB, 144'000}, EraseTime{64 * kKiB, 256'000}};
inline constexpr FlashPart kMx25L12833F =
    serial_16_mib("MX25L12833F QSPI, 16 MiB", 0xC22018, kMx25L12833FEraseTimes, 384, 16'457, 1'371);

}  // namespace boards
