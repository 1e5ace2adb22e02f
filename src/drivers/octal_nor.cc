#include "drivers/octal_nor.h"

#include "drivers/known_chips.h"

namespace drivers {
namespace {

using flash::Error;
using flash::Status;

// MX25UM25645G: CR2[0] chooses the protocol, CR2[300h] the dummy cycles of array reads (20 after reset).
constexpr NorFrame kWriteConfig2 = NorFrame(0x72).with_address(4).with_data();
constexpr uint8_t kReadConfig2 = 0x71;
constexpr uint8_t kOctalDtr = 2;
constexpr uint8_t kOctalRead = 0xEE;
constexpr uint32_t kReadDummyCycles = 20;
constexpr uint32_t kRegisterDummyCycles = 4;

// Registers have addresses, here always 0.
constexpr NorFrame kCommand = NorFrame(0).in_octal_dtr();
constexpr NorFrame kAddressed = kCommand.with_address(4);
constexpr NorFraming kOctalFraming = {
    .command = kCommand,
    .read_register = kAddressed.with_dummies(kRegisterDummyCycles).with_read(),
    .addressed = kAddressed,
};

}  // namespace

// A chip that is silent on one line may be listening on eight. Whatever comes of that, the chip itself says
// next whether it is back: a read in which it drives no strobe ends in kTimedOut.
Status OctalNor::recover() {
  FLASH_TRY(read_id());
  if (id_ == 0) {
    framing_ = kOctalFraming;
    SpiNor::recover().ignore();
    framing_ = {};
  }
  return SpiNor::recover();
}

Status OctalNor::adopt(const NorParameters& chip) {
  const bool is_octal =
      id_ >> 16 == kMacronix && chip.has_inverted_extension() && chip.has_dedicated_opcodes();
  if (!is_octal) return SpiNor::adopt(chip);
  dedicated_ = true;
  FLASH_TRY(enable_write());
  FLASH_TRY(bus_.execute(NorCommand::writing(kWriteConfig2, 0, {&kOctalDtr, 1})));
  framing_ = kOctalFraming;
  const Reading protocol = read_register(kReadConfig2);
  if (!protocol.ok()) return protocol.error();
  read_ = kAddressed.with_opcode(kOctalRead).with_dummies(kReadDummyCycles).with_read();
  return protocol.value() == kOctalDtr ? Status{} : Error::kIo;
}

}  // namespace drivers
