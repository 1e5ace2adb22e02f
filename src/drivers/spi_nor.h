// A serial NOR flash chip with the JEDEC command set, on any bus that can clock its commands.
#pragma once

#include <cstdint>
#include <span>

#include "drivers/mmio.h"
#include "drivers/nor_bus.h"
#include "drivers/sfdp.h"
#include "flash/nor_flash.h"

namespace drivers {

enum class NorLines : uint8_t { kOne, kFour, kEight };

struct SpiNorConfig {
  Platform platform;

  // Another size than this is another board: kNoDevice. 0 accepts any.
  uint32_t expected_size_bytes = 0;

  // How the board is wired. Four lines serve reads if the chip can do so. Eight mean octal DTR if the
  // chip has it (Macronix), else one line.
  NorLines lines = NorLines::kOne;

  // Between operations the chip is memory, and reads come from there. While one runs it is none: then
  // the yield hook, and interrupts, must not touch that memory.
  bool mapped_reads = false;
};

// The chip is found out at init(); before that, and after an init() that failed, the flash has no
// bytes, and every range is kInvalid.
class SpiNor final : public flash::NorFlash {
 public:
  SpiNor(NorBus& bus, const SpiNorConfig& config) : NorFlash({}), bus_(bus), config_(config) {}

  // Recovers the chip from whatever its last owner left it in (4-byte mode, octal DTR, deep power-down,
  // an erase that still runs), finds out what it is and sets it up. After an error the bus is closed.
  //   kNoDevice      nothing answers, or an unknown chip without SFDP, or one of another size
  //   kTimedOut      the chip or the bus is stuck
  //   kIo            a register does not take what is written to it, or the bus reports an error
  //   kNotSupported  the bus cannot do what the configuration asks for
  flash::Status init();

  // Manufacturer, type, density as RDID tells them; 0 where nothing answered.
  uint32_t jedec_id() const { return id_; }

 private:
  flash::Status do_read(uint32_t offset, std::span<uint8_t> out) override;
  flash::Status do_program(uint32_t offset, std::span<const uint8_t> data) override;
  flash::Status do_erase(uint32_t offset, uint32_t length) override;

  // The steps of init().
  flash::Status bring_up();
  flash::Status recover();
  flash::Status revive(bool silent);
  flash::Status identify();
  flash::Status adopt();
  flash::Status choose_four_bytes(bool octal);
  flash::Status choose_read();
  flash::Status enable_quad(QuadEnable method);
  flash::Status enter_octal();
  flash::Status publish_geometry();

  // One command each, framed as the chip expects it now.
  NorCommand command(uint8_t opcode) const;
  NorCommand addressed(uint8_t opcode, uint32_t address) const;
  flash::Status send(uint8_t opcode);
  flash::Status read_register(uint8_t opcode, uint8_t& value);
  flash::Status read_status(uint8_t& status);
  flash::Status read_id();

  // What changes the chip: enabled before, waited for and judged after.
  flash::Status enable_write();
  enum class Change : uint8_t { kRegister, kProgram, kErase };
  flash::Status change(const NorCommand& command, uint32_t maximum_us, Change kind);
  flash::Status wait_ready(uint32_t maximum_us);
  flash::Status check_result(Change kind);
  void rest();

  flash::Status program_pages(uint32_t offset, std::span<const uint8_t> data);
  flash::Status erase_run(uint32_t offset, uint32_t length);

  flash::Status begin_change();
  flash::Status end_change(uint32_t offset, uint32_t length, flash::Status status);
  flash::Status map();

  NorBus& bus_;
  SpiNorConfig config_;
  uint32_t id_ = 0;
  bool octal_ = false;   // the chip is in octal DTR
  bool settled_ = true;  // no change is under way that was not waited for
  bool mapped_ = false;
  bool dedicated_ = false;  // the opcodes in use take four address bytes in every mode
  uint8_t address_bytes_ = 3;
  uint8_t program_opcode_ = 0;
  uint8_t fail_opcode_ = 0;  // of the register that tells how a change ended; 0: the chip has none
  uint8_t program_fail_ = 0;
  NorCommand read_;
  NorParameters chip_;  // with those opcodes that are in use
  flash::Region region_{};
};

}  // namespace drivers
