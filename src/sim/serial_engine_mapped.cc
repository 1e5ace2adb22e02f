// The memory-mapped reader: chip select stays low after an access, and the bytes that follow come
// without a new command.
#include <utility>

#include "sim/serial_engine.h"

namespace sim {

void SerialEngine::set_mapped_timeout(bool enabled, uint32_t cycles) {
  mapped_timeout_enabled_ = enabled;
  mapped_timeout_cycles_ = cycles;
}

void SerialEngine::check_mapped_timeout() {
  if (!is_mapped() || !mapped_timeout_enabled_) return;
  const uint64_t idle_ps = (clock_.now_ns() - mapped_used_ns_) * 1000;
  if (idle_ps < mapped_timeout_cycles_ * period_ps_) return;
  release_chip();
  state_ = State::kIdle;
  flags_ |= kTimeout;
}

void SerialEngine::read_mapped(const Transfer& transfer, uint32_t address, std::span<uint8_t> out) {
  check_mapped_timeout();
  const bool moves_pairs = transfer.wire.data_lanes.bits_per_cycle() == 16;
  if (!moves_pairs) {
    seek_mapped(transfer, address);
    take_ps(data_ps(transfer.wire, out.size()));
    chip_.read(out);
    mapped_next_ = address + static_cast<uint32_t>(out.size());
  } else if (out.size() <= 2) {
    for (uint8_t& byte : out) byte = mapped_byte(transfer, address++);
  } else {
    // Any address and length will do here: the controller reads whole words around it.
    if (address % 2 != 0) {
      out.front() = mapped_byte(transfer, address++);
      out = out.subspan(1);
    }
    const auto pairs = out.first(out.size() / 2 * 2);
    read_mapped_pairs(transfer, address, pairs);
    address += static_cast<uint32_t>(pairs.size());
    if (pairs.size() < out.size()) out.back() = mapped_byte(transfer, address);
  }
  mapped_used_ns_ = clock_.now_ns();
}

void SerialEngine::seek_mapped(const Transfer& transfer, uint32_t address) {
  if (is_mapped() && mapped_next_ == address) return;
  release_chip();
  Transfer here = transfer;
  here.wire.address = address;
  take_ps(header_ps(here.wire));
  chip_.select(here.wire);
  chip_selected_ = true;
  level_ = 0;
  mapped_pair_address_ = 1;
  state_ = State::kMapped;
}

void SerialEngine::read_mapped_pairs(const Transfer& transfer, uint32_t address, std::span<uint8_t> out) {
  if (out.empty()) return;
  seek_mapped(transfer, address);
  take_ps(data_ps(transfer.wire, out.size()));
  chip_.read(out);
  if (transfer.swap_pairs) {
    for (size_t i = 0; i < out.size(); i += 2) std::swap(out[i], out[i + 1]);
  }
  mapped_next_ = address + static_cast<uint32_t>(out.size());
}

uint8_t SerialEngine::mapped_byte(const Transfer& transfer, uint32_t address) {
  const uint32_t pair_address = address & ~1u;
  if (!is_mapped() || mapped_pair_address_ != pair_address) {
    read_mapped_pairs(transfer, pair_address, mapped_pair_);
    mapped_pair_address_ = pair_address;
  }
  return mapped_pair_[address % 2];
}

}  // namespace sim
