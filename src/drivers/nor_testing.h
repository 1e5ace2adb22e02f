// The serial NOR driver for a bus of as many lines as a test wants.
#pragma once

#include <cstdint>
#include <optional>

#include "drivers/octal_nor.h"
#include "drivers/spi_nor.h"

namespace drivers {

enum class NorLines : uint8_t { kOne, kFour, kEight };

class LinedNor {
 public:
  SpiNor& emplace(NorLines lines, NorBus& bus, SpiNorConfig config) {
    config.four_lines = lines == NorLines::kFour;
    if (lines == NorLines::kEight) return octal_.emplace(bus, config);
    return plain_.emplace(bus, config).nor;
  }

 private:
  // What std::optional destroys has to be final, or not virtual.
  struct Plain {
    Plain(NorBus& bus, const SpiNorConfig& config) : nor(bus, config) {}
    SpiNor nor;
  };

  std::optional<Plain> plain_;
  std::optional<OctalNor> octal_;
};

}  // namespace drivers
