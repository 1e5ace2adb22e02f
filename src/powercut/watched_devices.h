// Block devices that see what a filesystem does to the one under them.
#pragma once

#include "powercut/history.h"
#include "volumes/block_device.h"

namespace powercut {

// All calls go on to another device.
class PassingDevice : public volumes::BlockDevice {
 public:
  // The device under it outlives it.
  explicit PassingDevice(volumes::BlockDevice& under) : under_(under) {}

  uint32_t size_bytes() const override { return under_.size_bytes(); }
  uint32_t simple_block_bytes() const override { return under_.simple_block_bytes(); }
  uint32_t native_block_bytes() const override { return under_.native_block_bytes(); }
  flash::Status read(uint32_t offset, std::span<uint8_t> out) override { return under_.read(offset, out); }
  flash::Status write(uint32_t offset, std::span<const uint8_t> data) override {
    return under_.write(offset, data);
  }
  flash::Status program(uint32_t offset, std::span<const uint8_t> data) override {
    return under_.program(offset, data);
  }
  flash::Status erase_block(uint32_t offset) override { return under_.erase_block(offset); }
  flash::Status sync() override { return under_.sync(); }

 private:
  volumes::BlockDevice& under_;
};

// Keeps a history of what is written.
class RecordingDevice final : public PassingDevice {
 public:
  RecordingDevice(volumes::BlockDevice& under, History& history) : PassingDevice(under), history_(history) {}

  flash::Status write(uint32_t offset, std::span<const uint8_t> data) override {
    history_.change(offset, data);
    return ended(PassingDevice::write(offset, data), false);
  }
  flash::Status program(uint32_t offset, std::span<const uint8_t> data) override {
    history_.change(offset, data);
    return ended(PassingDevice::program(offset, data), false);
  }
  flash::Status erase_block(uint32_t offset) override {
    history_.change(offset, std::vector<uint8_t>(native_block_bytes(), 0xFF));
    return ended(PassingDevice::erase_block(offset), false);
  }
  flash::Status sync() override { return ended(PassingDevice::sync(), true); }

 private:
  flash::Status ended(flash::Status status, bool is_sync) {
    history_.end_call(is_sync && status.ok());
    return status;
  }

  History& history_;
};

// Ends what would read for ever.
class PatientDevice final : public PassingDevice {
 public:
  PatientDevice(volumes::BlockDevice& under, uint64_t most_reads)
      : PassingDevice(under), reads_left_(most_reads) {}

  bool is_exhausted() const { return reads_left_ == 0; }

  flash::Status read(uint32_t offset, std::span<uint8_t> out) override {
    if (reads_left_ == 0) return flash::Error::kTimedOut;
    --reads_left_;
    return PassingDevice::read(offset, out);
  }

 private:
  uint64_t reads_left_;
};

}  // namespace powercut
