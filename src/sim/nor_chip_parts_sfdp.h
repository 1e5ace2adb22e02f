// What the chips answer to 5Ah (JESD216), byte for byte.
#pragma once

#include <cstdint>
#include <span>

namespace sim {

std::span<const uint8_t> sfdp_of_w25q256jv();
std::span<const uint8_t> sfdp_of_mx25um25645g();
std::span<const uint8_t> sfdp_of_at25sf128a();
std::span<const uint8_t> sfdp_of_mx25l12833f();

}  // namespace sim
