// FatFs and littlefs, as the camera's firmware configures them, on a traced device.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bench/traced_device.h"

namespace bench {

class Volume {
 public:
  virtual ~Volume() = default;
  virtual void format() = 0;
  virtual void mount() = 0;

  // Each opens, acts and closes, as Python's open() does with the mode given.
  virtual void append(const std::string& name, std::span<const uint8_t> data) = 0;                     // 'ab'
  virtual void write(const std::string& name, std::span<const uint8_t> data, size_t piece_bytes) = 0;  // 'wb'
  virtual void overwrite(const std::string& name, std::span<const uint8_t> data) = 0;  // 'r+b'
  virtual std::vector<uint8_t> read(const std::string& name) = 0;                      // 'rb'
};

// FatFs speaks to one device at a time.
std::unique_ptr<Volume> make_fat_volume(TracedDevice& device);
std::unique_ptr<Volume> make_littlefs_volume(TracedDevice& device);

}  // namespace bench
