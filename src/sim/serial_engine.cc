#include "sim/serial_engine.h"

#include <algorithm>
#include <cstring>

namespace sim {
namespace {

// Setting up a command: chip select, the pauses around it, and the CPU that writes the registers.
constexpr uint64_t kCommandPs = 300'000;

// A look at the status register when there is nothing to wait for.
constexpr uint64_t kIdleLookNs = 10;

// On eight lines at both edges a clock moves two bytes: nothing smaller exists.
uint32_t unit_bytes(const WireCommand& wire) {
  return wire.data_lanes.bits_per_cycle() == 16 ? 2 : 1;
}

void swap_pairs(std::span<uint8_t> bytes) {
  for (size_t i = 0; i + 1 < bytes.size(); i += 2) std::swap(bytes[i], bytes[i + 1]);
}

}  // namespace

void SerialEngine::start(const Transfer& transfer) {
  transfer_ = transfer;
  header_sent_ = false;
  abort_requested_ = false;
  level_ = 0;
  polled_status_is_new_ = false;
  rest_bytes_ = transfer.length_bytes;
  unstaged_bytes_ = transfer.length_bytes;
  stage_begin_ = stage_end_ = 0;
  accepted_bytes_ = 0;
  fifo_was_full_ = false;
  since_ns_ = clock_.now_ns();
  switch (transfer.wire.data) {
    case Direction::kNone:
      state_ = State::kCommand;
      break;
    case Direction::kToChip:
      state_ = State::kWriting;
      break;
    case Direction::kFromChip:
      state_ = State::kReading;
      break;
  }
  chip_.select(transfer.wire);
  chip_selected_ = true;
}

void SerialEngine::start_polling(const Transfer& transfer, const StatusPolling& polling) {
  transfer_ = transfer;
  polling_ = polling;
  abort_requested_ = false;
  level_ = 0;
  polled_status_is_new_ = false;
  has_polled_ = false;
  since_ns_ = clock_.now_ns();
  state_ = State::kPolling;
}

uint32_t SerialEngine::status(uint32_t threshold, bool waits_for_data) const {
  uint32_t value = flags_ | level_ << kLevelShift;
  if (!is_idle()) value |= kBusy;
  const bool all_received = state_ == State::kReading && rest_bytes_ == 0;
  const bool can_read = state_ == State::kReading && (level_ > threshold || (all_received && level_ > 0));
  const bool can_write =
      waits_for_data && (is_idle() || is_writing()) && fifo_.size_bytes - level_ > threshold;
  const bool can_poll = polled_status_is_new_;
  if (can_read || can_write || can_poll) value |= kFifoThreshold;
  return value;
}

void SerialEngine::wait() {
  if (!has_work()) return clock_.pass_ns(kIdleLookNs);
  const uint64_t elapsed_ps = (clock_.now_ns() - since_ns_) * 1000;
  const uint64_t cost_ps = work_ps();
  if (elapsed_ps < cost_ps) take_ps(cost_ps - elapsed_ps);
  do_work();
}

void SerialEngine::catch_up() {
  check_mapped_timeout();
  while (has_work() && (clock_.now_ns() - since_ns_) * 1000 >= work_ps()) {
    const uint64_t done_ns = since_ns_ + work_ps() / 1000;
    do_work();
    since_ns_ = std::max(since_ns_, done_ns);
    if (state_ == State::kPolling) since_ns_ = clock_.now_ns();
  }
}

bool SerialEngine::has_work() const {
  if (abort_requested_) return true;
  switch (state_) {
    case State::kIdle:
    case State::kMapped:
      return false;
    case State::kCommand:
    case State::kPolling:
      return true;
    case State::kReading:
      return fillable_bytes() > 0 && !lacks_strobe();
    case State::kWriting:
      return drainable_bytes() > 0;
  }
  return false;
}

uint64_t SerialEngine::work_ps() const {
  if (abort_requested_) return period_ps_;
  const uint64_t header = header_sent_ ? 0 : header_ps(transfer_.wire);
  switch (state_) {
    case State::kIdle:
    case State::kMapped:
      return 0;
    case State::kCommand:
      return header;
    case State::kReading:
      return header + data_ps(transfer_.wire, fillable_bytes());
    case State::kWriting:
      return header + data_ps(transfer_.wire, drainable_bytes());
    case State::kPolling:
      return header_ps(transfer_.wire) + data_ps(transfer_.wire, transfer_.length_bytes) +
             (has_polled_ ? polling_.interval_cycles * period_ps_ : 0);
  }
  return 0;
}

void SerialEngine::do_work() {
  if (abort_requested_) return abort();
  header_sent_ = true;
  switch (state_) {
    case State::kIdle:
    case State::kMapped:
      break;
    case State::kCommand:
      finish();
      break;
    case State::kReading:
      fill_fifo();
      break;
    case State::kWriting:
      drain_fifo();
      break;
    case State::kPolling:
      poll();
      break;
  }
}

// Data are sampled at the edges of a strobe that a chip which does not listen never drives.
bool SerialEngine::lacks_strobe() const {
  return transfer_.wire.strobed && !chip_.is_strobing();
}

uint32_t SerialEngine::fillable_bytes() const {
  const bool stopped = fifo_was_full_ && level_ > fifo_.resume_level;
  if (stopped) return 0;
  return static_cast<uint32_t>(std::min<uint64_t>(fifo_.size_bytes - level_, rest_bytes_));
}

void SerialEngine::fill_fifo() {
  const uint32_t bytes = fillable_bytes();
  stage(level_ + bytes);
  level_ += bytes;
  rest_bytes_ -= bytes;
  fifo_was_full_ = level_ == fifo_.size_bytes;
  if (rest_bytes_ > 0) return;
  flags_ |= kTransferComplete;
  release_chip();
}

void SerialEngine::stage(uint32_t wanted_bytes) {
  const uint32_t present = stage_end_ - stage_begin_;
  if (present >= wanted_bytes) return;
  std::memmove(stage_.data(), stage_.data() + stage_begin_, present);
  stage_begin_ = 0;
  const uint32_t unit = unit_bytes(transfer_.wire);
  const uint32_t room = (kStageBytes - present) / unit * unit;
  const auto bytes = static_cast<uint32_t>(std::min<uint64_t>(room, unstaged_bytes_));
  const uint32_t clocked = (bytes + unit - 1) / unit * unit;
  const std::span<uint8_t> piece = std::span(stage_).subspan(present, clocked);
  chip_.read(piece);
  if (chip_.take_read_failure()) raise_transfer_error();
  if (transfer_.swap_pairs) swap_pairs(piece);
  unstaged_bytes_ -= bytes;
  stage_end_ = present + bytes;
}

uint32_t SerialEngine::drainable_bytes() const {
  const bool is_last = level_ == rest_bytes_;
  const uint32_t unit = unit_bytes(transfer_.wire);
  return is_last ? level_ : level_ / unit * unit;
}

void SerialEngine::drain_fifo() {
  const uint32_t bytes = drainable_bytes();
  const uint32_t unit = unit_bytes(transfer_.wire);
  std::array<uint8_t, kLargestFifoBytes + 1> wire_bytes{};  // half a word is completed by zeros
  std::copy_n(to_chip_.begin(), bytes, wire_bytes.begin());
  std::copy(to_chip_.begin() + bytes, to_chip_.begin() + level_, to_chip_.begin());
  const std::span<uint8_t> clocked = std::span(wire_bytes).first((bytes + unit - 1) / unit * unit);
  if (transfer_.swap_pairs) swap_pairs(clocked);
  chip_.write(clocked);
  level_ -= bytes;
  rest_bytes_ -= bytes;
  since_ns_ = clock_.now_ns();
  if (rest_bytes_ == 0) finish();
}

void SerialEngine::poll() {
  std::array<uint8_t, 4> bytes{};
  const uint32_t unit = unit_bytes(transfer_.wire);
  const auto length = static_cast<uint32_t>(transfer_.length_bytes);
  chip_.select(transfer_.wire);
  if (lacks_strobe()) return chip_.deselect();
  chip_.read(std::span(bytes).first((length + unit - 1) / unit * unit));
  chip_.deselect();
  polled_status_ = 0;
  for (uint32_t i = 0; i < length; ++i) polled_status_ |= static_cast<uint32_t>(bytes[i]) << (8 * i);
  polled_status_is_new_ = true;
  has_polled_ = true;
  since_ns_ = clock_.now_ns();

  const uint32_t matching = ~(polled_status_ ^ polling_.match) & polling_.mask;
  const bool match = polling_.any_bit ? matching != 0 : matching == polling_.mask;
  if (!match) return;
  flags_ |= kStatusMatch;
  if (polling_.stop_at_match) state_ = State::kIdle;
}

void SerialEngine::finish() {
  flags_ |= kTransferComplete;
  release_chip();
  state_ = State::kIdle;
}

void SerialEngine::release_chip() {
  if (chip_selected_) chip_.deselect();
  chip_selected_ = false;
}

uint32_t SerialEngine::pop(unsigned width) {
  while (level_ < width && has_work()) wait();
  const uint32_t bytes = std::min<uint32_t>(level_, width);
  uint32_t value = 0;
  std::memcpy(&value, stage_.data() + stage_begin_, bytes);
  stage_begin_ += bytes;
  const bool was_stopped = fillable_bytes() == 0;
  level_ -= bytes;
  if (was_stopped) since_ns_ = clock_.now_ns();
  if (state_ == State::kReading && rest_bytes_ == 0 && level_ == 0) state_ = State::kIdle;
  return value;
}

void SerialEngine::push(uint32_t value, unsigned width) {
  while (level_ + width > fifo_.size_bytes && has_work()) wait();
  if (level_ == 0 && header_sent_) since_ns_ = clock_.now_ns();
  for (unsigned i = 0; i < width; ++i) {
    // What the length does not cover is flushed at the end of the transfer.
    if (accepted_bytes_ == transfer_.length_bytes) return;
    to_chip_[level_++] = static_cast<uint8_t>(value >> (8 * i));
    ++accepted_bytes_;
  }
}

uint32_t SerialEngine::polled_status() {
  polled_status_is_new_ = false;
  return polled_status_;
}

void SerialEngine::request_abort() {
  if (is_idle()) {
    flags_ |= kTransferComplete;
    return;
  }
  abort_requested_ = true;
  since_ns_ = clock_.now_ns();
}

void SerialEngine::abort() {
  disable();
  flags_ |= kTransferComplete;
}

void SerialEngine::disable() {
  release_chip();
  abort_requested_ = false;
  level_ = 0;
  rest_bytes_ = 0;
  polled_status_is_new_ = false;
  state_ = State::kIdle;
}

void SerialEngine::reset() {
  disable();
  flags_ = 0;
  mapped_timeout_enabled_ = false;
  mapped_timeout_cycles_ = 0;
}

uint64_t SerialEngine::header_ps(const WireCommand& wire) const {
  const uint64_t cycles =
      cycles_of(wire.instruction_bytes, wire.instruction_lanes) + cycles_before_data(wire);
  return kCommandPs + cycles * period_ps_;
}

uint64_t SerialEngine::data_ps(const WireCommand& wire, uint64_t bytes) const {
  const uint32_t bits_per_cycle = wire.data_lanes.bits_per_cycle();
  if (bits_per_cycle == 0) return 0;  // without lanes there is no such phase, whatever its length says
  return (bytes * 8 + bits_per_cycle - 1) / bits_per_cycle * period_ps_;
}

void SerialEngine::take_ps(uint64_t ps) {
  left_over_ps_ += ps;
  clock_.work_ns(left_over_ps_ / 1000);
  left_over_ps_ %= 1000;
}

}  // namespace sim
