// A serial NOR flash chip with the JEDEC command set, on any bus that can clock its commands.
#pragma once

#include <cstdint>

#include "drivers/known_chips.h"
#include "drivers/mmio.h"
#include "drivers/nor_bus.h"
#include "drivers/sfdp.h"
#include "flash/nor_flash.h"

namespace drivers {

struct SpiNorConfig {
  Platform platform;

  // Another size than this is another board: kNoDevice. 0 accepts any.
  uint32_t expected_size_bytes = 0;

  // Four lines are wired, and serve reads if the chip can do so.
  bool four_lines = false;

  // Between operations the chip is memory, and reads come from there. While one runs it is none: then
  // the yield hook, and interrupts, must not touch that memory.
  bool mapped_reads = false;
};

// A register that tells how a change ended. The opcode that clears it is 0 where none is needed.
struct FailRegister {
  uint8_t read;
  uint8_t program_bit;
  uint8_t clear;
};

// How the chip takes commands now, but for their opcodes: on one line after a reset.
struct NorFraming {
  NorFrame command = NorFrame(0);
  NorFrame read_register = NorFrame(0).with_read();
  NorFrame addressed = NorFrame(0).with_address(3);
};

// The chip is found out at init(); before that, and after an init() that failed, the flash has no
// bytes, and every range is kInvalid.
class SpiNor : public flash::NorFlash {
 public:
  SpiNor(NorBus& bus, const SpiNorConfig& config) : NorFlash({}), bus_(bus), config_(config) {}

  // Recovers the chip from whatever its last owner left it in (4-byte mode, deep power-down, an erase that
  // still runs), finds out what it is and sets it up. After an error the bus is closed.
  //   kNoDevice      nothing answers, or an unknown chip without SFDP, or one of another size
  //   kTimedOut      the chip or the bus is stuck, or the chip does not take up octal DTR
  //   kIo            a register does not take what is written to it, or the bus reports an error
  //   kNotSupported  the bus cannot do what the configuration asks for
  flash::Status init();

  // Manufacturer, type, density as RDID tells them; 0 where nothing answered.
  uint32_t jedec_id() const { return id_; }

 protected:
  // What a register holds, or an error.
  class [[nodiscard]] Reading {
   public:
    constexpr Reading(uint32_t value) : value_(static_cast<int>(value)) {}
    constexpr Reading(flash::Status status) : value_(status.value()) {}

    constexpr bool ok() const { return value_ >= 0; }
    constexpr uint32_t value() const { return static_cast<uint32_t>(value_); }
    constexpr flash::Status error() const { return static_cast<flash::Error>(-value_); }

   private:
    int value_;
  };

  // The steps of init() that another protocol does in another way.
  virtual flash::Status recover();
  virtual flash::Status adopt(const NorParameters& chip);

  flash::Status read_id();
  Reading read_register(uint8_t opcode, size_t bytes = 1);
  flash::Status enable_write();

  NorBus& bus_;
  const SpiNorConfig config_;
  uint32_t id_ = 0;
  NorFraming framing_;
  NorFrame read_;
  bool dedicated_ = false;  // the opcodes in use take four address bytes in every mode

 private:
  flash::Status do_read(uint32_t offset, uint8_t* out, uint32_t length) override;
  flash::Status do_program(uint32_t offset, const uint8_t* data, uint32_t length) override;
  flash::Status do_erase(uint32_t offset, uint32_t length) override;

  flash::Status bring_up();
  flash::Status identify(const KnownChip& known, NorParameters& chip);
  flash::Status choose_four_bytes(const NorParameters& chip);
  flash::Status choose_read(const NorParameters& chip);
  flash::Status enable_quad(QuadEnable method, bool is_written);
  flash::Status publish_geometry(const KnownChip& known, const NorParameters& chip);

  flash::Status send(uint8_t opcode);
  flash::Status send_and_rest(uint8_t opcode);
  Reading read_status();

  // What changes the chip: enabled before, waited for and judged after.
  flash::Status change(const NorCommand& command, uint32_t maximum_us);
  flash::Status wait_ready(uint32_t maximum_us);
  // Lets the rest of the camera live meanwhile. That the time is over is kTimedOut.
  enum class Until : bool { kOver, kReady };
  flash::Status wait(uint32_t maximum_us, Until until);
  flash::Status check_result(bool is_erase);

  // Erases where there is no data.
  flash::Status change_range(uint32_t offset, const uint8_t* data, uint32_t length);
  flash::Status change_pieces(uint32_t offset, const uint8_t* data, uint32_t length);
  const NorOperation& largest_erase(uint32_t offset, uint32_t length) const;
  flash::Status settle();
  void forget_cached(uint32_t offset, uint32_t length);

  // A word: this far from the start, a byte takes a longer instruction.
  enum class State : uint32_t {
    kIdle,
    kMapped,
    kChanging  // and its end was not seen yet
  };
  State state_ = State::kIdle;
  uint32_t exit_mode_ = 0;  // the opcode that leaves the mode for an erase without an opcode of four bytes
  const FailRegister* fail_register_ = nullptr;  // null: the chip has none
  NorOperations operations_;
  flash::Region region_{};
};

}  // namespace drivers
