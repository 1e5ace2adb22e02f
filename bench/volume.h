// FatFs and littlefs, as the camera's firmware configures them, on a traced device.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bench/traced_device.h"

namespace bench {

// Failures end the program: a benchmark has no use for half a run.
class Volume {
 public:
  virtual ~Volume() = default;
  virtual void format() = 0;
  virtual void mount() = 0;
  // Each opens, acts and closes.
  virtual void append(const std::string& name, std::span<const uint8_t> data) = 0;
  virtual void write(const std::string& name, std::span<const uint8_t> data, size_t piece_bytes) = 0;  // 'wb'
  virtual void overwrite(const std::string& name, std::span<const uint8_t> data) = 0;  // 'r+b'
  virtual std::vector<uint8_t> read(const std::string& name) = 0;
};

std::unique_ptr<Volume> make_fat(TracedDevice& device);
std::unique_ptr<Volume> make_littlefs(TracedDevice& device);

}  // namespace bench
