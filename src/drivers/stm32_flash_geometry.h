// The flash inside the MCUs of the cameras, as the drivers program it: x32 on F4 and F7 (2.7 V and
// above), flash words of 256 bits on H7.
#pragma once

#include <array>

#include "flash/geometry.h"

namespace drivers {

// STM32F427, 1 MB, one bank (DB1M = 0): RM0090, 3.4.
inline constexpr std::array<flash::Region, 3> kStm32F427Regions = {
    {{16 * 1024, 4}, {64 * 1024, 1}, {128 * 1024, 7}}};
inline constexpr flash::Geometry kStm32F427Geometry = {
    .regions = kStm32F427Regions, .program_unit_bytes = 4, .program_page_bytes = 4};

// STM32F765, 2 MB, one bank (nDBANK = 1): RM0410, 3.3.
inline constexpr std::array<flash::Region, 3> kStm32F765Regions = {
    {{32 * 1024, 4}, {128 * 1024, 1}, {256 * 1024, 7}}};
inline constexpr flash::Geometry kStm32F765Geometry = {
    .regions = kStm32F765Regions, .program_unit_bytes = 4, .program_page_bytes = 4};

// STM32H743 and STM32H747, 2 MB, two banks of eight sectors: RM0399, table 18. A flash word carries ECC, so
// it takes one program between erases (RM0433, 4.3.9).
inline constexpr std::array<flash::Region, 1> kStm32H743Regions = {{{128 * 1024, 16}}};
inline constexpr flash::Geometry kStm32H743Geometry = {.regions = kStm32H743Regions,
                                                       .program_unit_bytes = 32,
                                                       .program_page_bytes = 32,
                                                       .reprogrammable = false};

static_assert(kStm32F427Geometry.size_bytes() == 1024 * 1024);
static_assert(kStm32F765Geometry.size_bytes() == 2048 * 1024);
static_assert(kStm32H743Geometry.size_bytes() == 2048 * 1024);

}  // namespace drivers
