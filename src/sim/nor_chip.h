// A serial NOR chip as its pins show it: commands, registers, busy time.
//
// A controller drives select(), then read() or write() for the data phase, then deselect(). The chip
// decides by its own state (protocol, address mode, quad enable, asleep, busy) what the clocked bits
// mean: a command framed otherwise than the chip expects is misunderstood as on the wire. Bus time is
// the controller's business; busy time is the chip's.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "sim/cells.h"
#include "sim/clock.h"
#include "sim/nor_chip_parts.h"
#include "sim/nor_chip_wire.h"
#include "sim/violations.h"

namespace sim {

enum class ChipProtocol : uint8_t {
  kSpi,       // instruction on one line
  kOctal,     // 8-8-8
  kOctalDtr,  // 8D-8D-8D
};

struct NorChipOptions {
  bool missing = false;           // nothing is soldered there: the bus floats high
  bool stuck_busy = false;        // an operation that begins does not end until this is taken back
  bool worst_case_times = false;  // the data sheet's maxima instead of its typical times
};

// What the chip expects after an instruction, in its present state.
struct ChipFraming {
  uint8_t address_bytes = 0;
  uint8_t mode_bytes = 0;
  uint8_t dummy_cycles = 0;
  Direction data = Direction::kNone;
};

class NorChip {
 public:
  static constexpr uint32_t kPageBytes = 256;

  // `part` outlives the chip. `cells` are as large as the part.
  NorChip(const NorChipPart& part, Cells& cells, Clock& clock, Violations& violations);
  ~NorChip();
  NorChip(const NorChip&) = delete;
  NorChip& operator=(const NorChip&) = delete;

  // Chip select falls, and everything before the data phase is clocked.
  void select(const WireCommand& wire);
  void read(std::span<uint8_t> out);
  bool is_strobing() const { return now_.command != nullptr && is_dtr(); }
  void write(std::span<const uint8_t> data);
  // Chip select rises. Programs, erases and register writes begin now.
  void deselect();
  // Chip select rises inside a byte: the command is not carried out.
  void deselect_within_byte();

  // Supply off and on again. An erase that was under way leaves its area torn.
  void power_cycle();

  // `instruction` as the first byte on one line.
  ChipFraming framing(uint8_t instruction) const;
  // True once after a read that the chip could not answer (an injected fault): the controller learns of it
  // as of a failed transfer.
  bool take_read_failure() { return std::exchange(read_failed_, false); }

  const NorChipPart& part() const { return part_; }
  NorChipOptions& options() { return options_; }

  // A look inside, for tests.
  bool is_busy();
  bool is_asleep() const { return asleep_; }
  bool is_four_byte_mode() const { return four_byte_mode_; }
  ChipProtocol protocol() const { return protocol_; }
  uint8_t status(unsigned index);
  // As a production programmer leaves it: holds now and after every power-up.
  void set_status(unsigned index, uint8_t value);

 private:
  // The command between select() and deselect().
  struct Transaction {
    const ChipCommand* command = nullptr;  // null: the chip does not listen, and the bus floats
    uint32_t address = 0;
    uint32_t missing_address_bytes = 0;  // the chip takes them out of the data phase
    bool has_surplus = false;            // more was clocked than the command has
    bool follows_reset_enable = false;
    bool follows_missed_reset_enable = false;  // 66h came while the chip heard nothing
    int32_t skipped_bits = 0;  // the controller samples so many bits after (or before) the data begins
    uint32_t position = 0;     // bytes of the data phase so far
  };

  struct Operation {
    ChipAction action = ChipAction::kNothing;
    uint32_t offset = 0;
    uint32_t length = 0;
  };

  // nor_chip.cc: what the wire means
  const ChipCommand* recognise(const WireCommand& wire);
  const ChipCommand* find(const WireCommand& wire) const;
  bool hears(const WireCommand& wire) const;
  const char* reason_to_ignore(const ChipCommand& command) const;
  WireCommand expected_header(const ChipCommand& command) const;
  void take_header(const WireCommand& wire);
  void take_skewed_header(const WireCommand& wire, const WireCommand& expected);
  void check_header(const WireCommand& wire);
  uint32_t array_address(const ChipCommand& command, uint32_t sent) const;

  // nor_chip_data.cc: the data phase
  void read_skewed(std::span<uint8_t> out);
  void read_array(std::span<uint8_t> out);
  void read_cells(uint32_t offset, std::span<uint8_t> out);
  uint8_t byte_at(uint32_t position);
  uint8_t config2() const;
  void take_byte(uint8_t byte);

  // nor_chip_actions.cc: what the commands do
  void perform();
  void program_page();
  void erase();
  void erase_chip();
  void write_status_registers();
  void write_extended_address();
  void write_config2();
  void wake();
  void reset();
  void suspend();
  void resume();
  void note_result(uint8_t fail_bit, CellResult result);
  bool require_write_enable();
  bool is_protected(uint32_t offset, uint32_t size_bytes) const;
  void begin_busy(Operation operation, ChipTime time);
  void settle();
  void tear_operation();
  void forget_volatile_state();

  bool is_set(StatusBit bit) const { return (status_[bit.index] & bit.mask) != 0; }
  bool is_dtr() const { return protocol_ == ChipProtocol::kOctalDtr; }
  void violate(std::string_view what);
  void violate(uint8_t opcode, std::string_view what);

  const NorChipPart& part_;
  Cells& cells_;
  Clock& clock_;
  Violations& violations_;
  NorChipOptions options_;
  std::array<const ChipCommand*, 256> spi_commands_{};
  std::array<const ChipCommand*, 256> octal_commands_{};

  std::array<uint8_t, 3> stored_status_;  // what survives a power cycle
  std::array<uint8_t, 3> status_;         // without WIP, WEL and the bits that show a mode
  uint8_t extended_address_ = 0;
  uint8_t dummy_code_ = 0;  // CR2[300h]
  uint8_t security_ = 0;    // how the last program and the last erase ended
  bool read_failed_ = false;
  ChipProtocol protocol_ = ChipProtocol::kSpi;
  bool write_enabled_ = false;
  bool volatile_write_enabled_ = false;
  bool four_byte_mode_ = false;
  bool asleep_ = false;
  bool reset_enabled_ = false;
  bool reset_enable_missed_ = false;
  uint64_t deaf_until_ns_ = 0;  // after a reset or a release from power-down

  bool busy_ = false;
  uint64_t busy_until_ns_ = 0;
  Operation operation_;
  bool suspended_ = false;
  uint64_t suspended_rest_ns_ = 0;

  Transaction now_;
  std::array<uint8_t, kPageBytes> page_{};  // what the data phase brought
};

}  // namespace sim
