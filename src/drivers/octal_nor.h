// A serial NOR flash chip on a bus of eight lines: octal DTR where the chip has it, which is a matter of its
// maker's (Macronix), else one line.
#pragma once

#include "drivers/spi_nor.h"

namespace drivers {

class OctalNor final : public SpiNor {
 public:
  using SpiNor::SpiNor;

 private:
  // Also from octal DTR.
  flash::Status recover() override;
  flash::Status adopt(const NorParameters& chip) override;
};

}  // namespace drivers
