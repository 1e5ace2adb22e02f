// What QUADSPI and its descendant XSPI have in common below their registers: a FIFO, one transfer at a
// time, the status flags, and the memory-mapped reader.
//
// Nothing happens at once. A transfer under way moves on when somebody waits for it (a read of the
// status register, an access that the bus would stall) or when virtual time has passed by itself. So a
// driver that does not wait meets BUSY, as it would on the camera.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "sim/clock.h"
#include "sim/nor_chip.h"
#include "sim/nor_chip_wire.h"

namespace sim {

struct Transfer {
  WireCommand wire;
  uint64_t length_bytes = 0;  // of the data phase
  bool swap_pairs = false;    // the controller undoes a chip's order of bytes in 16-bit words
};

struct StatusPolling {
  uint32_t mask = 0;
  uint32_t match = 0;
  bool any_bit = false;        // PMM: one matching bit is enough
  bool stop_at_match = false;  // APMS
  uint32_t interval_cycles = 0;
};

class SerialEngine {
 public:
  static constexpr uint32_t kTransferError = 1u << 0;     // TEF
  static constexpr uint32_t kTransferComplete = 1u << 1;  // TCF
  static constexpr uint32_t kFifoThreshold = 1u << 2;     // FTF
  static constexpr uint32_t kStatusMatch = 1u << 3;       // SMF
  static constexpr uint32_t kTimeout = 1u << 4;           // TOF
  static constexpr uint32_t kBusy = 1u << 5;
  static constexpr unsigned kLevelShift = 8;

  struct Fifo {
    uint32_t size_bytes;    // at most kLargestFifoBytes
    uint32_t resume_level;  // a full read FIFO is filled again once it has sunk to this
  };

  SerialEngine(NorChip& chip, Clock& clock, Fifo fifo) : chip_(chip), clock_(clock), fifo_(fifo) {}

  void set_period_ps(uint64_t period_ps) { period_ps_ = period_ps; }
  void set_mapped_timeout(bool enabled, uint32_t cycles);

  // A command with the direction of `transfer.wire.data`. The engine is idle.
  void start(const Transfer& transfer);
  void start_polling(const Transfer& transfer, const StatusPolling& polling);

  bool is_idle() const { return state_ == State::kIdle; }
  bool is_writing() const { return state_ == State::kWriting; }
  bool is_mapped() const { return state_ == State::kMapped; }
  bool is_aborting() const { return abort_requested_; }

  // `waits_for_data`: the registers ask for an indirect write.
  uint32_t status(uint32_t threshold, bool waits_for_data) const;
  void clear_flags(uint32_t flags) { flags_ &= ~flags; }
  void raise_transfer_error() { flags_ |= kTransferError; }
  bool take_read_failure() {
    const bool failed = chip_.take_read_failure();
    if (failed) mapped_pair_address_ = 1;  // what came is not served again
    return failed;
  }

  // Lets what is under way reach its next stop, and takes the time for it.
  void wait();
  // The same, if the time for it has passed already.
  void catch_up();

  // The data register. A pop takes up to `width` bytes, a push gives `width`.
  uint32_t pop(unsigned width);
  void push(uint32_t value, unsigned width);
  uint32_t polled_status();

  void request_abort();
  void disable();
  void reset();

  // `transfer.wire` is the read command; the address in it is replaced.
  void read_mapped(const Transfer& transfer, uint32_t address, std::span<uint8_t> out);

 private:
  enum class State { kIdle, kCommand, kReading, kWriting, kPolling, kMapped };
  static constexpr uint32_t kLargestFifoBytes = 64;
  // Data comes from the chip in pieces of this size, and from there into the FIFO.
  static constexpr uint32_t kStageBytes = 4096;

  bool has_work() const;
  uint64_t work_ps() const;
  void do_work();
  void fill_fifo();
  void stage(uint32_t wanted_bytes);
  void drain_fifo();
  void poll();
  void abort();
  void finish();
  void release_chip();

  void seek_mapped(const Transfer& transfer, uint32_t address);
  void read_mapped_pairs(const Transfer& transfer, uint32_t address, std::span<uint8_t> out);
  uint8_t mapped_byte(const Transfer& transfer, uint32_t address);
  void check_mapped_timeout();

  bool lacks_strobe() const;
  uint32_t fillable_bytes() const;
  uint32_t drainable_bytes() const;
  uint64_t header_ps(const WireCommand& wire) const;
  uint64_t data_ps(const WireCommand& wire, uint64_t bytes) const;
  void take_ps(uint64_t ps);

  NorChip& chip_;
  Clock& clock_;
  Fifo fifo_;
  uint64_t period_ps_ = 1;
  uint64_t left_over_ps_ = 0;  // below a nanosecond

  State state_ = State::kIdle;
  uint32_t flags_ = 0;
  bool abort_requested_ = false;
  bool chip_selected_ = false;
  Transfer transfer_;
  bool header_sent_ = false;
  uint64_t since_ns_ = 0;  // when the present piece of work began

  uint32_t level_ = 0;       // bytes in the FIFO
  uint64_t rest_bytes_ = 0;  // of the data phase, not yet clocked
  uint64_t unstaged_bytes_ = 0;
  bool fifo_was_full_ = false;
  std::array<uint8_t, kStageBytes + 2> stage_{};
  uint32_t stage_begin_ = 0;
  uint32_t stage_end_ = 0;
  std::array<uint8_t, kLargestFifoBytes> to_chip_{};
  uint64_t accepted_bytes_ = 0;

  StatusPolling polling_;
  uint32_t polled_status_ = 0;
  bool polled_status_is_new_ = false;
  bool has_polled_ = false;

  uint32_t mapped_next_ = 0;
  std::array<uint8_t, 2> mapped_pair_{};
  uint32_t mapped_pair_address_ = 1;  // odd: none
  bool mapped_timeout_enabled_ = false;
  uint32_t mapped_timeout_cycles_ = 0;
  uint64_t mapped_used_ns_ = 0;
};

}  // namespace sim
